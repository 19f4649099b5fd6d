//! `mchmod`: role tags.

use super::chattr::replace;
use super::connect::Connection;
use super::headers::Headers;
use super::{Tool, paths, usage};
use crate::error::Result;
use crate::session::Session;
use std::collections::BTreeMap;
use thoth_manta::Info;

/// Change the role tags of objects and directories
///
/// +ROLE adds a tag, -ROLE takes it away, =ROLE makes it the only one. Other
/// headers stay.
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = MANUAL,
    override_usage = "mchmod [OPTIONS] -- <+-=ROLE,...> <PATH>..."
)]
pub(crate) struct Chmod {
    /// + - or = and roles, separated by commas
    #[arg(value_name = "+-=ROLE,...")]
    roles: String,

    /// Objects or directories
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,

    #[command(flatten)]
    connection: Connection,
}

const MANUAL: &str = "\
Examples:
  $ mchmod -- +read ~~/stor/foo.txt
  $ mchmod -- -read,write ~~/stor/foo.txt
  $ mchmod -- =read ~~/stor/foo.txt";

/// The header that carries the tags.
const TAG: &str = "role-tag";

impl Tool for Chmod {
    fn connection(&self) -> &Connection {
        &self.connection
    }

    fn run(self, session: &Session) -> Result<()> {
        let change = Change::parse(&self.roles)?;
        let paths = paths::parse_all(session, &self.paths)?;
        let manta = session.manta()?;
        for path in &paths {
            let (mut kept, content_type) = match manta.info(path)? {
                Info::Object(object) => (
                    object.metadata.headers,
                    Some(object.metadata.content_type),
                ),
                Info::Directory(directory) => (directory.headers, None),
            };
            change.apply(&mut kept);
            let headers = Headers { content_type, kept, ..Headers::default() };
            replace(&**manta, path, &headers)?;
        }
        Ok(())
    }
}

/// What is to become of the tags.
#[derive(Debug)]
enum Change {
    Add(Vec<String>),
    Take(Vec<String>),
    Set(Vec<String>),
}

impl Change {
    fn parse(text: &str) -> Result<Self> {
        let list = |rest: &str| {
            let roles = rest.split(',').map(str::trim);
            roles.filter(|r| !r.is_empty()).map(str::to_owned).collect()
        };
        if let Some(rest) = text.strip_prefix('+') {
            return Ok(Self::Add(list(rest)));
        }
        if let Some(rest) = text.strip_prefix('-') {
            return Ok(Self::Take(list(rest)));
        }
        match text.strip_prefix('=') {
            Some(rest) => Ok(Self::Set(list(rest))),
            None => {
                Err(usage("operation should be one of \"+\", \"-\" or \"=\"")
                    .hint("write -- before the roles: mchmod -- +read PATH"))
            }
        }
    }

    fn apply(&self, headers: &mut BTreeMap<String, String>) {
        let old = headers.remove(TAG).unwrap_or_default();
        let mut tags: Vec<String> = old
            .split(',')
            .map(|tag| tag.trim().to_owned())
            .filter(|tag| !tag.is_empty())
            .collect();
        match self {
            Self::Add(roles) => {
                for role in roles {
                    if !tags.contains(role) {
                        tags.push(role.clone());
                    }
                }
            }
            Self::Take(roles) => tags.retain(|tag| !roles.contains(tag)),
            Self::Set(roles) => tags.clone_from(roles),
        }
        if !tags.is_empty() {
            headers.insert(TAG.to_owned(), tags.join(", "));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(old: &str, change: &str) -> Option<String> {
        let mut headers = BTreeMap::new();
        headers.insert(TAG.to_owned(), old.to_owned());
        Change::parse(change).unwrap().apply(&mut headers);
        headers.remove(TAG)
    }

    #[test]
    fn tags_are_added_taken_and_set() {
        assert_eq!(changed("a,b", "+b,c").as_deref(), Some("a, b, c"));
        assert_eq!(changed("a, b", "-b").as_deref(), Some("a"));
        assert_eq!(changed("a", "-a"), None);
        assert_eq!(changed("a, b", "=x").as_deref(), Some("x"));
        assert!(Change::parse("read").is_err());
    }
}
