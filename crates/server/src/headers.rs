//! Headers that are kept with a name, and how they come back.

use std::collections::BTreeMap;

use http::HeaderMap;
use thoth_manta::{Code, Error, Result};

use crate::reply::Reply;
use crate::request::Request;

/// Bytes that the values of `m-*` headers may have together; more is dropped,
/// as the protocol has it.
const MAX_USER_BYTES: usize = 4096;
/// The header that says which origins may read an object.
pub(crate) const ALLOW_ORIGIN: &str = "access-control-allow-origin";

/// Headers that are kept besides `m-*`.
const KEPT: &[&str] = &[
    ALLOW_ORIGIN,
    "access-control-allow-methods",
    "access-control-allow-headers",
    "access-control-expose-headers",
    "access-control-max-age",
    "cache-control",
    "surrogate-key",
];

/// Returns the text of a header's values. Bytes that are no UTF-8 are taken
/// for Latin-1, which is what clients that send them mean.
fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let mut all: Option<String> = None;
    for value in headers.get_all(name) {
        let bytes = value.as_bytes();
        let value = match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
        };
        all = Some(match all {
            Some(before) => format!("{before}, {value}"),
            None => value,
        });
    }
    all
}

/// Returns the headers of a request that are kept with a name: `m-*`, CORS
/// and caching.
pub(crate) fn kept(request: &Request) -> BTreeMap<String, String> {
    let headers = &request.headers;
    kept_of(headers.keys().filter_map(|name| {
        text(headers, name.as_str()).map(|value| (name.as_str(), value))
    }))
}

/// Returns those of some headers that are kept with a name.
pub(crate) fn kept_of<'a>(
    headers: impl Iterator<Item = (&'a str, String)>,
) -> BTreeMap<String, String> {
    let mut kept = BTreeMap::new();
    let mut user_bytes = 0;
    for (name, value) in headers {
        let user = name.starts_with("m-") && name.len() > 2;
        if !user && !KEPT.contains(&name) {
            continue;
        }
        if user {
            if user_bytes + value.len() >= MAX_USER_BYTES {
                continue;
            }
            user_bytes += value.len();
        }
        kept.insert(name.to_owned(), value);
    }
    kept
}

/// Returns the `content-disposition` of a request in its canonical form.
///
/// # Errors
///
/// `BadRequest` for one that does not parse.
pub(crate) fn disposition(request: &Request) -> Result<Option<String>> {
    match text(&request.headers, "content-disposition") {
        None => Ok(None),
        Some(text) => canonical_disposition(&text).map(Some),
    }
}

/// Returns a disposition as `type; filename="name"`.
pub(crate) fn canonical_disposition(text: &str) -> Result<String> {
    let wrong = || {
        Error::new(
            Code::BadRequest,
            format!("content-disposition \"{text}\" does not parse"),
        )
    };
    let (kind, mut rest) = text.split_at(text.find(';').unwrap_or(text.len()));
    let kind = kind.trim();
    if !is_token(kind) {
        return Err(wrong());
    }
    let mut out = kind.to_ascii_lowercase();
    while let Some(after) = rest.strip_prefix(';') {
        let (name, after) = after.split_once('=').ok_or_else(wrong)?;
        let name = name.trim().to_ascii_lowercase();
        if !is_token(name.trim_end_matches('*')) {
            return Err(wrong());
        }
        let (value, after) =
            parameter_value(after.trim_start()).ok_or_else(wrong)?;
        rest = after.trim_start();
        if name == "filename" {
            let file = value.rsplit(['/', '\\']).next().unwrap_or_default();
            out.push_str(&format!("; filename={}", quoted(file)));
        } else if name.ends_with('*') {
            if !value.bytes().all(|b| b.is_ascii_graphic() && b != b';') {
                return Err(wrong());
            }
            out.push_str(&format!("; {name}={value}"));
        } else {
            out.push_str(&format!("; {name}={}", quoted(&value)));
        }
    }
    if rest.is_empty() { Ok(out) } else { Err(wrong()) }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            out.push('\\');
        }
        out.push(character);
    }
    out.push('"');
    out
}

/// Reads a token or a quoted string; returns it and what follows.
fn parameter_value(text: &str) -> Option<(String, &str)> {
    let Some(inner) = text.strip_prefix('"') else {
        let (token, rest) = text.split_at(text.find(';').unwrap_or(text.len()));
        let token = token.trim_end();
        // Extended values hold quotes and percent signs.
        let fine = !token.is_empty()
            && token.bytes().all(|b| {
                b.is_ascii_graphic() && !b"\"(),/:<=>?@[\\]{}".contains(&b)
            });
        return fine.then(|| (token.to_owned(), rest));
    };
    let mut value = String::new();
    let mut characters = inner.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => {
                let rest = inner.get(at + 1..).unwrap_or_default();
                return Some((value, rest));
            }
            '\\' => value.push(characters.next()?.1),
            control if control.is_control() => return None,
            other => value.push(other),
        }
    }
    None
}

fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|b| {
            b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b)
        })
}

/// Returns the content type to keep: as it stands when it has the form of
/// one, else what a file of that name or extension would have.
pub(crate) fn content_type(text: Option<&str>) -> String {
    const UNKNOWN: &str = "application/octet-stream";
    let Some(text) = text.map(str::trim).filter(|t| !t.is_empty()) else {
        return UNKNOWN.to_owned();
    };
    if let Some((before, after)) = text.split_once('/') {
        let shaped = !before.trim().is_empty() && !after.trim().is_empty();
        return if shaped { text.to_owned() } else { UNKNOWN.to_owned() };
    }
    let extension = text.rsplit('.').next().unwrap_or(text);
    mime_guess::from_ext(extension).first_raw().unwrap_or(UNKNOWN).to_owned()
}

/// Tells whether a content type is `application/json; type=KIND`.
pub(crate) fn is_json_of(text: Option<&str>, kind: &str) -> bool {
    let Some(text) = text else { return false };
    let mut parts = text.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    essence.eq_ignore_ascii_case("application/json")
        && parts.any(|part| {
            part.split_once('=').is_some_and(|(name, value)| {
                name.trim().eq_ignore_ascii_case("type")
                    && value.trim().trim_matches('"') == kind
            })
        })
}

/// Tells whether an `Accept` header admits a content type.
pub(crate) fn accepts(accept: Option<&str>, content_type: &str) -> bool {
    let Some(accept) = accept.filter(|a| !a.trim().is_empty()) else {
        return true;
    };
    let essence = |text: &str| {
        let essence = text.split(';').next().unwrap_or_default();
        essence.trim().to_ascii_lowercase()
    };
    let stored = essence(content_type);
    let family = stored.split('/').next().unwrap_or_default();
    accept.split(',').any(|range| {
        let refused = range.split(';').skip(1).any(|parameter| {
            parameter.split_once('=').is_some_and(|(name, value)| {
                name.trim().eq_ignore_ascii_case("q")
                    && value.trim().parse::<f32>().is_ok_and(|q| q <= 0.0)
            })
        });
        let range = essence(range);
        let fits = range == "*/*"
            || range == "*"
            || range == stored
            || range.strip_suffix("/*") == Some(family);
        fits && !refused
    })
}

/// Puts kept headers into an answer, those of CORS by the request's origin.
pub(crate) fn send(
    kept: &BTreeMap<String, String>,
    request: &Request,
    reply: &mut Reply,
) {
    let origin = request.header("origin");
    let admitted = origin.is_none_or(|origin| {
        admits_origin(kept, origin)
            && admits_method(kept, request.method.as_str())
    });
    for (name, value) in kept {
        match (origin, name.as_str()) {
            (Some(origin), ALLOW_ORIGIN) if admitted => {
                reply.set(ALLOW_ORIGIN, origin);
            }
            (Some(_), "access-control-expose-headers") if admitted => {
                reply.set(name, value);
            }
            (Some(_), name) if name.starts_with("access-control-") => {}
            _ => reply.set(name, value),
        }
    }
}

/// Tells whether the kept headers let an origin read.
pub(crate) fn admits_origin(
    kept: &BTreeMap<String, String>,
    origin: &str,
) -> bool {
    kept.get(ALLOW_ORIGIN).is_some_and(|list| {
        list.split(',').map(str::trim).any(|one| one == "*" || one == origin)
    })
}

fn admits_method(kept: &BTreeMap<String, String>, method: &str) -> bool {
    kept.get("access-control-allow-methods")
        .is_none_or(|list| lists(list, method))
}

/// Tells whether a comma list has a member, in whatever case.
pub(crate) fn lists(list: &str, member: &str) -> bool {
    list.split(',').any(|one| one.trim().eq_ignore_ascii_case(member.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_content_types_are_looked_up() {
        for (text, expected) in [
            (None, "application/octet-stream"),
            (Some("text/plain; charset=utf-8"), "text/plain; charset=utf-8"),
            (Some("jpg"), "image/jpeg"),
            (Some("photo.jpg"), "image/jpeg"),
            (Some("argle/"), "application/octet-stream"),
            (Some("/*"), "application/octet-stream"),
            (Some("bargle"), "application/octet-stream"),
            (Some(""), "application/octet-stream"),
            (Some("a/b"), "a/b"),
        ] {
            assert_eq!(content_type(text), expected, "{text:?}");
        }
    }

    #[test]
    fn dispositions_become_canonical() {
        for (text, expected) in [
            ("attachment", "attachment"),
            ("Attachment; filename=x.txt", "attachment; filename=\"x.txt\""),
            (
                "attachment; filename=\"/a/b/my-file.txt\"",
                "attachment; filename=\"my-file.txt\"",
            ),
            ("inline; filename=\"a \\\"b\"", "inline; filename=\"a \\\"b\""),
        ] {
            let canonical = canonical_disposition(text).expect(text);
            assert_eq!(canonical, expected);
        }
        for text in [
            "attachment;\"",
            "",
            ";",
            "attachment; filename",
            "a b",
            "attachment; filename=\"x",
            "attachment; =x",
            "attachment;",
        ] {
            let error = canonical_disposition(text).expect_err(text);
            assert_eq!(error.code(), Code::BadRequest, "{text}");
        }
    }

    #[test]
    fn accept_is_negotiated() {
        for (accept, stored, fits) in [
            (None, "text/plain", true),
            (Some("*/*"), "text/plain", true),
            (Some("application/json, */*"), "image/png", true),
            (Some("text/*"), "text/plain; charset=utf-8", true),
            (Some("TEXT/plain"), "text/plain", true),
            (Some("application/json"), "text/plain", false),
            (Some("*/*;q=0"), "text/plain", false),
            (Some("text/plain;q=0.5"), "text/plain", true),
        ] {
            assert_eq!(accepts(accept, stored), fits, "{accept:?} {stored}");
        }
    }

    #[test]
    fn types_of_json_are_told_apart() {
        let directory = |text| is_json_of(Some(text), "directory");
        assert!(directory("application/json; type=directory"));
        assert!(directory("application/json;type=directory"));
        assert!(!directory("application/json; type=link"));
        assert!(!directory("application/json"));
        assert!(!directory("text/plain; type=directory"));
        assert!(!is_json_of(None, "link"));
    }
}
