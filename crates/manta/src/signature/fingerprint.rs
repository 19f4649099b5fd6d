//! Names of keys: fingerprints, and the key ids that requests carry.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use md5::{Digest as _, Md5};

use super::{Result, SignatureError};

/// A digest of a public key's SSH blob, by which people and requests name it.
#[derive(Clone, Copy)]
pub enum Fingerprint {
    /// Shown as `86:dc:a6:...`.
    Md5([u8; 16]),
    /// Shown as `SHA256:` and base64.
    Sha256([u8; 32]),
}

impl Fingerprint {
    /// Returns the MD5 fingerprint of an SSH blob.
    pub fn md5_of(blob: &[u8]) -> Fingerprint {
        Fingerprint::Md5(Md5::digest(blob).into())
    }

    /// Returns the SHA-256 fingerprint of an SSH blob.
    pub fn sha256_of(blob: &[u8]) -> Fingerprint {
        let mut out = [0; 32];
        let digest = digest::digest(&digest::SHA256, blob);
        for (to, from) in out.iter_mut().zip(digest.as_ref()) {
            *to = *from;
        }
        Fingerprint::Sha256(out)
    }

    /// Parses a fingerprint as people write it: `MD5:86:dc:...`,
    /// `86:DC:...`, `SHA256:...` with or without padding.
    ///
    /// # Errors
    ///
    /// [`SignatureError::BadFingerprint`].
    pub fn parse(text: &str) -> Result<Fingerprint> {
        let bad = || SignatureError::BadFingerprint(text.to_owned());
        if let Some(rest) = text.strip_prefix("SHA256:") {
            let rest = rest.trim_end_matches('=');
            let bytes = STANDARD_NO_PAD.decode(rest).map_err(|_| bad())?;
            return Ok(Fingerprint::Sha256(
                bytes.try_into().map_err(|_| bad())?,
            ));
        }
        let rest = text.strip_prefix("MD5:").unwrap_or(text);
        let mut out = [0; 16];
        let mut pairs = rest.split(':');
        for byte in &mut out {
            let pair = pairs.next().ok_or_else(bad)?;
            let digits = pair.bytes().all(|digit| digit.is_ascii_hexdigit());
            if pair.len() != 2 || !digits {
                return Err(bad());
            }
            *byte = u8::from_str_radix(pair, 16).map_err(|_| bad())?;
        }
        match pairs.next() {
            None => Ok(Fingerprint::Md5(out)),
            Some(_) => Err(bad()),
        }
    }

    /// Tells whether this names the key with the SSH blob.
    pub fn names(&self, blob: &[u8]) -> bool {
        *self
            == match self {
                Fingerprint::Md5(_) => Fingerprint::md5_of(blob),
                Fingerprint::Sha256(_) => Fingerprint::sha256_of(blob),
            }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Fingerprint::Md5(bytes) => bytes,
            Fingerprint::Sha256(bytes) => bytes,
        }
    }
}

impl PartialEq for Fingerprint {
    /// In constant time for two of a kind.
    fn eq(&self, other: &Fingerprint) -> bool {
        verify_slices_are_equal(self.bytes(), other.bytes()).is_ok()
    }
}

impl Eq for Fingerprint {}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fingerprint::Md5(bytes) => {
                for (place, byte) in bytes.iter().enumerate() {
                    let colon = if place == 0 { "" } else { ":" };
                    write!(f, "{colon}{byte:02x}")?;
                }
                Ok(())
            }
            Fingerprint::Sha256(bytes) => {
                write!(f, "SHA256:{}", STANDARD_NO_PAD.encode(bytes))
            }
        }
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Which key of which account or subuser signed a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyId {
    /// The account.
    pub account: String,
    /// One of its subusers; `None`: the account itself.
    pub user: Option<String>,
    /// The key.
    pub fingerprint: Fingerprint,
}

impl KeyId {
    /// Returns the id of an account's own key.
    pub fn account(account: &str, fingerprint: Fingerprint) -> KeyId {
        KeyId { account: account.to_owned(), user: None, fingerprint }
    }

    /// Parses `/ACCOUNT/keys/FP` or `/ACCOUNT/USER/keys/FP`. Components may be
    /// percent-encoded. The form `/ACCOUNT/users/USER/keys/FP`, which a
    /// library writes for other services, is read as well.
    ///
    /// # Errors
    ///
    /// [`SignatureError::BadKeyId`].
    pub fn parse(text: &str) -> Result<KeyId> {
        let bad = || SignatureError::BadKeyId(text.to_owned());
        let rest = text.strip_prefix('/').ok_or_else(bad)?;
        let mut parts = Vec::with_capacity(5);
        // The bound keeps a hostile id from costing more than a look.
        for part in rest.splitn(6, '/') {
            let part = crate::path::decode(part).ok_or_else(bad)?;
            if part.is_empty() || part.contains('\0') {
                return Err(bad());
            }
            parts.push(part);
        }
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let (account, user, fingerprint) = match *parts {
            [account, "keys", fp] => (account, None, fp),
            [account, user, "keys", fp] => (account, Some(user), fp),
            [account, "users", user, "keys", fp] => (account, Some(user), fp),
            _ => return Err(bad()),
        };
        Ok(KeyId {
            account: account.to_owned(),
            user: user.map(str::to_owned),
            fingerprint: Fingerprint::parse(fingerprint).map_err(|_| bad())?,
        })
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.user {
            None => write!(f, "/{}/keys/{}", self.account, self.fingerprint),
            Some(user) => write!(
                f,
                "/{}/{}/keys/{}",
                self.account, user, self.fingerprint
            ),
        }
    }
}

/// Decodes base64 as it arrives in headers: padded or not.
pub(super) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD
        .decode(text)
        .or_else(|_| STANDARD_NO_PAD.decode(text.trim_end_matches('=')))
        .ok()
}

pub(super) fn encode_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MD5: &str = "86:dc:a6:1c:4b:3a:10:e5:b1:52:df:61:ac:00:e9:da";

    #[test]
    fn reads_fingerprints_as_written() {
        let plain = Fingerprint::parse(MD5).expect("plain");
        assert_eq!(plain.to_string(), MD5);
        let upper = MD5.to_uppercase();
        for text in [format!("MD5:{MD5}"), upper] {
            assert_eq!(Fingerprint::parse(&text).expect("same"), plain);
        }
        for text in [
            "",
            "MD5:",
            "86:dc",
            "+6:dc:a6:1c:4b:3a:10:e5:b1:52:df:61:ac:00:e9:da",
            "86:dc:a6:1c:4b:3a:10:e5:b1:52:df:61:ac:00:e9:da:00",
            "86dca61c4b3a10e5b152df61ac00e9da",
            "SHA256:AAAA",
            "SHA256:!!!!",
        ] {
            assert!(Fingerprint::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn reads_key_ids() {
        let id = KeyId::parse(&format!("/alice/keys/{MD5}")).expect("id");
        assert_eq!((id.account.as_str(), id.user), ("alice", None));
        let id = KeyId::parse(&format!("/alice/bob%40x/keys/{MD5}"));
        assert_eq!(id.expect("id").user.as_deref(), Some("bob@x"));
        let id = KeyId::parse(&format!("/alice/users/bob/keys/{MD5}"));
        assert_eq!(id.expect("id").user.as_deref(), Some("bob"));
        for text in [
            "",
            "/",
            "alice/keys/x",
            &format!("alice/keys/{MD5}"),
            &format!("/alice//keys/{MD5}"),
            &format!("/alice/keys/{MD5}/"),
            &format!("/al%2Fice/keys/{MD5}"),
            &format!("/a/b/c/keys/{MD5}"),
            "/alice/keys/mykey",
        ] {
            assert!(KeyId::parse(text).is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn fingerprints_round_trip(md5: [u8; 16], sha: [u8; 32]) {
            for one in [Fingerprint::Md5(md5), Fingerprint::Sha256(sha)] {
                let text = one.to_string();
                prop_assert_eq!(Fingerprint::parse(&text).unwrap(), one);
            }
        }

        #[test]
        fn no_text_panics(text in ".{0,60}") {
            let _ = Fingerprint::parse(&text);
            let _ = KeyId::parse(&text);
            let _ = KeyId::parse(&format!("/{text}/keys/{MD5}"));
        }
    }
}
