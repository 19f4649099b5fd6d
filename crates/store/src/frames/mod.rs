//! The form of a compressed object at rest.
//!
//! A dump is read in small pieces far apart, by whoever debugs it, and its
//! bytes are mostly zeros and repetition. So it is cut into frames of 64 KiB
//! that are compressed each for itself: reading 4 KiB costs reading and
//! expanding one frame (about 20 KiB read, 50 us of work), and packing loses
//! 4-7 % against frames of 1 MiB, whose random reads are 5-10 times slower.
//! A frame of zeros is not stored at all: a run of them is one entry of the
//! table, so a sparse terabyte costs what its data cost.
//!
//! All numbers are little-endian. A file is, without gaps:
//!
//! | part | bytes |
//! | --- | --- |
//! | header | 128 |
//! | frames, in the order of the object, each as long as its entry says | |
//! | table: entries, then digests | 8 each, then 32 each |
//!
//! Header:
//!
//! | offset | size | meaning |
//! | --- | --- | --- |
//! | 0 | 8 | `THOTHFRM` |
//! | 8 | 4 | version of the form: 1 |
//! | 12 | 4 | bytes of the object in a frame: 65,536 (the last has the rest) |
//! | 16 | 8 | length of the object |
//! | 24 | 8 | number of entries in the table |
//! | 32 | 8 | number of digests in the table |
//! | 40 | 8 | offset of the table: the header and all stored frames |
//! | 48 | 16 | id of the object |
//! | 64 | 32 | BLAKE3 of the object |
//! | 96 | 16 | first half of the BLAKE3 of the table |
//! | 112 | 16 | first half of the BLAKE3 of the 112 bytes before |
//!
//! Entry:
//!
//! | offset | size | meaning |
//! | --- | --- | --- |
//! | 0 | 1 | kind: 1 a zstd frame (RFC 8878), 2 a run of frames of zeros, 3 the bytes as they are |
//! | 1 | 3 | kind 1 and 3: how many bytes are stored; kind 2: how many frames the run has |
//! | 4 | 4 | first 4 bytes of the BLAKE3 of the stored bytes; kind 2: 0 |
//!
//! Digests are there when the object is longer than 1 MiB: one for each
//! mebibyte that is not all in runs of zeros (the others follow from their
//! length), as the `tree` module says. Every byte of the file is covered by one
//! of the digests, so any flipped bit shows; and a frame is checked before it
//! is expanded, so a reader gets what was written or an error.
//!
//! The header stands at the front, though it is written last, because a file
//! that nobody can have opened yet can be written in any order; it comes before
//! the frames so that one read of the front says everything.

mod pack;
mod read;

pub(crate) use pack::{Packed, Packer, Place, Workshop};
pub(crate) use read::FramedReader;

use thoth_manta::{Digest, ObjectId};

use crate::tree;

/// Bytes of an object that are compressed together.
pub(crate) const FRAME: usize = 64 * 1024;
/// Length of the header.
pub(crate) const HEADER: usize = 128;
/// Length of an entry of the table.
pub(crate) const ENTRY: usize = 8;
const MAGIC: &[u8; 8] = b"THOTHFRM";
const VERSION: u32 = 1;
/// The most that three bytes count.
const MAX_24: u32 = (1 << 24) - 1;

/// What is wrong with a file of this form.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum FormError {
    #[error("{file} bytes long, expected at least {HEADER} for the header")]
    Short { file: u64 },
    #[error("the header begins with {found:02x?}, expected {MAGIC:02x?}")]
    Magic { found: [u8; 8] },
    #[error("form version {found}, expected {VERSION}")]
    Version { found: u32 },
    #[error("the header does not agree with its digest")]
    Header,
    #[error("the header belongs to {found}")]
    Id { found: ObjectId },
    #[error("frames of {found} bytes, expected {FRAME}")]
    FrameSize { found: u32 },
    #[error(
        "{file} bytes long, expected {expected} with a table at {table_at} of \
         {entries} entries and {digests} digests"
    )]
    Length {
        file: u64,
        expected: u64,
        table_at: u64,
        entries: u64,
        digests: u64,
    },
    #[error("the table does not agree with its digest")]
    Table,
    #[error("entry {number} of the table: kind {kind}, {value}")]
    Entry { number: usize, kind: u8, value: u32 },
    #[error("the table has {found} {what}, expected {expected}")]
    Count { what: &'static str, found: u64, expected: u64 },
}

/// An entry of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// A frame of which `length` bytes are stored, compressed or not.
    Stored { packed: bool, length: u32, check: [u8; 4] },
    /// Frames of zeros, of which nothing is stored.
    Zeros { frames: u32 },
}

impl Entry {
    fn to_bytes(self) -> [u8; ENTRY] {
        let (kind, value, check) = match self {
            Entry::Stored { packed: true, length, check } => (1, length, check),
            Entry::Zeros { frames } => (2, frames, [0; 4]),
            Entry::Stored { packed: false, length, check } => {
                (3, length, check)
            }
        };
        let [a, b, c, _] = value.to_le_bytes();
        let [d, e, f, g] = check;
        [kind, a, b, c, d, e, f, g]
    }

    fn parse(number: usize, bytes: [u8; ENTRY]) -> Result<Entry, FormError> {
        let [kind, a, b, c, check @ ..] = bytes;
        let value = u32::from_le_bytes([a, b, c, 0]);
        match kind {
            1 | 3 if value > 0 => {
                Ok(Entry::Stored { packed: kind == 1, length: value, check })
            }
            2 if value > 0 && check == [0; 4] => {
                Ok(Entry::Zeros { frames: value })
            }
            _ => Err(FormError::Entry { number, kind, value }),
        }
    }
}

/// Returns the check of a frame's stored bytes.
fn check_of(stored: &[u8]) -> [u8; 4] {
    let [a, b, c, d, ..] = *blake3::hash(stored).as_bytes();
    [a, b, c, d]
}

fn half_digest(bytes: &[u8]) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&blake3::hash(bytes).as_bytes()[..16]);
    half
}

/// Returns how many frames an object has.
fn frames_of(length: u64) -> u64 {
    length.div_ceil(FRAME as u64)
}

/// Everything that a header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) id: ObjectId,
    pub(crate) length: u64,
    pub(crate) digest: Digest,
    entries: u64,
    digests: u64,
    table_at: u64,
    table_digest: [u8; 16],
}

impl Header {
    fn to_bytes(self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        let mut rest: &mut [u8] = &mut bytes;
        let mut put = |field: &[u8]| {
            let (head, tail) =
                std::mem::take(&mut rest).split_at_mut(field.len());
            head.copy_from_slice(field);
            rest = tail;
        };
        put(MAGIC);
        put(&VERSION.to_le_bytes());
        put(&(FRAME as u32).to_le_bytes());
        put(&self.length.to_le_bytes());
        put(&self.entries.to_le_bytes());
        put(&self.digests.to_le_bytes());
        put(&self.table_at.to_le_bytes());
        put(&self.id.0);
        put(&self.digest.0);
        put(&self.table_digest);
        let own = half_digest(&bytes[..112]);
        bytes[112..].copy_from_slice(&own);
        bytes
    }

    /// Parses the header of a file of `file` bytes that should hold `id`.
    pub(crate) fn parse(
        bytes: &[u8; HEADER],
        id: ObjectId,
        file: u64,
    ) -> Result<Header, FormError> {
        let mut rest: &[u8] = bytes;
        let magic = take::<8>(&mut rest);
        if magic != *MAGIC {
            return Err(FormError::Magic { found: magic });
        }
        if half_digest(&bytes[..112]) != bytes[112..] {
            return Err(FormError::Header);
        }
        let version = u32::from_le_bytes(take(&mut rest));
        if version != VERSION {
            return Err(FormError::Version { found: version });
        }
        let frame = u32::from_le_bytes(take(&mut rest));
        if frame != FRAME as u32 {
            return Err(FormError::FrameSize { found: frame });
        }
        let [length, entries, digests, table_at] =
            [(); 4].map(|()| u64::from_le_bytes(take(&mut rest)));
        let header = Header {
            id: ObjectId(take(&mut rest)),
            length,
            digest: Digest(take(&mut rest)),
            entries,
            digests,
            table_at,
            table_digest: take(&mut rest),
        };
        if header.id != id {
            return Err(FormError::Id { found: header.id });
        }
        let expected = table_at.saturating_add(header.table_length());
        if expected != file || table_at < HEADER as u64 {
            return Err(FormError::Length {
                file,
                expected,
                table_at,
                entries,
                digests,
            });
        }
        Ok(header)
    }

    pub(crate) fn table_at(&self) -> u64 {
        self.table_at
    }

    /// Returns the length of the table, which the file's own length bounds.
    pub(crate) fn table_length(&self) -> u64 {
        let entries = self.entries.saturating_mul(ENTRY as u64);
        entries.saturating_add(self.digests.saturating_mul(32))
    }
}

/// Takes a field off the front of a slice that is long enough for it.
fn take<const N: usize>(rest: &mut &[u8]) -> [u8; N] {
    let mut field = [0; N];
    if let Some((head, tail)) = rest.split_first_chunk::<N>() {
        field = *head;
        *rest = tail;
    }
    field
}

/// The table of an object that is being written.
#[derive(Debug, Default)]
pub(crate) struct TableWriter {
    entries: Vec<Entry>,
    digests: Vec<[u8; 32]>,
    stored: u64,
}

impl TableWriter {
    /// Adds a segment's entries, and its digest when it is not all zeros.
    pub(crate) fn add(&mut self, entries: &[Entry], digest: [u8; 32]) {
        for entry in entries {
            self.add_entry(*entry);
        }
        if entries.iter().any(|e| matches!(e, Entry::Stored { .. })) {
            self.digests.push(digest);
        }
    }

    fn add_entry(&mut self, entry: Entry) {
        if let Entry::Stored { length, .. } = entry {
            self.stored += u64::from(length);
        }
        match (self.entries.last_mut(), entry) {
            (Some(Entry::Zeros { frames }), Entry::Zeros { frames: more })
                if *frames <= MAX_24 - more =>
            {
                *frames += more;
            }
            _ => self.entries.push(entry),
        }
    }

    /// Returns where the next frame goes.
    pub(crate) fn end(&self) -> u64 {
        HEADER as u64 + self.stored
    }

    /// Returns the header and the table of the finished object.
    pub(crate) fn finish(
        mut self,
        id: ObjectId,
        length: u64,
        digest: Digest,
    ) -> ([u8; HEADER], Vec<u8>) {
        if !tree::has_list(length) {
            self.digests.clear();
        }
        let mut table: Vec<u8> =
            self.entries.iter().flat_map(|entry| entry.to_bytes()).collect();
        table.extend(self.digests.iter().flatten());
        let header = Header {
            id,
            length,
            digest,
            entries: self.entries.len() as u64,
            digests: self.digests.len() as u64,
            table_at: self.end(),
            table_digest: half_digest(&table),
        };
        (header.to_bytes(), table)
    }
}

/// A frame or a run of frames, and where it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    /// The number of the (first) frame.
    pub(crate) frame: u64,
    /// Where the stored bytes are in the file.
    pub(crate) at: u64,
    pub(crate) entry: Entry,
}

/// A table that was checked against its header.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) length: u64,
    /// In the order of frames, without gaps.
    pub(crate) slots: Vec<Slot>,
    /// The digests, in order, without those of all-zero segments.
    pub(crate) digests: Vec<[u8; 32]>,
}

impl Table {
    /// Parses the table that belongs to a header.
    pub(crate) fn parse(
        header: &Header,
        bytes: &[u8],
    ) -> Result<Table, FormError> {
        if half_digest(bytes) != header.table_digest {
            return Err(FormError::Table);
        }
        let cut = header.entries.saturating_mul(ENTRY as u64);
        let cut = usize::try_from(cut).unwrap_or(usize::MAX);
        let (entries, digests) =
            bytes.split_at_checked(cut).ok_or(FormError::Table)?;
        let mut slots = Vec::with_capacity(entries.len() / ENTRY);
        let (mut frame, mut at) = (0u64, HEADER as u64);
        for (number, bytes) in entries.as_chunks().0.iter().enumerate() {
            let entry = Entry::parse(number, *bytes)?;
            slots.push(Slot { frame, at, entry });
            match entry {
                Entry::Stored { length, .. } => {
                    at = at.saturating_add(length.into());
                    frame += 1;
                }
                Entry::Zeros { frames } => frame += u64::from(frames),
            }
        }
        let count = |what, found, expected| {
            if found == expected {
                Ok(())
            } else {
                Err(FormError::Count { what, found, expected })
            }
        };
        count("frames", frame, frames_of(header.length))?;
        count("stored bytes", at, header.table_at)?;
        let digests = digests.as_chunks().0.to_vec();
        let table = Table { length: header.length, slots, digests };
        let expected = table.segments_with_data();
        count("digests", table.digests.len() as u64, expected)?;
        Ok(table)
    }

    /// Returns how many segments have a digest in the table.
    fn segments_with_data(&self) -> u64 {
        if !tree::has_list(self.length) {
            return 0;
        }
        let per_segment = (tree::SEGMENT / FRAME) as u64;
        let (mut count, mut last) = (0, None);
        for slot in &self.slots {
            let segment = Some(slot.frame / per_segment);
            if matches!(slot.entry, Entry::Stored { .. }) && segment != last {
                (count, last) = (count + 1, segment);
            }
        }
        count
    }

    /// Returns the slot that holds a frame.
    pub(crate) fn slot(&self, frame: u64) -> Option<Slot> {
        let after = self.slots.partition_point(|slot| slot.frame <= frame);
        self.slots.get(after.checked_sub(1)?).copied()
    }

    /// Returns the number of the first frame after a slot.
    pub(crate) fn end_of(slot: Slot) -> u64 {
        match slot.entry {
            Entry::Stored { .. } => slot.frame + 1,
            Entry::Zeros { frames } => slot.frame + u64::from(frames),
        }
    }

    /// Returns how many bytes of the object a frame has.
    pub(crate) fn frame_length(&self, frame: u64) -> usize {
        let start = frame.saturating_mul(FRAME as u64);
        let left = self.length.saturating_sub(start);
        usize::try_from(left).unwrap_or(FRAME).min(FRAME)
    }
}

#[cfg(test)]
mod tests;
