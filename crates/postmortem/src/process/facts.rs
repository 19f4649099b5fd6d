//! Facts of the whole process, as data for records and commands.

use super::{Process, SignalFact, Syscall};
use crate::addr::text;
use crate::core::{Completeness, Segment};
use crate::modules::{ModuleFile, ModuleKind};
use crate::{Addr, BuildId, Offset};
use serde::Serialize;

/// What a core alone says about its process. Each member that the core does
/// not have is `None`.
#[derive(Debug, Clone, Serialize)]
pub struct Facts {
    /// Architecture, such as `x86_64`.
    pub arch: String,
    /// Process id.
    pub pid: Option<i32>,
    /// Parent process id.
    pub ppid: Option<i32>,
    /// Process group.
    pub pgrp: Option<i32>,
    /// Session.
    pub sid: Option<i32>,
    /// Real user id.
    pub uid: Option<u32>,
    /// Real group id.
    pub gid: Option<u32>,
    /// Effective user id at exec.
    pub euid: Option<u64>,
    /// Command, at most 15 bytes, as the kernel keeps it.
    pub command: Option<String>,
    /// First 80 bytes of the arguments.
    pub psargs: Option<String>,
    /// Path of the program: canonical, else as exec got it.
    pub exe: Option<String>,
    /// Path that exec got; a script's own path for a script.
    pub execfn: Option<String>,
    /// State letter of the leader.
    pub state: Option<char>,
    /// Whether the leader had ended before the crash.
    pub leader_gone: bool,
    /// The signal; `None` for a core of a live process.
    pub signal: Option<SignalFact>,
    /// Number of threads.
    pub threads: usize,
    /// Completeness of the file.
    pub completeness: Completeness,
    /// What is wrong with the file, one line each.
    pub problems: Vec<String>,
}

/// A thread with its registers.
#[derive(Debug, Clone, Serialize)]
pub struct ThreadFact {
    /// Thread id.
    pub tid: i32,
    /// Whether its signal made the core.
    pub crashed: bool,
    /// Name, where the dump has it.
    pub name: Option<String>,
    /// System call it was in.
    pub syscall: Option<Syscall>,
    /// User time in seconds.
    pub user_seconds: f64,
    /// System time in seconds.
    pub system_seconds: f64,
    /// General registers.
    pub registers: Vec<RegisterValue>,
}

/// A register by name.
#[derive(Debug, Clone, Serialize)]
pub struct RegisterValue {
    /// Name, such as `rip`.
    pub name: &'static str,
    /// Value.
    pub value: Addr,
}

/// One entry of the auxiliary vector, in words.
#[derive(Debug, Clone, Serialize)]
pub struct AuxFact {
    /// `AT_` number.
    #[serde(rename = "type")]
    pub kind: u64,
    /// Its name, when known.
    pub name: Option<&'static str>,
    /// Its value.
    pub value: Addr,
    /// The string that the value points to, for those that do.
    pub text: Option<String>,
}

/// One mapping.
#[derive(Debug, Clone, Serialize)]
pub struct MapFact {
    /// First address.
    pub start: Addr,
    /// Address after the last.
    pub end: Addr,
    /// Rights, such as `r-x`.
    pub rights: String,
    /// Bytes of it in the dump.
    pub present_bytes: u64,
    /// Bytes that the dump should have.
    pub dumped_bytes: u64,
    /// Why bytes are absent, when some are.
    pub absent_because: Option<&'static str>,
    /// File mapped, or what the mapping is.
    pub file: Option<String>,
    /// Offset in that file.
    pub file_offset: Option<Offset>,
}

/// One module.
#[derive(Debug, Clone, Serialize)]
pub struct ModuleFact {
    /// Path as the process saw it.
    pub path: Option<String>,
    /// What it is to the process.
    pub kind: ModuleKind,
    /// First address.
    pub start: Addr,
    /// Address after the last.
    pub end: Addr,
    /// Build id, from the dump.
    pub build_id: Option<BuildId>,
    /// Package note, JSON text.
    pub package: Option<String>,
    /// Whether the file had been deleted.
    pub deleted: bool,
    /// Which bytes answer for its code and tables.
    pub file: ModuleFile,
}

const AT_ENTRY: u64 = 9;
const AT_EUID: u64 = 12;
const AT_EXECFN: u64 = 31;

impl Process {
    /// Returns the command as the kernel keeps it.
    #[must_use]
    pub fn command(&self) -> Option<String> {
        self.core.notes.psinfo.as_ref().map(|p| text(&p.command))
    }

    /// Returns what the core says about its process.
    #[must_use]
    pub fn facts(&self) -> Facts {
        let notes = &self.core.notes;
        let ps = notes.psinfo.as_ref();
        let mut problems = self.core.problems.clone();
        problems.extend(self.modules.problems.iter().cloned());
        let execfn = notes
            .aux(AT_EXECFN)
            .and_then(|a| self.memory.read_string(a, 4096).ok())
            .map(|s| text(&s));
        let leader_gone = ps.is_some_and(|p| {
            !notes.threads.is_empty()
                && notes.threads.iter().all(|t| t.tid != p.pid)
        });
        Facts {
            arch: self.arch().name(),
            pid: ps.map(|p| p.pid),
            ppid: ps.map(|p| p.ppid),
            pgrp: ps.map(|p| p.pgrp),
            sid: ps.map(|p| p.sid),
            uid: ps.map(|p| p.uid),
            gid: ps.map(|p| p.gid),
            euid: notes.aux(AT_EUID),
            command: self.command(),
            psargs: ps.map(|p| text(&p.psargs)),
            exe: self.exe().or_else(|| execfn.clone()),
            execfn,
            state: ps.map(|p| p.state),
            leader_gone,
            signal: self.signal(),
            threads: notes.threads.len(),
            completeness: self.core.completeness(),
            problems,
        }
    }

    /// The file mapped where the program starts.
    fn exe(&self) -> Option<String> {
        let entry = self.core.notes.aux(AT_ENTRY)?;
        let files = self.core.notes.files.as_ref();
        files
            .and_then(|f| f.iter().find(|m| m.start <= entry && entry < m.end))
            .map(|m| m.path.clone())
            .or_else(|| self.modules.find_by_addr(entry)?.1.path.clone())
    }

    /// Returns the threads with their registers.
    #[must_use]
    pub fn thread_facts(&self) -> Vec<ThreadFact> {
        let names = self.arch().layout().map_or(&[][..], |l| l.names);
        self.threads()
            .into_iter()
            .zip(&self.core.notes.threads)
            .map(|(t, note)| ThreadFact {
                tid: t.tid,
                crashed: t.crashed,
                name: t.name,
                syscall: t.syscall,
                user_seconds: note.user_us as f64 / 1e6,
                system_seconds: note.system_us as f64 / 1e6,
                registers: names
                    .iter()
                    .zip(t.registers)
                    .map(|(name, v)| RegisterValue { name, value: Addr(v) })
                    .collect(),
            })
            .collect()
    }

    /// Returns the auxiliary vector in words.
    #[must_use]
    pub fn auxv(&self) -> Vec<AuxFact> {
        let strings = [15, 24, 31];
        self.core
            .notes
            .auxv
            .iter()
            .map(|e| AuxFact {
                kind: e.kind,
                name: aux_name(e.kind),
                value: Addr(e.value),
                text: strings
                    .contains(&e.kind)
                    .then(|| self.memory.read_string(e.value, 4096).ok())
                    .flatten()
                    .map(|s| text(&s)),
            })
            .collect()
    }

    /// Returns all mappings with their files.
    #[must_use]
    pub fn maps(&self) -> Vec<MapFact> {
        let files = self.core.notes.files.as_deref().unwrap_or(&[]);
        self.memory
            .segments()
            .iter()
            .map(|s| {
                let i = files.partition_point(|m| m.end <= s.start);
                let file = files.get(i).filter(|m| m.start <= s.start);
                MapFact {
                    start: Addr(s.start),
                    end: Addr(s.end),
                    rights: rights(s.flags),
                    present_bytes: s.present,
                    dumped_bytes: s.dumped,
                    absent_because: absent_because(s, file.is_some()),
                    file: file
                        .map(|m| m.path.clone())
                        .or_else(|| self.special(s.start, s.end)),
                    file_offset: file.map(|m| {
                        Offset(m.offset.saturating_add(s.start - m.start))
                    }),
                }
            })
            .collect()
    }

    /// Names mappings that no file backs.
    fn special(&self, start: u64, end: u64) -> Option<String> {
        let holds = |a: u64| start <= a && a < end;
        let notes = &self.core.notes;
        if notes.aux(33).is_some_and(holds) {
            return Some("[vdso]".to_owned());
        }
        if notes.aux(AT_EXECFN).is_some_and(holds) {
            return Some("[stack]".to_owned());
        }
        let layout = self.arch().layout()?;
        let owner = notes
            .threads
            .iter()
            .find(|t| t.registers.get(layout.sp).copied().is_some_and(holds))?;
        Some(format!("[stack of thread {}]", owner.tid))
    }

    /// Returns all modules.
    #[must_use]
    pub fn module_facts(&self) -> Vec<ModuleFact> {
        self.modules
            .list()
            .iter()
            .map(|m| ModuleFact {
                path: m.path.clone(),
                kind: m.kind,
                start: m.start,
                end: m.end,
                build_id: m.build_id.clone(),
                package: m.package.clone(),
                deleted: m.deleted,
                file: m.file.clone(),
            })
            .collect()
    }
}

/// Tells why bytes of a mapping are not in the dump, as far as its kind tells.
///
/// The kernel's filter (core(5), coredump_filter) leaves file mappings out but
/// for their first page, and private memory that was never touched.
fn absent_because(s: &Segment, file: bool) -> Option<&'static str> {
    if s.present < s.dumped {
        return Some("cut off: the dump ends before it");
    }
    if s.dumped >= s.end - s.start {
        return None;
    }
    Some(match (file, s.writable(), s.flags) {
        (_, _, 0) => "no access: a guard or reserved range",
        (true, false, _) => "file mapping: its file has the bytes",
        (true, true, _) => "file mapping left out by the dump filter",
        (false, ..) => "never touched, or left out by the dump filter",
    })
}

/// Writes segment flags as `rwx` letters.
pub(crate) fn rights(flags: u32) -> String {
    [(4, 'r'), (2, 'w'), (1, 'x')]
        .iter()
        .map(|(bit, c)| if flags & bit != 0 { *c } else { '-' })
        .collect()
}

/// Names of include/uapi/linux/auxvec.h and arch/x86's own.
fn aux_name(kind: u64) -> Option<&'static str> {
    Some(match kind {
        1 => "AT_IGNORE",
        2 => "AT_EXECFD",
        3 => "AT_PHDR",
        4 => "AT_PHENT",
        5 => "AT_PHNUM",
        6 => "AT_PAGESZ",
        7 => "AT_BASE",
        8 => "AT_FLAGS",
        9 => "AT_ENTRY",
        10 => "AT_NOTELF",
        11 => "AT_UID",
        12 => "AT_EUID",
        13 => "AT_GID",
        14 => "AT_EGID",
        15 => "AT_PLATFORM",
        16 => "AT_HWCAP",
        17 => "AT_CLKTCK",
        18 => "AT_FPUCW",
        23 => "AT_SECURE",
        24 => "AT_BASE_PLATFORM",
        25 => "AT_RANDOM",
        26 => "AT_HWCAP2",
        27 => "AT_RSEQ_FEATURE_SIZE",
        28 => "AT_RSEQ_ALIGN",
        29 => "AT_HWCAP3",
        30 => "AT_HWCAP4",
        31 => "AT_EXECFN",
        32 => "AT_SYSINFO",
        33 => "AT_SYSINFO_EHDR",
        51 => "AT_MINSIGSTKSZ",
        _ => return None,
    })
}
