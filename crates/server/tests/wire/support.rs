//! A server in this process.

use std::net::SocketAddr;
use std::sync::Arc;

use thoth_server::auth::Auth;
use thoth_server::{Server, Settings};
use thoth_store::{Embedded, EmbeddedOptions};

pub(crate) use crate::client::{Answer, Ask, Client, DIRECTORY, LINK, md5};

/// A server on a folder of its own.
pub(crate) struct Site {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) store: Arc<Embedded>,
    server: Option<Server>,
}

impl Site {
    /// Starts one in which everybody holds the account `alice`.
    pub(crate) fn new() -> Site {
        Site::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Settings)) -> Site {
        Site::with_auth(change, |_| Auth::insecure("alice"))
    }

    pub(crate) fn with_auth(
        change: impl FnOnce(&mut Settings),
        auth: impl FnOnce(&Arc<Embedded>) -> Auth,
    ) -> Site {
        let folder = tempfile::tempdir().expect("folder");
        let options = EmbeddedOptions::default();
        let store =
            Embedded::open_bare(folder.path(), &options).expect("store");
        let store = Arc::new(store);
        for account in ["alice", "bob"] {
            store.create_account(account).expect("account");
        }
        let mut settings = Settings {
            listen: "127.0.0.1:0".parse().expect("address"),
            ..Settings::default()
        };
        change(&mut settings);
        let auth = auth(&store);
        let server =
            Server::start(settings, folder.path(), Arc::clone(&store), auth);
        let server = Some(server.expect("server"));
        Site { folder, store, server }
    }

    pub(crate) fn server(&self) -> &Server {
        self.server.as_ref().expect("running")
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server().address()
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(self.address())
    }

    /// Sends one request on a connection of its own.
    pub(crate) fn ask(&self, request: Ask<'_>) -> Answer {
        self.client().ask(request)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask(Ask::new("GET", path))
    }

    pub(crate) fn head(&self, path: &str) -> Answer {
        self.ask(Ask::new("HEAD", path))
    }

    pub(crate) fn delete(&self, path: &str) -> Answer {
        self.ask(Ask::new("DELETE", path))
    }

    /// Puts an object, which must succeed; returns the answer.
    pub(crate) fn put(&self, path: &str, body: &[u8]) -> Answer {
        let answer = self.ask(Ask::new("PUT", path).body(body));
        assert_eq!(answer.status, 204, "{path}: {answer:?}");
        answer
    }

    /// Makes a directory, which must succeed.
    pub(crate) fn mkdir(&self, path: &str) {
        let ask = Ask::new("PUT", path)
            .with("content-type", DIRECTORY)
            .with("content-length", "0");
        assert_eq!(self.ask(ask).status, 204, "{path}");
    }

    /// Stops the server; tells whether all requests ended.
    pub(crate) fn stop(&mut self) -> bool {
        self.server.take().is_some_and(Server::stop)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop();
        }
    }
}
