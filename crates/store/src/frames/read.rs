//! Reading a framed object at any place.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path as FsPath, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use thoth_manta::{Code, Error, ObjectId, Result};

use super::{Entry, FRAME, FormError, HEADER, Header, Slot, Table, check_of};
use crate::blob::BlobReader;
use crate::local::failed;

/// Expanded frames that are kept, 2 MiB of them: an unwinder goes back and
/// forth between some stacks and tables.
const KEPT: usize = 32;

/// An open framed object.
pub(crate) struct FramedReader {
    file: File,
    path: PathBuf,
    header: Header,
    table: Table,
    kept: Mutex<Kept>,
    /// Expanders that nobody is using.
    idle: Mutex<Vec<Expander>>,
}

/// The frames expanded last.
#[derive(Default)]
struct Kept {
    clock: u64,
    frames: Vec<(u64, u64, Arc<[u8]>)>,
}

impl Kept {
    fn find(&mut self, frame: u64) -> Option<Arc<[u8]>> {
        self.clock += 1;
        let clock = self.clock;
        let kept = self.frames.iter_mut().find(|kept| kept.0 == frame)?;
        kept.1 = clock;
        Some(Arc::clone(&kept.2))
    }

    fn keep(&mut self, frame: u64, bytes: Arc<[u8]>) {
        self.clock += 1;
        let new = (frame, self.clock, bytes);
        if self.frames.len() < KEPT {
            self.frames.push(new);
        } else if let Some(oldest) =
            self.frames.iter_mut().min_by_key(|kept| kept.1)
        {
            *oldest = new;
        }
    }
}

/// What it takes to expand a frame.
struct Expander {
    zstd: zstd::bulk::Decompressor<'static>,
    stored: Vec<u8>,
}

impl FramedReader {
    /// Opens a file, reading and checking its header and table.
    pub(crate) fn open(
        file: File,
        path: &FsPath,
        id: ObjectId,
    ) -> Result<FramedReader> {
        let damaged = |error: FormError| damaged(path, error);
        let length = file
            .metadata()
            .map_err(|e| failed("cannot look at", path, e))?
            .len();
        if length < HEADER as u64 {
            return Err(damaged(FormError::Short { file: length }));
        }
        let mut bytes = [0; HEADER];
        file.read_exact_at(&mut bytes, 0)
            .map_err(|e| failed("cannot read", path, e))?;
        let header = Header::parse(&bytes, id, length).map_err(damaged)?;
        let table_length = usize::try_from(header.table_length())
            .map_err(|_| damaged(FormError::Table))?;
        let mut bytes = vec![0; table_length];
        file.read_exact_at(&mut bytes, header.table_at())
            .map_err(|e| failed("cannot read", path, e))?;
        let table = Table::parse(&header, &bytes).map_err(damaged)?;
        Ok(FramedReader {
            file,
            path: path.to_owned(),
            header,
            table,
            kept: Mutex::default(),
            idle: Mutex::default(),
        })
    }

    pub(crate) fn header(&self) -> &Header {
        &self.header
    }

    pub(crate) fn table(&self) -> &Table {
        &self.table
    }

    /// Expands one stored frame into a buffer of just its length.
    fn expand(
        &self,
        slot: Slot,
        expander: &mut Expander,
        out: &mut [u8],
    ) -> Result<()> {
        let Entry::Stored { packed, length, check } = slot.entry else {
            out.fill(0);
            return Ok(());
        };
        let wanted = out.len();
        let wrong = |what: String| {
            let start = slot.frame * FRAME as u64;
            Error::new(
                Code::InternalError,
                format!(
                    "{}: frame {} (bytes {start} to {} of the object): {what}",
                    self.path.display(),
                    slot.frame,
                    start + wanted as u64,
                ),
            )
        };
        expander.stored.resize(length as usize, 0);
        self.file
            .read_exact_at(&mut expander.stored, slot.at)
            .map_err(|e| failed("cannot read", &self.path, e))?;
        if check_of(&expander.stored) != check {
            let what = "the stored bytes do not agree with their check";
            return Err(wrong(what.to_owned()));
        }
        let expanded = if packed {
            expander
                .zstd
                .decompress_to_buffer(&expander.stored, &mut *out)
                .map_err(|e| wrong("cannot expand".to_owned()).because(e))?
        } else {
            let both = out.len().min(expander.stored.len());
            if let (Some(to), Some(from)) =
                (out.get_mut(..both), expander.stored.get(..both))
            {
                to.copy_from_slice(from);
            }
            expander.stored.len()
        };
        if expanded != wanted {
            let what = format!("{expanded} bytes, expected {wanted}");
            return Err(wrong(what));
        }
        Ok(())
    }

    fn with_expander<T>(
        &self,
        work: impl FnOnce(&mut Expander) -> Result<T>,
    ) -> Result<T> {
        let idle = lock(&self.idle).pop();
        let mut expander = match idle {
            Some(expander) => expander,
            None => Expander {
                zstd: zstd::bulk::Decompressor::new().map_err(|error| {
                    Error::new(Code::InternalError, "cannot set up expansion")
                        .because(error)
                })?,
                stored: Vec::new(),
            },
        };
        let result = work(&mut expander);
        lock(&self.idle).push(expander);
        result
    }

    fn expanded(&self, slot: Slot) -> Result<Arc<[u8]>> {
        if let Some(bytes) = lock(&self.kept).find(slot.frame) {
            return Ok(bytes);
        }
        let mut bytes = vec![0; self.table.frame_length(slot.frame)];
        self.with_expander(|expander| self.expand(slot, expander, &mut bytes))?;
        let bytes: Arc<[u8]> = bytes.into();
        lock(&self.kept).keep(slot.frame, Arc::clone(&bytes));
        Ok(bytes)
    }

    /// Reads from one slot: returns how many bytes it gave, of those wanted.
    fn read_slot(&self, out: &mut [u8], offset: u64) -> Result<usize> {
        let frame = offset / FRAME as u64;
        let Some(slot) = self.table.slot(frame) else { return Ok(0) };
        let end = Table::end_of(slot).saturating_mul(FRAME as u64);
        let left = end.min(self.table.length).saturating_sub(offset);
        let left = usize::try_from(left).unwrap_or(usize::MAX);
        let wanted = out.len().min(left);
        let Some(out) = out.get_mut(..wanted) else { return Ok(0) };
        if matches!(slot.entry, Entry::Zeros { .. }) {
            out.fill(0);
            return Ok(wanted);
        }
        let within = (offset % FRAME as u64) as usize;
        if within == 0 && wanted == self.table.frame_length(frame) {
            // The whole frame is wanted: no use in keeping a copy.
            self.with_expander(|expander| self.expand(slot, expander, out))?;
            return Ok(wanted);
        }
        let bytes = self.expanded(slot)?;
        if let Some(from) = bytes.get(within..within + wanted) {
            out.copy_from_slice(from);
        }
        Ok(wanted)
    }
}

impl BlobReader for FramedReader {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        let mut done = 0;
        while let Some(rest) = buffer.get_mut(done..).filter(|r| !r.is_empty())
        {
            let at = offset.saturating_add(done as u64);
            if at >= self.table.length {
                break;
            }
            match self.read_slot(rest, at)? {
                0 => break,
                read => done += read,
            }
        }
        Ok(done)
    }
}

/// Returns the error of a file that is not of its form.
pub(crate) fn damaged(path: &FsPath, error: FormError) -> Error {
    Error::new(
        Code::InternalError,
        format!("{}: the file is damaged", path.display()),
    )
    .because(error)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
