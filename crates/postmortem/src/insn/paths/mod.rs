//! Walks over the code around a stopped program counter.
//!
//! [`reach`] goes from a function's entry to the pc and gives the state there:
//! what the prologue did. [`exits`] goes from the pc to the returns and gives
//! the state at each: what the epilogues will do. Neither needs the other, so
//! they check each other.
//!
//! The one thing a call does not say is that it never returns. Control then
//! "falls" from the call into unrelated code. Three things tell: the called
//! code, where it can be read, has no way to return; a jump brings another
//! stack depth to the same place (of the two the jump is believed, the call is
//! marked, and the walk starts again); padding or an entry marker behind a
//! call makes what follows doubtful ([`Exit::doubt`]).

mod exits;
mod reach;
mod returns;

pub(super) use exits::{Exit, exits};
pub(super) use reach::{Effort, reach};

use iced_x86::{FlowControl, Instruction, Mnemonic, OpKind, Register};

use super::calls::call_kind;
use super::code::Code;
use super::flow::{Executor, State, Val};
use returns::may_return;

/// Walks started again because a call was found not to return.
const MAX_RESTARTS: usize = 12;

/// The function that is walked.
#[derive(Clone, Copy, Debug)]
pub(in crate::insn) struct Bounds {
    pub(in crate::insn) start: Option<u64>,
    pub(in crate::insn) end: Option<u64>,
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
    /// Behind a call that does not return.
    Never(u64),
}

impl Edge {
    fn to(self) -> u64 {
        match self {
            Edge::Sure(to) | Edge::IfReturns(to) | Edge::Never(to) => to,
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
        _ => call_kind(ins).map_or(Next::Stops, |kind| {
            call(code, state, ins);
            Next::one(if may_return(code, kind) {
                Edge::IfReturns(next)
            } else {
                Edge::Never(next)
            })
        }),
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
        Mnemonic::Push => at.is_multiple_of(16),
        Mnemonic::Sub => {
            at.is_multiple_of(16) && ins.op0_register() == Register::RSP
        }
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

/// How a walk ended.
enum Outcome {
    Done,
    Restart,
    TooLong,
}
