//! TLS: rustls with aws-lc, which offers the post-quantum key exchange X25519MLKEM768.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use thiserror::Error;
use tokio_rustls::TlsAcceptor;
use troth_protocol::ids::Hash;

use crate::keyfile::write_private;

/// The self-signed certificate's file within the data directory.
pub const CERTIFICATE: &str = "tls-cert.pem";
/// Its key's.
const KEY: &str = "tls-key.pem";

/// Why there is no TLS.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read, or is not what it should be.
    #[error("{}: {reason}", .file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Certificate and key do not go together, or rustls does not take them.
    #[error("the TLS certificate and key cannot be used together: {0}")]
    Pair(#[from] rustls::Error),
    /// A certificate could not be made.
    #[error("a self-signed certificate could not be made: {0}")]
    SelfSigned(#[from] rcgen::Error),
}

/// TLS with a certificate chain and its key, both PEM files.
///
/// # Errors
/// [`TlsError::File`], [`TlsError::Pair`].
pub fn from_files(certificate: &Path, key: &Path) -> Result<TlsAcceptor, TlsError> {
    let fail = |file: &Path, reason: String| TlsError::File {
        file: file.to_owned(),
        reason,
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|error| {
            fail(
                certificate,
                format!("{error}; give a PEM file with the certificate chain"),
            )
        })?;
    let key = PrivateKeyDer::from_pem_file(key)
        .map_err(|error| fail(key, format!("{error}; give a PEM file with the private key")))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// TLS with a certificate of the relay's own, made for `names` the first time and kept in the data directory; and the
/// certificate's SHA-256, for whoever has to recognise it.
///
/// # Errors
/// All of [`TlsError`].
pub fn self_signed(dir: &Path, names: Vec<String>) -> Result<(TlsAcceptor, Hash), TlsError> {
    let (certificate, key) = (dir.join(CERTIFICATE), dir.join(KEY));
    // The certificate is written last: where it is, its key is.
    if !certificate.exists() {
        let made = rcgen::generate_simple_self_signed(names)?;
        let write = |file: &Path, pem: String| {
            write_private(file, pem.as_bytes()).map_err(|error| TlsError::File {
                file: file.to_owned(),
                reason: error.to_string(),
            })
        };
        write(&key, made.signing_key.serialize_pem())?;
        write(&certificate, made.cert.pem())?;
    }
    let acceptor = from_files(&certificate, &key)?;
    let first = CertificateDer::from_pem_file(&certificate).map_err(|error| TlsError::File {
        file: certificate,
        reason: error.to_string(),
    })?;
    Ok((acceptor, Hash::of(&[first.as_ref()])))
}
