//! `thoth history` and `thoth undo`: who changed what, and taking it back.

use super::info::stored;
use super::ls::plain;
use crate::error::{Error, Failure, Result};
use crate::output::{Answer, Text};
use crate::session::Session;
use crate::tables::{Table, size_text, time_text};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};
use std::io;
use thoth_dumps::{Change, ChangePart, DumpId, Record, Side};

/// Show who changed what of a dump
///
/// Properties, tickets, files beside it, its removal; the upload is entry 0.
/// `thoth undo` takes an entry back.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct History {
    /// A hash (4 digits or more), a local file, or PROPERTY=VALUE...
    #[arg(required = true, value_name = "DUMP")]
    dump: Vec<String>,
}

const MANUAL: &str = "\
Example:
  $ thoth history a41e
  N  TIME                 WHO   WHAT    CHANGE
  0  2026-11-23T07:28:14  rita  upload
  1  2026-11-23T07:31:02  rita  set     engineer: - -> bmc
  2  2026-11-23T07:40:55  bmc   ticket  ticket: - -> DEMO-1
  3  2026-11-23T07:41:10  bmc   undo 2  ticket: DEMO-1 -> -";

/// Take a change of a dump back
///
/// Every value that the change made different becomes what it was before. A
/// later change of the same value is in the way and must be taken back first.
/// What is said about the dump's bytes stays: a removed dump is uploaded again.
#[derive(Debug, clap::Args)]
#[command(after_long_help = UNDO_MANUAL)]
pub(crate) struct Undo {
    /// A hash (4 digits or more), or a local file
    #[arg(value_name = "DUMP")]
    dump: String,

    /// The change's number in `thoth history`
    #[arg(value_name = "N")]
    number: u64,
}

const UNDO_MANUAL: &str = "\
Example:
  $ thoth ticket cmd=nullcall DEMO-1
  $ thoth history a41e | tail -1
  2  2026-11-23T07:40:55  bmc   ticket  ticket: - -> DEMO-1
  $ thoth undo a41e 2";

/// The history of one dump.
struct Told {
    id: DumpId,
    changes: Vec<Change>,
}

impl Serialize for Told {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let changes: Vec<Value> = self.changes.iter().map(to_json).collect();
        json!({ "id": self.id.to_string(), "changes": changes }).serialize(s)
    }
}

fn to_json(change: &Change) -> Value {
    let mut out = Map::new();
    out.insert("n".into(), change.number.into());
    out.insert("time".into(), json!(change.time));
    out.insert("who".into(), json!(change.who));
    out.insert("what".into(), json!(change.what));
    if let Some(undoes) = change.undoes {
        out.insert("undoes".into(), undoes.into());
    }
    let parts: Vec<Value> = change.parts.iter().map(part_json).collect();
    out.insert("changes".into(), parts.into());
    Value::Object(out)
}

fn part_json(part: &ChangePart) -> Value {
    let kind = if part.is_property { "property" } else { "member" };
    let mut out = Map::new();
    out.insert(kind.into(), json!(part.name));
    for (name, side) in [("old", &part.old), ("new", &part.new)] {
        match side {
            Side::Absent => None,
            Side::Value(value) => out.insert(name.into(), value.clone()),
            Side::Long(object) => {
                out.insert(format!("{name}_in"), json!(object))
            }
        };
    }
    Value::Object(out)
}

impl Answer for Told {
    fn render(&self, text: &mut Text<'_>) -> io::Result<()> {
        let mut table = Table::new(&[">N", "TIME", "WHO", "WHAT", "CHANGE"]);
        for change in &self.changes {
            let what = match change.undoes {
                Some(undoes) => format!("{} {undoes}", change.what),
                None => change.what.clone(),
            };
            let parts: Vec<String> = change.parts.iter().map(shown).collect();
            table.row(vec![
                change.number.to_string(),
                time_text(change.time),
                change.who.clone().unwrap_or_else(|| "-".to_owned()),
                what,
                parts.join("; "),
            ]);
        }
        table.render(text)
    }
}

fn shown(part: &ChangePart) -> String {
    /// Characters of a value that a line has room for.
    const ROOM: usize = 60;
    let side = |side: &Side| match side {
        Side::Absent => "-".to_owned(),
        Side::Value(Value::Number(n)) if is_moment(part) => {
            time_text(n.as_f64())
        }
        Side::Value(Value::Number(n)) if part.name == "purged_bytes" => {
            n.as_u64().map_or_else(|| n.to_string(), size_text)
        }
        Side::Long(object) => format!("({object})"),
        Side::Value(value) => {
            let text = names(part, value).unwrap_or_else(|| plain(value));
            match text.char_indices().nth(ROOM) {
                Some((end, _)) => {
                    format!("{}...", text.get(..end).unwrap_or_default())
                }
                None => text,
            }
        }
    };
    format!("{}: {} -> {}", part.name, side(&part.old), side(&part.new))
}

/// Returns the names of files beside a dump, where that is what changed.
fn names(part: &ChangePart, value: &Value) -> Option<String> {
    if part.is_property || part.name != "attachments" {
        return None;
    }
    let names = value.as_array()?.iter().map(|file| file["name"].as_str());
    Some(names.collect::<Option<Vec<&str>>>()?.join(","))
}

/// Tells whether a number is a moment.
fn is_moment(part: &ChangePart) -> bool {
    let moments = ["time", "uploaded", "purged"];
    !part.is_property && moments.contains(&part.name.as_str())
}

impl History {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let records = stored(session, &self.dump)?;
        let told = |record: &Record| -> Result<Told> {
            let id = record.id();
            Ok(Told { id, changes: session.dumps()?.history(&id)? })
        };
        if let [one] = &records[..] {
            return session.out.answer(&told(one)?);
        }
        let all: Vec<Told> = records.iter().map(told).collect::<Result<_>>()?;
        if session.out.json {
            return session.out.json_array(all.iter());
        }
        for one in &all {
            session.out.text(|text| {
                text.line(format_args!("{}", one.id.short()))?;
                one.render(text)?;
                text.end()
            })?;
        }
        Ok(())
    }
}

impl Undo {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let records = stored(session, std::slice::from_ref(&self.dump))?;
        let [record] = &records[..] else {
            let text = format!(
                "{} means {} dumps; a change is taken back of one",
                self.dump,
                records.len()
            );
            return Err(Failure::from(Error::Usage(text))
                .hint("thoth ls shows their hashes"));
        };
        session.dumps()?.undo(&record.id(), self.number)?;
        Ok(())
    }
}
