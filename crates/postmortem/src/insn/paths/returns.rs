//! Does a called function ever return?
//!
//! Code behind a call of `abort` or of a function that always throws belongs
//! to something else. The called code is looked through for a way to return;
//! only when all its paths are seen to end is the answer no.

use iced_x86::{FlowControl, Mnemonic, OpKind};

use crate::insn::calls::{CallKind, call_kind, follow_stubs};
use crate::insn::code::Code;

/// Calls followed into calls.
const MAX_DEPTH: usize = 4;
/// Instructions looked at in one function, for its first return.
const FUNCTION_BUDGET: usize = 250;
/// Instructions looked at for all questions of one analysis.
const TOTAL_BUDGET: usize = 10_000;

/// Tells whether the call may come back; true when that is not known.
pub(super) fn may_return(code: &mut Code, call: CallKind) -> bool {
    let target = match call {
        CallKind::Direct { target, .. } => Some(target),
        CallKind::Indirect { slot, .. } => slot.and_then(|s| code.word(s)),
    };
    target.is_none_or(|target| function_returns(code, target, MAX_DEPTH))
}

fn function_returns(code: &mut Code, target: u64, depth: usize) -> bool {
    if let Some(&known) = code.returns.0.get(&target) {
        return known;
    }
    if depth == 0 || code.looked_at > TOTAL_BUDGET {
        return true;
    }
    // A function that calls itself is not judged by that call.
    code.returns.set(target, true);
    let landing = follow_stubs(target, code.mem());
    let answer =
        !landing.resolved || some_path_returns(code, landing.at, depth);
    code.returns.set(target, answer);
    answer
}

fn some_path_returns(code: &mut Code, start: u64, depth: usize) -> bool {
    let mut open = vec![start];
    let mut seen = Vec::new();
    for _ in 0..FUNCTION_BUDGET {
        let Some(at) = open.pop() else { return false };
        code.looked_at += 1;
        let Some(ins) = code.at(at) else { return true };
        match ins.flow_control() {
            FlowControl::Return | FlowControl::IndirectBranch => return true,
            FlowControl::Exception => {}
            FlowControl::UnconditionalBranch
            | FlowControl::ConditionalBranch
                if ins.op0_kind() == OpKind::NearBranch64 =>
            {
                let to = ins.near_branch_target();
                if ins.flow_control() == FlowControl::ConditionalBranch {
                    open.push(ins.next_ip());
                }
                if !seen.contains(&to) {
                    seen.push(to);
                    open.push(to);
                }
            }
            FlowControl::Call | FlowControl::IndirectCall => {
                let target = match call_kind(&ins) {
                    Some(CallKind::Direct { target, .. }) => Some(target),
                    _ => None,
                };
                let back = target
                    .is_none_or(|to| function_returns(code, to, depth - 1));
                if back {
                    open.push(ins.next_ip());
                }
            }
            _ if ins.mnemonic() == Mnemonic::Hlt => {}
            _ => open.push(ins.next_ip()),
        }
    }
    true
}
