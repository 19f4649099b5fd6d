//! One connection from accept to close.
//!
//! When the last answer is out and the client may still be sending (a body
//! that was refused), closing at once would make the kernel reset the
//! connection, and the answer could be lost on its way. So the sending side
//! is closed first, and what still comes is thrown away for a short time.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;

use crate::service::{Peer, Service};
use crate::settings::Settings;
use crate::wire::{Stream, Wire};

/// How long a client may go on sending what nobody reads.
const LINGER: Duration = Duration::from_secs(2);
/// How much of that is read at most.
const LINGER_BYTES: usize = 8 << 20;

/// Returns how HTTP is spoken.
pub(crate) fn builder(settings: &Settings) -> Builder {
    let mut builder = Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(settings.idle())
        .max_buf_size(settings.max_header_bytes.max(128 * 1024))
        .max_header_size(settings.max_header_bytes)
        .max_headers(256)
        .half_close(false);
    builder
}

/// Serves a connection until it ends or the server does.
pub(crate) async fn serve(
    service: Arc<Service>,
    builder: &Builder,
    stream: Box<dyn Stream>,
    peer: Peer,
    mut stop: watch::Receiver<bool>,
) {
    let idle = service.core.settings.idle();
    let wire = Wire::new(stream, service.name.clone(), idle);
    let handler = service_fn(move |request| {
        Box::pin(Arc::clone(&service).call(peer, request))
    });
    let mut connection = builder.serve_connection(TokioIo::new(wire), handler);
    {
        let mut stopping = pin!(stop.wait_for(|stop| *stop));
        let mut told = false;
        poll_fn(|cx| {
            if !told && stopping.as_mut().poll(cx).is_ready() {
                told = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
            // How it ended is in the log of its requests.
            connection.poll_without_shutdown(cx).map(|_| ())
        })
        .await;
    }
    let wire = connection.into_parts().io.into_inner();
    let _ = tokio::time::timeout(LINGER, linger(wire)).await;
}

async fn linger(mut wire: Wire) {
    if wire.flush().await.is_err() || wire.shutdown().await.is_err() {
        return;
    }
    let mut scrap = vec![0; 64 * 1024];
    let mut read = 0;
    while read < LINGER_BYTES {
        match wire.read(&mut scrap).await {
            Ok(0) | Err(_) => return,
            Ok(more) => read += more,
        }
    }
}
