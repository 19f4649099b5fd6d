//! How well a return address fits the function that is being left.
//!
//! The word found must point behind a call. When that call names its target,
//! the target must be the function we are in; when the function's start is not
//! known, the target *gives* it, and a walk from there must reach the program
//! counter with the very same frame address. Stale stack words pass the first
//! test often enough, the second practically never.

use super::calls::{CallKind, Verdict, follow_stubs, verdict};
use super::code::{Code, read_u64};
use super::paths::{Bounds, reach};
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
/// Functions walked for that.
const SCAN_STARTS: usize = 32;

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
        _ if is_restorer(to, mem) => (Fit::Exact, None),
        Verdict::Unreadable if is_canonical(to) && to >= LOWEST => {
            (Fit::Unreadable, None)
        }
        Verdict::Unreadable => (Fit::No, None),
        Verdict::NotCall => (Fit::No, None),
        Verdict::Call(kind) => {
            let target = match kind {
                CallKind::Direct { target, .. } => Some(target),
                // The pointer may be unreadable, or not what it was.
                CallKind::Indirect { slot, .. } => slot
                    .and_then(|slot| read_u64(mem, slot))
                    .filter(|&target| mem.read(target, &mut [0])),
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
    match rule_from(place, start, mem).and_then(|rule| rule.apply(regs, mem)) {
        Some(found) if found.cfa == applied.cfa => Fit::Exact,
        Some(_) => Fit::No,
        None => Fit::Foreign,
    }
}

/// The rule at the pc if the function starts at `start`.
fn rule_from(place: &Place, start: u64, mem: &dyn Mem) -> Option<Rule> {
    if place.pc.checked_sub(start).is_none_or(|d| d > MAX_FUNCTION) {
        return None;
    }
    let bounds = Bounds { start: Some(start), end: place.end };
    let mut code = Code::new(mem);
    reach(&mut code, bounds, place.pc, place.innermost)
        .and_then(|state| Rule::from_entry(&state))
}

/// Looks for the function's start on the stack: some word there is the return
/// address of the call that entered it, and only the right one leads to the
/// pc with its own place as the frame address.
pub(super) fn scan(
    place: &Place,
    regs: &Regs,
    mem: &dyn Mem,
) -> Option<(Applied, CallKind)> {
    let sp = regs.gpr[RSP]?;
    let mut tried = Vec::new();
    for n in 0..SCAN_WORDS {
        let word = read_u64(mem, sp.checked_add(8 * n)?)?;
        let Verdict::Call(CallKind::Direct { target, .. }) = verdict(word, mem)
        else {
            continue;
        };
        let start = follow_stubs(target, mem).at;
        if tried.contains(&start) {
            continue;
        }
        tried.push(start);
        let Some(rule) = rule_from(place, start, mem) else { continue };
        let Some(applied) = rule.apply(regs, mem) else { continue };
        let place = Place { start: Some(start), ..*place };
        match fit(&place, regs, &applied, mem) {
            (Fit::Exact, Some(call)) => return Some((applied, call)),
            _ if tried.len() >= SCAN_STARTS => return None,
            _ => {}
        }
    }
    None
}
