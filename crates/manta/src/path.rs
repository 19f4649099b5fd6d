//! Names in the store.
//!
//! A path is `/ACCOUNT/AREA/NAME/...`. It is kept decoded and normalised: runs
//! of `/` and a trailing `/` are gone, and nothing in it can step out of the
//! account: `.` and `..` are refused rather than resolved, because two clients
//! that resolve differently would disagree about what a name means.
//! On the wire each component is percent-encoded the way JavaScript's
//! `encodeURIComponent` does; an encoded slash is refused, for it would make
//! one name look like two.

use std::fmt;

/// Longest path accepted, in bytes of its decoded form.
///
/// The store itself has no limit; this one keeps a name within an HTTP header
/// and a database key.
const MAX_PATH_BYTES: usize = 8192;

/// A normalised, decoded name in the store: `/account/area/...`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path {
    text: String,
}

/// The top-level directories of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Area {
    /// Private objects.
    Stor,
    /// Objects that anyone may read.
    Public,
    /// Usage reports written by the service.
    Reports,
    /// Jobs and their outputs.
    Jobs,
    /// Unfinished multipart uploads.
    Uploads,
}

impl Area {
    /// Every area, in the order in which an account lists them.
    pub const ALL: [Area; 5] =
        [Area::Jobs, Area::Public, Area::Reports, Area::Stor, Area::Uploads];

    /// Returns the area's directory name.
    pub fn as_str(self) -> &'static str {
        match self {
            Area::Stor => "stor",
            Area::Public => "public",
            Area::Reports => "reports",
            Area::Jobs => "jobs",
            Area::Uploads => "uploads",
        }
    }

    fn parse(text: &str) -> Option<Area> {
        Area::ALL.into_iter().find(|area| area.as_str() == text)
    }
}

/// Why a text is no path.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PathError {
    /// The text does not begin with a slash.
    #[error("path {0:?}: expected /ACCOUNT/..., found no leading slash")]
    NotAbsolute(String),
    /// There is no account in it.
    #[error("path {0:?}: no account")]
    NoAccount(String),
    /// The account's name has a form that no account has.
    #[error(
        "path {path:?}: account {account:?}: expected a letter, then \
         letters, digits and _ . @ -"
    )]
    BadAccount {
        /// The whole path.
        path: String,
        /// The account component.
        account: String,
    },
    /// The component after the account is not one of the areas.
    #[error(
        "path {path:?}: area {area:?}: expected stor, public, reports, jobs \
         or uploads"
    )]
    UnknownArea {
        /// The whole path.
        path: String,
        /// The area component.
        area: String,
    },
    /// A component is `.` or `..`, or holds a slash or a NUL.
    #[error("path {path:?}: component {component:?} is not allowed")]
    BadComponent {
        /// The whole path.
        path: String,
        /// The component.
        component: String,
    },
    /// An escape is not `%` and two hex digits, or not UTF-8 once decoded.
    #[error("path {0:?}: percent escapes do not decode to UTF-8")]
    BadEscape(String),
    /// The path is longer than a path may be.
    #[error("path of {0} bytes: expected at most {MAX_PATH_BYTES}")]
    TooLong(usize),
}

impl Path {
    /// Parses a decoded path, as a person types it.
    ///
    /// # Errors
    ///
    /// A [`PathError`] naming the path and the component.
    pub fn parse(text: &str) -> Result<Path, PathError> {
        if !text.starts_with('/') {
            return Err(PathError::NotAbsolute(text.to_owned()));
        }
        let components: Vec<&str> =
            text.split('/').filter(|part| !part.is_empty()).collect();
        Path::from_components(text, &components)
    }

    /// Parses a path as it stands in a request line: percent-encoded.
    ///
    /// # Errors
    ///
    /// As [`Path::parse`]; also a malformed escape and an encoded slash.
    pub fn parse_encoded(text: &str) -> Result<Path, PathError> {
        if !text.starts_with('/') {
            return Err(PathError::NotAbsolute(text.to_owned()));
        }
        let mut parts = Vec::new();
        for part in text.split('/').filter(|part| !part.is_empty()) {
            let decoded = decode(part)
                .ok_or_else(|| PathError::BadEscape(text.to_owned()))?;
            parts.push(decoded);
        }
        let components: Vec<&str> = parts.iter().map(String::as_str).collect();
        Path::from_components(text, &components)
    }

    fn from_components(
        whole: &str,
        components: &[&str],
    ) -> Result<Path, PathError> {
        let bad = |component: &str| PathError::BadComponent {
            path: whole.to_owned(),
            component: component.to_owned(),
        };
        let Some(account) = components.first() else {
            return Err(PathError::NoAccount(whole.to_owned()));
        };
        if !is_login(account) {
            return Err(PathError::BadAccount {
                path: whole.to_owned(),
                account: (*account).to_owned(),
            });
        }
        if let Some(area) = components.get(1)
            && Area::parse(area).is_none()
        {
            return Err(PathError::UnknownArea {
                path: whole.to_owned(),
                area: (*area).to_owned(),
            });
        }
        if let Some(component) = components.iter().find(|c| !is_name(c)) {
            return Err(bad(component));
        }
        let text = format!("/{}", components.join("/"));
        if text.len() > MAX_PATH_BYTES {
            return Err(PathError::TooLong(text.len()));
        }
        Ok(Path { text })
    }

    /// Returns the path of `name` inside this one.
    ///
    /// # Errors
    ///
    /// When `name` is empty, `.`, `..`, or holds a slash or a NUL, or when the
    /// whole gets too long.
    pub fn join(&self, name: &str) -> Result<Path, PathError> {
        if !is_name(name) {
            return Err(PathError::BadComponent {
                path: self.text.clone(),
                component: name.to_owned(),
            });
        }
        // Below an area any name will do; the area itself is one of few.
        let slashes = self.text.bytes().filter(|byte| *byte == b'/');
        let mut text = String::with_capacity(self.text.len() + 1 + name.len());
        text.push_str(&self.text);
        text.push('/');
        text.push_str(name);
        if slashes.count() < 2 {
            return Path::parse(&text);
        }
        if text.len() > MAX_PATH_BYTES {
            return Err(PathError::TooLong(text.len()));
        }
        Ok(Path { text })
    }

    /// Returns the path one level up; `None` for an account itself.
    pub fn parent(&self) -> Option<Path> {
        let cut = self.text.rfind('/').filter(|cut| *cut > 0)?;
        Some(Path { text: self.text.get(..cut)?.to_owned() })
    }

    /// Returns the last component.
    pub fn name(&self) -> &str {
        self.text.rsplit('/').next().unwrap_or(&self.text)
    }

    /// Returns the account.
    pub fn account(&self) -> &str {
        self.components().next().unwrap_or_default()
    }

    /// Returns the components in order, the account first.
    pub fn components(&self) -> impl Iterator<Item = &str> {
        self.text.split('/').skip(1)
    }

    /// Returns the area; `None` for an account itself.
    pub fn area(&self) -> Option<Area> {
        self.components().nth(1).and_then(Area::parse)
    }

    /// Tells whether this is a directory that always exists: an account, one
    /// of its areas, or the `stor` of a job.
    pub fn is_root(&self) -> bool {
        let mut parts = self.components().skip(2);
        match (parts.next(), parts.next(), parts.next()) {
            (None, ..) => true,
            (Some(_), Some("stor"), None) => self.area() == Some(Area::Jobs),
            _ => false,
        }
    }

    /// Returns the decoded text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the path with every component percent-encoded, for a request.
    pub fn to_encoded(&self) -> String {
        let mut out = String::with_capacity(self.text.len());
        for byte in self.text.bytes() {
            if byte == b'/' || is_unreserved(byte) {
                out.push(char::from(byte));
            } else {
                out.push_str(&format!("%{byte:02X}"));
            }
        }
        out
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text)
    }
}

impl std::str::FromStr for Path {
    type Err = PathError;
    fn from_str(text: &str) -> Result<Path, PathError> {
        Path::parse(text)
    }
}

fn is_login(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic())
        && bytes.all(|b| b.is_ascii_alphanumeric() || b"_.@-".contains(&b))
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text != "."
        && text != ".."
        && !text.bytes().any(|byte| byte == b'/' || byte == 0)
}

/// The characters that `encodeURIComponent` leaves alone.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte)
}

/// Decodes one component; `None` when an escape is malformed, is an encoded
/// slash, or the result is not UTF-8.
pub(crate) fn decode(part: &str) -> Option<String> {
    let mut bytes = part.bytes();
    let mut out = Vec::with_capacity(part.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let high = char::from(bytes.next()?).to_digit(16)?;
        let low = char::from(bytes.next()?).to_digit(16)?;
        let value = u8::try_from(high * 16 + low).ok()?;
        if value == b'/' {
            return None;
        }
        out.push(value);
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn normalises_slashes_only() {
        let path = Path::parse("//alice///stor/a//b/").expect("valid");
        assert_eq!(path.as_str(), "/alice/stor/a/b");
        assert_eq!(path.account(), "alice");
        assert_eq!(path.area(), Some(Area::Stor));
        assert_eq!(path.name(), "b");
        assert_eq!(path.parent().expect("parent").as_str(), "/alice/stor/a");
    }

    #[test]
    fn refuses_what_could_leave_the_account() {
        for text in [
            "/alice/stor/../../bob",
            "/alice/stor/.",
            "/alice/stor/a\0b",
            "alice/stor",
            "/",
            "",
            "/1alice/stor",
            "/alice/etc/passwd",
        ] {
            assert!(Path::parse(text).is_err(), "{text:?}");
        }
        assert!(Path::parse_encoded("/alice/stor/a%2Fb").is_err());
        assert!(Path::parse_encoded("/alice/stor/%2e%2e/x").is_err());
        assert!(Path::parse_encoded("/alice/stor/%zz").is_err());
        assert!(Path::parse_encoded("/alice/stor/%f").is_err());
        assert!(Path::parse_encoded("/alice/stor/%ff").is_err());
        assert!(Path::parse("/alice/stor").expect("ok").join("a/b").is_err());
    }

    #[test]
    fn knows_the_roots() {
        for (text, root) in [
            ("/alice", true),
            ("/alice/stor", true),
            ("/alice/jobs", true),
            ("/alice/jobs/1/stor", true),
            ("/alice/jobs/1", false),
            ("/alice/stor/stor", false),
            ("/alice/stor/1/stor", false),
        ] {
            assert_eq!(
                Path::parse(text).expect("ok").is_root(),
                root,
                "{text}"
            );
        }
    }

    #[test]
    fn a_plus_is_a_plus() {
        let path = Path::parse_encoded("/a/stor/x+y%0D").expect("valid");
        assert_eq!(path.name(), "x+y\r");
        assert_eq!(path.to_encoded(), "/a/stor/x%2By%0D");
    }

    proptest! {
        #[test]
        fn encoding_round_trips(names in prop::collection::vec("[^/\0]{1,20}", 1..5)) {
            let text = format!("/alice/stor/{}", names.join("/"));
            if let Ok(path) = Path::parse(&text) {
                prop_assert_eq!(&Path::parse_encoded(&path.to_encoded()).unwrap(), &path);
                prop_assert_eq!(&Path::parse(path.as_str()).unwrap(), &path);
                let up = path.parent().unwrap();
                prop_assert_eq!(up.join(path.name()).unwrap(), path);
            }
        }

        #[test]
        fn no_text_panics(text in ".{0,60}") {
            let _ = Path::parse(&text);
            let _ = Path::parse_encoded(&text);
        }
    }
}
