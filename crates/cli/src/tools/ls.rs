//! `mls`: what is in directories.

use super::connect::Connection;
use super::stored::{Head, alone, listed, parent_of};
use super::{Tool, paths, usage};
use crate::error::Result;
use crate::escape::escaped;
use crate::session::Session;
use jiff::Zoned;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use thoth_manta::{Info, Kinds, ListOptions, Manta, Order, Path, Timestamp};

/// Entries asked for at once.
const PAGE: u32 = 1024;

/// List what is in directories
///
/// By default ~~/stor. A directory ends with a slash. A path that is no
/// absolute one is looked for below ~~/stor.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL, disable_help_flag = true)]
pub(crate) struct Ls {
    /// Directories, or objects
    #[arg(value_name = "PATH")]
    paths: Vec<String>,

    /// Print a line of JSON for each entry
    #[arg(short, long)]
    json: bool,

    /// The same with the headers, where there are any
    #[arg(long)]
    fulljson: bool,

    /// Long lines: kind, owner, size, time, name
    #[arg(short, long)]
    long: bool,

    /// Sizes for people, with -l
    #[arg(short = 'h', long)]
    human_readable: bool,

    /// Start at this name
    #[arg(short, long, value_name = "MARKER")]
    marker: Option<String>,

    /// The other way round
    #[arg(short, long)]
    reverse: bool,

    /// Only directories (d), or only objects (o)
    #[arg(long = "type", value_name = "d|o")]
    kind: Option<String>,

    /// Newest first
    #[arg(short, long)]
    time: bool,

    /// Print help
    #[arg(long, action = clap::ArgAction::Help)]
    help: Option<bool>,

    #[command(flatten)]
    connection: Connection,
}

const MANUAL: &str = "\
Examples:
  $ mls
  logs/
  readme.txt

  $ mls -l ~~/stor
  drwxr-xr-x 1 me             0 Nov 23 09:31 logs
  -rwxr-xr-x 1 me          4096 Nov 23 09:32 readme.txt

  $ mls -l -h -t ~~/stor/logs
  $ mls --json --type o logs
  $ mls --marker m ~~/stor";

impl Tool for Ls {
    fn connection(&self) -> &Connection {
        &self.connection
    }

    fn json(&self) -> bool {
        self.json || self.fulljson
    }

    fn run(self, session: &Session) -> Result<()> {
        let kinds = kinds(self.kind.as_deref())?;
        let default = ["~~/stor".to_owned()];
        let texts = match self.paths.is_empty() {
            true => &default[..],
            false => &self.paths[..],
        };
        let paths: Vec<Path> = texts
            .iter()
            .map(|t| paths::parse_below_stor(session, t))
            .collect::<Result<_>>()?;
        let manta = session.manta()?;
        for path in &paths {
            match manta.info(path)? {
                info @ Info::Object(_) => self.one(session, &info)?,
                Info::Directory(directory) => {
                    let few = directory.entries <= u64::from(PAGE);
                    let what = Wanted { path, kinds, few };
                    self.entries(&**manta, &what, &mut |info| {
                        self.entry(session, &info)
                    })?;
                }
            }
        }
        Ok(())
    }
}

/// Parses `--type`.
pub(super) fn kinds(kind: Option<&str>) -> Result<Kinds> {
    match kind {
        None => Ok(Kinds::All),
        Some("o") => Ok(Kinds::Objects),
        Some("d") => Ok(Kinds::Directories),
        Some(_) => Err(usage(
            "invalid type, must be \"d\" (directory) or \"o\" (object)",
        )),
    }
}

/// Which entries.
struct Wanted<'a> {
    path: &'a Path,
    kinds: Kinds,
    /// Whether one page holds them all.
    few: bool,
}

type Visit<'a> = dyn FnMut(Info) -> Result<()> + 'a;

impl Ls {
    fn order(&self) -> Order {
        match (self.time, self.reverse) {
            (false, false) => Order::Name,
            (false, true) => Order::NameReversed,
            (true, false) => Order::Newest,
            (true, true) => Order::Oldest,
        }
    }

    fn entries(
        &self,
        manta: &dyn Manta,
        what: &Wanted<'_>,
        visit: &mut Visit<'_>,
    ) -> Result<()> {
        if self.time && !what.few {
            return self.by_time(manta, what, visit);
        }
        let marker = self.marker.clone();
        pages(manta, what, self.order(), marker, visit)
    }

    /// Sorts here: a page that begins at a time cannot be told from the one
    /// before it where more entries have that time than a page holds.
    fn by_time(
        &self,
        manta: &dyn Manta,
        what: &Wanted<'_>,
        visit: &mut Visit<'_>,
    ) -> Result<()> {
        let since = match &self.marker {
            None => None,
            Some(text) => Some(text.parse::<Timestamp>().map_err(|_| {
                usage(format!("InvalidParameterError: {text:?} is no time"))
            })?),
        };
        let mut all = Vec::new();
        pages(manta, what, Order::Name, None, &mut |info| {
            let time = time_of(&info);
            let wanted = since.is_none_or(|since| match self.reverse {
                true => time >= since,
                false => time <= since,
            });
            if wanted {
                all.push(info);
            }
            Ok(())
        })?;
        // Stable: names stay in order among equal times.
        all.sort_by(|a, b| match self.reverse {
            true => time_of(a).cmp(&time_of(b)),
            false => time_of(b).cmp(&time_of(a)),
        });
        all.into_iter().try_for_each(visit)
    }

    /// Shows an entry of a directory.
    fn entry(&self, session: &Session, info: &Info) -> Result<()> {
        if session.out.json {
            let mut line = listed(info);
            line.insert("parent".into(), json!(parent_of(info.path())));
            return session.out.json_line(&line);
        }
        let slash = if info.is_directory() { "/" } else { "" };
        let name = info.path().name();
        if self.long {
            return self.long_line(session, info);
        }
        session.out.line(format_args!("{name}{slash}"))
    }

    /// Shows an object that was asked for by its own name.
    fn one(&self, session: &Session, info: &Info) -> Result<()> {
        let Info::Object(object) = info else { return Ok(()) };
        if !session.out.json {
            return self.entry(session, info);
        }
        let mut line = alone(object);
        let head = Head::of(info).headers;
        let header = |name: &str| {
            let found = head.iter().find(|(n, _)| n == name);
            found.map_or(Value::Null, |(_, v)| json!(v))
        };
        let whole = json!(info.path().as_str());
        if self.fulljson {
            let headers: serde_json::Map<String, Value> =
                head.iter().map(|(n, v)| (n.clone(), json!(v))).collect();
            line.insert("headers".into(), Value::Object(headers));
            line.insert("parent".into(), whole);
        } else {
            line.insert("parent".into(), whole);
            line.insert("durability".into(), header("durability-level"));
            line.insert("mtime".into(), header("last-modified"));
        }
        session.out.json_line(&line)
    }

    fn long_line(&self, session: &Session, info: &Info) -> Result<()> {
        let size = info.object().map_or(0, |o| o.size_bytes);
        let size = match self.human_readable {
            true => pretty_bytes(size),
            false => size.to_string(),
        };
        let kind = if info.is_directory() { 'd' } else { '-' };
        let owner = info.path().account();
        let when = when(time_of(info), &Zoned::now(), &TimeZone::system());
        let name = escaped(info.path().name());
        session.out.line(format_args!(
            "{kind}rwxr-xr-x 1 {owner} {size:>13} {when} {name}"
        ))
    }
}

/// Lists in pages, each from where the last ended.
fn pages(
    manta: &dyn Manta,
    what: &Wanted<'_>,
    order: Order,
    mut marker: Option<String>,
    visit: &mut Visit<'_>,
) -> Result<()> {
    let mut seen = BTreeSet::new();
    loop {
        let options = ListOptions {
            marker: marker.clone(),
            limit: PAGE,
            order,
            kinds: what.kinds,
        };
        let entries = manta.list(what.path, &options)?.entries;
        let full = entries.len() as u64 >= u64::from(PAGE);
        let last = entries.last().map(|e| e.path().name().to_owned());
        let mut fresh = false;
        for entry in entries {
            if seen.contains(entry.path().name()) {
                continue;
            }
            fresh = true;
            visit(entry)?;
        }
        if !full || !fresh {
            return Ok(());
        }
        // The marker is inclusive: it comes again.
        seen = last.iter().cloned().collect();
        marker = last;
    }
}

fn time_of(info: &Info) -> Timestamp {
    match info {
        Info::Object(object) => object.mtime,
        Info::Directory(directory) => directory.mtime,
    }
}

/// Returns a time as `ls -l` shows it: the year where it is half a year ago.
fn when(time: Timestamp, now: &Zoned, zone: &TimeZone) -> String {
    let time = time.to_zoned(zone.clone());
    let half_a_year = jiff::Span::new().months(6);
    let old = time
        .checked_add(half_a_year)
        .is_ok_and(|then| then.timestamp() <= now.timestamp());
    let form = if old { "%b %d  %Y" } else { "%b %d %H:%M" };
    time.strftime(form).to_string()
}

/// Returns a size with at most two decimals and a letter.
fn pretty_bytes(bytes: u64) -> String {
    let units =
        [(1u64 << 40, "T"), (1 << 30, "G"), (1 << 20, "M"), (1 << 10, "K")];
    let unit = units.iter().find(|(size, _)| bytes >= *size);
    let Some((size, letter)) = unit else { return bytes.to_string() };
    let text = format!("{:.2}", bytes as f64 / *size as f64);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text}{letter}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        for (bytes, text) in [
            (0, "0"),
            (1023, "1023"),
            (1024, "1K"),
            (1536, "1.5K"),
            (5_347_737, "5.1M"),
            (3 << 30, "3G"),
        ] {
            assert_eq!(pretty_bytes(bytes), text);
        }
    }

    #[test]
    fn old_times_show_their_year() {
        let now = "2026-11-23T10:00:00Z".parse::<Timestamp>().unwrap();
        let now = now.to_zoned(TimeZone::UTC);
        let shown =
            |text: &str| when(text.parse().unwrap(), &now, &TimeZone::UTC);
        assert_eq!(shown("2026-11-23T09:31:00Z"), "Nov 23 09:31");
        assert_eq!(shown("2026-05-23T10:00:01Z"), "May 23 10:00");
        assert_eq!(shown("2026-05-23T10:00:00Z"), "May 23  2026");
        assert_eq!(shown("2025-01-02T10:00:00Z"), "Jan 02  2025");
    }
}
