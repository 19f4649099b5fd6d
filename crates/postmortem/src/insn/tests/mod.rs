//! Tests of the module; `truth` measures against compilers' unwind tables.

mod calls;
mod compiled;
mod fault;
pub(crate) mod image;
mod random;
pub(crate) mod rows;
mod step;
pub(crate) mod truth;

use super::{RSP, Regs};

/// Registers with only the stack pointer and program counter known.
fn stopped(rip: u64, rsp: u64) -> Regs {
    let mut regs = Regs { rip, ..Regs::default() };
    regs.gpr[RSP] = Some(rsp);
    regs
}
