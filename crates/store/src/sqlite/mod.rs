//! The metadata engine on SQLite.
//!
//! Writing: one thread owns the writing connection and commits for everybody
//! (see `committer`), so many writers share one flush. Reading: a pool of
//! connections beside it; write-ahead logging lets both go on at once, and
//! `synchronous=FULL` makes an acknowledged commit survive a power cut.
//! Other processes do the same on the same file; SQLite's lock decides between
//! the committers, and a busy one waits.
//!
//! | table | holds |
//! | --- | --- |
//! | `entry` | (directory, name) -> child directory or object, and what is attached to the name |
//! | `dir` | the number of entries of each directory |
//! | `object` | one row a version: id, size, digest, how many names it has, few bytes inline |
//! | `garbage` | ids to delete, and since when; an id here is never named again |
//! | `change` | the ordered log of changes of objects |
//! | `idx` and four tables each | document indexes (see `index`) |
//!
//! `user_version` holds the version of this layout. A folder with a newer one
//! is refused by name rather than guessed at.

mod committer;
mod documents;
mod entry;
mod garbage;
mod index;
mod names;
mod schema;

use std::path::{Path as FsPath, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use thoth_manta::{Code, Error, Result};

pub use schema::SCHEMA_VERSION;

use committer::Committer;

/// How long a connection waits for another process's transaction.
const BUSY: Duration = Duration::from_secs(60);
/// Idle reading connections that are kept.
const POOL: usize = 8;

/// A [`crate::MetaStore`] in one SQLite file.
pub struct Sqlite {
    file: PathBuf,
    readers: Mutex<Vec<Connection>>,
    committer: Committer,
}

impl std::fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sqlite({})", self.file.display())
    }
}

impl Sqlite {
    /// Opens the database, making or upgrading it when need be. The caller
    /// keeps other processes from doing the same at that moment.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened, belongs to another program, or was
    /// written by a newer one.
    pub fn open(file: &FsPath) -> Result<Sqlite> {
        let writer = connect(file)?;
        schema::prepare(&writer, file)?;
        index::prepare(&writer)?;
        Ok(Sqlite {
            file: file.to_owned(),
            readers: Mutex::new(Vec::new()),
            committer: Committer::start(writer)?,
        })
    }

    /// Runs one transaction on the committer's thread.
    fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.committer.run(work)
    }

    /// Runs reads from one consistent state.
    fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T>,
    ) -> Result<T> {
        let idle =
            self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => connect(&self.file)?,
        };
        let result = {
            let snapshot = connection
                .unchecked_transaction()
                .map_err(|e| failed("begin reading", e))?;
            work(&snapshot)
        };
        let mut idle =
            self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < POOL {
            idle.push(connection);
        }
        result
    }
}

fn connect(file: &FsPath) -> Result<Connection> {
    let connection = Connection::open(file)
        .map_err(|error| failed(&format!("open {}", file.display()), error))?;
    connection.set_prepared_statement_cache_capacity(64);
    connection
        .busy_timeout(BUSY)
        .and_then(|()| connection.pragma_update(None, "synchronous", "FULL"))
        .and_then(|()| connection.pragma_update(None, "foreign_keys", "ON"))
        .and_then(|()| {
            connection.pragma_update(None, "wal_autocheckpoint", 4000)
        })
        .map_err(|error| failed("set up a connection", error))?;
    Ok(connection)
}

/// Returns the error of an SQL step, with the fitting code.
fn failed(what: &str, error: rusqlite::Error) -> Error {
    use rusqlite::ErrorCode;
    let code = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Code::NotEnoughSpace,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            Code::ServiceUnavailable
        }
        _ => Code::InternalError,
    };
    Error::new(code, format!("store database: cannot {what}")).because(error)
}

/// Adds what was tried to the result of an SQL step.
trait Tried<T> {
    fn tried(self, what: &str) -> Result<T>;
}

impl<T> Tried<T> for rusqlite::Result<T> {
    fn tried(self, what: &str) -> Result<T> {
        self.map_err(|error| failed(what, error))
    }
}

/// Now, in milliseconds since 1970.
fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
