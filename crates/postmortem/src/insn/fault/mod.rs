//! Why did the instruction at the program counter fault?
//!
//! The kernel gives a signal, a code and at best one address. What a person
//! wants is what the instruction tried: "`mov rax, [rdi+0x10]` reads 8 bytes
//! at 0x10: null plus 0x10 through rdi". Decoding the instruction against the
//! registers gives that, and more where the kernel says nothing: a
//! non-canonical address, a misaligned SSE operand and a privileged
//! instruction all arrive as SIGSEGV code 128 with address 0.
//!
//! | signal | looked at |
//! |---|---|
//! | SIGSEGV, SIGBUS with an address | the operand that holds the address; the pc itself |
//! | SIGSEGV, SIGBUS code 128 | branch target, operands, alignment, privilege |
//! | SIGFPE | operands of the division |
//! | SIGILL, SIGTRAP | the instruction, the one before |
//! | code <= 0 | nothing: the signal was sent |
//!
//! What cannot be shown is not said: the cause is then
//! [`Cause::Unexplained`], with the operands listed.
//!
//! Not covered: the elements of gathers and scatters (vector registers are not
//! in [`Regs`]; they are found by elimination), and system calls that fault
//! inside the kernel.

mod operands;
mod sentence;

use iced_x86::{Formatter, Instruction, IntelFormatter, Mnemonic, OpKind};
use serde::{Serialize, Serializer};

use super::calls::{CallKind, is_return_address};
use super::code::{decode, decode_bytes, read_insn_bytes, read_u64};
use super::{Mem, RSP, Regs, is_canonical};
pub use operands::{Access, Operand, Register};

/// SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV.
const SIGILL: i32 = 4;
const SIGTRAP: i32 = 5;
const SIGBUS: i32 = 7;
const SIGFPE: i32 = 8;
const SIGSEGV: i32 = 11;
/// The kernel raised it and knows no more.
const SI_KERNEL: i32 = 128;
/// Addresses below this are null plus an offset: no program maps them
/// (`vm.mmap_min_addr`).
const NULL_ZONE: u64 = 0x1_0000;

/// What is known about an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AddressClass {
    /// Zero.
    Null,
    /// Within 64 KiB of null: null plus or minus an offset.
    NearNull,
    /// Not a 48-bit address: no processor access can succeed.
    NonCanonical,
    /// The kernel's half of the address space.
    Kernel,
    /// Not in the memory given: unmapped, or not dumped.
    Absent,
    /// In the memory given.
    Present,
}

impl AddressClass {
    /// Classifies an address.
    #[must_use]
    pub fn of(addr: u64, mem: &dyn Mem) -> AddressClass {
        match addr {
            0 => AddressClass::Null,
            1..NULL_ZONE => AddressClass::NearNull,
            _ if addr.wrapping_neg() < NULL_ZONE => AddressClass::NearNull,
            _ if !is_canonical(addr) => AddressClass::NonCanonical,
            _ if addr >> 63 == 1 => AddressClass::Kernel,
            _ if mem.read(addr, &mut [0]) => AddressClass::Present,
            _ => AddressClass::Absent,
        }
    }
}

/// How control came to a bad program counter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "by")]
pub enum Arrival {
    /// A call: the stack's top is a return address.
    Call {
        /// Address of the call.
        #[serde(serialize_with = "hex")]
        at: u64,
        /// The call in Intel syntax.
        text: String,
    },
    /// A return: the word just popped is the program counter.
    Return,
}

/// Why the instruction faulted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Cause {
    /// A memory access.
    Access {
        /// What was tried.
        access: Access,
        /// The bad address: the operand's, or the part of it that faulted.
        #[serde(serialize_with = "hex")]
        address: u64,
        /// What is known about the address.
        class: AddressClass,
        /// The register that made the address bad, as far as one stands out.
        through: Option<Register>,
        /// Address minus that register.
        offset: Option<i64>,
    },
    /// The program counter itself is bad.
    ProgramCounter {
        /// What is known about it.
        class: AddressClass,
        /// How control came here.
        arrival: Option<Arrival>,
    },
    /// A branch to an address that cannot be one.
    Target {
        /// Where it should have gone.
        #[serde(serialize_with = "hex")]
        target: u64,
        /// What is known about that address.
        class: AddressClass,
        /// Where the target was: a register, or `None` for memory.
        register: Option<&'static str>,
        /// Address of the word that held it.
        #[serde(serialize_with = "hex_option")]
        word: Option<u64>,
    },
    /// An operand that must be aligned and is not.
    Misaligned {
        /// The operand's address.
        #[serde(serialize_with = "hex")]
        address: u64,
        /// What it must be a multiple of.
        alignment: u64,
    },
    /// An integer division by zero.
    DivideByZero,
    /// An integer division whose quotient does not fit.
    DivideOverflow {
        /// The dividend, in hexadecimal.
        dividend: String,
        /// The divisor, in hexadecimal.
        divisor: String,
    },
    /// A floating-point exception that the program had unmasked.
    FloatingPoint,
    /// A breakpoint instruction, just executed.
    Breakpoint,
    /// An instruction that exists to be undefined (`ud2`): the compiler's end
    /// of unreachable code, or a failed check.
    Undefined,
    /// Bytes that are no instruction.
    NoInstruction,
    /// An instruction this processor refused although it exists.
    Refused,
    /// An instruction only the kernel may execute.
    Privileged,
    /// The signal was sent; the instruction has nothing to do with it.
    Sent,
    /// None of the above can be shown.
    Unexplained,
}

/// The instruction at the program counter, and why it faulted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// Address of the instruction.
    #[serde(serialize_with = "hex")]
    pub pc: u64,
    /// The instruction in Intel syntax; `None` when there is none.
    pub text: Option<String>,
    /// Its bytes, in hexadecimal.
    pub bytes: String,
    /// Its length.
    pub length: usize,
    /// Its memory operands, implicit stack operands included.
    pub operands: Vec<Operand>,
    /// Which of them faulted.
    pub faulting: Option<usize>,
    /// Why.
    pub cause: Cause,
    /// The same in one line of English.
    pub sentence: String,
}

/// What the kernel said.
#[derive(Clone, Copy)]
struct Signal {
    addr: Option<u64>,
    signo: i32,
    code: i32,
}

/// Explains the fault of a stopped thread.
///
/// `fault_addr`, `signo` and `code` are the siginfo's. `None` when the code at
/// the program counter is absent and nothing says that the program counter is
/// to blame.
#[must_use]
pub fn explain(
    regs: &Regs,
    mem: &dyn Mem,
    fault_addr: Option<u64>,
    signo: i32,
    code: i32,
) -> Option<Explanation> {
    let signal = Signal { addr: fault_addr, signo, code };
    let (bytes, len) = read_insn_bytes(mem, regs.rip);
    if is_bad_pc(regs.rip, len, signal) {
        return Some(bad_pc(regs, mem, signal));
    }
    if len == 0 {
        return None;
    }
    let Some(ins) = decode_bytes(&bytes[..len], regs.rip) else {
        return Some(no_instruction(regs.rip, &bytes[..len.min(8)], signal));
    };
    let operands = operands::list(&ins, regs);
    let (cause, faulting) = cause(&ins, &operands, regs, mem, signal);
    let mut out = Explanation {
        pc: regs.rip,
        text: Some(text(&ins)),
        bytes: spell(&bytes[..ins.len()]),
        length: ins.len(),
        operands,
        faulting,
        cause,
        sentence: String::new(),
    };
    out.sentence = sentence::of(&out, signal.signo, signal.code);
    Some(out)
}

/// Tells whether fetching the instruction is what failed.
fn is_bad_pc(rip: u64, readable: usize, signal: Signal) -> bool {
    let memory = matches!(signal.signo, SIGSEGV | SIGBUS);
    if !memory || signal.code <= 0 {
        return readable == 0 && rip < NULL_ZONE;
    }
    if !is_canonical(rip) || rip < NULL_ZONE {
        return true;
    }
    match signal.addr {
        Some(addr) if signal.code != SI_KERNEL => addr == rip,
        // No address: an absent pc is the best guess only when nothing else
        // could have been read there.
        _ => readable == 0 && signal.code != SI_KERNEL,
    }
}

fn bad_pc(regs: &Regs, mem: &dyn Mem, signal: Signal) -> Explanation {
    let class = AddressClass::of(regs.rip, mem);
    let mut out = Explanation {
        pc: regs.rip,
        text: None,
        bytes: String::new(),
        length: 0,
        operands: Vec::new(),
        faulting: None,
        cause: Cause::ProgramCounter { class, arrival: arrival(regs, mem) },
        sentence: String::new(),
    };
    out.sentence = sentence::of(&out, signal.signo, signal.code);
    out
}

fn arrival(regs: &Regs, mem: &dyn Mem) -> Option<Arrival> {
    let sp = regs.gpr[RSP]?;
    let popped =
        sp.checked_sub(8).and_then(|at| read_u64(mem, at)) == Some(regs.rip);
    let call = read_u64(mem, sp).and_then(|top| is_return_address(top, mem));
    match call {
        Some(CallKind::Direct { target, .. })
            if target != regs.rip && popped =>
        {
            Some(Arrival::Return)
        }
        Some(kind) => {
            let ins = decode(mem, kind.at())?;
            Some(Arrival::Call { at: kind.at(), text: text(&ins) })
        }
        None => popped.then_some(Arrival::Return),
    }
}

fn no_instruction(pc: u64, bytes: &[u8], signal: Signal) -> Explanation {
    let mut out = Explanation {
        pc,
        text: None,
        bytes: spell(bytes),
        length: 0,
        operands: Vec::new(),
        faulting: None,
        cause: if signal.code <= 0 {
            Cause::Sent
        } else {
            Cause::NoInstruction
        },
        sentence: String::new(),
    };
    out.sentence = sentence::of(&out, signal.signo, signal.code);
    out
}

fn cause(
    ins: &Instruction,
    operands: &[Operand],
    regs: &Regs,
    mem: &dyn Mem,
    signal: Signal,
) -> (Cause, Option<usize>) {
    if signal.code <= 0 {
        return (Cause::Sent, None);
    }
    match signal.signo {
        SIGSEGV | SIGBUS if signal.code == SI_KERNEL => {
            protection(ins, operands, regs, mem)
        }
        SIGSEGV | SIGBUS => match signal.addr {
            Some(addr) => at_address(operands, addr, mem),
            None => (Cause::Unexplained, None),
        },
        SIGFPE => (operands::division(ins, operands, regs, mem), None),
        SIGILL => (illegal(ins), None),
        SIGTRAP => (trap(regs.rip, mem), None),
        _ => (Cause::Unexplained, None),
    }
}

/// A page fault: the operand that holds the address.
fn at_address(
    operands: &[Operand],
    addr: u64,
    mem: &dyn Mem,
) -> (Cause, Option<usize>) {
    let held = operands.iter().position(|o| o.holds(addr));
    // The elements of a gather are unknown: theirs is what no other operand
    // explains.
    let index =
        held.or_else(|| operands.iter().position(|o| o.address.is_none()));
    let Some(index) = index else { return (Cause::Unexplained, None) };
    (access(&operands[index], addr, mem), Some(index))
}

fn access(operand: &Operand, address: u64, mem: &dyn Mem) -> Cause {
    let through = operand.culprit();
    let offset = through
        .and_then(|register| register.value)
        .map(|value| address.wrapping_sub(value) as i64);
    Cause::Access {
        access: operand.access,
        address,
        class: AddressClass::of(address, mem),
        through,
        offset,
    }
}

/// A general protection fault: nothing but the instruction tells why.
fn protection(
    ins: &Instruction,
    operands: &[Operand],
    regs: &Regs,
    mem: &dyn Mem,
) -> (Cause, Option<usize>) {
    let bad = operands.iter().position(|operand| {
        operand.address.is_some_and(|addr| {
            let last = addr.wrapping_add(operand.size.max(1) - 1);
            !is_canonical(addr) || !is_canonical(last)
        })
    });
    if let Some(index) = bad {
        let addr = operands[index].address.unwrap_or_default();
        return (access(&operands[index], addr, mem), Some(index));
    }
    if let Some(cause) = bad_target(ins, operands, regs, mem) {
        return (cause, None);
    }
    if let Some((index, alignment)) = operands::alignment(ins, operands) {
        let address = operands[index].address.unwrap_or_default();
        return (Cause::Misaligned { address, alignment }, Some(index));
    }
    if is_privileged(ins) {
        return (Cause::Privileged, None);
    }
    (Cause::Unexplained, None)
}

/// A branch whose target is not canonical faults before it branches.
fn bad_target(
    ins: &Instruction,
    operands: &[Operand],
    regs: &Regs,
    mem: &dyn Mem,
) -> Option<Cause> {
    let (target, register, word) = match ins.mnemonic() {
        Mnemonic::Ret => {
            let sp = regs.gpr[RSP]?;
            (read_u64(mem, sp)?, None, Some(sp))
        }
        Mnemonic::Call | Mnemonic::Jmp => match ins.op0_kind() {
            OpKind::Register => {
                let index = super::dwarf_index(ins.op0_register())?;
                (regs.gpr[index]?, Some(super::NAMES[index]), None)
            }
            OpKind::Memory => {
                let word = operands.iter().find(|o| !o.implicit)?.address?;
                (read_u64(mem, word)?, None, Some(word))
            }
            _ => return None,
        },
        _ => return None,
    };
    let class = AddressClass::of(target, mem);
    (class == AddressClass::NonCanonical).then_some(Cause::Target {
        target,
        class,
        register,
        word,
    })
}

fn is_privileged(ins: &Instruction) -> bool {
    ins.is_privileged()
        || matches!(
            ins.mnemonic(),
            Mnemonic::Hlt
                | Mnemonic::Cli
                | Mnemonic::Sti
                | Mnemonic::In
                | Mnemonic::Out
                | Mnemonic::Insb
                | Mnemonic::Insw
                | Mnemonic::Insd
                | Mnemonic::Outsb
                | Mnemonic::Outsw
                | Mnemonic::Outsd
                | Mnemonic::Int
        )
}

fn illegal(ins: &Instruction) -> Cause {
    match ins.mnemonic() {
        Mnemonic::Ud0 | Mnemonic::Ud1 | Mnemonic::Ud2 => Cause::Undefined,
        _ => Cause::Refused,
    }
}

/// A breakpoint is reported with the pc behind it.
fn trap(rip: u64, mem: &dyn Mem) -> Cause {
    let mut byte = [0];
    let before = rip.checked_sub(1).is_some_and(|at| mem.read(at, &mut byte));
    if before && byte[0] == 0xcc {
        Cause::Breakpoint
    } else {
        Cause::Unexplained
    }
}

/// Formats an instruction in Intel syntax, lower case, C-style numbers.
fn text(ins: &Instruction) -> String {
    let mut formatter = IntelFormatter::new();
    let options = formatter.options_mut();
    options.set_hex_prefix("0x");
    options.set_hex_suffix("");
    options.set_uppercase_hex(false);
    options.set_leading_zeros(false);
    options.set_branch_leading_zeros(false);
    options.set_small_hex_numbers_in_decimal(false);
    options.set_space_after_operand_separator(true);
    let mut out = String::new();
    formatter.format(ins, &mut out);
    out
}

fn spell(bytes: &[u8]) -> String {
    let words: Vec<String> =
        bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    words.join(" ")
}

fn hex<S: Serializer>(value: &u64, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&format_args!("{value:#x}"))
}

fn hex_option<S: Serializer>(
    value: &Option<u64>,
    to: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => hex(value, to),
        None => to.serialize_none(),
    }
}
