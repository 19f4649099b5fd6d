//! Positioned reads over a dump, whatever holds it.
//!
//! A dump is read out of order and sparsely: a few kilobytes of headers and
//! notes, then stack pages near the end of a file that may be 40 GB. So
//! everything above works on [`ReadAt`], and a plain file, a compressed file
//! and (elsewhere) ranged requests to a store implement it.
//!
//! Rules that callers rely on:
//! - Offsets are those of the *logical* dump: of the expanded content for a
//!   compressed file.
//! - A read past the end is short, never an error: a dump cut short is a normal
//!   input, and the caller says which fact is missing because of it.
//! - A hole of a sparse file reads as zeros and is real content.
//! - Memory used is the file's own pages in the page cache; nothing is copied.

mod expand;
mod map;

pub use expand::{Compression, ExpandError};
pub use map::MappedFile;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Positioned reads of one dump.
pub trait ReadAt: Send + Sync {
    /// Returns the logical length in bytes.
    fn len(&self) -> u64;

    /// Reads at `offset`; short only where the dump ends.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize>;

    /// Returns `len` bytes at `offset` without copying, where the source can.
    fn borrow(&self, offset: u64, len: u64) -> Option<&[u8]> {
        let _ = (offset, len);
        None
    }

    /// Returns whether there is nothing to read.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl ReadAt for Vec<u8> {
    fn len(&self) -> u64 {
        self.as_slice().len() as u64
    }
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        Ok(copy_from(self, offset, buf))
    }
    fn borrow(&self, offset: u64, len: u64) -> Option<&[u8]> {
        slice_of(self, offset, len)
    }
}

/// Copies what `data` has at `offset` into `buf`.
fn copy_from(data: &[u8], offset: u64, buf: &mut [u8]) -> usize {
    let Some(rest) = usize::try_from(offset).ok().and_then(|o| data.get(o..))
    else {
        return 0;
    };
    let n = rest.len().min(buf.len());
    buf[..n].copy_from_slice(&rest[..n]);
    n
}

fn slice_of(data: &[u8], offset: u64, len: u64) -> Option<&[u8]> {
    let start = usize::try_from(offset).ok()?;
    let end = start.checked_add(usize::try_from(len).ok()?)?;
    data.get(start..end)
}

/// Where and how far a dump may be expanded.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// Folder for the unnamed scratch file that holds an expanded dump.
    pub scratch_dir: PathBuf,
    /// Largest expanded size in bytes, holes included.
    pub expand_limit: u64,
}

impl OpenOptions {
    /// Expanded size allowed unless the user says otherwise: 64 GiB.
    pub const EXPAND_LIMIT: u64 = 64 << 30;

    /// Options with the usual limit and the given scratch folder.
    #[must_use]
    pub fn new(scratch_dir: impl Into<PathBuf>) -> Self {
        Self {
            scratch_dir: scratch_dir.into(),
            expand_limit: Self::EXPAND_LIMIT,
        }
    }
}

/// Why a file could not be opened as a dump's bytes.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file could not be opened or examined.
    #[error("cannot {verb} {path}")]
    Io {
        /// What was tried: `open`, `examine`, `map`.
        verb: &'static str,
        /// On what.
        path: String,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// It is a folder, socket, pipe or device.
    #[error("{path} is {found}, not a file")]
    NotAFile {
        /// The path given.
        path: String,
        /// What it is instead.
        found: &'static str,
    },
    /// Its compressed content could not be expanded at all.
    #[error("cannot expand {path}")]
    Expand {
        /// The path given.
        path: String,
        /// What stopped it.
        #[source]
        source: ExpandError,
    },
}

/// A dump's bytes as opened, and what was met on the way.
#[derive(Clone)]
pub struct DumpFile {
    /// The logical bytes.
    pub bytes: Arc<dyn ReadAt>,
    /// Size of the file itself, in bytes.
    pub file_size: u64,
    /// Bytes the file really occupies (holes not counted).
    pub disk_size: u64,
    /// Its compression, when it had one.
    pub compression: Option<Compression>,
    /// Why expansion ended early, when it did: the content up to there is here.
    pub expand_problem: Option<String>,
    /// Modification time in seconds since 1970, when the system tells.
    pub modified: Option<f64>,
}

/// Opens `path`, expanding it when it is compressed.
pub fn open(path: &Path, options: &OpenOptions) -> Result<DumpFile, OpenError> {
    let shown = path.display().to_string();
    let io = |verb| {
        let path = shown.clone();
        move |source| OpenError::Io { verb, path, source }
    };
    // Ask before opening: opening a pipe would wait for its writer.
    let meta = std::fs::metadata(path).map_err(io("open"))?;
    if let Some(found) = not_a_file(&meta) {
        return Err(OpenError::NotAFile { path: shown, found });
    }
    let file = File::open(path).map_err(io("open"))?;
    let map = MappedFile::new(&file).map_err(io("map"))?;
    let (file_size, disk_size) = (meta.len(), blocks(&meta));
    let modified = meta.modified().ok().and_then(|t| {
        let since = t.duration_since(std::time::UNIX_EPOCH).ok()?;
        Some(since.as_secs_f64())
    });
    let mut opened = DumpFile {
        bytes: Arc::new(map),
        file_size,
        disk_size,
        compression: None,
        expand_problem: None,
        modified,
    };
    let mut magic = [0; 6];
    let n = opened.bytes.read_at(0, &mut magic).unwrap_or(0);
    if let Some(kind) = Compression::recognise(&magic[..n]) {
        let (expanded, problem) = expand::expand(&file, kind, options)
            .map_err(|source| OpenError::Expand { path: shown, source })?;
        opened.bytes = Arc::new(expanded);
        opened.compression = Some(kind);
        opened.expand_problem = problem;
    }
    Ok(opened)
}

fn blocks(meta: &std::fs::Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt;
    meta.blocks().saturating_mul(512)
}

fn not_a_file(meta: &std::fs::Metadata) -> Option<&'static str> {
    use std::os::unix::fs::FileTypeExt;
    let kind = meta.file_type();
    if kind.is_file() {
        None
    } else if kind.is_dir() {
        Some("a directory")
    } else if kind.is_fifo() {
        Some("a pipe")
    } else if kind.is_socket() {
        Some("a socket")
    } else {
        Some("a device")
    }
}
