//! Processes that ended themselves, and what they said.
//!
//! | message | kept where |
//! | --- | --- |
//! | failed assertion, malloc's and the canary's complaints | glibc's `__abort_msg`: pointer to {size u32, text} (assert/assert.c, sysdeps/posix/libc_fatal.c) |
//! | uncaught C++ exception | the exception object; its header is found from a word of the throwing frames by its class "GNUCC++\0" |
//! | pure virtual call | the name of the frame |
//!
//! `__cxa_exception` (libsupc++ unwind-cxx.h, 64 bits), from its start: type
//! @0, ..., adjustedPtr @72, unwind header @80 whose first word is the class;
//! the thrown object lies behind it, at 112. `std::runtime_error` and
//! `std::logic_error` keep a pointer to their text @8.

use super::{Verdict, frame_named};
use crate::addr::text;
use crate::process::{Process, SignalFact};
use crate::stack::ThreadStack;
use crate::symbols::demangle;

const SIGABRT: i32 = 6;
/// A message longer than this is cut (bytes).
const MAX_MESSAGE: usize = 4096;
/// "GNUCC++\0", as `_Unwind_Exception.exception_class` has it.
const GNU_CXX: u64 = 0x474e_5543_432b_2b00;
/// Bytes of stack searched for the exception.
const MAX_SEARCH: u64 = 64 << 10;

pub(super) fn find(
    process: &Process,
    signal: &SignalFact,
    crashed: &ThreadStack,
) -> Option<Verdict> {
    if signal.number != SIGABRT {
        return None;
    }
    let calls = ["abort", "raise", "__assert_fail", "pthread_kill"];
    let by = frame_named(crashed, 16, &calls);
    // Sent from outside: not an abort of its own.
    let own = signal
        .sender
        .as_ref()
        .is_none_or(|s| Some(s.pid) == process.facts().pid);
    if by.is_none() && !(own && signal.code == Some(-6)) {
        return None;
    }
    let mut evidence = Vec::new();
    let message = libc_message(process, &mut evidence)
        .or_else(|| exception(process, crashed, &mut evidence))
        .or_else(|| pure_virtual(crashed));
    let caller = caller(crashed);
    let text = match (&message, caller) {
        (Some(m), _) => format!("the process aborted itself: {m}"),
        (None, Some(f)) => format!("the process aborted itself, in {f}"),
        (None, None) => "the process aborted itself".to_owned(),
    };
    let threads = vec![crashed.tid];
    Some(Verdict { kind: "abort", text, threads, evidence })
}

/// The first frame that is not the C library's way out.
fn caller(crashed: &ThreadStack) -> Option<&str> {
    let first = crashed.frames.first()?.module.clone();
    crashed
        .frames
        .iter()
        .filter(|f| f.module != first)
        .find_map(|f| f.function.as_deref())
}

fn libc_message(
    process: &Process,
    evidence: &mut Vec<String>,
) -> Option<String> {
    let (slot, _) = ["libc.so", "libc-", ""]
        .iter()
        .find_map(|m| process.find_symbol(m, "__abort_msg"))?;
    let at = process.memory.read_u64(slot).ok().filter(|p| *p != 0)?;
    let raw =
        process.memory.read_string(at.checked_add(4)?, MAX_MESSAGE).ok()?;
    let message = text(&raw).trim().to_owned();
    evidence.push(format!("__abort_msg at {slot:#x} points to {at:#x}"));
    (!message.is_empty()).then_some(message)
}

fn pure_virtual(crashed: &ThreadStack) -> Option<String> {
    frame_named(crashed, 16, &["__cxa_pure_virtual"])?;
    Some("pure virtual method called".to_owned())
}

/// Finds the exception being thrown near the frames of `__cxa_throw`.
fn exception(
    process: &Process,
    crashed: &ThreadStack,
    evidence: &mut Vec<String>,
) -> Option<String> {
    let throws = ["__cxa_throw", "__cxa_rethrow", "std::terminate()"];
    frame_named(crashed, 24, &throws)?;
    let low = crashed.frames.first()?.sp?.0 & !7;
    let memory = &process.memory;
    let object = (0..MAX_SEARCH / 8).find_map(|i| {
        let word = memory.read_u64(low.checked_add(i * 8)?).ok()?;
        let is_header = |at: u64| memory.read_u64(at) == Ok(GNU_CXX);
        // Either the unwind header or the object behind it.
        if word % 8 != 0 || word < 4096 {
            None
        } else if is_header(word) {
            word.checked_add(32)
        } else if is_header(word.wrapping_sub(32)) {
            Some(word)
        } else {
            None
        }
    })?;
    let info = memory.read_u64(object.checked_sub(112)?).ok()?;
    let name = type_name(process, info)?;
    evidence.push(format!("exception object at {object:#x}"));
    let shown = demangle(&format!("_ZTS{name}"));
    let shown = shown.strip_prefix("typeinfo name for ").unwrap_or(&name);
    match what(process, info, object) {
        Some(w) => Some(format!("uncaught exception {shown}: {w}")),
        None => Some(format!("uncaught exception {shown}")),
    }
}

/// `std::type_info`: table @0, name @8; a single base @16.
fn type_name(process: &Process, info: u64) -> Option<String> {
    let at = process.memory.read_u64(info.checked_add(8)?).ok()?;
    let raw = process.memory.read_string(at, 1024).ok()?;
    let name = text(&raw);
    // A leading star marks names that are not compared by text.
    let name = name.trim_start_matches('*').to_owned();
    (!name.is_empty() && name.is_ascii()).then_some(name)
}

/// Text of an exception that derives from one of the standard ones.
fn what(process: &Process, info: u64, object: u64) -> Option<String> {
    let mut at = info;
    for _ in 0..16 {
        let name = type_name(process, at)?;
        if name == "St13runtime_error" || name == "St11logic_error" {
            let text_at = process.memory.read_u64(object + 8).ok()?;
            let raw = process.memory.read_string(text_at, MAX_MESSAGE).ok()?;
            return Some(text(&raw));
        }
        at = process.memory.read_u64(at.checked_add(16)?).ok()?;
    }
    None
}
