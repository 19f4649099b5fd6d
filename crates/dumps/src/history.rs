//! What was changed, when, by whom; and taking it back.
//!
//! A change and its history must not come apart, whatever process dies when:
//! so the latest entries stand in the record itself, and one conditional put
//! writes both. A record stays small all the same:
//!
//! - when the entries grow past [`KEPT`] or [`KEPT_BYTES`], the older half
//!   moves to an object beside the record, `history.NNNNNNNN.json`, named by
//!   the number of its first entry. It is written before the record that no
//!   longer has them; a crash in between leaves entries in both places, and
//!   reading counts each number once. Entries that were committed never
//!   change, so whoever writes that object writes the same beginning;
//! - a value longer than [`INLINE`] moves to `history.DIGEST.json` when it is
//!   replaced, and the entry names that object.
//!
//! An entry of `history`:
//!
//! | member | |
//! | --- | --- |
//! | `n` | its number, from 1, without gaps |
//! | `time`, `who` | seconds since 1970; who, if that was said |
//! | `what` | `set`, `unset`, `ticket`, `unticket`, `undo`, `rm`, `purge`, `replace`, `attach`, ... |
//! | `undoes` | for an undo: the number of the entry taken back |
//! | `changes` | each: `property` or `member` (its name); `old`, `new` (absent: it was not there); `old_in`, `new_in` in the place of a long value |
//!
//! The upload is no entry: the record's own `uploaded` and `uploader` say it,
//! and reading shows it with number 0.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use thoth_manta::{Condition, MantaExt, Metadata, PutOptions};

use crate::index::child;
use crate::record::{MAX_RECORD_BYTES, Record, number};
use crate::update::{SETTABLE, refused};
use crate::{DumpId, Dumps, Error, Result};

/// Entries that a record keeps at most.
const KEPT: usize = 64;
/// Bytes of entries that a record keeps at most, the latest one apart.
const KEPT_BYTES: usize = 32 * 1024;
/// Longest value that an entry itself holds, in bytes of JSON.
const INLINE: usize = 8 * 1024;
/// Begins the names of the objects that hold history.
pub(crate) const OBJECTS: &str = "history.";

/// Members whose changes are no history of their own.
const NOT_SHOWN: &[&str] = &["history", "history_spilled", "version"];

/// Members whose changes count when a whole dump replaces a truncated one.
const REPLACED: &[&str] = &[
    "dump",
    "size",
    "digest",
    "truncated",
    "uploaded",
    "uploader",
    "ticket",
    "attachments",
    "purged",
    "superseded_by",
];

/// An entry of a dump's history.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Its number; 0 is the upload.
    pub number: u64,
    /// When, in seconds since 1970.
    pub time: Option<f64>,
    /// Who, if that was said.
    pub who: Option<String>,
    /// What was done: `set`, `ticket`, ...
    pub what: String,
    /// The entry that this one takes back.
    pub undoes: Option<u64>,
    /// What became different.
    pub parts: Vec<ChangePart>,
}

/// One value that a change made different.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangePart {
    /// Whether it is a property; otherwise a member of the record itself.
    pub is_property: bool,
    /// Its name.
    pub name: String,
    /// What it was before.
    pub old: Side,
    /// What it was afterwards.
    pub new: Side,
}

/// A value before or after a change.
#[derive(Clone, Debug, PartialEq)]
pub enum Side {
    /// There was none.
    Absent,
    /// This one.
    Value(Value),
    /// A long one, in the object of this name beside the record; or it was
    /// the record's own until it was replaced.
    Long(String),
}

/// What a change is called in the history.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Label {
    pub(crate) what: &'static str,
    pub(crate) undoes: Option<u64>,
}

impl Label {
    pub(crate) fn of(what: &'static str) -> Label {
        Label { what, undoes: None }
    }
}

/// Returns the parts in which two records differ.
fn parts_of(old: &Record, new: &Record) -> Vec<ChangePart> {
    let members = |record: &Record| -> Map<String, Value> {
        let mut members = record.members().clone();
        members.remove("properties");
        for name in NOT_SHOWN {
            members.remove(*name);
        }
        members
    };
    let properties =
        |record: &Record| record.properties().cloned().unwrap_or_default();
    let mut parts = differences(&members(old), &members(new), false);
    parts.extend(differences(&properties(old), &properties(new), true));
    parts
}

fn differences(
    old: &Map<String, Value>,
    new: &Map<String, Value>,
    is_property: bool,
) -> Vec<ChangePart> {
    let added = new.keys().filter(|name| !old.contains_key(*name));
    old.keys()
        .chain(added)
        .filter(|name| old.get(*name) != new.get(*name))
        .map(|name| ChangePart {
            is_property,
            name: name.clone(),
            old: side(old.get(name)),
            new: side(new.get(name)),
        })
        .collect()
}

fn side(value: Option<&Value>) -> Side {
    let Some(value) = value else { return Side::Absent };
    let text = value.to_string();
    if text.len() <= INLINE {
        return Side::Value(value.clone());
    }
    let digest = blake3::hash(text.as_bytes()).to_hex();
    let short = digest.get(..32).unwrap_or_default();
    Side::Long(format!("{OBJECTS}{short}.json"))
}

impl Change {
    fn to_value(&self) -> Value {
        let mut out = Map::new();
        out.insert("n".into(), self.number.into());
        if let Some(time) = self.time.and_then(number) {
            out.insert("time".into(), time);
        }
        if let Some(who) = &self.who {
            out.insert("who".into(), who.as_str().into());
        }
        out.insert("what".into(), self.what.as_str().into());
        if let Some(undoes) = self.undoes {
            out.insert("undoes".into(), undoes.into());
        }
        let parts: Vec<Value> =
            self.parts.iter().map(ChangePart::to_value).collect();
        out.insert("changes".into(), parts.into());
        Value::Object(out)
    }

    /// Reads an entry; `None` for what is none.
    fn parse(value: &Value) -> Option<Change> {
        let text = |name: &str| value.get(name)?.as_str().map(str::to_owned);
        let parts = value.get("changes").and_then(Value::as_array);
        Some(Change {
            number: value.get("n")?.as_u64()?,
            time: value.get("time").and_then(Value::as_f64),
            who: text("who"),
            what: text("what")?,
            undoes: value.get("undoes").and_then(Value::as_u64),
            parts: parts?.iter().filter_map(ChangePart::parse).collect(),
        })
    }
}

impl ChangePart {
    fn to_value(&self) -> Value {
        let kind = if self.is_property { "property" } else { "member" };
        let mut out = Map::new();
        out.insert(kind.into(), self.name.as_str().into());
        for (name, side) in [("old", &self.old), ("new", &self.new)] {
            match side {
                Side::Absent => {}
                Side::Value(value) => {
                    out.insert(name.into(), value.clone());
                }
                Side::Long(object) => {
                    out.insert(format!("{name}_in"), object.as_str().into());
                }
            }
        }
        Value::Object(out)
    }

    fn parse(value: &Value) -> Option<ChangePart> {
        let is_property = value.get("property").is_some();
        let kind = if is_property { "property" } else { "member" };
        let side = |name: &str| {
            let long = value.get(format!("{name}_in")).and_then(Value::as_str);
            match (value.get(name), long) {
                (Some(value), _) => Side::Value(value.clone()),
                (None, Some(object)) => Side::Long(object.to_owned()),
                (None, None) => Side::Absent,
            }
        };
        Some(ChangePart {
            is_property,
            name: value.get(kind)?.as_str()?.to_owned(),
            old: side("old"),
            new: side("new"),
        })
    }
}

impl Dumps {
    /// Returns everything that was changed of a dump, oldest first; the
    /// upload is the first entry.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] without such a dump; when the store fails.
    pub fn history(&self, id: &DumpId) -> Result<Vec<Change>> {
        let record = self.record(id)?.ok_or_else(|| Error::NotFound {
            wanted: id.to_string(),
            hint: None,
        })?;
        let mut changes = BTreeMap::new();
        let uploaded = Change {
            number: 0,
            time: record.uploaded(),
            who: record
                .members()
                .get("uploader")
                .and_then(Value::as_str)
                .map(str::to_owned),
            what: "upload".to_owned(),
            undoes: None,
            parts: Vec::new(),
        };
        changes.insert(0, uploaded);
        let mut entries = entries_of(&record).to_vec();
        if spilled(&record) > 0 {
            entries.extend(self.spilled_entries(id)?);
        }
        for entry in entries.iter().filter_map(Change::parse) {
            changes.insert(entry.number, entry);
        }
        Ok(changes.into_values().collect())
    }

    /// Reads the entries that moved out of the record.
    fn spilled_entries(&self, id: &DumpId) -> Result<Vec<Value>> {
        let directory = child(&self.root, &id.to_string())?;
        let mut names = Vec::new();
        self.manta
            .list_all(&directory, &mut |entry| {
                let name = entry.path().name();
                let middle = name
                    .strip_prefix(OBJECTS)
                    .and_then(|rest| rest.strip_suffix(".json"));
                if middle.is_some_and(|middle| middle.len() == 8) {
                    names.push(name.to_owned());
                }
                Ok(())
            })
            .map_err(Error::store(format!("cannot list {directory}")))?;
        let mut entries = Vec::new();
        for name in names {
            if let Value::Array(list) = self.read_beside(id, &name)? {
                entries.extend(list);
            }
        }
        Ok(entries)
    }

    fn read_beside(&self, id: &DumpId, name: &str) -> Result<Value> {
        let path = child(&child(&self.root, &id.to_string())?, name)?;
        let (_, bytes) = self
            .manta
            .get(&path, MAX_RECORD_BYTES as u64)
            .map_err(Error::store(format!("cannot read {path}")))?;
        serde_json::from_slice(&bytes).map_err(|source| Error::Record {
            path: path.to_string(),
            source: crate::RecordError::Json(source),
        })
    }

    /// Puts an object that is always the same under this name; one that is
    /// there is fine.
    fn put_beside(&self, id: &DumpId, name: &str, value: &Value) -> Result<()> {
        let path = child(&child(&self.root, &id.to_string())?, name)?;
        let options = PutOptions {
            condition: Condition::create_only(),
            metadata: Metadata {
                content_type: "application/json".to_owned(),
                ..Metadata::default()
            },
            ..PutOptions::default()
        };
        match self.manta.put_bytes(
            &path,
            value.to_string().as_bytes(),
            &options,
        ) {
            Ok(_) => Ok(()),
            Err(error) if error.is_conflict() => Ok(()),
            Err(error) => {
                Err(Error::store(format!("cannot write {path}"))(error))
            }
        }
    }

    /// Adds the entry of a change to the new record, and moves older ones out
    /// of it when they grow too many.
    pub(crate) fn note_change(
        &self,
        old: &Record,
        new: &mut Record,
        label: Label,
    ) -> Result<()> {
        let mut parts = parts_of(old, new);
        if label.what == "replace" {
            // The facts of a whole copy are all new; what matters is what
            // happened to the bytes and to what people said.
            parts.retain(|part| {
                part.is_property || REPLACED.contains(&part.name.as_str())
            });
        }
        self.keep_long_values(old, &parts)?;
        let mut entries = entries_of(old).to_vec();
        let mut gone = spilled(old);
        self.spill(&old.id(), &mut entries, &mut gone)?;
        let last = entries.last().and_then(|entry| entry.get("n")?.as_u64());
        let change = Change {
            number: last.unwrap_or(gone).saturating_add(1),
            time: Some(now()),
            who: self.author.clone(),
            what: label.what.to_owned(),
            undoes: label.undoes,
            parts,
        };
        entries.push(change.to_value());
        let members = new.members_mut();
        members.insert("history".into(), entries.into());
        if gone > 0 {
            members.insert("history_spilled".into(), gone.into());
        }
        Ok(())
    }

    /// Writes long values that the change replaces as objects of their own.
    fn keep_long_values(
        &self,
        old: &Record,
        parts: &[ChangePart],
    ) -> Result<()> {
        for part in parts {
            if let Side::Long(object) = &part.old
                && let Some(value) = current(old, part)
            {
                self.put_beside(&old.id(), object, value)?;
            }
        }
        Ok(())
    }

    /// Moves the older half of the entries to an object if they are too many.
    fn spill(
        &self,
        id: &DumpId,
        entries: &mut Vec<Value>,
        gone: &mut u64,
    ) -> Result<()> {
        let bytes: usize =
            entries.iter().map(|entry| entry.to_string().len()).sum();
        if entries.len() < KEPT && bytes < KEPT_BYTES {
            return Ok(());
        }
        let first = entries.first().and_then(|entry| entry.get("n")?.as_u64());
        let Some(first) = first else { return Ok(()) };
        let half = entries.len().div_ceil(2);
        let older: Vec<Value> = entries.iter().take(half).cloned().collect();
        let name = format!("{OBJECTS}{first:08}.json");
        self.put_beside(id, &name, &Value::Array(older))?;
        // Somebody else, whose change did not come through, may have moved
        // more or fewer: what is there counts.
        let moved = match self.read_beside(id, &name)? {
            Value::Array(moved) => moved.len().min(entries.len()),
            _ => 0,
        };
        entries.drain(..moved);
        *gone = gone.saturating_add(moved as u64);
        Ok(())
    }

    /// Takes a change back: every value that it made different is made what
    /// it was before, unless it was changed again since.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] when there is no such change, when it cannot be
    /// taken back (bytes that were removed), or when a later change is in the
    /// way.
    pub fn undo(&self, id: &DumpId, number: u64) -> Result<Record> {
        let history = self.history(id)?;
        let what = format!("undo change {number} of {}", id.short());
        let change = history.iter().find(|c| c.number == number && number > 0);
        let Some(change) = change else {
            let hint = format!("thoth history {} lists them", id.short());
            let why = match number {
                0 => "it is the upload; thoth rm removes a dump",
                _ => "there is no such change",
            };
            return Err(refused(what, why, Some(&hint)));
        };
        let fixed = change.parts.iter().find(|part| !can_undo(part));
        if let Some(part) = fixed {
            let why = format!("{} {} stays", change.what, part.name);
            return Err(refused(what, why, None));
        }
        let mut before = Vec::new();
        for part in &change.parts {
            before.push(match &part.old {
                Side::Absent => None,
                Side::Value(value) => Some(value.clone()),
                Side::Long(object) => Some(self.read_beside(id, object)?),
            });
        }
        let label = Label { what: "undo", undoes: Some(number) };
        self.change(id, label, &mut |record| {
            for part in &change.parts {
                if side(current(record, part)) != part.new {
                    return Err(in_the_way(&what, part, &history, number));
                }
            }
            for (part, value) in change.parts.iter().zip(&before) {
                restore(record, part, value.clone());
            }
            Ok(())
        })
    }
}

fn in_the_way(
    what: &str,
    part: &ChangePart,
    history: &[Change],
    number: u64,
) -> Error {
    let later = history.iter().rev().find(|other| {
        let same = |p: &ChangePart| {
            p.name == part.name && p.is_property == part.is_property
        };
        other.number > number && other.parts.iter().any(same)
    });
    let why = match later {
        Some(later) => {
            format!(
                "{} was changed again by change {}",
                part.name, later.number
            )
        }
        None => format!("{} was changed again since", part.name),
    };
    refused(what.to_owned(), why, Some("take the later change back first"))
}

/// Tells whether a value is the user's own, and so can be what it was.
fn can_undo(part: &ChangePart) -> bool {
    let name = part.name.as_str();
    part.is_property
        || SETTABLE.contains(&name)
        || matches!(name, "ticket" | "time_source")
}

fn current<'a>(record: &'a Record, part: &ChangePart) -> Option<&'a Value> {
    if part.is_property {
        record.properties()?.get(&part.name)
    } else {
        record.members().get(&part.name)
    }
}

fn restore(record: &mut Record, part: &ChangePart, value: Option<Value>) {
    let members = if part.is_property {
        record.properties_mut()
    } else {
        record.members_mut()
    };
    match value {
        Some(value) => members.insert(part.name.clone(), value),
        None => members.shift_remove(&part.name),
    };
}

fn entries_of(record: &Record) -> &[Value] {
    record
        .members()
        .get("history")
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn spilled(record: &Record) -> u64 {
    record
        .members()
        .get("history_spilled")
        .and_then(Value::as_u64)
        .unwrap_or_default()
}

/// Now, in seconds since 1970, to the millisecond.
pub(crate) fn now() -> f64 {
    jiff::Timestamp::now().as_millisecond() as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn entries_read_as_they_are_written() {
        let change = Change {
            number: 7,
            time: Some(5.5),
            who: Some("bmc".into()),
            what: "set".into(),
            undoes: Some(3),
            parts: vec![
                ChangePart {
                    is_property: true,
                    name: "a.b".into(),
                    old: Side::Absent,
                    new: Side::Value(Value::Null),
                },
                ChangePart {
                    is_property: false,
                    name: "ticket".into(),
                    old: side(Some(&json!("x".repeat(INLINE)))),
                    new: Side::Absent,
                },
            ],
        };
        assert!(matches!(&change.parts[1].old, Side::Long(_)));
        assert_eq!(Change::parse(&change.to_value()), Some(change));
        assert_eq!(Change::parse(&json!({"n": 1})), None);
    }
}
