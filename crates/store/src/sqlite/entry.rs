//! Looking names up.
//!
//! A path is walked one component after another, each a probe of the primary
//! key. Names are kept as blobs, so that they compare as bytes.

use rusqlite::{Connection, OptionalExtension, Row, params};
use thoth_manta::{
    Code, Digest, DirectoryInfo, Error, Etag, Info, Metadata, ObjectId,
    ObjectInfo, Path, Result, Timestamp,
};

use super::Tried;

/// The directory above all accounts.
pub(super) const TOP: i64 = 0;

/// A row of `entry` with its object, if it names one.
pub(super) struct Entry {
    pub(super) child: Option<i64>,
    pub(super) version: Option<Version>,
    pub(super) mtime: i64,
    pub(super) durability: u8,
    pub(super) metadata: Metadata,
}

pub(super) struct Version {
    pub(super) key: i64,
    pub(super) id: ObjectId,
    size: u64,
    stored: u64,
    digest: Digest,
    md5: Option<[u8; 16]>,
    pub(super) inline: bool,
}

impl Entry {
    pub(super) const COLUMNS: &str = "e.child, e.mtime, e.durability, e.content_type, \
        e.headers, o.key, o.id, o.size, o.stored, o.digest, o.md5, \
        o.body IS NOT NULL, e.name";

    pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Entry> {
        let version = match row.get::<_, Option<i64>>(5)? {
            None => None,
            Some(key) => Some(Version {
                key,
                id: ObjectId(row.get(6)?),
                size: row.get(7)?,
                stored: row.get(8)?,
                digest: Digest(row.get(9)?),
                md5: row.get(10)?,
                inline: row.get(11)?,
            }),
        };
        let headers: Option<String> = row.get(4)?;
        Ok(Entry {
            child: row.get(0)?,
            version,
            mtime: row.get(1)?,
            durability: row.get(2)?,
            metadata: Metadata {
                content_type: row.get::<_, Option<_>>(3)?.unwrap_or_default(),
                headers: headers
                    .filter(|text| text != "{}")
                    .and_then(|text| serde_json::from_str(&text).ok())
                    .unwrap_or_default(),
            },
        })
    }

    pub(super) fn etag(&self) -> Option<Etag> {
        self.version.as_ref().map(|version| version.id.etag())
    }

    fn mtime(&self) -> Timestamp {
        Timestamp::from_millisecond(self.mtime).unwrap_or_default()
    }

    pub(super) fn object_info(&self, path: &Path) -> Option<ObjectInfo> {
        let version = self.version.as_ref()?;
        Some(ObjectInfo {
            path: path.clone(),
            etag: version.id.etag(),
            size_bytes: version.size,
            stored_bytes: Some(version.stored),
            digest: Some(version.digest),
            md5: version.md5,
            mtime: self.mtime(),
            durability: self.durability,
            metadata: self.metadata.clone(),
        })
    }

    pub(super) fn info(&self, sql: &Connection, path: &Path) -> Result<Info> {
        if let Some(object) = self.object_info(path) {
            return Ok(Info::Object(object));
        }
        let entries = match self.child {
            Some(dir) => count_entries(sql, dir)?,
            None => 0,
        };
        Ok(Info::Directory(DirectoryInfo {
            path: path.clone(),
            mtime: self.mtime(),
            entries,
            headers: self.metadata.headers.clone(),
        }))
    }
}

pub(super) fn count_entries(sql: &Connection, dir: i64) -> Result<u64> {
    sql.prepare_cached("SELECT entries FROM dir WHERE id = ?1")
        .and_then(|mut query| query.query_row([dir], |row| row.get(0)))
        .tried("count a directory's entries")
}

pub(super) fn find_entry(
    sql: &Connection,
    dir: i64,
    name: &str,
) -> Result<Option<Entry>> {
    let columns = Entry::COLUMNS;
    sql.prepare_cached(&format!(
        "SELECT {columns} FROM entry e LEFT JOIN object o ON o.key = e.object
         WHERE e.dir = ?1 AND e.name = ?2"
    ))
    .and_then(|mut query| {
        query
            .query_row(params![dir, name.as_bytes()], Entry::from_row)
            .optional()
    })
    .tried("look a name up")
}

/// Looks the entry of a path up; `None` when it, or anything above it, is
/// missing.
pub(super) fn find(sql: &Connection, path: &Path) -> Result<Option<Entry>> {
    let mut found: Option<Entry> = None;
    let mut dir = TOP;
    for (depth, name) in path.components().enumerate() {
        if depth > 0 {
            match found.as_ref().and_then(|entry| entry.child) {
                Some(child) => dir = child,
                None => return Ok(None),
            }
        }
        found = find_entry(sql, dir, name)?;
        if found.is_none() {
            return Ok(None);
        }
    }
    Ok(found)
}

/// Finds the directory that `path` is or will be in.
pub(super) fn find_parent(sql: &Connection, path: &Path) -> Result<i64> {
    let Some(parent) = path.parent() else { return Ok(TOP) };
    let mut dir = TOP;
    for name in parent.components() {
        let Some(entry) = find_entry(sql, dir, name)? else {
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
        dir = entry.child.ok_or_else(|| {
            Error::new(
                Code::ParentNotDirectory,
                format!("{parent} is not a directory"),
            )
        })?;
    }
    Ok(dir)
}
