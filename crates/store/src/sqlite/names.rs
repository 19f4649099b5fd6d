//! Changing names: conditional put, delete, link; and listing them.

use rusqlite::types::Value;
use rusqlite::{Connection, params};
use thoth_manta::{
    Area, Code, Condition, Error, Etag, Info, ListOptions, Listing, Metadata,
    ObjectId, ObjectInfo, Order, Path, Result,
};

use super::entry::{
    Entry, TOP, Version, count_entries, find, find_entry, find_parent,
};
use super::{Sqlite, Tried, now_ms};
use crate::meta::{MetaStore, NewObject, Opened, PutObject};

/// Entries that a directory may have.
const MAX_ENTRIES: i64 = 1_000_000;

fn refuse_root(path: &Path, verb: &str) -> Result<()> {
    if !path.is_root() {
        return Ok(());
    }
    Err(Error::new(
        Code::OperationNotAllowedOnRootDirectory,
        format!("{verb} is not allowed on {path}"),
    ))
}

fn refuse_directory(path: &Path, verb: &str) -> Error {
    Error::new(
        Code::OperationNotAllowedOnDirectory,
        format!("{path} is a directory: {verb} is not allowed"),
    )
}

fn require(
    condition: &Condition,
    path: &Path,
    now: Option<&Etag>,
) -> Result<()> {
    if condition.holds(now) {
        return Ok(());
    }
    let there = match now {
        Some(etag) => format!("its version is {etag}"),
        None => "it does not exist".to_owned(),
    };
    Err(Error::new(
        Code::PreconditionFailed,
        format!("{path}: the condition does not hold: {there}"),
    ))
}

/// Judges a put: returns the directory and what is there now.
fn judge_put(
    sql: &Connection,
    path: &Path,
    condition: &Condition,
) -> Result<(i64, Option<Entry>)> {
    refuse_root(path, "PUT")?;
    let dir = find_parent(sql, path)?;
    let now = find_entry(sql, dir, path.name())?;
    if now.as_ref().is_some_and(|entry| entry.child.is_some()) {
        return Err(refuse_directory(path, "PUT"));
    }
    let etag = now.as_ref().and_then(Entry::etag);
    require(condition, path, etag.as_ref())?;
    if now.is_none() && count_entries(sql, dir)? >= MAX_ENTRIES as u64 {
        return Err(Error::new(
            Code::DirectoryLimitExceeded,
            format!("{path}: its directory has {MAX_ENTRIES} entries"),
        ));
    }
    Ok((dir, now))
}

fn add_object(sql: &Connection, new: &NewObject) -> Result<i64> {
    let condemned: bool = sql
        .prepare_cached("SELECT EXISTS(SELECT 1 FROM garbage WHERE id = ?1)")
        .and_then(|mut q| q.query_row([new.id.0], |row| row.get(0)))
        .tried("look for a version in the delete queue")?;
    if condemned {
        // The writer slept so long that the sweep took its bytes for an
        // orphan's.
        return Err(Error::new(
            Code::ConcurrentRequest,
            format!("version {} was swept before it was named", new.id),
        ));
    }
    sql.prepare_cached(
        "INSERT INTO object(id, size, stored, digest, names, body)
         VALUES (?1, ?2, ?3, ?4, 1, ?5)",
    )
    .and_then(|mut insert| {
        insert.insert(params![
            new.id.0,
            new.size_bytes,
            new.stored_bytes,
            new.digest.0,
            new.inline,
        ])
    })
    .tried("add a version")
}

/// Takes one name from a version; the last one queues its bytes.
fn release(sql: &Connection, version: &Version) -> Result<()> {
    let left: i64 = sql
        .prepare_cached(
            "UPDATE object SET names = names - 1 WHERE key = ?1
             RETURNING names",
        )
        .and_then(|mut q| q.query_row([version.key], |row| row.get(0)))
        .tried("release a version")?;
    if left > 0 {
        return Ok(());
    }
    sql.prepare_cached("DELETE FROM object WHERE key = ?1")
        .and_then(|mut delete| delete.execute([version.key]))
        .tried("remove a version")?;
    if version.inline {
        return Ok(());
    }
    sql.prepare_cached("INSERT INTO garbage(id, since) VALUES (?1, ?2)")
        .and_then(|mut q| q.execute(params![version.id.0, now_ms()]))
        .tried("queue a version for deletion")?;
    Ok(())
}

/// Points a name at a version, in place of what it named.
fn name_object(
    sql: &Connection,
    (dir, old): (i64, Option<&Entry>),
    path: &Path,
    object: i64,
    (metadata, durability): (&Metadata, u8),
) -> Result<()> {
    let headers = serde_json::to_string(&metadata.headers)
        .expect("a map of strings is JSON");
    sql.prepare_cached(
        "INSERT INTO entry(dir, name, object, mtime, durability,
                           content_type, headers)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT(dir, name) DO UPDATE SET object = excluded.object,
             mtime = excluded.mtime, durability = excluded.durability,
             content_type = excluded.content_type, headers = excluded.headers",
    )
    .and_then(|mut q| {
        q.execute(params![
            dir,
            path.name().as_bytes(),
            object,
            now_ms(),
            durability,
            metadata.content_type,
            headers,
        ])
    })
    .tried("name a version")?;
    match old.and_then(|entry| entry.version.as_ref()) {
        Some(version) => release(sql, version),
        None => add_to_count(sql, dir, 1),
    }
}

fn add_to_count(sql: &Connection, dir: i64, by: i64) -> Result<()> {
    sql.prepare_cached("UPDATE dir SET entries = entries + ?2 WHERE id = ?1")
        .and_then(|mut q| q.execute([dir, by]))
        .tried("count a directory's entries")
        .map(|_| ())
}

fn log_change(
    sql: &Connection,
    path: &Path,
    id: Option<ObjectId>,
) -> Result<()> {
    sql.prepare_cached("INSERT INTO change(path, id) VALUES (?1, ?2)")
        .and_then(|mut q| q.execute(params![path.as_str(), id.map(|i| i.0)]))
        .tried("log a change")
        .map(|_| ())
}

fn add_directory(sql: &Connection, dir: i64, name: &str) -> Result<i64> {
    let child = sql
        .prepare_cached("INSERT INTO dir DEFAULT VALUES")
        .and_then(|mut q| q.insert([]))
        .tried("add a directory")?;
    sql.prepare_cached(
        "INSERT INTO entry(dir, name, child, mtime) VALUES (?1, ?2, ?3, ?4)",
    )
    .and_then(|mut q| q.execute(params![dir, name.as_bytes(), child, now_ms()]))
    .tried("name a directory")?;
    add_to_count(sql, dir, 1)?;
    Ok(child)
}

fn require_object(sql: &Connection, path: &Path) -> Result<ObjectInfo> {
    find(sql, path)?
        .and_then(|entry| entry.object_info(path))
        .ok_or_else(|| Error::not_found(path))
}

fn delete_entry(
    sql: &Connection,
    path: &Path,
    condition: &Condition,
) -> Result<()> {
    refuse_root(path, "DELETE")?;
    let not_found = || Error::not_found(path);
    let dir = find_parent(sql, path).map_err(|error| match error.code() {
        Code::DirectoryDoesNotExist | Code::ParentNotDirectory => not_found(),
        _ => error,
    })?;
    let entry = find_entry(sql, dir, path.name())?.ok_or_else(not_found)?;
    if let Some(child) = entry.child
        && count_entries(sql, child)? > 0
    {
        return Err(Error::new(
            Code::DirectoryNotEmpty,
            format!("{path} is not empty"),
        ));
    }
    if entry.child.is_none() {
        require(condition, path, entry.etag().as_ref())?;
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

fn list_page(
    sql: &Connection,
    path: &Path,
    options: &ListOptions,
) -> Result<Listing> {
    if !(1..=1024).contains(&options.limit) {
        return Err(Error::new(
            Code::InvalidArgument,
            format!(
                "limit={} is invalid: must be between [1, 1024]",
                options.limit
            ),
        ));
    }
    let entry = find(sql, path)?.ok_or_else(|| Error::not_found(path))?;
    let dir = entry.child.ok_or_else(|| {
        Error::new(
            Code::ParentNotDirectory,
            format!("{path} is an object, not a directory"),
        )
    })?;
    let columns = Entry::COLUMNS;
    let (from, order) = match options.order {
        Order::Name => (">=", "ASC"),
        Order::NameReversed => ("<=", "DESC"),
    };
    // Without a marker the comparison must not be there at all: it would
    // have to hold for every name.
    let marker = options.marker.as_deref().filter(|m| !m.is_empty());
    let range = match marker {
        Some(_) => format!("AND e.name {from} ?3"),
        None => "AND ?3 IS NULL".to_owned(),
    };
    let mut query = sql
        .prepare_cached(&format!(
            "SELECT {columns} FROM entry e
             LEFT JOIN object o ON o.key = e.object
             WHERE e.dir = ?1 {range} ORDER BY e.name {order} LIMIT ?2"
        ))
        .tried("list a directory")?;
    let marker =
        marker.map_or(Value::Null, |m| Value::Blob(m.as_bytes().to_vec()));
    let rows: Vec<(Vec<u8>, Entry)> = query
        .query_map(params![dir, options.limit, marker], |row| {
            Ok((row.get(12)?, Entry::from_row(row)?))
        })
        .and_then(Iterator::collect)
        .tried("list a directory")?;
    let mut entries = Vec::with_capacity(rows.len());
    for (name, entry) in rows {
        let name = String::from_utf8_lossy(&name);
        entries.push(entry.info(sql, &path.join(&name)?)?);
    }
    Ok(Listing { entries, total: count_entries(sql, dir)? })
}

impl MetaStore for Sqlite {
    fn create_account(&self, account: &str) -> Result<()> {
        let path = Path::parse(&format!("/{account}"))?;
        if self.read(|sql| find(sql, &path))?.is_some() {
            return Ok(());
        }
        self.write(move |sql| {
            if find(sql, &path)?.is_some() {
                return Ok(());
            }
            let dir = add_directory(sql, TOP, path.name())?;
            for area in Area::ALL {
                add_directory(sql, dir, area.as_str())?;
            }
            Ok(())
        })
    }

    fn info(&self, path: &Path) -> Result<Option<Info>> {
        self.read(|sql| {
            find(sql, path)?.map(|entry| entry.info(sql, path)).transpose()
        })
    }

    fn open(&self, path: &Path) -> Result<Option<Opened>> {
        self.read(|sql| {
            let Some(entry) = find(sql, path)? else { return Ok(None) };
            let (Some(info), Some(version)) =
                (entry.object_info(path), &entry.version)
            else {
                return Err(refuse_directory(path, "reading"));
            };
            let inline = sql
                .prepare_cached("SELECT body FROM object WHERE key = ?1")
                .and_then(|mut q| q.query_row([version.key], |r| r.get(0)))
                .tried("read a version")?;
            Ok(Some(Opened { info, id: version.id, inline }))
        })
    }

    fn check_put(&self, path: &Path, condition: &Condition) -> Result<()> {
        self.read(|sql| judge_put(sql, path, condition).map(|_| ()))
    }

    fn put_object(&self, put: PutObject) -> Result<ObjectInfo> {
        self.write(move |sql| {
            let (dir, old) = judge_put(sql, &put.path, &put.condition)?;
            let key = add_object(sql, &put.object)?;
            let attached = (&put.metadata, put.durability);
            name_object(sql, (dir, old.as_ref()), &put.path, key, attached)?;
            log_change(sql, &put.path, Some(put.object.id))?;
            require_object(sql, &put.path)
        })
    }

    fn put_directory(&self, path: &Path) -> Result<()> {
        if path.is_root() && path.parent().is_none() {
            return refuse_root(path, "PUT");
        }
        let there = |sql: &Connection, path: &Path| -> Result<Option<i64>> {
            let dir = find_parent(sql, path)?;
            match find_entry(sql, dir, path.name())? {
                Some(Entry { child: Some(_), .. }) => Ok(None),
                Some(_) => Err(Error::new(
                    Code::ParentNotDirectory,
                    format!("{path} is an object, not a directory"),
                )),
                None => Ok(Some(dir)),
            }
        };
        if self.read(|sql| there(sql, path))?.is_none() {
            return Ok(());
        }
        let path = path.clone();
        self.write(move |sql| match there(sql, &path)? {
            Some(dir) => add_directory(sql, dir, path.name()).map(|_| ()),
            None => Ok(()),
        })
    }

    fn delete(&self, path: &Path, condition: &Condition) -> Result<()> {
        let (path, condition) = (path.clone(), condition.clone());
        self.write(move |sql| delete_entry(sql, &path, &condition))
    }

    fn set_metadata(
        &self,
        path: &Path,
        metadata: &Metadata,
        condition: &Condition,
    ) -> Result<ObjectInfo> {
        let (path, metadata) = (path.clone(), metadata.clone());
        let condition = condition.clone();
        self.write(move |sql| {
            let now = require_object(sql, &path)?;
            require(&condition, &path, Some(&now.etag))?;
            let dir = find_parent(sql, &path)?;
            let headers = serde_json::to_string(&metadata.headers)
                .expect("a map of strings is JSON");
            sql.prepare_cached(
                "UPDATE entry SET content_type = ?3, headers = ?4, mtime = ?5
                 WHERE dir = ?1 AND name = ?2",
            )
            .and_then(|mut q| {
                q.execute(params![
                    dir,
                    path.name().as_bytes(),
                    metadata.content_type,
                    headers,
                    now_ms(),
                ])
            })
            .tried("replace what is attached to a name")?;
            require_object(sql, &path)
        })
    }

    fn link(&self, source: &Path, path: &Path) -> Result<ObjectInfo> {
        let (source, path) = (source.clone(), path.clone());
        self.write(move |sql| {
            let from = find(sql, &source)?.ok_or_else(|| {
                Error::new(
                    Code::SourceObjectNotFound,
                    format!("{source} was not found"),
                )
            })?;
            let version = from.version.as_ref().ok_or_else(|| {
                Error::new(
                    Code::LinkNotObject,
                    format!("{source} is not an object"),
                )
            })?;
            let (dir, old) = judge_put(sql, &path, &Condition::none())?;
            sql.prepare_cached(
                "UPDATE object SET names = names + 1 WHERE key = ?1",
            )
            .and_then(|mut q| q.execute([version.key]))
            .tried("link a version")?;
            let attached = (&from.metadata, from.durability);
            let place = (dir, old.as_ref());
            name_object(sql, place, &path, version.key, attached)?;
            log_change(sql, &path, Some(version.id))?;
            require_object(sql, &path)
        })
    }

    fn list(&self, path: &Path, options: &ListOptions) -> Result<Listing> {
        self.read(|sql| list_page(sql, path, options))
    }

    fn condemn(&self, ids: &[ObjectId]) -> Result<u64> {
        self.condemn_ids(ids)
    }

    fn condemned(
        &self,
        age: std::time::Duration,
        limit: u32,
    ) -> Result<Vec<ObjectId>> {
        self.condemned_ids(age, limit)
    }

    fn forget(&self, ids: &[ObjectId]) -> Result<()> {
        self.forget_ids(ids)
    }
}
