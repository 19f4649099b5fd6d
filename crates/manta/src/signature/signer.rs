//! A key together with the name that it signs for.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use super::header::over_date;
use super::{Algorithm, KeyId, Result, SigningKey};

/// Signs requests for an account or a subuser.
///
/// One header serves all requests of a second, since only the date is signed;
/// it is kept, so an agent is not asked for each request.
pub struct Signer {
    key_id: KeyId,
    key: SigningKey,
    last: Mutex<Option<(String, String)>>,
}

/// A signature and how it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The algorithm.
    pub algorithm: Algorithm,
    /// The bytes.
    pub signature: Vec<u8>,
}

impl Signer {
    /// Returns the signer for an account, or one of its subusers.
    pub fn new(account: &str, user: Option<&str>, key: SigningKey) -> Signer {
        let key_id = KeyId {
            account: account.to_owned(),
            user: user.map(str::to_owned),
            fingerprint: key.public().md5(),
        };
        Signer { key_id, key, last: Mutex::new(None) }
    }

    /// Returns the id under which servers know the key.
    pub fn key_id(&self) -> &KeyId {
        &self.key_id
    }

    /// Returns the key.
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// Signs any message.
    ///
    /// # Errors
    ///
    /// Mostly those of an agent.
    pub fn sign(&self, message: &[u8]) -> Result<Signed> {
        let (algorithm, signature) = self.key.sign(message)?;
        Ok(Signed { algorithm, signature })
    }

    /// Returns the `Authorization` header for a request with this value of its
    /// `Date` header, such as [`super::http_date`] makes.
    ///
    /// # Errors
    ///
    /// Mostly those of an agent.
    pub fn authorization(&self, date: &str) -> Result<String> {
        let kept = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((signed, header)) = kept.as_ref()
            && signed == date
        {
            return Ok(header.clone());
        }
        drop(kept);
        let signed = self.sign(format!("date: {date}").as_bytes())?;
        let header = over_date(
            &self.key_id.to_string(),
            signed.algorithm,
            &signed.signature,
        );
        let mut kept = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Some((date.to_owned(), header.clone()));
        Ok(header)
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.key_id)
    }
}
