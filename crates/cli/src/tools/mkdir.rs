//! `mmkdir`: directories.

use super::connect::Connection;
use super::headers::Headers;
use super::{Tool, paths};
use crate::error::Result;
use crate::session::Session;
use thoth_manta::{Code, DirectoryOptions, Manta, Path};

/// Make directories
///
/// One that is there already is no error. Headers given replace those that it
/// has.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct Mkdir {
    /// Directories
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,

    /// Make those above it that are missing
    #[arg(short, long)]
    parents: bool,

    /// Header to keep with it; may be repeated
    #[arg(short = 'H', long, value_name = "NAME: VALUE")]
    header: Vec<String>,

    /// Role tags to put on it
    #[arg(long, value_name = "TAG,TAG...")]
    role_tag: Vec<String>,

    #[command(flatten)]
    connection: Connection,
}

const MANUAL: &str = "\
Examples:
  $ mmkdir ~~/stor/logs
  $ mmkdir -p ~~/stor/logs/2026/11/23";

impl Tool for Mkdir {
    fn connection(&self) -> &Connection {
        &self.connection
    }

    fn run(self, session: &Session) -> Result<()> {
        let headers = Headers::parse(&self.header, &self.role_tag)?;
        let kept = (!headers.kept.is_empty()).then_some(headers.kept);
        let options = DirectoryOptions { headers: kept, replace_object: false };
        let paths = paths::parse_all(session, &self.paths)?;
        let manta = session.manta()?;
        for path in &paths {
            match self.parents {
                true => mkdirp(&**manta, path, &options)?,
                false => manta.mkdir_with(path, &options)?,
            }
        }
        Ok(())
    }
}

/// Makes a directory with those above it.
pub(super) fn mkdirp(
    manta: &dyn Manta,
    path: &Path,
    options: &DirectoryOptions,
) -> thoth_manta::Result<()> {
    let mut missing = vec![path.clone()];
    let mut again = true;
    while let Some(next) = missing.last() {
        match manta.mkdir_with(next, options) {
            Ok(()) => {
                missing.pop();
            }
            Err(error) if error.code() == Code::DirectoryDoesNotExist => {
                match next.parent() {
                    Some(parent) if !parent.is_root() => missing.push(parent),
                    _ => return Err(error),
                }
            }
            // Somebody else is at it: once more.
            Err(error) if error.is_conflict() && again => {
                again = false;
                std::thread::sleep(std::time::Duration::from_millis(250));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
