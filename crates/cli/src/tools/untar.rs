//! `muntar`: the files of a tar archive as objects.
//!
//! The archive is read through once for its table of contents; then many files
//! are stored at once, each read at its place. Entries whose bytes do not lie
//! in one piece (sparse ones) are stored during the first pass.

use super::connect::Connection;
use super::headers::Headers;
use super::mkdir::mkdirp;
use super::stored::type_of_name;
use super::tree::{self, Give, Queue};
use super::{Tool, paths, usage};
use crate::error::{Failure, Result, io_error};
use crate::session::Session;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path as FsPath, PathBuf};
use std::sync::Arc;
use thoth_manta::{Code, DirectoryOptions, Manta, Metadata, Path, PutOptions};

/// Store the files of a tar archive as objects
///
/// Directories are made as they are needed. The path of each object is printed
/// when it is stored. A name in the archive that would lie outside of PATH is
/// refused.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct Untar {
    /// Directory to store into
    #[arg(value_name = "PATH")]
    path: String,

    /// The archive, not compressed
    #[arg(short, long, value_name = "FILE")]
    file: PathBuf,

    /// Copies to keep
    #[arg(short, long, value_name = "COPIES", default_value = "2")]
    copies: u8,

    /// Header to keep with each; may be repeated
    #[arg(short = 'H', long, value_name = "NAME: VALUE")]
    header: Vec<String>,

    /// How many are stored at once
    #[arg(short, long, value_name = "NUM", default_value = "20")]
    parallel: usize,

    /// How often each is tried again after an error of the server
    #[arg(short, long, value_name = "RETRIES", default_value = "3")]
    retries: u32,

    /// Role tags to put on them
    #[arg(long, value_name = "TAG,TAG...")]
    role_tag: Vec<String>,

    #[command(flatten)]
    connection: Connection,
}

const MANUAL: &str = "\
Example:
  $ muntar -f shakespeare.tar ~~/stor/plays
  /me/stor/plays/README
  /me/stor/plays/comedies/cymbeline

  $ zstd -d -c logs.tar.zst > /tmp/logs.tar && muntar -f /tmp/logs.tar ~~/stor

msync stores a folder, and leaves alone what is there already.";

/// A file in the archive.
#[derive(Debug)]
struct Member {
    path: Path,
    /// Where its bytes begin.
    at: u64,
    size: u64,
}

impl Tool for Untar {
    fn connection(&self) -> &Connection {
        &self.connection
    }

    fn run(self, session: &Session) -> Result<()> {
        let headers = Headers::parse(&self.header, &self.role_tag)?;
        let root = paths::parse(session, &self.path)?;
        let manta = Arc::clone(session.manta()?);
        let file = File::open(&self.file);
        let file = file.map_err(io_error("open", &self.file))?;
        let options = PutOptions {
            condition: headers.condition,
            metadata: Metadata {
                content_type: headers.content_type.unwrap_or_default(),
                headers: headers.kept,
            },
            durability: headers.copies.unwrap_or(self.copies),
            ..PutOptions::default()
        };
        let store = Store { manta: &*manta, options, retries: self.retries };
        let mut members = members(&file, &self.file, &root, &mut |path, e| {
            let size = e.size();
            store.make_parents(&path)?;
            store.put(&path, size, e)?;
            session.out.line(format_args!("{path}"))
        })?;
        members.reverse();
        let work = |member: Member,
                    _: &Queue<Member>,
                    give: &Give<'_, Result<Path>>| {
            let place =
                || Place { file: &file, at: member.at, left: member.size };
            let mut tries = 0;
            let stored = store.make_parents(&member.path).and_then(|()| {
                loop {
                    match store.put(&member.path, member.size, &mut place()) {
                        Err(error)
                            if tries < store.retries && may_pass(&error) =>
                        {
                            tries += 1;
                        }
                        other => return other.map_err(Failure::from),
                    }
                }
            });
            give(stored.map(|()| member.path.clone()));
        };
        tree::run(self.parallel, members, &work, &mut |stored| {
            let path = stored?;
            session.out.line(format_args!("{path}"))
        })
    }
}

/// Called with each entry that must be read in the order of the archive.
type Special<'a> =
    dyn FnMut(Path, &mut tar::Entry<'_, &File>) -> Result<()> + 'a;

/// Reads the table of contents.
fn members(
    file: &File,
    name: &FsPath,
    root: &Path,
    special: &mut Special<'_>,
) -> Result<Vec<Member>> {
    let unreadable = || io_error("read as a tar archive", name);
    let mut archive = tar::Archive::new(file);
    let entries = archive.entries_with_seek().map_err(unreadable())?;
    let mut members = Vec::new();
    for entry in entries {
        let mut entry = entry.map_err(unreadable())?;
        let kind = entry.header().entry_type();
        if !kind.is_file() && !kind.is_gnu_sparse() && !kind.is_contiguous() {
            continue;
        }
        let path = {
            let bytes = entry.path_bytes();
            let text = std::str::from_utf8(&bytes).map_err(|_| {
                let text = String::from_utf8_lossy(&bytes);
                usage(format!("{text:?}: a name that is not UTF-8"))
            })?;
            below(root, text)?
        };
        if kind.is_gnu_sparse() {
            special(path, &mut entry)?;
            continue;
        }
        let (at, size) = (entry.raw_file_position(), entry.size());
        members.push(Member { path, at, size });
    }
    Ok(members)
}

/// Returns the path of a member, which must lie below.
fn below(root: &Path, name: &str) -> Result<Path> {
    let parts: Vec<&str> =
        name.split('/').filter(|p| !p.is_empty() && *p != ".").collect();
    if parts.is_empty() || parts.contains(&"..") {
        return Err(usage(format!(
            "{name:?}: a name that does not lie below {root}"
        )));
    }
    let text = format!("{root}/{}", parts.join("/"));
    Ok(Path::parse(&text).map_err(thoth_manta::Error::from)?)
}

/// Part of a file.
struct Place<'a> {
    file: &'a File,
    at: u64,
    left: u64,
}

impl Read for Place<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.left).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(left);
        let part = buffer.get_mut(..wanted).unwrap_or_default();
        let n = self.file.read_at(part, self.at)?;
        self.at = self.at.saturating_add(n as u64);
        self.left = self.left.saturating_sub(n as u64);
        Ok(n)
    }
}

/// Where members go, and how.
struct Store<'a> {
    manta: &'a dyn Manta,
    options: PutOptions,
    retries: u32,
}

impl Store<'_> {
    /// Makes the directories above an object, if they are missing.
    fn make_parents(&self, path: &Path) -> Result<()> {
        let Some(parent) = path.parent() else { return Ok(()) };
        match self.manta.info(&parent) {
            Ok(_) => Ok(()),
            Err(error) if error.code().status() == 404 => {
                let none = DirectoryOptions::default();
                Ok(mkdirp(self.manta, &parent, &none)?)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn put(
        &self,
        path: &Path,
        size: u64,
        body: &mut dyn Read,
    ) -> thoth_manta::Result<()> {
        let mut options =
            PutOptions { length_bytes: Some(size), ..self.options.clone() };
        if options.metadata.content_type.is_empty() {
            options.metadata.content_type = type_of_name(path.name());
        }
        self.manta.put(path, body, &options).map(|_| ())
    }
}

fn may_pass(error: &thoth_manta::Error) -> bool {
    matches!(
        error.code(),
        Code::InternalError
            | Code::ServiceUnavailable
            | Code::ConcurrentRequest
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_stay_below_their_directory() {
        let root = Path::parse("/me/stor/x").unwrap();
        let ok = |name: &str| below(&root, name).unwrap().to_string();
        assert_eq!(ok("a/b"), "/me/stor/x/a/b");
        assert_eq!(ok("./a"), "/me/stor/x/a");
        assert_eq!(ok("/etc/passwd"), "/me/stor/x/etc/passwd");
        for bad in ["../a", "a/../../b", "", "."] {
            assert!(below(&root, bad).is_err(), "{bad}");
        }
    }
}
