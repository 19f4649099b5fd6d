//! What `/proc` says of a stopped process.

use super::Error;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

/// Reads `/proc/PID`, memory and all through one living thread: a leader
/// that has exited before its threads has no memory any more.
#[derive(Clone, Copy)]
pub(crate) struct Process {
    pid: i32,
    tid: i32,
}

/// Holds one entry of `/proc/PID/smaps`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mapping {
    pub start: u64,
    pub end: u64,
    /// `rwxp` or `rwxs`.
    pub perms: String,
    pub offset: u64,
    pub inode: u64,
    /// Path with its escapes undone, `[stack]`, or empty.
    pub path: Vec<u8>,
    /// Kilobytes of anonymous pages, in memory or swapped out.
    pub anonymous_kb: u64,
    /// Two-letter flags of the `VmFlags` line.
    pub flags: Vec<String>,
}

impl Mapping {
    pub(crate) fn may(&self, what: char) -> bool {
        self.perms.contains(what)
    }

    pub(crate) fn is_file(&self) -> bool {
        self.path.first() == Some(&b'/')
    }

    pub(crate) fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|f| f == flag)
    }
}

impl Process {
    pub(crate) fn new(pid: i32) -> Process {
        Process { pid, tid: pid }
    }

    pub(crate) fn seen_by(pid: i32, tid: i32) -> Process {
        Process { pid, tid }
    }

    fn path(&self, name: &str) -> PathBuf {
        let Process { pid, tid } = self;
        PathBuf::from(format!("/proc/{pid}/task/{tid}/{name}"))
    }

    fn read_of(&self, tid: i32, name: &str) -> Result<Vec<u8>, Error> {
        Process { tid, ..*self }.read(name)
    }

    /// Reads a file of the process.
    pub(crate) fn read(&self, name: &str) -> Result<Vec<u8>, Error> {
        let path = self.path(name);
        fs::read(&path).map_err(|source| Error::Proc { path, source })
    }

    /// Returns the path of the executable.
    #[cfg(feature = "cases")]
    pub(crate) fn exe(&self) -> PathBuf {
        fs::read_link(self.path("exe")).unwrap_or_default()
    }

    /// Opens the memory of the process.
    pub(crate) fn memory(&self) -> Result<fs::File, Error> {
        let path = self.path("mem");
        fs::File::open(&path).map_err(|source| Error::Proc { path, source })
    }

    /// Returns the class byte of the process's executable.
    pub(crate) fn elf_class(&self) -> Result<u8, Error> {
        use std::io::Read;
        let path = self.path("exe");
        let mut head = [0; 5];
        let read = fs::File::open(&path)
            .and_then(|mut file| file.read_exact(&mut head));
        read.map_err(|source| Error::Proc { path, source })?;
        Ok(head[4])
    }

    /// Returns the ids of the threads.
    pub(crate) fn tids(&self) -> Result<Vec<i32>, Error> {
        let path = PathBuf::from(format!("/proc/{}/task", self.pid));
        let failed = |source| Error::Proc { path: path.clone(), source };
        let mut tids = Vec::new();
        for entry in fs::read_dir(&path).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            tids.extend(name.to_string_lossy().parse::<i32>());
        }
        Ok(tids)
    }

    /// Returns whether a thread has ended, or is about to.
    pub(crate) fn is_dead(&self, tid: i32) -> bool {
        let stat = self.stat(tid);
        stat.is_none_or(|s| matches!(s.state, 'Z' | 'X' | 'x'))
    }

    /// Returns the fields of a thread's `status`.
    pub(crate) fn thread_status(&self, tid: i32) -> BTreeMap<String, String> {
        let text = self.read_of(tid, "status");
        let text = text.unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let fields = text.lines().filter_map(|l| l.split_once(':'));
        fields.map(|(k, v)| (k.to_owned(), v.trim().to_owned())).collect()
    }

    /// Returns a thread's `stat`.
    pub(crate) fn stat(&self, tid: i32) -> Option<Stat> {
        let text = self.read_of(tid, "stat").ok()?;
        Stat::parse(&text)
    }

    /// Returns a thread's name.
    pub(crate) fn comm(&self, tid: i32) -> Vec<u8> {
        let mut name = self.read_of(tid, "comm");
        if let Ok(name) = &mut name
            && name.last() == Some(&b'\n')
        {
            name.pop();
        }
        name.unwrap_or_default()
    }

    /// Returns the mappings in address order.
    pub(crate) fn mappings(&self) -> Result<Vec<Mapping>, Error> {
        Ok(parse_smaps(&self.read("smaps")?))
    }
}

/// Holds the fields of `/proc/PID/stat` that a core needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stat {
    pub state: char,
    pub ppid: i32,
    pub pgrp: i32,
    pub sid: i32,
    pub flags: u64,
    /// In ticks of 1/100 s, which is what user space is given everywhere.
    pub utime: u64,
    pub stime: u64,
    pub nice: i8,
}

impl Stat {
    fn parse(text: &[u8]) -> Option<Stat> {
        // the name may hold spaces and brackets; the last bracket ends it
        let after = text.iter().rposition(|b| *b == b')')?;
        let rest = String::from_utf8_lossy(text.get(after + 1..)?);
        let words: Vec<&str> = rest.split_ascii_whitespace().collect();
        let number = |n: usize| words.get(n)?.parse::<i64>().ok();
        let small = |n: usize| i32::try_from(number(n)?).ok();
        let large = |n: usize| u64::try_from(number(n)?).ok();
        Some(Stat {
            state: words.first()?.chars().next()?,
            ppid: small(1)?,
            pgrp: small(2)?,
            sid: small(3)?,
            flags: large(6)?,
            utime: large(11)?,
            stime: large(12)?,
            nice: i8::try_from(number(16)?).ok()?,
        })
    }
}

fn parse_smaps(text: &[u8]) -> Vec<Mapping> {
    let mut all: Vec<Mapping> = Vec::new();
    for line in text.split(|b| *b == b'\n') {
        if let Some(mapping) = parse_head(line) {
            all.push(mapping);
            continue;
        }
        let Some(last) = all.last_mut() else { continue };
        let line = String::from_utf8_lossy(line);
        let Some((key, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        match key {
            "Anonymous" | "Swap" => {
                let kb = value.trim_end_matches(" kB").parse::<u64>();
                last.anonymous_kb += kb.unwrap_or(0);
            }
            "VmFlags" => {
                let flags = value.split_ascii_whitespace();
                last.flags = flags.map(str::to_owned).collect();
            }
            _ => {}
        }
    }
    all
}

/// Reads `start-end perms offset device inode   path`.
fn parse_head(line: &[u8]) -> Option<Mapping> {
    let mut rest = line;
    let mut word = || {
        let start = rest.iter().position(|b| *b != b' ')?;
        let text = &rest[start..];
        let end = text.iter().position(|b| *b == b' ').unwrap_or(text.len());
        rest = &text[end..];
        std::str::from_utf8(&text[..end]).ok()
    };
    let hex = |text: &str| u64::from_str_radix(text, 16).ok();
    let (start, end) = word()?.split_once('-')?;
    let (start, end) = (hex(start)?, hex(end)?);
    let perms = word()?.to_owned();
    let offset = hex(word()?)?;
    let _device = word()?;
    let inode = word()?.parse().ok()?;
    let from = rest.iter().position(|b| *b != b' ').unwrap_or(rest.len());
    let path = unescape(&rest[from..]);
    let base = Mapping::default();
    Some(Mapping { start, end, perms, offset, inode, path, ..base })
}

/// Undoes the one escape the kernel makes here, that of a newline.
fn unescape(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((first, tail)) = rest.split_first() {
        if let Some(tail) = rest.strip_prefix(b"\\012") {
            out.push(b'\n');
            rest = tail;
        } else {
            out.push(*first);
            rest = tail;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smaps_entries() {
        let text = b"1000-3000 rw-p 00001000 fe:00 42    /a b\\012c\n\
            Anonymous:      4 kB\nSwap: 8 kB\nVmFlags: rd wr dd\n\
            3000-4000 r-xs 0 00:00 0 \n";
        let maps = parse_smaps(text);
        assert_eq!(maps.len(), 2);
        assert_eq!(maps[0].path, b"/a b\nc");
        assert_eq!((maps[0].offset, maps[0].inode), (0x1000, 42));
        assert_eq!(maps[0].anonymous_kb, 12);
        assert!(maps[0].has("dd") && maps[0].is_file());
        assert!(maps[1].may('s') && !maps[1].is_file());
    }

    #[test]
    fn a_name_with_brackets_does_not_shift_the_fields() {
        let line = b"7 (odd )(name) S 1 7 7 0 -1 4194304 1 2 3 4 55 66 0 0 \
            20 -5 1 0 99";
        let stat = Stat::parse(line).expect("a line as the kernel writes it");
        assert_eq!((stat.state, stat.ppid), ('S', 1));
        assert_eq!((stat.utime, stat.stime, stat.nice), (55, 66, -5));
    }
}
