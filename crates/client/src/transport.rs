//! Requests and responses: connections, signatures, errors, retries.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, DATE, HeaderName, HeaderValue, RETRY_AFTER};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use thoth_manta::signature::http_date;
use thoth_manta::{Code, Error, Result, Timestamp};

use crate::body::Outgoing;
use crate::{Config, wire};

/// The longest document that is read whole.
const MAX_DOCUMENT: usize = 16 << 20;
/// The longest error that is read.
const MAX_ERROR: usize = 64 << 10;

/// Bytes that went over the network in bodies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Sent to the server.
    pub sent: u64,
    /// Received from it.
    pub received: u64,
    /// Requests made.
    pub requests: u64,
}

/// A server's answer to the question what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The status.
    pub status: u16,
    /// The headers, in the order received.
    pub headers: Vec<(String, String)>,
}

/// A client of one server, for one account.
///
/// A clone shares its connections.
#[derive(Clone)]
pub struct Client {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) config: Config,
    pool: Pool<HttpsConnector<HttpConnector>, Outgoing>,
    sent: AtomicU64,
    received: AtomicU64,
    requests: AtomicU64,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", self.shared.config.url)
    }
}

/// A request before it is signed.
pub(crate) struct Call {
    pub(crate) method: Method,
    /// Path and query, encoded.
    pub(crate) target: String,
    pub(crate) headers: Vec<(HeaderName, String)>,
    pub(crate) body: Bytes,
    /// Whether it comes to the same when it happens twice.
    pub(crate) repeatable: bool,
}

impl Call {
    pub(crate) fn new(method: Method, target: String) -> Call {
        let repeatable = matches!(method, Method::GET | Method::HEAD);
        let (headers, body) = (Vec::new(), Bytes::new());
        Call { method, target, headers, body, repeatable }
    }

    pub(crate) fn header(
        mut self,
        name: impl TryInto<HeaderName>,
        value: impl Into<String>,
    ) -> Call {
        if let Ok(name) = name.try_into() {
            self.headers.push((name, value.into()));
        }
        self
    }

    pub(crate) fn repeatable(mut self, yes: bool) -> Call {
        self.repeatable = yes;
        self
    }
}

impl Client {
    /// Returns a client; connections are made when they are needed.
    ///
    /// # Errors
    ///
    /// When the address is none, or the system's certificates cannot be read.
    pub fn new(config: Config) -> Result<Client> {
        let address: http::Uri = config.url.parse().map_err(|e| {
            bad_address(&config.url, "expected http://HOST or https://HOST")
                .because(e)
        })?;
        if !matches!(address.scheme_str(), Some("http" | "https"))
            || address.host().is_none()
        {
            return Err(bad_address(
                &config.url,
                "expected http://HOST or https://HOST",
            ));
        }
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(config.connect_timeout));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls(&config)?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let pool = Pool::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(15))
            .build(connector);
        let shared = Shared {
            config,
            pool,
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
            requests: AtomicU64::new(0),
        };
        Ok(Client { shared: Arc::new(shared) })
    }

    /// Returns what the client was told.
    pub fn config(&self) -> &Config {
        &self.shared.config
    }

    /// Returns how much has been moved so far.
    pub fn moved(&self) -> Moved {
        let of = |n: &AtomicU64| n.load(Ordering::Relaxed);
        Moved {
            sent: of(&self.shared.sent),
            received: of(&self.shared.received),
            requests: of(&self.shared.requests),
        }
    }

    pub(crate) fn count_received(&self, bytes: usize) {
        self.shared.received.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn count_sent(&self, bytes: usize) {
        self.shared.sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Sends a request, again where that is safe and may help; the answer has
    /// a status that says success.
    pub(crate) async fn send(&self, call: &Call) -> Result<Response<Incoming>> {
        Ok(self.send_counted(call).await?.0)
    }

    /// Does so, and returns how often it was tried.
    pub(crate) async fn send_counted(
        &self,
        call: &Call,
    ) -> Result<(Response<Incoming>, u32)> {
        let retries = self.shared.config.retries;
        let mut tries = 1;
        loop {
            let failed = match self.send_once(call).await {
                Ok(response) => return Ok((response, tries)),
                Err(failed) => failed,
            };
            let again =
                failed.before_it_left || (call.repeatable && failed.may_pass);
            if !again || tries > retries.times {
                return Err(failed.error);
            }
            let wait = failed.wait.unwrap_or_else(|| retries.wait(tries));
            tokio::time::sleep(wait.min(retries.longest)).await;
            tries += 1;
        }
    }

    async fn send_once(
        &self,
        call: &Call,
    ) -> Result<Response<Incoming>, Failed> {
        let request = self.request(call, Outgoing::of(&call.body)).await?;
        self.count_sent(call.body.len());
        let response = self.exchange(request).await?;
        self.judged(call, response).await
    }

    /// Builds and signs a request.
    pub(crate) async fn request(
        &self,
        call: &Call,
        body: Outgoing,
    ) -> Result<Request<Outgoing>, Failed> {
        let config = &self.shared.config;
        let uri = format!("{}{}", config.url, call.target);
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(&uri)
            .body(body)
            .map_err(|e| {
                Failed::for_good(
                    bad_address(&uri, "no such address").because(e),
                )
            })?;
        let headers = request.headers_mut();
        let date = http_date(Timestamp::now());
        let mut add = |name: HeaderName, value: &str| {
            let value = HeaderValue::from_bytes(value.as_bytes());
            let value = value.map_err(|e| {
                let text = format!("header {name} cannot be sent");
                let code = Code::InvalidHeader;
                Failed::for_good(Error::new(code, text).because(e))
            })?;
            headers.append(name, value);
            Ok::<(), Failed>(())
        };
        if let Some(signer) = &config.signer {
            let signer = Arc::clone(signer);
            let signed = date.clone();
            // An agent may take its time, or ask its user.
            let signature = tokio::task::spawn_blocking(move || {
                signer.authorization(&signed)
            });
            let signature = signature
                .await
                .map_err(|e| cannot_sign().because(e))
                .and_then(|s| s.map_err(|e| cannot_sign().because(e)));
            let signature = signature.map_err(Failed::for_good)?;
            add(AUTHORIZATION, &signature)?;
        }
        add(DATE, &date)?;
        add(http::header::USER_AGENT, &config.user_agent)?;
        if !config.roles.is_empty() {
            add(HeaderName::from_static("role"), &config.roles.join(","))?;
        }
        for (name, value) in &call.headers {
            add(name.clone(), value)?;
        }
        Ok(request)
    }

    /// Sends a request and waits for the head of the answer.
    pub(crate) async fn exchange(
        &self,
        request: Request<Outgoing>,
    ) -> Result<Response<Incoming>, Failed> {
        self.shared.requests.fetch_add(1, Ordering::Relaxed);
        let streamed = matches!(request.body(), Outgoing::Pieces(..));
        let answer = self.shared.pool.request(request);
        let answer = if streamed {
            // It comes when the body has been sent, however long that takes.
            answer.await
        } else {
            let stall = self.shared.config.stall_timeout;
            match tokio::time::timeout(stall, answer).await {
                Ok(answer) => answer,
                Err(_) => {
                    let text = format!(
                        "{}: no answer within {} s",
                        self.shared.config.url,
                        stall.as_secs()
                    );
                    let error = Error::new(Code::ServiceUnavailable, text);
                    return Err(Failed::on_the_way(error, false));
                }
            }
        };
        answer.map_err(|cause| {
            let connecting = cause.is_connect();
            let verb = if connecting { "reach" } else { "talk to" };
            let text = format!("cannot {verb} {}", self.shared.config.url);
            let error = Error::new(Code::ServiceUnavailable, text);
            Failed::on_the_way(error.because(deepest(cause)), connecting)
        })
    }

    /// Turns an answer that tells of a failure into that failure.
    pub(crate) async fn judged(
        &self,
        call: &Call,
        response: Response<Incoming>,
    ) -> Result<Response<Incoming>, Failed> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let wait = response.headers().get(RETRY_AFTER).and_then(|value| {
            value.to_str().ok()?.parse().ok().map(Duration::from_secs)
        });
        let path = call.target.split('?').next().unwrap_or_default();
        let path = thoth_manta::Path::parse_encoded(path)
            .map_or_else(|_| path.to_owned(), |p| p.to_string());
        let error = if call.method == Method::HEAD || status.is_redirection() {
            wire::error_of_status(status, &path)
        } else {
            let body = Limited::new(response.into_body(), MAX_ERROR);
            match body.collect().await {
                Ok(body) => {
                    wire::error_of_body(status, &path, &body.to_bytes())
                }
                Err(_) => wire::error_of_status(status, &path),
            }
        };
        let may_pass = status == StatusCode::SERVICE_UNAVAILABLE;
        Err(Failed { error, before_it_left: false, may_pass, wait })
    }

    /// Reads the rest of an answer that must be short.
    pub(crate) async fn read_all(
        &self,
        response: Response<Incoming>,
    ) -> Result<Bytes> {
        let body = Limited::new(response.into_body(), MAX_DOCUMENT);
        let stall = self.shared.config.stall_timeout;
        let read = tokio::time::timeout(stall, body.collect()).await;
        let body = match read {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(cause)) => {
                let url = &self.shared.config.url;
                let text = format!("{url}: the answer breaks off");
                let error = Error::new(Code::ServiceUnavailable, text);
                return Err(error.because(cause));
            }
            Err(_) => {
                let url = &self.shared.config.url;
                let text = format!("{url}: the answer stands still");
                return Err(Error::new(Code::ServiceUnavailable, text));
            }
        };
        self.count_received(body.len());
        Ok(body)
    }
}

/// A request that failed, and what follows.
pub(crate) struct Failed {
    pub(crate) error: Error,
    /// The server cannot have seen it.
    pub(crate) before_it_left: bool,
    /// It may succeed another time.
    pub(crate) may_pass: bool,
    /// The server said how long to wait.
    wait: Option<Duration>,
}

impl Failed {
    fn for_good(error: Error) -> Failed {
        let (before_it_left, may_pass) = (false, false);
        Failed { error, before_it_left, may_pass, wait: None }
    }

    fn on_the_way(error: Error, before_it_left: bool) -> Failed {
        Failed { error, before_it_left, may_pass: true, wait: None }
    }
}

fn bad_address(url: &str, expected: &str) -> Error {
    Error::new(Code::InvalidArgument, format!("address {url:?}: {expected}"))
}

fn cannot_sign() -> Error {
    Error::new(Code::AuthorizationFailed, "cannot sign the request")
}

/// Returns the last cause of an error, which says most.
fn deepest(
    error: impl StdError + Send + Sync + 'static,
) -> Box<dyn StdError + Send + Sync> {
    let mut last: &dyn StdError = &error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string().into()
}

fn tls(config: &Config) -> Result<rustls::ClientConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder =
        rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|e| {
                let text = "cannot set TLS up";
                Error::new(Code::InternalError, text).because(e)
            })?;
    // Plain HTTP needs no certificates, and a machine may have none.
    if !config.url.starts_with("https:") {
        return Ok(builder
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth());
    }
    if config.insecure_tls {
        let verifier = Arc::new(AnyCertificate(provider));
        return Ok(builder
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth());
    }
    use hyper_rustls::ConfigBuilderExt;
    let builder = builder.with_native_roots().map_err(|e| {
        let text = "cannot read the system's certificates";
        Error::new(Code::InternalError, text).because(e)
    })?;
    Ok(builder.with_no_client_auth())
}

/// Accepts any certificate, as the user asked.
#[derive(Debug)]
struct AnyCertificate(Arc<rustls::crypto::CryptoProvider>);

impl rustls::client::danger::ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &rustls_pki_types::CertificateDer<'_>,
        _: &[rustls_pki_types::CertificateDer<'_>],
        _: &rustls_pki_types::ServerName<'_>,
        _: &[u8],
        _: rustls_pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &rustls_pki_types::CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error>
    {
        rustls::crypto::verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &rustls_pki_types::CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error>
    {
        rustls::crypto::verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
