//! Metrics and health on an address of their own.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

use crate::metrics::Metrics;

/// Answers `/metrics` and `/ping`, one request a connection.
pub(crate) async fn serve(listener: TcpListener, metrics: Arc<Metrics>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let metrics = Arc::clone(&metrics);
        tokio::spawn(async move {
            let handler = service_fn(|request| {
                let reply = answer(&metrics, &request);
                async move { Ok::<_, Infallible>(reply) }
            });
            let connection = Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(Duration::from_secs(10))
                .keep_alive(false)
                .serve_connection(TokioIo::new(stream), handler);
            // Whoever asks for metrics asks again.
            let _ = connection.await;
        });
    }
}

fn answer(
    metrics: &Metrics,
    request: &http::Request<Incoming>,
) -> Response<Full<Bytes>> {
    let (status, text) = match (request.method(), request.uri().path()) {
        (&Method::GET, "/metrics") => (StatusCode::OK, metrics.text()),
        (&Method::GET | &Method::HEAD, "/ping") => {
            (StatusCode::OK, String::new())
        }
        _ => (StatusCode::NOT_FOUND, String::new()),
    };
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert("server", http::HeaderValue::from_static("Manta"));
    headers.insert(
        "content-type",
        http::HeaderValue::from_static("text/plain; version=0.0.4"),
    );
    response
}
