//! The notes of a core, in the kernel's order.
//!
//! | note | type | layout written here |
//! | --- | --- | --- |
//! | NT_PRSTATUS | 1 | 112 bytes of head (see [`prstatus`]), registers, fpvalid |
//! | NT_PRPSINFO | 3 | 136 bytes (see [`prpsinfo`]) |
//! | NT_SIGINFO | 0x53494749 | siginfo_t as ptrace gives it |
//! | NT_AUXV | 6 | `/proc/PID/auxv` |
//! | NT_FILE | 0x46494c45 | count, page size, (start, end, page offset)*, names |
//! | NT_FPREGSET | 2 | as ptrace gives it |
//! | NT_X86_XSTATE | 0x202 | as ptrace gives it |
//!
//! Source of the layouts: Linux `include/linux/elfcore.h`, 64-bit.

use super::process::{Mapping, Stat};
use super::{Error, Process, Traced};

pub(super) const PRSTATUS: u32 = 1;
const FPREGSET: u32 = 2;
const PRPSINFO: u32 = 3;
const AUXV: u32 = 6;
const X86_XSTATE: u32 = 0x202;
const SIGINFO: u32 = 0x5349_4749;
const FILE: u32 = 0x4649_4c45;

/// The unit of NT_FILE offsets: x86-64 pages.
pub(super) const PAGE: u64 = 4096;

/// Appends one note.
fn note(out: &mut Vec<u8>, owner: &str, kind: u32, desc: &[u8]) {
    let pad = |out: &mut Vec<u8>| out.resize(out.len().next_multiple_of(4), 0);
    let len = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).to_ne_bytes();
    out.extend(len(owner.len() + 1));
    out.extend(len(desc.len()));
    out.extend(kind.to_ne_bytes());
    out.extend(owner.as_bytes());
    out.push(0);
    pad(out);
    out.extend(desc);
    pad(out);
}

/// Builds the whole note segment.
pub(super) fn build(
    traced: &Traced,
    mappings: &[Mapping],
) -> Result<Vec<u8>, Error> {
    let process = traced.process();
    let mut out = Vec::new();
    for (n, tid) in traced.threads().into_iter().enumerate() {
        let Some(status) = prstatus(traced, process, tid) else { continue };
        note(&mut out, "CORE", PRSTATUS, &status);
        if n == 0 {
            note(&mut out, "CORE", PRPSINFO, &prpsinfo(traced.pid, process)?);
            if let Some(info) = traced.siginfo() {
                note(&mut out, "CORE", SIGINFO, &info);
            }
            note(&mut out, "CORE", AUXV, &process.read("auxv")?);
            note(&mut out, "CORE", FILE, &files(mappings));
        }
        if let Some(set) = traced.regset(tid, FPREGSET) {
            note(&mut out, "CORE", FPREGSET, &set);
        }
        #[cfg(target_arch = "x86_64")]
        if let Some(set) = traced.regset(tid, X86_XSTATE) {
            note(&mut out, "LINUX", X86_XSTATE, &set);
        }
    }
    Ok(out)
}

/// Fixed-width fields of a note, written at their offsets.
struct Fields(Vec<u8>);

impl Fields {
    fn put(&mut self, at: usize, bytes: &[u8]) {
        if let Some(to) = self.0.get_mut(at..at + bytes.len()) {
            to.copy_from_slice(bytes);
        }
    }

    fn i32(&mut self, at: usize, value: i32) {
        self.put(at, &value.to_ne_bytes());
    }

    fn u64(&mut self, at: usize, value: u64) {
        self.put(at, &value.to_ne_bytes());
    }

    /// A `struct timeval` from ticks of 1/100 s.
    fn time(&mut self, at: usize, ticks: u64) {
        self.u64(at, ticks / 100);
        self.u64(at + 8, ticks % 100 * 10_000);
    }
}

/// Signal, code, error @0; cursig u16 @12; pending @16; held @24; tid @32;
/// ppid @36; pgrp @40; sid @44; times @48; registers @112; fpvalid last.
fn prstatus(traced: &Traced, process: Process, tid: i32) -> Option<Vec<u8>> {
    let regs = traced.regset(tid, PRSTATUS)?;
    let mut f = Fields(vec![0; 112]);
    let signal = match traced.crash {
        Some((crashed, signal)) if crashed == tid => signal,
        _ => 0,
    };
    f.i32(0, signal);
    f.put(12, &i16::try_from(signal).unwrap_or(0).to_ne_bytes());
    let status = process.thread_status(tid);
    for (at, field) in [(16, "SigPnd"), (24, "SigBlk")] {
        let mask = status.get(field).map_or("0", String::as_str);
        f.u64(at, u64::from_str_radix(mask, 16).unwrap_or(0));
    }
    f.i32(32, tid);
    if let Some(stat) = process.stat(tid) {
        let Stat { ppid, pgrp, sid, utime, stime, .. } = stat;
        for (at, value) in [(36, ppid), (40, pgrp), (44, sid)] {
            f.i32(at, value);
        }
        f.time(48, utime);
        f.time(64, stime);
    }
    let mut out = f.0;
    out.extend(regs);
    out.extend(1i32.to_ne_bytes());
    out.resize(out.len().next_multiple_of(8), 0);
    Some(out)
}

/// State number, letter, zombie, nice @0; flags @8; uid @16; gid @20;
/// pid @24; ppid @28; pgrp @32; sid @36; name\[16\] @40; arguments\[80\] @56.
fn prpsinfo(pid: i32, process: Process) -> Result<Vec<u8>, Error> {
    let mut f = Fields(vec![0; 136]);
    if let Some(stat) = process.stat(pid) {
        // a traced stop is ours, not the process's: it was running
        let letter = if stat.state == 't' { 'R' } else { stat.state };
        let number = "RSDTZW".find(letter).and_then(|n| u8::try_from(n).ok());
        f.put(0, &[number.unwrap_or(6)]);
        f.put(1, &[u8::try_from(letter).unwrap_or(b'.')]);
        f.put(2, &[u8::from(letter == 'Z')]);
        f.put(3, &stat.nice.to_ne_bytes());
        f.u64(8, stat.flags);
        for (at, id) in [(28, stat.ppid), (32, stat.pgrp), (36, stat.sid)] {
            f.i32(at, id);
        }
    }
    let status = process.thread_status(pid);
    for (at, field) in [(16, "Uid"), (20, "Gid")] {
        let real = status.get(field).and_then(|v| v.split('\t').next());
        let id = real.and_then(|v| v.parse::<u32>().ok()).unwrap_or(0);
        f.put(at, &id.to_ne_bytes());
    }
    f.i32(24, pid);
    let name = process.comm(pid);
    f.put(40, &name[..name.len().min(15)]);
    let mut args = process.read("cmdline")?;
    args.truncate(79);
    for byte in &mut args {
        if *byte == 0 {
            *byte = b' ';
        }
    }
    f.put(56, &args);
    Ok(f.0)
}

fn files(mappings: &[Mapping]) -> Vec<u8> {
    let files: Vec<_> = mappings.iter().filter(|m| m.is_file()).collect();
    let mut out = Vec::new();
    let count = u64::try_from(files.len()).unwrap_or(0);
    let heads = files.iter().flat_map(|m| [m.start, m.end, m.offset / PAGE]);
    for word in [count, PAGE].into_iter().chain(heads) {
        out.extend(word.to_ne_bytes());
    }
    for mapping in files {
        out.extend(&mapping.path);
        out.push(0);
    }
    out
}
