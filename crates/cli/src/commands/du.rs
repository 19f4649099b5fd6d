//! `thoth du`: what takes the space.

use crate::dump::nothing_matches;
use crate::error::Result;
use crate::output::{Answer, Text, line};
use crate::session::Session;
use crate::tables::{Table, count, size_text};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io;
use thoth_dumps::{Space, Spec, Usage};

/// Show what takes the space
///
/// By command, by month, or by both; the largest last. STORED is what dumps
/// take in the store, with holes and compression; SIZE is how long they are.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct Du {
    /// Only dumps that these name: PROPERTY=VALUE...
    #[arg(value_name = "SPEC")]
    spec: Vec<String>,

    /// What to add up by
    #[arg(long, value_name = "WHAT", default_value = "command")]
    by: By,
}

/// What space is added up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum By {
    /// The command, or the host of a kernel's dump
    Command,
    /// The month of the crash, in UTC
    Month,
    /// Both
    Both,
}

const MANUAL: &str = "\
Examples:
  $ thoth du
  COMMAND   DUMPS   SIZE  STORED
  nullcall      1  452.0K  96.0K
  deadlock      3   58.1M   1.3M
  4 dumps, 58.5M, stored 1.4M; executables 2, 61.5K; removed 1, was 96.0K

  $ thoth du mtime=1y --by month
  $ thoth du --by both --json";

/// The answer, ready to show.
struct Told {
    by: By,
    rows: Vec<(Option<String>, Option<String>, Space)>,
    usage: Usage,
}

impl Serialize for Told {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let space = |space: &Space| {
            json!({
                "dumps": space.dumps,
                "size": space.size_bytes,
                "stored_size": space.stored_bytes,
            })
        };
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|(cmd, month, used)| {
                let mut row = space(used);
                if self.by != By::Month {
                    row["command"] = json!(cmd);
                }
                if self.by != By::Command {
                    row["month"] = json!(month);
                }
                row
            })
            .collect();
        let usage = &self.usage;
        json!({
            "rows": rows,
            "total": space(&usage.total),
            "executables": {
                "files": usage.files.dumps,
                "size": usage.files.size_bytes,
                "stored_size": usage.files.stored_bytes,
            },
            "removed": { "dumps": usage.purged, "stored_size": usage.purged_bytes },
        })
        .serialize(s)
    }
}

impl Answer for Told {
    fn render(&self, text: &mut Text<'_>) -> io::Result<()> {
        let mut heading = Vec::new();
        if self.by != By::Month {
            heading.push("COMMAND");
        }
        if self.by != By::Command {
            heading.push("MONTH");
        }
        heading.extend([">DUMPS", ">SIZE", ">STORED"]);
        let mut table = Table::new(&heading);
        let dash = |v: &Option<String>| v.clone().unwrap_or("-".to_owned());
        for (cmd, month, space) in &self.rows {
            let mut cells = Vec::new();
            if self.by != By::Month {
                cells.push(dash(cmd));
            }
            if self.by != By::Command {
                cells.push(dash(month));
            }
            cells.push(space.dumps.to_string());
            cells.push(size_text(space.size_bytes));
            cells.push(size_text(space.stored_bytes));
            table.row(cells);
        }
        table.render(text)?;
        let usage = &self.usage;
        let number = usize::try_from(usage.total.dumps).unwrap_or(usize::MAX);
        line!(
            text,
            "{}, {}, stored {}; executables {}, {}; removed {}, was {}",
            count(number, "dump"),
            size_text(usage.total.size_bytes),
            size_text(usage.total.stored_bytes),
            usage.files.dumps,
            size_text(usage.files.stored_bytes),
            usage.purged,
            size_text(usage.purged_bytes)
        )
    }
}

impl Du {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let mut spec = Spec::parse(&self.spec)?;
        for warning in spec.warnings() {
            session.out.warning(format_args!("{warning}"));
        }
        // Removed dumps take nothing, but what they took is told.
        if self.spec.iter().all(|a| !a.starts_with("purged")) {
            spec = {
                let mut words = self.spec.clone();
                words.push("purged=undefined,*".to_owned());
                Spec::parse(&words)?
            };
        }
        let usage = match session.dumps_if_any()? {
            Some(dumps) => dumps.usage(&spec)?,
            None => Usage::default(),
        };
        let mut rows: BTreeMap<(Option<String>, Option<String>), Space> =
            BTreeMap::new();
        for row in &usage.rows {
            let cmd = row.cmd.clone().filter(|_| self.by != By::Month);
            let month = row.month.clone().filter(|_| self.by != By::Command);
            rows.entry((cmd, month)).or_default().add(row.space);
        }
        let mut rows: Vec<_> =
            rows.into_iter().map(|((c, m), space)| (c, m, space)).collect();
        if self.by == By::Command {
            rows.sort_by_key(|(_, _, space)| space.stored_bytes);
        }
        let told = Told { by: self.by, rows, usage };
        session.out.answer(&told)?;
        let nothing = told.usage.total.dumps == 0 && told.usage.purged == 0;
        if nothing && !self.spec.is_empty() {
            return Err(nothing_matches(session, &self.spec));
        }
        Ok(())
    }
}
