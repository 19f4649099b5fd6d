//! `mln`: second names.

use super::connect::Connection;
use super::headers::Headers;
use super::{Tool, paths};
use crate::error::Result;
use crate::session::Session;
use thoth_manta::LinkOptions;

/// Give an object a second, equal name
///
/// The new name stands for the version that the object has now: what becomes
/// of the first name later does not change it.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct Ln {
    /// The object
    #[arg(value_name = "SOURCE")]
    source: String,

    /// The new name
    #[arg(value_name = "DEST")]
    destination: String,

    /// Role tags to put on the new name
    #[arg(long, value_name = "TAG,TAG...")]
    role_tag: Vec<String>,

    #[command(flatten)]
    connection: Connection,
}

const MANUAL: &str = "\
Example:
  $ mln ~~/stor/logs/today ~~/stor/logs/2026-11-23";

impl Tool for Ln {
    fn connection(&self) -> &Connection {
        &self.connection
    }

    fn run(self, session: &Session) -> Result<()> {
        let headers = Headers::parse(&[], &self.role_tag)?;
        let source = paths::parse(session, &self.source)?;
        let path = paths::parse(session, &self.destination)?;
        let options =
            LinkOptions { headers: headers.kept, ..LinkOptions::default() };
        session.manta()?.link_with(&source, &path, &options)?;
        Ok(())
    }
}
