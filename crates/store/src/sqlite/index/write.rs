//! Applying a batch: documents, their values, lists and counters.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rusqlite::{Connection, OptionalExtension, params};
use thoth_manta::{Document, Field, IndexBatch, Result};

use super::{
    ALL, Generation, Time, Tried, UNKNOWN, day_of, decode, encode,
    set_position, small,
};

/// Applies a batch to a generation.
pub(in super::super) fn apply(
    sql: &Connection,
    generation: Generation,
    batch: &IndexBatch,
) -> Result<()> {
    let mut writer = Writer::new(sql, generation.number);
    for id in &batch.remove {
        writer.remove(id)?;
    }
    for document in &batch.put {
        writer.put(document)?;
    }
    writer.finish()?;
    set_position(sql, generation.number, batch.position)
}

/// Texts of the statements, which name the generation's tables.
struct Texts {
    find_doc: String,
    add_doc: String,
    change_doc: String,
    remove_doc: String,
    find_val: String,
    add_val: String,
    count_val: String,
    add_post: String,
    remove_post: String,
    count_day: String,
    clean_day: String,
}

impl Texts {
    fn new(n: i64) -> Texts {
        Texts {
            find_doc: format!(
                "SELECT key, time, vals FROM doc_{n} WHERE id = ?1"
            ),
            add_doc: format!(
                "INSERT INTO doc_{n}(id, time, etag, vals)
                 VALUES (?1, ?2, ?3, ?4)"
            ),
            change_doc: format!(
                "UPDATE doc_{n} SET time = ?2, etag = ?3, vals = ?4
                 WHERE key = ?1"
            ),
            remove_doc: format!("DELETE FROM doc_{n} WHERE key = ?1"),
            find_val: format!(
                "SELECT key FROM val_{n}
                 WHERE field = ?1 AND mark = ?2 AND text = ?3"
            ),
            add_val: format!(
                "INSERT INTO val_{n}(field, mark, text, n)
                 VALUES (?1, ?2, ?3, 0)"
            ),
            count_val: format!("UPDATE val_{n} SET n = n + ?2 WHERE key = ?1"),
            add_post: format!(
                "INSERT OR IGNORE INTO post_{n}(val, time, doc)
                 VALUES (?1, ?2, ?3)"
            ),
            remove_post: format!(
                "DELETE FROM post_{n}
                 WHERE val = ?1 AND time = ?2 AND doc = ?3"
            ),
            count_day: format!(
                "INSERT INTO day_{n}(val, day, n) VALUES (?1, ?2, ?3)
                 ON CONFLICT(val, day) DO UPDATE SET n = n + excluded.n"
            ),
            clean_day: format!(
                "DELETE FROM day_{n} WHERE val = ?1 AND day = ?2 AND n = 0"
            ),
        }
    }
}

/// One change of a batch; lists and counters are written at its end, in the
/// order of their keys, which touches each page once.
struct Writer<'a> {
    sql: &'a Connection,
    texts: Texts,
    keys: HashMap<Field, u32>,
    /// (value, time, document) -> added or removed.
    posts: BTreeMap<(i64, Time, i64), bool>,
    days: BTreeMap<(i64, i64), i64>,
}

struct Old {
    key: i64,
    time: f64,
    vals: BTreeSet<u32>,
}

impl<'a> Writer<'a> {
    fn new(sql: &'a Connection, generation: i64) -> Writer<'a> {
        Writer {
            sql,
            texts: Texts::new(generation),
            keys: HashMap::new(),
            posts: BTreeMap::new(),
            days: BTreeMap::new(),
        }
    }

    fn find(&self, id: &str) -> Result<Option<Old>> {
        self.sql
            .prepare_cached(&self.texts.find_doc)
            .and_then(|mut q| {
                q.query_row([id], |row| {
                    let vals = row.get_ref(2)?.as_blob()?;
                    Ok(Old {
                        key: row.get(0)?,
                        time: row.get(1)?,
                        vals: decode(vals).collect(),
                    })
                })
                .optional()
            })
            .tried("look a document up")
    }

    fn remove(&mut self, id: &str) -> Result<()> {
        let Some(old) = self.find(id)? else { return Ok(()) };
        self.sql
            .prepare_cached(&self.texts.remove_doc)
            .and_then(|mut q| q.execute([old.key]))
            .tried("remove a document")?;
        self.move_values(&old.vals, old.time, old.key, false);
        Ok(())
    }

    fn put(&mut self, document: &Document) -> Result<()> {
        let time =
            document.time.filter(|time| time.is_finite()).unwrap_or(UNKNOWN);
        let mut vals = BTreeSet::new();
        for field in &document.fields {
            vals.insert(self.value_key(field)?);
        }
        let keys: Vec<u32> = vals.iter().copied().collect();
        let blob = encode(&keys);
        let etag = document.etag.as_str();
        let Some(old) = self.find(&document.id)? else {
            self.sql
                .prepare_cached(&self.texts.add_doc)
                .and_then(|mut q| {
                    q.insert(params![document.id, time, etag, blob])
                })
                .map(|key| self.move_values(&vals, time, key, true))
                .tried("add a document")?;
            return Ok(());
        };
        self.sql
            .prepare_cached(&self.texts.change_doc)
            .and_then(|mut q| q.execute(params![old.key, time, etag, blob]))
            .tried("change a document")?;
        if old.vals != vals || old.time != time {
            self.move_values(&old.vals, old.time, old.key, false);
            self.move_values(&vals, time, old.key, true);
        }
        Ok(())
    }

    /// Notes that a document has, or no longer has, values at a time.
    fn move_values(
        &mut self,
        vals: &BTreeSet<u32>,
        time: f64,
        document: i64,
        added: bool,
    ) {
        let day = day_of(time);
        let step = if added { 1 } else { -1 };
        *self.days.entry((ALL, day)).or_default() += step;
        for val in vals {
            let val = i64::from(*val);
            *self.days.entry((val, day)).or_default() += step;
            // The last word counts: removed and added again is there.
            self.posts.insert((val, Time(time), document), added);
        }
    }

    fn value_key(&mut self, field: &Field) -> Result<u32> {
        if let Some(key) = self.keys.get(field) {
            return Ok(*key);
        }
        let mark = field.value.is_none();
        let text = field.value.as_deref().unwrap_or_default();
        let found: Option<i64> = self
            .sql
            .prepare_cached(&self.texts.find_val)
            .and_then(|mut q| {
                q.query_row(params![field.name, mark, text], |row| row.get(0))
                    .optional()
            })
            .tried("look a value up")?;
        let key = match found {
            Some(key) => key,
            None => self
                .sql
                .prepare_cached(&self.texts.add_val)
                .and_then(|mut q| q.insert(params![field.name, mark, text]))
                .tried("add a value")?,
        };
        let key = small(key)?;
        self.keys.insert(field.clone(), key);
        Ok(key)
    }

    /// Writes lists and counters.
    fn finish(self) -> Result<()> {
        for ((val, time, document), added) in &self.posts {
            let text = if *added {
                &self.texts.add_post
            } else {
                &self.texts.remove_post
            };
            self.sql
                .prepare_cached(text)
                .and_then(|mut q| q.execute(params![val, time.0, document]))
                .tried("write a value's list")?;
        }
        let mut totals: BTreeMap<i64, i64> = BTreeMap::new();
        for ((val, day), step) in &self.days {
            if *step == 0 {
                continue;
            }
            *totals.entry(*val).or_default() += step;
            self.sql
                .prepare_cached(&self.texts.count_day)
                .and_then(|mut q| q.execute(params![val, day, step]))
                .tried("count a value")?;
            if *step < 0 {
                self.sql
                    .prepare_cached(&self.texts.clean_day)
                    .and_then(|mut q| q.execute(params![val, day]))
                    .tried("remove an empty count")?;
            }
        }
        for (val, step) in totals.iter().filter(|(v, n)| **v != ALL && **n != 0)
        {
            self.sql
                .prepare_cached(&self.texts.count_val)
                .and_then(|mut q| q.execute(params![val, step]))
                .tried("count a value")?;
        }
        Ok(())
    }
}
