//! One request from the connection to a handler's thread and back.
//!
//! Handlers run on the pool for blocking work; how many may is bounded, and
//! how many of them receive bodies is bounded by itself, so that slow senders
//! cannot take the place of readers. Everything that every answer carries is
//! put on here, and everything that is written about a request.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Method, Response, StatusCode};
use hyper::body::Incoming;
use thoth_manta::{Code, Error};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::body::{Outgoing, Upload};
use crate::handlers::{self, Core, Trail};
use crate::metrics::Metrics;
use crate::reply::{Reply, ReplyBody};
use crate::request::Request;

/// How long a request waits for a thread before it is refused.
const PATIENCE: Duration = Duration::from_secs(5);
/// Handlers without a body that run at once.
pub(crate) const HANDLERS: usize = 128;

/// What all connections share.
pub(crate) struct Service {
    pub(crate) core: Arc<Core>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) name: String,
    handlers: Arc<Semaphore>,
    uploads: Arc<Semaphore>,
}

/// Who is at the other end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    pub(crate) secure: bool,
}

/// What is told of a request that has been handled.
struct Handled {
    reply: Reply,
    trail: Trail,
    received: u64,
    body_read: bool,
}

impl Service {
    pub(crate) fn new(
        core: Arc<Core>,
        metrics: Arc<Metrics>,
        name: String,
    ) -> Service {
        let uploads = core.settings.max_uploads;
        Service {
            core,
            metrics,
            name,
            handlers: Arc::new(Semaphore::new(HANDLERS)),
            uploads: Arc::new(Semaphore::new(uploads)),
        }
    }

    /// Answers a request.
    pub(crate) async fn call(
        self: Arc<Self>,
        peer: Peer,
        request: http::Request<Incoming>,
    ) -> Result<Response<Outgoing>, Infallible> {
        let begun = Instant::now();
        let service = Arc::clone(&self);
        let _now = service.metrics.requests_now.hold();
        let (head, body) = read_head(request, peer);
        let head = Arc::new(head);
        let handled = if head.raw_path == "/metrics" && self.shows_metrics(peer)
        {
            self.metrics_reply()
        } else {
            self.handle(Arc::clone(&head), body).await
        };
        Ok(self.finish(&head, handled, begun))
    }

    /// Metrics on the usual address are for this machine only.
    fn shows_metrics(&self, peer: Peer) -> bool {
        self.core.settings.admin.is_none() && peer.address.ip().is_loopback()
    }

    fn metrics_reply(&self) -> Handled {
        let text = self.metrics.text();
        Handled {
            reply: Reply::bytes(
                StatusCode::OK,
                "text/plain; version=0.0.4",
                text.into(),
            ),
            trail: Trail::default(),
            received: 0,
            body_read: true,
        }
    }

    /// Runs the handler, and the body beside it.
    async fn handle(&self, head: Arc<Request>, body: Incoming) -> Handled {
        let has_body = head.has_body();
        let pool = if has_body { &self.uploads } else { &self.handlers };
        let Some(permit) = permit(pool).await else {
            let error = Error::new(Code::ServiceUnavailable, "busy");
            return Handled {
                reply: Reply::error(&error),
                trail: Trail::default(),
                received: 0,
                body_read: !has_body,
            };
        };
        let stall = self.core.settings.body_stall();
        let (upload, pump) = Upload::channel(body, stall);
        let core = Arc::clone(&self.core);
        let metrics = Arc::clone(&self.metrics);
        let running = tokio::task::spawn_blocking(move || {
            let _held = has_body.then(|| metrics.uploads_now.hold());
            let handled = run(&core, &head, upload);
            drop(permit);
            handled
        });
        let mut running = pin!(running);
        let mut pump = pin!(pump);
        let joined = tokio::select! {
            joined = &mut running => joined,
            () = &mut pump => running.await,
        };
        joined.unwrap_or_else(|_| {
            // The panic's message is in the log of whoever set a hook.
            let error = Error::new(Code::InternalError, "a handler ended");
            let mut reply = Reply::error(&error);
            reply.close = true;
            Handled {
                reply,
                trail: Trail::default(),
                received: 0,
                body_read: false,
            }
        })
    }

    /// Puts on what every answer carries, and writes about the request.
    fn finish(
        &self,
        head: &Request,
        handled: Handled,
        begun: Instant,
    ) -> Response<Outgoing> {
        let Handled { mut reply, trail, received, body_read } = handled;
        // What was not read must not be taken for the next request.
        reply.close |= !body_read;
        let agent = head.header("user-agent").unwrap_or_default();
        reply.close |= agent.starts_with("curl");
        let took = begun.elapsed();
        reply.set("server", "Manta");
        reply.set("x-request-id", &head.id);
        reply.set("x-response-time", &took.as_millis().to_string());
        reply.set("x-server-name", &self.name);
        let connection = if reply.close { "close" } else { "keep-alive" };
        reply.set("connection", connection);
        let status = reply.status;
        let (body, length) = outgoing(&mut reply, head.is_head());
        self.metrics.count(head.method.as_str(), status.as_u16(), took);
        self.metrics.received.fetch_add(received, Ordering::Relaxed);
        self.metrics.sent.fetch_add(length, Ordering::Relaxed);
        self.write_log(head, &reply, &trail, (received, length, took));
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = reply.headers;
        response
    }

    fn write_log(
        &self,
        head: &Request,
        reply: &Reply,
        trail: &Trail,
        (received, sent, took): (u64, u64, Duration),
    ) {
        let status = reply.status.as_u16();
        let code = reply.code.map(Code::as_str);
        tracing::info!(
            target: "thoth_server::request",
            id = head.id,
            client = %head.client,
            login = trail.login.as_deref(),
            subuser = trail.subuser.as_deref(),
            method = head.method.as_str(),
            path = head.raw_path,
            query = head.raw_query.as_deref().map(without_signature),
            status,
            code,
            received,
            sent,
            ms = took.as_millis() as u64,
        );
        let denied = matches!(status, 401 | 403);
        if denied {
            self.metrics.denied.fetch_add(1, Ordering::Relaxed);
        }
        let reads =
            matches!(head.method, Method::GET | Method::HEAD | Method::OPTIONS);
        if !denied && (reads || !reply.status.is_success()) {
            return;
        }
        tracing::info!(
            target: "thoth_server::audit",
            id = head.id,
            client = %head.client,
            login = trail.login.as_deref(),
            subuser = trail.subuser.as_deref(),
            action = trail.action.map(crate::auth::Action::as_str),
            path = trail.path.as_ref().map_or(&*head.raw_path, |p| p.as_str()),
            method = head.method.as_str(),
            allowed = !denied,
            status,
            code,
            etag = reply.headers.get("etag").and_then(|e| e.to_str().ok()),
        );
    }
}

/// Leaves out of a query what would let whoever reads the log use it.
fn without_signature(query: &str) -> String {
    let parts = query.split('&').map(|part| match part.split_once('=') {
        Some(("signature", _)) => "signature=...",
        _ => part,
    });
    parts.collect::<Vec<_>>().join("&")
}

fn run(core: &Core, head: &Request, mut upload: Upload) -> Handled {
    let mut trail = Trail::default();
    let reply = handlers::handle(core, head, &mut upload, &mut trail);
    Handled {
        reply,
        trail,
        received: upload.received(),
        body_read: upload.is_finished(),
    }
}

async fn permit(pool: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    if let Ok(permit) = Arc::clone(pool).try_acquire_owned() {
        return Some(permit);
    }
    let waiting = Arc::clone(pool).acquire_owned();
    tokio::time::timeout(PATIENCE, waiting).await.ok()?.ok()
}

fn read_head(
    request: http::Request<Incoming>,
    peer: Peer,
) -> (Request, Incoming) {
    let (parts, body) = request.into_parts();
    let given = ["x-request-id", "request-id"].iter().find_map(|name| {
        let text = parts.headers.get(*name)?.to_str().ok()?.trim();
        let fine = !text.is_empty() && text.len() <= 128;
        fine.then(|| text.to_owned())
    });
    let id = given.or_else(|| crate::fresh_uuid().ok()).unwrap_or_default();
    let head = Request {
        method: parts.method,
        version: parts.version,
        raw_path: parts.uri.path().to_owned(),
        raw_query: parts.uri.query().map(str::to_owned),
        headers: parts.headers,
        client: peer.address,
        secure: peer.secure,
        id,
    };
    (head, body)
}

/// Returns the body as it goes out, and how many bytes it will have.
fn outgoing(reply: &mut Reply, head: bool) -> (Outgoing, u64) {
    let body = std::mem::replace(&mut reply.body, ReplyBody::None);
    if head && reply.code.is_some() {
        // The digest is that of a body that does not come.
        reply.headers.remove("content-md5");
        reply.headers.remove(header::CONTENT_TYPE);
    }
    match body {
        _ if head => (Outgoing::Bytes(None), 0),
        ReplyBody::None => (Outgoing::Bytes(None), 0),
        ReplyBody::Bytes(bytes) => {
            let length = bytes.len() as u64;
            reply
                .headers
                .insert(header::CONTENT_LENGTH, HeaderValue::from(length));
            let bytes: Option<Bytes> = (length > 0).then_some(bytes);
            (Outgoing::Bytes(bytes), length)
        }
        ReplyBody::Object(part) => {
            let length = part.length();
            (Outgoing::object(part), length)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_not_logged() {
        assert_eq!(
            without_signature("keyId=x&signature=abc%3D&expires=1"),
            "keyId=x&signature=...&expires=1"
        );
    }
}
