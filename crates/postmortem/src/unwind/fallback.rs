//! Steps where no table covers the code: by its bytes, by the frame pointer,
//! and as last resort by a scan.

use super::walk::{Position, Registers, Step};
use super::{End, Trust, Unwinder};
use crate::insn::{self, Mem};
use crate::memory::Memory;

/// Words of stack looked at for one guessed frame.
const SCAN_WORDS: u64 = 1024;
/// Guessed frames on one stack: past these a guess is worth nothing.
const MAX_SCANNED: usize = 64;
/// The program's entry code is shorter than this (bytes).
const ENTRY_CODE: u64 = 64;

impl Mem for Memory {
    fn read(&self, addr: u64, buf: &mut [u8]) -> bool {
        Memory::read(self, addr, buf).is_ok()
    }
}

/// Steps out of code that no unwind table covers.
pub(super) fn step(
    unwinder: &Unwinder<'_>,
    at: &mut Position,
    interrupted: bool,
) -> Step {
    let map = unwinder.map;
    let memory = unwinder.memory;
    let pc = at.registers.pc;
    let regs = at.registers.to_insn(unwinder.fs_base);
    if insn::sigreturn::is_restorer(pc, memory)
        && let Some(to) = insn::sigreturn::caller(&regs, memory)
    {
        let registers = Registers::from_insn(&to, map.sp);
        return Step::To { registers, trust: Trust::Signal, signal: true };
    }
    if is_entry(unwinder, at) {
        return Step::End(End::Complete);
    }
    if at.returned && is_context_start(unwinder, pc) {
        return Step::End(End::Complete);
    }
    let start = unwinder.more.function_start(at.lookup());
    let stepped = insn::step::step(start, pc, interrupted, &regs, memory);
    if let Some(s) = stepped {
        let registers = Registers::from_insn(&s.regs, map.sp);
        if registers.pc == 0 || unwinder.is_code(registers.pc) {
            let trust = match s.method {
                insn::step::Method::FramePointer => Trust::FramePointer,
                _ => Trust::Prologue,
            };
            return Step::To { registers, trust, signal: false };
        }
    }
    if let Some(registers) = frame_pointer(unwinder, &at.registers) {
        let trust = Trust::FramePointer;
        return Step::To { registers, trust, signal: false };
    }
    scan(unwinder, at)
}

/// The program's first code has no caller (System V psABI, 3.4.1).
fn is_entry(unwinder: &Unwinder<'_>, at: &Position) -> bool {
    let Some(entry) = unwinder.entry else { return false };
    match unwinder.more.function_start(at.lookup()) {
        Some(start) => start == entry,
        None => at.lookup().wrapping_sub(entry) < ENTRY_CODE,
    }
}

/// glibc's `__start_context`, which `makecontext` puts below a new stack's first
/// function: `[endbr64] mov %rbx,%rsp; mov (%rsp),%rdi; test %rdi,%rdi`
/// (sysdeps/unix/sysv/linux/x86_64/__start_context.S). It has no caller, and in
/// some versions no unwind data.
fn is_context_start(unwinder: &Unwinder<'_>, pc: u64) -> bool {
    const ENDBR64: [u8; 4] = [0xf3, 0x0f, 0x1e, 0xfa];
    const START: [u8; 10] =
        [0x48, 0x89, 0xdc, 0x48, 0x8b, 0x3c, 0x24, 0x48, 0x85, 0xff];
    let mut code = [0; 14];
    let n = unwinder.memory.read_up_to(pc, &mut code);
    let code = &code[..n];
    code.strip_prefix(&ENDBR64).unwrap_or(code).starts_with(&START)
}

/// Follows the saved frame pointer: `[rbp]` is the caller's, `[rbp + 8]` the
/// return address.
fn frame_pointer(
    unwinder: &Unwinder<'_>,
    from: &Registers,
) -> Option<Registers> {
    let map = unwinder.map;
    let (fp, sp) = (from.dwarf(map.fp)?, from.sp()?);
    let same_stack = unwinder.memory.segment(fp)?.start
        == unwinder.memory.segment(sp)?.start;
    if fp < sp || fp % 8 != 0 || !same_stack {
        return None;
    }
    let saved = unwinder.memory.read_u64(fp).ok()?;
    let pc = unwinder.memory.read_u64(fp.checked_add(8)?).ok()?;
    // The outermost user of rbp saved what its caller kept there; then the
    // call before the return address must be there to see.
    let chain_goes_up = saved == 0 || saved > fp;
    let called = insn::calls::is_return_address(pc, unwinder.memory).is_some();
    if !(chain_goes_up || called) || !is_return(unwinder, pc) {
        return None;
    }
    let mut to = Registers::only_sp(pc, fp.checked_add(16)?, map.sp);
    to.set(map.fp, Some(saved));
    Some(to)
}

/// Whether a word is a return address: in code and, where the code can be
/// read, behind a call.
fn is_return(unwinder: &Unwinder<'_>, pc: u64) -> bool {
    if !unwinder.is_code(pc) {
        return false;
    }
    let mut byte = [0; 1];
    let readable = unwinder.memory.read(pc.wrapping_sub(1), &mut byte).is_ok();
    !readable || insn::calls::is_return_address(pc, unwinder.memory).is_some()
}

/// Looks up the stack for the next word that follows a call instruction.
pub(super) fn scan(unwinder: &Unwinder<'_>, at: &mut Position) -> Step {
    let pc = at.registers.pc;
    let ended =
        |why: &str| Step::End(End::NoUnwindData { pc, why: why.to_owned() });
    let Some(sp) = at.registers.sp() else {
        return Step::End(End::NoStackPointer);
    };
    if at.scanned >= MAX_SCANNED {
        return ended("too many frames guessed already");
    }
    let Some(slot) = sp.checked_next_multiple_of(8) else {
        return ended("the stack pointer is at the end of memory");
    };
    for i in 0..SCAN_WORDS {
        let slot = slot.wrapping_add(i * 8);
        let Ok(word) = unwinder.memory.read_u64(slot) else { break };
        // A guess must at least be code that can be read and follow a call.
        if unwinder.is_code(word)
            && insn::calls::is_return_address(word, unwinder.memory).is_some()
        {
            at.scanned += 1;
            let sp = slot.wrapping_add(8);
            let registers = Registers::only_sp(word, sp, unwinder.map.sp);
            let trust = Trust::Scan;
            return Step::To { registers, trust, signal: false };
        }
    }
    ended(
        "no unwind data, no frame pointer, and no return address found near \
         the stack pointer",
    )
}
