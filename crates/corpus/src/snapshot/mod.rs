//! Writes an ELF core of a crashing or living process, by ptrace.
//!
//! # Problem
//!
//! A core usually comes from the kernel, but where `kernel.core_pattern`
//! pipes it to a collector (most desktops, every container on them) an
//! unprivileged process cannot get at its own. Here a parent takes the core
//! itself, with nothing but the right to trace its child, which containers
//! and Yama both give.
//!
//! # Method
//!
//! The child asks to be traced before its `exec`, is let go stopped, and
//! seized with `PTRACE_O_TRACECLONE`, so that no instruction of the program
//! runs untraced. Signals are passed on until one comes whose action is the
//! default and to dump core (the caught and ignored sets are in
//! `/proc/PID/status`). Then every thread is stopped, and what the kernel
//! would write is written:
//!
//! | part | from |
//! | --- | --- |
//! | NT_PRSTATUS, NT_FPREGSET, NT_X86_XSTATE, crashed thread first | PTRACE_GETREGSET |
//! | NT_SIGINFO | PTRACE_GETSIGINFO |
//! | NT_PRPSINFO | `/proc/PID/stat`, `status`, `cmdline` |
//! | NT_AUXV | `/proc/PID/auxv` |
//! | NT_FILE, program headers | `/proc/PID/smaps` |
//! | memory | `/proc/PID/mem`, zero pages left as holes of the file |
//!
//! Which mappings are written follows the kernel's default filter (0x33):
//! private memory that was written to, anonymous shared memory, the first
//! page of mapped ELF files, the vDSO. One difference: a writable private
//! file mapping is always written.
//!
//! # Limits
//!
//! - A page that cannot be read (past the end of a truncated file) becomes
//!   zeroes, as in the kernel's cores.
//! - Only processes of this program's own class and architecture.
//! - `NT_PRSTATUS` lacks children's times; nothing reads them.
//! - A job-control stop of the traced process does not stop it.
//!
//! ```no_run
//! use std::{path::Path, process::Command};
//! use thoth_corpus::snapshot;
//!
//! let mut command = Command::new("./crasher");
//! let crash = snapshot::run_until_crash(&mut command, Path::new("core"))?;
//! println!("{} by signal {}", crash.pid, crash.signal);
//! # Ok::<(), snapshot::Error>(())
//! ```

mod notes;
mod process;
mod raw;
mod trace;
mod write;

use process::Mapping;
pub(crate) use process::Process;
pub(crate) use trace::{Traced, on_own_thread};
pub(crate) use write::core as write_core;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Longest life of a traced program before its first fatal signal.
const PATIENCE: Duration = Duration::from_secs(120);

/// Says what was captured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crash {
    /// Process id.
    pub pid: i32,
    /// Thread that got the fatal signal; the leader for a living process.
    pub tid: i32,
    /// Signal number, 0 for a living process.
    pub signal: i32,
    /// Number of threads in the core.
    pub threads: usize,
    /// Length of the core in bytes, holes included.
    pub core_bytes: u64,
}

/// Says why no core was written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The program could not be started, or not under trace.
    #[error("start {program} under trace")]
    Start {
        /// What was to be run.
        program: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A trace request failed.
    #[error("{request} thread {tid}")]
    Trace {
        /// What was asked for.
        request: &'static str,
        /// Of which thread.
        tid: i32,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file of `/proc` could not be read.
    #[error("read {}", path.display())]
    Proc {
        /// Its path.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The core could not be written.
    #[error("write core {}", path.display())]
    Write {
        /// Its path.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The process ended without a fatal signal that dumps core.
    #[error("{program} ended without a crash ({how})")]
    NoCrash {
        /// What was run.
        program: String,
        /// How it ended.
        how: String,
    },
    /// The process is of another class than this program.
    #[error(
        "process {pid} is not a {expected}-bit process: its executable has ELF class {found}"
    )]
    OtherClass {
        /// Process id.
        pid: i32,
        /// Bits of this program's own words.
        expected: u32,
        /// Class byte of the executable.
        found: u8,
    },
}

/// Runs a program until a signal would make it dump core, writes that core
/// to `core`, and ends the program.
///
/// The program inherits what `command` says. The command keeps a hook that
/// asks for tracing: use it for nothing else afterwards.
pub fn run_until_crash(
    command: &mut Command,
    core: &Path,
) -> Result<Crash, Error> {
    on_own_thread(|| {
        let mut traced = Traced::start(command, PATIENCE)?;
        traced.run_to_fatal_signal()?;
        traced.stop_all()?;
        let crash = write_core(&traced, core);
        traced.end();
        crash
    })
}

/// Writes a core of a living process to `core` and lets it go on.
///
/// All its threads are stopped meanwhile.
pub fn live(pid: u32, core: &Path) -> Result<Crash, Error> {
    let pid = i32::try_from(pid).unwrap_or(i32::MAX);
    on_own_thread(|| {
        let mut traced = Traced::attach(pid)?;
        let crash = traced.stop_all().and_then(|()| write_core(&traced, core));
        traced.let_go();
        crash
    })
}
