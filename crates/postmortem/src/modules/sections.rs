//! Sections by name, expanded when they are compressed.
//!
//! Distributions compress debug sections (`SHF_COMPRESSED`): an `Elf64_Chdr`
//! (type u32 @0, size u64 @8, alignment u64 @16; gABI, "Section Compression")
//! and then a zlib (type 1) or zstd (type 2) stream. Old ones are named
//! `.zdebug_*`: "ZLIB", size as big-endian u64, stream. A debugger spends most
//! of its start expanding them, so all that a lookup needs are expanded at
//! once, on two threads, by an inflater for whole buffers.

use super::image::{Image, u32_at, u64_at};
use std::borrow::Cow;

/// Sections that line lookups read, the largest first.
const LINE_SECTIONS: [&str; 12] = [
    ".debug_info",
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

/// The most that deflate can expand (RFC 1951: 258 bytes for 2 bits).
const MAX_ZLIB_RATIO: u64 = 1032;
/// Zstd has no such bound; real sections stay below this.
const MAX_ZSTD_RATIO: u64 = 4096;
/// An expanded section is at most this large (bytes).
const MAX_EXPANDED: u64 = 4 << 30;

/// A section as the file has it.
#[derive(Clone, Copy)]
pub(super) enum Stored<'d> {
    Plain(&'d [u8]),
    Zlib(&'d [u8], u64),
    Zstd(&'d [u8], u64),
}

/// Sections of one image that had to be expanded.
pub(super) type Expanded = Vec<(&'static str, Vec<u8>)>;

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
        let room = |body: &[u8], size: u64, ratio: u64| {
            let most = (body.len() as u64).saturating_mul(ratio);
            let fits = size <= most && size <= MAX_EXPANDED;
            usize::try_from(size).ok().filter(|_| fits)
        };
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
        let all = self.expanded.get_or_init(|| self.expand_all());
        let plain = name.strip_suffix(".dwo").unwrap_or(name);
        all.iter().find(|s| s.0 == plain).map_or(&[][..], |s| &s.1)
    }

    /// Expands every compressed section that line lookups need.
    ///
    /// A file has either plain or split sections of one name.
    fn expand_all(&self) -> Expanded {
        let stored = |name: &'static str| {
            let split = || self.stored(&format!("{name}.dwo"));
            match self.stored(name).or_else(split)? {
                Stored::Plain(_) => None,
                packed => Some((name, packed)),
            }
        };
        let mut work = LINE_SECTIONS.iter().filter_map(|n| stored(n));
        let first = work.next();
        let rest: Vec<_> = work.collect();
        let content = |(name, s): (&'static str, Stored<'_>)| {
            Some((name, s.content()?.into_owned()))
        };
        std::thread::scope(|scope| {
            let rest = scope.spawn(move || {
                rest.into_iter().filter_map(content).collect::<Expanded>()
            });
            let mut out: Expanded =
                first.and_then(content).into_iter().collect();
            out.extend(rest.join().unwrap_or_default());
            out
        })
    }
}
