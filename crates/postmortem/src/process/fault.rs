//! The instruction that faulted, explained from its operands.

use super::Process;
use crate::insn::fault::{Explanation, explain};
use crate::unwind::Registers;
use crate::{Addr, Offset};
use serde::Serialize;

/// Why the crashed thread stopped where it did.
#[derive(Debug, Clone, Serialize)]
pub struct Fault {
    /// Thread id.
    pub tid: i32,
    /// Program counter.
    pub pc: Addr,
    /// Module that the pc is in.
    pub module: Option<String>,
    /// Distance of the pc from the module's first address.
    pub module_offset: Option<Offset>,
    /// The mapping of the fault address, in words.
    pub address_lies: Option<String>,
    /// The instruction and its operands; `None` where nothing faulted (a signal
    /// that was sent) or the architecture has no decoder.
    pub instruction: Option<Explanation>,
}

impl Process {
    /// Explains the faulting instruction of the crashed thread.
    ///
    /// `None` for a core without a crash, or without threads.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        let signal = self.signal()?;
        let arch = self.arch();
        let layout = arch.layout()?;
        let thread = self.core.notes.threads.first()?;
        let pc = *thread.registers.get(layout.pc)?;
        let module = self.modules.find_by_addr(pc).map(|m| m.1);
        // A signal that was sent stopped the thread at no instruction's fault.
        let faulted = signal.code.is_none_or(|c| c > 0);
        let instruction =
            arch.unwind_map().filter(|_| faulted).and_then(|map| {
                let regs =
                    Registers::of_thread(&thread.registers, layout.pc, map)?;
                let tls = layout.tls.and_then(|i| thread.registers.get(i));
                let regs = regs.to_insn(tls.copied());
                explain(
                    &regs,
                    &self.memory,
                    signal.address.map(|a| a.0),
                    signal.number,
                    signal.code.unwrap_or(0),
                )
            });
        Some(Fault {
            tid: thread.tid,
            pc: Addr(pc),
            module: module.and_then(|m| m.path.clone()),
            module_offset: module.map(|m| Offset(pc - m.start.0)),
            address_lies: signal.address.map(|a| self.describe(a.0)),
            instruction,
        })
    }

    /// Says in words what an address belongs to.
    #[must_use]
    pub fn describe(&self, addr: u64) -> String {
        if addr < 4096 {
            return "the null page".to_owned();
        }
        if let Some((_, m)) = self.modules.find_by_addr(addr) {
            return format!("{} + {:#x}", m.name(), addr - m.start.0);
        }
        let list = self.memory.segments();
        if let Some(s) = self.memory.segment(addr) {
            let rights = crate::process::facts::rights(s.flags);
            return format!("an anonymous mapping ({rights})");
        }
        let i = list.partition_point(|s| s.end <= addr);
        let below = i.checked_sub(1).and_then(|i| list.get(i));
        match (below, list.get(i)) {
            (_, Some(next)) if next.start - addr <= 1 << 20 => format!(
                "not mapped, {:#x} bytes below the mapping at {:#x}",
                next.start - addr,
                next.start
            ),
            (Some(last), _) if addr - last.end < 1 << 20 => format!(
                "not mapped, {:#x} bytes past the mapping that ends at {:#x}",
                addr - last.end,
                last.end
            ),
            _ => "not mapped".to_owned(),
        }
    }
}
