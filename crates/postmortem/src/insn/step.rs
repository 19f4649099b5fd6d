//! One step up the stack through a function that has no unwind data.
//!
//! By hand one reads the function: the prologue above the stopped instruction
//! says what was pushed, the epilogue below says what will be popped. Both
//! readings are done here by symbolic execution and checked against each other
//! and against the stack:
//!
//! 1. **prologue**: from the function's start (when known) over every path to
//!    the pc; gives the frame address and where each register was saved;
//! 2. **epilogue**: from the pc over every path to a `ret`; needs no start and
//!    no frame pointer, and is exact on the instructions where frame-pointer
//!    chains lose the caller (first instruction, behind `push rbp`, before
//!    `ret`, behind `leave`);
//! 3. **linkage stubs**: known byte patterns;
//! 4. **entering call**: without a start and without a `ret` (the function
//!    ends in a call that does not return) a stack word is looked for that is
//!    behind a call whose target leads to the pc with exactly that frame;
//! 5. **frame pointer**: `rbp` chain, only when nothing above speaks and the
//!    words look like a frame.
//!
//! A result must lead to a return address: a word behind a call instruction
//! (or a signal return trampoline). If the call names its target, that must be
//! the function we are in. Two readings that disagree are settled by this
//! test; if it does not settle them there is no answer. No answer is better
//! than a made-up frame.
//!
//! Measured against the unwind tables of the same code (`tests/truth.rs`), on
//! made-up stacks where one word in seven is a stale return address. Share of
//! places with the right caller, and wrong ones; the rest has no answer. Seven
//! C programs and libraries that the rules were not tuned on (bash, tmux, glib,
//! sqlite, X11, libxml2, perl; a sample of their functions):
//!
//! | known | at any instruction | at a return address |
//! |---|---|---|
//! | start and end | 99.94 %, 0 of 81,334 wrong | 99.94 %, 0 of 6,246 |
//! | nothing | 98.70 %, 1 of 81,334 wrong | 96.97 %, 0 of 6,246 |
//!
//! libc, with calls that never return, is worse at return addresses with
//! nothing known (90 %), and so is C++ (78-92 %; 89-97 % with start and end):
//! exception handlers are entered by no path, though code that has them has
//! tables as well. Wrong answers are rare but not only [`Confidence::Weak`]:
//! parts split off (`.cold`) that are given as functions, and calls that never
//! return without showing it, gave some that were [`Confidence::Likely`].
//!
//! What the measure cannot see: rows with expressions, and two things it takes
//! from the walk it tests: `rsp` where the table counts from `rbp`, and which
//! registers are still untouched.
//!
//! Not covered: hand-written code that keeps its return address elsewhere,
//! and `ret n`.

use std::collections::HashMap;

use serde::Serialize;

use super::calls::CallKind;
use super::code::{Code, Returns, read_u64};
use super::paths::{Bounds, Effort, Exit, exits, reach};
use super::plt::{Stub, stub_at};
use super::rule::{Applied, Cfa, Rule, Saved};
use super::validate::{Fit, Guesses, Judge, Judged};
use super::{CALLEE_SAVED, Mem, RBP, RSP, Regs};

/// Frame-pointer frames larger than this are not believed.
const MAX_FP_FRAME: u64 = 1 << 26;
/// Places a [`Stepper`] remembers.
const MAX_KNOWN: usize = 4_096;

/// Where a thread stands in the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The program counter; for a caller's frame, the return address.
    pub pc: u64,
    /// Start of the function. For a `.cold` part give the start of the
    /// function it belongs to, or nothing.
    pub start: Option<u64>,
    /// End of the function: a call at the very end does not return.
    pub end: Option<u64>,
    /// True for the innermost frame and for one interrupted by a signal; false
    /// where `pc` is a return address.
    pub innermost: bool,
}

/// How a caller was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// What the code before the pc did.
    Prologue,
    /// What the code behind the pc will do.
    Epilogue,
    /// Both, with the same answer.
    PrologueAndEpilogue,
    /// A linkage stub's byte pattern.
    Stub,
    /// The `rbp` chain.
    FramePointer,
}

/// How far an answer was checked, the best last.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// It fits, but so might a stale word.
    Weak,
    /// Two readings agree, or one is unopposed and the return address is
    /// behind a call that can have led here.
    Likely,
    /// The return address is behind a call of this very function.
    Proven,
}

/// The caller's frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stepped {
    /// The caller's registers; `rip` is the return address. Registers that
    /// cannot be shown to hold the caller's value are unknown.
    pub regs: Regs,
    /// Canonical frame address: the caller's `rsp`.
    pub cfa: u64,
    /// How it was found.
    pub method: Method,
    /// How far it was checked.
    pub confidence: Confidence,
    /// The call instruction before the return address.
    pub call: Option<CallKind>,
}

/// Steps from the function that starts at `func_start` to its caller.
///
/// Convenience for one step; a [`Stepper`] keeps the work for the next frame
/// at the same place.
#[must_use]
pub fn step(
    func_start: Option<u64>,
    pc: u64,
    is_innermost: bool,
    regs: &Regs,
    mem: &dyn Mem,
) -> Option<Stepped> {
    let place =
        Place { pc, start: func_start, end: None, innermost: is_innermost };
    Stepper::default().step(place, regs, mem)
}

/// Steps that remember the code they have read: a deep recursion reads each of
/// its functions once.
#[derive(Clone, Debug, Default)]
pub struct Stepper {
    known: HashMap<Place, Analysis>,
    returns: Returns,
}

impl Stepper {
    /// Steps from `place` to the caller.
    pub fn step(
        &mut self,
        place: Place,
        regs: &Regs,
        mem: &dyn Mem,
    ) -> Option<Stepped> {
        if self.known.len() >= MAX_KNOWN && !self.known.contains_key(&place) {
            self.known.clear();
        }
        let returns = &mut self.returns;
        let analysis = self
            .known
            .entry(place)
            .or_insert_with(|| Analysis::new(place, mem, returns));
        Thread { analysis, regs, mem, returns }.step()
    }
}

/// What the code around one program counter says, for any thread there.
#[derive(Clone, Debug)]
struct Analysis {
    place: Place,
    stub: Option<Stub>,
    /// With the doubt in it.
    entry: Option<(Rule, usize)>,
    exits: Vec<Exit>,
    guesses: Guesses,
}

impl Analysis {
    /// Reads the code around `place`.
    fn new(place: Place, mem: &dyn Mem, returns: &mut Returns) -> Analysis {
        let stub = place.innermost.then(|| stub_at(place.pc, mem)).flatten();
        let mut out = Analysis {
            place,
            stub,
            entry: None,
            exits: Vec::new(),
            guesses: Guesses::default(),
        };
        if stub.is_none() {
            let bounds = Bounds { start: place.start, end: place.end };
            let (pc, innermost) = (place.pc, place.innermost);
            let mut code = Code::new(mem, returns);
            out.entry = reach(&mut code, bounds, pc, innermost, Effort::Full)
                .and_then(|found| {
                    let doubt = usize::from(found.guessed);
                    Some((found.rule()?, doubt))
                });
            out.exits = exits(&mut code, bounds, pc, innermost);
        }
        out
    }

    /// Whether the code said without doubt where the frame is: if the stack
    /// does not agree, it is the stack that is broken.
    fn has_spoken(&self) -> bool {
        self.entry.as_ref().is_some_and(|(_, doubt)| *doubt == 0)
            || self.exits.iter().any(|e| e.doubt == 0)
    }
}

/// One reading, applied to a thread and judged.
#[derive(Debug)]
struct Candidate {
    applied: Applied,
    method: Method,
    doubt: usize,
    fit: Fit,
    call: Option<CallKind>,
}

/// A thread that stands at a place whose code has been read.
struct Thread<'a> {
    analysis: &'a mut Analysis,
    regs: &'a Regs,
    mem: &'a dyn Mem,
    returns: &'a mut Returns,
}

impl Thread<'_> {
    fn step(&mut self) -> Option<Stepped> {
        if let Some(stub) = self.analysis.stub {
            return self.leave_stub(stub);
        }
        let best = choose(&self.candidates());
        if best.as_ref().is_some_and(|b| b.confidence > Confidence::Weak) {
            return best;
        }
        self.entered().or(best).or_else(|| self.frame_pointer())
    }

    fn judge(&mut self) -> Judge<'_> {
        Judge {
            place: self.analysis.place,
            regs: self.regs,
            mem: self.mem,
            guesses: &mut self.analysis.guesses,
            returns: self.returns,
        }
    }

    /// By the call that entered the function, when its start is not known.
    fn entered(&mut self) -> Option<Stepped> {
        if self.analysis.place.start.is_some() {
            return None;
        }
        let (Applied { cfa, regs }, call) = self.judge().scan()?;
        Some(Stepped {
            regs,
            cfa,
            method: Method::Prologue,
            confidence: Confidence::Proven,
            call: Some(call),
        })
    }

    /// All readings of the code, those with the same frame address as one.
    fn candidates(&mut self) -> Vec<Candidate> {
        let entry = self.analysis.entry.clone().into_iter();
        let entry = entry.map(|(rule, doubt)| (rule, Method::Prologue, doubt));
        let exits = self.analysis.exits.clone().into_iter();
        let exits = exits.map(|e| (e.rule, Method::Epilogue, e.doubt));
        let mut found: Vec<Candidate> = Vec::new();
        for (rule, method, doubt) in entry.chain(exits) {
            let Some(applied) = rule.apply(self.regs, self.mem) else {
                continue;
            };
            match found.iter_mut().find(|c| c.applied.cfa == applied.cfa) {
                Some(known) => known.merge(applied, method, doubt),
                None => {
                    let Judged { fit, call, prologue } =
                        self.judge().fit(&applied);
                    let mut new =
                        Candidate { applied, method, doubt, fit, call };
                    if let Some(prologue) = prologue {
                        new.merge(prologue, Method::Prologue, doubt);
                    }
                    found.push(new);
                }
            }
        }
        found
    }

    fn leave_stub(&mut self, stub: Stub) -> Option<Stepped> {
        let mut saved = [Saved::Lost; 16];
        for (index, place) in (0u8..).zip(&mut saved) {
            *place = Saved::InReg(index);
        }
        let cfa = Cfa::Reg { reg: RSP as u8, off: stub.cfa_offset };
        let mut applied = Rule { cfa, saved }.apply(self.regs, self.mem)?;
        let mut judge = self.judge();
        judge.place.start = Some(stub.start);
        let Judged { fit, call, .. } = judge.fit(&applied);
        let confidence = match fit {
            Fit::Exact => Confidence::Proven,
            Fit::Call | Fit::Foreign => Confidence::Likely,
            Fit::Unreadable => Confidence::Weak,
            Fit::No => return None,
        };
        if fit != Fit::Exact {
            // It may be a tail call that looks like a stub.
            for (index, reg) in applied.regs.gpr.iter_mut().enumerate() {
                if index != RSP && !CALLEE_SAVED.contains(&index) {
                    *reg = None;
                }
            }
        }
        let Applied { cfa, regs } = applied;
        Some(Stepped { regs, cfa, method: Method::Stub, confidence, call })
    }

    fn frame_pointer(&mut self) -> Option<Stepped> {
        if self.analysis.has_spoken() {
            return None;
        }
        let (frame, sp) = (self.regs.gpr[RBP]?, self.regs.gpr[RSP]?);
        let size = frame.checked_sub(sp)?;
        if frame % 8 != 0 || size > MAX_FP_FRAME {
            return None;
        }
        let next = read_u64(self.mem, frame)?;
        if next != 0 && next <= frame {
            return None;
        }
        let mut saved = [Saved::Lost; 16];
        saved[RBP] = Saved::AtCfa(-16);
        let cfa = Cfa::Reg { reg: RBP as u8, off: 16 };
        let applied = Rule { cfa, saved }.apply(self.regs, self.mem)?;
        let Judged { fit, call, .. } = self.judge().fit(&applied);
        let confidence = match fit {
            Fit::Exact => Confidence::Likely,
            Fit::Call => Confidence::Weak,
            Fit::Foreign | Fit::Unreadable | Fit::No => return None,
        };
        let Applied { cfa, regs } = applied;
        let method = Method::FramePointer;
        Some(Stepped { regs, cfa, method, confidence, call })
    }
}

impl Candidate {
    /// Joins a second reading with the same frame address.
    fn merge(&mut self, other: Applied, method: Method, doubt: usize) {
        if self.method != method {
            self.method = Method::PrologueAndEpilogue;
        }
        self.doubt = self.doubt.min(doubt);
        for index in CALLEE_SAVED {
            let mine = &mut self.applied.regs.gpr[index];
            match (*mine, other.regs.gpr[index]) {
                (None, value) => *mine = value,
                (Some(a), Some(b)) if a != b => *mine = None,
                _ => {}
            }
        }
    }

    /// How much speaks for this reading; `None` when it must not be used.
    fn weight(&self) -> Option<(Fit, u8)> {
        let both = self.method == Method::PrologueAndEpilogue;
        let reading = match self.method {
            Method::PrologueAndEpilogue => 4,
            Method::Prologue if self.doubt == 0 => 3,
            _ if self.doubt == 0 => 2,
            _ => 1,
        };
        match self.fit {
            Fit::No => None,
            // Behind a call that may not return lies another function, and a
            // stale word may follow its frame.
            Fit::Call if reading == 1 && self.method == Method::Epilogue => {
                None
            }
            Fit::Unreadable | Fit::Foreign if !both => None,
            fit => Some((fit, reading)),
        }
    }
}

/// Picks the reading that fits best, unless two fit equally well.
fn choose(candidates: &[Candidate]) -> Option<Stepped> {
    let best = candidates.iter().max_by_key(|c| c.weight())?;
    let weight = best.weight()?;
    let rivals = candidates.iter().filter(|c| c.weight() == Some(weight));
    if rivals.count() > 1 {
        return None;
    }
    let confidence = match (weight, best.doubt) {
        ((Fit::Exact, _), _) => Confidence::Proven,
        ((Fit::Unreadable, _), _) => Confidence::Weak,
        ((Fit::Call, 2..), 0) | ((_, 4), _) => Confidence::Likely,
        _ => Confidence::Weak,
    };
    Some(Stepped {
        regs: best.applied.regs.clone(),
        cfa: best.applied.cfa,
        method: best.method,
        confidence,
        call: best.call,
    })
}
