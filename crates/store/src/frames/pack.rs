//! Packing one segment: digest, pages of zeros, frames.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use blake3::hazmat::ChainingValue;
use thoth_manta::{Code, Error, Result};

use super::{Entry, FRAME, check_of};
use crate::tree;

/// The unit in which zeros become holes of a plain file.
pub(crate) const PAGE: usize = 4096;
/// The level of compression: the fastest that finds repetition.
const LEVEL: i32 = 1;

/// What has been found out about a segment, and its frames when they were
/// asked for.
pub(crate) struct Packed {
    /// The segment's digest in the list.
    pub(crate) digest: ChainingValue,
    /// Parts of the segment that are not zeros, in whole pages: start, end.
    pub(crate) runs: Vec<(usize, usize)>,
    /// The frames' entries; without them nothing was packed.
    pub(crate) entries: Vec<Entry>,
    /// The stored frames, one after another.
    pub(crate) frames: Vec<u8>,
}

impl Packed {
    /// Returns how many bytes a plain file would store.
    pub(crate) fn data_bytes(&self) -> usize {
        self.runs.iter().map(|(start, end)| end - start).sum()
    }
}

/// What a thread needs to pack, kept from one segment to the next.
pub(crate) struct Packer {
    zstd: zstd::bulk::Compressor<'static>,
    scratch: Vec<u8>,
}

/// Bodies at once from which on each gets less.
const CROWD: usize = 6;
/// Buffers kept for later.
const SPARE: usize = 16;

/// Buffers that go round between those who pack and those who write.
#[derive(Debug, Default)]
pub(crate) struct Workshop {
    spare: std::sync::Mutex<Vec<Vec<u8>>>,
    /// Bodies that have threads now.
    bodies: AtomicUsize,
}

/// A body among those that have threads, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place(Arc<Workshop>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.bodies.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Workshop {
    /// Counts another body that has threads.
    pub(crate) fn enter(self: &Arc<Workshop>) -> Place {
        self.bodies.fetch_add(1, Ordering::Relaxed);
        Place(Arc::clone(self))
    }

    /// Tells whether so many bodies come at once that each should make do
    /// with little: more threads and buffers for one would not make all of
    /// them faster, and memory adds up.
    pub(crate) fn is_crowded(&self) -> bool {
        self.bodies.load(Ordering::Relaxed) > CROWD
    }

    fn take(&self) -> Vec<u8> {
        let mut spare =
            self.spare.lock().unwrap_or_else(|poison| poison.into_inner());
        spare.pop().unwrap_or_default()
    }

    /// Gives a buffer back.
    pub(crate) fn give(&self, mut buffer: Vec<u8>) {
        buffer.clear();
        let mut spare =
            self.spare.lock().unwrap_or_else(|poison| poison.into_inner());
        if spare.len() < SPARE {
            spare.push(buffer);
        }
    }
}

impl Packer {
    pub(crate) fn new() -> Result<Packer> {
        let failed = |error| {
            Error::new(Code::InternalError, "cannot set up compression")
                .because(error)
        };
        let mut zstd = zstd::bulk::Compressor::new(LEVEL).map_err(failed)?;
        // The table has a check of each frame.
        zstd.include_checksum(false).map_err(failed)?;
        let scratch = vec![0; zstd::zstd_safe::compress_bound(FRAME)];
        Ok(Packer { zstd, scratch })
    }

    /// Looks at segment `number`, and packs it when told to.
    pub(crate) fn pack(
        &mut self,
        number: u64,
        segment: &[u8],
        compress: bool,
        workshop: &Workshop,
    ) -> Result<Packed> {
        let mut packed = Packed {
            digest: tree::segment_digest(number, segment),
            runs: data_runs(segment),
            entries: Vec::new(),
            frames: Vec::new(),
        };
        if compress {
            packed.frames = workshop.take();
            self.pack_frames(segment, &mut packed)?;
        }
        Ok(packed)
    }

    fn pack_frames(
        &mut self,
        segment: &[u8],
        packed: &mut Packed,
    ) -> Result<()> {
        let mut runs = packed.runs.iter().copied().peekable();
        for (n, frame) in segment.chunks(FRAME).enumerate() {
            let (start, end) = (n * FRAME, n * FRAME + frame.len());
            while runs.next_if(|run| run.1 <= start).is_some() {}
            if runs.peek().is_none_or(|run| run.0 >= end) {
                packed.entries.push(Entry::Zeros { frames: 1 });
                continue;
            }
            let length = self
                .zstd
                .compress_to_buffer(frame, self.scratch.as_mut_slice())
                .map_err(|error| {
                    Error::new(Code::InternalError, "cannot compress a frame")
                        .because(error)
                })?;
            let stored = match self.scratch.get(..length) {
                Some(stored) if length < frame.len() => stored,
                _ => frame,
            };
            packed.frames.extend_from_slice(stored);
            packed.entries.push(Entry::Stored {
                packed: stored.len() < frame.len(),
                // A frame has at most 65,536 bytes.
                length: stored.len() as u32,
                check: check_of(stored),
            });
        }
        Ok(())
    }
}

/// Finds the parts of a segment that are not pages of zeros.
fn data_runs(segment: &[u8]) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    let mut at = 0;
    for page in segment.chunks(PAGE) {
        let end = at + page.len();
        if !is_zero(page) {
            match runs.last_mut() {
                Some(last) if last.1 == at => last.1 = end,
                _ => runs.push((at, end)),
            }
        }
        at = end;
    }
    runs
}

/// Tells whether all bytes are zero, some GB a second.
pub(crate) fn is_zero(bytes: &[u8]) -> bool {
    let (blocks, rest) = bytes.as_chunks::<64>();
    let empty = |block: &[u8; 64]| {
        block
            .as_chunks::<8>()
            .0
            .iter()
            .fold(0, |all, word| all | u64::from_ne_bytes(*word))
            == 0
    };
    blocks.iter().all(empty) && rest.iter().all(|byte| *byte == 0)
}
