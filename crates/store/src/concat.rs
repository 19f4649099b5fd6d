//! One object made of several that are stored already.
//!
//! Long bodies are sent in parts, side by side or over days, each an object of
//! its own under `/ACCOUNT/uploads`. What ends such an upload is here: the parts
//! become one version, in one transaction with whatever says that the upload is
//! over. Nobody ever sees half of that: a crash before the transaction leaves the
//! upload as it was, to be ended again; a crash after it leaves it ended.
//!
//! The digests of the whole are those of no part: MD5 runs through all bytes in
//! order, and the leaves of a BLAKE3 tree are numbered from its beginning. So
//! the parts are read once more, as fast as a put writes; nothing goes through
//! the caller. Only a single part is the whole already: its version gets the
//! name, and no byte is read.
//!
//! An upload that nobody ends is swept ([`ObjectStore::sweep_uploads`]), and one
//! that was ended leaves what says so for as long.

use std::io::{self, Read};
use std::time::Duration;

use thoth_manta::{
    Code, Condition, Error, Etag, Info, Manta, MantaExt, Md5, Metadata,
    ObjectInfo, ObjectReader, Path, PutOptions, Result, Timestamp,
};

use crate::blob::{BlobStore, Expected};
use crate::front::{ObjectStore, inline};
use crate::meta::{MetaStore, NameChange, NameVersion, PutObject};

/// The longest body that is put beside the whole.
const MAX_BESIDE: usize = 1 << 20;

/// A stored object that becomes part of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name.
    pub path: Path,
    /// The version that is meant.
    pub etag: Etag,
}

/// A short object that is put in the same transaction, such as the word that
/// an upload is over.
#[derive(Clone, Debug)]
pub struct Beside {
    /// Its name.
    pub path: Path,
    /// Its bytes, a mebibyte at most.
    pub body: Vec<u8>,
    /// What must hold of the name's present version; where it does not,
    /// nothing at all is changed.
    pub condition: Condition,
    /// What is attached to the name.
    pub metadata: Metadata,
}

/// How parts become one.
#[derive(Clone, Debug, Default)]
pub struct ConcatOptions {
    /// As for any put; what is promised is promised of the whole.
    pub put: PutOptions,
    /// Whether the parts' names go in the same transaction. Then it changes
    /// nothing if one of them names another version by then.
    pub remove_parts: bool,
    /// Objects put in the same transaction, judged before the whole is.
    pub beside: Vec<Beside>,
}

impl<M: MetaStore, B: BlobStore> ObjectStore<M, B> {
    /// Makes one version of stored parts, in their order, and names it; no
    /// parts are an empty object.
    ///
    /// # Errors
    ///
    /// `SourceObjectNotFound` and `PreconditionFailed` for a part that is not
    /// there or has another version, with its number in the message; those of
    /// a put for the rest. Nothing is changed then.
    pub fn concat(
        &self,
        path: &Path,
        parts: &[Part],
        options: &ConcatOptions,
    ) -> Result<ObjectInfo> {
        let made = self.concat_once(path, parts, options);
        if let Err(error) = &made
            && error.code() == Code::NotEnoughSpace
        {
            self.make_room();
        }
        made
    }

    fn concat_once(
        &self,
        path: &Path,
        parts: &[Part],
        options: &ConcatOptions,
    ) -> Result<ObjectInfo> {
        let known = self.look_at(parts)?;
        let put = self.refuse_concat(path, &known, options)?;
        let mut changes = Vec::new();
        for beside in &options.beside {
            changes.push(self.beside(beside)?);
        }
        let removals = parts.iter().filter(|_| options.remove_parts);
        let removals = removals.map(|part| NameChange::Delete {
            path: part.path.clone(),
            condition: Condition::unchanged(part.etag.clone()),
        });
        let whole = changes.len();
        if let [only] = known.as_slice()
            && is_whole(only, path, &put)?
        {
            changes.push(NameChange::Name(NameVersion {
                source: only.path.clone(),
                etag: only.etag.clone(),
                path: path.clone(),
                condition: put.condition,
                metadata: put.metadata,
                durability: put.durability,
            }));
            changes.extend(removals);
            let named = self.meta.change_names(changes)?;
            return nth(named, whole);
        }
        let mut body = Parts::new(self, parts);
        let room = stored(&known);
        let object = self.receive(path, &mut body, &put, room);
        let object = object.map_err(|e| body.failure.take().unwrap_or(e))?;
        let blob = object.inline.is_none().then_some(object.id);
        // Before the whole is counted: an account needs room for one of them.
        changes.extend(removals);
        changes.push(NameChange::Put(PutObject {
            path: path.clone(),
            object,
            condition: put.condition,
            metadata: put.metadata,
            durability: put.durability,
        }));
        let named = self.meta.change_names(changes);
        self.tidy(blob, named.as_ref().err());
        nth(named?, whole)
    }

    /// Looks all parts up.
    fn look_at(&self, parts: &[Part]) -> Result<Vec<ObjectInfo>> {
        let mut known = Vec::with_capacity(parts.len());
        for (number, part) in parts.iter().enumerate() {
            match self.meta.info(&part.path)? {
                Some(Info::Object(info)) => {
                    require_version(number, part, &info)?;
                    known.push(info);
                }
                Some(Info::Directory(_)) => {
                    return Err(Error::new(
                        Code::LinkNotObject,
                        format!("part {number}: {} is a directory", part.path),
                    ));
                }
                None => return Err(missing(number, part)),
            }
        }
        Ok(known)
    }

    /// Refuses what is bound to fail; returns how the whole is put.
    fn refuse_concat(
        &self,
        path: &Path,
        known: &[ObjectInfo],
        options: &ConcatOptions,
    ) -> Result<PutOptions> {
        let size = known.iter().try_fold(0u64, |sum, part| {
            sum.checked_add(part.size_bytes).ok_or_else(|| {
                let text = format!("{path}: the parts' lengths overflow");
                Error::new(Code::MaxContentLengthExceeded, text)
            })
        })?;
        if let Some(promised) = options.put.length_bytes
            && promised != size
        {
            return Err(Error::new(
                Code::UploadAbandoned,
                format!(
                    "{path}: the parts have {size} bytes, expected {promised}"
                ),
            ));
        }
        let same = |part: &ObjectInfo| part.path.account() == path.account();
        let replaced = options.remove_parts && known.iter().all(same);
        let put = PutOptions {
            length_bytes: Some(size),
            room_bytes: Some(if replaced { 0 } else { stored(known) }),
            ..options.put.clone()
        };
        self.refuse_early(path, &put, true)?;
        Ok(put)
    }

    fn beside(&self, beside: &Beside) -> Result<NameChange> {
        let length = beside.body.len();
        if length > MAX_BESIDE {
            return Err(Error::new(
                Code::MaxContentLengthExceeded,
                format!(
                    "{}: {length} bytes, expected at most {MAX_BESIDE}",
                    beside.path
                ),
            ));
        }
        let expected = Expected::default();
        Ok(NameChange::Put(PutObject {
            path: beside.path.clone(),
            object: inline(beside.body.clone(), expected, true)?,
            condition: beside.condition.clone(),
            metadata: beside.metadata.clone(),
            durability: PutOptions::default().durability,
        }))
    }

    /// Removes uploads of an account that nothing has happened to for a time:
    /// directories `/ACCOUNT/uploads/PREFIX/ID` in which the newest entry, and
    /// the directory's own record, are older. Returns how many went.
    ///
    /// # Errors
    ///
    /// The first failure of an engine. What somebody else changes meanwhile
    /// is left alone and is none.
    pub fn sweep_uploads(&self, account: &str, age: Duration) -> Result<u64> {
        let now = Timestamp::now();
        let before = now.checked_sub(age).unwrap_or(Timestamp::MIN);
        let area = Path::parse(&format!("/{account}/uploads"))?;
        let mut swept = 0;
        for prefix in self.directories(&area)? {
            for upload in self.directories(&prefix)? {
                swept += u64::from(self.sweep_upload(&upload, before)?);
            }
        }
        Ok(swept)
    }

    fn directories(&self, path: &Path) -> Result<Vec<Path>> {
        let mut found = Vec::new();
        self.list_all(path, &mut |entry| {
            if entry.is_directory() {
                found.push(entry.path().clone());
            }
            Ok(())
        })?;
        Ok(found)
    }

    fn sweep_upload(&self, upload: &Path, before: Timestamp) -> Result<bool> {
        let Some(Info::Directory(own)) = self.meta.info(upload)? else {
            return Ok(false);
        };
        let (mut old, mut removals) = (own.mtime <= before, Vec::new());
        self.list_all(upload, &mut |entry| {
            match entry {
                Info::Object(part) => {
                    old &= part.mtime <= before;
                    removals.push(NameChange::Delete {
                        path: part.path,
                        condition: Condition::unchanged(part.etag),
                    });
                }
                // Nothing of ours.
                Info::Directory(_) => old = false,
            }
            Ok(())
        })?;
        if !old {
            return Ok(false);
        }
        removals.push(NameChange::Delete {
            path: upload.clone(),
            condition: Condition::none(),
        });
        match self.meta.change_names(removals) {
            Ok(_) => Ok(true),
            // Somebody has gone on with it, or was faster.
            Err(error)
                if error.is_conflict()
                    || error.is_not_found()
                    || error.code() == Code::DirectoryNotEmpty =>
            {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}

/// Returns what the parts take on disk.
fn stored(parts: &[ObjectInfo]) -> u64 {
    let sizes = parts.iter().map(|p| p.stored_bytes.unwrap_or(p.size_bytes));
    sizes.fold(0, u64::saturating_add)
}

/// Tells whether a part, being the only one, can be the whole as it is stored;
/// a promise that it breaks is an error.
fn is_whole(only: &ObjectInfo, path: &Path, put: &PutOptions) -> Result<bool> {
    // A version is counted for the account that named it first.
    let here = only.path.account() == path.account();
    if !here || put.as_file || put.plain {
        return Ok(false);
    }
    let wrong = |what: String| {
        Err(Error::new(Code::ContentMd5Mismatch, format!("{path}: {what}")))
    };
    match (put.md5, only.md5) {
        (Md5::Compute | Md5::Promised(_), None) => return Ok(false),
        (Md5::Promised(promised), Some(md5)) if promised != md5 => {
            return wrong("the MD5 is not the promised one".to_owned());
        }
        _ => {}
    }
    match (put.digest, only.digest) {
        (Some(promised), Some(digest)) if promised != digest => {
            wrong(format!("the digest is {digest}, expected {promised}"))
        }
        (Some(_), None) => Ok(false),
        _ => Ok(true),
    }
}

fn require_version(
    number: usize,
    part: &Part,
    info: &ObjectInfo,
) -> Result<()> {
    if info.etag == part.etag {
        return Ok(());
    }
    Err(Error::new(
        Code::PreconditionFailed,
        format!(
            "part {number}: {} has version {}, expected {}",
            part.path, info.etag, part.etag
        ),
    ))
}

fn missing(number: usize, part: &Part) -> Error {
    Error::new(
        Code::SourceObjectNotFound,
        format!("part {number}: {} was not found", part.path),
    )
}

fn nth(named: Vec<ObjectInfo>, n: usize) -> Result<ObjectInfo> {
    named.into_iter().nth(n).ok_or_else(|| {
        let text = "the engine did not say what it named";
        Error::new(Code::InternalError, text)
    })
}

/// The bytes of all parts, one open at a time.
struct Parts<'a, M, B> {
    store: &'a ObjectStore<M, B>,
    parts: std::iter::Enumerate<std::slice::Iter<'a, Part>>,
    open: Option<(Box<dyn ObjectReader>, u64)>,
    /// Why reading failed, with its code.
    failure: Option<Error>,
}

impl<'a, M: MetaStore, B: BlobStore> Parts<'a, M, B> {
    fn new(store: &'a ObjectStore<M, B>, parts: &'a [Part]) -> Self {
        let parts = parts.iter().enumerate();
        Parts { store, parts, open: None, failure: None }
    }

    fn read_some(&mut self, buffer: &mut [u8]) -> Result<usize> {
        loop {
            if let Some((reader, at)) = &mut self.open {
                let read = reader.read_at(buffer, *at)?;
                *at += read as u64;
                if read > 0 || buffer.is_empty() {
                    return Ok(read);
                }
                let (size, at) = (reader.info().size_bytes, *at);
                if at != size {
                    return Err(Error::new(
                        Code::InternalError,
                        format!(
                            "{}: ends at byte {at}, expected {size}",
                            reader.info().path
                        ),
                    ));
                }
                self.open = None;
            }
            let Some((number, part)) = self.parts.next() else {
                return Ok(0);
            };
            let reader = match self.store.open(&part.path) {
                Err(error) if error.is_not_found() => {
                    return Err(missing(number, part));
                }
                other => other?,
            };
            require_version(number, part, reader.info())?;
            self.open = Some((reader, 0));
        }
    }
}

impl<M: MetaStore, B: BlobStore> Read for Parts<'_, M, B> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read_some(buffer).map_err(|error| {
            let told = io::Error::other(error.to_string());
            self.failure = Some(error);
            told
        })
    }
}
