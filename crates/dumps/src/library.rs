//! The library of dumps of one account.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use thoth_manta::{Index, IndexQuery, Manta, MantaExt, ObjectReader, Path};

use crate::follow::{self, record_path};
use crate::record::MAX_RECORD_BYTES;
use crate::spec::{Spec, Term, TimeSide};
use crate::{
    Candidate, DumpId, Error, HashPrefix, PropPath, Record, RecordError, Result,
};

/// Candidates that an ambiguity shows.
const SHOWN: usize = 10;

/// The dumps of one account, in a store.
///
/// A value may be used from many threads, and many processes may work on the
/// same store.
pub struct Dumps {
    pub(crate) manta: Arc<dyn Manta>,
    pub(crate) index: Option<Arc<dyn Index>>,
    pub(crate) root: Path,
}

/// The answer to a specification.
#[derive(Debug, Default)]
pub struct Found {
    /// The matching records, in order.
    pub records: Vec<Record>,
    /// Records that could not be understood and so were not judged.
    pub problems: Vec<Problem>,
}

/// A record that could not be understood.
#[derive(Debug)]
pub struct Problem {
    /// The dump's name.
    pub id: String,
    /// Why.
    pub error: RecordError,
}

/// What a user's argument means.
#[derive(Debug)]
pub enum Resolved {
    /// A dump in the library.
    Stored(Record),
    /// A local file; whether it is in the library is for its identity to say.
    File(PathBuf),
}

/// What a user's arguments mean, where several dumps are welcome.
#[derive(Debug)]
pub enum Selection {
    /// One name was given, of a dump in the library.
    One(Record),
    /// A specification was given.
    Many(Found),
    /// One local file was given.
    File(PathBuf),
}

/// How many dumps there are for each value of some members.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// One row for each combination of values, ascending by count.
    pub rows: Vec<ReportRow>,
    /// How many dumps were counted.
    pub total: u64,
    /// How many of them lack every one of the members.
    pub missing: u64,
}

/// A row of a report.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportRow {
    /// The value of each member; `None` where it is absent.
    pub values: Vec<Option<Value>>,
    /// How many dumps have them.
    pub count: u64,
}

impl std::fmt::Debug for Dumps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Dumps({})", self.root)
    }
}

impl Dumps {
    /// Opens the library of an account in a store that keeps an index.
    ///
    /// # Errors
    ///
    /// When the account's name is not allowed.
    pub fn open<S>(store: Arc<S>, account: &str) -> Result<Dumps>
    where
        S: Manta + Index + 'static,
    {
        let index: Arc<dyn Index> = store.clone();
        Ok(Dumps { manta: store, index: Some(index), root: root_of(account)? })
    }

    /// Opens the library of an account in a store without an index: every
    /// query reads all records.
    ///
    /// # Errors
    ///
    /// When the account's name is not allowed.
    pub fn open_plain(store: Arc<dyn Manta>, account: &str) -> Result<Dumps> {
        Ok(Dumps { manta: store, index: None, root: root_of(account)? })
    }

    /// Returns the directory of the library: `/ACCOUNT/stor/thoth`.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the record of a dump; `None` when there is none.
    ///
    /// # Errors
    ///
    /// When the store fails or the record cannot be understood.
    pub fn record(&self, id: &DumpId) -> Result<Option<Record>> {
        Ok(self.record_and_etag(id)?.map(|(record, _)| record))
    }

    pub(crate) fn record_and_etag(
        &self,
        id: &DumpId,
    ) -> Result<Option<(Record, thoth_manta::Etag)>> {
        let path = record_path(&self.root, id)?;
        let (info, bytes) = match self.manta.get(&path, MAX_RECORD_BYTES as u64)
        {
            Ok(found) => found,
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => {
                let what = format!("cannot read {path}");
                return Err(Error::store(what)(error));
            }
        };
        let record = Record::parse(&bytes).map_err(|source| Error::Record {
            path: path.to_string(),
            source,
        })?;
        Ok(Some((record, info.etag)))
    }

    /// Returns the dumps that a specification names, in its order.
    ///
    /// # Errors
    ///
    /// When the store fails. No match is no error.
    pub fn find(&self, spec: &Spec) -> Result<Found> {
        let now = Timestamp::now();
        let query = index_query(spec, now);
        // Newest first, the newest so many are all that is needed.
        let enough = match spec.limit {
            Some(limit) if spec.sort.is_empty() => limit,
            _ => usize::MAX,
        };
        let mut found = Found::default();
        self.visit(&query, &mut |id, text| {
            match Record::parse(text.as_bytes()) {
                Err(error) => {
                    found.problems.push(Problem { id: id.to_owned(), error });
                }
                Ok(record) if spec.matches(&record, now) => {
                    found.records.push(record);
                }
                Ok(_) => {}
            }
            if self.index.is_some() && found.records.len() >= enough {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })?;
        spec.arrange(&mut found.records);
        Ok(found)
    }

    /// Visits candidates, from the index if there is one.
    fn visit(
        &self,
        query: &IndexQuery,
        visit: &mut dyn FnMut(&str, &str) -> ControlFlow<()>,
    ) -> Result<()> {
        match &self.index {
            None => follow::scan(&*self.manta, &self.root, visit),
            Some(index) => {
                follow::catch_up(&*self.manta, &**index, &self.root)?;
                follow::query(&**index, query, visit)
            }
        }
    }

    /// Makes the index again from the records; nothing to do without one.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub fn rebuild_index(&self) -> Result<()> {
        match &self.index {
            Some(index) => follow::rebuild(&*self.manta, &**index, &self.root),
            None => Ok(()),
        }
    }

    /// Finds what one argument means, where exactly one dump is needed: the
    /// beginning of a dump's name, else a local file, else (with a `=`) a
    /// specification that names one dump.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] when nothing is meant, [`Error::Ambiguous`] when
    /// several dumps are.
    pub fn resolve_one(&self, argument: &str) -> Result<Resolved> {
        match self.select(&[argument])? {
            Selection::One(record) => Ok(Resolved::Stored(record)),
            Selection::File(file) => Ok(Resolved::File(file)),
            Selection::Many(found) => {
                self.only(argument, found.records).map(Resolved::Stored)
            }
        }
    }

    /// Finds what the arguments of a command mean, where several dumps are
    /// welcome. One argument without `=` is a name or a local file; anything
    /// else is a specification, which may match nothing.
    ///
    /// # Errors
    ///
    /// As [`Dumps::resolve_one`] for a name; else when the specification does
    /// not parse.
    pub fn select<A: AsRef<str>>(&self, arguments: &[A]) -> Result<Selection> {
        let [argument] = arguments else {
            let spec = Spec::parse(arguments)?;
            return Ok(Selection::Many(self.find(&spec)?));
        };
        let argument = argument.as_ref();
        let is_path = argument.contains('/')
            && argument.find('/') < argument.find('=').or(Some(usize::MAX));
        if argument.contains('=') && !is_path {
            let spec = Spec::parse(&[argument])?;
            return Ok(Selection::Many(self.find(&spec)?));
        }
        self.select_name(argument, is_path)
    }

    fn select_name(&self, argument: &str, is_path: bool) -> Result<Selection> {
        let prefix = HashPrefix::parse(argument);
        if let (Ok(prefix), false) = (&prefix, is_path) {
            let found = self.find_prefix(prefix)?;
            if !found.is_empty() {
                return self.only(argument, found).map(Selection::One);
            }
        }
        let file = PathBuf::from(argument);
        if file.exists() {
            return Ok(Selection::File(file));
        }
        if let Err(error @ crate::HashPrefixError::TooShort(_)) = prefix {
            return Err(error.into());
        }
        let hint = if prefix.is_ok() || is_path {
            "thoth ls shows what is there".to_owned()
        } else {
            format!(
                "no such file, and no dump's name; did you mean \
                 cmd={argument}?"
            )
        };
        Err(Error::NotFound { wanted: argument.to_owned(), hint: Some(hint) })
    }

    /// Returns the dumps whose names begin so, the oldest first.
    ///
    /// # Errors
    ///
    /// When the store fails, or the only match cannot be understood.
    pub fn find_prefix(&self, prefix: &HashPrefix) -> Result<Vec<Record>> {
        if let Some(id) = DumpId::parse(prefix.as_str()) {
            return Ok(self.record(&id)?.into_iter().collect());
        }
        let spec =
            Spec { terms: vec![Term::Name(prefix.clone())], ..Spec::default() };
        let mut found = self.find(&spec)?;
        found.problems.retain(|problem| prefix.matches(&problem.id));
        match found.problems.pop() {
            Some(problem) if found.records.is_empty() => Err(Error::Record {
                path: format!("{}/{}/info.json", self.root, problem.id),
                source: problem.error,
            }),
            _ => Ok(found.records),
        }
    }

    /// Returns the only record, or says what is wrong with their number.
    fn only(&self, wanted: &str, records: Vec<Record>) -> Result<Record> {
        let count = records.len();
        if count > 1 {
            let newest = records.iter().skip(count.saturating_sub(SHOWN));
            return Err(Error::Ambiguous {
                wanted: wanted.to_owned(),
                candidates: newest.map(candidate).collect(),
                count,
            });
        }
        records.into_iter().next().ok_or_else(|| Error::NotFound {
            wanted: wanted.to_owned(),
            hint: Some("thoth ls shows what is there".to_owned()),
        })
    }

    /// Counts dumps by the values of members; without members, all of them.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub fn report(&self, spec: &Spec, members: &[PropPath]) -> Result<Report> {
        let found = self.find(spec)?;
        // Values have no hash of their own: their JSON text stands for them.
        let mut rows: HashMap<String, ReportRow> = HashMap::new();
        let mut missing = 0;
        for record in &found.records {
            let values: Vec<Option<Value>> =
                members.iter().map(|member| value_of(member, record)).collect();
            if !members.is_empty() && values.iter().all(Option::is_none) {
                missing += 1;
            }
            let key = serde_json::to_string(&values).unwrap_or_default();
            rows.entry(key).or_insert(ReportRow { values, count: 0 }).count +=
                1;
        }
        let mut rows: Vec<ReportRow> = rows.into_values().collect();
        let name = |row: &ReportRow| {
            serde_json::to_string(&row.values).unwrap_or_default()
        };
        rows.sort_by_cached_key(|row| (row.count, name(row)));
        Ok(Report { rows, total: found.records.len() as u64, missing })
    }

    /// Opens the bytes of a dump.
    ///
    /// # Errors
    ///
    /// When the record names no object, or the store fails.
    pub fn open_dump(&self, record: &Record) -> Result<Box<dyn ObjectReader>> {
        let missing = || Error::NotFound {
            wanted: format!("the bytes of dump {}", record.id()),
            hint: None,
        };
        let path = record.dump_path().ok_or_else(missing)?;
        let path = Path::parse(path).map_err(|error| {
            Error::store(format!("the record of {}", record.id()))(error.into())
        })?;
        self.manta.open(&path).map_err(|error| {
            if error.is_not_found() {
                missing()
            } else {
                Error::store(format!("cannot open {path}"))(error)
            }
        })
    }

    /// Returns a file of this machine that holds the dump's bytes as they
    /// are, to be opened at once and never written to; `None` when the store
    /// has none.
    ///
    /// # Errors
    ///
    /// As [`Dumps::open_dump`].
    pub fn local_file(&self, record: &Record) -> Result<Option<PathBuf>> {
        Ok(self.open_dump(record)?.local_file())
    }
}

fn root_of(account: &str) -> Result<Path> {
    Path::parse(&format!("/{account}/stor/thoth")).map_err(|error| {
        Error::store(format!("cannot use account {account:?}"))(error.into())
    })
}

pub(crate) fn candidate(record: &Record) -> Candidate {
    let name = record.cmd().or_else(|| record.node());
    Candidate {
        id: record.id(),
        time: record.time(),
        cmd: name.map(str::to_owned),
    }
}

/// Returns a member's value; several, found through an array, as an array.
fn value_of(member: &PropPath, record: &Record) -> Option<Value> {
    let mut found = member.find(record.members());
    match found.len() {
        0 | 1 => found.pop().cloned(),
        _ => Some(found.into_iter().cloned().collect()),
    }
}

/// Says what the index can sort out by itself.
fn index_query(spec: &Spec, now: Timestamp) -> IndexQuery {
    let mut query = IndexQuery {
        newest_first: spec.limit.is_some() && spec.sort.is_empty(),
        ..IndexQuery::default()
    };
    for term in &spec.terms {
        match term {
            Term::Name(prefix) => {
                query.id_prefix = Some(prefix.as_str().to_owned());
            }
            Term::Time { side: TimeSide::Newer, when } => {
                let after = when.seconds(now);
                query.after = Some(query.after.map_or(after, |a| a.max(after)));
            }
            Term::Time { side: TimeSide::Older, when } => {
                let before = when.seconds(now);
                query.before =
                    Some(query.before.map_or(before, |b| b.min(before)));
            }
            Term::Time { side: TimeSide::Uploaded, .. } | Term::Prop { .. } => {
            }
        }
    }
    query
}
