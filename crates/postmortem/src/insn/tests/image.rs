//! Memory for tests: the segments of an ELF file and a stack.

use std::path::Path;

use object::{Object, ObjectSection, ObjectSegment};

use crate::insn::Mem;

/// Memory made of separate pieces.
#[derive(Default, Clone)]
pub(crate) struct Image {
    pub(crate) pieces: Vec<(u64, Vec<u8>)>,
}

impl Image {
    /// Code at one address.
    pub(crate) fn at(addr: u64, bytes: &[u8]) -> Image {
        Image { pieces: vec![(addr, bytes.to_vec())] }
    }

    /// Adds words at an address.
    pub(crate) fn words(mut self, addr: u64, words: &[u64]) -> Image {
        let bytes = words.iter().flat_map(|w| w.to_le_bytes()).collect();
        self.pieces.push((addr, bytes));
        self
    }

    /// The loaded segments of an ELF file at their own addresses, and its
    /// executable sections.
    pub(crate) fn load(path: &Path) -> (Image, Vec<(u64, u64)>) {
        let data = std::fs::read(path).unwrap();
        let file = object::File::parse(&*data).unwrap();
        let pieces = file
            .segments()
            .map(|s| (s.address(), s.data().unwrap().to_vec()))
            .collect();
        let code = file
            .sections()
            .filter(|s| s.kind() == object::SectionKind::Text)
            .map(|s| (s.address(), s.address() + s.size()))
            .collect();
        (Image { pieces }, code)
    }
}

impl Mem for Image {
    fn read(&self, addr: u64, buf: &mut [u8]) -> bool {
        self.pieces.iter().any(|(start, bytes)| {
            let Some(from) = addr.checked_sub(*start) else { return false };
            let Ok(from) = usize::try_from(from) else { return false };
            match from.checked_add(buf.len()).map(|to| bytes.get(from..to)) {
                Some(Some(part)) => {
                    buf.copy_from_slice(part);
                    true
                }
                _ => false,
            }
        })
    }
}
