//! `thoth threads`: what each thread was doing, without its stack.

use crate::dump::{DumpArgs, each};
use crate::error::{Error, Result};
use crate::output::{Answer, Look, Text, line, part};
use crate::session::Session;
use crate::tables::{Table, count};
use crate::words::{signal_words, syscall_words};
use serde::Serialize;
use std::io;
use thoth_postmortem::process::{SignalFact, ThreadFact};

/// Show the threads of the process
///
/// One line for each: its times, and whether it crashed, was in a system call,
/// or was running. The thread that crashed comes first.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct Threads {
    #[command(flatten)]
    dump: DumpArgs,

    /// Only this thread
    #[arg(short, long, value_name = "TID")]
    thread: Option<i32>,

    /// Also show the registers
    #[arg(short, long)]
    registers: bool,
}

const MANUAL: &str = "\
Example (shortened):
  $ thoth threads core.deadlock
  TID    NAME      USER   SYS  WAS
  19168  deadlock  0.00  0.00  crashed by SIGABRT, raised by the process itself
  19171  -         0.00  0.00  in pause()
  19173  -         0.00  0.00  in futex(0x55b9a31cf0a0, 0x80, 0x2, 0x0, 0x0, 0x0)
  19174  -         0.00  0.00  in futex(0x55b9a31cf060, 0x80, 0x2, 0x0, 0x0, 0x0)
  7 threads";

/// The threads of one process.
#[derive(Debug, Serialize)]
struct ThreadList {
    dump: String,
    pid: Option<i32>,
    signal: Option<SignalFact>,
    threads: Vec<ThreadFact>,
    #[serde(skip)]
    with_registers: bool,
}

impl Answer for ThreadList {
    fn render(&self, text: &mut Text<'_>) -> io::Result<()> {
        if self.with_registers {
            return self.render_registers(text);
        }
        let heading = ["TID", "NAME", ">USER", ">SYS", "WAS"];
        let mut table = Table::new(&heading);
        for t in &self.threads {
            table.row(vec![
                t.tid.to_string(),
                t.name.clone().unwrap_or_else(|| "-".to_owned()),
                format!("{:.2}", t.user_seconds),
                format!("{:.2}", t.system_seconds),
                self.doing(t),
            ]);
        }
        table.render(text)?;
        line!(text, "{}", count(self.threads.len(), "thread"))
    }
}

impl ThreadList {
    fn doing(&self, t: &ThreadFact) -> String {
        match (&self.signal, &t.syscall) {
            (Some(signal), _) if t.crashed => {
                format!("crashed by {}", signal_words(signal, self.pid))
            }
            (_, Some(call)) => format!("in {}", syscall_words(call)),
            _ => "running".to_owned(),
        }
    }

    fn render_registers(&self, text: &mut Text<'_>) -> io::Result<()> {
        for (i, t) in self.threads.iter().enumerate() {
            if i > 0 {
                line!(text)?;
            }
            part!(text, Look::Bold, "thread {} {}", t.tid, self.doing(t))?;
            text.end()?;
            for r in t.registers.chunks(3) {
                for r in r {
                    part!(text, Look::Plain, "  {:>8} {}", r.name, r.value)?;
                }
                text.end()?;
            }
        }
        Ok(())
    }
}

impl Threads {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        each(session, &self.dump, |dump| {
            let mut threads = dump.process.thread_facts();
            if let Some(tid) = self.thread {
                threads.retain(|t| t.tid == tid);
                if threads.is_empty() {
                    let dump = dump.name.clone();
                    return Err(Error::NoSuchThread { tid, dump }.into());
                }
            }
            Ok(ThreadList {
                dump: dump.id.to_string(),
                pid: dump.process.facts().pid,
                signal: dump.process.signal(),
                threads,
                with_registers: self.registers,
            })
        })
    }
}
