//! The core file itself: headers, notes, segments, and how much of it is here.
//!
//! A core is an ELF file of type 4 with one PT_NOTE and a PT_LOAD per mapping.
//! By hand one would run `readelf -n -l`; this module does the same and never
//! gives up on a damaged part: what cannot be read becomes a line in
//! [`Core::problems`], and the rest is used.
//!
//! Cases that shaped it:
//! - More than 65,534 mappings: `e_phnum` is 0xffff (PN_XNUM) and the count is
//!   `sh_info` of section header 0 (elf(5)).
//! - A core cut by a limit or a full disk: each segment is clipped to the file,
//!   and [`Completeness`] tells bytes expected and present.
//! - `p_filesz < p_memsz`: the rest was **not dumped** and is unknown, not zero.
//! - Overlapping segments (seen in damaged images): the lower one wins, the
//!   overlap is noted.

mod header;
mod notes;

pub(crate) use header::Fields;
pub use header::{Header, ProgramHeader};
pub use notes::{AuxEntry, FileMapping, Notes, Psinfo, Siginfo, ThreadNote};

use crate::bytes::ReadAt;
use serde::Serialize;
use std::sync::Arc;

const AT_RANDOM: u64 = 25;

/// One dumped mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// First address.
    pub start: u64,
    /// Address after the last.
    pub end: u64,
    /// Offset of `start` in the dump.
    pub offset: u64,
    /// Bytes that the header says were dumped.
    pub dumped: u64,
    /// Bytes of those that the file really has.
    pub present: u64,
    /// `PF_R` 4, `PF_W` 2, `PF_X` 1.
    pub flags: u32,
}

impl Segment {
    /// Whether code may run here.
    #[must_use]
    pub fn executable(&self) -> bool {
        self.flags & 1 != 0
    }
    /// Whether the process could write here.
    #[must_use]
    pub fn writable(&self) -> bool {
        self.flags & 2 != 0
    }
}

/// How much of a core is here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Completeness {
    /// Whether every byte that the headers promise is in the file.
    pub complete: bool,
    /// Length the file must have to hold all segments, in bytes.
    pub expected_bytes: u64,
    /// Length it has, in bytes (expanded, when it was compressed).
    pub present_bytes: u64,
    /// Bytes of mappings that were never dumped (by the kernel's filter or
    /// because they were never touched).
    pub not_dumped_bytes: u64,
    /// Mappings with bytes missing from the file, at most 16 named.
    pub cut_mappings: Vec<CutMapping>,
    /// Number of mappings with bytes missing from the file.
    pub cut_count: usize,
    /// Why bytes are missing, when they are, as far as it can be told.
    pub reason: Option<String>,
}

/// A mapping that the file's end cuts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CutMapping {
    /// First address.
    pub start: crate::Addr,
    /// Address after the last.
    pub end: crate::Addr,
    /// Bytes that should be in the file and are not.
    pub missing_bytes: u64,
}

/// Why a file is not a core that can be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CoreError {
    /// Nothing in it.
    #[error("the file is empty")]
    Empty,
    /// Some other kind of file.
    #[error("not a core dump: expected an ELF header at offset 0, found {0}")]
    NotElf(String),
    /// The ELF header itself is cut.
    #[error(
        "the ELF header is cut: expected {expected} bytes at offset 0, \
         found {found}"
    )]
    HeaderCut {
        /// Bytes of the header.
        expected: u64,
        /// Bytes of the file.
        found: u64,
    },
    /// An ELF file of another type.
    #[error(
        "an ELF file, but not a core dump: e_type at offset 16 is {found} \
         ({name}), expected 4 (ET_CORE)"
    )]
    NotCore {
        /// `e_type`.
        found: u16,
        /// What that type is called.
        name: &'static str,
    },
    /// A field of the header that no core has.
    #[error(
        "the ELF header is damaged: {what} is {found}, expected {expected}"
    )]
    Damaged {
        /// Which field.
        what: &'static str,
        /// Its value.
        found: u64,
        /// What it may be.
        expected: &'static str,
    },
    /// A kernel dump: known by name, read elsewhere.
    #[error(
        "a kernel crash dump ({0}): the process engine reads cores of processes"
    )]
    KernelDump(&'static str),
}

/// A core file, its headers and notes read.
pub struct Core {
    bytes: Arc<dyn ReadAt>,
    /// The ELF header.
    pub header: Header,
    /// All program headers in file order.
    pub program_headers: Vec<ProgramHeader>,
    /// Mappings, sorted by address, not overlapping.
    pub segments: Vec<Segment>,
    /// What the notes say.
    pub notes: Notes,
    /// What is wrong with the file, one line each.
    pub problems: Vec<String>,
}

impl Core {
    /// Reads headers and notes. Segments' bytes are not touched.
    pub fn parse(bytes: Arc<dyn ReadAt>) -> Result<Self, CoreError> {
        if let Some(kind) = kernel_dump(&*bytes) {
            return Err(CoreError::KernelDump(kind));
        }
        let mut problems = Vec::new();
        let header = Header::parse(&*bytes)?;
        let program_headers = header.program_headers(&*bytes, &mut problems);
        let notes =
            Notes::read(&*bytes, &header, &program_headers, &mut problems);
        if notes.vmcoreinfo {
            return Err(CoreError::KernelDump("ELF vmcore"));
        }
        let segments = segments(&program_headers, bytes.len(), &mut problems);
        Ok(Self { bytes, header, program_headers, segments, notes, problems })
    }

    /// Returns the dump's bytes.
    #[must_use]
    pub fn bytes(&self) -> &Arc<dyn ReadAt> {
        &self.bytes
    }

    /// Returns the notes' bytes, as far as the file has them, in file order.
    #[must_use]
    pub fn note_bytes(&self) -> Vec<u8> {
        self.program_headers
            .iter()
            .filter(|p| p.is_note())
            .flat_map(|p| {
                notes::window(&*self.bytes, p.offset, p.file_size).into_owned()
            })
            .collect()
    }

    /// Returns the 16 bytes that AT_RANDOM points to: fresh for every exec.
    #[must_use]
    pub fn at_random(&self) -> Option<[u8; 16]> {
        let at = self.notes.aux(AT_RANDOM)?;
        let i = self.segments.partition_point(|s| s.end <= at);
        let s = self.segments.get(i).filter(|s| s.start <= at)?;
        let into = at - s.start;
        if s.present.saturating_sub(into) < 16 {
            return None;
        }
        let mut out = [0; 16];
        let offset = s.offset.checked_add(into)?;
        let n = self.bytes.read_at(offset, &mut out).ok()?;
        (n == 16).then_some(out)
    }

    /// Compares what the headers promise with what the file has.
    #[must_use]
    pub fn completeness(&self) -> Completeness {
        let present_bytes = self.bytes.len();
        let expected_bytes = self
            .program_headers
            .iter()
            .filter(|p| p.file_size > 0)
            .filter_map(|p| p.offset.checked_add(p.file_size))
            .chain([self.header.headers_end])
            .max()
            .unwrap_or(0);
        let cut = self.segments.iter().filter(|s| s.present < s.dumped);
        let cut_count = cut.clone().count();
        let cut_mappings = cut
            .take(16)
            .map(|s| CutMapping {
                start: crate::Addr(s.start),
                end: crate::Addr(s.end),
                missing_bytes: s.dumped - s.present,
            })
            .collect();
        let not_dumped_bytes = self
            .segments
            .iter()
            .map(|s| (s.end - s.start).saturating_sub(s.dumped))
            .fold(0u64, u64::saturating_add);
        let complete = present_bytes >= expected_bytes;
        let reason = (!complete).then(|| self.cut_reason(present_bytes));
        Completeness {
            complete,
            expected_bytes,
            present_bytes,
            not_dumped_bytes,
            cut_mappings,
            cut_count,
            reason,
        }
    }

    /// Tells why a core may end at `len`; the file alone gives only hints.
    fn cut_reason(&self, len: u64) -> String {
        let hint = if len == 0 {
            "nothing was written"
        } else if len.is_multiple_of(1 << 20) {
            "the length is a whole number of MiB, as a size limit leaves it \
             (RLIMIT_CORE, ProcessSizeMax)"
        } else if len.is_multiple_of(4096) {
            "the length is a whole number of pages, as a size limit or a full \
             disk leaves it"
        } else {
            "the file ends inside a page, as an interrupted copy or transfer \
             leaves it"
        };
        hint.to_owned()
    }
}

/// Names the kinds of kernel dump that are told by their first bytes.
fn kernel_dump(bytes: &dyn ReadAt) -> Option<&'static str> {
    let mut magic = [0; 12];
    let n = bytes.read_at(0, &mut magic).unwrap_or(0);
    match &magic[..n] {
        m if m.starts_with(b"KDUMP   ") => Some("kdump-compressed"),
        m if m.starts_with(b"DISKDUMP") => Some("diskdump"),
        m if m.starts_with(b"makedumpfile") => Some("flattened kdump"),
        _ => None,
    }
}

fn segments(
    headers: &[ProgramHeader],
    len: u64,
    problems: &mut Vec<String>,
) -> Vec<Segment> {
    let mut loads: Vec<Segment> = headers
        .iter()
        .enumerate()
        .filter(|(_, p)| p.is_load() && p.memory_size > 0)
        .filter_map(|(i, p)| clipped(i, p, len, problems))
        .collect();
    loads.sort_by_key(|s| s.start);
    let mut out: Vec<Segment> = Vec::with_capacity(loads.len());
    let mut overlaps = 0u32;
    for mut s in loads {
        let floor = out.last().map_or(0, |l| l.end);
        if s.start < floor {
            overlaps += 1;
            if s.end <= floor {
                continue;
            }
            let skip = floor - s.start;
            s.start = floor;
            s.offset = s.offset.saturating_add(skip);
            s.dumped = s.dumped.saturating_sub(skip);
            s.present = s.present.saturating_sub(skip);
        }
        out.push(s);
    }
    if overlaps > 0 {
        problems.push(format!(
            "{overlaps} PT_LOAD segments overlap an earlier one: the one \
             with the lower start address is used"
        ));
    }
    out
}

fn clipped(
    index: usize,
    p: &ProgramHeader,
    len: u64,
    problems: &mut Vec<String>,
) -> Option<Segment> {
    let Some(end) = p.address.checked_add(p.memory_size) else {
        if problems.len() < MAX_PROBLEMS {
            problems.push(format!(
                "program header {index}: {:#x} bytes at address {:#x} wrap \
                 around the address space; the segment is left out",
                p.memory_size, p.address
            ));
        }
        return None;
    };
    let dumped = p.file_size.min(p.memory_size);
    let present = dumped.min(len.saturating_sub(p.offset));
    let flags = p.flags;
    let (start, offset) = (p.address, p.offset);
    Some(Segment { start, end, offset, dumped, present, flags })
}

/// Lines kept in [`Core::problems`] before the rest is only counted.
pub(crate) const MAX_PROBLEMS: usize = 64;
