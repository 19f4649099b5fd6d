//! Signal return trampolines without unwind data.
//!
//! A signal handler returns to a few bytes of code (the *restorer*) that make
//! the `rt_sigreturn` system call; the stack above it holds the interrupted
//! registers. glibc describes its restorer with unwind data, musl and most
//! static runtimes do not, so the code bytes are recognised.

use super::code::read_u64;
use super::{Mem, RSP, Regs};

/// `mov $15, %rax; syscall`
const LONG_FORM: [u8; 9] = [0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05];
/// `mov $15, %eax; syscall`
const SHORT_FORM: [u8; 7] = [0xb8, 0x0f, 0, 0, 0, 0x0f, 0x05];

/// Offset of the saved registers from `rsp` at the restorer: `uc_flags`,
/// `uc_link` and `uc_stack` (40 bytes) precede them in `struct ucontext`.
const GREGS: u64 = 40;

/// DWARF indices of the saved registers, in the order of `uc_mcontext`; the
/// program counter follows.
const GREG_ORDER: [usize; 16] =
    [8, 9, 10, 11, 12, 13, 14, 15, 5, 4, 6, 3, 1, 0, 2, RSP];

/// Tells whether `pc` lies in a restorer: at its `mov` or at its `syscall`.
#[must_use]
pub fn is_restorer(pc: u64, mem: &dyn Mem) -> bool {
    fits(pc, 0, &LONG_FORM, mem)
        || fits(pc, 7, &LONG_FORM, mem)
        || fits(pc, 0, &SHORT_FORM, mem)
        || fits(pc, 5, &SHORT_FORM, mem)
}

fn fits(pc: u64, into: u64, form: &[u8], mem: &dyn Mem) -> bool {
    let mut bytes = [0; 9];
    let bytes = &mut bytes[..form.len()];
    pc.checked_sub(into).is_some_and(|start| mem.read(start, bytes))
        && bytes == form
}

/// Reads the interrupted registers that the restorer at `regs.rip` will load.
///
/// `None` when `rsp` is unknown or the signal frame is not in memory. The
/// segment bases are the thread's and are carried over.
#[must_use]
pub fn caller(regs: &Regs, mem: &dyn Mem) -> Option<Regs> {
    let gregs = regs.gpr[RSP]?.checked_add(GREGS)?;
    let mut out = Regs {
        fs_base: regs.fs_base,
        gs_base: regs.gs_base,
        ..Regs::default()
    };
    for (slot, &index) in (0u64..).zip(&GREG_ORDER) {
        out.gpr[index] = Some(read_u64(mem, gregs.checked_add(8 * slot)?)?);
    }
    out.rip = read_u64(mem, gregs.checked_add(8 * 16)?)?;
    Some(out)
}
