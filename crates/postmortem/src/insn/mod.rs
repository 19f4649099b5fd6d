//! What x86-64 machine code says about a stopped thread.
//!
//! Unwind tables, symbols and debug information are what a compiler wrote
//! *about* code. When they are missing, stripped or wrong, the code itself is
//! still there, and an engineer reads it: "this `mov` went through a null
//! `rax`", "here is the `pop rbx; ret` at the end, so the return address is
//! 24 bytes up". This module does that reading by machine.
//!
//! You give: registers ([`Regs`]) and memory ([`Mem`]; code bytes come through
//! it as well). You get:
//!
//! - [`fault::explain`]: why the instruction at the program counter faulted;
//! - [`step::step`]: the caller's registers of a function that has no unwind
//!   data, with how it was found and how far it was checked;
//! - [`calls::is_return_address`]: whether a word can be a return address;
//! - [`sigreturn`]: signal return trampolines, and the registers they will
//!   restore.
//!
//! The module is pure: no files, no symbols, no state between calls. Bytes may
//! be hostile: every loop has a stated limit, every address computation wraps,
//! and nothing panics.
//!
//! Only x86-64 in 64-bit mode is read. Another architecture needs a decoder of
//! its own and a sibling of this module.

pub mod calls;
mod code;
pub mod fault;
mod flow;
mod paths;
mod plt;
mod rule;
pub mod sigreturn;
pub mod step;
mod validate;

#[cfg(test)]
pub(crate) mod tests;

pub use code::Mem;

use iced_x86::Register;

/// Index of `rbx` in DWARF order.
pub const RBX: usize = 3;
/// Index of `rbp` in DWARF order.
pub const RBP: usize = 6;
/// Index of `rsp` in DWARF order.
pub const RSP: usize = 7;

/// Names of the general registers in DWARF order.
pub const NAMES: [&str; 16] = [
    "rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10",
    "r11", "r12", "r13", "r14", "r15",
];

/// The registers a function must hand back unchanged (System V ABI), without
/// `rsp`: rbx, rbp, r12..r15.
pub const CALLEE_SAVED: [usize; 6] = [RBX, RBP, 12, 13, 14, 15];

/// Sixteen general registers in DWARF order (rax rdx rcx rbx rsi rdi rbp rsp
/// r8..r15), then the program counter and the two segment bases.
///
/// `None` is *unknown*, never zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Regs {
    /// General registers in DWARF order.
    pub gpr: [Option<u64>; 16],
    /// Program counter.
    pub rip: u64,
    /// Base of the `fs` segment: the thread pointer.
    pub fs_base: Option<u64>,
    /// Base of the `gs` segment.
    pub gs_base: Option<u64>,
}

/// Tells whether an address is one the processor accepts at all: bits 63..47
/// all equal (48-bit addresses).
///
/// On a machine that runs with 57-bit addresses a user address above 2^47 is
/// canonical too, but programs only get those by asking `mmap` for them.
#[must_use]
pub fn is_canonical(addr: u64) -> bool {
    let top = addr >> 47;
    top == 0 || top == 0x1_ffff
}

/// Gives the DWARF index of the 64-bit register that holds `reg`.
fn dwarf_index(reg: Register) -> Option<usize> {
    Some(match reg.full_register() {
        Register::RAX => 0,
        Register::RDX => 1,
        Register::RCX => 2,
        Register::RBX => RBX,
        Register::RSI => 4,
        Register::RDI => 5,
        Register::RBP => RBP,
        Register::RSP => RSP,
        Register::R8 => 8,
        Register::R9 => 9,
        Register::R10 => 10,
        Register::R11 => 11,
        Register::R12 => 12,
        Register::R13 => 13,
        Register::R14 => 14,
        Register::R15 => 15,
        _ => return None,
    })
}
