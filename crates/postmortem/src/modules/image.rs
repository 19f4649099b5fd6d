//! One ELF image: a program, a library, the vDSO, or a file of debug data.
//!
//! Reads only what a postmortem needs, each part when asked for, from a mapped
//! file or from bytes rebuilt out of the dump. Nothing is sorted or copied up
//! front: a process may map a hundred libraries and die in one.

use super::sections::{Expanded, Stored};
use crate::addr::BuildId;
use crate::bytes::MappedFile;
use crate::memory::Memory;
use object::elf::{
    self, FileHeader64, PT_DYNAMIC, PT_GNU_EH_FRAME, PT_LOAD, PT_NOTE,
    ProgramHeader64, SectionHeader64,
};
use object::read::elf::{FileHeader as _, ProgramHeader as _};
use object::{LittleEndian as LE, Object as _, ObjectSection as _};
use std::borrow::Cow;
use std::path::{Path, PathBuf};

type Header = FileHeader64<LE>;

/// Bytes of an image.
enum Data {
    Map(MappedFile),
    Owned(Vec<u8>),
}

/// A loadable segment of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) vaddr: u64,
    pub(crate) memory_size: u64,
    pub(crate) offset: u64,
    pub(crate) file_size: u64,
    pub(crate) flags: u32,
}

/// A place in the image: virtual address and size in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) vaddr: u64,
    pub(crate) size: u64,
}

/// An ELF image with its program headers read.
pub(crate) struct Image {
    data: Data,
    pub(crate) path: Option<PathBuf>,
    pub(crate) loads: Vec<Load>,
    pub(crate) eh_frame_hdr: Option<Span>,
    pub(crate) dynamic: Option<Span>,
    notes: Vec<Span>,
    /// Compressed sections of line data, expanded when asked for.
    pub(super) expanded: Expanded,
}

/// Program headers read from an image are at most this many.
const MAX_PHNUM: usize = 4096;
/// A rebuilt image is at most this large, in bytes.
const MAX_REBUILT: u64 = 32 << 20;

impl Image {
    /// Opens and maps a file; `Err` says what is wrong with it.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        let shown = path.display();
        let meta =
            std::fs::metadata(path).map_err(|e| format!("{shown}: {e}"))?;
        if !meta.is_file() {
            return Err(format!("{shown}: not a regular file"));
        }
        let map = std::fs::File::open(path)
            .and_then(|f| MappedFile::new(&f))
            .map_err(|e| format!("{shown}: {e}"))?;
        Self::parse(Data::Map(map), Some(path.to_owned()))
            .map_err(|e| format!("{shown}: {e}"))
    }

    /// Takes an image whose bytes are at hand.
    pub(crate) fn from_bytes(bytes: Vec<u8>) -> Result<Self, String> {
        Self::parse(Data::Owned(bytes), None)
    }

    /// Rebuilds the file form of an image from memory, as far as memory has it.
    ///
    /// Returns `None` unless the unwind tables or the dynamic symbols are among
    /// the bytes: an image without both answers nothing.
    pub(crate) fn from_memory(memory: &Memory, base: u64) -> Option<Self> {
        let shape = Self::headers_in_memory(memory, base)?;
        let bias = shape.bias(base)?;
        let size = shape
            .loads
            .iter()
            .map(|l| l.offset.saturating_add(l.file_size))
            .max()
            .filter(|n| *n <= MAX_REBUILT)?;
        let vdso_sections = MAX_REBUILT.min(size.next_multiple_of(4096));
        let mut bytes = vec![0; usize::try_from(vdso_sections).ok()?];
        for l in &shape.loads {
            let at = usize::try_from(l.offset).ok()?;
            // The tail of the last page holds section headers (vDSO).
            let len = l.file_size.next_multiple_of(4096);
            let end = at.saturating_add(usize::try_from(len).ok()?);
            let end = end.min(bytes.len());
            let from = bias.wrapping_add(l.vaddr);
            let _absent_stays_zero =
                memory.read_up_to(from, bytes.get_mut(at..end)?);
        }
        let has = |s: Option<Span>| {
            s.is_some_and(|s| {
                let mut b = [0; 8];
                memory.read(bias.wrapping_add(s.vaddr), &mut b).is_ok()
            })
        };
        if !has(shape.eh_frame_hdr) && !has(shape.dynamic) {
            return None;
        }
        let mut image = Self::from_bytes(bytes).ok()?;
        // A hole of zeros in place of an absent table must not be taken for one.
        if !has(image.eh_frame_hdr) {
            image.eh_frame_hdr = None;
        }
        Some(image)
    }

    /// Reads ELF and program headers at `base`, without the content.
    pub(crate) fn headers_in_memory(
        memory: &Memory,
        base: u64,
    ) -> Option<Self> {
        let mut head = vec![0; 64];
        memory.read(base, &mut head).ok()?;
        let phoff = u64_at(&head, 32)?;
        let phnum = usize::from(u16_at(&head, 56)?).min(MAX_PHNUM);
        let end = usize::try_from(phoff).ok()?.checked_add(phnum * 56)?;
        if !head.starts_with(b"\x7fELF") || end > 1 << 20 {
            return None;
        }
        head.resize(end.max(64), 0);
        memory.read(base, &mut head).ok()?;
        // No section headers here: they would be out of range.
        head.get_mut(40..48)?.fill(0);
        head.get_mut(58..64)?.fill(0);
        Self::from_bytes(head).ok()
    }

    fn parse(data: Data, path: Option<PathBuf>) -> Result<Self, String> {
        let bytes: &[u8] = match &data {
            Data::Map(m) => m.data(),
            Data::Owned(v) => v,
        };
        let header = Header::parse(bytes)
            .map_err(|e| format!("not a 64-bit ELF file ({e})"))?;
        if header.endian().is_err() || header.e_ident.data != elf::ELFDATA2LSB {
            return Err("not a little-endian ELF file".to_owned());
        }
        let headers: &[ProgramHeader64<LE>] = header
            .program_headers(LE, bytes)
            .map_err(|e| format!("program headers: {e}"))?;
        let mut image = Self {
            loads: Vec::new(),
            eh_frame_hdr: None,
            dynamic: None,
            notes: Vec::new(),
            expanded: Expanded::default(),
            data: Data::Owned(Vec::new()),
            path,
        };
        for p in headers.iter().take(MAX_PHNUM) {
            image.note_header(p);
        }
        image.data = data;
        Ok(image)
    }

    fn note_header(&mut self, p: &ProgramHeader64<LE>) {
        let span = Span { vaddr: p.p_vaddr(LE), size: p.p_memsz(LE) };
        match p.p_type(LE) {
            PT_LOAD => self.loads.push(Load {
                vaddr: span.vaddr,
                memory_size: span.size,
                offset: p.p_offset(LE),
                file_size: p.p_filesz(LE),
                flags: p.p_flags(LE).0,
            }),
            PT_GNU_EH_FRAME => self.eh_frame_hdr = Some(span),
            PT_DYNAMIC => self.dynamic = Some(span),
            PT_NOTE => self.notes.push(span),
            _ => {}
        }
    }

    /// Returns all bytes of the image's file form.
    pub(crate) fn bytes(&self) -> &[u8] {
        match &self.data {
            Data::Map(m) => m.data(),
            Data::Owned(v) => v,
        }
    }

    /// Returns the difference between memory and image addresses when the
    /// image's header lies at `base`.
    pub(crate) fn bias(&self, base: u64) -> Option<u64> {
        let first = self.loads.iter().find(|l| l.offset < 4096)?;
        Some(base.wrapping_sub(first.vaddr - first.offset.min(first.vaddr)))
    }

    /// Returns the image's extent as image addresses: first, after the last.
    pub(crate) fn extent(&self) -> Option<(u64, u64)> {
        let start = self.loads.iter().map(|l| l.vaddr & !0xfff).min()?;
        let end = self
            .loads
            .iter()
            .map(|l| l.vaddr.saturating_add(l.memory_size))
            .max()?;
        let end = end.checked_next_multiple_of(4096)?;
        (start < end).then_some((start, end))
    }

    /// Returns bytes at an image address, as far as its segment goes.
    pub(crate) fn at(&self, vaddr: u64) -> Option<&[u8]> {
        let l = self
            .loads
            .iter()
            .find(|l| l.vaddr <= vaddr && vaddr - l.vaddr < l.file_size)?;
        let from = usize::try_from(l.offset.checked_add(vaddr - l.vaddr)?);
        let end = usize::try_from(l.offset.checked_add(l.file_size)?).ok()?;
        let bytes = self.bytes();
        bytes.get(from.ok()?..end.min(bytes.len()))
    }

    /// Returns whether an image address lies in an executable segment.
    pub(crate) fn executable(&self, vaddr: u64) -> bool {
        self.loads.iter().any(|l| {
            l.flags & 1 != 0
                && l.vaddr <= vaddr
                && vaddr - l.vaddr < l.memory_size
        })
    }

    pub(super) fn notes_spans(&self) -> impl Iterator<Item = Span> {
        self.notes.iter().copied()
    }

    /// Returns the build id of the image's notes.
    pub(crate) fn build_id(&self) -> Option<BuildId> {
        self.note(|owner, kind| owner == b"GNU" && kind == 3)
            .map(|d| BuildId(d.to_vec()))
    }

    /// Returns the package note, JSON text.
    pub(crate) fn package(&self) -> Option<String> {
        self.note(|owner, kind| owner == b"FDO" && kind == 0xcafe_1a7e)
            .map(|d| crate::addr::text(crate::addr::until_nul(d)))
    }

    fn note(&self, wanted: impl Fn(&[u8], u32) -> bool) -> Option<&[u8]> {
        self.notes
            .iter()
            .find_map(|s| {
                let data = self.at(s.vaddr)?;
                let len = data.len().min(usize::try_from(s.size).ok()?);
                find_note(&data[..len], &wanted)
            })
            .or_else(|| {
                // A debug file has no loadable bytes: its notes are a section.
                let name = ".note.gnu.build-id";
                let Some(Cow::Borrowed(data)) = self.section(name) else {
                    return None;
                };
                find_note(data, &wanted)
            })
    }

    fn object(&self) -> Option<object::read::elf::ElfFile64<'_, LE>> {
        object::read::elf::ElfFile64::parse(self.bytes()).ok()
    }

    /// Finds a section's bytes as they are stored.
    pub(super) fn stored(&self, name: &str) -> Option<Stored<'_>> {
        let file = self.object()?;
        let old = || {
            let old = format!(".z{}", name.strip_prefix('.')?);
            Some((file.section_by_name_bytes(old.as_bytes())?, true))
        };
        let plain = file.section_by_name_bytes(name.as_bytes());
        let (section, old) = plain.map(|s| (s, false)).or_else(old)?;
        let header = section.elf_section_header();
        if header.sh_type.get(LE) == elf::SHT_NOBITS {
            return None;
        }
        let compressed = header.sh_flags.get(LE).0 & elf::SHF_COMPRESSED.0 != 0;
        Stored::of(section.data().ok()?, compressed, old)
    }

    /// Returns a section's address and size.
    pub(crate) fn section_span(&self, name: &str) -> Option<Span> {
        let file = self.object()?;
        let s = file.section_by_name(name)?;
        Some(Span { vaddr: s.address(), size: s.size() })
    }

    /// Returns the name and checksum of the separate debug file.
    pub(crate) fn debuglink(&self) -> Option<(String, u32)> {
        let file = self.object()?;
        let (name, crc) = file.gnu_debuglink().ok()??;
        Some((crate::addr::text(name), crc))
    }

    /// Returns the full symbol table (`.symtab`), when it is there.
    pub(crate) fn symtab(&self) -> Option<SymbolTable<'_>> {
        self.sections_table(elf::SHT_SYMTAB)
    }

    /// Returns the dynamic symbols, with or without section headers.
    pub(crate) fn dynsym(&self) -> Option<SymbolTable<'_>> {
        self.sections_table(elf::SHT_DYNSYM).or_else(|| self.dynamic_table())
    }

    fn sections_table(
        &self,
        kind: elf::SectionType,
    ) -> Option<SymbolTable<'_>> {
        let bytes = self.bytes();
        let header = Header::parse(bytes).ok()?;
        let sections: &[SectionHeader64<LE>] =
            header.section_headers(LE, bytes).ok()?;
        let table = sections.iter().find(|s| s.sh_type.get(LE) == kind)?;
        let strings = sections.get(table.sh_link.get(LE) as usize)?;
        let slice = |s: &SectionHeader64<LE>| {
            let at = usize::try_from(s.sh_offset.get(LE)).ok()?;
            let len = usize::try_from(s.sh_size.get(LE)).ok()?;
            bytes.get(at..at.checked_add(len)?)
        };
        let ends = sections
            .iter()
            .map(|s| s.sh_addr.get(LE).saturating_add(s.sh_size.get(LE)))
            .collect();
        let (symbols, strings) = (slice(table)?, slice(strings)?);
        Some(SymbolTable { symbols, strings, ends })
    }

    /// Finds the dynamic symbols without section headers.
    fn dynamic_table(&self) -> Option<SymbolTable<'_>> {
        let dynamic = self.at(self.dynamic?.vaddr)?;
        let entry = |tag: u64| {
            dynamic
                .chunks_exact(16)
                .take_while(|e| u64_at(e, 0) != Some(0))
                .find(|e| u64_at(e, 0) == Some(tag))
                .and_then(|e| u64_at(e, 8))
        };
        let (strtab, symtab) = (entry(5)?, entry(6)?);
        let symbols = self.at(symtab)?;
        let strings = self.at(strtab)?;
        // Linkers put .dynstr right behind .dynsym; DT_HASH tells the count.
        let count = match entry(4).and_then(|h| self.at(h)) {
            Some(hash) => u32_at(hash, 4)? as usize,
            None if strtab > symtab => {
                usize::try_from((strtab - symtab) / 24).ok()?
            }
            None => return None,
        };
        let len = count.saturating_mul(24).min(symbols.len());
        let symbols = &symbols[..len];
        Some(SymbolTable { symbols, strings, ends: Vec::new() })
    }
}

/// A raw ELF64 symbol table: 24-byte entries and their names.
pub(crate) struct SymbolTable<'d> {
    pub(crate) symbols: &'d [u8],
    pub(crate) strings: &'d [u8],
    /// End address of each section; empty when there are no section headers.
    pub(crate) ends: Vec<u64>,
}

/// Walks the notes of one segment: words namesz, descsz, type, then both parts
/// padded to 4.
pub(super) fn find_note<'d>(
    data: &'d [u8],
    wanted: &impl Fn(&[u8], u32) -> bool,
) -> Option<&'d [u8]> {
    let mut at = 0usize;
    while let (Some(n), Some(d), Some(kind)) =
        (u32_at(data, at), u32_at(data, at + 4), u32_at(data, at + 8))
    {
        let name_end = (at + 12).checked_add(n as usize)?;
        let desc = name_end.checked_next_multiple_of(4)?;
        let desc_end = desc.checked_add(d as usize)?;
        let owner = crate::addr::until_nul(data.get(at + 12..name_end)?);
        if wanted(owner, kind) {
            return data.get(desc..desc_end);
        }
        at = desc_end.checked_next_multiple_of(4)?;
    }
    None
}

pub(crate) fn u16_at(b: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(b.get(at..at.checked_add(2)?)?.try_into().ok()?))
}
pub(crate) fn u32_at(b: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(b.get(at..at.checked_add(4)?)?.try_into().ok()?))
}
pub(crate) fn u64_at(b: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(b.get(at..at.checked_add(8)?)?.try_into().ok()?))
}
