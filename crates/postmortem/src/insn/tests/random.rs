//! Any bytes, any registers: an answer or none, in bounded time.

use std::time::{Duration, Instant};

use super::image::Image;
use super::truth::Rng;
use crate::insn::calls::is_return_address;
use crate::insn::fault::explain;
use crate::insn::step::step;
use crate::insn::{RSP, Regs, sigreturn};

const AT: u64 = 0x40_1000;

/// Pieces of code that make walks long or states strange.
const SEEDS: [&[u8]; 14] = [
    &[0xeb, 0xfe],                               // jmp self
    &[0x50, 0xeb, 0xfd],                         // push in a loop
    &[0x48, 0x29, 0xc4],                         // sub rsp, rax
    &[0x48, 0x83, 0xe4, 0xe0],                   // and rsp, -32
    &[0x75, 0x80],                               // jne back
    &[0xe8, 0, 0, 0, 0],                         // call next
    &[0x5c],                                     // pop rsp
    &[0x48, 0x89, 0xec],                         // mov rsp, rbp
    &[0xc3],                                     // ret
    &[0xc9],                                     // leave
    &[0xff, 0xe0],                               // jmp rax
    &[0x48, 0x8d, 0xa4, 0x24, 0, 0, 0, 0x80],    // lea rsp, [rsp-2G]
    &[0x8f, 0x04, 0x24],                         // pop [rsp]
    &[0x48, 0x81, 0xec, 0xff, 0xff, 0xff, 0x7f], // sub rsp, 2G
];

fn code(rng: &mut Rng, len: usize) -> Vec<u8> {
    let mut code = Vec::new();
    while code.len() < len {
        if rng.below(3) == 0 {
            code.extend_from_slice(SEEDS[rng.below(14) as usize]);
        } else {
            code.push(rng.next() as u8);
        }
    }
    code
}

fn word(rng: &mut Rng) -> u64 {
    match rng.below(6) {
        0 => 0,
        1 => AT + rng.below(0x800),
        2 => 0x7ffe_0000 + 8 * rng.below(64),
        3 => u64::MAX - rng.below(64),
        4 => i64::MAX as u64 + rng.below(3),
        _ => rng.next(),
    }
}

#[test]
fn any_bytes_any_registers() {
    let mut rng = Rng(0x5eed_0001);
    let mut slowest = Duration::ZERO;
    for round in 0..3_000 {
        let size = if round % 100 == 0 { 0x8000 } else { 0x400 };
        let words: Vec<u64> = (0..64).map(|_| word(&mut rng)).collect();
        let image =
            Image::at(AT, &code(&mut rng, size)).words(0x7ffe_0000, &words);
        let mut regs = Regs { rip: word(&mut rng), ..Regs::default() };
        if rng.below(2) == 0 {
            regs.rip = AT + rng.below(size as u64);
        }
        for reg in &mut regs.gpr {
            *reg = (rng.below(8) != 0).then(|| word(&mut rng));
        }
        let begin = Instant::now();
        let start = (rng.below(2) == 0).then(|| AT + rng.below(0x400));
        let pc = regs.rip;
        let stepped = step(start, pc, rng.below(2) == 0, &regs, &image);
        // Upwards, or not at all.
        if let (Some(got), Some(sp)) = (stepped, regs.gpr[RSP]) {
            assert!(got.cfa > sp, "{got:?} from {sp:#x}");
        }
        let signo = rng.below(12) as i32;
        let code = [-6, 0, 1, 2, 128][rng.below(5) as usize];
        let addr = (rng.below(3) != 0).then(|| word(&mut rng));
        if let Some(ex) = explain(&regs, &image, addr, signo, code) {
            assert!(!ex.sentence.is_empty() && !ex.sentence.contains('\n'));
        }
        let _ = is_return_address(pc, &image);
        if sigreturn::is_restorer(pc, &image) {
            let _ = sigreturn::caller(&regs, &image);
        }
        slowest = slowest.max(begin.elapsed());
    }
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
}

#[test]
fn an_endless_listing_is_left_after_the_budget() {
    // Megabytes of conditional jumps forward: every path is new.
    let code: Vec<u8> = [0x75, 0x01].repeat(1 << 20);
    let image = Image::at(AT, &code);
    let regs = super::stopped(AT + 0x10_0000, 0x7ffe_0000);
    let begin = Instant::now();
    assert_eq!(step(Some(AT), regs.rip, true, &regs, &image), None);
    assert_eq!(step(None, regs.rip, true, &regs, &image), None);
    assert!(begin.elapsed() < Duration::from_secs(10));
}
