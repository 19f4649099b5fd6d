//! What takes the space, by command and month.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;
use thoth_manta::{Info, MantaExt};

use crate::index::child;
use crate::spec::Spec;
use crate::{Dumps, Error, Record, Result};

/// What some dumps take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Space {
    /// How many there are.
    pub dumps: u64,
    /// How long they are.
    pub size_bytes: u64,
    /// What they take in the store.
    pub stored_bytes: u64,
}

impl Space {
    /// Adds what others take.
    pub fn add(&mut self, other: Space) {
        self.dumps = self.dumps.saturating_add(other.dumps);
        self.size_bytes = self.size_bytes.saturating_add(other.size_bytes);
        self.stored_bytes =
            self.stored_bytes.saturating_add(other.stored_bytes);
    }
}

/// What the dumps of one command and month take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageRow {
    /// The command, or the host for a kernel's dump.
    pub cmd: Option<String>,
    /// The month of the crash, as in `2026-01`.
    pub month: Option<String>,
    /// What they take.
    pub space: Space,
}

/// What takes the space.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// By command and month, in the order of both.
    pub rows: Vec<UsageRow>,
    /// All dumps together.
    pub total: Space,
    /// Dumps whose bytes were removed.
    pub purged: u64,
    /// What they took.
    pub purged_bytes: u64,
    /// Executables and debug information kept for all dumps; the `dumps` are
    /// files here.
    pub files: Space,
}

impl Dumps {
    /// Says what the dumps that a specification names take.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub fn usage(&self, spec: &Spec) -> Result<Usage> {
        let mut usage = Usage::default();
        let mut rows: BTreeMap<(Option<String>, Option<String>), Space> =
            BTreeMap::new();
        self.visit(spec, &mut |record| {
            if record.is_purged() {
                let bytes = record.members().get("purged_bytes");
                let bytes = bytes.and_then(Value::as_u64).unwrap_or(0);
                usage.purged += 1;
                usage.purged_bytes = usage.purged_bytes.saturating_add(bytes);
                return Ok(());
            }
            let space = space_of(&record);
            let cmd = record.cmd().or(record.node()).map(str::to_owned);
            let key = (cmd, record.time().and_then(month_of));
            rows.entry(key).or_default().add(space);
            usage.total.add(space);
            Ok(())
        })?;
        usage.rows = rows
            .into_iter()
            .map(|((cmd, month), space)| UsageRow { cmd, month, space })
            .collect();
        self.add_files(&mut usage.files)?;
        Ok(usage)
    }

    /// Adds up the files that are kept by build id.
    fn add_files(&self, files: &mut Space) -> Result<()> {
        let root = child(&self.root, crate::files::BY_BUILD_ID)?;
        let mut directories = vec![root];
        while let Some(directory) = directories.pop() {
            let listed = self.manta.list_all(&directory, &mut |entry| {
                match entry {
                    Info::Directory(below) => directories.push(below.path),
                    Info::Object(object) => files.add(Space {
                        dumps: 1,
                        size_bytes: object.size_bytes,
                        stored_bytes: object
                            .stored_bytes
                            .unwrap_or(object.size_bytes),
                    }),
                }
                Ok(())
            });
            match listed {
                Err(error) if error.is_not_found() => {}
                other => other.map_err(Error::store(format!(
                    "cannot list {directory}"
                )))?,
            }
        }
        Ok(())
    }
}

/// Returns what a dump and its attachments take.
fn space_of(record: &Record) -> Space {
    let member = |name| record.members().get(name).and_then(Value::as_u64);
    let mut space = Space {
        dumps: 1,
        size_bytes: member("size").unwrap_or(0),
        stored_bytes: record.stored_bytes().unwrap_or(0),
    };
    for attachment in crate::files::attachments_of(record) {
        space.add(Space {
            dumps: 0,
            size_bytes: attachment.size_bytes,
            stored_bytes: attachment.stored_bytes,
        });
    }
    space
}

/// Returns the month of a time, as in `2026-01`, in UTC.
fn month_of(seconds: f64) -> Option<String> {
    // Saturates, and what no calendar has is refused.
    let moment = Timestamp::from_second(seconds.floor() as i64).ok()?;
    Some(moment.strftime("%Y-%m").to_string())
}
