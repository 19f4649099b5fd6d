//! Objects: PUT, and reading them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::{StatusCode, header};
use thoth_manta::{
    Code, Error, Info, Manta, Md5, Metadata, ObjectInfo, ObjectReader, Path,
    PutOptions, Result,
};

use super::Call;
use crate::auth::{Action, ROLE_TAG};
use crate::body::{ObjectPart, read_piece};
use crate::conditions::{self, Verdict};
use crate::headers;
use crate::reply::{Reply, ReplyBody};
use crate::request::Request;

/// Objects up to this size are read before the answer begins.
const READ_AT_ONCE: u64 = 256 * 1024;

impl Call<'_> {
    pub(super) fn put_object(&mut self, path: &Path) -> Result<Reply> {
        self.allow_put(Action::PutObject, path)?;
        if path.is_root() {
            return Err(Error::new(
                Code::OperationNotAllowedOnRootDirectory,
                format!("PUT is not allowed on {path}"),
            ));
        }
        let options = self.put_options(path)?;
        self.store_body(path, &options)
    }

    /// Stores the body, unless that is bound to fail.
    pub(super) fn store_body(
        &mut self,
        path: &Path,
        options: &PutOptions,
    ) -> Result<Reply> {
        let store = &self.core.store;
        store.check_put(path, options)?;
        let info = store
            .put(path, self.body, options)
            .map_err(|error| self.body.explain(error))?;
        let mut reply = Reply::no_content();
        reply.set_etag(&info.etag);
        reply.set_modified(info.mtime);
        reply.set_md5("computed-md5", info.md5);
        if let Some(origin) = self.request.header("origin") {
            reply.set(headers::ALLOW_ORIGIN, origin);
        }
        Ok(reply)
    }

    fn put_options(&self, path: &Path) -> Result<PutOptions> {
        let request = self.request;
        let (length_bytes, max_bytes) = self.lengths()?;
        let content_type =
            headers::content_type(request.header("content-type"));
        Ok(PutOptions {
            condition: conditions::of_request(request),
            metadata: self.new_metadata(path, content_type)?,
            length_bytes,
            max_bytes,
            durability: self.durability()?,
            md5: promised_md5(request)?,
            ..PutOptions::default()
        })
    }

    /// Returns the length of the body, and the most that it may have.
    pub(super) fn lengths(&self) -> Result<(Option<u64>, Option<u64>)> {
        let request = self.request;
        let most = match request.header("max-content-length") {
            None => None,
            Some(text) => Some(text.trim().parse::<u64>().map_err(|_| {
                Error::new(
                    Code::InvalidMaxContentLength,
                    format!("max-content-length \"{text}\" is invalid"),
                )
            })?),
        };
        if request.is_chunked() {
            let usual = self.core.settings.max_chunked_bytes;
            return Ok((None, Some(most.unwrap_or(usual))));
        }
        match request.content_length() {
            Some(length) => Ok((Some(length), most)),
            None => Err(Error::new(
                Code::ContentLengthRequired,
                "neither content-length nor transfer-encoding: chunked",
            )),
        }
    }

    fn durability(&self) -> Result<u8> {
        let request = self.request;
        let asked = request
            .header("durability-level")
            .or_else(|| request.header("x-durability-level"));
        match asked {
            None => Ok(2),
            Some(text) => {
                let level = text.trim().parse().unwrap_or(0);
                check_durability(level, self.core.settings.max_durability)
            }
        }
    }

    /// Returns what is attached to a name by the headers of a PUT.
    pub(super) fn new_metadata(
        &self,
        path: &Path,
        content_type: String,
    ) -> Result<Metadata> {
        let mut kept = self.new_headers(path)?;
        if let Some(text) = headers::disposition(self.request)? {
            kept.insert("content-disposition".to_owned(), text);
        }
        if path.area() == Some(thoth_manta::Area::Public) {
            kept.entry(headers::ALLOW_ORIGIN.to_owned())
                .or_insert_with(|| "*".to_owned());
        }
        Ok(Metadata { content_type, headers: kept })
    }

    /// Returns the headers kept with a name, with its role tags.
    pub(super) fn new_headers(
        &self,
        path: &Path,
    ) -> Result<std::collections::BTreeMap<String, String>> {
        let mut kept = headers::kept(self.request);
        if let Some(tags) = self.new_tags(path)? {
            kept.insert(ROLE_TAG.to_owned(), tags);
        }
        Ok(kept)
    }

    /// Answers GET and HEAD of whatever is there.
    pub(super) fn read(&mut self, path: &Path) -> Result<Reply> {
        if !self.request.is_head() {
            match self.core.store.open(path) {
                Ok(reader) => {
                    let info = reader.info().clone();
                    self.allow_read(&info)?;
                    return self.send_object(&info, Some(reader));
                }
                Err(error) if is_no_object(error.code()) => {}
                Err(error) => return Err(error),
            }
        }
        match self.find(path)? {
            None => {
                self.allow_new(Action::GetObject, path)?;
                Err(self.absent(path))
            }
            Some(Info::Directory(directory)) => {
                let headers = &directory.headers;
                self.allow_tagged(Action::GetDirectory, path, headers)?;
                self.list(&directory)
            }
            Some(Info::Object(info)) => {
                self.allow_read(&info)?;
                self.send_object(&info, None)
            }
        }
    }

    fn allow_read(&mut self, info: &ObjectInfo) -> Result<()> {
        let headers = &info.metadata.headers;
        self.allow_tagged(Action::GetObject, &info.path, headers)
    }

    /// Answers with an object; without a reader, with its headers only.
    pub(super) fn send_object(
        &self,
        info: &ObjectInfo,
        reader: Option<Box<dyn ObjectReader>>,
    ) -> Result<Reply> {
        let request = self.request;
        let content_type = info.metadata.content_type.as_str();
        if !headers::accepts(request.header("accept"), content_type) {
            return Err(Error::new(
                Code::NotAcceptable,
                format!("{}: its content type is {content_type}", info.path),
            ));
        }
        let condition = conditions::of_request(request);
        if conditions::judge_read(&condition, info)? == Verdict::NotModified {
            let mut reply = Reply::new(StatusCode::NOT_MODIFIED);
            reply.set_etag(&info.etag);
            reply.set_modified(info.mtime);
            headers::send(&info.metadata.headers, request, &mut reply);
            return Ok(reply);
        }
        let size = info.size_bytes;
        let asked = reader.as_ref().and(request.header("range"));
        let range = match conditions::range(asked, size) {
            Ok(range) => range,
            Err(error) => return Ok(refuse_range(&error, size)),
        };
        let mut reply = match &range {
            None => {
                let mut reply = Reply::new(StatusCode::OK);
                reply.set_md5("content-md5", info.md5);
                reply.set("accept-ranges", "bytes");
                reply
            }
            Some(range) => {
                let mut reply = Reply::new(StatusCode::PARTIAL_CONTENT);
                let last = range.end.saturating_sub(1);
                let text = format!("bytes {}-{last}/{size}", range.start);
                reply.set("content-range", &text);
                reply
            }
        };
        let range = range.unwrap_or(0..size);
        let length = range.end.saturating_sub(range.start);
        reply.set_etag(&info.etag);
        reply.set_modified(info.mtime);
        reply.set("content-type", content_type);
        reply.headers.insert(header::CONTENT_LENGTH, length.into());
        reply.set("durability-level", &info.durability.to_string());
        headers::send(&info.metadata.headers, request, &mut reply);
        reply.body = match reader {
            None => ReplyBody::None,
            Some(reader) if length <= READ_AT_ONCE => {
                ReplyBody::Bytes(read_piece(reader.as_ref(), range)?)
            }
            Some(reader) => ReplyBody::Object(ObjectPart::new(reader, range)),
        };
        Ok(reply)
    }
}

/// Tells whether an object could not be opened because there is none.
fn is_no_object(code: Code) -> bool {
    matches!(
        code,
        Code::ResourceNotFound | Code::OperationNotAllowedOnDirectory
    )
}

fn refuse_range(error: &Error, size: u64) -> Reply {
    let mut reply = Reply::error(error);
    if error.code() == Code::RequestedRangeNotSatisfiable {
        reply.set("content-range", &format!("bytes */{size}"));
    }
    reply
}

/// Returns a durability level that may be asked for.
pub(super) fn check_durability(level: u8, most: u8) -> Result<u8> {
    if (1..=most).contains(&level) {
        return Ok(level);
    }
    Err(Error::new(
        Code::InvalidDurabilityLevel,
        format!("durability-level must be between 1 and {most}"),
    ))
}

/// Returns the MD5 that the request promises.
pub(super) fn promised_md5(request: &Request) -> Result<Md5> {
    if !request.has("content-md5") {
        return Ok(Md5::Compute);
    }
    request
        .header("content-md5")
        .and_then(decode_md5)
        .map(Md5::Promised)
        .ok_or_else(|| Error::new(Code::BadRequest, "Content-MD5 invalid"))
}

/// Reads a digest in base64.
pub(super) fn decode_md5(text: &str) -> Option<[u8; 16]> {
    BASE64.decode(text.trim()).ok()?.try_into().ok()
}
