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
        let crash = traced
            .run_to_fatal_signal()
            .and_then(|()| traced.stop_all())
            .and_then(|()| write_core(&traced, core));
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

#[cfg(all(test, feature = "cases"))]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn word(bytes: &[u8], at: usize) -> u64 {
        let part: [u8; 8] = bytes[at..at + 8].try_into().expect("8 bytes");
        u64::from_le_bytes(part)
    }

    /// Returns address, bytes and memory of each dumped PT_LOAD.
    fn loads(core: &[u8]) -> BTreeMap<u64, &[u8]> {
        let count = usize::from(u16::from_le_bytes([core[56], core[57]]));
        let headers = core[64..].chunks_exact(56).take(count);
        headers
            .filter(|h| h[0] == 1 && word(h, 32) > 0)
            .map(|h| {
                let at = usize::try_from(word(h, 8)).expect("small");
                let len = usize::try_from(word(h, 32)).expect("small");
                (word(h, 16), &core[at..at + len])
            })
            .collect()
    }

    #[test]
    fn a_snapshot_holds_what_the_kernel_dumps_of_the_same_process() {
        let out = tempfile::tempdir().expect("scratch folder");
        let report = crate::native::build(out.path(), &["segv"]);
        let case = report.find("segv").expect("it was made");
        if case.truth.writer != "kernel" {
            panic!("the kernel wrote no core to compare with");
        }
        let mut command = Command::new(case.dir.join("prog"));
        command.env_clear().env("TRUTH_OUT", out.path().join("facts"));
        let ours = out.path().join("ours");
        let (kernel, crash) = crate::native::both_cores(&mut command, &ours);
        let ours = std::fs::read(&ours).expect("our core");
        assert_eq!(crash.signal, 11);
        let (kernel, ours) = (loads(&kernel), loads(&ours));
        for (address, bytes) in &kernel {
            // the kernel also writes the vsyscall page and, as zeroes, vvar
            if *address > 1 << 63 || bytes.iter().all(|b| *b == 0) {
                continue;
            }
            let mine = ours.get(address).unwrap_or_else(|| {
                panic!("{address:#x} is not in the snapshot")
            });
            assert!(mine == bytes, "{address:#x} differs");
        }
        assert!(kernel.len() > 10);
    }

    #[test]
    fn a_program_that_does_not_crash_is_an_error() {
        let out = tempfile::tempdir().expect("scratch folder");
        let core = out.path().join("core");
        let error = run_until_crash(&mut Command::new("true"), &core);
        let text = error.expect_err("true does not crash").to_string();
        assert_eq!(text, "true ended without a crash (exit status 0)");
        assert!(!core.exists());
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error() {
        let mut command = Command::new("/no/such/program");
        let error = run_until_crash(&mut command, Path::new("/dev/null"));
        assert!(matches!(error, Err(Error::Start { .. })));
    }

    #[test]
    fn a_living_process_lives_on() {
        let out = tempfile::tempdir().expect("scratch folder");
        let core = out.path().join("core");
        let mut child = Command::new("sleep").arg("60").spawn().expect("sleep");
        let crash = live(child.id(), &core).expect("a core of it");
        assert_eq!((crash.signal, crash.threads), (0, 1));
        assert!(child.try_wait().expect("our child").is_none(), "it ended");
        let status = format!("/proc/{}/status", child.id());
        let status = std::fs::read_to_string(status).expect("it lives");
        assert!(status.contains("TracerPid:\t0"), "{status}");
        child.kill().expect("our child");
        child.wait().expect("our child");
    }
}
