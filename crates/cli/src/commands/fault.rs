//! `thoth fault`: why the process died, from its signal and registers.

use crate::dump::{Dump, DumpArgs, each};
use crate::error::Result;
use crate::facts;
use crate::output::{Answer, Look, Text, line, part};
use crate::session::Session;
use crate::words::signal_words;
use serde::Serialize;
use std::io;
use thoth_postmortem::process::{Fault as Cause, RegisterValue, SignalFact};
use thoth_postmortem::stack::{Frame, StackOptions};

/// Explain the fault that ended the process
///
/// The signal, the instruction that the thread was at, which of its operands
/// was wrong and where its address lies, and the registers.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct Fault {
    #[command(flatten)]
    dump: DumpArgs,
}

const MANUAL: &str = "\
Example (shortened):
  $ thoth fault core.nullcall
  signal       SIGSEGV: address not mapped, 0x0000000000000000
  thread       19167
  at           0x0000000000000000
  called from  nullcall`dispatch+0x60 (/srv/bin/nullcall.c:24)
  why          the program counter itself is bad: 0x0, null; called by
               `call qword ptr [rdx+rax+0x8]` at 0x558df9e491a5
  address      the null page
  registers
         r15 0x00007f57f8afb020       r14 0x0000558df9e4bdb8       r13 0x00007ffcfe0cb300
         r12 0x0000558df9e4a00d       rbp 0x0000558df9e4a00d       rbx 0x00007ffcfe0cbf85";

/// The fault of one process.
#[derive(Debug, Serialize)]
struct Explained {
    dump: String,
    pid: Option<i32>,
    /// `None` for the dump of a living process.
    signal: Option<SignalFact>,
    fault: Option<Cause>,
    /// The innermost frame and its caller, with what is inlined into them.
    frames: Vec<Frame>,
    registers: Vec<RegisterValue>,
}

impl Answer for Explained {
    fn render(&self, text: &mut Text<'_>) -> io::Result<()> {
        let Some(signal) = &self.signal else {
            return line!(
                text,
                "no signal: the dump was taken of a living process"
            );
        };
        row(text, "signal", &signal_words(signal, self.pid))?;
        if let Some(fault) = &self.fault {
            row(text, "thread", &fault.tid.to_string())?;
        }
        let mut what = "at";
        for frame in &self.frames {
            row(text, what, &place(frame))?;
            what = if frame.inline { "inlined in" } else { "called from" };
        }
        if let Some(fault) = &self.fault {
            if let Some(found) = &fault.instruction {
                if let Some(words) = &found.text {
                    row(text, "instruction", words)?;
                }
                row(text, "why", &found.sentence)?;
            }
            if let Some(lies) = &fault.address_lies {
                row(text, "address", lies)?;
            }
        }
        line!(text, "registers")?;
        for r in self.registers.chunks(3) {
            for r in r {
                part!(text, Look::Plain, "  {:>8} {}", r.name, r.value)?;
            }
            text.end()?;
        }
        Ok(())
    }
}

fn row(text: &mut Text<'_>, what: &str, value: &str) -> io::Result<()> {
    part!(text, Look::Bold, "{what:<12}")?;
    line!(text, " {value}")
}

fn place(frame: &Frame) -> String {
    let at = facts::frame(frame);
    match (&frame.file, frame.line) {
        (Some(file), Some(line)) => format!("{at} ({file}:{line})"),
        _ => at,
    }
}

impl Fault {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        each(session, &self.dump, |dump| Ok(explain(session, dump)))
    }
}

fn explain(session: &Session, dump: &Dump) -> Explained {
    let process = &dump.process;
    let signal = process.signal();
    let options = StackOptions { lines: true, limit: 2, first_only: true };
    let crashed = process.threads().into_iter().next();
    let frames = process.stacks(&options).into_iter().next();
    if crashed.is_none() {
        session.mark_partial();
        session.out.warning(format_args!(
            "{}: there is no thread in the dump",
            dump.name
        ));
    }
    Explained {
        dump: dump.id.to_string(),
        pid: process.facts().pid,
        fault: process.fault(),
        frames: frames.map_or(Vec::new(), |s| s.frames),
        registers: process
            .thread_facts()
            .into_iter()
            .next()
            .map_or(Vec::new(), |t| t.registers),
        signal,
    }
}
