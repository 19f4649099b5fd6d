//! The change log and the document indexes that follow it.

use rusqlite::params;
use thoth_manta::{
    Change, ChangePage, Index, IndexBatch, IndexQuery, ObjectId, Path, Result,
    ValueCounts, Visit,
};

use super::{Sqlite, Tried, garbage, index};

impl Sqlite {
    /// Drops the tables of forgotten indexes, one index a transaction.
    fn drop_forgotten(&self) -> Result<()> {
        while self.read(index::has_forgotten)? {
            if !self.write(index::drop_one)? {
                break;
            }
        }
        Ok(())
    }
}

impl Index for Sqlite {
    fn changes(&self, since: u64, limit: u32) -> Result<ChangePage> {
        let (rows, trimmed_to) = self.read(|sql| {
            let rows = sql
                .prepare_cached(
                    "SELECT position, path, id FROM change WHERE position > ?1
                 ORDER BY position LIMIT ?2",
                )
                .and_then(|mut query| {
                    query
                        .query_map(params![since, limit], |row| {
                            Ok((
                                row.get::<_, u64>(0)?,
                                row.get::<_, String>(1)?,
                                row.get::<_, Option<[u8; 16]>>(2)?,
                            ))
                        })
                        .and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>)
                })
                .tried("read the change log")?;
            Ok((rows, garbage::trimmed_to(sql)?))
        })?;
        let mut changes = Vec::with_capacity(rows.len());
        for (position, path, id) in rows {
            changes.push(Change {
                position,
                path: Path::parse(&path)?,
                etag: id.map(|id| ObjectId(id).etag()),
            });
        }
        let position = changes.last().map_or(since, |last| last.position);
        let complete = since >= trimmed_to;
        Ok(ChangePage { changes, position, complete })
    }

    fn last_change(&self) -> Result<u64> {
        self.read(|sql| {
            let last: u64 = sql
                .prepare_cached("SELECT coalesce(max(position), 0) FROM change")
                .and_then(|mut q| q.query_row([], |row| row.get(0)))
                .tried("read the end of the change log")?;
            Ok(last.max(garbage::trimmed_to(sql)?))
        })
    }

    fn index_position(&self, index: &str) -> Result<u64> {
        self.read(|sql| {
            Ok(index::find(sql, index)?.map_or(0, |found| found.position))
        })
    }

    fn index_apply(
        &self,
        index: &str,
        expected: u64,
        batch: IndexBatch,
    ) -> Result<bool> {
        let name = index.to_owned();
        self.write(move |sql| {
            let found = index::find_or_make(sql, &name)?;
            if found.position != expected {
                return Ok(false);
            }
            index::apply(sql, found, &batch).map(|()| true)
        })
    }

    fn index_query(
        &self,
        index: &str,
        query: &IndexQuery,
        visit: &mut Visit<'_>,
    ) -> Result<()> {
        self.read(|sql| match index::find(sql, index)? {
            Some(found) => index::query(sql, found, query, visit),
            None => Ok(()),
        })
    }

    fn index_values(
        &self,
        index: &str,
        name: &str,
        after: Option<f64>,
        before: Option<f64>,
    ) -> Result<ValueCounts> {
        self.read(|sql| match index::find(sql, index)? {
            Some(found) => index::values(sql, found, name, after, before),
            None => Ok(ValueCounts::default()),
        })
    }

    fn index_clear(&self, index: &str) -> Result<()> {
        let name = index.to_owned();
        self.write(move |sql| index::forget(sql, &name))?;
        self.drop_forgotten()
    }

    fn index_replace(
        &self,
        index: &str,
        new: &str,
        expected: u64,
    ) -> Result<bool> {
        let (name, new) = (index.to_owned(), new.to_owned());
        let done =
            self.write(move |sql| index::replace(sql, &name, &new, expected))?;
        if done {
            self.drop_forgotten()?;
        }
        Ok(done)
    }

    fn index_verify(&self, index: &str) -> Result<Vec<String>> {
        self.read(|sql| match index::find(sql, index)? {
            Some(found) => index::verify(sql, found),
            None => Ok(Vec::new()),
        })
    }
}
