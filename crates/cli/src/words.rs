//! Signals, system calls and modules in the words of several commands.

use thoth_postmortem::process::{Sender, SignalFact, Syscall};

/// Returns a signal with what it means: `SIGSEGV: address not mapped, 0x...`.
/// `own` is the process that died, which often sends it to itself.
pub(crate) fn signal_words(signal: &SignalFact, own: Option<i32>) -> String {
    let name = &signal.name;
    if let Some(Sender { pid, uid, value }) = &signal.sender {
        let value =
            value.map_or(String::new(), |v| format!(" with the value {v}"));
        return if Some(*pid) == own {
            format!("{name}, raised by the process itself{value}")
        } else {
            format!("{name}, sent by process {pid} of user {uid}{value}")
        };
    }
    let mut text = name.clone();
    if let Some(meaning) = signal.meaning {
        text.push_str(&format!(": {meaning}"));
    } else if let Some(code) = signal.code {
        text.push_str(&format!(": code {code}"));
    }
    if let Some(address) = signal.address {
        text.push_str(&format!(", {address}"));
    }
    text
}

/// Returns a system call with its arguments: `futex(0x7f.., 0x80, ...)`.
pub(crate) fn syscall_words(call: &Syscall) -> String {
    let name = match call.name {
        Some(name) => name.to_owned(),
        None => format!("system call {}", call.number),
    };
    let n = call.name.and_then(argument_count).unwrap_or(6);
    let arguments: Vec<String> =
        call.arguments.iter().take(n).map(|a| format!("{:#x}", a.0)).collect();
    format!("{name}({})", arguments.join(", "))
}

/// How many arguments the calls take that threads are found in most; the
/// registers of the others would be noise. Unknown ones show all six.
fn argument_count(name: &str) -> Option<usize> {
    Some(match name {
        "pause" | "restart_syscall" | "sched_yield" | "rt_sigreturn"
        | "getpid" | "gettid" => 0,
        "exit" | "exit_group" | "close" | "fsync" | "fdatasync" | "brk" => 1,
        "nanosleep" | "kill" | "tkill" | "munmap" | "flock" | "stat"
        | "fstat" | "lstat" | "rt_sigsuspend" | "rt_sigpending" => 2,
        "read" | "write" | "open" | "poll" | "connect" | "accept"
        | "sendmsg" | "recvmsg" | "ioctl" | "fcntl" | "readv" | "writev"
        | "madvise" | "mprotect" | "tgkill" | "msync" | "lseek" => 3,
        "openat" | "wait4" | "epoll_wait" | "clock_nanosleep" | "accept4"
        | "pread64" | "pwrite64" | "rt_sigtimedwait" | "newfstatat"
        | "semtimedop" => 4,
        "select" | "ppoll" | "waitid" | "mremap" | "recvmmsg" => 5,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use thoth_postmortem::Addr;

    #[test]
    fn calls_show_the_arguments_they_have() {
        let mut call = Syscall {
            number: 0,
            name: Some("read"),
            arguments: [3, 0x1000, 8, 9, 9, 9].map(Addr),
            interrupted: false,
        };
        assert_eq!(syscall_words(&call), "read(0x3, 0x1000, 0x8)");
        (call.name, call.number) = (None, 999);
        assert!(syscall_words(&call).starts_with("system call 999(0x3, "));
    }

    #[test]
    fn a_signal_tells_its_cause() {
        let mut signal = SignalFact {
            number: 11,
            name: "SIGSEGV".into(),
            code: Some(1),
            code_name: Some("SEGV_MAPERR"),
            meaning: Some("address not mapped"),
            address: Some(Addr(16)),
            sender: None,
        };
        assert_eq!(
            signal_words(&signal, Some(7)),
            "SIGSEGV: address not mapped, 0x0000000000000010"
        );
        (signal.meaning, signal.address) = (None, None);
        signal.sender = Some(Sender { pid: 7, uid: 0, value: None });
        assert_eq!(
            signal_words(&signal, Some(7)),
            "SIGSEGV, raised by the process itself"
        );
        assert_eq!(
            signal_words(&signal, Some(8)),
            "SIGSEGV, sent by process 7 of user 0"
        );
    }
}
