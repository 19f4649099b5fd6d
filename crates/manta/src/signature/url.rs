//! Signed URLs: a request's proof in its query.
//!
//! The text that is signed has four lines:
//!
//! ```text
//! METHODS               sorted, with commas
//! HOST                  as in the Host header
//! PATH                  raw, percent-encoded
//! name=value&...        all parameters but `signature`, sorted by name
//! ```
//!
//! Names sort as JavaScript's `localeCompare` does, since that is what clients
//! call; for ASCII that is: punctuation, digits, letters, in which case counts
//! only between otherwise equal names.

use std::cmp::Ordering;

use super::fingerprint::{decode_base64, encode_base64};
use super::{Result, SignatureError, Signer};

/// More is no query that a client wrote.
const MAX_PARAMETERS: usize = 256;

/// What a signed URL is to allow.
#[derive(Clone, Debug, Default)]
pub struct UrlToSign {
    /// Methods in capitals; at least one.
    pub methods: Vec<String>,
    /// Host and port, as the `Host` header is going to say.
    pub host: String,
    /// The path, percent-encoded.
    pub path: String,
    /// Until when, in seconds since 1970.
    pub expires: i64,
    /// Roles to act in.
    pub roles: Vec<String>,
    /// Tags for what is put.
    pub role_tags: Vec<String>,
    /// Other parameters, decoded.
    pub query: Vec<(String, String)>,
}

impl UrlToSign {
    /// Returns path and query of the signed URL.
    ///
    /// # Errors
    ///
    /// [`SignatureError::BadUrl`] without a method, and an agent's errors.
    pub fn sign(&self, signer: &Signer) -> Result<String> {
        if self.methods.is_empty() {
            return Err(bad("no method is allowed by it"));
        }
        let mut methods = self.methods.clone();
        methods.sort();
        let methods = methods.join(",");
        let algorithm = signer.key().public().kind().algorithm();
        let mut query = self.query.clone();
        let mut add = |name: &str, value: String| {
            query.push((name.to_owned(), value));
        };
        add("algorithm", algorithm.as_str().to_ascii_uppercase());
        add("expires", self.expires.to_string());
        add("keyId", signer.key_id().to_string());
        if self.methods.len() > 1 {
            add("method", methods.clone());
        }
        if !self.roles.is_empty() {
            add("role", self.roles.join(","));
        }
        if !self.role_tags.is_empty() {
            add("role-tag", self.role_tags.join(","));
        }
        check(&query)?;
        let text = canonical(&methods, &self.host, &self.path, &query);
        let signed = signer.sign(text.as_bytes())?;
        Ok(format!(
            "{}?{}&signature={}",
            self.path,
            canonical_query(&query),
            encode_strictly(&encode_base64(&signed.signature))
        ))
    }
}

/// A signed URL as it arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedUrl {
    /// Which key, as written; see [`super::KeyId`].
    pub key_id: String,
    /// The label of the algorithm, as written.
    pub algorithm: String,
    /// Until when it holds, in seconds since 1970.
    pub expires: i64,
    /// The signature.
    pub signature: Vec<u8>,
    /// The methods it allows, sorted; `None`: the one it was made for.
    pub methods: Option<Vec<String>>,
    /// Roles to act in, as written.
    pub role: Option<String>,
    /// Tags for what is put, as written.
    pub role_tag: Option<String>,
    query: Vec<(String, String)>,
}

impl SignedUrl {
    /// Tells whether a query wants to be a signature: whether it has any of
    /// the four parameters of one.
    pub fn is_meant(raw_query: &str) -> bool {
        pairs(raw_query).any(|(name, _)| {
            decode(name).is_some_and(|name| {
                ["algorithm", "expires", "keyId", "signature"]
                    .contains(&name.as_str())
            })
        })
    }

    /// Parses a raw query.
    ///
    /// # Errors
    ///
    /// [`SignatureError::BadUrl`] naming what is missing or malformed.
    pub fn parse(raw_query: &str) -> Result<SignedUrl> {
        let mut query = Vec::new();
        for (name, value) in pairs(raw_query) {
            let both = decode(name).zip(decode(value));
            query.push(both.ok_or_else(|| bad("a damaged escape"))?);
        }
        check(&query)?;
        let find = |wanted: &str| {
            let found = query.iter().find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.clone())
        };
        let required = |name: &str| {
            find(name)
                .ok_or_else(|| bad(format!("parameter \"{name}\" is missing")))
        };
        let expires = required("expires")?;
        let algorithm = required("algorithm")?;
        let key_id = required("keyId")?;
        // Base64 whose plus was not escaped has become a space.
        let signature = required("signature")?.replace(' ', "+");
        Ok(SignedUrl {
            key_id,
            algorithm,
            expires: expires
                .parse()
                .map_err(|_| bad("\"expires\" is no number of seconds"))?,
            signature: decode_base64(&signature)
                .ok_or_else(|| bad("the signature is not base64"))?,
            methods: find("method").map(|methods| {
                let mut methods: Vec<String> =
                    methods.split(',').map(str::to_owned).collect();
                methods.sort();
                methods
            }),
            role: find("role"),
            role_tag: find("role-tag"),
            query,
        })
    }

    /// Returns the text that was signed, for a request with this method, this
    /// `Host` header and this raw path; `None` when the method is not one that
    /// it allows.
    pub fn signing_string(
        &self,
        method: &str,
        host: &str,
        raw_path: &str,
    ) -> Option<String> {
        let methods = match &self.methods {
            None => method.to_owned(),
            Some(allowed) => {
                if !allowed.iter().any(|known| known == method) {
                    return None;
                }
                allowed.join(",")
            }
        };
        let mut query = self.query.clone();
        query.retain(|(name, _)| name != "signature");
        Some(canonical(&methods, host, raw_path, &query))
    }
}

/// Refuses a query in which a name has two values: which one is meant would
/// depend on the reader.
fn check(query: &[(String, String)]) -> Result<()> {
    if query.len() > MAX_PARAMETERS {
        return Err(bad(format!("more than {MAX_PARAMETERS} parameters")));
    }
    for (place, (name, _)) in query.iter().enumerate() {
        if query.iter().skip(place + 1).any(|(other, _)| other == name) {
            return Err(bad(format!(
                "parameter \"{}\" is given twice",
                name.escape_debug()
            )));
        }
    }
    Ok(())
}

fn canonical(
    methods: &str,
    host: &str,
    path: &str,
    query: &[(String, String)],
) -> String {
    format!("{methods}\n{host}\n{path}\n{}", canonical_query(query))
}

fn canonical_query(query: &[(String, String)]) -> String {
    let mut sorted: Vec<_> = query.iter().collect();
    sorted.sort_by(|(one, _), (other, _)| url_order(one, other));
    let pairs: Vec<String> = sorted
        .iter()
        .map(|(name, value)| {
            format!("{}={}", encode_strictly(name), encode_strictly(value))
        })
        .collect();
    pairs.join("&")
}

/// Percent-encodes all but letters, digits and `-_.~`.
pub fn encode_strictly(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Compares names of parameters as JavaScript's `localeCompare` does, for
/// those of ASCII.
pub fn url_order(one: &str, other: &str) -> Ordering {
    let primary = |text: &str| text.chars().map(weight).collect::<Vec<_>>();
    primary(one).cmp(&primary(other)).then_with(|| {
        // Small letters come first, at the first difference.
        let large = |text: &str| {
            text.chars().map(|c| c.is_ascii_uppercase()).collect::<Vec<_>>()
        };
        large(one).cmp(&large(other)).then_with(|| one.cmp(other))
    })
}

fn weight(c: char) -> (u8, u32) {
    /// The order of punctuation in the root collation of CLDR.
    const PUNCTUATION: &str = "_-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$";
    let class = match c {
        _ if c.is_ascii_control() => 0,
        _ if c.is_ascii_whitespace() => 1,
        _ if c.is_ascii_punctuation() => 2,
        _ if c.is_ascii_digit() => 3,
        _ => 4,
    };
    let place = match PUNCTUATION.find(c) {
        Some(place) => u32::try_from(place).unwrap_or(u32::MAX),
        None => u32::from(c.to_ascii_lowercase()),
    };
    (class, place)
}

fn pairs(raw_query: &str) -> impl Iterator<Item = (&str, &str)> {
    raw_query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// Decodes one name or value of a query, where a plus is a space.
fn decode(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let high = char::from(bytes.next()?).to_digit(16)?;
                let low = char::from(bytes.next()?).to_digit(16)?;
                out.push(u8::try_from(high * 16 + low).ok()?);
            }
            other => out.push(other),
        }
    }
    String::from_utf8(out).ok()
}

fn bad(why: impl Into<String>) -> SignatureError {
    SignatureError::BadUrl(why.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_to_sign_is_the_documented_one() {
        let fp = "86:dc:a6:1c:4b:3a:10:e5:b1:52:df:61:ac:00:e9:da";
        let raw = format!(
            "signature=AAAA&keyId=%2Falice%2Fkeys%2F{fp}\
             &expires=1795407434&algorithm=RSA-SHA256"
        );
        let url = SignedUrl::parse(&raw).expect("parses");
        let text = url.signing_string(
            "GET",
            "127.0.0.1:8080",
            "/alice/stor/dumps/core.1",
        );
        assert_eq!(
            text.expect("allowed"),
            "GET\n127.0.0.1:8080\n/alice/stor/dumps/core.1\n\
             algorithm=RSA-SHA256&expires=1795407434&keyId=%2Falice%2Fkeys\
             %2F86%3Adc%3Aa6%3A1c%3A4b%3A3a%3A10%3Ae5%3Ab1%3A52%3Adf%3A61%3A\
             ac%3A00%3Ae9%3Ada"
        );
    }

    #[test]
    fn methods_are_those_that_were_signed() {
        let raw = "algorithm=a&expires=1&keyId=k&signature=AAAA";
        let with = format!("{raw}&method=PUT,GET");
        let url = SignedUrl::parse(&with).expect("parses");
        assert_eq!(url.signing_string("HEAD", "h", "/p"), None);
        let text = url.signing_string("PUT", "h", "/p").expect("allowed");
        assert!(text.starts_with("GET,PUT\nh\n/p\n"), "{text}");
        assert!(text.ends_with("keyId=k&method=PUT%2CGET"), "{text}");
        let url = SignedUrl::parse(raw).expect("parses");
        let text = url.signing_string("HEAD", "h", "/p").expect("its own");
        assert!(text.starts_with("HEAD\n"), "{text}");
    }

    #[test]
    fn refuses_what_is_missing_or_doubled() {
        let all = ["algorithm=a", "expires=1", "keyId=k", "signature=AAAA"];
        assert!(SignedUrl::parse(&all.join("&")).is_ok());
        for left_out in 0..all.len() {
            let mut some = all.to_vec();
            some.remove(left_out);
            assert!(SignedUrl::is_meant(&some.join("&")));
            assert!(SignedUrl::parse(&some.join("&")).is_err());
        }
        for more in ["expires=2", "k%65yId=x", "x=%", "x=%zz", "x=%ff"] {
            let raw = format!("{}&{more}", all.join("&"));
            assert!(SignedUrl::parse(&raw).is_err(), "{more}");
        }
        assert!(!SignedUrl::is_meant("limit=1024&marker=signature"));
    }

    proptest! {
        #[test]
        fn no_query_panics(text in "[a-z=&%0-9+]{0,60}") {
            let _ = SignedUrl::parse(&text);
            let raw = format!("algorithm=a&expires=1&keyId=k&signature=AAAA&{text}");
            let _ = SignedUrl::parse(&raw);
        }

        #[test]
        fn order_is_an_order(a in "[ -~]{0,6}", b in "[ -~]{0,6}") {
            prop_assert_eq!(url_order(&a, &b), url_order(&b, &a).reverse());
            prop_assert_eq!(url_order(&a, &b) == Ordering::Equal, a == b);
        }
    }
}
