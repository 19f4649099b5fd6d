//! What one value is compared with.

use serde_json::Value;

use super::compare::ScalarNumber;
use super::{Bound, Glob, Relation, Test, When};

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

/// A regular expression, found anywhere in a value.
#[derive(Clone, Debug)]
pub struct Regex(pub(super) regex::Regex);

impl PartialEq for Regex {
    fn eq(&self, other: &Regex) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Pattern {
    /// Tells whether a value that is there matches; of an array any element.
    pub(crate) fn accepts(&self, value: &Value) -> bool {
        match self {
            Pattern::Absent => false,
            Pattern::Text(text) => equals(value, text),
            Pattern::Glob(glob) => {
                any_text(value, &mut |text| glob.matches(text))
            }
        }
    }
}

impl Bound {
    pub(super) fn new(text: String, when: Option<When>) -> Bound {
        Bound { text, when }
    }

    /// Returns the text, as it was meant.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the moment, where one was meant.
    pub fn when(&self) -> Option<&When> {
        self.when.as_ref()
    }

    /// Fixes what depends on the present time.
    pub(crate) fn at(&self, now: jiff::Timestamp) -> Fixed {
        let number = match &self.when {
            Some(when) => Some(ScalarNumber::Float(when.seconds(now))),
            None => ScalarNumber::parse(&self.text)
                .or_else(|| ScalarNumber::parse_size(&self.text)),
        };
        Fixed { number, text: self.text.clone() }
    }
}

/// A bound at a given time.
#[derive(Clone, Debug)]
pub(crate) struct Fixed {
    number: Option<ScalarNumber>,
    text: String,
}

impl Relation {
    pub(crate) fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Relation::Less => order.is_lt(),
            Relation::LessOrEqual => order.is_le(),
            Relation::Greater => order.is_gt(),
            Relation::GreaterOrEqual => order.is_ge(),
        }
    }

    /// Tells whether a value stands so to a bound. Numbers compare with
    /// numbers and strings with strings; nothing else has an order.
    pub(crate) fn accepts(self, value: &Value, than: &Fixed) -> bool {
        match value {
            Value::Number(stored) => than.number.is_some_and(|bound| {
                self.holds(ScalarNumber::of(stored).compare(bound))
            }),
            Value::String(stored) => {
                self.holds(stored.as_str().cmp(than.text.as_str()))
            }
            Value::Array(items) => {
                items.iter().any(|item| self.accepts(item, than))
            }
            Value::Null | Value::Bool(_) | Value::Object(_) => false,
        }
    }
}

/// A test at a given time: judges the values of a member.
#[derive(Clone, Debug)]
pub(crate) struct Judge {
    test: Test,
    than: Option<Fixed>,
}

impl Judge {
    pub(crate) fn new(test: &Test, now: jiff::Timestamp) -> Judge {
        let than = match test {
            Test::Compare { than, .. } => Some(than.at(now)),
            Test::Is { .. } | Test::Matches { .. } => None,
        };
        Judge { test: test.clone(), than }
    }

    /// Tells whether one value is what the test looks for, negation apart.
    pub(crate) fn accepts(&self, value: &Value) -> bool {
        match (&self.test, &self.than) {
            (Test::Is { any, .. }, _) => {
                any.iter().any(|pattern| pattern.accepts(value))
            }
            (Test::Matches { regex, .. }, _) => {
                any_text(value, &mut |text| regex.0.is_match(text))
            }
            (Test::Compare { relation, .. }, Some(than)) => {
                relation.accepts(value, than)
            }
            (Test::Compare { .. }, None) => false,
        }
    }

    /// Tells whether the values that a record has stand the test.
    pub(crate) fn holds(&self, values: &[&Value]) -> bool {
        let found = values.iter().any(|value| self.accepts(value));
        match &self.test {
            Test::Is { negated, any } => {
                let absent =
                    values.is_empty() && any.contains(&Pattern::Absent);
                (found || absent) != *negated
            }
            Test::Matches { negated, .. } => found != *negated,
            Test::Compare { .. } => found,
        }
    }
}

/// Compares by the type of what is stored; of an array any element.
fn equals(value: &Value, text: &str) -> bool {
    match value {
        Value::String(stored) => stored == text,
        Value::Bool(stored) => text == if *stored { "true" } else { "false" },
        Value::Null => text == "null",
        Value::Array(items) => items.iter().any(|item| equals(item, text)),
        Value::Object(_) => false,
        // 5, 5.0 and 5e0 are the same number.
        Value::Number(stored) => ScalarNumber::parse(text)
            .is_some_and(|n| ScalarNumber::of(stored).compare(n).is_eq()),
    }
}

/// Calls for the printed form of a value, or of each element of an array,
/// until one is accepted.
fn any_text(value: &Value, accept: &mut dyn FnMut(&str) -> bool) -> bool {
    match value {
        Value::String(text) => accept(text),
        Value::Array(items) => items.iter().any(|item| any_text(item, accept)),
        Value::Number(_) | Value::Bool(_) => accept(&value.to_string()),
        Value::Null | Value::Object(_) => false,
    }
}
