//! `thoth set` and `thoth unset`: what people know about a dump.

use super::info::stored;
use crate::dump::is_specification;
use crate::error::{Error, Failure, Result, io_error};
use crate::session::Session;
use serde_json::Value;
use std::io::Read;
use std::path::Path;
use thoth_dumps::parse_value;

/// Set a property of dumps
///
/// The value is JSON where it parses as such (5 is a number, true a boolean,
/// {\"a\":1} an object), else a string. Without a value, JSON is read from
/// standard input. It is kept under `properties`, and nothing that others set
/// meanwhile is lost.
#[derive(Debug, clap::Args)]
#[command(after_long_help = SET_MANUAL)]
pub(crate) struct Set {
    /// DUMP, or PROPERTY=VALUE...; then the property, and its value
    #[arg(required = true, num_args = 2.., value_name = "ARG")]
    arguments: Vec<String>,
}

const SET_MANUAL: &str = "\
Usage in full:
  thoth set DUMP PROPERTY [VALUE]
  thoth set PROPERTY=VALUE... PROPERTY [VALUE]

Examples:
  $ thoth set a41e engineer bmc
  $ thoth set a41e triage '{\"state\":\"new\",\"priority\":2}'
  $ thoth set cmd=nullcall mtime=1d release 2.4.1
  $ thoth ls engineer=bmc engineer";

/// Remove a property of dumps
#[derive(Debug, clap::Args)]
#[command(after_long_help = UNSET_MANUAL)]
pub(crate) struct Unset {
    /// DUMP, or PROPERTY=VALUE...; then the property
    #[arg(required = true, num_args = 2.., value_name = "ARG")]
    arguments: Vec<String>,
}

const UNSET_MANUAL: &str = "\
Example:
  $ thoth unset a41e engineer";

/// Longest value read from standard input, in bytes.
const MAX_STDIN: u64 = 64 << 10;

/// Tells the dumps from what follows them: a specification ends at the first
/// argument without `=`, a name is one argument.
pub(super) fn split_dumps(arguments: &[String]) -> (&[String], &[String]) {
    let first = arguments.get(..1).unwrap_or(&[]);
    let n = if is_specification(first) {
        let plain = |a: &String| !is_specification(std::slice::from_ref(a));
        arguments.iter().position(plain).unwrap_or(arguments.len())
    } else {
        1
    };
    arguments.split_at_checked(n).unwrap_or((arguments, &[]))
}

impl Set {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let (dumps, rest) = split_dumps(&self.arguments);
        let (property, text) = match rest {
            [property] => (property, None),
            [property, value] => (property, Some(value)),
            [] => return Err(missing("a property", dumps)),
            [_, _, more, ..] => return Err(too_many(more)),
        };
        let value = match text.filter(|t| !t.is_empty()) {
            Some(text) => parse_value(text),
            None => value_from_stdin(session, property)?,
        };
        for record in stored(session, dumps)? {
            session.dumps()?.set(&record.id(), property, value.clone())?;
        }
        Ok(())
    }
}

impl Unset {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let (dumps, rest) = split_dumps(&self.arguments);
        let property = match rest {
            [property] => property,
            [] => return Err(missing("a property", dumps)),
            [_, more, ..] => return Err(too_many(more)),
        };
        for record in stored(session, dumps)? {
            session.dumps()?.unset(&record.id(), property)?;
        }
        Ok(())
    }
}

fn missing(what: &str, dumps: &[String]) -> Failure {
    let text = format!("need both dumps and {what}");
    Failure::from(Error::Usage(text))
        .hint(format!("{} says which dumps", dumps.join(" ")))
}

fn too_many(argument: &str) -> Failure {
    let text = format!("{argument:?} is one argument too many");
    Failure::from(Error::Usage(text))
        .hint("quote a value with blanks; several dumps need a specification")
}

fn value_from_stdin(session: &Session, property: &str) -> Result<Value> {
    session.out.note(format_args!(
        "value for '{property}' not set on command line; reading JSON from \
         stdin"
    ));
    let mut bytes = Vec::new();
    std::io::stdin()
        .take(MAX_STDIN + 1)
        .read_to_end(&mut bytes)
        .map_err(io_error("read", Path::new("standard input")))?;
    if bytes.len() as u64 > MAX_STDIN {
        let text = format!(
            "the value on standard input is longer than {MAX_STDIN} bytes"
        );
        return Err(Error::Usage(text).into());
    }
    serde_json::from_slice(&bytes).map_err(|e| {
        let text = format!("the value on standard input is no JSON: {e}");
        Failure::from(Error::Usage(text))
            .hint("a string on the command line needs no JSON")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dumps_are_told_from_what_follows() {
        let split = |list: &[&str]| {
            let list: Vec<String> =
                list.iter().map(|a| (*a).to_owned()).collect();
            let (dumps, rest) = split_dumps(&list);
            (dumps.len(), rest.len())
        };
        assert_eq!(split(&["3e16", "a", "b=c"]), (1, 2));
        assert_eq!(split(&["cmd=x", "pid=1", "a", "b=c"]), (2, 2));
        assert_eq!(split(&["cmd=x", "a=b"]), (2, 0));
        assert_eq!(split(&["./a=b", "a"]), (1, 1));
    }
}
