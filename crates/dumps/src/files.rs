//! What is kept beside dumps: attachments of one, executables for all.
//!
//! An *attachment* is a further object in the directory of a dump (a log
//! excerpt, `/proc` as it was), listed in the record's member `attachments`
//! with name, size and digest. The object is put first, then the record says
//! so; an object that no record lists is nobody's, and the next attachment of
//! that name takes its place.
//!
//! *Executables* and debug information belong to builds, not to dumps, so they
//! are kept once, by build id: `ROOT/buildid/xx/REST/executable`, as debug
//! file servers lay them out. The first one stays: a build id names one
//! content.

use serde_json::{Value, json};
use thoth_manta::{
    Condition, MantaExt, ObjectInfo, ObjectReader, Path, PutOptions,
};

use crate::history::{Label, OBJECTS};
use crate::index::child;
use crate::source::Source;
use crate::stream::random_name;
use crate::update::refused;
use crate::upload::{is_variant, object_name};
use crate::{DumpId, Dumps, Error, Record, Result};

/// The directory of what is kept by build id.
pub(crate) const BY_BUILD_ID: &str = "buildid";
/// Attachments that one dump may have.
const MAX_ATTACHMENTS: usize = 1000;

/// A file kept beside a dump.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Its name.
    pub name: String,
    /// Its length.
    pub size_bytes: u64,
    /// What it takes in the store.
    pub stored_bytes: u64,
    /// Its digest, in hex.
    pub digest: Option<String>,
    /// The name of its object beside the record.
    pub(crate) object: String,
}

/// What is kept of a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuildFile {
    /// The program or library that ran.
    Executable,
    /// Its separate debug information.
    DebugInfo,
}

impl BuildFile {
    fn name(self) -> &'static str {
        match self {
            BuildFile::Executable => "executable",
            BuildFile::DebugInfo => "debuginfo",
        }
    }
}

/// Returns the attachments that a record lists.
pub(crate) fn attachments_of(record: &Record) -> Vec<Attachment> {
    let list = record.members().get("attachments").and_then(Value::as_array);
    let parse = |entry: &Value| {
        let size_bytes = entry.get("size")?.as_u64()?;
        let name = entry.get("name")?.as_str()?;
        let object = entry.get("object").and_then(Value::as_str);
        Some(Attachment {
            name: name.to_owned(),
            object: object.unwrap_or(name).to_owned(),
            size_bytes,
            stored_bytes: entry
                .get("stored_size")
                .and_then(Value::as_u64)
                .unwrap_or(size_bytes),
            digest: entry
                .get("digest")
                .and_then(Value::as_str)
                .map(str::to_owned),
        })
    };
    list.into_iter().flatten().filter_map(parse).collect()
}

fn to_value(name: &str, object: &ObjectInfo) -> Value {
    let mut entry = json!({ "name": name, "size": object.size_bytes });
    if object.path.name() != name {
        entry["object"] = object.path.name().into();
    }
    if let Some(stored) = object.stored_bytes {
        entry["stored_size"] = stored.into();
    }
    if let Some(digest) = object.digest {
        entry["digest"] = digest.to_string().into();
    }
    entry
}

impl Record {
    /// Returns the files that are kept beside the dump.
    pub fn attachments(&self) -> Vec<Attachment> {
        attachments_of(self)
    }

    /// Lists an attachment.
    pub(crate) fn add_attachment(&mut self, name: &str, object: &ObjectInfo) {
        let slot = self
            .members_mut()
            .entry("attachments")
            .or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(list) = slot {
            list.push(to_value(name, object));
        }
    }
}

impl Dumps {
    /// Keeps a file beside a dump.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] for a name that is taken or means something else;
    /// [`Error::NotFound`] without such a dump; when the source or the store
    /// fails.
    pub fn attach(
        &self,
        id: &DumpId,
        name: &str,
        source: &dyn Source,
    ) -> Result<Record> {
        let record = self.record(id)?.ok_or_else(|| not_found(id))?;
        check_name(&record, name)?;
        let directory = child(&self.root, &id.to_string())?;
        let options = PutOptions {
            length_bytes: source.length_bytes(),
            ..PutOptions::default()
        };
        let mut put = |path: &Path, put: &PutOptions| {
            let mut body = source.open().map_err(|source| Error::Source {
                name: name.to_owned(),
                source,
            })?;
            Ok(self.manta.put(path, &mut body, put))
        };
        let object = self.put_new(&directory, name, &options, &mut put)?;
        let left_over = self.others(&directory, &object)?;
        let listed = self.change(id, Label::of("attach"), &mut |record| {
            check_name(record, name)?;
            record.add_attachment(name, &object);
            Ok(())
        });
        let record = match listed {
            Ok(record) => record,
            Err(error) => {
                if !matches!(error, Error::Store { .. }) {
                    self.take_away(&object);
                }
                return Err(error);
            }
        };
        // Whoever put these under the same name comes too late by now, or
        // was killed.
        let known = attachments_of(&record);
        for other in left_over {
            let object = other.path.name();
            let listed = known.iter().any(|known| known.object == object);
            let dump = record.dump_path() == Some(other.path.as_str());
            if is_variant(name, object) && !listed && !dump {
                self.take_away(&other);
            }
        }
        Ok(record)
    }

    /// Opens a file that is kept beside a dump.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] when the record lists none of that name.
    pub fn open_attachment(
        &self,
        record: &Record,
        name: &str,
    ) -> Result<Box<dyn ObjectReader>> {
        let missing = || Error::NoAttachment {
            name: name.to_owned(),
            dump: record.id().short(),
        };
        let known = attachments_of(record);
        let known = known.iter().find(|known| known.name == name);
        let object = &known.ok_or_else(missing)?.object;
        let directory = child(&self.root, &record.id().to_string())?;
        let path = child(&directory, object)?;
        self.manta.open(&path).map_err(|error| {
            if error.is_not_found() {
                missing()
            } else {
                Error::store(format!("cannot open {path}"))(error)
            }
        })
    }

    /// Keeps a file of a build; returns false when there is one already.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] for what is no build id; when the source or the
    /// store fails.
    pub fn keep_build_file(
        &self,
        build_id: &str,
        file: BuildFile,
        source: &dyn Source,
    ) -> Result<bool> {
        let path = self.build_file_path(build_id, file)?;
        if self.build_file(build_id, file)?.is_some() {
            return Ok(false);
        }
        let directory = path.parent().unwrap_or_else(|| self.root.clone());
        self.manta
            .mkdirp(&directory)
            .map_err(Error::store(format!("cannot make {directory}")))?;
        let mut body = source.open().map_err(|source| Error::Source {
            name: format!("{} of build {build_id}", file.name()),
            source,
        })?;
        let options = PutOptions {
            condition: Condition::create_only(),
            length_bytes: source.length_bytes(),
            as_file: true,
            ..PutOptions::default()
        };
        match self.manta.put(&path, &mut body, &options) {
            Ok(_) => Ok(true),
            Err(error) if error.is_conflict() => Ok(false),
            Err(error) => {
                Err(Error::store(format!("cannot store {path}"))(error))
            }
        }
    }

    /// Opens a file of a build; `None` when there is none.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] for what is no build id; when the store fails.
    pub fn build_file(
        &self,
        build_id: &str,
        file: BuildFile,
    ) -> Result<Option<Box<dyn ObjectReader>>> {
        let path = self.build_file_path(build_id, file)?;
        match self.manta.open(&path) {
            Ok(reader) => Ok(Some(reader)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => {
                Err(Error::store(format!("cannot open {path}"))(error))
            }
        }
    }

    fn build_file_path(&self, build_id: &str, file: BuildFile) -> Result<Path> {
        let hex = build_id.bytes().all(|b| b.is_ascii_hexdigit());
        if !hex || build_id.len() < 4 || build_id.len() > 128 {
            return Err(refused(
                format!("look for build {build_id:?}"),
                "a build id has 4 to 128 hex digits",
                None,
            ));
        }
        let build_id = build_id.to_ascii_lowercase();
        let (first, rest) = build_id.split_at(2);
        let mut path = child(&self.root, BY_BUILD_ID)?;
        for part in [first, rest, file.name()] {
            path = child(&path, part)?;
        }
        Ok(path)
    }

    /// Gives a dump the attachments of another that it lacks.
    pub(crate) fn adopt_attachments(
        &self,
        from: &Record,
        to: &DumpId,
    ) -> Result<Vec<(String, ObjectInfo)>> {
        let source = child(&self.root, &from.id().to_string())?;
        let target = child(&self.root, &to.to_string())?;
        let present = match self.record(to)? {
            Some(record) => attachments_of(&record),
            None => Vec::new(),
        };
        let mut adopted = Vec::new();
        for Attachment { name, object, .. } in attachments_of(from) {
            if present.iter().any(|known| known.name == name) {
                continue;
            }
            // A link replaces what has the name: nothing may have it.
            let unique = format!("{name}.{}", random_name());
            let (old, new) =
                (child(&source, &object)?, child(&target, &unique)?);
            match self.manta.link(&old, &new) {
                Ok(object) => adopted.push((name, object)),
                Err(error) if error.is_not_found() => {}
                Err(error) => {
                    let what = format!("cannot link {old} to {new}");
                    return Err(Error::store(what)(error));
                }
            }
        }
        Ok(adopted)
    }
}

fn not_found(id: &DumpId) -> Error {
    Error::NotFound { wanted: id.to_string(), hint: None }
}

fn check_name(record: &Record, name: &str) -> Result<()> {
    let refuse = |why: &str| {
        let what = format!("attach {name:?} to {}", record.id().short());
        Err(refused(what, why, Some("give it another name")))
    };
    if object_name(name) != name || name.starts_with(OBJECTS) {
        return refuse("the name means something else beside a dump");
    }
    let dump = record.dump_path().and_then(|path| path.rsplit('/').next());
    if dump.is_some_and(|dump| is_variant(dump, name)) {
        return refuse("it could be taken for the dump itself");
    }
    let known = attachments_of(record);
    if known.iter().any(|attachment| attachment.name == name) {
        return refuse("there is one of that name already");
    }
    if known.len() >= MAX_ATTACHMENTS {
        return refuse("a dump has at most 1000 attachments");
    }
    Ok(())
}
