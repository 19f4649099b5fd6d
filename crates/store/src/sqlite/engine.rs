//! The engine's operations, each one transaction.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};
use thoth_manta::{
    Code, Condition, DirectoryOptions, Error, Info, LinkOptions, ListOptions,
    Listing, Metadata, ObjectId, ObjectInfo, Path, Result,
};

use super::entry::{
    Entry, columns, find, find_by_memory, find_parent, remembered_parent,
};
use super::names::{self, ToMake};
use super::{Sqlite, Tried, garbage, list, together, turn, usage, walk};
use crate::meta::{
    Checked, MetaStore, NameChange, Opened, PutObject, Usage, Version,
};

impl Sqlite {
    /// Returns the number of an account.
    fn account(&self, account: &str) -> Result<i64> {
        let path = Path::parse(&format!("/{account}"))?;
        let found = self.read(|sql| find(sql, &self.ways, &path))?;
        found.and_then(|entry| entry.child).ok_or_else(|| {
            Error::new(
                Code::AccountDoesNotExist,
                format!("{account} does not exist"),
            )
        })
    }
}

impl MetaStore for Sqlite {
    fn create_account(&self, account: &str) -> Result<()> {
        let path = Path::parse(&format!("/{account}"))?;
        if self.read(|sql| find(sql, &self.ways, &path))?.is_some() {
            return Ok(());
        }
        self.create_account_names(account, None)
    }

    fn info(&self, path: &Path) -> Result<Option<Info>> {
        // One statement needs no transaction to be consistent.
        let found =
            self.with_reader(|sql| find_by_memory(sql, &self.ways, path))?;
        if let Some(entry) = found.filter(|entry| entry.child.is_none()) {
            return Ok(entry.object_info(path.clone()).map(Info::Object));
        }
        self.read(|sql| {
            find(sql, &self.ways, path)?
                .map(|entry| entry.info(sql, path.clone()))
                .transpose()
        })
    }

    fn open(&self, path: &Path) -> Result<Option<Opened>> {
        if let Some(dir) = remembered_parent(&self.ways, path)
            && let Some(found) =
                self.with_reader(|sql| open_in(sql, dir, path))?
        {
            return Ok(Some(found));
        }
        self.read(|sql| {
            let Some(entry) = find(sql, &self.ways, path)? else {
                return Ok(None);
            };
            if entry.child.is_some() {
                return Err(names::refuse_directory(path, "reading"));
            }
            open_in(sql, find_parent(sql, &self.ways, path)?, path)
        })
    }

    fn check_put(
        &self,
        path: &Path,
        condition: &Condition,
        room_bytes: u64,
    ) -> Result<()> {
        self.read(|sql| {
            names::judge_put(sql, &self.ways, path, condition)?;
            usage::require_room(sql, &self.ways, path, room_bytes)
        })
    }

    fn put_object(&self, put: PutObject) -> Result<ObjectInfo> {
        self.write_names(move |w| names::put(w, &put))
    }

    fn change_names(
        &self,
        changes: Vec<NameChange>,
    ) -> Result<Vec<ObjectInfo>> {
        self.write_names(move |w| together::change(w, &changes))
    }

    fn put_directory(
        &self,
        path: &Path,
        options: &DirectoryOptions,
    ) -> Result<()> {
        if path.parent().is_none() {
            return names::refuse_root(path, "PUT");
        }
        let judged = self.read(|sql| {
            names::judge_directory(sql, &self.ways, path, options)
        })?;
        if matches!(judged, ToMake::Nothing) {
            return Ok(());
        }
        let (path, options) = (path.clone(), options.clone());
        self.write_names(move |w| names::make_directory(w, &path, &options))
    }

    fn delete(&self, path: &Path, condition: &Condition) -> Result<()> {
        let (path, condition) = (path.clone(), condition.clone());
        self.write_freeing(move |w| names::delete(w, &path, &condition))
    }

    fn set_metadata(
        &self,
        path: &Path,
        metadata: &Metadata,
        condition: &Condition,
    ) -> Result<ObjectInfo> {
        let (path, metadata) = (path.clone(), metadata.clone());
        let condition = condition.clone();
        self.write_names(move |w| {
            names::set_metadata(w, &path, &metadata, &condition)
        })
    }

    fn link(
        &self,
        source: &Path,
        path: &Path,
        options: &LinkOptions,
    ) -> Result<ObjectInfo> {
        let (source, path) = (source.clone(), path.clone());
        let options = options.clone();
        self.write_names(move |w| names::link(w, &source, &path, &options))
    }

    fn list(&self, path: &Path, options: &ListOptions) -> Result<Listing> {
        self.read(|sql| list::page(sql, &self.ways, path, options))
    }

    fn condemn(&self, ids: &[ObjectId]) -> Result<u64> {
        if ids.is_empty() {
            return Ok(0);
        }
        let ids = ids.to_vec();
        self.write_freeing(move |w| garbage::condemn(w.sql, &ids))
    }

    fn condemned(&self, age: Duration, limit: u32) -> Result<Vec<ObjectId>> {
        self.read(|sql| garbage::condemned(sql, age, limit))
    }

    fn forget(&self, ids: &[ObjectId]) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let ids = ids.to_vec();
        self.write_freeing(move |w| garbage::forget(w.sql, &ids))?;
        // Their blobs are gone, so there may be room again.
        self.keep_reserve();
        Ok(())
    }

    fn hold(&self, name: &str, time: Duration) -> Result<()> {
        let name = name.to_owned();
        self.write(move |sql| garbage::hold(sql, &name, time))
    }

    fn usage(&self, account: &str) -> Result<Usage> {
        let account = self.account(account)?;
        self.read(|sql| Ok(usage::find(sql, account)?.unwrap_or_default()))
    }

    fn set_quota(&self, account: &str, bytes: Option<u64>) -> Result<()> {
        let account = self.account(account)?;
        self.write(move |sql| usage::set_quota(sql, account, bytes))
    }

    fn versions(&self, after: u64, limit: u32) -> Result<Vec<Version>> {
        self.read(|sql| walk::versions(sql, after, limit))
    }

    fn note_checked(&self, checked: &[Checked]) -> Result<()> {
        let checked = checked.to_vec();
        self.write(move |sql| walk::note(sql, &checked))
    }

    fn names(&self, place: u64, limit: u32) -> Result<Vec<Path>> {
        self.read(|sql| walk::names(sql, place, limit))
    }

    fn trim_changes(&self, keep: u64) -> Result<u64> {
        let mut all = 0;
        loop {
            let some = self.write(move |sql| garbage::trim(sql, keep))?;
            if some == 0 {
                return Ok(all);
            }
            all += some;
        }
    }

    fn take_turn(&self, what: &str, every: Duration) -> Result<bool> {
        let what = format!("turn_{what}");
        if !self.read(|sql| turn::is_due(sql, &what, every))? {
            return Ok(false);
        }
        self.write(move |sql| turn::take(sql, &what, every))
    }

    fn verify(&self) -> Result<Vec<String>> {
        self.read(walk::verify)
    }
}

/// Looks a version up with its bytes, in one statement; `None` when the
/// directory has none of that name.
fn open_in(sql: &Connection, dir: i64, path: &Path) -> Result<Option<Opened>> {
    let text = concat!(
        "SELECT ",
        columns!(),
        ", o.body FROM entry e JOIN object o ON o.key = e.object
         WHERE e.dir = ?1 AND e.name = ?2"
    );
    let found = sql
        .prepare_cached(text)
        .and_then(|mut query| {
            let name = path.name().as_bytes();
            query
                .query_row(params![dir, name], |row| {
                    let body = row.get(Entry::NAME + 1)?;
                    Ok((Entry::from_row(row)?, body))
                })
                .optional()
        })
        .tried("look a version up")?;
    Ok(found.and_then(|(entry, inline)| {
        let id = entry.version.map(|version| version.id)?;
        let info = entry.object_info(path.clone())?;
        Some(Opened { info, id, inline })
    }))
}
