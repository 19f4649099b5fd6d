//! Walking over all versions, for those who check and copy them.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};
use thoth_manta::{Digest, ObjectId, Path, Result};

use super::entry::TOP;
use super::{Tried, now_ms};
use crate::meta::{Checked, Version};

/// Levels of directories that a name can lie below; a path is shorter.
const MAX_LEVELS: usize = 8192;

/// Returns versions after a place.
pub(super) fn versions(
    sql: &Connection,
    after: u64,
    limit: u32,
) -> Result<Vec<Version>> {
    sql.prepare_cached(
        "SELECT key, id, size, digest, md5, body FROM object
         WHERE key > ?1 ORDER BY key LIMIT ?2",
    )
    .and_then(|mut query| {
        query
            .query_map(params![after, limit], |row| {
                Ok(Version {
                    place: row.get(0)?,
                    id: ObjectId(row.get(1)?),
                    size_bytes: row.get(2)?,
                    digest: Digest(row.get(3)?),
                    md5: row.get(4)?,
                    inline: row.get(5)?,
                })
            })
            .and_then(Iterator::collect)
    })
    .tried("walk over versions")
}

/// Notes what checks found.
pub(super) fn note(sql: &Connection, checked: &[Checked]) -> Result<()> {
    let now = now_ms();
    for one in checked {
        // The time is that of the last check that found nothing.
        let text = match one.fault {
            None => {
                "UPDATE object SET checked = ?3, fault = ?4
                 WHERE key = ?1 AND id = ?2"
            }
            Some(_) => {
                "UPDATE object SET fault = ?4
                 WHERE key = ?1 AND id = ?2 AND ?3 IS NOT NULL"
            }
        };
        sql.prepare_cached(text)
            .and_then(|mut q| {
                q.execute(params![one.place, one.id.0, now, one.fault])
            })
            .tried("note a check")?;
    }
    Ok(())
}

/// Returns some of the names of a version.
pub(super) fn names(
    sql: &Connection,
    place: u64,
    limit: u32,
) -> Result<Vec<Path>> {
    let found: Vec<(i64, Vec<u8>)> = sql
        .prepare_cached(
            "SELECT dir, name FROM entry WHERE object = ?1 LIMIT ?2",
        )
        .and_then(|mut query| {
            query
                .query_map(params![place, limit], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })
                .and_then(Iterator::collect)
        })
        .tried("look for a version's names")?;
    let mut known = HashMap::new();
    let mut paths = Vec::with_capacity(found.len());
    for (dir, name) in found {
        let above = directory_path(sql, dir, &mut known)?;
        let name = String::from_utf8_lossy(&name);
        paths.push(Path::parse(&format!("{above}/{name}"))?);
    }
    Ok(paths)
}

/// Returns the path of a directory, walking up.
fn directory_path(
    sql: &Connection,
    dir: i64,
    known: &mut HashMap<i64, String>,
) -> Result<String> {
    if let Some(path) = known.get(&dir) {
        return Ok(path.clone());
    }
    let mut names = Vec::new();
    let mut at = dir;
    while at != TOP && names.len() < MAX_LEVELS {
        let up: Option<(i64, Vec<u8>)> = sql
            .prepare_cached("SELECT dir, name FROM entry WHERE child = ?1")
            .and_then(|mut query| {
                query
                    .query_row([at], |row| Ok((row.get(0)?, row.get(1)?)))
                    .optional()
            })
            .tried("look for a directory's name")?;
        let Some((above, name)) = up else { break };
        names.push(String::from_utf8_lossy(&name).into_owned());
        at = above;
    }
    names.reverse();
    let path: String = names.iter().map(|name| format!("/{name}")).collect();
    known.insert(dir, path.clone());
    Ok(path)
}

/// Statements that find rows which contradict others; each returns text.
const CONTRADICTIONS: &[&str] = &[
    "SELECT 'directory ' || d.id || ': ' || d.entries || ' entries counted, '
         || count(e.dir) || ' there'
     FROM dir d LEFT JOIN entry e ON e.dir = d.id
     GROUP BY d.id HAVING d.entries <> count(e.dir)",
    "SELECT 'version ' || lower(hex(o.id)) || ': ' || o.names
         || ' names counted, ' || count(e.object) || ' there'
     FROM object o LEFT JOIN entry e ON e.object = o.key
     GROUP BY o.key HAVING o.names <> count(e.object)",
    "SELECT 'name ' || quote(CAST(e.name AS TEXT)) || ' in directory '
         || e.dir || ': it does not agree with version '
         || lower(hex(o.id))
     FROM entry e JOIN object o ON o.key = e.object
     WHERE e.id <> o.id OR e.size <> o.size OR e.stored <> o.stored
         OR e.digest <> o.digest OR e.md5 IS NOT o.md5",
    "SELECT 'directory ' || d.id || ': it has no name'
     FROM dir d WHERE d.id <> 0
         AND NOT EXISTS (SELECT 1 FROM entry e WHERE e.child = d.id)",
    "SELECT 'version ' || lower(hex(o.id)) || ': it is named and in the \
         delete queue'
     FROM object o JOIN garbage g ON g.id = o.id",
    "SELECT 'account ' || u.account || ': ' || u.objects || ' versions of '
         || u.stored || ' bytes counted, ' || count(o.key) || ' of '
         || coalesce(sum(o.stored), 0) || ' there'
     FROM usage u LEFT JOIN object o ON o.owner = u.account
     GROUP BY u.account
     HAVING u.objects <> count(o.key)
         OR u.size <> coalesce(sum(o.size), 0)
         OR u.stored <> coalesce(sum(o.stored), 0)",
    "SELECT 'account ' || quote(CAST(e.name AS TEXT)) || ': nothing counts \
         for it'
     FROM entry e WHERE e.dir = 0
         AND NOT EXISTS (SELECT 1 FROM usage u WHERE u.account = e.child)",
];

/// Checks the database's own structure, and that its tables agree.
pub(super) fn verify(sql: &Connection) -> Result<Vec<String>> {
    let collect = |text: &str| -> Result<Vec<String>> {
        sql.prepare(text)
            .and_then(|mut query| {
                query
                    .query_map([], |row| row.get(0))
                    .and_then(Iterator::collect)
            })
            .tried("check the database")
    };
    let mut faults = collect("PRAGMA integrity_check(100)")?;
    faults.retain(|line| line != "ok");
    if !faults.is_empty() {
        // What a damaged file says about itself would only confuse.
        return Ok(faults);
    }
    for text in CONTRADICTIONS {
        faults.extend(collect(&format!("{text} LIMIT 100"))?);
    }
    Ok(faults)
}
