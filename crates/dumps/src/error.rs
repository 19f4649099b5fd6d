//! What can go wrong, and what to do about it.

use thoth_manta as manta;

use crate::record::RecordError;
use crate::spec::SpecError;
use crate::{DumpId, HashPrefixError};

/// The result of dump management.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Whose problem an error is; a program's exit status follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Something about the request can be changed.
    User,
    /// The dump asked for is not there.
    NotFound,
    /// The store failed.
    Store,
}

/// One of the dumps that an ambiguous name could mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Its name.
    pub id: DumpId,
    /// Its time in seconds since 1970.
    pub time: Option<f64>,
    /// Its command, or its host for a kernel's dump.
    pub cmd: Option<String>,
}

/// A failed operation of dump management.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store failed.
    #[error("{what}")]
    Store {
        /// What was tried.
        what: String,
        /// Why it failed.
        #[source]
        source: manta::Error,
    },
    /// The dump's own bytes could not be read.
    #[error("cannot read {name}")]
    Source {
        /// The file.
        name: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A specification does not parse.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// A dump's name is too short, too long, or none.
    #[error(transparent)]
    Name(#[from] HashPrefixError),
    /// No dump is meant.
    #[error("no dump matches {wanted:?}")]
    NotFound {
        /// What was asked for.
        wanted: String,
        /// What to do.
        hint: Option<String>,
    },
    /// A dump has no file of that name beside it.
    #[error("there is no file {name:?} beside dump {dump}")]
    NoAttachment {
        /// The file asked for.
        name: String,
        /// The dump, in short.
        dump: String,
    },
    /// Several dumps are meant, where one is needed.
    #[error("{wanted:?} matches {count} dumps, expected one")]
    Ambiguous {
        /// What was asked for.
        wanted: String,
        /// Some of the dumps, the newest last.
        candidates: Vec<Candidate>,
        /// How many there are.
        count: usize,
    },
    /// A record cannot be understood.
    #[error("{path}")]
    Record {
        /// Its path.
        path: String,
        /// Why.
        #[source]
        source: RecordError,
    },
    /// A change is not allowed.
    #[error("cannot {what}: {why}")]
    Refused {
        /// What was tried.
        what: String,
        /// Why not.
        why: String,
        /// What to do instead.
        hint: Option<String>,
    },
    /// Others changed the record again and again.
    #[error("{path}: changed by others {attempts} times in a row; gave up")]
    Busy {
        /// The record's path.
        path: String,
        /// How often it was tried.
        attempts: u32,
    },
}

impl Error {
    /// Tells whose problem it is.
    pub fn kind(&self) -> Kind {
        match self {
            Error::NotFound { .. } | Error::NoAttachment { .. } => {
                Kind::NotFound
            }
            Error::Store { source, .. } => match source.code() {
                // Full disks and refused names are for the user to mend.
                manta::Code::NotEnoughSpace
                | manta::Code::InvalidResource
                | manta::Code::UploadAbandoned => Kind::User,
                _ => Kind::Store,
            },
            Error::Source { .. }
            | Error::Spec(_)
            | Error::Name(_)
            | Error::Ambiguous { .. }
            | Error::Record { .. }
            | Error::Refused { .. }
            | Error::Busy { .. } => Kind::User,
        }
    }

    /// Returns what the user could do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Error::NotFound { hint, .. } | Error::Refused { hint, .. } => {
                hint.clone()
            }
            Error::Spec(error) => error.suggestion().map(str::to_owned),
            Error::Name(HashPrefixError::TooShort(_)) => Some(
                "give more digits of the name, or ./NAME for a local file"
                    .to_owned(),
            ),
            Error::Ambiguous { .. } => {
                Some("give more digits of the name".to_owned())
            }
            _ => None,
        }
    }

    pub(crate) fn store(
        what: impl Into<String>,
    ) -> impl FnOnce(manta::Error) -> Error {
        move |source| Error::Store { what: what.into(), source }
    }
}
