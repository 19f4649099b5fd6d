//! Puts the module list together from NT_FILE, the link map, the auxiliary
//! vector and a scan for ELF headers.

use super::image::{u32_at, u64_at};
use super::{FileFinder, Image, Load, Module, ModuleFile, ModuleKind};
use crate::addr::{Addr, BuildId, text};
use crate::core::Core;
use crate::memory::{FileRange, Memory};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

const AT_PHDR: u64 = 3;
const AT_PHNUM: u64 = 5;
const AT_ENTRY: u64 = 9;
const AT_EXECFN: u64 = 31;
const AT_SYSINFO_EHDR: u64 = 33;
/// Entries of a link map, all namespaces together.
const MAX_LINKS: usize = 20_000;

/// An entry of the dynamic linker's list.
struct Link {
    bias: u64,
    name: String,
    dynamic: u64,
}

pub(super) fn modules(
    core: &Core,
    memory: &Memory,
    finder: &dyn FileFinder,
) -> (Vec<Module>, Vec<String>) {
    let mut problems = Vec::new();
    let links = link_map(core, memory, &mut problems);
    let mut found = Finder {
        core,
        memory,
        finder,
        links: &links,
        out: BTreeMap::new(),
        paths: paths_by_start(core),
    };
    if let Some(vdso) = core.notes.aux(AT_SYSINFO_EHDR) {
        found.add(vdso, None);
    }
    for m in core.notes.files.iter().flatten().filter(|m| m.offset == 0) {
        found.add(m.start, Some(&m.path));
    }
    for s in &core.segments {
        let mut magic = [0; 4];
        if memory.read(s.start, &mut magic).is_ok() && magic == *b"\x7fELF" {
            found.add(s.start, None);
        }
    }
    found.add_links();
    let list: Vec<Module> = found.out.into_values().collect();
    (list, problems)
}

/// Ranges of files that stand in for what the dump lacks: the segments of each
/// image that the process could not write.
pub(super) fn file_ranges(list: &[Module]) -> Vec<FileRange> {
    let mut out = Vec::new();
    for m in list {
        let Some(file) = &m.image else { continue };
        if file.path.is_none() {
            continue;
        }
        for l in file.loads.iter().filter(|l| l.flags & 2 == 0) {
            let start = m.bias.wrapping_add(l.vaddr);
            let Some(end) = start.checked_add(l.file_size) else { continue };
            // Whole pages are mapped: the head of the first one too.
            let slack = (start & 0xfff).min(l.offset);
            let range = FileRange {
                start: start - slack,
                end,
                offset: l.offset - slack,
                file: Arc::clone(file),
            };
            let free = out
                .last()
                .is_none_or(|last: &FileRange| last.end <= range.start);
            if free && start < end && m.contains(start) {
                out.push(range);
            }
        }
    }
    out
}

fn paths_by_start(core: &Core) -> HashMap<u64, String> {
    core.notes
        .files
        .iter()
        .flatten()
        .map(|m| (m.start, m.path.clone()))
        .collect()
}

struct Finder<'a> {
    core: &'a Core,
    memory: &'a Memory,
    finder: &'a dyn FileFinder,
    links: &'a [Link],
    out: BTreeMap<u64, Module>,
    paths: HashMap<u64, String>,
}

impl Finder<'_> {
    fn covered(&self, addr: u64) -> bool {
        self.out
            .range(..=addr)
            .next_back()
            .is_some_and(|(_, m)| m.contains(addr))
    }

    /// Adds the image whose header lies at `base`, unless it is no image.
    fn add(&mut self, base: u64, path: Option<&str>) {
        if self.covered(base) {
            return;
        }
        let path =
            path.map(str::to_owned).or_else(|| self.paths.get(&base).cloned());
        let mut magic = [0; 4];
        if self.memory.read(base, &mut magic).is_ok() {
            if magic == *b"\x7fELF" {
                self.add_from_memory(base, path);
            }
        } else if let Some(path) = path {
            self.add_by_path(base, path);
        }
    }

    fn add_from_memory(&mut self, base: u64, path: Option<String>) {
        let shape = Image::headers_in_memory(self.memory, base);
        let Some(shape) = shape else { return };
        let Some(bias) = shape.bias(base) else { return };
        let Some((low, high)) = shape.extent() else { return };
        let build_id = self.note_in_memory(&shape, bias, b"GNU", 3);
        let package = self
            .note_in_memory(&shape, bias, b"FDO", 0xcafe_1a7e)
            .map(|d| text(crate::addr::until_nul(&d)));
        let build_id = build_id.map(BuildId);
        let kind = self.kind(base, bias, low, high);
        let path = match kind {
            ModuleKind::Vdso => None,
            _ => path.or_else(|| self.link_name(bias, low, high, kind)),
        };
        let want = Wanted {
            base,
            path: path.as_deref(),
            build_id: build_id.as_ref(),
            loads: Some(&shape.loads),
        };
        let (file, image) = match kind {
            ModuleKind::Vdso => (ModuleFile::Missing, None),
            _ => self.file_for(&want),
        };
        let in_dump = || {
            let image = Image::from_memory(self.memory, base)?;
            Some(Arc::new(image))
        };
        let (file, image) = match (file, image) {
            (file @ ModuleFile::Mismatch { .. }, None) => (file, in_dump()),
            (file, None) => match in_dump() {
                Some(image) => (ModuleFile::InDump, Some(image)),
                None => (file, None),
            },
            found => found,
        };
        let package =
            package.or_else(|| image.as_ref().and_then(|i| i.package()));
        self.insert(Module {
            deleted: path.as_ref().is_some_and(|p| p.ends_with(" (deleted)")),
            path,
            kind,
            start: Addr(bias.wrapping_add(low)),
            end: Addr(bias.wrapping_add(high)),
            build_id,
            package,
            file,
            bias,
            image,
        });
    }

    /// The header was not dumped: only a file at the path can tell the shape.
    fn add_by_path(&mut self, base: u64, path: String) {
        let want =
            Wanted { base, path: Some(&path), build_id: None, loads: None };
        let (file, image) = self.file_for(&want);
        let mapped_end = self
            .core
            .notes
            .files
            .iter()
            .flatten()
            .filter(|m| m.path == path && m.start >= base)
            .map(|m| m.end)
            .max();
        let runs_code =
            self.core.segments.iter().any(|s| {
                s.executable() && self.paths.get(&s.start) == Some(&path)
            });
        let (bias, start, end) = match &image {
            Some(i) => {
                let (Some(bias), Some((low, high))) =
                    (i.bias(base), i.extent())
                else {
                    return;
                };
                (bias, bias.wrapping_add(low), bias.wrapping_add(high))
            }
            // Data files are mapped too; only code makes a module of one.
            None if runs_code => (base, base, mapped_end.unwrap_or(base)),
            None => return,
        };
        let kind = self.kind(
            base,
            bias,
            start.wrapping_sub(bias),
            end.wrapping_sub(bias),
        );
        let package = image.as_ref().and_then(|i| i.package());
        self.insert(Module {
            deleted: path.ends_with(" (deleted)"),
            path: Some(path),
            kind,
            start: Addr(start),
            end: Addr(end),
            build_id: None,
            package,
            file,
            bias,
            image,
        });
    }

    fn insert(&mut self, mut m: Module) {
        // Extents come from headers that may lie: never overlap a neighbour.
        if let Some((next, _)) = self.out.range(m.start.0..).next() {
            m.end = Addr(m.end.0.min(*next));
        }
        if m.start < m.end && !self.covered(m.start.0) {
            self.out.insert(m.start.0, m);
        }
    }

    fn kind(&self, base: u64, bias: u64, low: u64, high: u64) -> ModuleKind {
        let notes = &self.core.notes;
        let inside = |a: Option<u64>| {
            a.is_some_and(|a| {
                let v = a.wrapping_sub(bias);
                low <= v && v < high
            })
        };
        if notes.aux(AT_SYSINFO_EHDR) == Some(base) {
            ModuleKind::Vdso
        } else if inside(notes.aux(AT_ENTRY)) || inside(notes.aux(AT_PHDR)) {
            ModuleKind::Program
        } else {
            ModuleKind::Library
        }
    }

    /// Names an image by the link map, or by the arguments of exec.
    fn link_name(
        &self,
        bias: u64,
        low: u64,
        high: u64,
        kind: ModuleKind,
    ) -> Option<String> {
        if kind == ModuleKind::Program {
            let execfn = self.core.notes.aux(AT_EXECFN)?;
            let name = self.memory.read_string(execfn, 4096).ok()?;
            return Some(text(&name)).filter(|n| !n.is_empty());
        }
        let hit = |l: &&Link| {
            let v = l.dynamic.wrapping_sub(bias);
            l.bias == bias && low <= v && v < high
        };
        let link = self.links.iter().find(hit)?;
        Some(link.name.clone()).filter(|n| !n.is_empty())
    }

    /// Adds what only the link map knows: the header is neither in memory nor
    /// named by NT_FILE.
    fn add_links(&mut self) {
        for l in self.links {
            if l.name.is_empty() || self.covered(l.dynamic) {
                continue;
            }
            // Position-independent: the header lies at the bias.
            if l.bias != 0 && l.bias & 0xfff == 0 {
                self.add(l.bias, Some(&l.name));
            }
        }
    }

    fn note_in_memory(
        &self,
        shape: &Image,
        bias: u64,
        owner: &[u8],
        kind: u32,
    ) -> Option<Vec<u8>> {
        shape.notes_spans().find_map(|s| {
            let size = usize::try_from(s.size).ok()?.min(1 << 16);
            let mut data = vec![0; size];
            let n =
                self.memory.read_up_to(bias.wrapping_add(s.vaddr), &mut data);
            super::image::find_note(&data[..n], &|o: &[u8], k| {
                o == owner && k == kind
            })
            .map(<[u8]>::to_vec)
        })
    }

    /// Opens candidates until one is the image that was mapped.
    fn file_for(&self, want: &Wanted<'_>) -> (ModuleFile, Option<Arc<Image>>) {
        let mut mismatch = None;
        let mut seen = HashSet::new();
        for file in self.finder.images(want.path, want.build_id) {
            if !seen.insert(file.clone()) {
                continue;
            }
            let Ok(image) = Image::open(&file) else { continue };
            match (want.build_id, image.build_id()) {
                (Some(a), Some(b)) if *a == b => {
                    let status = ModuleFile::Verified { file };
                    return (status, Some(Arc::new(image)));
                }
                (Some(a), b) => {
                    mismatch.get_or_insert_with(|| ModuleFile::Mismatch {
                        file,
                        found: b.map_or("none".to_owned(), |b| b.to_string()),
                        expected: a.to_string(),
                    });
                }
                (None, b) => {
                    if self.lies_alike(want, &image) {
                        let status = ModuleFile::ByPath { file };
                        return (status, Some(Arc::new(image)));
                    }
                    mismatch.get_or_insert_with(|| ModuleFile::Mismatch {
                        file,
                        found: b.map_or("none".to_owned(), |b| b.to_string()),
                        expected: "segments as they were mapped".to_owned(),
                    });
                }
            }
        }
        (mismatch.unwrap_or(ModuleFile::Missing), None)
    }

    /// Whether the file's segments lie as the process had them.
    fn lies_alike(&self, want: &Wanted<'_>, image: &Image) -> bool {
        if let Some(loads) = want.loads {
            return loads == image.loads;
        }
        let Some(bias) = image.bias(want.base) else { return false };
        let Some(path) = want.path else { return false };
        let Some((low, high)) = image.extent() else { return false };
        let extent = bias.wrapping_add(low)..bias.wrapping_add(high);
        let mut mapped = self
            .core
            .notes
            .files
            .iter()
            .flatten()
            .filter(|m| m.path == path && extent.contains(&m.start))
            .peekable();
        mapped.peek().is_some()
            && mapped.all(|m| {
                image.loads.iter().any(|l| {
                    let page = l.offset & !0xfff;
                    let at = bias.wrapping_add(l.vaddr & !0xfff);
                    m.offset >= page
                        && m.start.wrapping_sub(at) == m.offset - page
                        && m.offset < l.offset.saturating_add(l.file_size)
                })
            })
    }
}

struct Wanted<'a> {
    base: u64,
    path: Option<&'a str>,
    build_id: Option<&'a BuildId>,
    loads: Option<&'a [Load]>,
}

/// Walks `r_debug` and the lists it heads.
///
/// `r_debug`: version i32 @0, r_map @8, r_ldbase @32, next @40 (version 2).
/// `link_map`: l_addr @0, l_name @8, l_ld @16, l_next @24. Source: <link.h>.
fn link_map(
    core: &Core,
    memory: &Memory,
    problems: &mut Vec<String>,
) -> Vec<Link> {
    let mut out = Vec::new();
    let mut seen = HashSet::new();
    let mut debug = r_debug(core, memory).unwrap_or(0);
    while debug != 0 && seen.insert(debug) && out.len() < MAX_LINKS {
        let mut raw = [0; 48];
        let n = memory.read_up_to(debug, &mut raw);
        let Some(mut at) = u64_at(&raw[..n], 8) else { break };
        while at != 0 && out.len() < MAX_LINKS {
            if !seen.insert(at) {
                problems.push(format!(
                    "the link map turns back to {at:#x} after {} entries",
                    out.len()
                ));
                break;
            }
            let Some((link, next)) = one_link(memory, at) else {
                problems.push(format!(
                    "the link map cannot be read at {at:#x}, after {} entries",
                    out.len()
                ));
                break;
            };
            out.push(link);
            at = next;
        }
        let version = u32_at(&raw[..n], 0).unwrap_or(0);
        debug = match u64_at(&raw[..n], 40) {
            Some(next) if version >= 2 => next,
            _ => 0,
        };
    }
    out
}

fn one_link(memory: &Memory, at: u64) -> Option<(Link, u64)> {
    let mut raw = [0; 32];
    memory.read(at, &mut raw).ok()?;
    let name = memory.read_string(u64_at(&raw, 8)?, 4096).unwrap_or_default();
    let link = Link {
        bias: u64_at(&raw, 0)?,
        name: text(&name),
        dynamic: u64_at(&raw, 16)?,
    };
    Some((link, u64_at(&raw, 24)?))
}

/// Finds `r_debug` through the program's own DT_DEBUG.
fn r_debug(core: &Core, memory: &Memory) -> Option<u64> {
    let phdr = core.notes.aux(AT_PHDR)?;
    let count = usize::try_from(core.notes.aux(AT_PHNUM)?).ok()?.min(4096);
    let mut table = vec![0; count * 56];
    memory.read(phdr, &mut table).ok()?;
    let entry = |kind: u32| {
        table
            .chunks_exact(56)
            .find(|p| u32_at(p, 0) == Some(kind))
            .and_then(|p| Some((u64_at(p, 16)?, u64_at(p, 40)?)))
    };
    let bias = entry(6).map_or(0, |(vaddr, _)| phdr.wrapping_sub(vaddr));
    let (vaddr, size) = entry(2)?;
    let mut dynamic = vec![0; usize::try_from(size).ok()?.min(1 << 16)];
    let n = memory.read_up_to(bias.wrapping_add(vaddr), &mut dynamic);
    dynamic[..n]
        .chunks_exact(16)
        .find(|d| u64_at(d, 0) == Some(21))
        .and_then(|d| u64_at(d, 8))
}
