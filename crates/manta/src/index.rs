//! An ability of stores that keep a database: documents that follow objects.
//!
//! Objects are canon; an index is a cache that can be thrown away. A store
//! with this ability writes every change of an object into an ordered log.
//! Whoever keeps an index reads the log from where the index stands, reads the
//! changed objects, and applies documents and the new position in one step
//! that fails when somebody else moved the position meanwhile. So an index is
//! never ahead of canon, two processes may follow at once, and a crash in the
//! middle costs a repetition.

use std::ops::ControlFlow;

use crate::{Etag, Path, Result};

/// A change of one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The place in the log: later changes have larger numbers.
    pub position: u64,
    /// The path of the object.
    pub path: Path,
    /// The version it has since; `None` when it was deleted.
    pub etag: Option<Etag>,
}

/// Part of the change log.
#[derive(Clone, Debug)]
pub struct ChangePage {
    /// The changes after the position asked for, oldest first.
    pub changes: Vec<Change>,
    /// Where to go on: the position of the last change, or the one asked
    /// for when there was none.
    pub position: u64,
    /// False when the log no longer reaches back to the position asked for:
    /// the index must be rebuilt from the objects.
    pub complete: bool,
}

/// A document of an index.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// Its key, unique in the index.
    pub id: String,
    /// The time it is ordered by, in seconds since 1970; `None`: unknown.
    pub time: Option<f64>,
    /// The version of the object it was made from.
    pub etag: Etag,
    /// JSON text.
    pub body: String,
}

/// Changes to an index, applied in one step.
#[derive(Clone, Debug, Default)]
pub struct IndexBatch {
    /// The position in the log that the index has afterwards.
    pub position: u64,
    /// Documents to add or replace.
    pub put: Vec<Document>,
    /// Keys to remove; absent ones are fine.
    pub remove: Vec<String>,
}

/// Which documents to visit.
#[derive(Clone, Debug, Default)]
pub struct IndexQuery {
    /// Only keys that begin so.
    pub id_prefix: Option<String>,
    /// Only times after this one.
    pub after: Option<f64>,
    /// Only times before this one.
    pub before: Option<f64>,
    /// Newest first (unknown times last); otherwise in the order of keys.
    pub newest_first: bool,
}

/// What the visitor of a query is given, and how it stops the visit.
pub type Visit<'a> = dyn FnMut(Document) -> ControlFlow<()> + 'a;

/// Document indexes beside the objects.
pub trait Index: Send + Sync {
    /// Returns changes of objects after `since`, at most `limit`.
    fn changes(&self, since: u64, limit: u32) -> Result<ChangePage>;

    /// Returns the position that an index has reached; 0 for a new one.
    fn index_position(&self, index: &str) -> Result<u64>;

    /// Applies a batch if the index still stands at `expected`; otherwise
    /// changes nothing and returns false.
    fn index_apply(
        &self,
        index: &str,
        expected: u64,
        batch: IndexBatch,
    ) -> Result<bool>;

    /// Visits the documents that the query names, from one consistent state.
    fn index_query(
        &self,
        index: &str,
        query: &IndexQuery,
        visit: &mut Visit<'_>,
    ) -> Result<()>;

    /// Forgets all documents and goes back to position 0.
    fn index_clear(&self, index: &str) -> Result<()>;
}
