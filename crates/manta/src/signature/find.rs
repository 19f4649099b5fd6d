//! Which key has a fingerprint: looking through a folder and an agent.

use std::fmt;
use std::path::{Path as FsPath, PathBuf};

use super::private::InFile;
use super::{
    Agent, AgentKey, Algorithm, Fingerprint, LockedKey, PrivateKey, PublicKey,
    Result, SignatureError,
};

/// Files of a folder that are looked at; more is no folder of keys.
const MAX_FILES: usize = 1000;

/// Asks for the passphrase of the key in the file that is named.
pub type Passphrase<'a> = dyn FnMut(&str) -> Option<String> + 'a;

/// Where keys may be.
#[derive(Clone, Debug, Default)]
pub struct KeyPlaces {
    /// A key file to look at before all else.
    pub file: Option<PathBuf>,
    /// A folder of key files, usually `~/.ssh`.
    pub folder: Option<PathBuf>,
    /// An agent.
    pub agent: Option<Agent>,
}

impl fmt::Display for KeyPlaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut places = Vec::new();
        if let Some(file) = &self.file {
            places.push(file.display().to_string());
        }
        if let Some(folder) = &self.folder {
            places.push(folder.display().to_string());
        }
        match &self.agent {
            Some(agent) => places
                .push(format!("the ssh agent {}", agent.socket().display())),
            None => places.push("no ssh agent".to_owned()),
        }
        f.write_str(&places.join(", "))
    }
}

/// A key that signs, wherever it lies.
#[derive(Debug)]
pub enum SigningKey {
    /// From a file.
    Private(PrivateKey),
    /// In an agent.
    Agent(AgentKey),
}

impl SigningKey {
    /// Returns the public half.
    pub fn public(&self) -> &PublicKey {
        match self {
            SigningKey::Private(key) => key.public(),
            SigningKey::Agent(key) => key.public(),
        }
    }

    /// Signs a message, with the algorithm of the key's kind.
    ///
    /// # Errors
    ///
    /// Mostly those of an agent.
    pub fn sign(&self, message: &[u8]) -> Result<(Algorithm, Vec<u8>)> {
        match self {
            SigningKey::Private(key) => key.sign(message),
            SigningKey::Agent(key) => key.sign(message),
        }
    }
}

/// Finds the key with a fingerprint: the named file, then the folder's files,
/// then the agent; a locked file comes last, and has `passphrase` asked.
///
/// # Errors
///
/// [`SignatureError::NoSuchKey`] naming the places, or what was wrong with
/// the one place that had it.
pub fn find_key(
    fingerprint: &Fingerprint,
    places: &KeyPlaces,
    passphrase: Option<&mut Passphrase<'_>>,
) -> Result<SigningKey> {
    let mut locked: Option<Box<LockedKey>> = None;
    let mut trouble = None;
    for file in candidates(places) {
        let named = places.file.as_ref() == Some(&file);
        match InFile::read(&file) {
            Ok(found) if fingerprint.names(found.public().blob()) => {
                match found {
                    InFile::Open(key) => return Ok(SigningKey::Private(key)),
                    InFile::Locked(key) => locked = locked.or(Some(key)),
                }
            }
            // A folder holds other things; a file that was named does not.
            Err(error) if named || has_public_half(&file, fingerprint) => {
                trouble = trouble.or(Some(error));
            }
            Ok(_) | Err(_) => {}
        }
    }
    if let Some(agent) = &places.agent {
        match agent.find(fingerprint) {
            Ok(Some(key)) => return Ok(SigningKey::Agent(key)),
            Ok(None) => {}
            Err(error) => trouble = trouble.or(Some(error)),
        }
    }
    if let Some(locked) = locked {
        return locked.ask(passphrase).map(SigningKey::Private);
    }
    Err(trouble.unwrap_or_else(|| SignatureError::NoSuchKey {
        fingerprint: fingerprint.to_string(),
        places: places.to_string(),
    }))
}

/// The files to look at, the named one first, in a fixed order.
fn candidates(places: &KeyPlaces) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = places
        .folder
        .as_deref()
        .and_then(|folder| std::fs::read_dir(folder).ok())
        .into_iter()
        .flatten()
        .take(MAX_FILES)
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|file| {
            file.extension().is_none_or(|end| end != "pub") && file.is_file()
        })
        .collect();
    files.sort();
    files.splice(0..0, places.file.clone());
    files
}

/// Tells whether the `.pub` beside a file that cannot be read is the one.
fn has_public_half(file: &FsPath, fingerprint: &Fingerprint) -> bool {
    let mut beside = file.as_os_str().to_owned();
    beside.push(".pub");
    std::fs::read_to_string(PathBuf::from(beside))
        .ok()
        .and_then(|text| PublicKey::parse(&text).ok())
        .is_some_and(|key| fingerprint.names(key.blob()))
}
