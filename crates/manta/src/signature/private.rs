//! Private keys in files.
//!
//! OpenSSH writes its own format, OpenSSL and older programs write PEM in
//! three flavours (PKCS#1 for RSA, SEC1 for ECDSA, PKCS#8 for all). A locked
//! OpenSSH key still shows its public half, so that it can be found without a
//! passphrase; locked PEM does not.

use std::fmt;
use std::path::Path as FsPath;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, PublicKeyComponents};
use aws_lc_rs::signature as lc;
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use num_bigint::BigUint;
use pkcs1::der::SecretDocument;
use ssh_key::private::{EcdsaKeypair, KeypairData, RsaKeypair};

use super::openssh;
use super::{Algorithm, KeyKind, PublicKey, Result, SignatureError};

/// The longest file that is looked at as a key.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// A private key that can sign.
pub struct PrivateKey {
    secret: Secret,
    public: PublicKey,
}

enum Secret {
    Rsa(Box<RsaKeyPair>),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// A private key that wants a passphrase.
pub struct LockedKey {
    key: ssh_key::PrivateKey,
    public: PublicKey,
    name: String,
}

/// What a file holds.
pub(super) enum InFile {
    Open(PrivateKey),
    Locked(Box<LockedKey>),
}

impl PrivateKey {
    /// Reads a key file, asking `passphrase` when it is locked.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, is no key, or stays locked.
    pub fn read(
        file: &FsPath,
        passphrase: Option<&mut super::Passphrase<'_>>,
    ) -> Result<PrivateKey> {
        match InFile::read(file)? {
            InFile::Open(key) => Ok(key),
            InFile::Locked(locked) => locked.ask(passphrase),
        }
    }

    /// Parses the text of a key file that is not locked.
    ///
    /// # Errors
    ///
    /// When it is no key, or locked.
    pub fn parse(text: &str) -> Result<PrivateKey> {
        match InFile::parse(text, "in this text")? {
            InFile::Open(key) => Ok(key),
            InFile::Locked(locked) => Err(SignatureError::Locked(locked.name)),
        }
    }

    /// Returns the public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs a message, with the algorithm of the key's kind.
    ///
    /// # Errors
    ///
    /// When the system has no random numbers.
    pub fn sign(&self, message: &[u8]) -> Result<(Algorithm, Vec<u8>)> {
        let failed =
            |_| bad(format!("{} cannot sign just now", self.public.kind()));
        let random = SystemRandom::new();
        let signature = match &self.secret {
            Secret::Rsa(pair) => {
                let mut out = vec![0; pair.public_modulus_len()];
                pair.sign(&lc::RSA_PKCS1_SHA256, &random, message, &mut out)
                    .map_err(failed)?;
                out
            }
            Secret::Ecdsa(pair) => {
                let done = pair.sign(&random, message).map_err(failed)?;
                done.as_ref().to_vec()
            }
            Secret::Ed25519(pair) => {
                let done = pair.try_sign(message).map_err(failed)?;
                done.as_ref().to_vec()
            }
        };
        Ok((self.public.kind().algorithm(), signature))
    }

    fn from_ssh(key: &ssh_key::PrivateKey) -> Result<PrivateKey> {
        match key.key_data() {
            KeypairData::Rsa(pair) => from_ssh_rsa(pair),
            KeypairData::Ecdsa(pair) => {
                let secret = match pair {
                    EcdsaKeypair::NistP256 { private, .. } => {
                        private.as_slice()
                    }
                    EcdsaKeypair::NistP384 { private, .. } => {
                        private.as_slice()
                    }
                    EcdsaKeypair::NistP521 { private, .. } => {
                        private.as_slice()
                    }
                };
                let public = PublicKey::from_ssh(key.public_key().key_data())?;
                let pair = EcdsaKeyPair::from_private_key_and_public_key(
                    ecdsa(public.kind())?,
                    secret,
                    pair.public_key_bytes(),
                )
                .map_err(rejected)?;
                Ok(PrivateKey { secret: Secret::Ecdsa(pair), public })
            }
            KeypairData::Ed25519(pair) => {
                let pair = Ed25519KeyPair::from_seed_and_public_key(
                    &pair.private.to_bytes(),
                    &pair.public.0,
                )
                .map_err(rejected)?;
                from_ed25519(pair)
            }
            other => Err(bad(format!(
                "{} keys cannot sign requests; use RSA, ECDSA or Ed25519",
                other
                    .algorithm()
                    .map_or_else(|_| "such".to_owned(), |a| a.to_string())
            ))),
        }
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey(of {:?})", self.public)
    }
}

impl LockedKey {
    /// Returns the public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Unlocks the key.
    ///
    /// # Errors
    ///
    /// [`SignatureError::WrongPassphrase`].
    pub fn unlock(&self, passphrase: &str) -> Result<PrivateKey> {
        let wrong = || SignatureError::WrongPassphrase(self.name.clone());
        let key = openssh::unlock(&self.key, passphrase).ok_or_else(wrong)?;
        PrivateKey::from_ssh(&key)
    }

    pub(super) fn ask(
        &self,
        passphrase: Option<&mut super::Passphrase<'_>>,
    ) -> Result<PrivateKey> {
        let locked = || SignatureError::Locked(self.name.clone());
        let ask = passphrase.ok_or_else(locked)?;
        let answer = ask(&self.name).ok_or_else(locked)?;
        self.unlock(&answer)
    }
}

impl fmt::Debug for LockedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LockedKey({}, of {:?})", self.name, self.public)
    }
}

impl InFile {
    pub(super) fn read(file: &FsPath) -> Result<InFile> {
        use std::io::Read as _;
        let name = file.display().to_string();
        let failed =
            |source| SignatureError::File { path: name.clone(), source };
        let opened = std::fs::File::open(file).map_err(failed)?;
        let mut text = String::new();
        opened
            .take(MAX_FILE_BYTES)
            .read_to_string(&mut text)
            .map_err(failed)?;
        InFile::parse(&text, &name)
    }

    pub(super) fn public(&self) -> &PublicKey {
        match self {
            InFile::Open(key) => &key.public,
            InFile::Locked(key) => &key.public,
        }
    }

    fn parse(text: &str, name: &str) -> Result<InFile> {
        let text = text.trim();
        if !text.starts_with("-----BEGIN ") {
            return Err(bad(format!("{name}: expected -----BEGIN ...")));
        }
        if text.starts_with("-----BEGIN OPENSSH PRIVATE KEY-----") {
            let key = openssh::read(text)
                .map_err(|error| bad(format!("{name}: {error}")))?;
            if !key.is_encrypted() {
                return Ok(InFile::Open(PrivateKey::from_ssh(&key)?));
            }
            let public = PublicKey::from_ssh(key.public_key().key_data())?;
            let name = name.to_owned();
            return Ok(InFile::Locked(Box::new(LockedKey {
                key,
                public,
                name,
            })));
        }
        if text.contains("ENCRYPTED") {
            return Err(bad(format!(
                "{name}: locked PEM cannot be read here; change it with \
                 ssh-keygen -p -f FILE, or use the ssh agent"
            )));
        }
        let (label, document) = SecretDocument::from_pem(text)
            .map_err(|error| bad(format!("{name}: {error}")))?;
        from_der(label, document.as_bytes()).map(InFile::Open)
    }
}

fn bad(why: impl Into<String>) -> SignatureError {
    SignatureError::BadPrivateKey(why.into())
}

fn rejected(error: aws_lc_rs::error::KeyRejected) -> SignatureError {
    bad(format!("its parts do not fit ({error})"))
}

fn from_der(label: &str, der: &[u8]) -> Result<PrivateKey> {
    match label {
        "RSA PRIVATE KEY" => {
            from_rsa(RsaKeyPair::from_der(der).map_err(rejected)?)
        }
        "EC PRIVATE KEY" => from_ec_der(der),
        // PKCS#8 says inside which kind it holds; each reader refuses others.
        "PRIVATE KEY" => {
            if let Ok(pair) = RsaKeyPair::from_pkcs8(der) {
                return from_rsa(pair);
            }
            if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
                return from_ed25519(pair);
            }
            from_ec_der(der)
        }
        other => Err(bad(format!(
            "PEM of {other:?}, expected a private key of RSA, ECDSA or Ed25519"
        ))),
    }
}

fn from_rsa(pair: RsaKeyPair) -> Result<PrivateKey> {
    let public = PublicKey::from_pkcs1(pair.public_key().as_ref())?;
    Ok(PrivateKey { secret: Secret::Rsa(Box::new(pair)), public })
}

fn from_ed25519(pair: Ed25519KeyPair) -> Result<PrivateKey> {
    let public = PublicKey::from_ed25519(pair.public_key().as_ref())?;
    Ok(PrivateKey { secret: Secret::Ed25519(pair), public })
}

fn from_ec_der(der: &[u8]) -> Result<PrivateKey> {
    for kind in [KeyKind::EcdsaP256, KeyKind::EcdsaP384, KeyKind::EcdsaP521] {
        let tried = EcdsaKeyPair::from_private_key_der(ecdsa(kind)?, der);
        if let Ok(pair) = tried {
            let public = PublicKey::from_point(pair.public_key().as_ref())?;
            return Ok(PrivateKey { secret: Secret::Ecdsa(pair), public });
        }
    }
    Err(bad("neither RSA, Ed25519 nor ECDSA on P-256, P-384 or P-521"))
}

fn ecdsa(kind: KeyKind) -> Result<&'static lc::EcdsaSigningAlgorithm> {
    match kind {
        KeyKind::EcdsaP256 => Ok(&lc::ECDSA_P256_SHA256_ASN1_SIGNING),
        KeyKind::EcdsaP384 => Ok(&lc::ECDSA_P384_SHA384_ASN1_SIGNING),
        KeyKind::EcdsaP521 => Ok(&lc::ECDSA_P521_SHA512_ASN1_SIGNING),
        KeyKind::Rsa | KeyKind::Ed25519 => {
            Err(bad(format!("{kind} is not ECDSA")))
        }
    }
}

/// OpenSSH leaves two exponents out, which follow from the others.
fn from_ssh_rsa(pair: &RsaKeypair) -> Result<PrivateKey> {
    let part = |number: &ssh_key::Mpint| {
        number
            .as_positive_bytes()
            .map(<[u8]>::to_vec)
            .ok_or_else(|| bad("RSA with a negative number"))
    };
    let d = part(&pair.private.d)?;
    let (p, q) = (part(&pair.private.p)?, part(&pair.private.q)?);
    let exponent = |prime: &[u8]| {
        let prime = BigUint::from_bytes_be(prime);
        if prime.bits() < 2 {
            return Err(bad("RSA with a prime that is none"));
        }
        let rest = BigUint::from_bytes_be(&d) % (prime - 1u8);
        Ok(rest.to_bytes_be())
    };
    let components = aws_lc_rs::rsa::KeyPairComponents {
        public_key: PublicKeyComponents {
            n: part(&pair.public.n)?,
            e: part(&pair.public.e)?,
        },
        dP: exponent(&p)?,
        dQ: exponent(&q)?,
        qInv: part(&pair.private.iqmp)?,
        d,
        p,
        q,
    };
    from_rsa(RsaKeyPair::from_components(&components).map_err(rejected)?)
}
