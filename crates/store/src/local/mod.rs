//! Blobs as local files, one each.
//!
//! A blob is written to a file without a name (`O_TMPFILE`), flushed, linked
//! under its new id, and the shard's directory is flushed: a crash at any step
//! leaves either nothing or a whole blob. Where the file system has no
//! unnamed files, a `.new-UUID` in the same shard is renamed instead, and
//! leftovers go with the sweep.
//!
//! | file | holds |
//! | --- | --- |
//! | `UUID.frames` | a body that compression makes a tenth smaller or more (form: `frames`) |
//! | `UUID` | any other body as it is, its pages of zeros as holes |
//! | `UUID.sum` | digests of the mebibytes of such a body, past 1 MiB (form: `sum`) |
//!
//! `UUID.sum` is linked before `UUID`, and `UUID` is what counts.
//!
//! Files are mode 0600 and never changed after the link; a dump may hold
//! secrets, and a reader may map it.

mod line;
mod sum;
mod verify;
mod write;

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path as FsPath, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use rustix::fs::{Mode, OFlags};
use thoth_manta::{Code, Digest, Error, ObjectId, Result};

use crate::blob::{BlobReader, BlobStore, BlobWriter, Damage, Node, Wanted};
use crate::frames::{FramedReader, Workshop};

pub(crate) use write::{check_expected, md5_of};

/// The end of the name of a framed file.
pub(crate) const FRAMES: &str = ".frames";
/// The end of the name of a list of digests.
pub(crate) const SUM: &str = ".sum";
/// The beginning of the name of a file not yet published, where unnamed files
/// are not to be had.
pub(crate) const UNPUBLISHED: &str = ".new-";

/// How [`LocalFiles`] stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Free space that puts leave on the file system, so that names can still
    /// be deleted; `None`: a hundredth of it, 4 to 256 MiB.
    pub headroom_bytes: Option<u64>,
    /// Threads that pack a long body.
    pub workers: usize,
    /// Whether bodies are compressed.
    pub compress: bool,
    /// Whether unnamed files are used; they are not where the file system
    /// has none.
    pub unnamed: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        let cores = std::thread::available_parallelism();
        Settings {
            headroom_bytes: None,
            workers: cores.map_or(2, std::num::NonZero::get).clamp(1, 8),
            compress: true,
            unnamed: true,
        }
    }
}

/// A [`BlobStore`] of files in 256 shards of one folder.
#[derive(Debug)]
pub struct LocalFiles {
    root: PathBuf,
    folder: File,
    settings: Settings,
    shards: Vec<OnceLock<Arc<Shard>>>,
    workshop: Arc<Workshop>,
}

/// One of the folders, by the first byte of the id.
#[derive(Debug)]
struct Shard {
    path: PathBuf,
    /// Kept open, because every put flushes it.
    folder: File,
}

impl Shard {
    /// Makes the folder's entries durable.
    fn flush(&self) -> Result<()> {
        self.folder
            .sync_all()
            .map_err(|e| failed("cannot flush", &self.path, e))
    }

    /// Fails when less than `bytes` and the headroom are free.
    fn require_room(&self, bytes: u64, settings: Settings) -> Result<()> {
        let room = room(&self.folder, &self.path, settings)?;
        if room > 0 && bytes <= room {
            return Ok(());
        }
        Err(Error::new(
            Code::NotEnoughSpace,
            format!(
                "not enough free space for {} MB: {} has {} MB left for \
                 objects",
                bytes.div_ceil(1_000_000),
                self.path.display(),
                room / 1_000_000,
            ),
        ))
    }
}

/// Returns what puts may use of the file system that a folder is on.
fn room(folder: &File, path: &FsPath, settings: Settings) -> Result<u64> {
    let stat = rustix::fs::fstatvfs(folder)
        .map_err(|e| failed("cannot look at", path, e.into()))?;
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    let all = stat.f_blocks.saturating_mul(stat.f_frsize);
    let headroom = settings
        .headroom_bytes
        .unwrap_or_else(|| (all / 100).clamp(4 << 20, 256 << 20));
    Ok(free.saturating_sub(headroom))
}

impl LocalFiles {
    /// Opens the folder, making it when it is missing.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made.
    pub fn open(root: &FsPath) -> Result<LocalFiles> {
        LocalFiles::open_with(root, Settings::default())
    }

    /// Opens the folder with settings of the caller's.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made.
    pub fn open_with(root: &FsPath, settings: Settings) -> Result<LocalFiles> {
        make_private(root)
            .map_err(|error| failed("cannot make folder", root, error))?;
        let unnamed = settings.unnamed && has_unnamed(root);
        let settings =
            Settings { unnamed, workers: settings.workers.max(1), ..settings };
        let folder =
            File::open(root).map_err(|e| failed("cannot open", root, e))?;
        Ok(LocalFiles {
            root: root.to_owned(),
            folder,
            settings,
            shards: (0..256).map(|_| OnceLock::new()).collect(),
            workshop: Arc::default(),
        })
    }

    /// Looks at a folder that others may have made, and that need not be
    /// there.
    pub(crate) fn open_existing(
        root: &FsPath,
        settings: Settings,
    ) -> Result<LocalFiles> {
        let there = root.try_exists();
        if there.map_err(|e| failed("cannot look at", root, e))? {
            return LocalFiles::open_with(root, settings);
        }
        Err(Error::new(
            Code::ResourceNotFound,
            format!("there is no folder {}", root.display()),
        ))
    }

    pub(crate) fn root(&self) -> &FsPath {
        &self.root
    }

    /// Returns where a blob's file goes, its shard made if need be.
    pub(crate) fn target(&self, id: ObjectId, ending: &str) -> Result<PathBuf> {
        self.shard(id).map(|shard| shard.path.join(format!("{id}{ending}")))
    }

    fn shard_path(&self, number: u8) -> PathBuf {
        self.root.join(format!("{number:02x}"))
    }

    /// Returns the file of a blob in one form or the other.
    fn file(&self, id: ObjectId, ending: &str) -> PathBuf {
        self.shard_path(id.0[0]).join(format!("{id}{ending}"))
    }

    /// Opens the shard, making it if need be, durably.
    fn shard(&self, id: ObjectId) -> Result<Arc<Shard>> {
        let number = id.0[0];
        let cell = self.shards.get(usize::from(number));
        if let Some(shard) = cell.and_then(OnceLock::get) {
            return Ok(Arc::clone(shard));
        }
        let path = self.shard_path(number);
        if !path.is_dir() {
            make_private(&path)
                .and_then(|()| self.folder.sync_all())
                .map_err(|e| failed("cannot make folder", &path, e))?;
        }
        let folder =
            File::open(&path).map_err(|e| failed("cannot open", &path, e))?;
        let shard = Arc::new(Shard { path, folder });
        if let Some(cell) = cell {
            // Another thread may have been faster; either will do.
            let _ = cell.set(Arc::clone(&shard));
        }
        Ok(shard)
    }

    /// Returns the files that a blob has, with what their names end in.
    pub(crate) fn files(&self, id: ObjectId) -> Vec<(PathBuf, &'static str)> {
        ["", FRAMES, SUM]
            .into_iter()
            .map(|ending| (self.file(id, ending), ending))
            .filter(|(path, _)| path.exists())
            .collect()
    }
}

impl BlobStore for LocalFiles {
    fn begin(&self, wanted: Wanted) -> Result<Box<dyn BlobWriter>> {
        let id = fresh_id()?;
        let shard = self.shard(id)?;
        shard.require_room(wanted.room_bytes.unwrap_or(0), self.settings)?;
        let shop = Arc::clone(&self.workshop);
        let writer =
            write::LocalWriter::new(id, shard, self.settings, shop, wanted)?;
        Ok(Box::new(writer))
    }

    fn open(&self, id: ObjectId) -> Result<Box<dyn BlobReader>> {
        let framed = self.file(id, FRAMES);
        match File::open(&framed) {
            Ok(file) => {
                let reader = FramedReader::open(file, &framed, id)?;
                return Ok(Box::new(reader));
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed("cannot open", &framed, error)),
        }
        let path = self.file(id, "");
        match File::open(&path) {
            Ok(file) => Ok(Box::new(PlainReader { file, path })),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Err(Error::new(
                Code::ResourceNotFound,
                format!("there is no blob {}", path.display()),
            )),
            Err(error) => Err(failed("cannot open", &path, error)),
        }
    }

    fn delete(&self, id: ObjectId) -> Result<bool> {
        let mut deleted = false;
        // The list of digests goes last: alone it is a leftover, which the
        // sweep knows.
        for ending in ["", FRAMES, SUM] {
            let path = self.file(id, ending);
            match std::fs::remove_file(&path) {
                Ok(()) => deleted |= ending != SUM,
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    return Err(failed("cannot delete", &path, error));
                }
            }
        }
        Ok(deleted)
    }

    fn locate(&self, id: ObjectId) -> Result<Vec<Node>> {
        let there = self.files(id).iter().any(|(_, ending)| *ending != SUM);
        let here = || Node("localhost".to_owned());
        Ok(there.then(here).into_iter().collect())
    }

    fn local_file(&self, id: ObjectId) -> Result<Option<PathBuf>> {
        let path = self.file(id, "");
        let there = path
            .try_exists()
            .map_err(|error| failed("cannot look at", &path, error))?;
        Ok(there.then_some(path))
    }

    fn ids(
        &self,
        age: Duration,
        visit: &mut dyn FnMut(ObjectId) -> Result<()>,
    ) -> Result<()> {
        for shard in 0..=255u8 {
            let shard = self.shard_path(shard);
            let entries = match std::fs::read_dir(&shard) {
                Ok(entries) => entries,
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(failed("cannot list", &shard, error)),
            };
            for entry in entries {
                let entry =
                    entry.map_err(|e| failed("cannot list", &shard, e))?;
                // The link time counts: a long body is older than its name.
                let Ok(meta) = entry.metadata() else { continue };
                if !is_older(meta.ctime(), age) {
                    continue;
                }
                let name = entry.file_name();
                let Some(name) = name.to_str() else { continue };
                let plain = name.strip_suffix(FRAMES).unwrap_or(name);
                if let Some(id) = ObjectId::parse(plain) {
                    visit(id)?;
                } else if is_leftover(&shard, name) {
                    let _ = std::fs::remove_file(entry.path());
                }
            }
        }
        Ok(())
    }

    fn verify(
        &self,
        id: ObjectId,
        size_bytes: u64,
        digest: Digest,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Vec<Damage>> {
        verify::verify(self, id, size_bytes, digest, progress)
    }

    fn room_bytes(&self) -> Result<Option<u64>> {
        room(&self.folder, &self.root, self.settings).map(Some)
    }
}

/// Tells whether a file is what a dead writer left: one never published
/// (its writer is dead, or has been idle longer than any writer is given),
/// or a list of digests whose blob never came or is gone.
fn is_leftover(shard: &FsPath, name: &str) -> bool {
    match name.strip_suffix(SUM) {
        Some(id) if ObjectId::parse(id).is_some() => !shard.join(id).exists(),
        _ => name.starts_with(UNPUBLISHED),
    }
}

/// Tells whether the file system can make files without a name and name them
/// later.
fn has_unnamed(folder: &FsPath) -> bool {
    use std::os::fd::AsRawFd;
    let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    rustix::fs::open(folder, flags, mode()).is_ok_and(|fd| {
        FsPath::new(&format!("/proc/self/fd/{}", fd.as_raw_fd())).exists()
            || std::fs::symlink_metadata(format!(
                "/proc/self/fd/{}",
                fd.as_raw_fd()
            ))
            .is_ok()
    })
}

struct PlainReader {
    file: File,
    path: PathBuf,
}

impl BlobReader for PlainReader {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        read_at(&self.file, buffer, offset)
            .map_err(|error| failed("cannot read", &self.path, error))
    }
}

/// Fills a buffer as far as the file reaches.
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut done = 0;
    while let Some(rest) = buffer.get_mut(done..).filter(|r| !r.is_empty()) {
        match file.read_at(rest, offset.saturating_add(done as u64)) {
            Ok(0) => break,
            Ok(read) => done += read,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            // No file reaches that far.
            Err(_) if i64::try_from(offset).is_err() => break,
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

/// Makes a new object id.
pub(crate) fn fresh_id() -> Result<ObjectId> {
    let mut bytes = [0u8; 16];
    let flags = rustix::rand::GetRandomFlags::empty();
    let mut done = 0;
    while let Some(rest) = bytes.get_mut(done..).filter(|r| !r.is_empty()) {
        match rustix::rand::getrandom(rest, flags) {
            Ok(read) => done += read,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => {
                return Err(Error::new(
                    Code::InternalError,
                    "cannot get random bytes for an object id",
                )
                .because(io::Error::from(error)));
            }
        }
    }
    Ok(ObjectId::from_random(bytes))
}

/// Makes a folder that only its owner may enter; one there is fine.
pub(crate) fn make_private(folder: &FsPath) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Returns the error of a system call on a file, with the fitting code.
pub(crate) fn failed(what: &str, path: &FsPath, error: io::Error) -> Error {
    let code = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Code::NotEnoughSpace
        }
        _ => Code::InternalError,
    };
    Error::new(code, format!("{what} {}", path.display())).because(error)
}

/// Makes the entries of a folder durable.
pub(crate) fn flush_directory(path: &FsPath) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn mode() -> Mode {
    Mode::RUSR | Mode::WUSR
}

/// Tells whether a time in seconds since 1970 lies at least `age` back.
fn is_older(seconds: i64, age: Duration) -> bool {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let then = u64::try_from(seconds).unwrap_or(0);
    now.saturating_sub(then) >= age.as_secs()
}

#[cfg(test)]
mod tests;
