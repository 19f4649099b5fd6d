//! Engines that fail when they are told to.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use thoth_manta::{
    ChangePage, Code, Condition, Digest, DirectoryOptions, Documents, Error,
    Index, IndexBatch, IndexQuery, Info, LinkOptions, ListOptions, Listing,
    Metadata, ObjectId, ObjectInfo, Path, Result, ValueCounts, Visit,
};

use crate::meta::{
    Checked, MetaStore, NameChange, Opened, PutObject, Usage, Version,
};
use crate::{
    BlobReader, BlobStore, BlobWriter, Damage, Expected, Node, Stored, Wanted,
};

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Before it has done anything, and nobody can tell.
    Before,
    /// After it has done what it should; a write, after half of it.
    After,
    /// After it has done what it should, and the answer is lost on the way.
    Lost,
    /// Before it has done anything, and it says so: there is no room.
    NoRoom,
}

/// What is to fail next, shared by a pair of engines.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Option<(u32, Kind)>>>);

impl Faults {
    /// Lets the call after `skipped` others fail, once.
    pub fn plan(&self, skipped: u32, kind: Kind) {
        *self.lock() = Some((skipped, kind));
    }

    /// Ends the plan; false when it had not come to its fault.
    pub fn end(&self) -> bool {
        self.lock().take().is_none()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<(u32, Kind)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Option<Kind> {
        let mut planned = self.lock();
        match &mut *planned {
            Some((0, kind)) => {
                let kind = *kind;
                *planned = None;
                Some(kind)
            }
            Some((skipped, _)) => {
                *skipped -= 1;
                None
            }
            None => None,
        }
    }

    /// Does something, unless it is to fail.
    fn around<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        match self.next() {
            None => work(),
            Some(Kind::After) => {
                work().and_then(|_| Err(fault(Code::InternalError)))
            }
            Some(Kind::Lost) => {
                work().and_then(|_| Err(fault(Code::ServiceUnavailable)))
            }
            Some(Kind::Before) => Err(fault(Code::InternalError)),
            Some(Kind::NoRoom) => Err(fault(Code::NotEnoughSpace)),
        }
    }
}

fn fault(code: Code) -> Error {
    Error::new(code, "a fault was injected here")
}

/// A [`MetaStore`] whose calls may fail.
#[derive(Debug)]
pub struct FaultyMeta<M> {
    inner: M,
    faults: Faults,
}

impl<M> FaultyMeta<M> {
    /// Wraps an engine.
    pub fn new(inner: M, faults: &Faults) -> FaultyMeta<M> {
        FaultyMeta { inner, faults: faults.clone() }
    }
}

/// Hands calls over to the engine within, if they are not to fail.
macro_rules! hand_over {
    ($(fn $name:ident($($arg:ident: $type:ty),*) -> $back:ty;)*) => {
        $(fn $name(&self $(, $arg: $type)*) -> Result<$back> {
            self.faults.around(|| self.inner.$name($($arg),*))
        })*
    };
}

impl<M: MetaStore> Index for FaultyMeta<M> {
    hand_over! {
        fn changes(since: u64, limit: u32) -> ChangePage;
        fn last_change() -> u64;
        fn index_position(index: &str) -> u64;
        fn index_apply(index: &str, expected: u64, batch: IndexBatch) -> bool;
        fn index_query(index: &str, query: &IndexQuery, visit: &mut Visit<'_>) -> ();
        fn index_values(index: &str, name: &str, after: Option<f64>, before: Option<f64>) -> ValueCounts;
        fn index_clear(index: &str) -> ();
        fn index_build(index: &str, position: u64, documents: &mut Documents<'_>) -> bool;
        fn index_verify(index: &str) -> Vec<String>;
    }
}

impl<M: MetaStore> MetaStore for FaultyMeta<M> {
    hand_over! {
        fn create_account(account: &str) -> ();
        fn info(path: &Path) -> Option<Info>;
        fn open(path: &Path) -> Option<Opened>;
        fn check_put(path: &Path, condition: &Condition, room_bytes: u64) -> ();
        fn put_object(put: PutObject) -> ObjectInfo;
        fn change_names(changes: Vec<NameChange>) -> Vec<ObjectInfo>;
        fn put_directory(path: &Path, options: &DirectoryOptions) -> ();
        fn delete(path: &Path, condition: &Condition) -> ();
        fn set_metadata(path: &Path, metadata: &Metadata, condition: &Condition) -> ObjectInfo;
        fn link(source: &Path, path: &Path, options: &LinkOptions) -> ObjectInfo;
        fn list(path: &Path, options: &ListOptions) -> Listing;
        fn condemn(ids: &[ObjectId]) -> u64;
        fn condemned(age: Duration, limit: u32) -> Vec<ObjectId>;
        fn forget(ids: &[ObjectId]) -> ();
        fn hold(name: &str, time: Duration) -> ();
        fn usage(account: &str) -> Usage;
        fn set_quota(account: &str, bytes: Option<u64>) -> ();
        fn versions(after: u64, limit: u32) -> Vec<Version>;
        fn note_checked(checked: &[Checked]) -> ();
        fn names(place: u64, limit: u32) -> Vec<Path>;
        fn trim_changes(keep: u64) -> u64;
        fn take_turn(what: &str, every: Duration) -> bool;
        fn verify() -> Vec<String>;
    }
}

/// A [`BlobStore`] whose calls may fail, those of its writers and readers
/// too.
#[derive(Debug)]
pub struct FaultyBlobs<B> {
    inner: B,
    faults: Faults,
}

impl<B> FaultyBlobs<B> {
    /// Wraps an engine.
    pub fn new(inner: B, faults: &Faults) -> FaultyBlobs<B> {
        FaultyBlobs { inner, faults: faults.clone() }
    }
}

impl<B: BlobStore> BlobStore for FaultyBlobs<B> {
    hand_over! {
        fn delete(id: ObjectId) -> bool;
        fn locate(id: ObjectId) -> Vec<Node>;
        fn local_file(id: ObjectId) -> Option<PathBuf>;
        fn room_bytes() -> Option<u64>;
        fn ids(
            age: Duration,
            visit: &mut dyn FnMut(ObjectId) -> Result<()>
        ) -> ();
        fn verify(
            id: ObjectId,
            size_bytes: u64,
            digest: Digest,
            progress: &mut dyn FnMut(u64)
        ) -> Vec<Damage>;
    }

    fn begin(&self, wanted: Wanted) -> Result<Box<dyn BlobWriter>> {
        let inner = self.faults.around(|| self.inner.begin(wanted))?;
        Ok(Box::new(Writer { inner, faults: self.faults.clone() }))
    }

    fn open(&self, id: ObjectId) -> Result<Box<dyn BlobReader>> {
        let inner = self.faults.around(|| self.inner.open(id))?;
        Ok(Box::new(Reader { inner, faults: self.faults.clone() }))
    }
}

struct Writer {
    inner: Box<dyn BlobWriter>,
    faults: Faults,
}

impl BlobWriter for Writer {
    fn space(&mut self) -> Result<&mut [u8]> {
        self.inner.space()
    }

    fn filled(&mut self, bytes: usize) -> Result<()> {
        match self.faults.next() {
            None => self.inner.filled(bytes),
            Some(Kind::After | Kind::Lost) => {
                self.inner.filled(bytes / 2)?;
                Err(fault(Code::InternalError))
            }
            Some(Kind::Before) => Err(fault(Code::ServiceUnavailable)),
            Some(Kind::NoRoom) => Err(fault(Code::NotEnoughSpace)),
        }
    }

    fn commit(self: Box<Self>, expected: Expected) -> Result<Stored> {
        let Writer { inner, faults } = *self;
        faults.around(|| inner.commit(expected))
    }
}

struct Reader {
    inner: Box<dyn BlobReader>,
    faults: Faults,
}

impl BlobReader for Reader {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        self.faults.around(|| self.inner.read_at(buffer, offset))
    }
}
