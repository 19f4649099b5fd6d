//! A pair of engines, joined into the `Manta` contract.

use std::io::Read;
use std::path::{Path as FsPath, PathBuf};
use std::time::Duration;

use thoth_manta::{
    ChangePage, Code, Condition, Digest, Error, Index, IndexBatch, IndexQuery,
    Info, ListOptions, Listing, Manta, Metadata, ObjectInfo, ObjectReader,
    Path, PutOptions, Result, ValueCounts, Visit,
};

use crate::blob::{BlobReader, BlobStore, Expected};
use crate::local::{
    LocalFiles, check_expected, failed, flush_directory, fresh_id, make_private,
};
use crate::meta::{MetaStore, NewObject, PutObject};
use crate::sqlite::Sqlite;

/// Bodies up to this many bytes live beside their name: one flush, not three.
const INLINE_BYTES: usize = 16 * 1024;
/// The size of a read from a body.
const PIECE: usize = 512 * 1024;
/// How long deleted bytes stay, for readers that are about to open them.
const GRACE: Duration = Duration::from_secs(600);
/// How old a blob without a name must be before the sweep takes it for an
/// orphan.
const ORPHAN: Duration = Duration::from_secs(3600);

/// The store of one folder on this machine.
pub type Embedded = ObjectStore<Sqlite, LocalFiles>;

/// An object store made of an engine for names and one for bytes.
#[derive(Debug)]
pub struct ObjectStore<M, B> {
    meta: M,
    blobs: B,
}

/// What a round of maintenance did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Maintained {
    /// Blobs found that no name has, queued for deletion.
    pub orphans: u64,
    /// Blobs deleted, their grace being over.
    pub deleted: u64,
}

impl Embedded {
    /// Opens the store in a folder, making it when it is not there, with one
    /// account ready for use.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made or locked, or holds a store of a newer
    /// layout or another program's database; the message names the folder.
    pub fn open(folder: &FsPath, account: &str) -> Result<Embedded> {
        make_private(folder)
            .map_err(|e| failed("cannot make data folder", folder, e))?;
        // Two processes that set a folder up at once would both try to make
        // the tables; the lock goes when the file closes.
        let lock = folder.join("lock");
        let guard = std::fs::File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock)
            .map_err(|e| failed("cannot open", &lock, e))?;
        rustix::fs::flock(&guard, rustix::fs::FlockOperation::LockExclusive)
            .map_err(|e| failed("cannot lock", &lock, e.into()))?;
        let meta = Sqlite::open(&folder.join("store.db"))?;
        let blobs = LocalFiles::open(&folder.join("objects"))?;
        flush_directory(folder)
            .map_err(|e| failed("cannot flush", folder, e))?;
        ObjectStore::new(meta, blobs, account)
    }
}

impl<M: MetaStore, B: BlobStore> ObjectStore<M, B> {
    /// Joins two engines, with one account ready for use.
    ///
    /// # Errors
    ///
    /// When the account's name is not allowed, or the engine fails.
    pub fn new(meta: M, blobs: B, account: &str) -> Result<ObjectStore<M, B>> {
        meta.create_account(account)?;
        Ok(ObjectStore { meta, blobs })
    }

    /// Finds orphans and deletes what was condemned.
    ///
    /// It reads the names of all blobs, so it is for a quiet moment.
    ///
    /// # Errors
    ///
    /// The first failure of an engine.
    pub fn maintain(&self) -> Result<Maintained> {
        self.maintain_after(ORPHAN, GRACE)
    }

    /// Does what [`ObjectStore::maintain`] does, with given ages.
    ///
    /// # Errors
    ///
    /// The first failure of an engine.
    pub fn maintain_after(
        &self,
        orphan: Duration,
        grace: Duration,
    ) -> Result<Maintained> {
        let mut done = Maintained::default();
        let mut batch = Vec::new();
        self.blobs.ids(orphan, &mut |id| {
            batch.push(id);
            if batch.len() == 1000 {
                done.orphans += self.meta.condemn(&batch)?;
                batch.clear();
            }
            Ok(())
        })?;
        if !batch.is_empty() {
            done.orphans += self.meta.condemn(&batch)?;
        }
        loop {
            let deleted = self.delete_condemned(grace, 1000)?;
            done.deleted += deleted;
            if deleted == 0 {
                return Ok(done);
            }
        }
    }

    fn delete_condemned(&self, grace: Duration, limit: u32) -> Result<u64> {
        let ids = self.meta.condemned(grace, limit)?;
        for id in &ids {
            self.blobs.delete(*id)?;
        }
        self.meta.forget(&ids)?;
        Ok(ids.len() as u64)
    }

    /// Reads a body: few bytes are returned, more become a blob.
    fn receive(
        &self,
        path: &Path,
        body: &mut dyn Read,
        options: &PutOptions,
    ) -> Result<NewObject> {
        let expected = Expected {
            length_bytes: options.length_bytes,
            digest: options.digest,
        };
        let mut piece = vec![0; PIECE];
        let first = fill(path, body, &mut piece)?;
        let whole = piece.get(..first).unwrap_or_default();
        if first <= INLINE_BYTES && !options.as_file {
            let digest = Digest(*blake3::hash(whole).as_bytes());
            check_expected(expected, first as u64, digest)?;
            return Ok(NewObject {
                id: fresh_id()?,
                size_bytes: first as u64,
                stored_bytes: first as u64,
                digest,
                inline: Some(whole.to_vec()),
            });
        }
        let mut writer = self.blobs.begin()?;
        writer.write(whole)?;
        let (mut read, mut total) = (first, first as u64);
        while read == PIECE {
            read = fill(path, body, &mut piece)?;
            total = total.saturating_add(read as u64);
            writer.write(piece.get(..read).unwrap_or_default())?;
            if expected.length_bytes.is_some_and(|length| total > length) {
                // Longer than promised: the commit refuses it, so the rest
                // need not be read.
                break;
            }
        }
        let stored = writer.commit(expected)?;
        Ok(NewObject {
            id: stored.id,
            size_bytes: stored.size_bytes,
            stored_bytes: stored.stored_bytes,
            digest: stored.digest,
            inline: None,
        })
    }
}

/// Fills a buffer as far as the body reaches.
fn fill(path: &Path, body: &mut dyn Read, buffer: &mut [u8]) -> Result<usize> {
    let mut done = 0;
    while let Some(rest) = buffer.get_mut(done..).filter(|r| !r.is_empty()) {
        match body.read(rest) {
            Ok(0) => break,
            Ok(read) => done += read,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => {
                return Err(Error::new(
                    Code::UploadAbandoned,
                    format!("{path}: cannot read the body"),
                )
                .because(error));
            }
        }
    }
    Ok(done)
}

impl<M: MetaStore, B: BlobStore> Manta for ObjectStore<M, B> {
    fn put(
        &self,
        path: &Path,
        body: &mut dyn Read,
        options: &PutOptions,
    ) -> Result<ObjectInfo> {
        self.meta.check_put(path, &options.condition)?;
        let object = self.receive(path, body, options)?;
        let blob = object.inline.is_none().then_some(object.id);
        let named = self.meta.put_object(PutObject {
            path: path.clone(),
            object,
            condition: options.condition.clone(),
            metadata: options.metadata.clone(),
            durability: options.durability,
        });
        if let (Err(error), Some(id)) = (&named, blob)
            && is_certain(error.code())
        {
            // The name went to somebody else: the bytes are nobody's. At
            // worst the sweep finds them.
            let _ = self.meta.condemn(&[id]);
        }
        if blob.is_some() {
            // Deleting is done in small steps by those who write; a failure
            // here is not theirs.
            let _ = self.delete_condemned(GRACE, 16);
        }
        named
    }

    fn open(&self, path: &Path) -> Result<Box<dyn ObjectReader>> {
        let opened =
            self.meta.open(path)?.ok_or_else(|| Error::not_found(path))?;
        let (bytes, local) = match opened.inline {
            Some(inline) => (Bytes::Inline(inline), None),
            None => (
                Bytes::Blob(self.blobs.open(opened.id)?),
                self.blobs.local_file(opened.id)?,
            ),
        };
        Ok(Box::new(Reader { info: opened.info, bytes, local }))
    }

    fn info(&self, path: &Path) -> Result<Info> {
        self.meta.info(path)?.ok_or_else(|| Error::not_found(path))
    }

    fn list(&self, path: &Path, options: &ListOptions) -> Result<Listing> {
        self.meta.list(path, options)
    }

    fn delete(&self, path: &Path, condition: &Condition) -> Result<()> {
        self.meta.delete(path, condition)
    }

    fn mkdir(&self, path: &Path) -> Result<()> {
        self.meta.put_directory(path)
    }

    fn set_metadata(
        &self,
        path: &Path,
        metadata: &Metadata,
        condition: &Condition,
    ) -> Result<ObjectInfo> {
        self.meta.set_metadata(path, metadata, condition)
    }

    fn link(&self, source: &Path, path: &Path) -> Result<ObjectInfo> {
        self.meta.link(source, path)
    }
}

/// Tells whether an error means that nothing was committed. After trouble in
/// the engine that is not known, and the bytes must stay.
fn is_certain(code: Code) -> bool {
    !matches!(code, Code::InternalError | Code::ServiceUnavailable)
}

impl<M: MetaStore, B: BlobStore> Index for ObjectStore<M, B> {
    fn changes(&self, since: u64, limit: u32) -> Result<ChangePage> {
        self.meta.changes(since, limit)
    }

    fn last_change(&self) -> Result<u64> {
        self.meta.last_change()
    }

    fn index_position(&self, index: &str) -> Result<u64> {
        self.meta.index_position(index)
    }

    fn index_apply(
        &self,
        index: &str,
        expected: u64,
        batch: IndexBatch,
    ) -> Result<bool> {
        self.meta.index_apply(index, expected, batch)
    }

    fn index_query(
        &self,
        index: &str,
        query: &IndexQuery,
        visit: &mut Visit<'_>,
    ) -> Result<()> {
        self.meta.index_query(index, query, visit)
    }

    fn index_values(
        &self,
        index: &str,
        name: &str,
        after: Option<f64>,
        before: Option<f64>,
    ) -> Result<ValueCounts> {
        self.meta.index_values(index, name, after, before)
    }

    fn index_clear(&self, index: &str) -> Result<()> {
        self.meta.index_clear(index)
    }

    fn index_replace(
        &self,
        index: &str,
        new: &str,
        expected: u64,
    ) -> Result<bool> {
        self.meta.index_replace(index, new, expected)
    }

    fn index_verify(&self, index: &str) -> Result<Vec<String>> {
        self.meta.index_verify(index)
    }
}

enum Bytes {
    Inline(Vec<u8>),
    Blob(Box<dyn BlobReader>),
}

struct Reader {
    info: ObjectInfo,
    bytes: Bytes,
    local: Option<PathBuf>,
}

impl ObjectReader for Reader {
    fn info(&self) -> &ObjectInfo {
        &self.info
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        match &self.bytes {
            Bytes::Blob(blob) => blob.read_at(buffer, offset),
            Bytes::Inline(bytes) => {
                let start = usize::try_from(offset).unwrap_or(usize::MAX);
                let rest = bytes.get(start..).unwrap_or_default();
                let read = rest.len().min(buffer.len());
                if let (Some(to), Some(from)) =
                    (buffer.get_mut(..read), rest.get(..read))
                {
                    to.copy_from_slice(from);
                }
                Ok(read)
            }
        }
    }

    fn local_file(&self) -> Option<PathBuf> {
        self.local.clone()
    }
}
