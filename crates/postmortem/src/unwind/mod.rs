//! Stacks: who called whom, how we know, and why it ends.
//!
//! # The problem
//! A thread left its registers and its stack's bytes. By hand one takes the pc,
//! looks up the function, works out from its code how far the return address
//! lies, and repeats: ten steps a minute, and wrong where a register was saved
//! in an unusual place. Debuggers do it by tables, and have two weaknesses:
//! they are slow on many threads or deep stacks (each frame is computed anew,
//! sometimes from the start), and they show a guess like a fact.
//!
//! # The method
//! One walk for all architectures; a table ([`crate::arch::UnwindMap`]) says
//! which register is what. At each frame, in this order:
//!
//! 1. the pc is in no executable mapping and the frame was interrupted (the
//!    thread's own, or below a signal frame): a call through a bad pointer. The
//!    return address is at the stack pointer. Trust **jump**.
//! 2. an unwind row covers it (`.eh_frame`, `.debug_frame`): apply it. All 16
//!    registers are recovered, because a CFA may be based on any. Rows are
//!    compiled once per pc ([`row`]). Trust **cfi**; **signal** when the row is
//!    of a signal frame.
//! 3. no row: a signal trampoline known by its bytes (musl): **signal**; the
//!    function's instructions, read forward to its return or from its prologue:
//!    **prologue**; the chain of saved frame pointers: **frame-pointer**.
//! 4. nothing: a **scan** of the stack for words that follow a call
//!    instruction. A guess, and shown as one.
//!
//! Lookups use the pc itself for a thread's own frame and one interrupted by a
//! signal, and pc - 1 for return addresses: a call that never returns may be a
//! function's last instruction.
//!
//! # Invariants
//! - The stack pointer rises at every step, except across a signal frame (it
//!   may have switched stacks), of which there are at most 64. So a walk ends.
//! - A return address outside executable memory ends the walk: what follows a
//!   smashed stack is not shown.
//! - Every walk ends with a reason ([`End`]); `complete` means that the table
//!   said so (return address undefined: `_start`, `clone`), or that the psABI's
//!   mark of the outermost frame was met.
//!
//! # Not done
//! Goroutines, interpreters' own frames, shadow stacks, split stacks.

mod expression;
mod fallback;
mod row;
mod tables;
mod walk;

pub(crate) use walk::Registers;

use crate::arch::UnwindMap;
use crate::memory::Memory;
use crate::modules::{Image, Modules};
use row::Row;
use serde::{Serialize, Serializer};
use std::cell::OnceCell;
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use tables::Tables;

/// How a frame was found, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// The thread's own registers.
    Context,
    /// An unwind table.
    Cfi,
    /// Registers that the kernel saved to deliver a signal.
    Signal,
    /// The return address at the stack pointer after a jump to a bad address.
    Jump,
    /// The function's instructions.
    Prologue,
    /// The saved frame pointer.
    FramePointer,
    /// A word on the stack that may be a return address: a guess.
    Scan,
}

impl Trust {
    /// Returns the name used in text and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Context => "context",
            Self::Cfi => "cfi",
            Self::Signal => "signal",
            Self::Jump => "jump",
            Self::Prologue => "prologue",
            Self::FramePointer => "frame-pointer",
            Self::Scan => "scan",
        }
    }
}

/// Why a walk ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The outermost frame.
    Complete,
    /// As many frames as were asked for.
    Limit(usize),
    /// Too many signal frames.
    SignalLimit(usize),
    /// A return address that is no code.
    BadReturn {
        /// The value.
        value: u64,
        /// Where it was read, when known.
        slot: Option<u64>,
    },
    /// A null return address.
    NullReturn {
        /// Where it was read, when known.
        slot: Option<u64>,
    },
    /// A jump to a bad address, and no return address at the stack pointer.
    WildJump {
        /// Where it went.
        pc: u64,
    },
    /// The stack's bytes are not in the dump.
    StackAbsent {
        /// The word wanted.
        at: u64,
    },
    /// The stack pointer did not rise.
    Backwards {
        /// From.
        from: u64,
        /// To.
        to: u64,
    },
    /// A rule needs a register that was lost.
    UnknownRegister(&'static str),
    /// A rule that cannot be evaluated.
    BadRule {
        /// In which function.
        pc: u64,
    },
    /// The stack pointer is lost.
    NoStackPointer,
    /// No table, no readable code, no frame pointer, nothing found by a scan.
    NoUnwindData {
        /// Where.
        pc: u64,
        /// What was missing.
        why: String,
    },
    /// No unwinder for the dump's architecture.
    NoUnwinder(String),
}

impl End {
    /// Whether the outermost frame was reached.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        *self == Self::Complete
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = |slot: &Option<u64>| {
            slot.map_or(String::new(), |s| format!(" at {s:#x}"))
        };
        match self {
            Self::Complete => write!(f, "complete"),
            Self::Limit(n) => write!(f, "stopped after {n} frames, as asked"),
            Self::SignalLimit(n) => {
                write!(f, "more than {n} signal frames on one stack")
            }
            Self::BadReturn { value, slot } => write!(
                f,
                "the return address{} is {value:#x}, which is not code",
                at(slot)
            ),
            Self::NullReturn { slot } => {
                write!(f, "the return address{} is null", at(slot))
            }
            Self::WildJump { pc } => write!(
                f,
                "execution jumped to {pc:#x}, which is not code, and the word \
                 at the stack pointer is no return address"
            ),
            Self::StackAbsent { at } => {
                write!(f, "the stack at {at:#x} is not in the dump")
            }
            Self::Backwards { from, to } => write!(
                f,
                "the stack pointer would go from {from:#x} back to {to:#x}"
            ),
            Self::UnknownRegister(name) => {
                write!(f, "the caller's frame needs {name}, which was lost")
            }
            Self::BadRule { pc } => {
                write!(f, "the unwind rule for {pc:#x} cannot be evaluated")
            }
            Self::NoStackPointer => write!(f, "the stack pointer was lost"),
            Self::NoUnwindData { pc, why } => {
                write!(f, "no way to unwind {pc:#x}: {why}")
            }
            Self::NoUnwinder(arch) => write!(f, "no unwinder for {arch} yet"),
        }
    }
}

impl Serialize for End {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

/// A frame before it is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawFrame {
    /// Program counter.
    pub pc: u64,
    /// Stack pointer, when known.
    pub sp: Option<u64>,
    /// How it was found.
    pub trust: Trust,
    /// Whether it is the kernel's signal trampoline.
    pub signal: bool,
    /// Whether the pc is a return address.
    pub returned: bool,
}

impl RawFrame {
    /// Returns the address to look up names and lines by.
    #[must_use]
    pub fn lookup(&self) -> u64 {
        self.pc.wrapping_sub(u64::from(self.returned))
    }
}

/// Gives files that belong to a module and may hold more tables.
pub(crate) trait MoreImages {
    fn more_images(&self, module: usize) -> Vec<Arc<Image>>;
    /// Start of the function at a runtime address, when a symbol tells.
    fn function_start(&self, addr: u64) -> Option<u64>;
}

/// Walks stacks of one process, keeping compiled rows between them.
pub(crate) struct Unwinder<'p> {
    memory: &'p Memory,
    modules: &'p Modules,
    more: &'p dyn MoreImages,
    map: &'static UnwindMap,
    tables: Vec<OnceCell<Option<Tables>>>,
    rows: HashMap<u64, Option<(Rc<Row>, u64)>>,
    context: Box<gimli::UnwindContext<usize>>,
    fs_base: Option<u64>,
    entry: Option<u64>,
}

impl<'p> Unwinder<'p> {
    pub(crate) fn new(
        memory: &'p Memory,
        modules: &'p Modules,
        more: &'p dyn MoreImages,
        map: &'static UnwindMap,
        entry: Option<u64>,
    ) -> Self {
        let mut tables = Vec::new();
        tables.resize_with(modules.list().len(), OnceCell::new);
        Self {
            memory,
            modules,
            more,
            map,
            tables,
            rows: HashMap::new(),
            context: Box::new(gimli::UnwindContext::new()),
            fs_base: None,
            entry,
        }
    }

    /// Walks a stack; at most `limit` frames.
    pub(crate) fn walk(
        &mut self,
        registers: Registers,
        fs_base: Option<u64>,
        limit: usize,
    ) -> (Vec<RawFrame>, End) {
        self.fs_base = fs_base;
        walk::walk(self, registers, limit.max(1))
    }

    /// Whether code may run at an address.
    fn is_code(&self, addr: u64) -> bool {
        if let Some(s) = self.memory.segment(addr) {
            return s.executable();
        }
        // Mappings whose headers are cut off: ask the module's own headers.
        self.modules.find_by_addr(addr).is_some_and(|(_, m)| {
            m.image
                .as_ref()
                .is_some_and(|i| i.executable(addr.wrapping_sub(m.bias)))
        })
    }

    /// Finds the row for a runtime address, and the module's bias.
    fn row(&mut self, lookup: u64) -> Option<(Rc<Row>, u64)> {
        if let Some(known) = self.rows.get(&lookup) {
            return known.clone();
        }
        let found = self.find_row(lookup);
        self.rows.insert(lookup, found.clone());
        found
    }

    fn find_row(&mut self, lookup: u64) -> Option<(Rc<Row>, u64)> {
        let (i, module) = self.modules.find_by_addr(lookup)?;
        let tables = self.tables.get(i)?.get_or_init(|| {
            let image = Arc::clone(module.image.as_ref()?);
            Some(Tables::new(image, self.more.more_images(i)))
        });
        let vaddr = lookup.wrapping_sub(module.bias);
        let row = tables.as_ref()?.row(vaddr, &mut self.context)?;
        Some((Rc::new(row), module.bias))
    }

    fn unknown(&self, register: u16) -> End {
        let names = &self.map.names;
        End::UnknownRegister(
            names.get(usize::from(register)).copied().unwrap_or("a register"),
        )
    }
}
