//! Which unit of `.debug_info` covers an address, by `.debug_aranges`.
//!
//! The section is a list of sets (DWARF 5, section 6.1.2), one a unit: the
//! unit's place in `.debug_info` and the address ranges of its code. It is
//! small, so that few bytes tell which of thousands of units are worth
//! reading. Producers may leave it out (clang does) or leave units out:
//! absence proves nothing, and who finds nothing here reads all units.

use super::Slice;
use gimli::{ArangeHeader, DebugAranges, LittleEndian};

struct Range {
    begin: u64,
    end: u64,
    unit: usize,
}

/// Where in `.debug_info` a unit lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct UnitPlace {
    pub(super) begin: usize,
    /// A place at or behind its end; `None` where only the section's end is.
    pub(super) end: Option<usize>,
}

/// Address ranges, by where they begin.
pub(super) struct Ranges {
    sorted: Vec<Range>,
    /// Where units begin, in order.
    units: Vec<usize>,
}

impl Ranges {
    /// Reads the section; what is damaged in it is left out.
    pub(super) fn read(section: &[u8]) -> Self {
        let section = DebugAranges::new(section, LittleEndian);
        let (mut sorted, mut units) = (Vec::new(), Vec::new());
        let mut headers = section.headers();
        while let Ok(Some(header)) = headers.next() {
            units.push(header.debug_info_offset().0);
            add(&header, &mut sorted);
        }
        sorted.sort_unstable_by_key(|range| (range.begin, range.end));
        units.sort_unstable();
        Self { sorted, units }
    }

    /// Returns where the unit lies that covers an address; `None` where that
    /// is not known or not certain.
    pub(super) fn unit(&self, addr: u64) -> Option<UnitPlace> {
        let after = self.sorted.partition_point(|r| r.begin <= addr);
        let at = after.checked_sub(1)?;
        let range = self.sorted.get(at).filter(|r| addr < r.end)?;
        // One more that covers it makes two owners of an address.
        let before = at.checked_sub(1).and_then(|b| self.sorted.get(b));
        let sure =
            before.is_none_or(|b| b.end <= range.begin || b.unit == range.unit);
        let begin = range.unit;
        let next = self.units.partition_point(|u| *u <= begin);
        let end = self.units.get(next).copied();
        sure.then_some(UnitPlace { begin, end })
    }

    /// Returns a place in `.debug_info` behind the units of all addresses;
    /// `None` when one has none.
    pub(super) fn end_of_units(&self, addrs: &[u64]) -> Option<usize> {
        addrs
            .iter()
            .try_fold(0, |end, addr| Some(self.unit(*addr)?.end?.max(end)))
    }
}

fn add(header: &ArangeHeader<Slice<'_>>, sorted: &mut Vec<Range>) {
    let unit = header.debug_info_offset().0;
    let mut entries = header.entries();
    while let Ok(Some(entry)) = entries.next() {
        let range = entry.range();
        // Linkers leave ranges of discarded code at zero.
        if range.begin != 0 && range.begin < range.end {
            sorted.push(Range { begin: range.begin, end: range.end, unit });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A set of version 2 with 8-byte addresses.
    fn set(unit: u32, ranges: &[(u64, u64)]) -> Vec<u8> {
        let mut body = Vec::new();
        body.extend(2u16.to_le_bytes());
        body.extend(unit.to_le_bytes());
        body.extend([8, 0]);
        // Tuples begin at a multiple of their size, from the set's start.
        body.extend([0; 4]);
        for (begin, length) in ranges.iter().chain(&[(0, 0)]) {
            body.extend(begin.to_le_bytes());
            body.extend(length.to_le_bytes());
        }
        let mut out = (body.len() as u32).to_le_bytes().to_vec();
        out.extend(body);
        out
    }

    fn begin(ranges: &Ranges, addr: u64) -> Option<usize> {
        ranges.unit(addr).map(|u| u.begin)
    }

    #[test]
    fn the_unit_of_an_address_is_found() {
        let mut section = set(0, &[(0x2000, 0x100), (0x1000, 0x10)]);
        section.extend(set(0x77, &[(0x1010, 0x10), (0, 0x500)]));
        let ranges = Ranges::read(&section);
        assert_eq!(begin(&ranges, 0x0fff), None);
        assert_eq!(begin(&ranges, 0x1000), Some(0));
        assert_eq!(begin(&ranges, 0x100f), Some(0));
        assert_eq!(begin(&ranges, 0x1010), Some(0x77));
        assert_eq!(begin(&ranges, 0x1020), None);
        assert_eq!(begin(&ranges, 0x20ff), Some(0));
        assert_eq!(begin(&ranges, 0x2100), None);
        assert_eq!(begin(&ranges, 0x100), None);
        assert_eq!(ranges.end_of_units(&[0x1000, 0x2000]), Some(0x77));
        assert_eq!(ranges.end_of_units(&[0x1000, 0x1010]), None);
        assert_eq!(ranges.end_of_units(&[0x1000, 0x100]), None);
    }

    #[test]
    fn two_owners_of_an_address_are_none() {
        let mut section = set(0, &[(0x1000, 0x100)]);
        section.extend(set(0x77, &[(0x1080, 0x10)]));
        let ranges = Ranges::read(&section);
        assert_eq!(begin(&ranges, 0x1070), Some(0));
        assert_eq!(begin(&ranges, 0x1084), None);
    }

    #[test]
    fn damage_ends_the_list_and_nothing_else() {
        let mut section = set(0, &[(0x1000, 0x100)]);
        section.extend(set(0x77, &[(0x3000, 0x10)]));
        for cut in 0..section.len() {
            let ranges = Ranges::read(&section[..cut]);
            assert!(matches!(begin(&ranges, 0x1000), None | Some(0)), "{cut}");
        }
    }
}
