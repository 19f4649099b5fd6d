//! Accounts, a document each.

use rusqlite::{Connection, OptionalExtension, params};
use thoth_manta::{Area, Code, Error, Path, Result};

use super::entry::{Ways, find};
use super::{Sqlite, Tried, names, usage};
use crate::accounts::{Account, AccountChange, Accounts};

/// The setting that counts changes.
const VERSION: &str = "accounts";

impl Accounts for Sqlite {
    fn accounts(&self) -> Result<Vec<Account>> {
        let texts = self.read(|sql| {
            sql.prepare_cached("SELECT document FROM account ORDER BY login")
                .and_then(|mut query| {
                    query
                        .query_map([], |row| row.get::<_, String>(0))
                        .and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>)
                })
                .tried("list accounts")
        })?;
        texts.iter().map(|text| parse(text)).collect()
    }

    fn account(&self, login: &str) -> Result<Option<Account>> {
        self.with_reader(|sql| read(sql, login))
    }

    fn add_account(&self, account: &Account) -> Result<()> {
        account.check()?;
        self.create_account_names(&account.login, Some(account.clone()))
    }

    fn change_account(
        &self,
        login: &str,
        changes: &[AccountChange],
    ) -> Result<Account> {
        let (login, changes) = (login.to_owned(), changes.to_vec());
        self.write(move |sql| {
            let mut account =
                read(sql, &login)?.ok_or_else(|| unknown(&login))?;
            for change in &changes {
                account.apply(change)?;
            }
            sql.prepare_cached(
                "UPDATE account SET document = ?2 WHERE login = ?1",
            )
            .and_then(|mut q| q.execute(params![login, text_of(&account)]))
            .tried("change an account")?;
            count(sql)?;
            Ok(account)
        })
    }

    fn remove_account(&self, login: &str, keep_objects: bool) -> Result<()> {
        let login = login.to_owned();
        self.write_names(move |w| {
            if read(w.sql, &login)?.is_none() {
                return Err(unknown(&login));
            }
            if !keep_objects && !is_empty(w.sql, w.ways, &login)? {
                return Err(Error::new(
                    Code::DirectoryNotEmpty,
                    format!("{login} has objects or directories"),
                ));
            }
            w.sql
                .prepare_cached("DELETE FROM account WHERE login = ?1")
                .and_then(|mut q| q.execute([&login]))
                .tried("remove an account")?;
            count(w.sql)
        })
    }

    fn accounts_version(&self) -> Result<u64> {
        self.with_reader(|sql| {
            let version = sql
                .prepare_cached("SELECT value FROM setting WHERE name = ?1")
                .and_then(|mut q| {
                    q.query_row([VERSION], |row| row.get(0)).optional()
                })
                .tried("read the version of accounts")?;
            Ok(version.unwrap_or(0))
        })
    }

    fn secret(&self, name: &str, fresh: &[u8]) -> Result<Vec<u8>> {
        let (name, fresh) = (name.to_owned(), fresh.to_vec());
        if let Some(known) = self.with_reader(|sql| secret(sql, &name))? {
            return Ok(known);
        }
        self.write(move |sql| {
            sql.prepare_cached(
                "INSERT INTO secret(name, value) VALUES (?1, ?2)
                 ON CONFLICT(name) DO NOTHING",
            )
            .and_then(|mut q| q.execute(params![name, fresh]))
            .tried("keep a secret")?;
            Ok(secret(sql, &name)?.unwrap_or_else(|| fresh.clone()))
        })
    }
}

impl Sqlite {
    /// Makes the root directories of an account, and with `document` the
    /// account.
    pub(super) fn create_account_names(
        &self,
        login: &str,
        document: Option<Account>,
    ) -> Result<()> {
        let path = Path::parse(&format!("/{login}"))?;
        self.write_names(move |w| {
            if let Some(account) = &document {
                if read(w.sql, &account.login)?.is_some() {
                    return Err(Error::new(
                        Code::EntityAlreadyExists,
                        format!("account {} is there", account.login),
                    ));
                }
                w.sql
                    .prepare_cached(
                        "INSERT INTO account(login, uuid, document)
                         VALUES (?1, ?2, ?3)",
                    )
                    .and_then(|mut q| {
                        let text = text_of(account);
                        q.execute(params![account.login, account.uuid, text])
                    })
                    .tried("add an account")?;
                count(w.sql)?;
            }
            if find(w.sql, w.ways, &path)?.is_some() {
                return Ok(());
            }
            let dir = names::add_directory(
                w.sql,
                super::entry::TOP,
                path.name(),
                None,
            )?;
            for area in Area::ALL {
                names::add_directory(w.sql, dir, area.as_str(), None)?;
            }
            usage::begin(w.sql, dir)
        })
    }
}

fn read(sql: &Connection, login: &str) -> Result<Option<Account>> {
    let text: Option<String> = sql
        .prepare_cached("SELECT document FROM account WHERE login = ?1")
        .and_then(|mut q| q.query_row([login], |row| row.get(0)).optional())
        .tried("read an account")?;
    text.map(|text| parse(&text)).transpose()
}

fn parse(text: &str) -> Result<Account> {
    serde_json::from_str(text).map_err(|error| {
        Error::new(
            Code::InternalError,
            "store database: the document of an account is damaged",
        )
        .because(error)
    })
}

fn text_of(account: &Account) -> String {
    // Names and numbers: nothing in it fails to become JSON.
    serde_json::to_string(account).unwrap_or_default()
}

fn secret(sql: &Connection, name: &str) -> Result<Option<Vec<u8>>> {
    sql.prepare_cached("SELECT value FROM secret WHERE name = ?1")
        .and_then(|mut q| q.query_row([name], |row| row.get(0)).optional())
        .tried("read a secret")
}

/// Notes that some account has changed.
fn count(sql: &Connection) -> Result<()> {
    sql.prepare_cached(
        "INSERT INTO setting(name, value) VALUES (?1, 1)
         ON CONFLICT(name) DO UPDATE SET value = value + 1",
    )
    .and_then(|mut q| q.execute([VERSION]))
    .tried("count a change of accounts")
    .map(|_| ())
}

/// Tells whether an account has nothing in its root directories.
fn is_empty(sql: &Connection, ways: &Ways, login: &str) -> Result<bool> {
    for area in Area::ALL {
        let path = Path::parse(&format!("/{login}/{}", area.as_str()))?;
        let child = find(sql, ways, &path)?.and_then(|entry| entry.child);
        let entries: i64 = sql
            .prepare_cached("SELECT count(*) FROM entry WHERE dir = ?1")
            .and_then(|mut q| q.query_row([child], |row| row.get(0)))
            .tried("count what an account has")?;
        if entries > 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

fn unknown(login: &str) -> Error {
    Error::new(Code::AccountDoesNotExist, format!("{login} does not exist"))
}
