//! `thoth maps`: what was mapped where, and how much of it the dump has.

use crate::dump::{DumpArgs, each};
use crate::error::Result;
use crate::output::{Answer, Text, line};
use crate::session::Session;
use crate::tables::{Table, size_text};
use serde::Serialize;
use std::io;
use thoth_postmortem::process::MapFact;

/// Show the mappings of the process
///
/// In the order of addresses. IN DUMP tells how much of a mapping the dump
/// has: `all`, `none` (read-only parts of files, which the kernel leaves out
/// since the file has them), or a size; `CUT` where the file ends too early.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct Maps {
    #[command(flatten)]
    dump: DumpArgs,
}

const MANUAL: &str = "\
Example (shortened):
  $ thoth maps core.nullcall
  START               END                   SIZE  RIGHTS  IN DUMP  WHAT
  0x0000558df9e48000  0x0000558df9e49000    4.0K  r--     all      /srv/bin/nullcall
  0x0000558df9e49000  0x0000558df9e4a000    4.0K  r-x     none     /srv/bin/nullcall+0x1000
  0x00007ffcfe0ab000  0x00007ffcfe0cc000  132.0K  rw-     all      [stack]
  24 mappings, 2.4M mapped, 432.0K in the dump";

/// The mappings of one process.
#[derive(Debug, Serialize)]
struct Mappings {
    dump: String,
    maps: Vec<MapFact>,
}

impl Answer for Mappings {
    fn render(&self, text: &mut Text<'_>) -> io::Result<()> {
        let heading = ["START", "END", ">SIZE", "RIGHTS", "IN DUMP", "WHAT"];
        let mut table = Table::new(&heading);
        let (mut mapped, mut here) = (0u64, 0u64);
        for m in &self.maps {
            let size = m.end.0.saturating_sub(m.start.0);
            mapped = mapped.saturating_add(size);
            here = here.saturating_add(m.present_bytes);
            table.row(vec![
                m.start.to_string(),
                m.end.to_string(),
                size_text(size),
                m.rights.clone(),
                present(m, size),
                what(m),
            ]);
        }
        table.render(text)?;
        line!(
            text,
            "{} mappings, {} mapped, {} in the dump",
            self.maps.len(),
            size_text(mapped),
            size_text(here)
        )
    }
}

fn present(m: &MapFact, size: u64) -> String {
    if m.present_bytes < m.dumped_bytes {
        return format!("{} CUT", size_text(m.present_bytes));
    }
    match m.present_bytes {
        0 => "none".to_owned(),
        n if n >= size => "all".to_owned(),
        n => size_text(n),
    }
}

fn what(m: &MapFact) -> String {
    match (&m.file, m.file_offset) {
        (Some(file), Some(offset)) if offset.0 != 0 => {
            format!("{file}+{offset}")
        }
        (Some(file), _) => file.clone(),
        (None, _) => String::new(),
    }
}

impl Maps {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        each(session, &self.dump, |dump| {
            let maps = dump.process.maps();
            Ok(Mappings { dump: dump.id.to_string(), maps })
        })
    }
}
