//! What a dump says about itself, as plain data.
//!
//! The reader of dumps fills this in; the record is built from it. A field
//! that is not known stays `None` and is left out of the record: unknown is
//! not the same as empty.

use serde_json::Value;

use crate::{DumpId, DumpKind};

/// The facts of one dump.
#[derive(Clone, Debug, PartialEq)]
pub struct CoreFacts {
    /// What the dump is of.
    pub kind: DumpKind,
    /// The dump's name.
    pub id: DumpId,
    /// The identity without the random bytes, where they were in the dump:
    /// what a truncated copy of it is known by.
    pub base_id: Option<DumpId>,
    /// Process id.
    pub pid: Option<u32>,
    /// Parent's process id.
    pub ppid: Option<u32>,
    /// Real user id.
    pub uid: Option<u32>,
    /// Real group id.
    pub gid: Option<u32>,
    /// The command's name as the kernel keeps it (16 bytes).
    pub cmd: Option<String>,
    /// The first 80 bytes of the arguments, as the kernel keeps them.
    pub psargs: Option<String>,
    /// The whole argument vector.
    pub argv: Option<Vec<String>>,
    /// Path of the executable.
    pub exe: Option<String>,
    /// Build id of the executable, in hex.
    pub build_id: Option<String>,
    /// The signal that ended the process.
    pub signal: Option<SignalFacts>,
    /// Architecture (`x86_64`, `aarch64`, ...).
    pub arch: Option<String>,
    /// Number of threads.
    pub threads: Option<u64>,
    /// The crashed thread's frames, innermost first, each
    /// ``module`function+0x15``.
    pub stack: Vec<String>,
    /// The files mapped as code.
    pub modules: Vec<ModuleFacts>,
    /// Whether the file is all there.
    pub completeness: Completeness,
    /// Time of the crash, where the dump itself has it.
    pub time: Option<TimeFact>,
    /// Operating system build (a kernel's dump).
    pub platform: Option<String>,
    /// Host name (a kernel's dump).
    pub node: Option<String>,
}

/// The signal that ended a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalFacts {
    /// Its number.
    pub number: i32,
    /// Its name (`SIGSEGV`).
    pub name: Option<String>,
    /// `si_code`.
    pub code: Option<i32>,
    /// The name of the code (`SEGV_MAPERR`).
    pub code_name: Option<String>,
    /// The address at fault.
    pub fault_address: Option<u64>,
}

/// A file mapped into the process.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModuleFacts {
    /// Its path.
    pub path: String,
    /// Where it starts.
    pub base: u64,
    /// Its build id, in hex.
    pub build_id: Option<String>,
    /// Its package note, as the distribution wrote it.
    pub package: Option<Value>,
}

/// Whether the file is all there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completeness {
    /// Whether bytes are missing at the end.
    pub truncated: bool,
    /// How long the file should be by its headers.
    pub expected_bytes: Option<u64>,
    /// How long it is.
    pub present_bytes: Option<u64>,
}

/// A time and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct TimeFact {
    /// Seconds since 1970.
    pub seconds: f64,
    /// Where it comes from (`file mtime`, `vmcoreinfo`, ...).
    pub source: String,
}

impl CoreFacts {
    /// Returns the facts of a dump of which only the name is known.
    pub fn new(kind: DumpKind, id: DumpId) -> CoreFacts {
        CoreFacts {
            kind,
            id,
            base_id: None,
            pid: None,
            ppid: None,
            uid: None,
            gid: None,
            cmd: None,
            psargs: None,
            argv: None,
            exe: None,
            build_id: None,
            signal: None,
            arch: None,
            threads: None,
            stack: Vec::new(),
            modules: Vec::new(),
            completeness: Completeness::default(),
            time: None,
            platform: None,
            node: None,
        }
    }
}
