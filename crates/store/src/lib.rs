//! The embedded object store: names in a database, bytes in local files.
//!
//! You give a folder and an account; you get a [`thoth_manta::Manta`] in this
//! process, with nothing to set up:
//!
//! ```
//! use thoth_manta::{Manta, MantaExt, Path, PutOptions};
//! use thoth_store::Embedded;
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! let store = Embedded::open(folder, "me")?;
//! let path = Path::parse("/me/stor/hello")?;
//! store.put_bytes(&path, b"hello", &PutOptions::default())?;
//! assert_eq!(store.get(&path, 100)?.1, b"hello");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The store is a pair of engines behind two traits:
//!
//! - [`MetaStore`] keeps names, versions, the change log and document
//!   indexes, as operations that are each one transaction; here [`Sqlite`].
//! - [`BlobStore`] keeps the bytes of versions under immutable ids; here
//!   [`LocalFiles`].
//!
//! [`ObjectStore`] joins a pair into the `Manta` contract. The order that makes
//! it safe: bytes are written, flushed and published under a fresh id; then
//! one transaction judges the condition and points the name at the id; only
//! then is the caller answered. A crash leaves at worst a file without a name,
//! which the sweep collects after a grace period.
//!
//! Folder layout: `store.db` (and SQLite's `-wal` and `-shm` beside it),
//! `objects/XX/UUID` (256 shards by the first two digits), `lock` (held while
//! a folder is being set up). Several processes may use one folder at once.
//!
//! [`conformance`] holds what every pair of engines must pass.

mod accounts;
mod backup;
mod blob;
mod concat;
pub mod conformance;
mod folder;
mod frames;
mod front;
mod local;
mod meta;
mod scrub;
mod sqlite;
mod tree;

pub use accounts::{
    Account, AccountChange, AccountKey, Accounts, Member, Policy, Role, User,
};
pub use backup::{BackedUp, RestoreOptions, Restored, restore};
pub use blob::{
    BlobReader, BlobStore, BlobWriter, Damage, Expected, Node, Stored, Wanted,
};
pub use concat::{Beside, ConcatOptions, Part};
pub use folder::FolderOptions;
pub use front::{Ages, Embedded, EmbeddedOptions, Maintained, ObjectStore};
pub use local::{LocalFiles, Settings};
pub use meta::{
    Checked, MetaStore, NameChange, NameVersion, NewObject, Opened, PutObject,
    Usage, Version,
};
pub use scrub::{BadVersion, ScrubOptions, Scrubbed};
pub use sqlite::{SCHEMA_VERSION, Sqlite};
