use super::image::Image;
use super::stopped;
use crate::insn::step::{Confidence, Method, step};
use crate::insn::{RBP, RBX, RSP};

const F: u64 = 0x40_1000;
const CALLER: u64 = 0x40_2000;
const CFA: u64 = 0x7ffe_0100;

/// `push rbp; mov rbp, rsp; push rbx; mov ebx, edi; sub rsp, 0x18; call g;
/// add rsp, 0x18; pop rbx; pop rbp; ret`
const FRAMED: [u8; 23] = [
    0x55, 0x48, 0x89, 0xe5, 0x53, 0x89, 0xfb, 0x48, 0x83, 0xec, 0x18, 0xe8,
    0xf0, 0x00, 0, 0, 0x48, 0x83, 0xc4, 0x18, 0x5b, 0x5d, 0xc3,
];

/// The function at F, and at CALLER `call F; nop`; the stack above F's frame.
fn image(code: &[u8]) -> Image {
    let mut f = code.to_vec();
    f.resize(0x1000, 0x90);
    let mut call = vec![0xe8];
    let rel = (F as i64 - (CALLER as i64 + 5)) as i32;
    call.extend_from_slice(&rel.to_le_bytes());
    call.resize(64, 0x90);
    let mut image = Image::at(F, &f);
    image.pieces.push((CALLER, call));
    image.words(CFA, &[0x1; 64])
}

/// Words from the stack pointer up to the return address.
fn stack(image: Image, below: &[u64]) -> (Image, u64) {
    let rsp = CFA - 8 - 8 * below.len() as u64;
    let mut words = below.to_vec();
    words.push(CALLER + 5);
    (image.words(rsp, &words), rsp)
}

#[test]
fn every_instruction_of_a_framed_function() {
    let (rbp, rbx) = (CFA + 0x40, 0xbbbb);
    let frame = CFA - 16;
    // offset, words on the stack, rbp now, rbx now
    let full: &[u64] = &[7, 7, 7, rbx, rbp];
    let places: [(u64, &[u64], u64, u64); 10] = [
        (0, &[], rbp, rbx),
        (1, &[rbp], rbp, rbx),
        (4, &[rbp], frame, rbx),
        (5, &[rbx, rbp], frame, rbx),
        (7, &[rbx, rbp], frame, 5),
        (11, full, frame, 5),
        (16, full, frame, 5),
        (20, &[rbx, rbp], frame, 5),
        (21, &[rbp], frame, rbx),
        (22, &[], rbp, rbx),
    ];
    for (off, below, rbp_now, rbx_now) in places {
        for start in [None, Some(F)] {
            let (image, rsp) = stack(image(&FRAMED), below);
            let mut regs = stopped(F + off, rsp);
            regs.gpr[RBP] = Some(rbp_now);
            regs.gpr[RBX] = Some(rbx_now);
            let got = step(start, F + off, true, &regs, &image)
                .unwrap_or_else(|| panic!("nothing at +{off} {start:?}"));
            assert_eq!(got.cfa, CFA, "+{off}");
            assert_eq!(got.regs.rip, CALLER + 5);
            assert_eq!(got.regs.gpr[RSP], Some(CFA));
            assert_eq!(got.regs.gpr[RBP], Some(rbp), "+{off} {start:?}");
            assert_eq!(got.regs.gpr[RBX], Some(rbx), "+{off} {start:?}");
            assert_eq!(got.confidence, Confidence::Proven, "+{off}");
            assert_eq!(got.method, Method::PrologueAndEpilogue);
        }
    }
}

#[test]
fn leave_and_what_follows() {
    // push rbp; mov rbp, rsp; sub rsp, 0x20; leave; ret
    let code = [0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x20, 0xc9, 0xc3];
    let rbp = CFA + 0x40;
    for (off, below, now) in
        [(8, &[0, 0, 0, 0, rbp][..], CFA - 16), (9, &[][..], rbp)]
    {
        let (image, rsp) = stack(image(&code), below);
        let mut regs = stopped(F + off, rsp);
        regs.gpr[RBP] = Some(now);
        let got = step(None, F + off, true, &regs, &image).unwrap();
        assert_eq!((got.cfa, got.regs.gpr[RBP]), (CFA, Some(rbp)));
    }
}

#[test]
fn return_address_of_a_call_that_does_not_return() {
    // push rbx; call g; and then another function begins: push rbp; ...
    let code = [
        0x53, 0xe8, 0xfa, 0, 0, 0, 0x55, 0x48, 0x83, 0xec, 0x10, 0x48, 0x83,
        0xc4, 0x10, 0x5d, 0xc3,
    ];
    let (image, rsp) = stack(image(&code), &[0xbbbb]);
    let mut regs = stopped(F + 6, rsp);
    regs.gpr[RBX] = Some(0xbbbb);
    let got = step(Some(F), F + 6, false, &regs, &image).unwrap();
    assert_eq!(got.cfa, CFA);
    assert_eq!(got.regs.gpr[RBX], Some(0xbbbb));
}

#[test]
fn caller_saved_registers_are_given_only_when_untouched() {
    // mov eax, 1; nop; ret
    let code = [0xb8, 1, 0, 0, 0, 0x90, 0xc3];
    let (image, rsp) = stack(image(&code), &[]);
    let mut regs = stopped(F + 5, rsp);
    regs.gpr[0] = Some(1);
    regs.gpr[5] = Some(0xd1);
    let got = step(Some(F), F + 5, true, &regs, &image).unwrap();
    assert_eq!((got.regs.gpr[0], got.regs.gpr[5]), (None, Some(0xd1)));
    let unknown_start = step(None, F + 5, true, &regs, &image).unwrap();
    assert_eq!(unknown_start.regs.gpr[5], None);
}

#[test]
fn linkage_stubs() {
    // jmp [rip+0x1000]; push 3; jmp first
    let lazy = [
        0xff, 0x25, 0x00, 0x10, 0, 0, 0x68, 3, 0, 0, 0, 0xe9, 0xe0, 0xff, 0xff,
        0xff,
    ];
    for (off, below) in [(0, &[][..]), (6, &[][..]), (11, &[3][..])] {
        let (image, rsp) = stack(image(&lazy), below);
        let got = step(None, F + off, true, &stopped(F + off, rsp), &image);
        let got = got.unwrap_or_else(|| panic!("nothing at +{off}"));
        assert_eq!((got.cfa, got.method), (CFA, Method::Stub));
        assert_eq!(got.confidence, Confidence::Proven);
    }
    // endbr64; bnd jmp [rip+0x1000]
    let second =
        [0xf3, 0x0f, 0x1e, 0xfa, 0xf2, 0xff, 0x25, 0x00, 0x10, 0, 0, 0x90];
    for off in [0, 4] {
        let (image, rsp) = stack(image(&second), &[]);
        let got = step(None, F + off, true, &stopped(F + off, rsp), &image);
        assert_eq!(got.unwrap().cfa, CFA);
    }
}

#[test]
fn a_signal_handler_returns_to_its_restorer() {
    let mut image = image(&[0xc3]);
    let restorer = 0x40_3000;
    let code = vec![0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05];
    image.pieces.push((restorer, code));
    let image = image.words(CFA - 8, &[restorer]);
    let got = step(Some(F), F, true, &stopped(F, CFA - 8), &image).unwrap();
    assert_eq!(got.regs.rip, restorer);
    assert_eq!(got.confidence, Confidence::Proven);
}

#[test]
fn no_return_address_no_answer() {
    let mut regs = stopped(F, CFA - 8);
    // Into code that is no call's end, and into nothing.
    for word in [CALLER + 9, CALLER + 4, 0x1234_5678, 0, u64::MAX] {
        let image = image(&FRAMED).words(CFA - 8, &[word]);
        assert_eq!(step(None, F, true, &regs, &image), None, "{word:#x}");
    }
    let image = image(&FRAMED).words(CFA - 8, &[CALLER + 5]);
    assert!(step(None, F, true, &regs, &image).is_some());
    regs.gpr[RSP] = None;
    assert_eq!(step(Some(F), F, true, &regs, &image), None);
}

#[test]
fn a_caller_whose_code_is_absent_is_weak() {
    let image = image(&FRAMED).words(CFA - 8, &[0x7f00_1234_5678]);
    let regs = stopped(F, CFA - 8);
    let got = step(Some(F), F, true, &regs, &image).unwrap();
    assert_eq!(got.confidence, Confidence::Weak);
    let image = self::image(&FRAMED).words(CFA - 8, &[0x4141_4141_4141_4141]);
    assert_eq!(step(Some(F), F, true, &regs, &image), None);
}

#[test]
fn the_entering_call_is_found_when_nothing_returns() {
    // push rbx; sub rsp, 16; jmp self
    let code = [0x53, 0x48, 0x83, 0xec, 0x10, 0xeb, 0xfe];
    // A stale return address of the same call lies below.
    let (image, rsp) = stack(image(&code), &[CALLER + 5, 0, 0xbbbb]);
    let mut regs = stopped(F + 5, rsp);
    regs.gpr[RBX] = Some(0xbbbb);
    let got = step(None, F + 5, true, &regs, &image).unwrap();
    assert_eq!((got.cfa, got.confidence), (CFA, Confidence::Proven));
    assert_eq!(got.regs.gpr[RBX], Some(0xbbbb));
}

#[test]
fn frame_pointer_as_a_last_resort() {
    // An endless loop says nothing about the way out, and `call rax` nothing
    // about the way in.
    let frame = CFA - 16;
    let mut image = image(&[0xeb, 0xfe]);
    image.pieces.push((0x40_3000, vec![0xff, 0xd0, 0x90]));
    let back = 0x40_3002;
    let chain = [0, 0, 0, 0, CFA + 0x40, back];
    let mut regs = stopped(F, frame - 0x20);
    regs.gpr[RBP] = Some(frame);
    let good = image.clone().words(frame - 0x20, &chain);
    let got = step(None, F, true, &regs, &good).unwrap();
    assert_eq!((got.method, got.cfa), (Method::FramePointer, CFA));
    assert_eq!(got.regs.gpr[RBP], Some(CFA + 0x40));
    assert_eq!(got.confidence, Confidence::Weak);
    // A chain that does not go up is none.
    let down = [0, 0, 0, 0, frame - 8, back];
    let bad = image.words(frame - 0x20, &down);
    assert_eq!(step(None, F, true, &regs, &bad), None);
}
