//! `mchattr`: headers of objects that are there.

use super::connect::Connection;
use super::headers::Headers;
use super::{Tool, paths, usage};
use crate::error::Result;
use crate::session::Session;
use thoth_manta::{Condition, DirectoryOptions, Info, Manta, Metadata, Path};

/// Replace the headers of objects and directories
///
/// All of them: a header that is not given is gone. The content type stays
/// when none is given, and so do the bytes, their length and their digest.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct Chattr {
    /// Objects or directories
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,

    /// Header to keep; may be repeated
    #[arg(short = 'H', long, value_name = "NAME: VALUE")]
    header: Vec<String>,

    #[command(flatten)]
    connection: Connection,
}

const MANUAL: &str = "\
Examples:
  $ mchattr -H 'm-program: sshd' -H 'content-type: text/plain' ~~/stor/a.log
  $ mchattr ~~/stor/a.log";

impl Tool for Chattr {
    fn connection(&self) -> &Connection {
        &self.connection
    }

    fn run(self, session: &Session) -> Result<()> {
        let headers = Headers::parse(&self.header, &[])?;
        let fixed = [
            ("content-length", headers.length.is_some_and(|n| n > 0)),
            ("content-md5", headers.md5.is_some()),
            ("durability-level", headers.copies.is_some()),
        ];
        if let Some((name, _)) = fixed.iter().find(|(_, given)| *given) {
            return Err(usage(format!(
                "InvalidUpdateError: overwrite of {name:?} forbidden"
            )));
        }
        let paths = paths::parse_all(session, &self.paths)?;
        let manta = session.manta()?;
        paths.iter().try_for_each(|path| replace(&**manta, path, &headers))
    }
}

/// Replaces the headers of a name.
pub(super) fn replace(
    manta: &dyn Manta,
    path: &Path,
    headers: &Headers,
) -> Result<()> {
    match manta.info(path)? {
        Info::Object(object) => {
            let old = object.metadata.content_type;
            let metadata = Metadata {
                content_type: headers.content_type.clone().unwrap_or(old),
                headers: headers.kept.clone(),
            };
            let condition = Condition { ..headers.condition.clone() };
            manta.set_metadata(path, &metadata, &condition)?;
        }
        Info::Directory(_) => {
            let kept = Some(headers.kept.clone());
            let options =
                DirectoryOptions { headers: kept, replace_object: false };
            manta.mkdir_with(path, &options)?;
        }
    }
    Ok(())
}
