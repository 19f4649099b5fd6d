//! The queue of versions to delete, and the change log's end.
//!
//! An id enters the queue in the transaction that takes its last name, or by
//! the sweep, when a blob was found that no name has. Naming an id checks this
//! table, so a sleeping writer whose blob was swept fails instead of naming
//! nothing. For the same reason a row stays for a week after its blob is gone.
//!
//! Who copies the folder holds deletion back meanwhile. A hold has a time at
//! which it ends by itself, so one who dies holds nothing back for long.

use std::time::Duration;

use rusqlite::{Connection, params};
use thoth_manta::{ObjectId, Result};

use super::{Tried, now_ms};

/// How long a row outlives its blob.
const REMEMBERED_MS: i64 = 7 * 24 * 3600 * 1000;
/// Changes that one transaction takes off the log.
const TRIMMED_AT_ONCE: u64 = 10_000;

fn ms(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// Queues those of the ids that no name has.
pub(super) fn condemn(sql: &Connection, ids: &[ObjectId]) -> Result<u64> {
    let mut insert = sql
        .prepare_cached(
            "INSERT OR IGNORE INTO garbage(id, since)
             SELECT ?1, ?2 WHERE NOT EXISTS
                 (SELECT 1 FROM object WHERE id = ?1 AND body IS NULL)",
        )
        .tried("condemn versions")?;
    let mut count = 0;
    for id in ids {
        count += insert
            .execute(params![id.0, now_ms()])
            .tried("condemn a version")?;
    }
    Ok(count as u64)
}

/// Returns ids that were queued some time ago.
pub(super) fn condemned(
    sql: &Connection,
    age: Duration,
    limit: u32,
) -> Result<Vec<ObjectId>> {
    let now = now_ms();
    sql.prepare_cached(
        "SELECT id FROM garbage WHERE gone IS NULL AND since <= ?1
             AND NOT EXISTS (SELECT 1 FROM hold WHERE until > ?3)
         ORDER BY since LIMIT ?2",
    )
    .and_then(|mut query| {
        let until = now.saturating_sub(ms(age));
        query
            .query_map(params![until, limit, now], |row| {
                row.get(0).map(ObjectId)
            })
            .and_then(Iterator::collect)
    })
    .tried("read the delete queue")
}

/// Takes ids off the queue.
pub(super) fn forget(sql: &Connection, ids: &[ObjectId]) -> Result<()> {
    let now = now_ms();
    let mut mark = sql
        .prepare_cached("UPDATE garbage SET gone = ?2 WHERE id = ?1")
        .tried("shorten the delete queue")?;
    for id in ids {
        mark.execute(params![id.0, now]).tried("shorten the delete queue")?;
    }
    sql.prepare_cached("DELETE FROM garbage WHERE gone < ?1")
        .and_then(|mut q| q.execute([now - REMEMBERED_MS]))
        .tried("forget what was deleted long ago")?;
    Ok(())
}

/// Holds deletion back.
pub(super) fn hold(sql: &Connection, name: &str, time: Duration) -> Result<()> {
    let now = now_ms();
    sql.prepare_cached("DELETE FROM hold WHERE name = ?1 OR until <= ?2")
        .and_then(|mut q| q.execute(params![name, now]))
        .tried("end a hold")?;
    if time.is_zero() {
        return Ok(());
    }
    sql.prepare_cached("INSERT INTO hold(name, until) VALUES (?1, ?2)")
        .and_then(|mut q| {
            q.execute(params![name, now.saturating_add(ms(time))])
        })
        .tried("hold deletion back")
        .map(|_| ())
}

/// Takes some of the oldest changes off the log.
pub(super) fn trim(sql: &Connection, keep: u64) -> Result<u64> {
    let number = |text: &str| -> Result<u64> {
        sql.query_row(text, [], |row| row.get(0)).tried("read the change log")
    };
    let first = number("SELECT coalesce(min(position), 0) FROM change")?;
    let last = number("SELECT coalesce(max(position), 0) FROM change")?;
    // An index at 0 was never filled, or is to be rebuilt from the objects.
    let read = number(
        "SELECT coalesce(min(position), 9223372036854775807) FROM idx
         WHERE name IS NOT NULL AND position > 0",
    )?;
    let until = last
        // The next position is found from the last change.
        .saturating_sub(keep.max(1))
        .min(read)
        .min(first.saturating_add(TRIMMED_AT_ONCE));
    if until < first || first == 0 {
        return Ok(0);
    }
    sql.execute(
        "UPDATE setting SET value = ?1 WHERE name = 'changes_trimmed_to'",
        [until],
    )
    .tried("note how far the change log goes")?;
    sql.execute("DELETE FROM change WHERE position <= ?1", [until])
        .tried("shorten the change log")
        .map(|count| count as u64)
}

/// Returns the position of the last change that was taken off the log.
pub(super) fn trimmed_to(sql: &Connection) -> Result<u64> {
    sql.prepare_cached(
        "SELECT value FROM setting WHERE name = 'changes_trimmed_to'",
    )
    .and_then(|mut q| q.query_row([], |row| row.get(0)))
    .tried("read how far the change log goes")
}
