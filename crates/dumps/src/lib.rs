//! Dump management: which dump it is, what is known about it, finding it
//! again.
//!
//! You give a store (anything that is a [`thoth_manta::Manta`]) and the facts
//! of a dump; you get a library of dumps whose records can be queried, tagged
//! and ticketed by many people at once without losing anything.
//!
//! - [`identify`] says which dump it is, from its headers and notes alone.
//! - [`Dumps::upload`] stores a dump and its record; the record comes last, so
//!   a dump is listed whole or not at all.
//! - [`Spec`] is the language in which dumps are asked for.
//! - [`Dumps::set`] and its siblings change a record by compare-and-swap.
//!
//! The record, `ROOT/H/info.json`, is canon. The index in the store's
//! database is a cache that follows the record's object and can be thrown away.
//!
//! ```
//! use std::sync::Arc;
//! use thoth_dumps::{
//!     Bytes, CoreFacts, DumpId, DumpKind, Dumps, Spec, UploadOptions,
//! };
//! # let folder = tempfile::tempdir()?;
//! let store = thoth_store::Embedded::open(folder.path(), "me")?;
//! let dumps = Dumps::open(Arc::new(store), "me")?;
//!
//! let id = DumpId::parse("0ccf27af56fe18b9a1b2c3d4e5f60718").unwrap();
//! let mut facts = CoreFacts::new(DumpKind::Core, id);
//! facts.cmd = Some("svc.startd".into());
//! let options = UploadOptions::named("core.1");
//! let up = dumps.upload(&Bytes(b"..."), &facts, &options, &mut |_| {})?;
//! assert!(!up.already_there);
//!
//! dumps.ticket(&id, "OS-2359")?;
//! let found = dumps.find(&Spec::parse(&["cmd=svc.*", "ticket!=undefined"])?)?;
//! assert_eq!(found.records[0].ticket(), Some("OS-2359"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Not here: reading dumps (`thoth-postmortem`), the terminal.

mod build;
mod error;
mod facts;
mod files;
mod find;
mod history;
mod id;
mod identity;
mod index;
mod kdump;
mod library;
mod prop;
mod purge;
mod record;
mod remove;
mod replace;
mod report;
mod source;
mod spec;
mod stream;
mod update;
mod upload;
mod usage;

pub use error::{Candidate, Error, Kind, Result};
pub use facts::{Completeness, CoreFacts, ModuleFacts, SignalFacts, TimeFact};
pub use files::{Attachment, BuildFile};
pub use find::Found;
pub use history::{Change, ChangePart, Side};
pub use id::{DumpId, DumpKind, HashPrefix, HashPrefixError};
pub use identity::{
    CrashParts, Identity, IdentityParts, identify, identify_base,
    identify_crash, vmcoreinfo_note,
};
pub use index::IndexCheck;
pub use kdump::{KdumpError, read_kdump};
pub use library::{Dumps, Problem, Resolved, Selection};
pub use prop::PropPath;
pub use purge::{Kept, PlannedDump, PurgePlan, PurgePolicy, Purged};
pub use record::{Record, RecordError};
pub use remove::Removed;
pub use report::{Report, ReportRow};
pub use source::{Bytes, FileSource, Source};
pub use spec::{
    Bound, Glob, Pattern, Regex, Relation, SortKey, Spec, SpecError, Term,
    Test, TimeSide, When, is_term,
};
pub use stream::Incoming;
pub use update::parse_value;
pub use upload::{Progress, UploadOptions, Uploaded};
pub use usage::{Space, Usage, UsageRow};
