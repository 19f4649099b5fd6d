//! A request as the handlers see it: its head, read once.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use http::{HeaderMap, Method, Version};
use thoth_manta::{Code, Error, Result};

use crate::auth::RequestFacts;

/// Headers of which a request has at most one: two of them mean that two
/// readers on the way could see two requests.
const SINGLE: &[&str] = &[
    "authorization",
    "content-disposition",
    "content-md5",
    "content-type",
    "date",
    "durability-level",
    "expect",
    "host",
    "location",
    "max-content-length",
    "range",
    "x-auth-token",
    "x-date",
    "x-durability-level",
];

/// The head of a request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) version: Version,
    pub(crate) raw_path: String,
    pub(crate) raw_query: Option<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) client: SocketAddr,
    pub(crate) secure: bool,
    pub(crate) id: String,
}

impl Request {
    pub(crate) fn facts(&self) -> RequestFacts<'_> {
        RequestFacts {
            method: self.method.as_str(),
            raw_path: &self.raw_path,
            raw_query: self.raw_query.as_deref(),
            headers: &self.headers,
            client: self.client.ip(),
            secure: self.secure,
        }
    }

    /// Returns a header as text; `None` when it is absent or no text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.headers.contains_key(name)
    }

    pub(crate) fn is_head(&self) -> bool {
        self.method == Method::HEAD
    }

    /// Returns the length that the request announces.
    pub(crate) fn content_length(&self) -> Option<u64> {
        // hyper has checked that it is a number, and only one.
        self.header("content-length").and_then(|text| text.trim().parse().ok())
    }

    pub(crate) fn is_chunked(&self) -> bool {
        self.has("transfer-encoding")
    }

    /// Tells whether a body follows the head.
    pub(crate) fn has_body(&self) -> bool {
        self.is_chunked() || self.content_length().is_some_and(|l| l > 0)
    }

    /// Refuses heads that two readers could understand in two ways.
    pub(crate) fn check_head(&self) -> Result<()> {
        let bad = |text: String| Err(Error::new(Code::BadRequest, text));
        for name in SINGLE {
            let mut values = self.headers.get_all(*name).iter();
            values.next();
            if values.next().is_some() {
                return bad(format!("{name}: expected one, found several"));
            }
        }
        if self.version == Version::HTTP_11 && !self.has("host") {
            return bad("host: expected one, found none".to_owned());
        }
        Ok(())
    }
}

/// The parameters after the question mark, decoded, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query {
    first: BTreeMap<String, String>,
}

impl Query {
    /// Parses form encoding; what does not decode is kept as it stands, since
    /// unknown parameters are ignored.
    pub(crate) fn parse(raw: Option<&str>) -> Query {
        let mut first = BTreeMap::new();
        for pair in raw.unwrap_or_default().split('&') {
            if pair.is_empty() {
                continue;
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            first.entry(form_decoded(name)).or_insert(form_decoded(value));
        }
        Query { first }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.first.get(name).map(String::as_str)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.first.contains_key(name)
    }

    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.get(name) == Some("true")
    }
}

fn form_decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (*first, tail) {
            (b'+', _) => out.push(b' '),
            (b'%', [high, low, after @ ..]) => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                match (digit(*high), digit(*low)) {
                    (Some(high), Some(low)) => {
                        out.push((high * 16 + low) as u8);
                        rest = after;
                    }
                    _ => out.push(b'%'),
                }
            }
            (byte, _) => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_and_the_first_counts() {
        let query =
            Query::parse(Some("a=1&a=2&marker=x+y%2Fz&dir&bad=%zz%4&&=v"));
        assert_eq!(query.get("a"), Some("1"));
        assert_eq!(query.get("marker"), Some("x y/z"));
        assert_eq!(query.get("dir"), Some(""));
        assert_eq!(query.get("bad"), Some("%zz%4"));
        assert!(query.has("") && !query.has("c"));
        assert!(Query::parse(None).get("a").is_none());
    }
}
