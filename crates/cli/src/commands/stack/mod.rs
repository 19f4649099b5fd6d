//! `thoth stack`: who called whom, in every thread.
//!
//! The answer is the engine's data; this folder decides what of it is shown:
//! [`fold`] shortens recursion, [`group`] puts equal stacks together, [`text`]
//! writes.

mod fold;
mod group;
mod text;

use crate::dump::{Dump, DumpArgs, each};
use crate::error::{Error, Failure, Result};
use crate::session::Session;
use crate::tables::count;
use serde::Serialize;
use std::collections::BTreeSet;
use thoth_postmortem::modules::ModuleFile;
use thoth_postmortem::process::SignalFact;
use thoth_postmortem::stack::{StackOptions, ThreadStack};
use thoth_postmortem::unwind::End;
use thoth_postmortem::verdict::Verdict;

/// Show the stacks of the threads
///
/// The thread that crashed comes first, threads with the same stack are shown
/// once, recursion is folded, and what the stacks add up to (a deadlock, a
/// stack overflow, an abort with its message) stands on top.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct Stack {
    #[command(flatten)]
    dump: DumpArgs,

    /// Only this thread
    #[arg(short, long, value_name = "TID", conflicts_with = "crashed")]
    thread: Option<i32>,

    /// Only the thread that crashed
    #[arg(short, long)]
    crashed: bool,

    /// Show every thread by itself, also those with the same stack
    #[arg(short, long)]
    all: bool,

    /// Do not look up source lines and inlined functions (faster)
    #[arg(long)]
    no_lines: bool,

    /// Show at most N frames of each thread
    #[arg(
        short = 'n',
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    limit: Option<u32>,
}

const MANUAL: &str = "\
Example (shortened):
  $ thoth stack core.nullcall
  verdict: jump: a null function pointer was called by dispatch
    the program counter is 0x0

  thread 19167 \"nullcall\" crashed by SIGSEGV: address not mapped, 0x0000000000000000
  #0 0x0000000000000000 ??
  #1 0x0000558df9e491a9 dispatch+0x60 (bin/nullcall.c:24)  nullcall  [after a bad jump]
  #2 0x0000558df9e491dd serve+0x2f (bin/nullcall.c:34)  nullcall
  #3 0x0000558df9e4922e main+0x10 (bin/nullcall.c:38)  nullcall

  $ thoth stack core.deadlock
  ...
  4 threads like this: in pause()
      tids 19169-19172
  #0 0x00007fd2402c2df2 pause+0x32 (linux/pause.c:29)  libc.so.6
  #1 0x000055b9a31cc230 idle+0x9 (bin/deadlock.c:39)  deadlock

How a frame was found is said when it was not by the thread's registers, an
unwind table, or the kernel's signal frame:
  [after a bad jump]  the caller of an address that is no code
  [instructions]      by following the function's instructions
  [frame pointer]     by the saved frame pointer
  [scan: a guess]     a word on the stack that looks like a return address";

/// The stacks of one process.
#[derive(Debug, Serialize)]
struct Stacks {
    dump: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    pid: Option<i32>,
    command: Option<String>,
    signal: Option<SignalFact>,
    /// The fault of the crashed thread, in a sentence.
    fault: Option<String>,
    threads: Vec<ThreadStack>,
    verdicts: Vec<Verdict>,
    problems: Vec<String>,
    #[serde(skip)]
    every_thread: bool,
}

impl Stack {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        each(session, &self.dump, |dump| self.stacks(session, dump))
    }

    fn stacks(&self, session: &Session, dump: &Dump) -> Result<Stacks> {
        let process = &dump.process;
        let options = StackOptions {
            lines: !self.no_lines,
            limit: self.limit.map_or(StackOptions::default().limit, |n| {
                usize::try_from(n).unwrap_or(usize::MAX)
            }),
            first_only: false,
        };
        let mut threads = process.stacks(&options);
        let verdicts = process.verdicts(&threads);
        self.choose(dump, &mut threads)?;
        tell_modules(session, dump, &threads);
        tell_holes(session, dump, &threads);
        Ok(Stacks {
            dump: dump.id.to_string(),
            file: dump.path.as_ref().map(|p| p.display().to_string()),
            pid: process.facts().pid,
            command: process.command(),
            signal: process.signal(),
            fault: process
                .fault()
                .and_then(|f| f.instruction)
                .map(|i| i.sentence),
            threads,
            verdicts,
            problems: dump.damage(),
            every_thread: self.all,
        })
    }

    /// Leaves the threads that were asked for.
    fn choose(
        &self,
        dump: &Dump,
        threads: &mut Vec<ThreadStack>,
    ) -> Result<()> {
        if let Some(tid) = self.thread {
            let known: Vec<i32> = threads.iter().map(|t| t.tid).collect();
            threads.retain(|t| t.tid == tid);
            if threads.is_empty() {
                let name = dump.name.clone();
                let error = Error::NoSuchThread { tid, dump: name };
                return Err(Failure::from(error)
                    .hint(format!("its threads are {}", group::tids(&known))));
            }
        }
        if self.crashed {
            threads.retain(|t| t.crashed);
            if threads.is_empty() {
                let error = Error::NoCrash(dump.name.clone());
                return Err(Failure::from(error).hint(
                    "the dump was taken of a living process; leave --crashed \
                     away",
                ));
            }
        }
        Ok(())
    }
}

/// Says which modules of the stacks gave no names or unwind tables, and why.
fn tell_modules(session: &Session, dump: &Dump, threads: &[ThreadStack]) {
    const SHOWN: usize = 5;
    let used: BTreeSet<&str> = threads
        .iter()
        .flat_map(|t| &t.frames)
        .filter_map(|f| f.module.as_deref())
        .collect();
    let mut notes = Vec::new();
    for m in dump.process.modules.list() {
        let Some(path) = m.path.as_deref().filter(|p| used.contains(p)) else {
            continue;
        };
        let id = m
            .build_id
            .as_ref()
            .map_or(String::new(), |id| format!(" (build id {id})"));
        match &m.file {
            ModuleFile::Missing => {
                notes.push(format!("{path}{id} is not on this machine"))
            }
            ModuleFile::Mismatch { file, found, expected } => {
                notes.push(format!(
                    "{} is another build and not used: its build id is \
                     {found}, the dump has {expected}",
                    file.display()
                ));
            }
            _ => {}
        }
    }
    for note in notes.iter().take(SHOWN) {
        session.out.note(format_args!("{note}"));
    }
    if let Some(more) = notes.len().checked_sub(SHOWN).filter(|n| *n > 0) {
        session
            .out
            .note(format_args!("and {more} more; thoth modules shows all"));
    }
    if !notes.is_empty() {
        session.out.hint(format_args!(
            "--exe FILE, --sysroot DIR or --debug-dir DIR give the right ones"
        ));
    }
    for problem in dump.process.debug_problems() {
        session.out.note(format_args!("{problem}"));
    }
}

/// Says where stacks are cut because their bytes are not there.
fn tell_holes(session: &Session, dump: &Dump, threads: &[ThreadStack]) {
    let absent = |t: &&ThreadStack| matches!(t.end, End::StackAbsent { .. });
    let holes = threads.iter().filter(absent).count();
    if holes > 0 {
        session.mark_partial();
        session.out.warning(format_args!(
            "{}: the stacks of {} are not all in the dump",
            dump.name,
            count(holes, "thread")
        ));
    }
    if threads.is_empty() {
        session.mark_partial();
        session.out.warning(format_args!(
            "{}: there is no thread in the dump",
            dump.name
        ));
    }
}
