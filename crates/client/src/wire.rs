//! Headers and lines of the protocol, as the types of the contract.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use thoth_manta::signature::{http_date, parse_http_date};
use thoth_manta::{
    Code, Condition, DirectoryInfo, Error, Etag, Info, Matches, Metadata,
    ObjectInfo, Path, Result, Timestamp,
};

use crate::transport::Call;

/// What a directory's listing is called.
const DIRECTORY: &str = "type=directory";

/// Headers that a name keeps besides those that begin with `m-`.
const KEPT: &[&str] =
    &["cache-control", "surrogate-key", "content-disposition", "role-tag"];

pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    text(headers, name)?.trim().parse().ok()
}

pub(crate) fn md5(headers: &HeaderMap, name: &str) -> Option<[u8; 16]> {
    BASE64.decode(text(headers, name)?).ok()?.try_into().ok()
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

/// Returns the error that a response's body tells of.
pub(crate) fn error_of_body(
    status: StatusCode,
    path: &str,
    body: &[u8],
) -> Error {
    let parsed: Option<Value> = serde_json::from_slice(body).ok();
    let member = |name: &str| {
        parsed.as_ref().and_then(|v| v.get(name)).and_then(Value::as_str)
    };
    let Some(name) = member("code") else {
        return error_of_status(status, path);
    };
    let bare = |name| str::strip_suffix(name, "Error").unwrap_or(name);
    let known = Code::ALL.iter().find(|c| bare(c.as_str()) == bare(name));
    let message = member("message").unwrap_or_default();
    match known {
        Some(code) => Error::new(*code, message),
        // A code that we have no name for keeps its own in the message.
        None => Error::new(
            code_of_status(status),
            format!("{name}: {message} (status {})", status.as_u16()),
        ),
    }
}

/// Returns the error that a status stands for by itself.
pub(crate) fn error_of_status(status: StatusCode, path: &str) -> Error {
    let code = code_of_status(status);
    let text = match code {
        Code::ResourceNotFound => format!("{path} was not found"),
        Code::AuthorizationFailed => {
            format!("the server does not allow access to {path}")
        }
        Code::PreconditionFailed => format!("{path}: the condition failed"),
        _ => format!("{path}: the server answers {status}"),
    };
    Error::new(code, text)
}

fn code_of_status(status: StatusCode) -> Code {
    match status.as_u16() {
        400 => Code::InvalidArgument,
        401 | 403 => Code::AuthorizationFailed,
        404 => Code::ResourceNotFound,
        405 => Code::MethodNotAllowed,
        408 => Code::UploadTimeout,
        409 => Code::ConcurrentRequest,
        304 | 412 => Code::PreconditionFailed,
        413 => Code::MaxContentLengthExceeded,
        416 => Code::RequestedRangeNotSatisfiable,
        503 => Code::ServiceUnavailable,
        507 => Code::NotEnoughSpace,
        _ => Code::InternalError,
    }
}

fn odd(path: &Path, what: &str) -> Error {
    let text = format!("{path}: the server's answer has {what}");
    Error::new(Code::InternalError, text)
}

/// Returns what a response's headers say about what is there.
pub(crate) fn info(path: &Path, headers: &HeaderMap) -> Result<Info> {
    let content_type = text(headers, "content-type").unwrap_or_default();
    let mtime = text(headers, "last-modified").and_then(parse_http_date);
    let mtime = mtime.unwrap_or(Timestamp::UNIX_EPOCH);
    if content_type.contains(DIRECTORY) {
        return Ok(Info::Directory(DirectoryInfo {
            path: path.clone(),
            mtime,
            entries: number(headers, "result-set-size").unwrap_or(0),
            headers: kept(headers),
        }));
    }
    let etag = text(headers, "etag").ok_or_else(|| odd(path, "no etag"))?;
    let etag = Etag::parse(etag)
        .map_err(|e| odd(path, "an etag that is none").because(e))?;
    let size_bytes = number(headers, "content-length")
        .ok_or_else(|| odd(path, "no content-length"))?;
    Ok(Info::Object(ObjectInfo {
        path: path.clone(),
        etag,
        size_bytes,
        stored_bytes: None,
        digest: None,
        md5: md5(headers, "content-md5"),
        mtime,
        durability: number(headers, "durability-level")
            .and_then(|n| u8::try_from(n).ok())
            .unwrap_or(0),
        metadata: Metadata {
            content_type: content_type.to_owned(),
            headers: kept(headers),
        },
    }))
}

fn kept(headers: &HeaderMap) -> BTreeMap<String, String> {
    let ours = |name: &str| {
        name.starts_with("m-")
            || name.starts_with("access-control-")
            || KEPT.contains(&name)
    };
    headers
        .iter()
        .filter(|(name, _)| ours(name.as_str()))
        .filter_map(|(name, value)| {
            let value = std::str::from_utf8(value.as_bytes()).ok()?;
            Some((name.as_str().to_owned(), value.to_owned()))
        })
        .collect()
}

/// Parses a line of a listing.
pub(crate) fn listed(directory: &Path, line: &[u8]) -> Result<Info> {
    let wrong = || odd(directory, "a line that is no entry");
    let value: Value =
        serde_json::from_slice(line).map_err(|e| wrong().because(e))?;
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let name = text("name").ok_or_else(wrong)?;
    let path = directory.join(name)?;
    let mtime = text("mtime").and_then(|t| t.parse().ok());
    let mtime = mtime.unwrap_or(Timestamp::UNIX_EPOCH);
    if text("type") == Some("directory") {
        return Ok(Info::Directory(DirectoryInfo {
            path,
            mtime,
            entries: 0,
            headers: BTreeMap::new(),
        }));
    }
    let etag = text("etag").and_then(|t| Etag::parse(t).ok());
    let mut metadata = Metadata::default();
    if let Some(kind) = text("contentType") {
        metadata.content_type = kind.to_owned();
    }
    if let Some(disposition) = text("contentDisposition") {
        let name = "content-disposition".to_owned();
        metadata.headers.insert(name, disposition.to_owned());
    }
    let durability = value.get("durability").and_then(Value::as_u64);
    Ok(Info::Object(ObjectInfo {
        path,
        etag: etag.ok_or_else(wrong)?,
        size_bytes: value
            .get("size")
            .and_then(Value::as_u64)
            .ok_or_else(wrong)?,
        stored_bytes: None,
        digest: None,
        md5: text("contentMD5")
            .and_then(|t| BASE64.decode(t).ok())
            .and_then(|b| b.try_into().ok()),
        mtime,
        durability: durability.and_then(|n| u8::try_from(n).ok()).unwrap_or(0),
        metadata,
    }))
}

/// Adds the headers of a condition.
pub(crate) fn with_condition(mut call: Call, condition: &Condition) -> Call {
    let tags = |matches: &Matches| match matches {
        Matches::Any => "*".to_owned(),
        Matches::Tags(tags) => {
            let tags: Vec<&str> = tags.iter().map(Etag::as_str).collect();
            tags.join(", ")
        }
    };
    if let Some(matches) = &condition.if_match {
        call = call.header("if-match", tags(matches));
    }
    if let Some(matches) = &condition.if_none_match {
        call = call.header("if-none-match", tags(matches));
    }
    if let Some(time) = condition.if_modified_since {
        call = call.header("if-modified-since", http_date(time));
    }
    if let Some(time) = condition.if_unmodified_since {
        call = call.header("if-unmodified-since", http_date(time));
    }
    call
}

/// Adds the headers that a name is to keep.
pub(crate) fn with_kept(
    mut call: Call,
    headers: &BTreeMap<String, String>,
) -> Call {
    for (name, value) in headers {
        call = call.header(name.as_str(), value.as_str());
    }
    call
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_keep_their_codes() {
        let told = |status: u16, code: &str| {
            let body = format!("{{\"code\":{code:?},\"message\":\"m\"}}");
            let status = StatusCode::from_u16(status).expect("a status");
            error_of_body(status, "/a/stor/b", body.as_bytes())
        };
        for code in Code::ALL {
            let error = told(code.status(), code.as_str());
            assert_eq!((error.code(), error.message()), (*code, "m"));
        }
        let short = told(412, "PreconditionFailed");
        assert_eq!(short.code(), Code::PreconditionFailed);
        let unknown = told(409, "Whatever");
        assert_eq!(unknown.code(), Code::ConcurrentRequest);
        assert!(unknown.message().contains("Whatever: m"), "{unknown}");
        let none = error_of_body(StatusCode::BAD_GATEWAY, "/a", b"<html>");
        assert_eq!(none.code(), Code::InternalError);
    }
}
