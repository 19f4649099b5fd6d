//! Who may do what, by signatures, tokens and roles.

use std::sync::Arc;

use thoth_manta::Timestamp;
use thoth_manta::signature::{PrivateKey, Signer, SigningKey, http_date};
use thoth_server::auth::Auth;
use thoth_store::{
    Account, AccountChange, AccountKey, Accounts, Member, Policy, Role,
};

use crate::support::{Answer, Ask, Site};

fn signer(login: &str, user: Option<&str>) -> Signer {
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("key");
    let made = std::process::Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(&file)
        .status();
    assert!(made.expect("ssh-keygen; is it installed?").success());
    let key = PrivateKey::read(&file, None).expect("key");
    Signer::new(login, user, SigningKey::Private(key))
}

fn key_of(signer: &Signer) -> AccountKey {
    let line = signer.key().public().to_openssh();
    AccountKey { line, comment: String::new(), added_ms: 0 }
}

fn site() -> Site {
    Site::with_auth(
        |_| {},
        |store| Auth::new(Arc::clone(store) as Arc<_>).expect("auth"),
    )
}

fn add(site: &Site, login: &str, seed: u8, signer: &Signer) {
    let account = Account {
        login: login.into(),
        uuid: [seed; 16],
        keys: vec![key_of(signer)],
        ..Account::default()
    };
    site.store.add_account(&account).expect("account");
}

fn ask_at(
    site: &Site,
    signer: &Signer,
    ask: Ask<'_>,
    off_seconds: i64,
) -> Answer {
    let now = Timestamp::now().as_second() + off_seconds;
    let date = http_date(Timestamp::from_second(now).expect("time"));
    let header = signer.authorization(&date).expect("signs");
    site.ask(ask.with("date", &date).with("authorization", &header))
}

fn ask(site: &Site, signer: &Signer, request: Ask<'_>) -> Answer {
    ask_at(site, signer, request, 0)
}

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.json()["code"], code, "{answer:?}");
}

#[test]
fn signatures_prove_and_nothing_else_does() {
    let site = site();
    let (alice, bob) = (signer("alice", None), signer("bob", None));
    add(&site, "alice", 1, &alice);
    add(&site, "bob", 2, &bob);
    let path = "/alice/stor/x";
    let put = || Ask::new("PUT", path).body(b"x");
    assert_eq!(ask(&site, &alice, put()).status, 204);
    assert_eq!(ask(&site, &alice, Ask::new("GET", path)).status, 200);
    refused(&ask(&site, &bob, put()), 403, "AuthorizationFailed");
    refused(&site.get(path), 403, "AuthorizationFailed");
    refused(&site.get("/alice/stor/none"), 403, "AuthorizationFailed");
    assert_eq!(site.head("/alice/stor").status, 403);
    assert_eq!(site.get("/alice/public").status, 200);
    refused(&site.get("/nobody/stor"), 403, "AccountDoesNotExist");
    for hostile in [
        "/bob/../alice/stor/x",
        "/bob/%2e%2e/alice/stor/x",
        "/bob%2f..%2falice/stor/x",
        "/alice%00/stor/x",
    ] {
        let answer = ask(&site, &bob, Ask::new("GET", hostile));
        assert!(answer.status >= 400, "{hostile}: {answer:?}");
    }
    // Bob's key under alice's name, and a key of nobody.
    let (claims, none) = (signer("alice", None), signer("carl", None));
    refused(&ask(&site, &claims, put()), 403, "KeyDoesNotExist");
    refused(&ask(&site, &none, put()), 403, "AccountDoesNotExist");
    for off in [-400, 400] {
        let answer = ask_at(&site, &alice, Ask::new("GET", path), off);
        refused(&answer, 400, "RequestExpired");
    }
    let header = alice.authorization("Mon, 23 Nov 2026 04:07:14 GMT");
    let header = header.expect("signs");
    let now = http_date(Timestamp::now());
    let with = |value: &str| {
        let get = Ask::new("GET", path).with("date", &now);
        site.ask(get.with("authorization", value))
    };
    refused(&with(&header), 403, "InvalidSignature");
    refused(&with("Basic eA=="), 403, "AuthorizationSchemeNotAllowed");
    refused(&with("Signature x"), 400, "InvalidHeader");
    refused(&with("Token x"), 403, "InvalidAuthenticationToken");
    let other = header.replace("ed25519-sha512", "hmac-sha256");
    refused(&with(&other), 401, "InvalidAlgorithm");
    let other = header.replace("/alice/keys", "/alice");
    refused(&with(&other), 403, "InvalidKeyId");
    let other = header.replace("\"date\"", "\"host\"");
    refused(&with(&other), 400, "InvalidHeader");
    let block = [AccountChange::SetBlocked(true)];
    site.store.change_account("alice", &block).expect("block");
    let answer = ask(&site, &alice, Ask::new("GET", path));
    refused(&answer, 403, "AccountBlocked");
}

#[test]
fn users_do_what_roles_allow() {
    let site = site();
    let alice = signer("alice", None);
    let carol = signer("alice", Some("carol"));
    add(&site, "alice", 1, &alice);
    let changes = [
        AccountChange::AddUser("carol".into()),
        AccountChange::AddKey(Some("carol".into()), key_of(&carol)),
        AccountChange::SetPolicy(Policy {
            name: "read".into(),
            rules: vec!["CAN getobject and createtoken".into()],
        }),
        AccountChange::SetRole(Role {
            name: "readers".into(),
            policies: vec!["read".into()],
            users: vec![Member { name: "carol".into(), is_default: false }],
            accounts: Vec::new(),
        }),
    ];
    site.store.change_account("alice", &changes).expect("changes");
    let tagged = "/alice/stor/tagged";
    let put = |path| Ask::new("PUT", path).body(b"x");
    let with_tag = put(tagged).with("role-tag", "readers");
    assert_eq!(ask(&site, &alice, with_tag).status, 204);
    assert_eq!(ask(&site, &alice, put("/alice/stor/plain")).status, 204);
    let answer = ask(&site, &alice, put(tagged).with("role-tag", "none"));
    refused(&answer, 409, "InvalidRoleTag");
    let get = |path| Ask::new("GET", path);
    let readers = |path| get(path).with("role", "readers");
    refused(&ask(&site, &carol, get(tagged)), 403, "NoMatchingRoleTag");
    let answer = ask(&site, &carol, readers(tagged));
    assert_eq!((answer.status, answer.header("role-tag")), (200, "readers"));
    assert_eq!(ask(&site, &carol, get(tagged).with("role", "*")).status, 200);
    let answer = ask(&site, &carol, readers("/alice/stor/plain"));
    refused(&answer, 403, "NoMatchingRoleTag");
    let answer = ask(&site, &carol, get(tagged).with("role", "writers"));
    refused(&answer, 409, "InvalidRole");
    let overwrite = put(tagged).with("role", "readers");
    refused(&ask(&site, &carol, overwrite), 403, "AuthorizationFailed");
    let dave = signer("alice", Some("dave"));
    refused(&ask(&site, &dave, get(tagged)), 403, "UserDoesNotExist");
    // A token stands for carol and her role, as long as she has it.
    let make = Ask::new("POST", "/alice/tokens").with("role", "readers");
    let made = ask(&site, &carol, make.with("content-length", "0"));
    assert_eq!(made.status, 201, "{made:?}");
    let token = made.json()["token"].as_str().expect("token").to_owned();
    let bearer = format!("Token {token}");
    let by_token = || site.ask(get(tagged).with("authorization", &bearer));
    assert_eq!(by_token().status, 200);
    let gone = [AccountChange::RemoveRole("readers".into())];
    site.store.change_account("alice", &gone).expect("gone");
    assert_eq!(by_token().status, 403);
}
