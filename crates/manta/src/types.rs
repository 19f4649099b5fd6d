//! What the store says about objects and directories.

use std::collections::BTreeMap;
use std::fmt;

use crate::{Condition, Etag, Path, Timestamp};

/// The immutable id of one version of an object's bytes, shown as a UUID.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectId(pub [u8; 16]);

impl ObjectId {
    /// Returns the id made of 16 random bytes, marked as a version 4 UUID.
    pub fn from_random(mut bytes: [u8; 16]) -> ObjectId {
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        ObjectId(bytes)
    }

    /// Parses the form that `Display` prints; `None` for anything else.
    pub fn parse(text: &str) -> Option<ObjectId> {
        if text.len() != 36 || !text.is_ascii() {
            return None;
        }
        let digits: String = text.chars().filter(|c| *c != '-').collect();
        let value = u128::from_str_radix(&digits, 16).ok()?;
        let id = ObjectId(value.to_be_bytes());
        (id.to_string() == text).then_some(id)
    }

    /// Returns the etag of the version.
    pub fn etag(&self) -> Etag {
        Etag::of_uuid(self.text())
    }

    /// Writes the digits by hand: a listing does it for every entry.
    fn text(&self) -> [u8; 36] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |value: u8| DIGITS[usize::from(value & 15)];
        let mut text = [b'-'; 36];
        let mut at = 0;
        for (i, byte) in self.0.iter().enumerate() {
            // The dashes are there already.
            if matches!(i, 4 | 6 | 8 | 10) {
                at += 1;
            }
            text[at] = digit(byte >> 4);
            text[at + 1] = digit(*byte);
            at += 2;
        }
        text
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.etag().as_str())
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A BLAKE3 digest of an object's logical bytes, shown as 64 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// What a caller attaches to a name: replaced as a whole, never merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// MIME type.
    pub content_type: String,
    /// Headers kept and returned verbatim (`m-*`, CORS, cache control),
    /// names in lower case.
    pub headers: BTreeMap<String, String>,
}

impl Default for Metadata {
    fn default() -> Metadata {
        Metadata {
            content_type: "application/octet-stream".to_owned(),
            headers: BTreeMap::new(),
        }
    }
}

/// What is to be done about the MD5 of a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Md5 {
    /// It is computed and reported.
    #[default]
    Compute,
    /// It is computed, and another body stores nothing.
    Promised([u8; 16]),
    /// It is not computed. It is the slowest thing about a put, and holes
    /// cost it as much as data.
    Skip,
}

/// How an object is to be stored.
#[derive(Clone, Debug)]
pub struct PutOptions {
    /// What must hold of the present version.
    pub condition: Condition,
    /// What is attached to the name.
    pub metadata: Metadata,
    /// The length of the body, if known: a shorter or longer body stores
    /// nothing.
    pub length_bytes: Option<u64>,
    /// The digest of the body, if known: another body stores nothing.
    pub digest: Option<Digest>,
    /// Copies asked for; kept and reported as asked, whatever the store has.
    pub durability: u8,
    /// Asks that the bytes be kept as a file of their own however few they
    /// are.
    pub as_file: bool,
    /// Asks that such a file hold the bytes as they are, because it will be
    /// mapped where it lies, whatever compression would win.
    pub plain: bool,
    /// What is to be done about the body's MD5.
    pub md5: Md5,
    /// The longest body accepted.
    pub max_bytes: Option<u64>,
    /// Room that the body is going to need, where the caller knows better
    /// than its length says (holes, a sample compressed): more than there is
    /// free is refused before the body is read.
    pub room_bytes: Option<u64>,
}

impl Default for PutOptions {
    fn default() -> PutOptions {
        PutOptions {
            condition: Condition::none(),
            metadata: Metadata::default(),
            length_bytes: None,
            digest: None,
            durability: 2,
            as_file: false,
            plain: false,
            md5: Md5::Compute,
            max_bytes: None,
            room_bytes: None,
        }
    }
}

/// What the store knows about an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectInfo {
    /// The name it was looked up by.
    pub path: Path,
    /// The version.
    pub etag: Etag,
    /// Logical length.
    pub size_bytes: u64,
    /// What it takes on disk, holes and compression counted; `None` where
    /// the store does not say.
    pub stored_bytes: Option<u64>,
    /// BLAKE3 of the logical bytes; `None` where the store does not say.
    pub digest: Option<Digest>,
    /// MD5 of the logical bytes, if it was computed.
    pub md5: Option<[u8; 16]>,
    /// When the name last changed.
    pub mtime: Timestamp,
    /// Copies asked for.
    pub durability: u8,
    /// What the caller attached.
    pub metadata: Metadata,
}

/// What the store knows about a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryInfo {
    /// The name it was looked up by.
    pub path: Path,
    /// When the directory's own record last changed (not its children).
    pub mtime: Timestamp,
    /// How many entries it holds.
    pub entries: u64,
    /// What the caller attached.
    pub headers: BTreeMap<String, String>,
}

/// An object or a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Info {
    /// An object.
    Object(ObjectInfo),
    /// A directory.
    Directory(DirectoryInfo),
}

impl Info {
    /// Returns the path.
    pub fn path(&self) -> &Path {
        match self {
            Info::Object(object) => &object.path,
            Info::Directory(directory) => &directory.path,
        }
    }

    /// Returns the object; `None` for a directory.
    pub fn object(&self) -> Option<&ObjectInfo> {
        match self {
            Info::Object(object) => Some(object),
            Info::Directory(_) => None,
        }
    }

    /// Tells whether this is a directory.
    pub fn is_directory(&self) -> bool {
        matches!(self, Info::Directory(_))
    }
}

/// How a link is to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkOptions {
    /// What must hold of the version of the **source**.
    pub condition: Condition,
    /// Headers of the new name. Its content type is the source's.
    pub headers: BTreeMap<String, String>,
}

/// How a directory is to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DirectoryOptions {
    /// Headers of the directory, in place of those it has; `None` leaves
    /// them.
    pub headers: Option<BTreeMap<String, String>>,
    /// Puts the directory in the place of an object of that name, instead of
    /// refusing.
    pub replace_object: bool,
}

/// The order of a listing. Names compare as bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// By name, ascending; the marker is the first name wanted.
    #[default]
    Name,
    /// By name, descending; the marker is the first name wanted.
    NameReversed,
    /// By the time of the last change, newest first, then by name; the
    /// marker is the first time wanted, as RFC 3339.
    Newest,
    /// By the time of the last change, oldest first, then by name; the
    /// marker is the first time wanted, as RFC 3339.
    Oldest,
}

/// Which entries a listing shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kinds {
    /// All.
    #[default]
    All,
    /// Only directories.
    Directories,
    /// Only objects.
    Objects,
}

/// Which part of a directory to list.
#[derive(Clone, Debug)]
pub struct ListOptions {
    /// Start at this name (or time, by the order), **inclusive**; it need
    /// not exist.
    pub marker: Option<String>,
    /// At most so many entries, 1 to 1024.
    pub limit: u32,
    /// The order.
    pub order: Order,
    /// Which entries.
    pub kinds: Kinds,
}

impl Default for ListOptions {
    fn default() -> ListOptions {
        ListOptions {
            marker: None,
            limit: 256,
            order: Order::Name,
            kinds: Kinds::All,
        }
    }
}

/// One page of a directory.
#[derive(Clone, Debug)]
pub struct Listing {
    /// The entries, in the order asked for.
    pub entries: Vec<Info>,
    /// How many entries the directory holds, not only this page.
    pub total: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_id_prints_as_a_uuid() {
        let id = ObjectId::from_random([0xff; 16]);
        assert_eq!(id.to_string(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(ObjectId::parse(&id.to_string()), Some(id));
        assert_eq!(id.etag().as_str(), id.to_string());
        for bad in ["", "x", "ffffffffffffffffffffffffffffffffffff"] {
            assert_eq!(ObjectId::parse(bad), None);
        }
    }
}
