//! Building an index from all documents at once.
//!
//! Applying a million documents batch by batch writes each list, counter and
//! lookup of values at random places of trees far larger than any cache: the
//! last documents cost ten times what the first ones did. So a build puts off
//! what would be random:
//!
//! 1. *Fill*: documents and new values are appended. Which values are known is
//!    remembered here, by a digest of 96 bits, and needs no look-up in tables.
//!    The entries of the lists are gathered for sorting ([`Runs`]).
//! 2. *Lists*: entries come back in the order of the lists' key, so lists,
//!    counters by day and totals are appended too, each page once.
//! 3. *Orders*: the look-up of values by text and the order of documents by
//!    time are made by SQLite's own sorting.
//!
//! All this goes into tables under a name that nobody asks for, some thousand
//! rows a transaction, so that other writers wait little. Each transaction
//! first looks whether the tables are still this build's: the one that began
//! last takes the name, and the one before stops at its next step.
//!
//! Beyond [`KNOWN`] values (71 MB) no more are remembered: the look-up by text
//! is made at that point, and further values are looked up there. That is
//! slower and just as right.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension, params};
use thoth_manta::{Document, Field, Result};

use super::runs::{Merged, Post, Runs};
use super::{
    ALL, Generation, Time, Tried, UNKNOWN, day_of, drop_one, encode, forget,
    make_tables, replace, small,
};

/// Values that are remembered.
pub(in super::super) const KNOWN: usize = 3_600_000;
/// List entries written in one transaction.
const CHUNK: usize = 20_000;

/// Returns the name of an index that is being built.
fn building(name: &str) -> String {
    format!("{name}.new")
}

/// Begins a build, and ends one that was going on.
pub(in super::super) fn begin(sql: &Connection, name: &str) -> Result<i64> {
    let new = building(name);
    forget(sql, &new)?;
    while drop_one(sql)? {}
    sql.execute("INSERT INTO idx(name, position) VALUES (?1, 0)", [&new])
        .tried("begin an index")?;
    let n = sql.last_insert_rowid();
    make_tables(sql, n)?;
    Ok(n)
}

/// Tells whether tables still belong to the build of an index.
fn is_ours(sql: &Connection, n: i64, name: &str) -> Result<bool> {
    sql.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM idx WHERE gen = ?1 AND name = ?2)",
    )
    .and_then(|mut q| q.query_row(params![n, building(name)], |row| row.get(0)))
    .tried("look a build up")
}

/// Makes the look-up of values by text, which also keeps them distinct.
fn order_values(sql: &Connection, n: i64) -> Result<()> {
    sql.execute_batch(&super::order_values_text(n))
        .tried("order an index's values")
}

/// What a build does in one transaction; false when it is no longer the last
/// one that began. It may be run again after it was undone.
pub(in super::super) trait Step {
    fn run(&self, sql: &Connection, n: i64) -> Result<()>;

    fn run_if_ours(
        &self,
        sql: &Connection,
        n: i64,
        name: &str,
    ) -> Result<bool> {
        if !is_ours(sql, n, name)? {
            return Ok(false);
        }
        self.run(sql, n).map(|()| true)
    }
}

/// Documents and the values that are new with them.
#[derive(Default)]
pub(in super::super) struct Fill {
    values: Vec<(u32, Field)>,
    documents: Vec<Row>,
}

struct Row {
    key: i64,
    id: String,
    time: f64,
    etag: String,
    vals: Vec<u8>,
}

impl Step for Fill {
    fn run(&self, sql: &Connection, n: i64) -> Result<()> {
        let mut add = sql
            .prepare_cached(&format!(
                "INSERT INTO val_{n}(key, field, mark, text, n)
                 VALUES (?1, ?2, ?3, ?4, 0)"
            ))
            .tried("add a value")?;
        for (key, field) in &self.values {
            let text = field.value.as_deref();
            add.execute(params![
                key,
                field.name,
                text.is_none(),
                text.unwrap_or_default()
            ])
            .tried("add a value")?;
        }
        let mut add = sql
            .prepare_cached(&format!(
                "INSERT INTO doc_{n}(key, id, time, etag, vals)
                 VALUES (?1, ?2, ?3, ?4, ?5)"
            ))
            .tried("add a document")?;
        for row in &self.documents {
            add.execute(params![row.key, row.id, row.time, row.etag, row.vals])
                .tried("add a document")?;
        }
        Ok(())
    }
}

/// Part of the lists, with the counters that it completes.
#[derive(Default)]
pub(in super::super) struct Lists {
    posts: Vec<Post>,
    /// (value, day, number)
    days: Vec<(i64, i64, i64)>,
    /// (value, number)
    totals: Vec<(i64, i64)>,
}

impl Lists {
    pub(in super::super) fn is_empty(&self) -> bool {
        self.posts.is_empty() && self.days.is_empty() && self.totals.is_empty()
    }
}

impl Step for Lists {
    fn run(&self, sql: &Connection, n: i64) -> Result<()> {
        let what = "write a value's list";
        let mut add = sql
            .prepare_cached(&format!(
                "INSERT INTO post_{n}(val, time, doc) VALUES (?1, ?2, ?3)"
            ))
            .tried(what)?;
        for post in &self.posts {
            add.execute(params![post.val, post.time.0, post.document])
                .tried(what)?;
        }
        let mut add = sql
            .prepare_cached(&format!(
                "INSERT INTO day_{n}(val, day, n) VALUES (?1, ?2, ?3)"
            ))
            .tried("count a value")?;
        for (val, day, number) in &self.days {
            add.execute(params![val, day, number]).tried("count a value")?;
        }
        let mut set = sql
            .prepare_cached(&format!(
                "UPDATE val_{n} SET n = ?2 WHERE key = ?1"
            ))
            .tried("count a value")?;
        for (val, number) in &self.totals {
            set.execute(params![val, number]).tried("count a value")?;
        }
        Ok(())
    }
}

/// The look-ups that are made last.
pub(in super::super) struct Orders;

impl Step for Orders {
    fn run(&self, sql: &Connection, n: i64) -> Result<()> {
        order_values(sql, n)?;
        sql.execute_batch(&super::order_documents_text(n))
            .tried("order an index's documents")
    }
}

/// The look-up of values by text, made before its time.
pub(in super::super) struct ValueOrder;

impl Step for ValueOrder {
    fn run(&self, sql: &Connection, n: i64) -> Result<()> {
        order_values(sql, n)
    }
}

/// Puts a finished build in its place; false when it is no longer the last
/// one that began.
pub(in super::super) fn end(
    sql: &Connection,
    n: i64,
    name: &str,
    position: u64,
) -> Result<bool> {
    if !is_ours(sql, n, name)? {
        return Ok(false);
    }
    replace(sql, name, Generation { number: n, position }).map(|()| true)
}

/// Numbers documents and values.
pub(in super::super) struct Numbers {
    /// Values remembered at most.
    most: usize,
    digests: Digests,
    known: HashMap<[u8; 12], u32>,
    /// Whether values are looked up that are not known.
    looks_up: bool,
    values: u32,
    documents: i64,
    runs: Runs,
    days: BTreeMap<i64, i64>,
}

impl Numbers {
    pub(in super::super) fn new(most: usize, runs: Runs) -> Numbers {
        Numbers {
            most,
            digests: Digests::new(),
            known: HashMap::new(),
            looks_up: false,
            values: 0,
            documents: 0,
            runs,
            days: BTreeMap::new(),
        }
    }

    /// Tells whether from now on values must be looked up, for which
    /// [`ValueOrder`] must have run.
    pub(in super::super) fn becomes_full(&mut self) -> bool {
        let full = !self.looks_up && self.known.len() >= self.most;
        self.looks_up |= full;
        full
    }

    /// Returns the values whose numbers must be looked up; none while all
    /// are remembered.
    pub(in super::super) fn unknown(
        &self,
        documents: &[Document],
    ) -> HashSet<Field> {
        if !self.looks_up {
            return HashSet::new();
        }
        let fields = documents.iter().flat_map(|document| &document.fields);
        fields
            .filter(|field| !self.known.contains_key(&self.digests.of(field)))
            .cloned()
            .collect()
    }

    /// Numbers documents and their values, some of which were looked up.
    pub(in super::super) fn add(
        &mut self,
        documents: Vec<Document>,
        mut looked_up: HashMap<Field, u32>,
    ) -> Result<Fill> {
        let mut fill = Fill::default();
        for document in documents {
            self.documents = self.documents.saturating_add(1);
            let key = self.documents;
            let time = document.time.filter(|time| time.is_finite());
            let time = time.unwrap_or(UNKNOWN);
            let mut vals = BTreeSet::new();
            for field in document.fields {
                let digest = self.digests.of(&field);
                let known = self.known.get(&digest);
                let known = known.or_else(|| looked_up.get(&field));
                if let Some(val) = known {
                    vals.insert(*val);
                    continue;
                }
                let val = small(i64::from(self.values).saturating_add(1))?;
                self.values = val;
                vals.insert(val);
                if self.looks_up {
                    looked_up.insert(field.clone(), val);
                } else {
                    self.known.insert(digest, val);
                }
                fill.values.push((val, field));
            }
            *self.days.entry(day_of(time)).or_default() += 1;
            for val in &vals {
                let time = Time(time);
                self.runs.add(Post { val: *val, time, document: key })?;
            }
            let vals: Vec<u32> = vals.into_iter().collect();
            fill.documents.push(Row {
                key,
                id: document.id,
                time,
                etag: document.etag.as_str().to_owned(),
                vals: encode(&vals),
            });
        }
        Ok(fill)
    }

    /// Returns the lists, once all documents have been added.
    pub(in super::super) fn lists(self) -> Result<ListsInOrder> {
        let days = self.days.into_iter();
        Ok(ListsInOrder {
            merged: self.runs.merge()?,
            // All documents count as having this value.
            days: days.map(|(day, n)| (ALL, day, n)).collect(),
            last: None,
        })
    }
}

/// Looks values up.
pub(in super::super) fn find_values(
    sql: &Connection,
    n: i64,
    name: &str,
    fields: &HashSet<Field>,
) -> Result<Option<HashMap<Field, u32>>> {
    if !is_ours(sql, n, name)? {
        return Ok(None);
    }
    let mut found = HashMap::new();
    let mut find = sql
        .prepare_cached(&format!(
            "SELECT key FROM val_{n}
             WHERE field = ?1 AND mark = ?2 AND text = ?3"
        ))
        .tried("look a value up")?;
    for field in fields {
        let text = field.value.as_deref();
        let key: Option<u32> = find
            .query_row(
                params![field.name, text.is_none(), text.unwrap_or_default()],
                |row| row.get(0),
            )
            .optional()
            .tried("look a value up")?;
        if let Some(key) = key {
            found.insert(field.clone(), key);
        }
    }
    Ok(Some(found))
}

/// Stands for values. The key is another one for each build, so nobody can
/// prepare two values with the same 96 bits, and of a hundred million none
/// have them by chance.
struct Digests {
    key: [u8; 32],
}

impl Digests {
    fn new() -> Digests {
        use std::hash::{BuildHasher, Hasher};
        // Seeded by the system's random numbers.
        let random = std::collections::hash_map::RandomState::new();
        let mut seed = blake3::Hasher::new();
        for n in 0..4u64 {
            let mut hasher = random.build_hasher();
            hasher.write_u64(n);
            seed.update(&hasher.finish().to_le_bytes());
        }
        Digests { key: *seed.finalize().as_bytes() }
    }

    fn of(&self, field: &Field) -> [u8; 12] {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(&(field.name.len() as u64).to_le_bytes());
        hasher.update(field.name.as_bytes());
        if let Some(text) = &field.value {
            hasher.update(&[1]);
            hasher.update(text.as_bytes());
        }
        let mut digest = [0; 12];
        hasher.finalize_xof().fill(&mut digest);
        digest
    }
}

/// The lists in the order in which they are written.
pub(in super::super) struct ListsInOrder {
    merged: Merged,
    days: Vec<(i64, i64, i64)>,
    /// What is being counted: value, day, number of that day and in all.
    last: Option<(u32, i64, i64, i64)>,
}

impl ListsInOrder {
    /// Returns the next part; an empty one at the end.
    pub(in super::super) fn next(&mut self) -> Result<Lists> {
        let days = std::mem::take(&mut self.days);
        let mut lists = Lists { days, ..Lists::default() };
        while lists.posts.len() < CHUNK {
            let Some(post) = self.merged.next()? else {
                self.close(&mut lists, None);
                break;
            };
            self.count(&mut lists, &post);
            lists.posts.push(post);
        }
        Ok(lists)
    }

    fn count(&mut self, lists: &mut Lists, post: &Post) {
        let day = day_of(post.time.0);
        match &mut self.last {
            Some((val, last, n, all)) if (*val, *last) == (post.val, day) => {
                *n += 1;
                *all += 1;
            }
            _ => self.close(lists, Some((post.val, day))),
        }
    }

    /// Writes down what was counted, and begins the next.
    fn close(&mut self, lists: &mut Lists, next: Option<(u32, i64)>) {
        let mut before = 0;
        if let Some((val, day, n, all)) = self.last.take() {
            lists.days.push((i64::from(val), day, n));
            if next.is_some_and(|(next, _)| next == val) {
                before = all;
            } else {
                lists.totals.push((i64::from(val), all));
            }
        }
        self.last = next.map(|(val, day)| (val, day, 1, before + 1));
    }
}
