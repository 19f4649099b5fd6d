//! The dumped process's memory.
//!
//! Three answers are kept apart: bytes that are **here**, ranges that were
//! mapped but whose bytes are **absent** (not dumped, or cut off), and addresses
//! that were **not mapped**. Absent ranges of a read-only file mapping are
//! answered from that file when its build id matches (see
//! [`crate::modules`]); absent writable ranges never are, because the process
//! may have changed them.

use crate::bytes::ReadAt;
use crate::core::Segment;
use crate::modules::Image;
use std::cell::{Cell, RefCell};
use std::sync::Arc;

/// Why bytes could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Mapped, but its bytes are not in the dump and no file has them.
    #[error("{0:#x} was mapped, but its bytes are not in the dump")]
    Absent(u64),
    /// Not mapped.
    #[error("{0:#x} was not mapped")]
    Unmapped(u64),
}

/// A part of a file that stands in for absent bytes.
pub(crate) struct FileRange {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) offset: u64,
    pub(crate) file: Arc<Image>,
}

/// Memory of the process, read by address.
pub struct Memory {
    bytes: Arc<dyn ReadAt>,
    segments: Vec<Segment>,
    last: Cell<usize>,
    files: Vec<FileRange>,
    pages: RefCell<Pages>,
}

/// Pages of the dump read last, by their place in it.
///
/// A walk reads words of eight bytes, a handful from each page. Whatever holds
/// the dump, a system call or a store's frame, is asked once a page.
struct Pages {
    /// Page number + 1 in each slot; 0 is empty.
    tags: Vec<u64>,
    /// Bytes that the slot's page has: less than a page where the dump ends.
    lens: Vec<usize>,
    data: Vec<u8>,
}

const PAGE: usize = 4096;
/// Slots of the page cache: 1 MiB.
const SLOTS: usize = 256;
/// Longer reads go past the cache.
const SMALL: usize = 256;

impl Pages {
    fn new() -> Self {
        let (tags, lens) = (vec![0; SLOTS], vec![0; SLOTS]);
        Self { tags, lens, data: vec![0; SLOTS * PAGE] }
    }

    /// Reads up to the end of a page at an offset of the dump.
    fn read(
        &mut self,
        bytes: &dyn ReadAt,
        offset: u64,
        buf: &mut [u8],
    ) -> usize {
        let page = offset / PAGE as u64;
        let slot = (page % SLOTS as u64) as usize;
        let at = slot * PAGE;
        let tag = page.saturating_add(1);
        if self.tags[slot] != tag {
            let room = &mut self.data[at..at + PAGE];
            let start = page * PAGE as u64;
            self.lens[slot] = bytes.read_at(start, room).unwrap_or(0);
            self.tags[slot] = tag;
        }
        let into = (offset % PAGE as u64) as usize;
        let have = self.data[at..at + self.lens[slot]].get(into..);
        let have = have.unwrap_or_default();
        let n = have.len().min(buf.len());
        buf[..n].copy_from_slice(&have[..n]);
        n
    }
}

impl Memory {
    pub(crate) fn new(bytes: Arc<dyn ReadAt>, segments: Vec<Segment>) -> Self {
        Self {
            bytes,
            segments,
            last: Cell::new(0),
            files: Vec::new(),
            pages: RefCell::new(Pages::new()),
        }
    }

    pub(crate) fn set_files(&mut self, mut files: Vec<FileRange>) {
        files.sort_by_key(|f| f.start);
        self.files = files;
    }

    /// Returns the mapping that holds `addr`.
    #[must_use]
    pub fn segment(&self, addr: u64) -> Option<&Segment> {
        let hit = |i: usize| {
            self.segments.get(i).filter(|s| s.start <= addr && addr < s.end)
        };
        if let Some(s) = hit(self.last.get()) {
            return Some(s);
        }
        let i = self.segments.partition_point(|s| s.end <= addr);
        let s = hit(i)?;
        self.last.set(i);
        Some(s)
    }

    /// Returns all mappings in address order.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Reads exactly `buf.len()` bytes at `addr`.
    pub fn read(&self, addr: u64, buf: &mut [u8]) -> Result<(), ReadError> {
        let mut done = 0;
        while done < buf.len() {
            let at = addr
                .checked_add(done as u64)
                .ok_or(ReadError::Unmapped(addr))?;
            done += self.read_some(at, &mut buf[done..])?;
        }
        Ok(())
    }

    /// Reads from `addr` as far as bytes go without a gap.
    #[must_use]
    pub fn read_up_to(&self, addr: u64, buf: &mut [u8]) -> usize {
        let mut done = 0;
        while done < buf.len() {
            let Some(at) = addr.checked_add(done as u64) else { break };
            match self.read_some(at, &mut buf[done..]) {
                Ok(n) => done += n,
                Err(_) => break,
            }
        }
        done
    }

    /// Reads at least one byte, up to the end of one mapping.
    fn read_some(&self, addr: u64, buf: &mut [u8]) -> Result<usize, ReadError> {
        let Some(s) = self.segment(addr) else {
            return self.read_file(addr, buf, ReadError::Unmapped(addr));
        };
        let into = addr - s.start;
        if into < s.present {
            let n = clamp(s.present - into, buf.len());
            let at = s.offset.saturating_add(into);
            let part = &mut buf[..n];
            let got = if n <= SMALL {
                self.pages.borrow_mut().read(&*self.bytes, at, part)
            } else {
                self.bytes.read_at(at, part).unwrap_or(0)
            };
            if got > 0 {
                return Ok(got);
            }
        }
        // The file must not stand in for bytes past the dumped part that the
        // process could change.
        let n = clamp(s.end - addr, buf.len());
        if s.writable() {
            return Err(ReadError::Absent(addr));
        }
        self.read_file(addr, &mut buf[..n], ReadError::Absent(addr))
    }

    fn read_file(
        &self,
        addr: u64,
        buf: &mut [u8],
        absent: ReadError,
    ) -> Result<usize, ReadError> {
        let i = self.files.partition_point(|f| f.end <= addr);
        let f = self.files.get(i).filter(|f| f.start <= addr).ok_or(absent)?;
        let n = clamp(f.end - addr, buf.len());
        let at = f.offset.saturating_add(addr - f.start);
        let from = usize::try_from(at).map_err(|_| absent)?;
        let have = f.file.bytes().get(from..).ok_or(absent)?;
        let n = n.min(have.len());
        buf[..n].copy_from_slice(&have[..n]);
        if n > 0 { Ok(n) } else { Err(absent) }
    }

    /// Reads a little-endian 64-bit word.
    pub fn read_u64(&self, addr: u64) -> Result<u64, ReadError> {
        let mut b = [0; 8];
        self.read(addr, &mut b)?;
        Ok(u64::from_le_bytes(b))
    }

    /// Reads a little-endian 32-bit word.
    pub fn read_u32(&self, addr: u64) -> Result<u32, ReadError> {
        let mut b = [0; 4];
        self.read(addr, &mut b)?;
        Ok(u32::from_le_bytes(b))
    }

    /// Reads a word of 4 or 8 bytes in either byte order.
    pub fn read_word(
        &self,
        addr: u64,
        size: usize,
        little: bool,
    ) -> Result<u64, ReadError> {
        let mut b = [0; 8];
        let size = size.min(8);
        self.read(addr, &mut b[..size])?;
        if !little {
            b[..size].reverse();
        }
        Ok(u64::from_le_bytes(b))
    }

    /// Reads bytes up to a NUL (not included) or `limit`.
    pub fn read_string(
        &self,
        addr: u64,
        limit: usize,
    ) -> Result<Vec<u8>, ReadError> {
        let mut out = Vec::new();
        let mut buf = [0; 256];
        while out.len() < limit {
            let at = addr
                .checked_add(out.len() as u64)
                .ok_or(ReadError::Unmapped(addr))?;
            let n = self.read_some(at, &mut buf)?;
            match buf[..n].iter().position(|b| *b == 0) {
                Some(end) => {
                    out.extend_from_slice(&buf[..end]);
                    break;
                }
                None => out.extend_from_slice(&buf[..n]),
            }
        }
        out.truncate(limit);
        Ok(out)
    }
}

fn clamp(a: u64, b: usize) -> usize {
    usize::try_from(a).map_or(b, |a| a.min(b))
}
