//! From a function's entry to the stopped program counter.

use std::collections::{BTreeSet, VecDeque};

use iced_x86::{FlowControl, Instruction, Mnemonic};

use super::{
    Bounds, Edge, MAX_RESTARTS, Next, Outcome, Visit, advance,
    looks_like_boundary,
};
use crate::insn::RSP;
use crate::insn::code::{ByAddress, Code};
use crate::insn::flow::{Executor, START_SP, State, Val};
use crate::insn::rule::Rule;

/// Instructions executed by one [`reach`] walk.
const REACH_BUDGET: usize = 40_000;
/// The same, where the start is only a guess.
const QUICK_BUDGET: usize = 10_000;
/// A jump this far away from an unchanged stack is a tail call.
const FAR: u64 = 0x1_0000;

/// Computes the state at `pc` of a function entered at `start`.
///
/// With `innermost` it is the state before the instruction at `pc`; otherwise
/// `pc` is a return address and it is the state behind the call.
pub(in crate::insn) fn reach(
    code: &mut Code,
    bounds: Bounds,
    pc: u64,
    innermost: bool,
    effort: Effort,
) -> Option<Reached> {
    let start = bounds.start?;
    if start > pc && bounds.end.is_some() {
        return None;
    }
    let mut walk = Reach {
        bounds,
        pc,
        innermost,
        returnless: BTreeSet::new(),
        budget: effort.budget(),
        exec: Executor::new(),
        result: None,
        tables: None,
        calls: None,
        narrow: true,
        framed: false,
        guessed: false,
    };
    // First without what looks like other functions; with it when the pc is
    // reached in no other way.
    let mut state = walk.search(code, start);
    if state.is_none() && effort == Effort::Full {
        walk.narrow = false;
        walk.budget = effort.budget();
        state = walk.search(code, start);
    }
    Some(Reached { state: state?, guessed: walk.guessed })
}

/// What [`reach`] found.
#[derive(Clone, Debug)]
pub(in crate::insn) struct Reached {
    /// The state at the pc.
    pub(in crate::insn) state: State,
    /// No path leads to the pc; it was taken for an exception handler, which
    /// starts with what the function's calls have in common.
    pub(in crate::insn) guessed: bool,
}

impl Reached {
    /// The rule that holds at the pc.
    pub(in crate::insn) fn rule(&self) -> Option<Rule> {
        let rule = Rule::from_entry(&self.state)?;
        Some(if self.guessed { rule.without_registers() } else { rule })
    }
}

/// How long a [`reach`] walk may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::insn) enum Effort {
    /// For the function we know we are in.
    Full,
    /// For a function we may be in.
    Quick,
}

impl Effort {
    fn budget(self) -> usize {
        match self {
            Effort::Full => REACH_BUDGET,
            Effort::Quick => QUICK_BUDGET,
        }
    }
}

struct Reach {
    bounds: Bounds,
    pc: u64,
    innermost: bool,
    /// Calls found not to return.
    returnless: BTreeSet<u64>,
    budget: usize,
    exec: Executor,
    result: Option<State>,
    /// What the states at all jumps through tables have in common.
    tables: Option<State>,
    /// The same for all calls: exception handlers are entered with it.
    calls: Option<State>,
    /// Leave out what looks like other functions.
    narrow: bool,
    /// Some path has moved the stack pointer: a computed jump with the stack
    /// as at the entry then leaves the function.
    framed: bool,
    /// A place was taken for an exception handler.
    guessed: bool,
}

impl Reach {
    fn search(&mut self, code: &mut Code, start: u64) -> Option<State> {
        for _ in 0..MAX_RESTARTS {
            match self.run(code, start) {
                Outcome::Done => return self.result.take(),
                Outcome::Restart => {}
                Outcome::TooLong => return None,
            }
        }
        None
    }

    fn run(&mut self, code: &mut Code, start: u64) -> Outcome {
        self.result = None;
        self.tables = None;
        self.calls = None;
        self.framed = false;
        self.guessed = false;
        let mut visits: ByAddress<Visit> = ByAddress::default();
        let mut queue = VecDeque::from([start]);
        let mut sweep = Sweep { at: start, open: false };
        visits.insert(
            start,
            Visit { state: State::start(false), fell_from: None },
        );
        loop {
            match self.drain(code, &mut visits, &mut queue) {
                Outcome::Done => {}
                other => return other,
            }
            if self.result.is_some() {
                return Outcome::Done;
            }
            // Not reached by jumps: a case of a jump table, or an exception
            // handler. Try the next place that no path leads to.
            let Some(tables) = self.tables.clone().or(self.calls.clone())
            else {
                return Outcome::Done;
            };
            let Some(leader) = sweep.next(code, &visits, self.pc) else {
                return Outcome::Done;
            };
            self.guessed |= self.tables.is_none();
            visits.insert(leader, Visit { state: tables, fell_from: None });
            queue.push_back(leader);
        }
    }

    fn drain(
        &mut self,
        code: &mut Code,
        visits: &mut ByAddress<Visit>,
        queue: &mut VecDeque<u64>,
    ) -> Outcome {
        while let Some(at) = queue.pop_front() {
            if self.budget == 0 {
                return Outcome::TooLong;
            }
            self.budget -= 1;
            let Some(visit) = visits.get(&at) else { continue };
            let mut state = visit.state.clone();
            if at == self.pc && self.innermost {
                self.result = Some(state.clone());
            }
            let Some(ins) = code.at(at) else { continue };
            let next = advance(code, &mut self.exec, &mut state, &ins);
            self.framed |= state.regs[RSP] != Val::Base(START_SP, 0);
            match next {
                Next::Edges { edges, equal } => {
                    let last = edges.len().saturating_sub(1);
                    for (n, edge) in edges.into_iter().enumerate() {
                        if equal && n == last {
                            state.refine_equal();
                        }
                        if !self.follow(code, visits, queue, &ins, &state, edge)
                        {
                            return Outcome::Restart;
                        }
                    }
                }
                Next::Leaves { sure: false } => {
                    let bare = state.regs[RSP] == Val::Base(START_SP, 0);
                    if !(self.framed && bare) {
                        common(&mut self.tables, &state);
                    }
                }
                Next::Leaves { .. } | Next::Stops => {}
            }
        }
        Outcome::Done
    }

    /// Records what an edge brings; false when a call was found not to return.
    fn follow(
        &mut self,
        code: &mut Code,
        visits: &mut ByAddress<Visit>,
        queue: &mut VecDeque<u64>,
        ins: &Instruction,
        state: &State,
        edge: Edge,
    ) -> bool {
        let to = edge.to();
        let falls = (!matches!(edge, Edge::Sure(_))).then(|| ins.ip());
        if falls.is_some() {
            common(&mut self.calls, state);
            if !self.innermost && to == self.pc {
                common(&mut self.result, state);
            }
        }
        if matches!(edge, Edge::Never(_))
            || falls.is_some_and(|call| self.returnless.contains(&call))
            || (to == ins.next_ip() && self.bounds.ends_before(to))
            || self.is_tail_call(ins, state, to)
            || (self.narrow
                && falls.is_some()
                && to > self.pc
                && looks_like_boundary(code, to))
        {
            return true;
        }
        let Some(visit) = visits.get_mut(&to) else {
            visits.insert(to, Visit { state: state.clone(), fell_from: falls });
            queue.push_back(to);
            return true;
        };
        if visit.state.regs[RSP] != state.regs[RSP] {
            match (visit.fell_from, falls) {
                (Some(call), None) => {
                    self.returnless.insert(call);
                    return false;
                }
                (None, Some(_)) => return true,
                _ => {}
            }
        }
        if falls.is_none() {
            visit.fell_from = None;
        }
        if visit.state.meet(state) {
            queue.push_back(to);
        }
        true
    }

    fn is_tail_call(&self, ins: &Instruction, state: &State, to: u64) -> bool {
        let start = self.bounds.start.unwrap_or(to);
        ins.flow_control() == FlowControl::UnconditionalBranch
            && state.regs[RSP] == Val::Base(START_SP, 0)
            && (to <= start
                || to > self.pc.saturating_add(FAR)
                || (self.narrow && to > self.pc && to.is_multiple_of(16)))
    }
}

/// Narrows `so_far` to what `state` shares with it.
fn common(so_far: &mut Option<State>, state: &State) {
    match so_far {
        Some(known) => {
            known.meet(state);
        }
        none => *none = Some(state.clone()),
    }
}

/// A pass over the listing, for places that no path leads to.
struct Sweep {
    at: u64,
    /// The instruction before does not go on to this one.
    open: bool,
}

impl Sweep {
    /// The next instruction up to `pc` that no path reached and that stands
    /// right behind one that does not fall through.
    fn next(
        &mut self,
        code: &mut Code,
        visits: &ByAddress<Visit>,
        pc: u64,
    ) -> Option<u64> {
        for _ in 0..REACH_BUDGET {
            if self.at > pc {
                return None;
            }
            let at = self.at;
            let ins = code.at(at)?;
            let padding = ins.mnemonic() == Mnemonic::Nop;
            if !visits.contains_key(&at) && self.open && !padding {
                return Some(at);
            }
            if !padding {
                self.open = matches!(
                    ins.flow_control(),
                    FlowControl::UnconditionalBranch
                        | FlowControl::IndirectBranch
                        | FlowControl::Return
                        | FlowControl::Call
                        | FlowControl::IndirectCall
                );
            }
            self.at = ins.next_ip();
        }
        None
    }
}
