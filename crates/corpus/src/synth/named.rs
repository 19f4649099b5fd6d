//! Cores written from nothing that are cases of the corpus.

use super::*;
use std::collections::BTreeMap;

/// Names that [`named`] knows.
pub const NAMES: [&str; 9] = [
    "aarch64", "i386", "riscv64", "ppc64-be", "arm", "bare", "xnum", "swiss",
    "phantom",
];

/// Holds a written core and what is true of it.
#[derive(Clone, Debug)]
pub struct Named {
    /// Bytes of the core.
    pub core: Vec<u8>,
    /// Facts, by key: `pid`, `pc`, `sp`, `fault`, `machine`, ...
    pub facts: BTreeMap<String, String>,
}

/// Where the synthetic program is mapped.
const TEXT: u64 = 0x40_0000;
const STACK: u64 = 0x7ff0_0000;

/// Returns a core by name.
pub fn named(name: &str) -> Option<Named> {
    // indexes of pc and sp in the machine's registers
    let (machine, pc, sp) = match name {
        "aarch64" => (AARCH64, 32, 31),
        "i386" => (I386, 12, 15),
        "riscv64" => (RISCV64, 0, 2),
        "ppc64-be" => (PPC64, 32, 1),
        "arm" => (ARM, 15, 13),
        "bare" | "xnum" | "swiss" | "phantom" => (X86_64, 16, 19),
        _ => return None,
    };
    let mut regs = vec![0; machine.registers];
    regs[pc] = TEXT + 0x1010;
    regs[sp] = STACK + 0x800;
    let core = Core::new(machine);
    let core = match name {
        // one thread, nothing else: every other note is missing
        "bare" => core.thread(&Thread { tid: 4321, signal: 11, regs: &regs }),
        // the true count of program headers is in a section header
        "xnum" => usual(core, &regs).extended_phnum(0),
        "swiss" => swiss(usual(core, &regs)),
        // no memory at all, not even absent
        "phantom" => notes(core, &regs),
        _ => usual(core, &regs),
    };
    let facts = [
        ("pid", "4321".to_owned()),
        ("machine", machine.number.to_string()),
        ("pc", format!("0x{:x}", regs[pc])),
        ("sp", format!("0x{:x}", regs[sp])),
        ("fault", "0x18".to_owned()),
    ];
    let facts = facts.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
    Some(Named { core: core.build(), facts })
}

fn notes(core: Core, regs: &[u64]) -> Core {
    core.thread(&Thread { tid: 4321, signal: 11, regs })
        .process(4321, [1000, 100], ["synth", "synth --flag value"])
        .siginfo(11, 1, 0x18)
        .auxv(&[(6, 4096), (9, TEXT + 0x1000), (11, 1000), (13, 100)])
        .files(&[
            (TEXT, TEXT + 0x1000, 0, "/usr/bin/synth"),
            (TEXT + 0x1000, TEXT + 0x2000, 1, "/usr/bin/synth"),
        ])
        .thread(&Thread { tid: 4322, signal: 0, regs })
}

fn usual(core: Core, regs: &[u64]) -> Core {
    notes(core, regs)
        .absent(TEXT, 4, 0x1000)
        .absent(TEXT + 0x1000, 5, 0x1000)
        .load(STACK, 6, &[0; 4096])
}

/// Every kind of PT_LOAD with holes: partly there, empty, one byte.
fn swiss(core: Core) -> Core {
    let part = |address, bytes: &[u8], memsz| Segment {
        kind: 1,
        flags: 6,
        address,
        bytes: bytes.to_owned(),
        memsz,
        ..Segment::default()
    };
    core.segment(part(0x8000_0000, &[1; 100], 0x3000))
        .segment(part(0x8001_0000, &[], 0))
        .segment(part(0x8002_0000, &[2], 1))
        .segment(part(0x8003_0ffc, &[3; 8], 8))
}
