//! `thoth auxv`: what the kernel told the process at exec.

use crate::dump::{Dump, DumpArgs, each};
use crate::error::Result;
use crate::output::{Answer, Text};
use crate::session::Session;
use crate::tables::Table;
use serde::Serialize;
use std::io;
use thoth_postmortem::process::AuxFact;

/// Show the auxiliary vector
///
/// What the kernel tells a process at exec: where the program, the dynamic
/// linker and the vDSO are, the page size, user ids, the processor's abilities.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct Auxv {
    #[command(flatten)]
    dump: DumpArgs,
}

const MANUAL: &str = "\
Example (shortened):
  $ thoth auxv core.nullcall
  TYPE  NAME                  VALUE               MEANS
  33    AT_SYSINFO_EHDR       0x00007f57f8ac6000
  51    AT_MINSIGSTKSZ        0x0000000000000d30  3376
  6     AT_PAGESZ             0x0000000000001000  4096
  31    AT_EXECFN             0x00007ffcfe0cbfd1  /srv/bin/nullcall";

/// The auxiliary vector of one process.
#[derive(Debug, Serialize)]
pub(super) struct Vector {
    dump: String,
    auxv: Vec<AuxFact>,
}

impl Answer for Vector {
    fn render(&self, text: &mut Text<'_>) -> io::Result<()> {
        let mut table = Table::new(&["TYPE", "NAME", "VALUE", "MEANS"]);
        for entry in &self.auxv {
            table.row(vec![
                entry.kind.to_string(),
                entry.name.unwrap_or("?").to_owned(),
                entry.value.to_string(),
                meaning(entry),
            ]);
        }
        table.render(text)
    }
}

fn meaning(entry: &AuxFact) -> String {
    if let Some(text) = &entry.text {
        return text.clone();
    }
    // Sizes, counts and ids read better in decimal.
    match entry.kind {
        4..=6 | 11..=14 | 17 | 23 | 27 | 28 | 51 => entry.value.0.to_string(),
        _ => String::new(),
    }
}

impl Auxv {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        each(session, &self.dump, |dump| Ok(vector(dump)))
    }
}

/// Reads the auxiliary vector of a process.
pub(super) fn vector(dump: &Dump) -> Vector {
    Vector { dump: dump.id.to_string(), auxv: dump.process.auxv() }
}
