//! Whose turn it is to do what is done once in a while.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};
use thoth_manta::Result;

use super::{Tried, now_ms};

/// Tells whether the last turn was long enough ago.
pub(super) fn is_due(
    sql: &Connection,
    what: &str,
    every: Duration,
) -> Result<bool> {
    let last: Option<i64> = sql
        .prepare_cached("SELECT value FROM setting WHERE name = ?1")
        .and_then(|mut q| q.query_row([what], |row| row.get(0)).optional())
        .tried("read when something was last done")?;
    let every = i64::try_from(every.as_millis()).unwrap_or(i64::MAX);
    let now = now_ms();
    // A time to come is a clock that was set back.
    Ok(last.is_none_or(|last| last > now || now - last >= every))
}

/// Takes the turn, unless somebody else was faster.
pub(super) fn take(
    sql: &Connection,
    what: &str,
    every: Duration,
) -> Result<bool> {
    if !is_due(sql, what, every)? {
        return Ok(false);
    }
    sql.prepare_cached(
        "INSERT INTO setting(name, value) VALUES (?1, ?2)
         ON CONFLICT(name) DO UPDATE SET value = excluded.value",
    )
    .and_then(|mut q| q.execute(params![what, now_ms()]))
    .tried("note when something was done")
    .map(|_| true)
}
