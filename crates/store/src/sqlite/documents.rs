//! The change log and the document indexes that follow it.

use std::ops::ControlFlow;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};
use thoth_manta::{
    Change, ChangePage, Code, Document, Error, Etag, Index, IndexBatch,
    IndexQuery, ObjectId, Path, Result, Visit,
};

use super::{Sqlite, Tried};

fn position(sql: &Connection, index: &str) -> Result<u64> {
    sql.prepare_cached("SELECT position FROM index_state WHERE name = ?1")
        .and_then(|mut q| q.query_row([index], |row| row.get(0)).optional())
        .tried("read an index's position")
        .map(Option::unwrap_or_default)
}

fn set_position(sql: &Connection, index: &str, to: u64) -> Result<()> {
    sql.prepare_cached(
        "INSERT INTO index_state(name, position) VALUES (?1, ?2)
         ON CONFLICT(name) DO UPDATE SET position = excluded.position",
    )
    .and_then(|mut q| q.execute(params![index, to]))
    .tried("move an index's position")
    .map(|_| ())
}

fn apply(sql: &Connection, index: &str, batch: &IndexBatch) -> Result<()> {
    for id in &batch.remove {
        sql.prepare_cached("DELETE FROM doc WHERE idx = ?1 AND id = ?2")
            .and_then(|mut q| q.execute(params![index, id]))
            .tried("remove a document")?;
    }
    for doc in &batch.put {
        sql.prepare_cached(
            "INSERT INTO doc(idx, id, time, etag, body)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT(idx, id) DO UPDATE SET time = excluded.time,
                 etag = excluded.etag, body = excluded.body",
        )
        .and_then(|mut q| {
            q.execute(params![
                index,
                doc.id,
                doc.time,
                doc.etag.as_str(),
                doc.body
            ])
        })
        .tried("add a document")?;
    }
    set_position(sql, index, batch.position)
}

/// Builds the query's text and its arguments, in order.
fn query_text(index: &str, query: &IndexQuery) -> (String, Vec<Value>) {
    let mut text =
        "SELECT id, time, etag, body FROM doc WHERE idx = ?".to_owned();
    let mut arguments = vec![Value::Text(index.to_owned())];
    if let Some(prefix) = &query.id_prefix {
        text.push_str(" AND id >= ? AND substr(id, 1, ?) = ?");
        arguments.push(Value::Text(prefix.clone()));
        let length = prefix.chars().count();
        arguments
            .push(Value::Integer(i64::try_from(length).unwrap_or(i64::MAX)));
        arguments.push(Value::Text(prefix.clone()));
        // The largest character after the prefix bounds the range of keys.
        text.push_str(" AND id <= ?");
        arguments.push(Value::Text(format!("{prefix}\u{10ffff}")));
    }
    if let Some(after) = query.after {
        text.push_str(" AND time > ?");
        arguments.push(Value::Real(after));
    }
    if let Some(before) = query.before {
        text.push_str(" AND time < ?");
        arguments.push(Value::Real(before));
    }
    text.push_str(if query.newest_first {
        " ORDER BY time DESC"
    } else {
        " ORDER BY id"
    });
    (text, arguments)
}

impl Index for Sqlite {
    fn changes(&self, since: u64, limit: u32) -> Result<ChangePage> {
        let rows = self.read(|sql| {
            sql.prepare_cached(
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
            .tried("read the change log")
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
        // The log is never shortened in this layout.
        Ok(ChangePage { changes, position, complete: true })
    }

    fn index_position(&self, index: &str) -> Result<u64> {
        self.read(|sql| position(sql, index))
    }

    fn index_apply(
        &self,
        index: &str,
        expected: u64,
        batch: IndexBatch,
    ) -> Result<bool> {
        let index = index.to_owned();
        self.write(move |sql| {
            if position(sql, &index)? != expected {
                return Ok(false);
            }
            apply(sql, &index, &batch).map(|()| true)
        })
    }

    fn index_query(
        &self,
        index: &str,
        query: &IndexQuery,
        visit: &mut Visit<'_>,
    ) -> Result<()> {
        let (text, arguments) = query_text(index, query);
        self.read(|sql| {
            let mut statement =
                sql.prepare_cached(&text).tried("query an index")?;
            let mut rows = statement
                .query(params_from_iter(arguments))
                .tried("query an index")?;
            while let Some(row) = rows.next().tried("query an index")? {
                let fields = || -> rusqlite::Result<_> {
                    Ok((
                        row.get(0)?,
                        row.get(1)?,
                        row.get::<_, String>(2)?,
                        row.get(3)?,
                    ))
                };
                let (id, time, etag, body) =
                    fields().tried("read a document")?;
                let etag = Etag::parse(&etag).map_err(|error| {
                    Error::new(
                        Code::InternalError,
                        format!("document {id} of index {index}"),
                    )
                    .because(error)
                })?;
                if visit(Document { id, time, etag, body })
                    == ControlFlow::Break(())
                {
                    break;
                }
            }
            Ok(())
        })
    }

    fn index_clear(&self, index: &str) -> Result<()> {
        let index = index.to_owned();
        self.write(move |sql| {
            sql.prepare_cached("DELETE FROM doc WHERE idx = ?1")
                .and_then(|mut q| q.execute([&index]))
                .tried("clear an index")?;
            set_position(sql, &index, 0)
        })
    }
}
