//! Is this word a return address?
//!
//! A return address is the address right behind a call instruction. Decoding
//! backwards is ambiguous in principle; in practice the call encodings are few
//! and the test sorts stack words well: about one word in a few hundred that
//! points into code passes by chance.
//!
//! Conservative where bytes fit two encodings: a direct call counts only when
//! its target is readable memory, and among indirect ones the longest wins (a
//! prefix byte belongs to the call more often than to what precedes it).

use iced_x86::{FlowControl, Instruction, Mnemonic, OpKind};
use serde::Serialize;

use super::Mem;
use super::code::{decode, decode_bytes, read_u64};

/// Longest call instruction looked for: prefix, REX, FF, ModRM, SIB, disp32.
const LONGEST_CALL: usize = 9;

/// The call instruction before a return address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum CallKind {
    /// `call target`: where it went is in the instruction.
    Direct {
        /// Address of the call instruction.
        at: u64,
        /// The called address.
        target: u64,
    },
    /// `call reg` or `call [mem]`: where it went is not in the instruction.
    Indirect {
        /// Address of the call instruction.
        at: u64,
        /// For `call [rip+x]`, the address of the pointer.
        slot: Option<u64>,
    },
}

impl CallKind {
    /// Address of the call instruction itself.
    #[must_use]
    pub fn at(&self) -> u64 {
        match *self {
            CallKind::Direct { at, .. } | CallKind::Indirect { at, .. } => at,
        }
    }
}

/// What can be said about a word that may be a return address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// A call instruction ends there.
    Call(CallKind),
    /// The bytes before it are there and are no call.
    NotCall,
    /// The bytes before it cannot be read.
    Unreadable,
}

/// Tells whether the bytes before `addr` end in a call instruction, and which.
#[must_use]
pub fn is_return_address(addr: u64, mem: &dyn Mem) -> Option<CallKind> {
    match verdict(addr, mem) {
        Verdict::Call(kind) => Some(kind),
        Verdict::NotCall | Verdict::Unreadable => None,
    }
}

/// The same with its three answers apart.
pub(super) fn verdict(addr: u64, mem: &dyn Mem) -> Verdict {
    let mut bytes = [0; LONGEST_CALL];
    let have = bytes_before(addr, mem, &mut bytes);
    if have < 2 {
        return Verdict::Unreadable;
    }
    let tail = &bytes[LONGEST_CALL - have..];
    let (mut direct, mut indirect) = (None, None);
    for len in 2..=have {
        let at = addr.wrapping_sub(len as u64);
        match call_exactly(&tail[have - len..], at) {
            Some(CallKind::Direct { target, .. })
                if !mem.read(target, &mut [0]) => {}
            Some(kind @ CallKind::Direct { .. }) => direct = Some(kind),
            Some(kind) => indirect = Some(kind),
            None => {}
        }
    }
    direct.or(indirect).map_or(Verdict::NotCall, Verdict::Call)
}

/// Fills the end of `bytes` with what lies before `addr`; the count.
fn bytes_before(
    addr: u64,
    mem: &dyn Mem,
    bytes: &mut [u8; LONGEST_CALL],
) -> usize {
    for have in (2..=LONGEST_CALL).rev() {
        let Some(start) = addr.checked_sub(have as u64) else { continue };
        if mem.read(start, &mut bytes[LONGEST_CALL - have..]) {
            return have;
        }
    }
    0
}

/// Reads `bytes` as one call instruction that fills them exactly.
fn call_exactly(bytes: &[u8], at: u64) -> Option<CallKind> {
    let ins = decode_bytes(bytes, at)?;
    if ins.len() != bytes.len() {
        return None;
    }
    call_kind(&ins)
}

/// Classifies a decoded instruction; `None` when it is no near call.
pub(super) fn call_kind(ins: &Instruction) -> Option<CallKind> {
    if ins.mnemonic() != Mnemonic::Call {
        return None;
    }
    let at = ins.ip();
    match (ins.flow_control(), ins.op0_kind()) {
        (FlowControl::Call, OpKind::NearBranch64) => {
            Some(CallKind::Direct { at, target: ins.near_branch_target() })
        }
        (FlowControl::IndirectCall, _) if !ins.is_call_far_indirect() => {
            let slot = ins
                .is_ip_rel_memory_operand()
                .then(|| ins.ip_rel_memory_address());
            Some(CallKind::Indirect { at, slot })
        }
        _ => None,
    }
}

/// Follows jump stubs from a called address to the function that ran.
///
/// A call through the procedure linkage table goes to `jmp [slot]`; linkers
/// and compilers also leave `jmp target` thunks. Four hops at most.
/// `Err(slot)` when the slot cannot be read: the function is not known.
pub(super) fn follow_stubs(target: u64, mem: &dyn Mem) -> Landing {
    let mut at = target;
    for _ in 0..4 {
        let mut code = at;
        let Some(mut ins) = decode(mem, code) else { break };
        if ins.mnemonic() == Mnemonic::Endbr64 {
            code = ins.next_ip();
            let Some(next) = decode(mem, code) else { break };
            ins = next;
        }
        if ins.mnemonic() != Mnemonic::Jmp {
            break;
        }
        if ins.op0_kind() == OpKind::NearBranch64 {
            at = ins.near_branch_target();
        } else if ins.is_ip_rel_memory_operand() {
            match read_u64(mem, ins.ip_rel_memory_address()) {
                Some(to) if to != 0 => at = to,
                _ => return Landing { at, resolved: false },
            }
        } else {
            return Landing { at, resolved: false };
        }
    }
    // A slot not yet resolved leads back into the table.
    Landing { at, resolved: !is_lazy(at, mem) }
}

/// Tells whether `at` is the slow half of a linkage stub: `push n; jmp first`.
fn is_lazy(at: u64, mem: &dyn Mem) -> bool {
    decode(mem, at).is_some_and(|push| {
        push.mnemonic() == Mnemonic::Push
            && push.op0_kind() == OpKind::Immediate32to64
            && decode(mem, push.next_ip()).is_some_and(|jump| {
                jump.mnemonic() == Mnemonic::Jmp
                    && jump.op0_kind() == OpKind::NearBranch64
            })
    })
}

/// Where a call landed after its stubs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Landing {
    /// The last address reached.
    pub(super) at: u64,
    /// False when `at` is a stub whose slot could not be read.
    pub(super) resolved: bool,
}
