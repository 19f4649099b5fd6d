//! `mrmdir`: directories that are empty.

use super::connect::Connection;
use super::question::{confirmed, must_be_able_to_ask};
use super::{Tool, paths, usage};
use crate::error::Result;
use crate::session::Session;
use thoth_manta::Condition;

/// Remove empty directories
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct Rmdir {
    /// Directories
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,

    /// Ask before each
    #[arg(short = 'I', long)]
    interactive: bool,

    #[command(flatten)]
    connection: Connection,
}

const MANUAL: &str = "\
Examples:
  $ mrmdir ~~/stor/logs/2025
  $ mrmdir -I ~~/stor/logs/2025 ~~/stor/logs/2024";

impl Tool for Rmdir {
    fn connection(&self) -> &Connection {
        &self.connection
    }

    fn run(self, session: &Session) -> Result<()> {
        if self.interactive {
            must_be_able_to_ask()?;
        }
        let paths = paths::parse_all(session, &self.paths)?;
        let manta = session.manta()?;
        for path in &paths {
            if !manta.info(path)?.is_directory() {
                return Err(usage(format!("{path} is not a directory")));
            }
            if self.interactive
                && !confirmed(&format!("remove directory `{path}`"))?
            {
                continue;
            }
            manta.delete(path, &Condition::none())?;
        }
        Ok(())
    }
}
