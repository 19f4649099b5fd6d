//! Walks over the code around a stopped program counter.
//!
//! [`reach`] goes from a function's entry to the pc and gives the state there:
//! what the prologue did. [`exits`] goes from the pc to the returns and gives
//! the state at each: what the epilogues will do. Neither needs the other, so
//! they check each other.
//!
//! The one thing code does not say is which calls never return. Control then
//! "falls" from the call into unrelated code. It is noticed when a jump brings
//! another stack depth to the same place: of the two the jump is believed, the
//! call is marked, and the walk starts again. Padding or an entry marker
//! behind a call makes what follows doubtful ([`Exit::doubt`]).

use std::collections::{BTreeSet, HashMap, VecDeque};

use iced_x86::{FlowControl, Instruction, Mnemonic, OpKind, Register};

use super::RSP;
use super::calls::call_kind;
use super::code::Code;
use super::flow::{Executor, START_SP, State, Sym, Val};
use super::rule::Rule;

/// Instructions executed by one [`exits`] walk.
const EXIT_BUDGET: usize = 4_000;
/// Instructions executed by one [`reach`] walk.
const REACH_BUDGET: usize = 40_000;
/// Walks started again because a call was found not to return.
const MAX_RESTARTS: usize = 12;
/// A jump this far away from an unchanged stack is a tail call.
const FAR: u64 = 0x1_0000;
/// Doubts after which a path is not followed.
const MAX_DOUBT: usize = 3;

/// The function that is walked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) start: Option<u64>,
    pub(super) end: Option<u64>,
}

impl Bounds {
    /// Whether falling through to `at` leaves the function.
    fn ends_before(&self, at: u64) -> bool {
        self.end.is_some_and(|end| at >= end)
    }
}

/// Where control goes after an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edge {
    /// The next instruction, or a jump's target.
    Sure(u64),
    /// Behind a call: only if the call returns.
    IfReturns(u64),
}

impl Edge {
    fn to(self) -> u64 {
        match self {
            Edge::Sure(to) | Edge::IfReturns(to) => to,
        }
    }
}

/// What an instruction does to control flow.
enum Next {
    /// Goes on at these places; with `equal`, over the last of them only when
    /// `rsp` equals the register it was compared with.
    Edges {
        edges: Vec<Edge>,
        equal: bool,
    },
    /// `ret`, or a jump out of the function through a pointer.
    Leaves {
        sure: bool,
    },
    Stops,
}

/// Runs `ins` on `state` and tells where control goes.
fn advance(
    code: &mut Code,
    exec: &mut Executor,
    state: &mut State,
    ins: &Instruction,
) -> Next {
    let next = ins.next_ip();
    match ins.flow_control() {
        FlowControl::Next | FlowControl::XbeginXabortXend => {
            exec.run(state, ins);
            if ins.mnemonic() == Mnemonic::Hlt {
                return Next::Stops;
            }
            Next::one(Edge::Sure(next))
        }
        FlowControl::ConditionalBranch => {
            let falls = Edge::Sure(next);
            let jumps = Edge::Sure(ins.near_branch_target());
            // Behind `cmp rsp, r; jne` the two are equal.
            match ins.mnemonic() {
                Mnemonic::Jne => {
                    Next::Edges { edges: vec![jumps, falls], equal: true }
                }
                mnemonic => Next::Edges {
                    edges: vec![falls, jumps],
                    equal: mnemonic == Mnemonic::Je,
                },
            }
        }
        FlowControl::UnconditionalBranch
            if ins.op0_kind() == OpKind::NearBranch64 =>
        {
            Next::one(Edge::Sure(ins.near_branch_target()))
        }
        FlowControl::IndirectBranch => {
            Next::Leaves { sure: ins.is_ip_rel_memory_operand() }
        }
        FlowControl::Return
            if ins.mnemonic() == Mnemonic::Ret && ins.op_count() == 0 =>
        {
            Next::Leaves { sure: true }
        }
        FlowControl::Call if ins.mnemonic() == Mnemonic::Syscall => {
            let leaves = leaves_by_syscall(state);
            exec.run(state, ins);
            if leaves { Next::Stops } else { Next::one(Edge::Sure(next)) }
        }
        FlowControl::Call | FlowControl::IndirectCall
            if call_kind(ins).is_some() =>
        {
            call(code, state, ins);
            Next::one(Edge::IfReturns(next))
        }
        _ => Next::Stops,
    }
}

impl Next {
    fn one(edge: Edge) -> Next {
        Next::Edges { edges: vec![edge], equal: false }
    }
}

/// The state behind a call.
fn call(code: &mut Code, state: &mut State, ins: &Instruction) {
    // Stack probe functions take the frame size in rax and keep it.
    let rax = state.regs[0];
    state.after_call();
    let uses_size = |next: Instruction| {
        next.mnemonic() == Mnemonic::Sub
            && next.op0_register() == Register::RSP
            && next.op1_register() == Register::RAX
    };
    if matches!(rax, Val::Const(_))
        && code.at(ins.next_ip()).is_some_and(uses_size)
    {
        state.regs[0] = rax;
    }
}

/// `exit`, `exit_group` and `rt_sigreturn` do not come back.
fn leaves_by_syscall(state: &State) -> bool {
    matches!(state.regs[0], Val::Const(60 | 231 | 15))
}

/// Tells whether code at `at`, behind a call, looks like padding or like the
/// beginning of another function.
fn looks_like_boundary(code: &mut Code, at: u64) -> bool {
    let Some(ins) = code.at(at) else { return true };
    match ins.mnemonic() {
        Mnemonic::Endbr64 | Mnemonic::Nop | Mnemonic::Int3 => true,
        Mnemonic::Push => at % 16 == 0,
        Mnemonic::Sub => at % 16 == 0 && ins.op0_register() == Register::RSP,
        // xchg ax, ax
        Mnemonic::Xchg => ins.op0_register() == ins.op1_register(),
        _ => false,
    }
}

/// A place a walk has been at.
struct Visit {
    state: State,
    /// The call control fell from, when it came that way.
    fell_from: Option<u64>,
}

/// Computes the state at `pc` of a function entered at `start`.
///
/// With `innermost` it is the state before the instruction at `pc`; otherwise
/// `pc` is a return address and it is the state behind the call.
pub(super) fn reach(
    code: &mut Code,
    bounds: Bounds,
    pc: u64,
    innermost: bool,
) -> Option<State> {
    let start = bounds.start?;
    if start > pc && bounds.end.is_some() {
        return None;
    }
    let mut walk = Reach {
        bounds,
        pc,
        innermost,
        returnless: BTreeSet::new(),
        budget: REACH_BUDGET,
        exec: Executor::new(),
        result: None,
        tables: None,
        calls: None,
        narrow: true,
    };
    // First without what looks like other functions; with it when the pc is
    // reached in no other way.
    walk.search(code, start).or_else(|| {
        walk.narrow = false;
        walk.budget = REACH_BUDGET;
        walk.search(code, start)
    })
}

enum Outcome {
    Done,
    Restart,
    TooLong,
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
        let mut visits: HashMap<u64, Visit> = HashMap::new();
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
            visits.insert(leader, Visit { state: tables, fell_from: None });
            queue.push_back(leader);
        }
    }

    fn drain(
        &mut self,
        code: &mut Code,
        visits: &mut HashMap<u64, Visit>,
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
            match advance(code, &mut self.exec, &mut state, &ins) {
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
                    common(&mut self.tables, &state)
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
        visits: &mut HashMap<u64, Visit>,
        queue: &mut VecDeque<u64>,
        ins: &Instruction,
        state: &State,
        edge: Edge,
    ) -> bool {
        let to = edge.to();
        let falls = matches!(edge, Edge::IfReturns(_)).then(|| ins.ip());
        if falls.is_some() {
            common(&mut self.calls, state);
            if !self.innermost && to == self.pc {
                common(&mut self.result, state);
            }
        }
        if falls.is_some_and(|call| self.returnless.contains(&call))
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
                || (self.narrow && to > self.pc && to % 16 == 0))
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
        visits: &HashMap<u64, Visit>,
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

/// One way the function can return, as found from its inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Exit {
    pub(super) rule: Rule,
    /// Doubtful steps on the best path to it.
    pub(super) doubt: usize,
    /// Returns that gave the same rule.
    pub(super) votes: usize,
}

/// Finds the ways to return from `pc`, the least doubtful first.
pub(super) fn exits(
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
    let doubt = usize::from(!innermost && looks_like_boundary(code, pc));
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
        let mut visits: HashMap<u64, Visit> = HashMap::new();
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
        visits: &mut HashMap<u64, Visit>,
        ins: &Instruction,
        state: &State,
        edge: Edge,
    ) -> Step {
        let to = edge.to();
        let falls = matches!(edge, Edge::IfReturns(_)).then(|| ins.ip());
        if falls.is_some_and(|call| self.returnless.contains(&call))
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
