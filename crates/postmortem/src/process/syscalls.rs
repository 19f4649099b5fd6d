//! The system call a thread was in.
//!
//! The kernel keeps the number in `orig_rax` while a call is in progress and
//! puts -1 there for faults and interrupts (arch/x86/entry). A result of -512
//! to -516 is a restart code: the call was interrupted and would have gone on.

use crate::Addr;
use crate::arch::{Arch, NoteLayout};
use serde::Serialize;

/// A system call in progress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Syscall {
    /// Number on the architecture.
    pub number: u64,
    /// Name; `None` when the number is not known.
    pub name: Option<&'static str>,
    /// Argument registers.
    pub arguments: [Addr; 6],
    /// Whether it was interrupted by the signal and would have been restarted.
    pub interrupted: bool,
}

/// Numbers past this are damage, not calls.
const MAX_NUMBER: u64 = 4096;

impl Syscall {
    /// Returns the call that the registers show.
    pub(crate) fn of(
        arch: Arch,
        layout: &NoteLayout,
        registers: &[u64],
    ) -> Option<Self> {
        let at = |i: usize| registers.get(i).copied();
        let number = at(layout.syscall?)?;
        if number >= MAX_NUMBER {
            return None;
        }
        let mut arguments = [Addr(0); 6];
        for (a, i) in arguments.iter_mut().zip(layout.arguments) {
            *a = Addr(at(i)?);
        }
        let result = at(layout.result)? as i64;
        let interrupted = (-516..=-512).contains(&result);
        Some(Self { number, name: name(arch, number), arguments, interrupted })
    }
}

fn name(arch: Arch, number: u64) -> Option<&'static str> {
    let number = usize::try_from(number).ok()?;
    match arch {
        Arch::X86_64 => syscalls::x86_64::Sysno::new(number).map(|s| s.name()),
        Arch::I386 => syscalls::x86::Sysno::new(number).map(|s| s.name()),
        _ => None,
    }
}
