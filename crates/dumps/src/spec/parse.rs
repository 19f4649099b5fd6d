//! From arguments to a specification.

use super::glob::Piece;
use super::{
    Bound, Glob, Pattern, Regex, Relation, ScalarNumber, SortKey, Spec,
    SpecError, Term, Test, TimeSide, When,
};
use crate::{HashPrefix, PropPath};

/// Members that hold a time, which are compared with ages and moments too.
const TIMES: &[&str] = &["time", "uploaded", "purged"];
/// Names that stand for standard input with the value `stdin`.
const NAMES: &[&str] = &["dump", "dumps", "name"];

/// Tells whether an argument is a term, not a dump's name or a file: it has
/// an operator, and no `/` before it. A name such as `core~` is none.
pub fn is_term(argument: &str) -> bool {
    split(argument).is_some_and(|split| {
        let blank = split.value.is_empty() || split.path.is_empty();
        let finds = matches!(split.operator, Operator::Find { .. });
        !split.path.contains('/') && (!blank || !finds)
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Is {
        negated: bool,
    },
    Find {
        negated: bool,
    },
    Compare(Relation),
    /// `!<` and `!>`, which do not exist.
    NotCompare(char),
}

/// An argument, told apart at its first operator.
struct Split<'a> {
    /// Without its backslashes.
    path: String,
    operator: Operator,
    /// Where the operator begins, in characters.
    operator_at: usize,
    value: &'a str,
    /// Where the value begins, in characters.
    value_at: usize,
}

fn split(argument: &str) -> Option<Split<'_>> {
    let mut path = String::new();
    let mut chars = argument.char_indices().enumerate().peekable();
    let mut not = false;
    while let Some((at, (byte, c))) = chars.next() {
        if matches!(c, '=' | '<' | '>' | '~') {
            let mut operator_at = at;
            if not {
                path.pop();
                operator_at -= 1;
            }
            let mut end = (at + 1, byte + c.len_utf8());
            let or_equal = matches!(c, '<' | '>')
                && chars.peek().is_some_and(|(_, (_, next))| *next == '=');
            if or_equal {
                end = (end.0 + 1, end.1 + 1);
            }
            let operator = match (c, or_equal) {
                ('=', _) => Operator::Is { negated: not },
                ('~', _) => Operator::Find { negated: not },
                (c, _) if not => Operator::NotCompare(c),
                ('<', false) => Operator::Compare(Relation::Less),
                ('<', true) => Operator::Compare(Relation::LessOrEqual),
                (_, false) => Operator::Compare(Relation::Greater),
                (_, true) => Operator::Compare(Relation::GreaterOrEqual),
            };
            let value = argument.get(end.1..).unwrap_or_default();
            let value_at = end.0;
            return Some(Split {
                path,
                operator,
                operator_at,
                value,
                value_at,
            });
        }
        not = c == '!';
        match (c, chars.peek().copied()) {
            ('\\', Some((_, (_, next)))) => {
                path.push(next);
                chars.next();
            }
            _ => path.push(c),
        }
    }
    None
}

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
        let Some(split) = split(argument) else {
            let prefix =
                HashPrefix::parse(argument).map_err(|_| no_name(argument))?;
            self.terms.push(Term::Name(prefix));
            return Ok(());
        };
        let place = Place { argument, split: &split };
        let Some(path) = PropPath::parse(&split.path) else {
            return Err(place.error(
                Part::Start,
                "no property before the operator",
                format!("write PROPERTY={}", split.value),
            ));
        };
        // "undefined" asks about the member itself, so `time=undefined` is
        // no age.
        let asks_presence = matches!(split.value, "" | "undefined");
        match split.path.as_str() {
            "mtime" => self.add_time(&place, TimeSide::Newer),
            "otime" => self.add_time(&place, TimeSide::Older),
            "limit" => self.set_limit(&place),
            "sort" => self.add_sort(&place),
            name @ ("time" | "uploaded")
                if !asks_presence
                    && matches!(split.operator, Operator::Is { .. }) =>
            {
                let side = match name {
                    "time" => TimeSide::Newer,
                    _ => TimeSide::Uploaded,
                };
                self.add_time(&place, side)
            }
            name if NAMES.contains(&name)
                && split.value == "stdin"
                && split.operator == Operator::Is { negated: false } =>
            {
                self.set_stdin(&place)
            }
            _ => self.add_test(&place, path),
        }
    }

    fn add_test(
        &mut self,
        place: &Place<'_>,
        path: PropPath,
    ) -> Result<(), SpecError> {
        let value = place.split.value;
        let test = match place.split.operator {
            Operator::Is { negated } => {
                self.warn_of_doubled(place);
                Test::Is { negated, any: place.patterns()? }
            }
            Operator::Find { negated } => {
                Test::Matches { negated, regex: place.regex()? }
            }
            Operator::Compare(relation) => {
                let when = TIMES.contains(&path.as_str())
                    && ScalarNumber::parse(value).is_none();
                let when = when.then(|| self.when(place)).transpose()?;
                let text = match &when {
                    Some(when) => when.to_string(),
                    None => value.strip_prefix('\\').unwrap_or(value).into(),
                };
                if text.is_empty() {
                    return Err(place.error(
                        Part::Value(0),
                        "nothing to compare with",
                        format!("write {path}{}NUMBER", relation.sign()),
                    ));
                }
                Test::Compare { relation, than: Bound::new(text, when) }
            }
            Operator::NotCompare(c) => {
                let other = if c == '<' { ">=" } else { "<=" };
                return Err(place.error(
                    Part::Operator,
                    "no such operator",
                    format!("did you mean {path}{other}{value}?"),
                ));
            }
        };
        self.terms.push(Term::Prop { path, test });
        Ok(())
    }

    /// Warns of what other languages write for an operator.
    fn warn_of_doubled(&mut self, place: &Place<'_>) {
        let Split { path, operator, value, .. } = place.split;
        let negated = *operator == (Operator::Is { negated: true });
        let mut chars = value.chars();
        let (Some(first), rest) = (chars.next(), chars.as_str()) else {
            return;
        };
        let meant = match first {
            '=' if negated => format!("{path}!={rest}"),
            '=' => format!("{path}={rest}"),
            '~' if !rest.is_empty() => format!("{path}~{rest}"),
            '<' | '>' if !rest.is_empty() => format!("{path}{first}={rest}"),
            '!' if !rest.is_empty() => format!("{path}!={rest}"),
            _ => return,
        };
        self.warnings.push(format!(
            "{}: the value begins with {first}; did you mean {meant}?",
            place.argument
        ));
    }

    fn add_time(
        &mut self,
        place: &Place<'_>,
        side: TimeSide,
    ) -> Result<(), SpecError> {
        place.only_equals(match side {
            TimeSide::Newer => "write otime= for older ones, or time<",
            TimeSide::Older => "write mtime= for newer ones, or time>",
            TimeSide::Uploaded => "write uploaded< for older ones",
        })?;
        let when = self.when(place)?;
        self.terms.push(Term::Time { side, when });
        Ok(())
    }

    /// Reads the value as an age or a moment.
    fn when(&mut self, place: &Place<'_>) -> Result<When, SpecError> {
        let value = place.split.value;
        let when = When::parse(value).map_err(|error| {
            place.error(Part::Value(error.at), error.message, error.suggestion)
        })?;
        if value.trim_start_matches(|c: char| c.is_ascii_digit()) == "m" {
            self.warnings.push(format!(
                "{}: m means minutes; write mo for months",
                place.argument
            ));
        }
        Ok(when)
    }

    fn set_limit(&mut self, place: &Place<'_>) -> Result<(), SpecError> {
        place.only_equals("write limit=10")?;
        let value = place.split.value;
        let number: usize = value.parse().map_err(|_| {
            place.error(
                Part::Value(0),
                format!("{value:?} is no number"),
                "write a whole number, as in limit=10 (0: no limit)",
            )
        })?;
        if self.limit.is_some() {
            return Err(place.error(
                Part::Start,
                "there are two limits",
                "write limit= once",
            ));
        }
        self.limit = (number > 0).then_some(number);
        Ok(())
    }

    fn set_stdin(&mut self, place: &Place<'_>) -> Result<(), SpecError> {
        if self.stdin {
            return Err(place.error(
                Part::Start,
                "standard input can be read once",
                "leave one of the two out",
            ));
        }
        self.stdin = true;
        Ok(())
    }

    fn add_sort(&mut self, place: &Place<'_>) -> Result<(), SpecError> {
        place.only_equals("write sort=PROPERTY")?;
        for (at, key) in elements(place.split.value) {
            let (name, descending) = match key.strip_prefix('-') {
                Some(name) => (name, true),
                None => (key, false),
            };
            let path = PropPath::parse(&without_backslashes(name));
            let path = path.ok_or_else(|| {
                place.error(
                    Part::Value(at),
                    "no property to sort by",
                    "write sort=PROPERTY, or sort=-PROPERTY for largest first",
                )
            })?;
            self.sort.push(SortKey { path, descending });
        }
        Ok(())
    }
}

/// Parts a value at its commas, and says where each element begins, in
/// characters.
fn elements(value: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut rest = Some((0, value));
    std::iter::from_fn(move || {
        let (start, text) = rest.take()?;
        let mut escaped = false;
        let comma = text.char_indices().enumerate().find(|(_, (_, c))| {
            let ends = *c == ',' && !escaped;
            escaped = *c == '\\' && !escaped;
            ends
        });
        let Some((chars, (byte, _))) = comma else {
            return Some((start, text));
        };
        let (element, after) = text.split_at(byte);
        let after = after.strip_prefix(',').unwrap_or(after);
        rest = Some((start + chars + 1, after));
        Some((start, element))
    })
}

fn without_backslashes(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.push(if c == '\\' { chars.next().unwrap_or(c) } else { c });
    }
    out
}

/// Says why an argument without an operator is no dump's name.
pub(super) fn no_name(argument: &str) -> SpecError {
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

/// An argument that is being read.
struct Place<'a> {
    argument: &'a str,
    split: &'a Split<'a>,
}

/// The part of an argument that an error is about.
#[derive(Clone, Copy)]
enum Part {
    Start,
    Operator,
    /// So many characters into the value.
    Value(usize),
}

impl Place<'_> {
    fn error(
        &self,
        part: Part,
        message: impl Into<String>,
        suggestion: impl Into<String>,
    ) -> SpecError {
        SpecError {
            argument: self.argument.to_owned(),
            at: match part {
                Part::Start => 0,
                Part::Operator => self.split.operator_at,
                Part::Value(at) => self.split.value_at.saturating_add(at),
            },
            message: message.into(),
            suggestion: Some(suggestion.into()),
        }
    }

    /// Refuses other operators than `=`.
    fn only_equals(&self, instead: &str) -> Result<(), SpecError> {
        if self.split.operator == (Operator::Is { negated: false }) {
            return Ok(());
        }
        let name = &self.split.path;
        let message = format!("{name} takes = only");
        Err(self.error(Part::Operator, message, instead))
    }

    fn regex(&self) -> Result<Regex, SpecError> {
        let value = self.split.value;
        if value.is_empty() {
            return Err(self.error(
                Part::Value(0),
                "no regular expression after the operator",
                format!("write {}~WORD", self.split.path),
            ));
        }
        regex::Regex::new(value).map(Regex).map_err(|error| {
            let (at, message) = regex_fault(value, &error);
            self.error(
                Part::Value(at),
                message,
                "a backslash takes a character's meaning away, as in \\( or \\.",
            )
        })
    }

    /// Reads the value as patterns, parted by commas.
    fn patterns(&self) -> Result<Vec<Pattern>, SpecError> {
        elements(self.split.value)
            .map(|(at, element)| self.pattern(at, element))
            .collect()
    }

    fn pattern(&self, at: usize, text: &str) -> Result<Pattern, SpecError> {
        match text {
            "" | "undefined" => return Ok(Pattern::Absent),
            "\"\"" => return Ok(Pattern::Text(String::new())),
            _ => {}
        }
        let mut pieces = Vec::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            pieces.push(match c {
                '*' => Piece::Run,
                '?' => Piece::One,
                '\\' => Piece::Char(chars.next().ok_or_else(|| {
                    let end = text.chars().count().saturating_sub(1);
                    self.error(
                        Part::Value(at + end),
                        "a backslash with nothing after it",
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

/// Says where a regular expression is wrong, in characters, and what.
fn regex_fault(text: &str, error: &regex::Error) -> (usize, String) {
    let chars = |bytes: usize| {
        text.get(..bytes).map_or(0, |before| before.chars().count())
    };
    match regex_syntax::parse(text) {
        Err(regex_syntax::Error::Parse(fault)) => {
            (chars(fault.span().start.offset), fault.kind().to_string())
        }
        Err(regex_syntax::Error::Translate(fault)) => {
            (chars(fault.span().start.offset), fault.kind().to_string())
        }
        _ => match error {
            regex::Error::CompiledTooBig(limit) => {
                (0, format!("the expression takes more than {limit} bytes"))
            }
            other => (0, other.to_string()),
        },
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
            test: Test::Is {
                negated: false,
                any: vec![Pattern::Text("a=b!=c".to_owned())],
            },
        };
        assert_eq!(spec.terms, [expected]);
    }

    #[test]
    fn values_of_every_shape() {
        let values = |text: &str| {
            let spec = one(&format!("x={text}")).expect("valid");
            match spec.terms.into_iter().next() {
                Some(Term::Prop { test: Test::Is { any, .. }, .. }) => any,
                other => panic!("{other:?}"),
            }
        };
        let value = |text: &str| {
            let any = values(text);
            assert_eq!(any.len(), 1, "{text}");
            any.into_iter().next().expect("one")
        };
        let text = |text: &str| Pattern::Text(text.to_owned());
        assert_eq!(value(""), Pattern::Absent);
        assert_eq!(value("undefined"), Pattern::Absent);
        assert_eq!(value("\\undefined"), text("undefined"));
        assert_eq!(value("\"\""), text(""));
        assert_eq!(value("\\*\\?\\\\"), text("*?\\"));
        assert_eq!(value("\"a' \n\u{1}é"), text("\"a' \n\u{1}é"));
        assert!(matches!(value("svc.*"), Pattern::Glob(_)));
        assert_eq!(values("a,b"), [text("a"), text("b")]);
        assert_eq!(values("a\\,b"), [text("a,b")]);
        assert_eq!(values("a\\\\,b"), [text("a\\"), text("b")]);
        assert_eq!(values("a,"), [text("a"), Pattern::Absent]);
        assert_eq!(values("undefined,\"\""), [Pattern::Absent, text("")]);
    }

    #[test]
    fn the_first_operator_parts_an_argument() {
        let printed = |text: &str| {
            let spec = one(text).expect(text);
            spec.to_arguments().join(" ")
        };
        for same in [
            "pid<5",
            "pid<=5",
            "pid>5",
            "pid>=5",
            "a~b",
            "a!~b=c",
            "a!=b",
            "a=b<c",
            "a<b=c",
            "a\\<b=c",
            "time<2d",
            "size>=1.5G",
            "uploaded>yesterday",
            "sort=a,-b",
            "dump=stdin",
            "a<\\=b",
            "a=b\\,c,d*",
        ] {
            assert_eq!(printed(same), same);
        }
        assert_eq!(printed("time=3"), "mtime=3s");
        assert_eq!(printed("time="), "time=undefined");
        assert_eq!(printed("time>2026-01-31"), "time>2026-01-31T00:00:00Z");
        assert_eq!(printed("dumps=stdin"), "dump=stdin");
        let spec = Spec::parse(&["sort=a", "sort=-b,c"]).expect("valid");
        assert_eq!(spec.sort.len(), 3);
    }

    #[test]
    fn files_and_names_are_no_terms() {
        for term in ["a=b", "a=", "=b", "a<5", "a>=5", "a~x", "a!~x", "a=/x"] {
            assert!(is_term(term), "{term}");
        }
        for other in [
            "core", "core~", "~/core", "/tmp/a=b", "./a<b", "0ccf", "", "a\\=b",
        ] {
            assert!(!is_term(other), "{other}");
        }
    }

    #[test]
    fn names_come_from_elsewhere() {
        let mut spec = Spec::parse(&["dump=stdin", "cmd=x"]).expect("valid");
        assert!(spec.stdin);
        assert!(spec.give_names(&["0ccf", "node"]).is_err());
        spec.give_names(&["0ccf", "BEEF"]).expect("names");
        assert!(!spec.stdin);
        assert!(
            matches!(&spec.terms[1], Term::Names(names) if names.len() == 2)
        );
        assert!(Spec::parse(&["dump=stdin", "name=stdin"]).is_err());
    }

    #[test]
    fn other_languages_operators_are_warned_about() {
        for (text, meant) in [
            ("a==b", "a=b"),
            ("a!==b", "a!=b"),
            ("a=~b", "a~b"),
            ("a=>5", "a>=5"),
            ("a=<5", "a<=5"),
            ("a=!b", "a!=b"),
        ] {
            let spec = one(text).expect(text);
            let warning = spec.warnings().join("");
            let meant = format!("did you mean {meant}?");
            assert!(warning.contains(&meant), "{warning}");
        }
        for quiet in ["a=\\=b", "a=b=c", "a~=b", "a=~"] {
            assert_eq!(one(quiet).expect(quiet).warnings(), [""; 0]);
        }
    }

    #[test]
    fn errors_show_the_place() {
        for (argument, at, message, suggestion) in [
            ("node", 0, "expected PROPERTY=VALUE", "did you mean cmd=node?"),
            ("0cc", 0, "3 digits", "more digits"),
            ("", 0, "empty", "PROPERTY=VALUE"),
            ("=x", 0, "no property", "PROPERTY=x"),
            ("!=x", 0, "no property", "PROPERTY=x"),
            ("<5", 0, "no property", "PROPERTY=5"),
            ("mtime=5dayz", 7, "unknown unit \"dayz\"", "units are"),
            ("mtime=5Days", 7, "unknown unit \"Days\"", "mean 5d?"),
            ("otime!=5d", 5, "takes = only", "mtime="),
            ("uploaded!=5d", 8, "takes = only", "uploaded<"),
            ("mtime<5d", 5, "takes = only", "otime="),
            ("limit=many", 6, "no number", "limit=10"),
            ("limit=-1", 6, "no number", "limit=10"),
            ("limit>1", 5, "takes = only", "limit=10"),
            ("sort=", 5, "no property", "sort=PROPERTY"),
            ("sort=cmd,-", 9, "no property", "sort=PROPERTY"),
            ("cmd=a\\", 5, "backslash", "two backslashes"),
            ("cmd=ab,c\\", 8, "backslash", "two backslashes"),
            ("pid!<5", 3, "no such operator", "pid>=5"),
            ("pid<", 4, "nothing to compare", "pid<NUMBER"),
            ("time<soon", 5, "unknown unit", "units are"),
            ("cmd~", 4, "no regular expression", "cmd~WORD"),
            ("cmd~a(b", 5, "unclosed group", "backslash"),
            ("cmd~\u{e9}[z-a]", 6, "range", "backslash"),
            ("cmd~(a{999}){999}", 4, "more than", "backslash"),
        ] {
            let error = one(argument).expect_err(argument);
            assert_eq!(error.at(), at, "{error}");
            assert!(error.message().contains(message), "{error}");
            let hint = error.suggestion().expect("a suggestion");
            assert!(hint.contains(suggestion), "{hint}");
        }
        let error = one("mtime=5dayz").expect_err("unit");
        assert_eq!(error.pointer(), "mtime=5dayz\n       ^");
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
            "[a-z.!\\\\]{1,6}(!=|=|<|<=|>|>=)[a-z*?,\\\\\"=~<! \n]{0,8}",
            "[a-z.]{1,4}!?~[a-z.*()|^$=]{1,6}",
            "(time|uploaded|purged)(<|>|<=|>=)[0-9]{1,3}(|d|days|y)",
            "(mtime|otime|uploaded)=(today|yesterday|now)",
            "[a-f0-9]{4,32}",
            "(mtime|time|otime|uploaded)=[0-9]{0,4}(s|m|min|h|d|w|mo|y|week)",
            "(mtime|otime)=20[0-9]{2}-0[1-9]-1[0-9]",
            "sort=-?[a-z.\\\\-]{1,5}(,-?[a-z]{1,3}){0,2}",
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
                let mut again = Spec::parse(&printed).expect("parses again");
                // Printing says min for m, so its warning goes.
                spec.warnings.clear();
                again.warnings.clear();
                prop_assert_eq!(again, spec, "{:?}", printed);
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
