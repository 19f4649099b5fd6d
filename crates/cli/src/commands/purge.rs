//! `thoth purge`: dumps removed by policy.

use crate::config::Purge as Configured;
use crate::dump::nothing_matches;
use crate::error::{Error, Failure, Result};
use crate::options::parse_size;
use crate::output::{Answer, Text, line};
use crate::session::Session;
use crate::tables::{Table, count, size_text, time_text};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use std::io;
use thoth_dumps::{PlannedDump, PurgePlan, PurgePolicy, Purged, Spec, When};

/// Remove old dumps by policy
///
/// Shows what would go and what that frees; --yes removes it. Records stay, as
/// with `thoth rm`. Ticketed and pinned dumps (property pinned) are kept
/// unless the policy says otherwise. A dump's age counts from its crash or its
/// upload, whichever is later; SINCE shows that moment.
///
/// What is not given here is taken from [purge] in the configuration file, then
/// from the library's own settings (thoth config --help).
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct Purge {
    /// Only dumps that these name: PROPERTY=VALUE...
    #[arg(value_name = "SPEC")]
    spec: Vec<String>,

    /// Remove what is older: 180d, 1y, 2026-01-31
    #[arg(long, value_name = "AGE")]
    older_than: Option<String>,

    /// Remove the oldest until the rest takes no more: 100G
    #[arg(long, value_name = "SIZE")]
    budget: Option<String>,

    /// Keep the newest so many of each command
    #[arg(long, value_name = "N")]
    keep_newest: Option<usize>,

    /// Remove dumps with a ticket, too
    #[arg(long)]
    ticketed: bool,

    /// Remove pinned dumps, too
    #[arg(long)]
    pinned: bool,

    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,

    /// Remove them
    #[arg(short, long)]
    yes: bool,
}

const MANUAL: &str = "\
Examples:
  $ thoth purge --older-than 180d --keep-newest 3
  DUMP              SINCE                COMMAND   SIZE
  804e19d050dfe3fd  2026-01-23T07:28:14  deadlock  1.2M
  would remove 1 dump, 1.2M; keep 17 (4 ticketed, 1 pinned, 9 newest), 31.0M
  hint: --yes removes them

  $ thoth purge --budget 100G --yes
  $ thoth set cmd=postgres pinned true";

/// What a policy would do, or did.
struct Told<'a> {
    plan: &'a PurgePlan,
    done: Option<&'a Purged>,
}

impl Serialize for Told<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let plan = self.plan;
        let ids: Vec<String> =
            plan.remove.iter().map(|d| d.id.to_string()).collect();
        let mut out = json!({
            "remove": ids,
            "freed": plan.freed_bytes,
            "kept": {
                "ticketed": plan.kept.ticketed,
                "pinned": plan.kept.pinned,
                "newest": plan.kept.newest,
                "others": plan.kept.others,
            },
            "kept_bytes": plan.kept_bytes,
            "over_budget": plan.over_budget,
            "done": self.done.is_some(),
        });
        if let Some(done) = self.done {
            let skipped: Vec<Value> = done
                .skipped
                .iter()
                .map(|(id, why)| {
                    json!({ "id": id.to_string(), "why": why.to_string() })
                })
                .collect();
            out["removed"] = done.removed.into();
            out["freed"] = done.freed_bytes.into();
            out["skipped"] = skipped.into();
        }
        out.serialize(s)
    }
}

impl Answer for Told<'_> {
    fn render(&self, text: &mut Text<'_>) -> io::Result<()> {
        let plan = self.plan;
        if !plan.remove.is_empty() {
            table(&plan.remove).render(text)?;
        }
        let kept = plan.kept;
        let all = kept.ticketed + kept.pinned + kept.newest + kept.others;
        let (word, number, bytes) = match self.done {
            Some(done) => ("removed", done.removed, done.freed_bytes),
            None => {
                ("would remove", plan.remove.len() as u64, plan.freed_bytes)
            }
        };
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        line!(
            text,
            "{word} {}, {}; keep {all} ({} ticketed, {} pinned, {} newest), {}",
            count(number, "dump"),
            size_text(bytes),
            kept.ticketed,
            kept.pinned,
            kept.newest,
            size_text(plan.kept_bytes)
        )
    }
}

/// Tells whether a policy had nothing to decide about.
fn concerns_none(plan: &PurgePlan) -> bool {
    let kept = plan.kept;
    let kept = kept.ticketed + kept.pinned + kept.newest + kept.others;
    plan.remove.is_empty() && kept == 0
}

fn table(dumps: &[PlannedDump]) -> Table {
    let mut table = Table::new(&["DUMP", "SINCE", "COMMAND", ">SIZE"]);
    for dump in dumps {
        table.row(vec![
            dump.id.short(),
            time_text(dump.time),
            dump.cmd.clone().unwrap_or_else(|| "-".to_owned()),
            size_text(dump.bytes),
        ]);
    }
    table
}

impl Purge {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let policy = self.policy(&session.purge_settings()?)?;
        for warning in policy.spec.warnings() {
            session.out.warning(format_args!("{warning}"));
        }
        let Some(dumps) = session.dumps_if_any()? else {
            let plan = PurgePlan::default();
            return session.out.answer(&Told { plan: &plan, done: None });
        };
        let plan = dumps.plan_purge(&policy)?;
        if !self.spec.is_empty() && concerns_none(&plan) {
            return Err(nothing_matches(session, &self.spec));
        }
        if plan.over_budget {
            session.out.warning(format_args!(
                "what is kept takes more than the budget: {}",
                size_text(plan.kept_bytes)
            ));
        }
        if !self.yes {
            session.out.answer(&Told { plan: &plan, done: None })?;
            if !plan.remove.is_empty() {
                session.out.hint(format_args!("--yes removes them"));
            }
            return Ok(());
        }
        let reason = self.reason.clone().unwrap_or_else(|| self.why(&policy));
        let done = dumps.purge(&plan, &policy, &reason, &mut |_| {})?;
        for (id, why) in &done.skipped {
            session.out.note(format_args!("{} is kept: {why}", id.short()));
        }
        session.out.answer(&Told { plan: &plan, done: Some(&done) })?;
        session.tidy();
        Ok(())
    }

    fn policy(&self, configured: &Configured) -> Result<PurgePolicy> {
        let age = self.older_than.as_ref().or(configured.older_than.as_ref());
        let budget = self.budget.as_ref().or(configured.budget.as_ref());
        let usage = |text: String| Failure::from(Error::Usage(text));
        let older_than = age
            .map(|text| {
                When::parse_age(text).map_err(|e| {
                    let (why, hint) = (e.message(), e.suggestion());
                    usage(format!("the age {text:?}: {why}"))
                        .maybe_hint(hint.map(str::to_owned))
                })
            })
            .transpose()?;
        if age.is_some_and(|age| {
            age.trim_start_matches(|c: char| c.is_ascii_digit()) == "m"
        }) {
            // Where dumps are removed, a guess may cost a year of them.
            let text = format!(
                "the age {:?} may mean minutes or months",
                age.map_or("", String::as_str)
            );
            return Err(usage(text).hint("write min or mo"));
        }
        if age.is_none() && budget.is_none() {
            let text = "neither an age nor a budget says what may go";
            return Err(usage(text.to_owned())
                .hint("--older-than 180d, or --budget 100G")
                .hint("[purge] in the configuration file sets them for good"));
        }
        let budget_bytes = budget
            .map(|text| {
                parse_size(text).map_err(|e| usage(format!("the budget {e}")))
            })
            .transpose()?;
        let now = jiff::Timestamp::now();
        Ok(PurgePolicy {
            spec: Spec::parse(&self.spec)?,
            older_than: older_than.map(|when| when.seconds(now)),
            budget_bytes,
            keep_ticketed: !self.ticketed
                && configured.keep_ticketed.unwrap_or(true),
            keep_pinned: !self.pinned && configured.keep_pinned.unwrap_or(true),
            keep_newest: self
                .keep_newest
                .or(configured.keep_newest)
                .unwrap_or(0),
        })
    }

    /// Says by which policy, for the record.
    fn why(&self, policy: &PurgePolicy) -> String {
        let mut parts = Vec::new();
        if let Some(moment) = policy.older_than {
            parts.push(format!("older than {}", time_text(Some(moment))));
        }
        if let Some(bytes) = policy.budget_bytes {
            parts.push(format!("budget {}", size_text(bytes)));
        }
        format!("purged: {}", parts.join(", "))
    }
}
