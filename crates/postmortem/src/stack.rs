//! Stacks as given out: every thread's frames, named.

use crate::addr::{Addr, BuildId, Offset};
use crate::modules::ModuleKind;
use crate::process::{Process, Syscall};
use crate::symbols::{Place, demangle, resolve};
use crate::unwind::{End, RawFrame, Registers, Trust, Unwinder};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// One frame; inlined functions are frames of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Frame {
    /// Program counter; of a caller: the return address.
    pub pc: Addr,
    /// Function, demangled; `None` when nothing names it.
    pub function: Option<Rc<str>>,
    /// Distance of the pc from the function's start; `None` for an inlined one.
    pub offset: Option<Offset>,
    /// Path of the module as the process saw it.
    pub module: Option<Rc<str>>,
    /// Distance of the pc from the module's first address.
    pub module_offset: Option<Offset>,
    /// Build id of the module.
    pub build_id: Option<Rc<str>>,
    /// Source file.
    pub file: Option<Rc<str>>,
    /// Line in it, from 1.
    pub line: Option<u32>,
    /// Whether the function was inlined into that of the next frame.
    pub inline: bool,
    /// Whether this is the kernel's signal trampoline.
    pub signal: bool,
    /// How the frame was found.
    pub trust: Trust,
    /// Stack pointer of the frame, when known.
    pub sp: Option<Addr>,
}

/// The stack of one thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ThreadStack {
    /// Thread id.
    pub tid: i32,
    /// Whether its signal made the core.
    pub crashed: bool,
    /// Thread name, where the dump has it.
    pub name: Option<String>,
    /// System call it was in.
    pub syscall: Option<Syscall>,
    /// Why the stack ends.
    pub end: End,
    /// Frames, innermost first.
    pub frames: Vec<Frame>,
}

/// What to do about stacks.
#[derive(Debug, Clone, Copy)]
pub struct StackOptions {
    /// Look up source lines and inlined functions.
    pub lines: bool,
    /// Frames of one stack, at most.
    pub limit: usize,
    /// Only the thread that crashed (the first one).
    pub first_only: bool,
}

impl Default for StackOptions {
    fn default() -> Self {
        Self { lines: true, limit: 1 << 20, first_only: false }
    }
}

/// A name for an address; shared by all frames at it.
struct Named {
    function: Option<Rc<str>>,
    start: Option<u64>,
    file: Option<Rc<str>>,
    line: Option<u32>,
    inline: bool,
}

/// What the frames of one module share.
#[derive(Clone)]
struct Origin {
    module: Option<Rc<str>>,
    build_id: Option<Rc<str>>,
    start: u64,
}

impl Process {
    /// Walks and names the stacks of all threads, the crashed one first.
    #[must_use]
    pub fn stacks(&self, options: &StackOptions) -> Vec<ThreadStack> {
        let raw = self.raw_stacks(options);
        let mut names = Names::new(self, options.lines);
        names.add(raw.iter().flat_map(|(frames, _)| frames));
        let threads = self.threads();
        raw.into_iter()
            .zip(threads)
            .map(|((frames, end), t)| ThreadStack {
                tid: t.tid,
                crashed: t.crashed,
                name: t.name.clone(),
                syscall: t.syscall.clone(),
                end,
                frames: frames.iter().flat_map(|f| names.frames(f)).collect(),
            })
            .collect()
    }

    /// Walks stacks without naming frames.
    pub(crate) fn raw_stacks(
        &self,
        options: &StackOptions,
    ) -> Vec<(Vec<RawFrame>, End)> {
        let arch = self.core.header.arch();
        let notes = &self.core.notes.threads;
        let count = if options.first_only { 1 } else { notes.len() };
        let (Some(layout), Some(map)) = (arch.layout(), arch.unwind_map())
        else {
            let end = End::NoUnwinder(arch.name());
            return notes
                .iter()
                .take(count)
                .map(|_| (Vec::new(), end.clone()))
                .collect();
        };
        let entry = self.core.notes.aux(9);
        let mut unwinder =
            Unwinder::new(&self.memory, &self.modules, self, map, entry);
        notes
            .iter()
            .take(count)
            .map(|t| {
                let start = Registers::of_thread(&t.registers, layout.pc, map);
                let tls = layout.tls.and_then(|i| t.registers.get(i).copied());
                match start {
                    Some(r) => unwinder.walk(r, tls, options.limit),
                    None => (Vec::new(), End::NoStackPointer),
                }
            })
            .collect()
    }
}

/// Names for a batch of addresses.
struct Names<'p> {
    process: &'p Process,
    lines: bool,
    by_lookup: HashMap<u64, Rc<[Named]>>,
    origins: HashMap<usize, Origin>,
    files: HashMap<String, Rc<str>>,
}

impl<'p> Names<'p> {
    fn new(process: &'p Process, lines: bool) -> Self {
        Self {
            process,
            lines,
            by_lookup: HashMap::new(),
            origins: HashMap::new(),
            files: HashMap::new(),
        }
    }

    /// Names every distinct address of the frames.
    fn add<'f>(&mut self, frames: impl Iterator<Item = &'f RawFrame>) {
        let mut wanted: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
        let mut seen = std::collections::HashSet::new();
        for f in frames {
            let lookup = f.lookup();
            if !seen.insert(lookup) {
                continue;
            }
            if let Some((i, _)) = self.process.modules.find_by_addr(lookup) {
                wanted.entry(i).or_default().push(lookup);
            }
        }
        for (module, mut lookups) in wanted {
            lookups.sort_unstable();
            self.name_module(module, &lookups);
        }
    }

    fn name_module(&mut self, module: usize, lookups: &[u64]) {
        let Some(m) = self.process.modules.list().get(module) else { return };
        let name = match (&m.path, m.kind) {
            (Some(p), _) => Some(Rc::from(p.as_str())),
            (None, ModuleKind::Vdso) => Some(Rc::from("[vdso]")),
            (None, _) => None,
        };
        let shown = |id: &BuildId| Rc::from(id.to_string());
        let origin = Origin {
            module: name,
            build_id: m.build_id.as_ref().map(shown),
            start: m.start.0,
        };
        self.origins.insert(module, origin);
        let bias = m.bias;
        let vaddrs: Vec<u64> =
            lookups.iter().map(|a| a.wrapping_sub(bias)).collect();
        let symbols = self.process.symbols_at(module, &vaddrs);
        let lines =
            if self.lines { self.process.lines(module, &vaddrs) } else { None };
        for ((lookup, vaddr), symbol) in lookups.iter().zip(vaddrs).zip(symbols)
        {
            let places = lines.as_ref().map_or(Vec::new(), |l| l.places(vaddr));
            let symbol = symbol.map(|s| (s.name, s.start.wrapping_add(bias)));
            let named = self.combine(symbol, places);
            self.by_lookup.insert(*lookup, named.into());
        }
    }

    /// Joins the symbol (which names the outermost function) with the places.
    fn combine(
        &mut self,
        symbol: Option<(String, u64)>,
        places: Vec<Place>,
    ) -> Vec<Named> {
        let start = symbol.as_ref().map(|s| s.1);
        let symbol = symbol.map(|s| demangle(&s.0));
        if places.is_empty() {
            let function = symbol.map(|s| self.shared(s));
            let (file, line, inline) = (None, None, false);
            return vec![Named { function, start, file, line, inline }];
        }
        places
            .into_iter()
            .map(|p| {
                let own = p.function.map(|f| demangle(&f));
                // The table's name is whole; debug data may have a bare one.
                let function =
                    if p.inline { own } else { symbol.clone().or(own) };
                Named {
                    function: function.map(|f| self.shared(f)),
                    start: if p.inline { None } else { start },
                    file: p.file.map(|f| self.shared(f)),
                    line: p.line,
                    inline: p.inline,
                }
            })
            .collect()
    }

    fn shared(&mut self, text: String) -> Rc<str> {
        let made = || Rc::from(text.as_str());
        self.files.entry(text.clone()).or_insert_with(made).clone()
    }

    /// Gives the named frames that a raw frame stands for, innermost first.
    fn frames(&self, f: &RawFrame) -> Vec<Frame> {
        let lookup = f.lookup();
        let module = self.process.modules.find_by_addr(lookup);
        let origin = module.and_then(|(i, _)| self.origins.get(&i));
        let plain = Frame {
            pc: Addr(f.pc),
            function: None,
            offset: None,
            module: origin.and_then(|o| o.module.clone()),
            module_offset: origin.map(|o| Offset(f.pc.wrapping_sub(o.start))),
            build_id: origin.and_then(|o| o.build_id.clone()),
            file: None,
            line: None,
            inline: false,
            signal: f.signal,
            trust: f.trust,
            sp: f.sp.map(Addr),
        };
        let Some(named) = self.by_lookup.get(&lookup) else {
            return vec![plain];
        };
        named
            .iter()
            .map(|n| Frame {
                function: n.function.clone(),
                offset: n.start.map(|s| Offset(f.pc.wrapping_sub(s))),
                file: n.file.clone(),
                line: n.line,
                inline: n.inline,
                signal: f.signal && !n.inline,
                ..plain.clone()
            })
            .collect()
    }
}

impl Process {
    /// Finds the symbols for sorted image addresses of a module.
    fn symbols_at(
        &self,
        module: usize,
        vaddrs: &[u64],
    ) -> Vec<Option<crate::symbols::Symbol>> {
        let mut out = vec![None; vaddrs.len()];
        for table in self.symbol_tables(module) {
            if out.iter().all(Option::is_some) {
                break;
            }
            for (slot, new) in out.iter_mut().zip(resolve(&table, vaddrs)) {
                if slot.is_none() {
                    *slot = new;
                }
            }
        }
        out
    }
}
