//! The notes of a core: what the kernel wrote about the process.
//!
//! | note | type | layout |
//! | --- | --- | --- |
//! | NT_PRSTATUS | 1 | [`crate::arch::NoteLayout`], one per thread |
//! | NT_PRPSINFO | 3 | the same table, one per process |
//! | NT_AUXV | 6 | pairs of words (type, value) ended by type 0 |
//! | NT_SIGINFO | 0x53494749 | `siginfo_t`, 128 bytes |
//! | NT_FILE | 0x46494c45 | count, page size, count x (start, end, page offset), names |
//!
//! Every note is optional: the kernel drops NT_FILE past 4 MiB, qemu-user
//! writes no NT_SIGINFO, gcore writes one NT_SIGINFO per thread and another
//! order. The first NT_PRSTATUS is the thread that died, in kernel and gcore
//! cores alike. Sources: fs/binfmt_elf.c, include/uapi/linux/elfcore.h,
//! include/uapi/linux/auxvec.h, include/uapi/asm-generic/siginfo.h.

use super::header::Fields;
use super::{Header, MAX_PROBLEMS, ProgramHeader};
use crate::addr::{text, until_nul};
use crate::arch::{Arch, NoteLayout};
use crate::bytes::ReadAt;
use std::borrow::Cow;

/// One thread, as NT_PRSTATUS has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreadNote {
    /// Thread id in the process's pid namespace.
    pub tid: i32,
    /// Parent process id.
    pub ppid: i32,
    /// Process group.
    pub pgrp: i32,
    /// Session.
    pub sid: i32,
    /// Signal being delivered, 0 for none.
    pub signal: u16,
    /// User time of the thread, in microseconds.
    pub user_us: u64,
    /// System time of the thread, in microseconds.
    pub system_us: u64,
    /// General registers in note order.
    pub registers: Vec<u64>,
}

/// The process, as NT_PRPSINFO has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Psinfo {
    /// State letter of the thread group's leader, such as `R` or `Z`.
    pub state: char,
    /// Real user id.
    pub uid: u32,
    /// Real group id.
    pub gid: u32,
    /// Process id.
    pub pid: i32,
    /// Parent process id.
    pub ppid: i32,
    /// Process group.
    pub pgrp: i32,
    /// Session.
    pub sid: i32,
    /// Command, at most 15 bytes, any bytes.
    pub command: Vec<u8>,
    /// First 80 bytes of the arguments, blanks between.
    pub psargs: Vec<u8>,
}

/// `siginfo_t` of the signal that made the core.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Siginfo {
    /// Signal number.
    pub signo: i32,
    /// `si_errno`.
    pub errno: i32,
    /// `si_code`.
    pub code: i32,
    /// The whole structure, as dumped.
    pub raw: Vec<u8>,
}

/// One entry of the auxiliary vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct AuxEntry {
    /// `AT_` number.
    pub kind: u64,
    /// Its value.
    pub value: u64,
}

/// One file-backed mapping of NT_FILE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileMapping {
    /// First address.
    pub start: u64,
    /// Address after the last.
    pub end: u64,
    /// Offset in the file, in bytes.
    pub offset: u64,
    /// Path in the process's mount namespace.
    pub path: String,
}

/// Everything the notes say.
#[derive(Debug, Default)]
pub struct Notes {
    /// Threads in note order, the crashed one first.
    pub threads: Vec<ThreadNote>,
    /// Process facts.
    pub psinfo: Option<Psinfo>,
    /// The signal.
    pub siginfo: Option<Siginfo>,
    /// The auxiliary vector; empty when the note is missing.
    pub auxv: Vec<AuxEntry>,
    /// First bytes of the auxiliary vector as dumped, to find it in memory.
    pub auxv_raw: Vec<u8>,
    /// File mappings; `None` when the note is missing.
    pub files: Option<Vec<FileMapping>>,
    /// Whether this is a dump of a kernel.
    pub vmcoreinfo: bool,
    /// Notes met, by owner and type, for display: (owner, type, bytes).
    pub index: Vec<(String, u32, usize)>,
    seen_siginfo: bool,
}

const NT_PRSTATUS: u32 = 1;
const NT_PRPSINFO: u32 = 3;
const NT_AUXV: u32 = 6;
const NT_SIGINFO: u32 = 0x5349_4749;
const NT_FILE: u32 = 0x4649_4c45;
/// Notes listed in the index; more are read but not listed.
const MAX_INDEX: usize = 100_000;

impl Notes {
    /// Returns the value of an auxiliary vector entry.
    #[must_use]
    pub fn aux(&self, kind: u64) -> Option<u64> {
        self.auxv.iter().find(|e| e.kind == kind).map(|e| e.value)
    }

    pub(super) fn read(
        bytes: &dyn ReadAt,
        header: &Header,
        headers: &[ProgramHeader],
        problems: &mut Vec<String>,
    ) -> Self {
        let mut notes = Self::default();
        let layout =
            header.arch().layout().unwrap_or(Arch::common_layout(header.is_64));
        let reader = Reader { header, layout };
        for p in headers.iter().filter(|p| p.is_note()) {
            let data = window(bytes, p.offset, p.file_size);
            if (data.len() as u64) < p.file_size {
                problems.push(format!(
                    "notes are cut: expected {} bytes at {:#x}, the file has \
                     {}",
                    p.file_size,
                    p.offset,
                    data.len()
                ));
            }
            reader.segment(&data, p.offset, &mut notes, problems);
        }
        if notes.threads.is_empty() {
            problems.push("no NT_PRSTATUS note: no threads".to_owned());
        }
        notes
    }
}

/// Bytes of a range, clipped to the file, without a copy where possible.
pub(super) fn window(
    bytes: &dyn ReadAt,
    offset: u64,
    len: u64,
) -> Cow<'_, [u8]> {
    let len = len.min(bytes.len().saturating_sub(offset));
    if let Some(b) = bytes.borrow(offset, len) {
        return Cow::Borrowed(b);
    }
    let mut buf = vec![0; usize::try_from(len).unwrap_or(0)];
    let n = bytes.read_at(offset, &mut buf).unwrap_or(0);
    buf.truncate(n);
    Cow::Owned(buf)
}

struct Reader<'a> {
    header: &'a Header,
    layout: &'static NoteLayout,
}

impl Reader<'_> {
    fn fields<'d>(&self, data: &'d [u8]) -> Fields<'d> {
        Fields { data, little: self.header.little }
    }

    fn word_size(&self) -> usize {
        if self.header.is_64 { 8 } else { 4 }
    }

    fn segment(
        &self,
        data: &[u8],
        base: u64,
        notes: &mut Notes,
        problems: &mut Vec<String>,
    ) {
        let mut at = 0usize;
        while let Some(rest) = data.get(at..).filter(|r| r.len() >= 12) {
            let f = self.fields(rest);
            let (Some(namesz), Some(descsz), Some(kind)) =
                (f.u32(0), f.u32(4), f.u32(8))
            else {
                break;
            };
            if namesz == 0 && descsz == 0 && kind == 0 {
                break; // padding up to the page
            }
            let name_end = 12usize.saturating_add(namesz as usize);
            let desc = align4(name_end);
            let desc_end = desc.saturating_add(descsz as usize);
            let (Some(name), Some(body)) =
                (rest.get(12..name_end), rest.get(desc..desc_end))
            else {
                problems.push(format!(
                    "note at {:#x}: owner of {namesz} and content of {descsz} \
                     bytes, only {} left; notes after it are not read",
                    base + at as u64,
                    rest.len() - 12
                ));
                return;
            };
            let owner = until_nul(name);
            if notes.index.len() < MAX_INDEX {
                notes.index.push((text(owner), kind, body.len()));
            }
            if let Err(e) = self.note(owner, kind, body, notes)
                && problems.len() < MAX_PROBLEMS
            {
                problems.push(format!("note at {:#x}: {e}", base + at as u64));
            }
            let next = align4(desc_end);
            if next == 0 {
                return;
            }
            at = at.saturating_add(next);
        }
    }

    fn note(
        &self,
        owner: &[u8],
        kind: u32,
        body: &[u8],
        notes: &mut Notes,
    ) -> Result<(), String> {
        match (owner, kind) {
            (b"CORE", NT_PRSTATUS) => {
                notes.threads.push(self.prstatus(self.layout, body)?);
            }
            (b"CORE", NT_PRPSINFO) => {
                notes.psinfo = Some(self.psinfo(self.layout, body)?);
            }
            // gcore writes one per thread: the first belongs to the thread
            // that stopped.
            (b"CORE", NT_SIGINFO) if !notes.seen_siginfo => {
                notes.seen_siginfo = true;
                notes.siginfo = Some(self.siginfo(body)?);
            }
            (b"CORE", NT_AUXV) => {
                notes.auxv = self.auxv(body);
                notes.auxv_raw = body[..body.len().min(64)].to_vec();
            }
            (b"CORE", NT_FILE) => notes.files = Some(self.files(body)?),
            (b"VMCOREINFO", _) => notes.vmcoreinfo = true,
            _ => {}
        }
        Ok(())
    }

    fn prstatus(
        &self,
        l: &NoteLayout,
        body: &[u8],
    ) -> Result<ThreadNote, String> {
        let f = self.fields(body);
        let time = |at| {
            let seconds = f.word(at, l.word)?;
            let micros = f.word(at + l.word, l.word)?;
            Some(seconds.saturating_mul(1_000_000).saturating_add(micros))
        };
        let build = || {
            Some(ThreadNote {
                signal: f.u16(l.cursig)?,
                tid: f.i32(l.tid)?,
                ppid: f.i32(l.tid + 4)?,
                pgrp: f.i32(l.tid + 8)?,
                sid: f.i32(l.tid + 12)?,
                user_us: time(l.utime)?,
                system_us: time(l.utime + 2 * l.word)?,
                registers: (0..l.names.len())
                    .map(|i| f.word(l.registers + i * l.word, l.word))
                    .collect::<Option<_>>()?,
            })
        };
        build().ok_or_else(|| short("NT_PRSTATUS", l.prstatus_size, body))
    }

    fn psinfo(&self, l: &NoteLayout, body: &[u8]) -> Result<Psinfo, String> {
        let f = self.fields(body);
        let build = || {
            let id = |i: usize| {
                u32::try_from(f.word(l.uid + i * l.id_size, l.id_size)?).ok()
            };
            Some(Psinfo {
                state: char::from(*body.get(1)?),
                uid: id(0)?,
                gid: id(1)?,
                pid: f.i32(l.ps_pid)?,
                ppid: f.i32(l.ps_pid + 4)?,
                pgrp: f.i32(l.ps_pid + 8)?,
                sid: f.i32(l.ps_pid + 12)?,
                command: until_nul(body.get(l.fname..l.fname + 16)?).to_vec(),
                psargs: until_nul(body.get(l.psargs..l.psargs + 80)?)
                    .trim_ascii_end()
                    .to_vec(),
            })
        };
        build().ok_or_else(|| short("NT_PRPSINFO", l.prpsinfo_size, body))
    }

    fn siginfo(&self, body: &[u8]) -> Result<Siginfo, String> {
        let f = self.fields(body);
        let build = || {
            Some(Siginfo {
                signo: f.i32(0)?,
                errno: f.i32(4)?,
                code: f.i32(8)?,
                raw: body[..body.len().min(128)].to_vec(),
            })
        };
        build().ok_or_else(|| short("NT_SIGINFO", 128, body))
    }

    fn auxv(&self, body: &[u8]) -> Vec<AuxEntry> {
        let w = self.word_size();
        body.chunks_exact(2 * w)
            .map_while(|pair| {
                let f = self.fields(pair);
                let kind = f.word(0, w)?;
                let value = f.word(w, w)?;
                (kind != 0).then_some(AuxEntry { kind, value })
            })
            .collect()
    }

    fn files(&self, body: &[u8]) -> Result<Vec<FileMapping>, String> {
        let f = self.fields(body);
        let w = self.word_size();
        let cut = || short("NT_FILE", 2 * w, body);
        let count = f.word(0, w).ok_or_else(cut)?;
        let page = f.word(w, w).ok_or_else(cut)?;
        let fit = (body.len() - 2 * w) / (3 * w + 1);
        let n = usize::try_from(count).ok().filter(|n| *n <= fit).ok_or_else(
            || {
                format!(
                    "NT_FILE: {count} mappings cannot fit in {} bytes",
                    body.len()
                )
            },
        )?;
        let names = body.get(2 * w + 3 * w * n..).unwrap_or_default();
        let mut names = names.split(|b| *b == 0);
        let mut out = Vec::with_capacity(n);
        for i in 0..n {
            let at = 2 * w + 3 * w * i;
            let entry = (
                f.word(at, w),
                f.word(at + w, w),
                f.word(at + 2 * w, w),
                names.next(),
            );
            let (Some(start), Some(end), Some(pages), Some(path)) = entry
            else {
                break;
            };
            if start < end {
                let offset = pages.saturating_mul(page);
                out.push(FileMapping { start, end, offset, path: text(path) });
            }
        }
        out.sort_by_key(|m| m.start);
        Ok(out)
    }
}

fn align4(n: usize) -> usize {
    n.checked_add(3).map_or(usize::MAX, |n| n & !3)
}

fn short(name: &str, expected: usize, body: &[u8]) -> String {
    format!("{name}: expected {expected} bytes, found {}", body.len())
}
