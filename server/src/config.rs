//! How the relay is set up: flags and a TOML file with the same names, in which a flag comes before the file.

use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use thiserror::Error;
use troth_protocol::limits;

use crate::store::Engine;
use crate::witnessing::{self, WitnessAddress};

/// Practices that a relay takes at most, unless it is told otherwise.
pub const MAX_PRACTICES: usize = 1_000;
/// Where the relay listens, unless it is told otherwise.
const LISTEN: &str = "127.0.0.1:8787";

/// What the operator asked for cannot be done; the text says what to change.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

/// TLS, or why there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Tls {
    /// None.
    #[default]
    Off,
    /// A certificate chain and its key, as PEM files.
    Files {
        /// The certificate chain.
        certificate: PathBuf,
        /// Its key.
        key: PathBuf,
    },
    /// A certificate of the relay's own, kept in the data directory.
    SelfSigned,
}

/// How to serve. [`ServeOptions::new`] gives what a relay does when nothing else is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServeOptions {
    /// The data directory; made if it is not there.
    pub data: PathBuf,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The storage engine.
    pub store: Engine,
    /// The origin that new practices pin: host, with its port where that is not the scheme's own. The address listened on,
    /// if none is given.
    pub origin: Option<String>,
    /// Practices that the relay takes at most.
    pub max_practices: usize,
    /// TLS.
    pub tls: Tls,
    /// Whether a proxy in front has the TLS, and says in `X-Forwarded-For` for whom it connects.
    pub behind_proxy: bool,
    /// Witnesses that are asked for cosignatures, where a practice's policy names them.
    pub witnesses: Vec<WitnessAddress>,
    /// How often they are.
    pub witness_every: Duration,
    /// Connections of one address at once, and new ones in a minute.
    pub max_per_address: usize,
    /// Whether the data directory comes from a backup: every ledger then waits for an admin's word before it takes anything.
    pub restored: bool,
}

impl ServeOptions {
    /// Serving on loopback without TLS, with the default engine.
    pub fn new(data: impl Into<PathBuf>, listen: SocketAddr) -> Self {
        Self {
            data: data.into(),
            listen,
            store: Engine::default(),
            origin: None,
            max_practices: MAX_PRACTICES,
            tls: Tls::Off,
            behind_proxy: false,
            witnesses: Vec::new(),
            witness_every: witnessing::ROUND,
            max_per_address: limits::ADDRESS_CONNECTIONS,
            restored: false,
        }
    }

    /// Refuses what would put devices at risk, or practices out of reach.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.tls == Tls::Off && !self.listen.ip().is_loopback() && !self.behind_proxy {
            return refuse(format_args!(
                "listening on {} without TLS would let others watch and divert connections: give --tls-cert and --tls-key \
                 or --tls-self-signed, or say --behind-proxy if a proxy in front has the TLS",
                self.listen.ip()
            ));
        }
        match &self.origin {
            None if self.listen.ip().is_unspecified() => refuse(format_args!(
                "practices pin the relay's name, and {} is none: give --origin HOST[:PORT]",
                self.listen.ip()
            )),
            Some(origin) if !is_origin(origin) => refuse(format_args!(
                "{origin:?} is no origin: give the host that devices connect to, with :PORT where that is not 443, \
                 and without https://"
            )),
            _ => Ok(()),
        }
    }
}

/// What was given, on the command line or in the file: the same names in both.
#[derive(Clone, Debug, Default, clap::Args, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Given {
    /// Directory that everything is kept in; made if it is not there
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Address and port to listen on; port 0 takes a free one [default: 127.0.0.1:8787]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    /// Storage engine: sqlite or sled [default: sqlite]
    #[arg(long, value_name = "ENGINE")]
    pub store: Option<String>,
    /// Database for --store postgres
    #[arg(long, value_name = "URL")]
    pub database_url: Option<String>,
    /// Name that devices know the relay by, which new practices pin [default: the address listened on]
    #[arg(long, value_name = "HOST[:PORT]")]
    pub origin: Option<String>,
    /// Practices that the relay takes at most [default: 1000]
    #[arg(long, value_name = "N")]
    pub max_practices: Option<usize>,
    /// Certificate chain for TLS, as a PEM file
    #[arg(long, value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// Key of the certificate, as a PEM file
    #[arg(long, value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// Make a certificate, keep it in the data directory, and print its SHA-256
    #[arg(long)]
    pub tls_self_signed: bool,
    /// Have a certificate issued for a domain
    #[arg(long, value_name = "DOMAIN")]
    pub acme: Option<String>,
    /// A proxy in front has the TLS and says in X-Forwarded-For for whom it connects: listen without TLS on any address
    #[arg(long)]
    pub behind_proxy: bool,
    /// Witness that practices may name: its key and its URL, with a space between; may be given several times
    #[arg(long, value_name = "KEY URL")]
    pub witness: Vec<String>,
    /// Connections of one address at once, and new ones in a minute [default: 512]
    #[arg(long, value_name = "N")]
    pub max_per_address: Option<usize>,
}

impl Given {
    /// Reads a TOML file.
    ///
    /// # Errors
    /// [`ConfigError`], with the line where the file is at fault.
    pub fn read(file: &Path) -> Result<Self, ConfigError> {
        let at = |error: &dyn fmt::Display| ConfigError(format!("{}: {error}", file.display()));
        let text = std::fs::read_to_string(file).map_err(|error| at(&error))?;
        toml::from_str(&text).map_err(|error| at(&error))
    }

    /// What is given here, else what `file` says.
    #[must_use]
    pub fn or(self, file: Self) -> Self {
        // TLS is one choice: what is said of it here takes the place of all that the file says.
        let tls = if self.says_tls() { &self } else { &file };
        let (tls_cert, tls_key) = (tls.tls_cert.clone(), tls.tls_key.clone());
        let (tls_self_signed, acme) = (tls.tls_self_signed, tls.acme.clone());
        Self {
            data: self.data.or(file.data),
            listen: self.listen.or(file.listen),
            store: self.store.or(file.store),
            database_url: self.database_url.or(file.database_url),
            origin: self.origin.or(file.origin),
            max_practices: self.max_practices.or(file.max_practices),
            tls_cert,
            tls_key,
            tls_self_signed,
            acme,
            behind_proxy: self.behind_proxy || file.behind_proxy,
            witness: if self.witness.is_empty() {
                file.witness
            } else {
                self.witness
            },
            max_per_address: self.max_per_address.or(file.max_per_address),
        }
    }

    fn says_tls(&self) -> bool {
        self.tls_cert.is_some() || self.tls_key.is_some() || self.tls_self_signed || self.acme.is_some()
    }

    /// What it amounts to.
    ///
    /// # Errors
    /// [`ConfigError`] for what is missing, contradicts itself, or is not built into this relay.
    pub fn options(self) -> Result<ServeOptions, ConfigError> {
        let tls = self.tls()?;
        let store = engine(self.store.as_deref())?;
        if self.database_url.is_some() {
            return refuse(format_args!(
                "--database-url is for --store postgres, which is not built into this relay"
            ));
        }
        let Some(data) = self.data else {
            return refuse(format_args!("where is everything to be kept? give --data DIR"));
        };
        let listen = self.listen.as_deref().unwrap_or(LISTEN);
        let options = ServeOptions {
            data,
            listen: address(listen)?,
            store: store.unwrap_or_default(),
            origin: self.origin,
            max_practices: self.max_practices.unwrap_or(MAX_PRACTICES),
            tls,
            behind_proxy: self.behind_proxy,
            witnesses: self
                .witness
                .iter()
                .map(|text| text.parse())
                .collect::<Result<_, _>>()?,
            witness_every: witnessing::ROUND,
            max_per_address: self.max_per_address.unwrap_or(limits::ADDRESS_CONNECTIONS),
            restored: false,
        };
        options.check()?;
        Ok(options)
    }

    fn tls(&self) -> Result<Tls, ConfigError> {
        if self.acme.is_some() {
            return refuse(format_args!(
                "--acme is not in this version: have the certificate issued by another program and give it with \
                 --tls-cert and --tls-key"
            ));
        }
        match (&self.tls_cert, &self.tls_key, self.tls_self_signed) {
            (None, None, false) => Ok(Tls::Off),
            (None, None, true) => Ok(Tls::SelfSigned),
            (Some(certificate), Some(key), false) => Ok(Tls::Files {
                certificate: certificate.clone(),
                key: key.clone(),
            }),
            (Some(_), None, false) => {
                refuse(format_args!("--tls-cert needs the key too: give --tls-key FILE"))
            }
            (None, Some(_), false) => refuse(format_args!(
                "--tls-key needs the certificate too: give --tls-cert FILE"
            )),
            (_, _, true) => refuse(format_args!(
                "--tls-self-signed makes a certificate: leave out --tls-cert and --tls-key, or it"
            )),
        }
    }
}

/// The engine of a name, if one is given.
///
/// # Errors
/// [`ConfigError`] for a name that this relay has no engine of.
pub fn engine(name: Option<&str>) -> Result<Option<Engine>, ConfigError> {
    match name {
        None => Ok(None),
        Some("postgres") => refuse(format_args!(
            "--store postgres is not built into this relay: choose sqlite (the default) or sled"
        )),
        Some(name) => name.parse().map(Some).map_err(ConfigError),
    }
}

fn address(listen: &str) -> Result<SocketAddr, ConfigError> {
    let found = listen.to_socket_addrs().ok().and_then(|mut all| all.next());
    found.ok_or_else(|| {
        ConfigError(format!(
            "cannot listen on {listen:?}: give an address with a port, such as {LISTEN}"
        ))
    })
}

/// What genesis allows for an origin.
fn is_origin(origin: &str) -> bool {
    let plain = origin
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"-.:[]".contains(&b));
    !origin.is_empty() && origin.len() <= limits::ORIGIN && plain
}

fn refuse<T>(why: fmt::Arguments<'_>) -> Result<T, ConfigError> {
    Err(ConfigError(why.to_string()))
}

#[cfg(test)]
mod tests;
