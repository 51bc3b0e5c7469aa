//! A relay that listens: the store, the key, the core and the door put together.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ed25519_dalek::SigningKey;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tracing::{info, warn};
use troth_protocol::checkpoint::{KeyKind, VerifierKey};
use troth_protocol::ids::Hash;

use crate::config::{ConfigError, ServeOptions, Tls};
use crate::core::Settings;
use crate::http::tls::{self, TlsError};
use crate::http::{Door, Entrance, router};
use crate::keyfile::{self, KeyFileError};
use crate::practice::{LoadError, hold_all};
use crate::relay::Relay;
use crate::store::{self, Store, StoreError};
use crate::witnessing;

/// How long handlers may go on reading after the relay has stopped.
const RELEASED_WITHIN: Duration = Duration::from_secs(5);

/// Why the relay does not serve.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The operator: what was asked for cannot be done.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data directory cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no ledger key.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// A ledger cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// There is no TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The address is taken or not this machine's.
    #[error(
        "cannot listen on {0}: {1}; stop whatever listens there, or choose another of this machine's addresses with --listen"
    )]
    Listen(SocketAddr, std::io::Error),
    /// A thread ended before it should have.
    #[error("the relay stopped by itself; its log says why")]
    Stopped,
}

/// A relay that serves. Dropped without [`Running::shut_down`], it goes on until its runtime ends.
pub struct Running {
    /// The address listened on.
    pub address: SocketAddr,
    /// The origin that new practices pin.
    pub origin: String,
    /// Whether the operator gave it. Otherwise it is the address listened on, and stays out of the log.
    pub named: bool,
    /// SHA-256 of the self-signed certificate, where there is one.
    pub certificate: Option<Hash>,
    /// The relay.
    pub relay: Relay,
    scheme: &'static str,
    store: Arc<dyn Store>,
    stop: watch::Sender<bool>,
    door: JoinHandle<()>,
}

/// Opens the data directory, loads every ledger, and listens. Connections are let in from the moment that this returns.
///
/// Needs a multi-threaded Tokio runtime to check signatures beside serving.
///
/// # Errors
/// [`ServeError`]; nothing is left running then.
pub async fn serve(options: ServeOptions) -> Result<Running, ServeError> {
    options.check()?;
    // A second call finds it installed already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let failed = |error| ServeError::Listen(options.listen, error);
    let listener = TcpListener::bind(options.listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let named = options.origin.is_some();
    let origin = options.origin.clone().unwrap_or_else(|| address.to_string());
    let settings = (origin.clone(), options.max_practices);
    let (witnesses, every) = (options.witnesses.clone(), options.witness_every);
    let (per_address, behind_proxy) = (options.max_per_address, options.behind_proxy);
    let opened = tokio::task::spawn_blocking(move || open(&options, address, settings));
    let opened = opened.await.map_err(|_| ServeError::Stopped)??;
    let (stop, stopped) = watch::channel(false);
    let scheme = if opened.tls.is_some() { "https" } else { "http" };
    let door = Door {
        listener,
        tls: opened.tls,
        router: router(opened.relay.clone()),
        entrance: Entrance::new(per_address, behind_proxy),
    };
    let door = tokio::spawn(door.keep(stopped));
    if !witnesses.is_empty() {
        tokio::spawn(witnessing::keep(opened.relay.clone(), witnesses, every));
    }
    if named {
        info!(origin, practices = opened.practices, "serving");
    } else {
        info!(
            practices = opened.practices,
            "serving under the address listened on"
        );
    }
    let (relay, store, certificate) = (opened.relay, opened.store, opened.certificate);
    Ok(Running {
        address,
        origin,
        named,
        certificate,
        relay,
        scheme,
        store,
        stop,
        door,
    })
}

struct Opened {
    relay: Relay,
    store: Arc<dyn Store>,
    tls: Option<TlsAcceptor>,
    certificate: Option<Hash>,
    practices: usize,
}

fn open(
    options: &ServeOptions,
    address: SocketAddr,
    (origin, max_practices): (String, usize),
) -> Result<Opened, ServeError> {
    let store: Arc<dyn Store> = Arc::from(store::open(&options.data, options.store)?);
    if let Some(caveat) = store.caveat() {
        warn!("the {} engine: {caveat}", options.store);
    }
    let practices = store.practices()?.len();
    let mut keys = ledger_keys(&options.data, practices > 0)?;
    let missing = || KeyFileError::Missing(options.data.join(keyfile::LEDGER_KEY));
    let key = Arc::new(keys.pop().ok_or_else(missing)?);
    let former = keys.into_iter().map(Arc::new).collect();
    let (tls, certificate) = match &options.tls {
        Tls::Off => (None, None),
        Tls::Files { certificate, key } => (Some(tls::from_files(certificate, key)?), None),
        Tls::SelfSigned => {
            let host = host(&origin).to_owned();
            let mut names = vec![host, address.ip().to_string(), "localhost".to_owned()];
            names.dedup();
            let (tls, hash) = tls::self_signed(&options.data, names)?;
            (Some(tls), Some(hash))
        }
    };
    if options.restored {
        hold_all(&*store)?;
        info!(
            practices,
            "restored: every ledger waits until an admin of its practice has resumed it"
        );
    }
    let settings = Settings {
        origin,
        key,
        former,
        max_practices,
    };
    let relay = crate::driver::start(settings, store.clone())?;
    Ok(Opened {
        relay,
        store,
        tls,
        certificate,
        practices,
    })
}

/// The ledger keys, the newest last; the first is made only where no ledger is that another one signed.
fn ledger_keys(data: &Path, has_ledgers: bool) -> Result<Vec<SigningKey>, KeyFileError> {
    let keys = if has_ledgers {
        keyfile::load(data)?
    } else {
        keyfile::load_or_make(data)?
    };
    for (_, file) in keyfile::files(data)? {
        if keyfile::is_exposed(&file) {
            warn!(
                "others than the owner may read {}; take that right away",
                file.display()
            );
        }
    }
    Ok(keys)
}

/// An origin without its port.
fn host(origin: &str) -> &str {
    match origin.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => {
            host.trim_start_matches('[').trim_end_matches(']')
        }
        _ => origin,
    }
}

impl Running {
    /// Where it is reached, such as `http://127.0.0.1:8787`.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// The newest ledger key under the relay's own name: given to a witness, it stands for the ledgers of all practices that have
    /// turned to it. `None` where the origin is no name that a key can have.
    pub fn key(&self) -> Option<VerifierKey> {
        let public = self.relay.settings().public();
        VerifierKey::new(self.origin.clone(), KeyKind::Ed25519, public).ok()
    }

    /// Resolves when the relay has stopped by itself, which it only does after a failure that its log tells of.
    pub async fn failed(&self) {
        self.relay.stopped().await;
    }

    /// Lets nobody in any more, commits what waits, tells every connection, and gives the data directory back: another relay
    /// may open it when this returns.
    pub async fn shut_down(self) {
        let Self {
            relay,
            store,
            stop,
            door,
            ..
        } = self;
        let _ = stop.send(true);
        relay.shut_down().await;
        let _ = door.await;
        drop(relay);
        let released = async {
            while Arc::strong_count(&store) > 1 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        if tokio::time::timeout(RELEASED_WITHIN, released).await.is_err() {
            warn!("the store is still being read; the data directory is given back when that ends");
        }
        // Closing a store may write to the disk.
        let _ = tokio::task::spawn_blocking(move || drop(store)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn a_host_is_an_origin_without_its_port() {
        for (origin, expected) in [
            ("relay.example", "relay.example"),
            ("relay.example:8443", "relay.example"),
            ("[::1]:80", "::1"),
        ] {
            assert_eq!(host(origin), expected);
        }
    }
}
