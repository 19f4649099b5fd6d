//! Changing names: conditional put, delete, link.

use rusqlite::{Connection, params};
use thoth_manta::{
    Code, Condition, DirectoryOptions, Error, LinkOptions, Metadata, ObjectId,
    ObjectInfo, Path, Result, Timestamp,
};

use super::entry::{
    DEFAULT_TYPE, Entry, Version, Ways, count_entries, find, find_entry,
    find_parent,
};
use super::{Tried, now_ms, usage};
use crate::meta::{NewObject, PutObject};

/// Entries that a directory may have.
const MAX_ENTRIES: u64 = 1_000_000;

/// The connection that writes, and what its thread remembers.
#[derive(Clone, Copy)]
pub(super) struct Writing<'a> {
    pub(super) sql: &'a Connection,
    pub(super) ways: &'a Ways,
}

pub(super) fn refuse_root(path: &Path, verb: &str) -> Result<()> {
    if !path.is_root() {
        return Ok(());
    }
    Err(Error::new(
        Code::OperationNotAllowedOnRootDirectory,
        format!("{verb} is not allowed on {path}"),
    ))
}

pub(super) fn refuse_directory(path: &Path, verb: &str) -> Error {
    Error::new(
        Code::OperationNotAllowedOnDirectory,
        format!("{path} is a directory: {verb} is not allowed"),
    )
}

pub(super) fn require(
    condition: &Condition,
    path: &Path,
    now: Option<&Entry>,
) -> Result<()> {
    if *condition == Condition::none() {
        return Ok(());
    }
    let now = now.and_then(Entry::state);
    let state = now.as_ref().map(|(etag, mtime)| (etag, *mtime));
    if condition.holds_at(state) {
        return Ok(());
    }
    let there = match now {
        Some((etag, mtime)) => {
            format!("its version is {etag}, of {mtime}")
        }
        None => "it does not exist".to_owned(),
    };
    Err(Error::new(
        Code::PreconditionFailed,
        format!("{path}: the condition does not hold: {there}"),
    ))
}

/// Where a name is, or is going to be, and what it names now.
pub(super) struct Place {
    dir: i64,
    old: Option<Entry>,
}

/// Judges a put by its path and condition.
pub(super) fn judge_put(
    sql: &Connection,
    ways: &Ways,
    path: &Path,
    condition: &Condition,
) -> Result<Place> {
    refuse_root(path, "PUT")?;
    let dir = find_parent(sql, ways, path)?;
    let old = find_entry(sql, dir, path.name())?;
    if old.as_ref().is_some_and(|entry| entry.child.is_some()) {
        return Err(refuse_directory(path, "PUT"));
    }
    require(condition, path, old.as_ref())?;
    if old.is_none() {
        require_place(sql, dir, path)?;
    }
    Ok(Place { dir, old })
}

/// Refuses another entry in a directory that is full.
fn require_place(sql: &Connection, dir: i64, path: &Path) -> Result<()> {
    if count_entries(sql, dir)?.unwrap_or_default() < MAX_ENTRIES {
        return Ok(());
    }
    Err(Error::new(
        Code::DirectoryLimitExceeded,
        format!("{path}: its directory has {MAX_ENTRIES} entries"),
    ))
}

fn add_object(sql: &Connection, new: &NewObject, owner: i64) -> Result<i64> {
    if new.inline.is_none() {
        refuse_condemned(sql, new.id)?;
    }
    sql.prepare_cached(
        "INSERT INTO object(id, owner, size, stored, digest, md5, names, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7)",
    )
    .and_then(|mut insert| {
        insert.insert(params![
            new.id.0,
            owner,
            new.size_bytes,
            new.stored_bytes,
            new.digest.0,
            new.md5,
            new.inline,
        ])
    })
    .tried("add a version")
}

/// Refuses to name bytes that the sweep took for an orphan's, because their
/// writer slept so long.
fn refuse_condemned(sql: &Connection, id: ObjectId) -> Result<()> {
    let condemned: bool = sql
        .prepare_cached("SELECT EXISTS(SELECT 1 FROM garbage WHERE id = ?1)")
        .and_then(|mut q| q.query_row([id.0], |row| row.get(0)))
        .tried("look for a version in the delete queue")?;
    if !condemned {
        return Ok(());
    }
    Err(Error::new(
        Code::ConcurrentRequest,
        format!("version {id} was swept before it was named"),
    ))
}

/// Takes one name from a version; the last one queues its bytes.
fn release(sql: &Connection, version: &Version) -> Result<()> {
    let (left, inline, owner): (i64, bool, i64) = sql
        .prepare_cached(
            "UPDATE object SET names = names - 1 WHERE key = ?1
             RETURNING names, body IS NOT NULL, owner",
        )
        .and_then(|mut q| {
            q.query_row([version.key], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
        })
        .tried("release a version")?;
    if left > 0 {
        return Ok(());
    }
    sql.prepare_cached("DELETE FROM object WHERE key = ?1")
        .and_then(|mut delete| delete.execute([version.key]))
        .tried("remove a version")?;
    usage::subtract(sql, owner, version)?;
    if inline {
        return Ok(());
    }
    sql.prepare_cached("INSERT INTO garbage(id, since) VALUES (?1, ?2)")
        .and_then(|mut q| q.execute(params![version.id.0, now_ms()]))
        .tried("queue a version for deletion")?;
    Ok(())
}

/// Counts a name more of a version.
pub(super) fn add_name(sql: &Connection, version: &Version) -> Result<()> {
    sql.prepare_cached("UPDATE object SET names = names + 1 WHERE key = ?1")
        .and_then(|mut q| q.execute([version.key]))
        .tried("link a version")
        .map(|_| ())
}

/// What is attached to a name.
pub(super) struct Attached<'a> {
    pub(super) metadata: &'a Metadata,
    pub(super) durability: u8,
    pub(super) mtime: i64,
}

/// Returns what is stored for headers: nothing for none.
fn headers_text(
    headers: &std::collections::BTreeMap<String, String>,
) -> Option<String> {
    (!headers.is_empty()).then(|| {
        serde_json::to_string(headers).expect("a map of strings is JSON")
    })
}

/// Points a name at a version, in place of what it named.
pub(super) fn name_object(
    sql: &Connection,
    place: &Place,
    path: &Path,
    version: &Version,
    attached: &Attached<'_>,
) -> Result<()> {
    let text = if place.old.is_some() {
        "UPDATE entry SET object = ?3, mtime = ?4, durability = ?5, id = ?6,
             size = ?7, stored = ?8, digest = ?9, md5 = ?10,
             content_type = ?11, headers = ?12
         WHERE dir = ?1 AND name = ?2"
    } else {
        "INSERT INTO entry(dir, name, object, mtime, durability, id, size,
                           stored, digest, md5, content_type, headers)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
    };
    let content_type = attached.metadata.content_type.as_str();
    sql.prepare_cached(text)
        .and_then(|mut q| {
            q.execute(params![
                place.dir,
                path.name().as_bytes(),
                version.key,
                attached.mtime,
                attached.durability,
                version.id.0,
                version.size,
                version.stored,
                version.digest.0,
                version.md5,
                (content_type != DEFAULT_TYPE).then_some(content_type),
                headers_text(&attached.metadata.headers),
            ])
        })
        .tried("name a version")?;
    match place.old.as_ref().and_then(|entry| entry.version.as_ref()) {
        Some(version) => release(sql, version),
        None => add_to_count(sql, place.dir, 1),
    }
}

fn add_to_count(sql: &Connection, dir: i64, by: i64) -> Result<()> {
    sql.prepare_cached("UPDATE dir SET entries = entries + ?2 WHERE id = ?1")
        .and_then(|mut q| q.execute([dir, by]))
        .tried("count a directory's entries")
        .map(|_| ())
}

pub(super) fn log_change(
    sql: &Connection,
    path: &Path,
    id: Option<ObjectId>,
) -> Result<()> {
    sql.prepare_cached("INSERT INTO change(path, id) VALUES (?1, ?2)")
        .and_then(|mut q| q.execute(params![path.as_str(), id.map(|i| i.0)]))
        .tried("log a change")
        .map(|_| ())
}

/// Names a version.
pub(super) fn put(w: Writing<'_>, put: &PutObject) -> Result<ObjectInfo> {
    let place = judge_put(w.sql, w.ways, &put.path, &put.condition)?;
    let new = &put.object;
    let owner = usage::account(w.sql, w.ways, &put.path)?;
    let key = add_object(w.sql, new, owner)?;
    let version = Version {
        key,
        id: new.id,
        size: new.size_bytes,
        stored: new.stored_bytes,
        digest: new.digest,
        md5: new.md5,
    };
    let attached = Attached {
        metadata: &put.metadata,
        durability: put.durability,
        mtime: now_ms(),
    };
    name_object(w.sql, &place, &put.path, &version, &attached)?;
    // After the old version went: an overwrite needs the difference only.
    usage::add(w.sql, owner, &version, &put.path)?;
    log_change(w.sql, &put.path, Some(version.id))?;
    Ok(ObjectInfo {
        etag: version.id.etag(),
        size_bytes: version.size,
        stored_bytes: Some(version.stored),
        digest: Some(version.digest),
        md5: version.md5,
        mtime: time(attached.mtime),
        durability: put.durability,
        path: put.path.clone(),
        metadata: put.metadata.clone(),
    })
}

fn time(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or_default()
}

/// Adds a directory below another.
pub(super) fn add_directory(
    sql: &Connection,
    dir: i64,
    name: &str,
    headers: Option<String>,
) -> Result<i64> {
    let child = sql
        .prepare_cached("INSERT INTO dir DEFAULT VALUES")
        .and_then(|mut q| q.insert([]))
        .tried("add a directory")?;
    sql.prepare_cached(
        "INSERT INTO entry(dir, name, child, mtime, headers)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )
    .and_then(|mut q| {
        q.execute(params![dir, name.as_bytes(), child, now_ms(), headers])
    })
    .tried("name a directory")?;
    add_to_count(sql, dir, 1)?;
    Ok(child)
}

/// What is to be done to make a directory.
pub(super) enum ToMake {
    Nothing,
    Directory {
        dir: i64,
    },
    /// An object is in the way, which the caller wants replaced.
    InsteadOfObject {
        dir: i64,
    },
    Headers {
        dir: i64,
    },
}

/// Judges the making of a directory.
pub(super) fn judge_directory(
    sql: &Connection,
    ways: &Ways,
    path: &Path,
    options: &DirectoryOptions,
) -> Result<ToMake> {
    let dir = find_parent(sql, ways, path)?;
    match find_entry(sql, dir, path.name())? {
        None => {
            require_place(sql, dir, path)?;
            Ok(ToMake::Directory { dir })
        }
        Some(Entry { child: Some(_), metadata, .. }) => {
            let same =
                options.headers.as_ref().is_none_or(|h| *h == metadata.headers);
            Ok(if same { ToMake::Nothing } else { ToMake::Headers { dir } })
        }
        Some(_) if options.replace_object => {
            Ok(ToMake::InsteadOfObject { dir })
        }
        Some(_) => Err(Error::new(
            Code::ParentNotDirectory,
            format!("{path} is an object, not a directory"),
        )),
    }
}

/// Makes a directory, or gives it other headers.
pub(super) fn make_directory(
    w: Writing<'_>,
    path: &Path,
    options: &DirectoryOptions,
) -> Result<()> {
    let headers = options.headers.as_ref().and_then(headers_text);
    let dir = match judge_directory(w.sql, w.ways, path, options)? {
        ToMake::Nothing => return Ok(()),
        ToMake::Headers { dir } => {
            return w
                .sql
                .prepare_cached(
                    "UPDATE entry SET headers = ?3, mtime = ?4
                     WHERE dir = ?1 AND name = ?2",
                )
                .and_then(|mut q| {
                    let name = path.name().as_bytes();
                    q.execute(params![dir, name, headers, now_ms()])
                })
                .tried("replace a directory's headers")
                .map(|_| ());
        }
        ToMake::InsteadOfObject { dir } => {
            delete(w, path, &Condition::none())?;
            dir
        }
        ToMake::Directory { dir } => dir,
    };
    add_directory(w.sql, dir, path.name(), headers).map(|_| ())
}

/// Deletes an object's name or an empty directory.
pub(super) fn delete(
    w: Writing<'_>,
    path: &Path,
    condition: &Condition,
) -> Result<()> {
    refuse_root(path, "DELETE")?;
    let sql = w.sql;
    let not_found = || Error::not_found(path);
    let dir =
        find_parent(sql, w.ways, path).map_err(|error| match error.code() {
            Code::DirectoryDoesNotExist | Code::ParentNotDirectory => {
                not_found()
            }
            _ => error,
        })?;
    let entry = find_entry(sql, dir, path.name())?.ok_or_else(not_found)?;
    if let Some(child) = entry.child
        && count_entries(sql, child)?.unwrap_or_default() > 0
    {
        return Err(Error::new(
            Code::DirectoryNotEmpty,
            format!("{path} is not empty"),
        ));
    }
    if entry.child.is_none() {
        require(condition, path, Some(&entry))?;
    }
    sql.prepare_cached("DELETE FROM entry WHERE dir = ?1 AND name = ?2")
        .and_then(|mut q| q.execute(params![dir, path.name().as_bytes()]))
        .tried("delete a name")?;
    add_to_count(sql, dir, -1)?;
    if let Some(child) = entry.child {
        sql.prepare_cached("DELETE FROM dir WHERE id = ?1")
            .and_then(|mut q| q.execute([child]))
            .tried("delete a directory")?;
    }
    if let Some(version) = &entry.version {
        release(sql, version)?;
        log_change(sql, path, None)?;
    }
    Ok(())
}

/// Replaces what is attached to an object's name.
pub(super) fn set_metadata(
    w: Writing<'_>,
    path: &Path,
    metadata: &Metadata,
    condition: &Condition,
) -> Result<ObjectInfo> {
    let mut entry = find(w.sql, w.ways, path)?
        .filter(|entry| entry.version.is_some())
        .ok_or_else(|| Error::not_found(path))?;
    require(condition, path, Some(&entry))?;
    let dir = find_parent(w.sql, w.ways, path)?;
    let content_type = metadata.content_type.as_str();
    let mtime = now_ms();
    w.sql
        .prepare_cached(
            "UPDATE entry SET content_type = ?3, headers = ?4, mtime = ?5
             WHERE dir = ?1 AND name = ?2",
        )
        .and_then(|mut q| {
            q.execute(params![
                dir,
                path.name().as_bytes(),
                (content_type != DEFAULT_TYPE).then_some(content_type),
                headers_text(&metadata.headers),
                mtime,
            ])
        })
        .tried("replace what is attached to a name")?;
    entry.metadata = metadata.clone();
    entry.set_mtime(mtime);
    entry.object_info(path.clone()).ok_or_else(|| Error::not_found(path))
}

/// Gives the version of `source` a second name.
pub(super) fn link(
    w: Writing<'_>,
    source: &Path,
    path: &Path,
    options: &LinkOptions,
) -> Result<ObjectInfo> {
    let sql = w.sql;
    let mut from = find(sql, w.ways, source)?.ok_or_else(|| {
        Error::new(
            Code::SourceObjectNotFound,
            format!("{source} was not found"),
        )
    })?;
    let Some(version) = from.version else {
        return Err(Error::new(
            Code::LinkNotObject,
            format!("{source} is not an object"),
        ));
    };
    require(&options.condition, source, Some(&from))?;
    let place = judge_put(sql, w.ways, path, &Condition::none())?;
    add_name(sql, &version)?;
    from.metadata.headers = options.headers.clone();
    let mtime = now_ms();
    let attached = Attached {
        metadata: &from.metadata,
        durability: from.durability,
        mtime,
    };
    name_object(sql, &place, path, &version, &attached)?;
    log_change(sql, path, Some(version.id))?;
    from.set_mtime(mtime);
    from.object_info(path.clone()).ok_or_else(|| Error::not_found(path))
}
