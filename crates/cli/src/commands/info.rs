//! `thoth info`: everything a record says.

use crate::dump::{self, DumpOnDisk, Target, Targets, no_such_dump, targets};
use crate::error::{Error, Failure, Kind, Result};
use crate::options::ReadArgs;
use crate::session::Session;
use serde_json::{Map, Value};
use thoth_dumps::Record;

/// Print the record of a dump
///
/// As JSON: an object for one name, an array for a specification; `thoth
/// history` has what was changed. A local
/// file is identified and looked up, so the exit status tells whether it has
/// been uploaded: 0 when it is there, 2 when not.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct Info {
    /// A hash (4 digits or more), a local file, or PROPERTY=VALUE...
    #[arg(required = true, value_name = "DUMP")]
    dump: Vec<String>,

    /// Exit with 0 when nothing matches a specification
    #[arg(long)]
    allow_none: bool,

    #[command(flatten)]
    read: ReadArgs,
}

const MANUAL: &str = "\
Examples:
  $ thoth info a41e
  {
      \"id\": \"a41ef26d5f2a5c6b47a519c3e116e914\",
      \"name\": \"/me/stor/thoth/a41ef26d5f2a5c6b47a519c3e116e914\",
      \"dump\": \"/me/stor/thoth/a41ef26d5f2a5c6b47a519c3e116e914/core.nullcall\",
      \"type\": \"core\",
      \"version\": \"2\",
      ...

  $ thoth info core.nullcall >/dev/null; echo $?
  0

  $ thoth info cmd=nullcall limit=5";

impl Info {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let found = targets(session, &self.dump);
        let Targets { list, many } = match found {
            Err(failure) if self.is_empty_answer(&failure) => {
                session.out.json(&Value::Array(Vec::new()))?;
                return if self.allow_none { Ok(()) } else { Err(failure) };
            }
            other => other?,
        };
        let records = list.into_iter().map(|t| record(session, t, &self.read));
        let records: Vec<Record> = records.collect::<Result<_>>()?;
        match (&records[..], many) {
            ([one], false) => session.out.json(&shown(one)),
            _ => session.out.json_array(records.iter().map(shown)),
        }
    }

    /// Whether a specification matched nothing, which is an answer.
    fn is_empty_answer(&self, failure: &Failure) -> bool {
        failure.kind == Kind::NotFound && dump::is_specification(&self.dump)
    }
}

/// The record without its history, which has a command of its own.
pub(super) fn shown(record: &Record) -> Map<String, Value> {
    let mut members = record.members().clone();
    members.retain(|name, _| !name.starts_with("history"));
    members
}

/// Finds the record of what was named.
fn record(
    session: &Session,
    target: Target,
    read: &ReadArgs,
) -> Result<Record> {
    let path = match target {
        Target::Stored(record) => return Ok(*record),
        Target::File(path) => path,
    };
    let id = DumpOnDisk::open(&path, read)?.identity().id;
    let found = match session.dumps_if_any()? {
        Some(dumps) => dumps.record(&id)?,
        None => None,
    };
    found.ok_or_else(|| {
        let name = path.display().to_string();
        Failure::from(Error::NotUploaded { path: name.clone(), id })
            .hint(format!("thoth upload {name} adds it"))
    })
}

/// Finds the stored dumps that arguments mean, for commands that change
/// records; local files mean their dump in the store.
pub(super) fn stored(
    session: &Session,
    arguments: &[String],
) -> Result<Vec<Record>> {
    let read = ReadArgs::default();
    let Targets { list, .. } = targets(session, arguments)?;
    if list.is_empty() {
        return Err(no_such_dump(&arguments.join(" ")));
    }
    list.into_iter().map(|t| record(session, t, &read)).collect()
}
