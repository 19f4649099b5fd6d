//! `thoth store`: keeping a store in order, while it is in use or not.
//!
//! These work on the folder itself, beside whatever serves it: several
//! processes may have a store open, and each of these holds back only what
//! would disturb it.

use crate::error::{Error, Failure, Kind, Result};
use crate::options::parse_size;
use crate::output::{Answer, Text, line};
use crate::session::Session;
use crate::tables::{count, size_text};
use serde::Serialize;
use std::io;
use std::path::PathBuf;
use thoth_store::{
    BadVersion, Embedded, EmbeddedOptions, RestoreOptions, ScrubOptions,
};

/// Back up, restore, check and limit a store
///
/// All but restore work while the store is served.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct Store {
    /// Folder of the store [default: store in $THOTH_HOME]
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<PathBuf>,

    #[command(subcommand)]
    what: What,
}

/// What is done with the store.
#[derive(Debug, clap::Subcommand)]
enum What {
    /// Write a backup into a folder, or bring one up to date
    ///
    /// Only what is new is copied. The backup is of one moment, whatever
    /// changes meanwhile. Exits with 1 when something in the store is bad.
    Backup {
        /// Folder of the backup
        to: PathBuf,
    },
    /// Make a store of a backup, checking all of it
    Restore {
        /// Folder of the backup
        from: PathBuf,
        /// Go on when something in the backup is bad
        #[arg(long)]
        accept_bad: bool,
    },
    /// Read everything and compare it with its digests
    ///
    /// Exits with 1 when something is bad.
    Scrub {
        /// Read no faster than this in a second
        #[arg(long, value_name = "SIZE", value_parser = parse_size)]
        rate: Option<u64>,
    },
    /// Show what an account has stored, or limit it
    Quota {
        /// The account
        account: String,
        /// The most that it may take on disk, such as 500G, or "none"
        limit: Option<String>,
    },
}

const MANUAL: &str = "\
Examples:
  $ thoth store backup /mnt/backup --data /srv/thoth
  1204 versions: 17 copied (96.0K), 1187 there already, 3 removed

  $ thoth store restore /mnt/backup --data /srv/new
  $ thoth store scrub --rate 50M --data /srv/thoth
  $ thoth store quota alice 500G --data /srv/thoth";

/// What was done, ready to show.
#[derive(Debug, Default, Serialize)]
struct Told {
    #[serde(skip)]
    text: String,
    versions: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    copied: Option<u64>,
    bad: Vec<Bad>,
    database: Vec<String>,
}

/// A version that is not as it was written.
#[derive(Debug, Serialize)]
struct Bad {
    id: String,
    names: Vec<String>,
    damage: Vec<String>,
}

/// What an account has stored, ready to show.
#[derive(Debug, Serialize)]
struct Used {
    account: String,
    objects: u64,
    size: u64,
    stored_size: u64,
    quota: Option<u64>,
}

impl Answer for Told {
    fn render(&self, text: &mut Text<'_>) -> io::Result<()> {
        line!(text, "{}", self.text)?;
        for bad in &self.bad {
            let names = bad.names.join(", ");
            line!(text, "bad: {} ({names})", bad.id)?;
            for damage in &bad.damage {
                line!(text, "  {damage}")?;
            }
        }
        for fault in &self.database {
            line!(text, "database: {fault}")?;
        }
        Ok(())
    }
}

impl Answer for Used {
    fn render(&self, text: &mut Text<'_>) -> io::Result<()> {
        let quota = self.quota.map_or("none".to_owned(), size_text);
        line!(
            text,
            "{}: {}, {}, stored {}; limit {quota}",
            self.account,
            number(self.objects, "version"),
            size_text(self.size),
            size_text(self.stored_size)
        )
    }
}

fn number(n: u64, what: &str) -> String {
    count(usize::try_from(n).unwrap_or(usize::MAX), what)
}

fn bad(versions: &[BadVersion]) -> Vec<Bad> {
    let shown = |version: &BadVersion| Bad {
        id: version.id.to_string(),
        names: version.names.iter().map(ToString::to_string).collect(),
        damage: version.damage.iter().map(ToString::to_string).collect(),
    };
    versions.iter().map(shown).collect()
}

fn failed(error: thoth_manta::Error) -> Failure {
    Failure::new(Kind::User, error)
}

impl Store {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let folder = match self.data {
            Some(folder) => folder,
            None => session.home()?.join("store"),
        };
        if let What::Restore { from, accept_bad } = &self.what {
            let options = RestoreOptions { accept_bad: *accept_bad };
            let done =
                thoth_store::restore(from, &folder, &options, &mut |_| {})
                    .map_err(failed)?;
            let told = Told {
                text: format!("{} restored", number(done.versions, "version")),
                versions: done.versions,
                bad: bad(&done.bad),
                ..Told::default()
            };
            return tell(session, &told);
        }
        if !folder.join("store.db").exists() {
            let text = format!("there is no store in {}", folder.display());
            return Err(Failure::from(Error::Environment(text))
                .hint("--data DIR names its folder"));
        }
        let options = EmbeddedOptions::default();
        let store = Embedded::open_bare(&folder, &options).map_err(failed)?;
        match self.what {
            What::Backup { to } => {
                let done = store.backup(&to, &mut |_| {}).map_err(failed)?;
                tell(session, &backed_up(&done))
            }
            What::Scrub { rate } => {
                let options = ScrubOptions {
                    bytes_per_second: rate,
                    ..ScrubOptions::default()
                };
                let found =
                    store.scrub(&options, &mut |_| {}).map_err(failed)?;
                tell(session, &scrubbed(found))
            }
            What::Quota { account, limit } => {
                quota(session, &store, account, limit)
            }
            What::Restore { .. } => Ok(()),
        }
    }
}

fn backed_up(done: &thoth_store::BackedUp) -> Told {
    Told {
        text: format!(
            "{}: {} copied ({}), {} there already, {} removed",
            number(done.versions, "version"),
            done.copied,
            size_text(done.copied_bytes),
            done.kept,
            done.removed
        ),
        versions: done.versions,
        bytes: Some(done.copied_bytes),
        copied: Some(done.copied),
        bad: bad(&done.bad),
        database: Vec::new(),
    }
}

fn scrubbed(found: thoth_store::Scrubbed) -> Told {
    let fine = found.bad.is_empty() && found.database.is_empty();
    Told {
        text: format!(
            "{}, {} read{}",
            number(found.versions, "version"),
            size_text(found.bytes),
            if fine { ", all as written" } else { "" }
        ),
        versions: found.versions,
        bytes: Some(found.bytes),
        bad: bad(&found.bad),
        database: found.database,
        copied: None,
    }
}

fn quota(
    session: &Session,
    store: &Embedded,
    account: String,
    limit: Option<String>,
) -> Result<()> {
    if let Some(text) = limit {
        let bytes = match text.as_str() {
            "none" => None,
            size => Some(parse_size(size).map_err(Error::Usage)?),
        };
        store.set_quota(&account, bytes).map_err(failed)?;
    }
    let usage = store.usage(&account).map_err(failed)?;
    session.out.answer(&Used {
        account,
        objects: usage.objects,
        size: usage.size_bytes,
        stored_size: usage.stored_bytes,
        quota: usage.quota_bytes,
    })
}

/// Shows what was done, and fails when something is bad.
fn tell(session: &Session, told: &Told) -> Result<()> {
    session.out.answer(told)?;
    if told.bad.is_empty() && told.database.is_empty() {
        return Ok(());
    }
    let text = "something in the store is not as it was written";
    Err(Error::Environment(text.to_owned()).into())
}
