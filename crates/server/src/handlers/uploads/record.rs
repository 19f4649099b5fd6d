//! What is known of a multipart upload: a document of the service's own.
//!
//! It is an object in the service's account, changed by compare-and-swap, so
//! that of two commits, or a commit and an abort, one wins. Parts are
//! ordinary objects in the upload's directory; the document says what may be
//! done with them.
//!
//! ```text
//! created --commit--> finalizing --> done (committed)
//!    |                    |
//!    |                    +--(what was promised does not hold)--> created
//!    +------abort-----> finalizing --> done (aborted)
//! ```
//!
//! The object and the word that the upload is done are one transaction. A
//! server that dies before it leaves `finalizing`; the same request made again
//! goes on from there.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use thoth_manta::{
    Code, Condition, Error, Etag, Manta, MantaExt, Metadata, ObjectId, Path,
    PutOptions, Result, Timestamp,
};
use thoth_store::{Beside, Embedded};

use crate::target::INTERNAL_ACCOUNT;

/// The longest document: a commit names up to 10,000 parts.
const MAX_RECORD: u64 = 1 << 21;

/// How far an upload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    Created,
    Finalizing,
    Done,
}

/// How an upload ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum End {
    Commit,
    Abort,
}

/// A multipart upload.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) id: String,
    pub(super) account: String,
    pub(super) state: State,
    pub(super) end: Option<End>,
    /// The path as it was sent, percent-encoded.
    pub(super) target: String,
    pub(super) headers: Map<String, Value>,
    pub(super) copies: u8,
    pub(super) created_ms: i64,
    /// The etags of a commit.
    pub(super) parts: Option<Vec<String>>,
    pub(super) parts_md5: Option<String>,
    /// The MD5 of what was committed, in base64.
    pub(super) md5: Option<String>,
}

/// A record as it was read, with the version to swap.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) record: Record,
    etag: Etag,
}

impl Record {
    /// Returns the digits that come before an id in its path; `None` when
    /// the id is none of ours.
    pub(super) fn prefix(id: &str) -> Option<&str> {
        ObjectId::parse(id)?;
        let digits = match id.as_bytes().last()? {
            digit @ b'1'..=b'4' => usize::from(digit - b'0'),
            _ => return None,
        };
        id.get(..digits)
    }

    /// Makes an id, whose last digit says how long its prefix is.
    pub(super) fn fresh_id() -> Result<String> {
        let mut id = crate::fresh_uuid()?;
        id.pop();
        id.push('1');
        Ok(id)
    }

    /// Returns the directory of the parts.
    pub(super) fn directory(&self) -> Result<Path> {
        directory(&self.account, &self.id)
    }

    /// Returns the document that clients are shown.
    pub(super) fn shown(&self) -> Result<Value> {
        let mut shown = Map::new();
        shown.insert("id".into(), json!(self.id));
        shown.insert("state".into(), json!(self.state));
        if self.state != State::Done {
            let directory = self.directory()?.to_encoded();
            shown.insert("partsDirectory".into(), json!(directory));
        }
        shown.insert("targetObject".into(), json!(self.target));
        shown.insert("headers".into(), Value::Object(self.headers.clone()));
        shown.insert("numCopies".into(), json!(self.copies));
        shown.insert("creationTimeMs".into(), json!(self.created_ms));
        match (self.state, self.end) {
            (State::Finalizing, Some(end)) => {
                shown.insert("type".into(), json!(end));
            }
            (State::Done, Some(End::Commit)) => {
                shown.insert("result".into(), json!("committed"));
                shown.insert("partsMD5Summary".into(), json!(self.parts_md5));
            }
            (State::Done, _) => {
                shown.insert("result".into(), json!("aborted"));
            }
            _ => {}
        }
        Ok(Value::Object(shown))
    }

    /// Keeps a new record.
    pub(super) fn create(&self, store: &Embedded) -> Result<()> {
        let place = place(&self.id)?;
        self.write(store, &place, Condition::create_only()).map(|_| ())
    }

    fn to_json(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|error| {
            Error::new(Code::InternalError, "cannot write an upload's record")
                .because(error)
        })
    }

    fn write(
        &self,
        store: &Embedded,
        place: &Path,
        condition: Condition,
    ) -> Result<Etag> {
        let body = self.to_json()?;
        let options = PutOptions { condition, ..PutOptions::default() };
        let put = match store.put_bytes(place, &body, &options) {
            Err(error) if error.code() == Code::DirectoryDoesNotExist => {
                if let Some(parent) = place.parent() {
                    store.mkdirp(&parent)?;
                }
                store.put_bytes(place, &body, &options)
            }
            other => other,
        };
        put.map(|info| info.etag)
    }

    /// Finds a record; `None` when there is no such upload.
    pub(super) fn find(
        store: &Embedded,
        account: &str,
        id: &str,
    ) -> Result<Option<Held>> {
        if Record::prefix(id).is_none() {
            return Ok(None);
        }
        match store.get(&place(id)?, MAX_RECORD) {
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
            Ok((info, body)) => {
                let record: Record =
                    serde_json::from_slice(&body).map_err(|error| {
                        Error::new(
                            Code::InternalError,
                            format!("the record of upload {id} is damaged"),
                        )
                        .because(error)
                    })?;
                let held = Held { record, etag: info.etag };
                Ok(Some(held).filter(|held| held.record.account == account))
            }
        }
    }
}

impl Held {
    /// Returns the same change as an object to be put in one transaction with
    /// others, if nobody has changed the record meanwhile.
    pub(super) fn beside(
        &self,
        change: impl FnOnce(&mut Record),
    ) -> Result<Beside> {
        let mut record = self.record.clone();
        change(&mut record);
        Ok(Beside {
            path: place(&record.id)?,
            body: record.to_json()?,
            condition: Condition::unchanged(self.etag.clone()),
            metadata: Metadata::default(),
        })
    }

    /// Changes the record, if nobody else has meanwhile.
    ///
    /// # Errors
    ///
    /// `PreconditionFailed` when somebody has.
    pub(super) fn swap(
        &self,
        store: &Embedded,
        change: impl FnOnce(&mut Record),
    ) -> Result<Held> {
        let mut record = self.record.clone();
        change(&mut record);
        let condition = Condition::unchanged(self.etag.clone());
        let etag = record.write(store, &place(&record.id)?, condition)?;
        Ok(Held { record, etag })
    }
}

/// Returns where a record is kept.
fn place(id: &str) -> Result<Path> {
    let shard = id.get(..2).unwrap_or_default();
    let text = format!("/{INTERNAL_ACCOUNT}/stor/uploads/{shard}/{id}");
    Ok(Path::parse(&text)?)
}

/// Returns the directory of an upload's parts.
pub(super) fn directory(account: &str, id: &str) -> Result<Path> {
    let prefix = Record::prefix(id).unwrap_or_default();
    Ok(Path::parse(&format!("/{account}/uploads/{prefix}/{id}"))?)
}

/// Forgets the records of uploads that ended before a time; returns how many.
pub(crate) fn clean_up(store: &Embedded, before: Timestamp) -> Result<u64> {
    let root = Path::parse(&format!("/{INTERNAL_ACCOUNT}/stor/uploads"))?;
    let mut shards = Vec::new();
    let listed = store.list_all(&root, &mut |entry| {
        shards.push(entry.path().clone());
        Ok(())
    });
    match listed {
        Err(error) if error.is_not_found() => return Ok(0),
        other => other?,
    }
    let mut forgotten = 0;
    for shard in shards {
        let mut old = Vec::new();
        store.list_all(&shard, &mut |entry| {
            if let Some(object) = entry.object()
                && object.mtime < before
            {
                old.push((object.path.clone(), object.etag.clone()));
            }
            Ok(())
        })?;
        for (path, etag) in old {
            let (_, body) = store.get(&path, MAX_RECORD)?;
            let done = serde_json::from_slice::<Record>(&body)
                .is_ok_and(|record| record.state == State::Done);
            if done {
                store.delete(&path, &Condition::unchanged(etag))?;
                forgotten += 1;
            }
        }
    }
    Ok(forgotten)
}
