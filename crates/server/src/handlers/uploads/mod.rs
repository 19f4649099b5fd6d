//! Multipart uploads: an object sent in parts, in any order, and put
//! together at the end.

mod commit;
mod record;

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};
use thoth_manta::{
    Area, Code, DirectoryOptions, Error, Manta, Md5, Path, PutOptions, Result,
    Timestamp,
};

use super::objects::check_durability;
use super::{Call, created, method_not_allowed};
use crate::auth::Action;
use crate::headers;
use crate::reply::Reply;
use crate::target::Target;
use record::{Held, Record, State};

pub(crate) use record::clean_up;

/// The longest document that makes an upload.
const MAX_CREATE: usize = 100 * 1024;
/// Parts that an upload may have.
const MAX_PARTS: u32 = 10_000;
/// How often an end is tried against others.
const TRIES: u32 = 50;
/// Headers that an upload cannot have, since it is judged at its end.
const FORBIDDEN: &[&str] =
    &["if-match", "if-none-match", "if-modified-since", "if-unmodified-since"];

fn invalid(text: impl Into<String>) -> Error {
    Error::new(Code::MultipartUploadInvalidArgument, text)
}

fn busy(path: &Path) -> Error {
    Error::new(
        Code::ConcurrentRequest,
        format!("{path} was being concurrently updated"),
    )
}

fn wrong_state(id: &str, what: &str) -> Error {
    Error::new(
        Code::InvalidMultipartUploadState,
        format!("upload {id}: {what}"),
    )
}

impl Call<'_> {
    /// Answers whatever is asked at or below `/:login/uploads`.
    pub(super) fn upload(&mut self, path: &Path) -> Result<Reply> {
        let below: Vec<&str> = path.components().skip(2).collect();
        let method = self.request.method.clone();
        let reads = matches!(method, Method::GET | Method::HEAD);
        match (below.as_slice(), method) {
            ([], Method::POST) => self.create_upload(path),
            ([id] | [id, _], _)
                if thoth_manta::ObjectId::parse(id).is_some() =>
            {
                self.redirect(path, &below)
            }
            ([] | [_] | [_, _], _) if reads => self.read(path),
            ([_, id, "state"], Method::GET) => self.state(path, id),
            ([_, id, "commit"], Method::POST) => self.commit(path, id),
            ([_, id, "abort"], Method::POST) => self.abort(path, id),
            ([_, _, "state" | "commit" | "abort"], _) => {
                Err(method_not_allowed(self.request))
            }
            ([_, id, part], Method::PUT) => self.put_part(path, id, part),
            ([_, _, _], Method::HEAD) => self.read(path),
            _ => Err(method_not_allowed(self.request)),
        }
    }

    /// Only the holders of accounts make uploads.
    fn allow_upload(&mut self, action: Action, path: &Path) -> Result<()> {
        self.allow(action, path, &[])?;
        if self.who.subuser.is_none() {
            return Ok(());
        }
        Err(Error::new(
            Code::AuthorizationFailed,
            format!("{} is not allowed to access {path}", self.who.login),
        ))
    }

    fn create_upload(&mut self, path: &Path) -> Result<Reply> {
        self.allow_upload(Action::CreateUpload, path)?;
        let account = path.account().to_owned();
        let body = self.body.read_all(MAX_CREATE)?;
        let document: Value = serde_json::from_slice(&body)
            .map_err(|error| invalid("expected JSON").because(error))?;
        let record = self.new_record(account, &document)?;
        record.create(&self.core.store)?;
        let directory = record.directory()?;
        if let Some(prefix) = directory.parent() {
            self.core.store.mkdir(&prefix)?;
        }
        let options = DirectoryOptions::default();
        self.core.store.mkdir_with(&directory, &options)?;
        let answer = json!({
            "id": record.id,
            "partsDirectory": directory.to_encoded(),
        });
        Ok(Reply::json(StatusCode::CREATED, &answer))
    }

    /// Checks the document that makes an upload.
    fn new_record(&self, account: String, document: &Value) -> Result<Record> {
        let target = document
            .get("objectPath")
            .and_then(Value::as_str)
            .ok_or_else(|| invalid("objectPath: expected a path"))?;
        target_path(target)?;
        let mut lowered = Map::new();
        match document.get("headers") {
            None | Some(Value::Null) => {}
            Some(Value::Object(headers)) => {
                for (name, value) in headers {
                    lowered.insert(name.to_ascii_lowercase(), value.clone());
                }
            }
            Some(_) => return Err(invalid("headers: expected an object")),
        }
        let copies = self.check_headers(&lowered)?;
        Ok(Record {
            id: Record::fresh_id()?,
            account,
            state: State::Created,
            end: None,
            target: target.to_owned(),
            headers: lowered,
            copies,
            created_ms: Timestamp::now().as_millisecond(),
            parts: None,
            parts_md5: None,
            md5: None,
        })
    }

    /// Checks the headers that the object is going to have; returns how many
    /// copies it will have.
    fn check_headers(&self, headers: &Map<String, Value>) -> Result<u8> {
        if let Some(name) = FORBIDDEN.iter().find(|n| headers.contains_key(**n))
        {
            return Err(invalid(format!("header {name} is not allowed")));
        }
        if let Some(length) = headers.get("content-length")
            && length.as_u64().is_none()
        {
            return Err(invalid(format!(
                "content-length {length}: expected a number from 0"
            )));
        }
        if let Some(text) =
            headers.get("content-disposition").and_then(Value::as_str)
        {
            headers::canonical_disposition(text)?;
        }
        let most = self.core.settings.max_durability;
        let level = headers
            .get("durability-level")
            .or_else(|| headers.get("x-durability-level"));
        match level {
            None => Ok(2),
            Some(level) => {
                let number = level.as_u64().or_else(|| {
                    level.as_str().and_then(|text| text.parse().ok())
                });
                let number = number.and_then(|n| u8::try_from(n).ok());
                check_durability(number.unwrap_or(0), most)
            }
        }
    }

    /// Says where an upload is that is named by its id alone.
    fn redirect(&mut self, path: &Path, below: &[&str]) -> Result<Reply> {
        self.allow_upload(Action::GetUpload, path)?;
        if self.request.method == Method::OPTIONS {
            return Err(method_not_allowed(self.request));
        }
        let id = below.first().copied().unwrap_or_default();
        let held = self.held(path, id)?;
        let mut location = held.record.directory()?.to_encoded();
        if let Some(part) = below.get(1) {
            location.push('/');
            location.push_str(part);
        }
        let mut reply = Reply::new(StatusCode::MOVED_PERMANENTLY);
        reply.set("location", &location);
        Ok(reply)
    }

    /// Finds an upload by its id.
    fn held(&self, path: &Path, id: &str) -> Result<Held> {
        Record::find(&self.core.store, path.account(), id)?
            .ok_or_else(|| Error::not_found(path))
    }

    /// Finds an upload by the path of something in its directory.
    fn held_in(&self, path: &Path, id: &str) -> Result<Held> {
        let held = self.held(path, id)?;
        let named = path.components().nth(2);
        if named == Record::prefix(id) {
            return Ok(held);
        }
        Err(Error::not_found(path))
    }

    fn state(&mut self, path: &Path, id: &str) -> Result<Reply> {
        self.allow_upload(Action::GetUpload, path)?;
        let held = self.held_in(path, id)?;
        Ok(Reply::json(StatusCode::OK, &held.record.shown()?))
    }

    fn put_part(&mut self, path: &Path, id: &str, part: &str) -> Result<Reply> {
        self.allow_upload(Action::UploadPart, path)?;
        let number = part.parse::<u32>().ok().filter(|n| *n < MAX_PARTS);
        if number.is_none_or(|number| number.to_string() != part) {
            return Err(invalid(format!(
                "part {part}: expected a number from 0 to {}",
                MAX_PARTS - 1
            )));
        }
        let level = ["durability-level", "x-durability-level"];
        if let Some(name) = level.iter().find(|n| self.request.has(n)) {
            return Err(invalid(format!(
                "{name} is set when the upload is made, not for a part"
            )));
        }
        let held = self.held_in(path, id).map_err(|error| {
            if !error.is_not_found() {
                return error;
            }
            let parent = path.parent();
            let parent = parent.as_ref().unwrap_or(path);
            Error::new(
                Code::DirectoryDoesNotExist,
                format!("{parent} does not exist"),
            )
        })?;
        if held.record.state != State::Created {
            return Err(wrong_state(id, "already finalized"));
        }
        let (length_bytes, max_bytes) = self.lengths()?;
        let options = PutOptions {
            length_bytes,
            max_bytes,
            durability: held.record.copies,
            md5: match super::objects::promised_md5(self.request)? {
                Md5::Skip => Md5::Compute,
                md5 => md5,
            },
            ..PutOptions::default()
        };
        self.store_body(path, &options)
    }

    fn abort(&mut self, path: &Path, id: &str) -> Result<Reply> {
        self.allow_upload(Action::AbortUpload, path)?;
        self.skip_body()?;
        for _ in 0..TRIES {
            let held = self.held_in(path, id)?;
            match self.abort_once(held) {
                // Somebody else was first; see what it was.
                Err(error) if error.is_conflict() => {}
                other => return other,
            }
        }
        Err(busy(path))
    }

    fn abort_once(&self, held: Held) -> Result<Reply> {
        use record::End;
        let store = &self.core.store;
        let id = held.record.id.clone();
        let held = match (held.record.state, held.record.end) {
            (State::Done, Some(End::Abort)) => {
                return Ok(Reply::no_content());
            }
            (State::Done, _) => {
                return Err(wrong_state(&id, "already committed"));
            }
            (State::Finalizing, Some(End::Commit)) => {
                let what = "already has a commit in progress";
                return Err(wrong_state(&id, what));
            }
            (State::Finalizing, _) => held,
            (State::Created, _) => held.swap(store, |record| {
                record.state = State::Finalizing;
                record.end = Some(End::Abort);
            })?,
        };
        self.drop_parts(&held.record)?;
        held.swap(store, |record| record.state = State::Done)?;
        Ok(Reply::no_content())
    }

    /// Deletes the parts of an upload and their directory.
    fn drop_parts(&self, record: &Record) -> Result<()> {
        use thoth_manta::{Condition, MantaExt};
        let store = &self.core.store;
        let directory = record.directory()?;
        loop {
            let mut parts = Vec::new();
            let listed = store.list_all(&directory, &mut |entry| {
                parts.push(entry.path().clone());
                Ok(())
            });
            match listed {
                Err(error) if error.is_not_found() => return Ok(()),
                other => other?,
            }
            for part in parts {
                match store.delete(&part, &Condition::none()) {
                    Err(error) if !error.is_not_found() => return Err(error),
                    _ => {}
                }
            }
            match store.delete(&directory, &Condition::none()) {
                // A part came in between.
                Err(error) if error.code() == Code::DirectoryNotEmpty => {}
                Err(error) if error.is_not_found() => return Ok(()),
                other => return other,
            }
        }
    }
}

/// Reads the path of the object that an upload is to become.
fn target_path(encoded: &str) -> Result<Path> {
    match Target::parse(encoded) {
        Ok(Target::Tree(path)) if path.area() != Some(Area::Uploads) => {
            Ok(path)
        }
        _ => Err(invalid(format!(
            "objectPath {encoded:?}: expected the path of an object"
        ))),
    }
}

fn committed(record: &Record) -> Reply {
    let mut reply = created();
    reply.set("location", &record.target);
    if let Some(md5) = &record.md5 {
        reply.set("computed-md5", md5);
    }
    reply
}
