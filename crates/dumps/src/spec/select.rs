//! Judging, ordering and cutting records.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::Value;

use super::{Pattern, SortKey, Spec, Term, TimeSide};
use crate::Record;

impl Spec {
    /// Tells whether every term holds of a record.
    pub fn matches(&self, record: &Record, now: Timestamp) -> bool {
        self.terms.iter().all(|term| term.holds(record, now))
    }

    /// Orders matching records and applies the limit.
    pub(crate) fn arrange(&self, records: &mut Vec<Record>) {
        let by_time = |a: &Record, b: &Record| {
            let time = |record: &Record| record.time().unwrap_or(0.0);
            time(a).total_cmp(&time(b)).then_with(|| a.id().cmp(&b.id()))
        };
        if self.sort.is_empty() {
            records.sort_by(by_time);
            if let Some(limit) = self.limit {
                records.drain(..records.len().saturating_sub(limit));
            }
            return;
        }
        records.sort_by(|a, b| {
            self.sort
                .iter()
                .map(|key| key.compare(a, b))
                .find(|order| order.is_ne())
                .unwrap_or_else(|| by_time(a, b))
        });
        if let Some(limit) = self.limit {
            records.truncate(limit);
        }
    }
}

impl Term {
    fn holds(&self, record: &Record, now: Timestamp) -> bool {
        match self {
            Term::Name(prefix) => prefix.matches(&record.id().to_string()),
            Term::Prop { path, negated, value } => {
                let found = path.find(record.members());
                let holds = match value {
                    Pattern::Absent => found.is_empty(),
                    Pattern::Text(text) => {
                        found.iter().any(|value| equals(value, text))
                    }
                    Pattern::Glob(glob) => found.iter().any(|value| {
                        any_text(value, &mut |text| glob.matches(text))
                    }),
                };
                holds != *negated
            }
            Term::Time { side, when } => {
                let moment = when.seconds(now);
                match side {
                    TimeSide::Newer => {
                        record.time().is_some_and(|time| time > moment)
                    }
                    TimeSide::Older => {
                        record.time().is_some_and(|time| time < moment)
                    }
                    TimeSide::Uploaded => {
                        record.uploaded().is_some_and(|time| time > moment)
                    }
                }
            }
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
        Value::Number(stored) => {
            // Integers compare exactly; 5, 5.0 and 5e0 are the same number.
            if let (Some(a), Ok(b)) = (stored.as_i64(), text.parse::<i64>()) {
                return a == b;
            }
            if let (Some(a), Ok(b)) = (stored.as_u64(), text.parse::<u64>()) {
                return a == b;
            }
            text.parse::<f64>().is_ok_and(|b| stored.as_f64() == Some(b))
        }
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

impl SortKey {
    /// Orders by the first value; records without one come last either way.
    fn compare(&self, a: &Record, b: &Record) -> Ordering {
        let first = |record| -> Option<&Value> {
            self.path.find(record).first().copied()
        };
        match (first(a.members()), first(b.members())) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(a), Some(b)) => {
                let order = compare_values(a, b);
                if self.descending { order.reverse() } else { order }
            }
        }
    }
}

/// Orders null, booleans, numbers, strings and the rest, in that order.
fn compare_values(a: &Value, b: &Value) -> Ordering {
    let rank = |value: &Value| match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) | Value::Object(_) => 4,
    };
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            let float = |n: &serde_json::Number| n.as_f64().unwrap_or(0.0);
            float(a).total_cmp(&float(b))
        }
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        _ if rank(a) == rank(b) => a.to_string().cmp(&b.to_string()),
        _ => rank(a).cmp(&rank(b)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn record(n: u8, members: Value) -> Record {
        let mut all = members;
        all["version"] = json!("2");
        all["id"] = json!(crate::DumpId([n; 16]).to_string());
        Record::parse(all.to_string().as_bytes()).expect("record")
    }

    fn matches(record: &Record, argument: &str) -> bool {
        let now = Timestamp::from_second(1_000_000).expect("valid");
        Spec::parse(&[argument]).expect("valid").matches(record, now)
    }

    #[test]
    fn compares_by_the_stored_type() {
        let record = record(
            1,
            json!({
                "cmd": "svc.startd", "pid": 42, "truncated": false,
                "time": 999_000, "uploaded": 999_990,
                "stack": ["libc.so.6`abort+0x15", "a`main+0x1"],
                "properties": {
                    "n": 5, "s": "5", "big": 18_446_744_073_709_551_615u64,
                    "half": 0.5, "no": null, "empty": "", "o": {"k": "v"},
                    "q": "it's \"x\"\n\u{1}", "odd name=": 1,
                },
            }),
        );
        for yes in [
            "cmd=svc.*",
            "cmd=svc.startd",
            "cmd!=node",
            "pid=42",
            "pid=42.0",
            "pid=4?",
            "truncated=false",
            "truncated!=true",
            "stack=a`main+0x1",
            "stack=*abort*",
            "n=5",
            "s=5",
            "n!=6",
            "big=18446744073709551615",
            "half=0.5",
            "half=5e-1",
            "no=null",
            "empty=\"\"",
            "empty!=undefined",
            "none=undefined",
            "none=",
            "none!=x",
            "o!=undefined",
            "o.k=v",
            "properties.o.k=v",
            "q=it's \"x\"\n\u{1}",
            "q=*\n?",
            "mtime=2000",
            "otime=500",
            "uploaded=20",
            "time=2000",
            "ticket=undefined",
            "0101",
            "id=0101*",
            "time!=undefined",
            "type=undefined",
        ] {
            assert!(matches(&record, yes), "{yes}");
        }
        for no in [
            "cmd=svc",
            "cmd=*SVC*",
            "pid=43",
            "n=05x",
            "s=5.0",
            "o=v",
            "o=*",
            "mtime=500",
            "otime=2000",
            "uploaded=5",
            "0102",
            "cmd=undefined",
            "no=undefined",
            "empty=",
            "stack=libc",
            "big=18446744073709551614",
        ] {
            assert!(!matches(&record, no), "{no}");
        }
    }

    #[test]
    fn sorts_before_it_cuts() {
        let records = || {
            vec![
                record(1, json!({"time": 30, "properties": {"p": 2}})),
                record(2, json!({"time": 10})),
                record(3, json!({"time": 20, "properties": {"p": 10}})),
            ]
        };
        let order = |arguments: &[&str]| {
            let mut records = records();
            Spec::parse(arguments).expect("valid").arrange(&mut records);
            records.iter().map(|r| r.id().0[0]).collect::<Vec<_>>()
        };
        assert_eq!(order(&[]), [2, 3, 1]);
        assert_eq!(order(&["limit=2"]), [3, 1]);
        assert_eq!(order(&["sort=-time", "limit=2"]), [1, 3]);
        assert_eq!(order(&["sort=p"]), [1, 3, 2]);
        assert_eq!(order(&["sort=-p"]), [3, 1, 2]);
        assert_eq!(order(&["limit=0"]), [2, 3, 1]);
    }
}
