//! `Authorization` headers, and the text that their signature is over.
//!
//! ```text
//! Authorization: Signature keyId="/alice/keys/86:..",algorithm="rsa-sha256",
//!                headers="date",signature="BASE64"
//! ```
//!
//! For each name in `headers` the signed text has a line `name: value`; a few
//! names stand for other things of the request. What all known clients sign is
//! `date` alone, so a signature proves who spoke and when, not what was asked:
//! the window of time in which a date is accepted is what limits replays, and
//! transport security what prevents them.
//!
//! Reading is strict where leniency would make two readers disagree: a
//! parameter given twice, or an unquoted value that is no number, is refused.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::fingerprint::{decode_base64, encode_base64};
use super::{Algorithm, Result, SignatureError};

/// More is no header that a client wrote.
const MAX_HEADER_BYTES: usize = 16 * 1024;
/// Names that one signature may cover.
const MAX_SIGNED_NAMES: usize = 64;

/// What signatures are over: the visible parts of a request.
pub trait SignedRequest {
    /// The method, in capitals.
    fn method(&self) -> &str;
    /// The target as in the request line: raw path and query.
    fn target(&self) -> &str;
    /// The version as in the request line, such as `HTTP/1.1`.
    fn version(&self) -> &str;
    /// The value of a header, whose name is given in lower case; several
    /// values of one name are joined by a comma and a space.
    fn header(&self, name: &str) -> Option<Cow<'_, str>>;
}

/// What an `Authorization` header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authorization {
    /// A signature.
    Signature(SignatureHeader),
    /// A token that the server made earlier.
    Token(String),
}

impl Authorization {
    /// Parses the header's value.
    ///
    /// # Errors
    ///
    /// [`SignatureError::BadScheme`], or [`SignatureError::BadHeader`].
    pub fn parse(value: &str) -> Result<Authorization> {
        if value.len() > MAX_HEADER_BYTES {
            return Err(bad(format!(
                "{} bytes, expected at most {MAX_HEADER_BYTES}",
                value.len()
            )));
        }
        let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
        let rest = rest.trim();
        if scheme.eq_ignore_ascii_case("signature") {
            SignatureHeader::parse(rest).map(Authorization::Signature)
        } else if scheme.eq_ignore_ascii_case("token") {
            Ok(Authorization::Token(rest.to_owned()))
        } else {
            Err(SignatureError::BadScheme(scheme.to_owned()))
        }
    }
}

/// The parameters of a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureHeader {
    /// Which key, as written; see [`super::KeyId`].
    pub key_id: String,
    /// The label of the algorithm, as written; see [`Algorithm`].
    pub algorithm: String,
    /// Names of what is signed, in order and in lower case; empty: not said.
    pub headers: Vec<String>,
    /// The signature.
    pub signature: Vec<u8>,
    /// When it was made, in seconds since 1970, if that is said.
    pub created: Option<String>,
    /// Until when it holds, in seconds since 1970, if that is said.
    pub expires: Option<String>,
    /// Whatever the client wanted to add.
    pub opaque: Option<String>,
}

impl SignatureHeader {
    /// Parses what follows the scheme.
    ///
    /// # Errors
    ///
    /// [`SignatureError::BadHeader`].
    pub fn parse(text: &str) -> Result<SignatureHeader> {
        let mut found = parameters(text)?;
        let mut required = |name: &str| {
            found
                .remove(name)
                .filter(|value| !value.is_empty())
                .ok_or_else(|| bad(format!("{name} was not specified")))
        };
        let key_id = required("keyId")?;
        let algorithm = required("algorithm")?;
        let signature = required("signature")?;
        let signature = decode_base64(&signature)
            .ok_or_else(|| bad("the signature is not base64"))?;
        let headers: Vec<String> = found
            .remove("headers")
            .unwrap_or_default()
            .split(' ')
            .filter(|name| !name.is_empty())
            .map(str::to_ascii_lowercase)
            .collect();
        if headers.len() > MAX_SIGNED_NAMES {
            return Err(bad(format!(
                "{} signed headers, expected at most {MAX_SIGNED_NAMES}",
                headers.len()
            )));
        }
        Ok(SignatureHeader {
            key_id,
            algorithm,
            headers,
            signature,
            created: found.remove("created"),
            expires: found.remove("expires"),
            opaque: found.remove("opaque"),
        })
    }

    /// Returns the names that are signed of this request: `date` when the
    /// header names none, or `x-date` when the request has that.
    pub fn signed_names(&self, request: &dyn SignedRequest) -> Vec<String> {
        if !self.headers.is_empty() {
            return self.headers.clone();
        }
        let dated = request.header("x-date").is_some();
        vec![if dated { "x-date" } else { "date" }.to_owned()]
    }

    /// Returns the text that was signed.
    ///
    /// # Errors
    ///
    /// [`SignatureError::MissingHeader`] when the request lacks one of the
    /// names.
    pub fn signing_string(
        &self,
        request: &dyn SignedRequest,
    ) -> Result<String> {
        let mut out = String::new();
        for name in self.signed_names(request) {
            if !out.is_empty() {
                out.push('\n');
            }
            self.add_line(&name, request, &mut out)?;
        }
        Ok(out)
    }

    fn add_line(
        &self,
        name: &str,
        request: &dyn SignedRequest,
        out: &mut String,
    ) -> Result<()> {
        let missing = || SignatureError::MissingHeader(name.to_owned());
        let value: Cow<'_, str> = match name {
            "request-line" => {
                // This one has no name in front of it.
                let _ = write!(
                    out,
                    "{} {} {}",
                    request.method(),
                    request.target(),
                    request.version()
                );
                return Ok(());
            }
            "(request-target)" => {
                let method = request.method().to_ascii_lowercase();
                format!("{method} {}", request.target()).into()
            }
            "(keyid)" => self.key_id.as_str().into(),
            "(algorithm)" => self.algorithm.as_str().into(),
            "(created)" => self.created.as_deref().ok_or_else(missing)?.into(),
            "(expires)" => self.expires.as_deref().ok_or_else(missing)?.into(),
            "(opaque)" => self.opaque.as_deref().ok_or_else(missing)?.into(),
            _ => request.header(name).ok_or_else(missing)?,
        };
        let _ = write!(out, "{name}: {value}");
        Ok(())
    }
}

/// Returns the value of an `Authorization` header for a signature over `date`.
pub(super) fn over_date(
    key_id: &str,
    algorithm: Algorithm,
    signature: &[u8],
) -> String {
    format!(
        "Signature keyId=\"{key_id}\",algorithm=\"{algorithm}\",\
         headers=\"date\",signature=\"{}\"",
        encode_base64(signature)
    )
}

fn bad(why: impl Into<String>) -> SignatureError {
    SignatureError::BadHeader(why.into())
}

/// Splits `name="value",name=123`.
fn parameters(text: &str) -> Result<BTreeMap<&str, String>> {
    let mut found = BTreeMap::new();
    let mut rest = text;
    loop {
        let (name, after) = rest
            .split_once('=')
            .ok_or_else(|| bad("expected name=\"value\""))?;
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphabetic()) {
            return Err(bad("a parameter's name may have letters only"));
        }
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted
                .split_once('"')
                .ok_or_else(|| bad(format!("{name}: a quote is open")))?,
            None => {
                let end = after.find(',').unwrap_or(after.len());
                let (number, after) = after.split_at(end);
                let digits = number.bytes().all(|b| b.is_ascii_digit());
                if number.is_empty() || !digits {
                    return Err(bad(format!("{name}: expected quotes")));
                }
                (number, after)
            }
        };
        if found.insert(name, value.to_owned()).is_some() {
            return Err(bad(format!("{name} is given twice")));
        }
        if after.is_empty() {
            return Ok(found);
        }
        rest = after
            .strip_prefix(',')
            .ok_or_else(|| bad(format!("{name}: expected a comma after it")))?
            .trim_start_matches(' ');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct Get(&'static [(&'static str, &'static str)]);

    impl SignedRequest for Get {
        fn method(&self) -> &str {
            "GET"
        }
        fn target(&self) -> &str {
            "/alice/stor/a%20b?limit=2"
        }
        fn version(&self) -> &str {
            "HTTP/1.1"
        }
        fn header(&self, name: &str) -> Option<Cow<'_, str>> {
            let found = self.0.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| Cow::Borrowed(*value))
        }
    }

    fn header(more: &str) -> Result<SignatureHeader> {
        SignatureHeader::parse(&format!(
            "keyId=\"/a/keys/b\",algorithm=\"RSA-SHA256\",signature=\"AAAA\"\
             {more}"
        ))
    }

    #[test]
    fn signs_the_date_when_nothing_is_said() {
        let request = Get(&[("date", "Mon, 23 Nov 2026 04:07:14 GMT")]);
        let text = header("").and_then(|h| h.signing_string(&request));
        assert_eq!(text.expect("text"), "date: Mon, 23 Nov 2026 04:07:14 GMT");
        let request = Get(&[("date", "a"), ("x-date", "b")]);
        let text = header("").and_then(|h| h.signing_string(&request));
        assert_eq!(text.expect("text"), "x-date: b");
    }

    #[test]
    fn knows_the_names_that_are_no_headers() {
        let request = Get(&[("date", "a"), ("host", "h:80")]);
        let all = header(
            ",headers=\"Date (request-target) host request-line (keyid) \
             (algorithm) (created) (expires)\",created=12,expires=\"13\"",
        );
        let text = all.and_then(|h| h.signing_string(&request));
        assert_eq!(
            text.expect("text"),
            "date: a\n(request-target): get /alice/stor/a%20b?limit=2\n\
             host: h:80\nGET /alice/stor/a%20b?limit=2 HTTP/1.1\n\
             (keyid): /a/keys/b\n(algorithm): RSA-SHA256\n\
             (created): 12\n(expires): 13"
        );
        for name in ["content-md5", "(created)", "(opaque)"] {
            let h = header(&format!(",headers=\"{name}\"")).expect("parses");
            let error = h.signing_string(&request).expect_err("missing");
            assert_eq!(
                error.to_string(),
                format!("{name} was not in the request")
            );
        }
    }

    #[test]
    fn refuses_what_two_readers_would_read_differently() {
        for more in [
            ",keyId=\"/b/keys/c\"",
            ",",
            ",x",
            ",x=",
            ",x=y",
            ",x=\"",
            ",x=\"y\"z",
            ",=\"y\"",
            ",x-y=\"z\"",
            ",x=1 ,y=2",
        ] {
            assert!(header(more).is_err(), "{more}");
        }
        for text in [
            "",
            "keyId=\"a\"",
            "keyId=\"\",algorithm=\"b\",signature=\"AAAA\"",
            "keyId=\"a\",algorithm=\"b\",signature=\"?\"",
        ] {
            assert!(SignatureHeader::parse(text).is_err(), "{text}");
        }
        let many = "date ".repeat(65);
        assert!(header(&format!(",headers=\"{many}\"")).is_err());
        assert!(Authorization::parse(&"a".repeat(20_000)).is_err());
        assert!(matches!(
            Authorization::parse("Basic YWxpY2U6c2VjcmV0"),
            Err(SignatureError::BadScheme(scheme)) if scheme == "Basic"
        ));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(Signature |Token )?[a-z=\",0-9 ]{0,80}") {
            let _ = Authorization::parse(&text);
        }

        #[test]
        fn order_of_parameters_does_not_matter(
            mut parts in Just(vec![
                "keyId=\"/a/keys/b\"", "algorithm=\"rsa-sha256\"",
                "signature=\"AAAA\"", "headers=\"date\"", "created=5",
            ]).prop_shuffle()
        ) {
            let shuffled = SignatureHeader::parse(&parts.join(",")).unwrap();
            parts.sort_unstable();
            let sorted = SignatureHeader::parse(&parts.join(",")).unwrap();
            prop_assert_eq!(shuffled, sorted);
        }
    }
}
