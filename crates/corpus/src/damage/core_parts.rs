//! Defects of headers and program headers.

use super::image::Image;
use super::mutation::flip_bits;

pub(super) fn cut_note_head(i: &mut Image) {
    let at = i.note_phdr().map_or(0, |p| p.offset);
    i.cut(usize::try_from(at + 6).unwrap_or(0));
}

pub(super) fn cut_notes(i: &mut Image) {
    let at = i.note_phdr().map_or(0, |p| p.offset + p.filesz / 2);
    i.cut(usize::try_from(at).unwrap_or(0));
}

pub(super) fn cut_memory(i: &mut Image) {
    let at = i.loads().first().map_or(0, |p| p.offset);
    i.cut(usize::try_from(at).unwrap_or(0));
}

pub(super) fn zero_tail(i: &mut Image) {
    let half = i.bytes.len() / 2;
    i.bytes[half..].fill(0);
}

pub(super) fn xnum_no_section(i: &mut Image) {
    i.put16(56, 0xffff);
    i.put64(40, 0);
}

/// A section header at the end of the file that holds a lie.
pub(super) fn xnum_lies(i: &mut Image) {
    let at = i.len().next_multiple_of(8);
    i.bytes.resize(usize::try_from(at + 64).unwrap_or(64), 0);
    i.put32(at + 44, u32::MAX);
    i.put16(56, 0xffff);
    i.put64(40, at);
    i.put16(58, 64);
    i.put16(60, 1);
}

pub(super) fn xnum_past_end(i: &mut Image) {
    i.put16(56, 0xffff);
    i.put64(40, i.len() + 100);
    i.put16(58, 64);
    i.put16(60, 1);
}

pub(super) fn on_note(i: &mut Image, change: fn(&mut Image, u64)) {
    if let Some(phdr) = i.note_phdr() {
        change(i, phdr.at);
    }
}

/// Changes each third PT_LOAD, so that some memory stays whole.
pub(super) fn on_loads(i: &mut Image, change: fn(&mut Image, u64)) {
    for phdr in i.loads().iter().step_by(3) {
        change(i, phdr.at);
    }
}

pub(super) fn notes_many(i: &mut Image) {
    let Some(note) = i.note_phdr() else { return };
    for phdr in i.phdrs() {
        i.put32(phdr.at, 4);
        i.put64(phdr.at + 8, note.offset);
        i.put64(phdr.at + 32, note.filesz);
    }
}

pub(super) fn overlapping(i: &mut Image) {
    let loads = i.loads();
    for pair in loads.chunks_exact(2) {
        let middle = pair[0].address + pair[0].filesz / 2;
        i.put64(pair[1].at + 16, middle);
    }
}

pub(super) fn load_all(i: &mut Image) {
    if let Some(first) = i.loads().first() {
        i.put64(first.at + 16, 0);
        i.put64(first.at + 40, u64::MAX);
    }
}

pub(super) fn unsorted(i: &mut Image) {
    let phdrs = i.phdrs();
    let heads: Vec<Vec<u8>> =
        phdrs.iter().map(|p| i.slice(p.at, 56).to_owned()).collect();
    for (phdr, head) in phdrs.iter().zip(heads.iter().rev()) {
        i.put(phdr.at, head);
    }
}

pub(super) fn aliased(i: &mut Image) {
    let loads = i.loads();
    let Some(first) = loads.first() else { return };
    for phdr in &loads {
        i.put64(phdr.at + 8, first.offset);
    }
}

pub(super) fn flips_head(i: &mut Image) {
    let end = i.loads().first().map_or(i.len(), |p| p.offset);
    let end = usize::try_from(end).unwrap_or(0).min(i.bytes.len());
    let head = flip_bits(3, &i.bytes[..end], (end / 100).max(1));
    i.put(0, &head);
}
