//! What accounts have stored, and how much they may.
//!
//! Counters are changed in the transaction that adds or removes a version, so
//! they are exact. They count what the bytes take on disk.

use rusqlite::{Connection, OptionalExtension, params};
use thoth_manta::{Code, Error, Path, Result};

use super::Tried;
use super::entry::{TOP, Version, Ways, find_parent};
use crate::meta::Usage;

/// Returns the number of the account that a path is in.
pub(super) fn account(
    sql: &Connection,
    ways: &Ways,
    path: &Path,
) -> Result<i64> {
    // The way to an area's parent is the way to the account.
    let mut above = path.clone();
    while let Some(parent) = above.parent() {
        if parent.parent().is_none() {
            return find_parent(sql, ways, &above);
        }
        above = parent;
    }
    Ok(TOP)
}

/// Counts a version that was added, unless that exceeds the quota.
pub(super) fn add(
    sql: &Connection,
    owner: i64,
    version: &Version,
    path: &Path,
) -> Result<()> {
    let changed = sql
        .prepare_cached(
            "UPDATE usage SET objects = objects + 1, size = size + ?2,
                 stored = stored + ?3
             WHERE account = ?1 AND (quota IS NULL OR stored + ?3 <= quota)",
        )
        .and_then(|mut q| {
            q.execute(params![owner, version.size, version.stored])
        })
        .tried("count what an account has stored")?;
    if changed > 0 {
        return Ok(());
    }
    let now = find(sql, owner)?.unwrap_or_default();
    Err(over_quota(path, now, version.stored))
}

/// Counts a version that was removed.
pub(super) fn subtract(
    sql: &Connection,
    owner: i64,
    version: &Version,
) -> Result<()> {
    sql.prepare_cached(
        "UPDATE usage SET objects = objects - 1, size = size - ?2,
             stored = stored - ?3 WHERE account = ?1",
    )
    .and_then(|mut q| q.execute(params![owner, version.size, version.stored]))
    .tried("count what an account has stored")
    .map(|_| ())
}

/// Refuses what cannot fit into the quota of its account.
pub(super) fn require_room(
    sql: &Connection,
    ways: &Ways,
    path: &Path,
    room: u64,
) -> Result<()> {
    let now = find(sql, account(sql, ways, path)?)?.unwrap_or_default();
    let fits = now
        .quota_bytes
        .is_none_or(|quota| now.stored_bytes.saturating_add(room) <= quota);
    if fits { Ok(()) } else { Err(over_quota(path, now, room)) }
}

fn over_quota(path: &Path, now: Usage, more: u64) -> Error {
    Error::new(
        Code::NotEnoughSpace,
        format!(
            "not enough free space for {} MB: {} has stored {} MB of the {} \
             MB that it may",
            more.div_ceil(1_000_000),
            path.account(),
            now.stored_bytes / 1_000_000,
            now.quota_bytes.unwrap_or_default() / 1_000_000,
        ),
    )
}

/// Returns what an account has stored.
pub(super) fn find(sql: &Connection, account: i64) -> Result<Option<Usage>> {
    sql.prepare_cached(
        "SELECT objects, size, stored, quota FROM usage WHERE account = ?1",
    )
    .and_then(|mut q| {
        q.query_row([account], |row| {
            Ok(Usage {
                objects: row.get(0)?,
                size_bytes: row.get(1)?,
                stored_bytes: row.get(2)?,
                quota_bytes: row.get(3)?,
            })
        })
        .optional()
    })
    .tried("read what an account has stored")
}

/// Begins to count for a new account.
pub(super) fn begin(sql: &Connection, account: i64) -> Result<()> {
    sql.prepare_cached("INSERT INTO usage(account) VALUES (?1)")
        .and_then(|mut q| q.execute([account]))
        .tried("begin to count for an account")
        .map(|_| ())
}

/// Sets the quota of an account.
pub(super) fn set_quota(
    sql: &Connection,
    account: i64,
    bytes: Option<u64>,
) -> Result<()> {
    // Larger than any disk, and what a column holds.
    let bytes = bytes.map(|bytes| bytes.min(i64::MAX as u64));
    sql.prepare_cached("UPDATE usage SET quota = ?2 WHERE account = ?1")
        .and_then(|mut q| q.execute(params![account, bytes]))
        .tried("set a quota")
        .map(|_| ())
}
