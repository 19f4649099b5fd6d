//! Versions and the conditions that name them.

use std::fmt;

/// The tag of one immutable version of an object.
///
/// A fresh one is made at every write, so equal tags mean the same bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Etag(String);

/// Why a text is no etag.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "etag {0:?}: expected 1 to 128 printable ASCII characters without \
     blanks, quotes or commas"
)]
pub struct EtagError(String);

impl Etag {
    /// Parses an etag; a leading `W/` and one pair of double quotes are
    /// dropped, since clients send them both ways.
    ///
    /// # Errors
    ///
    /// When what remains is empty, too long, or holds a character that no
    /// etag of ours has.
    pub fn parse(text: &str) -> Result<Etag, EtagError> {
        let bare = text.trim();
        let bare = bare.strip_prefix("W/").unwrap_or(bare);
        let bare = bare
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            .unwrap_or(bare);
        let fine = |b: u8| b.is_ascii_graphic() && !b"\",*".contains(&b);
        if bare.is_empty() || bare.len() > 128 || !bare.bytes().all(fine) {
            return Err(EtagError(text.to_owned()));
        }
        Ok(Etag(bare.to_owned()))
    }

    /// Returns the tag without quotes.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Etag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a conditional header names: any version, or some of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Matches {
    /// `*`: whatever is there.
    Any,
    /// One of these versions.
    Tags(Vec<Etag>),
}

impl Matches {
    /// Parses the value of an `If-Match` or `If-None-Match` header.
    ///
    /// # Errors
    ///
    /// When an element of the list is no etag.
    pub fn parse(text: &str) -> Result<Matches, EtagError> {
        if text.trim() == "*" {
            return Ok(Matches::Any);
        }
        text.split(',')
            .map(Etag::parse)
            .collect::<Result<_, _>>()
            .map(Matches::Tags)
    }

    fn names(&self, current: Option<&Etag>) -> bool {
        match (self, current) {
            (_, None) => false,
            (Matches::Any, Some(_)) => true,
            (Matches::Tags(tags), Some(etag)) => tags.contains(etag),
        }
    }
}

/// A precondition on the present version of a path.
///
/// It is judged in the step that makes the change, never before it alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// The present version must be among these.
    pub if_match: Option<Matches>,
    /// The present version must not be among these.
    pub if_none_match: Option<Matches>,
}

impl Condition {
    /// Returns the condition that always holds: the last writer wins.
    pub fn none() -> Condition {
        Condition::default()
    }

    /// Returns the condition that the path does not exist yet.
    pub fn create_only() -> Condition {
        Condition { if_match: None, if_none_match: Some(Matches::Any) }
    }

    /// Returns the condition that the path still has this version.
    pub fn unchanged(etag: Etag) -> Condition {
        Condition {
            if_match: Some(Matches::Tags(vec![etag])),
            if_none_match: None,
        }
    }

    /// Tells whether the condition holds for what is there now (`None`:
    /// nothing).
    pub fn holds(&self, current: Option<&Etag>) -> bool {
        self.if_match.as_ref().is_none_or(|m| m.names(current))
            && !self.if_none_match.as_ref().is_some_and(|m| m.names(current))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(text: &str) -> Etag {
        Etag::parse(text).expect("valid etag")
    }

    #[test]
    fn strips_what_clients_add() {
        for text in ["abc", "\"abc\"", "W/\"abc\"", " abc "] {
            assert_eq!(tag(text).as_str(), "abc");
        }
        for text in ["", "\"\"", "a b", "a,b", "a\nb", "\"a", "*", "é"] {
            assert!(Etag::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn conditions_hold_as_http_says() {
        let (a, b) = (tag("a"), tag("b"));
        let list = Matches::parse("\"a\", b").expect("list");
        let cases = [
            (Condition::none(), true, true, true),
            (Condition::create_only(), true, false, false),
            (Condition::unchanged(a.clone()), false, true, false),
            (
                Condition { if_match: Some(list), ..Condition::none() },
                false,
                true,
                true,
            ),
            (
                Condition {
                    if_match: Some(Matches::Any),
                    if_none_match: Some(Matches::Tags(vec![b.clone()])),
                },
                false,
                true,
                false,
            ),
        ];
        for (condition, absent, at_a, at_b) in cases {
            assert_eq!(condition.holds(None), absent, "{condition:?}");
            assert_eq!(condition.holds(Some(&a)), at_a, "{condition:?}");
            assert_eq!(condition.holds(Some(&b)), at_b, "{condition:?}");
        }
    }
}
