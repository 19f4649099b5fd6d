//! The language in which dumps are asked for.
//!
//! A specification is a list of arguments that must all hold:
//!
//! ```text
//! argument  = name | term
//! name      = 4 to 32 hex digits          the dump's name begins so
//! term      = path "=" value              it has the value
//!           | path "!=" value             it has not (absent counts as not)
//!           | ("mtime" | "time") "=" age  the crash is newer than that
//!           | "otime" "=" age             the crash is older than that
//!           | "uploaded" "=" age          the upload is newer than that
//!           | "limit" "=" number          at most so many, after sorting
//!           | "sort" "=" ["-"] path       order; "-" for descending
//! value     = "undefined" | ""            the member is absent
//!           | "\"\""                      the empty string
//!           | { char | "*" | "?" | "\" char }
//! age       = [number] unit | number      seconds without a unit
//!           | RFC 3339 time or date       that moment
//! ```
//!
//! An argument is split at its **first** `=`, so values may hold any
//! character. `*` stands for any run of characters, `?` for one; a backslash
//! makes the next character an ordinary one. A value compares by the type of
//! what is stored: `5` equals the number 5 and the string `5`, `true` the
//! boolean and the string. Of an array any element may match. A path is looked
//! up as [`crate::PropPath`] says.
//!
//! Without `sort=` dumps come oldest first, and `limit=` keeps the newest.
//!
//! Units: `s m h d w mo y` (`mo` has 31 days, `y` 365), and the words
//! `second min minute hour day week fortnight month year`. A bare `m` meant a
//! month long ago; here it is a minute, and [`Spec::warnings`] says so.

mod glob;
mod parse;
mod select;
mod time;

use std::fmt;

pub use glob::Glob;
pub use time::When;

use crate::{HashPrefix, PropPath};

/// A parsed specification.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spec {
    /// What must hold, all of it.
    pub terms: Vec<Term>,
    /// The order; the first key counts most.
    pub sort: Vec<SortKey>,
    /// At most so many dumps; `None`: all.
    pub limit: Option<usize>,
    pub(crate) warnings: Vec<String>,
}

/// Something that must hold of a dump.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// Its name begins so.
    Name(HashPrefix),
    /// A member has a value, or has not.
    Prop {
        /// The member.
        path: PropPath,
        /// Whether the value must *not* match.
        negated: bool,
        /// The value.
        value: Pattern,
    },
    /// It crashed, or was uploaded, before or after a moment.
    Time {
        /// Which of the three.
        side: TimeSide,
        /// The moment.
        when: When,
    },
}

/// The kinds of a time term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeSide {
    /// `mtime=`, `time=`: crashed after it.
    Newer,
    /// `otime=`: crashed before it.
    Older,
    /// `uploaded=`: uploaded after it.
    Uploaded,
}

/// What a value is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// The member is absent.
    Absent,
    /// Equal, by the type of what is stored.
    Text(String),
    /// Matches as a whole.
    Glob(Glob),
}

/// A key of the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortKey {
    /// The member.
    pub path: PropPath,
    /// Largest first.
    pub descending: bool,
}

/// Why an argument is no term, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecError {
    argument: String,
    at: usize,
    message: String,
    suggestion: Option<String>,
}

impl SpecError {
    /// Returns the argument.
    pub fn argument(&self) -> &str {
        &self.argument
    }

    /// Returns the place in the argument, counted in characters from 0.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Returns what is wrong there.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns what to write instead.
    pub fn suggestion(&self) -> Option<&str> {
        self.suggestion.as_deref()
    }

    /// Returns two lines: the argument, and a caret under the place. Control
    /// characters are shown as `.`, so that the caret stands right.
    pub fn pointer(&self) -> String {
        let shown: String = self
            .argument
            .chars()
            .map(|c| if c.is_control() { '.' } else { c })
            .collect();
        format!("{shown}\n{}^", " ".repeat(self.at))
    }
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (argument, at) = (&self.argument, self.at + 1);
        write!(
            f,
            "dump specification {argument:?}, character {at}: {}",
            self.message
        )
    }
}

impl std::error::Error for SpecError {}

impl Spec {
    /// Returns what the user should know about how it was understood.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Returns the arguments that parse to this specification.
    pub fn to_arguments(&self) -> Vec<String> {
        let mut arguments: Vec<String> =
            self.terms.iter().map(ToString::to_string).collect();
        arguments.extend(self.sort.iter().map(|key| {
            let minus = if key.descending { "-" } else { "" };
            format!("sort={minus}{}", key.path)
        }));
        arguments.extend(self.limit.map(|limit| format!("limit={limit}")));
        arguments
    }

    /// Tells whether nothing is asked for at all: every dump matches.
    pub fn is_everything(&self) -> bool {
        self.terms.is_empty() && self.limit.is_none()
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Term::Name(prefix) => write!(f, "{prefix}"),
            Term::Prop { path, negated, value } => {
                let not = if *negated { "!" } else { "" };
                write!(f, "{path}{not}={value}")
            }
            Term::Time { side, when } => write!(f, "{}={when}", side.word()),
        }
    }
}

impl TimeSide {
    fn word(self) -> &'static str {
        match self {
            TimeSide::Newer => "mtime",
            TimeSide::Older => "otime",
            TimeSide::Uploaded => "uploaded",
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pattern::Absent => f.write_str("undefined"),
            Pattern::Text(text) if text.is_empty() => f.write_str("\"\""),
            Pattern::Text(text) if text == "undefined" || text == "\"\"" => {
                write!(f, "\\{text}")
            }
            Pattern::Text(text) => glob::write_literal(f, text),
            Pattern::Glob(glob) => write!(f, "{glob}"),
        }
    }
}
