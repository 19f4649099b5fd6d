//! The signal that made the core, in words.
//!
//! Names and codes: include/uapi/asm-generic/signal.h and siginfo.h, x86
//! numbering (the same on aarch64 and riscv).

use super::Process;
use crate::Addr;
use crate::core::{Fields, Siginfo};
use serde::Serialize;

/// A decoded signal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignalFact {
    /// Number.
    pub number: i32,
    /// Name, such as `SIGSEGV`.
    pub name: String,
    /// `si_code`; `None` when the core has no NT_SIGINFO.
    pub code: Option<i32>,
    /// Name of the code, such as `SEGV_MAPERR`.
    pub code_name: Option<&'static str>,
    /// What the code means.
    pub meaning: Option<&'static str>,
    /// Fault address, for signals that have one.
    pub address: Option<Addr>,
    /// Who sent it, when it was sent.
    pub sender: Option<Sender>,
}

/// The sender of a signal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sender {
    /// Its process id.
    pub pid: i32,
    /// Its user id.
    pub uid: u32,
    /// Value given with `sigqueue`.
    pub value: Option<i32>,
}

const SIGILL: i32 = 4;
const SIGTRAP: i32 = 5;
const SIGBUS: i32 = 7;
const SIGFPE: i32 = 8;
const SIGSEGV: i32 = 11;
const SIGSYS: i32 = 31;
/// `si_code` of a fault whose address the processor does not tell.
const SI_KERNEL: i32 = 128;
const SI_QUEUE: i32 = -1;

impl Process {
    /// Returns the signal; `None` for a core of a live process (gcore).
    #[must_use]
    pub fn signal(&self) -> Option<SignalFact> {
        let notes = &self.core.notes;
        let from_thread = notes.threads.first().map(|t| i32::from(t.signal));
        let info = notes.siginfo.as_ref().filter(|i| i.signo != 0);
        let number = info.map(|i| i.signo).or(from_thread)?;
        // gdb writes the stop that it made itself: no signal of the process.
        if number == 0 || from_thread == Some(0) {
            return None;
        }
        let header = &self.core.header;
        Some(decode(number, info, header.is_64, header.little))
    }
}

fn decode(
    number: i32,
    info: Option<&Siginfo>,
    is_64: bool,
    little: bool,
) -> SignalFact {
    let code = info.map(|i| i.code);
    let named = code.and_then(|c| code_name(number, c));
    let faults = [SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV];
    // The union lies at 16 with 64-bit pointers, at 12 with 32-bit ones.
    let at = if is_64 { 16 } else { 12 };
    let word =
        |at: usize| info.and_then(|i| Fields { data: &i.raw, little }.u32(at));
    // Two words make a pointer, in the order of the byte order.
    let pointer =
        |at: usize| info.and_then(|i| Fields { data: &i.raw, little }.u64(at));
    let address = match code {
        Some(c) if c > 0 && c != SI_KERNEL && faults.contains(&number) => {
            let value =
                if is_64 { pointer(at) } else { word(at).map(u64::from) };
            value.map(Addr)
        }
        Some(1) if number == SIGSYS => pointer(at).map(Addr),
        _ => None,
    };
    let sender = match code {
        Some(c) if c <= 0 => {
            let pid = word(at).map(|v| v as i32);
            let value = (c == SI_QUEUE).then(|| word(at + 8)).flatten();
            pid.zip(word(at + 4)).map(|(pid, uid)| Sender {
                pid,
                uid,
                value: value.map(|v| v as i32),
            })
        }
        _ => None,
    };
    SignalFact {
        number,
        name: signal_name(number),
        code,
        code_name: named.map(|n| n.0),
        meaning: named.map(|n| n.1),
        address,
        sender,
    }
}

/// Returns the name of a signal number.
#[must_use]
pub(crate) fn signal_name(number: i32) -> String {
    const NAMES: [&str; 31] = [
        "SIGHUP",
        "SIGINT",
        "SIGQUIT",
        "SIGILL",
        "SIGTRAP",
        "SIGABRT",
        "SIGBUS",
        "SIGFPE",
        "SIGKILL",
        "SIGUSR1",
        "SIGSEGV",
        "SIGUSR2",
        "SIGPIPE",
        "SIGALRM",
        "SIGTERM",
        "SIGSTKFLT",
        "SIGCHLD",
        "SIGCONT",
        "SIGSTOP",
        "SIGTSTP",
        "SIGTTIN",
        "SIGTTOU",
        "SIGURG",
        "SIGXCPU",
        "SIGXFSZ",
        "SIGVTALRM",
        "SIGPROF",
        "SIGWINCH",
        "SIGIO",
        "SIGPWR",
        "SIGSYS",
    ];
    let index = usize::try_from(number - 1).ok();
    match index.and_then(|i| NAMES.get(i)) {
        Some(name) => (*name).to_owned(),
        None if (32..=64).contains(&number) => format!("SIGRT{}", number - 32),
        None => format!("signal {number}"),
    }
}

fn code_name(signal: i32, code: i32) -> Option<(&'static str, &'static str)> {
    let own = match (signal, code) {
        (SIGILL, 1) => ("ILL_ILLOPC", "illegal opcode"),
        (SIGILL, 2) => ("ILL_ILLOPN", "illegal operand"),
        (SIGILL, 3) => ("ILL_ILLADR", "illegal addressing mode"),
        (SIGILL, 4) => ("ILL_ILLTRP", "illegal trap"),
        (SIGILL, 5) => ("ILL_PRVOPC", "privileged opcode"),
        (SIGILL, 6) => ("ILL_PRVREG", "privileged register"),
        (SIGILL, 7) => ("ILL_COPROC", "coprocessor error"),
        (SIGILL, 8) => ("ILL_BADSTK", "internal stack error"),
        (SIGFPE, 1) => ("FPE_INTDIV", "integer division by zero"),
        (SIGFPE, 2) => ("FPE_INTOVF", "integer overflow"),
        (SIGFPE, 3) => ("FPE_FLTDIV", "floating-point division by zero"),
        (SIGFPE, 4) => ("FPE_FLTOVF", "floating-point overflow"),
        (SIGFPE, 5) => ("FPE_FLTUND", "floating-point underflow"),
        (SIGFPE, 6) => ("FPE_FLTRES", "floating-point inexact result"),
        (SIGFPE, 7) => ("FPE_FLTINV", "invalid floating-point operation"),
        (SIGFPE, 8) => ("FPE_FLTSUB", "subscript out of range"),
        (SIGSEGV, 1) => ("SEGV_MAPERR", "address not mapped"),
        (SIGSEGV, 2) => ("SEGV_ACCERR", "access not permitted"),
        (SIGSEGV, 3) => ("SEGV_BNDERR", "failed address bound checks"),
        (SIGSEGV, 4) => ("SEGV_PKUERR", "access denied by protection key"),
        (SIGSEGV, 8) => ("SEGV_MTEAERR", "asynchronous memory tag fault"),
        (SIGSEGV, 9) => ("SEGV_MTESERR", "memory tag mismatch"),
        (SIGSEGV, 10) => ("SEGV_CPERR", "control protection fault"),
        (SIGBUS, 1) => ("BUS_ADRALN", "invalid address alignment"),
        (SIGBUS, 2) => (
            "BUS_ADRERR",
            "no such physical address, such as \
             past the end of a mapped file",
        ),
        (SIGBUS, 3) => ("BUS_OBJERR", "object-specific hardware error"),
        (SIGBUS, 4) => ("BUS_MCEERR_AR", "hardware memory error, consumed"),
        (SIGBUS, 5) => ("BUS_MCEERR_AO", "hardware memory error, detected"),
        (SIGTRAP, 1) => ("TRAP_BRKPT", "breakpoint"),
        (SIGTRAP, 2) => ("TRAP_TRACE", "trace trap"),
        (SIGTRAP, 3) => ("TRAP_BRANCH", "branch trap"),
        (SIGTRAP, 4) => ("TRAP_HWBKPT", "hardware breakpoint or watchpoint"),
        (SIGSYS, 1) => ("SYS_SECCOMP", "system call denied by seccomp"),
        _ => return shared_code(code),
    };
    Some(own)
}

fn shared_code(code: i32) -> Option<(&'static str, &'static str)> {
    Some(match code {
        0 => ("SI_USER", "sent by kill"),
        SI_QUEUE => ("SI_QUEUE", "sent by sigqueue"),
        -2 => ("SI_TIMER", "sent by a timer"),
        -3 => ("SI_MESGQ", "sent by a message queue"),
        -4 => ("SI_ASYNCIO", "sent by asynchronous input or output"),
        -5 => ("SI_SIGIO", "sent by queued SIGIO"),
        -6 => ("SI_TKILL", "sent by tgkill: raise, abort, pthread_kill"),
        SI_KERNEL => (
            "SI_KERNEL",
            "sent by the kernel: the processor does not tell the address",
        ),
        _ => return None,
    })
}
