//! What a request is about, by its path as it stands in the request line.
//!
//! Everything below an account is a [`Path`], decoded once, here. Beside the
//! five areas an account has two names that are no directories: `tokens` and
//! `medusa`.

use thoth_manta::{Code, Error, Path, PathError, Result};

/// The account in which the service keeps its own documents. Nobody reaches
/// it over HTTP.
pub(crate) const INTERNAL_ACCOUNT: &str = "thoth.internal";

/// What a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// `/` and `/docs`: a page for people.
    Documentation,
    /// `/ping`.
    Ping,
    /// `/metrics`.
    Metrics,
    /// `/crossdomain.xml`.
    CrossDomain,
    /// `/:login`.
    Account(Path),
    /// Anything at or below an area.
    Tree(Path),
    /// `/:login/tokens`, by its account.
    Tokens(Path),
    /// `/:login/medusa/attach/:id/:kind`, by its account.
    Attach { account: Path, id: String, kind: String },
}

impl Target {
    /// Returns the path that it is about, or the account.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Target::Account(path)
            | Target::Tree(path)
            | Target::Tokens(path)
            | Target::Attach { account: path, .. } => Some(path),
            Target::Documentation
            | Target::Ping
            | Target::Metrics
            | Target::CrossDomain => None,
        }
    }

    /// Reads a path.
    ///
    /// # Errors
    ///
    /// `InvalidResource` for one that does not decode, `ResourceNotFound` for
    /// one that nothing can have.
    pub(crate) fn parse(raw: &str) -> Result<Target> {
        let parts: Vec<&str> =
            raw.split('/').filter(|part| !part.is_empty()).collect();
        match parts.as_slice() {
            [] => return Ok(Target::Documentation),
            ["docs", ..] => return Ok(Target::Documentation),
            ["ping"] => return Ok(Target::Ping),
            ["metrics"] => return Ok(Target::Metrics),
            ["crossdomain.xml"] => return Ok(Target::CrossDomain),
            [login, "tokens"] => {
                return Ok(Target::Tokens(account(login)?));
            }
            [login, "medusa", "attach", id, kind] => {
                return Ok(Target::Attach {
                    account: account(login)?,
                    id: (*id).to_owned(),
                    kind: (*kind).to_owned(),
                });
            }
            _ => {}
        }
        let path = Path::parse_encoded(raw).map_err(|error| refusal(&error))?;
        if path.account() == INTERNAL_ACCOUNT {
            return Err(Error::new(
                Code::AccountDoesNotExist,
                format!("{INTERNAL_ACCOUNT} does not exist"),
            ));
        }
        Ok(match path.area() {
            Some(_) => Target::Tree(path),
            None => Target::Account(path),
        })
    }
}

fn account(login: &str) -> Result<Path> {
    match Target::parse(&format!("/{login}"))? {
        Target::Account(path) => Ok(path),
        _ => Err(not_found(login)),
    }
}

fn not_found(raw: &str) -> Error {
    Error::new(Code::ResourceNotFound, format!("{raw} does not exist"))
}

fn refusal(error: &PathError) -> Error {
    match error {
        PathError::UnknownArea { path, area }
            if !matches!(area.as_str(), "." | "..") =>
        {
            not_found(path)
        }
        _ => Error::new(Code::InvalidResource, error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(text: &str) -> Target {
        Target::Tree(Path::parse(text).expect("path"))
    }

    #[test]
    fn paths_lead_to_targets() {
        let alice = Path::parse("/alice").expect("path");
        for (raw, target) in [
            ("/", Target::Documentation),
            ("//", Target::Documentation),
            ("/docs/x", Target::Documentation),
            ("/ping", Target::Ping),
            ("/alice", Target::Account(alice.clone())),
            ("/alice/", Target::Account(alice.clone())),
            ("/alice/tokens", Target::Tokens(alice.clone())),
            ("/alice/stor", tree("/alice/stor")),
            ("//alice//stor/a%20b/", tree("/alice/stor/a b")),
            ("/alice/jobs/1/live/in", tree("/alice/jobs/1/live/in")),
            (
                "/alice/medusa/attach/1/slave",
                Target::Attach {
                    account: alice,
                    id: "1".into(),
                    kind: "slave".into(),
                },
            ),
        ] {
            assert_eq!(Target::parse(raw).expect("target"), target, "{raw}");
        }
    }

    #[test]
    fn others_are_refused_by_code() {
        for (raw, code) in [
            ("/alice/nowhere/x", Code::ResourceNotFound),
            ("/alice/medusa", Code::ResourceNotFound),
            ("/alice/stor/%00", Code::InvalidResource),
            ("/alice/stor/a%2fb", Code::InvalidResource),
            ("/alice/stor/%2e%2e/%2e%2e/bob", Code::InvalidResource),
            ("/alice/stor/../../bob/stor", Code::InvalidResource),
            ("/alice/stor/%ff", Code::InvalidResource),
            ("/alice/stor/%", Code::InvalidResource),
            ("/9lives/stor", Code::InvalidResource),
            ("/thoth.internal/stor/x", Code::AccountDoesNotExist),
            ("/thoth%2einternal/stor/x", Code::AccountDoesNotExist),
            ("/thoth.internal/tokens", Code::AccountDoesNotExist),
        ] {
            let error = Target::parse(raw).expect_err(raw);
            assert_eq!(error.code(), code, "{raw}");
        }
    }
}
