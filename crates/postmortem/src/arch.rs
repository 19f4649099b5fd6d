//! One table per architecture: where the notes keep what.
//!
//! Layouts are those of the kernel's `struct elf_prstatus` and
//! `struct elf_prpsinfo` (include/linux/elfcore.h, include/linux/elfcore-compat.h)
//! with each architecture's `elf_gregset_t` (arch/*/include/asm/elf.h).
//! Register names and DWARF numbers are those of the psABI supplements.

use serde::Serialize;

/// A processor architecture as an ELF header names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Arch {
    /// x86-64, `EM_X86_64` (62) with 64-bit class.
    X86_64,
    /// x32, `EM_X86_64` with 32-bit class: named, notes not read.
    X32,
    /// 32-bit x86, `EM_386` (3).
    I386,
    /// 64-bit Arm, `EM_AARCH64` (183).
    Aarch64,
    /// Any other `e_machine`.
    Other {
        /// `e_machine`.
        machine: u16,
        /// 64-bit class.
        is_64: bool,
    },
}

impl Arch {
    /// Tells the architecture by machine number and class.
    #[must_use]
    pub fn of(machine: u16, is_64: bool) -> Self {
        match (machine, is_64) {
            (62, true) => Self::X86_64,
            (62, false) => Self::X32,
            (3, false) => Self::I386,
            (183, true) => Self::Aarch64,
            (machine, is_64) => Self::Other { machine, is_64 },
        }
    }

    /// Returns the usual name, such as `x86_64`.
    #[must_use]
    pub fn name(self) -> String {
        let (machine, is_64) = match self {
            Self::X86_64 => return "x86_64".to_owned(),
            Self::X32 => return "x32".to_owned(),
            Self::I386 => return "i386".to_owned(),
            Self::Aarch64 => return "aarch64".to_owned(),
            Self::Other { machine, is_64 } => (machine, is_64),
        };
        let known = match (machine, is_64) {
            (8, false) => "mips",
            (8, true) => "mips64",
            (20, _) => "ppc",
            (21, _) => "ppc64",
            (22, false) => "s390",
            (22, true) => "s390x",
            (40, _) => "arm",
            (183, _) => "aarch64 ilp32",
            (243, false) => "riscv32",
            (243, true) => "riscv64",
            (258, false) => "loongarch32",
            (258, true) => "loongarch64",
            (n, _) => return format!("machine {n}"),
        };
        known.to_owned()
    }

    /// Returns the layout of its notes, when we know it.
    #[must_use]
    pub fn layout(self) -> Option<&'static NoteLayout> {
        match self {
            Self::X86_64 => Some(&X86_64),
            Self::I386 => Some(const { &I386 }),
            Self::Aarch64 => Some(const { &AARCH64 }),
            Self::X32 | Self::Other { .. } => None,
        }
    }

    /// Returns the part of the layout that all of a class share: the head of
    /// NT_PRSTATUS and NT_PRPSINFO, without registers.
    #[must_use]
    pub fn common_layout(is_64: bool) -> &'static NoteLayout {
        if is_64 { &COMMON_64 } else { &COMMON_32 }
    }

    /// Returns the unwinder's register map, when there is an unwinder.
    #[must_use]
    pub fn unwind_map(self) -> Option<&'static UnwindMap> {
        match self {
            Self::X86_64 => Some(&X86_64_UNWIND),
            _ => None,
        }
    }
}

impl Serialize for Arch {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.name())
    }
}

/// Where NT_PRSTATUS and NT_PRPSINFO keep their members (byte offsets).
pub struct NoteLayout {
    /// Size of the whole NT_PRSTATUS.
    pub prstatus_size: usize,
    /// Current signal, u16.
    pub cursig: usize,
    /// Thread id, i32; parent, group and session ids follow.
    pub tid: usize,
    /// User and system time (seconds, microseconds), four words.
    pub utime: usize,
    /// First general register.
    pub registers: usize,
    /// Size of one register, 4 or 8.
    pub word: usize,
    /// Registers in note order.
    pub names: &'static [&'static str],
    /// Index of the program counter among them.
    pub pc: usize,
    /// Index of the stack pointer.
    pub sp: usize,
    /// Index of the thread pointer, where the note has it.
    pub tls: Option<usize>,
    /// Index of the system call number on entry, where the note has it.
    pub syscall: Option<usize>,
    /// Index of the system call's result register.
    pub result: usize,
    /// Indexes of the system call's arguments.
    pub arguments: [usize; 6],
    /// Size of the whole NT_PRPSINFO.
    pub prpsinfo_size: usize,
    /// User id.
    pub uid: usize,
    /// Bytes of a user or group id, 2 or 4.
    pub id_size: usize,
    /// Process id, i32; parent, group and session follow.
    pub ps_pid: usize,
    /// Command, 16 bytes.
    pub fname: usize,
    /// Arguments, 80 bytes.
    pub psargs: usize,
}

/// Which note register holds which DWARF register.
pub struct UnwindMap {
    /// Note index of DWARF registers 0, 1, ...
    pub dwarf_to_note: [usize; 16],
    /// Names in DWARF order.
    pub names: [&'static str; 16],
    /// DWARF number of the stack pointer.
    pub sp: u16,
    /// DWARF number of the frame pointer.
    pub fp: u16,
    /// DWARF number of the return address column.
    pub ra: u16,
    /// DWARF registers that a call preserves (System V psABI).
    pub callee_saved: &'static [u16],
}

static X86_64: NoteLayout = NoteLayout {
    prstatus_size: 336,
    cursig: 12,
    tid: 32,
    utime: 48,
    registers: 112,
    word: 8,
    names: &[
        "r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8",
        "rax", "rcx", "rdx", "rsi", "rdi", "orig_rax", "rip", "cs", "eflags",
        "rsp", "ss", "fs_base", "gs_base", "ds", "es", "fs", "gs",
    ],
    pc: 16,
    sp: 19,
    tls: Some(21),
    syscall: Some(15),
    result: 10,
    arguments: [14, 13, 12, 7, 9, 8],
    prpsinfo_size: 136,
    uid: 16,
    id_size: 4,
    ps_pid: 24,
    fname: 40,
    psargs: 56,
};

static X86_64_UNWIND: UnwindMap = UnwindMap {
    dwarf_to_note: [10, 12, 11, 5, 13, 14, 4, 19, 9, 8, 7, 6, 3, 2, 1, 0],
    names: [
        "rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", "r8", "r9",
        "r10", "r11", "r12", "r13", "r14", "r15",
    ],
    sp: 7,
    fp: 6,
    ra: 16,
    callee_saved: &[3, 6, 12, 13, 14, 15],
};

const I386: NoteLayout = NoteLayout {
    prstatus_size: 144,
    cursig: 12,
    tid: 24,
    utime: 40,
    registers: 72,
    word: 4,
    names: &[
        "ebx", "ecx", "edx", "esi", "edi", "ebp", "eax", "ds", "es", "fs",
        "gs", "orig_eax", "eip", "cs", "eflags", "esp", "ss",
    ],
    pc: 12,
    sp: 15,
    tls: None,
    syscall: Some(11),
    result: 6,
    arguments: [0, 1, 2, 3, 4, 5],
    prpsinfo_size: 124,
    uid: 8,
    id_size: 2,
    ps_pid: 12,
    fname: 28,
    psargs: 44,
};

const AARCH64: NoteLayout = NoteLayout {
    prstatus_size: 392,
    cursig: 12,
    tid: 32,
    utime: 48,
    registers: 112,
    word: 8,
    names: &[
        "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10",
        "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20",
        "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x29", "x30",
        "sp", "pc", "pstate",
    ],
    pc: 32,
    sp: 31,
    tls: None,
    // x8 holds the number only while in the call; the note cannot tell.
    syscall: None,
    result: 0,
    arguments: [0, 1, 2, 3, 4, 5],
    prpsinfo_size: 136,
    uid: 16,
    id_size: 4,
    ps_pid: 24,
    fname: 40,
    psargs: 56,
};

/// What 64-bit architectures share (ppc64, riscv64, s390x, ...).
static COMMON_64: NoteLayout =
    NoteLayout { prstatus_size: 112, names: &[], ..AARCH64 };

/// What 32-bit ones share, with 16-bit ids as arm and i386 have them.
static COMMON_32: NoteLayout =
    NoteLayout { prstatus_size: 72, names: &[], ..I386 };
