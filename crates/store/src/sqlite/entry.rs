//! Looking names up.
//!
//! A path is walked one component after another, each a probe of the primary
//! key. Names are kept as blobs, so that they compare as bytes.
//!
//! A directory's id is never used again, and directories are never renamed: as
//! long as a directory is there, its path leads to it. So the way to a
//! directory can be remembered (see [`Ways`]), and an entry found in it proves
//! that the memory is right; only where nothing is found must the way be
//! walked again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, params};
use thoth_manta::{
    Code, Digest, DirectoryInfo, Error, Etag, Info, Metadata, ObjectId,
    ObjectInfo, Path, Result, Timestamp,
};

use super::Tried;

/// The directory above all accounts.
pub(super) const TOP: i64 = 0;
/// Directories whose ways are remembered.
const REMEMBERED: usize = 4096;

/// What is stored as null.
pub(super) const DEFAULT_TYPE: &str = "application/octet-stream";

/// The ways to directories, as last walked.
///
/// Readers share one memory, filled from what is committed. The committer has
/// its own, which it forgets whenever it undoes something: an id handed out
/// in a transaction that was undone is handed out again.
#[derive(Clone, Debug, Default)]
pub(super) struct Ways(Arc<Mutex<HashMap<Box<str>, i64>>>);

impl Ways {
    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, path: &str) -> Option<i64> {
        self.lock().get(path).copied()
    }

    fn remember(&self, path: &str, dir: i64) {
        let mut ways = self.lock();
        if ways.len() >= REMEMBERED {
            // Rare, and walking again is cheap.
            ways.clear();
        }
        ways.insert(path.into(), dir);
    }

    fn forget(&self, path: &str) {
        self.lock().remove(path);
    }

    pub(super) fn forget_all(&self) {
        self.lock().clear();
    }
}

/// The columns that [`Entry::from_row`] reads, in its order.
macro_rules! columns {
    () => {
        "e.child, e.object, e.mtime, e.durability, e.id, e.size, e.stored, \
         e.digest, e.md5, e.content_type, e.headers, e.name"
    };
}
pub(super) use columns;

/// A row of `entry`.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) child: Option<i64>,
    pub(super) version: Option<Version>,
    mtime: i64,
    pub(super) durability: u8,
    pub(super) metadata: Metadata,
}

/// The version that an entry names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Version {
    pub(super) key: i64,
    pub(super) id: ObjectId,
    pub(super) size: u64,
    pub(super) stored: u64,
    pub(super) digest: Digest,
    pub(super) md5: Option<[u8; 16]>,
}

impl Entry {
    /// The place of the name among the columns.
    pub(super) const NAME: usize = 11;

    pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Entry> {
        let version = match row.get_ref(1)? {
            ValueRef::Integer(key) => Some(Version {
                key,
                id: ObjectId(bytes(row, 4)?),
                size: row.get(5)?,
                stored: row.get(6)?,
                digest: Digest(bytes(row, 7)?),
                md5: match row.get_ref(8)? {
                    ValueRef::Null => None,
                    _ => Some(bytes(row, 8)?),
                },
            }),
            _ => None,
        };
        let content_type = match row.get_ref(9)? {
            ValueRef::Null => DEFAULT_TYPE.to_owned(),
            _ => row.get(9)?,
        };
        let headers = match row.get_ref(10)? {
            ValueRef::Null => None,
            text => serde_json::from_slice(text.as_bytes()?).ok(),
        };
        Ok(Entry {
            child: match row.get_ref(0)? {
                ValueRef::Integer(child) => Some(child),
                _ => None,
            },
            version,
            mtime: row.get(2)?,
            durability: row.get(3)?,
            metadata: Metadata {
                content_type,
                headers: headers.unwrap_or_default(),
            },
        })
    }

    pub(super) fn etag(&self) -> Option<Etag> {
        self.version.as_ref().map(|version| version.id.etag())
    }

    /// Returns what conditions are judged by.
    pub(super) fn state(&self) -> Option<(Etag, Timestamp)> {
        self.etag().map(|etag| (etag, self.mtime()))
    }

    fn mtime(&self) -> Timestamp {
        Timestamp::from_millisecond(self.mtime).unwrap_or_default()
    }

    pub(super) fn set_mtime(&mut self, ms: i64) {
        self.mtime = ms;
    }

    /// Returns what is known of the object under a path, as it would be at
    /// another time.
    pub(super) fn object_info(self, path: Path) -> Option<ObjectInfo> {
        let mtime = self.mtime();
        let version = self.version?;
        Some(ObjectInfo {
            path,
            etag: version.id.etag(),
            size_bytes: version.size,
            stored_bytes: Some(version.stored),
            digest: Some(version.digest),
            md5: version.md5,
            mtime,
            durability: self.durability,
            metadata: self.metadata,
        })
    }

    pub(super) fn info(self, sql: &Connection, path: Path) -> Result<Info> {
        let Some(dir) = self.child else {
            let object = self.object_info(path);
            return object.map(Info::Object).ok_or_else(|| {
                Error::new(
                    Code::InternalError,
                    "store database: an entry names nothing",
                )
            });
        };
        Ok(Info::Directory(DirectoryInfo {
            path,
            mtime: self.mtime(),
            entries: count_entries(sql, dir)?.unwrap_or_default(),
            headers: self.metadata.headers,
        }))
    }
}

/// Reads a blob of a fixed length.
fn bytes<const N: usize>(
    row: &Row<'_>,
    at: usize,
) -> rusqlite::Result<[u8; N]> {
    match row.get_ref(at)? {
        ValueRef::Blob(blob) if blob.len() == N => {
            let mut bytes = [0; N];
            bytes.copy_from_slice(blob);
            Ok(bytes)
        }
        _ => row.get(at),
    }
}

/// Returns how many entries a directory has; `None` when it is gone.
pub(super) fn count_entries(sql: &Connection, dir: i64) -> Result<Option<u64>> {
    sql.prepare_cached("SELECT entries FROM dir WHERE id = ?1")
        .and_then(|mut q| q.query_row([dir], |row| row.get(0)).optional())
        .tried("count a directory's entries")
}

pub(super) fn find_entry(
    sql: &Connection,
    dir: i64,
    name: &str,
) -> Result<Option<Entry>> {
    let text = concat!(
        "SELECT ",
        columns!(),
        " FROM entry e WHERE e.dir = ?1 AND e.name = ?2"
    );
    sql.prepare_cached(text)
        .and_then(|mut query| {
            query
                .query_row(params![dir, name.as_bytes()], Entry::from_row)
                .optional()
        })
        .tried("look a name up")
}

/// Looks the child directory of an entry up; the outer `None`: no such
/// entry, the inner: an object.
fn find_child(
    sql: &Connection,
    dir: i64,
    name: &str,
) -> Result<Option<Option<i64>>> {
    sql.prepare_cached("SELECT child FROM entry WHERE dir = ?1 AND name = ?2")
        .and_then(|mut query| {
            query
                .query_row(params![dir, name.as_bytes()], |row| row.get(0))
                .optional()
        })
        .tried("look a directory up")
}

/// Looks the entry of a path up; `None` when it, or anything above it, is
/// missing.
pub(super) fn find(
    sql: &Connection,
    ways: &Ways,
    path: &Path,
) -> Result<Option<Entry>> {
    if let Some(found) = find_by_memory(sql, ways, path)? {
        return Ok(Some(found));
    }
    match find_parent(sql, ways, path) {
        Ok(dir) => find_entry(sql, dir, path.name()),
        Err(error) => match error.code() {
            Code::AccountDoesNotExist
            | Code::DirectoryDoesNotExist
            | Code::ParentNotDirectory => Ok(None),
            _ => Err(error),
        },
    }
}

/// Looks the entry of a path up where the way to it is remembered. Only what
/// is found is certain; it is certain in a single statement, too.
pub(super) fn find_by_memory(
    sql: &Connection,
    ways: &Ways,
    path: &Path,
) -> Result<Option<Entry>> {
    match parent_text(path).and_then(|parent| ways.find(parent)) {
        Some(dir) => find_entry(sql, dir, path.name()),
        None => Ok(None),
    }
}

/// Returns the directory that `path` is or will be in, by memory.
pub(super) fn remembered_parent(ways: &Ways, path: &Path) -> Option<i64> {
    parent_text(path).and_then(|parent| ways.find(parent))
}

/// Returns the path above, as text; `None` for an account.
fn parent_text(path: &Path) -> Option<&str> {
    let text = path.as_str();
    text.rfind('/').filter(|cut| *cut > 0).and_then(|cut| text.get(..cut))
}

/// Finds the directory that `path` is or will be in.
pub(super) fn find_parent(
    sql: &Connection,
    ways: &Ways,
    path: &Path,
) -> Result<i64> {
    let Some(parent) = parent_text(path) else { return Ok(TOP) };
    if let Some(dir) = ways.find(parent) {
        if count_entries(sql, dir)?.is_some() {
            return Ok(dir);
        }
        ways.forget(parent);
    }
    let mut dir = TOP;
    for name in parent.split('/').skip(1) {
        let Some(child) = find_child(sql, dir, name)? else {
            return Err(if dir == TOP {
                Error::new(
                    Code::AccountDoesNotExist,
                    format!("{name} does not exist"),
                )
            } else {
                Error::new(
                    Code::DirectoryDoesNotExist,
                    format!("{parent} does not exist"),
                )
            });
        };
        dir = child.ok_or_else(|| {
            Error::new(
                Code::ParentNotDirectory,
                format!("{parent} is not a directory"),
            )
        })?;
    }
    ways.remember(parent, dir);
    Ok(dir)
}
