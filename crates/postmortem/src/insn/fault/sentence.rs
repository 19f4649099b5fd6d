//! The explanation in one line of English.

use super::operands::{describe, is_stack};
use super::{
    Access, AddressClass, Arrival, Cause, Explanation, Operand, Register,
    SIGBUS, SIGSEGV,
};

/// Says why, in one line without a full stop.
pub(super) fn of(ex: &Explanation, signo: i32, code: i32) -> String {
    let text = ex.text.as_deref().unwrap_or("");
    match &ex.cause {
        Cause::Access { access, address, class, through, offset } => {
            let operand = ex.faulting.and_then(|n| ex.operands.get(n));
            let verb = verb(*access);
            let size = operand.map_or(0, |o| o.size);
            let place = place(*address, *class, *through, *offset);
            let role = role(text, operand);
            format!(
                "`{text}` {verb} {}{role} at {place}{}",
                amount(size),
                why(signo, code, *class, *access)
            )
        }
        Cause::ProgramCounter { class, arrival } => {
            bad_pc(ex.pc, *class, arrival.as_ref(), signo, code)
        }
        Cause::Target { target, class, register, word } => {
            target_sentence(text, *target, *class, *register, *word)
        }
        Cause::Misaligned { address, alignment } => format!(
            "`{text}` needs its operand at a multiple of {alignment}, \
             {address:#x} is not"
        ),
        Cause::DivideByZero => format!("`{text}` divides by zero"),
        Cause::DivideOverflow { dividend, divisor } => format!(
            "`{text}` divides {dividend} by {divisor}: the quotient does \
             not fit"
        ),
        Cause::FloatingPoint => {
            format!("`{text}` raised {}", floating(code))
        }
        Cause::Breakpoint => {
            "a breakpoint instruction (int3) was executed".to_owned()
        }
        Cause::Undefined => format!(
            "`{text}` was executed: code marked as unreachable, or a failed \
             check"
        ),
        Cause::NoInstruction => {
            format!("the bytes {} are no instruction", ex.bytes)
        }
        Cause::Refused => {
            format!("this processor does not execute `{text}`")
        }
        Cause::Privileged => {
            format!("`{text}` is allowed to the kernel only")
        }
        Cause::Sent => "the signal was sent; no instruction faulted".to_owned(),
        Cause::Unexplained => {
            format!("`{text}` does not show why it faulted")
        }
    }
}

fn verb(access: Access) -> &'static str {
    match access {
        Access::Read => "reads",
        Access::Write => "writes",
        Access::ReadWrite => "reads and writes",
    }
}

fn amount(size: u64) -> String {
    match size {
        0 => "memory".to_owned(),
        1 => "1 byte".to_owned(),
        n => format!("{n} bytes"),
    }
}

/// What an implicit operand is for.
fn role(text: &str, operand: Option<&Operand>) -> &'static str {
    if !operand.is_some_and(is_stack) {
        return "";
    }
    match text.split(' ').next() {
        Some("call") => " (its return address)",
        Some("ret") => " (the return address)",
        _ => " (the top of the stack)",
    }
}

fn place(
    address: u64,
    class: AddressClass,
    through: Option<Register>,
    offset: Option<i64>,
) -> String {
    let base = match (class, through.and_then(|r| r.value), offset) {
        (AddressClass::NearNull, Some(0), Some(off)) => {
            let sign = if off < 0 { "minus" } else { "plus" };
            format!("{address:#x}: null {sign} {:#x}", off.unsigned_abs())
        }
        (AddressClass::NonCanonical | AddressClass::Kernel, _, _) => {
            format!("{address:#x}: {}", describe(class))
        }
        (AddressClass::Null | AddressClass::NearNull, _, _) => {
            format!("{address:#x}: {}", describe(class))
        }
        _ => format!("{address:#x}"),
    };
    let Some(register) = through else { return base };
    match register.value {
        Some(0) | None => format!("{base} through {}", register.name),
        Some(value) if value == address => {
            format!("{base} through {}", register.name)
        }
        Some(value) => {
            format!("{base} through {} = {value:#x}", register.name)
        }
    }
}

/// What the kernel's code adds.
fn why(
    signo: i32,
    code: i32,
    class: AddressClass,
    access: Access,
) -> &'static str {
    let low = matches!(
        class,
        AddressClass::Null
            | AddressClass::NearNull
            | AddressClass::NonCanonical
    );
    match (signo, code) {
        (SIGSEGV, 1) if !low => ": nothing is mapped there",
        (SIGSEGV, 2) if access == Access::Read => {
            ": the mapping there may not be read"
        }
        (SIGSEGV, 2) => ": the mapping there may not be written",
        (SIGSEGV, 3) => ": outside its bounds",
        (SIGSEGV, 4) => ": a protection key forbids it",
        (SIGBUS, 1) => ": not aligned",
        (SIGBUS, 2) => ": past the end of the mapped file",
        (SIGBUS, 3) => ": the device behind the mapping failed",
        (SIGBUS, 4 | 5) => ": the memory there is damaged (machine check)",
        _ => "",
    }
}

fn bad_pc(
    pc: u64,
    class: AddressClass,
    arrival: Option<&Arrival>,
    signo: i32,
    code: i32,
) -> String {
    let what = match class {
        AddressClass::Present if (signo, code) == (SIGSEGV, 2) => {
            "mapped but not executable"
        }
        AddressClass::Absent if (signo, code) == (SIGSEGV, 1) => {
            "nothing is mapped there"
        }
        AddressClass::Absent if (signo, code) == (SIGSEGV, 2) => {
            "the mapping there is not executable"
        }
        other => describe(other),
    };
    let how = match arrival {
        Some(Arrival::Call { at, text }) => {
            format!("; called by `{text}` at {at:#x}")
        }
        Some(Arrival::Return) => "; a ret popped it off the stack".to_owned(),
        None => String::new(),
    };
    format!("the program counter itself is bad: {pc:#x}, {what}{how}")
}

fn target_sentence(
    text: &str,
    target: u64,
    class: AddressClass,
    register: Option<&str>,
    word: Option<u64>,
) -> String {
    let kind = describe(class);
    match (register, word) {
        (Some(register), _) => {
            format!("`{text}` goes to {target:#x} in {register}: {kind}")
        }
        (None, Some(word)) if text.starts_with("ret") => format!(
            "`{text}` pops the return address {target:#x} at {word:#x}: {kind}"
        ),
        (None, Some(word)) => {
            format!("`{text}` goes to {target:#x} read at {word:#x}: {kind}")
        }
        (None, None) => format!("`{text}` goes to {target:#x}: {kind}"),
    }
}

fn floating(code: i32) -> &'static str {
    match code {
        3 => "a floating-point division by zero",
        4 => "a floating-point overflow",
        5 => "a floating-point underflow",
        6 => "an inexact floating-point result",
        7 => "an invalid floating-point operation",
        _ => "an arithmetic exception",
    }
}
