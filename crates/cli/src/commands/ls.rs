//! `thoth ls`: the dumps, one line each.
//!
//! Columns, widths and order are those of the original, which scripts cut at
//! blanks: `NAME TYPE TIME NODE/CMD TICKET` and the columns asked for, padded
//! to their longest value, joined by one blank, trailing padding kept, sorted
//! by time.

use super::info::shown;
use crate::dump::{DumpOnDisk, matching, names_from_stdin, nothing_matches};
use crate::error::{Error, Failure, Result};
use crate::escape::escaped;
use crate::options::ReadArgs;
use crate::output::{Answer, Look, Text, line, part};
use crate::session::Session;
use crate::suggest;
use crate::tables::{time_in, width};
use jiff::tz::TimeZone;
use serde::{Serialize, Serializer};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::time::Duration;
use thoth_dumps::{DumpId, HashPrefix, PropPath, Record, Spec, is_term};

/// List dumps
///
/// All of them, or those that a specification fits; the words after it are
/// further columns. Oldest first, by the time of the crash.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct Ls {
    /// PROPERTY=VALUE or hashes, which dumps; then PROPERTY, further columns
    #[arg(value_name = "ARG")]
    arguments: Vec<String>,

    /// Exit with 0 when nothing matches
    #[arg(long)]
    allow_none: bool,

    /// Show times of this zone, such as Europe/Berlin; `local` is this
    /// machine's [default: UTC]
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,

    /// List again and again, every so many seconds
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "2")]
    watch: Option<u64>,
}

const MANUAL: &str = "\
Examples:
  $ thoth ls
  NAME             TYPE  TIME                NODE/CMD         TICKET
  a41ef26d5f2a5c6b core  2026-11-23T07:28:13 nullcall         DEMO-1
  804e19d050dfe3fd core  2026-11-23T07:28:14 deadlock         -

  $ thoth ls ticket=undefined mtime=1w signal threads
  NAME             TYPE TIME                NODE/CMD TICKET SIGNAL  THREADS
  804e19d050dfe3fd core 2026-11-23T07:28:14 deadlock -      SIGABRT 7

  $ thoth ls a41e --json
  $ thoth ls uploaded=1h --watch 5
  $ thoth ls sort=-size limit=10 size --time-zone Europe/Berlin

A word of four or more hex digits before the columns is a hash, and one with a
/ is a local file. To see a property of such a name as a column, write
properties.NAME.";

/// The dumps listed.
struct Listing {
    records: Vec<Record>,
    columns: Vec<PropPath>,
    zone: TimeZone,
    heading: bool,
}

impl Serialize for Listing {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_seq(self.records.iter().map(shown))
    }
}

impl Answer for Listing {
    fn render(&self, text: &mut Text<'_>) -> io::Result<()> {
        let mut headings: Vec<String> =
            ["NAME", "TYPE", "TIME", "NODE/CMD", "TICKET"]
                .map(str::to_owned)
                .to_vec();
        let extra = self.columns.iter().map(|c| c.last().to_uppercase());
        headings.extend(extra.map(|h| escaped(&h)));
        let rows: Vec<Vec<String>> =
            self.records.iter().map(|r| self.cells(r)).collect();
        let mut widths: Vec<usize> = headings.iter().map(width).collect();
        if self.columns.is_empty() {
            // The original's widths where nothing else was asked for.
            let least = [0, 5, 0, 16, 0];
            for (w, least) in widths.iter_mut().zip(least) {
                *w = (*w).max(least);
            }
        }
        for row in &rows {
            for (w, cell) in widths.iter_mut().zip(row) {
                *w = (*w).max(width(cell));
            }
        }
        let padded = |cells: &[String]| {
            let cells: Vec<String> = cells
                .iter()
                .zip(&widths)
                .map(|(c, w)| format!("{c}{}", " ".repeat(w - width(c))))
                .collect();
            cells.join(" ")
        };
        if self.heading {
            part!(text, Look::Bold, "{}", padded(&headings))?;
            text.end()?;
        }
        for row in &rows {
            line!(text, "{}", padded(row))?;
        }
        Ok(())
    }
}

impl Listing {
    /// Returns a dump's cells, escaped, so that widths are those shown.
    fn cells(&self, record: &Record) -> Vec<String> {
        let or_dash = |v: Option<&str>| v.unwrap_or("-").to_owned();
        let kind = record.kind();
        let who = match kind {
            Some("crash") => record.node(),
            _ => record.cmd(),
        };
        let mut cells = vec![
            record.id().short(),
            or_dash(kind),
            time_in(record.time(), &self.zone),
            or_dash(who),
            or_dash(record.ticket()),
        ];
        cells.extend(self.columns.iter().map(|column| {
            let values = column.find(record.members());
            let shown: Vec<String> = values.into_iter().map(plain).collect();
            if shown.is_empty() { "-".to_owned() } else { shown.join(",") }
        }));
        cells.iter().map(|c| escaped(c)).collect()
    }
}

/// Returns a value as a column shows it.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::String(s) => s.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(plain).collect();
            items.join(",")
        }
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            value.to_string()
        }
    }
}

impl Ls {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let Split { selection, columns } = split(&self.arguments)?;
        let selection =
            names_from_stdin(session, &selection)?.unwrap_or(selection);
        let zone = self.zone(session)?;
        let records = find(session, &selection)?;
        let empty = records.is_empty();
        tell_unknown(session, &records, &columns);
        tell_unsorted(session, &records, &selection);
        let mut seen: BTreeSet<DumpId> =
            records.iter().map(Record::id).collect();
        let mut listing = Listing { records, columns, zone, heading: true };
        session.out.answer(&listing)?;
        if let Some(seconds) = self.watch {
            listing.heading = false;
            loop {
                std::thread::sleep(Duration::from_secs(seconds.max(1)));
                listing.records = find(session, &selection)?;
                listing.records.retain(|record| seen.insert(record.id()));
                if !listing.records.is_empty() {
                    session.out.answer(&listing)?;
                }
            }
        }
        if empty && !selection.is_empty() && !self.allow_none {
            return Err(nothing_matches(session, &selection));
        }
        Ok(())
    }

    /// Returns the zone that times are shown in.
    fn zone(&self, session: &Session) -> Result<TimeZone> {
        let set = match &self.time_zone {
            Some(zone) => Some(zone),
            None => session.time_zone()?,
        };
        let Some(name) = set else {
            return Ok(TimeZone::UTC);
        };
        if name == "local" {
            return Ok(TimeZone::system());
        }
        TimeZone::get(name).map_err(|_| {
            let text = format!("there is no time zone {name:?}");
            Failure::from(Error::Usage(text))
                .hint("write it as Europe/Berlin, UTC or local")
        })
    }
}

fn find(session: &Session, selection: &[String]) -> Result<Vec<Record>> {
    let hashes = selection.iter().filter(|s| !is_term(s));
    if hashes.count() > 1 {
        return by_name(session, selection);
    }
    matching(session, &Spec::parse(selection)?)
}

/// Says by what that no dump has they were to be sorted.
fn tell_unsorted(session: &Session, records: &[Record], selection: &[String]) {
    let keys = selection.iter().filter_map(|a| a.strip_prefix("sort="));
    let keys = keys.flat_map(|keys| keys.split(','));
    let keys: Vec<PropPath> = keys
        .filter_map(|key| PropPath::parse(key.trim_start_matches('-')))
        .collect();
    tell_unknown(session, records, &keys);
}

/// Says which columns no dump has, since they may be slips of the finger.
pub(super) fn tell_unknown(
    session: &Session,
    records: &[Record],
    columns: &[PropPath],
) {
    let empty =
        |c: &&PropPath| records.iter().all(|r| c.find(r.members()).is_empty());
    for column in columns.iter().filter(empty) {
        let known = suggest::known_properties(session);
        match suggest::property(&known, column.as_str()) {
            Some(right) => {
                session.out.note(format_args!("no dump has {column}"));
                session.out.hint(format_args!("did you mean {right}?"));
            }
            None if records.is_empty() || known.contains(column.as_str()) => {}
            None => session
                .out
                .note(format_args!("none of these dumps has {column}")),
        }
    }
}

/// Several hashes mean each of the dumps; within a specification all must
/// hold, and no dump has two names.
fn by_name(session: &Session, selection: &[String]) -> Result<Vec<Record>> {
    let (hashes, rest): (Vec<_>, Vec<_>) =
        selection.iter().cloned().partition(|s| !is_term(s));
    let mut records: Vec<Record> = Vec::new();
    for hash in hashes {
        let mut arguments = rest.clone();
        arguments.push(hash);
        for record in matching(session, &Spec::parse(&arguments)?)? {
            if records.iter().all(|r| r.id() != record.id()) {
                records.push(record);
            }
        }
    }
    let time = |r: &Record| r.time().unwrap_or(0.0);
    records.sort_by(|a, b| time(a).total_cmp(&time(b)));
    Ok(records)
}

/// Arguments, told apart.
struct Split {
    selection: Vec<String>,
    columns: Vec<PropPath>,
}

fn split(arguments: &[String]) -> Result<Split> {
    let mut selection = Vec::new();
    let mut columns = Vec::new();
    for argument in arguments {
        if !columns.is_empty() {
            if is_term(argument) {
                let text = "can't intermix specification properties with \
                            output properties";
                return Err(Failure::from(Error::Usage(text.to_owned()))
                    .hint(format!("put {argument} before the columns")));
            }
        } else if let Some(term) = selecting(argument)? {
            selection.push(term);
            continue;
        }
        let column = PropPath::parse(argument).ok_or_else(|| {
            Error::Usage("the name of a column is empty".to_owned())
        })?;
        columns.push(column);
    }
    Ok(Split { selection, columns })
}

/// Returns the term that an argument before the columns stands for, if it
/// says which dumps.
fn selecting(argument: &str) -> Result<Option<String>> {
    if is_term(argument) {
        return Ok(Some(argument.to_owned()));
    }
    if argument.contains('/') {
        // A path: the dump that the file is.
        let read = ReadArgs::default();
        let dump = DumpOnDisk::open(Path::new(argument), &read)?;
        return Ok(Some(dump.identity().id.to_string()));
    }
    let is_hash = HashPrefix::parse(argument).is_ok();
    Ok(is_hash.then(|| argument.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(arguments: &[&str]) -> (Vec<String>, Vec<String>) {
        let arguments: Vec<String> =
            arguments.iter().map(|a| (*a).to_owned()).collect();
        let split = split(&arguments).unwrap();
        let columns = split.columns.iter().map(|c| c.as_str().to_owned());
        (split.selection, columns.collect())
    }

    #[test]
    fn words_are_hashes_or_columns() {
        let (selection, columns) = parts(&["cmd=a", "3e16", "pid", "beef"]);
        assert_eq!(selection, ["cmd=a", "3e16"]);
        assert_eq!(columns, ["pid", "beef"]);
        let (selection, columns) = parts(&["exe=/bin/x", "exe"]);
        assert_eq!(selection, ["exe=/bin/x"]);
        assert_eq!(columns, ["exe"]);
        let (selection, columns) = parts(&["pid>5", "psargs~^a", "pid"]);
        assert_eq!(selection, ["pid>5", "psargs~^a"]);
        assert_eq!(columns, ["pid"]);
    }

    #[test]
    fn a_constraint_after_a_column_is_refused() {
        let arguments = ["pid".to_owned(), "cmd=a".to_owned()];
        let failure = split(&arguments).err().expect("a mistake");
        assert!(failure.lines()[0].1.contains("can't intermix"));
    }

    #[test]
    fn values_are_shown_plainly() {
        let value = serde_json::json!(["a", 1, true, null, ["b"]]);
        assert_eq!(plain(&value), "a,1,true,null,b");
        assert_eq!(plain(&serde_json::json!({"a": 1})), "{\"a\":1}");
    }
}
