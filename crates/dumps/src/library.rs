//! The library of dumps of one account.

use std::path::PathBuf;
use std::sync::Arc;

use thoth_manta::{Index, Manta, MantaExt, ObjectReader, Path};

use crate::index::{self, IndexCheck, read_stored, record_path};
use crate::spec::{Spec, Term, is_term};
use crate::{
    Candidate, DumpId, Error, Found, HashPrefix, Record, RecordError, Result,
};

/// Candidates that an ambiguity shows.
const SHOWN: usize = 10;

/// The dumps of one account, in a store.
///
/// A value may be used from many threads, and many processes may work on the
/// same store. A clone works on the same store.
#[derive(Clone)]
pub struct Dumps {
    pub(crate) manta: Arc<dyn Manta>,
    pub(crate) index: Option<Arc<dyn Index>>,
    pub(crate) root: Path,
    /// Whom the history names for changes.
    pub(crate) author: Option<String>,
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
        Ok(Dumps {
            manta: store,
            index: Some(index),
            root: root_of(account)?,
            author: None,
        })
    }

    /// Opens the library of an account in a store without an index: every
    /// query reads all records.
    ///
    /// # Errors
    ///
    /// When the account's name is not allowed.
    pub fn open_plain(store: Arc<dyn Manta>, account: &str) -> Result<Dumps> {
        Ok(Dumps {
            manta: store,
            index: None,
            root: root_of(account)?,
            author: None,
        })
    }

    /// Names who makes the changes, for their history.
    #[must_use]
    pub fn with_author(mut self, author: Option<String>) -> Dumps {
        self.author = author;
        self
    }

    /// Returns the text of `ROOT/config.json`, the settings of all who use the
    /// library, and its path; `None` when there is none.
    ///
    /// # Errors
    ///
    /// When the store fails, or the object is longer than 64 KiB.
    pub fn shared_settings(&self) -> Result<Option<(Path, Vec<u8>)>> {
        const LONGEST: u64 = 64 * 1024;
        let path = index::child(&self.root, "config.json")?;
        match self.manta.get(&path, LONGEST) {
            Ok((_, bytes)) => Ok(Some((path, bytes))),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => {
                Err(Error::store(format!("cannot read {path}"))(error))
            }
        }
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
        let Some(stored) = read_stored(&*self.manta, &self.root, *id)? else {
            return Ok(None);
        };
        let path = record_path(&self.root, id)?.to_string();
        let record =
            stored.record.map_err(|source| Error::Record { path, source })?;
        Ok(Some((record, stored.etag)))
    }

    /// Makes the index again from the records and returns how many there are;
    /// nothing to do without an index. The old one answers until the new one
    /// takes its place.
    ///
    /// # Errors
    ///
    /// When the store fails, or another rebuild interferes.
    pub fn rebuild_index(&self) -> Result<u64> {
        match &self.index {
            Some(index) => index::rebuild(&*self.manta, &**index, &self.root),
            None => Ok(0),
        }
    }

    /// Compares the index with the records, and mends it if asked; `None`
    /// without an index. No record is written.
    ///
    /// # Errors
    ///
    /// When the store fails, or others keep changing the index.
    pub fn check_index(&self, mend: bool) -> Result<Option<IndexCheck>> {
        let Some(index) = &self.index else { return Ok(None) };
        index::check(&*self.manta, &**index, &self.root, mend).map(Some)
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
        if is_term(argument) {
            let spec = Spec::parse(&[argument])?;
            return Ok(Selection::Many(self.find(&spec)?));
        }
        self.select_name(argument, argument.contains('/'))
    }

    fn select_name(&self, argument: &str, is_path: bool) -> Result<Selection> {
        let prefix = HashPrefix::parse(argument);
        if let (Ok(prefix), false) = (&prefix, is_path) {
            let found = self.find_prefix(prefix)?;
            if !found.is_empty() {
                let record = self.only(argument, found)?;
                return self.follow(record).map(Selection::One);
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

    /// Returns the dump that took a record's place, if one did.
    fn follow(&self, record: Record) -> Result<Record> {
        match record.superseded_by() {
            Some(whole) => Ok(self.record(&whole)?.unwrap_or(record)),
            None => Ok(record),
        }
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
        let mut spec = Spec::default();
        spec.terms.push(Term::Name(prefix.clone()));
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
