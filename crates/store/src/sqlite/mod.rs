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
//! | `entry` | (directory, name) -> child directory or version, and what is attached to the name |
//! | `dir` | the number of entries of each directory |
//! | `object` | one row a version: id, size, digests, how many names it has, few bytes inline |
//! | `usage` | what each account has stored, and how much it may |
//! | `garbage`, `hold` | ids to delete, and who holds that back; an id here is never named again |
//! | `change` | the ordered log of changes of objects |
//! | `setting` | how far back the log goes |
//! | `account`, `secret` | who may sign requests; random bytes made once |
//! | `idx` and four tables each | document indexes (see `index`) |
//!
//! `user_version` holds the version of this layout (see `schema`). A folder
//! with a newer one is refused by name rather than guessed at.
//!
//! A full disk must not keep anybody from deleting, and a delete writes too.
//! So a mebibyte is kept in reserve, in a file beside the database, which goes
//! when a delete fails for want of room, and comes back when there is some.

mod account;
mod committer;
mod documents;
mod engine;
mod entry;
mod garbage;
mod index;
mod list;
mod names;
mod schema;
mod snapshot;
mod together;
mod turn;
mod usage;
mod walk;

use std::path::{Path as FsPath, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use thoth_manta::{Code, Error, Result};

pub use schema::SCHEMA_VERSION;
pub(crate) use snapshot::Snapshot;

use committer::Committer;
use entry::Ways;
use names::Writing;
use schema::State;

/// How long a connection waits for another process's transaction.
const BUSY: Duration = Duration::from_secs(60);
/// Idle reading connections that are kept.
const POOL: usize = 8;
/// Bytes kept in reserve for deletes on a full disk.
const RESERVE: u64 = 1 << 20;

/// A [`crate::MetaStore`] in one SQLite file.
pub struct Sqlite {
    file: PathBuf,
    readers: Mutex<Vec<Connection>>,
    ways: Ways,
    committer: Committer,
    /// Keeps the folder's lock for as long as the store is open.
    lock: Option<std::fs::File>,
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
        let opened = Sqlite::try_open(file, true)?;
        opened.ok_or_else(|| {
            let text = format!("{}: cannot be brought up", file.display());
            Error::new(Code::InternalError, text)
        })
    }

    /// Opens a database that is there and needs nothing done to it, so that
    /// others may have it open; `None` when it is not such a one.
    pub(crate) fn open_ready(file: &FsPath) -> Result<Option<Sqlite>> {
        if !file.exists() {
            return Ok(None);
        }
        Sqlite::try_open(file, false)
    }

    fn try_open(file: &FsPath, alone: bool) -> Result<Option<Sqlite>> {
        match Sqlite::open_once(file, alone) {
            // Even opening needs some room, for the index of the log.
            Err(error)
                if error.code() == Code::NotEnoughSpace
                    && release_reserve(file) =>
            {
                Sqlite::open_once(file, alone)
            }
            other => other,
        }
    }

    fn open_once(file: &FsPath, alone: bool) -> Result<Option<Sqlite>> {
        make_private_file(file)?;
        let writer = connect(file)?;
        // Foreign files are refused before anything is written to them.
        let state = schema::examine(&writer, file)?;
        let ready = state == State::Current && index::is_prepared(&writer)?;
        if !ready && !alone {
            return Ok(None);
        }
        schema::bring_up(&writer, state)?;
        index::prepare(&writer)?;
        writer
            .pragma_update(None, "cache_size", -32_000)
            .tried("set up the writing connection")?;
        let store = Sqlite {
            file: file.to_owned(),
            readers: Mutex::new(Vec::new()),
            ways: Ways::default(),
            committer: Committer::start(writer)?,
            lock: None,
        };
        store.keep_reserve();
        Ok(Some(store))
    }

    /// Keeps a lock while the store is open.
    pub(crate) fn keep_lock(&mut self, lock: std::fs::File) {
        self.lock = Some(lock);
    }

    /// Runs one transaction on the committer's thread.
    fn write<T: Send + 'static>(
        &self,
        mut work: impl FnMut(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.committer.run(move |writing| work(writing.sql))
    }

    /// Runs one transaction that looks paths up.
    fn write_names<T: Send + 'static>(
        &self,
        work: impl FnMut(Writing<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.committer.run(work)
    }

    /// Runs one transaction that gives room back: when there is none for it
    /// either, the reserve goes.
    fn write_freeing<T: Send + 'static>(
        &self,
        work: impl FnMut(Writing<'_>) -> Result<T> + Clone + Send + 'static,
    ) -> Result<T> {
        match self.committer.run(work.clone()) {
            Err(error)
                if error.code() == Code::NotEnoughSpace
                    && release_reserve(&self.file) =>
            {
                self.committer.run(work)
            }
            other => other,
        }
    }

    /// Sets room aside for deletes, if there is any to set aside.
    pub(crate) fn keep_reserve(&self) {
        let path = reserve(&self.file);
        if !path.exists() && make_reserve(&path).is_err() {
            // There is no room now; the next one to open tries again.
            let _ = std::fs::remove_file(&path);
        }
    }

    /// Runs work on a reading connection.
    fn with_reader<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T>,
    ) -> Result<T> {
        let idle =
            self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => {
                let new = connect(&self.file)?;
                new.pragma_update(None, "cache_size", -8_000)
                    .tried("set up a reading connection")?;
                new
            }
        };
        let result = work(&connection);
        if connection.is_autocommit() {
            let mut idle =
                self.readers.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < POOL {
                idle.push(connection);
            }
        }
        result
    }

    /// Runs reads from one consistent state.
    fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T>,
    ) -> Result<T> {
        self.with_reader(|sql| {
            run_text(sql, "BEGIN", "begin reading")?;
            let result = work(sql);
            // A connection that cannot end its transaction is thrown away.
            let ended = run_text(sql, "COMMIT", "end reading");
            result.and_then(|value| ended.map(|()| value))
        })
    }
}

/// Runs a statement that returns nothing, prepared once.
fn run_text(sql: &Connection, text: &str, what: &str) -> Result<()> {
    sql.prepare_cached(text)
        .and_then(|mut statement| statement.execute([]))
        .tried(what)
        .map(|_| ())
}

/// Makes the file, when it is missing, for its owner only: it holds small
/// objects whole.
fn make_private_file(file: &FsPath) -> Result<()> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let failed = |error| crate::local::failed("cannot open", file, error);
    let opened = std::fs::File::options()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(file)
        .map_err(failed)?;
    let mode = opened.metadata().map_err(failed)?.permissions().mode();
    if mode & 0o077 != 0 {
        // Made by an earlier version.
        let private = std::fs::Permissions::from_mode(0o600);
        opened.set_permissions(private).map_err(failed)?;
    }
    Ok(())
}

/// Returns the name of the file that keeps room for deletes.
fn reserve(file: &FsPath) -> PathBuf {
    file.with_file_name("reserve")
}

/// Gives the reserve up; false when there was none.
fn release_reserve(file: &FsPath) -> bool {
    std::fs::remove_file(reserve(file)).is_ok()
}

fn make_reserve(path: &FsPath) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::File::options()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(path)?;
    let flags = rustix::fs::FallocateFlags::empty();
    match rustix::fs::fallocate(&file, flags, 0, RESERVE) {
        Ok(()) => Ok(()),
        Err(rustix::io::Errno::OPNOTSUPP) => {
            file.write_all(&[1; RESERVE as usize])
        }
        Err(error) => Err(error.into()),
    }
}

fn connect(file: &FsPath) -> Result<Connection> {
    let connection = Connection::open(file)
        .map_err(|error| failed(&format!("open {}", file.display()), error))?;
    connection.set_prepared_statement_cache_capacity(128);
    connection
        .busy_timeout(BUSY)
        .and_then(|()| connection.pragma_update(None, "synchronous", "FULL"))
        .and_then(|()| connection.pragma_update(None, "foreign_keys", "ON"))
        .and_then(|()| connection.pragma_update(None, "temp_store", "MEMORY"))
        .and_then(|()| {
            connection.pragma_update(None, "wal_autocheckpoint", 4000)
        })
        .map_err(|error| failed("set up a connection", error))?;
    Ok(connection)
}

/// Returns the error of an SQL step, with the fitting code.
fn failed(what: &str, error: rusqlite::Error) -> Error {
    use rusqlite::{ErrorCode, ffi};
    let extended = error.sqlite_error().map(|e| e.extended_code);
    let code = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Code::NotEnoughSpace,
        // The index of the log could not be made longer.
        _ if extended == Some(ffi::SQLITE_IOERR_SHMSIZE) => {
            Code::NotEnoughSpace
        }
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
