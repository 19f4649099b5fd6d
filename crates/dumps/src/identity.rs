//! Which dump it is, from a small part of it.
//!
//! The identity of a process core is a digest over its program headers (the
//! layout of the address space), its notes (pids, registers, arguments) and
//! the sixteen random bytes that the kernel gives to every exec and that
//! `AT_RANDOM` points to. Linux notes hold neither a host name nor a clock, so
//! without those bytes two containers that run the same thing as pid 1 could
//! give the same notes; where they are not in the dump it goes without them.
//!
//! Headers are digested in one fixed-width, little-endian form whatever the
//! file's class and byte order, under a domain tag with a version. So the
//! identity depends on no runtime, not on the file's name or times, not on
//! memory contents, and a truncated or compressed copy has the identity of
//! the whole.
//!
//! | field | bytes |
//! | --- | --- |
//! | domain tag `thoth-core-1` | 12 |
//! | `EI_CLASS`, `EI_DATA`, `EI_OSABI` | 3 |
//! | `e_machine` | 2 |
//! | number of program headers | 8 |
//! | each: type, flags, offset, vaddr, paddr, filesz, memsz, align | 8 x 8 |
//! | length of the notes, then all `PT_NOTE` bytes in file order | 8 + n |
//! | 1 and the random bytes, or 0 | 1 + 16 or 1 |
//!
//! A kernel's dump is told by its `VMCOREINFO` note, and its identity is made
//! of what stays the same when it is converted from one format to another:
//! the system's names, the time, and the text of that note.

use crate::{DumpId, DumpKind};

/// What the identity of an ELF core is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdentityParts {
    /// `e_ident[EI_CLASS]`.
    pub class: u8,
    /// `e_ident[EI_DATA]`.
    pub data: u8,
    /// `e_ident[EI_OSABI]`.
    pub osabi: u8,
    /// `e_machine`.
    pub machine: u16,
    /// Each program header in file order: type, flags, offset, vaddr, paddr,
    /// filesz, memsz, align.
    pub headers: Vec<[u64; 8]>,
    /// The bytes of all `PT_NOTE` segments in file order.
    pub notes: Vec<u8>,
    /// The bytes that `AT_RANDOM` points to, when they are in the dump.
    pub at_random: Option<[u8; 16]>,
}

/// What the identity of a kernel's dump is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CrashParts {
    /// System name, node, release, version, machine, domain; empty where the
    /// format has none.
    pub utsname: Vec<String>,
    /// Seconds since 1970, where the format or the note has it.
    pub time: Option<i64>,
    /// The text of the `VMCOREINFO` note.
    pub vmcoreinfo: Vec<u8>,
    /// The other notes, which only count where there is no time.
    pub notes: Vec<u8>,
}

/// A dump's identity and what it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// What the dump is of.
    pub kind: DumpKind,
    /// The dump's name.
    pub id: DumpId,
}

/// Returns the identity of an ELF core, be it of a process or of a kernel.
pub fn identify(parts: &IdentityParts) -> Identity {
    match vmcoreinfo_note(&parts.notes) {
        None => Identity { kind: DumpKind::Core, id: identify_core(parts) },
        Some(text) => {
            let crash = CrashParts {
                utsname: Vec::new(),
                time: crash_time(text),
                vmcoreinfo: text.to_vec(),
                notes: parts.notes.clone(),
            };
            Identity { kind: DumpKind::Crash, id: identify_crash(&crash) }
        }
    }
}

/// Returns the identity that a core would have without the random bytes, by
/// which a truncated copy of it is found; `None` for a kernel's dump.
pub fn identify_base(parts: &IdentityParts) -> Option<DumpId> {
    let is_core = vmcoreinfo_note(&parts.notes).is_none();
    is_core.then(|| digest_core(parts, None))
}

fn identify_core(parts: &IdentityParts) -> DumpId {
    digest_core(parts, parts.at_random.as_ref())
}

fn digest_core(parts: &IdentityParts, at_random: Option<&[u8; 16]>) -> DumpId {
    let mut hash = blake3::Hasher::new();
    hash.update(b"thoth-core-1");
    hash.update(&[parts.class, parts.data, parts.osabi]);
    hash.update(&parts.machine.to_le_bytes());
    hash.update(&(parts.headers.len() as u64).to_le_bytes());
    for field in parts.headers.iter().flatten() {
        hash.update(&field.to_le_bytes());
    }
    update_with_length(&mut hash, &parts.notes);
    match at_random {
        Some(random) => hash.update(&[1]).update(random),
        None => hash.update(&[0]),
    };
    first_half(&hash)
}

/// Returns the identity of a kernel's dump.
pub fn identify_crash(parts: &CrashParts) -> DumpId {
    let mut hash = blake3::Hasher::new();
    hash.update(b"thoth-crash-1");
    hash.update(&(parts.utsname.len() as u64).to_le_bytes());
    for name in &parts.utsname {
        update_with_length(&mut hash, name.as_bytes());
    }
    match parts.time {
        Some(time) => {
            hash.update(&[1]).update(&time.to_le_bytes());
        }
        // A live kernel's dump has no time; its processors' registers, in
        // the notes, tell two such dumps apart.
        None => {
            hash.update(&[0]);
            update_with_length(&mut hash, &parts.notes);
        }
    }
    update_with_length(&mut hash, &parts.vmcoreinfo);
    first_half(&hash)
}

fn update_with_length(hash: &mut blake3::Hasher, bytes: &[u8]) {
    hash.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
}

fn first_half(hash: &blake3::Hasher) -> DumpId {
    let mut half = [0; 16];
    hash.finalize_xof().fill(&mut half);
    DumpId(half)
}

/// Returns the text of the `VMCOREINFO` note among the bytes of `PT_NOTE`
/// segments of either byte order; `None` when there is no such note.
pub fn vmcoreinfo_note(notes: &[u8]) -> Option<&[u8]> {
    // The header's three words are lengths and a type; the name tells the
    // byte order: only in the right one does it stand where it should.
    find_note(notes, u32::from_le_bytes)
        .or_else(|| find_note(notes, u32::from_be_bytes))
}

fn find_note(mut notes: &[u8], word: fn([u8; 4]) -> u32) -> Option<&[u8]> {
    loop {
        let (header, rest) = notes.split_first_chunk::<12>()?;
        let (lengths, _) = header.as_chunks::<4>();
        let name_length = word(*lengths.first()?) as usize;
        let text_length = word(*lengths.get(1)?) as usize;
        let name = rest.get(..name_length)?;
        let rest = rest.get(name_length.checked_next_multiple_of(4)?..)?;
        let text = rest.get(..text_length)?;
        if name.strip_suffix(b"\0").unwrap_or(name) == b"VMCOREINFO" {
            return Some(text);
        }
        // The last note may lack its padding.
        let padded = text_length.checked_next_multiple_of(4)?;
        notes = rest.get(padded..)?;
    }
}

/// Returns the `CRASHTIME` line of a `VMCOREINFO` text.
pub(crate) fn crash_time(vmcoreinfo: &[u8]) -> Option<i64> {
    vmcoreinfo
        .split(|byte| *byte == b'\n')
        .find_map(|line| line.strip_prefix(b"CRASHTIME="))
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .and_then(|digits| digits.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts() -> IdentityParts {
        IdentityParts {
            class: 2,
            data: 1,
            osabi: 0,
            machine: 62,
            headers: vec![[4, 0, 568, 0, 0, 1000, 0, 4]],
            notes: vec![1, 2, 3],
            at_random: Some([7; 16]),
        }
    }

    fn note(name: &[u8], text: &[u8], big: bool) -> Vec<u8> {
        let word = |n: usize| {
            let n = u32::try_from(n).expect("small");
            if big { n.to_be_bytes() } else { n.to_le_bytes() }
        };
        let mut out = Vec::new();
        out.extend(word(name.len()));
        out.extend(word(text.len()));
        out.extend(word(0));
        for part in [name, text] {
            out.extend(part);
            out.resize(out.len().next_multiple_of(4), 0);
        }
        out
    }

    #[test]
    fn identity_is_pinned() {
        // Names of stored dumps: a change here orphans every one of them.
        // Computed apart from this code, with Python's struct and blake3.
        let identity = identify(&parts());
        assert_eq!(identity.kind, DumpKind::Core);
        assert_eq!(identity.id.to_string(), "e4a739eefd3ca984841454cf3da38c15");
    }

    #[test]
    fn every_part_counts() {
        let changes: [fn(&mut IdentityParts); 9] = [
            |p| p.class = 1,
            |p| p.data = 2,
            |p| p.osabi = 3,
            |p| p.machine = 183,
            |p| p.headers[0][7] = 8,
            |p| p.headers.push([0; 8]),
            |p| p.notes.push(0),
            |p| p.at_random = None,
            |p| p.at_random = Some([8; 16]),
        ];
        let mut seen = std::collections::HashSet::new();
        seen.insert(identify(&parts()).id);
        for change in changes {
            let mut changed = parts();
            change(&mut changed);
            assert!(seen.insert(identify(&changed).id), "{changed:?}");
        }
    }

    #[test]
    fn a_vmcoreinfo_note_makes_a_crash_dump() {
        let text = b"OSRELEASE=6.1.0\nCRASHTIME=1700000000\n";
        for big in [false, true] {
            let mut notes = note(b"CORE\0", b"registers", big);
            notes.extend(note(b"VMCOREINFO\0", text, big));
            assert_eq!(vmcoreinfo_note(&notes), Some(&text[..]));
            let with = IdentityParts { notes, ..parts() };
            assert_eq!(identify(&with).kind, DumpKind::Crash);
        }
        assert_eq!(crash_time(text), Some(1_700_000_000));
        // The same crash saved with other headers is the same dump.
        let one = IdentityParts {
            notes: note(b"VMCOREINFO\0", text, false),
            ..parts()
        };
        let mut other = one.clone();
        other.headers.clear();
        assert_eq!(identify(&one), identify(&other));
    }

    #[test]
    fn wild_note_lengths_end_the_search() {
        for length in [u32::MAX, 0x7fff_ffff, 13] {
            let mut notes = length.to_le_bytes().repeat(3);
            notes.extend(b"VMCOREINFO\0");
            assert_eq!(vmcoreinfo_note(&notes), None);
        }
        let whole = note(b"VMCOREINFO\0", b"A=1\n", false);
        for cut in 0..whole.len() {
            assert_eq!(vmcoreinfo_note(&whole[..cut]), None, "{cut}");
        }
    }
}
