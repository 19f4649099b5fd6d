//! Defects of notes.

use super::image::{Image, Note};

pub(super) const PRSTATUS: u32 = 1;
pub(super) const PRPSINFO: u32 = 3;
pub(super) const AUXV: u32 = 6;
pub(super) const SIGINFO: u32 = 0x5349_4749;
pub(super) const FILE: u32 = 0x4649_4c45;

pub(super) fn truncated(i: &mut Image) {
    if let Some(phdr) = i.note_phdr() {
        i.put64(phdr.at + 32, phdr.filesz.saturating_sub(40));
    }
}

/// Replaces a field of the third note's head, or of the last.
pub(super) fn head(i: &mut Image, field: u64, value: u32) {
    if let Some(note) = i.notes().iter().take(3).next_back() {
        i.put32(note.at + field, value);
    }
}

pub(super) fn sizes_wrap(i: &mut Image) {
    head(i, 0, 0xffff_fffd);
    head(i, 4, 0xffff_fffd);
}

pub(super) fn zeroes(i: &mut Image) {
    if let Some(p) = i.note_phdr() {
        let zeroes = vec![0; i.slice(p.offset, p.filesz).len()];
        i.put(p.offset, &zeroes);
    }
}

pub(super) fn each(i: &mut Image, change: fn(&mut Note)) {
    i.renote(|notes| notes.iter_mut().for_each(change));
}

pub(super) fn repeated(i: &mut Image) {
    i.renote(|notes| {
        // the small ones: ten thousand of the large would be a gigabyte
        let small = notes.iter().filter(|n| n.desc.len() < 400);
        let small: Vec<Note> = small.cloned().collect();
        let many = small.len() * 10_000;
        *notes = small.into_iter().cycle().take(many).collect();
    });
}

pub(super) fn drop(i: &mut Image, kind: u32) {
    i.renote(|notes| notes.retain(|n| n.kind != kind));
}

fn on(i: &mut Image, kind: u32, change: impl Fn(&mut Vec<u8>)) {
    i.renote(|notes| {
        for note in notes.iter_mut().filter(|n| n.kind == kind) {
            change(&mut note.desc);
        }
    });
}

pub(super) fn resize(i: &mut Image, kind: u32, len: usize) {
    on(i, kind, |desc| desc.resize(len, 0x5a));
}

/// Overwrites bytes of all notes of a type.
pub(super) fn patch(i: &mut Image, kind: u32, at: usize, bytes: &[u8]) {
    on(i, kind, |desc| {
        for (to, from) in desc.iter_mut().skip(at).zip(bytes) {
            *to = *from;
        }
    });
}

/// Sets a register of all threads, by its number in NT_PRSTATUS.
pub(super) fn register(i: &mut Image, number: usize, value: u64) {
    patch(i, PRSTATUS, 112 + number * 8, &value.to_le_bytes());
}

pub(super) fn prstatus_twice(i: &mut Image) {
    i.renote(|notes| {
        let status = notes.iter().find(|n| n.kind == PRSTATUS).cloned();
        notes.extend(status.clone());
        notes.extend(status);
    });
}

pub(super) fn auxv_no_end(i: &mut Image) {
    on(i, AUXV, |desc| {
        let whole = desc.len() / 16 * 16;
        desc.truncate(whole.saturating_sub(16));
    });
}

pub(super) fn auxv_long(i: &mut Image) {
    on(i, AUXV, |desc| {
        let entry = [6u64.to_le_bytes(), 4096u64.to_le_bytes()].concat();
        desc.splice(..0, entry.repeat(100_000));
    });
}

/// Sets the value of an entry.
pub(super) fn auxv(i: &mut Image, kind: u64, value: u64) {
    on(i, AUXV, |desc| {
        for entry in desc.chunks_exact_mut(16) {
            let (key, to) = entry.split_at_mut(8);
            if *key == kind.to_le_bytes() {
                to.copy_from_slice(&value.to_le_bytes());
            }
        }
    });
}

pub(super) fn auxv_vdso_wild(i: &mut Image) {
    let loads = i.loads();
    let user = loads.iter().map(|p| p.address).filter(|a| a >> 63 == 0);
    let stack = user.max().unwrap_or(0);
    auxv(i, 33, stack);
}

pub(super) fn file_count_wraps(i: &mut Image) {
    // 24 times this is 16 modulo 2^64
    let count = (u64::MAX / 24 + 1).to_le_bytes();
    patch(i, FILE, 0, &count);
}

fn file_count(desc: &[u8]) -> usize {
    let count = desc.first_chunk().map_or(0, |b| u64::from_le_bytes(*b));
    usize::try_from(count).unwrap_or(0).min(desc.len() / 24)
}

pub(super) fn file_count_less(i: &mut Image) {
    on(i, FILE, |desc| {
        if let Some(first) = desc.first_mut() {
            *first = first.saturating_sub(1);
        }
    });
}

pub(super) fn file_inverted(i: &mut Image) {
    on(i, FILE, |desc| {
        let count = file_count(desc);
        let entries = desc.get_mut(16..).unwrap_or_default();
        for entry in entries.chunks_exact_mut(24).take(count) {
            let (start, rest) = entry.split_at_mut(8);
            start.swap_with_slice(&mut rest[..8]);
        }
    });
}

/// Changes the bytes of the paths.
fn names(i: &mut Image, change: impl Fn(usize, u8) -> u8) {
    on(i, FILE, |desc| {
        let start = 16 + 24 * file_count(desc);
        let names = desc.get_mut(start..).unwrap_or_default();
        for (n, byte) in names.iter_mut().enumerate() {
            *byte = change(n, *byte);
        }
    });
}

pub(super) fn file_names_unended(i: &mut Image) {
    names(i, |_, byte| if byte == 0 { b'/' } else { byte });
}

pub(super) fn file_names_controls(i: &mut Image) {
    let signs = b"\x1b]0;x\x07\x1b[2J\n\r\x9b\xff\xfe";
    names(i, |n, byte| if byte == 0 { 0 } else { signs[n % signs.len()] });
}

pub(super) fn file_names_climb(i: &mut Image) {
    on(i, FILE, |desc| {
        let count = file_count(desc);
        desc.truncate(16 + 24 * count);
        desc.extend(b"../../../../etc/passwd\0".repeat(count));
    });
}
