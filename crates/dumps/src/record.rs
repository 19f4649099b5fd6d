//! The record of a dump: `info.json`.
//!
//! A record is a JSON object of which this program knows some members and
//! keeps all. It is only ever written by a serializer, numbers stay numbers,
//! and a member that this version does not know survives every change. Version
//! `"2"` is written; `"1"` is read too, where process ids, and sometimes the
//! time, are strings.

use serde_json::{Map, Value};

use crate::DumpId;

/// The version that this program writes.
pub(crate) const VERSION: &str = "2";

/// The longest record, in bytes: what one change may have to send.
pub(crate) const MAX_RECORD_BYTES: usize = 4 << 20;

/// The most properties a dump may have.
pub(crate) const MAX_PROPERTIES: usize = 10_000;

/// The record of one dump.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    members: Map<String, Value>,
}

/// Why some bytes are no record.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// They are no JSON.
    #[error("the record is not valid JSON")]
    Json(#[source] serde_json::Error),
    /// They are more than a record may have.
    #[error("the record has {0} bytes, expected at most {MAX_RECORD_BYTES}")]
    TooLong(u64),
    /// They are JSON, but no object.
    #[error("the record is {0}, expected an object")]
    NotAnObject(&'static str),
    /// The version is one that this program does not know.
    #[error("the record has version {0}, expected \"1\" or \"2\"")]
    Version(String),
    /// Neither the member `id` nor `name` says which dump it is.
    #[error("the record does not say which dump it is of: {0}")]
    NoId(String),
}

impl Record {
    /// Parses the bytes of an `info.json`.
    ///
    /// # Errors
    ///
    /// When they are no object, of a version unknown, or name no dump.
    pub fn parse(bytes: &[u8]) -> Result<Record, RecordError> {
        let value: Value =
            serde_json::from_slice(bytes).map_err(RecordError::Json)?;
        let Value::Object(mut members) = value else {
            return Err(RecordError::NotAnObject(kind_of(&value)));
        };
        match members.get("version") {
            Some(Value::String(v)) if v == "1" || v == VERSION => {}
            Some(other) => return Err(RecordError::Version(other.to_string())),
            None => return Err(RecordError::Version("missing".to_owned())),
        }
        // Version 1 has the id only as the last part of the name.
        let id = ["id", "name"].into_iter().find_map(|member| {
            let text = members.get(member)?.as_str()?;
            DumpId::parse(text.rsplit('/').next()?)
        });
        let Some(id) = id else {
            let name = members.get("name").map_or_else(
                || "no member \"name\"".to_owned(),
                |name| format!("name {name}"),
            );
            return Err(RecordError::NoId(name));
        };
        members.insert("id".to_owned(), Value::String(id.to_string()));
        let mut record = Record { members };
        record.make_numbers();
        Ok(record)
    }

    pub(crate) fn from_members(members: Map<String, Value>) -> Record {
        Record { members }
    }

    /// Returns the bytes to store.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes =
            serde_json::to_vec(&self.members).expect("a map is JSON");
        bytes.push(b'\n');
        bytes
    }

    /// Returns all members, for printing.
    pub fn members(&self) -> &Map<String, Value> {
        &self.members
    }

    /// Returns the record as a JSON value.
    pub fn to_value(&self) -> Value {
        Value::Object(self.members.clone())
    }

    pub(crate) fn members_mut(&mut self) -> &mut Map<String, Value> {
        &mut self.members
    }

    /// Returns the user's properties, making the object when it is missing.
    pub(crate) fn properties_mut(&mut self) -> &mut Map<String, Value> {
        let slot = self
            .members
            .entry("properties")
            .or_insert_with(|| Value::Object(Map::new()));
        if !slot.is_object() {
            // Some other writer's mistake; its value is kept under a name.
            let odd = slot.take();
            let mut map = Map::new();
            map.insert("properties".to_owned(), odd);
            *slot = Value::Object(map);
        }
        slot.as_object_mut().expect("made an object just now")
    }

    /// Makes numbers of what version 1 has as strings, so that they compare
    /// as numbers.
    fn make_numbers(&mut self) {
        for member in ["pid", "time"] {
            let number = self
                .members
                .get(member)
                .and_then(Value::as_str)
                .and_then(|text| text.trim().parse().ok())
                .and_then(number);
            if let Some(number) = number {
                self.members.insert(member.to_owned(), number);
            }
        }
    }

    /// Raises a version 1 record to the version that this program writes.
    pub(crate) fn upgrade(&mut self) {
        if self.members.get("version").and_then(Value::as_str) == Some(VERSION)
        {
            return;
        }
        self.members
            .insert("version".to_owned(), Value::String(VERSION.to_owned()));
    }

    fn text(&self, member: &str) -> Option<&str> {
        self.members.get(member).and_then(Value::as_str)
    }

    /// Returns the dump's name.
    pub fn id(&self) -> DumpId {
        let id = self.text("id").and_then(DumpId::parse);
        id.unwrap_or(DumpId([0; 16]))
    }

    /// Returns `core` or `crash`.
    pub fn kind(&self) -> Option<&str> {
        self.text("type")
    }

    /// Returns the store's path of the dump's bytes.
    pub fn dump_path(&self) -> Option<&str> {
        self.text("dump")
    }

    /// Returns the command's name.
    pub fn cmd(&self) -> Option<&str> {
        self.text("cmd")
    }

    /// Returns the host's name.
    pub fn node(&self) -> Option<&str> {
        self.text("node")
    }

    /// Returns the ticket.
    pub fn ticket(&self) -> Option<&str> {
        self.text("ticket")
    }

    /// Returns the time of the crash in seconds since 1970.
    pub fn time(&self) -> Option<f64> {
        seconds(self.members.get("time"))
    }

    /// Returns the time of the upload in seconds since 1970.
    pub fn uploaded(&self) -> Option<f64> {
        seconds(self.members.get("uploaded"))
    }

    /// Tells whether bytes of the dump are missing.
    pub fn is_truncated(&self) -> bool {
        self.members.get("truncated") == Some(&Value::Bool(true))
    }

    /// Tells whether the dump's bytes were removed, by `rm`, `purge`, or
    /// because a whole copy took their place.
    pub fn is_purged(&self) -> bool {
        self.members.contains_key("purged")
    }

    /// Returns the whole dump that took the place of this truncated one.
    pub fn superseded_by(&self) -> Option<DumpId> {
        self.text("superseded_by").and_then(DumpId::parse)
    }

    /// Returns the identity without the random bytes, which a truncated copy
    /// of the dump has too.
    pub fn base_id(&self) -> Option<DumpId> {
        self.text("base_id").and_then(DumpId::parse)
    }

    /// Returns what the dump's bytes take in the store.
    pub fn stored_bytes(&self) -> Option<u64> {
        let member = |name| self.members.get(name).and_then(Value::as_u64);
        member("stored_size").or_else(|| member("size"))
    }

    /// Returns the frames of the crashed thread.
    pub fn stack(&self) -> impl Iterator<Item = &str> {
        let frames = self.members.get("stack").and_then(Value::as_array);
        frames.into_iter().flatten().filter_map(Value::as_str)
    }

    /// Returns the user's properties.
    pub fn properties(&self) -> Option<&Map<String, Value>> {
        self.members.get("properties").and_then(Value::as_object)
    }
}

/// Reads a time: a number, or the string that version 1 sometimes has.
fn seconds(value: Option<&Value>) -> Option<f64> {
    let seconds = match value? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    seconds.filter(|s| s.is_finite())
}

/// Returns seconds as a JSON number, whole ones as an integer; `None` for
/// what no JSON number can say.
pub(crate) fn number(seconds: f64) -> Option<Value> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if seconds.fract() == 0.0 && seconds.abs() < EXACT {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "whole and below 2^53, checked above"
        )]
        return Some(Value::from(seconds as i64));
    }
    serde_json::Number::from_f64(seconds).map(Value::Number)
}

/// Names the kind of a JSON value for messages.
pub(crate) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ID: &str = "0ccf27af56fe18b9a1b2c3d4e5f60718";

    #[test]
    fn reads_version_1_and_raises_it() {
        let old = json!({
            "name": format!("/me/stor/thoth/{ID}"), "version": "1",
            "pid": "42", "time": "1373566723.5", "later": {"x": [1]},
        });
        let mut record = Record::parse(old.to_string().as_bytes())
            .expect("a version 1 record");
        assert_eq!(record.id().to_string(), ID);
        assert_eq!(record.time(), Some(1_373_566_723.5));
        record.upgrade();
        let again = Record::parse(&record.to_bytes()).expect("version 2");
        let members = again.members();
        assert_eq!(members["pid"], json!(42));
        assert_eq!(members["time"], json!(1_373_566_723.5));
        assert_eq!(members["version"], json!("2"));
        assert_eq!(members["later"], json!({"x": [1]}));
    }

    #[test]
    fn says_why_it_is_no_record() {
        for (bytes, why) in [
            ("{", "not valid JSON"),
            ("[]", "an array"),
            ("{}", "version missing"),
            (r#"{"version":"3","id":"x"}"#, "version \"3\""),
            (r#"{"version":"2","id":"x"}"#, "which dump"),
            (r#"{"version":"2","name":"/a/stor/thoth/7"}"#, "stor/thoth/7"),
        ] {
            let error = Record::parse(bytes.as_bytes()).expect_err("refused");
            assert!(error.to_string().contains(why), "{error}");
        }
    }

    #[test]
    fn numbers_are_whole_where_they_can_be() {
        assert_eq!(number(5.0), Some(json!(5)));
        assert_eq!(number(5.25), Some(json!(5.25)));
        assert_eq!(number(f64::NAN), None);
        assert_eq!(number(f64::INFINITY), None);
    }
}
