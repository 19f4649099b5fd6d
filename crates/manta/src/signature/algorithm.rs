//! The labels of algorithms, and the kinds of keys.

use std::fmt;

use super::{Result, SignatureError};

/// What kind of key one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// RSA of any size.
    Rsa,
    /// ECDSA on the curve P-256.
    EcdsaP256,
    /// ECDSA on the curve P-384.
    EcdsaP384,
    /// ECDSA on the curve P-521.
    EcdsaP521,
    /// Ed25519.
    Ed25519,
}

impl KeyKind {
    /// Returns the name that OpenSSH gives the kind.
    pub fn as_str(self) -> &'static str {
        match self {
            KeyKind::Rsa => "ssh-rsa",
            KeyKind::EcdsaP256 => "ecdsa-sha2-nistp256",
            KeyKind::EcdsaP384 => "ecdsa-sha2-nistp384",
            KeyKind::EcdsaP521 => "ecdsa-sha2-nistp521",
            KeyKind::Ed25519 => "ssh-ed25519",
        }
    }

    /// Returns the algorithm that keys of this kind sign with here.
    pub fn algorithm(self) -> Algorithm {
        match self {
            KeyKind::Rsa => Algorithm::RsaSha256,
            KeyKind::EcdsaP256 => Algorithm::EcdsaSha256,
            KeyKind::EcdsaP384 => Algorithm::EcdsaSha384,
            KeyKind::EcdsaP521 => Algorithm::EcdsaSha512,
            KeyKind::Ed25519 => Algorithm::Ed25519Sha512,
        }
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a signature was made, as a request says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// RSA, PKCS#1 v1.5 over SHA-1: only verified, for old clients.
    RsaSha1,
    /// RSA, PKCS#1 v1.5 over SHA-256.
    RsaSha256,
    /// RSA, PKCS#1 v1.5 over SHA-384.
    RsaSha384,
    /// RSA, PKCS#1 v1.5 over SHA-512.
    RsaSha512,
    /// ECDSA over SHA-256, the signature in DER.
    EcdsaSha256,
    /// ECDSA over SHA-384, the signature in DER.
    EcdsaSha384,
    /// ECDSA over SHA-512, the signature in DER.
    EcdsaSha512,
    /// Ed25519 over the message itself; SHA-512 is what it uses inside.
    Ed25519Sha512,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Algorithm; 8] = [
        Algorithm::RsaSha1,
        Algorithm::RsaSha256,
        Algorithm::RsaSha384,
        Algorithm::RsaSha512,
        Algorithm::EcdsaSha256,
        Algorithm::EcdsaSha384,
        Algorithm::EcdsaSha512,
        Algorithm::Ed25519Sha512,
    ];

    /// Parses a label, in any mixture of cases.
    ///
    /// # Errors
    ///
    /// [`SignatureError::BadAlgorithm`] for a label that is not supported.
    pub fn parse(label: &str) -> Result<Algorithm> {
        Algorithm::ALL
            .into_iter()
            .find(|known| known.as_str().eq_ignore_ascii_case(label))
            .ok_or_else(|| SignatureError::BadAlgorithm(label.to_owned()))
    }

    /// Returns the label, in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Algorithm::RsaSha1 => "rsa-sha1",
            Algorithm::RsaSha256 => "rsa-sha256",
            Algorithm::RsaSha384 => "rsa-sha384",
            Algorithm::RsaSha512 => "rsa-sha512",
            Algorithm::EcdsaSha256 => "ecdsa-sha256",
            Algorithm::EcdsaSha384 => "ecdsa-sha384",
            Algorithm::EcdsaSha512 => "ecdsa-sha512",
            Algorithm::Ed25519Sha512 => "ed25519-sha512",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
