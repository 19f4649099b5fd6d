//! The name of a dump and its abbreviations.

use std::fmt;

/// What a dump is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DumpKind {
    /// Of a process.
    Core,
    /// Of a kernel.
    Crash,
}

impl DumpKind {
    /// Returns the record's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            DumpKind::Core => "core",
            DumpKind::Crash => "crash",
        }
    }
}

impl fmt::Display for DumpKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The identity of a dump: 128 bits, shown as 32 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DumpId(pub [u8; 16]);

impl DumpId {
    /// Parses 32 lower-case or upper-case hex digits.
    pub fn parse(text: &str) -> Option<DumpId> {
        if text.len() != 32 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let value = u128::from_str_radix(text, 16).ok()?;
        Some(DumpId(value.to_be_bytes()))
    }

    /// Returns the first 16 digits, which listings show.
    pub fn short(&self) -> String {
        let mut text = self.to_string();
        text.truncate(16);
        text
    }
}

impl fmt::Display for DumpId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for DumpId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The beginning of a dump's name: 4 to 32 hex digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HashPrefix(String);

/// Why a text is no abbreviation of a dump's name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum HashPrefixError {
    /// Fewer digits than make a name.
    #[error(
        "dump name {0:?}: {len} digits, expected at least {min}",
        len = .0.len(), min = HashPrefix::MIN_DIGITS
    )]
    TooShort(String),
    /// More digits than a name has.
    #[error("dump name {0:?}: {len} digits, expected at most 32", len = .0.len())]
    TooLong(String),
    /// A character that is no hex digit.
    #[error("dump name {0:?}: expected hex digits only")]
    NotHex(String),
}

impl HashPrefix {
    /// Fewer digits would match by accident.
    pub const MIN_DIGITS: usize = 4;

    /// Parses an abbreviation; upper-case digits are taken as lower-case.
    ///
    /// # Errors
    ///
    /// When it is too short, too long, or no hex number.
    pub fn parse(text: &str) -> Result<HashPrefix, HashPrefixError> {
        let owned = || text.to_owned();
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(HashPrefixError::NotHex(owned()));
        }
        if text.len() < HashPrefix::MIN_DIGITS {
            return Err(HashPrefixError::TooShort(owned()));
        }
        if text.len() > 32 {
            return Err(HashPrefixError::TooLong(owned()));
        }
        Ok(HashPrefix(text.to_ascii_lowercase()))
    }

    /// Returns the digits in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Tells whether the name begins so.
    pub fn matches(&self, id: &str) -> bool {
        id.starts_with(&self.0)
    }
}

impl fmt::Display for HashPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_print_as_they_parse() {
        let text = "0ccf27af56fe18b9a1b2c3d4e5f60718";
        let id = DumpId::parse(text).expect("valid");
        assert_eq!(id.to_string(), text);
        assert_eq!(id.short(), "0ccf27af56fe18b9");
        assert_eq!(DumpId::parse(&text.to_uppercase()), Some(id));
        for bad in ["", "0ccf", "+ccf27af56fe18b9a1b2c3d4e5f60718"] {
            assert_eq!(DumpId::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn prefixes_have_bounds() {
        let prefix = HashPrefix::parse("0CCF").expect("valid");
        assert!(prefix.matches("0ccf27af"));
        assert!(!prefix.matches("1ccf27af"));
        for bad in ["", "0cc", "0ccg", "é", &"0".repeat(33)] {
            assert!(HashPrefix::parse(bad).is_err(), "{bad}");
        }
    }
}
