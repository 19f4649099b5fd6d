//! Answers, and what goes on the wire for an error.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use md5::{Digest, Md5};
use thoth_manta::{Code, Error, Timestamp};

use crate::body::ObjectPart;

/// What a request is answered with.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: ReplyBody,
    /// The error's code, for the log.
    pub(crate) code: Option<Code>,
    /// Whether the connection ends with this answer.
    pub(crate) close: bool,
}

/// The body of an answer.
pub(crate) enum ReplyBody {
    None,
    Bytes(Bytes),
    /// Part of an object, read as it is sent.
    Object(ObjectPart),
}

impl Reply {
    pub(crate) fn new(status: StatusCode) -> Reply {
        Reply {
            status,
            headers: HeaderMap::new(),
            body: ReplyBody::None,
            code: None,
            close: false,
        }
    }

    pub(crate) fn no_content() -> Reply {
        Reply::new(StatusCode::NO_CONTENT)
    }

    /// Answers with a JSON document and its digest.
    pub(crate) fn json(status: StatusCode, value: &serde_json::Value) -> Reply {
        Reply::bytes(status, "application/json", value.to_string().into())
    }

    /// Answers with bytes, their length and their digest.
    pub(crate) fn bytes(
        status: StatusCode,
        content_type: &'static str,
        bytes: Bytes,
    ) -> Reply {
        let mut reply = Reply::new(status)
            .with(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        if !bytes.is_empty() {
            let digest = BASE64.encode(Md5::digest(&bytes));
            reply.set("content-md5", &digest);
        }
        reply.body = ReplyBody::Bytes(bytes);
        reply
    }

    /// Answers 201 or 202, which say that they are JSON without any.
    pub(crate) fn empty_json(status: StatusCode) -> Reply {
        Reply::bytes(status, "application/json", Bytes::new())
    }

    /// Answers with an error.
    pub(crate) fn error(error: &Error) -> Reply {
        let code = error.code();
        let status = StatusCode::from_u16(code.status())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let document = serde_json::json!({
            "code": code.as_str(),
            "message": public_message(error),
        });
        let mut reply = Reply::json(status, &document);
        match code {
            Code::ServiceUnavailable => reply.set("retry-after", "30"),
            Code::Throttled => reply.set("retry-after", "1"),
            Code::UploadTimeout | Code::UploadAbandoned => reply.close = true,
            _ => {}
        }
        reply.code = Some(code);
        reply
    }

    #[must_use]
    pub(crate) fn with(
        mut self,
        name: HeaderName,
        value: HeaderValue,
    ) -> Reply {
        self.headers.insert(name, value);
        self
    }

    /// Sets a header, as long as its value can stand in one.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        if let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_bytes(value.as_bytes()),
        ) {
            self.headers.insert(name, value);
        }
    }

    pub(crate) fn set_etag(&mut self, etag: &thoth_manta::Etag) {
        self.set("etag", etag.as_str());
    }

    pub(crate) fn set_modified(&mut self, time: Timestamp) {
        self.set("last-modified", &http_date(time));
    }

    pub(crate) fn set_md5(&mut self, name: &str, md5: Option<[u8; 16]>) {
        if let Some(md5) = md5 {
            self.set(name, &BASE64.encode(md5));
        }
    }
}

/// Returns what callers are told: of our own troubles only that they are
/// ours; the log has the rest.
fn public_message(error: &Error) -> String {
    match error.code() {
        Code::InternalError => {
            "an internal error occurred; the log has it under the request's \
             id"
            .to_owned()
        }
        Code::ServiceUnavailable => {
            "the service is unavailable; try again".to_owned()
        }
        _ => error.message().to_owned(),
    }
}

/// Returns a time as HTTP writes it.
pub(crate) fn http_date(time: Timestamp) -> String {
    let second = u64::try_from(time.as_second()).unwrap_or(0);
    let since = std::time::Duration::from_secs(second);
    // The library writes years of four digits only, which is all there are.
    let latest = std::time::Duration::from_secs(253_402_300_799);
    let time = std::time::SystemTime::UNIX_EPOCH + since.min(latest);
    httpdate::fmt_http_date(time)
}

/// Reads a time as HTTP writes it; `None` for anything else.
pub(crate) fn parse_http_date(text: &str) -> Option<Timestamp> {
    let time = httpdate::parse_http_date(text.trim()).ok()?;
    Timestamp::try_from(time).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_json_with_their_digest() {
        let error = Error::new(Code::ResourceNotFound, "/a was not found");
        let reply = Reply::error(&error);
        assert_eq!(reply.status, 404);
        let ReplyBody::Bytes(body) = &reply.body else { panic!("no body") };
        assert_eq!(
            body,
            r#"{"code":"ResourceNotFound","message":"/a was not found"}"#
        );
        let digest = BASE64.encode(Md5::digest(body));
        assert_eq!(reply.headers["content-md5"], digest);
        assert_eq!(reply.headers["content-type"], "application/json");
    }

    #[test]
    fn troubles_of_ours_are_not_told() {
        let error = Error::new(Code::InternalError, "cannot open /data/x");
        let ReplyBody::Bytes(body) = Reply::error(&error).body else {
            panic!("no body")
        };
        assert!(!String::from_utf8_lossy(&body).contains("/data"));
    }

    #[test]
    fn dates_go_both_ways() {
        let time = Timestamp::from_second(1_795_407_434).expect("time");
        let text = http_date(time);
        assert_eq!(text, "Mon, 23 Nov 2026 04:17:14 GMT");
        assert_eq!(parse_http_date(&text), Some(time));
        assert_eq!(parse_http_date("yesterday"), None);
        http_date(Timestamp::MAX);
        http_date(Timestamp::MIN);
    }
}
