//! Looks up many addresses in a symbol table in one pass.

use crate::addr::{text, until_nul};
use crate::modules::SymbolTable;

/// The symbol that covers an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Symbol {
    /// Name as in the table, version cut off, not demangled.
    pub(crate) name: String,
    /// Start, as an image address.
    pub(crate) start: u64,
}

/// What is kept of the best symbol so far.
#[derive(Clone, Copy)]
struct Best {
    start: u64,
    sized: bool,
    global: bool,
    name: u32,
}

/// A sizeless symbol answers for at most this many bytes (hand-written code).
const SIZELESS_REACH: u64 = 1 << 16;
/// Names longer than this are cut (bytes); Rust and C++ reach some thousand.
const MAX_NAME: usize = 1 << 16;

const ENTRY: usize = 24;
const STT_OBJECT: u8 = 1;
const STT_FUNC: u8 = 2;
const STT_GNU_IFUNC: u8 = 10;

/// Resolves sorted image addresses; the answers are in the same order.
pub(crate) fn resolve(
    table: &SymbolTable<'_>,
    addresses: &[u64],
) -> Vec<Option<Symbol>> {
    let mut best: Vec<Option<Best>> = vec![None; addresses.len()];
    let (Some(&low), Some(&high)) = (addresses.first(), addresses.last())
    else {
        return Vec::new();
    };
    for raw in table.symbols.chunks_exact(ENTRY) {
        let Some(s) = parse(raw) else { continue };
        let end = match s.size {
            0 => {
                let end = table.ends.get(usize::from(s.section));
                let reach = s.start.saturating_add(SIZELESS_REACH);
                end.map_or(reach, |e| reach.min(*e))
            }
            n => s.start.saturating_add(n),
        };
        if s.start > high || end <= low {
            continue;
        }
        let from = addresses.partition_point(|a| *a < s.start);
        for (a, slot) in addresses[from..].iter().zip(&mut best[from..]) {
            if *a >= end {
                break;
            }
            let new = Best {
                start: s.start,
                sized: s.size > 0,
                global: s.global,
                name: s.name,
            };
            if slot.is_none_or(|old| wins(new, old, table.strings)) {
                *slot = Some(new);
            }
        }
    }
    best.into_iter()
        .map(|b| {
            let b = b?;
            Some(Symbol { name: name(table.strings, b.name)?, start: b.start })
        })
        .collect()
}

fn wins(new: Best, old: Best, strings: &[u8]) -> bool {
    let rank = |b: Best| (b.sized, b.start, b.global);
    match rank(new).cmp(&rank(old)) {
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Less => false,
        // Aliases: prefer the plainest name, `abort` over `__GI_abort`.
        std::cmp::Ordering::Equal => {
            plainness(strings, new.name) < plainness(strings, old.name)
        }
    }
}

fn plainness(strings: &[u8], at: u32) -> (usize, usize) {
    let raw = raw_name(strings, at);
    let underscores = raw.iter().take_while(|b| **b == b'_').count();
    // `_Z` and `_R` start mangled names, not reserved ones.
    let mangled = raw.starts_with(b"_Z") || raw.starts_with(b"_R");
    (if mangled { 0 } else { underscores }, raw.len())
}

struct Parsed {
    start: u64,
    size: u64,
    global: bool,
    name: u32,
    section: u16,
}

/// Elf64_Sym: st_name u32 @0, st_info u8 @4, st_other @5, st_shndx u16 @6,
/// st_value u64 @8, st_size u64 @16 (System V ABI, chapter 4).
fn parse(raw: &[u8]) -> Option<Parsed> {
    let kind = raw[4] & 15;
    let section = u16::from_le_bytes([raw[6], raw[7]]);
    let start = u64::from_le_bytes(raw[8..16].try_into().ok()?);
    let size = u64::from_le_bytes(raw[16..24].try_into().ok()?);
    let name = u32::from_le_bytes(raw[0..4].try_into().ok()?);
    // Assembly labels are of type 0; undefined and absolute ones do not count.
    let code = kind == STT_FUNC || kind == STT_GNU_IFUNC || kind == 0;
    let defined = section != 0 && section < 0xff00;
    let global = raw[4] >> 4 != 0;
    (code && defined && start != 0 && name != 0).then_some(Parsed {
        start,
        size,
        global,
        name,
        section,
    })
}

fn raw_name(strings: &[u8], at: u32) -> &[u8] {
    let rest = strings.get(at as usize..).unwrap_or_default();
    until_nul(&rest[..rest.len().min(MAX_NAME)])
}

fn name(strings: &[u8], at: u32) -> Option<String> {
    let raw = raw_name(strings, at);
    let end = raw.iter().position(|b| *b == b'@').unwrap_or(raw.len());
    let plain = if end == 0 { raw } else { &raw[..end] };
    (!plain.is_empty()).then(|| text(plain))
}

/// Finds a defined data or code symbol by name; returns its address and size.
pub(crate) fn find_by_name(
    table: &SymbolTable<'_>,
    wanted: &str,
) -> Option<(u64, u64)> {
    table.symbols.chunks_exact(ENTRY).find_map(|raw| {
        let section = u16::from_le_bytes([raw[6], raw[7]]);
        let at = u32::from_le_bytes(raw[0..4].try_into().ok()?);
        if section == 0 || raw_name(table.strings, at) != wanted.as_bytes() {
            return None;
        }
        let start = u64::from_le_bytes(raw[8..16].try_into().ok()?);
        let size = u64::from_le_bytes(raw[16..24].try_into().ok()?);
        Some((start, size))
    })
}

/// Finds the data object that covers an address: its name, and how far into it
/// the address lies.
pub(crate) fn find_object(
    table: &SymbolTable<'_>,
    vaddr: u64,
) -> Option<(String, u64)> {
    table.symbols.chunks_exact(ENTRY).find_map(|raw| {
        let start = u64::from_le_bytes(raw[8..16].try_into().ok()?);
        let size = u64::from_le_bytes(raw[16..24].try_into().ok()?);
        let section = u16::from_le_bytes([raw[6], raw[7]]);
        let into = vaddr.checked_sub(start).filter(|n| *n < size)?;
        if raw[4] & 15 != STT_OBJECT || section == 0 {
            return None;
        }
        let at = u32::from_le_bytes(raw[0..4].try_into().ok()?);
        Some((name(table.strings, at)?, into))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (name, info, section, value, size)
    fn table(rows: &[(&str, u8, u16, u64, u64)]) -> (Vec<u8>, Vec<u8>) {
        let mut strings = vec![0];
        let mut symbols = vec![0; ENTRY];
        for (name, info, section, value, size) in rows {
            symbols.extend((strings.len() as u32).to_le_bytes());
            symbols.extend([*info, 0]);
            symbols.extend(section.to_le_bytes());
            symbols.extend(value.to_le_bytes());
            symbols.extend(size.to_le_bytes());
            strings.extend(name.as_bytes());
            strings.push(0);
        }
        (symbols, strings)
    }

    fn names(rows: &[(&str, u8, u16, u64, u64)], at: &[u64]) -> Vec<String> {
        let (symbols, strings) = table(rows);
        let ends = Vec::new();
        let (symbols, strings) = (&symbols[..], &strings[..]);
        let table = SymbolTable { symbols, strings, ends };
        resolve(&table, at)
            .into_iter()
            .map(|s| s.map_or("-".to_owned(), |s| s.name))
            .collect()
    }

    #[test]
    fn the_covering_symbol_that_starts_last_wins() {
        let rows = [
            ("outer", 0x12, 1, 0x1000, 0x100),
            ("inner", 0x02, 1, 0x1040, 0x10),
            ("label", 0x00, 1, 0x1050, 0),
            ("import", 0x12, 0, 0x1040, 0x10),
            ("data", 0x11, 1, 0x1040, 0x10),
        ];
        let got = names(&rows, &[0xfff, 0x1000, 0x1040, 0x1055, 0x1100]);
        assert_eq!(got, ["-", "outer", "inner", "outer", "label"]);
    }

    #[test]
    fn aliases_prefer_global_and_plain_names_without_version() {
        let rows = [
            ("__GI_abort", 0x02, 1, 0x1000, 8),
            ("__abort", 0x12, 1, 0x1000, 8),
            ("abort@@GLIBC_2.2.5", 0x12, 1, 0x1000, 8),
        ];
        assert_eq!(names(&rows, &[0x1004]), ["abort"]);
    }

    #[test]
    fn wild_name_offsets_and_sizes_do_no_harm() {
        let (mut symbols, strings) = table(&[("f", 0x12, 1, 0x1000, u64::MAX)]);
        symbols[ENTRY..ENTRY + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        let ends = Vec::new();
        let (symbols, strings) = (&symbols[..], &strings[..]);
        let table = SymbolTable { symbols, strings, ends };
        assert_eq!(resolve(&table, &[0x1000, u64::MAX]), [None, None]);
    }
}
