//! Private keys in OpenSSH's own format, those with short numbers included.
//!
//! The format (OpenSSH, `PROTOCOL.key`) holds an ECDSA key's secret number
//! without leading zeros. One in four of P-521's, and one in 512 of P-256's, is
//! thus shorter than its curve, and `ssh-key` refuses it. Such a key is written
//! anew with its zeros and read again:
//!
//! ```text
//! "openssh-key-v1\0"  cipher  kdf  kdf options  u32 1  public key  section
//! section: u32 check, twice; name; curve; point; number; comment; 1, 2, 3 ...
//! ```
//!
//! All but the u32 are strings: a big-endian u32 length, and so many bytes.

use base64::Engine as _;
use ssh_key::private::KeypairData;

const MAGIC: &[u8] = b"openssh-key-v1\0";
/// Sections of keys that are not locked are padded to a multiple of this.
const BLOCK: usize = 8;

/// Reads the text of a key file.
pub(super) fn read(text: &str) -> ssh_key::Result<ssh_key::PrivateKey> {
    ssh_key::PrivateKey::from_openssh(text).or_else(|error| {
        let document = decode(text).and_then(|bytes| padded(&bytes));
        let document = document.ok_or(error)?;
        ssh_key::PrivateKey::from_bytes(&document)
    })
}

/// Unlocks a key; `None` when the passphrase is wrong.
pub(super) fn unlock(
    key: &ssh_key::PrivateKey,
    passphrase: &str,
) -> Option<ssh_key::PrivateKey> {
    if let Ok(key) = key.decrypt(passphrase) {
        return Some(key);
    }
    let KeypairData::Encrypted(locked) = key.key_data() else { return None };
    let mut section = locked.clone();
    let (secret, iv) =
        key.kdf().derive_key_and_iv(key.cipher(), passphrase).ok()?;
    key.cipher().decrypt(&secret, &iv, &mut section, None).ok()?;
    let public = key.public_key().to_bytes().ok()?;
    let document = document(&public, &padded_section(&section)?);
    ssh_key::PrivateKey::from_bytes(&document).ok()
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let body: String = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with("-----"))
        .collect();
    base64::engine::general_purpose::STANDARD.decode(body).ok()
}

/// Takes strings off the front of bytes.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    fn string(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        self.take(length)
    }
}

fn put(out: &mut Vec<u8>, string: &[u8]) {
    // Parts of a key file, which is not that long.
    let length = u32::try_from(string.len()).unwrap_or(u32::MAX);
    out.extend(length.to_be_bytes());
    out.extend(string);
}

/// Pads the number in a document that is not locked.
fn padded(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut rest = Rest(bytes.strip_prefix(MAGIC)?);
    let open = rest.string()? == b"none" && rest.string()? == b"none";
    let (_options, keys) = (rest.string()?, rest.number()?);
    if !open || keys != 1 {
        return None;
    }
    let public = rest.string()?;
    Some(document(public, &padded_section(rest.string()?)?))
}

/// Makes a document that is not locked.
fn document(public: &[u8], section: &[u8]) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    put(&mut out, b"none");
    put(&mut out, b"none");
    put(&mut out, b"");
    out.extend(1u32.to_be_bytes());
    put(&mut out, public);
    put(&mut out, section);
    out
}

/// Pads the number of an ECDSA key; `None` where that is not what it lacks.
fn padded_section(section: &[u8]) -> Option<Vec<u8>> {
    let mut rest = Rest(section);
    let (check, again) = (rest.number()?, rest.number()?);
    let (name, curve, point) = (rest.string()?, rest.string()?, rest.string()?);
    let (number, comment) = (rest.string()?, rest.string()?);
    let size = match curve {
        b"nistp256" => 32,
        b"nistp384" => 48,
        b"nistp521" => 66,
        _ => return None,
    };
    if check != again || number.len() >= size {
        return None;
    }
    let mut whole = vec![0; size - number.len()];
    whole.extend(number);
    let mut out = Vec::new();
    out.extend(check.to_be_bytes());
    out.extend(check.to_be_bytes());
    for string in [name, curve, point, &whole, comment] {
        put(&mut out, string);
    }
    let mut pad = 0;
    while out.len() % BLOCK != 0 {
        pad += 1;
        out.push(pad);
    }
    Some(out)
}
