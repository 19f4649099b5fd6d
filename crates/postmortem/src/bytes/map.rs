//! Read-only file mappings: the one place of this crate with `unsafe`.
//!
//! A mapped file costs nothing until a page is touched, and the pages belong to
//! the page cache. The price: if another process *shortens* the file while we
//! read it, the kernel sends SIGBUS. Dumps and executables are not shortened in
//! place by the tools that write them (they are replaced), and the store never
//! does so.
#![expect(unsafe_code, reason = "mapping a file is unsafe by nature")]

use super::{ReadAt, copy_from, slice_of};
use std::fs::File;
use std::io;

/// A whole file, mapped read-only.
pub struct MappedFile {
    map: Option<memmap2::Mmap>,
}

impl MappedFile {
    /// Maps `file`; an empty file is an empty slice.
    pub fn new(file: &File) -> io::Result<Self> {
        if file.metadata()?.len() == 0 {
            return Ok(Self { map: None });
        }
        // SAFETY: the mapping is private and read-only, and this type only
        // hands out shared slices bounded by its own life. The file being
        // shortened meanwhile is the documented risk above.
        let map = unsafe { memmap2::MmapOptions::new().map(file)? };
        Ok(Self { map: Some(map) })
    }

    /// Returns the whole content.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        self.map.as_deref().unwrap_or(&[])
    }
}

impl ReadAt for MappedFile {
    fn len(&self) -> u64 {
        self.data().len() as u64
    }
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        Ok(copy_from(self.data(), offset, buf))
    }
    fn borrow(&self, offset: u64, len: u64) -> Option<&[u8]> {
        slice_of(self.data(), offset, len)
    }
}
