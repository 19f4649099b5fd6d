//! How well a return address fits the function that is being left.
//!
//! The word found must point behind a call. When that call names its target,
//! the target must be the function we are in; when the function's start is not
//! known, the target *gives* it, and a walk from there must reach the program
//! counter with the very same frame address. Stale stack words pass the first
//! test often enough, the second practically never.

use super::calls::{CallKind, Verdict, follow_stubs, verdict};
use super::code::{ByAddress, Code, Returns, read_u64};
use super::paths::{Bounds, Effort, reach};
use super::rule::{Applied, Rule};
use super::sigreturn::is_restorer;
use super::step::Place;
use super::{Mem, RSP, Regs, is_canonical};

/// A walk from a call's target is not tried over longer distances.
const MAX_FUNCTION: u64 = 1 << 18;
/// No code lies below this.
const LOWEST: u64 = 0x1000;
/// Stack words looked at for the call that entered the function.
const SCAN_WORDS: u64 = 2_048;
/// Walks from guessed starts for one place in the code.
const MAX_WALKS: usize = 48;

/// How a candidate return address fits, the best last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// The bytes before it are no call, or it cannot be an address of code, or
    /// the called function shows another frame.
    No,
    /// The code before it cannot be read.
    Unreadable,
    /// Behind a call to some other function: a tail call, or a stale word.
    Foreign,
    /// Behind an indirect call, or one through a stub that leads nowhere.
    Call,
    /// Behind a call to this function, or a signal return trampoline.
    Exact,
}

/// A candidate's judgement.
pub(super) struct Judged {
    pub(super) fit: Fit,
    /// The call before the return address.
    pub(super) call: Option<CallKind>,
    /// When that call gave the function's start: the frame as read from there.
    pub(super) prologue: Option<Applied>,
}

/// Rules at one place for the function starts that calls suggested.
#[derive(Clone, Debug, Default)]
pub(super) struct Guesses {
    rules: ByAddress<Option<Rule>>,
}

/// Judges candidates for one thread at one place.
pub(super) struct Judge<'a> {
    pub(super) place: Place,
    pub(super) regs: &'a Regs,
    pub(super) mem: &'a dyn Mem,
    pub(super) guesses: &'a mut Guesses,
    pub(super) returns: &'a mut Returns,
}

impl Judge<'_> {
    /// Judges one candidate.
    pub(super) fn fit(&mut self, applied: &Applied) -> Judged {
        let (fit, call) = self.fit_and_call(applied);
        let mut prologue = None;
        if fit == Fit::Exact && self.place.start.is_none() {
            let target = call.and_then(|call| self.target(call));
            prologue = target.and_then(|to| self.proof(applied.cfa, to));
        }
        Judged { fit, call, prologue }
    }

    /// What the prologue of the called function says about the registers.
    fn proof(&mut self, cfa: u64, target: u64) -> Option<Applied> {
        let landing = follow_stubs(target, self.mem).at;
        [landing, target].into_iter().find_map(|start| {
            self.rule_from(start)
                .and_then(|rule| rule.apply(self.regs, self.mem))
                .filter(|found| found.cfa == cfa)
        })
    }

    fn fit_and_call(&mut self, applied: &Applied) -> (Fit, Option<CallKind>) {
        let to = applied.regs.rip;
        match verdict(to, self.mem) {
            _ if is_restorer(to, self.mem) => (Fit::Exact, None),
            Verdict::Unreadable if is_canonical(to) && to >= LOWEST => {
                (Fit::Unreadable, None)
            }
            Verdict::Unreadable | Verdict::NotCall => (Fit::No, None),
            Verdict::Call(kind) => {
                let fit = self.target(kind).map_or(Fit::Call, |target| {
                    self.fit_target(applied.cfa, target)
                });
                (fit, Some(kind))
            }
        }
    }

    /// Where a call went, as far as memory shows it.
    fn target(&self, kind: CallKind) -> Option<u64> {
        match kind {
            CallKind::Direct { target, .. } => Some(target),
            // The pointer may be unreadable, or not what it was.
            CallKind::Indirect { slot, .. } => slot
                .and_then(|slot| read_u64(self.mem, slot))
                .filter(|&target| self.mem.read(target, &mut [0])),
        }
    }

    fn fit_target(&mut self, cfa: u64, target: u64) -> Fit {
        let landing = follow_stubs(target, self.mem);
        if let Some(start) = self.place.start {
            return match landing {
                _ if target == start || landing.at == start => Fit::Exact,
                landing if !landing.resolved => Fit::Call,
                _ => Fit::Foreign,
            };
        }
        if !landing.resolved {
            return Fit::Call;
        }
        let there = self.entered_at(cfa, landing.at);
        if target == landing.at {
            return there;
        }
        there.max(self.entered_at(cfa, target))
    }

    /// Walks from a called function to the pc and compares frame addresses.
    fn entered_at(&mut self, cfa: u64, start: u64) -> Fit {
        let rule = self.rule_from(start);
        match rule.and_then(|rule| rule.apply(self.regs, self.mem)) {
            Some(found) if found.cfa == cfa => Fit::Exact,
            Some(_) => Fit::No,
            None => Fit::Foreign,
        }
    }

    /// The rule at the pc if the function starts at `start`.
    fn rule_from(&mut self, start: u64) -> Option<Rule> {
        let place = self.place;
        if place.pc.checked_sub(start).is_none_or(|d| d > MAX_FUNCTION) {
            return None;
        }
        if let Some(known) = self.guesses.rules.get(&start) {
            return known.clone();
        }
        if self.guesses.rules.len() >= MAX_WALKS {
            return None;
        }
        let bounds = Bounds { start: Some(start), end: place.end };
        let mut code = Code::new(self.mem, self.returns);
        let (pc, innermost) = (place.pc, place.innermost);
        let rule = reach(&mut code, bounds, pc, innermost, Effort::Quick)
            .and_then(|found| found.rule());
        self.guesses.rules.insert(start, rule.clone());
        rule
    }

    /// Looks for the function's start on the stack: some word there is the
    /// return address of the call that entered it, and only the right one
    /// leads to the pc with its own place as the frame address.
    pub(super) fn scan(&mut self) -> Option<(Applied, CallKind)> {
        let sp = self.regs.gpr[RSP]?;
        for n in 0..SCAN_WORDS {
            let word = read_u64(self.mem, sp.checked_add(8 * n)?)?;
            let Verdict::Call(kind) = verdict(word, self.mem) else {
                continue;
            };
            let Some(target) = self.target(kind) else { continue };
            let start = follow_stubs(target, self.mem).at;
            let cfa = sp.checked_add(8 * n + 8)?;
            let Some(rule) = self.rule_from(start) else { continue };
            match rule.apply(self.regs, self.mem) {
                Some(applied) if applied.cfa == cfa => {
                    return Some((applied, kind));
                }
                _ => {}
            }
        }
        None
    }
}
