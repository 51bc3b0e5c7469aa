//! One request to a witness, over HTTP/1.1, with TLS where its URL says so.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Request, StatusCode, Uri, header};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// How long a witness may take.
const WITHIN: Duration = Duration::from_secs(10);
/// Longest answer that is read, in bytes: lines of a few keys.
const ANSWER: usize = 64 * 1024;

/// What a witness answers.
pub enum Asked {
    /// Signature lines.
    Cosigned(String),
    /// It cosigned a checkpoint of another size last.
    Knows(u64),
}

/// Posts a request to a witness's `add-checkpoint`. The error says in a sentence what is wrong.
pub async fn ask(url: &Uri, request: String) -> Result<Asked, String> {
    match timeout(WITHIN, answer(url, request)).await {
        Ok(answer) => answer,
        Err(_) => Err("it did not answer within ten seconds".to_owned()),
    }
}

async fn answer(url: &Uri, request: String) -> Result<Asked, String> {
    let host = url.host().ok_or("its URL has no host")?.to_owned();
    let secure = url.scheme_str() == Some("https");
    let port = url.port_u16().unwrap_or(if secure { 443 } else { 80 });
    let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let socket = TcpStream::connect((bare.as_str(), port))
        .await
        .map_err(|error| error.to_string())?;
    let path = format!("{}/add-checkpoint", url.path().trim_end_matches('/'));
    let request = Request::post(path)
        .header(
            header::HOST,
            url.authority().map_or(host.as_str(), |a| a.as_str()),
        )
        .header(header::CONTENT_TYPE, "text/plain; charset=utf-8")
        .body(Full::new(Bytes::from(request)))
        .map_err(|error| error.to_string())?;
    let (status, body) = if secure {
        let name = ServerName::try_from(bare).map_err(|error| error.to_string())?;
        let socket = connector()
            .connect(name, socket)
            .await
            .map_err(|error| error.to_string())?;
        exchange(socket, request).await?
    } else {
        exchange(socket, request).await?
    };
    match status {
        StatusCode::OK => Ok(Asked::Cosigned(body)),
        StatusCode::CONFLICT => body
            .trim_end()
            .parse()
            .map(Asked::Knows)
            .map_err(|_| "it answered 409 without a size".to_owned()),
        status => Err(format!(
            "it answered {status}: {}",
            body.lines().next().unwrap_or_default()
        )),
    }
}

async fn exchange<S>(socket: S, request: Request<Full<Bytes>>) -> Result<(StatusCode, String), String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(socket))
        .await
        .map_err(|error| error.to_string())?;
    let connection = tokio::spawn(connection);
    let exchanged = async {
        let response = sender
            .send_request(request)
            .await
            .map_err(|error| error.to_string())?;
        let status = response.status();
        let body = Limited::new(response.into_body(), ANSWER).collect().await;
        let body = body
            .map_err(|_| "its answer is too long, or broke off".to_owned())?
            .to_bytes();
        let body = String::from_utf8(body.to_vec()).map_err(|_| "its answer is not text".to_owned())?;
        Ok((status, body))
    };
    let exchanged = exchanged.await;
    connection.abort();
    exchanged
}

/// TLS with the certificate authorities that browsers trust.
fn connector() -> TlsConnector {
    let roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let mut config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    TlsConnector::from(Arc::new(config))
}
