//! What is in force, and where it comes from.
//!
//! Each setting is looked for by itself: on the command line, in the
//! environment, in the configuration file, and else has a default that works
//! with nothing set up. The file is `config.toml` in `$XDG_CONFIG_HOME/thoth`
//! (default `~/.config/thoth`), or the one that `THOTH_CONFIG` names. A member
//! that nobody knows is a mistake, not ignored: a policy that is misspelled
//! must not be taken for none.
//!
//! What all users of a library agree on lies beside its dumps, in
//! `ROOT/config.json`: policy and time zone, not who somebody is or where. It
//! counts where a user's own file says nothing.

use crate::error::{Error, Failure, Result, io_error};
use serde::Deserialize;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The configuration file.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) home: Option<PathBuf>,
    pub(crate) account: Option<String>,
    pub(crate) author: Option<String>,
    pub(crate) time_zone: Option<String>,
    #[serde(default)]
    pub(crate) purge: Purge,
}

/// What `thoth purge` keeps, where its options do not say.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Purge {
    pub(crate) older_than: Option<String>,
    pub(crate) budget: Option<String>,
    pub(crate) keep_newest: Option<usize>,
    pub(crate) keep_ticketed: Option<bool>,
    pub(crate) keep_pinned: Option<bool>,
}

impl Purge {
    /// Returns these settings, and others where these say nothing.
    pub(crate) fn or(&self, other: &Purge) -> Purge {
        let text = |own: &Option<String>, other: &Option<String>| {
            own.as_ref().or(other.as_ref()).cloned()
        };
        Purge {
            older_than: text(&self.older_than, &other.older_than),
            budget: text(&self.budget, &other.budget),
            keep_newest: self.keep_newest.or(other.keep_newest),
            keep_ticketed: self.keep_ticketed.or(other.keep_ticketed),
            keep_pinned: self.keep_pinned.or(other.keep_pinned),
        }
    }
}

/// The settings of all who use a library.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shared {
    pub(crate) time_zone: Option<String>,
    #[serde(default)]
    pub(crate) purge: Purge,
}

impl Shared {
    /// Reads the object under a path.
    pub(crate) fn parse(path: &str, text: &[u8]) -> Result<Self> {
        serde_json::from_slice(text).map_err(|e| {
            let text = format!("the library's settings, {path}: {e}");
            Failure::from(Error::Environment(text))
                .hint("thoth config --help lists the settings")
                .hint(format!("thoth manta get {path} shows them"))
        })
    }
}

/// A setting that is in force.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    pub(crate) value: Option<String>,
    /// Where it comes from: an option, a variable, a file.
    pub(crate) from: String,
}

/// Returns a variable of the environment; an empty one is none.
pub(crate) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|v| !v.is_empty())
}

/// Returns the first of some variables that is set, and its name.
pub(crate) fn first_of(
    names: &[&'static str],
) -> Option<(&'static str, String)> {
    names.iter().find_map(|name| {
        let value = variable(name)?.to_string_lossy().into_owned();
        Some((*name, value))
    })
}

/// Returns where the configuration file is, if it can be anywhere.
pub(crate) fn path() -> Option<PathBuf> {
    if let Some(file) = variable("THOTH_CONFIG") {
        return Some(file.into());
    }
    // The specification wants relative paths ignored.
    let absolute = |p: &PathBuf| p.is_absolute();
    let folder = variable("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(absolute)
        .or_else(|| {
            let home = variable("HOME").map(PathBuf::from).filter(absolute);
            home.map(|home| home.join(".config"))
        })?;
    Some(folder.join("thoth/config.toml"))
}

impl Config {
    /// Reads the configuration file; without one nothing is set.
    pub(crate) fn load() -> Result<Self> {
        let Some(path) = path() else { return Ok(Self::default()) };
        let named = variable("THOTH_CONFIG").is_some();
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::parse(&path, &text),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && !named => {
                Ok(Self::default())
            }
            Err(e) => Err(io_error("read", &path)(e)),
        }
    }

    fn parse(path: &Path, text: &str) -> Result<Self> {
        toml::from_str(text).map_err(|e| {
            let place = e.span().map_or(0, |span| span.start);
            let before = text.get(..place).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            let what = format!(
                "{}, line {line}: {}",
                path.display(),
                e.message().replace('\n', " ")
            );
            Failure::from(Error::Environment(what))
                .hint("thoth config --help lists the settings")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_and_slips_are_told() {
        let path = Path::new("c.toml");
        let text = "author = \"bmc\"\n[purge]\nolder_than = \"180d\"\n";
        let config = Config::parse(path, text).unwrap();
        assert_eq!(config.author.as_deref(), Some("bmc"));
        assert_eq!(config.purge.older_than.as_deref(), Some("180d"));
        assert_eq!(Config::parse(path, "").unwrap(), Config::default());
        let wrong = "author = \"bmc\"\n[purge]\nolder_then = \"180d\"\n";
        let failure = Config::parse(path, wrong).expect_err("a slip");
        let message = &failure.lines()[0].1;
        assert!(message.starts_with("c.toml, line 3: "), "{message}");
        assert!(message.contains("older_then"), "{message}");
    }
}
