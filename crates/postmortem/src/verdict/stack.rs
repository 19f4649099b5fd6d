//! Overflowed and smashed stacks, and jumps to nowhere.

use super::{Verdict, frame_named};
use crate::core::Segment;
use crate::process::{Process, SignalFact};
use crate::stack::ThreadStack;
use crate::unwind::End;

const SIGILL: i32 = 4;
const SIGTRAP: i32 = 5;
const SIGBUS: i32 = 7;
const SIGSEGV: i32 = 11;
/// The kernel keeps this gap below a growing stack (bytes; 256 pages).
const STACK_GAP: u64 = 1 << 20;

pub(super) fn find(
    process: &Process,
    signal: &SignalFact,
    crashed: &ThreadStack,
) -> Option<Verdict> {
    let faulted = [SIGSEGV, SIGBUS, SIGILL, SIGTRAP].contains(&signal.number)
        && signal.code.is_none_or(|c| c > 0);
    canary(crashed).or_else(|| {
        faulted
            .then(|| {
                overflow(process, signal, crashed)
                    .or_else(|| bad_return(process, crashed))
                    .or_else(|| bad_jump(process, signal, crashed))
            })
            .flatten()
    })
}

/// The compiler's own check found its guard word changed.
fn canary(crashed: &ThreadStack) -> Option<Verdict> {
    let checks = ["__stack_chk_fail", "__stack_chk_fail_local"];
    frame_named(crashed, 32, &checks)?;
    let at = crashed.frames.iter().position(|f| {
        f.function.as_deref().is_some_and(|n| checks.contains(&n))
    })?;
    let victim = crashed.frames.get(at + 1).and_then(|f| f.function.as_deref());
    let text = match victim {
        Some(f) => format!(
            "{f} wrote past a buffer on its stack: the guard word before its \
             return address was changed"
        ),
        None => "the guard word before a return address was changed".to_owned(),
    };
    Some(Verdict {
        kind: "smashed-stack",
        text,
        threads: vec![crashed.tid],
        evidence: vec!["__stack_chk_fail was called".to_owned()],
    })
}

fn overflow(
    process: &Process,
    signal: &SignalFact,
    crashed: &ThreadStack,
) -> Option<Verdict> {
    let fault = signal.address?.0;
    let sp = crashed.frames.first()?.sp?.0;
    let stack = stack_above(process.memory.segments(), fault, sp)?;
    let size = stack.end - stack.start;
    let (name, times) = most_repeated(crashed);
    let repeated = match name {
        Some(n) if times > 8 => format!("; {n} is on it {times} times"),
        _ => format!("; {} frames", crashed.frames.len()),
    };
    Some(Verdict {
        kind: "stack-overflow",
        text: format!(
            "thread {} used up its stack of {} KiB{repeated}",
            crashed.tid,
            size / 1024
        ),
        threads: vec![crashed.tid],
        evidence: vec![format!(
            "the fault address {fault:#x} is {} bytes below the stack \
             {:#x}-{:#x}; the stack pointer is {sp:#x}",
            stack.start - fault,
            stack.start,
            stack.end
        )],
    })
}

/// The stack whose guard the fault hit: the first writable mapping above the
/// fault, with nothing usable between, and the stack pointer near its start.
fn stack_above(list: &[Segment], fault: u64, sp: u64) -> Option<&Segment> {
    let mut i = list.partition_point(|s| s.end <= fault);
    // A thread's guard is a mapping without rights.
    let guard = list.get(i).filter(|s| s.start <= fault && s.flags & 6 == 0);
    i += usize::from(guard.is_some());
    let stack = list.get(i).filter(|s| s.writable() && fault < s.start)?;
    let adjacent = match guard {
        Some(g) => g.end == stack.start,
        None => stack.start - fault <= STACK_GAP,
    };
    let low = stack.start.saturating_sub(STACK_GAP);
    let near = low <= sp && sp < stack.end && sp - low <= 2 * STACK_GAP;
    // Small mappings with a hole below them are no stacks.
    (adjacent && near && stack.end - stack.start >= 8192).then_some(stack)
}

fn most_repeated(stack: &ThreadStack) -> (Option<&str>, usize) {
    let mut counts = std::collections::HashMap::new();
    for name in stack.frames.iter().filter_map(|f| f.function.as_deref()) {
        *counts.entry(name).or_insert(0usize) += 1;
    }
    let best = counts.into_iter().max_by_key(|(name, n)| (*n, *name));
    best.map_or((None, 0), |(name, n)| (Some(name), n))
}

/// The frame's return address was overwritten: the next step goes nowhere.
fn bad_return(process: &Process, crashed: &ThreadStack) -> Option<Verdict> {
    let first = crashed.frames.first()?;
    let sp = first.sp?.0;
    let popped = process.memory.read_u64(sp.wrapping_sub(8)).ok();
    let (value, slot, whose) = match &crashed.end {
        // Still at its `ret`, or anywhere before it.
        End::BadReturn { value, slot: Some(slot) }
            if crashed.frames.iter().filter(|f| !f.inline).count() == 1 =>
        {
            (*value, *slot, first.function.as_deref())
        }
        // It returned: the pc is the word just below the stack pointer.
        End::WildJump { pc } if popped == Some(*pc) => {
            (*pc, sp.wrapping_sub(8), None)
        }
        _ => return None,
    };
    let whose = whose.map_or("a function".to_owned(), |f| f.to_owned());
    let letters = as_text(value);
    let looks =
        letters.map_or(String::new(), |t| format!(", the text \"{t}\""));
    Some(Verdict {
        kind: "smashed-stack",
        text: format!(
            "the return address of {whose} was overwritten with \
             {value:#x}{looks}: a write past a buffer on its stack"
        ),
        threads: vec![crashed.tid],
        evidence: vec![format!(
            "the word at {slot:#x} is {value:#x}, which is not code"
        )],
    })
}

/// Eight printable bytes, as memory has them.
fn as_text(value: u64) -> Option<String> {
    let bytes = value.to_le_bytes();
    let len = bytes.iter().take_while(|b| **b != 0).count();
    let (head, rest) = bytes.split_at(len);
    let printable = head.iter().all(|b| (0x20..0x7f).contains(b));
    (len >= 4 && printable && rest.iter().all(|b| *b == 0))
        .then(|| String::from_utf8_lossy(head).into_owned())
}

/// The pc is no code: a call or jump through a bad pointer.
fn bad_jump(
    process: &Process,
    signal: &SignalFact,
    crashed: &ThreadStack,
) -> Option<Verdict> {
    let pc = crashed.frames.first()?.pc.0;
    // The fetch itself faulted, or a jump to a non-canonical address did.
    if signal.address.is_some_and(|a| a.0 != pc) {
        return None;
    }
    // Without any mapping in the core, "not mapped" would be made up.
    if process.memory.segments().is_empty() {
        return None;
    }
    let mapped = process.memory.segment(pc);
    if mapped.is_some_and(Segment::executable) {
        return None;
    }
    let caller = crashed.frames.get(1).and_then(|f| f.function.as_deref());
    let by = caller.map_or(String::new(), |f| format!(" by {f}"));
    let what = match (pc, mapped) {
        (0, _) => "a null function pointer was called".to_owned(),
        (1..4096, _) => format!(
            "a function pointer near null ({pc:#x}) was called, as a null \
             object's table gives it"
        ),
        (_, Some(_)) => format!(
            "data at {pc:#x} was called as code ({})",
            process.describe(pc)
        ),
        (_, None) => format!("{pc:#x}, which is not mapped, was called"),
    };
    Some(Verdict {
        kind: "jump",
        text: format!("{what}{by}"),
        threads: vec![crashed.tid],
        evidence: vec![format!("the program counter is {pc:#x}")],
    })
}
