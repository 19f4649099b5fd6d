//! From the stopped program counter to the returns.

use std::collections::{BTreeSet, VecDeque};

use iced_x86::Instruction;

use super::returns::may_return;
use super::{
    Bounds, Edge, MAX_RESTARTS, Next, Outcome, Visit, advance,
    looks_like_boundary,
};
use crate::insn::RSP;
use crate::insn::calls::is_return_address;
use crate::insn::code::{ByAddress, Code};
use crate::insn::flow::{Executor, State, Sym, Val};
use crate::insn::rule::Rule;

/// Instructions executed by one [`exits`] walk.
const EXIT_BUDGET: usize = 4_000;
/// Doubts after which a path is not followed.
const MAX_DOUBT: usize = 3;

/// One way the function can return, as found from its inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::insn) struct Exit {
    pub(in crate::insn) rule: Rule,
    /// Doubtful steps on the best path to it.
    pub(in crate::insn) doubt: usize,
    /// Returns that gave the same rule.
    pub(in crate::insn) votes: usize,
}

/// Finds the ways to return from `pc`, the least doubtful first.
pub(in crate::insn) fn exits(
    code: &mut Code,
    bounds: Bounds,
    pc: u64,
    innermost: bool,
) -> Vec<Exit> {
    let mut walk = Exits {
        bounds,
        pc,
        // Any number that no call instruction has.
        pc_call: (!innermost).then(|| pc.wrapping_sub(1)),
        hopeless: false,
        returnless: BTreeSet::new(),
        exec: Executor::new(),
        found: Vec::new(),
    };
    if walk.pc_call.is_some() && bounds.ends_before(pc) {
        return Vec::new();
    }
    let doubt = usize::from(
        !innermost
            && (looks_like_boundary(code, pc)
                || !call_before_returns(code, pc)),
    );
    for _ in 0..MAX_RESTARTS {
        match walk.run(code, doubt) {
            Outcome::Restart if walk.hopeless => return Vec::new(),
            Outcome::Restart => {}
            Outcome::Done | Outcome::TooLong => break,
        }
    }
    walk.found.sort_by_key(|exit| (exit.doubt, usize::MAX - exit.votes));
    walk.found
}

/// Whether the call that `pc` is the return address of may come back.
fn call_before_returns(code: &mut Code, pc: u64) -> bool {
    is_return_address(pc, code.mem()).is_none_or(|call| may_return(code, call))
}

struct Exits {
    bounds: Bounds,
    pc: u64,
    /// Stands for the call that `pc` is the return address of.
    pc_call: Option<u64>,
    /// That call was found not to return: what follows it says nothing.
    hopeless: bool,
    returnless: BTreeSet<u64>,
    exec: Executor,
    found: Vec<Exit>,
}

impl Exits {
    fn run(&mut self, code: &mut Code, doubt: usize) -> Outcome {
        self.found.clear();
        let mut state = State::start(true);
        if self.pc_call.is_some() {
            state.after_call();
        }
        let mut visits: ByAddress<Visit> = ByAddress::default();
        let mut levels: Vec<VecDeque<u64>> =
            vec![VecDeque::new(); MAX_DOUBT + 1];
        visits.insert(self.pc, Visit { state, fell_from: self.pc_call });
        levels[doubt.min(MAX_DOUBT)].push_back(self.pc);
        for _ in 0..EXIT_BUDGET {
            let Some((level, at)) = take_first(&mut levels) else {
                return Outcome::Done;
            };
            let Some(visit) = visits.get(&at) else { continue };
            let mut state = visit.state.clone();
            let Some(ins) = code.at(at) else { continue };
            match advance(code, &mut self.exec, &mut state, &ins) {
                Next::Edges { edges, equal } => {
                    let last = edges.len().saturating_sub(1);
                    for (n, edge) in edges.into_iter().enumerate() {
                        if equal && n == last {
                            state.refine_equal();
                        }
                        match self.follow(&mut visits, &ins, &state, edge) {
                            Step::Skip => {}
                            Step::Restart => return Outcome::Restart,
                            Step::Go => {
                                let more = matches!(edge, Edge::IfReturns(_))
                                    && looks_like_boundary(code, edge.to());
                                if let Some(queue) =
                                    levels.get_mut(level + usize::from(more))
                                {
                                    queue.push_front(edge.to());
                                }
                            }
                        }
                    }
                }
                Next::Leaves { sure } => {
                    self.exit(&state, level + 2 * usize::from(!sure));
                }
                Next::Stops => {}
            }
        }
        Outcome::TooLong
    }

    fn exit(&mut self, state: &State, doubt: usize) {
        let Some(rule) = Rule::from_exit(state) else { return };
        match self.found.iter_mut().find(|exit| exit.rule == rule) {
            Some(exit) => {
                exit.votes += 1;
                exit.doubt = exit.doubt.min(doubt);
            }
            None => self.found.push(Exit { rule, doubt, votes: 1 }),
        }
    }

    fn follow(
        &mut self,
        visits: &mut ByAddress<Visit>,
        ins: &Instruction,
        state: &State,
        edge: Edge,
    ) -> Step {
        let to = edge.to();
        let falls = (!matches!(edge, Edge::Sure(_))).then(|| ins.ip());
        if matches!(edge, Edge::Never(_))
            || falls.is_some_and(|call| self.returnless.contains(&call))
            || (to == ins.next_ip() && self.bounds.ends_before(to))
        {
            return Step::Skip;
        }
        let Some(visit) = visits.get_mut(&to) else {
            visits.insert(to, Visit { state: state.clone(), fell_from: falls });
            return Step::Go;
        };
        if visit.state.regs[RSP] != state.regs[RSP]
            && falls.is_none()
            && let Some(call) = visit.fell_from
            && comparable(visit.state.regs[RSP], state.regs[RSP])
        {
            self.returnless.insert(call);
            if self.pc_call == Some(call) {
                self.hopeless = true;
            }
            return Step::Restart;
        }
        if falls.is_none() {
            visit.fell_from = None;
        }
        Step::Skip
    }
}

/// Two stack pointers counted from the same start: a difference is real.
fn comparable(a: Val, b: Val) -> bool {
    let sym = |v| match v {
        Val::Base(sym @ Sym::Init(_), _) => Some(sym),
        _ => None,
    };
    sym(a).is_some() && sym(a) == sym(b)
}

enum Step {
    Go,
    Skip,
    Restart,
}

fn take_first(levels: &mut [VecDeque<u64>]) -> Option<(usize, u64)> {
    levels
        .iter_mut()
        .enumerate()
        .find_map(|(level, queue)| Some((level, queue.pop_front()?)))
}
