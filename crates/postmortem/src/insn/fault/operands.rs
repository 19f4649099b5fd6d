//! Memory operands with their addresses, and what instructions ask of them.

use iced_x86::{
    EncodingKind, Instruction, InstructionInfoFactory, Mnemonic, OpAccess,
    OpKind, Register as Iced, UsedMemory,
};
use serde::Serialize;

use super::{AddressClass, Cause};
use crate::insn::{Mem, NAMES, RSP, Regs, dwarf_index, is_canonical};

/// What an instruction does with memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// Loads.
    Read,
    /// Stores.
    Write,
    /// Loads, then stores.
    ReadWrite,
}

/// A register and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Register {
    /// Its name as the instruction has it.
    pub name: &'static str,
    /// Its value; `None` when unknown.
    #[serde(serialize_with = "super::hex_option")]
    pub value: Option<u64>,
}

/// One memory operand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Operand {
    /// Its address; `None` when a register it needs is unknown.
    #[serde(serialize_with = "super::hex_option")]
    pub address: Option<u64>,
    /// Its size in bytes; 0 when it depends on the processor's state.
    pub size: u64,
    /// What is done with it.
    pub access: Access,
    /// Base register.
    pub base: Option<Register>,
    /// Index register.
    pub index: Option<Register>,
    /// What the index is multiplied by.
    pub scale: u32,
    /// Displacement.
    pub displacement: i64,
    /// Segment register with a base: fs or gs, and the base's value.
    pub segment: Option<Register>,
    /// Not written in the instruction: the stack word of a push, call or ret.
    pub implicit: bool,
}

/// Saved processor state has no fixed size; this is more than any.
const STATE_SIZE: u64 = 0x4000;

impl Operand {
    /// Whether an access to this operand touches `addr`.
    pub(super) fn holds(&self, addr: u64) -> bool {
        let size = if self.size == 0 { STATE_SIZE } else { self.size };
        self.address.is_some_and(|start| addr.wrapping_sub(start) < size)
    }

    /// The register that makes the address bad, as far as one stands out.
    pub(super) fn culprit(&self) -> Option<Register> {
        let value = |r: &Option<Register>| r.and_then(|r| r.value);
        let wild = |v: u64| v < super::NULL_ZONE || !is_canonical(v);
        match (value(&self.base), value(&self.index)) {
            // The base is a fine pointer and the index leads away from it.
            (Some(base), Some(index)) if !wild(base) && index != 0 => {
                let far = (index as i64).unsigned_abs() > 1 << 31;
                if far || !is_canonical(index) { self.index } else { self.base }
            }
            _ => self.base.or(self.index).or(self.segment),
        }
    }
}

/// Lists the memory operands of an instruction.
pub(super) fn list(ins: &Instruction, regs: &Regs) -> Vec<Operand> {
    let mut factory = InstructionInfoFactory::new();
    factory
        .info(ins)
        .used_memory()
        .iter()
        .filter_map(|used| operand(ins, used, regs))
        .collect()
}

fn operand(
    ins: &Instruction,
    used: &UsedMemory,
    regs: &Regs,
) -> Option<Operand> {
    let access = match used.access() {
        OpAccess::Read | OpAccess::CondRead => Access::Read,
        OpAccess::Write | OpAccess::CondWrite => Access::Write,
        OpAccess::ReadWrite | OpAccess::ReadCondWrite => Access::ReadWrite,
        OpAccess::None | OpAccess::NoMemAccess => return None,
    };
    let address =
        used.try_virtual_address(0, |reg, _, _| register_value(reg, regs));
    let explicit = (0..ins.op_count()).any(|n| is_memory(ins.op_kind(n)))
        && (used.base() != Iced::RSP
            || (ins.memory_base() == Iced::RSP
                && ins.memory_displacement64() == used.displacement()));
    let segment = matches!(used.segment(), Iced::FS | Iced::GS)
        .then(|| named(used.segment(), regs));
    Some(Operand {
        address,
        size: used.memory_size().size() as u64,
        access,
        base: present(used.base(), regs),
        index: present(used.index(), regs),
        scale: used.scale(),
        displacement: used.displacement() as i64,
        segment,
        implicit: !explicit,
    })
}

fn is_memory(kind: OpKind) -> bool {
    !matches!(
        kind,
        OpKind::Register
            | OpKind::NearBranch16
            | OpKind::NearBranch32
            | OpKind::NearBranch64
            | OpKind::FarBranch16
            | OpKind::FarBranch32
            | OpKind::Immediate8
            | OpKind::Immediate8_2nd
            | OpKind::Immediate16
            | OpKind::Immediate32
            | OpKind::Immediate64
            | OpKind::Immediate8to16
            | OpKind::Immediate8to32
            | OpKind::Immediate8to64
            | OpKind::Immediate32to64
    )
}

fn present(reg: Iced, regs: &Regs) -> Option<Register> {
    (reg != Iced::None).then(|| named(reg, regs))
}

fn named(reg: Iced, regs: &Regs) -> Register {
    let name = match (dwarf_index(reg), reg) {
        (Some(index), _) if reg.is_gpr64() => NAMES[index],
        (_, Iced::FS) => "fs",
        (_, Iced::GS) => "gs",
        (_, Iced::RIP) => "rip",
        (Some(index), _) => NAMES_32[index],
        _ => "vector",
    };
    Register { name, value: register_value(reg, regs) }
}

/// Names of the lower halves in DWARF order.
const NAMES_32: [&str; 16] = [
    "eax", "edx", "ecx", "ebx", "esi", "edi", "ebp", "esp", "r8d", "r9d",
    "r10d", "r11d", "r12d", "r13d", "r14d", "r15d",
];

/// Value of a register as an address part.
fn register_value(reg: Iced, regs: &Regs) -> Option<u64> {
    match reg {
        Iced::FS => regs.fs_base,
        Iced::GS => regs.gs_base,
        // The other segments start at zero.
        Iced::CS | Iced::DS | Iced::ES | Iced::SS => Some(0),
        Iced::RIP => Some(regs.rip),
        _ => {
            let whole = regs.gpr[dwarf_index(reg)?]?;
            Some(cut(whole, reg.size()))
        }
    }
}

/// The low `size` bytes of a value.
fn cut(value: u64, size: usize) -> u64 {
    match size {
        1 => value & 0xff,
        2 => value & 0xffff,
        4 => value & 0xffff_ffff,
        _ => value,
    }
}

/// The operand that must be aligned and is not, with its alignment.
pub(super) fn alignment(
    ins: &Instruction,
    operands: &[Operand],
) -> Option<(usize, u64)> {
    let (index, operand) =
        operands.iter().enumerate().find(|(_, o)| !o.implicit)?;
    let alignment = required(ins, operand.size)?;
    let address = operand.address?;
    (address % alignment != 0).then_some((index, alignment))
}

/// Which alignment an instruction asks of an operand of this size.
fn required(ins: &Instruction, size: u64) -> Option<u64> {
    use Mnemonic as M;
    match ins.mnemonic() {
        M::Movaps
        | M::Movapd
        | M::Movdqa
        | M::Movntps
        | M::Movntpd
        | M::Movntdq
        | M::Movntdqa
        | M::Vmovaps
        | M::Vmovapd
        | M::Vmovdqa
        | M::Vmovdqa32
        | M::Vmovdqa64
        | M::Vmovntps
        | M::Vmovntpd
        | M::Vmovntdq
        | M::Vmovntdqa => Some(size),
        M::Fxsave | M::Fxsave64 | M::Fxrstor | M::Fxrstor64 | M::Cmpxchg16b => {
            Some(16)
        }
        M::Xsave
        | M::Xsave64
        | M::Xsavec
        | M::Xsavec64
        | M::Xsaveopt
        | M::Xsaveopt64
        | M::Xrstor
        | M::Xrstor64
        | M::Movdir64b => Some(64),
        M::Movups
        | M::Movupd
        | M::Movdqu
        | M::Lddqu
        | M::Pcmpestri
        | M::Pcmpestrm
        | M::Pcmpistri
        | M::Pcmpistrm => None,
        // Every other SSE instruction with a full vector in memory.
        _ => (ins.encoding() == EncodingKind::Legacy
            && size == 16
            && (0..ins.op_count()).any(|n| ins.op_register(n).is_xmm()))
        .then_some(16),
    }
    .filter(|alignment| alignment.is_power_of_two())
}

/// Redoes an integer division.
pub(super) fn division(
    ins: &Instruction,
    operands: &[Operand],
    regs: &Regs,
    mem: &dyn Mem,
) -> Cause {
    if !matches!(ins.mnemonic(), Mnemonic::Div | Mnemonic::Idiv) {
        return Cause::FloatingPoint;
    }
    let Some((divisor, size)) = divisor(ins, operands, regs, mem) else {
        return Cause::Unexplained;
    };
    if divisor == 0 {
        return Cause::DivideByZero;
    }
    let (Some(rax), Some(rdx)) = (regs.gpr[0], regs.gpr[1]) else {
        return Cause::Unexplained;
    };
    let dividend = match size {
        1 => u128::from(cut(rax, 2)),
        _ => {
            u128::from(cut(rdx, size)) << (8 * size)
                | u128::from(cut(rax, size))
        }
    };
    Cause::DivideOverflow {
        dividend: format!("{dividend:#x}"),
        divisor: format!("{divisor:#x}"),
    }
}

fn divisor(
    ins: &Instruction,
    operands: &[Operand],
    regs: &Regs,
    mem: &dyn Mem,
) -> Option<(u64, usize)> {
    if ins.op0_kind() == OpKind::Register {
        let reg = ins.op0_register();
        let whole = regs.gpr[dwarf_index(reg)?]?;
        let high = matches!(reg, Iced::AH | Iced::BH | Iced::CH | Iced::DH);
        let value = if high { whole >> 8 } else { whole };
        return Some((cut(value, reg.size()), reg.size()));
    }
    let operand = operands.first()?;
    let size = usize::try_from(operand.size).ok().filter(|s| *s <= 8)?;
    let mut word = [0; 8];
    let ok = mem.read(operand.address?, &mut word[..size]);
    ok.then(|| (u64::from_le_bytes(word), size))
}

/// Tells whether an operand is the stack word that moves with `rsp`.
pub(super) fn is_stack(operand: &Operand) -> bool {
    operand.implicit && operand.base.is_some_and(|r| r.name == NAMES[RSP])
}

/// The words for an address.
pub(super) fn describe(class: AddressClass) -> &'static str {
    match class {
        AddressClass::Null => "null",
        AddressClass::NearNull => "null plus an offset",
        AddressClass::NonCanonical => "not a canonical address",
        AddressClass::Kernel => "in the kernel's half",
        AddressClass::Absent => "not mapped or not dumped",
        AddressClass::Present => "mapped",
    }
}
