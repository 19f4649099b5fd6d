//! The process that a core shows: its memory, modules, threads and facts.

mod args;
mod facts;
mod fault;
mod signal;
mod syscalls;

pub use args::{Arguments, Strings};
pub use facts::{
    AuxFact, Facts, MapFact, ModuleFact, RegisterValue, ThreadFact,
};
pub use fault::Fault;
pub use signal::{Sender, SignalFact};
pub use syscalls::Syscall;

use crate::arch::Arch;
use crate::core::Core;
use crate::memory::Memory;
use crate::modules::{DebugData, FileFinder, Image, Modules, SymbolTable};
use crate::symbols::{Lines, find_by_name, find_object};
use crate::unwind::MoreImages;
use std::cell::OnceCell;
use std::sync::Arc;

/// A process, postmortem.
pub struct Process {
    /// The core file.
    pub core: Core,
    /// Memory, absent read-only ranges answered from files.
    pub memory: Memory,
    /// Mapped images.
    pub modules: Modules,
    finder: Box<dyn FileFinder>,
    debug: Vec<OnceCell<DebugData>>,
    supplements: Vec<OnceCell<Option<Arc<Image>>>>,
    extra: typed_arena::Arena<Image>,
}

/// One thread, without its stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    /// Thread id.
    pub tid: i32,
    /// Whether its signal made the core.
    pub crashed: bool,
    /// Name, where the dump has it: the leader's command.
    pub name: Option<String>,
    /// System call it was in.
    pub syscall: Option<Syscall>,
    /// General registers in note order.
    pub registers: Vec<u64>,
}

impl Process {
    /// Finds modules and their files. Cheap: tables are read when asked for.
    #[must_use]
    pub fn load(core: Core, finder: Box<dyn FileFinder>) -> Self {
        let bytes = Arc::clone(core.bytes());
        let mut memory = Memory::new(bytes, core.segments.clone());
        let modules = Modules::find(&core, &mut memory, &*finder);
        let count = modules.list().len();
        let mut debug = Vec::new();
        debug.resize_with(count, OnceCell::new);
        let mut supplements = Vec::new();
        supplements.resize_with(count, OnceCell::new);
        let extra = typed_arena::Arena::new();
        Self { core, memory, modules, finder, debug, supplements, extra }
    }

    /// Returns the architecture.
    #[must_use]
    pub fn arch(&self) -> Arch {
        self.core.header.arch()
    }

    /// Returns the threads, the crashed one first.
    #[must_use]
    pub fn threads(&self) -> Vec<Thread> {
        let notes = &self.core.notes;
        let layout = self.arch().layout();
        let crashed = self.signal().is_some();
        let leader = notes.psinfo.as_ref().map(|p| p.pid);
        notes
            .threads
            .iter()
            .enumerate()
            .map(|(i, t)| Thread {
                tid: t.tid,
                crashed: crashed && i == 0,
                name: (Some(t.tid) == leader).then(|| self.command()).flatten(),
                syscall: layout
                    .and_then(|l| Syscall::of(self.arch(), l, &t.registers)),
                registers: t.registers.clone(),
            })
            .collect()
    }

    /// What is beside a module's image, looked for once.
    fn debug_data(&self, module: usize) -> Option<&DebugData> {
        let m = self.modules.list().get(module)?;
        let image = m.image.as_ref()?;
        Some(self.debug.get(module)?.get_or_init(|| {
            DebugData::find(image, m.build_id.as_ref(), &*self.finder)
        }))
    }

    /// Returns what was odd about debug data met so far, one line each.
    #[must_use]
    pub fn debug_problems(&self) -> Vec<String> {
        let met = self.debug.iter().filter_map(OnceCell::get);
        met.flat_map(|d| d.problems.clone()).collect()
    }

    /// Symbol tables of a module, best first.
    pub(crate) fn symbol_tables(&self, module: usize) -> Vec<SymbolTable<'_>> {
        let Some(m) = self.modules.list().get(module) else {
            return Vec::new();
        };
        let Some(image) = &m.image else { return Vec::new() };
        let beside = self.debug_data(module);
        let separate = beside.and_then(|d| d.separate.as_ref());
        let mini = beside.and_then(|d| d.mini.as_ref());
        [
            image.symtab(),
            separate.and_then(|i| i.symtab()),
            mini.and_then(|i| i.symtab()),
            image.dynsym(),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// Line data of a module, for image addresses that will be asked for.
    pub(crate) fn lines(
        &self,
        module: usize,
        vaddrs: &[u64],
    ) -> Option<Lines<'_>> {
        let image = self.modules.list().get(module)?.image.as_ref()?;
        let separate =
            self.debug_data(module).and_then(|d| d.separate.as_ref());
        [Some(image), separate].into_iter().flatten().find_map(|i| {
            let supplement = self.supplement(module, i);
            Lines::new(i, vaddrs, supplement, &self.extra)
        })
    }

    /// The file that `.gnu_debugaltlink` names by build id (dwz).
    fn supplement(&self, module: usize, image: &Image) -> Option<&Image> {
        let found = self.supplements.get(module)?.get_or_init(|| {
            let link = image.section(".gnu_debugaltlink")?;
            let end = link.iter().position(|b| *b == 0)?;
            let id = crate::BuildId(link.get(end + 1..)?.to_vec());
            let path = image.path.as_deref()?;
            self.finder
                .debug_files(path, Some(&id), None)
                .into_iter()
                .filter_map(|f| Image::open(&f).ok())
                .find(|i| i.build_id().as_ref() == Some(&id))
                .map(Arc::new)
        });
        found.as_deref()
    }

    /// Finds a symbol by name in modules whose name starts with `module`;
    /// returns its runtime address and size.
    #[must_use]
    pub fn find_symbol(&self, module: &str, name: &str) -> Option<(u64, u64)> {
        let list = self.modules.list().iter().enumerate();
        list.filter(|(_, m)| m.name().starts_with(module)).find_map(|(i, m)| {
            self.symbol_tables(i).into_iter().find_map(|t| {
                let (start, size) = find_by_name(&t, name)?;
                Some((start.wrapping_add(m.bias), size))
            })
        })
    }
}

impl Process {
    /// Names the static object that covers an address, such as a lock.
    #[must_use]
    pub fn object_at(&self, addr: u64) -> Option<String> {
        let (i, m) = self.modules.find_by_addr(addr)?;
        let vaddr = addr.wrapping_sub(m.bias);
        let tables = self.symbol_tables(i);
        let (name, into) =
            tables.into_iter().find_map(|t| find_object(&t, vaddr))?;
        let name = crate::demangle(&name);
        Some(match into {
            0 => name,
            n => format!("{name}+{n:#x}"),
        })
    }
}

impl MoreImages for Process {
    fn more_images(&self, module: usize) -> Vec<Arc<Image>> {
        let Some(d) = self.debug_data(module) else { return Vec::new() };
        [&d.separate, &d.mini].into_iter().flatten().cloned().collect()
    }

    fn function_start(&self, addr: u64) -> Option<u64> {
        let (i, m) = self.modules.find_by_addr(addr)?;
        let vaddr = addr.wrapping_sub(m.bias);
        self.symbol_tables(i).into_iter().find_map(|t| {
            let found = crate::symbols::resolve(&t, &[vaddr]).pop()??;
            Some(found.start.wrapping_add(m.bias))
        })
    }
}
