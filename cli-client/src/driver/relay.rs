//! Where a relay is, and how its door is opened.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_tungstenite::Connector;
use tokio_tungstenite::tungstenite::http::Uri;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use troth_protocol::limits;

use super::line::Line;
use crate::failure::Failure;
use crate::language::Language;
use crate::messages::network as say;

/// How long opening a connection may take, with TLS and the WebSocket's own handshake.
const DIAL: Duration = Duration::from_secs(10);

/// A relay's address.
#[derive(Clone)]
pub struct Relay {
    url: String,
    socket: String,
    connector: Connector,
}

impl Relay {
    /// Reads `https://HOST[:PORT]`, or `http://` on this machine alone. With `ca`, a file of certificates in PEM, the relay's
    /// certificate must come from one of those; otherwise from one of the authorities that browsers know.
    ///
    /// # Errors
    /// Another kind of address, or a file without certificates: the caller's mistakes.
    pub fn parse(language: Language, url: &str, ca: Option<&Path>) -> Result<Self, Failure> {
        let wrong = || Failure::usage(say::no_relay_url(language, url));
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(wrong());
        };
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() || authority.as_str().contains('@') {
            return Err(wrong());
        }
        let (scheme, connector) = match scheme {
            "https" => ("wss", Connector::Rustls(Arc::new(tls(language, ca)?))),
            "http" if is_this_machine(authority.host()) => ("ws", Connector::Plain),
            "http" => return Err(Failure::usage(say::http_elsewhere(language, authority.as_str()))),
            _ => return Err(wrong()),
        };
        let url = url.trim_end_matches('/').to_owned();
        Ok(Self {
            url,
            socket: format!("{scheme}://{authority}/v1/sync"),
            connector,
        })
    }

    /// The address as it was given.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Opens a connection.
    ///
    /// # Errors
    /// Why it cannot be reached, in the words of the system.
    pub(super) async fn dial(&self) -> Result<Line, String> {
        let config = WebSocketConfig::default()
            .max_message_size(Some(limits::FRAME))
            .max_frame_size(Some(limits::FRAME));
        let opening = tokio_tungstenite::connect_async_tls_with_config(
            self.socket.as_str(),
            Some(config),
            // Small frames go out at once.
            true,
            Some(self.connector.clone()),
        );
        match tokio::time::timeout(DIAL, opening).await {
            Ok(Ok((socket, _))) => Ok(Line::new(socket)),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {} s", DIAL.as_secs())),
        }
    }
}

fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn tls(language: Language, ca: Option<&Path>) -> Result<ClientConfig, Failure> {
    let mut roots = RootCertStore::empty();
    match ca {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(file) => {
            let wrong = |why: String| {
                Failure::usage(say::no_certificates(language, &file.display().to_string(), &why))
            };
            let certificates = CertificateDer::pem_file_iter(file).map_err(|e| wrong(e.to_string()))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|e| wrong(e.to_string()))?;
                roots.add(certificate).map_err(|e| wrong(e.to_string()))?;
            }
            if roots.is_empty() {
                return Err(wrong("it is empty".into()));
            }
        }
    }
    Ok(ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<String, i32> {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        Relay::parse(Language::English, url, None)
            .map(|relay| relay.socket)
            .map_err(|failure| failure.code().into())
    }

    #[test]
    fn an_address_becomes_the_relays_door() {
        assert_eq!(
            parse("https://relay.example").unwrap(),
            "wss://relay.example/v1/sync"
        );
        assert_eq!(
            parse("https://relay.example:8443/").unwrap(),
            "wss://relay.example:8443/v1/sync"
        );
        assert_eq!(
            parse("http://127.0.0.1:8787").unwrap(),
            "ws://127.0.0.1:8787/v1/sync"
        );
        assert_eq!(parse("http://[::1]:8787").unwrap(), "ws://[::1]:8787/v1/sync");
        assert_eq!(
            parse("http://localhost:8787").unwrap(),
            "ws://localhost:8787/v1/sync"
        );
    }

    #[test]
    fn nothing_leaves_this_machine_without_tls() {
        for url in [
            "http://relay.example",
            "http://127.0.0.1.example",
            "http://10.0.0.1:80",
            "ws://127.0.0.1",
            "ftp://x",
        ] {
            assert_eq!(parse(url), Err(2), "{url}");
        }
    }

    #[test]
    fn an_address_is_a_host_and_a_port() {
        for url in [
            "relay.example",
            "https://",
            "https://relay.example/path",
            "https://me@relay.example",
            "",
        ] {
            assert_eq!(parse(url), Err(2), "{url}");
        }
    }

    #[test]
    fn a_file_without_certificates_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(Relay::parse(Language::English, "https://relay.example", Some(file.path())).is_err());
    }
}
