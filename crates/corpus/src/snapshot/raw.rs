//! The ptrace calls, the only unsafe code of this crate.
//!
//! Each function is safe to call with any argument: a wrong thread id is an
//! error of the kernel's, and buffers are owned here and passed with their
//! true length.
#![expect(
    unsafe_code,
    reason = "no safe wrapper passes raw siginfo, register sets or real-time signals"
)]

use libc::{c_long, c_void};
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Length of `siginfo_t`, the same on all Linux architectures.
pub(super) const SIGINFO_BYTES: usize = 128;

/// Larger than any register set: XSAVE areas with AMX take 11 KiB.
const REGSET_LIMIT: usize = 64 << 10;

/// Makes the command's child ask to be traced by the thread that spawns it.
pub(super) fn ask_for_trace(command: &mut Command) {
    let hook = || traceme();
    // SAFETY: the hook makes one system call and builds an error from errno;
    // neither allocates nor takes locks, as a forked child requires
    unsafe {
        command.pre_exec(hook);
    }
}

fn traceme() -> io::Result<()> {
    // SAFETY: PTRACE_TRACEME uses none of the other arguments
    let result = unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) };
    check(result)
}

fn check(result: c_long) -> io::Result<()> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Makes a request that passes no memory: `data` is a plain number.
fn plain(request: libc::c_uint, tid: i32, data: usize) -> io::Result<()> {
    let none = std::ptr::null_mut::<c_void>();
    // SAFETY: callers are the functions below, whose requests take `data` as
    // a number and ignore the address
    check(unsafe { libc::ptrace(request, tid, none, data) })
}

/// Traces a thread without stopping it; new threads are traced too, and all
/// die with the tracer when `kill_on_exit`.
pub(super) fn seize(tid: i32, kill_on_exit: bool) -> io::Result<()> {
    let kill = if kill_on_exit { libc::PTRACE_O_EXITKILL } else { 0 };
    let options = libc::PTRACE_O_TRACECLONE | kill;
    plain(libc::PTRACE_SEIZE, tid, usize::try_from(options).unwrap_or(0))
}

/// Asks a seized thread to stop.
pub(super) fn interrupt(tid: i32) -> io::Result<()> {
    plain(libc::PTRACE_INTERRUPT, tid, 0)
}

/// Lets a stopped thread go on, with a signal unless that is 0.
pub(super) fn resume(tid: i32, signal: i32) -> io::Result<()> {
    plain(libc::PTRACE_CONT, tid, usize::try_from(signal).unwrap_or(0))
}

/// Ends the tracing of a stopped thread.
pub(super) fn detach(tid: i32, signal: i32) -> io::Result<()> {
    plain(libc::PTRACE_DETACH, tid, usize::try_from(signal).unwrap_or(0))
}

/// Reads the siginfo of the signal a thread is stopped for.
pub(super) fn siginfo(tid: i32) -> io::Result<[u8; SIGINFO_BYTES]> {
    let mut bytes = [0; SIGINFO_BYTES];
    let none = std::ptr::null_mut::<c_void>();
    // SAFETY: the kernel writes one siginfo_t of SIGINFO_BYTES bytes
    check(unsafe {
        libc::ptrace(libc::PTRACE_GETSIGINFO, tid, none, bytes.as_mut_ptr())
    })?;
    Ok(bytes)
}

/// Reads a register set of a stopped thread, as its note would hold it.
pub(super) fn regset(tid: i32, kind: u32) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0u8; REGSET_LIMIT];
    let mut vector = libc::iovec {
        iov_base: bytes.as_mut_ptr().cast(),
        iov_len: bytes.len(),
    };
    let kind = std::ptr::without_provenance_mut::<c_void>(kind as usize);
    // SAFETY: the vector describes `bytes`, which outlives the call; the
    // kernel writes at most iov_len bytes and sets it to what it wrote
    check(unsafe {
        libc::ptrace(libc::PTRACE_GETREGSET, tid, kind, &raw mut vector)
    })?;
    bytes.truncate(vector.iov_len);
    Ok(bytes)
}

/// Waits for any child or traced thread of the calling thread: its id and
/// wait status.
pub(super) fn wait_any() -> io::Result<(i32, i32)> {
    loop {
        if let Some(event) = wait(0)? {
            return Ok(event);
        }
    }
}

/// The same, and nothing when none has anything to report.
pub(super) fn poll_any() -> io::Result<Option<(i32, i32)>> {
    wait(libc::WNOHANG)
}

fn wait(flags: i32) -> io::Result<Option<(i32, i32)>> {
    let mut status = 0;
    let flags = flags | libc::__WALL | libc::__WNOTHREAD;
    // SAFETY: the kernel writes one int to `status`
    let tid = unsafe { libc::waitpid(-1, &raw mut status, flags) };
    match tid {
        0 => Ok(None),
        -1 => match io::Error::last_os_error() {
            e if e.kind() == io::ErrorKind::Interrupted => Ok(None),
            e => Err(e),
        },
        tid => Ok(Some((tid, status))),
    }
}
