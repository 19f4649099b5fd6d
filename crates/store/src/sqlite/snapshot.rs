//! A copy of the database, as a backup holds it.

use std::path::Path as FsPath;

use rusqlite::{Connection, OpenFlags, params};
use thoth_manta::{Code, Error, ObjectId, Path, Result};

use super::schema::{self, State};
use super::{Sqlite, Tried, failed, walk};
use crate::meta::Version;

/// A copy of the database that nobody else uses.
pub(crate) struct Snapshot {
    sql: Connection,
}

impl Snapshot {
    /// Writes a copy of a store's database, as of one moment, to a new file.
    pub(crate) fn write(store: &Sqlite, to: &FsPath) -> Result<()> {
        let name = to.to_str().ok_or_else(|| {
            Error::new(
                Code::InternalError,
                format!("{}: the name is not UTF-8", to.display()),
            )
        })?;
        store.with_reader(|sql| {
            sql.execute("VACUUM INTO ?1", params![name])
                .tried(&format!("copy itself to {name}"))
                .map(|_| ())
        })
    }

    /// Opens a copy for reading.
    pub(crate) fn open(file: &FsPath) -> Result<Snapshot> {
        let flags =
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let sql = Connection::open_with_flags(file, flags)
            .map_err(|e| failed(&format!("open {}", file.display()), e))?;
        match schema::examine(&sql, file)? {
            State::Current => Ok(Snapshot { sql }),
            State::Empty | State::Older(_) => Err(Error::new(
                Code::InternalError,
                format!(
                    "{}: made by an older version; bring its folder up first",
                    file.display()
                ),
            )),
        }
    }

    /// Makes a copy ready to be a store's database again.
    pub(crate) fn make_usable(file: &FsPath) -> Result<()> {
        let sql = Connection::open(file)
            .map_err(|e| failed(&format!("open {}", file.display()), e))?;
        schema::use_log(&sql)?;
        sql.execute("DELETE FROM hold", [])
            .tried("end what held deletion back")
            .map(|_| ())
    }

    pub(crate) fn versions(
        &self,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Version>> {
        walk::versions(&self.sql, after, limit)
    }

    pub(crate) fn names(&self, place: u64, limit: u32) -> Result<Vec<Path>> {
        walk::names(&self.sql, place, limit)
    }

    /// Tells whether a version has its bytes in a blob of that id.
    pub(crate) fn has_blob(&self, id: ObjectId) -> Result<bool> {
        self.sql
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM object
                 WHERE id = ?1 AND body IS NULL)",
            )
            .and_then(|mut q| q.query_row([id.0], |row| row.get(0)))
            .tried("look for a version")
    }

    pub(crate) fn verify(&self) -> Result<Vec<String>> {
        walk::verify(&self.sql)
    }
}
