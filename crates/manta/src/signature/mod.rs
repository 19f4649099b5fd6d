//! Proof of who sends a request: keys, signatures, signed URLs.
//!
//! A request says which key signed it and carries a signature over some of
//! its headers, in practice over `date` alone; a URL can carry the same proof
//! in its query. Both ends are here, so that they agree: a client makes a
//! [`Signer`] of a key that it finds, a server parses what arrived and asks
//! the [`PublicKey`] that it knows under the [`KeyId`].
//!
//! | module | knows |
//! | --- | --- |
//! | `fingerprint` | the two ways to name a key, and key ids of requests |
//! | `public` | public keys as OpenSSH and OpenSSL write them; verification |
//! | `private` | private keys in files, locked ones too; signing |
//! | `agent` | keys that an ssh agent holds |
//! | `find` | which of all these has a fingerprint |
//! | `header` | `Authorization: Signature ...` and the string that is signed |
//! | `url` | signed URLs |
//! | `signer` | a key with the name of its owner |
//!
//! What follows from the clients that exist:
//!
//! - a key is named on the wire by the **MD5** of its SSH blob, whatever its
//!   owner configured: old clients know no other way. A fingerprint only
//!   selects a key, it proves nothing, so MD5 does no harm here;
//! - `rsa-sha1` is verified, because one client knows nothing else, but never
//!   produced;
//! - the label of Ed25519 is `ed25519-sha512`, ECDSA signatures are DER.
//!
//! Security keys (`sk-...`) sign more than the message and cannot be used;
//! DSA is not supported.
//!
//! ```
//! use thoth_manta::signature::{Algorithm, KeyId, PublicKey};
//! let key = PublicKey::parse(
//!     "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEDlxYsMKYeWAsGd8qM0FPUzHQ2P\
//!      iY6kQ7XYmKQkWb9k alice@laptop",
//! )?;
//! let id = KeyId::account("alice", key.md5());
//! assert_eq!(KeyId::parse(&id.to_string())?, id);
//! assert!(!key.verify(
//!     Algorithm::parse("ed25519-sha512")?,
//!     b"date: Mon, 23 Nov 2026 04:07:14 GMT",
//!     &[0; 64],
//! ));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Nothing here reads the environment: callers say where keys and agents are.

mod agent;
mod algorithm;
mod date;
mod find;
mod fingerprint;
mod header;
mod openssh;
mod private;
mod public;
mod signer;
mod url;

pub use agent::{Agent, AgentKey};
pub use algorithm::{Algorithm, KeyKind};
pub use date::{http_date, parse_http_date};
pub use find::{KeyPlaces, Passphrase, SigningKey, find_key};
pub use fingerprint::{Fingerprint, KeyId};
pub use header::{Authorization, SignatureHeader, SignedRequest};
pub use private::{LockedKey, PrivateKey};
pub use public::PublicKey;
pub use signer::{Signed, Signer};
pub use url::{SignedUrl, UrlToSign, encode_strictly, url_order};

/// Why a key, a signature or a signed text is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// A text is no public key that can be used.
    #[error("public key: {0}")]
    BadPublicKey(String),
    /// A text is no private key that can be used.
    #[error("private key: {0}")]
    BadPrivateKey(String),
    /// The private key is encrypted.
    #[error(
        "private key {0} is locked by a passphrase; give the passphrase, or \
         add the key to the ssh agent with ssh-add"
    )]
    Locked(String),
    /// The passphrase does not unlock the private key.
    #[error("private key {0}: the passphrase does not unlock it")]
    WrongPassphrase(String),
    /// A text is no fingerprint.
    #[error(
        "fingerprint {0:?}: expected MD5 as 16 pairs of hex digits with \
         colons, or SHA256: and base64"
    )]
    BadFingerprint(String),
    /// A text is no key id.
    #[error("key id {0:?}: expected /ACCOUNT/keys/FP or /ACCOUNT/USER/keys/FP")]
    BadKeyId(String),
    /// No such algorithm, or none that this key can do.
    #[error("{0} is not supported")]
    BadAlgorithm(String),
    /// The scheme of an `Authorization` header is unknown.
    #[error("authorization scheme {0:?}: expected Signature or Token")]
    BadScheme(String),
    /// A header is malformed.
    #[error("authorization header: {0}")]
    BadHeader(String),
    /// A header that should be signed is not in the request.
    #[error("{0} was not in the request")]
    MissingHeader(String),
    /// A signed URL cannot be made or read.
    #[error("signed URL: {0}")]
    BadUrl(String),
    /// A file cannot be read.
    #[error("cannot read {path}")]
    File {
        /// Which file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The ssh agent cannot be asked, or does not answer as it should.
    #[error("ssh agent {socket}: {what}")]
    Agent {
        /// Its socket.
        socket: String,
        /// What was tried, and what happened.
        what: String,
        /// Why, when the system says so.
        #[source]
        source: Option<std::io::Error>,
    },
    /// No key has the fingerprint.
    #[error(
        "no private key has the fingerprint {fingerprint}; looked in: {places}"
    )]
    NoSuchKey {
        /// What was looked for.
        fingerprint: String,
        /// Where.
        places: String,
    },
}

/// The result of this module's functions.
pub type Result<T, E = SignatureError> = std::result::Result<T, E>;
