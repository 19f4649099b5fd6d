//! Defects of the programs and libraries that a core names.
//!
//! The build id stays, so that a reader takes the file for the right one.

use super::defects;
use super::image::Image;
use super::mutation::{Random, flip_bits};

defects! {
    /// Names a way to break an ELF program with symbols and DWARF.
    ProgramDamage, ALL_PROGRAM:

    /// The file ends after its first page.
    CutPage "program-cut-page" |i| i.cut(4096);
    /// The file has half its bytes.
    CutHalf "program-cut-half" |i| i.cut(i.bytes.len() / 2);
    /// The section headers are past the end.
    ShoffPastEnd "shoff-past-end" |i| i.put64(40, i.len() + 64);
    /// e_shnum counts more section headers than fit.
    ShnumOverflow "shnum-overflow" |i| i.put16(60, 0xfefe);
    /// e_shstrndx is no section.
    ShstrndxWild "shstrndx-wild" |i| i.put16(62, 0xfefe);
    /// Every section lies past the end.
    SectionsPastEnd "sections-past-end"
        |i| sections(i, |i, at| i.put64(at + 24, u64::MAX - 0x1000));
    /// Every section's size is absurd.
    SectionsHuge "sections-huge"
        |i| sections(i, |i, at| i.put64(at + 32, u64::MAX / 2));
    /// Every section's entry size is 0.
    SectionsEntsize "sections-entsize-zero"
        |i| sections(i, |i, at| i.put64(at + 56, 0));
    /// Every section links to itself or to none.
    SectionsLink "sections-link-wild"
        |i| sections(i, |i, at| i.put32(at + 40, 0xffff));
    /// The symbols' names are past the string table.
    SymbolNames "symbol-names-wild"
        |i| symbols(i, |i, at, n| i.put32(at, 0xffff_0000 | n));
    /// The symbols' addresses are wild.
    SymbolValues "symbol-values-wild"
        |i| symbols(i, |i, at, n| i.put64(at + 8, u64::MAX - u64::from(n)));
    /// The symbols' sizes wrap around.
    SymbolSizes "symbol-sizes-wild"
        |i| symbols(i, |i, at, _| i.put64(at + 16, u64::MAX - 7));
    /// All symbols are one endless name.
    StringsUnended "strings-unended" |i| fill(i, ".strtab", b'x');
    /// All symbols' names are nested manglings.
    StringsMangled "strings-mangled" strings_mangled;
    /// .eh_frame_hdr's count is absurd.
    FrameIndexCount "frame-index-count"
        |i| patch(i, ".eh_frame_hdr", 8, &[0xff; 4]);
    /// .eh_frame_hdr's table is noise.
    FrameIndexNoise "frame-index-noise" |i| noise(i, ".eh_frame_hdr", 12);
    /// .eh_frame is noise.
    FramesNoise "frames-noise" |i| noise(i, ".eh_frame", 0);
    /// Each entry of .eh_frame names itself as its CIE.
    FramesCieSelf "frames-cie-self" frames_cie_self;
    /// The rules of .eh_frame are noise.
    FramesRules "frames-rules-noise" frames_rules;
    /// The first entry of .eh_frame is 4 GiB long.
    FramesHuge "frames-length-huge"
        |i| patch(i, ".eh_frame", 0, &[0xf0, 0xff, 0xff, 0xff]);
    /// .debug_info's functions are each other's origin.
    DwarfLoop "dwarf-loop" dwarf_loop;
    /// .debug_abbrev is noise.
    AbbrevNoise "abbrev-noise" |i| noise(i, ".debug_abbrev", 0);
    /// .debug_info is noise after its head.
    InfoNoise "info-noise" |i| noise(i, ".debug_info", 12);
    /// .debug_line is noise after its head.
    LineNoise "line-noise" |i| noise(i, ".debug_line", 40);
    /// .debug_line's unit is 4 GiB long.
    LineHuge "line-length-huge"
        |i| patch(i, ".debug_line", 0, &[0xef, 0xff, 0xff, 0xff]);
    /// .debug_str is one endless string.
    DebugStrings "debug-strings-unended" |i| fill(i, ".debug_str", b'y');
    /// .debug_aranges covers everything many times.
    ArangesWild "aranges-wild" |i| fill(i, ".debug_aranges", 0x11);
    /// One bit in a hundred bytes is wrong, headers apart.
    Flips "program-flips" flips;
}

/// Returns the offsets of the section headers.
fn headers(i: &Image) -> Vec<u64> {
    let (start, count) = (i.u64(40), u64::from(i.u16(60)));
    let places = (0..count).map(|n| start.saturating_add(n * 64));
    places.take_while(|at| at.saturating_add(64) <= i.len()).collect()
}

/// Returns offset and size of a section.
fn section(i: &Image, name: &str) -> Option<(u64, u64)> {
    let headers = headers(i);
    let names = i.u64(headers.get(usize::from(i.u16(62)))? + 24);
    let wanted = [name.as_bytes(), &[0]].concat();
    let named = |at: &&u64| {
        let name_at = names.saturating_add(u64::from(i.u32(**at)));
        i.slice(name_at, wanted.len() as u64) == wanted
    };
    let at = headers.iter().find(named)?;
    Some((i.u64(at + 24), i.u64(at + 32)))
}

fn sections(i: &mut Image, change: fn(&mut Image, u64)) {
    // the first is the null section
    for at in headers(i).into_iter().skip(1) {
        change(i, at);
    }
}

fn symbols(i: &mut Image, change: fn(&mut Image, u64, u32)) {
    for name in [".symtab", ".dynsym"] {
        let Some((at, size)) = section(i, name) else { continue };
        for n in 1..(size / 24).min(100_000) {
            let number = u32::try_from(n).unwrap_or(0);
            change(i, at + n * 24, number);
        }
    }
}

fn patch(i: &mut Image, name: &str, at: u64, bytes: &[u8]) {
    if let Some((start, _)) = section(i, name) {
        i.put(start + at, bytes);
    }
}

fn fill(i: &mut Image, name: &str, byte: u8) {
    if let Some((start, size)) = section(i, name) {
        let bytes = vec![byte; i.slice(start, size).len()];
        i.put(start, &bytes);
    }
}

fn noise(i: &mut Image, name: &str, keep: u64) {
    let Some((start, size)) = section(i, name) else { return };
    let mut random = Random::new(size ^ keep);
    let len = i.slice(start + keep, size.saturating_sub(keep)).len();
    let bytes: Vec<u8> = (0..len).map(|_| random.byte()).collect();
    i.put(start + keep, &bytes);
}

/// Names whose demangled form would double with every sign.
fn strings_mangled(i: &mut Image) {
    let Some((start, size)) = section(i, ".strtab") else { return };
    let len = i.slice(start, size).len();
    let mut text = b"\0_ZN1aIS_S_".to_vec();
    while text.len() < len {
        text.extend(b"IS_IS0_S1_ES_EE");
    }
    text.truncate(len);
    if let Some(last) = text.last_mut() {
        *last = 0;
    }
    i.put(start, &text);
}

/// Returns the places of .eh_frame's entries and their lengths.
fn frames(i: &Image) -> Vec<(u64, u64)> {
    let Some((start, size)) = section(i, ".eh_frame") else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut at = start;
    while at + 8 < start.saturating_add(size).min(i.len()) {
        let len = u64::from(i.u32(at));
        if len == 0 || len == 0xffff_ffff {
            break;
        }
        found.push((at, len));
        at += len + 4;
    }
    found
}

fn frames_cie_self(i: &mut Image) {
    for (at, _) in frames(i).into_iter().skip(1) {
        // the pointer counts back from its own place
        i.put32(at + 4, 4);
    }
}

fn frames_rules(i: &mut Image) {
    let mut random = Random::new(99);
    for (at, len) in frames(i) {
        for n in 17..len {
            i.put8(at + 4 + n, random.byte());
        }
    }
}

/// A unit of its own: two functions and an inlined one, each the other's
/// abstract origin, over the whole address space.
fn dwarf_loop(i: &mut Image) {
    // code, tag, children, (attribute, form)*: unit with low and high pc;
    // function with low pc, high pc, origin; inlined one with the same
    let abbrev = [
        &[1, 0x11, 1, 0x11, 1, 0x12, 7, 0, 0][..],
        &[2, 0x2e, 1, 0x11, 1, 0x12, 7, 0x31, 0x13, 0, 0],
        &[3, 0x1d, 0, 0x11, 1, 0x12, 7, 0x31, 0x13, 0, 0],
        &[0],
    ];
    let (low, high) = (0u64.to_le_bytes(), (1u64 << 47).to_le_bytes());
    // dies at 11 (unit), 28 (function), 49 (inlined), 71 (function)
    let die = |code: u8, origin: u32| {
        [&[code][..], &low, &high, &origin.to_le_bytes()].concat()
    };
    let unit = [&[1][..], &low, &high].concat();
    let functions = [die(2, 71), die(3, 28), vec![0], die(2, 28), vec![0, 0]];
    let body = [unit, functions.concat()].concat();
    // the rest of the section belongs to the unit, as null entries
    let Some((start, size)) = section(i, ".debug_info") else { return };
    let zeroes = vec![0; i.slice(start, size).len()];
    i.put(start, &zeroes);
    let len = u32::try_from(size.saturating_sub(4)).unwrap_or(0);
    // length, version 4, abbreviations at 0, 8-byte addresses
    i.put32(start, len);
    i.put16(start + 4, 4);
    i.put32(start + 6, 0);
    i.put8(start + 10, 8);
    i.put(start + 11, &body);
    patch(i, ".debug_abbrev", 0, &abbrev.concat());
    fill(i, ".debug_aranges", 0);
}

fn flips(i: &mut Image) {
    let good = i.bytes.clone();
    i.bytes = flip_bits(4, &good, 100);
    // the first page keeps headers and build id
    let page = good.len().min(4096);
    i.put(0, &good[..page]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::native;

    #[test]
    fn every_defect_changes_a_program_and_keeps_its_build_id() {
        let report = native::build(&native::out_dir(), &["segv"]);
        let case = report.find("segv").expect("it was made");
        let good = std::fs::read(case.dir.join("prog")).expect("its program");
        let id = case.truth.build_ids["prog"].as_deref().expect("an id");
        let id: Vec<u8> = (0..id.len() / 2)
            .map(|n| u8::from_str_radix(&id[2 * n..2 * n + 2], 16))
            .collect::<Result<_, _>>()
            .expect("hexadecimal");
        let mut forms = std::collections::HashSet::new();
        for damage in ALL_PROGRAM {
            let bad = damage.apply(&good);
            assert_ne!(bad, good, "{} does nothing", damage.name());
            let found = bad.windows(id.len()).any(|w| w == id);
            assert!(found, "{} loses the build id", damage.name());
            let form = blake3::hash(&bad);
            assert!(forms.insert(form), "{} is another's", damage.name());
        }
    }
}
