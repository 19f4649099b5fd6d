//! The layout of the database and its versions.

use std::path::Path as FsPath;

use rusqlite::Connection;
use thoth_manta::{Code, Error, Result};

use super::{Tried, failed};

/// The version of the layout that this program writes.
pub const SCHEMA_VERSION: i64 = 1;

/// Marks the file as ours ("Thth").
const APPLICATION: i64 = 0x5468_7468;

const TABLES: &str = "
CREATE TABLE dir(
    id INTEGER PRIMARY KEY,
    entries INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE object(
    key INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    stored INTEGER NOT NULL,
    digest BLOB NOT NULL,
    md5 BLOB,
    names INTEGER NOT NULL,
    body BLOB
);
CREATE TABLE entry(
    dir INTEGER NOT NULL REFERENCES dir(id),
    name BLOB NOT NULL,
    child INTEGER REFERENCES dir(id),
    object INTEGER REFERENCES object(key),
    mtime INTEGER NOT NULL,
    durability INTEGER NOT NULL DEFAULT 0,
    content_type TEXT,
    headers TEXT,
    PRIMARY KEY(dir, name),
    CHECK((child IS NULL) <> (object IS NULL))
) WITHOUT ROWID;
CREATE INDEX entry_child ON entry(child) WHERE child IS NOT NULL;
CREATE INDEX entry_object ON entry(object) WHERE object IS NOT NULL;
CREATE TABLE garbage(
    id BLOB PRIMARY KEY,
    since INTEGER NOT NULL,
    gone INTEGER
) WITHOUT ROWID;
CREATE INDEX garbage_since ON garbage(since) WHERE gone IS NULL;
CREATE INDEX garbage_gone ON garbage(gone) WHERE gone IS NOT NULL;
CREATE TABLE change(
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    path TEXT NOT NULL,
    id BLOB
);
CREATE TABLE index_state(
    name TEXT PRIMARY KEY,
    position INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE doc(
    idx TEXT NOT NULL,
    id TEXT NOT NULL,
    time REAL,
    etag TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY(idx, id)
);
CREATE INDEX doc_time ON doc(idx, time);
INSERT INTO dir(id) VALUES (0);
";

/// Makes a fresh database, or checks an old one.
pub(super) fn prepare(connection: &Connection, file: &FsPath) -> Result<()> {
    let number = |name: &str| {
        connection
            .pragma_query_value(None, name, |row| row.get::<_, i64>(0))
            .map_err(|error| {
                failed(&format!("read {name} of {}", file.display()), error)
            })
    };
    let version = number("user_version")?;
    let application = number("application_id")?;
    let refuse =
        |message: String| Err(Error::new(Code::InternalError, message));
    if version > SCHEMA_VERSION {
        return refuse(format!(
            "{}: layout version {version}, written by a newer thoth; this \
             one ({}) reads up to version {SCHEMA_VERSION}",
            file.display(),
            env!("CARGO_PKG_VERSION"),
        ));
    }
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .tried("read the schema")?;
    if version == 0 && tables == 0 {
        return create(connection);
    }
    if application != APPLICATION || version < 1 {
        return refuse(format!(
            "{}: a database of another program (application id \
             {application:#x}, expected {APPLICATION:#x})",
            file.display(),
        ));
    }
    Ok(())
}

fn create(connection: &Connection) -> Result<()> {
    connection
        .pragma_update(None, "page_size", 8192)
        .tried("set the page size")?;
    let mode: String = connection
        .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
        .tried("switch to write-ahead logging")?;
    if mode != "wal" {
        return Err(Error::new(
            Code::InternalError,
            format!(
                "the file system does not allow write-ahead logging \
                 (journal mode {mode:?}, expected \"wal\")"
            ),
        ));
    }
    connection
        .execute_batch(&format!(
            "BEGIN IMMEDIATE; {TABLES}
             PRAGMA application_id = {APPLICATION};
             PRAGMA user_version = {SCHEMA_VERSION};
             COMMIT;"
        ))
        .tried("create the tables")
}
