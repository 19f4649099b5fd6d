//! Headers given with `-H`, taken apart.
//!
//! What is attached to a name, what must hold before anything is done, and
//! what is said about the body travel as headers of one request; here they
//! become the parts that the store understands. A header that nobody keeps or
//! judges is dropped, as a server would.

use crate::error::Result;
use crate::tools::usage;
use jiff::Timestamp;
use std::collections::BTreeMap;
use thoth_manta::{Condition, Matches};

/// Headers that a name keeps besides those that begin with `m-`.
const KEPT: &[&str] =
    &["cache-control", "surrogate-key", "content-disposition", "role-tag"];

/// What headers say.
#[derive(Debug, Clone, Default)]
pub(super) struct Headers {
    /// `content-type`.
    pub(super) content_type: Option<String>,
    /// What the name keeps, names in lower case.
    pub(super) kept: BTreeMap<String, String>,
    /// What must hold.
    pub(super) condition: Condition,
    /// `content-md5`.
    pub(super) md5: Option<[u8; 16]>,
    /// `content-length`.
    pub(super) length: Option<u64>,
    /// `durability-level`.
    pub(super) copies: Option<u8>,
    /// `max-content-length`.
    pub(super) max_bytes: Option<u64>,
    /// `range`, as it was given.
    pub(super) range: Option<String>,
    /// Names of headers that mean nothing here.
    pub(super) dropped: Vec<String>,
}

impl Headers {
    /// Takes `NAME: VALUE` texts apart, and role tags with them.
    pub(super) fn parse(lines: &[String], tags: &[String]) -> Result<Self> {
        let mut headers = Self::default();
        for line in lines {
            let Some((name, value)) = line.split_once(':') else {
                return Err(usage(
                    "header must be in the form of \"[header]: value\"",
                ));
            };
            let name = name.trim().to_ascii_lowercase();
            headers.add(name, value.trim())?;
        }
        let tags: Vec<&str> =
            tags.iter().flat_map(|t| t.split(',')).map(str::trim).collect();
        if !tags.is_empty() {
            headers.kept.insert("role-tag".to_owned(), tags.join(","));
        }
        Ok(headers)
    }

    fn add(&mut self, name: String, value: &str) -> Result<()> {
        let wrong = |what: &str| usage(format!("{name}: {value:?} is {what}"));
        let number = || value.parse().map_err(|_| wrong("no number"));
        match name.as_str() {
            "content-type" => self.content_type = Some(value.to_owned()),
            "content-md5" => {
                self.md5 = Some(
                    md5_of_base64(value)
                        .ok_or_else(|| wrong("no MD5 in base64"))?,
                );
            }
            "content-length" => self.length = Some(number()?),
            "max-content-length" => self.max_bytes = Some(number()?),
            "durability-level" | "x-durability-level" => {
                let copies = number()?;
                self.copies = Some(u8::try_from(copies).unwrap_or(u8::MAX));
            }
            "range" => self.range = Some(value.to_owned()),
            "if-match" | "if-none-match" => {
                let tags =
                    Matches::parse(value).map_err(|_| wrong("no etag"))?;
                match name.as_str() {
                    "if-match" => self.condition.if_match = Some(tags),
                    _ => self.condition.if_none_match = Some(tags),
                }
            }
            "if-modified-since" | "if-unmodified-since" => {
                let time = http_date(value).ok_or_else(|| wrong("no date"))?;
                match name.as_str() {
                    "if-modified-since" => {
                        self.condition.if_modified_since = Some(time);
                    }
                    _ => self.condition.if_unmodified_since = Some(time),
                }
            }
            _ if is_kept(&name) => {
                self.kept.insert(name, value.to_owned());
            }
            _ => self.dropped.push(name),
        }
        Ok(())
    }
}

fn is_kept(name: &str) -> bool {
    name.starts_with("m-")
        || name.starts_with("access-control-")
        || KEPT.contains(&name)
}

/// Parses a date of HTTP.
pub(super) fn http_date(text: &str) -> Option<Timestamp> {
    let parsed = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(parsed.timestamp())
}

/// Writes a date of HTTP.
pub(super) fn to_http_date(time: Timestamp) -> String {
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Writes bytes in base64.
pub(super) fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// Reads 16 bytes in base64.
pub(super) fn md5_of_base64(text: &str) -> Option<[u8; 16]> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
    bytes.try_into().ok()
}

/// The bytes that a `range` header asks for: from, and how many; `None` when
/// it is not of a form that can be satisfied.
pub(super) fn range_of(text: &str, size: u64) -> Option<(u64, u64)> {
    let range = text.strip_prefix("bytes=")?;
    let (from, to) = range.split_once('-')?;
    if from.is_empty() {
        let last: u64 = to.parse().ok()?;
        let length = last.min(size);
        return (length > 0).then(|| (size.saturating_sub(length), length));
    }
    let from: u64 = from.parse().ok()?;
    if from >= size {
        return None;
    }
    let last = match to {
        "" => size.checked_sub(1)?,
        _ => to.parse::<u64>().ok()?.min(size.checked_sub(1)?),
    };
    let length = last.checked_sub(from)?.checked_add(1)?;
    Some((from, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(lines: &[&str]) -> Result<Headers> {
        let lines: Vec<String> =
            lines.iter().map(|l| (*l).to_owned()).collect();
        Headers::parse(&lines, &[])
    }

    #[test]
    fn headers_become_what_they_mean() {
        let headers = parsed(&[
            "Content-Type:text/plain",
            "M-Program: sshd",
            "access-control-allow-origin: *",
            "if-none-match: *",
            "X-Else: 1",
            "If-Modified-Since: Fri, 24 Jun 2016 23:03:53 GMT",
        ])
        .unwrap();
        assert_eq!(headers.content_type.as_deref(), Some("text/plain"));
        assert_eq!(headers.kept["m-program"], "sshd");
        assert_eq!(headers.kept["access-control-allow-origin"], "*");
        assert_eq!(headers.condition.if_none_match, Some(Matches::Any));
        assert_eq!(headers.dropped, ["x-else"]);
        let since = headers.condition.if_modified_since.unwrap();
        assert_eq!(to_http_date(since), "Fri, 24 Jun 2016 23:03:53 GMT");
        assert!(parsed(&["nothing"]).is_err());
        assert!(parsed(&["content-md5: abc"]).is_err());
        assert!(parsed(&["content-length: many"]).is_err());
    }

    #[test]
    fn ranges_are_clamped_to_the_object() {
        assert_eq!(range_of("bytes=0-3", 10), Some((0, 4)));
        assert_eq!(range_of("bytes=4-100", 10), Some((4, 6)));
        assert_eq!(range_of("bytes=4-", 10), Some((4, 6)));
        assert_eq!(range_of("bytes=-3", 10), Some((7, 3)));
        assert_eq!(range_of("bytes=-30", 10), Some((0, 10)));
        for bad in ["bytes=10-", "bytes=3-2", "bytes=-0", "x=1-2", "bytes=1"] {
            assert_eq!(range_of(bad, 10), None, "{bad}");
        }
    }
}
