//! `thoth rm`: the bytes of a dump go, what is known stays.

use super::info::stored;
use crate::dump::is_specification;
use crate::error::{Error, Failure, Result};
use crate::session::Session;
use crate::tables::{count, size_text};
use serde_json::{Value, json};
use thoth_dumps::Record;

/// Remove dumps, and keep their records
///
/// The bytes of the dump go. The record with its stack, ticket, properties
/// and history stays, and says when, why and by whom it was removed; listings
/// leave it out unless it is asked for (purged!=undefined). Uploading the same
/// dump again needs --again.
///
/// Dumps named by a specification are only counted, unless --yes is given.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct Rm {
    /// A hash (4 digits or more), a local file, or PROPERTY=VALUE...
    #[arg(required = true, value_name = "DUMP")]
    dump: Vec<String>,

    /// Remove what a specification names
    #[arg(short, long)]
    yes: bool,

    /// Why, for the record
    #[arg(long, value_name = "TEXT", default_value = "removed by hand")]
    reason: String,

    /// Remove the records as well; needs --yes
    #[arg(long)]
    forget: bool,
}

const MANUAL: &str = "\
Examples:
  $ thoth rm a41e
  thoth: removed 1 dump, 152.0K freed

  $ thoth rm cmd=nullcall otime=30d
  thoth: would remove 3 dumps, 456.0K
  hint: --yes removes them

  $ thoth ls purged!=undefined purged purged_reason";

impl Rm {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let records = stored(session, &self.dump)?;
        let many = is_specification(&self.dump);
        if !self.yes && (many || self.forget) {
            return self.tell(session, &records);
        }
        let dumps = session.dumps()?;
        let mut freed = 0u64;
        let mut answers = Vec::new();
        let mut before = 0usize;
        for record in &records {
            let id = record.id();
            if record.is_purged() && !self.forget {
                before += 1;
                let short = id.short();
                session.out.note(format_args!("{short} was removed before"));
            }
            let bytes = if self.forget {
                dumps.forget(&id)?
            } else {
                dumps.remove(&id, &self.reason)?.freed_bytes
            };
            freed = freed.saturating_add(bytes);
            answers.push(json!({ "id": id.to_string(), "freed": bytes }));
        }
        session.tidy();
        if session.out.json {
            session.out.json(&Value::Array(answers))?;
        }
        if before == 0 || before < records.len() {
            session.out.note(format_args!(
                "removed {}, {} freed",
                count(records.len().saturating_sub(before), "dump"),
                size_text(freed)
            ));
        }
        Ok(())
    }

    /// Says what would be removed.
    fn tell(&self, session: &Session, records: &[Record]) -> Result<()> {
        let bytes = records
            .iter()
            .filter(|record| !record.is_purged())
            .filter_map(Record::stored_bytes)
            .fold(0u64, u64::saturating_add);
        let word = if self.forget { "forget" } else { "remove" };
        let text = format!(
            "would {word} {}, {}",
            count(records.len(), "dump"),
            size_text(bytes)
        );
        if session.out.json {
            let ids: Vec<String> =
                records.iter().map(|r| r.id().to_string()).collect();
            session
                .out
                .json(&json!({ "would_remove": ids, "bytes": bytes }))?;
        }
        if self.forget && records.len() == 1 {
            return Err(Failure::from(Error::Usage(text))
                .hint("--yes does; nothing of it will be left"));
        }
        session.out.note(format_args!("{text}"));
        session.out.hint(format_args!("--yes removes them"));
        Ok(())
    }
}
