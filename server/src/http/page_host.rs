//! The intake page on an origin of its own: files, and nothing of a relay.

use std::net::SocketAddr;

use axum::Router;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use troth_protocol::limits;

use super::page::{self, Elsewhere};
use super::tls::{self, TlsError};
use super::{Door, Entrance};
use crate::config::Tls;

/// How the page is served.
#[derive(Clone, Debug)]
pub struct PageOptions {
    /// The relay that it is for.
    pub relay: Elsewhere,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// TLS; [`Tls::SelfSigned`] is not for pages that strangers open.
    pub tls: Tls,
}

/// Why it is not served.
#[derive(Debug, Error)]
pub enum PageError {
    /// There is none.
    #[error("this program was built without the intake page: `cargo xtask web`, then build it again")]
    NotBuilt,
    /// A browser would not open it.
    #[error("clients' browsers refuse a self-signed certificate: give --tls-cert and --tls-key")]
    SelfSigned,
    /// There is no TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The address is taken or not this machine's.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
}

/// A page that is served.
pub struct PageHost {
    /// Where, such as `https://127.0.0.1:8789`.
    pub url: String,
    stop: watch::Sender<bool>,
    door: JoinHandle<()>,
}

impl PageHost {
    /// Listens.
    ///
    /// # Errors
    /// [`PageError`]; nothing is left running then.
    pub async fn start(options: PageOptions) -> Result<Self, PageError> {
        if !page::is_built() {
            return Err(PageError::NotBuilt);
        }
        let tls = match &options.tls {
            Tls::Off => None,
            Tls::Files { certificate, key } => Some(tls::from_files(certificate, key)?),
            Tls::SelfSigned => return Err(PageError::SelfSigned),
        };
        let failed = |error| PageError::Listen(options.listen, error);
        let listener = TcpListener::bind(options.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let router = Router::new()
            .merge(page::routes(Some(options.relay)))
            .fallback(super::nothing)
            .layer(axum::middleware::map_response(super::secured));
        let (stop, stopped) = watch::channel(false);
        let door = Door {
            listener,
            tls,
            router,
            entrance: Entrance::new(limits::ADDRESS_CONNECTIONS, false),
        };
        Ok(Self {
            url: format!("{scheme}://{address}"),
            stop,
            door: tokio::spawn(door.keep(stopped)),
        })
    }

    /// Lets nobody in any more, and waits until everybody has left.
    pub async fn shut_down(self) {
        let _ = self.stop.send(true);
        let _ = self.door.await;
    }
}
