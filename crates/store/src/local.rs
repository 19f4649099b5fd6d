//! Blobs as local files, one each.
//!
//! A blob is written to a file without a name (`O_TMPFILE`), flushed, linked
//! under its new id, and the shard's directory is flushed: a crash at any step
//! leaves either nothing or a whole blob. Where the file system has no
//! unnamed files, a `.new-UUID` in the same shard is renamed instead, and
//! leftovers go with the sweep.
//!
//! A page of zeros is not written: the file gets a hole, which reads as zeros,
//! so a sparse core costs what its data costs. Files are mode 0600 and never
//! changed after the link; a dump may hold secrets, and a reader may map it.
//!
//! A failed flush is final: the kernel may have dropped the dirty pages, so
//! asking again could succeed without the bytes being there.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path as FsPath, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use thoth_manta::{Code, Digest, Error, ObjectId, Result};

use crate::blob::{BlobReader, BlobStore, BlobWriter, Expected, Node, Stored};

/// The unit in which zeros become holes.
const PAGE: usize = 4096;
/// Bytes gathered before they are written.
const CHUNK: usize = 256 * 1024;
/// The beginning of the name of a file not yet published, where unnamed files
/// are not to be had.
const UNPUBLISHED: &str = ".new-";

/// A [`BlobStore`] of plain files in 256 shards of one folder.
#[derive(Debug)]
pub struct LocalFiles {
    root: PathBuf,
}

impl LocalFiles {
    /// Opens the folder, making it when it is missing.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made.
    pub fn open(root: &FsPath) -> Result<LocalFiles> {
        make_private(root)
            .map_err(|error| failed("cannot make folder", root, error))?;
        Ok(LocalFiles { root: root.to_owned() })
    }

    fn shard(&self, id: ObjectId) -> PathBuf {
        self.root.join(format!("{:02x}", id.0[0]))
    }

    fn file(&self, id: ObjectId) -> PathBuf {
        self.shard(id).join(id.to_string())
    }

    /// Makes the shard if need be, durably.
    fn ready_shard(&self, id: ObjectId) -> Result<PathBuf> {
        let shard = self.shard(id);
        if !shard.is_dir() {
            make_private(&shard)
                .and_then(|()| flush_directory(&self.root))
                .map_err(|e| failed("cannot make folder", &shard, e))?;
        }
        Ok(shard)
    }
}

impl BlobStore for LocalFiles {
    fn begin(&self) -> Result<Box<dyn BlobWriter>> {
        let id = fresh_id()?;
        let shard = self.ready_shard(id)?;
        let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
        let (file, named) = match rustix::fs::open(&shard, flags, mode()) {
            Ok(fd) => (File::from(fd), None),
            Err(
                rustix::io::Errno::OPNOTSUPP
                | rustix::io::Errno::ISDIR
                | rustix::io::Errno::INVAL
                | rustix::io::Errno::NOENT,
            ) => {
                let name = shard.join(format!("{UNPUBLISHED}{id}"));
                let flags = OFlags::CREATE
                    | OFlags::EXCL
                    | OFlags::WRONLY
                    | OFlags::CLOEXEC;
                let fd = rustix::fs::open(&name, flags, mode())
                    .map_err(|e| failed("cannot create", &name, e.into()))?;
                (File::from(fd), Some(name))
            }
            Err(error) => {
                return Err(failed("cannot write in", &shard, error.into()));
            }
        };
        Ok(Box::new(LocalWriter {
            id,
            target: self.file(id),
            shard,
            file,
            named,
            buffer: Vec::with_capacity(CHUNK),
            written: 0,
            hasher: blake3::Hasher::new(),
        }))
    }

    fn open(&self, id: ObjectId) -> Result<Box<dyn BlobReader>> {
        let path = self.file(id);
        let file = File::open(&path)
            .map_err(|error| failed("cannot open", &path, error))?;
        Ok(Box::new(LocalReader { file, path }))
    }

    fn delete(&self, id: ObjectId) -> Result<bool> {
        let path = self.file(id);
        match std::fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(failed("cannot delete", &path, error)),
        }
    }

    fn locate(&self, id: ObjectId) -> Result<Vec<Node>> {
        Ok(match self.local_file(id)? {
            Some(_) => vec![Node("localhost".to_owned())],
            None => Vec::new(),
        })
    }

    fn local_file(&self, id: ObjectId) -> Result<Option<PathBuf>> {
        let path = self.file(id);
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
            let shard = self.root.join(format!("{shard:02x}"));
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
                if let Some(id) = ObjectId::parse(name) {
                    visit(id)?;
                } else if name.starts_with(UNPUBLISHED) {
                    // Its writer is dead, or has been idle longer than any
                    // writer is given.
                    let _ = std::fs::remove_file(entry.path());
                }
            }
        }
        Ok(())
    }
}

struct LocalWriter {
    id: ObjectId,
    target: PathBuf,
    shard: PathBuf,
    file: File,
    /// The name of the unpublished file, where it has to have one.
    named: Option<PathBuf>,
    buffer: Vec<u8>,
    /// Bytes that left the buffer; a multiple of the page until the end.
    written: u64,
    hasher: blake3::Hasher,
}

impl LocalWriter {
    /// Writes the buffer except for its pages of zeros.
    fn drain(&mut self) -> Result<()> {
        let mut run_start: Option<usize> = None;
        let mut at = 0;
        for page in self.buffer.chunks(PAGE) {
            if is_zero(page) {
                if let Some(start) = run_start.take() {
                    self.write_run(start, at)?;
                }
            } else {
                run_start.get_or_insert(at);
            }
            at += page.len();
        }
        if let Some(start) = run_start {
            self.write_run(start, at)?;
        }
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    fn write_run(&self, start: usize, end: usize) -> Result<()> {
        let bytes = self.buffer.get(start..end).unwrap_or_default();
        self.file
            .write_all_at(bytes, self.written + start as u64)
            .map_err(|error| failed("cannot write", &self.target, error))
    }

    fn publish(&mut self) -> io::Result<()> {
        match self.named.take() {
            Some(name) => {
                let renamed = std::fs::rename(&name, &self.target);
                if renamed.is_err() {
                    self.named = Some(name);
                }
                renamed?;
            }
            None => {
                use std::os::fd::AsRawFd;
                let own = format!("/proc/self/fd/{}", self.file.as_raw_fd());
                let follow = AtFlags::SYMLINK_FOLLOW;
                rustix::fs::linkat(CWD, own, CWD, &self.target, follow)?;
            }
        }
        flush_directory(&self.shard)
    }
}

impl BlobWriter for LocalWriter {
    fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        self.hasher.update(bytes);
        while !bytes.is_empty() {
            let room = CHUNK - self.buffer.len();
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.buffer.extend_from_slice(now);
            bytes = later;
            if self.buffer.len() == CHUNK {
                self.drain()?;
            }
        }
        Ok(())
    }

    fn commit(mut self: Box<Self>, expected: Expected) -> Result<Stored> {
        self.drain()?;
        let size = self.written;
        let digest = Digest(*self.hasher.finalize().as_bytes());
        check_expected(expected, size, digest)?;
        let flushed = self
            .file
            .set_len(size)
            .and_then(|()| self.file.sync_data())
            .and_then(|()| self.file.metadata());
        let meta =
            flushed.map_err(|e| failed("cannot flush", &self.target, e))?;
        self.publish()
            .map_err(|e| failed("cannot publish", &self.target, e))?;
        Ok(Stored {
            id: self.id,
            size_bytes: size,
            stored_bytes: meta.blocks().saturating_mul(512),
            digest,
        })
    }
}

impl Drop for LocalWriter {
    fn drop(&mut self) {
        if let Some(name) = self.named.take() {
            // At worst the sweep finds it later.
            let _ = std::fs::remove_file(name);
        }
    }
}

struct LocalReader {
    file: File,
    path: PathBuf,
}

impl BlobReader for LocalReader {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        let mut done = 0;
        while let Some(rest) = buffer.get_mut(done..).filter(|r| !r.is_empty())
        {
            match self.file.read_at(rest, offset + done as u64) {
                Ok(0) => break,
                Ok(read) => done += read,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    return Err(failed("cannot read", &self.path, error));
                }
            }
        }
        Ok(done)
    }
}

/// Compares what came with what was promised.
pub(crate) fn check_expected(
    expected: Expected,
    size: u64,
    digest: Digest,
) -> Result<()> {
    if let Some(length) = expected.length_bytes.filter(|l| *l != size) {
        return Err(Error::new(
            Code::UploadAbandoned,
            format!("the body has {size} bytes, expected {length}"),
        ));
    }
    if let Some(promised) = expected.digest.filter(|d| *d != digest) {
        return Err(Error::new(
            Code::ContentMd5Mismatch,
            format!("the body's digest is {digest}, expected {promised}"),
        ));
    }
    Ok(())
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

/// Tells whether a page is all zeros, sixteen bytes at a time.
fn is_zero(page: &[u8]) -> bool {
    let (blocks, rest) = page.as_chunks::<16>();
    blocks.iter().all(|block| u128::from_ne_bytes(*block) == 0)
        && rest.iter().all(|byte| *byte == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, LocalFiles) {
        let folder = tempfile::tempdir().expect("folder");
        let files = LocalFiles::open(folder.path()).expect("open");
        (folder, files)
    }

    fn put(files: &LocalFiles, bytes: &[u8]) -> Stored {
        let mut writer = files.begin().expect("begin");
        for piece in bytes.chunks(10_007) {
            writer.write(piece).expect("write");
        }
        writer.commit(Expected::default()).expect("commit")
    }

    fn get(files: &LocalFiles, stored: Stored) -> Vec<u8> {
        let reader = files.open(stored.id).expect("open");
        let size = usize::try_from(stored.size_bytes).expect("small");
        let mut all = vec![1; size];
        assert_eq!(reader.read_at(&mut all, 0).expect("read"), size);
        all
    }

    #[test]
    fn zeros_become_holes_and_come_back() {
        let (_folder, files) = store();
        let mut bytes = vec![0u8; 3_000_000];
        bytes[1_500_000] = 7;
        *bytes.last_mut().expect("last") = 9;
        let stored = put(&files, &bytes);
        assert!(stored.stored_bytes < 100_000, "{stored:?}");
        assert!(get(&files, stored) == bytes);
        let all_zero = put(&files, &bytes[..1_000_001]);
        assert_eq!(get(&files, all_zero), vec![0; 1_000_001]);
        assert!(get(&files, put(&files, b"")).is_empty());
    }

    #[test]
    fn dropped_or_refused_writers_leave_nothing() {
        let (_folder, files) = store();
        let mut writer = files.begin().expect("begin");
        writer.write(b"abc").expect("write");
        drop(writer);
        let mut writer = files.begin().expect("begin");
        writer.write(b"abc").expect("write");
        let expected =
            Expected { length_bytes: Some(4), ..Expected::default() };
        let error = writer.commit(expected).expect_err("short body");
        assert_eq!(error.code(), Code::UploadAbandoned);
        let mut seen = 0;
        files
            .ids(Duration::ZERO, &mut |_| {
                seen += 1;
                Ok(())
            })
            .expect("ids");
        assert_eq!(seen, 0);
    }

    #[test]
    fn sweep_removes_unpublished_leftovers() {
        let (folder, files) = store();
        let stored = put(&files, b"x");
        let shard = folder.path().join(format!("{:02x}", stored.id.0[0]));
        let leftover = shard.join(format!("{UNPUBLISHED}{}", stored.id));
        std::fs::write(&leftover, b"half").expect("leftover");
        let mut seen = Vec::new();
        files
            .ids(Duration::ZERO, &mut |id| {
                seen.push(id);
                Ok(())
            })
            .expect("ids");
        assert_eq!(seen, [stored.id]);
        assert!(!leftover.exists());
        let mut young = 0;
        files
            .ids(Duration::from_secs(3600), &mut |_| {
                young += 1;
                Ok(())
            })
            .expect("ids");
        assert_eq!(young, 0);
    }

    #[test]
    fn files_are_private() {
        let (_folder, files) = store();
        let stored = put(&files, b"secret");
        let path = files.local_file(stored.id).expect("ok").expect("there");
        let mode = std::fs::metadata(path).expect("meta").mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
