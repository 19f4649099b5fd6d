//! What the commands of one run share: options, streams, the store.
//!
//! The store is opened when a command first needs it. Commands that only ask
//! use [`Session::dumps_if_any`], which makes no folder: a question should
//! leave no traces, and where there is no store there is no dump.
//!
//! An answer from a damaged dump is still an answer, so it is no failure; the
//! session remembers that it was partial, and the exit status tells.

use crate::error::{Error, Failure, Kind, Result};
use crate::options::Globals;
use crate::output::Output;
use std::cell::{Cell, OnceCell};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use thoth_dumps::Dumps;
use thoth_store::Embedded;

/// One run of the program.
pub(crate) struct Session {
    pub(crate) out: Output,
    globals: Globals,
    partial: Cell<bool>,
    store: OnceCell<Store>,
}

struct Store {
    embedded: Arc<Embedded>,
    dumps: Dumps,
}

/// Owner of the dumps where nobody is named. One name for all: who may write
/// in a data folder shares its dumps.
const ACCOUNT: &str = "me";

impl Session {
    pub(crate) fn new(out: Output, globals: Globals) -> Self {
        let partial = Cell::new(false);
        Self { out, globals, partial, store: OnceCell::new() }
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
        Ok(&self.store()?.dumps)
    }

    /// Returns the dumps; `None` when there is no store.
    pub(crate) fn dumps_if_any(&self) -> Result<Option<&Dumps>> {
        if self.store.get().is_none() && !self.folder()?.exists() {
            return Ok(None);
        }
        self.dumps().map(Some)
    }

    /// Tidies the store up, where one was used.
    pub(crate) fn maintain(&self) {
        let Some(store) = self.store.get() else { return };
        match store.embedded.maintain() {
            Ok(done) => self.out.detail(format_args!("tidied up: {done:?}")),
            Err(e) => self.out.detail(format_args!("cannot tidy up: {e}")),
        }
    }

    fn store(&self) -> Result<&Store> {
        if let Some(store) = self.store.get() {
            return Ok(store);
        }
        let store = self.open_store()?;
        Ok(self.store.get_or_init(|| store))
    }

    fn open_store(&self) -> Result<Store> {
        if let Some(url) = variable("MANTA_URL") {
            // To put dumps elsewhere than the user thinks would be worse.
            let text = format!(
                "MANTA_URL is set to {}, but this version cannot use a \
                 server yet",
                url.to_string_lossy()
            );
            return Err(Failure::from(Error::Environment(text))
                .hint("unset MANTA_URL to use the store in THOTH_HOME"));
        }
        let folder = self.folder()?;
        let account = ["THOTH_USER", "MANTA_USER"]
            .iter()
            .find_map(|name| variable(name))
            .map_or_else(
                || ACCOUNT.to_owned(),
                |a| a.to_string_lossy().into_owned(),
            );
        self.out.detail(format_args!(
            "using the store in {} as {account}",
            folder.display()
        ));
        let embedded = Embedded::open(&folder, &account)
            .map_err(|e| Failure::new(Kind::User, e))?;
        let embedded = Arc::new(embedded);
        let dumps = Dumps::open(Arc::clone(&embedded), &account)?;
        Ok(Store { embedded, dumps })
    }

    /// Returns the folder of the store.
    fn folder(&self) -> Result<PathBuf> {
        let home = match &self.globals.home {
            Some(dir) => dir.clone(),
            None => default_home()?,
        };
        Ok(home.join("store"))
    }
}

/// Returns `$THOTH_HOME`, else the XDG data folder's `thoth`.
fn default_home() -> Result<PathBuf> {
    if let Some(dir) = variable("THOTH_HOME") {
        return Ok(dir.into());
    }
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

fn variable(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name).filter(|v| !v.is_empty())
}
