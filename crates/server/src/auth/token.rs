//! Tokens: who the caller was, sealed with a key that only the store knows.
//!
//! A token is URL-safe base64 of a version byte, a nonce of 12 random bytes,
//! and a JSON document under AES-256-GCM. It says who it stands for, the roles
//! that were active, and when it was made. What it allows is judged when it is
//! used: a user or role that is gone by then, or an account that is blocked,
//! takes the token with it. A token made with a token ends when the first does.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use thoth_manta::{Code, Error, Result, Timestamp};
use thoth_store::Accounts;

use super::ActiveRole;

/// How long a token lasts.
const LIFE_SECONDS: i64 = 7 * 24 * 3600;
/// The longest token: it has to fit into a header.
const MAX_TOKEN_BYTES: usize = 8000;
const VERSION: u8 = 1;
const NONCE_BYTES: usize = 12;
/// The name of the key, among the store's secrets.
const SECRET: &str = "token";

/// What a token says.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Claims {
    pub(super) login: String,
    pub(super) account: [u8; 16],
    pub(super) user: Option<String>,
    pub(super) roles: Vec<ActiveRole>,
    /// In seconds since 1970.
    pub(super) made: i64,
}

/// Seals and opens tokens.
#[derive(Debug)]
pub(super) struct Sealer {
    key: LessSafeKey,
}

impl Sealer {
    /// Takes the key from the store, making it when there is none.
    pub(super) fn new(store: &dyn Accounts) -> Result<Sealer> {
        let mut fresh = [0; 32];
        aws_lc_rs::rand::fill(&mut fresh)
            .map_err(|_| trouble("the system has no random numbers"))?;
        let secret = store.secret(SECRET, &fresh)?;
        let key = UnboundKey::new(&AES_256_GCM, &secret)
            .map_err(|_| trouble("the key of tokens is damaged"))?;
        Ok(Sealer { key: LessSafeKey::new(key) })
    }

    pub(super) fn seal(&self, claims: &Claims) -> Result<String> {
        let mut body = serde_json::to_vec(claims)
            .map_err(|error| trouble("a token is no JSON").because(error))?;
        let mut nonce = [0; NONCE_BYTES];
        aws_lc_rs::rand::fill(&mut nonce)
            .map_err(|_| trouble("the system has no random numbers"))?;
        self.key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from([VERSION]),
                &mut body,
            )
            .map_err(|_| trouble("a token cannot be sealed"))?;
        let mut whole = vec![VERSION];
        whole.extend_from_slice(&nonce);
        whole.append(&mut body);
        let token = URL_SAFE_NO_PAD.encode(whole);
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Error::new(
                Code::InvalidRole,
                "too many roles are active to fit into a token",
            ));
        }
        Ok(token)
    }

    pub(super) fn open(&self, token: &str, now: Timestamp) -> Result<Claims> {
        let claims = self.unseal(token).ok_or_else(|| refuse("malformed"))?;
        let age = now.as_second().saturating_sub(claims.made);
        if age > LIFE_SECONDS {
            return Err(refuse("expired"));
        }
        Ok(claims)
    }

    fn unseal(&self, token: &str) -> Option<Claims> {
        if token.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let whole = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (version, rest) = whole.split_first()?;
        let (nonce, body) = rest.split_first_chunk::<NONCE_BYTES>()?;
        if *version != VERSION {
            return None;
        }
        let mut body = body.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let aad = Aad::from([VERSION]);
        let plain = self.key.open_in_place(nonce, aad, &mut body).ok()?;
        serde_json::from_slice(plain).ok()
    }
}

pub(super) fn refuse(why: &str) -> Error {
    Error::new(
        Code::InvalidAuthenticationToken,
        format!("the authentication token you provided is {why}"),
    )
}

fn trouble(what: &str) -> Error {
    Error::new(Code::InternalError, what)
}
