//! An ability of stores that keep a database: documents that follow objects.
//!
//! Objects are canon; an index is a cache that can be thrown away. A store
//! with this ability writes every change of an object into an ordered log.
//! Whoever keeps an index reads the log from where the index stands, reads the
//! changed objects, and applies documents and the new position in one step
//! that fails when somebody else moved the position meanwhile. So an index is
//! never ahead of canon, two processes may follow at once, and a crash in the
//! middle costs a repetition.
//!
//! A document is what an object can be found by: a key, a time, and values
//! under names. What a value means is the caller's affair: it hands over a
//! test as a function of the value's text, and the engine decides how few
//! values it calls it for. So every engine gives the same answers, and no
//! query language passes through here. An engine may give back *more*
//! documents than pass the tests, when judging would cost more than it saves;
//! the caller reads the objects anyway and judges them itself. It never leaves
//! one out.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

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

/// One value that a document can be found by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Field {
    /// What the value is called. The empty name is not allowed.
    pub name: String,
    /// The value's text; `None` marks that there is something under this name
    /// that tests cannot judge.
    pub value: Option<String>,
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
    /// What it can be found by; one name may have several values. Queries
    /// give back only what [`IndexQuery::wanted`] asks for.
    pub fields: Vec<Field>,
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

/// Judges the text of a value.
#[derive(Clone)]
pub struct Accept(pub Arc<dyn Fn(&str) -> bool + Send + Sync>);

impl fmt::Debug for Accept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Accept")
    }
}

/// Something that must hold of a document's values.
#[derive(Clone, Debug)]
pub struct FieldTest {
    /// The name whose values are judged.
    pub name: String,
    /// A document with a mark under one of these names passes unjudged.
    pub marks: Vec<String>,
    /// False: some value is accepted. True: no value is.
    pub negated: bool,
    /// All texts that can be accepted, where they are known: the engine need
    /// not judge the others.
    pub exact: Option<Vec<String>>,
    /// Judges one value.
    pub accept: Accept,
}

/// Which values of documents a query gives back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Wanted {
    /// None.
    #[default]
    Nothing,
    /// Those under these names.
    Names(Vec<String>),
    /// All.
    Everything,
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
    /// What must hold, all of it; some that fail may be visited too.
    pub tests: Vec<FieldTest>,
    /// Newest first, unknown times last. Otherwise in the order of keys, or
    /// in no order where there are tests.
    pub newest_first: bool,
    /// Which values to give back.
    pub wanted: Wanted,
}

/// How many documents have each value of a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ValueCounts {
    /// Each value, or the mark (`None`), and how many documents have it; in
    /// no order.
    pub values: Vec<(Option<String>, u64)>,
    /// How many documents there are, with and without the name.
    pub documents: u64,
}

/// What the visitor of a query is given, and how it stops the visit.
pub type Visit<'a> = dyn FnMut(Document) -> ControlFlow<()> + 'a;

/// Hands over the documents of a new index, some at a time, no two of them with
/// one key; `None` at the end. Best in the order of keys.
pub type Documents<'a> = dyn FnMut() -> Result<Option<Vec<Document>>> + 'a;

/// Document indexes beside the objects.
pub trait Index: Send + Sync {
    /// Returns changes of objects after `since`, at most `limit`.
    fn changes(&self, since: u64, limit: u32) -> Result<ChangePage>;

    /// Returns the position of the last change; 0 when there was none.
    fn last_change(&self) -> Result<u64>;

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

    /// Counts documents by the values of a name, of those with a time after
    /// and before the ones given; without either, of all.
    fn index_values(
        &self,
        index: &str,
        name: &str,
        after: Option<f64>,
        before: Option<f64>,
    ) -> Result<ValueCounts>;

    /// Forgets all documents and goes back to position 0. Documents vanish at
    /// once, the room they take little by little.
    fn index_clear(&self, index: &str) -> Result<()>;

    /// Makes an index afresh from the documents handed over, and puts it,
    /// standing at `position`, in the place of `index` in one step at the end.
    /// Until then the one before goes on answering and following. Much quicker
    /// for many documents than applying them.
    ///
    /// When another build of the same index begins meanwhile, this one stops,
    /// changes nothing and returns false. One that was cut short leaves
    /// nothing but room taken, which the next one takes back.
    fn index_build(
        &self,
        index: &str,
        position: u64,
        documents: &mut Documents<'_>,
    ) -> Result<bool>;

    /// Checks that what the engine derives from the documents (lists,
    /// counters) agrees with them, and returns what does not; nothing when
    /// all is well.
    fn index_verify(&self, index: &str) -> Result<Vec<String>>;
}
