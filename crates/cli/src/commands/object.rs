//! `thoth object`: which dump a file is, with no store at all.

use crate::dump::DumpOnDisk;
use crate::error::Result;
use crate::options::ReadArgs;
use crate::output::{Answer, Text, line};
use crate::session::Session;
use clap::Args;
use serde::Serialize;
use std::io;
use std::path::PathBuf;

/// Print the hash of a local dump
///
/// The hash is made of the dump's headers and notes, and of sixteen random
/// bytes that the kernel gives to every process. It does not depend on the
/// file's name, times or compression, and a truncated copy has the same hash
/// as the whole. No store is needed, and no network.
#[derive(Debug, Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct Object {
    /// Local dumps
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    #[command(flatten)]
    read: ReadArgs,
}

const MANUAL: &str = "\
Example:
  $ thoth object core.nullcall
  a41ef26d5f2a5c6b47a519c3e116e914";

#[derive(Debug, Serialize)]
struct Hash {
    id: String,
    file: String,
}

impl Answer for Hash {
    fn render(&self, text: &mut Text<'_>) -> io::Result<()> {
        line!(text, "{}", self.id)
    }
}

impl Object {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let one = |path: &PathBuf| -> Result<Hash> {
            let dump = DumpOnDisk::open(path, &self.read)?;
            let name = path.display();
            if !dump.is_identified() {
                session.mark_partial();
                session.out.warning(format_args!(
                    "{name}: cut inside its headers or notes, so the hash is \
                     not that of the whole dump"
                ));
            }
            let id = dump.identity().id.to_string();
            Ok(Hash { id, file: name.to_string() })
        };
        if let ([path], true) = (&self.files[..], session.out.json) {
            return session.out.json(&one(path)?);
        }
        if session.out.json {
            let all: Result<Vec<Hash>> = self.files.iter().map(one).collect();
            return session.out.json(&all?);
        }
        for path in &self.files {
            session.out.answer(&one(path)?)?;
        }
        Ok(())
    }
}
