//! Which dumps to remove, by policy.
//!
//! A plan is made first and changes nothing; it says what would go, what it
//! would free, and what is kept for which reason. Carrying it out judges every
//! dump again under the condition that its record is still the one judged: a
//! ticket that was set in the meantime keeps its dump.
//!
//! A dump's age counts from its crash or its upload, whichever is later: a
//! dump that was uploaded yesterday is not old, whenever it crashed. One
//! without either has no age and only goes to meet a budget, first of all.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::history::Label;
use crate::remove::is_pinned;
use crate::spec::Spec;
use crate::update::refused;
use crate::{DumpId, Dumps, Error, Record, Result};

/// Which dumps may be removed.
#[derive(Clone, Debug)]
pub struct PurgePolicy {
    /// Only dumps that this names.
    pub spec: Spec,
    /// Remove what is older than this moment, in seconds since 1970.
    pub older_than: Option<f64>,
    /// Remove the oldest until all that the specification names take no more.
    pub budget_bytes: Option<u64>,
    /// Keep dumps with a ticket.
    pub keep_ticketed: bool,
    /// Keep dumps whose property `pinned` says so.
    pub keep_pinned: bool,
    /// Keep the newest so many of each command.
    pub keep_newest: usize,
}

impl Default for PurgePolicy {
    fn default() -> PurgePolicy {
        PurgePolicy {
            spec: Spec::default(),
            older_than: None,
            budget_bytes: None,
            keep_ticketed: true,
            keep_pinned: true,
            keep_newest: 0,
        }
    }
}

/// A dump in a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedDump {
    /// Its name.
    pub id: DumpId,
    /// When it crashed or was uploaded, whichever is later.
    pub time: Option<f64>,
    /// Its command, or its host for a kernel's dump.
    pub cmd: Option<String>,
    /// What it takes in the store.
    pub bytes: u64,
}

/// How many dumps are kept, by the reason that comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// They have a ticket.
    pub ticketed: u64,
    /// They are pinned.
    pub pinned: u64,
    /// They are among the newest of their command.
    pub newest: u64,
    /// They are neither old enough nor needed for the budget.
    pub others: u64,
}

/// What a policy would do.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PurgePlan {
    /// What would go, oldest first.
    pub remove: Vec<PlannedDump>,
    /// What that would free.
    pub freed_bytes: u64,
    /// What would be kept.
    pub kept: Kept,
    /// What that takes.
    pub kept_bytes: u64,
    /// Whether a budget cannot be met with what may be removed.
    pub over_budget: bool,
}

/// What carrying out a plan came to.
#[derive(Debug, Default)]
pub struct Purged {
    /// How many dumps were removed.
    pub removed: u64,
    /// What that freed.
    pub freed_bytes: u64,
    /// Dumps that were not removed after all, and why.
    pub skipped: Vec<(DumpId, Error)>,
}

impl Dumps {
    /// Says what a policy would remove; changes nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] for a policy that names neither an age nor a
    /// budget; when the store fails.
    pub fn plan_purge(&self, policy: &PurgePolicy) -> Result<PurgePlan> {
        if policy.older_than.is_none() && policy.budget_bytes.is_none() {
            return Err(refused(
                "purge".to_owned(),
                "neither an age nor a budget says what may go",
                Some("give an age, as in 180d, or a size, as in 100G"),
            ));
        }
        let mut kept = Kept::default();
        let mut kept_bytes = 0u64;
        let mut open = Vec::new();
        let mut newest = Newest::new(policy.keep_newest);
        self.visit(&policy.spec, &mut |record| {
            if record.is_purged() {
                return Ok(());
            }
            let dump = planned(&record);
            let ticketed = policy.keep_ticketed && record.ticket().is_some();
            let pinned = policy.keep_pinned && is_pinned(&record);
            newest.see(&dump);
            if ticketed || pinned {
                kept.ticketed += u64::from(ticketed);
                kept.pinned += u64::from(!ticketed);
                kept_bytes = kept_bytes.saturating_add(dump.bytes);
            } else {
                open.push(dump);
            }
            Ok(())
        })?;
        open.retain(|dump| {
            let keep = newest.keeps(dump);
            if keep {
                kept.newest += 1;
                kept_bytes = kept_bytes.saturating_add(dump.bytes);
            }
            !keep
        });
        Ok(choose(policy, open, kept, kept_bytes))
    }

    /// Carries a plan out. Dumps that were ticketed or pinned since the plan
    /// was made are skipped.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub fn purge(
        &self,
        plan: &PurgePlan,
        policy: &PurgePolicy,
        reason: &str,
        removed: &mut dyn FnMut(&PlannedDump),
    ) -> Result<Purged> {
        let mut done = Purged::default();
        for dump in &plan.remove {
            let one = self.remove_if(
                &dump.id,
                Label::of("purge"),
                reason,
                &mut |record| check(policy, record),
            );
            match one {
                Ok(one) => {
                    done.removed += 1;
                    done.freed_bytes =
                        done.freed_bytes.saturating_add(one.freed_bytes);
                    removed(dump);
                }
                Err(
                    error @ (Error::Refused { .. }
                    | Error::NotFound { .. }
                    | Error::Busy { .. }),
                ) => done.skipped.push((dump.id, error)),
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }
}

/// Refuses what a policy keeps.
fn check(policy: &PurgePolicy, record: &Record) -> Result<()> {
    let what = || format!("purge {}", record.id().short());
    if policy.keep_ticketed && record.ticket().is_some() {
        return Err(refused(what(), "it has a ticket by now", None));
    }
    if policy.keep_pinned && is_pinned(record) {
        return Err(refused(what(), "it is pinned by now", None));
    }
    Ok(())
}

fn planned(record: &Record) -> PlannedDump {
    let time = match (record.time(), record.uploaded()) {
        (Some(a), Some(b)) => Some(a.max(b)),
        (a, b) => a.or(b),
    };
    PlannedDump {
        id: record.id(),
        time,
        cmd: record.cmd().or(record.node()).map(str::to_owned),
        bytes: record.stored_bytes().unwrap_or_default(),
    }
}

/// Orders by age, the oldest first; without a time comes first.
fn by_age(a: &PlannedDump, b: &PlannedDump) -> std::cmp::Ordering {
    let time = |dump: &PlannedDump| dump.time.unwrap_or(f64::NEG_INFINITY);
    time(a).total_cmp(&time(b)).then(a.id.cmp(&b.id))
}

fn choose(
    policy: &PurgePolicy,
    mut open: Vec<PlannedDump>,
    mut kept: Kept,
    mut kept_bytes: u64,
) -> PurgePlan {
    open.sort_by(by_age);
    let sum = |bytes: u64, dump: &PlannedDump| bytes.saturating_add(dump.bytes);
    let mut total = open.iter().fold(kept_bytes, sum);
    let mut remove = Vec::new();
    for dump in open {
        let old = match (policy.older_than, dump.time) {
            (Some(limit), Some(time)) => time < limit,
            _ => false,
        };
        let too_much = policy.budget_bytes.is_some_and(|most| total > most);
        if old || too_much {
            total = total.saturating_sub(dump.bytes);
            remove.push(dump);
        } else {
            kept.others += 1;
            kept_bytes = kept_bytes.saturating_add(dump.bytes);
        }
    }
    PurgePlan {
        freed_bytes: remove.iter().fold(0, sum),
        over_budget: policy.budget_bytes.is_some_and(|most| total > most),
        remove,
        kept,
        kept_bytes,
    }
}

/// The newest dumps of each command.
struct Newest {
    number: usize,
    of: HashMap<Option<String>, Vec<PlannedDump>>,
}

impl Newest {
    fn new(number: usize) -> Newest {
        Newest { number, of: HashMap::new() }
    }

    fn see(&mut self, dump: &PlannedDump) {
        if self.number == 0 {
            return;
        }
        let list = match self.of.entry(dump.cmd.clone()) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(Vec::new()),
        };
        list.push(dump.clone());
        if list.len() > self.number.saturating_mul(2) + 16 {
            self.cut(&dump.cmd);
        }
    }

    fn cut(&mut self, cmd: &Option<String>) {
        let number = self.number;
        if let Some(list) = self.of.get_mut(cmd) {
            list.sort_by(|a, b| by_age(b, a));
            list.truncate(number);
        }
    }

    fn keeps(&mut self, dump: &PlannedDump) -> bool {
        self.cut(&dump.cmd);
        let list = self.of.get(&dump.cmd);
        list.is_some_and(|list| list.iter().any(|kept| kept.id == dump.id))
    }
}
