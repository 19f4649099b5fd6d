//! Certificates, read once at the start.

use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::StartError;
use crate::settings::Settings;

/// Returns what makes connections encrypted; `None` when they are not to be.
pub(crate) fn acceptor(
    settings: &Settings,
) -> Result<Option<TlsAcceptor>, StartError> {
    let (Some(cert), Some(key)) = (&settings.tls_cert, &settings.tls_key)
    else {
        return Ok(None);
    };
    let chain = chain(cert)?;
    let secret = PrivateKeyDer::from_pem_file(key)
        .map_err(|error| wrong(key, "a private key", error))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(cert, "a certificate", error))?
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .map_err(|error| wrong(cert, "the key's certificate", error))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Some(TlsAcceptor::from(Arc::new(config))))
}

fn chain(file: &Path) -> Result<Vec<CertificateDer<'static>>, StartError> {
    let read = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = read.map_err(|error| wrong(file, "certificates", error))?;
    if chain.is_empty() {
        let none = std::io::Error::other("the file has no certificate");
        return Err(wrong(file, "certificates", none));
    }
    Ok(chain)
}

fn wrong(
    file: &Path,
    expected: &'static str,
    error: impl std::error::Error + Send + Sync + 'static,
) -> StartError {
    StartError::Tls { file: file.to_owned(), expected, source: Box::new(error) }
}
