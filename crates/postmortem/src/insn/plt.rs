//! Procedure linkage table stubs, which have no function symbol of their own
//! and in which a thread can stop (a bad slot, a signal, a breakpoint).
//!
//! Stubs are 16 bytes, aligned to 16. Nothing is saved in them: every register
//! of the caller is still in place.
//!
//! | stub | bytes | return address at |
//! |---|---|---|
//! | lazy | `jmp [slot]; push n; jmp first` | rsp, after the push rsp+8 |
//! | lazy, CET | `endbr64; push n; [bnd] jmp first` | the same |
//! | eager, `.plt.sec`, `.plt.got` | `[endbr64;] [bnd] jmp [slot]` | rsp |
//! | the first | `push [got+8]; [bnd] jmp [got+16]` | rsp+8, after it rsp+16 |

use iced_x86::{Instruction, Mnemonic, OpKind};

use super::Mem;
use super::code::decode;

/// A stub recognised around a program counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stub {
    /// First byte of the stub: what a caller's call instruction names.
    pub(super) start: u64,
    /// The canonical frame address is `rsp` plus this.
    pub(super) cfa_offset: i64,
}

/// Recognises the stub that `pc` lies in.
pub(super) fn stub_at(pc: u64, mem: &dyn Mem) -> Option<Stub> {
    // `.plt.got` of older linkers has stubs of 8 bytes.
    stub_from(pc & !15, pc, mem).or_else(|| stub_from(pc & !7, pc, mem))
}

fn stub_from(start: u64, pc: u64, mem: &dyn Mem) -> Option<Stub> {
    let first = decode(mem, start)?;
    let mut depth = 8;
    let mut body = first;
    if first.mnemonic() == Mnemonic::Endbr64 {
        body = decode(mem, first.next_ip())?;
    }
    if is_slot_jump(&body) {
        let inside = pc == start || pc == body.ip();
        let push = decode(mem, body.next_ip());
        let lazy = push.filter(is_number_push).and_then(|push| {
            let jump = decode(mem, push.next_ip())?;
            is_direct_jump(&jump).then_some((push.ip(), jump.ip()))
        });
        return match lazy {
            Some((push, _)) if pc == push => Some(()),
            Some((_, jump)) if pc == jump => {
                depth += 8;
                Some(())
            }
            _ => inside.then_some(()),
        }
        .map(|()| Stub { start, cfa_offset: depth });
    }
    let jump = decode(mem, body.next_ip())?;
    let lazy_cet = first.mnemonic() == Mnemonic::Endbr64
        && is_number_push(&body)
        && is_direct_jump(&jump);
    let header = body.mnemonic() == Mnemonic::Push
        && body.is_ip_rel_memory_operand()
        && is_slot_jump(&jump);
    if !lazy_cet && !header {
        return None;
    }
    // The first stub is entered by a jump from one that has pushed already.
    depth += if header { 8 } else { 0 };
    depth += if pc == jump.ip() { 8 } else { 0 };
    [start, body.ip(), jump.ip()]
        .contains(&pc)
        .then_some(Stub { start, cfa_offset: depth })
}

fn is_slot_jump(ins: &Instruction) -> bool {
    ins.mnemonic() == Mnemonic::Jmp && ins.is_ip_rel_memory_operand()
}

fn is_direct_jump(ins: &Instruction) -> bool {
    ins.mnemonic() == Mnemonic::Jmp && ins.op0_kind() == OpKind::NearBranch64
}

fn is_number_push(ins: &Instruction) -> bool {
    ins.mnemonic() == Mnemonic::Push
        && ins.op0_kind() == OpKind::Immediate32to64
}
