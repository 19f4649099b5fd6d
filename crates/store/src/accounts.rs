//! Accounts: who may sign requests, and what they may do.
//!
//! An account is one document: its keys, its users with theirs, policies (what
//! is allowed) and roles (who has which policies). It is small, it is read
//! whole, and it changes whole: a list of [`AccountChange`]s is applied to what
//! is there in one transaction, or none of it.
//!
//! What a policy's rules and a key's bytes mean is not known here; whoever
//! writes them checks them.
//!
//! Readers keep copies and ask [`Accounts::accounts_version`], which rises with
//! every change, whether they are still good. So a change made by one process
//! acts in all others at their next request.

use serde::{Deserialize, Serialize};
use thoth_manta::{Code, Error, Path, Result};

use crate::ObjectStore;

/// The longest name of a user, role or policy.
const MAX_NAME_BYTES: usize = 64;
/// Most things of a kind that an account may have.
const MAX_ITEMS: usize = 10_000;

/// An account and all that belongs to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its name, the first component of its paths.
    pub login: String,
    /// A random id that is never used again, unlike the name.
    pub uuid: [u8; 16],
    /// When it was added, in milliseconds since 1970.
    pub created_ms: i64,
    /// Whether its holder may do everything everywhere.
    #[serde(default)]
    pub is_operator: bool,
    /// Whether nobody may use it for now.
    #[serde(default)]
    pub is_blocked: bool,
    /// Keys of its holder.
    pub keys: Vec<AccountKey>,
    /// Its users.
    pub users: Vec<User>,
    /// What can be allowed.
    pub policies: Vec<Policy>,
    /// Who is allowed what.
    pub roles: Vec<Role>,
}

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountKey {
    /// The key on one line, as OpenSSH writes it, without a comment.
    pub line: String,
    /// What its owner calls it.
    #[serde(default)]
    pub comment: String,
    /// When it was added, in milliseconds since 1970.
    pub added_ms: i64,
}

/// A user of an account, who may do what roles allow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The name; `anonymous` stands for callers without credentials.
    pub name: String,
    /// Keys.
    pub keys: Vec<AccountKey>,
}

/// A list of rules, each of which allows something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// The name.
    pub name: String,
    /// The rules.
    pub rules: Vec<String>,
}

/// Who has which policies, on resources that are tagged with the role.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// The name, with which resources are tagged.
    pub name: String,
    /// Names of policies.
    pub policies: Vec<String>,
    /// Users of this account.
    pub users: Vec<Member>,
    /// Other accounts, whose holders have the role.
    pub accounts: Vec<Member>,
}

/// Somebody who has a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The name of the user or account.
    pub name: String,
    /// Whether the role is active without being asked for.
    pub is_default: bool,
}

/// A change of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountChange {
    /// Adds a key to the holder, or to a user; one that is there gets the new
    /// comment.
    AddKey(Option<String>, AccountKey),
    /// Removes the key with this line from the holder, or from a user.
    RemoveKey(Option<String>, String),
    /// Adds a user without keys.
    AddUser(String),
    /// Removes a user, also from all roles.
    RemoveUser(String),
    /// Adds a policy, or replaces the one of that name.
    SetPolicy(Policy),
    /// Removes a policy that no role has.
    RemovePolicy(String),
    /// Adds a role, or replaces the one of that name.
    SetRole(Role),
    /// Removes a role. Tags of it stay on resources and allow nothing.
    RemoveRole(String),
    /// Lets the holder do everything everywhere, or ends that.
    SetOperator(bool),
    /// Keeps everybody from using it, or ends that.
    SetBlocked(bool),
}

/// Keeps accounts, beside the names that belong to them.
///
/// Normative for every engine: each call is atomic, and durable when it
/// returns; a change is seen by every later call of any process, and raises
/// the version.
pub trait Accounts {
    /// Returns every account, ordered by login.
    fn accounts(&self) -> Result<Vec<Account>>;

    /// Returns an account; `None` when there is none of that name.
    fn account(&self, login: &str) -> Result<Option<Account>>;

    /// Adds an account and its root directories. The login must be free; the
    /// directories may be there.
    fn add_account(&self, account: &Account) -> Result<()>;

    /// Applies changes, all or none, and returns the account afterwards.
    fn change_account(
        &self,
        login: &str,
        changes: &[AccountChange],
    ) -> Result<Account>;

    /// Removes an account. One that has anything stored stays, unless
    /// `keep_objects`: then that lies there until an account of that name is
    /// added again.
    fn remove_account(&self, login: &str, keep_objects: bool) -> Result<()>;

    /// Returns a number that rises with every change of any account.
    fn accounts_version(&self) -> Result<u64>;

    /// Returns the secret of a name, making it of `fresh` when there is none
    /// yet.
    fn secret(&self, name: &str, fresh: &[u8]) -> Result<Vec<u8>>;
}

impl<M: Accounts, B> Accounts for ObjectStore<M, B> {
    fn accounts(&self) -> Result<Vec<Account>> {
        self.meta.accounts()
    }

    fn account(&self, login: &str) -> Result<Option<Account>> {
        self.meta.account(login)
    }

    fn add_account(&self, account: &Account) -> Result<()> {
        self.meta.add_account(account)
    }

    fn change_account(
        &self,
        login: &str,
        changes: &[AccountChange],
    ) -> Result<Account> {
        self.meta.change_account(login, changes)
    }

    fn remove_account(&self, login: &str, keep_objects: bool) -> Result<()> {
        self.meta.remove_account(login, keep_objects)
    }

    fn accounts_version(&self) -> Result<u64> {
        self.meta.accounts_version()
    }

    fn secret(&self, name: &str, fresh: &[u8]) -> Result<Vec<u8>> {
        self.meta.secret(name, fresh)
    }
}

impl Account {
    /// Returns a user.
    pub fn user(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|user| user.name == name)
    }

    /// Returns a role.
    pub fn role(&self, name: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.name == name)
    }

    /// Returns a policy.
    pub fn policy(&self, name: &str) -> Option<&Policy> {
        self.policies.iter().find(|policy| policy.name == name)
    }

    /// Refuses an account that cannot be.
    pub(crate) fn check(&self) -> Result<()> {
        let path = Path::parse(&format!("/{}", self.login))?;
        if path.name() != self.login {
            return Err(invalid(format!(
                "account {:?}: expected a name",
                self.login
            )));
        }
        let counts = [
            ("keys", self.keys.len()),
            ("users", self.users.len()),
            ("policies", self.policies.len()),
            ("roles", self.roles.len()),
        ];
        for (what, count) in counts {
            if count > MAX_ITEMS {
                return Err(invalid(format!(
                    "account {}: {count} {what}, expected at most {MAX_ITEMS}",
                    self.login
                )));
            }
        }
        Ok(())
    }

    /// Applies a change.
    pub(crate) fn apply(&mut self, change: &AccountChange) -> Result<()> {
        match change {
            AccountChange::AddKey(user, key) => {
                let keys = self.keys_of(user.as_deref())?;
                keys.retain(|known| known.line != key.line);
                keys.push(key.clone());
            }
            AccountChange::RemoveKey(user, line) => {
                let keys = self.keys_of(user.as_deref())?;
                let before = keys.len();
                keys.retain(|known| known.line != *line);
                if keys.len() == before {
                    return Err(missing(Code::KeyDoesNotExist, "that key"));
                }
            }
            AccountChange::AddUser(name) => {
                check_name("user", name)?;
                if self.user(name).is_some() {
                    return Err(there("user", name));
                }
                let user = User { name: name.clone(), keys: Vec::new() };
                self.users.push(user);
                self.users.sort_by(|one, other| one.name.cmp(&other.name));
            }
            AccountChange::RemoveUser(name) => {
                let login = &self.login;
                if self.user(name).is_none() {
                    return Err(missing(
                        Code::UserDoesNotExist,
                        &format!("{login}/{name}"),
                    ));
                }
                self.users.retain(|user| user.name != *name);
                for role in &mut self.roles {
                    role.users.retain(|member| member.name != *name);
                }
            }
            AccountChange::SetPolicy(policy) => {
                check_name("policy", &policy.name)?;
                self.policies.retain(|known| known.name != policy.name);
                self.policies.push(policy.clone());
                self.policies.sort_by(|one, other| one.name.cmp(&other.name));
            }
            AccountChange::RemovePolicy(name) => self.remove_policy(name)?,
            AccountChange::SetRole(role) => self.set_role(role)?,
            AccountChange::RemoveRole(name) => {
                if self.role(name).is_none() {
                    return Err(missing(
                        Code::InvalidRole,
                        &format!("role {name:?}"),
                    ));
                }
                self.roles.retain(|role| role.name != *name);
            }
            AccountChange::SetOperator(is) => self.is_operator = *is,
            AccountChange::SetBlocked(is) => self.is_blocked = *is,
        }
        self.check()
    }

    fn keys_of(&mut self, user: Option<&str>) -> Result<&mut Vec<AccountKey>> {
        let Some(name) = user else {
            return Ok(&mut self.keys);
        };
        let login = &self.login;
        let found = self.users.iter_mut().find(|user| user.name == name);
        found.map(|user| &mut user.keys).ok_or_else(|| {
            missing(Code::UserDoesNotExist, &format!("{login}/{name}"))
        })
    }

    fn remove_policy(&mut self, name: &str) -> Result<()> {
        if self.policy(name).is_none() {
            let what = format!("policy {name:?}");
            return Err(missing(Code::ResourceNotFound, &what));
        }
        let has = |role: &&Role| role.policies.iter().any(|p| p == name);
        if let Some(role) = self.roles.iter().find(has) {
            return Err(invalid(format!(
                "policy {name:?}: role {:?} has it; change the role first",
                role.name
            )));
        }
        self.policies.retain(|policy| policy.name != name);
        Ok(())
    }

    fn set_role(&mut self, role: &Role) -> Result<()> {
        check_name("role", &role.name)?;
        for name in &role.policies {
            if self.policy(name).is_none() {
                let what = format!("policy {name:?}");
                return Err(missing(Code::ResourceNotFound, &what));
            }
        }
        for member in &role.users {
            if self.user(&member.name).is_none() {
                return Err(missing(
                    Code::UserDoesNotExist,
                    &format!("{}/{}", self.login, member.name),
                ));
            }
        }
        self.roles.retain(|known| known.name != role.name);
        self.roles.push(role.clone());
        self.roles.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(())
    }
}

fn check_name(what: &str, name: &str) -> Result<()> {
    let mut bytes = name.bytes();
    let fits = bytes.next().is_some_and(|first| first.is_ascii_alphabetic())
        && bytes.all(|b| b.is_ascii_alphanumeric() || b"_.@-".contains(&b))
        && name.len() <= MAX_NAME_BYTES;
    if fits {
        return Ok(());
    }
    Err(invalid(format!(
        "{what} {name:?}: expected a letter, then letters, digits and _ . @ \
         -, at most {MAX_NAME_BYTES} in all"
    )))
}

fn invalid(text: String) -> Error {
    Error::new(Code::InvalidArgument, text)
}

fn there(what: &str, name: &str) -> Error {
    Error::new(Code::EntityAlreadyExists, format!("{what} {name:?} is there"))
}

fn missing(code: Code, what: &str) -> Error {
    Error::new(code, format!("{what} does not exist"))
}
