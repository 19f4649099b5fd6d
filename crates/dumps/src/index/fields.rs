//! What a record can be found by.
//!
//! A value in the index is JSON text, so that nothing of its type is lost:
//! the test that judges it parses it and does what it would do with the record
//! at hand. Arrays give one value an element, since of an array any element
//! may match; objects give `{}`, empty arrays `[]`, so that they are present.
//!
//! | in the record | in the index |
//! | --- | --- |
//! | members of [`TOP`] | under their names |
//! | `ticket`, whatever it is | `true` under `ticket?` as well: whether there is one is asked most |
//! | `stack` | the whole array as one value: few stacks, many frames |
//! | `uploaded` | the day, of 86,400 seconds since 1970 |
//! | `purged` | `true` |
//! | `properties` | each leaf under its dotted path |
//! | members this version does not know | a mark under `?NAME` |
//! | a record that cannot be understood | a mark under `!` |
//!
//! What is too long or too much, or named so that a dotted path would be
//! ambiguous, gives a *mark*: a document with a mark passes the test unjudged,
//! and the record itself decides. So the index answers exactly what reading
//! all records would answer, only sooner. A mark under `NAME[]` says that the
//! values of `NAME` are elements, which counting must know.

use serde_json::{Map, Value};
use thoth_manta::Field;

use crate::prop::MEMBERS;
use crate::record::Record;

/// Members with one plain value, under their own names.
pub(crate) const TOP: &[&str] = &[
    "type",
    "ticket",
    "cmd",
    "psargs",
    "exe",
    "build_id",
    "base_id",
    "signal",
    "signo",
    "sigcode",
    "arch",
    "platform",
    "node",
    "uploader",
    "truncated",
    "pid",
    "ppid",
    "uid",
    "gid",
    "threads",
    "time_source",
    "superseded_by",
];

/// The mark of a record that cannot be understood.
pub(crate) const UNREADABLE: &str = "!";
/// The name of the value that every record with a ticket has. Tickets are
/// nearly as many as bugs; judging each only to learn that it is there costs
/// more than all the rest of a question.
pub(crate) const TICKETED: &str = "ticket?";
/// Begins the mark of a member that this version does not know.
pub(crate) const UNKNOWN: &str = "?";
/// Ends the mark of a name whose values are elements of an array.
pub(crate) const ELEMENTS: &str = "[]";
/// Seconds of a day.
pub(crate) const DAY: f64 = 86_400.0;

/// Longest value, in bytes of JSON text.
const MAX_VALUE: usize = 256;
/// Longest stack as a value.
const MAX_STACK: usize = 8 * 1024;
/// Elements of an array.
const MAX_ELEMENTS: usize = 64;
/// Values of one record.
const MAX_FIELDS: usize = 512;
/// Nested objects.
const MAX_DEPTH: usize = 16;

/// Returns what a record can be found by.
pub(crate) fn fields_of(record: &Record) -> Vec<Field> {
    let mut fields = Fields::default();
    for (name, value) in record.members() {
        match name.as_str() {
            "properties" => fields.tree(name, value, 0),
            "stack" => fields.whole(name, value, MAX_STACK),
            "uploaded" => fields.uploaded(record),
            "purged" => fields.add(name, "true".to_owned()),
            "ticket" => {
                fields.add(TICKETED, "true".to_owned());
                fields.value(name, value);
            }
            top if TOP.contains(&top) => fields.value(top, value),
            known if MEMBERS.contains(&known) => {}
            other => fields.mark(&format!("{UNKNOWN}{other}")),
        }
    }
    fields.all
}

/// Returns what a record that cannot be understood is found by.
pub(crate) fn unreadable() -> Vec<Field> {
    vec![Field { name: UNREADABLE.to_owned(), value: None }]
}

#[derive(Default)]
struct Fields {
    all: Vec<Field>,
}

impl Fields {
    fn add(&mut self, name: &str, text: String) {
        let field = Field { name: name.to_owned(), value: Some(text) };
        self.all.push(field);
    }

    fn mark(&mut self, name: &str) {
        self.all.push(Field { name: name.to_owned(), value: None });
    }

    fn whole(&mut self, name: &str, value: &Value, most: usize) {
        let text = value.to_string();
        if text.len() <= most {
            self.add(name, text);
        } else {
            self.mark(name);
        }
    }

    fn uploaded(&mut self, record: &Record) {
        match record.uploaded() {
            Some(seconds) => {
                self.add("uploaded", format!("{:.0}", (seconds / DAY).floor()));
            }
            None => self.mark("uploaded"),
        }
    }

    /// Adds a value that is no tree.
    fn value(&mut self, name: &str, value: &Value) {
        match value {
            Value::Array(items) => self.array(name, items),
            Value::Object(_) => self.mark(name),
            plain => self.whole(name, plain, MAX_VALUE),
        }
    }

    /// Adds the elements of an array; objects in it make a mark.
    fn array(&mut self, name: &str, items: &[Value]) {
        self.mark(&format!("{name}{ELEMENTS}"));
        if items.is_empty() {
            return self.add(name, "[]".to_owned());
        }
        let mut left = MAX_ELEMENTS;
        if !self.elements(name, items, &mut left) {
            self.mark(name);
        }
    }

    fn elements(
        &mut self,
        name: &str,
        items: &[Value],
        left: &mut usize,
    ) -> bool {
        items.iter().all(|item| {
            if *left == 0 || self.all.len() >= MAX_FIELDS {
                return false;
            }
            *left -= 1;
            match item {
                Value::Array(items) if items.is_empty() => {
                    self.add(name, "[]".to_owned());
                    true
                }
                Value::Array(items) => self.elements(name, items, left),
                Value::Object(_) => false,
                plain => {
                    self.whole(name, plain, MAX_VALUE);
                    true
                }
            }
        })
    }

    /// Adds a value and, for an object, its members.
    fn tree(&mut self, name: &str, value: &Value, depth: usize) {
        let Value::Object(members) = value else {
            return self.value(name, value);
        };
        self.add(name, "{}".to_owned());
        if depth >= MAX_DEPTH
            || self.all.len().saturating_add(members.len()) > MAX_FIELDS
        {
            return self.mark(name);
        }
        self.members(name, members, depth);
    }

    fn members(
        &mut self,
        name: &str,
        members: &Map<String, Value>,
        depth: usize,
    ) {
        for (member, value) in members {
            let path = format!("{name}.{member}");
            let ambiguous = member.is_empty() || member.contains('.');
            if ambiguous || path.len() > MAX_VALUE {
                self.mark(&path);
            } else if self.all.len() >= MAX_FIELDS {
                return self.mark(name);
            } else {
                self.tree(&path, value, depth + 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_value_is_found_or_marked() {
        let record = json!({
            "version": "2", "id": "0ccf27af56fe18b9a1b2c3d4e5f60718",
            "cmd": "a", "pid": 5, "ticket": null, "later": 1,
            "stack": ["f", "g"], "modules": [{"path": "p"}],
            "uploaded": 200_000.5, "purged": 1.5,
            "properties": {
                "s": "x", "n": {"deep": true}, "list": [1, [2], []],
                "objects": [{"a": 1}, 7], "a.b": 1, "": 2, "e": [], "o": {},
                "long": "x".repeat(500),
            },
        });
        let record =
            Record::parse(record.to_string().as_bytes()).expect("a record");
        let mut found: Vec<String> = fields_of(&record)
            .into_iter()
            .map(|f| format!("{}={}", f.name, f.value.unwrap_or("*".into())))
            .collect();
        found.sort();
        let mut expected = [
            "cmd=\"a\"",
            "pid=5",
            "ticket?=true",
            "ticket=null",
            "?later=*",
            "stack=[\"f\",\"g\"]",
            "uploaded=2",
            "purged=true",
            "properties={}",
            "properties.s=\"x\"",
            "properties.n={}",
            "properties.n.deep=true",
            "properties.list[]=*",
            "properties.list=1",
            "properties.list=2",
            "properties.list=[]",
            "properties.objects[]=*",
            "properties.objects=*",
            "properties.a.b=*",
            "properties.=*",
            "properties.e[]=*",
            "properties.e=[]",
            "properties.o={}",
            "properties.long=*",
        ];
        expected.sort_unstable();
        assert_eq!(found, expected);
    }

    #[test]
    fn thousands_of_properties_are_one_mark() {
        let many: Map<String, Value> =
            (0..10_000).map(|n| (format!("p{n}"), json!(n))).collect();
        let record = json!({
            "version": "2", "id": "0ccf27af56fe18b9a1b2c3d4e5f60718",
            "properties": many,
        });
        let record =
            Record::parse(record.to_string().as_bytes()).expect("a record");
        let fields = fields_of(&record);
        assert!(fields.len() <= MAX_FIELDS, "{}", fields.len());
        let mark = Field { name: "properties".to_owned(), value: None };
        assert!(fields.contains(&mark));
    }
}
