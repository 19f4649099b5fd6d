//! `thoth index`: the cache that answers specifications.

use crate::error::{Error, Failure, Result};
use crate::output::{Answer, Text, line};
use crate::session::Session;
use crate::tables::count;
use serde::{Serialize, Serializer};
use serde_json::json;
use std::io;
use std::time::Duration;
use thoth_dumps::IndexCheck;

/// Rebuild or check the index of records
///
/// The index follows the records by itself, and can be thrown away: the
/// records are what counts, and no command here writes one.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct Index {
    #[command(subcommand)]
    what: What,
}

/// What is done with the index.
#[derive(Debug, clap::Subcommand)]
enum What {
    /// Make the index again from the records
    Rebuild,
    /// Compare the index with the records
    ///
    /// Also looks for objects that no record knows, which killed uploads leave
    /// behind. Exits with 1 when something is wrong and was not mended.
    Check {
        /// Mend what is wrong, and delete what no record knows
        #[arg(long)]
        mend: bool,
    },
}

const MANUAL: &str = "\
Examples:
  $ thoth index check
  4 records, all as in the index

  $ thoth index rebuild
  4 records";

/// How old an object must be that no record knows: younger ones may belong to
/// an upload that is going on.
const LEFT_OVER: Duration = Duration::from_secs(24 * 3600);

/// What a check found.
struct Told(IndexCheck, u64);

impl Serialize for Told {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let Self(check, swept) = self;
        let names = |ids: &[thoth_dumps::DumpId]| -> Vec<String> {
            ids.iter().map(ToString::to_string).collect()
        };
        json!({
            "records": check.records,
            "missing": names(&check.missing),
            "different": names(&check.different),
            "extra": check.extra,
            "faults": check.faults,
            "mended": check.mended,
            "left_over_deleted": swept,
        })
        .serialize(s)
    }
}

impl Answer for Told {
    fn render(&self, text: &mut Text<'_>) -> io::Result<()> {
        let Self(check, swept) = self;
        let number = usize::try_from(check.records).unwrap_or(usize::MAX);
        let records = count(number, "record");
        if check.is_good() {
            line!(text, "{records}, all as in the index")?;
        } else {
            line!(text, "{records}")?;
        }
        for (what, ids) in
            [("missing", &check.missing), ("different", &check.different)]
        {
            for id in ids {
                line!(text, "{what}: {id}")?;
            }
        }
        for id in &check.extra {
            line!(text, "without a record: {id}")?;
        }
        for fault in &check.faults {
            line!(text, "{fault}")?;
        }
        if *swept > 0 {
            let number = usize::try_from(*swept).unwrap_or(usize::MAX);
            line!(text, "{} deleted", count(number, "left-over object"))?;
        }
        Ok(())
    }
}

impl Index {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let dumps = session.dumps_if_any()?;
        match self.what {
            What::Rebuild => {
                let number = match dumps {
                    Some(dumps) => dumps.rebuild_index()?,
                    None => 0,
                };
                if session.out.json {
                    return session.out.json(&json!({ "records": number }));
                }
                let number = usize::try_from(number).unwrap_or(usize::MAX);
                let text = count(number, "record");
                session.out.text(|out: &mut Text<'_>| line!(out, "{text}"))
            }
            What::Check { mend } => {
                let check = match dumps {
                    Some(dumps) => dumps.check_index(mend)?,
                    None => None,
                };
                let check = check.unwrap_or_default();
                let swept = match dumps {
                    Some(dumps) if mend => dumps.sweep_all(LEFT_OVER)?,
                    _ => 0,
                };
                let good = check.is_good() || check.mended;
                session.out.answer(&Told(check, swept))?;
                if good {
                    return Ok(());
                }
                let text = "the index does not agree with the records";
                Err(Failure::from(Error::Environment(text.to_owned()))
                    .hint("thoth index check --mend mends it"))
            }
        }
    }
}
