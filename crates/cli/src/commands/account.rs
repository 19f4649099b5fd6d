//! `thoth account`: who may use a server, and what they may do.
//!
//! Works on the folder of a store, also while a server runs on it: what
//! changes acts at the next request.

use crate::error::{Error, Failure, Kind, Result, io_error};
use crate::output::{Answer, Text, line};
use crate::session::Session;
use crate::tables::Table;
use clap::Subcommand;
use serde::Serialize;
use serde_json::{Value, json};
use std::io;
use std::path::{Path, PathBuf};
use thoth_manta::Timestamp;
use thoth_manta::signature::{Fingerprint, PublicKey};
use thoth_server::auth::check_rule;
use thoth_store::{
    Account as Record, AccountChange, AccountKey, Accounts, Embedded,
    EmbeddedOptions, Member, Policy, Role,
};

/// Manage who may use a server
///
/// An account owns a tree of objects, and whoever holds one of its keys may do
/// everything there. Its users have keys of their own and may do what roles
/// allow: a role names policies and the users who have it, and counts for
/// what is tagged with it (mchmod, or Role-Tag when putting). A user called
/// anonymous stands for callers without a key.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MANUAL)]
pub(crate) struct Account {
    #[command(subcommand)]
    command: Command,

    /// Folder of the store [default: store in $THOTH_HOME]
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<PathBuf>,
}

const MANUAL: &str = "\
Examples:
  $ thoth account add alice --data /srv/thoth --key ~/.ssh/id_ed25519.pub
  $ thoth account user add alice carol --data /srv/thoth --key carol.pub
  $ thoth account policy set alice read 'CAN getobject and getdirectory' \\
      --data /srv/thoth
  $ thoth account role set alice readers --policy read --default-user carol \\
      --data /srv/thoth
  $ thoth account ls --data /srv/thoth
  ACCOUNT  KEYS  USERS  ROLES  POLICIES  STATE
  alice    1     1      1      1         active

Rules of policies:
  CAN getobject, getdirectory WHEN sourceip = 10.0.0.0/8
  CAN putobject IF overwrite = false AND day IN (Monday, Tuesday)
  CAN get* WHERE time >= 08:00:00 AND NOT user-agent like /curl/i";

#[derive(Debug, Subcommand)]
enum Command {
    /// Add an account
    Add {
        /// Its name
        name: String,
        /// Public key, as OpenSSH or PEM
        #[arg(long, value_name = "FILE")]
        key: Vec<PathBuf>,
        /// Let its holder do everything everywhere
        #[arg(long)]
        operator: bool,
    },
    /// List accounts, or tell all about one
    Ls {
        /// Which
        name: Option<String>,
    },
    /// Remove an account
    Rm {
        /// Which
        name: String,
        /// Leave what it has stored where it is
        #[arg(long)]
        keep_objects: bool,
    },
    /// Keep everybody from using an account
    Block {
        /// Which
        name: String,
    },
    /// Let an account be used again
    Unblock {
        /// Which
        name: String,
    },
    /// Keys of an account or one of its users
    #[command(subcommand)]
    Key(KeyCommand),
    /// Users of an account
    #[command(subcommand)]
    User(UserCommand),
    /// What can be allowed
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Who is allowed what
    #[command(subcommand)]
    Role(RoleCommand),
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Add keys
    Add {
        /// The account
        account: String,
        /// Public keys, as OpenSSH or PEM
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Of this user instead
        #[arg(long)]
        user: Option<String>,
    },
    /// Remove a key
    Rm {
        /// The account
        account: String,
        /// Its fingerprint, MD5 or SHA256
        fingerprint: String,
        /// Of this user instead
        #[arg(long)]
        user: Option<String>,
    },
    /// List keys
    Ls {
        /// The account
        account: String,
        /// Of this user instead
        #[arg(long)]
        user: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Add a user
    Add {
        /// The account
        account: String,
        /// The user's name
        name: String,
        /// Public key, as OpenSSH or PEM
        #[arg(long, value_name = "FILE")]
        key: Vec<PathBuf>,
    },
    /// Remove a user, also from all roles
    Rm {
        /// The account
        account: String,
        /// The user's name
        name: String,
    },
}

#[derive(Debug, Subcommand)]
enum PolicyCommand {
    /// Add a policy, or replace it
    Set {
        /// The account
        account: String,
        /// The policy's name
        name: String,
        /// What it allows: one or more rules
        #[arg(required = true)]
        rules: Vec<String>,
    },
    /// Remove a policy that no role has
    Rm {
        /// The account
        account: String,
        /// The policy's name
        name: String,
    },
}

#[derive(Debug, Subcommand)]
enum RoleCommand {
    /// Add a role, or replace it
    Set {
        /// The account
        account: String,
        /// The role's name
        name: String,
        /// Policies that it brings
        #[arg(long)]
        policy: Vec<String>,
        /// Users who have it when they ask for it
        #[arg(long)]
        user: Vec<String>,
        /// Users who have it without asking
        #[arg(long)]
        default_user: Vec<String>,
        /// Other accounts whose holders have it when they ask for it
        #[arg(long)]
        account_member: Vec<String>,
        /// Other accounts whose holders have it without asking
        #[arg(long)]
        default_account: Vec<String>,
    },
    /// Remove a role
    Rm {
        /// The account
        account: String,
        /// The role's name
        name: String,
    },
}

/// Accounts to show.
struct Shown {
    accounts: Vec<Record>,
    whole: bool,
}

impl Serialize for Shown {
    fn serialize<S: serde::Serializer>(
        &self,
        s: S,
    ) -> std::result::Result<S::Ok, S::Error> {
        let all: Vec<Value> = self.accounts.iter().map(json_of).collect();
        match all.first() {
            Some(one) if self.whole => one.serialize(s),
            _ => all.serialize(s),
        }
    }
}

fn json_of(account: &Record) -> Value {
    let users: Vec<Value> = account
        .users
        .iter()
        .map(|user| json!({ "name": user.name, "keys": keys(&user.keys) }))
        .collect();
    let members = |members: &[Member]| -> Vec<Value> {
        let each = members.iter().map(
            |member| json!({ "name": member.name, "default": member.is_default }),
        );
        each.collect()
    };
    let roles: Vec<Value> = account
        .roles
        .iter()
        .map(|role| {
            json!({
                "name": role.name,
                "policies": role.policies,
                "users": members(&role.users),
                "accounts": members(&role.accounts),
            })
        })
        .collect();
    json!({
        "name": account.login,
        "operator": account.is_operator,
        "blocked": account.is_blocked,
        "keys": keys(&account.keys),
        "users": users,
        "policies": account.policies,
        "roles": roles,
    })
}

fn keys(keys: &[AccountKey]) -> Vec<Value> {
    keys.iter()
        .map(|key| match PublicKey::parse(&key.line) {
            Ok(parsed) => json!({
                "md5": parsed.md5().to_string(),
                "sha256": parsed.sha256().to_string(),
                "type": parsed.kind().as_str(),
                "bits": parsed.bits(),
                "comment": key.comment,
            }),
            Err(error) => json!({ "damaged": error.to_string() }),
        })
        .collect()
}

fn key_rows(text: &mut Text<'_>, keys: &[AccountKey]) -> io::Result<()> {
    for key in keys {
        match PublicKey::parse(&key.line) {
            Ok(parsed) => line!(
                text,
                "  key {} {} {} {}",
                parsed.md5(),
                parsed.kind(),
                parsed.bits(),
                key.comment
            )?,
            Err(error) => line!(text, "  key damaged: {error}")?,
        }
    }
    Ok(())
}

impl Answer for Shown {
    fn render(&self, text: &mut Text<'_>) -> io::Result<()> {
        if let [account] = self.accounts.as_slice()
            && self.whole
        {
            return render_whole(account, text);
        }
        let mut table = Table::new(&[
            "ACCOUNT", "KEYS", "USERS", "ROLES", "POLICIES", "STATE",
        ]);
        for account in &self.accounts {
            table.row(vec![
                account.login.clone(),
                account.keys.len().to_string(),
                account.users.len().to_string(),
                account.roles.len().to_string(),
                account.policies.len().to_string(),
                state(account).to_owned(),
            ]);
        }
        table.render(text)
    }
}

fn state(account: &Record) -> &'static str {
    match (account.is_blocked, account.is_operator) {
        (true, _) => "blocked",
        (false, true) => "operator",
        (false, false) => "active",
    }
}

fn render_whole(account: &Record, text: &mut Text<'_>) -> io::Result<()> {
    line!(text, "account {} ({})", account.login, state(account))?;
    key_rows(text, &account.keys)?;
    for user in &account.users {
        line!(text, "user {}", user.name)?;
        key_rows(text, &user.keys)?;
    }
    for policy in &account.policies {
        line!(text, "policy {}", policy.name)?;
        for rule in &policy.rules {
            line!(text, "  {rule}")?;
        }
    }
    for role in &account.roles {
        line!(text, "role {}", role.name)?;
        for policy in &role.policies {
            line!(text, "  policy {policy}")?;
        }
        for (kind, members) in
            [("user", &role.users), ("account", &role.accounts)]
        {
            for member in members {
                let how = if member.is_default { " (default)" } else { "" };
                line!(text, "  {kind} {}{how}", member.name)?;
            }
        }
    }
    Ok(())
}

impl Account {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let folder = match &self.data {
            Some(folder) => folder.clone(),
            None => session.home()?.join("store"),
        };
        let store = Embedded::open_bare(&folder, &EmbeddedOptions::default())
            .map_err(refused)?;
        let shown = match self.command {
            Command::Add { name, key, operator } => {
                vec![add(&store, name, &key, operator)?]
            }
            Command::Ls { name: None } => {
                let accounts = store.accounts().map_err(refused)?;
                return session.out.answer(&Shown { accounts, whole: false });
            }
            Command::Ls { name: Some(name) } => vec![find(&store, &name)?],
            Command::Rm { name, keep_objects } => {
                let gone = find(&store, &name)?;
                store.remove_account(&name, keep_objects).map_err(|error| {
                    refused(error).hint(
                        "thoth account rm --keep-objects leaves them there",
                    )
                })?;
                vec![gone]
            }
            Command::Block { name } => {
                change(&store, &name, vec![AccountChange::SetBlocked(true)])?
            }
            Command::Unblock { name } => {
                change(&store, &name, vec![AccountChange::SetBlocked(false)])?
            }
            Command::Key(command) => key_command(&store, command)?,
            Command::User(command) => user_command(&store, command)?,
            Command::Policy(command) => policy_command(&store, command)?,
            Command::Role(command) => role_command(&store, command)?,
        };
        session.out.answer(&Shown { accounts: shown, whole: true })
    }
}

fn refused(error: thoth_manta::Error) -> Failure {
    Failure::new(Kind::User, error)
}

fn find(store: &Embedded, name: &str) -> Result<Record> {
    store.account(name).map_err(refused)?.ok_or_else(|| {
        let text = format!("account {name} does not exist");
        Failure::from(Error::Environment(text))
            .hint("thoth account ls lists them")
    })
}

fn change(
    store: &Embedded,
    name: &str,
    changes: Vec<AccountChange>,
) -> Result<Vec<Record>> {
    let account = store.change_account(name, &changes).map_err(refused)?;
    Ok(vec![account])
}

fn add(
    store: &Embedded,
    login: String,
    files: &[PathBuf],
    is_operator: bool,
) -> Result<Record> {
    let mut uuid = [0; 16];
    rustix::rand::getrandom(&mut uuid, rustix::rand::GetRandomFlags::empty())
        .map_err(|error| {
        io_error("read", Path::new("random numbers"))(error.into())
    })?;
    let account = Record {
        login,
        uuid,
        created_ms: Timestamp::now().as_millisecond(),
        is_operator,
        keys: read_keys(files)?,
        ..Record::default()
    };
    store.add_account(&account).map_err(refused)?;
    Ok(account)
}

fn read_keys(files: &[PathBuf]) -> Result<Vec<AccountKey>> {
    files.iter().map(|file| read_key(file)).collect()
}

fn read_key(file: &Path) -> Result<AccountKey> {
    let text = std::fs::read_to_string(file).map_err(io_error("read", file))?;
    let key = PublicKey::parse(&text).map_err(|error| {
        Error::Environment(format!("{}: {error}", file.display()))
    })?;
    let comment = key.comment().to_owned();
    let bare = PublicKey::from_blob(key.blob())
        .map_err(|error| Error::Environment(error.to_string()))?;
    Ok(AccountKey {
        line: bare.to_openssh(),
        comment,
        added_ms: Timestamp::now().as_millisecond(),
    })
}

fn key_command(store: &Embedded, command: KeyCommand) -> Result<Vec<Record>> {
    match command {
        KeyCommand::Add { account, files, user } => {
            let keys = read_keys(&files)?.into_iter();
            let changes =
                keys.map(|key| AccountChange::AddKey(user.clone(), key));
            change(store, &account, changes.collect())
        }
        KeyCommand::Rm { account, fingerprint, user } => {
            let named = Fingerprint::parse(&fingerprint)
                .map_err(|error| Error::Usage(error.to_string()))?;
            let record = find(store, &account)?;
            let keys = match &user {
                None => Some(&record.keys),
                Some(user) => record.user(user).map(|user| &user.keys),
            };
            let found = keys.into_iter().flatten().find(|key| {
                PublicKey::parse(&key.line)
                    .is_ok_and(|key| named.names(key.blob()))
            });
            let Some(key) = found else {
                let text = format!("account {account} has no key {named}");
                return Err(Error::Environment(text).into());
            };
            let line = key.line.clone();
            change(store, &account, vec![AccountChange::RemoveKey(user, line)])
        }
        KeyCommand::Ls { account, user } => {
            let mut record = find(store, &account)?;
            if let Some(name) = user {
                record.keys.clear();
                record.users.retain(|user| user.name == name);
            } else {
                record.users.clear();
            }
            record.policies.clear();
            record.roles.clear();
            Ok(vec![record])
        }
    }
}

fn user_command(store: &Embedded, command: UserCommand) -> Result<Vec<Record>> {
    match command {
        UserCommand::Add { account, name, key } => {
            let mut changes = vec![AccountChange::AddUser(name.clone())];
            for key in read_keys(&key)? {
                changes.push(AccountChange::AddKey(Some(name.clone()), key));
            }
            change(store, &account, changes)
        }
        UserCommand::Rm { account, name } => {
            change(store, &account, vec![AccountChange::RemoveUser(name)])
        }
    }
}

fn policy_command(
    store: &Embedded,
    command: PolicyCommand,
) -> Result<Vec<Record>> {
    match command {
        PolicyCommand::Set { account, name, rules } => {
            for rule in &rules {
                check_rule(rule)
                    .map_err(|error| Error::Usage(error.to_string()))?;
            }
            let policy = Policy { name, rules };
            change(store, &account, vec![AccountChange::SetPolicy(policy)])
        }
        PolicyCommand::Rm { account, name } => {
            change(store, &account, vec![AccountChange::RemovePolicy(name)])
        }
    }
}

fn role_command(store: &Embedded, command: RoleCommand) -> Result<Vec<Record>> {
    match command {
        RoleCommand::Set {
            account,
            name,
            policy,
            user,
            default_user,
            account_member,
            default_account,
        } => {
            let role = Role {
                name,
                policies: policy,
                users: members(user, default_user),
                accounts: members(account_member, default_account),
            };
            change(store, &account, vec![AccountChange::SetRole(role)])
        }
        RoleCommand::Rm { account, name } => {
            change(store, &account, vec![AccountChange::RemoveRole(name)])
        }
    }
}

fn members(asking: Vec<String>, default: Vec<String>) -> Vec<Member> {
    let mut members: Vec<Member> = default
        .into_iter()
        .map(|name| Member { name, is_default: true })
        .collect();
    for name in asking {
        if members.iter().all(|member| member.name != name) {
            members.push(Member { name, is_default: false });
        }
    }
    members
}
