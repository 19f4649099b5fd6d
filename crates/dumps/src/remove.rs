//! Removing dumps: the bytes go, what is known stays.
//!
//! A removed dump keeps its record, with its stack, ticket, properties and
//! history, so that it still counts and still explains. The record is changed
//! first and says `purged`; then the bytes are deleted. A crash in between
//! leaves bytes that a record disowns: [`Dumps::sweep`] deletes them, and a
//! dump never seems to be there when it is not.
//!
//! Bytes are only deleted as the version that was looked at *before* the
//! record was read and found removed: an upload that brings the dump back
//! makes another version, so it cannot be hit.
//!
//! | member | |
//! | --- | --- |
//! | `purged` | when, in seconds since 1970 |
//! | `purged_by` | who, if that was said |
//! | `purged_reason` | why |
//! | `purged_bytes` | what was freed |
//! | `superseded_by` | the whole copy that took its place, if one did |
//!
//! [`Dumps::forget`] removes the record as well, for what must not be kept.

use std::time::Duration;

use serde_json::Value;
use thoth_manta::{Condition, Info, MantaExt, ObjectInfo, Path};

use crate::files::attachments_of;
use crate::history::{Label, OBJECTS, now};
use crate::index::{child, each_id, record_path};
use crate::record::number;
use crate::spec::{Pattern, Spec, Term, Test};
use crate::update::refused;
use crate::{DumpId, Dumps, Error, PropPath, Record, Result};

/// How long an upload from a stream may take before its bytes are taken for
/// left over.
const INCOMING_AGE: Duration = Duration::from_secs(24 * 3600);

/// What removing a dump came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Removed {
    /// The record as it is now.
    pub record: Record,
    /// What its bytes took in the store.
    pub freed_bytes: u64,
}

impl Dumps {
    /// Removes the bytes of a dump and keeps its record. One that is removed
    /// already is fine.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] without such a dump; when the store fails.
    pub fn remove(&self, id: &DumpId, reason: &str) -> Result<Removed> {
        self.remove_if(id, Label::of("rm"), reason, &mut |_| Ok(()))
    }

    /// Removes a dump unless `check` objects to its record as it then is.
    pub(crate) fn remove_if(
        &self,
        id: &DumpId,
        label: Label,
        reason: &str,
        check: &mut dyn FnMut(&Record) -> Result<()>,
    ) -> Result<Removed> {
        let mut freed_bytes = 0;
        let record = self.change(id, label, &mut |record| {
            freed_bytes = 0;
            if record.is_purged() {
                return Ok(());
            }
            check(record)?;
            freed_bytes = record.stored_bytes().unwrap_or_default();
            self.mark_purged(record, reason);
            Ok(())
        })?;
        self.delete_bytes_of(&record)?;
        Ok(Removed { record, freed_bytes })
    }

    /// Writes into a record that the dump's bytes are removed.
    pub(crate) fn mark_purged(&self, record: &mut Record, reason: &str) {
        let freed = record.stored_bytes().unwrap_or_default();
        let members = record.members_mut();
        members.extend(number(now()).map(|now| ("purged".to_owned(), now)));
        if let Some(author) = &self.author {
            members.insert("purged_by".into(), author.as_str().into());
        }
        members.insert("purged_reason".into(), reason.into());
        members.insert("purged_bytes".into(), freed.into());
    }

    /// Deletes the bytes of a removed dump, if they are still there.
    pub(crate) fn delete_bytes_of(&self, record: &Record) -> Result<bool> {
        let Some(path) = record.dump_path() else { return Ok(false) };
        let id = record.id();
        let Ok(path) = Path::parse(path) else { return Ok(false) };
        // Only what lies beside the record is the record's to delete.
        if path.parent() != Some(child(&self.root, &id.to_string())?) {
            return Ok(false);
        }
        let object = match self.manta.info(&path) {
            Ok(Info::Object(object)) => object,
            Ok(Info::Directory(_)) => return Ok(false),
            Err(error) if error.is_not_found() => return Ok(false),
            Err(error) => {
                return Err(Error::store(format!("cannot look at {path}"))(
                    error,
                ));
            }
        };
        // The object is known; only now is the record asked.
        let still = self.record(&id)?;
        if !still.is_some_and(|record| {
            record.is_purged() && record.dump_path() == Some(path.as_str())
        }) {
            return Ok(false);
        }
        self.delete_object(&object)
    }

    /// Deletes an object if it is still the same version.
    fn delete_object(&self, object: &ObjectInfo) -> Result<bool> {
        let condition = Condition::unchanged(object.etag.clone());
        match self.manta.delete(&object.path, &condition) {
            Ok(()) => Ok(true),
            Err(error) if error.is_not_found() || error.is_conflict() => {
                Ok(false)
            }
            Err(error) => {
                let what = format!("cannot delete {}", object.path);
                Err(Error::store(what)(error))
            }
        }
    }

    /// Removes a dump and all that is known of it, and returns what that
    /// freed.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] without such a dump; [`Error::Refused`] when it is
    /// changed meanwhile; when the store fails.
    pub fn forget(&self, id: &DumpId) -> Result<u64> {
        let path = record_path(&self.root, id)?;
        let directory = child(&self.root, &id.to_string())?;
        let info = match self.manta.info(&path) {
            Ok(info) => info,
            Err(error) if error.is_not_found() => {
                return Err(Error::NotFound {
                    wanted: id.to_string(),
                    hint: None,
                });
            }
            Err(error) => {
                return Err(Error::store(format!("cannot read {path}"))(error));
            }
        };
        let objects = self.objects_of(&directory)?;
        // The record goes first: what is not listed is not there. An upload
        // that begins now takes other names.
        let gone = match &info {
            Info::Object(record) => self.delete_object(record)?,
            Info::Directory(_) => false,
        };
        if !gone {
            let what = format!("forget {}", id.short());
            let why = "it was changed at the same time";
            return Err(refused(what, why, Some("try again")));
        }
        let mut freed = 0u64;
        for object in &objects {
            if object.path != path && self.delete_object(object)? {
                freed = freed.saturating_add(object.stored_bytes.unwrap_or(0));
            }
        }
        // Somebody may have begun to upload it again.
        let _ = self.manta.delete(&directory, &Condition::none());
        Ok(freed)
    }

    fn objects_of(&self, directory: &Path) -> Result<Vec<ObjectInfo>> {
        let mut objects = Vec::new();
        self.manta
            .list_all(directory, &mut |entry| {
                if let Info::Object(object) = entry {
                    objects.push(object);
                }
                Ok(())
            })
            .map_err(Error::store(format!("cannot list {directory}")))?;
        Ok(objects)
    }

    /// Deletes what removals and uploads that were killed left behind, and
    /// returns how many objects that were. For a quiet moment.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub fn sweep(&self) -> Result<u64> {
        let mut swept = self.sweep_incoming(INCOMING_AGE)?;
        let any = Test::Is { negated: true, any: vec![Pattern::Absent] };
        let path = PropPath::parse("purged").expect("not empty");
        let mut spec = Spec::default();
        spec.terms.push(Term::Prop { path, test: any });
        let mut purged = Vec::new();
        self.visit(&spec, &mut |record| {
            purged.push(record);
            Ok(())
        })?;
        for record in &purged {
            swept += u64::from(self.delete_bytes_of(record)?);
        }
        Ok(swept)
    }

    /// Deletes, besides what [`Dumps::sweep`] does, every object beside a
    /// record that the record does not name and that is older than `age`:
    /// what killed uploads left behind whose dump nobody uploaded again. It
    /// lists every dump's directory, so it is for a quiet moment; whatever is
    /// being uploaded must be younger.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub fn sweep_all(&self, age: Duration) -> Result<u64> {
        let mut swept = self.sweep()?;
        swept += self.sweep_incoming(age)?;
        let mut ids = Vec::new();
        each_id(&*self.manta, &self.root, &mut |id| ids.push(id))?;
        for id in ids {
            swept += self.sweep_beside(&id, age)?;
        }
        Ok(swept)
    }

    fn sweep_beside(&self, id: &DumpId, age: Duration) -> Result<u64> {
        let directory = child(&self.root, &id.to_string())?;
        let mut objects = self.objects_of(&directory)?;
        let dead_line = now() - age.as_secs_f64();
        objects.retain(|object| {
            object.mtime.as_millisecond() as f64 / 1000.0 <= dead_line
        });
        // The record is asked after the objects are known, so what it names
        // by now is kept.
        let record = match self.record(id) {
            Ok(record) => record,
            // Nobody knows what it names.
            Err(Error::Record { .. }) => return Ok(0),
            Err(error) => return Err(error),
        };
        let named = record.as_ref().map(names_of).unwrap_or_default();
        let mut swept = 0;
        for object in &objects {
            let name = object.path.name();
            let is_history = name.starts_with(OBJECTS) && record.is_some();
            let kept = name == "info.json"
                || is_history
                || named.iter().any(|kept| kept == name);
            if !kept {
                swept += u64::from(self.delete_object(object)?);
            }
        }
        if record.is_none() && swept == objects.len() as u64 {
            // Fails when somebody put something meanwhile, as it should.
            let _ = self.manta.delete(&directory, &Condition::none());
        }
        Ok(swept)
    }

    /// Deletes the bytes of streams that never became a dump.
    pub(crate) fn sweep_incoming(&self, age: Duration) -> Result<u64> {
        let directory = child(&self.root, crate::stream::INCOMING)?;
        let objects = match self.objects_of(&directory) {
            Ok(objects) => objects,
            Err(Error::Store { source, .. }) if source.is_not_found() => {
                return Ok(0);
            }
            Err(error) => return Err(error),
        };
        let mut swept = 0;
        for object in objects {
            let old =
                object.mtime.as_second() as f64 <= now() - age.as_secs_f64();
            if old {
                swept += u64::from(self.delete_object(&object)?);
            }
        }
        Ok(swept)
    }
}

/// Returns the names of the objects beside a record that it names.
fn names_of(record: &Record) -> Vec<String> {
    let mut names: Vec<String> = attachments_of(record)
        .into_iter()
        .map(|attachment| attachment.object)
        .collect();
    let dump = record.dump_path().and_then(|path| path.rsplit('/').next());
    if !record.is_purged() {
        names.extend(dump.map(str::to_owned));
    }
    names
}

/// Tells whether a dump is kept whatever the policy: its property `pinned`
/// says so.
pub(crate) fn is_pinned(record: &Record) -> bool {
    let pinned = record.properties().and_then(|all| all.get("pinned"));
    !matches!(pinned, None | Some(Value::Null | Value::Bool(false)))
}
