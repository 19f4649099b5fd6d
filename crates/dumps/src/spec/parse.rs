//! From arguments to a specification.

use super::glob::Piece;
use super::{Glob, Pattern, SortKey, Spec, SpecError, Term, TimeSide, When};
use crate::{HashPrefix, PropPath};

impl Spec {
    /// Parses the arguments of a specification.
    ///
    /// # Errors
    ///
    /// For the first argument that is no term: the place in it and what could
    /// be meant.
    pub fn parse<A: AsRef<str>>(arguments: &[A]) -> Result<Spec, SpecError> {
        let mut spec = Spec::default();
        for argument in arguments {
            spec.add(argument.as_ref())?;
        }
        Ok(spec)
    }

    fn add(&mut self, argument: &str) -> Result<(), SpecError> {
        let Some((left, value)) = argument.split_once('=') else {
            let prefix =
                HashPrefix::parse(argument).map_err(|_| no_term(argument))?;
            self.terms.push(Term::Name(prefix));
            return Ok(());
        };
        let (name, negated) = match left.strip_suffix('!') {
            Some(name) => (name, true),
            None => (left, false),
        };
        let Some(path) = PropPath::parse(name) else {
            return Err(SpecError {
                argument: argument.to_owned(),
                at: 0,
                message: "no property before the sign".to_owned(),
                suggestion: Some(format!("write PROPERTY={value}")),
            });
        };
        let place = Place { argument, start: left.chars().count() + 1 };
        // "undefined" asks about the member itself, so `time=undefined` is
        // no age.
        let asks_presence = value == "undefined";
        let side = match name {
            "mtime" => Some(TimeSide::Newer),
            "time" | "uploaded" if asks_presence => None,
            "time" => Some(TimeSide::Newer),
            "otime" => Some(TimeSide::Older),
            "uploaded" => Some(TimeSide::Uploaded),
            _ => None,
        };
        if negated && (side.is_some() || name == "limit" || name == "sort") {
            return Err(place.error(
                -2,
                format!("{name} cannot be negated"),
                match side {
                    Some(TimeSide::Newer) => "write otime= for older ones",
                    Some(TimeSide::Older) => "write mtime= for newer ones",
                    _ => "leave the exclamation mark out",
                },
            ));
        }
        if let Some(side) = side {
            return self.add_time(&place, side, value);
        }
        match name {
            "limit" => self.set_limit(&place, value),
            "sort" => self.add_sort(&place, value),
            _ => {
                let value = place.pattern(value)?;
                self.terms.push(Term::Prop { path, negated, value });
                Ok(())
            }
        }
    }

    fn add_time(
        &mut self,
        place: &Place<'_>,
        side: TimeSide,
        value: &str,
    ) -> Result<(), SpecError> {
        let when = When::parse(value).map_err(|error| {
            let at = isize::try_from(error.at).unwrap_or(0);
            place.error(at, error.message, error.suggestion)
        })?;
        if value.trim_start_matches(|c: char| c.is_ascii_digit()) == "m" {
            self.warnings.push(format!(
                "{}: m means minutes; write mo for months",
                place.argument
            ));
        }
        self.terms.push(Term::Time { side, when });
        Ok(())
    }

    fn set_limit(
        &mut self,
        place: &Place<'_>,
        value: &str,
    ) -> Result<(), SpecError> {
        let number: usize = value.parse().map_err(|_| {
            place.error(
                0,
                format!("{value:?} is no number"),
                "write a whole number, as in limit=10 (0: no limit)",
            )
        })?;
        if self.limit.is_some() {
            return Err(place.error(
                -6,
                "there are two limits".to_owned(),
                "write limit= once",
            ));
        }
        self.limit = (number > 0).then_some(number);
        Ok(())
    }

    fn add_sort(
        &mut self,
        place: &Place<'_>,
        value: &str,
    ) -> Result<(), SpecError> {
        let (name, descending) = match value.strip_prefix('-') {
            Some(name) => (name, true),
            None => (value, false),
        };
        let path = PropPath::parse(name).ok_or_else(|| {
            place.error(
                0,
                "no property to sort by".to_owned(),
                "write sort=PROPERTY, or sort=-PROPERTY for largest first",
            )
        })?;
        self.sort.push(SortKey { path, descending });
        Ok(())
    }
}

fn no_term(argument: &str) -> SpecError {
    let hex = argument.bytes().all(|b| b.is_ascii_hexdigit());
    let (message, suggestion) = if argument.is_empty() {
        ("empty".to_owned(), "write PROPERTY=VALUE".to_owned())
    } else if hex && argument.len() < HashPrefix::MIN_DIGITS {
        (
            format!("{} digits, expected at least 4", argument.len()),
            "give more digits of the dump's name".to_owned(),
        )
    } else if hex {
        (
            format!("{} digits, expected at most 32", argument.len()),
            "a dump's name has 32 digits".to_owned(),
        )
    } else {
        (
            "expected PROPERTY=VALUE or the beginning of a dump's name"
                .to_owned(),
            format!("did you mean cmd={argument}?"),
        )
    };
    SpecError {
        argument: argument.to_owned(),
        at: 0,
        message,
        suggestion: Some(suggestion),
    }
}

/// The value of an argument, and where it starts.
struct Place<'a> {
    argument: &'a str,
    /// In characters.
    start: usize,
}

impl Place<'_> {
    fn error(
        &self,
        offset: isize,
        message: String,
        suggestion: impl Into<String>,
    ) -> SpecError {
        SpecError {
            argument: self.argument.to_owned(),
            at: self.start.saturating_add_signed(offset),
            message,
            suggestion: Some(suggestion.into()),
        }
    }

    fn pattern(&self, value: &str) -> Result<Pattern, SpecError> {
        match value {
            "" | "undefined" => return Ok(Pattern::Absent),
            "\"\"" => return Ok(Pattern::Text(String::new())),
            _ => {}
        }
        let mut pieces = Vec::new();
        let mut chars = value.chars();
        while let Some(c) = chars.next() {
            pieces.push(match c {
                '*' => Piece::Run,
                '?' => Piece::One,
                '\\' => Piece::Char(chars.next().ok_or_else(|| {
                    let at = value.chars().count() - 1;
                    self.error(
                        isize::try_from(at).unwrap_or(0),
                        "a backslash with nothing after it".to_owned(),
                        "write two backslashes to mean one",
                    )
                })?),
                c => Piece::Char(c),
            });
        }
        let literal: Option<String> = pieces
            .iter()
            .map(|piece| match piece {
                Piece::Char(c) => Some(*c),
                Piece::Run | Piece::One => None,
            })
            .collect();
        Ok(match literal {
            Some(text) => Pattern::Text(text),
            None => Pattern::Glob(Glob::new(pieces)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one(argument: &str) -> Result<Spec, SpecError> {
        Spec::parse(&[argument])
    }

    #[test]
    fn splits_at_the_first_equals_sign() {
        let spec = one("psargs=a=b!=c").expect("valid");
        let expected = Term::Prop {
            path: PropPath::parse("psargs").expect("path"),
            negated: false,
            value: Pattern::Text("a=b!=c".to_owned()),
        };
        assert_eq!(spec.terms, [expected]);
    }

    #[test]
    fn values_of_every_shape() {
        let value = |text: &str| {
            let spec = one(&format!("x={text}")).expect("valid");
            match spec.terms.into_iter().next() {
                Some(Term::Prop { value, .. }) => value,
                other => panic!("{other:?}"),
            }
        };
        let text = |text: &str| Pattern::Text(text.to_owned());
        assert_eq!(value(""), Pattern::Absent);
        assert_eq!(value("undefined"), Pattern::Absent);
        assert_eq!(value("\\undefined"), text("undefined"));
        assert_eq!(value("\"\""), text(""));
        assert_eq!(value("\\*\\?\\\\"), text("*?\\"));
        assert_eq!(value("\"a' \n\u{1}é"), text("\"a' \n\u{1}é"));
        assert!(matches!(value("svc.*"), Pattern::Glob(_)));
    }

    #[test]
    fn errors_show_the_place() {
        for (argument, at, message, suggestion) in [
            ("node", 0, "expected PROPERTY=VALUE", "did you mean cmd=node?"),
            ("0cc", 0, "3 digits", "more digits"),
            ("", 0, "empty", "PROPERTY=VALUE"),
            ("=x", 0, "no property", "PROPERTY=x"),
            ("!=x", 0, "no property", "PROPERTY=x"),
            ("mtime=5days", 7, "unknown unit \"days\"", "5d"),
            ("otime!=5d", 5, "cannot be negated", "mtime="),
            ("limit=many", 6, "no number", "limit=10"),
            ("limit=-1", 6, "no number", "limit=10"),
            ("sort=", 5, "no property", "sort=PROPERTY"),
            ("cmd=a\\", 5, "backslash", "two backslashes"),
        ] {
            let error = one(argument).expect_err(argument);
            assert_eq!(error.at(), at, "{error}");
            assert!(error.message().contains(message), "{error}");
            let hint = error.suggestion().expect("a suggestion");
            assert!(hint.contains(suggestion), "{hint}");
        }
        let error = one("mtime=5days").expect_err("unit");
        assert_eq!(error.pointer(), "mtime=5days\n       ^");
        assert!(Spec::parse(&["limit=1", "limit=2"]).is_err());
    }

    #[test]
    fn minutes_are_warned_about() {
        assert_eq!(one("mtime=5m").expect("valid").warnings().len(), 1);
        assert!(one("mtime=5min").expect("valid").warnings().is_empty());
        assert!(one("mtime=5mo").expect("valid").warnings().is_empty());
    }

    fn argument() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-z.!]{1,6}(!=|=)[a-z*?\\\\\"= \n]{0,8}",
            "[a-f0-9]{4,32}",
            "(mtime|time|otime|uploaded)=[0-9]{0,4}(s|m|min|h|d|w|mo|y|week)",
            "(mtime|otime)=20[0-9]{2}-0[1-9]-1[0-9]",
            "sort=-?[a-z.]{1,5}",
            "x!?=\\PC{0,10}",
            "limit=[0-9]{1,3}",
            Just("x=undefined".to_owned()),
            Just("x=\\undefined".to_owned()),
            Just("x=\\\"\"".to_owned()),
        ]
    }

    proptest! {
        #[test]
        fn printing_and_parsing_agree(
            arguments in prop::collection::vec(argument(), 0..5),
        ) {
            if let Ok(mut spec) = Spec::parse(&arguments) {
                let printed = spec.to_arguments();
                let again = Spec::parse(&printed);
                // Printing says min for m, so the warning goes.
                spec.warnings.clear();
                prop_assert_eq!(again, Ok(spec), "{:?}", printed);
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,30}") {
            if let Err(error) = one(&text) {
                prop_assert!(error.at() <= text.chars().count());
                let _ = (error.to_string(), error.pointer());
            }
        }
    }
}
