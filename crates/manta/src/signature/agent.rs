//! The ssh agent: a socket, two questions.
//!
//! | message | number | body |
//! | --- | --- | --- |
//! | list keys | 11 | |
//! | the keys | 12 | count, then blob and comment of each |
//! | sign | 13 | blob, message, flags |
//! | the signature | 14 | a string that holds an algorithm name and the bytes |
//! | failure | 5 | |
//!
//! Every message is its length in four bytes, its number, its body; strings
//! are a length in four bytes and the bytes (draft-ietf-sshm-ssh-agent). The
//! flag 2 asks RSA keys for SHA-256 instead of SHA-1.
//!
//! ECDSA signatures come as two SSH numbers, and are put into DER here.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path as FsPath, PathBuf};
use std::time::Duration;

use super::{
    Algorithm, Fingerprint, KeyKind, PublicKey, Result, SignatureError,
};

/// No agent has a reason to send more.
const MAX_ANSWER_BYTES: usize = 256 * 1024;
/// An agent may ask its user before it signs.
const PATIENCE: Duration = Duration::from_secs(60);
const RSA_SHA2_256: u32 = 2;

/// An ssh agent.
#[derive(Clone, Debug)]
pub struct Agent {
    socket: PathBuf,
}

/// A key that an agent holds.
#[derive(Clone, Debug)]
pub struct AgentKey {
    agent: Agent,
    public: PublicKey,
}

impl Agent {
    /// Returns the agent at a socket; callers know it from `SSH_AUTH_SOCK`.
    pub fn at(socket: impl Into<PathBuf>) -> Agent {
        Agent { socket: socket.into() }
    }

    /// Returns where its socket is.
    pub fn socket(&self) -> &FsPath {
        &self.socket
    }

    /// Lists the keys that it holds and that can sign requests.
    ///
    /// # Errors
    ///
    /// [`SignatureError::Agent`].
    pub fn keys(&self) -> Result<Vec<AgentKey>> {
        let answer = self.ask(11, &[], 12)?;
        let mut rest = Fields { agent: self, rest: &answer };
        let count = rest.number()?;
        let mut keys = Vec::new();
        for _ in 0..count {
            let blob = rest.string()?;
            let _comment = rest.string()?;
            // Security keys and certificates are of no use here.
            if let Ok(public) = PublicKey::from_blob(blob) {
                keys.push(AgentKey { agent: self.clone(), public });
            }
        }
        Ok(keys)
    }

    /// Returns the key with a fingerprint, if it holds that one.
    ///
    /// # Errors
    ///
    /// [`SignatureError::Agent`].
    pub fn find(&self, fingerprint: &Fingerprint) -> Result<Option<AgentKey>> {
        let keys = self.keys()?;
        Ok(keys.into_iter().find(|key| fingerprint.names(key.public.blob())))
    }

    fn failed(&self, what: impl Into<String>) -> SignatureError {
        SignatureError::Agent {
            socket: self.socket.display().to_string(),
            what: what.into(),
            source: None,
        }
    }

    /// Asks one question, and returns the body of the answer.
    fn ask(&self, number: u8, body: &[u8], expected: u8) -> Result<Vec<u8>> {
        let trouble = |what: &'static str| {
            move |source| SignatureError::Agent {
                socket: self.socket.display().to_string(),
                what: what.to_owned(),
                source: Some(source),
            }
        };
        let mut stream = UnixStream::connect(&self.socket)
            .map_err(trouble("cannot connect"))?;
        for set in [UnixStream::set_read_timeout, UnixStream::set_write_timeout]
        {
            set(&stream, Some(PATIENCE)).map_err(trouble("cannot set up"))?;
        }
        let length = u32::try_from(body.len() + 1)
            .map_err(|_| self.failed("the message is too long to sign"))?;
        let mut message = length.to_be_bytes().to_vec();
        message.push(number);
        message.extend_from_slice(body);
        stream.write_all(&message).map_err(trouble("cannot ask"))?;
        let mut length = [0; 4];
        let no_answer = "no answer";
        stream.read_exact(&mut length).map_err(trouble(no_answer))?;
        let length = u32::from_be_bytes(length) as usize;
        if length == 0 || length > MAX_ANSWER_BYTES {
            return Err(self.failed(format!(
                "an answer of {length} bytes, expected 1 to {MAX_ANSWER_BYTES}"
            )));
        }
        let mut answer = vec![0; length];
        stream.read_exact(&mut answer).map_err(trouble(no_answer))?;
        let found = answer.remove(0);
        match found {
            _ if found == expected => Ok(answer),
            5 => Err(self.failed("it refused")),
            other => Err(self.failed(format!(
                "it answered with message {other}, expected {expected}"
            ))),
        }
    }
}

impl AgentKey {
    /// Returns the public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Has the agent sign a message, with the algorithm of the key's kind.
    ///
    /// # Errors
    ///
    /// [`SignatureError::Agent`], also when the agent's user says no.
    pub fn sign(&self, message: &[u8]) -> Result<(Algorithm, Vec<u8>)> {
        let kind = self.public.kind();
        let mut body = Vec::new();
        for part in [self.public.blob(), message] {
            let length = u32::try_from(part.len()).map_err(|_| {
                self.agent.failed("the message is too long to sign")
            })?;
            body.extend_from_slice(&length.to_be_bytes());
            body.extend_from_slice(part);
        }
        let flags = if kind == KeyKind::Rsa { RSA_SHA2_256 } else { 0 };
        body.extend_from_slice(&flags.to_be_bytes());
        let answer = self.agent.ask(13, &body, 14)?;
        let mut outer = Fields { agent: &self.agent, rest: &answer };
        let mut inner = Fields { agent: &self.agent, rest: outer.string()? };
        let name = inner.string()?;
        let bytes = inner.string()?;
        let expected = match kind {
            KeyKind::Rsa => "rsa-sha2-256",
            other => other.as_str(),
        };
        if name != expected.as_bytes() {
            return Err(self.agent.failed(format!(
                "it signed with {}, expected {expected}",
                String::from_utf8_lossy(name).escape_debug()
            )));
        }
        let signature = match kind {
            KeyKind::Rsa | KeyKind::Ed25519 => bytes.to_vec(),
            _ => self.to_der(bytes)?,
        };
        let algorithm = kind.algorithm();
        // A signature that does not verify is the agent's fault: say so here
        // rather than let a server refuse it.
        if !self.public.verify(algorithm, message, &signature) {
            return Err(self.agent.failed("its signature does not verify"));
        }
        Ok((algorithm, signature))
    }

    /// Makes DER of the two numbers of an ECDSA signature.
    fn to_der(&self, bytes: &[u8]) -> Result<Vec<u8>> {
        let mut numbers = Fields { agent: &self.agent, rest: bytes };
        let mut body = Vec::new();
        for _ in 0..2 {
            // An SSH number and a DER number have the same bytes.
            let number = numbers.string()?;
            let length = u8::try_from(number.len())
                .ok()
                .filter(|length| (1..0x80).contains(length))
                .ok_or_else(|| self.agent.failed("it sent a damaged number"))?;
            body.extend_from_slice(&[2, length]);
            body.extend_from_slice(number);
        }
        let mut out = vec![0x30];
        let length = u8::try_from(body.len())
            .map_err(|_| self.agent.failed("it sent a damaged number"))?;
        if length >= 0x80 {
            // P-521: more than 127 bytes take the long form of a length.
            out.push(0x81);
        }
        out.push(length);
        out.extend_from_slice(&body);
        Ok(out)
    }
}

/// The fields of an answer that are still to be read.
struct Fields<'a> {
    agent: &'a Agent,
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    fn number(&mut self) -> Result<u32> {
        let (number, rest) = self
            .rest
            .split_first_chunk::<4>()
            .ok_or_else(|| self.agent.failed("its answer ends early"))?;
        self.rest = rest;
        Ok(u32::from_be_bytes(*number))
    }

    fn string(&mut self) -> Result<&'a [u8]> {
        let length = self.number()? as usize;
        let (string, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or_else(|| self.agent.failed("its answer ends early"))?;
        self.rest = rest;
        Ok(string)
    }
}
