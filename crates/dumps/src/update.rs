//! Changing a record: properties and tickets.
//!
//! A change reads the record, makes the next one, and puts it on condition
//! that the object is still the version that was read. When somebody else was
//! faster it begins again from theirs, so concurrent changes add up and none
//! is lost. A change that changes nothing writes nothing. Each has its entry
//! in the history, written by the same put.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use serde_json::Value;
use thoth_manta::{Condition, Etag, MantaExt, Metadata, PutOptions};

use crate::history::Label;
use crate::index::record_path;
use crate::prop::MEMBERS;
use crate::record::{MAX_PROPERTIES, MAX_RECORD_BYTES, Record};
use crate::{DumpId, Dumps, Error, Result};

/// How often a change is tried before it gives up.
const ATTEMPTS: u32 = 500;

/// The longest name of a property, in bytes.
const MAX_NAME: usize = 1024;
/// The deepest value: what a reader of JSON takes, with room for where it
/// stands in the record.
const MAX_DEPTH: usize = 64;

/// Members of the record itself that a user may set.
pub(crate) const SETTABLE: &[&str] = &["platform", "node", "time", "stack"];

/// Reads a value as users write it: JSON if it is JSON, else a string.
pub fn parse_value(text: &str) -> Value {
    serde_json::from_str(text)
        .unwrap_or_else(|_| Value::String(text.to_owned()))
}

impl Dumps {
    /// Sets a property of a dump and returns the record as it then is.
    ///
    /// `platform`, `node`, `time` and `stack` are set in the record itself.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] when the name belongs to the record, or there are
    /// too many properties; [`Error::NotFound`] without such a dump.
    pub fn set(
        &self,
        id: &DumpId,
        property: &str,
        value: Value,
    ) -> Result<Record> {
        check_property(property, "set")?;
        check_value(property, &value)?;
        self.change(id, Label::of("set"), &mut |record| {
            if SETTABLE.contains(&property) {
                let members = record.members_mut();
                members.insert(property.to_owned(), value.clone());
                if property == "time" {
                    members.insert("time_source".into(), "set".into());
                }
                return Ok(());
            }
            let properties = record.properties_mut();
            properties.insert(property.to_owned(), value.clone());
            check_number(properties.len())?;
            Ok(())
        })
    }

    /// Removes a property of a dump; one that is absent is fine.
    ///
    /// # Errors
    ///
    /// As [`Dumps::set`].
    pub fn unset(&self, id: &DumpId, property: &str) -> Result<Record> {
        check_property(property, "unset")?;
        self.change(id, Label::of("unset"), &mut |record| {
            let members = if SETTABLE.contains(&property) {
                record.members_mut()
            } else {
                record.properties_mut()
            };
            members.shift_remove(property);
            Ok(())
        })
    }

    /// Sets the ticket of a dump.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] for an empty ticket or one that looks like a
    /// specification; [`Error::NotFound`] without such a dump.
    pub fn ticket(&self, id: &DumpId, ticket: &str) -> Result<Record> {
        check_ticket(ticket)?;
        self.change(id, Label::of("ticket"), &mut |record| {
            record.members_mut().insert("ticket".into(), ticket.into());
            Ok(())
        })
    }

    /// Removes the ticket of a dump; none is fine.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] without such a dump.
    pub fn unticket(&self, id: &DumpId) -> Result<Record> {
        self.change(id, Label::of("unticket"), &mut |record| {
            record.members_mut().shift_remove("ticket");
            Ok(())
        })
    }

    /// Changes a record by compare-and-swap, calling `change` again whenever
    /// somebody else was faster, and returns the record as it then is.
    ///
    /// # Errors
    ///
    /// What `change` returns; [`Error::NotFound`] without such a dump;
    /// [`Error::Busy`] when others never stop.
    pub fn update(
        &self,
        id: &DumpId,
        change: &mut dyn FnMut(&mut Record) -> Result<()>,
    ) -> Result<Record> {
        self.change(id, Label::of("update"), change)
    }

    /// Changes a record under a name in its history.
    pub(crate) fn change(
        &self,
        id: &DumpId,
        label: Label,
        change: &mut dyn FnMut(&mut Record) -> Result<()>,
    ) -> Result<Record> {
        for attempt in 0..ATTEMPTS {
            let Some((old, etag)) = self.record_and_etag(id)? else {
                return Err(Error::NotFound {
                    wanted: id.to_string(),
                    hint: None,
                });
            };
            let mut new = old.clone();
            change(&mut new)?;
            if new == old {
                return Ok(old);
            }
            new.upgrade();
            self.note_change(&old, &mut new, label)?;
            if self.put_record(id, &new, Condition::unchanged(etag))?.is_some()
            {
                return Ok(new);
            }
            std::thread::sleep(pause(attempt));
        }
        Err(Error::Busy {
            path: record_path(&self.root, id)?.to_string(),
            attempts: ATTEMPTS,
        })
    }

    /// Puts a record on a condition; `None` when the condition fails.
    pub(crate) fn put_record(
        &self,
        id: &DumpId,
        record: &Record,
        condition: Condition,
    ) -> Result<Option<Etag>> {
        let path = record_path(&self.root, id)?;
        let bytes = record.to_bytes();
        if bytes.len() > MAX_RECORD_BYTES {
            return Err(refused(
                format!("write {path}"),
                format!(
                    "the record would have {} bytes, at most \
                     {MAX_RECORD_BYTES} are allowed",
                    bytes.len()
                ),
                Some("keep large results as attachments and set their name"),
            ));
        }
        let options = PutOptions {
            condition,
            metadata: Metadata {
                content_type: "application/json".to_owned(),
                ..Metadata::default()
            },
            ..PutOptions::default()
        };
        match self.manta.put_bytes(&path, &bytes, &options) {
            Ok(info) => Ok(Some(info.etag)),
            Err(error) if error.is_conflict() => Ok(None),
            Err(error) => {
                Err(Error::store(format!("cannot write {path}"))(error))
            }
        }
    }
}

/// Refuses values that could not be read again.
pub(crate) fn check_value(property: &str, value: &Value) -> Result<()> {
    fn depth(value: &Value, left: usize) -> bool {
        left > 0
            && match value {
                Value::Array(items) => items.iter().all(|v| depth(v, left - 1)),
                Value::Object(map) => map.values().all(|v| depth(v, left - 1)),
                _ => true,
            }
    }
    if depth(value, MAX_DEPTH) {
        return Ok(());
    }
    Err(refused(
        format!("set {property:?}"),
        format!("its value is nested more than {MAX_DEPTH} deep"),
        Some("keep large results as attachments and set their name"),
    ))
}

/// Refuses more properties than a dump may have.
pub(crate) fn check_number(number: usize) -> Result<()> {
    if number <= MAX_PROPERTIES {
        return Ok(());
    }
    Err(refused(
        format!("set {number} properties"),
        format!("a dump has at most {MAX_PROPERTIES} properties"),
        Some("put related values into one JSON object"),
    ))
}

/// Refuses names that would shadow the record's own members.
pub(crate) fn check_property(property: &str, verb: &str) -> Result<()> {
    let what = format!("{verb} {property:?}");
    if property.is_empty() {
        return Err(refused(what, "a property has a name", None));
    }
    if property.len() > MAX_NAME {
        let short: String = property.chars().take(40).collect();
        let what = format!("{verb} {short:?}...");
        let why = format!("a property's name has at most {MAX_NAME} bytes");
        return Err(refused(what, why, None));
    }
    if property == "ticket" {
        let hint = "use thoth ticket and thoth unticket";
        let why = "the ticket is no property";
        return Err(refused(what, why, Some(hint)));
    }
    if property.contains('=') {
        let why = "a name with = in it could not be asked for";
        return Err(refused(what, why, None));
    }
    let first = property.split('.').next().unwrap_or(property);
    if MEMBERS.contains(&first) && !SETTABLE.contains(&property) {
        let why = format!("{first} is a member of the record itself");
        let hint = "choose another name for the property";
        return Err(refused(what, why, Some(hint)));
    }
    Ok(())
}

pub(crate) fn check_ticket(ticket: &str) -> Result<()> {
    let what = format!("set the ticket {ticket:?}");
    if ticket.is_empty() {
        return Err(refused(what, "it is empty", Some("use thoth unticket")));
    }
    // A forgotten ticket would otherwise ticket whatever the rest matches.
    if ticket.contains('=') {
        return Err(refused(
            what,
            "it looks like part of a specification",
            Some("give the ticket as the last argument"),
        ));
    }
    Ok(())
}

pub(crate) fn refused(
    what: String,
    why: impl Into<String>,
    hint: Option<&str>,
) -> Error {
    Error::Refused { what, why: why.into(), hint: hint.map(str::to_owned) }
}

/// Returns a random pause that grows with the attempts.
fn pause(attempt: u32) -> Duration {
    let random = RandomState::new().build_hasher().finish();
    let most = u64::from(attempt.min(20) + 1) * 1000;
    Duration::from_micros(random % most)
}
