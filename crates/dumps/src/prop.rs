//! Naming a member of a record.
//!
//! A path is dotted: `properties.triage.engineer`. Rules, in order:
//!
//! - each step takes the member of that name; a name that itself holds dots
//!   is found too, the longer name first;
//! - through an array a step goes into every element, so
//!   `modules.build_id` names all of them;
//! - a path whose first step is no member of the record, and no member that
//!   records have, is looked for under `properties`: `fmri` is
//!   `properties.fmri`.

use std::fmt;

use serde_json::{Map, Value};

/// Members that records have, which a bare name therefore always means.
pub(crate) const MEMBERS: &[&str] = &[
    "id",
    "name",
    "dump",
    "type",
    "version",
    "time",
    "time_source",
    "uploaded",
    "uploader",
    "ticket",
    "properties",
    "cmd",
    "psargs",
    "argv",
    "argv_omitted",
    "exe",
    "build_id",
    "pid",
    "ppid",
    "uid",
    "gid",
    "signal",
    "signo",
    "sigcode",
    "fault_address",
    "arch",
    "threads",
    "stack",
    "stack_omitted",
    "modules",
    "modules_omitted",
    "platform",
    "node",
    "size",
    "stored_size",
    "digest",
    "truncated",
    "expected_bytes",
    "present_bytes",
    "base_id",
    "attachments",
    "history",
    "history_spilled",
    "purged",
    "purged_by",
    "purged_reason",
    "purged_bytes",
    "superseded_by",
];

/// A dotted path to a member of a record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PropPath(String);

impl PropPath {
    /// Takes any text but an empty one.
    pub fn parse(text: &str) -> Option<PropPath> {
        (!text.is_empty()).then(|| PropPath(text.to_owned()))
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the last component, which listings use as a heading.
    pub fn last(&self) -> &str {
        self.0.rsplit('.').next().unwrap_or(&self.0)
    }

    /// Collects the values that the path names in a record.
    pub fn find<'a>(&self, record: &'a Map<String, Value>) -> Vec<&'a Value> {
        let mut found = Vec::new();
        collect(record, &self.0, &mut found);
        let first = self.0.split('.').next().unwrap_or(&self.0);
        let own = record.contains_key(first) || MEMBERS.contains(&first);
        if found.is_empty()
            && !own
            && let Some(Value::Object(properties)) = record.get("properties")
        {
            collect(properties, &self.0, &mut found);
        }
        found
    }
}

impl fmt::Display for PropPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn collect<'a>(
    map: &'a Map<String, Value>,
    path: &str,
    found: &mut Vec<&'a Value>,
) {
    if let Some(value) = map.get(path) {
        found.push(value);
        return;
    }
    // The longest first step that is a member wins.
    for (dot, _) in path.rmatch_indices('.') {
        let (Some(step), Some(rest)) = (path.get(..dot), path.get(dot + 1..))
        else {
            continue;
        };
        if let Some(value) = map.get(step) {
            let before = found.len();
            descend(value, rest, found);
            if found.len() > before {
                return;
            }
        }
    }
}

fn descend<'a>(value: &'a Value, path: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(map) => collect(map, path, found),
        Value::Array(items) => {
            for item in items {
                descend(item, path, found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn find(record: &Value, path: &str) -> Vec<String> {
        let path = PropPath::parse(path).expect("not empty");
        let map = record.as_object().expect("object");
        path.find(map).into_iter().map(ToString::to_string).collect()
    }

    #[test]
    fn finds_members_wherever_they_are() {
        let record = json!({
            "cmd": "node",
            "custom": {"a": 1},
            "modules": [{"build_id": "x"}, {"path": "p"}, {"build_id": "y"}],
            "properties": {
                "fmri": "f",
                "cmd": "shadow",
                "ticket": "not mine",
                "a.b": 1,
                "a": {"b": 2, "c": {"d.e": 3}},
            },
        });
        assert_eq!(find(&record, "cmd"), ["\"node\""]);
        assert_eq!(find(&record, "fmri"), ["\"f\""]);
        assert_eq!(find(&record, "properties.fmri"), ["\"f\""]);
        assert_eq!(find(&record, "properties.cmd"), ["\"shadow\""]);
        assert_eq!(find(&record, "ticket"), [""; 0]);
        assert_eq!(find(&record, "a.b"), ["1"]);
        assert_eq!(find(&record, "a.c.d.e"), ["3"]);
        assert_eq!(find(&record, "custom.a"), ["1"]);
        assert_eq!(find(&record, "modules.build_id"), ["\"x\"", "\"y\""]);
        assert_eq!(find(&record, "cmd.x"), [""; 0]);
        assert_eq!(find(&record, ".."), [""; 0]);
    }

    #[test]
    fn the_page_of_the_record_names_every_member() {
        let page = include_str!("../../../docs/reference/record.md");
        let table = page.split("## Beside the record").next().expect("first");
        let named: Vec<&str> = table
            .lines()
            .filter_map(|line| line.strip_prefix("| `"))
            .filter_map(|line| line.split(" | ").next())
            .flat_map(|cell| cell.split(", "))
            .map(|name| name.trim_matches('`'))
            .collect();
        let mut missing = MEMBERS.to_vec();
        missing.retain(|member| !named.contains(member));
        assert_eq!(missing, [""; 0], "the page lacks these");
        let mut wrong = named;
        wrong.retain(|name| !MEMBERS.contains(name));
        assert_eq!(wrong, [""; 0], "the page knows more than the code");
    }
}
