//! The trait that a store in this process and a client of a server implement.

use std::collections::VecDeque;
use std::io::Read;

use crate::{
    Code, Condition, DirectoryOptions, Error, Info, LinkOptions, ListOptions,
    Listing, Metadata, ObjectInfo, Path, PutOptions, Result,
};

/// An object store. Every call blocks until it is done and durable.
///
/// What is atomic, and what a caller may rely on, is said in the crate's
/// introduction. A value may be used from many threads at once.
pub trait Manta: Send + Sync {
    /// Stores an object under `path`, reading the body to its end.
    ///
    /// Whatever can be refused without the body is refused before it is
    /// read, unless it is known to be so short that looking first costs more.
    /// A body that fails, or ends early, leaves what was there.
    fn put(
        &self,
        path: &Path,
        body: &mut dyn Read,
        options: &PutOptions,
    ) -> Result<ObjectInfo>;

    /// Opens the present version of an object for reading.
    fn open(&self, path: &Path) -> Result<Box<dyn ObjectReader>>;

    /// Returns what the store knows about a path.
    fn info(&self, path: &Path) -> Result<Info>;

    /// Lists part of a directory.
    fn list(&self, path: &Path, options: &ListOptions) -> Result<Listing>;

    /// Deletes an object or an empty directory.
    ///
    /// The condition is ignored on directories, which have no version.
    fn delete(&self, path: &Path, condition: &Condition) -> Result<()>;

    /// Makes a directory; one that is there already is fine.
    fn mkdir(&self, path: &Path) -> Result<()> {
        self.mkdir_with(path, &DirectoryOptions::default())
    }

    /// Makes a directory, or gives one that is there other headers. When they
    /// are the same, nothing changes.
    fn mkdir_with(&self, path: &Path, options: &DirectoryOptions)
    -> Result<()>;

    /// Replaces what is attached to an object's name; the bytes and the
    /// version stay.
    fn set_metadata(
        &self,
        path: &Path,
        metadata: &Metadata,
        condition: &Condition,
    ) -> Result<ObjectInfo>;

    /// Gives the version that `source` has now a second, equal name.
    fn link(&self, source: &Path, path: &Path) -> Result<ObjectInfo> {
        self.link_with(source, path, &LinkOptions::default())
    }

    /// Does what [`Manta::link`] does, with headers and a condition.
    fn link_with(
        &self,
        source: &Path,
        path: &Path,
        options: &LinkOptions,
    ) -> Result<ObjectInfo>;
}

/// An open version of an object, which stays readable whatever happens to
/// its name.
pub trait ObjectReader: Send + Sync {
    /// Returns what the store knew when the object was opened.
    fn info(&self) -> &ObjectInfo;

    /// Reads at an offset; fewer bytes than asked for only at the end.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize>;

    /// Returns a file of this machine that holds the logical bytes as they
    /// are; `None` when there is none (remote, inline or compressed).
    ///
    /// Open it at once: the name may vanish some time after the object was
    /// replaced, the open file does not. It must never be written to.
    fn local_file(&self) -> Option<std::path::PathBuf>;
}

/// Conveniences made of the operations of [`Manta`].
pub trait MantaExt: Manta {
    /// Stores bytes that are at hand.
    fn put_bytes(
        &self,
        path: &Path,
        body: &[u8],
        options: &PutOptions,
    ) -> Result<ObjectInfo> {
        let options = PutOptions {
            length_bytes: Some(body.len() as u64),
            ..options.clone()
        };
        let mut rest = body;
        self.put(path, &mut rest, &options)
    }

    /// Reads a whole object of at most `max_bytes`.
    fn get(
        &self,
        path: &Path,
        max_bytes: u64,
    ) -> Result<(ObjectInfo, Vec<u8>)> {
        let reader = self.open(path)?;
        let info = reader.info().clone();
        let size = info.size_bytes;
        let too_long = || {
            Error::new(
                Code::MaxContentLengthExceeded,
                format!("{path}: {size} bytes, expected at most {max_bytes}"),
            )
        };
        if size > max_bytes {
            return Err(too_long());
        }
        let length = usize::try_from(size).map_err(|_| too_long())?;
        let mut body = vec![0; length];
        let mut done = 0usize;
        while let Some(rest) = body.get_mut(done..).filter(|r| !r.is_empty()) {
            let read = reader.read_at(rest, done as u64)?;
            if read == 0 {
                return Err(Error::new(
                    Code::InternalError,
                    format!("{path}: ends at byte {done}, expected {size}"),
                ));
            }
            done += read;
        }
        Ok((info, body))
    }

    /// Makes a directory and those above it that are missing.
    fn mkdirp(&self, path: &Path) -> Result<()> {
        let mut missing = VecDeque::from([path.clone()]);
        while let Some(next) = missing.front().cloned() {
            match self.mkdir(&next) {
                Ok(()) => {
                    missing.pop_front();
                }
                Err(error) if error.code() == Code::DirectoryDoesNotExist => {
                    match next.parent() {
                        Some(parent) if !parent.is_root() => {
                            missing.push_front(parent);
                        }
                        _ => return Err(error),
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Visits every entry of a directory in the order of names.
    fn list_all(
        &self,
        path: &Path,
        visit: &mut dyn FnMut(Info) -> Result<()>,
    ) -> Result<()> {
        let mut marker: Option<String> = None;
        loop {
            let options = ListOptions {
                marker: marker.clone(),
                limit: 1024,
                ..ListOptions::default()
            };
            let listing = self.list(path, &options)?;
            let full = listing.entries.len() == 1024;
            let mut fresh = false;
            for entry in listing.entries {
                // The marker is inclusive: its entry was visited already.
                if marker.as_deref() == Some(entry.path().name()) {
                    continue;
                }
                fresh = true;
                marker = Some(entry.path().name().to_owned());
                visit(entry)?;
            }
            if !full || !fresh {
                return Ok(());
            }
        }
    }
}

impl<T: Manta + ?Sized> MantaExt for T {}
