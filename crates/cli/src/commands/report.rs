//! `thoth report`: how many dumps there are of each kind.

use super::ls::{self, plain};
use crate::error::{Error, Result};
use crate::output::{Answer, Text, line};
use crate::session::Session;
use crate::tables::{Table, count};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use std::io;
use thoth_dumps::{
    HashPrefix, PropPath, Report as Counts, ReportRow, Spec, is_term,
};

/// Count dumps by a property
///
/// Of the dumps that a specification fits (of all, without one), how many have
/// each value of a property, rarest first. Without a property: how many there
/// are.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct Report {
    /// PROPERTY=VALUE, which dumps; then PROPERTY, what to count by
    #[arg(required = true, value_name = "ARG")]
    arguments: Vec<String>,
}

const MANUAL: &str = "\
Examples:
  $ thoth report type=core signal
  COUNT  SIGNAL
      2  SIGABRT
      2  SIGSEGV
  4 dumps

  $ thoth report type=core signal --json
  {
      \"SIGABRT\": 2,
      \"SIGSEGV\": 2
  }

  $ thoth report cmd=nullcall
  1

Dumps that lack the property are counted under -, in JSON under null.";

/// Counts by the values of some properties.
struct Counted {
    columns: Vec<PropPath>,
    counts: Counts,
}

impl Serialize for Counted {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        if self.columns.is_empty() {
            return s.serialize_u64(self.counts.total);
        }
        let mut object = Map::new();
        for row in &self.counts.rows {
            let key = self.key(row, "null");
            let before = object.get(&key).and_then(Value::as_u64);
            let all = before.unwrap_or(0).saturating_add(row.count);
            object.insert(key, Value::from(all));
        }
        object.serialize(s)
    }
}

impl Counted {
    /// Returns the values of a row as one text.
    fn key(&self, row: &ReportRow, absent: &str) -> String {
        let shown = |v: &Option<Value>| match v {
            Some(value) => plain(value),
            None => absent.to_owned(),
        };
        let values: Vec<String> = row.values.iter().map(shown).collect();
        values.join(",")
    }
}

impl Answer for Counted {
    fn render(&self, text: &mut Text<'_>) -> io::Result<()> {
        let total = usize::try_from(self.counts.total).unwrap_or(usize::MAX);
        if self.columns.is_empty() {
            return line!(text, "{total}");
        }
        let names: Vec<String> = std::iter::once(">COUNT".to_owned())
            .chain(self.columns.iter().map(|c| c.last().to_uppercase()))
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut table = Table::new(&names);
        for row in &self.counts.rows {
            let shown = |v: &Option<Value>| match v {
                Some(value) => plain(value),
                None => "-".to_owned(),
            };
            let count = std::iter::once(row.count.to_string());
            table.row(count.chain(row.values.iter().map(shown)).collect());
        }
        table.render(text)?;
        line!(text, "{}", count(total, "dump"))
    }
}

impl Report {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let is_column =
            |a: &&String| !is_term(a) && HashPrefix::parse(a).is_err();
        let columns: Vec<PropPath> = self
            .arguments
            .iter()
            .rev()
            .take_while(is_column)
            .filter_map(|a| PropPath::parse(a))
            .collect();
        let n = self.arguments.len().saturating_sub(columns.len());
        let selection = self.arguments.get(..n).unwrap_or(&[]);
        if selection.iter().any(|a| a.ends_with("=stdin")) {
            let text = "\"stdin\" cannot be used as a dump specification on \
                        reports";
            return Err(Error::Usage(text.to_owned()).into());
        }
        let columns: Vec<PropPath> = columns.into_iter().rev().collect();
        let spec = Spec::parse(selection)?;
        let counts = match session.dumps_if_any()? {
            Some(dumps) => {
                let warnings = spec.warnings().iter();
                warnings.for_each(|w| session.out.warning(format_args!("{w}")));
                dumps.report(&spec, &columns)?
            }
            None => Counts { rows: Vec::new(), total: 0, missing: 0 },
        };
        if counts.total == counts.missing {
            ls::tell_unknown(session, &[], &columns);
        }
        session.out.answer(&Counted { columns, counts })
    }
}
