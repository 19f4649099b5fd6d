//! A whole dump takes the place of a truncated one.
//!
//! The identity of a core counts the random bytes that `AT_RANDOM` points to
//! where they are in the dump. They lie on the stack, which comes last in a
//! core, so a truncated copy mostly lacks them and has *another identity* than
//! the whole: the one that the whole would have without them. Every record of
//! a core keeps that identity as `base_id`. So:
//!
//! - a whole dump finds a truncated copy of itself at once: the copy's name is
//!   its `base_id`;
//! - a truncated dump whose name is the `base_id` of exactly one whole dump is
//!   there already. With several (the same program in two containers, without
//!   address randomisation) it could belong to any, and is stored.
//!
//! The truncated copy's record becomes a tombstone that says `superseded_by`,
//! so its name goes on meaning the dump. First the whole one's record takes
//! over what others added to the copy's; then the copy's becomes a tombstone,
//! on condition that it is still what was taken over; otherwise again. A
//! ticket set on the copy at any moment is so never lost. Either upload looks
//! for the other *after* its own record is in, so of two at once at least one
//! sees the other; the step is the same whoever makes it, and can be repeated
//! after a kill.
//!
//! A copy that still has the random bytes has the identity of the whole; its
//! record is then replaced in place.

use thoth_manta::Condition;

use crate::history::Label;
use crate::prop::MEMBERS;
use crate::spec::{Pattern, Spec, Term, Test};
use crate::upload::Uploaded;
use crate::{DumpId, Dumps, Error, PropPath, Record, Result};

/// How often replacing begins again because others changed the records.
const ATTEMPTS: u32 = 100;

impl Dumps {
    /// Returns the only whole dump that a truncated one is a copy of.
    pub(crate) fn whole_of(&self, base: &DumpId) -> Result<Option<Record>> {
        let is = |member: &str, text: String| Term::Prop {
            path: PropPath::parse(member).expect("not empty"),
            test: Test::Is { negated: false, any: vec![Pattern::Text(text)] },
        };
        let spec = Spec {
            terms: vec![
                is("base_id", base.to_string()),
                is("truncated", "false".to_owned()),
            ],
            limit: Some(3),
            ..Spec::default()
        };
        let mut found = self.find(&spec)?.records;
        found.retain(|record| record.id() != *base);
        let only = found.pop();
        Ok(only.filter(|_| found.is_empty()))
    }

    /// Brings an upload to its end whose record is in: looks for copies.
    pub(crate) fn settle(
        &self,
        record: Record,
        replaced_truncated: bool,
    ) -> Result<Uploaded> {
        let id = record.id();
        if record.is_truncated() {
            let whole = self.whole_of(&id)?;
            if let Some(whole) = whole
                && self.replace(&id, &whole.id())?
            {
                return Ok(Uploaded {
                    id: whole.id(),
                    already_there: true,
                    replaced_truncated: false,
                    record: whole,
                });
            }
        }
        let replaced = self.finish_replacing(&record)?;
        let record = match replaced {
            // It may have taken over a ticket.
            true => self.record(&id)?.unwrap_or(record),
            false => record,
        };
        let replaced_truncated = replaced_truncated || replaced;
        Ok(Uploaded { id, already_there: false, replaced_truncated, record })
    }

    /// Replaces the truncated copy of a whole dump, if there is one.
    pub(crate) fn finish_replacing(&self, whole: &Record) -> Result<bool> {
        let id = whole.id();
        match whole.base_id() {
            Some(base)
                if base != id
                    && !whole.is_truncated()
                    && !whole.is_purged() =>
            {
                self.replace(&base, &id)
            }
            _ => Ok(false),
        }
    }

    /// Puts a whole dump in the place of a truncated one; false when there is
    /// none, or none any more.
    fn replace(&self, copy: &DumpId, whole: &DumpId) -> Result<bool> {
        for _ in 0..ATTEMPTS {
            let Some((old, etag)) = self.record_and_etag(copy)? else {
                return Ok(false);
            };
            if !old.is_truncated() {
                return Ok(false);
            }
            if old.is_purged() {
                // The last step of one that was killed.
                let known = old.superseded_by() == Some(*whole);
                return Ok(known && self.delete_bytes_of(&old)?);
            }
            let attachments = self.adopt_attachments(&old, whole)?;
            self.change(whole, Label::of("replace"), &mut |record| {
                take_over(record, &old);
                for (name, object) in &attachments {
                    record.add_attachment(name, object);
                }
                Ok(())
            })?;
            let mut tombstone = old.clone();
            let why = "a whole copy took its place";
            self.mark_purged(&mut tombstone, why);
            let members = tombstone.members_mut();
            members.insert("superseded_by".into(), whole.to_string().into());
            tombstone.upgrade();
            self.note_change(&old, &mut tombstone, Label::of("replace"))?;
            let condition = Condition::unchanged(etag);
            if self.put_record(copy, &tombstone, condition)?.is_some() {
                self.delete_bytes_of(&tombstone)?;
                return Ok(true);
            }
        }
        Err(Error::Busy { path: copy.to_string(), attempts: ATTEMPTS })
    }
}

/// Gives a record what others added to the one that it replaces.
pub(crate) fn inherit(record: &mut Record, old: &Record) {
    take_over(record, old);
    // It is the same dump: what others said of it counts more than what this
    // upload says.
    for name in ["ticket", "attachments", "history", "history_spilled"] {
        if let Some(value) = old.members().get(name) {
            record.members_mut().insert(name.into(), value.clone());
        }
    }
    for (name, value) in old.properties().into_iter().flatten() {
        record.properties_mut().insert(name.clone(), value.clone());
    }
}

/// Gives a record what it lacks of another's ticket, properties, and members
/// that this version does not know.
fn take_over(record: &mut Record, old: &Record) {
    for (name, value) in old.members() {
        let others = name == "ticket" || !MEMBERS.contains(&name.as_str());
        if others && !record.members().contains_key(name) {
            record.members_mut().insert(name.clone(), value.clone());
        }
    }
    for (name, value) in old.properties().into_iter().flatten() {
        record
            .properties_mut()
            .entry(name.clone())
            .or_insert_with(|| value.clone());
    }
}
