//! The engine trait for names, versions and indexes.
//!
//! Each operation is one transaction. Conditions are judged inside it, so an
//! engine needs no locks of its callers, and several processes may hold the
//! same store. No query language passes through here.

use std::time::Duration;

use thoth_manta::{
    Condition, Digest, DirectoryOptions, Etag, Index, Info, LinkOptions,
    ListOptions, Listing, Metadata, ObjectId, ObjectInfo, Path, Result,
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
    /// MD5 of the bytes, if it was computed.
    pub md5: Option<[u8; 16]>,
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

/// A name for a version that has one already.
#[derive(Clone, Debug)]
pub struct NameVersion {
    /// A name that it has now.
    pub source: Path,
    /// The version; another one under that name is `PreconditionFailed`, none
    /// is `SourceObjectNotFound`.
    pub etag: Etag,
    /// The new name.
    pub path: Path,
    /// What must hold of the new name's present version.
    pub condition: Condition,
    /// What is attached to the new name.
    pub metadata: Metadata,
    /// Copies asked for.
    pub durability: u8,
}

/// One of several changes that are made all or none.
#[derive(Clone, Debug)]
pub enum NameChange {
    /// Names a fresh version.
    Put(PutObject),
    /// Names a version once more.
    Name(NameVersion),
    /// Deletes an object's name or an empty directory.
    Delete {
        /// The name.
        path: Path,
        /// What must hold of its present version.
        condition: Condition,
    },
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

/// What an account has stored. A version counts once, however many names it
/// has, for the account under which it was first named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Versions.
    pub objects: u64,
    /// Their logical bytes.
    pub size_bytes: u64,
    /// What they take on disk.
    pub stored_bytes: u64,
    /// The most that they may take on disk; `None`: no limit.
    pub quota_bytes: Option<u64>,
}

/// A version, as a walk over all of them shows it.
#[derive(Clone, Debug)]
pub struct Version {
    /// Its place in the walk: later ones have larger numbers.
    pub place: u64,
    /// The id of its bytes.
    pub id: ObjectId,
    /// Logical length.
    pub size_bytes: u64,
    /// BLAKE3 of the bytes.
    pub digest: Digest,
    /// MD5 of the bytes, if it was computed.
    pub md5: Option<[u8; 16]>,
    /// The bytes, when they are kept beside the name.
    pub inline: Option<Vec<u8>>,
}

/// What a check of a version found.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Its place in the walk.
    pub place: u64,
    /// Its id; nothing is noted when the place has another one by now.
    pub id: ObjectId,
    /// What is wrong; `None`: all is well.
    pub fault: Option<String>,
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
/// - errors carry the contract's codes ([`thoth_manta::Code`]): one of
///   `InternalError` and `ServiceUnavailable` leaves open whether the change
///   was made, any other means that it was not.
pub trait MetaStore: Index {
    /// Makes an account with its root directories; one there is fine.
    fn create_account(&self, account: &str) -> Result<()>;

    /// Returns what is known about a path; `None` when it does not exist.
    fn info(&self, path: &Path) -> Result<Option<Info>>;

    /// Looks a version up for reading, its inline bytes from the same
    /// moment.
    fn open(&self, path: &Path) -> Result<Option<Opened>>;

    /// Refuses a put that is bound to fail, before its body is read: by its
    /// path, its condition, or the room it is going to need.
    fn check_put(
        &self,
        path: &Path,
        condition: &Condition,
        room_bytes: u64,
    ) -> Result<()>;

    /// Names a version.
    fn put_object(&self, put: PutObject) -> Result<ObjectInfo>;

    /// Makes several changes of names in their order, all or none; each is
    /// judged by what those before it left. Returns what was named, in order.
    fn change_names(&self, changes: Vec<NameChange>)
    -> Result<Vec<ObjectInfo>>;

    /// Makes a directory, or finds it there.
    fn put_directory(
        &self,
        path: &Path,
        options: &DirectoryOptions,
    ) -> Result<()>;

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
    fn link(
        &self,
        source: &Path,
        path: &Path,
        options: &LinkOptions,
    ) -> Result<ObjectInfo>;

    /// Lists part of a directory.
    fn list(&self, path: &Path, options: &ListOptions) -> Result<Listing>;

    /// Queues those of the ids that no name has, and returns how many.
    fn condemn(&self, ids: &[ObjectId]) -> Result<u64>;

    /// Returns at most `limit` ids that were queued at least `age` ago; none
    /// while somebody holds deletion back.
    fn condemned(&self, age: Duration, limit: u32) -> Result<Vec<ObjectId>>;

    /// Takes ids, whose blobs are gone, off the queue. They can still never
    /// be named.
    fn forget(&self, ids: &[ObjectId]) -> Result<()>;

    /// Holds deletion back for a time from now, under a name of the caller's;
    /// zero ends it.
    fn hold(&self, name: &str, time: Duration) -> Result<()>;

    /// Returns what an account has stored.
    fn usage(&self, account: &str) -> Result<Usage>;

    /// Limits what an account may store; what is there already stays.
    fn set_quota(&self, account: &str, bytes: Option<u64>) -> Result<()>;

    /// Returns at most `limit` versions after a place, in the order of
    /// places; 0 begins.
    fn versions(&self, after: u64, limit: u32) -> Result<Vec<Version>>;

    /// Notes what checks found, and when: now.
    fn note_checked(&self, checked: &[Checked]) -> Result<()>;

    /// Returns some of the names of a version, at most `limit`.
    fn names(&self, place: u64, limit: u32) -> Result<Vec<Path>>;

    /// Shortens the change log to at least its last `keep` changes, and to
    /// what indexes have yet to read; returns how many changes went.
    fn trim_changes(&self, keep: u64) -> Result<u64>;

    /// Takes the turn to do something that is done once in a while; false
    /// when it was taken less than `every` ago, by whomever.
    fn take_turn(&self, what: &str, every: Duration) -> Result<bool>;

    /// Checks what the engine itself keeps, and returns what is wrong.
    fn verify(&self) -> Result<Vec<String>>;
}
