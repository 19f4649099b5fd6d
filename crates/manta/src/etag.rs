//! Versions and the conditions that name them.

use std::fmt;

use crate::Timestamp;

/// The tag of one immutable version of an object.
///
/// A fresh one is made at every write, so equal tags mean the same bytes.
///
/// A listing makes one for every entry, so the usual ones (a UUID) are kept
/// in place rather than on the heap.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Etag(Repr);

/// Length of a UUID's text.
const UUID_CHARS: usize = 36;

#[derive(Clone, PartialEq, Eq, Hash)]
enum Repr {
    /// Up to 36 characters, all ASCII; the rest is zero.
    Short {
        length: u8,
        text: [u8; UUID_CHARS],
    },
    Long(Box<str>),
}

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
        let mut text = [0; UUID_CHARS];
        match (text.get_mut(..bare.len()), u8::try_from(bare.len())) {
            (Some(start), Ok(length)) => {
                start.copy_from_slice(bare.as_bytes());
                Ok(Etag(Repr::Short { length, text }))
            }
            _ => Ok(Etag(Repr::Long(bare.into()))),
        }
    }

    /// Returns the tag that is the text of a UUID.
    pub(crate) fn of_uuid(text: [u8; UUID_CHARS]) -> Etag {
        Etag(Repr::Short { length: UUID_CHARS as u8, text })
    }

    /// Returns the tag without quotes.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Repr::Long(text) => text,
            Repr::Short { length, text } => {
                let text = text.get(..usize::from(*length));
                text.and_then(|text| std::str::from_utf8(text).ok())
                    .expect("etags are made of at most 36 ASCII bytes here")
            }
        }
    }
}

impl fmt::Debug for Etag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Etag({:?})", self.as_str())
    }
}

impl fmt::Display for Etag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
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
    /// The name must have changed since; not asked when `if_none_match` is.
    pub if_modified_since: Option<Timestamp>,
    /// The name must not have changed since; not asked when `if_match` is.
    pub if_unmodified_since: Option<Timestamp>,
}

impl Condition {
    /// Returns the condition that always holds: the last writer wins.
    pub fn none() -> Condition {
        Condition::default()
    }

    /// Returns the condition that the path does not exist yet.
    pub fn create_only() -> Condition {
        Condition { if_none_match: Some(Matches::Any), ..Condition::default() }
    }

    /// Returns the condition that the path still has this version.
    pub fn unchanged(etag: Etag) -> Condition {
        Condition {
            if_match: Some(Matches::Tags(vec![etag])),
            ..Condition::default()
        }
    }

    /// Tells whether the condition holds for the version that is there now
    /// (`None`: nothing), times left aside.
    pub fn holds(&self, current: Option<&Etag>) -> bool {
        self.if_match.as_ref().is_none_or(|m| m.names(current))
            && !self.if_none_match.as_ref().is_some_and(|m| m.names(current))
    }

    /// Tells whether the condition holds for the version that is there now
    /// and the time at which its name changed last (`None`: nothing).
    ///
    /// Times have a resolution of one second, as in HTTP: changes within one
    /// second are one to them, and so they only count where no version was
    /// named. What is not there was never modified.
    pub fn holds_at(&self, current: Option<(&Etag, Timestamp)>) -> bool {
        let second = |time: Timestamp| time.as_second();
        let changed = current.map(|(_, time)| second(time));
        let modified =
            |since: Timestamp| changed.is_some_and(|time| time > second(since));
        self.holds(current.map(|(etag, _)| etag))
            && (self.if_none_match.is_some()
                || self.if_modified_since.is_none_or(modified))
            && (self.if_match.is_some()
                || !self.if_unmodified_since.is_some_and(modified))
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
                    ..Condition::none()
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

    #[test]
    fn long_and_short_tags_keep_their_text() {
        for length in [1, 35, 36, 37, 128] {
            let text = "x".repeat(length);
            assert_eq!(tag(&text).as_str(), text);
            assert_eq!(tag(&text).to_string(), text);
            assert_ne!(tag(&text), tag("y"));
        }
        assert!(Etag::parse(&"x".repeat(129)).is_err());
    }

    #[test]
    fn times_count_in_seconds_and_only_without_tags() {
        let at = |ms| Timestamp::from_millisecond(ms).expect("time");
        let a = tag("a");
        let modified = |ms| Condition {
            if_modified_since: Some(at(ms)),
            ..Condition::none()
        };
        let unmodified = |ms| Condition {
            if_unmodified_since: Some(at(ms)),
            ..Condition::none()
        };
        let now = Some((&a, at(5_500)));
        assert!(modified(4_999).holds_at(now));
        assert!(!modified(5_000).holds_at(now));
        assert!(!modified(6_000).holds_at(now));
        assert!(!modified(0).holds_at(None));
        assert!(unmodified(5_000).holds_at(now));
        assert!(!unmodified(4_000).holds_at(now));
        assert!(unmodified(4_000).holds_at(None));
        let both = Condition {
            if_none_match: Some(Matches::Tags(vec![tag("b")])),
            ..modified(9_000)
        };
        assert!(both.holds_at(now), "the tag decides");
        let both = Condition {
            if_unmodified_since: Some(at(0)),
            ..Condition::unchanged(a.clone())
        };
        assert!(both.holds_at(now), "the tag decides");
    }
}
