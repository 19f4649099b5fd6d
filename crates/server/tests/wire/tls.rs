//! Encrypted connections.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use thoth_server::auth::Auth;
use thoth_server::{Server, Settings, StartError};

use thoth_manta::Manta;

use crate::support::{Ask, Site};

fn data(name: &str) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.join("tests/wire/data").join(name)
}

fn client() -> ClientConfig {
    let mut roots = RootCertStore::empty();
    let cert = CertificateDer::from_pem_file(data("cert.pem"));
    roots.add(cert.expect("certificate")).expect("root");
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

#[test]
fn requests_go_over_tls() {
    let site = Site::with(|settings| {
        settings.tls_cert = Some(data("cert.pem"));
        settings.tls_key = Some(data("key.pem"));
    });
    let name = ServerName::try_from("localhost").expect("name");
    let tls = ClientConnection::new(Arc::new(client()), name);
    let socket = TcpStream::connect(site.address()).expect("connect");
    let mut stream = StreamOwned::new(tls.expect("client"), socket);
    let body = vec![b'x'; 300_000];
    let put = Ask::new("PUT", "/alice/stor/x").body(&body);
    let get = Ask::new("GET", "/alice/stor/x").with("connection", "close");
    stream.write_all(&put.bytes()).expect("put");
    stream.write_all(&get.bytes()).expect("get");
    let mut answers = Vec::new();
    stream.read_to_end(&mut answers).expect("answers, and a proper end");
    assert!(answers.starts_with(b"HTTP/1.1 204 "));
    assert!(answers.ends_with(&body));
    // Who speaks no TLS gets no HTTP.
    let mut plain = site.client();
    plain.send(&get.bytes());
    assert!(!plain.is_closed() || plain.next_answer(false).is_none());
    let text = site
        .store
        .info(&thoth_manta::Path::parse("/alice/stor/x").expect("path"));
    assert!(text.is_ok());
}

#[test]
fn wrong_files_are_named() {
    let site = Site::new();
    let folder = tempfile::tempdir().expect("folder");
    let start = |cert: &str, key: &str| {
        let settings = Settings {
            listen: "127.0.0.1:0".parse().expect("address"),
            tls_cert: Some(data(cert)),
            tls_key: Some(data(key)),
            ..Settings::default()
        };
        let store = Arc::clone(&site.store);
        let auth = Auth::insecure("alice");
        Server::start(settings, folder.path(), store, auth)
            .expect_err("refused")
    };
    for (cert, key, named) in [
        ("none.pem", "key.pem", "none.pem"),
        ("cert.pem", "none.pem", "none.pem"),
        ("cert.pem", "cert.pem", "cert.pem"),
        ("key.pem", "key.pem", "key.pem"),
    ] {
        let error = start(cert, key);
        assert!(matches!(error, StartError::Tls { .. }));
        assert!(error.to_string().contains(named), "{error}");
    }
}
