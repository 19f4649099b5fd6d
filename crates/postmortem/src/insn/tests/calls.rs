use super::image::Image;
use crate::insn::calls::{CallKind, is_return_address};
use crate::insn::sigreturn;
use crate::insn::{RSP, Regs};

const AT: u64 = 0x40_1000;

/// Code that ends in `call`, with room for a direct call's target.
fn behind(call: &[u8]) -> Option<CallKind> {
    let mut code = vec![0x90; 16];
    code.extend_from_slice(call);
    let end = AT + code.len() as u64;
    code.extend_from_slice(&[0x90; 256]);
    is_return_address(end, &Image::at(AT, &code))
}

#[test]
fn indirect_calls_in_all_lengths() {
    let calls: [&[u8]; 12] = [
        &[0xff, 0xd0],                            // call rax
        &[0x41, 0xff, 0xd4],                      // call r12
        &[0x3e, 0xff, 0xd0],                      // notrack call rax
        &[0xff, 0x10],                            // call [rax]
        &[0xff, 0x14, 0xc8],                      // call [rax+rcx*8]
        &[0xff, 0x50, 0x18],                      // call [rax+0x18]
        &[0xff, 0x54, 0xc8, 0x18],                // call [rax+rcx*8+0x18]
        &[0xff, 0x90, 0, 1, 0, 0],                // call [rax+0x100]
        &[0xff, 0x94, 0xc8, 0, 1, 0, 0],          // call [rax+rcx*8+0x100]
        &[0x41, 0xff, 0x94, 0xc8, 0, 1, 0, 0],    // the same over r8
        &[0xff, 0x14, 0x25, 0, 0, 0x40, 0],       // call [0x400000]
        &[0x64, 0xff, 0x14, 0x25, 0x10, 0, 0, 0], // call fs:[0x10]
    ];
    for call in calls {
        let got = behind(call);
        let at = AT + 16;
        assert_eq!(
            got,
            Some(CallKind::Indirect { at, slot: None }),
            "{call:02x?}"
        );
    }
}

#[test]
fn calls_that_name_their_target() {
    let at = AT + 16;
    let near = behind(&[0xe8, 0x20, 0, 0, 0]);
    assert_eq!(near, Some(CallKind::Direct { at, target: at + 5 + 0x20 }));
    let relaxed = behind(&[0x67, 0xe8, 0x20, 0, 0, 0]);
    assert_eq!(relaxed, Some(CallKind::Direct { at, target: at + 6 + 0x20 }));
    let table = behind(&[0xff, 0x15, 0x40, 0, 0, 0]);
    assert_eq!(
        table,
        Some(CallKind::Indirect { at, slot: Some(at + 6 + 0x40) })
    );
}

#[test]
fn other_instructions_are_no_calls() {
    let others: [&[u8]; 6] = [
        &[0x90],                // nop
        &[0xff, 0xe0],          // jmp rax
        &[0xe9, 0x20, 0, 0, 0], // jmp
        &[0xff, 0x18],          // call far [rax]
        &[0xff, 0x30],          // push [rax]
        &[0xe8, 0, 0, 0, 0x40], // call to absent memory
    ];
    for other in others {
        assert_eq!(behind(other), None, "{other:02x?}");
    }
}

#[test]
fn a_call_at_the_start_of_a_mapping_is_seen() {
    let image = Image::at(AT, &[0xff, 0xd0, 0x90]);
    assert!(is_return_address(AT + 2, &image).is_some());
    assert!(is_return_address(AT + 1, &image).is_none());
    assert!(is_return_address(AT, &image).is_none());
    assert!(is_return_address(0, &image).is_none());
    assert!(is_return_address(u64::MAX, &image).is_none());
}

#[test]
fn restorers_and_the_registers_they_load() {
    let long = [0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05];
    let short = [0xb8, 0x0f, 0, 0, 0, 0x0f, 0x05];
    let words: Vec<u64> = (100..117).collect();
    let stack = 0x7ffe_0000;
    let image = Image::at(AT, &long).words(stack + 40, &words);
    assert!(sigreturn::is_restorer(AT, &image));
    assert!(sigreturn::is_restorer(AT + 7, &image));
    assert!(!sigreturn::is_restorer(AT + 1, &image));
    assert!(sigreturn::is_restorer(AT, &Image::at(AT, &short)));
    assert!(sigreturn::is_restorer(AT + 5, &Image::at(AT, &short)));

    let mut regs = Regs { rip: AT, fs_base: Some(7), ..Regs::default() };
    assert_eq!(sigreturn::caller(&regs, &image), None);
    regs.gpr[RSP] = Some(stack);
    let caller = sigreturn::caller(&regs, &image).unwrap();
    // r8..r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip
    let dwarf = [
        113, 112, 114, 111, 109, 108, 110, 115, 100, 101, 102, 103, 104, 105,
        106, 107,
    ];
    assert_eq!(caller.gpr, dwarf.map(Some));
    assert_eq!(caller.rip, 116);
    assert_eq!(caller.fs_base, Some(7));
    regs.gpr[RSP] = Some(u64::MAX - 20);
    assert_eq!(sigreturn::caller(&regs, &image), None);
}
