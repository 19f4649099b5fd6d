//! Read-only file mappings: the one place of this crate with `unsafe`.
//!
//! A mapped file costs nothing until a page is touched, and the pages belong to
//! the page cache. The price: if another process *shortens* the file while we
//! read it, the kernel sends SIGBUS. Dumps and executables are not shortened in
//! place by the tools that write them (they are replaced), and the store never
//! does so.
#![expect(unsafe_code, reason = "mapping a file is unsafe by nature")]

use super::{ReadAt, slice_of};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// A whole file, mapped read-only.
///
/// Borrowed slices come from the mapping; copies are read with `pread`. A small
/// copy out of a mapping costs a page fault that maps fifteen neighbours as
/// well: for the stacks of two thousand threads that was most of the time and
/// 300 MB.
pub struct MappedFile {
    map: Option<memmap2::Mmap>,
    file: File,
}

impl MappedFile {
    /// Maps `file`; an empty file is an empty slice.
    pub fn new(file: &File) -> io::Result<Self> {
        if file.metadata()?.len() == 0 {
            return Ok(Self { map: None, file: file.try_clone()? });
        }
        // SAFETY: the mapping is private and read-only, and this type only
        // hands out shared slices bounded by its own life. The file being
        // shortened meanwhile is the documented risk above.
        let map = unsafe { memmap2::MmapOptions::new().map(file)? };
        Ok(Self { map: Some(map), file: file.try_clone()? })
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
        let left = self.len().saturating_sub(offset);
        let n = usize::try_from(left).map_or(buf.len(), |l| l.min(buf.len()));
        let mut done = 0;
        while let Some(rest) = buf.get_mut(done..n).filter(|r| !r.is_empty()) {
            match self.file.read_at(rest, offset + done as u64) {
                Ok(0) => break,
                Ok(n) => done += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(done)
    }
    fn borrow(&self, offset: u64, len: u64) -> Option<&[u8]> {
        slice_of(self.data(), offset, len)
    }
}
