//! The contract of the object store, in types and one trait.
//!
//! Objects are immutable byte strings under names; names live in directories;
//! every write makes a new version with a fresh [`Etag`]. Whoever holds a
//! [`Manta`] (a store in this process, or a client of a server) can put,
//! read, list and delete with the same guarantees:
//!
//! - **One path changes atomically.** A put is seen whole or not at all, and a
//!   [`Condition`] is judged in the same step that makes the change: of several
//!   writers with the same condition one wins and the others are told.
//! - **Acknowledged means durable.** When `put` returns, a power cut does not
//!   lose it.
//! - **Readers keep their version.** A reader opened before an overwrite or a
//!   delete goes on reading what it opened.
//! - **Absent is certain.** `ResourceNotFound` means it is not there; trouble
//!   is another code, never a false "not found".
//!
//! Values are parsed at the edge: a [`Path`] cannot hold a name that escapes
//! its account, an [`Etag`] cannot hold a quote or a line break.
//!
//! ```
//! use thoth_manta::{Condition, Etag, Path};
//! let path = Path::parse("/alice/stor//dumps/core.1/")?;
//! assert_eq!(path.as_str(), "/alice/stor/dumps/core.1");
//! assert_eq!(path.name(), "core.1");
//! let etag = Etag::parse("0d9c4b9e-0d0c-4c3b-8d1c-0a2f6b6a3d57")?;
//! assert!(Condition::unchanged(etag.clone()).holds(Some(&etag)));
//! assert!(!Condition::create_only().holds(Some(&etag)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! With the feature `signature`, `signature` proves who sends a request.
//!
//! Not here: bytes on disk (`thoth-store`), HTTP, who may do what.

mod api;
mod error;
mod etag;
mod index;
mod path;
#[cfg(feature = "signature")]
pub mod signature;
mod types;

pub use api::{Manta, MantaExt, ObjectReader};
pub use error::{Code, Error, Result};
pub use etag::{Condition, Etag, EtagError, Matches};
pub use index::{
    Accept, Change, ChangePage, Document, Documents, Field, FieldTest, Index,
    IndexBatch, IndexQuery, ValueCounts, Visit, Wanted,
};
pub use jiff::Timestamp;
pub use path::{Area, Path, PathError};
pub use types::{
    Digest, DirectoryInfo, DirectoryOptions, Info, Kinds, LinkOptions,
    ListOptions, Listing, Md5, Metadata, ObjectId, ObjectInfo, Order,
    PutOptions,
};
