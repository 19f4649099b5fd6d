//! Copying blobs from one folder to another.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path as FsPath, PathBuf};

use rustix::fs::SeekFrom;
use thoth_manta::{Error, ObjectId, Result};

use super::Ids;
use crate::local::{LocalFiles, UNPUBLISHED, failed};

/// Bytes that are copied at once where the kernel cannot do it.
const PIECE: usize = 1 << 20;

/// Copies blobs under names that say they are not finished; publishing makes
/// all of them durable at once, which costs one flush.
pub(super) struct Copier<'a> {
    to: &'a LocalFiles,
    drafts: Vec<(PathBuf, PathBuf)>,
    ids: Ids,
}

impl<'a> Copier<'a> {
    pub(super) fn new(to: &'a LocalFiles) -> Copier<'a> {
        Copier { to, drafts: Vec::new(), ids: Ids::new() }
    }

    /// Copies a blob's files and returns what they take; `None` when they are
    /// there already.
    pub(super) fn copy(
        &mut self,
        from: &LocalFiles,
        id: ObjectId,
    ) -> Result<Option<u64>> {
        let mut bytes = None;
        // A blob that has no file is found by the check.
        for (source, ending) in from.files(id) {
            let target = self.to.target(id, ending)?;
            if same_length(&source, &target) {
                continue;
            }
            let name = target.file_name().unwrap_or_default();
            let draft = target.with_file_name(format!(
                "{UNPUBLISHED}{}",
                name.to_string_lossy()
            ));
            let stored = copy_file(&source, &draft)?;
            bytes = Some(bytes.unwrap_or(0) + stored);
            self.drafts.push((draft, target));
        }
        if bytes.is_some() {
            self.ids.insert(id);
        }
        Ok(bytes)
    }

    /// Makes what was copied durable and gives it its names; returns the ids.
    pub(super) fn publish(self) -> Result<Ids> {
        if self.drafts.is_empty() {
            return Ok(self.ids);
        }
        self.flush()?;
        for (draft, target) in &self.drafts {
            std::fs::rename(draft, target)
                .map_err(|e| failed("cannot publish", target, e))?;
        }
        self.flush()?;
        Ok(self.ids)
    }

    fn flush(&self) -> Result<()> {
        let root = self.to.root();
        File::open(root)
            .and_then(|folder| Ok(rustix::fs::syncfs(&folder)?))
            .map_err(|e| failed("cannot flush", root, e))
    }
}

fn same_length(a: &FsPath, b: &FsPath) -> bool {
    let length = |path: &FsPath| std::fs::metadata(path).map(|m| m.len()).ok();
    length(a) == length(b)
}

/// Copies a file with its holes; returns what the copy takes.
fn copy_file(from: &FsPath, to: &FsPath) -> Result<u64> {
    let source =
        File::open(from).map_err(|e| failed("cannot open", from, e))?;
    let target = File::options()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(to)
        .map_err(|e| failed("cannot create", to, e))?;
    // Shares the blocks where the file system can.
    if rustix::fs::ioctl_ficlone(&target, &source).is_err() {
        copy_data(&source, &target, from, to)?;
    }
    let meta =
        target.metadata().map_err(|e| failed("cannot look at", to, e))?;
    Ok(meta.blocks().saturating_mul(512))
}

fn copy_data(
    source: &File,
    target: &File,
    from: &FsPath,
    to: &FsPath,
) -> Result<()> {
    let reading = |e: io::Error| failed("cannot read", from, e);
    let writing = |e: io::Error| failed("cannot write", to, e);
    let length = source.metadata().map_err(reading)?.len();
    let mut buffer = vec![0; PIECE];
    let mut at = 0;
    while at < length {
        let data = match rustix::fs::seek(source, SeekFrom::Data(at)) {
            Ok(data) => data,
            // Nothing but a hole until the end.
            Err(rustix::io::Errno::NXIO) => break,
            Err(_) => at,
        };
        let end = rustix::fs::seek(source, SeekFrom::Hole(data))
            .unwrap_or(length)
            .min(length);
        at = copy_range(source, target, data..end, &mut buffer)
            .map_err(|(e, read)| if read { reading(e) } else { writing(e) })?;
    }
    target.set_len(length).map_err(writing)
}

/// Copies a range; an error comes with whether reading failed.
fn copy_range(
    source: &File,
    target: &File,
    range: std::ops::Range<u64>,
    buffer: &mut [u8],
) -> std::result::Result<u64, (io::Error, bool)> {
    let mut at = range.start;
    while at < range.end {
        let wanted = usize::try_from(range.end - at).unwrap_or(usize::MAX);
        let wanted = wanted.min(buffer.len());
        let Some(piece) = buffer.get_mut(..wanted) else { break };
        source.read_exact_at(piece, at).map_err(|e| (e, true))?;
        target.write_all_at(piece, at).map_err(|e| (e, false))?;
        at += wanted as u64;
    }
    Ok(at.max(range.end))
}

/// Copies a single file durably.
pub(super) fn copy_durably(from: &FsPath, to: &FsPath) -> Result<()> {
    copy_file(from, to)?;
    File::open(to)
        .and_then(|file| file.sync_all())
        .map_err(|e: io::Error| -> Error { failed("cannot flush", to, e) })
}
