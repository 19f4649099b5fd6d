//! Public keys, and what they verify.
//!
//! A key is kept as its SSH blob, whatever text it came from: the blob is what
//! fingerprints are made of, and one key has one blob.

use std::fmt;

use aws_lc_rs::signature as lc;
use pkcs1::der::asn1::ObjectIdentifier;
use pkcs1::der::{Decode as _, Document};
use spki::SubjectPublicKeyInfoRef;
use ssh_key::Mpint;
use ssh_key::public::{EcdsaPublicKey, Ed25519PublicKey, KeyData};

use super::fingerprint::{decode_base64, encode_base64};
use super::{Algorithm, Fingerprint, KeyKind, Result, SignatureError};

/// Sizes of RSA keys, in bits, that can be verified with.
const RSA_BITS: std::ops::RangeInclusive<usize> = 1024..=8192;
/// The longest text that is looked at as a key.
const MAX_TEXT_BYTES: usize = 64 * 1024;

const RSA: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// A public key.
#[derive(Clone)]
pub struct PublicKey {
    blob: Vec<u8>,
    parts: Parts,
    comment: String,
}

/// What verification needs.
#[derive(Clone)]
enum Parts {
    /// Both without leading zeros.
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// An uncompressed point.
    Ecdsa(KeyKind, Vec<u8>),
    Ed25519([u8; 32]),
}

impl PublicKey {
    /// Parses a key as OpenSSH writes it on one line (`id_rsa.pub`), or as PEM
    /// (`BEGIN PUBLIC KEY`, `BEGIN RSA PUBLIC KEY`).
    ///
    /// # Errors
    ///
    /// [`SignatureError::BadPublicKey`] when it is no such text, or a key
    /// that requests cannot be signed with.
    pub fn parse(text: &str) -> Result<PublicKey> {
        let text = text.trim();
        if text.len() > MAX_TEXT_BYTES {
            return Err(bad(format!(
                "{} bytes of text, expected at most {MAX_TEXT_BYTES}",
                text.len()
            )));
        }
        if text.contains("PRIVATE KEY-----") {
            return Err(bad(
                "this is a private key, which is nobody else's business; \
                 give the .pub file",
            ));
        }
        if text.starts_with("-----BEGIN ") {
            return from_pem(text);
        }
        if text.contains(['\n', '\r']) {
            return Err(bad("expected one key, found several lines"));
        }
        let mut words = text.splitn(3, [' ', '\t']);
        let label = words.next().unwrap_or_default();
        let Some(body) = words.next() else {
            return Err(bad(
                "expected a line as in ~/.ssh/id_ed25519.pub, or PEM",
            ));
        };
        let blob =
            decode_base64(body).ok_or_else(|| bad("the base64 is damaged"))?;
        let mut key = PublicKey::from_blob(&blob)?;
        if label != key.kind().as_str() {
            return Err(bad(format!(
                "the line says {label:?}, the key in it is {}",
                key.kind()
            )));
        }
        key.comment = words.next().unwrap_or_default().trim().to_owned();
        Ok(key)
    }

    /// Parses an SSH blob, as agents hand it out.
    ///
    /// # Errors
    ///
    /// [`SignatureError::BadPublicKey`].
    pub fn from_blob(blob: &[u8]) -> Result<PublicKey> {
        let key = ssh_key::PublicKey::from_bytes(blob)
            .map_err(|error| bad(error.to_string()))?;
        PublicKey::from_ssh(key.key_data())
    }

    pub(super) fn from_ssh(data: &KeyData) -> Result<PublicKey> {
        let parts = match data {
            KeyData::Rsa(rsa) => Parts::Rsa {
                n: positive(&rsa.n, "modulus")?,
                e: positive(&rsa.e, "exponent")?,
            },
            KeyData::Ecdsa(ec) => {
                let kind = match ec {
                    EcdsaPublicKey::NistP256(_) => KeyKind::EcdsaP256,
                    EcdsaPublicKey::NistP384(_) => KeyKind::EcdsaP384,
                    EcdsaPublicKey::NistP521(_) => KeyKind::EcdsaP521,
                };
                Parts::Ecdsa(kind, ec.as_sec1_bytes().to_vec())
            }
            KeyData::Ed25519(ed) => Parts::Ed25519(ed.0),
            other => {
                return Err(bad(format!(
                    "{} keys cannot sign requests; use RSA, ECDSA or Ed25519",
                    other.algorithm()
                )));
            }
        };
        PublicKey::from_parts(parts)
    }

    /// Reads the two numbers of an RSA key from DER.
    pub(super) fn from_pkcs1(der: &[u8]) -> Result<PublicKey> {
        let key = pkcs1::RsaPublicKeyRef::from_der(der)
            .map_err(|error| bad(error.to_string()))?;
        // Without their leading zeros.
        let n = key.modulus.as_bytes().to_vec();
        let e = key.public_exponent.as_bytes().to_vec();
        PublicKey::from_parts(Parts::Rsa { n, e })
    }

    pub(super) fn from_point(point: &[u8]) -> Result<PublicKey> {
        let key = EcdsaPublicKey::from_sec1_bytes(point)
            .map_err(|error| bad(error.to_string()))?;
        PublicKey::from_ssh(&KeyData::Ecdsa(key))
    }

    pub(super) fn from_ed25519(bytes: &[u8]) -> Result<PublicKey> {
        let bytes = bytes.try_into().map_err(|_| {
            bad(format!("Ed25519 of {} bytes, expected 32", bytes.len()))
        })?;
        PublicKey::from_parts(Parts::Ed25519(bytes))
    }

    fn from_parts(parts: Parts) -> Result<PublicKey> {
        let data = match &parts {
            Parts::Rsa { n, e } => {
                check_rsa(n, e)?;
                let number = |bytes| {
                    Mpint::from_positive_bytes(bytes)
                        .map_err(|error| bad(error.to_string()))
                };
                KeyData::Rsa(ssh_key::public::RsaPublicKey {
                    n: number(n)?,
                    e: number(e)?,
                })
            }
            Parts::Ecdsa(kind, point) => {
                check_point(*kind, point)?;
                let key = EcdsaPublicKey::from_sec1_bytes(point)
                    .map_err(|error| bad(error.to_string()))?;
                KeyData::Ecdsa(key)
            }
            Parts::Ed25519(bytes) => KeyData::Ed25519(Ed25519PublicKey(*bytes)),
        };
        let blob = ssh_key::PublicKey::from(data)
            .to_bytes()
            .map_err(|error| bad(error.to_string()))?;
        Ok(PublicKey { blob, parts, comment: String::new() })
    }

    /// Returns the SSH blob, of which fingerprints are made.
    pub fn blob(&self) -> &[u8] {
        &self.blob
    }

    /// Returns what kind of key it is.
    pub fn kind(&self) -> KeyKind {
        match &self.parts {
            Parts::Rsa { .. } => KeyKind::Rsa,
            Parts::Ecdsa(kind, _) => *kind,
            Parts::Ed25519(_) => KeyKind::Ed25519,
        }
    }

    /// Returns the size in bits, as `ssh-keygen -l` tells it.
    pub fn bits(&self) -> usize {
        match &self.parts {
            Parts::Rsa { n, .. } => bits(n),
            Parts::Ecdsa(KeyKind::EcdsaP384, _) => 384,
            Parts::Ecdsa(KeyKind::EcdsaP521, _) => 521,
            Parts::Ecdsa(..) | Parts::Ed25519(_) => 256,
        }
    }

    /// Returns the comment at the end of its line; empty when there is none.
    pub fn comment(&self) -> &str {
        &self.comment
    }

    /// Returns the fingerprint that requests name the key by.
    pub fn md5(&self) -> Fingerprint {
        Fingerprint::md5_of(&self.blob)
    }

    /// Returns the fingerprint that `ssh-keygen -l` shows.
    pub fn sha256(&self) -> Fingerprint {
        Fingerprint::sha256_of(&self.blob)
    }

    /// Returns the key on one line, as OpenSSH writes it.
    pub fn to_openssh(&self) -> String {
        let mut line = format!("{} {}", self.kind(), encode_base64(&self.blob));
        if !self.comment.is_empty() {
            line.push(' ');
            line.push_str(&self.comment);
        }
        line
    }

    /// Tells whether the key can make signatures of the algorithm.
    pub fn can(&self, algorithm: Algorithm) -> bool {
        let (bits, hash) = (self.bits(), algorithm);
        match (&self.parts, hash) {
            (
                Parts::Rsa { .. },
                Algorithm::RsaSha384 | Algorithm::RsaSha512,
            ) => bits >= 2048,
            (Parts::Rsa { .. }, Algorithm::RsaSha1 | Algorithm::RsaSha256)
            | (
                Parts::Ecdsa(..),
                Algorithm::EcdsaSha256
                | Algorithm::EcdsaSha384
                | Algorithm::EcdsaSha512,
            )
            | (Parts::Ed25519(_), Algorithm::Ed25519Sha512) => true,
            _ => false,
        }
    }

    /// Tells whether `signature` is this key's over `message`. An algorithm of
    /// another kind of key is no.
    pub fn verify(
        &self,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        match &self.parts {
            Parts::Rsa { n, e } => {
                let parameters = match algorithm {
                    Algorithm::RsaSha1 => {
                        &lc::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY
                    }
                    Algorithm::RsaSha256 => {
                        &lc::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY
                    }
                    Algorithm::RsaSha384 => &lc::RSA_PKCS1_2048_8192_SHA384,
                    Algorithm::RsaSha512 => &lc::RSA_PKCS1_2048_8192_SHA512,
                    _ => return false,
                };
                let key = lc::RsaPublicKeyComponents { n, e };
                key.verify(parameters, message, signature).is_ok()
            }
            Parts::Ecdsa(kind, point) => {
                ecdsa(*kind, algorithm).is_some_and(|with| {
                    lc::UnparsedPublicKey::new(with, point)
                        .verify(message, signature)
                        .is_ok()
                })
            }
            Parts::Ed25519(bytes) => {
                algorithm == Algorithm::Ed25519Sha512
                    && lc::UnparsedPublicKey::new(&lc::ED25519, bytes)
                        .verify(message, signature)
                        .is_ok()
            }
        }
    }
}

impl PartialEq for PublicKey {
    /// Compares the keys, not their comments.
    fn eq(&self, other: &PublicKey) -> bool {
        self.blob == other.blob
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({} {})", self.kind(), self.sha256())
    }
}

fn bad(why: impl Into<String>) -> SignatureError {
    SignatureError::BadPublicKey(why.into())
}

fn positive(number: &Mpint, what: &str) -> Result<Vec<u8>> {
    let bytes = number
        .as_positive_bytes()
        .ok_or_else(|| bad(format!("RSA with a negative {what}")))?;
    Ok(bytes.to_vec())
}

fn bits(number: &[u8]) -> usize {
    let zeros = number.first().map_or(0, |first| first.leading_zeros());
    (number.len() * 8).saturating_sub(zeros as usize)
}

fn check_rsa(n: &[u8], e: &[u8]) -> Result<()> {
    let size = bits(n);
    if !RSA_BITS.contains(&size) {
        return Err(bad(format!(
            "RSA of {size} bits, expected {} to {}",
            RSA_BITS.start(),
            RSA_BITS.end()
        )));
    }
    // The library takes exponents up to 33 bits; larger ones are unheard of.
    let odd = e.last().is_some_and(|last| last % 2 == 1);
    if !odd || bits(e) < 2 || bits(e) > 33 {
        return Err(bad("RSA with an exponent that no program makes"));
    }
    Ok(())
}

/// Refuses a point that is not on its curve.
fn check_point(kind: KeyKind, point: &[u8]) -> Result<()> {
    let with = ecdsa(kind, kind.algorithm())
        .ok_or_else(|| bad(format!("{kind} has no curve")))?;
    if point.first() != Some(&4) {
        return Err(bad("ECDSA with a compressed point, expected a full one"));
    }
    lc::ParsedPublicKey::new(with, point)
        .map(drop)
        .map_err(|_| bad("ECDSA with a point that is not on its curve"))
}

fn ecdsa(
    kind: KeyKind,
    algorithm: Algorithm,
) -> Option<&'static lc::EcdsaVerificationAlgorithm> {
    use Algorithm::{EcdsaSha256, EcdsaSha384, EcdsaSha512};
    use KeyKind::{EcdsaP256, EcdsaP384, EcdsaP521};
    Some(match (kind, algorithm) {
        (EcdsaP256, EcdsaSha256) => &lc::ECDSA_P256_SHA256_ASN1,
        (EcdsaP256, EcdsaSha384) => &lc::ECDSA_P256_SHA384_ASN1,
        (EcdsaP256, EcdsaSha512) => &lc::ECDSA_P256_SHA512_ASN1,
        (EcdsaP384, EcdsaSha256) => &lc::ECDSA_P384_SHA256_ASN1,
        (EcdsaP384, EcdsaSha384) => &lc::ECDSA_P384_SHA384_ASN1,
        (EcdsaP384, EcdsaSha512) => &lc::ECDSA_P384_SHA512_ASN1,
        (EcdsaP521, EcdsaSha256) => &lc::ECDSA_P521_SHA256_ASN1,
        (EcdsaP521, EcdsaSha384) => &lc::ECDSA_P521_SHA384_ASN1,
        (EcdsaP521, EcdsaSha512) => &lc::ECDSA_P521_SHA512_ASN1,
        _ => return None,
    })
}

fn from_pem(text: &str) -> Result<PublicKey> {
    let (label, document) =
        Document::from_pem(text).map_err(|error| bad(error.to_string()))?;
    let der = document.as_bytes();
    match label {
        "RSA PUBLIC KEY" => PublicKey::from_pkcs1(der),
        "PUBLIC KEY" => from_spki(der),
        other => Err(bad(format!(
            "PEM of {other:?}, expected \"PUBLIC KEY\" or \"RSA PUBLIC KEY\""
        ))),
    }
}

fn from_spki(der: &[u8]) -> Result<PublicKey> {
    let info = SubjectPublicKeyInfoRef::from_der(der)
        .map_err(|error| bad(error.to_string()))?;
    let bytes = info
        .subject_public_key
        .as_bytes()
        .ok_or_else(|| bad("a key with unused bits"))?;
    match info.algorithm.oid {
        RSA => PublicKey::from_pkcs1(bytes),
        // The point's length tells the curve; one of another curve of the
        // same length is not on this one.
        EC => PublicKey::from_point(bytes),
        ED25519 => PublicKey::from_ed25519(bytes),
        other => Err(bad(format!(
            "keys of type {other} cannot sign requests; use RSA, ECDSA or \
             Ed25519"
        ))),
    }
}
