//! Where a frame ends and where the caller's registers are, as data.
//!
//! A [`Rule`] is what an unwind table's row is: the canonical frame address
//! (CFA: the caller's stack pointer, just above the return address) from a
//! register, and a place for each register. It holds for one program counter
//! and every thread stopped there, so it can be kept.

use super::code::read_u64;
use super::flow::{START_SP, State, Sym, Val};
use super::{CALLEE_SAVED, Mem, RSP, Regs};

/// Frames larger than this are not believed.
const MAX_FRAME: u64 = 1 << 30;

/// How to compute the canonical frame address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cfa {
    /// `reg + off`
    Reg { reg: u8, off: i64 },
    /// `*(reg + off) + add`
    Deref { reg: u8, off: i64, add: i64 },
}

/// Where a caller's register is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Saved {
    /// Not recoverable.
    Lost,
    /// In this register, now.
    InReg(u8),
    /// In memory at CFA + offset.
    AtCfa(i64),
    /// In memory at `reg + off`.
    At { reg: u8, off: i64 },
}

/// How to get from a frame to its caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) cfa: Cfa,
    pub(super) saved: [Saved; 16],
}

/// A rule applied to a thread.
#[derive(Clone, Debug)]
pub(super) struct Applied {
    pub(super) cfa: u64,
    /// Caller's registers; `rip` is the return address.
    pub(super) regs: Regs,
}

impl Rule {
    /// From the state at the stopped pc of a walk that began at the entry.
    pub(super) fn from_entry(state: &State) -> Option<Rule> {
        let cfa = entry_cfa(state)?;
        let mut saved = [Saved::Lost; 16];
        for (index, place) in saved.iter_mut().enumerate() {
            *place = entry_saved(state, index);
        }
        saved[RSP] = Saved::Lost;
        Some(Rule { cfa, saved })
    }

    /// Forgets registers that are said to be where they were: for a state
    /// that was guessed, only what was stored is sure.
    pub(super) fn without_registers(mut self) -> Rule {
        for place in &mut self.saved {
            if matches!(place, Saved::InReg(_)) {
                *place = Saved::Lost;
            }
        }
        self
    }

    /// From the state just before a `ret` of a walk that began at the pc.
    ///
    /// `None` when the state is none a function may return with: then the
    /// walk has left the function.
    pub(super) fn from_exit(state: &State) -> Option<Rule> {
        let cfa = match state.regs[RSP] {
            // The return address cannot lie below the stack pointer.
            Val::Base(START_SP, off) if off < 0 => return None,
            Val::Base(Sym::Init(reg), off) => {
                Cfa::Reg { reg, off: off.checked_add(8)? }
            }
            Val::Loaded { reg, off, add } => {
                Cfa::Deref { reg, off, add: add.checked_add(8)? }
            }
            _ => return None,
        };
        let mut saved = [Saved::Lost; 16];
        for index in CALLEE_SAVED {
            saved[index] = exit_saved(state.regs[index], cfa)?;
        }
        let restored = CALLEE_SAVED.map(|index| saved[index]);
        for (n, place) in restored.iter().enumerate() {
            if *place != Saved::Lost && restored[..n].contains(place) {
                return None;
            }
        }
        Some(Rule { cfa, saved })
    }

    fn cfa(&self, regs: &Regs, mem: &dyn Mem) -> Option<u64> {
        let cfa = match self.cfa {
            Cfa::Reg { reg, off } => {
                regs.gpr[usize::from(reg)]?.checked_add_signed(off)?
            }
            Cfa::Deref { reg, off, add } => {
                let at = regs.gpr[usize::from(reg)]?.checked_add_signed(off)?;
                read_u64(mem, at)?.checked_add_signed(add)?
            }
        };
        let above = match regs.gpr[RSP] {
            Some(sp) => cfa.checked_sub(sp)?,
            None => 8,
        };
        (cfa % 8 == 0 && (8..=MAX_FRAME).contains(&above)).then_some(cfa)
    }

    /// Computes the caller's registers; `None` when the frame address or the
    /// return address cannot be had.
    pub(super) fn apply(&self, regs: &Regs, mem: &dyn Mem) -> Option<Applied> {
        let cfa = self.cfa(regs, mem)?;
        let mut out = Regs {
            rip: read_u64(mem, cfa.checked_sub(8)?)?,
            fs_base: regs.fs_base,
            gs_base: regs.gs_base,
            ..Regs::default()
        };
        for (index, place) in self.saved.iter().enumerate() {
            out.gpr[index] = match *place {
                Saved::Lost => None,
                Saved::InReg(reg) => regs.gpr[usize::from(reg)],
                Saved::AtCfa(off) => {
                    cfa.checked_add_signed(off).and_then(|a| read_u64(mem, a))
                }
                Saved::At { reg, off } => regs.gpr[usize::from(reg)]
                    .and_then(|base| base.checked_add_signed(off))
                    .and_then(|at| saved_word(index, reg, at, regs, mem)),
            };
        }
        out.gpr[RSP] = Some(cfa);
        Some(Applied { cfa, regs: out })
    }
}

/// Value of a register saved at an address counted from `reg`.
///
/// Below the stack pointer nothing is saved yet: the walk saw the load of the
/// epilogue through the frame pointer, and the push is still to come. Counted
/// from the stack pointer itself it is what was stored there on purpose.
fn saved_word(
    index: usize,
    reg: u8,
    at: u64,
    regs: &Regs,
    mem: &dyn Mem,
) -> Option<u64> {
    let to_come =
        usize::from(reg) != RSP && regs.gpr[RSP].is_some_and(|sp| at < sp);
    if to_come { regs.gpr[index] } else { read_u64(mem, at) }
}

/// Finds a register, or a stack word a register leads to, that is a fixed
/// distance from the entry's stack pointer.
fn entry_cfa(state: &State) -> Option<Cfa> {
    let order = [RSP, super::RBP].into_iter().chain(0..16);
    for index in order {
        if let Val::Base(START_SP, off) = state.regs[index] {
            let off = 8_i64.checked_sub(off)?;
            return Some(Cfa::Reg { reg: index as u8, off });
        }
    }
    for &(sym, off, value) in state.slots() {
        let Val::Base(START_SP, k) = value else { continue };
        if let Some((reg, off)) = reach_slot(state, sym, off) {
            return Some(Cfa::Deref { reg, off, add: 8_i64.checked_sub(k)? });
        }
    }
    None
}

/// A register that leads to the slot, with the offset from it.
fn reach_slot(state: &State, sym: Sym, off: i64) -> Option<(u8, i64)> {
    (0u8..).zip(&state.regs).find_map(|(index, value)| match *value {
        Val::Base(s, k) if s == sym => Some((index, off.checked_sub(k)?)),
        _ => None,
    })
}

fn entry_saved(state: &State, index: usize) -> Saved {
    let wanted = Val::Base(Sym::Init(index as u8), 0);
    if state.regs[index] == wanted {
        return Saved::InReg(index as u8);
    }
    if !CALLEE_SAVED.contains(&index) {
        return Saved::Lost;
    }
    for &(sym, off, value) in state.slots() {
        if value != wanted {
            continue;
        }
        if sym == START_SP {
            return Saved::AtCfa(off.saturating_sub(8));
        }
        if let Some((reg, off)) = reach_slot(state, sym, off) {
            return Saved::At { reg, off };
        }
    }
    let held = state.regs.iter().position(|value| *value == wanted);
    held.map_or(Saved::Lost, |reg| Saved::InReg(reg as u8))
}

/// Where a callee-saved register's value at the return came from; `None` when
/// a function cannot return with it.
fn exit_saved(value: Val, cfa: Cfa) -> Option<Saved> {
    match value {
        Val::Base(Sym::Init(reg), 0) if usize::from(reg) != RSP => {
            Some(Saved::InReg(reg))
        }
        Val::Loaded { reg, off, add: 0 } => {
            let above_return = matches!(cfa, Cfa::Reg { reg: r, off: end }
                if r == reg && off > end.saturating_sub(16));
            (!above_return).then_some(Saved::At { reg, off })
        }
        Val::Unknown => Some(Saved::Lost),
        Val::Const(_) | Val::Base(..) | Val::Loaded { .. } => None,
    }
}
