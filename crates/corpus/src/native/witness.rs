//! Takes down what the kernel says of a process stopped on its fatal signal.

use super::truth::{KernelThread, KernelTruth};
use crate::snapshot::{Process, Traced};
use std::collections::BTreeMap;

/// Registers of `NT_PRSTATUS` on x86-64, in their order.
#[cfg(target_arch = "x86_64")]
const REGISTERS: [&str; 27] = [
    "r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax",
    "rcx", "rdx", "rsi", "rdi", "orig_rax", "rip", "cs", "eflags", "rsp", "ss",
    "fs_base", "gs_base", "ds", "es", "fs", "gs",
];
#[cfg(not(target_arch = "x86_64"))]
const REGISTERS: [&str; 0] = [];

/// Fields of `/proc/PID/status` worth comparing with.
const STATUS: [&str; 6] = ["Name", "Uid", "Gid", "PPid", "Tgid", "Threads"];

/// Asks the kernel about a process whose threads all stand still.
pub(crate) fn testify(traced: &Traced) -> KernelTruth {
    let process = traced.process();
    let mut truth = KernelTruth {
        crashed: traced.crash.map(|(tid, _)| tid),
        cmdline: strings(process, "cmdline"),
        environ: strings(process, "environ"),
        maps: lines(&process.read("maps").unwrap_or_default()),
        auxv: auxv(&process.read("auxv").unwrap_or_default()),
        threads: threads(traced, process),
        ..KernelTruth::default()
    };
    if let Some(info) = traced.siginfo() {
        truth.signo = i32_at(&info, 0);
        truth.code = i32_at(&info, 8);
        truth.word16 = hex(u64_at(&info, 16));
    }
    truth.exe = process.exe().to_string_lossy().into_owned();
    let status = process.thread_status(traced.pid);
    truth.status = status
        .into_iter()
        .filter(|(key, _)| STATUS.contains(&key.as_str()))
        .collect();
    truth
}

fn threads(traced: &Traced, process: Process) -> Vec<KernelThread> {
    let named = |regs: &[u8]| -> BTreeMap<String, String> {
        let words = regs.chunks_exact(8).map(|w| hex(u64_at(w, 0)));
        let names = REGISTERS.iter().map(|n| (*n).to_owned());
        names.zip(words).collect()
    };
    let all = traced.registers().into_iter();
    all.map(|(tid, regs)| {
        let comm = process.comm(tid);
        let comm = String::from_utf8_lossy(&comm).into_owned();
        KernelThread { tid, comm, regs: named(&regs) }
    })
    .collect()
}

fn hex(value: u64) -> String {
    format!("0x{value:x}")
}

fn strings(process: Process, file: &str) -> Vec<String> {
    let mut text = process.read(file).unwrap_or_default();
    if text.last() == Some(&0) {
        text.pop();
    }
    let parts = text.split(|b| *b == 0);
    parts.map(|p| String::from_utf8_lossy(p).into_owned()).collect()
}

fn lines(text: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(text).lines().map(str::to_owned).collect()
}

fn auxv(bytes: &[u8]) -> Vec<(u64, String)> {
    let pairs = bytes.chunks_exact(16);
    pairs.map(|p| (u64_at(p, 0), hex(u64_at(p, 8)))).collect()
}

fn i32_at(bytes: &[u8], at: usize) -> i32 {
    let part = bytes.get(at..at + 4).and_then(|b| b.try_into().ok());
    i32::from_ne_bytes(part.unwrap_or_default())
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let part = bytes.get(at..at + 8).and_then(|b| b.try_into().ok());
    u64::from_ne_bytes(part.unwrap_or_default())
}
