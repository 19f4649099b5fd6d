//! Writes ELF cores from nothing, for any class, byte order and machine.
//!
//! Independent of every reader here: the layouts are written down again, from
//! the kernel's headers, so that a mistake in a reader is not repeated by its
//! own test.
//!
//! You give notes and memory, and get the bytes of a core:
//!
//! ```
//! use thoth_corpus::synth::{Core, Thread, X86_64};
//!
//! let mut regs = [0; 27];
//! regs[16] = 0x40_1000; // rip
//! regs[19] = 0x7fff_0000; // rsp
//! let core = Core::new(X86_64)
//!     .thread(&Thread { tid: 7, signal: 11, regs: &regs })
//!     .auxv(&[(9, 0x40_1000)])
//!     .files(&[(0x40_0000, 0x40_2000, 0, "/bin/prog")])
//!     .absent(0x40_0000, 5, 0x2000)
//!     .load(0x7fff_0000, 6, &[0; 4096])
//!     .build();
//! assert_eq!(&core[..4], b"\x7fELF");
//! ```
//!
//! Lies are possible on purpose: [`Core::segment`] takes any program header,
//! [`Core::note`] any owner, type and bytes, [`Core::phnum`] any count.

mod bytes;
mod named;

pub use named::{NAMES, Named, named};

use bytes::Bytes;

/// Says how a core's machine lays out its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine {
    /// `e_machine`.
    pub number: u16,
    /// Whether words have 64 bits.
    pub wide: bool,
    /// Whether the most significant byte comes first.
    pub big_endian: bool,
    /// Number of registers in NT_PRSTATUS.
    pub registers: usize,
}

/// x86-64: r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax
/// rip cs eflags rsp ss fs_base gs_base ds es fs gs.
pub const X86_64: Machine =
    Machine { number: 62, wide: true, big_endian: false, registers: 27 };
/// i386: ebx ecx edx esi edi ebp eax xds xes xfs xgs orig_eax eip xcs eflags
/// esp xss.
pub const I386: Machine =
    Machine { number: 3, wide: false, big_endian: false, registers: 17 };
/// aarch64: x0..x30 sp pc pstate.
pub const AARCH64: Machine =
    Machine { number: 183, wide: true, big_endian: false, registers: 34 };
/// riscv64: pc x1..x31.
pub const RISCV64: Machine =
    Machine { number: 243, wide: true, big_endian: false, registers: 32 };
/// ppc64, big-endian: gpr0..31 nip msr orig_gpr3 ctr link xer ccr ...
pub const PPC64: Machine =
    Machine { number: 21, wide: true, big_endian: true, registers: 48 };
/// arm: r0..r15 cpsr orig_r0.
pub const ARM: Machine =
    Machine { number: 40, wide: false, big_endian: false, registers: 18 };

/// Holds one thread's NT_PRSTATUS.
#[derive(Clone, Copy, Debug)]
pub struct Thread<'a> {
    /// Thread id.
    pub tid: i32,
    /// Signal, 0 for none.
    pub signal: i32,
    /// Registers in the machine's order; missing ones are 0.
    pub regs: &'a [u64],
}

/// Holds one program header and, in `bytes`, what lies in the file for it.
#[derive(Clone, Debug, Default)]
pub struct Segment {
    /// `p_type`.
    pub kind: u32,
    /// `p_flags`: 4 read, 2 write, 1 execute.
    pub flags: u32,
    /// `p_vaddr`.
    pub address: u64,
    /// Bytes in the file.
    pub bytes: Vec<u8>,
    /// `p_memsz`.
    pub memsz: u64,
    /// A `p_offset` that is not where the bytes are.
    pub offset: Option<u64>,
    /// A `p_filesz` that is not the length of the bytes.
    pub filesz: Option<u64>,
}

/// Collects the parts of a core.
#[derive(Clone, Debug)]
pub struct Core {
    machine: Machine,
    kind: u16,
    notes: Vec<(String, u32, Vec<u8>)>,
    segments: Vec<Segment>,
    phnum: Option<u16>,
    xnum: Option<u32>,
}

impl Core {
    /// Returns a core without notes or memory.
    pub fn new(machine: Machine) -> Core {
        Core {
            machine,
            kind: 4,
            notes: Vec::new(),
            segments: Vec::new(),
            phnum: None,
            xnum: None,
        }
    }

    /// Adds a note.
    #[must_use]
    pub fn note(mut self, owner: &str, kind: u32, desc: &[u8]) -> Core {
        self.notes.push((owner.to_owned(), kind, desc.to_owned()));
        self
    }

    /// Adds memory that is in the core.
    #[must_use]
    pub fn load(self, address: u64, flags: u32, bytes: &[u8]) -> Core {
        let (bytes, memsz) = (bytes.to_owned(), bytes.len() as u64);
        let kind = 1;
        let base = Segment::default();
        self.segment(Segment { kind, flags, address, bytes, memsz, ..base })
    }

    /// Adds memory that was mapped but is not in the core.
    #[must_use]
    pub fn absent(self, address: u64, flags: u32, memsz: u64) -> Core {
        let base = Segment::default();
        self.segment(Segment { kind: 1, flags, address, memsz, ..base })
    }

    /// Adds any program header.
    #[must_use]
    pub fn segment(mut self, segment: Segment) -> Core {
        self.segments.push(segment);
        self
    }

    /// Replaces `e_phnum`.
    #[must_use]
    pub fn phnum(mut self, phnum: u16) -> Core {
        self.phnum = Some(phnum);
        self
    }

    /// Puts a count into the first section header and 0xffff into `e_phnum`;
    /// 0 means the true count.
    #[must_use]
    pub fn extended_phnum(mut self, count: u32) -> Core {
        self.xnum = Some(count);
        self
    }

    /// Replaces `e_type`, which is 4 for a core.
    #[must_use]
    pub fn kind(mut self, kind: u16) -> Core {
        self.kind = kind;
        self
    }

    /// Adds NT_PRSTATUS.
    #[must_use]
    pub fn thread(self, thread: &Thread<'_>) -> Core {
        let m = self.machine;
        let mut b = Bytes::new(m);
        // 64-bit: cursig @12, masks @16, ids @32, times @48, registers @112;
        // 32-bit: cursig @12, masks @16, ids @24, times @40, registers @72
        b.i32(thread.signal).i32(0).i32(0);
        b.u16(u16::try_from(thread.signal).unwrap_or(0)).u16(0);
        b.word(0).word(0);
        for id in [thread.tid, 1, thread.tid, thread.tid] {
            b.i32(id);
        }
        for _ in 0..8 {
            b.word(0);
        }
        for n in 0..m.registers {
            b.word(thread.regs.get(n).copied().unwrap_or(0));
        }
        b.i32(1).align(if m.wide { 8 } else { 4 });
        self.note("CORE", 1, &b.take())
    }

    /// Adds NT_PRPSINFO: process id, user and group, name, arguments.
    #[must_use]
    pub fn process(self, pid: i32, ids: [u32; 2], text: [&str; 2]) -> Core {
        let m = self.machine;
        let mut b = Bytes::new(m);
        b.raw(&[0, b'R', 0, 0]).align(if m.wide { 8 } else { 4 }).word(0);
        for id in ids {
            // i386 and arm keep the 16-bit ids of old
            match u16::try_from(id) {
                Ok(id) if !m.wide => b.u16(id),
                _ => b.u32(id),
            };
        }
        for id in [pid, 1, pid, pid] {
            b.i32(id);
        }
        b.text(text[0], 16).text(text[1], 80);
        b.align(if m.wide { 8 } else { 4 });
        self.note("CORE", 3, &b.take())
    }

    /// Adds NT_SIGINFO with a fault address.
    #[must_use]
    pub fn siginfo(self, signal: i32, code: i32, address: u64) -> Core {
        let m = self.machine;
        let mut b = Bytes::new(m);
        b.i32(signal).i32(0).i32(code);
        b.align(if m.wide { 8 } else { 4 }).word(address).fill(128);
        self.note("CORE", 0x5349_4749, &b.take())
    }

    /// Adds NT_AUXV, with its end.
    #[must_use]
    pub fn auxv(self, entries: &[(u64, u64)]) -> Core {
        let mut b = Bytes::new(self.machine);
        for (kind, value) in entries.iter().chain(&[(0, 0)]) {
            b.word(*kind).word(*value);
        }
        self.note("CORE", 6, &b.take())
    }

    /// Adds NT_FILE: start, end, offset in pages, path.
    #[must_use]
    pub fn files(self, files: &[(u64, u64, u64, &str)]) -> Core {
        let mut b = Bytes::new(self.machine);
        b.word(files.len() as u64).word(4096);
        for (start, end, page, _) in files {
            b.word(*start).word(*end).word(*page);
        }
        for (.., path) in files {
            b.raw(path.as_bytes()).raw(&[0]);
        }
        self.note("CORE", 0x4649_4c45, &b.take())
    }

    /// Returns the bytes of the core.
    pub fn build(&self) -> Vec<u8> {
        let m = self.machine;
        let (ehdr, phdr) = if m.wide { (64, 56) } else { (52, 32) };
        let shdr = if m.wide { 64 } else { 40 };
        let count = self.segments.len() as u64 + u64::from(self.has_notes());
        let shoff = ehdr + count * phdr;
        let notes_at = shoff + self.xnum.map_or(0, |_| shdr);
        let notes = self.note_bytes();
        let mut at = (notes_at + notes.len() as u64).next_multiple_of(4096);
        let mut b = self.file_header(count, shoff);
        if self.has_notes() {
            let filesz = notes.len() as u64;
            let values = [notes_at, 0, filesz, 0, 4];
            self.program_header(&mut b, 4, 0, values);
        }
        for s in &self.segments {
            let len = s.bytes.len() as u64;
            let offset = s.offset.unwrap_or(at);
            let filesz = s.filesz.unwrap_or(len);
            let values = [offset, s.address, filesz, s.memsz, 4096];
            self.program_header(&mut b, s.kind, s.flags, values);
            at = (at + len).next_multiple_of(4096);
        }
        if let Some(info) = self.xnum {
            let info = if info == 0 { count } else { u64::from(info) };
            let info = u32::try_from(info).unwrap_or(u32::MAX);
            // name, type, flags, address, offset, size, link, then info
            b.u32(0).u32(0).word(0).word(0).word(0).word(0).u32(0).u32(info);
            b.word(0).word(0);
        }
        b.raw(&notes);
        for s in &self.segments {
            b.align(4096).raw(&s.bytes);
        }
        b.take()
    }

    fn has_notes(&self) -> bool {
        !self.notes.is_empty()
    }

    fn note_bytes(&self) -> Vec<u8> {
        let mut b = Bytes::new(self.machine);
        for (owner, kind, desc) in &self.notes {
            b.u32(len32(owner.len() + 1)).u32(len32(desc.len())).u32(*kind);
            b.raw(owner.as_bytes()).raw(&[0]).align(4).raw(desc).align(4);
        }
        b.take()
    }

    fn file_header(&self, count: u64, shoff: u64) -> Bytes {
        let m = self.machine;
        let mut b = Bytes::new(m);
        let class = if m.wide { 2 } else { 1 };
        let order = if m.big_endian { 2 } else { 1 };
        b.raw(b"\x7fELF").raw(&[class, order, 1, 0]).raw(&[0; 8]);
        b.u16(self.kind).u16(m.number).u32(1).word(0);
        b.word(if m.wide { 64 } else { 52 });
        b.word(if self.xnum.is_some() { shoff } else { 0 }).u32(0);
        let true_count = u16::try_from(count).unwrap_or(0xffff);
        let phnum = match (self.phnum, self.xnum) {
            (Some(lie), _) => lie,
            (None, Some(_)) => 0xffff,
            (None, None) => true_count,
        };
        let (ehdr, phdr, shdr) =
            if m.wide { (64, 56, 64) } else { (52, 32, 40) };
        b.u16(ehdr).u16(phdr).u16(phnum);
        b.u16(shdr).u16(u16::from(self.xnum.is_some())).u16(0);
        b
    }

    /// Offset, address, bytes in the file, bytes in memory, alignment.
    fn program_header(
        &self,
        b: &mut Bytes,
        kind: u32,
        flags: u32,
        v: [u64; 5],
    ) {
        let [offset, address, filesz, memsz, align] = v;
        b.u32(kind);
        if self.machine.wide {
            b.u32(flags);
        }
        b.word(offset).word(address).word(0).word(filesz).word(memsz);
        if !self.machine.wide {
            b.u32(flags);
        }
        b.word(align);
    }
}

fn len32(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_have_the_sizes_that_the_kernel_gives_them() {
        for (machine, prstatus, prpsinfo) in [
            (X86_64, 336, 136),
            (AARCH64, 392, 136),
            (I386, 144, 124),
            (RISCV64, 376, 136),
            (PPC64, 504, 136),
            (ARM, 148, 124),
        ] {
            let core = Core::new(machine)
                .thread(&Thread { tid: 1, signal: 0, regs: &[] })
                .process(1, [0, 0], ["a", "a b"])
                .siginfo(11, 1, 8);
            let sizes: Vec<_> =
                core.notes.iter().map(|(.., d)| d.len()).collect();
            assert_eq!(sizes, [prstatus, prpsinfo, 128], "{machine:?}");
        }
    }
}
