//! `mfind`: everything below directories.

use super::connect::Connection;
use super::ls::kinds;
use super::stored::{alone, listed, parent_of};
use super::tree::{Met, Walk, walk};
use super::{Tool, paths, told_already, usage};
use crate::error::{Failure, Result};
use crate::session::Session;
use regex::Regex;
use serde_json::json;
use thoth_manta::{Info, Kinds, Path};

/// List everything below directories
///
/// In no order: many directories are listed at once. The depth of what lies
/// in PATH itself is 0.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct Find {
    /// Directories, or objects
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,

    /// Entries asked for at once
    #[arg(short, long, value_name = "LIMIT")]
    limit: Option<u32>,

    /// Only names in which this regular expression is found
    #[arg(short, long, value_name = "REGEX")]
    name: Option<String>,

    /// Directories listed at once
    #[arg(short, long, value_name = "NUM", default_value = "50")]
    parallel: usize,

    /// Only objects of so many bytes or more
    #[arg(short, long, value_name = "SIZE")]
    size: Option<u64>,

    /// Only directories (d), or only objects (o)
    #[arg(short = 't', long = "type", value_name = "d|o")]
    kind: Option<String>,

    /// Only what has at least this depth
    #[arg(long, value_name = "DEPTH", default_value = "0")]
    mindepth: u32,

    /// Only what has less than this depth
    #[arg(long, value_name = "DEPTH")]
    maxdepth: Option<u32>,

    /// Print a line of JSON for each
    #[arg(short, long)]
    json: bool,

    #[command(flatten)]
    connection: Connection,
}

const MANUAL: &str = "\
Examples:
  $ mfind ~~/stor/logs
  $ mfind -t o -n '[.]log$' ~~/stor/logs | xargs mget -q
  $ mfind -s 1000000000 -j ~~/stor
  $ mfind --maxdepth 1 -t d ~~/stor

Control characters in names are shown escaped, so that a name cannot pretend
to be two; --json has names exactly.";

impl Tool for Find {
    fn connection(&self) -> &Connection {
        &self.connection
    }

    fn json(&self) -> bool {
        self.json
    }

    fn run(self, session: &Session) -> Result<()> {
        let filter = self.filter()?;
        let paths = paths::parse_all(session, &self.paths)?;
        let manta = session.manta()?;
        let mut failed = 0usize;
        for path in &paths {
            match manta.info(path) {
                Ok(Info::Directory(_)) => {}
                Ok(Info::Object(object)) => {
                    if session.out.json {
                        let mut line = alone(&object);
                        line.insert("name".into(), json!(""));
                        line.insert("parent".into(), json!(path.as_str()));
                        session.out.json_line(&line)?;
                    } else {
                        session.out.line(format_args!("{path}"))?;
                    }
                    continue;
                }
                Err(error) => {
                    let fatal = error.code().status() != 404;
                    complain(session, path, error);
                    failed += 1;
                    if fatal {
                        break;
                    }
                    continue;
                }
            }
            walk(manta, path, self.walk(), &mut |met| match met {
                Met::Failed(path, error) => {
                    complain(session, &path, error);
                    failed += 1;
                    Ok(())
                }
                Met::Entry(info, depth) if filter.passes(&info, depth) => {
                    show(session, &info, depth)
                }
                Met::Entry(..) => Ok(()),
            })?;
        }
        if failed > 0 {
            return Err(told_already());
        }
        Ok(())
    }
}

fn complain(session: &Session, path: &Path, error: thoth_manta::Error) {
    let failure = Failure::from(error);
    let (_, message) = &failure.lines()[0];
    session.out.complaint(format_args!("in {path}: {message}"));
}

fn show(session: &Session, info: &Info, depth: u32) -> Result<()> {
    if !session.out.json {
        return session.out.line(format_args!("{}", info.path()));
    }
    let mut line = listed(info);
    line.insert("parent".into(), json!(parent_of(info.path())));
    line.insert("depth".into(), json!(depth));
    session.out.json_line(&line)
}

/// What is shown.
struct Filter {
    name: Option<Regex>,
    size: Option<u64>,
    kinds: Kinds,
    min: u32,
}

impl Filter {
    fn passes(&self, info: &Info, depth: u32) -> bool {
        let kind = match self.kinds {
            Kinds::All => true,
            Kinds::Directories => info.is_directory(),
            Kinds::Objects => !info.is_directory(),
        };
        let name = info.path().name();
        let size = |least| info.object().is_none_or(|o| o.size_bytes >= least);
        kind && depth >= self.min
            && self.name.as_ref().is_none_or(|r| r.is_match(name))
            && self.size.is_none_or(size)
    }
}

impl Find {
    fn filter(&self) -> Result<Filter> {
        let name = self.name.as_deref().map(Regex::new).transpose();
        let name = name.map_err(|e| {
            usage(format!("--name: {e}"))
                .hint("look-around and back-references are not supported")
        })?;
        Ok(Filter {
            name,
            size: self.size,
            kinds: kinds(self.kind.as_deref())?,
            min: self.mindepth,
        })
    }

    fn walk(&self) -> Walk {
        let default = Walk::default();
        Walk {
            parallel: self.parallel,
            max_depth: self.maxdepth.unwrap_or(default.max_depth),
            page: self.limit.unwrap_or(default.page),
        }
    }
}
