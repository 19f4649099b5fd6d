//! Sections by name, expanded when they are compressed.
//!
//! Distributions compress debug sections (`SHF_COMPRESSED`): an `Elf64_Chdr`
//! (type u32 @0, size u64 @8, alignment u64 @16; gABI, "Section Compression")
//! and then a zlib (type 1) or zstd (type 2) stream. Old ones are named
//! `.zdebug_*`: "ZLIB", size as big-endian u64, stream. A debugger spends most
//! of its start expanding them. So they are expanded by an inflater for whole
//! buffers, all that a lookup needs at once, on two threads; and of the largest,
//! `.debug_info`, only as much as reaches to the last unit wanted.

use super::image::{Image, u32_at, u64_at};
use std::borrow::Cow;
use std::sync::OnceLock;

/// Sections that line lookups read, the largest first.
const LINE_SECTIONS: [&str; 12] = [
    INFO,
    ".debug_line",
    ".debug_str",
    ".debug_abbrev",
    ".debug_rnglists",
    ".debug_ranges",
    ".debug_line_str",
    ".debug_aranges",
    ".debug_addr",
    ".debug_str_offsets",
    ".debug_cu_index",
    ".debug_tu_index",
];

/// The largest of them, of which often only the first part is needed.
const INFO: &str = ".debug_info";

/// The most that deflate can expand (RFC 1951: 258 bytes for 2 bits).
const MAX_ZLIB_RATIO: u64 = 1032;
/// Zstd has no such bound; real sections stay below this.
const MAX_ZSTD_RATIO: u64 = 4096;
/// What an inflater that runs out of room may leave unwritten at the end of
/// it: less than a block that was stored (RFC 1951, section 3.2.4).
const UNWRITTEN: usize = 64 << 10;
/// An expanded section is at most this large (bytes).
const MAX_EXPANDED: u64 = 4 << 30;

/// A section as the file has it.
#[derive(Clone, Copy)]
pub(super) enum Stored<'d> {
    Plain(&'d [u8]),
    Zlib(&'d [u8], u64),
    Zstd(&'d [u8], u64),
}

/// Sections of one image that had to be expanded, each when it is first asked
/// for.
#[derive(Default)]
pub(super) struct Expanded {
    whole: [OnceLock<Vec<u8>>; LINE_SECTIONS.len()],
    /// The first part of `.debug_info`.
    start: OnceLock<Vec<u8>>,
}

impl<'d> Stored<'d> {
    /// Recognises how a section is stored; `None` for damage.
    pub(super) fn of(
        data: &'d [u8],
        compressed: bool,
        old: bool,
    ) -> Option<Self> {
        if old {
            let size = data.get(4..12)?.try_into().ok()?;
            return data
                .starts_with(b"ZLIB")
                .then_some(Self::Zlib(&data[12..], u64::from_be_bytes(size)));
        }
        if !compressed {
            return Some(Self::Plain(data));
        }
        let size = u64_at(data, 8)?;
        let body = data.get(24..)?;
        match u32_at(data, 0)? {
            1 => Some(Self::Zlib(body, size)),
            2 => Some(Self::Zstd(body, size)),
            _ => None,
        }
    }

    /// Returns the content; `None` when it is damaged or absurdly large.
    pub(super) fn content(self) -> Option<Cow<'d, [u8]>> {
        match self {
            Self::Plain(data) => Some(Cow::Borrowed(data)),
            Self::Zlib(body, size) => {
                let mut out = vec![0; room(body, size, MAX_ZLIB_RATIO)?];
                let n = libdeflater::Decompressor::new()
                    .zlib_decompress(body, &mut out)
                    .ok()?;
                (n == out.len()).then_some(Cow::Owned(out))
            }
            Self::Zstd(body, size) => {
                let size = room(body, size, MAX_ZSTD_RATIO)?;
                let out = zstd::bulk::decompress(body, size).ok()?;
                (out.len() == size).then_some(Cow::Owned(out))
            }
        }
    }

    /// Returns the first `length` bytes of the content, where they can be had
    /// for much less than the whole.
    ///
    /// The inflater is given too little room, and leaves there what came
    /// before it noticed.
    fn start(self, length: usize) -> Option<Vec<u8>> {
        use libdeflater::DecompressionError::InsufficientSpace;
        let Self::Zlib(body, size) = self else { return None };
        let all = room(body, size, MAX_ZLIB_RATIO)?;
        let short = length.checked_add(UNWRITTEN)?;
        if short >= all - all / 8 {
            return None;
        }
        let mut out = vec![0; short];
        let done =
            libdeflater::Decompressor::new().zlib_decompress(body, &mut out);
        out.truncate(length);
        matches!(done, Err(InsufficientSpace)).then_some(out)
    }
}

/// The room that a section needs by its own word, unless that is a lie.
fn room(body: &[u8], size: u64, ratio: u64) -> Option<usize> {
    let most = (body.len() as u64).saturating_mul(ratio);
    let fits = size <= most && size <= MAX_EXPANDED;
    usize::try_from(size).ok().filter(|_| fits)
}

impl Image {
    /// Returns a section's content, expanded when it is compressed.
    pub(crate) fn section(&self, name: &str) -> Option<Cow<'_, [u8]>> {
        let data = self.stored(name)?.content()?;
        (!data.is_empty()).then_some(data)
    }

    /// Returns a section of line data, or its split form, for as long as the
    /// image lives; empty when it has none.
    pub(crate) fn debug_section(&self, name: &str) -> &[u8] {
        if let Some(Stored::Plain(data)) = self.stored(name) {
            return data;
        }
        // A file has either plain or split sections of one name.
        let plain = name.strip_suffix(".dwo").unwrap_or(name);
        let Some(at) = LINE_SECTIONS.iter().position(|n| *n == plain) else {
            return &[];
        };
        self.expanded.whole[at].get_or_init(|| self.expand(at))
    }

    /// Returns `.debug_info` at least as far as `end`; what follows may be
    /// missing.
    pub(crate) fn debug_info_until(&self, end: usize) -> &[u8] {
        match self.expanded.start.get() {
            Some(start) if end <= start.len() => start,
            _ => self.debug_section(INFO),
        }
    }

    /// Whether there is any line data.
    pub(crate) fn has_debug_info(&self) -> bool {
        let split = || self.stored(".debug_info.dwo");
        self.stored(INFO).or_else(split).is_some()
    }

    /// Expands the sections that line lookups need; of `.debug_info` only as
    /// far as `end`, when there is one.
    pub(crate) fn expand_line_sections(&self, end: Option<usize>) {
        let info = || {
            let start = end.and_then(|end| self.stored(INFO)?.start(end));
            match start {
                Some(start) => self.expanded.start.get_or_init(|| start),
                None => self.expanded.whole[0].get_or_init(|| self.expand(0)),
            };
        };
        let others = || {
            for at in 1..LINE_SECTIONS.len() {
                self.expanded.whole[at].get_or_init(|| self.expand(at));
            }
        };
        let packed = |at: &usize| self.packed(*at).is_some();
        if packed(&0) && (1..LINE_SECTIONS.len()).any(|at| packed(&at)) {
            std::thread::scope(|scope| {
                scope.spawn(others);
                info();
            });
        }
    }

    /// Finds a section of line data that is compressed.
    fn packed(&self, at: usize) -> Option<Stored<'_>> {
        let name = LINE_SECTIONS[at];
        let split = || self.stored(&format!("{name}.dwo"));
        self.stored(name)
            .or_else(split)
            .filter(|s| !matches!(s, Stored::Plain(_)))
    }

    fn expand(&self, at: usize) -> Vec<u8> {
        let content = self.packed(at).and_then(Stored::content);
        content.map_or_else(Vec::new, Cow::into_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    /// Bytes of every kind: repeated, random (which deflate stores), text.
    fn content() -> Vec<u8> {
        let mut state = 0x7468_6f74_u32;
        let mut random = || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state
        };
        let mut out = Vec::new();
        for round in 0..24 {
            out.extend(std::iter::repeat_n(round, 20_000));
            out.extend((0..70_000).map(|_| random() as u8));
            out.extend((0..30_000).map(|_| b'a' + (random() % 5) as u8));
        }
        out
    }

    fn packed(data: &[u8], level: u32) -> Vec<u8> {
        let level = flate2::Compression::new(level);
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), level);
        encoder.write_all(data).expect("memory");
        encoder.finish().expect("memory")
    }

    #[test]
    fn the_start_of_a_section_is_that_of_the_whole() {
        let data = content();
        for level in [0, 1, 6, 9] {
            let body = packed(&data, level);
            let stored = Stored::Zlib(&body, data.len() as u64);
            assert_eq!(stored.content().as_deref(), Some(&data[..]));
            for length in (0..data.len() * 3 / 4).step_by(39_989) {
                let start = stored.start(length).expect("a start");
                assert!(start == data[..length], "{level}, {length}");
            }
        }
    }

    #[test]
    fn a_start_near_the_end_is_not_worth_it() {
        let data = content();
        let body = packed(&data, 6);
        let stored = Stored::Zlib(&body, data.len() as u64);
        assert!(stored.start(data.len()).is_none());
        assert!(stored.start(usize::MAX).is_none());
        assert!(Stored::Plain(&data).start(10).is_none());
        let cut = Stored::Zlib(&body[..body.len() / 4], data.len() as u64);
        assert!(cut.start(data.len() / 2).is_none());
    }
}
