//! `thoth notes`: the notes of the core file, as `readelf -n` lists them.

use crate::dump::{DumpArgs, each};
use crate::error::Result;
use crate::output::{Answer, Text, line};
use crate::session::Session;
use crate::tables::Table;
use serde::Serialize;
use std::io;

/// Show the notes of the core
///
/// What the kernel, gcore or another writer recorded beside the memory: one
/// line for each note in the order of the file. What is in them is shown by
/// info, threads, auxv, maps and fault.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct Notes {
    #[command(flatten)]
    dump: DumpArgs,
}

const MANUAL: &str = "\
Example (shortened):
  $ thoth notes core.nullcall
  OWNER  TYPE        NAME                 BYTES  HOLDS
  CORE   0x1         NT_PRSTATUS            336  a thread's registers
  CORE   0x3         NT_PRPSINFO            136  the process
  CORE   0x53494749  NT_SIGINFO             128  the signal
  CORE   0x6         NT_AUXV                368  what the kernel told at exec
  CORE   0x46494c45  NT_FILE                986  mapped files
  8 notes";

/// One note.
#[derive(Debug, Serialize)]
struct Note {
    owner: String,
    #[serde(rename = "type")]
    kind: u32,
    name: Option<&'static str>,
    bytes: usize,
}

/// The notes of one core.
#[derive(Debug, Serialize)]
struct NoteList {
    dump: String,
    notes: Vec<Note>,
    problems: Vec<String>,
}

impl Answer for NoteList {
    fn render(&self, text: &mut Text<'_>) -> io::Result<()> {
        let heading = ["OWNER", "TYPE", "NAME", ">BYTES", "HOLDS"];
        let mut table = Table::new(&heading);
        for note in &self.notes {
            let known = known(&note.owner, note.kind);
            let (name, holds) = known.unwrap_or(("?", ""));
            table.row(vec![
                note.owner.clone(),
                format!("{:#x}", note.kind),
                name.to_owned(),
                note.bytes.to_string(),
                holds.to_owned(),
            ]);
        }
        table.render(text)?;
        line!(text, "{}", crate::tables::count(self.notes.len(), "note"))
    }
}

/// Names and contents of note types (include/uapi/linux/elf.h).
fn known(owner: &str, kind: u32) -> Option<(&'static str, &'static str)> {
    Some(match (owner, kind) {
        ("CORE", 1) => ("NT_PRSTATUS", "a thread's registers"),
        ("CORE", 2) => ("NT_FPREGSET", "floating point registers"),
        ("CORE", 3) => ("NT_PRPSINFO", "the process"),
        ("CORE", 4) => ("NT_TASKSTRUCT", "the kernel's task structure"),
        ("CORE", 6) => ("NT_AUXV", "what the kernel told at exec"),
        ("CORE", 0x5349_4749) => ("NT_SIGINFO", "the signal"),
        ("CORE", 0x4649_4c45) => ("NT_FILE", "mapped files"),
        ("LINUX", 0x200) => ("NT_386_TLS", "thread-local segments"),
        ("LINUX", 0x202) => ("NT_X86_XSTATE", "extended registers"),
        ("LINUX", 0x204) => ("NT_X86_SHSTK", "shadow stack"),
        ("LINUX", 0x205) => ("NT_X86_XSAVE_LAYOUT", "layout of XSTATE"),
        ("LINUX", 0x46e6_2b7f) => ("NT_PRXFPREG", "SSE registers"),
        ("LINUX", 0x400) => ("NT_ARM_VFP", "floating point registers"),
        ("LINUX", 0x401) => ("NT_ARM_TLS", "thread pointer"),
        ("LINUX", 0x402) => ("NT_ARM_HW_BREAK", "breakpoint registers"),
        ("LINUX", 0x403) => ("NT_ARM_HW_WATCH", "watchpoint registers"),
        ("LINUX", 0x404) => ("NT_ARM_SYSTEM_CALL", "system call number"),
        ("LINUX", 0x405) => ("NT_ARM_SVE", "vector registers"),
        ("LINUX", 0x406) => ("NT_ARM_PAC_MASK", "pointer masks"),
        ("GDB", 0xff00_0000) => ("NT_GDB_TDESC", "target description"),
        _ => return None,
    })
}

impl Notes {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        each(session, &self.dump, |dump| {
            let core = &dump.process.core;
            let notes = core.notes.index.iter();
            let notes = notes
                .map(|(owner, kind, bytes)| Note {
                    owner: owner.clone(),
                    kind: *kind,
                    name: known(owner, *kind).map(|k| k.0),
                    bytes: *bytes,
                })
                .collect();
            let problems = core.problems.clone();
            Ok(NoteList { dump: dump.id.to_string(), notes, problems })
        })
    }
}
