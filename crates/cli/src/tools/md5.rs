//! `mmd5`: digests of objects, as `md5sum` prints them.

use super::connect::Connection;
use super::tree;
use super::{Tool, paths, told_already};
use crate::error::{Failure, Result};
use crate::session::Session;
use std::collections::BTreeMap;
use thoth_manta::{Info, Path};

/// How many are asked for at once.
const PARALLEL: usize = 10;

/// Print the MD5 of objects
///
/// The store knows it: nothing is downloaded.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct Md5 {
    /// Objects
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,

    /// Print a line of JSON for each
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    connection: Connection,
}

const MANUAL: &str = "\
Example:
  $ mmd5 ~~/stor/a.txt
  b1946ac92492d2347c6235b4d2611184  /me/stor/a.txt";

impl Tool for Md5 {
    fn connection(&self) -> &Connection {
        &self.connection
    }

    fn json(&self) -> bool {
        self.json
    }

    fn run(self, session: &Session) -> Result<()> {
        let paths = paths::parse_all(session, &self.paths)?;
        let manta = session.manta()?;
        let mut failed = 0usize;
        let mut waiting: BTreeMap<usize, (Path, Answer)> = BTreeMap::new();
        let mut next = 0usize;
        // The last task is taken first.
        let tasks: Vec<(usize, Path)> =
            paths.into_iter().enumerate().rev().collect();
        let work =
            |(n, path): (usize, Path),
             _: &tree::Queue<(usize, Path)>,
             give: &tree::Give<'_, (usize, Path, Answer)>| {
                let answer = match manta.info(&path) {
                    Err(error) => {
                        Err(Failure::from(error).lines()[0].1.clone())
                    }
                    Ok(Info::Directory(_)) => {
                        Err(format!("{path} is a directory"))
                    }
                    Ok(Info::Object(object)) => {
                        object.md5.ok_or_else(|| "missing MD5".to_owned())
                    }
                };
                give((n, path, answer));
            };
        tree::run(PARALLEL, tasks, &work, &mut |(n, path, answer)| {
            waiting.insert(n, (path, answer));
            while let Some((path, answer)) = waiting.remove(&next) {
                next += 1;
                failed += usize::from(answer.is_err());
                show(session, &path, answer)?;
            }
            Ok(())
        })?;
        if failed > 0 {
            return Err(told_already());
        }
        Ok(())
    }
}

type Answer = std::result::Result<[u8; 16], String>;

fn show(session: &Session, path: &Path, answer: Answer) -> Result<()> {
    match answer {
        Ok(md5) => {
            let hex: String =
                md5.iter().map(|byte| format!("{byte:02x}")).collect();
            if session.out.json {
                let line =
                    serde_json::json!({ "path": path.as_str(), "md5": hex });
                return session.out.json_line(&line);
            }
            session.out.line(format_args!("{hex}  {path}"))
        }
        Err(why) => {
            session.out.complaint(format_args!("{path}: {why}"));
            Ok(())
        }
    }
}
