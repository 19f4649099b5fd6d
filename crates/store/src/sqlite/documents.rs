//! The change log and the document indexes that follow it.

use std::collections::HashMap;
use std::path::Path as FsPath;

use rusqlite::params;
use thoth_manta::{
    Change, ChangePage, Documents, Index, IndexBatch, IndexQuery, ObjectId,
    Path, Result, ValueCounts, Visit,
};

use super::index::build::{self, Numbers, Orders, Step, ValueOrder};
use super::index::runs::{self, Runs};
use super::{Sqlite, Tried, garbage, index};

impl Sqlite {
    /// Builds an index (see [`build`]), of which at most `known` values are
    /// remembered.
    fn build(
        &self,
        name: &str,
        position: u64,
        documents: &mut Documents<'_>,
        known: usize,
    ) -> Result<bool> {
        let begun = name.to_owned();
        let n = self.write(move |sql| build::begin(sql, &begun))?;
        let folder = self.file.parent().map(FsPath::to_owned);
        let runs = Runs::new(folder.unwrap_or_default(), runs::RUN);
        let mut numbers = Numbers::new(known, runs);
        while let Some(some) = documents()? {
            if numbers.becomes_full() && !self.step(n, name, ValueOrder)? {
                return Ok(false);
            }
            let unknown = numbers.unknown(&some);
            let found = if unknown.is_empty() {
                Some(HashMap::new())
            } else {
                self.read(|sql| build::find_values(sql, n, name, &unknown))?
            };
            let Some(found) = found else { return Ok(false) };
            if !self.step(n, name, numbers.add(some, found)?)? {
                return Ok(false);
            }
        }
        let mut lists = numbers.lists()?;
        loop {
            let some = lists.next()?;
            if some.is_empty() {
                break;
            }
            if !self.step(n, name, some)? {
                return Ok(false);
            }
        }
        if !self.step(n, name, Orders)? {
            return Ok(false);
        }
        let ended = name.to_owned();
        let done =
            self.write(move |sql| build::end(sql, n, &ended, position))?;
        self.drop_forgotten()?;
        Ok(done)
    }

    /// Takes a step of a build; false when another one has begun.
    fn step(
        &self,
        n: i64,
        name: &str,
        step: impl Step + Send + 'static,
    ) -> Result<bool> {
        let name = name.to_owned();
        self.write(move |sql| step.run_if_ours(sql, n, &name))
    }

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

    fn index_build(
        &self,
        index: &str,
        position: u64,
        documents: &mut Documents<'_>,
    ) -> Result<bool> {
        self.build(index, position, documents, build::KNOWN)
    }

    fn index_verify(&self, index: &str) -> Result<Vec<String>> {
        self.read(|sql| match index::find(sql, index)? {
            Some(found) => index::verify(sql, found),
            None => Ok(Vec::new()),
        })
    }
}

#[cfg(test)]
mod tests {
    use thoth_manta::{Document, Field};

    use super::*;

    fn document(n: u64) -> Document {
        let field = |name: &str, value: String| Field {
            name: name.to_owned(),
            value: Some(value),
        };
        Document {
            id: format!("{n:04}"),
            time: (!n.is_multiple_of(7)).then_some((n * 9000) as f64),
            etag: ObjectId([n as u8; 16]).etag(),
            fields: vec![
                field("own", n.to_string()),
                field("shared", (n % 5).to_string()),
                Field { name: "mark".to_owned(), value: None },
            ],
        }
    }

    /// What an index holds, in words.
    fn held(store: &Sqlite) -> Vec<String> {
        let query = IndexQuery {
            wanted: thoth_manta::Wanted::Everything,
            ..IndexQuery::default()
        };
        let mut all = Vec::new();
        store
            .index_query("i", &query, &mut |document| {
                all.push(format!("{document:?}"));
                std::ops::ControlFlow::Continue(())
            })
            .expect("query");
        for name in ["own", "shared", "mark"] {
            let mut counts =
                store.index_values("i", name, None, None).expect("count");
            counts.values.sort();
            all.push(format!("{counts:?}"));
        }
        all
    }

    #[test]
    fn values_beyond_those_remembered_are_looked_up() {
        let folder = tempfile::tempdir().expect("folder");
        let store = Sqlite::open(&folder.path().join("db")).expect("open");
        let all: Vec<Document> = (0..300).map(document).collect();
        let mut answers = Vec::new();
        for known in [0, 1, 60, 1000] {
            let mut parts = all.chunks(40);
            let mut next = || Ok(parts.next().map(<[Document]>::to_vec));
            assert!(store.build("i", 9, &mut next, known).expect("build"));
            let faults = store.index_verify("i").expect("verify");
            assert_eq!(faults, [""; 0], "{known} remembered");
            answers.push(held(&store));
        }
        assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
        store.index_clear("i").expect("clear");
        let batch =
            IndexBatch { position: 9, put: all, ..IndexBatch::default() };
        assert!(store.index_apply("i", 0, batch).expect("apply"));
        assert_eq!(answers.first(), Some(&held(&store)));
    }

    #[test]
    fn a_build_cut_short_gives_its_room_back() {
        let folder = tempfile::tempdir().expect("folder");
        let store = Sqlite::open(&folder.path().join("db")).expect("open");
        let tables = || {
            store
                .read(|sql| {
                    sql.query_row(
                        "SELECT count(*) FROM sqlite_schema
                         WHERE name LIKE 'post_%'",
                        [],
                        |row| row.get::<_, u64>(0),
                    )
                    .tried("count")
                })
                .expect("count")
        };
        for _ in 0..3 {
            let mut parts = vec![vec![document(1)]];
            let cut = store.index_build("i", 5, &mut || match parts.pop() {
                None => Err(thoth_manta::Error::new(
                    thoth_manta::Code::InternalError,
                    "cut",
                )),
                some => Ok(some),
            });
            cut.expect_err("cut short");
            assert_eq!(tables(), 1);
        }
        assert!(store.index_build("i", 5, &mut || Ok(None)).expect("build"));
        assert_eq!(tables(), 1);
    }
}
