//! The engine trait for names, versions and indexes.
//!
//! Each operation is one transaction. Conditions are judged inside it, so an
//! engine needs no locks of its callers, and several processes may hold the
//! same store. No query language passes through here.

use std::time::Duration;

use thoth_manta::{
    Condition, Digest, Index, Info, ListOptions, Listing, Metadata, ObjectId,
    ObjectInfo, Path, Result,
};

/// A version about to be named: its bytes are safe already, or come along.
#[derive(Clone, Debug)]
pub struct NewObject {
    /// The fresh id, which becomes the etag.
    pub id: ObjectId,
    /// Logical length.
    pub size_bytes: u64,
    /// What the bytes take on disk.
    pub stored_bytes: u64,
    /// BLAKE3 of the bytes.
    pub digest: Digest,
    /// The bytes themselves when they are few; otherwise they are a blob.
    pub inline: Option<Vec<u8>>,
}

/// A conditional put.
#[derive(Clone, Debug)]
pub struct PutObject {
    /// The name.
    pub path: Path,
    /// The version.
    pub object: NewObject,
    /// What must hold of the present version.
    pub condition: Condition,
    /// What is attached to the name.
    pub metadata: Metadata,
    /// Copies asked for.
    pub durability: u8,
}

/// A version looked up for reading.
#[derive(Clone, Debug)]
pub struct Opened {
    /// What is known about it.
    pub info: ObjectInfo,
    /// The id of its bytes.
    pub id: ObjectId,
    /// The bytes, when they are kept beside the name.
    pub inline: Option<Vec<u8>>,
}

/// Keeps names, versions and indexes.
///
/// Normative for every engine:
/// - each call is atomic, and durable when it returns;
/// - of several puts with conditions that exclude each other one succeeds;
/// - a version whose last name goes is queued for deletion in the same
///   transaction, and a version in that queue can never be named again;
/// - every change of an object's name stands in the change log, in the order
///   in which the changes became visible;
/// - errors carry the contract's codes ([`thoth_manta::Code`]).
pub trait MetaStore: Index {
    /// Makes an account with its root directories; one there is fine.
    fn create_account(&self, account: &str) -> Result<()>;

    /// Returns what is known about a path; `None` when it does not exist.
    fn info(&self, path: &Path) -> Result<Option<Info>>;

    /// Looks a version up for reading, its inline bytes from the same
    /// moment.
    fn open(&self, path: &Path) -> Result<Option<Opened>>;

    /// Refuses a put that is bound to fail, before its body is read.
    fn check_put(&self, path: &Path, condition: &Condition) -> Result<()>;

    /// Names a version.
    fn put_object(&self, put: PutObject) -> Result<ObjectInfo>;

    /// Makes a directory, or finds it there.
    fn put_directory(&self, path: &Path) -> Result<()>;

    /// Deletes an object's name or an empty directory.
    fn delete(&self, path: &Path, condition: &Condition) -> Result<()>;

    /// Replaces what is attached to an object's name.
    fn set_metadata(
        &self,
        path: &Path,
        metadata: &Metadata,
        condition: &Condition,
    ) -> Result<ObjectInfo>;

    /// Gives the version of `source` a second name.
    fn link(&self, source: &Path, path: &Path) -> Result<ObjectInfo>;

    /// Lists part of a directory.
    fn list(&self, path: &Path, options: &ListOptions) -> Result<Listing>;

    /// Queues those of the ids that no name has, and returns how many.
    fn condemn(&self, ids: &[ObjectId]) -> Result<u64>;

    /// Returns at most `limit` ids that were queued at least `age` ago.
    fn condemned(&self, age: Duration, limit: u32) -> Result<Vec<ObjectId>>;

    /// Takes ids, whose blobs are gone, off the queue. They can still never
    /// be named.
    fn forget(&self, ids: &[ObjectId]) -> Result<()>;
}
