//! What every engine must do with accounts.

use std::sync::Barrier;

use thoth_manta::{Code, Manta, MantaExt, PutOptions};

use super::{fails, path};
use crate::{
    Account, AccountChange, AccountKey, Accounts, BlobStore, Member, MetaStore,
    ObjectStore, Policy, Role,
};

fn account(login: &str, seed: u8) -> Account {
    Account { login: login.into(), uuid: [seed; 16], ..Account::default() }
}

fn key(line: &str) -> AccountKey {
    AccountKey { line: line.into(), comment: String::new(), added_ms: 5 }
}

/// Accounts change whole, and everybody sees it.
pub fn accounts<M: MetaStore + Accounts, B: BlobStore>(
    store: &ObjectStore<M, B>,
) {
    let mut version = store.accounts_version().unwrap();
    let mut risen = || {
        let now = store.accounts_version().unwrap();
        assert!(now > version, "{now} after {version}");
        version = now;
    };
    assert_eq!(store.account("bob").unwrap(), None);
    store.add_account(&account("bob", 1)).unwrap();
    risen();
    fails(store.add_account(&account("bob", 2)), Code::EntityAlreadyExists);
    fails(store.add_account(&account("a/stor", 2)), Code::InvalidArgument);
    fails(store.add_account(&account("1st", 2)), Code::InvalidResource);
    // An account whose directories were there before.
    store.add_account(&account("alice", 3)).unwrap();
    risen();
    let logins: Vec<_> =
        store.accounts().unwrap().into_iter().map(|a| a.login).collect();
    assert_eq!(logins, ["alice", "bob"]);
    let root = thoth_manta::Path::parse("/bob/stor").unwrap();
    assert!(store.info(&root).unwrap().is_directory());
    changes(store);
    risen();
    removals(store);
    risen();
    one_secret(store);
    parallel(store);
}

fn changes(store: &impl Accounts) {
    let everything = [
        AccountChange::AddKey(None, key("k1")),
        AccountChange::AddKey(None, key("k1")),
        AccountChange::AddUser("carol".into()),
        AccountChange::AddKey(Some("carol".into()), key("k2")),
        AccountChange::SetPolicy(Policy {
            name: "read".into(),
            rules: vec!["CAN getobject".into()],
        }),
        AccountChange::SetRole(Role {
            name: "readers".into(),
            policies: vec!["read".into()],
            users: vec![Member { name: "carol".into(), is_default: true }],
            accounts: Vec::new(),
        }),
        AccountChange::SetOperator(true),
    ];
    let after = store.change_account("bob", &everything).unwrap();
    assert_eq!(store.account("bob").unwrap().as_ref(), Some(&after));
    assert_eq!(after.keys.len(), 1);
    assert_eq!(after.user("carol").unwrap().keys, [key("k2")]);
    assert!(after.is_operator);
    let user = || Some("dave".to_owned());
    let refused = [
        (AccountChange::AddUser("carol".into()), Code::EntityAlreadyExists),
        (AccountChange::AddUser("x/y".into()), Code::InvalidArgument),
        (AccountChange::AddUser(String::new()), Code::InvalidArgument),
        (AccountChange::AddKey(user(), key("k")), Code::UserDoesNotExist),
        (AccountChange::RemoveUser("dave".into()), Code::UserDoesNotExist),
        (AccountChange::RemoveKey(None, "k9".into()), Code::KeyDoesNotExist),
        (AccountChange::RemovePolicy("read".into()), Code::InvalidArgument),
        (AccountChange::RemovePolicy("none".into()), Code::ResourceNotFound),
        (AccountChange::RemoveRole("none".into()), Code::InvalidRole),
        (
            AccountChange::SetRole(Role {
                name: "r".into(),
                policies: vec!["none".into()],
                ..Role::default()
            }),
            Code::ResourceNotFound,
        ),
    ];
    for (change, code) in refused {
        // All or nothing: the first change must not stay.
        let both = [AccountChange::SetBlocked(true), change];
        fails(store.change_account("bob", &both), code);
        assert_eq!(store.account("bob").unwrap().as_ref(), Some(&after));
    }
    fails(store.change_account("nobody", &[]), Code::AccountDoesNotExist);
}

fn removals<M: MetaStore + Accounts, B: BlobStore>(store: &ObjectStore<M, B>) {
    let gone = [
        AccountChange::RemoveUser("carol".into()),
        AccountChange::RemoveKey(None, "k1".into()),
    ];
    let after = store.change_account("bob", &gone).unwrap();
    assert!(after.role("readers").unwrap().users.is_empty());
    assert!(after.keys.is_empty() && after.users.is_empty());
    store.put_bytes(&path("x"), b"x", &PutOptions::default()).unwrap();
    fails(store.remove_account("alice", false), Code::DirectoryNotEmpty);
    store.remove_account("alice", true).unwrap();
    assert!(store.info(&path("x")).is_ok());
    store.remove_account("bob", false).unwrap();
    fails(store.remove_account("bob", false), Code::AccountDoesNotExist);
    assert_eq!(store.accounts().unwrap(), []);
}

fn one_secret(store: &impl Accounts) {
    assert_eq!(store.secret("a", b"first").unwrap(), b"first");
    assert_eq!(store.secret("a", b"second").unwrap(), b"first");
    assert_eq!(store.secret("b", b"other").unwrap(), b"other");
}

/// Of many changes at once none is lost.
fn parallel<M: MetaStore + Accounts, B: BlobStore>(store: &ObjectStore<M, B>) {
    store.add_account(&account("busy", 9)).unwrap();
    let start = Barrier::new(4);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let start = &start;
            scope.spawn(move || {
                start.wait();
                for count in 0..8 {
                    let name = format!("u{thread}-{count}");
                    let add = [AccountChange::AddUser(name)];
                    store.change_account("busy", &add).unwrap();
                }
            });
        }
    });
    assert_eq!(store.account("busy").unwrap().unwrap().users.len(), 32);
}
