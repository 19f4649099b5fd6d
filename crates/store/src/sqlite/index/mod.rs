//! Document indexes in tables of their own.
//!
//! Every index is a *generation*: four tables whose names end in its number.
//! Replacing an index is then a change of one row, and forgetting one is
//! dropping its tables, not deleting millions of rows.
//!
//! | table | key | holds |
//! | --- | --- | --- |
//! | `idx` | `gen` | the generations: the index's name (null: forgotten, to be dropped) and its position in the change log |
//! | `doc_N` | `key`; `id`; `(time, id)` | the documents: id, time, etag, and `vals`, the sorted keys of their values, 4 bytes each, little-endian |
//! | `val_N` | `key`; `(field, mark, text)` | each distinct value once, and how many documents have it |
//! | `post_N` | `(val, time, doc)` | the documents that have a value, in the order of time |
//! | `day_N` | `(val, day)` | how many documents have a value, by day (of 86,400 seconds since 1970); value 0 stands for all documents |
//!
//! A test is judged once for each distinct value, of which there are few (a
//! million dumps have some thousand hosts). The smallest list of documents
//! leads; the other tests are looked up in the `vals` of its documents, which
//! costs one row each and no parsing.
//!
//! Unknown times are stored as the smallest number, so that they come last
//! and lie in no window.
//!
//! | work, a million documents of 14 values | cost |
//! | --- | --- |
//! | value test, 5,000 hosts | 5,000 calls, about 2 ms |
//! | a document of the leading list | one row, about 2 us |
//! | counts by value | one row a value; one more a value and day in a window |

pub(super) mod build;
mod count;
mod query;
pub(super) mod runs;
mod write;

pub(super) use count::{values, verify};
pub(super) use query::query;
pub(super) use write::apply;

use std::cmp::Ordering;

use rusqlite::{Connection, OptionalExtension, params};
use thoth_manta::{Code, Error, Result};

use super::Tried;

/// Stands for an unknown time.
const UNKNOWN: f64 = f64::MIN;
/// The value that all documents have.
const ALL: i64 = 0;

/// Tells whether the table of generations is there.
pub(super) fn is_prepared(sql: &Connection) -> Result<bool> {
    sql.query_row(
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'idx')",
        [],
        |row| row.get(0),
    )
    .tried("look for the indexes")
}

/// Makes the table of generations where it is missing, and drops what an
/// older layout had. An index is a cache: its layout needs no version.
pub(super) fn prepare(sql: &Connection) -> Result<()> {
    if is_prepared(sql)? {
        return Ok(());
    }
    sql.execute_batch(
        "BEGIN IMMEDIATE;
         CREATE TABLE IF NOT EXISTS idx(
             gen INTEGER PRIMARY KEY AUTOINCREMENT,
             name TEXT UNIQUE,
             position INTEGER NOT NULL
         );
         DROP TABLE IF EXISTS doc;
         DROP TABLE IF EXISTS index_state;
         COMMIT;",
    )
    .tried("make the table of indexes")
}

/// A generation and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Generation {
    number: i64,
    pub(super) position: u64,
}

/// Returns the generation of an index, if it has one.
pub(super) fn find(sql: &Connection, name: &str) -> Result<Option<Generation>> {
    sql.prepare_cached("SELECT gen, position FROM idx WHERE name = ?1")
        .and_then(|mut q| {
            q.query_row([name], |row| {
                Ok(Generation { number: row.get(0)?, position: row.get(1)? })
            })
            .optional()
        })
        .tried("look an index up")
}

/// Returns the generation of an index, making its tables when it is new.
pub(super) fn find_or_make(sql: &Connection, name: &str) -> Result<Generation> {
    if let Some(found) = find(sql, name)? {
        return Ok(found);
    }
    sql.execute("INSERT INTO idx(name, position) VALUES (?1, 0)", [name])
        .tried("make an index")?;
    let n = sql.last_insert_rowid();
    make_tables(sql, n)?;
    sql.execute_batch(&order_values_text(n))
        .and_then(|()| sql.execute_batch(&order_documents_text(n)))
        .tried("make an index's tables")?;
    Ok(Generation { number: n, position: 0 })
}

/// Makes a generation's tables, without what is made after filling them.
fn make_tables(sql: &Connection, n: i64) -> Result<()> {
    sql.execute_batch(&format!(
        "CREATE TABLE doc_{n}(
             key INTEGER PRIMARY KEY,
             id TEXT NOT NULL UNIQUE,
             time REAL NOT NULL,
             etag TEXT NOT NULL,
             vals BLOB NOT NULL
         );
         CREATE TABLE val_{n}(
             key INTEGER PRIMARY KEY,
             field TEXT NOT NULL,
             mark INTEGER NOT NULL,
             text TEXT NOT NULL,
             n INTEGER NOT NULL
         );
         CREATE TABLE post_{n}(
             val INTEGER NOT NULL,
             time REAL NOT NULL,
             doc INTEGER NOT NULL,
             PRIMARY KEY(val, time, doc)
         ) WITHOUT ROWID;
         CREATE TABLE day_{n}(
             val INTEGER NOT NULL,
             day INTEGER NOT NULL,
             n INTEGER NOT NULL,
             PRIMARY KEY(val, day)
         ) WITHOUT ROWID;"
    ))
    .tried("make an index's tables")
}

/// Returns the statement that orders values by their text.
fn order_values_text(n: i64) -> String {
    format!(
        "CREATE UNIQUE INDEX IF NOT EXISTS val_{n}_text
         ON val_{n}(field, mark, text)"
    )
}

/// Returns the statement that orders documents by time.
fn order_documents_text(n: i64) -> String {
    format!("CREATE INDEX IF NOT EXISTS doc_{n}_time ON doc_{n}(time, id)")
}

/// Moves the position of a generation.
fn set_position(sql: &Connection, generation: i64, to: u64) -> Result<()> {
    sql.prepare_cached("UPDATE idx SET position = ?2 WHERE gen = ?1")
        .and_then(|mut q| q.execute(params![generation, to]))
        .tried("move an index's position")
        .map(|_| ())
}

/// Takes the name of an index away; its tables wait to be dropped.
pub(super) fn forget(sql: &Connection, name: &str) -> Result<()> {
    sql.execute("UPDATE idx SET name = NULL WHERE name = ?1", [name])
        .tried("forget an index")
        .map(|_| ())
}

/// Puts a generation in the place of an index, which is forgotten.
fn replace(sql: &Connection, name: &str, with: Generation) -> Result<()> {
    forget(sql, name)?;
    sql.execute(
        "UPDATE idx SET name = ?2, position = ?3 WHERE gen = ?1",
        params![with.number, name, with.position],
    )
    .tried("replace an index")
    .map(|_| ())
}

/// Tells whether there are tables to drop.
pub(super) fn has_forgotten(sql: &Connection) -> Result<bool> {
    sql.query_row(
        "SELECT EXISTS (SELECT 1 FROM idx WHERE name IS NULL)",
        [],
        |row| row.get(0),
    )
    .tried("look for forgotten indexes")
}

/// Drops the tables of one forgotten index; false when there was none.
pub(super) fn drop_one(sql: &Connection) -> Result<bool> {
    let found: Option<i64> = sql
        .query_row("SELECT gen FROM idx WHERE name IS NULL LIMIT 1", [], |r| {
            r.get(0)
        })
        .optional()
        .tried("look for a forgotten index")?;
    let Some(n) = found else { return Ok(false) };
    sql.execute_batch(&format!(
        "DROP TABLE IF EXISTS doc_{n}; DROP TABLE IF EXISTS val_{n};
         DROP TABLE IF EXISTS post_{n}; DROP TABLE IF EXISTS day_{n};
         DELETE FROM idx WHERE gen = {n};"
    ))
    .tried("drop a forgotten index")?;
    Ok(true)
}

/// Returns the day that a time lies in; unknown times have one of their own.
fn day_of(time: f64) -> i64 {
    // Saturates, which keeps times beyond all days in order.
    (time / 86_400.0).floor() as i64
}

/// Orders times, of which none is NaN, as numbers do.
#[derive(Clone, Copy, Debug)]
struct Time(f64);

impl PartialEq for Time {
    fn eq(&self, other: &Time) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Time {}

impl PartialOrd for Time {
    fn partial_cmp(&self, other: &Time) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Time {
    fn cmp(&self, other: &Time) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// Reads the keys of a document's values.
fn decode(vals: &[u8]) -> impl Iterator<Item = u32> + '_ {
    vals.as_chunks::<4>().0.iter().map(|key| u32::from_le_bytes(*key))
}

/// Writes the keys of a document's values, which are in order.
fn encode(keys: &[u32]) -> Vec<u8> {
    keys.iter().flat_map(|key| key.to_le_bytes()).collect()
}

/// Returns a value's key as documents hold it.
fn small(key: i64) -> Result<u32> {
    u32::try_from(key).map_err(|_| {
        Error::new(
            Code::InternalError,
            format!("index: value key {key}, expected at most {}", u32::MAX),
        )
    })
}
