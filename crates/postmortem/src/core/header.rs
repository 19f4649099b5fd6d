//! The ELF header and program headers, 32 and 64 bits, either byte order.
//!
//! | field | 64-bit offset, size | 32-bit |
//! | --- | --- | --- |
//! | e_type | 16, 2 | 16, 2 |
//! | e_machine | 18, 2 | 18, 2 |
//! | e_phoff | 32, 8 | 28, 4 |
//! | e_shoff | 40, 8 | 32, 4 |
//! | e_phentsize, e_phnum | 54, 56, 2 each | 42, 44 |
//! | e_shentsize, e_shnum | 58, 60, 2 each | 46, 48 |
//!
//! Source: System V ABI, chapter 4 and 5; elf(5) for PN_XNUM.

use super::{CoreError, MAX_PROBLEMS};
use crate::arch::Arch;
use crate::bytes::ReadAt;

/// What the ELF header of a core says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// 64-bit class.
    pub is_64: bool,
    /// Little-endian data.
    pub little: bool,
    /// `EI_OSABI`.
    pub osabi: u8,
    /// `e_machine`.
    pub machine: u16,
    /// Offset of the program headers.
    pub phoff: u64,
    /// Number of program headers, PN_XNUM resolved.
    pub phnum: u64,
    /// Offset after the last program header.
    pub headers_end: u64,
    phentsize: u64,
    phnum_problem: Option<String>,
}

/// One program header, widened to 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProgramHeader {
    /// `p_type`.
    pub kind: u32,
    /// `p_flags`.
    pub flags: u32,
    /// `p_offset`.
    pub offset: u64,
    /// `p_vaddr`.
    pub address: u64,
    /// `p_paddr`.
    pub physical: u64,
    /// `p_filesz`.
    pub file_size: u64,
    /// `p_memsz`.
    pub memory_size: u64,
    /// `p_align`.
    pub align: u64,
}

impl ProgramHeader {
    /// PT_LOAD (1).
    #[must_use]
    pub fn is_load(&self) -> bool {
        self.kind == 1
    }
    /// PT_NOTE (4).
    #[must_use]
    pub fn is_note(&self) -> bool {
        self.kind == 4
    }
}

/// Integers of a foreign structure; out of range is `None`.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a> {
    pub(crate) data: &'a [u8],
    pub(crate) little: bool,
}

impl Fields<'_> {
    fn bytes<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        let mut b: [u8; N] =
            self.data.get(at..at.checked_add(N)?)?.try_into().ok()?;
        if !self.little {
            b.reverse();
        }
        Some(b)
    }
    pub(crate) fn u16(&self, at: usize) -> Option<u16> {
        Some(u16::from_le_bytes(self.bytes(at)?))
    }
    pub(crate) fn u32(&self, at: usize) -> Option<u32> {
        Some(u32::from_le_bytes(self.bytes(at)?))
    }
    pub(crate) fn i32(&self, at: usize) -> Option<i32> {
        Some(i32::from_le_bytes(self.bytes(at)?))
    }
    pub(crate) fn u64(&self, at: usize) -> Option<u64> {
        Some(u64::from_le_bytes(self.bytes(at)?))
    }
    pub(crate) fn word(&self, at: usize, size: usize) -> Option<u64> {
        match size {
            2 => self.u16(at).map(u64::from),
            4 => self.u32(at).map(u64::from),
            _ => self.u64(at),
        }
    }
}

const PN_XNUM: u64 = 0xffff;

impl Header {
    /// Reads and checks the ELF header.
    pub(super) fn parse(bytes: &dyn ReadAt) -> Result<Self, CoreError> {
        let mut head = [0; 64];
        let n = bytes.read_at(0, &mut head).unwrap_or(0);
        let head = &head[..n];
        if head.is_empty() {
            return Err(CoreError::Empty);
        }
        if !head.starts_with(b"\x7fELF") {
            return Err(CoreError::NotElf(first_bytes(head)));
        }
        let cut =
            |expected| CoreError::HeaderCut { expected, found: bytes.len() };
        let class = *head.get(4).ok_or(cut(64))?;
        let data = *head.get(5).ok_or(cut(64))?;
        let is_64 = match class {
            1 => false,
            2 => true,
            c => return Err(damaged("EI_CLASS at 4", c.into(), "1 or 2")),
        };
        let little = match data {
            1 => true,
            2 => false,
            d => return Err(damaged("EI_DATA at 5", d.into(), "1 or 2")),
        };
        let f = Fields { data: head, little };
        Self::fields(&f, is_64, bytes).ok_or(cut(if is_64 {
            64
        } else {
            52
        }))?
    }

    fn fields(
        f: &Fields<'_>,
        is_64: bool,
        bytes: &dyn ReadAt,
    ) -> Option<Result<Self, CoreError>> {
        let kind = f.u16(16)?;
        if kind != 4 {
            let name = elf_type(kind);
            return Some(Err(CoreError::NotCore { found: kind, name }));
        }
        let machine = f.u16(18)?;
        let (phoff, shoff, sizes) = if is_64 {
            (f.u64(32)?, f.u64(40)?, 54)
        } else {
            (f.u32(28)?.into(), f.u32(32)?.into(), 42)
        };
        let phentsize = u64::from(f.u16(sizes)?);
        let mut phnum = u64::from(f.u16(sizes + 2)?);
        f.u16(sizes + 8)?;
        let mut phnum_problem = None;
        if phnum == PN_XNUM {
            match section_zero_info(bytes, shoff, is_64, f.little) {
                Some(n) => phnum = n,
                None => {
                    phnum_problem = Some(format!(
                        "e_phnum is 0xffff, but section header 0 at \
                         {shoff:#x}, which holds the true count, is not \
                         in the file"
                    ));
                }
            }
        }
        let smallest = if is_64 { 56 } else { 32 };
        if phnum > 0 && phentsize < smallest {
            let what = "e_phentsize";
            let expected = if is_64 { "56" } else { "32" };
            return Some(Err(damaged(what, phentsize, expected)));
        }
        let headers_end = phentsize
            .checked_mul(phnum)
            .and_then(|n| n.checked_add(phoff))
            .unwrap_or(u64::MAX);
        Some(Ok(Self {
            is_64,
            little: f.little,
            osabi: f.data[7],
            machine,
            phoff,
            phnum,
            headers_end,
            phentsize,
            phnum_problem,
        }))
    }

    /// Returns the architecture.
    #[must_use]
    pub fn arch(&self) -> Arch {
        Arch::of(self.machine, self.is_64)
    }

    /// Reads the program headers that the file has.
    pub(super) fn program_headers(
        &self,
        bytes: &dyn ReadAt,
        problems: &mut Vec<String>,
    ) -> Vec<ProgramHeader> {
        problems.extend(self.phnum_problem.clone());
        let room = bytes.len().saturating_sub(self.phoff);
        let fit = room.checked_div(self.phentsize).unwrap_or(0);
        let count = self.phnum.min(fit);
        if count < self.phnum {
            problems.push(format!(
                "program headers are cut: expected {} of {} bytes at {:#x}, \
                 the file has {count}",
                self.phnum, self.phentsize, self.phoff
            ));
        }
        let size = usize::try_from(count * self.phentsize).unwrap_or(0);
        let mut table = vec![0; size];
        let got = bytes.read_at(self.phoff, &mut table).unwrap_or(0);
        if got < size && problems.len() < MAX_PROBLEMS {
            problems.push("program headers cannot be read".to_owned());
        }
        let step = usize::try_from(self.phentsize).unwrap_or(1).max(1);
        table[..got]
            .chunks_exact(step)
            .filter_map(|raw| self.program_header(raw))
            .collect()
    }

    fn program_header(&self, raw: &[u8]) -> Option<ProgramHeader> {
        let f = Fields { data: raw, little: self.little };
        let kind = f.u32(0)?;
        Some(if self.is_64 {
            ProgramHeader {
                kind,
                flags: f.u32(4)?,
                offset: f.u64(8)?,
                address: f.u64(16)?,
                physical: f.u64(24)?,
                file_size: f.u64(32)?,
                memory_size: f.u64(40)?,
                align: f.u64(48)?,
            }
        } else {
            ProgramHeader {
                kind,
                offset: f.u32(4)?.into(),
                address: f.u32(8)?.into(),
                physical: f.u32(12)?.into(),
                file_size: f.u32(16)?.into(),
                memory_size: f.u32(20)?.into(),
                flags: f.u32(24)?,
                align: f.u32(28)?.into(),
            }
        })
    }
}

fn section_zero_info(
    bytes: &dyn ReadAt,
    shoff: u64,
    is_64: bool,
    little: bool,
) -> Option<u64> {
    if shoff == 0 {
        return None;
    }
    let at = shoff.checked_add(if is_64 { 44 } else { 28 })?;
    let mut raw = [0; 4];
    let n = bytes.read_at(at, &mut raw).ok()?;
    let f = Fields { data: raw.get(..n)?, little };
    f.u32(0).map(u64::from)
}

fn damaged(
    what: &'static str,
    found: u64,
    expected: &'static str,
) -> CoreError {
    CoreError::Damaged { what, found, expected }
}

fn elf_type(kind: u16) -> &'static str {
    match kind {
        0 => "no type",
        1 => "a relocatable object",
        2 => "an executable",
        3 => "a shared object or position-independent executable",
        _ => "unknown",
    }
}

/// Describes the start of a file that is no ELF file.
fn first_bytes(head: &[u8]) -> String {
    let known: &[(&[u8], &str)] = &[
        (b"MDMP", "a minidump (MDMP)"),
        (b"JAVA PROFILE", "a Java heap dump"),
        (b"#!", "a script"),
        (b"!<arch>", "an archive"),
        (b"PK\x03\x04", "a zip archive"),
        (b"\x89PNG", "a PNG picture"),
        (b"BZh", "bzip2 content; expand it first: bunzip2 FILE"),
    ];
    if let Some((_, name)) = known.iter().find(|(m, _)| head.starts_with(m)) {
        return (*name).to_owned();
    }
    let hex: Vec<String> =
        head.iter().take(8).map(|b| format!("{b:02x}")).collect();
    format!("bytes {}", hex.join(" "))
}
