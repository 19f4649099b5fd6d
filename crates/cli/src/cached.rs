//! Records that were read from a server, kept on this machine.
//!
//! A server is asked for its dumps by listing them and reading each record. A
//! version of an object never changes, so a record that was read once is asked
//! for by its etag and found here. The folder can be deleted at any time; what
//! cannot be written is read again the next time.
//!
//! | place | content |
//! | --- | --- |
//! | `FOLDER/XX/ETAG` | the bytes of that version, `XX` its first two digits |

use std::io::Read;
use std::path::{Path as FsPath, PathBuf};
use std::sync::Arc;
use thoth_manta::{
    Condition, DirectoryOptions, Etag, Info, LinkOptions, ListOptions, Listing,
    Manta, MantaExt, Metadata, ObjectInfo, ObjectReader, Path, PutOptions,
    Result,
};

/// The name of records.
const RECORD: &str = "info.json";
/// A longer object is not kept.
const MAX_KEPT: u64 = 1 << 20;

/// A store of which the records are kept.
pub(crate) struct Cached {
    inner: Arc<dyn Manta>,
    folder: PathBuf,
}

impl Cached {
    pub(crate) fn new(inner: Arc<dyn Manta>, folder: &FsPath) -> Self {
        Self { inner, folder: folder.to_owned() }
    }

    /// Where a version is kept; only tags that are names of files are.
    fn place(&self, etag: &Etag) -> Option<PathBuf> {
        let text = etag.as_str();
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        if !text.bytes().all(plain) {
            return None;
        }
        Some(self.folder.join(text.get(..2)?).join(text))
    }

    /// Returns the bytes of a version, from here or from there.
    fn bytes(&self, info: &ObjectInfo) -> Result<Vec<u8>> {
        let place = self.place(&info.etag);
        if let Some(place) = &place
            && let Ok(bytes) = std::fs::read(place)
            && bytes.len() as u64 == info.size_bytes
        {
            return Ok(bytes);
        }
        let (read, bytes) = self.inner.get(&info.path, MAX_KEPT)?;
        if let Some(place) = self.place(&read.etag) {
            // The next reader asks the server again; nothing else is lost.
            let _ = keep(&place, &bytes);
        }
        Ok(bytes)
    }
}

fn keep(place: &FsPath, bytes: &[u8]) -> std::io::Result<()> {
    let folder = place.parent().unwrap_or(place);
    std::fs::create_dir_all(folder)?;
    let mut scratch = tempfile::NamedTempFile::new_in(folder)?;
    std::io::Write::write_all(&mut scratch, bytes)?;
    scratch.persist(place).map_err(|e| e.error)?;
    Ok(())
}

/// A record at hand.
struct Kept {
    info: ObjectInfo,
    bytes: Vec<u8>,
}

impl ObjectReader for Kept {
    fn info(&self) -> &ObjectInfo {
        &self.info
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let rest = self.bytes.get(start..).unwrap_or_default();
        let n = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..n), rest.get(..n)) {
            to.copy_from_slice(from);
        }
        Ok(n)
    }

    fn local_file(&self) -> Option<PathBuf> {
        None
    }
}

impl Manta for Cached {
    fn open(&self, path: &Path) -> Result<Box<dyn ObjectReader>> {
        if path.name() != RECORD {
            return self.inner.open(path);
        }
        match self.inner.info(path)? {
            Info::Object(info) if info.size_bytes <= MAX_KEPT => {
                let bytes = self.bytes(&info)?;
                if bytes.len() as u64 == info.size_bytes {
                    return Ok(Box::new(Kept { info, bytes }));
                }
                // Replaced in between.
                self.inner.open(path)
            }
            _ => self.inner.open(path),
        }
    }

    fn put(
        &self,
        path: &Path,
        body: &mut dyn Read,
        options: &PutOptions,
    ) -> Result<ObjectInfo> {
        self.inner.put(path, body, options)
    }

    fn info(&self, path: &Path) -> Result<Info> {
        self.inner.info(path)
    }

    fn list(&self, path: &Path, options: &ListOptions) -> Result<Listing> {
        self.inner.list(path, options)
    }

    fn delete(&self, path: &Path, condition: &Condition) -> Result<()> {
        self.inner.delete(path, condition)
    }

    fn mkdir_with(
        &self,
        path: &Path,
        options: &DirectoryOptions,
    ) -> Result<()> {
        self.inner.mkdir_with(path, options)
    }

    fn set_metadata(
        &self,
        path: &Path,
        metadata: &Metadata,
        condition: &Condition,
    ) -> Result<ObjectInfo> {
        self.inner.set_metadata(path, metadata, condition)
    }

    fn link_with(
        &self,
        source: &Path,
        path: &Path,
        options: &LinkOptions,
    ) -> Result<ObjectInfo> {
        self.inner.link_with(source, path, options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use thoth_store::Embedded;

    #[test]
    fn a_version_is_read_once_and_a_new_one_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = Embedded::open(&folder.path().join("s"), "me").unwrap();
        let store: Arc<dyn Manta> = Arc::new(store);
        let kept = folder.path().join("kept");
        let cached = Cached::new(Arc::clone(&store), &kept);
        let path = Path::parse("/me/stor/info.json").unwrap();
        let options = PutOptions::default();
        let first = store.put_bytes(&path, b"{\"a\":1}", &options).unwrap();
        assert_eq!(cached.get(&path, 100).unwrap().1, b"{\"a\":1}");
        let place = cached.place(&first.etag).unwrap();
        // What is kept answers; only a damaged one is read again.
        std::fs::write(&place, b"{\"a\":2}").unwrap();
        assert_eq!(cached.get(&path, 100).unwrap().1, b"{\"a\":2}");
        std::fs::write(&place, b"{").unwrap();
        assert_eq!(cached.get(&path, 100).unwrap().1, b"{\"a\":1}");
        store.put_bytes(&path, b"{\"b\":3}", &options).unwrap();
        assert_eq!(cached.get(&path, 100).unwrap().1, b"{\"b\":3}");
    }
}
