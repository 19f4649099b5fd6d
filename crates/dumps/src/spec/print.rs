//! From a specification to arguments.

use std::fmt::{self, Write};

use super::glob::Piece;
use super::{
    Bound, Glob, Pattern, Relation, SortKey, Spec, Term, Test, TimeSide,
};
use crate::PropPath;

/// Characters that end or part a path.
pub(super) const PATH_SIGNS: &[char] = &['=', '!', '<', '>', '~', '\\'];
/// Characters that mean something in a pattern.
pub(super) const PATTERN_SIGNS: &[char] = &['*', '?', ',', '\\'];

impl Spec {
    /// Returns the arguments that parse to this specification.
    pub fn to_arguments(&self) -> Vec<String> {
        let mut arguments: Vec<String> =
            self.terms.iter().flat_map(Term::arguments).collect();
        if self.stdin {
            arguments.push("dump=stdin".to_owned());
        }
        if !self.sort.is_empty() {
            let keys: Vec<String> =
                self.sort.iter().map(ToString::to_string).collect();
            arguments.push(format!("sort={}", keys.join(",")));
        }
        arguments.extend(self.limit.map(|limit| format!("limit={limit}")));
        arguments
    }
}

impl Term {
    fn arguments(&self) -> Vec<String> {
        match self {
            // No argument says this; their names are read from elsewhere.
            Term::Names(names) => {
                names.iter().map(ToString::to_string).collect()
            }
            other => vec![other.to_string()],
        }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Term::Name(prefix) => write!(f, "{prefix}"),
            Term::Names(names) => {
                let names: Vec<String> =
                    names.iter().map(ToString::to_string).collect();
                f.write_str(&names.join(" "))
            }
            Term::Prop { path, test } => {
                write_path(f, path)?;
                write!(f, "{test}")
            }
            Term::Time { side, when } => write!(f, "{}={when}", side.word()),
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let not = |negated: bool| if negated { "!" } else { "" };
        match self {
            Test::Is { negated, any } => {
                write!(f, "{}=", not(*negated))?;
                for (i, pattern) in any.iter().enumerate() {
                    if i > 0 {
                        f.write_char(',')?;
                    }
                    write!(f, "{pattern}")?;
                }
                Ok(())
            }
            Test::Matches { negated, regex } => {
                write!(f, "{}~{}", not(*negated), regex.0.as_str())
            }
            Test::Compare { relation, than } => {
                write!(f, "{}{than}", relation.sign())
            }
        }
    }
}

impl Relation {
    pub(super) fn sign(self) -> &'static str {
        match self {
            Relation::Less => "<",
            Relation::LessOrEqual => "<=",
            Relation::Greater => ">",
            Relation::GreaterOrEqual => ">=",
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.when() {
            Some(when) => write!(f, "{when}"),
            // After < and > an equals sign would belong to the operator.
            None if self.text().starts_with(['=', '\\']) => {
                write!(f, "\\{}", self.text())
            }
            None => f.write_str(self.text()),
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

impl fmt::Display for SortKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.as_str();
        if self.descending {
            f.write_char('-')?;
        }
        path.chars().enumerate().try_for_each(|(i, c)| {
            if c == ',' || c == '\\' || (i == 0 && c == '-') {
                f.write_char('\\')?;
            }
            f.write_char(c)
        })
    }
}

fn write_path(f: &mut fmt::Formatter<'_>, path: &PropPath) -> fmt::Result {
    write_escaped(f, path.as_str(), PATH_SIGNS)
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pattern::Absent => f.write_str("undefined"),
            Pattern::Text(text) if text.is_empty() => f.write_str("\"\""),
            Pattern::Text(text) if text == "undefined" || text == "\"\"" => {
                write!(f, "\\{text}")
            }
            Pattern::Text(text) => write_escaped(f, text, PATTERN_SIGNS),
            Pattern::Glob(glob) => write!(f, "{glob}"),
        }
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces().iter().try_for_each(|piece| match piece {
            Piece::Run => f.write_char('*'),
            Piece::One => f.write_char('?'),
            Piece::Char(c) => write_char(f, *c, PATTERN_SIGNS),
        })
    }
}

fn write_escaped(
    f: &mut fmt::Formatter<'_>,
    text: &str,
    signs: &[char],
) -> fmt::Result {
    text.chars().try_for_each(|c| write_char(f, c, signs))
}

fn write_char(
    f: &mut fmt::Formatter<'_>,
    c: char,
    signs: &[char],
) -> fmt::Result {
    if signs.contains(&c) {
        f.write_char('\\')?;
    }
    f.write_char(c)
}
