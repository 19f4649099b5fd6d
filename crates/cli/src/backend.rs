//! Where objects are: in a store of this process, or at a server.
//!
//! What both can do is the trait [`Manta`], and commands use nothing else.
//! The little that they do differently (what a response's headers were, who
//! keeps an index of dumps) is here, so that no command asks which it has.

use crate::cached::Cached;
use crate::error::Result;
use crate::tools::Head;
use std::path::PathBuf;
use std::sync::Arc;
use thoth_client::{Blocking, Moved};
use thoth_dumps::Dumps;
use thoth_manta::{Manta, Path};
use thoth_store::Embedded;

/// A store of objects.
pub(crate) enum Backend {
    /// In this process.
    Embedded(Local),
    /// At a server.
    Server(Remote),
}

/// A server.
pub(crate) struct Remote {
    client: Arc<Blocking>,
    manta: Arc<dyn Manta>,
    /// Where records that were read are kept.
    cache: Option<PathBuf>,
}

/// The store of this process, and the same as what anybody can be.
pub(crate) struct Local {
    store: Arc<Embedded>,
    manta: Arc<dyn Manta>,
}

impl std::ops::Deref for Local {
    type Target = Embedded;

    fn deref(&self) -> &Embedded {
        &self.store
    }
}

impl Backend {
    /// Returns the store of this process as a backend.
    pub(crate) fn embedded(store: Embedded) -> Self {
        let store = Arc::new(store);
        let manta: Arc<dyn Manta> = store.clone();
        Self::Embedded(Local { store, manta })
    }

    /// Returns a server as a backend, which keeps records in a folder.
    pub(crate) fn server(client: Blocking, cache: Option<PathBuf>) -> Self {
        let client = Arc::new(client);
        let manta: Arc<dyn Manta> = client.clone();
        Self::Server(Remote { client, manta, cache })
    }

    /// Returns the client, where there is one.
    pub(crate) fn client(&self) -> Option<&Blocking> {
        match self {
            Self::Embedded(_) => None,
            Self::Server(remote) => Some(&remote.client),
        }
    }

    /// Returns what went over the network.
    pub(crate) fn moved(&self) -> Option<Moved> {
        self.client().map(|client| client.client().moved())
    }

    /// Returns what it does as any store does.
    pub(crate) fn manta(&self) -> &Arc<dyn Manta> {
        match self {
            Self::Embedded(local) => &local.manta,
            Self::Server(remote) => &remote.manta,
        }
    }

    /// Returns the dumps of an account.
    pub(crate) fn dumps(&self, account: &str) -> Result<Dumps> {
        match self {
            Self::Embedded(local) => {
                Ok(Dumps::open(Arc::clone(&local.store), account)?)
            }
            Self::Server(remote) => {
                let manta = Arc::clone(&remote.manta);
                let manta = match &remote.cache {
                    None => manta,
                    Some(folder) => Arc::new(Cached::new(manta, folder)),
                };
                Ok(Dumps::open_plain(manta, account)?)
            }
        }
    }

    /// Returns the answer to the question what is there, be it that nothing
    /// is.
    pub(crate) fn head(&self, path: &Path) -> Result<Head> {
        match self {
            Self::Embedded(local) => Ok(match local.manta.info(path) {
                Ok(info) => Head::of(&info),
                Err(error) => Head::failed(&error),
            }),
            Self::Server(remote) => {
                let head = remote.client.head(path)?;
                Ok(Head { status: head.status, headers: head.headers })
            }
        }
    }
}
