//! Whose credentials a request shows.
//!
//! The order of checks is part of the protocol, because each failure has a
//! code of its own: the date; then for a signature its form, the algorithm,
//! the key id, the account, the user, whether the account is blocked, the key,
//! and only then the signature itself.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest::{Context, SHA256};
use thoth_manta::signature::{
    Algorithm, Authorization, KeyId, PublicKey, SignatureError,
    SignatureHeader, SignedRequest, SignedUrl, parse_http_date,
};
use thoth_manta::{Code, Error, Result, Timestamp};

use super::directory::{Directory, Known};
use super::token::{Claims, Sealer, refuse};
use super::{ActiveRole, RequestFacts};

/// How far the date of a request may be off.
const SKEW_SECONDS: i64 = 300;
/// Signatures that are remembered as good.
const MAX_REMEMBERED: usize = 4096;

/// Whoever proved to be somebody.
#[derive(Debug)]
pub(super) struct Proven {
    pub(super) known: Arc<Known>,
    pub(super) user: Option<String>,
    pub(super) proof: Proof,
}

/// What they proved it with.
#[derive(Debug)]
pub(super) enum Proof {
    /// A signature among the headers.
    Header,
    /// A signed URL, with the roles and tags that it asks for.
    Url { role: Option<String>, role_tag: Option<String> },
    /// A token, with the roles it was made with, and when.
    Token { roles: Vec<ActiveRole>, made: i64 },
}

/// Checks credentials.
#[derive(Debug)]
pub(super) struct Checker {
    pub(super) directory: Directory,
    pub(super) sealer: Sealer,
    good: Good,
}

impl Checker {
    pub(super) fn new(directory: Directory, sealer: Sealer) -> Checker {
        Checker { directory, sealer, good: Good::default() }
    }

    /// Finds out whose credentials these are; `None` when there are none.
    pub(super) fn check(
        &self,
        request: &RequestFacts<'_>,
        now: Timestamp,
    ) -> Result<Option<Proven>> {
        check_date(request, now)?;
        if request.header("x-auth-token").is_some() {
            // Nobody delegates to this service.
            return Err(Error::new(
                Code::InvalidHttpAuthenticationToken,
                "malformed auth token",
            ));
        }
        let Some(value) = request.header("authorization") else {
            let query = request.raw_query.unwrap_or_default();
            return if SignedUrl::is_meant(query) {
                self.check_url(query, request, now).map(Some)
            } else {
                Ok(None)
            };
        };
        let value = std::str::from_utf8(value).map_err(|_| {
            Error::new(Code::InvalidHeader, "authorization: not UTF-8")
        })?;
        match Authorization::parse(value).map_err(code_of)? {
            Authorization::Token(token) => self.check_token(&token, now),
            Authorization::Signature(header) => {
                self.check_header(&header, request, now)
            }
        }
        .map(Some)
    }

    fn check_header(
        &self,
        header: &SignatureHeader,
        request: &RequestFacts<'_>,
        now: Timestamp,
    ) -> Result<Proven> {
        let algorithm = Algorithm::parse(&header.algorithm).map_err(code_of)?;
        let visible = Visible::of(request);
        let names = header.signed_names(&visible);
        if !names.iter().any(|name| name == "date" || name == "x-date") {
            return Err(Error::new(
                Code::InvalidHeader,
                "date was not a signed header",
            ));
        }
        let text = header.signing_string(&visible).map_err(code_of)?;
        if let Some(expires) = &header.expires {
            let expires: i64 = expires.parse().map_err(|_| {
                Error::new(Code::InvalidHeader, "expires is no number")
            })?;
            if now.as_second() > expires {
                return Err(expired());
            }
        }
        let (known, user) = self.verify(
            &header.key_id,
            algorithm,
            text.as_bytes(),
            &header.signature,
        )?;
        Ok(Proven { known, user, proof: Proof::Header })
    }

    fn check_url(
        &self,
        query: &str,
        request: &RequestFacts<'_>,
        now: Timestamp,
    ) -> Result<Proven> {
        let refuse = |text: String| {
            Error::new(Code::InvalidQueryStringAuthentication, text)
        };
        let url = SignedUrl::parse(query).map_err(|e| refuse(e.to_string()))?;
        let host = request
            .header("host")
            .and_then(|host| std::str::from_utf8(host).ok())
            .unwrap_or_default();
        let text = url
            .signing_string(request.method, host, request.raw_path)
            .ok_or_else(|| {
            refuse(format!("{} was not a signed method", request.method))
        })?;
        if now.as_second() > url.expires {
            return Err(refuse("request expired".to_owned()));
        }
        let algorithm = Algorithm::parse(&url.algorithm).map_err(|_| {
            let label = url.algorithm.to_uppercase();
            refuse(format!("{label} is not a supported signing algorithm"))
        })?;
        let (known, user) = self.verify(
            &url.key_id,
            algorithm,
            text.as_bytes(),
            &url.signature,
        )?;
        let proof = Proof::Url { role: url.role, role_tag: url.role_tag };
        Ok(Proven { known, user, proof })
    }

    fn check_token(&self, token: &str, now: Timestamp) -> Result<Proven> {
        let Claims { login, account, user, roles, made } =
            self.sealer.open(token, now)?;
        let known = self.load(&login, user.as_deref())?;
        // Another account may have taken the name since.
        if known.account.uuid != account {
            return Err(refuse("malformed"));
        }
        Ok(Proven { known, user, proof: Proof::Token { roles, made } })
    }

    /// Loads an account for one who wants to use it.
    fn load(&self, login: &str, user: Option<&str>) -> Result<Arc<Known>> {
        let Some(known) = self.directory.find(login)? else {
            return Err(Error::new(
                Code::AccountDoesNotExist,
                format!("{login} does not exist"),
            ));
        };
        if let Some(user) = user
            && known.account.user(user).is_none()
        {
            return Err(Error::new(
                Code::UserDoesNotExist,
                format!("{login}/{user} does not exist"),
            ));
        }
        if known.account.is_blocked && !known.account.is_operator {
            return Err(blocked(login));
        }
        Ok(known)
    }

    fn verify(
        &self,
        key_id: &str,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(Arc<Known>, Option<String>)> {
        let id = KeyId::parse(key_id).map_err(code_of)?;
        let known = self.load(&id.account, id.user.as_deref())?;
        let Some(key) = known.key(id.user.as_deref(), &id.fingerprint) else {
            return Err(Error::new(
                Code::KeyDoesNotExist,
                format!("{id} does not exist"),
            ));
        };
        if !self.good.verify(key, algorithm, message, signature) {
            return Err(Error::new(
                Code::InvalidSignature,
                "The signature we calculated does not match the one you sent",
            ));
        }
        Ok((known, id.user))
    }
}

/// Signatures found good lately: clients sign the date alone, so all requests
/// of a second carry the same one.
#[derive(Default)]
struct Good {
    seen: Mutex<HashMap<[u8; 32], ()>>,
}

impl Good {
    fn verify(
        &self,
        key: &PublicKey,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        let mut context = Context::new(&SHA256);
        let parts =
            [key.blob(), algorithm.as_str().as_bytes(), message, signature];
        for part in parts {
            // Lengths first, so that no two lists of parts look the same.
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut digest = [0; 32];
        for (to, from) in digest.iter_mut().zip(context.finish().as_ref()) {
            *to = *from;
        }
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.contains_key(&digest) {
            return true;
        }
        drop(seen);
        let good = key.verify(algorithm, message, signature);
        if good {
            let mut seen =
                self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if seen.len() >= MAX_REMEMBERED {
                seen.clear();
            }
            seen.insert(digest, ());
        }
        good
    }
}

impl fmt::Debug for Good {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Good")
    }
}

/// Refuses a request whose date is not now.
fn check_date(request: &RequestFacts<'_>, now: Timestamp) -> Result<()> {
    for name in ["date", "x-date"] {
        let Some(value) = request.header(name) else {
            continue;
        };
        let moment = std::str::from_utf8(value).ok().and_then(parse_http_date);
        let Some(moment) = moment else {
            return Err(Error::new(
                Code::InvalidHeader,
                format!("{name}: expected a date"),
            ));
        };
        let off = now.as_second().saturating_sub(moment.as_second());
        if off.unsigned_abs() > SKEW_SECONDS.unsigned_abs() {
            return Err(expired());
        }
    }
    Ok(())
}

fn expired() -> Error {
    Error::new(
        Code::RequestExpired,
        format!(
            "the date of the request is more than {SKEW_SECONDS} seconds from \
             the server's"
        ),
    )
}

pub(super) fn blocked(login: &str) -> Error {
    Error::new(
        Code::AccountBlocked,
        format!("{login} is not an active account"),
    )
}

/// Gives an error of a signature the code that the protocol has for it.
fn code_of(error: SignatureError) -> Error {
    match error {
        SignatureError::BadScheme(scheme) => Error::new(
            Code::AuthorizationSchemeNotAllowed,
            format!("{scheme} is not allowed (use 'signature')"),
        ),
        SignatureError::BadAlgorithm(label) => Error::new(
            Code::InvalidAlgorithm,
            format!(
                "{label} is not a supported signing algorithm. Supported \
                 algorithms are {}",
                Algorithm::ALL.map(Algorithm::as_str).join(", ")
            ),
        ),
        SignatureError::BadKeyId(_) => Error::new(
            Code::InvalidKeyId,
            "the KeyId token you provided is invalid",
        ),
        other => Error::new(Code::InvalidHeader, other.to_string()),
    }
}

/// A request's visible parts, as signatures cover them.
struct Visible<'a> {
    facts: &'a RequestFacts<'a>,
    target: String,
}

impl<'a> Visible<'a> {
    fn of(facts: &'a RequestFacts<'a>) -> Visible<'a> {
        let target = match facts.raw_query {
            None => facts.raw_path.to_owned(),
            Some(query) => format!("{}?{query}", facts.raw_path),
        };
        Visible { facts, target }
    }
}

impl SignedRequest for Visible<'_> {
    fn method(&self) -> &str {
        self.facts.method
    }

    fn target(&self) -> &str {
        &self.target
    }

    fn version(&self) -> &str {
        "HTTP/1.1"
    }

    fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        let values = self.facts.headers.get_all(name).iter();
        let mut texts = Vec::new();
        for value in values {
            texts.push(std::str::from_utf8(value.as_bytes()).ok()?);
        }
        match texts.as_slice() {
            [] => None,
            [one] => Some(Cow::Borrowed(one)),
            _ => Some(Cow::Owned(texts.join(", "))),
        }
    }
}
