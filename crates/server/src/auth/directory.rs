//! Accounts as the store keeps them, made ready to be asked, and remembered.
//!
//! What is remembered counts only as long as the store's version of all
//! accounts has not moved: that is one read of a number a request, and lets a
//! change by any process act at once.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use thoth_manta::Result;
use thoth_manta::signature::{Fingerprint, PublicKey};
use thoth_store::{Account, AccountKey, Accounts};

use super::policy::Rule;

/// An account whose keys and rules are parsed.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) account: Account,
    keys: Vec<PublicKey>,
    users: HashMap<String, Vec<PublicKey>>,
    rules: HashMap<String, Vec<Rule>>,
}

/// Looks accounts up.
pub(super) struct Directory {
    store: Arc<dyn Accounts + Send + Sync>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    version: u64,
    known: HashMap<String, Arc<Known>>,
}

impl Directory {
    pub(super) fn new(store: Arc<dyn Accounts + Send + Sync>) -> Directory {
        Directory { store, kept: Mutex::default() }
    }

    /// Returns an account; `None` when there is none of that name.
    pub(super) fn find(&self, login: &str) -> Result<Option<Arc<Known>>> {
        // The version first: what is read afterwards is at least as new.
        let version = self.store.accounts_version()?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.version != version {
            kept.known.clear();
            kept.version = version;
        }
        if let Some(known) = kept.known.get(login) {
            return Ok(Some(Arc::clone(known)));
        }
        drop(kept);
        let Some(account) = self.store.account(login)? else {
            return Ok(None);
        };
        let known = Arc::new(Known::new(account));
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.version == version {
            kept.known.insert(login.to_owned(), Arc::clone(&known));
        }
        Ok(Some(known))
    }

    pub(super) fn store(&self) -> &dyn Accounts {
        self.store.as_ref()
    }
}

impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Directory")
    }
}

impl Known {
    fn new(account: Account) -> Known {
        // What does not parse (a newer program wrote it) allows nothing.
        let parse = |keys: &[AccountKey]| {
            keys.iter()
                .filter_map(|key| PublicKey::parse(&key.line).ok())
                .collect::<Vec<_>>()
        };
        let users = account
            .users
            .iter()
            .map(|user| (user.name.clone(), parse(&user.keys)))
            .collect();
        let rules = account
            .policies
            .iter()
            .map(|policy| {
                let rules = policy.rules.iter();
                let rules = rules.filter_map(|rule| Rule::parse(rule).ok());
                (policy.name.clone(), rules.collect())
            })
            .collect();
        Known { keys: parse(&account.keys), users, rules, account }
    }

    /// Returns the key with a fingerprint, of the holder or a user.
    pub(super) fn key(
        &self,
        user: Option<&str>,
        fingerprint: &Fingerprint,
    ) -> Option<&PublicKey> {
        let keys = match user {
            None => &self.keys,
            Some(user) => self.users.get(user)?,
        };
        keys.iter().find(|key| fingerprint.names(key.blob()))
    }

    /// Returns the rules that a role brings.
    pub(super) fn rules_of(&self, role: &str) -> impl Iterator<Item = &Rule> {
        let policies = self.account.role(role).map(|role| &role.policies);
        policies
            .into_iter()
            .flatten()
            .filter_map(|name| self.rules.get(name))
            .flatten()
    }
}
