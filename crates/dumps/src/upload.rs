//! Storing a dump.
//!
//! The order makes a dump listed whole or not at all: its bytes are put first,
//! under a name that nothing has; then the record, on condition that there is
//! none (or, when a whole dump replaces a truncated one, that it is still the
//! one that was read). The record names the object. Of several uploads of the
//! same dump the one whose record succeeds has won; the others take their
//! bytes away again and report that it is already there.
//!
//! Bytes without a record, left by an upload that was killed, are in nobody's
//! way: the next upload takes another name and removes them once its own
//! record is in. It only removes what it saw *before* that: whoever put
//! those had read an older state of the record, so their condition fails.
//!
//! A dump that was removed stays removed: uploading it again changes nothing
//! unless that is asked for. A truncated copy may have another identity than
//! the whole; see `replace`.

use std::io::{self, Read};
use std::path::Path as FsPath;

use serde_json::{Map, Value};
use thoth_manta::{
    Condition, Etag, Info, MantaExt, ObjectInfo, Path, PutOptions,
};

use crate::build::{Stored, build};
use crate::facts::{CoreFacts, TimeFact};
use crate::files::attachments_of;
use crate::history::{Label, OBJECTS, now};
use crate::index::child;
use crate::replace::inherit;
use crate::source::Source;
use crate::stream::{Incoming, random_name};
use crate::update::{check_number, check_property, check_ticket, check_value};
use crate::{DumpId, Dumps, Error, Record, Result};

/// How often an upload begins again because another one interfered.
const ATTEMPTS: u32 = 20;

/// What comes with an upload besides the dump.
#[derive(Clone, Debug, Default)]
pub struct UploadOptions {
    /// The base name of the file.
    pub file_name: String,
    /// Who uploads.
    pub uploader: Option<String>,
    /// The time of the crash, where the dump itself has none.
    pub time: Option<TimeFact>,
    /// A ticket to begin with.
    pub ticket: Option<String>,
    /// Properties to begin with.
    pub properties: Map<String, Value>,
    /// Whether a dump that was removed is to come back.
    pub again: bool,
}

impl UploadOptions {
    /// Returns options for a file of this base name.
    pub fn named(file_name: impl Into<String>) -> UploadOptions {
        UploadOptions { file_name: file_name.into(), ..Default::default() }
    }

    /// Returns options for a local file: its base name, and its modification
    /// time as the crash's time where the dump itself has none.
    pub fn of_file(file: &FsPath) -> UploadOptions {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let mtime = std::fs::metadata(file).and_then(|m| m.modified()).ok();
        let since = mtime.and_then(|t| t.duration_since(io_epoch()).ok());
        UploadOptions {
            time: since.map(|since| TimeFact {
                // Milliseconds are enough, and print short.
                seconds: (since.as_secs_f64() * 1000.0).round() / 1000.0,
                source: "file mtime".to_owned(),
            }),
            ..UploadOptions::named(name)
        }
    }
}

fn io_epoch() -> std::time::SystemTime {
    std::time::SystemTime::UNIX_EPOCH
}

/// How far an upload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes sent.
    pub done_bytes: u64,
    /// Bytes to send, if that is known.
    pub total_bytes: Option<u64>,
}

/// What an upload came to.
#[derive(Clone, Debug)]
pub struct Uploaded {
    /// The dump's name; for a truncated copy of a whole one that is there,
    /// the whole one's.
    pub id: DumpId,
    /// Whether it was there already, and so nothing was stored. The record
    /// tells whether it was removed since.
    pub already_there: bool,
    /// Whether it took the place of a truncated one.
    pub replaced_truncated: bool,
    /// The record as it is now.
    pub record: Record,
}

/// What an upload puts: called with a directory and a name.
type Put<'a> = dyn FnMut(&Path, &str) -> Result<ObjectInfo> + 'a;

/// Puts an object under a path once; the inner result is the store's.
type PutOnce<'a> = dyn FnMut(&Path, &PutOptions) -> Result<thoth_manta::Result<ObjectInfo>>
    + 'a;

impl Dumps {
    /// Returns the record that makes an upload needless: one of the same dump
    /// that is whole, or as truncated as the new one, or was removed; for a
    /// truncated dump also that of the only whole one it can be a copy of.
    ///
    /// An upload that was killed before it had taken the place of a truncated
    /// copy is brought to its end.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub fn already_there(
        &self,
        id: &DumpId,
        truncated: bool,
    ) -> Result<Option<Record>> {
        let record = self.record(id)?;
        if let Some(old) = record {
            if let Some(whole) = old.superseded_by()
                && let Some(whole) = self.record(&whole)?
            {
                return Ok(Some(whole));
            }
            if old.is_purged() || truncated || !old.is_truncated() {
                self.finish_replacing(&old)?;
                return Ok(Some(old));
            }
            return Ok(None);
        }
        if truncated { self.whole_of(id) } else { Ok(None) }
    }

    /// Stores a dump and its record.
    ///
    /// A dump that is there already is left alone. A whole dump takes the
    /// place of a truncated one and keeps its ticket, its properties and
    /// whatever else others added to the record.
    ///
    /// # Errors
    ///
    /// When the source cannot be read or changes its length meanwhile, when
    /// the store fails; then nothing is listed that was not before.
    pub fn upload(
        &self,
        source: &dyn Source,
        facts: &CoreFacts,
        options: &UploadOptions,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Uploaded> {
        self.upload_by(facts, options, &mut |directory, name| {
            self.send(source, directory, name, progress)
        })
    }

    /// Makes a dump of a stream that is in the store.
    pub(crate) fn adopt_as(
        &self,
        incoming: &Incoming,
        facts: &CoreFacts,
        options: &UploadOptions,
    ) -> Result<Uploaded> {
        self.upload_by(facts, options, &mut |directory, name| {
            // A link replaces what has the name: nothing may have it.
            let unique = format!("{name}.{}", random_name());
            let path = child(directory, &unique)?;
            self.manta
                .link(&incoming.object.path, &path)
                .map_err(Error::store(format!("cannot name {path}")))
        })
    }

    fn upload_by(
        &self,
        facts: &CoreFacts,
        options: &UploadOptions,
        put: &mut Put<'_>,
    ) -> Result<Uploaded> {
        check_options(options)?;
        let truncated = facts.completeness.truncated;
        let directory = child(&self.root, &facts.id.to_string())?;
        for _ in 0..ATTEMPTS {
            let there = self.already_there(&facts.id, truncated)?;
            let again = |record: &Record| options.again && record.is_purged();
            if let Some(record) = there.filter(|record| !again(record)) {
                return Ok(Uploaded {
                    id: record.id(),
                    already_there: true,
                    replaced_truncated: false,
                    record,
                });
            }
            let old = self.record_and_etag(&facts.id)?;
            self.manta
                .mkdirp(&directory)
                .map_err(Error::store(format!("cannot make {directory}")))?;
            let sent = put(&directory, &object_name(&options.file_name))?;
            if let Some(record) =
                self.list(facts, options, &sent, old.as_ref())?
            {
                let was_truncated =
                    old.is_some_and(|(old, _)| !old.is_purged());
                return self.settle(record, was_truncated);
            }
        }
        Err(Error::Busy { path: directory.to_string(), attempts: ATTEMPTS })
    }

    /// Puts the bytes under a name that nothing has.
    fn send(
        &self,
        source: &dyn Source,
        directory: &Path,
        name: &str,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<ObjectInfo> {
        let options = PutOptions {
            length_bytes: source.length_bytes(),
            durability: 1,
            as_file: true,
            ..PutOptions::default()
        };
        self.put_new(directory, name, &options, &mut |path, put| {
            let body = source.open().map_err(|source| Error::Source {
                name: name.to_owned(),
                source,
            })?;
            let mut body = Counted::new(body, put.length_bytes, progress);
            Ok(self.manta.put(path, &mut body, put))
        })
    }

    /// Puts an object under a name, or the name with a number, that nothing
    /// has.
    pub(crate) fn put_new(
        &self,
        directory: &Path,
        name: &str,
        options: &PutOptions,
        put: &mut PutOnce<'_>,
    ) -> Result<ObjectInfo> {
        let options = PutOptions {
            condition: Condition::create_only(),
            ..options.clone()
        };
        let mut taken = None;
        loop {
            let numbered = match taken {
                None => name.to_owned(),
                Some(n) => format!("{name}.{n}"),
            };
            let path = child(directory, &numbered)?;
            match put(&path, &options)? {
                Ok(info) => return Ok(info),
                // Left by an upload that was killed, or one going on.
                Err(error) if error.is_conflict() => {
                    taken = Some(taken.map_or(1, |n: u32| n + 1));
                }
                Err(error) => {
                    let what = format!("cannot store {name} as {path}");
                    return Err(Error::store(what)(error));
                }
            }
        }
    }

    /// Writes the record; `None` when another upload was faster, and the
    /// bytes sent are gone again.
    fn list(
        &self,
        facts: &CoreFacts,
        options: &UploadOptions,
        sent: &ObjectInfo,
        old: Option<&(Record, Etag)>,
    ) -> Result<Option<Record>> {
        let directory = child(&self.root, &facts.id.to_string())?;
        let mut record = build(
            facts,
            &Stored {
                name: directory.as_str(),
                dump: sent.path.as_str(),
                size_bytes: sent.size_bytes,
                stored_bytes: sent.stored_bytes,
                digest: sent.digest.map(|digest| digest.to_string()),
                uploaded: now(),
                uploader: options.uploader.as_deref(),
                time: options.time.as_ref(),
                ticket: options.ticket.as_deref(),
                properties: &options.properties,
            },
        );
        let condition = match old {
            None => Condition::create_only(),
            Some((old, etag)) => {
                inherit(&mut record, old);
                self.note_change(old, &mut record, Label::of("replace"))?;
                Condition::unchanged(etag.clone())
            }
        };
        let listed: Vec<String> = attachments_of(&record)
            .into_iter()
            .map(|attachment| attachment.object)
            .collect();
        let mut others = self.others(&directory, sent)?;
        others.retain(|other| {
            !listed.iter().any(|object| object == other.path.name())
        });
        match self.put_record(&facts.id, &record, condition) {
            Ok(Some(_)) => {}
            Ok(None) => {
                self.take_away(sent);
                return Ok(None);
            }
            Err(error) => {
                // After trouble in the store the record may be there.
                if matches!(error, Error::Refused { .. }) {
                    self.take_away(sent);
                }
                return Err(error);
            }
        }
        let replaced = old.and_then(|(old, _)| old.dump_path());
        let base = object_name(&options.file_name);
        for other in others {
            let is_ours = is_variant(&base, other.path.name());
            if is_ours || replaced == Some(other.path.as_str()) {
                self.take_away(&other);
            }
        }
        Ok(Some(record))
    }

    /// Lists the other objects beside the record.
    pub(crate) fn others(
        &self,
        directory: &Path,
        sent: &ObjectInfo,
    ) -> Result<Vec<ObjectInfo>> {
        let mut others = Vec::new();
        self.manta
            .list_all(directory, &mut |entry| {
                if let Info::Object(object) = entry
                    && object.path != sent.path
                    && object.path.name() != "info.json"
                {
                    others.push(object);
                }
                Ok(())
            })
            .map_err(Error::store(format!("cannot list {directory}")))?;
        Ok(others)
    }

    /// Removes an object's bytes if it is still the same version. A failure
    /// leaves bytes that nothing names; the next upload removes them.
    pub(crate) fn take_away(&self, object: &ObjectInfo) {
        let condition = Condition::unchanged(object.etag.clone());
        let _ = self.manta.delete(&object.path, &condition);
    }
}

/// Refuses what could not be set afterwards either.
fn check_options(options: &UploadOptions) -> Result<()> {
    check_number(options.properties.len())?;
    for (property, value) in &options.properties {
        check_property(property, "set")?;
        check_value(property, value)?;
    }
    options.ticket.as_deref().map_or(Ok(()), check_ticket)
}

/// Makes an object's name of a file's base name.
pub(crate) fn object_name(file_name: &str) -> String {
    let mut name: String =
        file_name.chars().filter(|c| !matches!(c, '/' | '\0')).collect();
    let mut end = name.len().min(200);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.truncate(end);
    match name.as_str() {
        "" | "." | ".." => "dump".to_owned(),
        // The record's own name, and those of its history.
        "info.json" => "info.json.dump".to_owned(),
        history if history.starts_with(OBJECTS) => format!("dump.{history}"),
        _ => name,
    }
}

/// Tells whether a name is the base name, or it with a number.
pub(crate) fn is_variant(base: &str, name: &str) -> bool {
    match name.strip_prefix(base) {
        Some("") => true,
        Some(rest) => rest.strip_prefix('.').is_some_and(|number| {
            !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
        }),
        None => false,
    }
}

/// A body that tells how far it is.
pub(crate) struct Counted<'a> {
    body: Box<dyn Read + 'a>,
    done: u64,
    total: Option<u64>,
    progress: &'a mut dyn FnMut(Progress),
}

impl<'a> Counted<'a> {
    pub(crate) fn new(
        body: Box<dyn Read + 'a>,
        total: Option<u64>,
        progress: &'a mut dyn FnMut(Progress),
    ) -> Counted<'a> {
        Counted { body, done: 0, total, progress }
    }
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.body.read(buffer)?;
        self.done = self.done.saturating_add(read as u64);
        (self.progress)(Progress {
            done_bytes: self.done,
            total_bytes: self.total,
        });
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_names_are_safe() {
        for (file, expected) in [
            ("core.1", "core.1"),
            ("", "dump"),
            ("..", "dump"),
            ("info.json", "info.json.dump"),
            ("history.json", "dump.history.json"),
            ("a/b\0c", "abc"),
        ] {
            assert_eq!(object_name(file), expected);
        }
        assert!(object_name(&"é".repeat(300)).len() <= 200);
    }

    #[test]
    fn variants_are_told_from_sidecars() {
        assert!(is_variant("core", "core"));
        assert!(is_variant("core", "core.12"));
        assert!(!is_variant("core", "core."));
        assert!(!is_variant("core", "core.txt"));
        assert!(!is_variant("core", "kore.1"));
    }
}
