//! Symbolic execution of one instruction at a time.
//!
//! A register or stack slot holds one of four things: a constant, a start
//! value plus an offset, a word of start memory plus an offset, or something
//! we do not follow. "Start" is wherever the analysis began: the function's
//! entry or the stopped program counter. That is enough for the stack pointer,
//! the frame pointer and the saved registers, which is all unwinding needs.
//!
//! Two simplifications, both the compiler's own assumptions:
//! - a store through a pointer we do not follow does not hit saved registers;
//! - a called function keeps the callee-saved registers and the stack pointer.

use std::rc::Rc;

use iced_x86::{
    Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind, Register,
};

use super::{CALLEE_SAVED, RBP, RSP, dwarf_index};

/// Slots followed at most; past that, unlisted slots count as not followed.
const MAX_SLOTS: usize = 192;

/// A start value that offsets are counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sym {
    /// The register's value at the start.
    Init(u8),
    /// The stack pointer after the instruction here moved it by an amount
    /// known only at run time (alignment, `alloca`).
    Moved(u64),
}

/// The start value of the stack pointer.
pub(super) const START_SP: Sym = Sym::Init(RSP as u8);

/// What a register or slot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Val {
    /// Something not followed.
    Unknown,
    /// A number.
    Const(u64),
    /// A start value plus an offset.
    Base(Sym, i64),
    /// The start memory word at `reg + off`, plus `add`.
    Loaded { reg: u8, off: i64, add: i64 },
}

impl Val {
    fn plus(self, delta: i64) -> Val {
        match self {
            Val::Unknown => Val::Unknown,
            Val::Const(c) => Val::Const(c.wrapping_add_signed(delta)),
            Val::Base(sym, off) => Val::Base(sym, off.wrapping_add(delta)),
            Val::Loaded { reg, off, add } => {
                Val::Loaded { reg, off, add: add.wrapping_add(delta) }
            }
        }
    }
}

/// A stack word: where it is and what it holds.
type Slot = (Sym, i64, Val);

/// Registers and stack words at one place of the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub(super) regs: [Val; 16],
    /// Words stored since the start. In a state whose start memory counts,
    /// unlisted words hold what they held at the start.
    /// Shared between states until one of them stores.
    slots: Rc<Vec<Slot>>,
    start_memory: bool,
    /// The register just compared with `rsp`, for stack-probe loops.
    compared: Option<usize>,
}

impl State {
    /// The state where every register holds its own start value.
    ///
    /// With `start_memory`, loads give the memory of the stopped thread; at a
    /// function's entry, long before the stop, they give nothing.
    pub(super) fn start(start_memory: bool) -> State {
        let mut regs = [Val::Unknown; 16];
        for (index, reg) in (0u8..).zip(&mut regs) {
            *reg = Val::Base(Sym::Init(index), 0);
        }
        State { regs, slots: Rc::default(), start_memory, compared: None }
    }

    /// The stored words that are still known.
    pub(super) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// Keeps what both states agree on; true when something was lost.
    pub(super) fn meet(&mut self, other: &State) -> bool {
        let mut lost = false;
        for (mine, theirs) in self.regs.iter_mut().zip(&other.regs) {
            if *mine != *theirs && *mine != Val::Unknown {
                *mine = Val::Unknown;
                lost = true;
            }
        }
        let before = self.slots.len();
        if !self.slots.iter().all(|slot| other.slots.contains(slot)) {
            Rc::make_mut(&mut self.slots)
                .retain(|slot| other.slots.contains(slot));
        }
        if self.compared.is_some() && self.compared != other.compared {
            self.compared = None;
            lost = true;
        }
        lost || self.slots.len() != before
    }

    /// The state behind a call: the callee kept what the ABI says.
    pub(super) fn after_call(&mut self) {
        for (index, reg) in self.regs.iter_mut().enumerate() {
            if index != RSP && !CALLEE_SAVED.contains(&index) {
                *reg = Val::Unknown;
            }
        }
        self.compared = None;
    }

    /// The state where `rsp` was found equal to the compared register.
    pub(super) fn refine_equal(&mut self) {
        if let Some(index) = self.compared {
            self.regs[RSP] = self.regs[index];
        }
    }

    /// The word at an address.
    fn load(&self, at: Val) -> Val {
        let Val::Base(sym, off) = at else { return Val::Unknown };
        if let Some(slot) = self.slots.iter().find(|s| (s.0, s.1) == (sym, off))
        {
            return slot.2;
        }
        match sym {
            Sym::Init(reg)
                if self.start_memory && self.slots.len() < MAX_SLOTS =>
            {
                Val::Loaded { reg, off, add: 0 }
            }
            _ => Val::Unknown,
        }
    }

    /// Stores a value of `size` bytes at an address.
    fn store(&mut self, at: Val, size: usize, value: Val) {
        let Val::Base(sym, off) = at else { return };
        let end = off.saturating_add_unsigned(size as u64);
        let hit =
            |s: &Slot| s.0 == sym && s.1 < end && s.1.saturating_add(8) > off;
        if self.slots.iter().any(hit) {
            Rc::make_mut(&mut self.slots).retain(|s| !hit(s));
        }
        if size == 8 && self.is_kept(value) {
            self.push_slot((sym, off, value));
        } else if self.start_memory {
            // The start memory is gone from every word the store touches.
            let mut word = off & !7;
            while word < end && word < off.saturating_add(128) {
                self.push_slot((sym, word, Val::Unknown));
                word = word.saturating_add(8);
            }
        }
    }

    /// Whether a stored value can matter later. From the entry on only saved
    /// registers do, and the frame address that aligned frames keep.
    fn is_kept(&self, value: Val) -> bool {
        match value {
            Val::Unknown => false,
            _ if self.start_memory => true,
            Val::Base(START_SP, off) => matches!(off, 0 | 8),
            Val::Base(Sym::Init(reg), 0) => {
                CALLEE_SAVED.contains(&usize::from(reg))
            }
            Val::Base(Sym::Moved(_), _) => true,
            _ => false,
        }
    }

    fn push_slot(&mut self, slot: Slot) {
        if self.slots.len() < MAX_SLOTS {
            Rc::make_mut(&mut self.slots).push(slot);
        }
    }

    /// Sets the stack pointer; a value not followed starts a new base.
    fn set_sp(&mut self, value: Val, ip: u64) {
        if value != Val::Unknown {
            self.regs[RSP] = value;
            return;
        }
        let sym = Sym::Moved(ip);
        if self.slots.iter().any(|s| s.0 == sym) {
            Rc::make_mut(&mut self.slots).retain(|s| s.0 != sym);
        }
        for reg in &mut self.regs {
            if matches!(reg, Val::Base(s, _) if *s == sym) {
                *reg = Val::Unknown;
            }
        }
        self.regs[RSP] = Val::Base(sym, 0);
    }

    fn set(&mut self, index: usize, value: Val, ip: u64) {
        if index == RSP {
            self.set_sp(value, ip);
        } else {
            self.regs[index] = value;
        }
    }

    /// Address of the instruction's memory operand.
    fn address(&self, ins: &Instruction) -> Val {
        // fs and gs lead away from the stack.
        if matches!(ins.memory_segment(), Register::FS | Register::GS) {
            return Val::Unknown;
        }
        if ins.is_ip_rel_memory_operand() {
            return Val::Const(ins.ip_rel_memory_address());
        }
        let disp = ins.memory_displacement64() as i64;
        let base = match ins.memory_base() {
            Register::None => Val::Const(0),
            reg if reg.is_gpr64() => self.reg(reg),
            _ => Val::Unknown,
        };
        let scale = i64::from(ins.memory_index_scale());
        match ins.memory_index() {
            Register::None => base.plus(disp),
            reg => match self.reg(reg) {
                Val::Const(c) if reg.is_gpr64() => {
                    base.plus(disp).plus((c as i64).wrapping_mul(scale))
                }
                _ => Val::Unknown,
            },
        }
    }

    fn reg(&self, reg: Register) -> Val {
        dwarf_index(reg).map_or(Val::Unknown, |index| self.regs[index])
    }

    /// Value of a 64-bit operand.
    fn value(&self, ins: &Instruction, operand: u32) -> Val {
        match ins.op_kind(operand) {
            OpKind::Register if ins.op_register(operand).is_gpr64() => {
                self.reg(ins.op_register(operand))
            }
            OpKind::Memory if ins.memory_size().size() == 8 => {
                self.load(self.address(ins))
            }
            kind if is_immediate(kind) => Val::Const(ins.immediate(operand)),
            _ => Val::Unknown,
        }
    }
}

fn is_immediate(kind: OpKind) -> bool {
    matches!(
        kind,
        OpKind::Immediate8
            | OpKind::Immediate32
            | OpKind::Immediate64
            | OpKind::Immediate8to64
            | OpKind::Immediate32to64
    )
}

/// Executes instructions on states; owns the decoder's scratch space.
pub(super) struct Executor {
    info: InstructionInfoFactory,
}

impl Executor {
    pub(super) fn new() -> Self {
        Executor { info: InstructionInfoFactory::new() }
    }

    /// Applies what `ins` does to registers and stack, apart from where it
    /// goes next. Calls are the caller's business ([`State::after_call`]).
    pub(super) fn run(&mut self, state: &mut State, ins: &Instruction) {
        let compared = state.compared.take();
        match ins.mnemonic() {
            Mnemonic::Push => push(state, ins),
            Mnemonic::Pop => pop(state, ins),
            Mnemonic::Mov if mov(state, ins) => {}
            Mnemonic::Lea if lea(state, ins) => {}
            Mnemonic::Add | Mnemonic::Sub if add_sub(state, ins) => {}
            Mnemonic::Xor if zero(state, ins) => {}
            Mnemonic::Leave => leave(state),
            Mnemonic::Cmp => state.compared = compared_with_sp(ins),
            Mnemonic::Nop | Mnemonic::Endbr64 => state.compared = compared,
            _ => self.other(state, ins),
        }
    }

    /// Everything else: what it writes is no longer followed.
    fn other(&mut self, state: &mut State, ins: &Instruction) {
        let info = self.info.info(ins);
        let wrote = |access| {
            matches!(
                access,
                OpAccess::Write
                    | OpAccess::CondWrite
                    | OpAccess::ReadWrite
                    | OpAccess::ReadCondWrite
            )
        };
        for used in info.used_memory() {
            if !wrote(used.access()) || used.index() != Register::None {
                continue;
            }
            if let Some(base) = dwarf_index(used.base())
                && used.segment() != Register::FS
                && used.segment() != Register::GS
            {
                let at = state.regs[base].plus(used.displacement() as i64);
                state.store(at, used.memory_size().size(), Val::Unknown);
            }
        }
        let step = ins.stack_pointer_increment();
        for used in info.used_registers() {
            let Some(index) = dwarf_index(used.register()) else { continue };
            if !wrote(used.access()) {
                continue;
            }
            if index == RSP && step != 0 {
                let sp = state.regs[RSP].plus(i64::from(step));
                state.set_sp(sp, ins.ip());
            } else {
                state.set(index, Val::Unknown, ins.ip());
            }
        }
        if ins.mnemonic() == Mnemonic::Syscall {
            state.regs[0] = Val::Unknown;
        }
    }
}

fn push(state: &mut State, ins: &Instruction) {
    let value = state.value(ins, 0);
    let step = i64::from(ins.stack_pointer_increment());
    let sp = state.regs[RSP].plus(step);
    state.regs[RSP] = sp;
    state.store(sp, step.unsigned_abs() as usize, value);
}

fn pop(state: &mut State, ins: &Instruction) {
    let value = state.load(state.regs[RSP]);
    let step = i64::from(ins.stack_pointer_increment());
    state.regs[RSP] = state.regs[RSP].plus(step);
    match (ins.op0_kind(), step) {
        (OpKind::Register, 8) => {
            if let Some(index) = dwarf_index(ins.op0_register()) {
                state.set(index, value, ins.ip());
            }
        }
        (OpKind::Register, _) => {
            if let Some(index) = dwarf_index(ins.op0_register()) {
                state.set(index, Val::Unknown, ins.ip());
            }
        }
        (OpKind::Memory, _) => {
            let at = state.address(ins);
            state.store(at, step.unsigned_abs() as usize, value);
        }
        _ => {}
    }
}

/// Plain moves of whole words; false when the general rule must apply.
fn mov(state: &mut State, ins: &Instruction) -> bool {
    if ins.op0_kind() == OpKind::Register {
        let to = ins.op0_register();
        let Some(index) = dwarf_index(to) else { return false };
        // A 32-bit write clears the upper half.
        let number = to.is_gpr32() && ins.op1_kind() == OpKind::Immediate32;
        if !number && !to.is_gpr64() {
            return false;
        }
        let value = state.value(ins, 1);
        state.set(index, value, ins.ip());
        return true;
    }
    if ins.op0_kind() == OpKind::Memory && ins.memory_size().size() == 8 {
        let value = state.value(ins, 1);
        let at = state.address(ins);
        state.store(at, 8, value);
        return true;
    }
    false
}

fn lea(state: &mut State, ins: &Instruction) -> bool {
    let to = ins.op0_register();
    match dwarf_index(to) {
        Some(index) if to.is_gpr64() => {
            let value = state.address(ins);
            state.set(index, value, ins.ip());
            true
        }
        _ => false,
    }
}

fn add_sub(state: &mut State, ins: &Instruction) -> bool {
    let to = ins.op0_register();
    let Some(index) = dwarf_index(to) else { return false };
    if ins.op0_kind() != OpKind::Register || !to.is_gpr64() {
        return false;
    }
    let subtract = ins.mnemonic() == Mnemonic::Sub;
    let value = match (state.regs[index], state.value(ins, 1)) {
        (left, Val::Const(c)) if subtract => {
            left.plus((c as i64).wrapping_neg())
        }
        (left, Val::Const(c)) => left.plus(c as i64),
        (Val::Const(c), right) if !subtract => right.plus(c as i64),
        _ => Val::Unknown,
    };
    state.set(index, value, ins.ip());
    true
}

fn zero(state: &mut State, ins: &Instruction) -> bool {
    let to = ins.op0_register();
    match dwarf_index(to) {
        Some(index)
            if ins.op1_kind() == OpKind::Register
                && ins.op1_register() == to
                && (to.is_gpr64() || to.is_gpr32()) =>
        {
            state.set(index, Val::Const(0), ins.ip());
            true
        }
        _ => false,
    }
}

fn leave(state: &mut State) {
    let frame = state.regs[RBP];
    state.regs[RBP] = state.load(frame);
    state.regs[RSP] = frame.plus(8);
}

/// The register in `cmp rsp, reg` or `cmp reg, rsp`.
fn compared_with_sp(ins: &Instruction) -> Option<usize> {
    if ins.op0_kind() != OpKind::Register || ins.op1_kind() != OpKind::Register
    {
        return None;
    }
    match (ins.op0_register(), ins.op1_register()) {
        (Register::RSP, other) | (other, Register::RSP) => dwarf_index(other),
        _ => None,
    }
}
