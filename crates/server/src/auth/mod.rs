//! Who asks, and what they may do.
//!
//! The rest of the server asks two questions of every request, in this
//! order: [`Auth::authenticate`] (whose credentials are these?) and, once the
//! resource is known, [`Auth::authorize`] (may they do that to it?). Nothing
//! else decides about access.
//!
//! All calls block for a short time at most and run on the threads for
//! blocking work.
//!
//! For development there is [`Auth::insecure`], which looks at no
//! credentials. The server refuses to use it on an address that other
//! machines reach.

mod condition;
mod credentials;
mod directory;
mod lexer;
mod policy;
mod rights;
#[cfg(test)]
mod tests;
mod token;

use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderMap;
use serde::{Deserialize, Serialize};
use thoth_manta::{Path, Result, Timestamp};
use thoth_store::Accounts;

use credentials::Checker;
use directory::Directory;
use token::Sealer;

pub use policy::{RuleError, check_rule};

/// The header under which the store keeps the role tags of a name, joined by
/// `", "`.
pub const ROLE_TAG: &str = "role-tag";

/// What a request says about itself, before its path is decoded.
#[derive(Clone, Copy, Debug)]
pub struct RequestFacts<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// The path as it stands in the request line, percent-encoded.
    pub raw_path: &'a str,
    /// What follows the question mark, percent-encoded.
    pub raw_query: Option<&'a str>,
    /// The headers, of which one name may have several.
    pub headers: &'a HeaderMap,
    /// Who is at the other end of the connection.
    pub client: IpAddr,
    /// Whether the request came over TLS.
    pub secure: bool,
}

impl<'a> RequestFacts<'a> {
    /// Returns the headers in the order of their names.
    pub fn headers(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        self.headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
    }

    /// Returns the first value of a header.
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.headers.get(name).map(|value| value.as_bytes())
    }
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The account, as 16 bytes that never change while its name may.
    pub account: [u8; 16],
    /// The account's name; empty for an anonymous caller.
    pub login: String,
    /// The user of the account who asks, rather than its holder.
    pub subuser: Option<String>,
    /// The names of the roles that are active.
    pub roles: Vec<String>,
    /// Whether they may do everything everywhere.
    pub is_operator: bool,
    /// Whether there were no credentials.
    pub is_anonymous: bool,
    /// The active roles, with the account that each is of.
    active: Vec<ActiveRole>,
    /// Tags that a signed URL asks for.
    url_tags: Option<String>,
    /// Whether a URL was signed, rather than a header.
    by_url: bool,
    /// When the token was made that the caller showed.
    token_made: Option<i64>,
}

/// A role that is active for a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ActiveRole {
    /// The account that it is of.
    account: [u8; 16],
    /// Its name.
    name: String,
}

impl Principal {
    /// Returns whoever shows no credentials.
    pub fn anonymous() -> Principal {
        Principal {
            account: [0; 16],
            login: String::new(),
            subuser: None,
            roles: Vec::new(),
            is_operator: false,
            is_anonymous: true,
            active: Vec::new(),
            url_tags: None,
            by_url: false,
            token_made: None,
        }
    }

    /// Tells whether this is the holder of an account, by its name.
    pub fn holds(&self, account: &str) -> bool {
        !self.is_anonymous && self.subuser.is_none() && self.login == account
    }

    /// Tells whether what they may do depends on the role tags of the
    /// resource, which must then be looked up first.
    pub fn needs_tags(&self, account: &str) -> bool {
        !self.is_operator && !self.holds(account)
    }
}

/// What is to be done to a resource, by the names that policies use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each is what its name says")]
pub enum Action {
    GetDirectory,
    PutDirectory,
    DeleteDirectory,
    GetObject,
    PutObject,
    DeleteObject,
    PutLink,
    CreateToken,
    CreateJob,
    ListJobs,
    GetJob,
    ManageJob,
    Mlogin,
    CreateUpload,
    GetUpload,
    UploadPart,
    CommitUpload,
    AbortUpload,
}

impl Action {
    /// Every action.
    pub const ALL: [Action; 18] = [
        Action::GetDirectory,
        Action::PutDirectory,
        Action::DeleteDirectory,
        Action::GetObject,
        Action::PutObject,
        Action::DeleteObject,
        Action::PutLink,
        Action::CreateToken,
        Action::CreateJob,
        Action::ListJobs,
        Action::GetJob,
        Action::ManageJob,
        Action::Mlogin,
        Action::CreateUpload,
        Action::GetUpload,
        Action::UploadPart,
        Action::CommitUpload,
        Action::AbortUpload,
    ];

    /// Returns the name that policies use.
    pub fn as_str(self) -> &'static str {
        match self {
            Action::GetDirectory => "getdirectory",
            Action::PutDirectory => "putdirectory",
            Action::DeleteDirectory => "deletedirectory",
            Action::GetObject => "getobject",
            Action::PutObject => "putobject",
            Action::DeleteObject => "deleteobject",
            Action::PutLink => "putlink",
            Action::CreateToken => "createtoken",
            Action::CreateJob => "createjob",
            Action::ListJobs => "listjobs",
            Action::GetJob => "getjob",
            Action::ManageJob => "managejob",
            Action::Mlogin => "mlogin",
            Action::CreateUpload => "createupload",
            Action::GetUpload => "getupload",
            Action::UploadPart => "uploadpart",
            Action::CommitUpload => "commitupload",
            Action::AbortUpload => "abortupload",
        }
    }
}

/// A resource, as far as what may be done to it depends on it.
#[derive(Clone, Copy, Debug)]
pub struct Resource<'a> {
    /// Its path.
    pub path: &'a Path,
    /// Its role tags; for a new name those of its parent directory. They may
    /// be left empty when [`Principal::needs_tags`] says so.
    pub role_tags: &'a [String],
    /// Whether it is there already; `None` when nobody looked.
    pub exists: Option<bool>,
}

/// Decides who asks and what they may do.
#[derive(Debug)]
pub struct Auth {
    way: Way,
    require_tls: bool,
}

#[derive(Debug)]
enum Way {
    /// Whoever asks is an operator and holds this account.
    Insecure(String),
    /// By the accounts of the store.
    Accounts(Box<Checker>),
}

impl Auth {
    /// Returns the rules of the accounts that a store keeps.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub fn new(store: Arc<dyn Accounts + Send + Sync>) -> Result<Auth> {
        let directory = Directory::new(store);
        let sealer = Sealer::new(directory.store())?;
        let checker = Checker::new(directory, sealer);
        Ok(Auth { way: Way::Accounts(Box::new(checker)), require_tls: false })
    }

    /// Returns the rule that whoever reaches the server holds an account and
    /// is an operator, for development.
    pub fn insecure(account: &str) -> Auth {
        let way = Way::Insecure(account.to_owned());
        Auth { way, require_tls: false }
    }

    /// Refuses signed requests that do not come over TLS, other than signed
    /// URLs.
    #[must_use]
    pub fn requiring_tls(mut self, require_tls: bool) -> Auth {
        self.require_tls = require_tls;
        self
    }

    /// Tells whether no credentials are looked at.
    pub fn is_insecure(&self) -> bool {
        matches!(self.way, Way::Insecure(_))
    }

    /// Finds out who asks. A request without credentials is the anonymous
    /// caller's.
    ///
    /// # Errors
    ///
    /// With the code that the protocol has for what is wrong about the
    /// credentials.
    pub fn authenticate(
        &self,
        request: &RequestFacts<'_>,
        now: Timestamp,
    ) -> Result<Principal> {
        match &self.way {
            Way::Insecure(login) => Ok(Principal {
                login: login.clone(),
                is_operator: true,
                is_anonymous: false,
                ..Principal::anonymous()
            }),
            Way::Accounts(checker) => {
                let proven = checker.check(request, now)?;
                rights::principal(checker, proven, request)
            }
        }
    }

    /// Refuses those who can have no right to anything in the account that a
    /// path is in, before it is looked up: what is there is none of their
    /// business.
    ///
    /// # Errors
    ///
    /// `AuthorizationFailed`, `AccountDoesNotExist`, `AccountBlocked`,
    /// `SecureTransportRequired`.
    pub fn admit(
        &self,
        who: &Principal,
        path: &Path,
        facts: &RequestFacts<'_>,
    ) -> Result<()> {
        match &self.way {
            Way::Insecure(_) => Ok(()),
            Way::Accounts(checker) => {
                rights::admit(checker, who, path, facts)?;
                rights::check_transport(self.require_tls, who, path, facts)
            }
        }
    }

    /// Refuses what they may not do.
    ///
    /// # Errors
    ///
    /// `AuthorizationFailed`, `NoMatchingRoleTag` and their like.
    pub fn authorize(
        &self,
        who: &Principal,
        action: Action,
        resource: &Resource<'_>,
        facts: &RequestFacts<'_>,
    ) -> Result<()> {
        match &self.way {
            Way::Insecure(_) => Ok(()),
            Way::Accounts(checker) => {
                rights::authorize(checker, who, action, resource, facts)
            }
        }
    }

    /// Returns the role tags that a PUT gives its resource: those of its
    /// `Role-Tag` header or parameter, else a subuser's active roles.
    ///
    /// # Errors
    ///
    /// `InvalidRoleTag` for a role that the account does not have.
    pub fn role_tags(
        &self,
        who: &Principal,
        path: &Path,
        facts: &RequestFacts<'_>,
    ) -> Result<Vec<String>> {
        match &self.way {
            Way::Insecure(_) => Ok(rights::asked_tags(who, facts)),
            Way::Accounts(checker) => {
                rights::role_tags(checker, who, path, facts)
            }
        }
    }

    /// Makes a token that stands for the caller and the active roles.
    ///
    /// # Errors
    ///
    /// When the engine fails.
    pub fn create_token(
        &self,
        who: &Principal,
        now: Timestamp,
    ) -> Result<String> {
        match &self.way {
            Way::Insecure(_) => Err(thoth_manta::Error::new(
                thoth_manta::Code::NotImplemented,
                "this server looks at no credentials, so it makes no tokens",
            )),
            Way::Accounts(checker) => checker.sealer.seal(&token::Claims {
                login: who.login.clone(),
                account: who.account,
                user: who.subuser.clone(),
                roles: who.active.clone(),
                made: who.token_made.unwrap_or_else(|| now.as_second()),
            }),
        }
    }
}
