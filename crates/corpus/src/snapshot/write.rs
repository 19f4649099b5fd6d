//! Lays the core out and copies the memory into it.
//!
//! | offset | what |
//! | --- | --- |
//! | 0 | ELF header, 64 bytes |
//! | 64 | program headers: PT_NOTE, then a PT_LOAD for each mapping |
//! | | one section header when there are 65535 program headers or more |
//! | | notes |
//! | next page | memory of the mappings, zero pages as holes |

use super::notes::{self, PAGE};
use super::{Crash, Error, Mapping, Traced};
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

const EHDR: u64 = 64;
const PHDR: u64 = 56;
const SHDR: u64 = 64;
/// `e_phnum` when the true number is in the first section header.
const PN_XNUM: u64 = 0xffff;
/// Memory is copied in steps of this many bytes.
const STEP: usize = 1 << 20;

#[cfg(target_arch = "x86_64")]
const MACHINE: u16 = 62;
#[cfg(target_arch = "aarch64")]
const MACHINE: u16 = 183;
#[cfg(target_arch = "riscv64")]
const MACHINE: u16 = 243;

/// Holds one program header's worth of memory.
struct Load {
    mapping: Mapping,
    /// Bytes of it that are written.
    filesz: u64,
}

/// Writes the core of a process whose threads all stand still.
pub(crate) fn core(traced: &Traced, to: &Path) -> Result<Crash, Error> {
    let process = traced.process();
    let class = process.elf_class()?;
    if class != 2 {
        let (pid, found) = (traced.pid, class);
        return Err(Error::OtherClass { pid, expected: 64, found });
    }
    let memory = process.memory()?;
    let mappings = process.mappings()?;
    let notes = notes::build(traced, &mappings)?;
    let loads: Vec<Load> = mappings
        .into_iter()
        .filter(|m| m.path != b"[vsyscall]")
        .map(|m| Load { filesz: written(&m, &memory), mapping: m })
        .collect();
    let core_bytes = write(to, &memory, &notes, &loads)
        .map_err(|source| Error::Write { path: to.to_owned(), source })?;
    let (tid, signal) = traced.crash.unwrap_or((traced.pid, 0));
    let threads = traced.threads().len();
    Ok(Crash { pid: traced.pid, tid, signal, threads, core_bytes })
}

/// Returns how many bytes of a mapping the core holds.
fn written(m: &Mapping, memory: &File) -> u64 {
    let whole = m.end.saturating_sub(m.start);
    if m.path == b"[vdso]" {
        return whole;
    }
    if m.has("dd") || m.has("io") || m.has("pf") || m.path.starts_with(b"[vvar")
    {
        return 0;
    }
    if m.may('s') {
        // memory without a name in a file system is shared and anonymous
        let nameless = !m.is_file() || m.path.ends_with(b" (deleted)");
        return if nameless && !m.has("ht") { whole } else { 0 };
    }
    if m.anonymous_kb > 0 || m.has("ht") || (m.is_file() && m.may('w')) {
        return whole;
    }
    let mut magic = [0; 4];
    let elf = m.is_file()
        && m.offset == 0
        && m.may('r')
        && memory.read_exact_at(&mut magic, m.start).is_ok()
        && magic == *b"\x7fELF";
    if elf { PAGE.min(whole) } else { 0 }
}

fn write(
    to: &Path,
    memory: &File,
    notes: &[u8],
    loads: &[Load],
) -> io::Result<u64> {
    let count = loads.len() as u64 + 1;
    let sections = if count >= PN_XNUM { SHDR } else { 0 };
    let notes_at = EHDR + count * PHDR + sections;
    let first = (notes_at + notes.len() as u64).next_multiple_of(PAGE);
    let mut head = file_header(count, sections);
    program_header(&mut head, 4, 0, [notes_at, 0, notes.len() as u64, 0, 4]);
    let mut at = first;
    for Load { mapping: m, filesz } in loads {
        let flags = [('r', 4), ('w', 2), ('x', 1)];
        let flags = flags.map(|(c, bit)| if m.may(c) { bit } else { 0 });
        let fields = [at, m.start, *filesz, m.end - m.start, PAGE];
        program_header(&mut head, 1, flags.iter().sum(), fields);
        at += filesz;
    }
    if sections != 0 {
        head.extend(section_header(count));
    }
    head.extend(notes);
    // a fresh file: an old one's bytes must not show through the holes
    let _ = std::fs::remove_file(to);
    // for its owner alone, as the kernel's: it holds all the process knew
    let mut options = std::fs::OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(to)?;
    file.write_all_at(&head, 0)?;
    file.set_len(at)?;
    let mut at = first;
    for Load { mapping, filesz } in loads {
        copy(memory, mapping.start, &file, at, *filesz)?;
        at += filesz;
    }
    Ok(at)
}

fn file_header(count: u64, sections: u64) -> Vec<u8> {
    let endian = if cfg!(target_endian = "little") { 1 } else { 2 };
    let mut out = b"\x7fELF".to_vec();
    out.extend([2, endian, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let half = |out: &mut Vec<u8>, v: u16| out.extend(v.to_ne_bytes());
    half(&mut out, 4);
    half(&mut out, MACHINE);
    out.extend(1u32.to_ne_bytes());
    let shoff = if sections == 0 { 0 } else { EHDR + count * PHDR };
    for word in [0, EHDR, shoff] {
        out.extend(word.to_ne_bytes());
    }
    out.extend(0u32.to_ne_bytes());
    let phnum = u16::try_from(count.min(PN_XNUM)).unwrap_or(u16::MAX);
    let (shentsize, shnum) = if sections == 0 { (0, 0) } else { (64, 1) };
    for value in [64, 56, phnum, shentsize, shnum, 0] {
        half(&mut out, value);
    }
    out
}

/// Appends a program header: offset, address, bytes in the file, bytes in
/// memory, alignment.
fn program_header(out: &mut Vec<u8>, kind: u32, flags: u32, f: [u64; 5]) {
    let [offset, address, filesz, memsz, align] = f;
    out.extend(kind.to_ne_bytes());
    out.extend(flags.to_ne_bytes());
    for word in [offset, address, 0, filesz, memsz, align] {
        out.extend(word.to_ne_bytes());
    }
}

/// The section header whose `sh_info` (offset 44) is the true count.
fn section_header(count: u64) -> Vec<u8> {
    let mut out = vec![0; 64];
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    out[44..48].copy_from_slice(&count.to_ne_bytes());
    out
}

/// Copies memory to the file, leaving pages of zeroes as holes.
fn copy(
    memory: &File,
    from: u64,
    file: &File,
    to: u64,
    len: u64,
) -> io::Result<()> {
    let mut buffer = vec![0; STEP];
    // a comparison of slices is fast in unoptimised builds too
    let zeroes = [0; PAGE as usize];
    let page = usize::try_from(PAGE).unwrap_or(STEP);
    let mut done = 0;
    while done < len {
        let step = usize::try_from(len - done).unwrap_or(STEP).min(STEP);
        let bytes = &mut buffer[..step];
        read_some(memory, from + done, bytes);
        for (n, data) in bytes.chunks(page).enumerate() {
            if *data != zeroes[..data.len()] {
                file.write_all_at(data, to + done + n as u64 * PAGE)?;
            }
        }
        done += step as u64;
    }
    Ok(())
}

/// Reads memory; pages that cannot be read become zeroes.
fn read_some(memory: &File, from: u64, bytes: &mut [u8]) {
    if memory.read_exact_at(bytes, from).is_ok() {
        return;
    }
    let page = usize::try_from(PAGE).unwrap_or(bytes.len());
    for (n, part) in bytes.chunks_mut(page).enumerate() {
        if memory.read_exact_at(part, from + n as u64 * PAGE).is_err() {
            part.fill(0);
        }
    }
}
