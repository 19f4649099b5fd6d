//! The object store as a service: the Manta API over HTTP.
//!
//! You give a store ([`thoth_store::Embedded`]), a rule of who may do what
//! ([`auth::Auth`]) and [`Settings`]; you get a [`Server`] that existing
//! clients of that API work against. It is generation 1 of the API, which
//! clients tell by the header `Server: Manta` on every answer.
//!
//! ```no_run
//! # use std::sync::Arc;
//! use thoth_server::{Server, Settings, auth::Auth};
//! use thoth_store::{Embedded, EmbeddedOptions};
//! # let folder = std::path::Path::new("/data");
//! let store = Embedded::open_bare(folder, &EmbeddedOptions::default())?;
//! store.create_account("alice")?;
//! let settings = Settings {
//!     listen: "127.0.0.1:0".parse()?,
//!     ..Settings::default()
//! };
//! let auth = Auth::insecure("alice");
//! let server = Server::start(settings, folder, Arc::new(store), auth)?;
//! println!("http://{}", server.address());
//! server.stop();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # How a request goes
//!
//! 1. `connection` speaks HTTP/1.1, by hyper; what does not parse is
//!    answered below it (`wire`), so that every answer looks alike.
//! 2. `service` takes a place on the pool of blocking threads, runs the
//!    handler there and carries the body to it (`body`), a few pieces at a
//!    time: memory does not depend on the length of bodies.
//! 3. `handlers` decide, in the same order everywhere: who asks, what is
//!    there, whether they may, whether the headers make sense, whether the
//!    store would take it. Up to there not a byte of the body is read and no
//!    `100 Continue` is sent, so that a refusal costs the client nothing.
//! 4. The store does the thing, durably, and the answer goes out with what
//!    every answer carries. A connection whose request was not read to its
//!    end is closed after the answer, so that nobody takes the rest of a
//!    body for a request.
//!
//! # What it does not do
//!
//! Jobs and sessions have their routes and answer that there are none.
//! HTTP/2 is not spoken: no client of this API does.

mod admin;
pub mod auth;
mod body;
mod conditions;
mod connection;
mod handlers;
mod headers;
mod limits;
mod metrics;
mod reply;
mod request;
mod server;
mod service;
mod settings;
mod target;
mod tls;
mod wire;

pub use server::{Server, StartError};
pub use settings::Settings;

use thoth_manta::{Code, Error, ObjectId, Result};

/// Makes a random UUID.
pub(crate) fn fresh_uuid() -> Result<String> {
    let mut bytes = [0; 16];
    let flags = rustix::rand::GetRandomFlags::empty();
    match rustix::rand::getrandom(&mut bytes, flags) {
        Ok(16) => Ok(ObjectId::from_random(bytes).to_string()),
        _ => Err(Error::new(
            Code::InternalError,
            "the system has no random numbers",
        )),
    }
}
