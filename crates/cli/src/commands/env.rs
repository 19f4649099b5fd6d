//! `thoth env`: the environment of the process.

use crate::dump::{Dump, DumpArgs, each};
use crate::error::Result;
use crate::output::{Answer, Text, line};
use crate::session::Session;
use serde::Serialize;
use std::io;
use thoth_postmortem::process::Strings;

/// Show the environment of the process
///
/// As exec got it. A program may change its environment afterwards; where it
/// did so, a note says so and --at-death shows the changed one.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct Env {
    #[command(flatten)]
    dump: DumpArgs,

    /// Show the environment as it was when the process died
    #[arg(long)]
    at_death: bool,
}

const MANUAL: &str = "\
Example:
  $ thoth env core.nullcall
  DEMO=yes
  PATH=/usr/bin:/bin
  PWD=/srv";

/// The environment of one process.
#[derive(Debug, Serialize)]
pub(super) struct Environment {
    dump: String,
    /// `NAME=value` each, in the process's order; one that is not in the dump
    /// is null. Null as a whole where none of it is there.
    env: Option<Vec<Option<String>>>,
    /// Whether this is the one at exec or the one at death.
    at: &'static str,
    /// Whether the process had another one when it died.
    changed: bool,
    problem: Option<String>,
}

impl Answer for Environment {
    fn render(&self, text: &mut Text<'_>) -> io::Result<()> {
        for variable in self.env.iter().flatten() {
            match variable {
                Some(v) => line!(text, "{v}")?,
                None => line!(text, "? (not in the dump)")?,
            }
        }
        Ok(())
    }
}

impl Env {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        each(session, &self.dump, |dump| {
            Ok(environment(session, dump, self.at_death))
        })
    }
}

/// Finds the environment of a process.
pub(super) fn environment(
    session: &Session,
    dump: &Dump,
    at_death: bool,
) -> Environment {
    let found = match dump.process.arguments() {
        Ok(found) => found,
        Err(why) => return absent(session, dump, why),
    };
    let changed = found.env_at_death.is_some();
    if changed && !at_death {
        session.out.note(format_args!(
            "{}: the process changed its environment; --at-death shows that",
            dump.name
        ));
    }
    let (at, Strings { values, problem }) = match found.env_at_death {
        Some(env) if at_death => ("death", env),
        _ => ("exec", found.env),
    };
    if let Some(problem) = &problem {
        session.mark_partial();
        session.out.warning(format_args!("{}: {problem}", dump.name));
    }
    let (dump, env) = (dump.id.to_string(), Some(values));
    Environment { dump, env, at, changed, problem }
}

fn absent(session: &Session, dump: &Dump, why: String) -> Environment {
    session.mark_partial();
    let name = &dump.name;
    session.out.warning(format_args!(
        "{name}: the environment is not in the dump: {why}"
    ));
    let (dump, problem) = (dump.id.to_string(), Some(why));
    Environment { dump, env: None, at: "exec", changed: false, problem }
}
