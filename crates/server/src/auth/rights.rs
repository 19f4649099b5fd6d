//! What whoever asks may do.
//!
//! | who | may |
//! | --- | --- |
//! | an operator | everything |
//! | the holder of an account | everything in it |
//! | anybody | read what is below `public` |
//! | others | what their active roles of the account allow, on resources that are tagged with those |
//!
//! Roles are looked up in the account that the request's path is in; a user
//! has roles of the own account, the holder of another account those that the
//! path's account gives.

use std::sync::Arc;

use thoth_manta::{Area, Code, Error, Path, Result, Timestamp};
use thoth_store::{Account, Role};

use super::credentials::{Checker, Proof, Proven, blocked};
use super::directory::Known;
use super::policy::Question;
use super::{Action, ActiveRole, Principal, RequestFacts, Resource};
use crate::target::INTERNAL_ACCOUNT;

/// The user of an account who stands for callers without credentials.
const ANONYMOUS: &str = "anonymous";

/// Makes the principal of whoever showed these credentials.
pub(super) fn principal(
    checker: &Checker,
    proven: Option<Proven>,
    request: &RequestFacts<'_>,
) -> Result<Principal> {
    let owner = owner_of(checker, request.raw_path)?;
    let Some(Proven { known, user, proof }) = proven else {
        return Ok(anonymous(owner.as_deref()));
    };
    let account = &known.account;
    let mut who = Principal {
        account: account.uuid,
        login: account.login.clone(),
        is_operator: account.is_operator && user.is_none(),
        is_anonymous: false,
        subuser: user,
        ..Principal::anonymous()
    };
    let owner = owner.as_ref().map(|owner| &owner.account);
    let held = Held { account, owner, user: who.subuser.as_deref() };
    let asked = match proof {
        Proof::Token { roles, made } => {
            who.token_made = Some(made);
            let kept = roles.into_iter().filter(|role| held.has(role));
            who.active = kept.collect();
            None
        }
        Proof::Url { role, role_tag } => {
            who.by_url = true;
            who.url_tags = role_tag;
            Some(role)
        }
        Proof::Header => {
            let text = request
                .header("role")
                .and_then(|role| std::str::from_utf8(role).ok());
            Some(text.map(str::to_owned))
        }
    };
    if let Some(asked) = asked {
        who.active = match asked.filter(|text| !text.trim().is_empty()) {
            Some(names) => held.named(&names)?,
            None => held.default(),
        };
    }
    who.roles = who.active.iter().map(|role| role.name.clone()).collect();
    Ok(who)
}

/// Whoever shows no credentials has the default roles of the user who stands
/// for them.
fn anonymous(owner: Option<&Known>) -> Principal {
    let mut who = Principal::anonymous();
    let Some(owner) = owner.map(|known| &known.account) else {
        return who;
    };
    if owner.user(ANONYMOUS).is_some() {
        let held =
            Held { account: owner, owner: Some(owner), user: Some(ANONYMOUS) };
        who.active = held.default();
        who.roles = who.active.iter().map(|role| role.name.clone()).collect();
    }
    who
}

/// The roles that somebody has.
struct Held<'a> {
    account: &'a Account,
    owner: Option<&'a Account>,
    user: Option<&'a str>,
}

impl<'a> Held<'a> {
    /// Returns each role with its account, and whether it is a default.
    fn all(&self) -> Vec<(ActiveRole, bool)> {
        match self.user {
            Some(user) => held_in(self.account, user, |role| &role.users),
            None => {
                let Some(owner) = self.owner else {
                    return Vec::new();
                };
                let login = &self.account.login;
                held_in(owner, login, |role| &role.accounts)
            }
        }
    }

    fn has(&self, role: &ActiveRole) -> bool {
        self.all().iter().any(|(held, _)| held == role)
    }

    fn default(&self) -> Vec<ActiveRole> {
        let all = self.all().into_iter();
        all.filter(|(_, default)| *default).map(|(role, _)| role).collect()
    }

    /// Returns the roles of a list of names.
    fn named(&self, names: &str) -> Result<Vec<ActiveRole>> {
        let all = self.all();
        if names.trim() == "*" && self.user.is_some() {
            return Ok(all.into_iter().map(|(role, _)| role).collect());
        }
        let mut found = Vec::new();
        for name in names.split(',').map(str::trim) {
            let role = all.iter().find(|(role, _)| role.name == name);
            match role {
                Some((role, _)) => found.push(role.clone()),
                // The holder needs no role of the own account, but may name
                // any.
                None if self.user.is_none()
                    && self.account.role(name).is_some() => {}
                None => {
                    return Err(Error::new(
                        Code::InvalidRole,
                        format!("Role \"{name}\" is invalid."),
                    ));
                }
            }
        }
        Ok(found)
    }
}

fn held_in(
    account: &Account,
    name: &str,
    members: fn(&Role) -> &Vec<thoth_store::Member>,
) -> Vec<(ActiveRole, bool)> {
    let mut held = Vec::new();
    for role in &account.roles {
        let member = members(role).iter().find(|member| member.name == name);
        if let Some(member) = member {
            let active =
                ActiveRole { account: account.uuid, name: role.name.clone() };
            held.push((active, member.is_default));
        }
    }
    held
}

/// Finds the account that a path is in, as far as the path makes sense.
fn owner_of(checker: &Checker, raw_path: &str) -> Result<Option<Arc<Known>>> {
    let login = raw_path.split('/').find(|part| !part.is_empty());
    let path = login.map(|login| Path::parse_encoded(&format!("/{login}")));
    match path {
        Some(Ok(path)) => checker.directory.find(path.account()),
        _ => Ok(None),
    }
}

/// See [`super::Auth::admit`].
pub(super) fn admit(
    checker: &Checker,
    who: &Principal,
    path: &Path,
    facts: &RequestFacts<'_>,
) -> Result<()> {
    let login = path.account();
    let Some(owner) = checker.directory.find(login)? else {
        // Its own account is nobody's business, whoever asks.
        if login == INTERNAL_ACCOUNT {
            return Err(failed(who, path));
        }
        return Err(Error::new(
            Code::AccountDoesNotExist,
            format!("{login} does not exist"),
        ));
    };
    let owner = &owner.account;
    if owner.is_blocked && !owner.is_operator && !who.is_operator {
        return Err(blocked(login));
    }
    let reads = matches!(facts.method, "GET" | "HEAD" | "OPTIONS");
    let public = path.area() == Some(Area::Public) && reads;
    let has_role = who.active.iter().any(|role| role.account == owner.uuid);
    if who.is_operator || who.holds(login) || public || has_role {
        return Ok(());
    }
    // A user of the account who has no role: the more helpful of two codes.
    if who.login == owner.login && who.subuser.is_some() {
        return Err(no_matching_tag());
    }
    Err(failed(who, path))
}

/// Refuses what must come over TLS: all but public reads and signed URLs.
pub(super) fn check_transport(
    require_tls: bool,
    who: &Principal,
    path: &Path,
    facts: &RequestFacts<'_>,
) -> Result<()> {
    let reads = matches!(facts.method, "GET" | "HEAD" | "OPTIONS");
    let public = path.area() == Some(Area::Public) && reads;
    if !require_tls || facts.secure || public || who.by_url {
        return Ok(());
    }
    Err(Error::new(
        Code::SecureTransportRequired,
        "Manta requires a secure transport (SSL/TLS)",
    ))
}

/// See [`super::Auth::authorize`].
pub(super) fn authorize(
    checker: &Checker,
    who: &Principal,
    action: Action,
    resource: &Resource<'_>,
    facts: &RequestFacts<'_>,
) -> Result<()> {
    let path = resource.path;
    if path.account() == INTERNAL_ACCOUNT {
        return Err(failed(who, path));
    }
    let reads = matches!(action, Action::GetDirectory | Action::GetObject);
    let public = reads && path.area() == Some(Area::Public);
    if who.is_operator || who.holds(path.account()) || public {
        return Ok(());
    }
    let uploads = matches!(
        action,
        Action::CreateUpload
            | Action::GetUpload
            | Action::UploadPart
            | Action::CommitUpload
            | Action::AbortUpload
    );
    let Some(owner) = checker.directory.find(path.account())? else {
        return Err(failed(who, path));
    };
    let active: Vec<&str> = who
        .active
        .iter()
        .filter(|role| role.account == owner.account.uuid)
        .map(|role| role.name.as_str())
        .collect();
    // Uploads in parts are for holders only.
    if uploads || owner.account.is_blocked {
        return Err(failed(who, path));
    }
    if active.is_empty() {
        let own = who.login == owner.account.login && who.subuser.is_some();
        return Err(if own { no_matching_tag() } else { failed(who, path) });
    }
    let relevant: Vec<&str> = if has_no_tags(action) {
        active
    } else {
        let tagged = |role: &&str| {
            resource.role_tags.iter().any(|tag| tag.as_str() == *role)
        };
        active.into_iter().filter(tagged).collect()
    };
    if relevant.is_empty() {
        return Err(no_matching_tag());
    }
    let question = Question {
        principal: who.subuser.as_deref().unwrap_or(if who.is_anonymous {
            ANONYMOUS
        } else {
            &who.login
        }),
        action: action.as_str(),
        resource: path.as_str(),
        method: facts.method,
        now: Timestamp::now(),
        source_ip: facts.client,
        user_agent: facts
            .header("user-agent")
            .and_then(|agent| std::str::from_utf8(agent).ok()),
        overwrite: resource.exists,
        from_job: false,
    };
    let allowed = relevant
        .iter()
        .flat_map(|role| owner.rules_of(role))
        .any(|rule| rule.allows(&question));
    if allowed { Ok(()) } else { Err(failed(who, path)) }
}

/// Tells whether an action is about the account rather than something with
/// tags.
fn has_no_tags(action: Action) -> bool {
    matches!(
        action,
        Action::CreateToken
            | Action::CreateJob
            | Action::ListJobs
            | Action::GetJob
            | Action::ManageJob
            | Action::Mlogin
    )
}

fn failed(who: &Principal, path: &Path) -> Error {
    let name = match &who.subuser {
        _ if who.is_anonymous => ANONYMOUS.to_owned(),
        None => who.login.clone(),
        Some(user) => format!("{}/{user}", who.login),
    };
    Error::new(
        Code::AuthorizationFailed,
        format!("{name} is not allowed to access {path}"),
    )
}

fn no_matching_tag() -> Error {
    Error::new(
        Code::NoMatchingRoleTag,
        "None of your active roles are present on the resource.",
    )
}

/// Returns the tags that a request asks for, in order and once each; with
/// none the active roles.
pub(super) fn asked_tags(
    who: &Principal,
    facts: &RequestFacts<'_>,
) -> Vec<String> {
    let header = facts
        .header("role-tag")
        .and_then(|tags| std::str::from_utf8(tags).ok());
    let asked = who.url_tags.as_deref().or(header).unwrap_or_default();
    let mut tags: Vec<String> = Vec::new();
    for tag in asked.split(',').map(str::trim) {
        if !tag.is_empty() && !tags.iter().any(|known| known == tag) {
            tags.push(tag.to_owned());
        }
    }
    tags
}

/// See [`super::Auth::role_tags`].
pub(super) fn role_tags(
    checker: &Checker,
    who: &Principal,
    path: &Path,
    facts: &RequestFacts<'_>,
) -> Result<Vec<String>> {
    let Some(owner) = checker.directory.find(path.account())? else {
        return Ok(Vec::new());
    };
    let owner = &owner.account;
    let asked = asked_tags(who, facts);
    if asked.is_empty() {
        let own = who.active.iter().filter(|role| role.account == owner.uuid);
        return Ok(own.map(|role| role.name.clone()).collect());
    }
    for tag in &asked {
        if owner.role(tag).is_none() {
            return Err(Error::new(
                Code::InvalidRoleTag,
                format!("Role tag \"{tag}\" is invalid."),
            ));
        }
    }
    Ok(asked)
}
