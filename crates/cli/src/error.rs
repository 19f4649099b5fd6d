//! Failures as users meet them: a kind, a message, its causes, hints.
//!
//! Whatever goes wrong below arrives here as a typed error; its kind decides
//! the exit status, and this is the only place that knows both.
//!
//! | status | kind | meaning |
//! | --- | --- | --- |
//! | 0 | - | all is well; a closed pipe is no error |
//! | 1 | [`Kind::User`] | the command, a file, or the system: the user's to solve |
//! | 2 | [`Kind::NotFound`] | no such dump |
//! | 3 | - | an answer, but of a damaged dump (see [`crate::session`]) |
//! | 100 | [`Kind::Bug`] | our mistake |
//!
//! On stderr it looks so:
//!
//! ```text
//! thoth: cannot open core.7
//! because: No such file or directory
//! hint: ...
//! ```

use std::error::Error as StdError;
use std::io;
use std::process::ExitCode;
use thoth_postmortem::bytes::OpenError;

/// Result of whatever a command does.
pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

/// What a failure means for the exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The user's to solve.
    User,
    /// A dump that is not there.
    NotFound,
    /// Ours to solve.
    Bug,
    /// The reader of our output went away: nothing to say.
    ClosedPipe,
    /// A signal ended what we did, and we have cleaned up.
    Ended(u8),
    /// Something that was told already, with the status it has.
    Told(u8),
}

impl Kind {
    /// Returns the exit status.
    pub(crate) fn status(self) -> u8 {
        match self {
            Self::User => 1,
            Self::NotFound => 2,
            Self::Bug => 100,
            Self::ClosedPipe => 0,
            Self::Told(status) => status,
            // As shells show it.
            Self::Ended(signal) => signal.saturating_add(128),
        }
    }
}

/// An answer that had to be given from a damaged dump.
pub(crate) const PARTIAL: u8 = 3;

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: Kind,
    error: Box<dyn StdError + Send + Sync>,
    details: Vec<String>,
    hints: Vec<String>,
}

/// What a line of a failure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// What failed.
    Message,
    /// What it is about: candidates, the place in an argument.
    Detail,
    /// Why.
    Because,
    /// What to do.
    Hint,
}

impl Line {
    /// Returns what the line begins with.
    pub(crate) fn head(self) -> &'static str {
        match self {
            Self::Message => "thoth: ",
            Self::Detail => "  ",
            Self::Because => "because: ",
            Self::Hint => "hint: ",
        }
    }
}

impl Failure {
    /// A failure that an error of some layer explains.
    pub(crate) fn new(
        kind: Kind,
        error: impl StdError + Send + Sync + 'static,
    ) -> Self {
        let (details, hints) = (Vec::new(), Vec::new());
        Self { kind, error: Box::new(error), details, hints }
    }

    /// Returns a failure that nobody needs to hear of again.
    pub(crate) fn told(mut self) -> Self {
        self.kind = Kind::Told(self.kind.status());
        self
    }

    /// Adds what the user can do about it.
    pub(crate) fn hint(mut self, text: impl Into<String>) -> Self {
        self.hints.push(text.into());
        self
    }

    /// Adds a hint if there is one.
    pub(crate) fn maybe_hint(self, text: Option<String>) -> Self {
        match text {
            Some(text) => self.hint(text),
            None => self,
        }
    }

    /// Adds a line about what failed.
    pub(crate) fn detail(mut self, text: impl Into<String>) -> Self {
        self.details.push(text.into());
        self
    }

    /// Returns the status to exit with.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.kind.status())
    }

    /// Returns the lines for stderr: message, details, causes, hints.
    pub(crate) fn lines(&self) -> Vec<(Line, String)> {
        let mut lines = vec![(Line::Message, self.error.to_string())];
        let details = self.details.iter().cloned();
        lines.extend(details.map(|text| (Line::Detail, text)));
        let mut cause = self.error.source();
        while let Some(error) = cause {
            lines.push((Line::Because, plain(error)));
            cause = error.source();
        }
        let hints = self.hints.iter().cloned();
        lines.extend(hints.map(|text| (Line::Hint, text)));
        lines
    }
}

/// The message of an error without the system's error number.
fn plain(error: &(dyn StdError + 'static)) -> String {
    let text = error.to_string();
    match text.split_once(" (os error ") {
        Some((words, _)) if error.is::<io::Error>() => words.to_owned(),
        _ => text,
    }
}

/// What the commands themselves find wrong.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A name that means nothing.
    #[error("no dump is named {0:?}")]
    NoSuchDump(String),
    /// A local file that is not in the store.
    #[error("{path} (dump {id}) has not been uploaded")]
    NotUploaded {
        /// The file.
        path: String,
        /// The dump it is.
        id: thoth_dumps::DumpId,
    },
    /// A specification that fits nothing.
    #[error("no dump matches {0}")]
    NothingMatches(String),
    /// Something is there, and it is no dump.
    #[error("cannot read {path} as a dump")]
    NoDump {
        /// Path or name.
        path: String,
        /// What it is instead.
        #[source]
        source: thoth_postmortem::core::CoreError,
    },
    /// A file could not be read, written, made or removed.
    #[error("cannot {verb} {what}")]
    Io {
        /// What was tried.
        verb: &'static str,
        /// On what.
        what: String,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// A thread that the dump does not have.
    #[error("there is no thread {tid} in {dump}")]
    NoSuchThread {
        /// The thread asked for.
        tid: i32,
        /// The dump.
        dump: String,
    },
    /// No thread's signal made this core.
    #[error("no thread of {0} crashed")]
    NoCrash(String),
    /// A signal came.
    #[error("ended by signal {0}")]
    Ended(u8),
    /// Words of the command line that do not fit together.
    #[error("{0}")]
    Usage(String),
    /// The environment lacks something that a command needs.
    #[error("{0}")]
    Environment(String),
    /// Some of several dumps failed; each has been told.
    #[error("{failed} of {all} dumps could not be read")]
    Some {
        /// How many failed.
        failed: usize,
        /// Of how many.
        all: usize,
    },
}

impl Error {
    fn kind(&self) -> Kind {
        match self {
            Self::NoSuchDump(_)
            | Self::NotUploaded { .. }
            | Self::NothingMatches(_) => Kind::NotFound,
            Self::Ended(signal) => Kind::Ended(*signal),
            _ => Kind::User,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::new(error.kind(), error)
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        use thoth_postmortem::bytes::ExpandError;
        let hint = match &error {
            OpenError::Expand {
                source: ExpandError::TooLarge { .. }, ..
            } => Some("--expand-limit SIZE allows more, such as 200G"),
            OpenError::Expand {
                source: ExpandError::Scratch { .. }, ..
            } => Some("TMPDIR names another folder for the expanded dump"),
            OpenError::Expand {
                source: ExpandError::Unsupported(_), ..
            } => Some("expand the file by hand and name the result"),
            _ => None,
        };
        let failure = Self::new(Kind::User, error);
        match hint {
            Some(text) => failure.hint(text),
            None => failure,
        }
    }
}

/// Writing to stdout failed.
impl From<io::Error> for Failure {
    fn from(source: io::Error) -> Self {
        let kind = match source.kind() {
            io::ErrorKind::BrokenPipe => Kind::ClosedPipe,
            _ => Kind::User,
        };
        let what = "standard output".to_owned();
        Self::new(kind, Error::Io { verb: "write to", what, source })
    }
}

/// Serialising to stdout failed: of the pipe, or of our own data.
impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        match error.io_error_kind() {
            Some(kind) => io::Error::from(kind).into(),
            None => Self::new(Kind::Bug, error),
        }
    }
}

impl From<thoth_dumps::Error> for Failure {
    fn from(error: thoth_dumps::Error) -> Self {
        use thoth_dumps::Error as E;
        let kind = match error.kind() {
            thoth_dumps::Kind::User => Kind::User,
            thoth_dumps::Kind::NotFound => Kind::NotFound,
            // The system refused something: not our mistake.
            thoth_dumps::Kind::Store if blames_the_system(&error) => Kind::User,
            thoth_dumps::Kind::Store => Kind::Bug,
        };
        let hint = error.hint();
        let details = match &error {
            E::Ambiguous { candidates, count, .. } => {
                candidate_lines(candidates, *count)
            }
            E::Spec(spec) => {
                spec.pointer().lines().map(str::to_owned).collect()
            }
            _ => Vec::new(),
        };
        let failure = Self::new(kind, error).maybe_hint(hint);
        details.into_iter().fold(failure, Self::detail)
    }
}

impl From<thoth_dumps::SpecError> for Failure {
    fn from(error: thoth_dumps::SpecError) -> Self {
        thoth_dumps::Error::from(error).into()
    }
}

impl From<thoth_dumps::HashPrefixError> for Failure {
    fn from(error: thoth_dumps::HashPrefixError) -> Self {
        thoth_dumps::Error::from(error).into()
    }
}

fn candidate_lines(
    candidates: &[thoth_dumps::Candidate],
    count: usize,
) -> Vec<String> {
    let mut lines: Vec<String> = candidates
        .iter()
        .map(|c| {
            let time = crate::tables::time_text(c.time);
            let cmd = c.cmd.as_deref().unwrap_or("-");
            format!("{}  {time}  {cmd}", c.id)
        })
        .collect();
    if let Some(more) = count.checked_sub(lines.len()).filter(|n| *n > 0) {
        lines.push(format!("and {more} older ones"));
    }
    lines
}

/// Whether an error goes back to an answer of the system.
fn blames_the_system(error: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<io::Error>() || is_refusal(error) {
            return true;
        }
        next = error.source();
    }
    false
}

/// Whether an error is a server's, about who asks or what it has room for, or
/// says that there is none.
fn is_refusal(error: &(dyn StdError + 'static)) -> bool {
    let error = error.downcast_ref::<thoth_manta::Error>();
    error.is_some_and(|e| matches!(e.code().status(), 401 | 403 | 503 | 507))
}

/// Makes an error of a file's path and the system's answer.
pub(crate) fn io_error<'a>(
    verb: &'static str,
    path: &'a std::path::Path,
) -> impl FnOnce(io::Error) -> Failure + 'a {
    move |source| {
        let what = path.display().to_string();
        Error::Io { verb, what, source }.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_and_hints_are_lines_of_their_own() {
        let missing = io::Error::from_raw_os_error(2);
        let failure = io_error("open", std::path::Path::new("a.b"))(missing)
            .hint("look again")
            .detail("x");
        let lines = failure.lines();
        let lines: Vec<String> =
            lines.iter().map(|(l, t)| format!("{}{t}", l.head())).collect();
        assert_eq!(
            lines,
            [
                "thoth: cannot open a.b",
                "  x",
                "because: No such file or directory",
                "hint: look again"
            ]
        );
        assert_eq!(failure.kind.status(), 1);
    }

    #[test]
    fn a_closed_pipe_is_no_error() {
        let pipe = io::Error::from(io::ErrorKind::BrokenPipe);
        assert_eq!(Failure::from(pipe).kind, Kind::ClosedPipe);
        let full = io::Error::from(io::ErrorKind::StorageFull);
        assert_eq!(Failure::from(full).kind, Kind::User);
    }
}
