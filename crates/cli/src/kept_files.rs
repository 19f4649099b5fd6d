//! Executables that the store keeps by build id, for stacks.
//!
//! The engine wants files; the store may keep one compressed. So a file that
//! is asked for is written once into `cache/buildid` of the data folder, under
//! a name of its own until it is whole. The cache can be deleted at any time.

use crate::error::Result;
use crate::options::ReadArgs;
use crate::session::Session;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use thoth_dumps::{BuildFile, Dumps};
use thoth_manta::ObjectReader;
use thoth_postmortem::BuildId;
use thoth_postmortem::modules::{FileFinder, LocalFiles};

/// Bytes copied at once.
const PIECE: usize = 1 << 20;

/// Files of this machine, then those that the store keeps.
struct KeptFiles {
    local: LocalFiles,
    dumps: Dumps,
    cache: PathBuf,
}

/// Returns where to look for the files of a stored dump's modules.
pub(crate) fn finder(
    session: &Session,
    read: &ReadArgs,
) -> Result<Box<dyn FileFinder>> {
    let local = read.finder()?;
    let Some(dumps) = session.dumps_if_any()? else {
        return Ok(Box::new(local));
    };
    let cache = session.home()?.join("cache").join("buildid");
    Ok(Box::new(KeptFiles { local, dumps: dumps.clone(), cache }))
}

impl KeptFiles {
    /// Returns a file of a build as a local file. What cannot be had is not
    /// there: a stack without it is still a stack.
    fn kept(&self, id: &BuildId, file: BuildFile) -> Option<PathBuf> {
        let hex = id.to_string();
        let name = match file {
            BuildFile::Executable => "executable",
            BuildFile::DebugInfo => "debuginfo",
        };
        let (first, rest) = hex.split_at_checked(2)?;
        let cached = self.cache.join(first).join(rest).join(name);
        if cached.is_file() {
            return Some(cached);
        }
        let reader = self.dumps.build_file(&hex, file).ok()??;
        if let Some(path) = reader.local_file() {
            return Some(path);
        }
        copy(&*reader, &cached).ok()?;
        Some(cached)
    }
}

fn copy(reader: &dyn ObjectReader, to: &Path) -> io::Result<()> {
    let folder = to.parent().unwrap_or(to);
    fs::create_dir_all(folder)?;
    let scratch = tempfile::NamedTempFile::new_in(folder)?;
    let mut piece = vec![0; PIECE];
    let mut at = 0u64;
    loop {
        let read = reader.read_at(&mut piece, at).map_err(io::Error::other)?;
        let Some(part) = piece.get(..read).filter(|p| !p.is_empty()) else {
            break;
        };
        io::Write::write_all(&mut scratch.as_file(), part)?;
        at = at.saturating_add(read as u64);
    }
    scratch.persist(to).map_err(|e| e.error)?;
    Ok(())
}

impl FileFinder for KeptFiles {
    fn images(
        &self,
        path: Option<&str>,
        build_id: Option<&BuildId>,
    ) -> Vec<PathBuf> {
        let mut out = self.local.images(path, build_id);
        let kept = |id| self.kept(id, BuildFile::Executable);
        out.extend(build_id.and_then(kept));
        out
    }

    fn debug_files(
        &self,
        image: &Path,
        build_id: Option<&BuildId>,
        link: Option<&str>,
    ) -> Vec<PathBuf> {
        let mut out = self.local.debug_files(image, build_id, link);
        let kept = |id| self.kept(id, BuildFile::DebugInfo);
        out.extend(build_id.and_then(kept));
        out
    }
}
