//! Writing a blob, in one pass over its bytes.
//!
//! A body of at most one segment is worked on by its caller alone, since many
//! such bodies come at once; a longer one gets threads (see `line`). What is
//! written, and where, is decided here, in the order of the body: the first
//! segment with data in it says whether compression wins.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;
use std::sync::Arc;

use md5::{Digest as _, Md5};
use rustix::fs::{AtFlags, CWD, OFlags};
use thoth_manta::{Code, Digest, Error, ObjectId, Result};

use super::line::{Buffer, Line, spawn};
use super::{Settings, Shard, failed, mode, sum};
use crate::blob::{BlobWriter, Expected, Stored, Wanted};
use crate::frames::{Packed, Packer, TableWriter, Workshop};
use crate::tree::{self, SEGMENT};

/// Segments on their way at most, for each thread that packs.
const RING_PER_WORKER: usize = 4;
/// From this length on, the MD5 of a body of one segment is worth a thread.
const MD5_THREAD: usize = 256 * 1024;
/// How often free space is looked at.
const LOOK_EVERY: u64 = 16 << 20;
/// From this length on, writing back begins before the end.
const WRITE_BACK: u64 = 64 << 20;

/// Compares what came with what was promised.
pub(crate) fn check_expected(
    expected: Expected,
    size: u64,
    digest: Digest,
    md5: Option<[u8; 16]>,
) -> Result<()> {
    if let Some(length) = expected.length_bytes.filter(|l| *l != size) {
        return Err(Error::new(
            Code::UploadAbandoned,
            format!("the body has {size} bytes, expected {length}"),
        ));
    }
    let mismatch =
        |message: String| Err(Error::new(Code::ContentMd5Mismatch, message));
    if let Some(promised) = expected.digest.filter(|d| *d != digest) {
        return mismatch(format!(
            "the body's digest is {digest}, expected {promised}"
        ));
    }
    if let (Some(promised), Some(md5)) = (expected.md5, md5)
        && promised != md5
    {
        return mismatch(format!(
            "Content-MD5 expected {}, but was {}",
            hex(&promised),
            hex(&md5)
        ));
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the MD5 of bytes at hand.
pub(crate) fn md5_of(bytes: &[u8]) -> [u8; 16] {
    Md5::digest(bytes).into()
}

/// A blob that is being written.
pub(super) struct LocalWriter {
    wanted: Wanted,
    settings: Settings,
    workshop: Arc<Workshop>,
    /// The segment being filled, and how far.
    buffer: Buffer,
    filled: usize,
    /// The segment before, until it is known that it is not the last one.
    full: Option<Buffer>,
    /// All buffers there are; the free ones are held by nobody else.
    ring: Vec<Buffer>,
    line: Option<Line>,
    output: Output,
}

impl LocalWriter {
    pub(super) fn new(
        id: ObjectId,
        shard: Arc<Shard>,
        settings: Settings,
        workshop: Arc<Workshop>,
        wanted: Wanted,
    ) -> Result<LocalWriter> {
        let file = Unpublished::create(&shard, &id.to_string(), settings)?;
        let compress = settings.compress && !wanted.plain;
        Ok(LocalWriter {
            wanted,
            settings,
            workshop,
            buffer: Arc::new(vec![0; SEGMENT]),
            filled: 0,
            full: None,
            ring: Vec::new(),
            line: None,
            output: Output {
                id,
                shard,
                file,
                settings,
                form: if compress { Form::Undecided } else { Form::Plain },
                table: TableWriter::default(),
                digests: Vec::new(),
                length: 0,
                data: 0,
                looked_at: 0,
                written_back: 0,
            },
        })
    }

    /// Hands a full segment to the threads.
    fn hand_over(&mut self, full: Buffer) -> Result<()> {
        let line = match &mut self.line {
            Some(line) => line,
            none => none.insert(Line::start(
                self.settings.workers,
                self.wanted.md5,
                self.output.form != Form::Plain,
                &self.workshop,
            )?),
        };
        line.submit(&full)?;
        self.ring.push(full);
        self.write_ready()
    }

    /// Returns a buffer that nobody else holds, waiting for one if need be.
    fn free_buffer(&mut self) -> Result<Buffer> {
        let most = if self.workshop.is_crowded() {
            1
        } else {
            self.settings.workers * RING_PER_WORKER
        };
        loop {
            let free = self
                .ring
                .iter_mut()
                .position(|buffer| Arc::get_mut(buffer).is_some());
            if let Some(free) = free {
                return Ok(self.ring.swap_remove(free));
            }
            match &mut self.line {
                Some(line) if self.ring.len() > most => {
                    line.wait()?;
                    self.write_ready()?;
                }
                _ => return Ok(Arc::new(vec![0; SEGMENT])),
            }
        }
    }

    /// Writes the segments that are ready, in order.
    fn write_ready(&mut self) -> Result<()> {
        let Some(line) = &mut self.line else { return Ok(()) };
        while let Some((buffer, packed)) = line.ready()? {
            self.output.add(&buffer, packed, &self.workshop)?;
            if self.output.form == Form::Plain {
                line.stay_plain();
            }
        }
        Ok(())
    }

    /// Writes the last segment of a body that has threads.
    fn finish_line(&mut self) -> Result<Option<[u8; 16]>> {
        self.write_ready()?;
        while let Some(line) = self.line.as_mut().filter(|l| !l.is_empty()) {
            line.wait()?;
            self.write_ready()?;
        }
        let bytes = self.buffer.get(..self.filled).unwrap_or_default();
        let compress = self.output.form != Form::Plain;
        let number = self.output.digests.len() as u64;
        let packed =
            Packer::new()?.pack(number, bytes, compress, &self.workshop)?;
        self.output.add(bytes, packed, &self.workshop)?;
        self.output.write_back_all();
        let md5 = match &mut self.line {
            Some(line) => line.finish_md5()?,
            None => None,
        };
        Ok(md5.map(|mut md5| {
            md5.update(bytes);
            md5.finalize().into()
        }))
    }

    /// Writes the only segment; its MD5 is worked out beside that.
    fn write_only(&mut self) -> Result<(Digest, Option<[u8; 16]>)> {
        let bytes = self.buffer.get(..self.filled).unwrap_or_default();
        let threaded = self.wanted.md5 && bytes.len() >= MD5_THREAD;
        let hashing = if threaded {
            let (buffer, filled) = (Arc::clone(&self.buffer), self.filled);
            let work = move || buffer.get(..filled).map(md5_of);
            Some(spawn("thoth-md5", work)?)
        } else {
            None
        };
        let compress = self.output.form != Form::Plain;
        if !bytes.is_empty() {
            let packed =
                Packer::new()?.pack(0, bytes, compress, &self.workshop)?;
            self.output.add(bytes, packed, &self.workshop)?;
        }
        let md5 = match hashing {
            None => self.wanted.md5.then(|| md5_of(bytes)),
            Some(hashing) => hashing.join().map_err(|_| {
                Error::new(Code::InternalError, "the MD5 thread has died")
            })?,
        };
        Ok((tree::whole_digest(bytes), md5))
    }
}

impl BlobWriter for LocalWriter {
    fn space(&mut self) -> Result<&mut [u8]> {
        if self.filled == SEGMENT {
            let free = self.free_buffer()?;
            self.full = Some(std::mem::replace(&mut self.buffer, free));
            self.filled = 0;
        }
        Arc::get_mut(&mut self.buffer)
            .and_then(|buffer| buffer.get_mut(self.filled..))
            .ok_or_else(|| {
                Error::new(Code::InternalError, "the put's buffer is shared")
            })
    }

    fn filled(&mut self, bytes: usize) -> Result<()> {
        match self.filled.checked_add(bytes).filter(|end| *end <= SEGMENT) {
            Some(end) => {
                self.filled = end;
                match self.full.take_if(|_| bytes > 0) {
                    Some(full) => self.hand_over(full),
                    None => Ok(()),
                }
            }
            None => Err(Error::new(
                Code::InternalError,
                format!("{bytes} bytes filled in, more than there was space"),
            )),
        }
    }

    fn commit(mut self: Box<Self>, expected: Expected) -> Result<Stored> {
        if let Some(full) = self.full.take() {
            // Nothing came after it.
            self.buffer = full;
            self.filled = SEGMENT;
        }
        let (digest, md5) = if self.line.is_none() {
            self.write_only()?
        } else {
            let md5 = self.finish_line()?;
            (tree::merged_digest(&self.output.digests), md5)
        };
        check_expected(expected, self.output.length, digest, md5)?;
        let stored_bytes = self.output.publish(digest)?;
        Ok(Stored {
            id: self.output.id,
            size_bytes: self.output.length,
            stored_bytes,
            digest,
            md5,
        })
    }
}

/// How a body is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Only zeros have come so far.
    Undecided,
    Framed,
    Plain,
}

/// The file, and what will stand in its table.
struct Output {
    id: ObjectId,
    shard: Arc<Shard>,
    file: Unpublished,
    settings: Settings,
    form: Form,
    table: TableWriter,
    digests: Vec<[u8; 32]>,
    length: u64,
    /// Bytes written to the file.
    data: u64,
    looked_at: u64,
    written_back: u64,
}

impl Output {
    /// Writes the next segment.
    fn add(
        &mut self,
        bytes: &[u8],
        packed: Packed,
        workshop: &Workshop,
    ) -> Result<()> {
        if self.form == Form::Undecided && packed.data_bytes() > 0 {
            let wins = packed.frames.len() * 10 <= packed.data_bytes() * 9;
            self.form = if wins { Form::Framed } else { Form::Plain };
        }
        match self.form {
            Form::Plain => {
                for (start, end) in &packed.runs {
                    let run = bytes.get(*start..*end).unwrap_or_default();
                    self.write(run, self.length + *start as u64)?;
                }
            }
            Form::Framed | Form::Undecided => {
                self.write(&packed.frames, self.table.end())?;
                self.table.add(&packed.entries, packed.digest);
            }
        }
        workshop.give(packed.frames);
        self.digests.push(packed.digest);
        self.length += bytes.len() as u64;
        if self.data >= self.looked_at + LOOK_EVERY {
            self.looked_at = self.data;
            self.shard.require_room(0, self.settings)?;
        }
        if self.data >= WRITE_BACK + self.written_back {
            self.write_back_all();
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8], at: u64) -> Result<()> {
        self.data += bytes.len() as u64;
        self.file
            .file
            .write_all_at(bytes, at)
            .map_err(|e| failed("cannot write", &self.file.target, e))
    }

    /// Asks for what was written to go to the disk now, so that the flush at
    /// the end is short.
    fn write_back_all(&mut self) {
        if self.data < WRITE_BACK {
            return;
        }
        self.written_back = self.data;
        // Beginning to write back is what this advice does with dirty pages;
        // it is only a matter of speed.
        let all = std::num::NonZeroU64::new(u64::MAX >> 1);
        let advice = rustix::fs::Advice::DontNeed;
        let _ = rustix::fs::fadvise(&self.file.file, 0, all, advice);
    }

    /// Writes what is written last, flushes and publishes; returns what the
    /// files take.
    fn publish(&mut self, digest: Digest) -> Result<u64> {
        let few = self.length <= SEGMENT as u64;
        if self.form == Form::Undecided {
            // All zeros: one entry says so, but few are no matter.
            self.form = if few { Form::Plain } else { Form::Framed };
        }
        let mut beside = None;
        let mut name = self.id.to_string();
        if self.form == Form::Framed {
            name.push_str(super::FRAMES);
            let at = self.table.end();
            let table = std::mem::take(&mut self.table);
            let (header, table) = table.finish(self.id, self.length, digest);
            self.write(&table, at)?;
            self.write(&header, 0)?;
        } else {
            let set = self.file.file.set_len(self.length);
            set.map_err(|e| failed("cannot write", &self.file.target, e))?;
            if tree::has_list(self.length) {
                beside = Some(self.write_sum(digest)?);
            }
        }
        let mut stored = self.file.flush()?;
        if let Some(mut beside) = beside {
            stored += beside.flush()?;
            let name = format!("{}{}", self.id, super::SUM);
            beside.publish(&self.shard, &name)?;
        }
        self.file.publish(&self.shard, &name)?;
        self.shard.flush()?;
        Ok(stored)
    }

    fn write_sum(&self, digest: Digest) -> Result<Unpublished> {
        let name = format!("{}{}", self.id, super::SUM);
        let file = Unpublished::create(&self.shard, &name, self.settings)?;
        let bytes = sum::to_bytes(self.id, self.length, digest, &self.digests);
        file.file
            .write_all_at(&bytes, 0)
            .map_err(|e| failed("cannot write", &file.target, e))?;
        Ok(file)
    }
}

/// A file that has no name yet, or one that says so.
struct Unpublished {
    file: File,
    /// The name of the unpublished file, where it has to have one.
    named: Option<PathBuf>,
    /// What messages call it.
    target: PathBuf,
}

impl Unpublished {
    fn create(
        shard: &Shard,
        name: &str,
        settings: Settings,
    ) -> Result<Unpublished> {
        let target = shard.path.join(name);
        let (flags, path, named) = if settings.unnamed {
            (OFlags::TMPFILE, shard.path.clone(), None)
        } else {
            let named =
                shard.path.join(format!("{}{name}", super::UNPUBLISHED));
            let flags = OFlags::CREATE | OFlags::EXCL;
            (flags, named.clone(), Some(named))
        };
        let flags = flags | OFlags::WRONLY | OFlags::CLOEXEC;
        let fd = rustix::fs::open(&path, flags, mode())
            .map_err(|e| failed("cannot create", &target, e.into()))?;
        Ok(Unpublished { file: File::from(fd), named, target })
    }

    /// Makes the bytes durable; returns what they take. A failed flush is
    /// final: the kernel may have dropped the pages, so asking again could
    /// succeed without the bytes being there.
    fn flush(&mut self) -> Result<u64> {
        let flushed = self.file.sync_data().and_then(|()| self.file.metadata());
        flushed
            .map(|meta| meta.blocks().saturating_mul(512))
            .map_err(|e| failed("cannot flush", &self.target, e))
    }

    /// Gives the file its name in the shard.
    fn publish(&mut self, shard: &Shard, name: &str) -> Result<()> {
        let target = shard.path.join(name);
        let done: io::Result<()> = match self.named.take() {
            Some(named) => {
                let renamed = std::fs::rename(&named, &target);
                if renamed.is_err() {
                    self.named = Some(named);
                }
                renamed
            }
            None => {
                use std::os::fd::AsRawFd;
                let own = format!("/proc/self/fd/{}", self.file.as_raw_fd());
                let follow = AtFlags::SYMLINK_FOLLOW;
                rustix::fs::linkat(CWD, own, CWD, &target, follow)
                    .map_err(io::Error::from)
            }
        };
        done.map_err(|e| failed("cannot publish", &target, e))
    }
}

impl Drop for Unpublished {
    fn drop(&mut self) {
        if let Some(name) = self.named.take() {
            // At worst the sweep finds it later.
            let _ = std::fs::remove_file(name);
        }
    }
}
