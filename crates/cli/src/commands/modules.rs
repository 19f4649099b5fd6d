//! `thoth modules`: programs and libraries, and which files stand for them.

use crate::dump::{DumpArgs, each};
use crate::error::Result;
use crate::output::{Answer, Text};
use crate::session::Session;
use crate::tables::Table;
use serde::Serialize;
use std::io;
use thoth_postmortem::modules::ModuleFile;
use thoth_postmortem::process::ModuleFact;

/// Show the program and its libraries
///
/// With their build ids, and the file that gives their names and lines. A
/// file whose build id differs from the dump's is not used, and that is said.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct Modules {
    #[command(flatten)]
    dump: DumpArgs,
}

const MANUAL: &str = "\
Example (shortened):
  $ thoth modules core.libabort
  START               BUILD ID          FILE      MODULE
  0x0000563f8fe69000  269d0b27da6bd19c  verified  /srv/bin/libabort
  0x00007fb75feac000  93ac61ec5a8eb139  verified  /usr/lib/x86_64-linux-gnu/libc.so.6
  0x00007fb760097000  078f2dd177d81d2d  verified  /srv/bin/libledger.so
  0x00007fb7600a4000  e95baaeaec8534ed  in dump   [vdso]

FILE is one of
  verified   a file with this build id was found
  by path    the dump has no build id; a file that fits lies at the path
  in dump    the dump itself has all of it
  other      the file at the path is another build, and is not used
  missing    there is no file; --exe, --sysroot and --debug-dir help";

/// The modules of one process.
#[derive(Debug, Serialize)]
struct ModuleList {
    dump: String,
    modules: Vec<ModuleFact>,
}

impl Answer for ModuleList {
    fn render(&self, text: &mut Text<'_>) -> io::Result<()> {
        let mut table = Table::new(&["START", "BUILD ID", "FILE", "MODULE"]);
        for m in &self.modules {
            let id = m.build_id.as_ref().map_or("-".to_owned(), |id| {
                id.to_string().chars().take(16).collect()
            });
            let status = match m.file {
                ModuleFile::Verified { .. } => "verified",
                ModuleFile::ByPath { .. } => "by path",
                ModuleFile::InDump => "in dump",
                ModuleFile::Mismatch { .. } => "other",
                ModuleFile::Missing => "missing",
            };
            let deleted = if m.deleted { " (deleted)" } else { "" };
            let path = m.path.as_deref().unwrap_or("[vdso]");
            table.row(vec![
                m.start.to_string(),
                id,
                status.to_owned(),
                format!("{path}{deleted}"),
            ]);
        }
        table.render(text)
    }
}

impl Modules {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        each(session, &self.dump, |dump| {
            let modules = dump.process.module_facts();
            Ok(ModuleList { dump: dump.id.to_string(), modules })
        })
    }
}
