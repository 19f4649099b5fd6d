use super::image::Image;
use super::stopped;
use crate::insn::fault::{
    Access, AddressClass, Arrival, Cause, Explanation, explain,
};
use crate::insn::{RSP, Regs};

const AT: u64 = 0x40_1000;
const STACK: u64 = 0x7ffe_0000;
const SIGSEGV: i32 = 11;

/// One instruction stopped with registers set by DWARF index.
struct Stop {
    image: Image,
    regs: Regs,
}

fn stop(code: &[u8]) -> Stop {
    let mut padded = code.to_vec();
    padded.extend_from_slice(&[0x90; 16]);
    Stop {
        image: Image::at(AT, &padded).words(STACK, &[0x1111; 32]),
        regs: stopped(AT, STACK),
    }
}

impl Stop {
    fn with(mut self, index: usize, value: u64) -> Stop {
        self.regs.gpr[index] = Some(value);
        self
    }

    fn fault(&self, addr: Option<u64>, signo: i32, code: i32) -> Explanation {
        explain(&self.regs, &self.image, addr, signo, code).unwrap()
    }
}

#[test]
fn null_plus_offset() {
    // mov rdx, [rax+0x10]
    let ex = stop(&[0x48, 0x8b, 0x50, 0x10]).with(0, 0).fault(
        Some(0x10),
        SIGSEGV,
        1,
    );
    assert_eq!(
        ex.sentence,
        "`mov rdx, [rax+0x10]` reads 8 bytes at 0x10: null plus 0x10 \
         through rax"
    );
    assert_eq!(
        (ex.faulting, ex.length, ex.bytes.as_str()),
        (Some(0), 4, "48 8b 50 10")
    );
}

#[test]
fn null_minus_offset() {
    // mov rdx, [rax-8]
    let ex = stop(&[0x48, 0x8b, 0x50, 0xf8]).with(0, 0).fault(
        Some(u64::MAX - 7),
        SIGSEGV,
        1,
    );
    assert!(ex.sentence.ends_with("null minus 0x8 through rax"), "{ex:?}");
}

#[test]
fn write_through_an_index() {
    // mov dword [rdi+rsi*4], 1
    let ex = stop(&[0xc7, 0x04, 0xb7, 1, 0, 0, 0])
        .with(5, STACK)
        .with(4, 0x4000_0000)
        .fault(Some(STACK + 0x1_0000_0000), SIGSEGV, 1);
    let Cause::Access { access, class, through, .. } = &ex.cause else {
        panic!("{ex:?}")
    };
    assert_eq!((*access, *class), (Access::Write, AddressClass::Absent));
    assert_eq!(through.unwrap().name, "rdi");
    assert!(ex.sentence.contains("writes 4 bytes"), "{}", ex.sentence);
    assert!(ex.sentence.ends_with("nothing is mapped there"));
}

#[test]
fn read_only_page() {
    // mov byte [rax], 0
    let ex =
        stop(&[0xc6, 0x00, 0]).with(0, STACK).fault(Some(STACK), SIGSEGV, 2);
    assert_eq!(
        ex.sentence,
        "`mov byte ptr [rax], 0x0` writes 1 byte at 0x7ffe0000 through rax: \
         the mapping there may not be written"
    );
}

#[test]
fn non_canonical_operand() {
    // mov eax, [rbx+8]
    let ex = stop(&[0x8b, 0x43, 0x08]).with(3, 0x4847_4645_4443_4241).fault(
        Some(0),
        SIGSEGV,
        128,
    );
    assert_eq!(
        ex.sentence,
        "`mov eax, [rbx+0x8]` reads 4 bytes at 0x4847464544434249: not a \
         canonical address through rbx = 0x4847464544434241"
    );
}

#[test]
fn smashed_return_address() {
    let mut s = stop(&[0xc3]);
    s.image = Image::at(AT, &[0xc3; 16]).words(STACK, &[0x4847_4645_4443_4241]);
    let ex = s.fault(Some(0), SIGSEGV, 128);
    assert_eq!(
        ex.sentence,
        "`ret` pops the return address 0x4847464544434241 at 0x7ffe0000: not \
         a canonical address"
    );
}

#[test]
fn bad_call_target() {
    let ex = stop(&[0xff, 0xd0]).with(0, 0xdead_beef_dead_beef).fault(
        Some(0),
        SIGSEGV,
        128,
    );
    let Cause::Target { target, register, .. } = ex.cause else {
        panic!("{ex:?}")
    };
    assert_eq!((target, register), (0xdead_beef_dead_beef, Some("rax")));
}

#[test]
fn stack_overflow_in_call_and_push() {
    let below = STACK - 0x1000;
    // call AT+0x100
    let ex = stop(&[0xe8, 0xfb, 0, 0, 0]).with(RSP, below).fault(
        Some(below - 8),
        SIGSEGV,
        1,
    );
    assert!(
        ex.sentence.contains("writes 8 bytes (its return address)"),
        "{}",
        ex.sentence
    );
    assert!(ex.operands[0].implicit);
    // push rbp
    let ex = stop(&[0x55]).with(RSP, below).fault(Some(below - 8), SIGSEGV, 1);
    assert!(ex.sentence.contains("(the top of the stack)"), "{}", ex.sentence);
    // push qword [rax]: the stack is not to blame
    let ex = stop(&[0xff, 0x30]).with(0, 0).fault(Some(0), SIGSEGV, 1);
    assert!(ex.sentence.contains("reads 8 bytes at 0x0: null"), "{ex:?}");
}

#[test]
fn string_instruction_names_the_side_that_faulted() {
    // rep movsb
    let s = stop(&[0xf3, 0xa4]).with(4, STACK).with(5, 0x5000).with(2, 9);
    let ex = s.fault(Some(0x5000), SIGSEGV, 1);
    let operand = &ex.operands[ex.faulting.unwrap()];
    assert_eq!(operand.access, Access::Write);
    assert_eq!(operand.base.unwrap().name, "rdi");
}

#[test]
fn thread_local_and_rip_relative() {
    // mov rax, fs:[0x28]
    let mut s = stop(&[0x64, 0x48, 0x8b, 0x04, 0x25, 0x28, 0, 0, 0]);
    s.regs.fs_base = Some(0);
    let ex = s.fault(Some(0x28), SIGSEGV, 1);
    assert_eq!(ex.operands[0].address, Some(0x28));
    assert!(ex.sentence.contains("through fs"), "{}", ex.sentence);
    // mov eax, [rip+0x100]
    let ex =
        stop(&[0x8b, 0x05, 0, 1, 0, 0]).fault(Some(AT + 0x106), SIGSEGV, 1);
    assert_eq!(ex.faulting, Some(0));
}

#[test]
fn misaligned_sse() {
    // movaps xmm0, [rax]
    let ex = stop(&[0x0f, 0x28, 0x00]).with(0, STACK + 8).fault(
        Some(0),
        SIGSEGV,
        128,
    );
    assert_eq!(
        ex.cause,
        Cause::Misaligned { address: STACK + 8, alignment: 16 }
    );
    // movups does not care
    let ex = stop(&[0x0f, 0x10, 0x00]).with(0, STACK + 8).fault(
        Some(0),
        SIGSEGV,
        128,
    );
    assert_eq!(ex.cause, Cause::Unexplained);
    // addps xmm0, [rax] does
    let ex = stop(&[0x0f, 0x58, 0x00]).with(0, STACK + 4).fault(
        Some(0),
        SIGSEGV,
        128,
    );
    assert!(matches!(ex.cause, Cause::Misaligned { .. }));
}

#[test]
fn divisions() {
    // idiv ecx
    let ex = stop(&[0xf7, 0xf9]).with(2, 0).with(0, 5).with(1, 0).fault(
        Some(AT),
        8,
        1,
    );
    assert_eq!(ex.cause, Cause::DivideByZero);
    // INT_MIN / -1
    let ex = stop(&[0xf7, 0xf9])
        .with(2, 0xffff_ffff)
        .with(0, 0x8000_0000)
        .with(1, 0xffff_ffff)
        .fault(Some(AT), 8, 1);
    assert_eq!(
        ex.cause,
        Cause::DivideOverflow {
            dividend: "0xffffffff80000000".into(),
            divisor: "0xffffffff".into()
        }
    );
    // div qword [rsp+8]
    let s = stop(&[0x48, 0xf7, 0x74, 0x24, 0x08]).with(0, 1).with(1, 0x1111);
    let ex = s.fault(Some(AT), 8, 1);
    assert!(matches!(ex.cause, Cause::DivideOverflow { .. }), "{ex:?}");
}

#[test]
fn traps_and_privileges() {
    let ex = stop(&[0x0f, 0x0b]).fault(Some(AT), 4, 2);
    assert_eq!(ex.cause, Cause::Undefined);
    let ex = stop(&[0xf4]).fault(Some(0), SIGSEGV, 128);
    assert_eq!(ex.cause, Cause::Privileged);
    let mut s = stop(&[0xcc, 0x90]);
    s.regs.rip = AT + 1;
    assert_eq!(s.fault(None, 5, 128).cause, Cause::Breakpoint);
    let ex = stop(&[0x06]).fault(Some(AT), 4, 2);
    assert_eq!(ex.cause, Cause::NoInstruction);
    let ex = stop(&[0x0f, 0x05]).fault(None, 6, -6);
    assert_eq!(ex.cause, Cause::Sent);
}

#[test]
fn call_through_null() {
    // call rax at AT, pc now 0
    let mut s = stop(&[0xff, 0xd0]);
    s.image = Image::at(AT, &[0xff, 0xd0, 0x90]).words(STACK, &[AT + 2]);
    s.regs.rip = 0;
    let ex = s.fault(Some(0), SIGSEGV, 1);
    assert_eq!(
        ex.cause,
        Cause::ProgramCounter {
            class: AddressClass::Null,
            arrival: Some(Arrival::Call { at: AT, text: "call rax".into() }),
        }
    );
    assert_eq!(
        ex.sentence,
        "the program counter itself is bad: 0x0, null; called by `call rax` \
         at 0x401000"
    );
}

#[test]
fn pc_popped_by_ret_and_pc_not_executable() {
    let mut s = stop(&[]);
    s.image = s.image.words(0x6000_0000, &[0x7070_7070, 0]);
    s.regs.rip = 0x7070_7070;
    s.regs.gpr[RSP] = Some(0x6000_0008);
    let ex = s.fault(Some(0x7070_7070), SIGSEGV, 1);
    assert_eq!(
        ex.cause,
        Cause::ProgramCounter {
            class: AddressClass::Absent,
            arrival: Some(Arrival::Return),
        }
    );
    s.regs.rip = STACK + 8;
    let ex = s.fault(Some(STACK + 8), SIGSEGV, 2);
    assert!(ex.sentence.contains("mapped but not executable"));
}

#[test]
fn absent_code_is_not_called_a_bad_pc() {
    let mut s = stop(&[]);
    s.regs.rip = 0x5555_0000_0000;
    assert_eq!(explain(&s.regs, &s.image, Some(0x10), SIGSEGV, 1), None);
    assert_eq!(explain(&s.regs, &s.image, None, 8, 1), None);
}
