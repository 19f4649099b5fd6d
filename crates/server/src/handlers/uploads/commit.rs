//! Putting an object together of its parts.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use md5::Digest;
use serde::Deserialize;
use serde_json::Value;
use thoth_manta::{
    Area, Code, Error, Etag, Info, MantaExt, Md5, Metadata, Path, PutOptions,
    Result,
};
use thoth_store::{ConcatOptions, Part};

use super::record::{End, Held, Record, State};
use super::{Call, committed, invalid, target_path, wrong_state};
use crate::auth::Action;
use crate::conditions;
use crate::handlers::objects::decode_md5;
use crate::headers;
use crate::reply::Reply;

/// The longest document that commits an upload.
const MAX_COMMIT: usize = 500 * 1024;
/// The least that a part but the last may have.
const MIN_PART: u64 = 5 << 20;

/// The document that commits an upload.
#[derive(Deserialize)]
struct Commit {
    parts: Vec<String>,
}

impl Call<'_> {
    pub(super) fn commit(&mut self, path: &Path, id: &str) -> Result<Reply> {
        self.allow_upload(Action::CommitUpload, path)?;
        self.held_in(path, id)?;
        let body = self.body.read_all(MAX_COMMIT)?;
        let commit: Commit =
            serde_json::from_slice(&body).map_err(|error| {
                invalid("expected {\"parts\": [etag, ...]}").because(error)
            })?;
        if commit.parts.len() > super::MAX_PARTS as usize {
            return Err(invalid(format!(
                "{} parts: expected at most {}",
                commit.parts.len(),
                super::MAX_PARTS
            )));
        }
        for _ in 0..super::TRIES {
            let held = self.held_in(path, id)?;
            match self.commit_once(path, held, &commit.parts) {
                // Somebody else was first; see what it was.
                Err(Failed::Overtaken) => {}
                Err(Failed::With(error)) => return Err(error),
                Ok(reply) => return Ok(reply),
            }
        }
        Err(super::busy(path))
    }

    fn commit_once(
        &mut self,
        path: &Path,
        held: Held,
        parts: &[String],
    ) -> std::result::Result<Reply, Failed> {
        let record = &held.record;
        let id = record.id.clone();
        let same = record.parts.as_deref() == Some(parts);
        match (record.state, record.end) {
            (State::Done, Some(End::Commit)) if same => {
                // A server that died in between may have left some.
                self.drop_parts(record)?;
                return Ok(committed(record));
            }
            (State::Done, Some(End::Commit)) => {
                return Err(wrong_state(&id, "already committed").into());
            }
            (State::Done, _) => {
                return Err(wrong_state(&id, "already aborted").into());
            }
            (State::Finalizing, Some(End::Commit)) if same => {}
            (State::Finalizing, Some(End::Commit)) => {
                let what = "already has a commit in progress";
                return Err(wrong_state(&id, what).into());
            }
            (State::Finalizing, _) => {
                return Err(wrong_state(&id, "already aborted").into());
            }
            (State::Created, _) => {}
        }
        match self.finalize(&held, parts) {
            Ok(reply) => Ok(reply),
            Err(error) => self
                .back_out(path, &id, &error, parts)
                .and(Err(Failed::With(as_commit_error(error)))),
        }
    }

    /// Makes the object of the parts, in one transaction with the word that
    /// the upload is over.
    fn finalize(&mut self, held: &Held, parts: &[String]) -> Result<Reply> {
        let record = &held.record;
        let target = target_path(&record.target)?;
        let stored = self.check_parts(record, parts)?;
        self.allow_target(&target)?;
        let mut put = put_options(record, &target, stored.1)?;
        // The protocol has no conditional commits; clients that ask for one
        // are ours.
        put.condition = conditions::of_request(self.request);
        let store = &self.core.store;
        store.check_put(&target, &put)?;
        let held = if record.state == State::Created {
            let summary = BASE64.encode(md5::Md5::digest(parts.concat()));
            held.swap(store, |record| {
                record.state = State::Finalizing;
                record.end = Some(End::Commit);
                record.parts = Some(parts.to_vec());
                record.parts_md5 = Some(summary);
            })?
        } else {
            held.clone()
        };
        let options = ConcatOptions {
            put,
            remove_parts: true,
            beside: vec![held.beside(|record| record.state = State::Done)?],
        };
        let info = store.concat(&target, &stored.0, &options)?;
        // From here on it is done, whatever happens to what is left over.
        let mut done = held.record;
        done.state = State::Done;
        done.md5 = info.md5.map(|md5| BASE64.encode(md5));
        if let Err(error) = self.after_commit(&done) {
            tracing::warn!(
                id = done.id,
                error = error.message(),
                "the rest of an upload could not be removed"
            );
        }
        Ok(committed(&done))
    }

    /// Notes the digest for those who ask again, and removes parts that are
    /// not in the object.
    fn after_commit(&self, done: &Record) -> Result<()> {
        let store = &self.core.store;
        if let Some(held) = Record::find(store, &done.account, &done.id)? {
            held.swap(store, |record| record.md5.clone_from(&done.md5))?;
        }
        self.drop_parts(done)
    }

    /// After a commit failed: back to where the upload can be committed
    /// otherwise, or aborted.
    ///
    /// # Errors
    ///
    /// `Overtaken` when somebody else has ended it meanwhile.
    fn back_out(
        &self,
        path: &Path,
        id: &str,
        error: &Error,
        parts: &[String],
    ) -> std::result::Result<(), Failed> {
        if matches!(
            error.code(),
            Code::InternalError | Code::ServiceUnavailable
        ) {
            // Nobody knows whether it was committed; the same commit made
            // again finds out.
            return Ok(());
        }
        if error.is_conflict() {
            // The record, or a part, is not what it was: look again.
            return Err(Failed::Overtaken);
        }
        let held = self.held_in(path, id)?;
        let ours = held.record.state == State::Finalizing
            && held.record.end == Some(End::Commit)
            && held.record.parts.as_deref() == Some(parts);
        if !ours {
            let unchanged =
                held.record.state == State::Created && !error.is_conflict();
            return if unchanged { Ok(()) } else { Err(Failed::Overtaken) };
        }
        let swapped = held.swap(&self.core.store, |record| {
            record.state = State::Created;
            record.end = None;
            record.parts = None;
            record.parts_md5 = None;
        });
        match swapped {
            Err(error) if error.is_conflict() => Err(Failed::Overtaken),
            Err(error) => Err(error.into()),
            Ok(_) => Ok(()),
        }
    }

    /// Asks whether the caller may write the target.
    fn allow_target(&mut self, target: &Path) -> Result<()> {
        if target.is_root() {
            return Err(Error::new(
                Code::OperationNotAllowedOnRootDirectory,
                format!("PUT is not allowed on {target}"),
            ));
        }
        self.refuse_reports(target)?;
        let trail = (self.trail.action, self.trail.path.clone());
        self.allow_put(Action::PutObject, target)?;
        (self.trail.action, self.trail.path) = trail;
        Ok(())
    }

    /// Checks the list of a commit against the parts; returns them, and how
    /// long they are together.
    fn check_parts(
        &self,
        record: &Record,
        parts: &[String],
    ) -> Result<(Vec<Part>, u64)> {
        let there = self.parts_there(record)?;
        let directory = record.directory()?;
        let (mut known, mut sum) = (Vec::with_capacity(parts.len()), 0u64);
        for (number, etag) in parts.iter().enumerate() {
            let name = number.to_string();
            let part = there.get(&name).ok_or_else(|| {
                invalid(format!("part {number} does not exist"))
            })?;
            if part.0.as_str() != etag {
                return Err(invalid(format!(
                    "part {number}: expected etag {etag}, found {}",
                    part.0
                )));
            }
            let last = number + 1 == parts.len();
            if !last && part.1 < MIN_PART {
                return Err(invalid(format!(
                    "part {number} has {} bytes, expected {MIN_PART} or more",
                    part.1
                )));
            }
            known.push(Part {
                path: directory.join(&name)?,
                etag: part.0.clone(),
            });
            sum = sum.saturating_add(part.1);
        }
        let promised =
            record.headers.get("content-length").and_then(Value::as_u64);
        match promised.filter(|length| *length != sum) {
            None => Ok((known, sum)),
            Some(length) => Err(invalid(format!(
                "the parts have {sum} bytes, expected {length}"
            ))),
        }
    }

    fn parts_there(
        &self,
        record: &Record,
    ) -> Result<HashMap<String, (Etag, u64)>> {
        let mut there = HashMap::new();
        let directory = record.directory()?;
        self.core.store.list_all(&directory, &mut |entry| {
            if let Info::Object(object) = entry {
                let name = object.path.name().to_owned();
                there.insert(name, (object.etag, object.size_bytes));
            }
            Ok(())
        })?;
        Ok(there)
    }
}

/// Why a commit did not come about.
enum Failed {
    /// Somebody else changed the upload meanwhile.
    Overtaken,
    With(Error),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Failed {
        Failed::With(error)
    }
}

/// What was promised of the whole is an argument of the upload.
fn as_commit_error(error: Error) -> Error {
    match error.code() {
        Code::ContentMd5Mismatch
        | Code::UploadAbandoned
        | Code::SourceObjectNotFound => invalid(error.message().to_owned()),
        _ => error,
    }
}

/// Returns how the object is to be stored.
fn put_options(
    record: &Record,
    target: &Path,
    size: u64,
) -> Result<PutOptions> {
    let text = |name: &str| match record.headers.get(name) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        Some(Value::Bool(flag)) => Some(flag.to_string()),
        _ => None,
    };
    let md5 = match text("content-md5") {
        None => Md5::Compute,
        Some(text) => Md5::Promised(decode_md5(&text).ok_or_else(|| {
            invalid(format!("content-md5 {text:?} is no digest"))
        })?),
    };
    let mut kept = headers::kept_of(
        record
            .headers
            .keys()
            .filter_map(|name| text(name).map(|value| (name.as_str(), value))),
    );
    if let Some(disposition) = text("content-disposition") {
        kept.insert(
            "content-disposition".to_owned(),
            headers::canonical_disposition(&disposition)?,
        );
    }
    if let Some(tags) = text("role-tag") {
        kept.insert(crate::auth::ROLE_TAG.to_owned(), tags);
    }
    if target.area() == Some(Area::Public) {
        kept.entry(headers::ALLOW_ORIGIN.to_owned())
            .or_insert_with(|| "*".to_owned());
    }
    Ok(PutOptions {
        metadata: Metadata {
            content_type: headers::content_type(
                text("content-type").as_deref(),
            ),
            headers: kept,
        },
        length_bytes: Some(size),
        durability: record.copies,
        md5,
        ..PutOptions::default()
    })
}
