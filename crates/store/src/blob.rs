//! The engine trait for the bytes of versions.
//!
//! A blob is written once, under an id made for it, and never changed. There
//! are no names here and no conditions: those are the other trait's.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use thoth_manta::{Digest, ObjectId, Result};

/// A machine that holds a copy of a blob.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Node(pub String);

/// How a blob is wanted, before its bytes come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Whether its MD5 is computed on the way.
    pub md5: bool,
    /// Whether a machine that holds it must have it as a plain file.
    pub plain: bool,
    /// Room to make sure of; less than that is `NotEnoughSpace` at once.
    pub room_bytes: Option<u64>,
}

/// What the caller promised about the bytes before they came.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expected {
    /// Their number.
    pub length_bytes: Option<u64>,
    /// Their BLAKE3 digest.
    pub digest: Option<Digest>,
    /// Their MD5, which is only looked at when it was wanted.
    pub md5: Option<[u8; 16]>,
}

/// A published blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The id to read it by.
    pub id: ObjectId,
    /// Logical length.
    pub size_bytes: u64,
    /// What it takes on disk.
    pub stored_bytes: u64,
    /// BLAKE3 of the logical bytes.
    pub digest: Digest,
    /// MD5 of the logical bytes, if it was wanted.
    pub md5: Option<[u8; 16]>,
}

/// Something wrong with a blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The bytes of the object that are not to be had; `None`: all of them,
    /// or nobody knows which.
    pub bytes: Option<Range<u64>>,
    /// What was found, and where.
    pub what: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(bytes) = &self.bytes {
            write!(f, "bytes {} to {}: ", bytes.start, bytes.end)?;
        }
        f.write_str(&self.what)
    }
}

/// Keeps the bytes of versions under immutable ids.
///
/// Normative for every engine:
/// - nothing is readable under an id before `commit` returned, and everything
///   is afterwards, durably: a power cut after `commit` loses nothing;
/// - a writer dropped without `commit`, or whose `commit` failed, leaves
///   nothing behind that a sweep by [`BlobStore::ids`] would not show;
/// - a reader opened before `delete` goes on reading;
/// - a reader gives the bytes that were written or an error.
pub trait BlobStore: Send + Sync {
    /// Begins a new blob.
    fn begin(&self, wanted: Wanted) -> Result<Box<dyn BlobWriter>>;

    /// Opens a blob; one that is absent is `ResourceNotFound`.
    fn open(&self, id: ObjectId) -> Result<Box<dyn BlobReader>>;

    /// Deletes a blob; one that is absent is fine and gives false.
    fn delete(&self, id: ObjectId) -> Result<bool>;

    /// Returns the machines that hold the blob, the nearest first.
    fn locate(&self, id: ObjectId) -> Result<Vec<Node>>;

    /// Returns a file of this machine holding the logical bytes as they are.
    fn local_file(&self, id: ObjectId) -> Result<Option<PathBuf>>;

    /// Visits the ids of blobs that were published at least `age` ago, in any
    /// order, and removes what dead writers left that is older than that.
    fn ids(
        &self,
        age: Duration,
        visit: &mut dyn FnMut(ObjectId) -> Result<()>,
    ) -> Result<()>;

    /// Reads a whole blob and compares it with what is known of it, telling
    /// each step's bytes to `progress`. Damage is an answer, not an error.
    fn verify(
        &self,
        id: ObjectId,
        size_bytes: u64,
        digest: Digest,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Vec<Damage>>;

    /// Returns how many bytes can still be stored; `None`: nobody knows.
    fn room_bytes(&self) -> Result<Option<u64>>;
}

/// A blob being written. Dropping it forgets it.
pub trait BlobWriter: Send {
    /// Returns space for the next bytes, of a length that suits the engine
    /// and is not zero.
    fn space(&mut self) -> Result<&mut [u8]>;

    /// Appends the first bytes of the space, which have been filled in.
    ///
    /// # Errors
    ///
    /// Those of the engine; more bytes than the space has are one.
    fn filled(&mut self, bytes: usize) -> Result<()>;

    /// Appends bytes that lie elsewhere.
    fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let space = self.space()?;
            let now = space.len().min(bytes.len());
            let (head, tail) = bytes.split_at(now);
            if let Some(space) = space.get_mut(..now) {
                space.copy_from_slice(head);
            }
            self.filled(now)?;
            bytes = tail;
        }
        Ok(())
    }

    /// Checks what was promised, makes the bytes durable and publishes them.
    fn commit(self: Box<Self>, expected: Expected) -> Result<Stored>;
}

/// An open blob.
pub trait BlobReader: Send + Sync {
    /// Reads at an offset; fewer bytes than asked for only at the end.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize>;
}
