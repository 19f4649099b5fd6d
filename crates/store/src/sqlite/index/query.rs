//! Visiting the documents that pass tests.

use std::collections::{BTreeSet, BinaryHeap, HashMap};
use std::ops::ControlFlow;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use thoth_manta::{
    Code, Document, Error, Etag, Field, FieldTest, IndexQuery, Result, Visit,
    Wanted,
};

use super::{ALL, Generation, Tried, UNKNOWN, count, decode, small};

/// Distinct values that are judged for one test; with more of them the test
/// costs more than it saves, and the caller judges.
const JUDGED: usize = 100_000;
/// Lists that are merged while reading; more are gathered and sorted.
const MERGED: usize = 64;
/// Lists whose documents in a window are counted before choosing.
const COUNTED: usize = 64;

/// Visits the documents of a generation that a query names.
pub(in super::super) fn query(
    sql: &Connection,
    generation: Generation,
    query: &IndexQuery,
    visit: &mut Visit<'_>,
) -> Result<()> {
    let mut reader = Reader::new(sql, generation.number, query);
    let Some(plan) = reader.plan()? else { return Ok(()) };
    match plan.lead {
        None => reader.walk(&plan.filters, visit),
        Some(keys) if keys.len() <= MERGED => {
            reader.merge(&keys, &plan.filters, visit)
        }
        Some(keys) => reader.gather(&keys, &plan.filters, visit),
    }
}

/// A test, its values looked up.
struct Filter {
    /// Keys of the values that are accepted, in order.
    accepted: Vec<u32>,
    /// Keys of the marks that let a document pass, in order.
    marks: Vec<u32>,
    negated: bool,
}

impl Filter {
    fn passes(&self, vals: &[u8]) -> bool {
        let has = |keys: &[u32]| {
            !keys.is_empty()
                && decode(vals).any(|key| keys.binary_search(&key).is_ok())
        };
        has(&self.marks) || has(&self.accepted) != self.negated
    }
}

/// How a query is answered.
struct Plan {
    /// The lists that together hold every document wanted; `None`: the whole
    /// index is walked.
    lead: Option<Vec<u32>>,
    filters: Vec<Filter>,
}

struct Reader<'a> {
    sql: &'a Connection,
    n: i64,
    query: &'a IndexQuery,
    after: f64,
    before: f64,
    /// What value keys stand for, as far as asked.
    fields: HashMap<u32, Option<Field>>,
}

/// A document's row.
struct Found {
    id: String,
    time: f64,
    etag: String,
    vals: Vec<u8>,
}

fn read_found(row: &Row<'_>) -> rusqlite::Result<Found> {
    Ok(Found {
        id: row.get(0)?,
        time: row.get(1)?,
        etag: row.get(2)?,
        vals: row.get(3)?,
    })
}

impl<'a> Reader<'a> {
    fn new(sql: &'a Connection, n: i64, query: &'a IndexQuery) -> Reader<'a> {
        let windowed = query.after.is_some() || query.before.is_some();
        let all = if windowed { UNKNOWN } else { f64::NEG_INFINITY };
        Reader {
            sql,
            n,
            query,
            after: query.after.unwrap_or(all),
            before: query.before.unwrap_or(f64::INFINITY),
            fields: HashMap::new(),
        }
    }

    fn windowed(&self) -> bool {
        self.query.after.is_some() || self.query.before.is_some()
    }

    /// Looks the tests up; `None` when no document can pass.
    fn plan(&self) -> Result<Option<Plan>> {
        let mut filters = Vec::new();
        let mut best: Option<(u64, Vec<u32>)> = None;
        for test in &self.query.tests {
            let Some((filter, number)) = self.resolve(test)? else { continue };
            if !filter.negated {
                let mut keys = filter.accepted.clone();
                keys.extend(&filter.marks);
                if keys.is_empty() {
                    return Ok(None);
                }
                let number = self.in_window(&keys, number)?;
                if best.as_ref().is_none_or(|(least, _)| number < *least) {
                    best = Some((number, keys));
                }
            }
            filters.push(filter);
        }
        // A prefix of keys is the shortest way, the order of time is as short
        // as a list of nearly all.
        let all = count::count(
            self.sql,
            self.n,
            ALL,
            self.query.after,
            self.query.before,
        )?;
        let lead = best
            .filter(|_| self.query.id_prefix.is_none())
            .filter(|(number, _)| *number < all.saturating_mul(3) / 4)
            .map(|(_, keys)| keys);
        Ok(Some(Plan { lead, filters }))
    }

    /// Estimates how many documents of lists lie in the window.
    fn in_window(&self, keys: &[u32], number: u64) -> Result<u64> {
        if !self.windowed() || keys.len() > COUNTED {
            return Ok(number);
        }
        let mut total = 0u64;
        for key in keys {
            total = total.saturating_add(count::count(
                self.sql,
                self.n,
                i64::from(*key),
                self.query.after,
                self.query.before,
            )?);
        }
        Ok(total)
    }

    /// Judges the values of a test's name; `None` when there are too many.
    /// Also returns how many documents the lists hold.
    fn resolve(&self, test: &FieldTest) -> Result<Option<(Filter, u64)>> {
        let mut number = 0u64;
        let mut filter = Filter {
            accepted: Vec::new(),
            marks: Vec::new(),
            negated: test.negated,
        };
        for name in &test.marks {
            if let Some((key, n)) = self.value(name, true, "")? {
                filter.marks.push(key);
                number = number.saturating_add(n);
            }
        }
        filter.marks.sort_unstable();
        if let Some(texts) = &test.exact {
            for text in texts {
                if let Some((key, n)) = self.value(&test.name, false, text)? {
                    filter.accepted.push(key);
                    number = number.saturating_add(n);
                }
            }
        } else {
            match self.judge(test, &mut filter.accepted)? {
                Some(n) => number = number.saturating_add(n),
                None => return Ok(None),
            }
        }
        filter.accepted.sort_unstable();
        filter.accepted.dedup();
        Ok(Some((filter, number)))
    }

    fn value(
        &self,
        name: &str,
        mark: bool,
        text: &str,
    ) -> Result<Option<(u32, u64)>> {
        let found: Option<(i64, u64)> = self
            .sql
            .prepare_cached(&format!(
                "SELECT key, n FROM val_{} WHERE field = ?1 AND mark = ?2
                 AND text = ?3 AND n > 0",
                self.n
            ))
            .and_then(|mut q| {
                q.query_row(params![name, mark, text], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })
                .optional()
            })
            .tried("look a value up")?;
        found.map(|(key, n)| Ok((small(key)?, n))).transpose()
    }

    fn judge(
        &self,
        test: &FieldTest,
        accepted: &mut Vec<u32>,
    ) -> Result<Option<u64>> {
        let mut statement = self
            .sql
            .prepare_cached(&format!(
                "SELECT key, n, text FROM val_{}
                 WHERE field = ?1 AND mark = 0 AND n > 0",
                self.n
            ))
            .tried("read the values of a name")?;
        let mut rows =
            statement.query([&test.name]).tried("read the values of a name")?;
        let (mut judged, mut number) = (0usize, 0u64);
        while let Some(row) = rows.next().tried("read a value")? {
            judged += 1;
            if judged > JUDGED {
                return Ok(None);
            }
            let read = || -> rusqlite::Result<(i64, u64, &str)> {
                let text = row.get_ref(2)?.as_str()?;
                Ok((row.get(0)?, row.get(1)?, text))
            };
            let (key, n, text) = read().tried("read a value")?;
            if (test.accept.0)(text) {
                accepted.push(small(key)?);
                number = number.saturating_add(n);
            }
        }
        Ok(Some(number))
    }

    /// Visits documents in the order of keys or times.
    fn walk(
        &mut self,
        filters: &[Filter],
        visit: &mut Visit<'_>,
    ) -> Result<()> {
        let (text, arguments) = self.walk_text();
        let sql = self.sql;
        let mut statement =
            sql.prepare_cached(&text).tried("query an index")?;
        let mut rows = statement
            .query(params_from_iter(arguments))
            .tried("query an index")?;
        while let Some(row) = rows.next().tried("query an index")? {
            let vals = row
                .get_ref(3)
                .and_then(|value| Ok(value.as_blob()?))
                .tried("read a document")?;
            if !filters.iter().all(|filter| filter.passes(vals)) {
                continue;
            }
            let found = read_found(row).tried("read a document")?;
            if self.give(found, visit)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn walk_text(&self) -> (String, Vec<Value>) {
        let n = self.n;
        let by_time = self.query.newest_first
            || (self.windowed() && self.query.id_prefix.is_none());
        let from = if by_time {
            format!("doc_{n} INDEXED BY doc_{n}_time")
        } else {
            format!("doc_{n}")
        };
        let mut text =
            format!("SELECT id, time, etag, vals FROM {from} WHERE 1");
        let mut arguments = Vec::new();
        if let Some(prefix) = &self.query.id_prefix {
            // The largest character after the prefix bounds the range.
            text.push_str(" AND id >= ? AND id <= ? AND substr(id, 1, ?) = ?");
            let length = prefix.chars().count();
            let length = i64::try_from(length).unwrap_or(i64::MAX);
            arguments.push(Value::Text(prefix.clone()));
            arguments.push(Value::Text(format!("{prefix}\u{10ffff}")));
            arguments.push(Value::Integer(length));
            arguments.push(Value::Text(prefix.clone()));
        }
        if self.windowed() {
            text.push_str(" AND time > ? AND time < ?");
            arguments.push(Value::Real(self.after));
            arguments.push(Value::Real(self.before));
        }
        text.push_str(if self.query.newest_first {
            " ORDER BY time DESC, id DESC"
        } else {
            " ORDER BY id"
        });
        (text, arguments)
    }

    fn list_text(&self) -> String {
        format!(
            "SELECT time, doc FROM post_{} WHERE val = ?1 AND time > ?2
             AND time < ?3 ORDER BY time DESC, doc DESC",
            self.n
        )
    }

    /// Visits the documents of a few lists, newest first.
    fn merge(
        &mut self,
        keys: &[u32],
        filters: &[Filter],
        visit: &mut Visit<'_>,
    ) -> Result<()> {
        let sql = self.sql;
        let text = self.list_text();
        let mut statements = Vec::with_capacity(keys.len());
        for _ in keys {
            statements.push(sql.prepare(&text).tried("query a list")?);
        }
        let mut lists = Vec::with_capacity(keys.len());
        for (statement, key) in statements.iter_mut().zip(keys) {
            lists.push(
                statement
                    .query(params![key, self.after, self.before])
                    .tried("query a list")?,
            );
        }
        let mut next = |list: usize| -> Result<Option<Entry>> {
            let Some(rows) = lists.get_mut(list) else { return Ok(None) };
            let Some(row) = rows.next().tried("read a list")? else {
                return Ok(None);
            };
            let read = || Ok(Entry::new(row.get(0)?, row.get(1)?, list));
            read().tried("read a list").map(Some)
        };
        let mut heap = BinaryHeap::new();
        for list in 0..keys.len() {
            heap.extend(next(list)?);
        }
        let mut last = None;
        while let Some(entry) = heap.pop() {
            heap.extend(next(entry.list)?);
            // A document may have several of the values.
            if last.replace(entry.document) == Some(entry.document) {
                continue;
            }
            if self.give_key(entry.document, filters, visit)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Visits the documents of many lists, newest first.
    fn gather(
        &mut self,
        keys: &[u32],
        filters: &[Filter],
        visit: &mut Visit<'_>,
    ) -> Result<()> {
        let mut all = Vec::new();
        {
            let mut statement = self
                .sql
                .prepare_cached(&self.list_text())
                .tried("query a list")?;
            for key in keys {
                let mut rows = statement
                    .query(params![key, self.after, self.before])
                    .tried("query a list")?;
                while let Some(row) = rows.next().tried("read a list")? {
                    let read = || Ok(Entry::new(row.get(0)?, row.get(1)?, 0));
                    all.push(read().tried("read a list")?);
                }
            }
        }
        all.sort_unstable_by(|a, b| b.cmp(a));
        all.dedup();
        for entry in all {
            if self.give_key(entry.document, filters, visit)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn give_key(
        &mut self,
        key: i64,
        filters: &[Filter],
        visit: &mut Visit<'_>,
    ) -> Result<ControlFlow<()>> {
        let found = self
            .sql
            .prepare_cached(&format!(
                "SELECT id, time, etag, vals FROM doc_{} WHERE key = ?1",
                self.n
            ))
            .and_then(|mut q| q.query_row([key], read_found))
            .tried("read a document")?;
        if !filters.iter().all(|filter| filter.passes(&found.vals)) {
            return Ok(ControlFlow::Continue(()));
        }
        self.give(found, visit)
    }

    fn give(
        &mut self,
        found: Found,
        visit: &mut Visit<'_>,
    ) -> Result<ControlFlow<()>> {
        let Found { id, time, etag, vals } = found;
        let etag = Etag::parse(&etag).map_err(|error| {
            let what = format!("document {id} of an index");
            Error::new(Code::InternalError, what).because(error)
        })?;
        let fields = self.wanted(&vals)?;
        let time = (time > UNKNOWN).then_some(time);
        Ok(visit(Document { id, time, etag, fields }))
    }

    fn wanted(&mut self, vals: &[u8]) -> Result<Vec<Field>> {
        if self.query.wanted == Wanted::Nothing {
            return Ok(Vec::new());
        }
        let mut fields = BTreeSet::new();
        for key in decode(vals) {
            if !self.fields.contains_key(&key) {
                let field = self.field(key)?;
                self.fields.insert(key, field);
            }
            fields.extend(self.fields.get(&key).cloned().flatten());
        }
        Ok(fields.into_iter().collect())
    }

    /// Returns what a value key stands for, if it is wanted.
    fn field(&self, key: u32) -> Result<Option<Field>> {
        let field = self
            .sql
            .prepare_cached(&format!(
                "SELECT field, mark, text FROM val_{} WHERE key = ?1",
                self.n
            ))
            .and_then(|mut q| {
                q.query_row([key], |row| {
                    let mark: bool = row.get(1)?;
                    let text = if mark { None } else { Some(row.get(2)?) };
                    Ok(Field { name: row.get(0)?, value: text })
                })
            })
            .tried("read a value")?;
        Ok(match &self.query.wanted {
            Wanted::Names(names) if !names.contains(&field.name) => None,
            _ => Some(field),
        })
    }
}

/// An entry of a list; the newest is the greatest.
#[derive(Clone, Copy, PartialEq)]
struct Entry {
    time: f64,
    document: i64,
    list: usize,
}

impl Entry {
    fn new(time: f64, document: i64, list: usize) -> Entry {
        Entry { time, document, list }
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Entry) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Entry) -> std::cmp::Ordering {
        self.time
            .total_cmp(&other.time)
            .then(self.document.cmp(&other.document))
            .then(self.list.cmp(&other.list))
    }
}
