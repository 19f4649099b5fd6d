//! Finding a module's file and its separate debug file.

use super::image::Image;
use crate::addr::BuildId;
use std::path::{Path, PathBuf};

/// Names candidate files; the engine checks each before it uses one.
pub trait FileFinder: Send + Sync {
    /// Returns files that may be the image mapped from `path`, best first.
    fn images(
        &self,
        path: Option<&str>,
        build_id: Option<&BuildId>,
    ) -> Vec<PathBuf>;

    /// Returns files that may hold its debug data, best first.
    fn debug_files(
        &self,
        image: &Path,
        build_id: Option<&BuildId>,
        link: Option<&str>,
    ) -> Vec<PathBuf>;
}

/// Returns the build id of an executable, a library or a debug file; `None`
/// when it cannot be read or has none.
#[must_use]
pub fn build_id_of_file(path: &Path) -> Option<BuildId> {
    Image::open(path).ok()?.build_id()
}

/// Files of this machine, or of trees laid out like one.
#[derive(Debug, Clone)]
pub struct LocalFiles {
    /// Trees in which a core's absolute paths are looked up, in order.
    pub roots: Vec<PathBuf>,
    /// Folders laid out as `.build-id/xx/rest.debug`, beside those in roots.
    pub debug_dirs: Vec<PathBuf>,
    /// Files given by hand (`--exe`): tried for every module, by build id.
    pub files: Vec<PathBuf>,
}

impl LocalFiles {
    /// Looks only at the running system's root.
    #[must_use]
    pub fn system() -> Self {
        Self {
            roots: vec![PathBuf::from("/")],
            debug_dirs: vec![PathBuf::from("/usr/lib/debug")],
            files: Vec::new(),
        }
    }

    /// Looks nowhere: what the dump has must do.
    #[must_use]
    pub fn none() -> Self {
        Self { roots: Vec::new(), debug_dirs: Vec::new(), files: Vec::new() }
    }
}

/// Resolves a path of the process under a root, refusing to climb out of it.
fn under(root: &Path, path: &str) -> Option<PathBuf> {
    let rel = path.strip_prefix('/')?;
    if rel.split('/').any(|c| c == "..") {
        return None;
    }
    Some(root.join(rel))
}

fn by_build_id(dir: &Path, id: &BuildId, suffix: &str) -> Option<PathBuf> {
    let hex = id.to_string();
    let (head, tail) = hex.split_at_checked(2).filter(|s| !s.1.is_empty())?;
    Some(dir.join(".build-id").join(head).join(format!("{tail}{suffix}")))
}

impl FileFinder for LocalFiles {
    fn images(
        &self,
        path: Option<&str>,
        build_id: Option<&BuildId>,
    ) -> Vec<PathBuf> {
        let mut out = Vec::new();
        if let Some(id) = build_id {
            out.extend(
                self.files
                    .iter()
                    .filter(|f| {
                        Image::open(f).ok().and_then(|i| i.build_id()).as_ref()
                            == Some(id)
                    })
                    .cloned(),
            );
        }
        if let Some(path) = path {
            let shorter = path.strip_suffix(" (deleted)");
            for p in [Some(path), shorter].into_iter().flatten() {
                out.extend(self.roots.iter().filter_map(|r| under(r, p)));
            }
        }
        if let Some(id) = build_id {
            out.extend(
                self.debug_dirs.iter().filter_map(|d| by_build_id(d, id, "")),
            );
        }
        out
    }

    fn debug_files(
        &self,
        image: &Path,
        build_id: Option<&BuildId>,
        link: Option<&str>,
    ) -> Vec<PathBuf> {
        let mut out = Vec::new();
        if let Some(id) = build_id {
            out.extend(
                self.debug_dirs
                    .iter()
                    .filter_map(|d| by_build_id(d, id, ".debug")),
            );
            // The same names under each root's own debug folder.
            for root in &self.roots {
                out.extend(by_build_id(
                    &root.join("usr/lib/debug"),
                    id,
                    ".debug",
                ));
            }
        }
        let dir = image.parent();
        if let (Some(link), Some(dir)) = (link, dir)
            && !link.contains('/')
        {
            out.push(dir.join(link));
            out.push(dir.join(".debug").join(link));
            let rel = dir.strip_prefix("/").unwrap_or(dir);
            out.extend(self.debug_dirs.iter().map(|d| d.join(rel).join(link)));
        }
        out.dedup();
        out.retain(|p| p != image);
        out
    }
}
