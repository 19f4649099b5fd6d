//! How well a return address fits the function that is being left.
//!
//! The word found must point behind a call. When that call names its target,
//! the target must be the function we are in; when the function's start is not
//! known, the target *gives* it, and a walk from there must reach the program
//! counter with the very same frame address. Stale stack words pass the first
//! test often enough, the second practically never.

use super::Mem;
use super::Regs;
use super::calls::{CallKind, Verdict, follow_stubs, verdict};
use super::code::{Code, read_u64};
use super::paths::{Bounds, reach};
use super::rule::{Applied, Rule};
use super::sigreturn::is_restorer;
use super::step::Place;

/// A walk from a call's target is not tried over longer distances.
const MAX_FUNCTION: u64 = 1 << 20;

/// How a candidate return address fits, the best last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// The bytes before it are no call, or it cannot be read, or the called
    /// function shows another frame.
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

/// Judges one candidate.
pub(super) fn fit(
    place: &Place,
    regs: &Regs,
    applied: &Applied,
    mem: &dyn Mem,
) -> (Fit, Option<CallKind>) {
    let to = applied.regs.rip;
    match verdict(to, mem) {
        Verdict::Unreadable => (Fit::Unreadable, None),
        _ if is_restorer(to, mem) => (Fit::Exact, None),
        Verdict::NotCall => (Fit::No, None),
        Verdict::Call(kind) => {
            let target = match kind {
                CallKind::Direct { target, .. } => Some(target),
                CallKind::Indirect { slot, .. } => {
                    slot.and_then(|slot| read_u64(mem, slot))
                }
            };
            let fit = target.map_or(Fit::Call, |target| {
                fit_target(place, regs, applied, target, mem)
            });
            (fit, Some(kind))
        }
    }
}

fn fit_target(
    place: &Place,
    regs: &Regs,
    applied: &Applied,
    target: u64,
    mem: &dyn Mem,
) -> Fit {
    let landing = follow_stubs(target, mem);
    if let Some(start) = place.start {
        return match landing {
            _ if target == start || landing.at == start => Fit::Exact,
            landing if !landing.resolved => Fit::Call,
            _ => Fit::Foreign,
        };
    }
    if !landing.resolved {
        return Fit::Call;
    }
    let starts = [landing.at, target];
    let best =
        starts.iter().map(|&s| from_target(place, regs, applied, s, mem));
    best.max().unwrap_or(Fit::Foreign)
}

/// Walks from the called function to the pc and compares frame addresses.
fn from_target(
    place: &Place,
    regs: &Regs,
    applied: &Applied,
    start: u64,
    mem: &dyn Mem,
) -> Fit {
    if place.pc.checked_sub(start).is_none_or(|d| d > MAX_FUNCTION) {
        return Fit::Foreign;
    }
    let bounds = Bounds { start: Some(start), end: place.end };
    let mut code = Code::new(mem);
    let rule = reach(&mut code, bounds, place.pc, place.innermost)
        .and_then(|state| Rule::from_entry(&state));
    match rule.and_then(|rule| rule.apply(regs, mem)) {
        Some(found) if found.cfa == applied.cfa => Fit::Exact,
        Some(_) => Fit::No,
        None => Fit::Foreign,
    }
}
