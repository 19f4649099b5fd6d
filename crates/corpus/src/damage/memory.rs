//! Defects of registers, stacks and what the dynamic linker left in memory.

use super::image::{Image, Phdr};
use super::mutation::Random;
use super::notes::{AUXV, PRSTATUS, register};

const RBP: usize = 4;
const RIP: usize = 16;
const RSP: usize = 19;

fn register_of(i: &Image, number: usize) -> u64 {
    let notes = i.notes();
    let status = notes.iter().find(|n| n.kind == PRSTATUS);
    let at = 112 + number * 8;
    let bytes = status.and_then(|n| n.desc.get(at..at + 8)?.try_into().ok());
    bytes.map_or(0, u64::from_le_bytes)
}

fn auxv_of(i: &Image, kind: u64) -> Option<u64> {
    let notes = i.notes();
    let auxv = notes.iter().find(|n| n.kind == AUXV)?;
    let mut entries = auxv.desc.chunks_exact(16);
    let entry = entries.find(|e| e[..8] == kind.to_le_bytes())?;
    Some(u64::from_le_bytes(entry[8..].try_into().ok()?))
}

/// Returns the part of the first thread's stack that is in use.
fn stack(i: &Image) -> Option<(u64, Phdr)> {
    let sp = register_of(i, RSP) & !7;
    let loads = i.loads();
    let holds = |p: &&Phdr| sp >= p.address && sp - p.address < p.filesz;
    Some((sp, *loads.iter().find(holds)?))
}

pub(super) fn sp_wild(i: &mut Image) {
    let first = i.loads().first().map_or(0, |p| p.address);
    register(i, RSP, first + 8);
}

pub(super) fn frame_pointer_loop(i: &mut Image) {
    let Some((sp, _)) = stack(i) else { return };
    i.put_word(sp, sp);
    i.put_word(sp + 8, register_of(i, RIP));
    register(i, RBP, sp);
    register(i, RIP, 0x6666_0000);
}

pub(super) fn stack_repeats(i: &mut Image) {
    let Some((sp, segment)) = stack(i) else { return };
    let pc = register_of(i, RIP);
    let used = segment.address + segment.filesz - sp;
    for n in 0..used / 8 {
        i.put_word(sp + n * 8, pc);
    }
}

pub(super) fn stack_zero(i: &mut Image) {
    let Some((_, segment)) = stack(i) else { return };
    let zeroes = vec![0; i.slice(segment.offset, segment.filesz).len()];
    i.put(segment.offset, &zeroes);
}

/// Returns the address of the program's dynamic section.
fn dynamic(i: &Image) -> Option<u64> {
    let (table, count) = (auxv_of(i, 3)?, auxv_of(i, 5)?.min(64));
    let headers = (0..count).map(|n| table.wrapping_add(n * 56));
    let mut bias = 0;
    let mut found = None;
    for at in headers {
        match i.word(at)? & 0xffff_ffff {
            6 => bias = table.wrapping_sub(i.word(at + 16)?),
            2 => found = i.word(at + 16),
            _ => {}
        }
    }
    Some(found?.wrapping_add(bias))
}

/// Returns the addresses of the link map's entries.
fn link_map(i: &Image) -> Vec<u64> {
    let mut maps = Vec::new();
    let Some(mut at) = dynamic(i) else { return maps };
    for _ in 0..100 {
        match i.word(at) {
            Some(21) => break,
            None | Some(0) => return maps,
            Some(_) => at += 16,
        }
    }
    let debug = i.word(at + 8).unwrap_or(0);
    let mut next = i.word(debug.wrapping_add(8));
    while let Some(map) = next.filter(|m| *m != 0 && maps.len() < 1000) {
        maps.push(map);
        next = i.word(map.wrapping_add(24));
    }
    maps
}

pub(super) fn link_map_cycle(i: &mut Image) {
    let maps = link_map(i);
    if let (Some(first), Some(last)) = (maps.first(), maps.last()) {
        i.put_word(last + 24, *first);
    }
}

pub(super) fn link_map_self(i: &mut Image) {
    if let Some(first) = link_map(i).first() {
        i.put_word(first + 24, *first);
    }
}

pub(super) fn link_map_wild(i: &mut Image) {
    if let Some(first) = link_map(i).first() {
        i.put_word(first + 24, u64::MAX - 3);
    }
}

pub(super) fn link_map_names(i: &mut Image) {
    for map in link_map(i) {
        i.put_word(map + 8, 0xdead_0000_0000);
    }
}

pub(super) fn link_map_bias(i: &mut Image) {
    for map in link_map(i) {
        i.put_word(map, u64::MAX - 0xfff);
    }
}

pub(super) fn dynamic_no_end(i: &mut Image) {
    let Some(at) = dynamic(i) else { return };
    for n in 0..512 {
        i.put_word(at + n * 16, 0x6fff_fef5);
    }
}

/// Returns where the first pages of mapped ELF files lie in the core.
fn images(i: &Image) -> Vec<Phdr> {
    let mut loads = i.loads();
    loads.retain(|p| i.slice(p.offset, 4) == b"\x7fELF");
    loads
}

pub(super) fn image_phnum(i: &mut Image) {
    for image in images(i) {
        i.put16(image.offset + 56, 0xffff);
    }
}

pub(super) fn image_phoff(i: &mut Image) {
    for image in images(i) {
        i.put64(image.offset + 32, u64::MAX - 100);
    }
}

/// Returns where build-id notes lie: their head is 4, length, 3, "GNU".
fn build_ids(i: &Image) -> Vec<u64> {
    let mut found = Vec::new();
    for image in images(i) {
        let page = i.slice(image.offset, image.filesz.min(8192));
        for (n, window) in page.windows(16).enumerate().step_by(4) {
            let named = window[8..] == *b"\x03\0\0\0GNU\0";
            if window[..4] == [4, 0, 0, 0] && named {
                found.push(image.offset + n as u64);
            }
        }
    }
    found
}

pub(super) fn image_notes(i: &mut Image) {
    for at in build_ids(i) {
        i.put32(at + 4, 0xffff_fff0);
    }
}

pub(super) fn build_ids_other(i: &mut Image) {
    for at in build_ids(i) {
        i.put(at + 16, &[0xab; 20]);
    }
}

pub(super) fn vdso_noise(i: &mut Image) {
    let Some(vdso) = auxv_of(i, 33) else { return };
    let Some(image) = i.loads().into_iter().find(|p| p.address == vdso) else {
        return;
    };
    let mut random = Random::new(33);
    let len = i.slice(image.offset, image.filesz).len();
    // the ELF header stays: what it leads to does not
    let noise: Vec<u8> = (64..len).map(|_| random.byte()).collect();
    i.put(image.offset + 64, &noise);
}
