//! A client of Manta servers.
//!
//! You give an address, an account and a key; you get objects over HTTP:
//!
//! - **Streams both ways.** A body is never held whole: what is read is handed
//!   on piece by piece, what is sent waits for the server's word that it
//!   wants it (`100 Continue`), so a refused body stays with its owner.
//! - **Downloads resume.** When a connection breaks, the rest is asked for by
//!   range, and only of the same version; at the end the digest of the whole
//!   is compared.
//! - **Large bodies go in parts**, some at a time, each kept until the server
//!   has it, so a broken connection costs one part ([`Client::put_parts`]).
//! - **Retries only where they are safe**: reads, and writes that come to the
//!   same when they happen twice, after waits that grow and vary. A write
//!   with a condition is not repeated once it may have arrived: the second
//!   one would be refused because of the first.
//!
//! The errors are those of [`thoth_manta`], by the server's own codes; trouble
//! on the way to the server is `ServiceUnavailable` and says what was tried.
//!
//! [`Blocking`] is the same as a [`thoth_manta::Manta`], for code that waits.
//! Nothing here reads the environment or looks for keys by itself.
//!
//! ```
//! # use std::sync::Arc;
//! # let folder = tempfile::tempdir()?;
//! # let store = thoth_store::Embedded::open(folder.path(), "alice")?;
//! # let settings = thoth_server::Settings {
//! #     listen: "127.0.0.1:0".parse()?,
//! #     ..thoth_server::Settings::default()
//! # };
//! # let auth = thoth_server::auth::Auth::insecure("alice");
//! # let server = thoth_server::Server::start(
//! #     settings, folder.path(), Arc::new(store), auth)?;
//! # let url = format!("http://{}", server.address());
//! # let runtime = tokio::runtime::Runtime::new()?;
//! # runtime.block_on(async {
//! use thoth_client::{Client, Config};
//! use thoth_manta::{Path, PutOptions};
//!
//! let client = Client::new(Config::new(&url, "alice"))?;
//! let path = Path::parse("/alice/stor/hello")?;
//! client.put_bytes(&path, "hello".into(), &PutOptions::default()).await?;
//! let mut download = client.get(&path).await?;
//! assert_eq!(download.info().size_bytes, 5);
//! assert_eq!(download.next().await?.as_deref(), Some(&b"hello"[..]));
//! assert_eq!(download.next().await?, None);
//! # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
//! ```

mod blocking;
mod body;
mod config;
mod download;
mod names;
mod objects;
mod parts;
mod reader;
mod transport;
mod uploads;
mod wire;

pub use blocking::Blocking;
pub use config::{Config, Retries};
pub use download::Download;
pub use transport::{Client, Head, Moved};
pub use uploads::Upload;
