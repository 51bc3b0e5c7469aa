//! Where connections come in: TCP, TLS if it is asked for, then HTTP/1.1, with a limit on everything that someone could
//! make last.

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tracing::{debug, warn};

use super::{Caller, Entrance};

/// What a relay that stops waits for: the connections that speak HTTP. How many there are is the entrance's business.
const VISITORS: usize = 1 << 20;
/// How long a TLS handshake may take.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);
/// How long a request's head may take, and how long a connection may wait for its next request.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// How long a connection may speak HTTP in all.
const VISIT_WITHIN: Duration = Duration::from_secs(120);
/// Longest request head, in bytes.
const HEAD: usize = 16 * 1024;
/// How long to wait when the operating system gives no more sockets.
const PAUSE: Duration = Duration::from_millis(100);

/// A socket, with or without TLS.
pub enum Socket {
    /// Without: on loopback, or behind a proxy that has it.
    Plain(TcpStream),
    /// With.
    Tls(Box<TlsStream<TcpStream>>),
}

/// A listener with all it needs to serve.
pub struct Door {
    /// Where connections come in.
    pub listener: TcpListener,
    /// TLS, if it is spoken.
    pub tls: Option<TlsAcceptor>,
    /// What is served.
    pub router: Router,
    /// Who is let in.
    pub entrance: Entrance,
}

impl Door {
    /// Lets connections in until `stop` turns true; then ends those that speak HTTP as soon as their requests are answered.
    pub async fn keep(self, mut stop: watch::Receiver<bool>) {
        let visitors = Arc::new(Semaphore::new(VISITORS));
        loop {
            let come = async {
                let permit = visitors.clone().acquire_owned().await.ok()?;
                Some((self.listener.accept().await, permit))
            };
            let (accepted, permit) = tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                come = come => match come {
                    Some(come) => come,
                    None => break,
                },
            };
            match accepted {
                Ok((socket, from)) => {
                    // Refused without a word: an answer would cost more than whoever comes too often.
                    let Some(caller) = self.entrance.enter(from.ip()) else {
                        continue;
                    };
                    let (tls, router, stop) = (self.tls.clone(), self.router.clone(), stop.clone());
                    tokio::spawn(async move {
                        let let_go = caller.let_go();
                        tokio::select! {
                            () = visit(socket, tls, router, caller, stop, permit) => {}
                            () = let_go => debug!("somebody else needed the place"),
                        }
                    });
                }
                Err(error) if is_theirs(&error) => {}
                Err(error) => {
                    warn!(%error, "no more sockets for a moment; raise the limit of open files if this goes on");
                    self.entrance.drop_one();
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        drop(self.listener);
        let all = u32::try_from(VISITORS).unwrap_or(u32::MAX);
        let _ = timeout(HEAD_WITHIN, visitors.acquire_many(all)).await;
    }
}

/// Serves HTTP on one connection.
async fn visit(
    socket: TcpStream,
    tls: Option<TlsAcceptor>,
    router: Router,
    caller: Caller,
    mut stop: watch::Receiver<bool>,
    _permit: OwnedSemaphorePermit,
) {
    // An acknowledgement is sent alone; without this it would wait for the one before it to be confirmed.
    if socket.set_nodelay(true).is_err() {
        return;
    }
    let socket = match tls {
        None => Socket::Plain(socket),
        Some(tls) => match timeout(HANDSHAKE_WITHIN, tls.accept(socket)).await {
            Ok(Ok(socket)) => Socket::Tls(Box::new(socket)),
            Ok(Err(error)) => return debug!(%error, "a TLS handshake failed"),
            Err(_) => return debug!("a TLS handshake took too long"),
        },
    };
    let routes = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(caller.clone());
        routes.call(request)
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(HEAD)
        .serve_connection(TokioIo::new(socket), service)
        .with_upgrades();
    let mut serving = pin!(serving);
    let visit = async {
        tokio::select! {
            done = serving.as_mut() => return done,
            _ = stop.wait_for(|stop| *stop) => serving.as_mut().graceful_shutdown(),
        }
        serving.await
    };
    if let Ok(Err(error)) = timeout(VISIT_WITHIN, visit).await {
        debug!(%error, "a connection failed");
    }
}

/// Whether accepting failed because of the one connection that was to be accepted.
fn is_theirs(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_read(cx, buf),
            Self::Tls(socket) => Pin::new(socket).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_write(cx, buf),
            Self::Tls(socket) => Pin::new(socket).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_write_vectored(cx, bufs),
            Self::Tls(socket) => Pin::new(socket).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(socket) => socket.is_write_vectored(),
            Self::Tls(socket) => socket.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_flush(cx),
            Self::Tls(socket) => Pin::new(socket).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_shutdown(cx),
            Self::Tls(socket) => Pin::new(socket).poll_shutdown(cx),
        }
    }
}
