//! The walk of one stack. See the module's theory in [`super`].

use super::expression::evaluate;
use super::fallback;
use super::row::{Cfa, Row, Rule};
use super::{End, RawFrame, Trust, Unwinder};
use crate::arch::UnwindMap;
use crate::insn;

/// DWARF number of the return address column on x86-64, read as the pc.
const RA: u16 = 16;

/// Registers of one frame, in DWARF order; some may be unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Registers {
    values: [u64; 16],
    known: u16,
    pub(crate) pc: u64,
    sp: u16,
}

impl Registers {
    /// Takes a thread's registers in note order.
    pub(crate) fn of_thread(
        note: &[u64],
        layout_pc: usize,
        map: &UnwindMap,
    ) -> Option<Self> {
        let mut values = [0; 16];
        for (value, i) in values.iter_mut().zip(map.dwarf_to_note) {
            *value = *note.get(i)?;
        }
        let pc = *note.get(layout_pc)?;
        Some(Self { values, known: u16::MAX, pc, sp: map.sp })
    }

    /// Returns a DWARF register, when it is known.
    pub(crate) fn dwarf(&self, register: u16) -> Option<u64> {
        let i = usize::from(register);
        // Rules may be based on the pc itself (the PLT's is).
        if register == RA {
            return Some(self.pc);
        }
        let value = *self.values.get(i)?;
        (self.known >> i & 1 == 1).then_some(value)
    }

    pub(super) fn set(&mut self, register: u16, value: Option<u64>) {
        let i = usize::from(register);
        if let Some(slot) = self.values.get_mut(i) {
            *slot = value.unwrap_or(0);
            let bit = 1 << i;
            self.known = if value.is_some() {
                self.known | bit
            } else {
                self.known & !bit
            };
        }
    }

    pub(super) fn sp(&self) -> Option<u64> {
        self.dwarf(self.sp)
    }

    /// The caller's registers as far as a call preserves them.
    fn after_call(&self, map: &UnwindMap) -> Self {
        let mut out = *self;
        out.known = 0;
        for r in map.callee_saved {
            out.set(*r, self.dwarf(*r));
        }
        out
    }

    pub(crate) fn to_insn(self, fs_base: Option<u64>) -> insn::Regs {
        let mut gpr = [None; 16];
        for (i, r) in gpr.iter_mut().enumerate() {
            *r = self.dwarf(i as u16);
        }
        insn::Regs { gpr, rip: self.pc, fs_base, gs_base: None }
    }

    pub(super) fn from_insn(regs: &insn::Regs, sp: u16) -> Self {
        let mut out = Self { values: [0; 16], known: 0, pc: regs.rip, sp };
        for (i, r) in regs.gpr.iter().enumerate() {
            out.set(i as u16, *r);
        }
        out
    }

    pub(super) fn only_sp(pc: u64, sp_value: u64, sp: u16) -> Self {
        let mut out = Self { values: [0; 16], known: 0, pc, sp };
        out.set(sp, Some(sp_value));
        out
    }
}

/// Where a walk stands.
pub(super) struct Position {
    pub(super) registers: Registers,
    /// The pc is a return address: look up one before it.
    pub(super) returned: bool,
    /// Frames guessed by a scan so far.
    pub(super) scanned: usize,
}

impl Position {
    /// The address to look up tables and names by.
    pub(super) fn lookup(&self) -> u64 {
        self.registers.pc.wrapping_sub(u64::from(self.returned))
    }
}

/// One step: the caller's registers, or why there is none.
pub(super) enum Step {
    To { registers: Registers, trust: Trust, signal: bool },
    End(End),
}

/// Signal frames on one stack.
const MAX_SIGNAL_FRAMES: usize = 64;

/// Walks one stack from the thread's registers.
pub(super) fn walk(
    unwinder: &mut Unwinder<'_>,
    start: Registers,
    limit: usize,
) -> (Vec<RawFrame>, End) {
    let mut at = Position { registers: start, returned: false, scanned: 0 };
    let mut frames = Vec::new();
    let mut trust = Trust::Context;
    let mut signals = 0;
    loop {
        let pc = at.registers.pc;
        frames.push(RawFrame {
            pc,
            sp: at.registers.sp(),
            trust,
            signal: false,
            returned: at.returned,
        });
        if frames.len() >= limit {
            return (frames, End::Limit(limit));
        }
        let first = frames.len() == 1;
        if is_start_routine(unwinder, &at) {
            // Named and looked up by the address itself.
            if let Some(last) = frames.last_mut() {
                last.returned = false;
            }
            return (frames, End::Complete);
        }
        let step = step(unwinder, &mut at, first || trust == Trust::Signal);
        let (registers, next_trust, signal) = match step {
            Step::To { registers, trust, signal } => (registers, trust, signal),
            Step::End(end) => return (frames, end),
        };
        if let Some(last) = frames.last_mut() {
            last.signal = signal;
            // The kernel put the trampoline's own start there: no call did.
            last.returned &= !signal;
        }
        signals += usize::from(signal);
        if let Some(end) = bad_progress(&at.registers, &registers, signal) {
            return (frames, end);
        }
        if signals > MAX_SIGNAL_FRAMES {
            return (frames, End::SignalLimit(MAX_SIGNAL_FRAMES));
        }
        // A signal may interrupt a jump to nowhere; a return may not go there.
        if !signal && !unwinder.is_code(registers.pc) {
            return (frames, bad_return(unwinder, &registers));
        }
        trust = next_trust;
        at.returned = !signal;
        at.registers = registers;
    }
}

/// A return address that is the first byte of a function was not pushed by a
/// call: `makecontext` and thread starters put their last routine there, and
/// its table says that it has no caller.
fn is_start_routine(unwinder: &mut Unwinder<'_>, at: &Position) -> bool {
    at.returned
        && unwinder.row(at.lookup()).is_none()
        && unwinder
            .row(at.registers.pc)
            .is_some_and(|(row, _)| matches!(row.ra, Some(Rule::Undefined)))
}

/// The stack pointer must go up, except where a signal switched stacks.
fn bad_progress(from: &Registers, to: &Registers, signal: bool) -> Option<End> {
    if signal {
        return None;
    }
    match (from.sp(), to.sp()) {
        (Some(a), Some(b)) if b > a => None,
        (a, Some(b)) => Some(End::Backwards { from: a.unwrap_or(0), to: b }),
        (_, None) => Some(End::NoStackPointer),
    }
}

fn bad_return(unwinder: &Unwinder<'_>, to: &Registers) -> End {
    let slot = to.sp().map(|sp| sp.wrapping_sub(8));
    if to.pc == 0 {
        // Threads of some libraries start with a null return address and a
        // null frame pointer (System V psABI, 3.4.1): an end, not a loss.
        if to.dwarf(unwinder.map.fp) == Some(0) {
            return End::Complete;
        }
        return End::NullReturn { slot };
    }
    End::BadReturn { value: to.pc, slot }
}

fn step(
    unwinder: &mut Unwinder<'_>,
    at: &mut Position,
    interrupted: bool,
) -> Step {
    if !unwinder.is_code(at.registers.pc) {
        return if interrupted {
            after_wild_jump(unwinder, &at.registers)
        } else {
            Step::End(bad_return(unwinder, &at.registers))
        };
    }
    match unwinder.row(at.lookup()) {
        Some((row, bias)) => match apply(unwinder, &row, bias, at) {
            // Registers lost on the way (after a scan) hide the frame: look on.
            Step::End(End::UnknownRegister(_)) if at.scanned > 0 => {
                fallback::scan(unwinder, at)
            }
            step => step,
        },
        None => fallback::step(unwinder, at, interrupted),
    }
}

/// A call through a bad pointer pushed its return address: take it.
fn after_wild_jump(unwinder: &Unwinder<'_>, from: &Registers) -> Step {
    let Some(sp) = from.sp() else {
        return Step::End(End::NoStackPointer);
    };
    match unwinder.memory.read_u64(sp) {
        Ok(pc) if unwinder.is_code(pc) => {
            let mut registers = *from;
            registers.pc = pc;
            registers.set(unwinder.map.sp, Some(sp.wrapping_add(8)));
            Step::To { registers, trust: Trust::Jump, signal: false }
        }
        Ok(_) => Step::End(End::WildJump { pc: from.pc }),
        Err(_) => Step::End(End::StackAbsent { at: sp }),
    }
}

/// Computes the caller's registers by a row.
fn apply(unwinder: &Unwinder<'_>, row: &Row, bias: u64, at: &Position) -> Step {
    let from = &at.registers;
    let (memory, map) = (unwinder.memory, unwinder.map);
    if matches!(row.ra, Some(Rule::Undefined)) {
        return Step::End(End::Complete);
    }
    let cfa = match &row.cfa {
        Cfa::Register(r, n) => match from.dwarf(*r) {
            Some(v) => v.wrapping_add_signed(*n),
            None => return Step::End(unwinder.unknown(*r)),
        },
        Cfa::Expression(e) => match evaluate(e, None, from, memory, bias) {
            Some(v) => v,
            None => return Step::End(End::BadRule { pc: from.pc }),
        },
    };
    let value = |rule: &Rule, own: Option<u64>| match rule {
        Rule::Undefined => Ok(None),
        Rule::Same => Ok(own),
        Rule::Offset(n) => {
            let slot = cfa.wrapping_add_signed(*n);
            memory.read_u64(slot).map(Some).map_err(|_| slot)
        }
        Rule::ValOffset(n) => Ok(Some(cfa.wrapping_add_signed(*n))),
        Rule::Register(r) => Ok(from.dwarf(*r)),
        Rule::Expression(e) => {
            match evaluate(e, Some(cfa), from, memory, bias) {
                Some(slot) => memory.read_u64(slot).map(Some).map_err(|_| slot),
                None => Ok(None),
            }
        }
        Rule::ValExpression(e) => {
            Ok(evaluate(e, Some(cfa), from, memory, bias))
        }
        Rule::Constant(n) => Ok(Some(*n)),
    };
    let mut to = if row.signal { *from } else { from.after_call(map) };
    to.set(map.sp, Some(cfa));
    for (register, rule) in &row.rules {
        // A register that cannot be read is lost; the frame is not.
        to.set(*register, value(rule, from.dwarf(*register)).unwrap_or(None));
    }
    let default = Rule::Offset(-8);
    match value(row.ra.as_ref().unwrap_or(&default), None) {
        Ok(Some(pc)) => {
            to.pc = pc;
            let trust = if row.signal { Trust::Signal } else { Trust::Cfi };
            Step::To { registers: to, trust, signal: row.signal }
        }
        Ok(None) => Step::End(End::BadRule { pc: from.pc }),
        Err(at) => Step::End(End::StackAbsent { at }),
    }
}
