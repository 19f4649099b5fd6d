//! The layout of the database and its versions.
//!
//! `user_version` holds the version of the layout. Each version has one step
//! that leads to it from the one before; a fresh database takes all of them,
//! so that a folder brought up from version 1 and one made today have the
//! same tables. All steps of one opening are one transaction: a crash in the
//! middle leaves the old layout, whole.
//!
//! To change the layout, write `vN.sql`, add it to [`STEPS`], and freeze it:
//! a step that was released is never edited again. What an index keeps for
//! itself is not part of this: it is a cache with a version of its own (see
//! `documents`), thrown away when that differs.
//!
//! The tables are described in `docs/reference/layout.md`.

use std::path::Path as FsPath;

use rusqlite::Connection;
use thoth_manta::{Code, Error, Result};

use super::{Tried, failed};

/// What leads to version N + 1, at place N.
const STEPS: &[&str] =
    &[include_str!("v1.sql"), include_str!("v2.sql"), include_str!("v3.sql")];

/// The version of the layout that this program writes.
pub const SCHEMA_VERSION: i64 = STEPS.len() as i64;

/// Marks the file as ours ("Thth").
const APPLICATION: i64 = 0x5468_7468;

/// What a database is to this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing in it yet.
    Empty,
    /// An older version of the layout, which can be brought up.
    Older(i64),
    /// The version that this program writes.
    Current,
}

/// Tells what a database is, and refuses what this program must not touch.
pub(super) fn examine(sql: &Connection, file: &FsPath) -> Result<State> {
    let number = |name: &str| {
        sql.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map_err(
            |error| {
                failed(&format!("read {name} of {}", file.display()), error)
            },
        )
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
    let tables: i64 = sql
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .tried("read the schema")?;
    if version == 0 && tables == 0 {
        return Ok(State::Empty);
    }
    if application != APPLICATION || version < 1 {
        return refuse(format!(
            "{}: a database of another program (application id \
             {application:#x}, expected {APPLICATION:#x})",
            file.display(),
        ));
    }
    Ok(if version == SCHEMA_VERSION {
        State::Current
    } else {
        State::Older(version)
    })
}

/// Makes a fresh database or brings an old one up. The caller keeps all
/// others away.
pub(super) fn bring_up(sql: &Connection, state: State) -> Result<()> {
    let version = match state {
        State::Current => return Ok(()),
        State::Empty => {
            start(sql)?;
            0
        }
        State::Older(version) => version,
    };
    // Tables are replaced, which references into them would forbid. The
    // setting has no effect inside a transaction.
    sql.pragma_update(None, "foreign_keys", "OFF")
        .tried("let tables be replaced")?;
    let done = run_steps(sql, version);
    if done.is_err() && !sql.is_autocommit() {
        // The connection is about to be closed, which undoes all the same.
        let _ = sql.execute_batch("ROLLBACK");
    }
    let back = sql
        .pragma_update(None, "foreign_keys", "ON")
        .tried("check references again");
    done.and(back)
}

fn run_steps(sql: &Connection, version: i64) -> Result<()> {
    sql.execute_batch("BEGIN IMMEDIATE").tried("begin a transaction")?;
    let done = usize::try_from(version).unwrap_or(0);
    for (step, text) in STEPS.iter().enumerate().skip(done) {
        sql.execute_batch(text).tried(&format!(
            "bring the layout from version {step} to {}",
            step + 1
        ))?;
    }
    let broken: i64 = sql
        .query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |r| {
            r.get(0)
        })
        .tried("check references")?;
    if broken > 0 {
        return Err(Error::new(
            Code::InternalError,
            format!(
                "store database: {broken} rows refer to nothing; the layout \
                 stays at version {version}"
            ),
        ));
    }
    sql.execute_batch(&format!(
        "PRAGMA application_id = {APPLICATION};
         PRAGMA user_version = {SCHEMA_VERSION};
         COMMIT;"
    ))
    .tried("commit the layout")
}

/// Sets what can only be set before the first table.
fn start(sql: &Connection) -> Result<()> {
    sql.pragma_update(None, "page_size", 8192).tried("set the page size")?;
    use_log(sql)
}

/// Switches to write-ahead logging, which the file remembers.
pub(super) fn use_log(sql: &Connection) -> Result<()> {
    let mode: String = sql
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
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables(sql: &Connection) -> Vec<(String, String)> {
        let mut query = sql
            .prepare(
                "SELECT name, coalesce(sql, '') FROM sqlite_schema
                 ORDER BY name",
            )
            .expect("query");
        query
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .and_then(Iterator::collect)
            .expect("schema")
    }

    #[test]
    fn every_old_version_comes_up_to_the_same_tables() {
        let folder = tempfile::tempdir().expect("folder");
        let fresh = Connection::open(folder.path().join("n")).expect("open");
        bring_up(&fresh, State::Empty).expect("fresh");
        for version in 1..SCHEMA_VERSION {
            let file = folder.path().join(version.to_string());
            let old = Connection::open(&file).expect("open");
            start(&old).expect("start");
            for step in STEPS.iter().take(version as usize) {
                old.execute_batch(step).expect("step");
            }
            old.pragma_update(None, "user_version", version).expect("set");
            old.pragma_update(None, "application_id", APPLICATION)
                .expect("set");
            let state = examine(&old, &file).expect("examine");
            assert_eq!(state, State::Older(version));
            bring_up(&old, state).expect("bring up");
            assert_eq!(examine(&old, &file).expect("ok"), State::Current);
            assert_eq!(tables(&old), tables(&fresh));
        }
    }

    #[test]
    fn a_step_that_fails_leaves_the_old_layout() {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("db");
        let old = Connection::open(&file).expect("open");
        start(&old).expect("start");
        old.execute_batch(STEPS[0]).expect("step");
        old.pragma_update(None, "user_version", 1).expect("set");
        old.pragma_update(None, "application_id", APPLICATION).expect("set");
        // A name that points at a version which is not there.
        old.pragma_update(None, "foreign_keys", "OFF").expect("off");
        old.execute_batch(
            "INSERT INTO entry(dir, name, object, mtime)
             VALUES (0, x'61', 77, 0)",
        )
        .expect("insert");
        let before = tables(&old);
        let error = bring_up(&old, State::Older(1)).expect_err("refused");
        assert!(error.to_string().contains("version 1"), "{error}");
        assert_eq!(tables(&old), before);
        let state = examine(&old, &file).expect("examine");
        assert_eq!(state, State::Older(1));
    }
}
