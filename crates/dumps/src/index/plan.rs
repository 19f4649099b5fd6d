//! From a specification to what the index is asked.
//!
//! Every test here must pass whatever the record itself would pass; it may
//! pass more. A term that the index cannot speak about gives no test, and a
//! name under which something unjudged may lie is among the test's marks.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use thoth_manta::{Accept, FieldTest, IndexQuery};

use super::fields::{DAY, TICKETED, TOP, UNKNOWN, UNREADABLE};
use crate::PropPath;
use crate::prop::MEMBERS;
use crate::spec::{Judge, Pattern, ScalarNumber, Spec, Term, Test, TimeSide};

/// Returns what the index is asked for a specification.
pub(crate) fn plan(spec: &Spec, now: Timestamp) -> IndexQuery {
    let mut query = IndexQuery {
        newest_first: spec.limit.is_some() && spec.sort.is_empty(),
        ..IndexQuery::default()
    };
    for term in &spec.terms {
        add(&mut query, term, now);
    }
    if !spec.asks_for_purged() {
        query.tests.push(absent("purged", Vec::new()));
    }
    query
}

fn add(query: &mut IndexQuery, term: &Term, now: Timestamp) {
    match term {
        Term::Name(prefix) => {
            let longer = query
                .id_prefix
                .as_ref()
                .is_none_or(|known| known.len() < prefix.as_str().len());
            if longer {
                query.id_prefix = Some(prefix.as_str().to_owned());
            }
        }
        Term::Names(_) => {}
        Term::Time { side: TimeSide::Newer, when } => {
            let after = when.seconds(now);
            query.after = Some(query.after.map_or(after, |a| a.max(after)));
        }
        Term::Time { side: TimeSide::Older, when } => {
            let before = when.seconds(now);
            query.before = Some(query.before.map_or(before, |b| b.min(before)));
        }
        Term::Time { side: TimeSide::Uploaded, when } => {
            query.tests.push(uploaded_after(when.seconds(now)));
        }
        Term::Prop { path, test: Test::Is { negated: false, any } }
            if path.as_str() == "id" && any.len() == 1 =>
        {
            match &any[..] {
                [Pattern::Text(text)] => begin_with(query, text),
                [Pattern::Glob(glob)] => begin_with(query, &glob.start()),
                _ => {}
            }
        }
        Term::Prop { path, test } => tests(query, path, test, now),
    }
}

/// Asks for names that begin so; of several beginnings the longest counts.
fn begin_with(query: &mut IndexQuery, prefix: &str) {
    let known = query.id_prefix.as_ref().map_or(0, String::len);
    if prefix.len() > known {
        query.id_prefix = Some(prefix.to_owned());
    }
}

fn uploaded_after(moment: f64) -> FieldTest {
    let first = (moment / DAY).floor();
    FieldTest {
        name: "uploaded".to_owned(),
        marks: marks_of("uploaded"),
        negated: false,
        exact: None,
        accept: accept(move |text| {
            text.parse::<f64>().is_ok_and(|day| day >= first)
        }),
    }
}

fn accept(f: impl Fn(&str) -> bool + Send + Sync + 'static) -> Accept {
    Accept(Arc::new(f))
}

/// Adds the tests of a term about a member.
fn tests(query: &mut IndexQuery, path: &PropPath, test: &Test, now: Timestamp) {
    let Some(name) = name_of(path) else { return };
    let marks = marks_of(path.as_str());
    let whole = path.as_str();
    if matches!(whole, "purged" | "uploaded") {
        // Only presence is told by what the index has of these.
        match test {
            Test::Is { negated, any } if any[..] == [Pattern::Absent] => {
                query.tests.push(presence(&name, marks, *negated));
            }
            Test::Is { negated: false, any }
                if !any.contains(&Pattern::Absent) =>
            {
                query.tests.push(presence(&name, marks, true));
            }
            Test::Compare { .. } | Test::Matches { negated: false, .. } => {
                query.tests.push(presence(&name, marks, true));
            }
            Test::Is { .. } | Test::Matches { .. } => {}
        }
        return;
    }
    let judge = Judge::new(test, now);
    let judged = move |negated: bool, exact: Option<Vec<String>>| FieldTest {
        name: name.clone(),
        marks: marks.clone(),
        negated,
        exact,
        accept: accept({
            let judge = judge.clone();
            move |text| {
                serde_json::from_str::<Value>(text)
                    .is_ok_and(|value| judge.accepts(&value))
            }
        }),
    };
    match test {
        Test::Compare { .. } => query.tests.push(judged(false, None)),
        Test::Matches { negated, .. } => {
            query.tests.push(judged(*negated, None));
        }
        Test::Is { negated, any } => {
            let exact = exact_texts(path, any);
            let asks_absent = any.contains(&Pattern::Absent);
            let asks_value = any.iter().any(|p| *p != Pattern::Absent);
            let (name, marks) = {
                let test = judged(false, None);
                (test.name, test.marks)
            };
            match (asks_value, asks_absent, *negated) {
                (true, false, negated) => {
                    query.tests.push(judged(negated, exact));
                }
                (false, _, negated) => {
                    query.tests.push(presence(&name, marks, negated));
                }
                // Some value or none at all: no list holds these.
                (true, true, false) => {}
                (true, true, true) => {
                    query.tests.push(judged(true, exact));
                    query.tests.push(presence(&name, marks, true));
                }
            }
        }
    }
}

fn absent(name: &str, marks: Vec<String>) -> FieldTest {
    let mut test = presence(name, marks, false);
    test.marks.push(UNREADABLE.to_owned());
    test
}

/// Returns the test that a member is present, or that it is absent.
fn presence(name: &str, marks: Vec<String>, present: bool) -> FieldTest {
    let (name, exact) = match name {
        "ticket" => (TICKETED, Some(vec!["true".to_owned()])),
        other => (other, None),
    };
    FieldTest {
        name: name.to_owned(),
        marks,
        negated: !present,
        exact,
        accept: accept(|_| true),
    }
}

/// Returns the name that a path's values have in the index; `None` when it
/// has none.
pub(crate) fn name_of(path: &PropPath) -> Option<String> {
    let text = path.as_str();
    let first = text.split('.').next().unwrap_or(text);
    if first == "properties" {
        return Some(text.to_owned());
    }
    if TOP.contains(&text) || matches!(text, "stack" | "purged" | "uploaded") {
        return Some(text.to_owned());
    }
    // Other members are not in the index, nor is what lies below any.
    (!MEMBERS.contains(&first)).then(|| format!("properties.{text}"))
}

/// Returns the names under which something unjudged may lie that a path
/// leads to.
pub(crate) fn marks_of(path: &str) -> Vec<String> {
    let mut marks = vec![UNREADABLE.to_owned()];
    let first = path.split('.').next().unwrap_or(path);
    let known = MEMBERS.contains(&first);
    for part in prefixes(path) {
        marks.push(part.to_owned());
        marks.push(format!("{UNKNOWN}{part}"));
        if !known {
            marks.push(format!("properties.{part}"));
        }
    }
    if !known {
        marks.push("properties".to_owned());
    }
    marks
}

/// Returns a path and what stands before each of its dots.
fn prefixes(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('.').filter_map(|(dot, _)| path.get(..dot)).chain([path])
}

/// Returns all texts of values that patterns accept, where that can be said.
fn exact_texts(path: &PropPath, any: &[Pattern]) -> Option<Vec<String>> {
    if path.as_str() == "stack" {
        return None;
    }
    let mut texts = Vec::new();
    for pattern in any {
        match pattern {
            Pattern::Absent => {}
            Pattern::Glob(_) => return None,
            Pattern::Text(text) => {
                texts.push(Value::from(text.as_str()).to_string());
                if matches!(text.as_str(), "true" | "false" | "null") {
                    texts.push(text.clone());
                }
                match ScalarNumber::parse(text) {
                    None => {}
                    Some(ScalarNumber::Whole(n)) if small(n) => {
                        texts.push(n.to_string());
                        texts.push(format!("{n}.0"));
                        if n == 0 {
                            texts.push("-0.0".to_owned());
                        }
                    }
                    // There are several ways to store such a number.
                    Some(_) => return None,
                }
            }
        }
    }
    Some(texts)
}

/// Whole numbers that a float prints as digits and `.0`.
fn small(n: i128) -> bool {
    n.unsigned_abs() < 1_000_000_000_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_floats_print_as_said() {
        for n in [0i64, 1, -7, 999_999_999_999_999] {
            let printed = Value::from(n as f64).to_string();
            assert_eq!(printed, format!("{n}.0"));
        }
    }

    #[test]
    fn names_follow_the_rules_of_paths() {
        let name = |text| name_of(&PropPath::parse(text).expect("path"));
        assert_eq!(name("cmd").as_deref(), Some("cmd"));
        assert_eq!(name("fmri").as_deref(), Some("properties.fmri"));
        assert_eq!(name("a.b").as_deref(), Some("properties.a.b"));
        assert_eq!(name("properties.cmd").as_deref(), Some("properties.cmd"));
        for none in ["modules.path", "size", "cmd.x", "argv"] {
            assert_eq!(name(none), None, "{none}");
        }
        let marks = marks_of("a.b");
        for mark in
            ["!", "?a", "?a.b", "properties", "properties.a", "properties.a.b"]
        {
            assert!(marks.contains(&mark.to_owned()), "{mark}");
        }
    }
}
