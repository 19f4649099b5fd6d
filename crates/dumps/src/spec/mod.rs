//! The language in which dumps are asked for.
//!
//! A specification is a list of arguments that must all hold; the grammar and
//! every rule stand in `docs/reference/specifications.md`. In short:
//!
//! ```text
//! 0ccf27af                  the dump's name begins so
//! cmd=node,java             some of the values; globs with * and ?
//! node!=web-*               none of the values
//! pid<1000  size>=1G        compared by the type of what is stored
//! psargs~^java.*-Xmx        a regular expression; !~ for none
//! ticket=undefined          the member is absent; also ticket=
//! mtime=2d otime=2026-01-31 crashed after, crashed before
//! uploaded=1h               uploaded after
//! sort=cmd,-time limit=10   order, then how many
//! dump=stdin                the names come from elsewhere
//! ```
//!
//! An argument is split at its first operator, so values may hold any
//! character; a backslash takes its meaning from a character that has one. A
//! value compares by the type of what is stored: `5` equals the number 5 and
//! the string `5`, `true` the boolean and the string. Of an array any element
//! may match. A path is looked up as [`crate::PropPath`] says.
//!
//! Without `sort=` dumps come oldest first, and `limit=` keeps the newest.
//! Dumps that were removed are left out unless they are asked for by name or
//! by `purged`.
//!
//! Parsing and printing are inverse: what [`Spec::to_arguments`] returns
//! parses to the same specification.

mod compare;
mod glob;
mod parse;
mod pattern;
mod print;
mod select;
mod time;

use std::fmt;

pub(crate) use compare::{Comparison, ScalarNumber};
pub use glob::Glob;
pub use parse::is_term;
pub(crate) use pattern::Judge;
pub use pattern::{Pattern, Regex};
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
    /// Whether the names of the dumps are to come from standard input: the
    /// caller reads them and calls [`Spec::give_names`].
    pub stdin: bool,
    pub(crate) warnings: Vec<String>,
}

/// Something that must hold of a dump.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// Its name begins so.
    Name(HashPrefix),
    /// Its name begins with one of these.
    Names(Vec<HashPrefix>),
    /// A member stands a test.
    Prop {
        /// The member.
        path: PropPath,
        /// The test.
        test: Test,
    },
    /// It crashed, or was uploaded, before or after a moment.
    Time {
        /// Which of the three.
        side: TimeSide,
        /// The moment.
        when: When,
    },
}

/// What a member must stand.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// `=`: some of the patterns hold; `!=`: none does.
    Is {
        /// Whether none may hold.
        negated: bool,
        /// The patterns, at least one.
        any: Vec<Pattern>,
    },
    /// `~`: the expression is found in a value; `!~`: in none.
    Matches {
        /// Whether it must not be found.
        negated: bool,
        /// The expression.
        regex: Regex,
    },
    /// `<` and its like.
    Compare {
        /// Which of the four.
        relation: Relation,
        /// The bound.
        than: Bound,
    },
}

/// How a value stands to a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// What values are compared with: a text that is also a number, a size or a
/// moment, when it reads as one where one is meant.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    text: String,
    when: Option<When>,
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

    /// Tells whether nothing is asked for at all: every dump matches.
    pub fn is_everything(&self) -> bool {
        self.terms.is_empty() && self.limit.is_none() && !self.stdin
    }

    /// Gives the names that `dump=stdin` asked for; they come in the place of
    /// an order, unless there is one.
    ///
    /// # Errors
    ///
    /// For the first that is no dump's name.
    pub fn give_names<N: AsRef<str>>(
        &mut self,
        names: &[N],
    ) -> Result<(), SpecError> {
        let mut prefixes = Vec::with_capacity(names.len());
        for name in names {
            let name = name.as_ref();
            let parsed = HashPrefix::parse(name);
            prefixes.push(parsed.map_err(|_| parse::no_name(name))?);
        }
        self.stdin = false;
        self.terms.push(Term::Names(prefixes));
        Ok(())
    }

    /// Tells whether dumps that were removed are asked for.
    pub(crate) fn asks_for_purged(&self) -> bool {
        self.terms.iter().any(|term| match term {
            Term::Name(_) | Term::Names(_) => true,
            Term::Prop { path, .. } => {
                matches!(path.as_str(), "purged" | "superseded_by" | "id")
            }
            Term::Time { .. } => false,
        })
    }
}
