//! The engine trait for the bytes of versions.
//!
//! A blob is written once, under an id made for it, and never changed. There
//! are no names here and no conditions: those are the other trait's.

use std::path::PathBuf;
use std::time::Duration;

use thoth_manta::{Digest, ObjectId, Result};

/// A machine that holds a copy of a blob.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Node(pub String);

/// What the caller promised about the bytes before they came.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expected {
    /// Their number.
    pub length_bytes: Option<u64>,
    /// Their BLAKE3 digest.
    pub digest: Option<Digest>,
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
}

/// Keeps the bytes of versions under immutable ids.
///
/// Normative for every engine:
/// - nothing is readable under an id before `commit` returned, and everything
///   is afterwards, durably: a power cut after `commit` loses nothing;
/// - a writer dropped without `commit`, or whose `commit` failed, leaves
///   nothing behind that a sweep by [`BlobStore::ids`] would not show;
/// - a reader opened before `delete` goes on reading.
pub trait BlobStore: Send + Sync {
    /// Begins a new blob.
    fn begin(&self) -> Result<Box<dyn BlobWriter>>;

    /// Opens a blob.
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
}

/// A blob being written. Dropping it forgets it.
pub trait BlobWriter: Send {
    /// Appends bytes.
    fn write(&mut self, bytes: &[u8]) -> Result<()>;

    /// Checks what was promised, makes the bytes durable and publishes them.
    fn commit(self: Box<Self>, expected: Expected) -> Result<Stored>;
}

/// An open blob.
pub trait BlobReader: Send + Sync {
    /// Reads at an offset; fewer bytes than asked for only at the end.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize>;
}
