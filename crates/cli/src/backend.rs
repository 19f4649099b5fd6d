//! Where objects are: in a store of this process, or at a server.
//!
//! What both can do is the trait [`Manta`], and commands use nothing else.
//! The little that they do differently (what a response's headers were, who
//! keeps an index of dumps) is here, so that no command asks which it has.

use crate::error::Result;
use crate::tools::Head;
use std::sync::Arc;
use thoth_dumps::Dumps;
use thoth_manta::{Manta, Path};
use thoth_store::Embedded;

/// A store of objects.
pub(crate) enum Backend {
    /// In this process.
    Embedded(Local),
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

    /// Returns what it does as any store does.
    pub(crate) fn manta(&self) -> &Arc<dyn Manta> {
        match self {
            Self::Embedded(local) => &local.manta,
        }
    }

    /// Returns the dumps of an account.
    pub(crate) fn dumps(&self, account: &str) -> Result<Dumps> {
        match self {
            Self::Embedded(local) => {
                Ok(Dumps::open(Arc::clone(&local.store), account)?)
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
        }
    }
}
