//! Starting and stopping.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use thoth_manta::Timestamp;
use thoth_store::Embedded;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::auth::Auth;
use crate::connection;
use crate::handlers::{self, Core};
use crate::limits::Rates;
use crate::metrics::Metrics;
use crate::service::{HANDLERS, Peer, Service};
use crate::settings::Settings;
use crate::tls;

/// How often the store is tidied up.
const MAINTAIN_EVERY: Duration = Duration::from_secs(300);
/// Threads that read pieces of objects, beside those of handlers.
const READERS: usize = 64;

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting is not as it has to be.
    #[error("setting {0}")]
    Setting(String),
    /// Somebody else serves the data.
    #[error("data folder {}: another server has it: {holder}", folder.display())]
    Taken {
        /// The folder.
        folder: PathBuf,
        /// What the other server wrote about itself.
        holder: String,
    },
    /// Without credentials everybody who reaches the address could do
    /// everything.
    #[error(
        "without credentials the server listens on loopback only, not on {0}"
    )]
    InsecureAddress(SocketAddr),
    /// A file of TLS is missing or wrong.
    #[error("{}: expected {expected}", file.display())]
    Tls {
        /// The file.
        file: PathBuf,
        /// What should be in it.
        expected: &'static str,
        /// What is wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The system refused something.
    #[error("cannot {what}")]
    System {
        /// What was tried.
        what: String,
        /// What it said.
        source: std::io::Error,
    },
    /// The store refused something.
    #[error("cannot prepare the store")]
    Store(#[source] thoth_manta::Error),
}

fn system(
    what: impl Into<String>,
) -> impl FnOnce(std::io::Error) -> StartError {
    let what = what.into();
    |source| StartError::System { what, source }
}

/// A server that accepts requests, until it is stopped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    admin: Option<SocketAddr>,
    stop: watch::Sender<bool>,
    runtime: Runtime,
    ended: Option<tokio::task::JoinHandle<()>>,
    drain: Duration,
    _lock: File,
}

impl Server {
    /// Starts a server on the store in `folder`. It accepts requests when
    /// this returns.
    ///
    /// # Errors
    ///
    /// When a setting is wrong, another server has the folder, an address is
    /// taken, or a file cannot be read.
    pub fn start(
        settings: Settings,
        folder: &Path,
        store: Arc<Embedded>,
        auth: Auth,
    ) -> Result<Server, StartError> {
        settings.check().map_err(StartError::Setting)?;
        if auth.is_insecure() && !settings.listen.ip().is_loopback() {
            return Err(StartError::InsecureAddress(settings.listen));
        }
        let mut lock = take_folder(folder)?;
        let tls = tls::acceptor(&settings)?;
        let runtime = runtime(&settings)?;
        let listener = listen(&runtime, settings.listen)?;
        let admin_listener = match settings.admin {
            None => None,
            Some(address) => Some(listen(&runtime, address)?),
        };
        let local = |listener: &TcpListener| {
            listener.local_addr().map_err(system("look at an address"))
        };
        let address = local(&listener)?;
        let admin = admin_listener.as_ref().map(local).transpose()?;
        note_holder(&mut lock, address);
        let drain = settings.drain();
        let name = settings.name.clone().unwrap_or_else(host_name);
        let rates =
            Rates::new(settings.requests_per_second, settings.request_burst);
        let core = Arc::new(Core { store, auth, settings, rates });
        handlers::prepare(&core).map_err(StartError::Store)?;
        let metrics = Arc::new(Metrics::default());
        let service = Arc::new(Service::new(
            Arc::clone(&core),
            Arc::clone(&metrics),
            name,
        ));
        let (stop, stopped) = watch::channel(false);
        if let Some(listener) = admin_listener {
            runtime.spawn(crate::admin::serve(listener, metrics));
        }
        runtime.spawn(maintain(core));
        let door = Door { listener, tls, service, stopped };
        let ended = runtime.spawn(door.run());
        Ok(Server {
            address,
            admin,
            stop,
            runtime,
            ended: Some(ended),
            drain,
            _lock: lock,
        })
    }

    /// Returns where requests are accepted.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns where metrics are told, if that is elsewhere.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin
    }

    /// Accepts nothing more, lets requests under way end for the time that is
    /// set, and stops. Returns whether all of them ended.
    pub fn stop(mut self) -> bool {
        // Nobody listening means that all has ended.
        let _ = self.stop.send(true);
        let ended = self.ended.take();
        let drain = self.drain;
        let drained = self.runtime.block_on(async move {
            match ended {
                None => true,
                Some(ended) => tokio::time::timeout(drain, ended).await.is_ok(),
            }
        });
        // Threads that write what nobody waits for any more end by themselves.
        self.runtime.shutdown_timeout(Duration::from_secs(1));
        drained
    }
}

fn runtime(settings: &Settings) -> Result<Runtime, StartError> {
    tokio::runtime::Builder::new_multi_thread()
        .thread_name("thoth-serve")
        .max_blocking_threads(settings.max_uploads + HANDLERS + READERS)
        .enable_all()
        .build()
        .map_err(system("start threads"))
}

fn listen(
    runtime: &Runtime,
    address: SocketAddr,
) -> Result<TcpListener, StartError> {
    runtime
        .block_on(TcpListener::bind(address))
        .map_err(system(format!("listen on {address}")))
}

/// Makes sure that this is the only server on a folder, until the file is
/// closed.
fn take_folder(folder: &Path) -> Result<File, StartError> {
    let path = folder.join("serve.lock");
    let mut file = File::options()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(&path)
        .map_err(system(format!("open {}", path.display())))?;
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
        return Ok(file);
    }
    let mut holder = String::new();
    // What it says is for people; that it is held is what counts.
    let _ = file.read_to_string(&mut holder);
    let holder = match holder.trim() {
        "" => "it does not say which".to_owned(),
        text => text.to_owned(),
    };
    Err(StartError::Taken { folder: folder.to_owned(), holder })
}

/// Writes into the lock who holds it.
fn note_holder(lock: &mut File, address: SocketAddr) {
    let text = format!("process {} on {address}\n", std::process::id());
    // For messages only.
    let _ = lock
        .set_len(0)
        .and_then(|()| lock.rewind())
        .and_then(|()| lock.write_all(text.as_bytes()));
}

fn host_name() -> String {
    let name = rustix::system::uname();
    let name = name.nodename().to_string_lossy();
    let fine = |c: char| c.is_ascii_graphic();
    let name: String = name.chars().filter(|c| fine(*c)).collect();
    if name.is_empty() { "thoth".to_owned() } else { name }
}

/// Tidies the store up now and then.
async fn maintain(core: Arc<Core>) {
    loop {
        let core = Arc::clone(&core);
        let tidied =
            tokio::task::spawn_blocking(move || handlers::tidy(&core)).await;
        if let Ok(Err(error)) = tidied {
            tracing::warn!(
                error = error.message(),
                "the store could not be tidied up"
            );
        }
        tokio::time::sleep(MAINTAIN_EVERY).await;
    }
}

/// Where connections come in.
struct Door {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    service: Arc<Service>,
    stopped: watch::Receiver<bool>,
}

impl Door {
    /// Accepts connections until told to stop, then waits for their end.
    async fn run(mut self) {
        let settings = &self.service.core.settings;
        let builder = connection::builder(settings);
        let places = Arc::new(Semaphore::new(settings.max_connections));
        let mut open = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                biased;
                _ = self.stopped.wait_for(|stop| *stop) => break,
                Some(_) = open.join_next() => continue,
                accepted = accept(&self.listener, &places) => accepted,
            };
            let Some((stream, address, place)) = accepted else { continue };
            let service = Arc::clone(&self.service);
            let (tls, stop) = (self.tls.clone(), self.stopped.clone());
            let builder = builder.clone();
            service.metrics.accepted.fetch_add(1, Ordering::Relaxed);
            open.spawn(async move {
                let metrics = Arc::clone(&service.metrics);
                let _held = metrics.connections.hold();
                serve_one(service, builder, (stream, address), tls, stop).await;
                drop(place);
            });
        }
        // The port is free for a successor while requests under way end.
        drop(self.listener);
        while open.join_next().await.is_some() {}
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, address)) => Some((stream, address, place)),
        Err(error) => {
            // Out of file descriptors, or a client that left already.
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

async fn serve_one(
    service: Arc<Service>,
    builder: hyper::server::conn::http1::Builder,
    (stream, address): (TcpStream, SocketAddr),
    tls: Option<TlsAcceptor>,
    stop: watch::Receiver<bool>,
) {
    // Small answers are not to wait for more.
    let _ = stream.set_nodelay(true);
    let peer = Peer { address, secure: tls.is_some() };
    let Some(tls) = tls else {
        let stream = Box::new(stream);
        return connection::serve(service, &builder, stream, peer, stop).await;
    };
    let patience = service.core.settings.idle();
    let shaken = tokio::time::timeout(patience, tls.accept(stream)).await;
    if let Ok(Ok(stream)) = shaken {
        let stream = Box::new(stream);
        connection::serve(service, &builder, stream, peer, stop).await;
    }
}

impl Core {
    /// Returns the time before which ended uploads are forgotten.
    pub(crate) fn uploads_before(&self) -> Timestamp {
        let hours = i64::from(self.settings.upload_grace_hours);
        let since = Timestamp::now().as_second().saturating_sub(hours * 3600);
        Timestamp::from_second(since).unwrap_or(Timestamp::MIN)
    }
}
