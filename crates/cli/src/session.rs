//! What the commands of one run share: options, streams, the store.
//!
//! The store is opened when a command first needs it. Commands that only ask
//! use [`Session::dumps_if_any`], which makes no folder: a question should
//! leave no traces, and where there is no store there is no dump.
//!
//! An answer from a damaged dump is still an answer, so it is no failure; the
//! session remembers that it was partial, and the exit status tells.

use crate::backend::Backend;
use crate::config::{self, Config, Purge, Setting, Shared, first_of, variable};
use crate::error::{Error, Failure, Kind, Result, io_error};
use crate::options::Globals;
use crate::output::Output;
use crate::tools::connect::Connection;
use std::cell::{Cell, OnceCell};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use thoth_client::Blocking;
use thoth_dumps::Dumps;
use thoth_manta::Manta;
use thoth_manta::signature::{
    Agent, Fingerprint, KeyPlaces, SignatureError, Signer, find_key,
};
use thoth_store::Embedded;

/// One run of the program.
pub(crate) struct Session {
    pub(crate) out: Output,
    globals: Globals,
    partial: Cell<bool>,
    config: OnceCell<Config>,
    shared: OnceCell<Shared>,
    /// What a tool was told about whose objects, and where.
    connection: Connection,
    backend: OnceCell<Backend>,
    dumps: OnceCell<Dumps>,
}

/// Owner of the dumps where nobody is named. One name for all: who may write
/// in a data folder shares its dumps.
const ACCOUNT: &str = "me";

impl Session {
    pub(crate) fn new(out: Output, globals: Globals) -> Self {
        let partial = Cell::new(false);
        Self {
            out,
            globals,
            partial,
            config: OnceCell::new(),
            shared: OnceCell::new(),
            connection: Connection::default(),
            backend: OnceCell::new(),
            dumps: OnceCell::new(),
        }
    }

    /// Adds what a tool was told about whose objects, and where.
    pub(crate) fn connected(mut self, connection: Connection) -> Self {
        self.connection = connection;
        self
    }

    /// Returns the options that every command takes.
    pub(crate) fn globals(&self) -> &Globals {
        &self.globals
    }

    /// Remembers that an answer lacks something because of a damaged dump.
    pub(crate) fn mark_partial(&self) {
        self.partial.set(true);
    }

    /// Whether an answer lacked something.
    pub(crate) fn is_partial(&self) -> bool {
        self.partial.get()
    }

    /// Returns the dumps, making the store if there is none.
    pub(crate) fn dumps(&self) -> Result<&Dumps> {
        if let Some(dumps) = self.dumps.get() {
            return Ok(dumps);
        }
        let account = self.account()?;
        let dumps = self.backend()?.dumps(&account)?;
        let dumps = dumps.with_author(self.author()?);
        Ok(self.dumps.get_or_init(|| dumps))
    }

    /// Returns the dumps; `None` when there is no store.
    pub(crate) fn dumps_if_any(&self) -> Result<Option<&Dumps>> {
        let embedded = self.backend.get().is_none() && self.url().is_none();
        if embedded && !is_there(&self.folder()?)? {
            return Ok(None);
        }
        self.dumps().map(Some)
    }

    /// Returns what the configuration file says.
    pub(crate) fn config(&self) -> Result<&Config> {
        if let Some(config) = self.config.get() {
            return Ok(config);
        }
        let config = Config::load()?;
        Ok(self.config.get_or_init(|| config))
    }

    /// Returns what all users of the library have agreed on.
    fn shared(&self) -> Result<&Shared> {
        if let Some(shared) = self.shared.get() {
            return Ok(shared);
        }
        let text = match self.dumps_if_any()? {
            Some(dumps) => dumps.shared_settings()?,
            None => None,
        };
        let shared = match text {
            Some((path, text)) => Shared::parse(path.as_str(), &text)?,
            None => Shared::default(),
        };
        Ok(self.shared.get_or_init(|| shared))
    }

    /// Returns what to purge where no option says so.
    pub(crate) fn purge_settings(&self) -> Result<Purge> {
        Ok(self.config()?.purge.or(&self.shared()?.purge))
    }

    /// Returns the time zone to show times in, if one is set.
    pub(crate) fn time_zone(&self) -> Result<Option<&String>> {
        match &self.config()?.time_zone {
            Some(zone) => Ok(Some(zone)),
            None => Ok(self.shared()?.time_zone.as_ref()),
        }
    }

    /// Returns who makes the changes: the user, at this machine.
    pub(crate) fn author(&self) -> Result<Option<String>> {
        Ok(self.author_setting()?.value)
    }

    fn author_setting(&self) -> Result<Setting> {
        let name = "author";
        let of_file = self.config()?.author.clone();
        let of_user = || first_of(&["MANTA_USER", "LOGNAME", "USER"]);
        Ok(match (of_file, of_user()) {
            (Some(author), _) => setting(name, Some(author), "file"),
            (None, Some((from, user))) => setting(name, Some(user), from),
            (None, None) => setting(name, None, "default"),
        })
    }

    fn account_setting(&self) -> Result<Setting> {
        let name = "account";
        if let Some(account) = self.connection.account.clone() {
            return Ok(setting(name, Some(account), "--account"));
        }
        let of_file = self.config()?.account.clone();
        // The tools have never heard of THOTH_USER: to them it comes last.
        let variables = match self.out.is_thoth() {
            true => ["THOTH_USER", "MANTA_USER"],
            false => ["MANTA_USER", "THOTH_USER"],
        };
        Ok(match (first_of(&variables), of_file) {
            (Some((from, account)), _) => setting(name, Some(account), from),
            (None, Some(account)) => setting(name, Some(account), "file"),
            (None, None) => setting(name, Some(ACCOUNT.into()), "default"),
        })
    }

    fn home_setting(&self) -> Result<Setting> {
        let name = "home";
        let shown = |dir: &Path| Some(dir.display().to_string());
        if let Some(dir) = &self.globals.home {
            return Ok(setting(name, shown(dir), "--home"));
        }
        if let Some(dir) = variable("THOTH_HOME") {
            return Ok(setting(name, shown(Path::new(&dir)), "THOTH_HOME"));
        }
        if let Some(dir) = &self.config()?.home {
            return Ok(setting(name, shown(dir), "file"));
        }
        let dir = default_home()?;
        Ok(setting(name, shown(&dir), "default"))
    }

    /// Returns everything that is in force, and where it comes from.
    pub(crate) fn settings(&self) -> Result<Vec<Setting>> {
        let config = self.config()?;
        let path = config::path().map(|path| path.display().to_string());
        let from = match variable("THOTH_CONFIG") {
            Some(_) => "THOTH_CONFIG",
            None => "default",
        };
        // A library that cannot be read must not hide where it is looked for.
        let none = Shared::default();
        let shared = self.shared().unwrap_or_else(|failure| {
            for (_, line) in failure.lines() {
                self.out.warning(format_args!("{line}"));
            }
            &none
        });
        let (purge, all) = (&config.purge, &shared.purge);
        let number = |n: Option<usize>| n.map(|n| n.to_string());
        let flag = |f: Option<bool>| f.map(|f| f.to_string());
        let found =
            |name, own: Option<String>, all: Option<String>, default| {
                let from = match (&own, &all) {
                    (Some(_), _) => "file",
                    (None, Some(_)) => "library",
                    (None, None) => "default",
                };
                let default = Option::<&str>::map(default, str::to_owned);
                setting(name, own.or(all).or(default), from)
            };
        let text =
            |name, own: &Option<String>, all: &Option<String>, default| {
                found(name, own.clone(), all.clone(), default)
            };
        Ok(vec![
            setting("file", path, from),
            self.home_setting()?,
            self.account_setting()?,
            self.author_setting()?,
            text(
                "time_zone",
                &config.time_zone,
                &shared.time_zone,
                Some("UTC"),
            ),
            text("purge.older_than", &purge.older_than, &all.older_than, None),
            text("purge.budget", &purge.budget, &all.budget, None),
            found(
                "purge.keep_newest",
                number(purge.keep_newest),
                number(all.keep_newest),
                Some("0"),
            ),
            found(
                "purge.keep_ticketed",
                flag(purge.keep_ticketed),
                flag(all.keep_ticketed),
                Some("true"),
            ),
            found(
                "purge.keep_pinned",
                flag(purge.keep_pinned),
                flag(all.keep_pinned),
                Some("true"),
            ),
        ])
    }

    /// Deletes what removals and killed uploads left behind, and tidies the
    /// store up.
    pub(crate) fn tidy(&self) {
        if let Some(dumps) = self.dumps.get() {
            match dumps.sweep() {
                Ok(0) => {}
                Ok(n) => self.out.detail(format_args!("swept {n} objects")),
                Err(e) => self.out.detail(format_args!("cannot sweep: {e}")),
            }
        }
        self.maintain();
    }

    /// Tidies the store up, where one was used.
    pub(crate) fn maintain(&self) {
        let Some(Backend::Embedded(store)) = self.backend.get() else {
            return;
        };
        match store.maintain() {
            Ok(done) => self.out.detail(format_args!("tidied up: {done:?}")),
            Err(e) => self.out.detail(format_args!("cannot tidy up: {e}")),
        }
    }

    /// Returns where objects are, making a store if there is none.
    pub(crate) fn backend(&self) -> Result<&Backend> {
        if let Some(backend) = self.backend.get() {
            return Ok(backend);
        }
        let backend = self.open_backend()?;
        Ok(self.backend.get_or_init(|| backend))
    }

    /// Returns the store of objects, wherever it is.
    pub(crate) fn manta(&self) -> Result<&Arc<dyn Manta>> {
        Ok(self.backend()?.manta())
    }

    /// Returns the account whose objects are meant.
    pub(crate) fn account(&self) -> Result<String> {
        Ok(self.account_setting()?.value.unwrap_or_default())
    }

    /// Returns the server's address, where there is one.
    pub(crate) fn url(&self) -> Option<String> {
        let variable = || {
            let url = variable("MANTA_URL")?;
            Some(url.to_string_lossy().into_owned())
        };
        self.connection.url.clone().or_else(variable)
    }

    fn open_backend(&self) -> Result<Backend> {
        if let Some(url) = self.url() {
            return self.open_client(&url);
        }
        let folder = self.folder()?;
        let account = self.account()?;
        self.out.detail(format_args!(
            "using the store in {} as {account}",
            folder.display()
        ));
        let embedded = Embedded::open(&folder, &account)
            .map_err(|e| Failure::new(Kind::User, e))?;
        Ok(Backend::embedded(embedded))
    }

    fn open_client(&self, url: &str) -> Result<Backend> {
        let account = self.signing_account()?;
        let mut config = thoth_client::Config::new(url, &account);
        config.insecure_tls = self.connection.insecure
            || variable("MANTA_TLS_INSECURE").is_some_and(|v| v != "0");
        config.roles = self.roles();
        config.signer = self.signer()?.map(Arc::new);
        let who = match &config.signer {
            Some(signer) => format!("signing as {}", signer.key_id()),
            None => "without a signature".to_owned(),
        };
        self.out.detail(format_args!("using the server {url}, {who}"));
        let client =
            Blocking::new(config).map_err(|e| Failure::new(Kind::User, e))?;
        let cache = cache_folder().map(|dir| dir.join("records"));
        Ok(Backend::server(client, cache))
    }

    /// Returns the account that requests are signed for.
    pub(crate) fn signing_account(&self) -> Result<String> {
        let of_variable = || first_of(&["MANTA_USER"]).map(|(_, v)| v);
        match self.connection.account.clone().or_else(of_variable) {
            Some(account) => Ok(account),
            None if no_auth() => self.account(),
            None => {
                let text = "account is a required argument".to_owned();
                Err(Failure::from(Error::Environment(text))
                    .hint("MANTA_USER or --account names it"))
            }
        }
    }

    /// Returns what signs requests; `None` where nobody should.
    pub(crate) fn signer(&self) -> Result<Option<Signer>> {
        self.signer_from(None)
    }

    /// Does so with a key from a file, if one is named.
    pub(crate) fn signer_from(
        &self,
        file: Option<PathBuf>,
    ) -> Result<Option<Signer>> {
        let of_variable = || first_of(&["MANTA_KEY_ID"]).map(|(_, v)| v);
        let key_id = self.connection.key_id.clone().or_else(of_variable);
        let key_id = match key_id {
            _ if no_auth() => return Ok(None),
            Some(key_id) => key_id,
            None => {
                let text = "keyId is a required argument".to_owned();
                return Err(Failure::from(Error::Environment(text)).hint(
                    "MANTA_KEY_ID is the fingerprint of your key \
                     (ssh-keygen -l -E md5 -f KEY.pub); MANTA_NO_AUTH=true \
                     asks without one",
                ));
            }
        };
        let refused = |e| Failure::new(Kind::User, KeyError(e));
        let fingerprint = Fingerprint::parse(&key_id).map_err(refused)?;
        let home = variable("HOME").map(PathBuf::from);
        let agent = variable("SSH_AUTH_SOCK").map(Agent::at);
        let folder = home.map(|home| home.join(".ssh"));
        let places = KeyPlaces { file, folder, agent };
        let key = find_key(&fingerprint, &places, None).map_err(refused)?;
        let user = self
            .connection
            .subuser
            .clone()
            .or_else(|| first_of(&["MANTA_SUBUSER"]).map(|(_, user)| user));
        let account = self.signing_account()?;
        Ok(Some(Signer::new(&account, user.as_deref(), key)))
    }

    /// Returns the roles to act in.
    pub(crate) fn roles(&self) -> Vec<String> {
        match self.connection.role.is_empty() {
            false => self.connection.role.clone(),
            true => list_of("MANTA_ROLE"),
        }
    }

    /// Says what went over the network.
    pub(crate) fn tell_moved(&self) {
        let moved = self.backend.get().and_then(Backend::moved);
        if let Some(moved) = moved {
            self.out.detail(format_args!(
                "{} bytes received and {} sent, in {} requests",
                moved.received, moved.sent, moved.requests
            ));
        }
    }

    /// Returns the folder of the store.
    fn folder(&self) -> Result<PathBuf> {
        Ok(self.home()?.join("store"))
    }

    /// Returns the folder of everything that is kept.
    pub(crate) fn home(&self) -> Result<PathBuf> {
        if let Some(dir) = &self.globals.home {
            return Ok(dir.clone());
        }
        if let Some(dir) = variable("THOTH_HOME") {
            return Ok(dir.into());
        }
        match &self.config()?.home {
            Some(dir) => Ok(dir.clone()),
            None => default_home(),
        }
    }
}

/// A key that cannot be used, in the words of whoever looked for it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct KeyError(#[source] SignatureError);

/// Whether nothing should be signed.
/// Tells whether a folder is there; not to know is an error, lest a store that
/// cannot be reached looks like an empty one.
fn is_there(folder: &Path) -> Result<bool> {
    folder.try_exists().map_err(io_error("look at data folder", folder))
}

fn no_auth() -> bool {
    variable("MANTA_NO_AUTH").is_some_and(|v| v != "false" && v != "0")
}

/// Returns the names in a variable, which commas separate.
fn list_of(name: &str) -> Vec<String> {
    let text = variable(name).unwrap_or_default();
    let text = text.to_string_lossy();
    let names = text.split(',').map(str::trim).filter(|n| !n.is_empty());
    names.map(str::to_owned).collect()
}

/// Returns the folder for what can be had again.
fn cache_folder() -> Option<PathBuf> {
    let absolute = |p: &PathBuf| p.is_absolute();
    let xdg = variable("XDG_CACHE_HOME").map(PathBuf::from).filter(absolute);
    let home = || {
        let home = variable("HOME").map(PathBuf::from).filter(absolute)?;
        Some(home.join(".cache"))
    };
    Some(xdg.or_else(home)?.join("thoth"))
}

fn setting(name: &'static str, value: Option<String>, from: &str) -> Setting {
    Setting { name, value, from: from.to_owned() }
}

/// Returns the XDG data folder's `thoth`.
fn default_home() -> Result<PathBuf> {
    // The specification wants relative paths ignored.
    let absolute = |p: &PathBuf| p.is_absolute();
    if let Some(dir) =
        variable("XDG_DATA_HOME").map(PathBuf::from).filter(absolute)
    {
        return Ok(dir.join("thoth"));
    }
    match variable("HOME").map(PathBuf::from).filter(absolute) {
        Some(dir) => Ok(dir.join(Path::new(".local/share/thoth"))),
        None => {
            let text = "there is no data folder: neither THOTH_HOME nor HOME \
                        is set";
            Err(Failure::from(Error::Environment(text.to_owned()))
                .hint("--home DIR or THOTH_HOME names one"))
        }
    }
}
