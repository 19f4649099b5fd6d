//! A pair of engines, joined into the `Manta` contract.

use std::io::Read;
use std::path::{Path as FsPath, PathBuf};
use std::time::Duration;

use thoth_manta::{
    ChangePage, Code, Condition, Digest, DirectoryOptions, Documents, Error,
    Index, IndexBatch, IndexQuery, Info, LinkOptions, ListOptions, Listing,
    Manta, Md5, Metadata, ObjectId, ObjectInfo, ObjectReader, Path, PutOptions,
    Result, ValueCounts, Visit,
};

use crate::blob::{BlobReader, BlobStore, BlobWriter, Expected, Wanted};
use crate::folder::{self, FolderOptions};
use crate::local::{LocalFiles, Settings, check_expected, fresh_id, md5_of};
use crate::meta::{MetaStore, NewObject, PutObject, Usage};
use crate::sqlite::Sqlite;
use crate::tree::whole_digest;

/// Bodies up to this many bytes live beside their name: one flush, not three.
const INLINE_BYTES: usize = 16 * 1024;
/// How long a caller that knows no better should wait between sweeps, which
/// look at every blob.
const SWEEP_EVERY: Duration = Duration::from_secs(24 * 3600);
/// Changes that stay in the log though every index has read them.
const KEPT_CHANGES: u64 = 10_000;

/// The store of one folder on this machine.
pub type Embedded = ObjectStore<Sqlite, LocalFiles>;

/// How long things are left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ages {
    /// How long deleted bytes stay, for readers that are about to open the
    /// file they lie in.
    pub grace: Duration,
    /// The same while there is no room for anything new.
    pub urgent_grace: Duration,
    /// How old a blob without a name must be before the sweep takes it for
    /// an orphan.
    pub orphan: Duration,
}

impl Default for Ages {
    fn default() -> Ages {
        Ages {
            grace: Duration::from_secs(600),
            urgent_grace: Duration::from_secs(5),
            orphan: Duration::from_secs(3600),
        }
    }
}

/// An object store made of an engine for names and one for bytes.
#[derive(Debug)]
pub struct ObjectStore<M, B> {
    pub(crate) meta: M,
    pub(crate) blobs: B,
    ages: Ages,
}

/// What a round of maintenance did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Maintained {
    /// Blobs found that no name has, queued for deletion.
    pub orphans: u64,
    /// Blobs deleted, their grace being over.
    pub deleted: u64,
}

/// How an embedded store is opened.
#[derive(Clone, Copy, Debug, Default)]
pub struct EmbeddedOptions {
    /// What is accepted of the folder.
    pub folder: FolderOptions,
    /// How bytes are stored.
    pub files: Settings,
    /// How long things are left alone.
    pub ages: Ages,
}

impl Embedded {
    /// Opens the store in a folder, making it when it is not there, with one
    /// account ready for use.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made or locked, belongs to another user, is
    /// read-only or on a network file system, or holds a store of a newer
    /// layout or another program's database; the message names the folder.
    pub fn open(folder: &FsPath, account: &str) -> Result<Embedded> {
        Embedded::open_with(folder, account, &EmbeddedOptions::default())
    }

    /// Opens the store in a folder with options.
    ///
    /// # Errors
    ///
    /// Those of [`Embedded::open`].
    pub fn open_with(
        folder: &FsPath,
        account: &str,
        options: &EmbeddedOptions,
    ) -> Result<Embedded> {
        let store = Embedded::open_bare(folder, options)?;
        store.create_account(account)?;
        Ok(store)
    }

    /// Opens the store in a folder with the accounts that it has, which may
    /// be none.
    ///
    /// # Errors
    ///
    /// Those of [`Embedded::open`].
    pub fn open_bare(
        folder: &FsPath,
        options: &EmbeddedOptions,
    ) -> Result<Embedded> {
        folder::make(folder, &options.folder)?;
        let database = folder.join("store.db");
        let (mut meta, lock) =
            folder::enter(folder, &|| Sqlite::open_ready(&database), &|| {
                Sqlite::open(&database)
            })?;
        meta.keep_lock(lock);
        let objects = folder.join("objects");
        let blobs = LocalFiles::open_with(&objects, options.files)?;
        Ok(ObjectStore { meta, blobs, ages: options.ages })
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
        Ok(ObjectStore { meta, blobs, ages: Ages::default() })
    }

    /// Makes an account with its root directories; one there is fine.
    ///
    /// # Errors
    ///
    /// When the name is not allowed, or the engine fails.
    pub fn create_account(&self, account: &str) -> Result<()> {
        self.meta.create_account(account)
    }

    /// Returns the store with other ages.
    #[must_use]
    pub fn with_ages(mut self, ages: Ages) -> ObjectStore<M, B> {
        self.ages = ages;
        self
    }

    /// Deletes what is due, and once a day looks for orphans too.
    ///
    /// A program that runs long calls it at its start and every few minutes,
    /// one that runs shortly at its end.
    ///
    /// # Errors
    ///
    /// The first failure of an engine.
    pub fn maintain(&self) -> Result<Maintained> {
        if self.meta.take_turn("sweep", SWEEP_EVERY)? {
            return self.maintain_after(self.ages.orphan, self.ages.grace);
        }
        let deleted = self.delete_all_condemned(self.ages.grace)?;
        Ok(Maintained { orphans: 0, deleted })
    }

    /// Looks for orphans and deletes what is due, with given ages.
    ///
    /// # Errors
    ///
    /// The first failure of an engine.
    pub fn maintain_after(
        &self,
        orphan: Duration,
        grace: Duration,
    ) -> Result<Maintained> {
        let mut orphans = 0;
        let mut batch = Vec::new();
        self.blobs.ids(orphan, &mut |id| {
            batch.push(id);
            if batch.len() == 1000 {
                orphans += self.meta.condemn(&batch)?;
                batch.clear();
            }
            Ok(())
        })?;
        orphans += self.meta.condemn(&batch)?;
        self.meta.trim_changes(KEPT_CHANGES)?;
        let deleted = self.delete_all_condemned(grace)?;
        Ok(Maintained { orphans, deleted })
    }

    /// Returns what an account has stored.
    ///
    /// # Errors
    ///
    /// When there is no such account, or the engine fails.
    pub fn usage(&self, account: &str) -> Result<Usage> {
        self.meta.usage(account)
    }

    /// Limits what an account may store; what is there already stays.
    ///
    /// # Errors
    ///
    /// When there is no such account, or the engine fails.
    pub fn set_quota(&self, account: &str, bytes: Option<u64>) -> Result<()> {
        self.meta.set_quota(account, bytes)
    }

    fn delete_all_condemned(&self, grace: Duration) -> Result<u64> {
        let mut all = 0;
        loop {
            match self.delete_condemned(grace, 1000)? {
                0 => return Ok(all),
                some => all += some,
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

    /// Deletes what can be spared, when there is no room.
    pub(crate) fn make_room(&self) {
        // Whoever asked has been told about the room; a failure here adds
        // nothing.
        let _ = self.delete_all_condemned(self.ages.urgent_grace);
    }

    /// Refuses a put that is bound to fail, by its path, its condition, or
    /// the room that it is going to need.
    ///
    /// [`Manta::put`] does so by itself before it reads a body, except one
    /// known to be so short that reading it costs less than looking first.
    ///
    /// # Errors
    ///
    /// Those of the put.
    pub fn check_put(&self, path: &Path, options: &PutOptions) -> Result<()> {
        let judged = self.refuse_early(path, options, true).map(|_| ());
        if let Err(error) = &judged
            && error.code() == Code::NotEnoughSpace
        {
            self.make_room();
        }
        judged
    }

    /// Does so, and returns the room that the put is going to need.
    pub(crate) fn refuse_early(
        &self,
        path: &Path,
        options: &PutOptions,
        always: bool,
    ) -> Result<u64> {
        let length = options.length_bytes;
        if let (Some(length), Some(max)) = (length, options.max_bytes)
            && length > max
        {
            return Err(too_long(path, length, max));
        }
        let room = options.room_bytes.or(length).unwrap_or(0);
        let short = length.is_some_and(|l| l <= INLINE_BYTES as u64)
            && !options.as_file
            && !options.plain;
        if always || !short {
            self.meta.check_put(path, &options.condition, room)?;
        }
        if self.blobs.room_bytes()?.is_some_and(|left| left < room.max(1)) {
            return Err(Error::new(
                Code::NotEnoughSpace,
                format!(
                    "{path}: not enough free space for {} MB",
                    room.div_ceil(1_000_000)
                ),
            ));
        }
        Ok(room)
    }

    /// Reads a body: few bytes are returned, more become a blob.
    pub(crate) fn receive(
        &self,
        path: &Path,
        body: &mut dyn Read,
        options: &PutOptions,
        room: u64,
    ) -> Result<NewObject> {
        let expected = Expected {
            length_bytes: options.length_bytes,
            digest: options.digest,
            md5: match options.md5 {
                Md5::Promised(md5) => Some(md5),
                Md5::Compute | Md5::Skip => None,
            },
        };
        let wanted = Wanted {
            md5: options.md5 != Md5::Skip,
            plain: options.plain,
            room_bytes: Some(room),
        };
        let mut body = Body { path, body, read: 0, options };
        let few = usize::try_from(options.length_bytes.unwrap_or(u64::MAX))
            .unwrap_or(usize::MAX)
            .min(INLINE_BYTES);
        let as_file = options.as_file || options.plain;
        let mut first = vec![0; if as_file { 0 } else { few + 1 }];
        let filled = body.fill(&mut first)?;
        first.truncate(filled);
        if !as_file && filled <= few {
            return inline(first, expected, wanted.md5);
        }
        let mut writer = self.blobs.begin(wanted)?;
        writer.write(&first)?;
        body.copy_to(writer.as_mut())?;
        let stored = writer.commit(expected)?;
        Ok(NewObject {
            id: stored.id,
            size_bytes: stored.size_bytes,
            stored_bytes: stored.stored_bytes,
            digest: stored.digest,
            md5: stored.md5,
            inline: None,
        })
    }

    fn put_once(
        &self,
        path: &Path,
        body: &mut dyn Read,
        options: &PutOptions,
    ) -> Result<ObjectInfo> {
        let room = self.refuse_early(path, options, false)?;
        let object = self.receive(path, body, options, room)?;
        let blob = object.inline.is_none().then_some(object.id);
        let named = self.meta.put_object(PutObject {
            path: path.clone(),
            object,
            condition: options.condition.clone(),
            metadata: options.metadata.clone(),
            durability: options.durability,
        });
        self.tidy(blob, named.as_ref().err());
        named
    }

    /// Cleans up behind a put whose bytes are a blob.
    pub(crate) fn tidy(&self, blob: Option<ObjectId>, error: Option<&Error>) {
        let Some(id) = blob else { return };
        if error.is_some_and(|error| is_certain(error.code())) {
            // The name went to somebody else: the bytes are nobody's. At
            // worst the sweep finds them.
            let _ = self.meta.condemn(&[id]);
        }
        // Deleting is done in small steps by those who write; a failure here
        // is not theirs.
        let _ = self.delete_condemned(self.ages.grace, 16);
    }

    /// Opens the bytes of a version that was looked up.
    pub(crate) fn open_bytes(
        &self,
        opened: crate::meta::Opened,
    ) -> Result<Box<dyn ObjectReader>> {
        let (bytes, local) = match opened.inline {
            Some(inline) => (Bytes::Inline(inline), None),
            None => (
                Bytes::Blob(self.blobs.open(opened.id)?),
                self.blobs.local_file(opened.id)?,
            ),
        };
        Ok(Box::new(Reader { info: opened.info, bytes, local }))
    }
}

/// Tells whether an error means that nothing was committed. After trouble in
/// the engine that is not known, and the bytes must stay.
fn is_certain(code: Code) -> bool {
    !matches!(code, Code::InternalError | Code::ServiceUnavailable)
}

fn too_long(path: &Path, length: u64, max: u64) -> Error {
    Error::new(
        Code::MaxContentLengthExceeded,
        format!("{path}: {length} bytes or more, expected at most {max}"),
    )
}

/// Makes an object of bytes that stay beside their name.
pub(crate) fn inline(
    bytes: Vec<u8>,
    expected: Expected,
    md5: bool,
) -> Result<NewObject> {
    let digest: Digest = whole_digest(&bytes);
    let md5 = md5.then(|| md5_of(&bytes));
    let size_bytes = bytes.len() as u64;
    check_expected(expected, size_bytes, digest, md5)?;
    Ok(NewObject {
        id: fresh_id()?,
        size_bytes,
        stored_bytes: size_bytes,
        digest,
        md5,
        inline: Some(bytes),
    })
}

/// A body, and what was promised about it.
struct Body<'a> {
    path: &'a Path,
    body: &'a mut dyn Read,
    read: u64,
    options: &'a PutOptions,
}

impl Body<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        loop {
            match self.body.read(buffer) {
                Ok(read) => {
                    self.read = self.read.saturating_add(read as u64);
                    let max = self.options.max_bytes;
                    if let Some(max) = max.filter(|max| self.read > *max) {
                        return Err(too_long(self.path, self.read, max));
                    }
                    return Ok(read);
                }
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => {
                    return Err(Error::new(
                        Code::UploadAbandoned,
                        format!("{}: cannot read the body", self.path),
                    )
                    .because(error));
                }
            }
        }
    }

    /// Fills a buffer as far as the body reaches.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let mut done = 0;
        while let Some(rest) = buffer.get_mut(done..).filter(|r| !r.is_empty())
        {
            match self.read(rest)? {
                0 => break,
                read => done += read,
            }
        }
        Ok(done)
    }

    /// Writes the rest; of a body longer than promised only so much that the
    /// commit refuses it.
    fn copy_to(&mut self, writer: &mut dyn BlobWriter) -> Result<()> {
        let promised = self.options.length_bytes.unwrap_or(u64::MAX);
        while self.read <= promised {
            let read = self.read(writer.space()?)?;
            if read == 0 {
                break;
            }
            writer.filled(read)?;
        }
        Ok(())
    }
}

impl<M: MetaStore, B: BlobStore> Manta for ObjectStore<M, B> {
    fn put(
        &self,
        path: &Path,
        body: &mut dyn Read,
        options: &PutOptions,
    ) -> Result<ObjectInfo> {
        let put = self.put_once(path, body, options);
        if let Err(error) = &put
            && error.code() == Code::NotEnoughSpace
        {
            self.make_room();
        }
        put
    }

    fn open(&self, path: &Path) -> Result<Box<dyn ObjectReader>> {
        let mut last = None;
        loop {
            let opened =
                self.meta.open(path)?.ok_or_else(|| Error::not_found(path))?;
            let id = opened.id;
            match self.open_bytes(opened) {
                // Replaced and deleted since it was looked up; but a version
                // that is named has its bytes.
                Err(error) if error.is_not_found() => {
                    if last == Some(id) {
                        let text = format!("{path}: its bytes are missing");
                        return Err(Error::new(Code::InternalError, text)
                            .because(error));
                    }
                    last = Some(id);
                }
                other => return other,
            }
        }
    }

    fn info(&self, path: &Path) -> Result<Info> {
        self.meta.info(path)?.ok_or_else(|| Error::not_found(path))
    }

    fn list(&self, path: &Path, options: &ListOptions) -> Result<Listing> {
        self.meta.list(path, options)
    }

    fn delete(&self, path: &Path, condition: &Condition) -> Result<()> {
        self.meta.delete(path, condition)?;
        if self.blobs.room_bytes().is_ok_and(|room| room == Some(0)) {
            self.make_room();
        }
        Ok(())
    }

    fn mkdir_with(
        &self,
        path: &Path,
        options: &DirectoryOptions,
    ) -> Result<()> {
        self.meta.put_directory(path, options)
    }

    fn set_metadata(
        &self,
        path: &Path,
        metadata: &Metadata,
        condition: &Condition,
    ) -> Result<ObjectInfo> {
        self.meta.set_metadata(path, metadata, condition)
    }

    fn link_with(
        &self,
        source: &Path,
        path: &Path,
        options: &LinkOptions,
    ) -> Result<ObjectInfo> {
        self.meta.link(source, path, options)
    }
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

    fn index_build(
        &self,
        index: &str,
        position: u64,
        documents: &mut Documents<'_>,
    ) -> Result<bool> {
        self.meta.index_build(index, position, documents)
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
