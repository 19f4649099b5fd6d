//! The images a process had mapped: which, where, and which file is theirs.
//!
//! By hand: read NT_FILE, compare with the dynamic linker's link map, look for
//! ELF headers in memory, then find each file and hope it is the right one. We
//! do all of it, because each source has holes: NT_FILE is dropped past 4 MiB,
//! the link map lacks what was mapped by hand and may be damaged, headers are
//! not dumped under some filters.
//!
//! The rule about files: **a file whose build id differs from the core's is not
//! used**, since its tables would give wrong frames that look right. A path in a
//! core is only a hint; the file there may have been upgraded, or belong to
//! another container. Without a build id in the core, the file's segments must
//! lie as the process had them, and the module says that it was taken by path.

mod debug;
mod discover;
mod files;
mod image;
mod sections;

pub(crate) use debug::DebugData;
pub use files::{FileFinder, LocalFiles, build_id_of_file};
pub(crate) use image::{Image, Load, SymbolTable};

use crate::addr::{Addr, BuildId};
use crate::memory::Memory;
use serde::Serialize;
use std::path::PathBuf;
use std::sync::Arc;

/// What a module is to the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ModuleKind {
    /// The program itself.
    Program,
    /// A shared library, plugin, or the dynamic linker.
    Library,
    /// The kernel's own image (vDSO).
    Vdso,
}

/// Which bytes answer for a module's code and tables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
pub enum ModuleFile {
    /// A file with the build id that the core has.
    Verified {
        /// Where it is.
        file: PathBuf,
    },
    /// A file found by path; the core has no build id to compare, but the
    /// segments lie as they did.
    ByPath {
        /// Where it is.
        file: PathBuf,
    },
    /// The dump's own bytes.
    InDump,
    /// A file of the right path and another build: not used.
    Mismatch {
        /// Where it is.
        file: PathBuf,
        /// What it has.
        found: String,
        /// What the core has.
        expected: String,
    },
    /// No file was found.
    Missing,
}

/// One mapped image.
pub struct Module {
    /// Path as the process saw it; `None` when nothing names it.
    pub path: Option<String>,
    /// What it is to the process.
    pub kind: ModuleKind,
    /// First address.
    pub start: Addr,
    /// Address after the last.
    pub end: Addr,
    /// Build id, from the dump's memory.
    pub build_id: Option<BuildId>,
    /// Package note (JSON text), from memory or the verified file.
    pub package: Option<String>,
    /// Whether the file had been deleted.
    pub deleted: bool,
    /// Which bytes answer for it.
    pub file: ModuleFile,
    pub(crate) bias: u64,
    pub(crate) image: Option<Arc<Image>>,
}

impl Module {
    /// Returns the last component of the path.
    #[must_use]
    pub fn name(&self) -> &str {
        match (&self.path, self.kind) {
            (Some(p), _) => {
                p.rsplit('/').next().filter(|n| !n.is_empty()).unwrap_or(p)
            }
            (None, ModuleKind::Vdso) => "[vdso]",
            (None, _) => "[unnamed]",
        }
    }

    /// Returns whether the address lies in the module.
    #[must_use]
    pub fn contains(&self, addr: u64) -> bool {
        self.start.0 <= addr && addr < self.end.0
    }
}

/// All modules of a process, by address.
pub struct Modules {
    list: Vec<Module>,
    /// What was odd in the sources, one line each.
    pub problems: Vec<String>,
}

impl Modules {
    /// Finds all modules and their files, and lets `memory` answer absent
    /// read-only ranges from them.
    pub(crate) fn find(
        core: &crate::core::Core,
        memory: &mut Memory,
        finder: &dyn FileFinder,
    ) -> Self {
        let (mut list, problems) = discover::modules(core, memory, finder);
        list.sort_by_key(|m| m.start);
        memory.set_files(discover::file_ranges(&list));
        Self { list, problems }
    }

    /// Returns the module that holds `addr`, with its index.
    #[must_use]
    pub fn find_by_addr(&self, addr: u64) -> Option<(usize, &Module)> {
        let i = self.list.partition_point(|m| m.end.0 <= addr);
        let m = self.list.get(i).filter(|m| m.contains(addr))?;
        Some((i, m))
    }

    /// Returns all modules in address order.
    #[must_use]
    pub fn list(&self) -> &[Module] {
        &self.list
    }
}
