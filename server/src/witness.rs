//! A witness: cosigns the checkpoints of the ledgers it follows, and only such as extend what it cosigned before
//! (C2SP tlog-witness, tlog-cosignature).
//!
//! It runs on a machine of its own, keeps one record for each ledger, and sees nothing of what is in them: names, sizes
//! and roots.
//!
//! | path | is |
//! | --- | --- |
//! | `POST /add-checkpoint` | cosign a checkpoint |
//! | `GET /<SHA-256 of the origin>/checkpoint` | what was cosigned last, for monitors |
//! | `GET /healthz` | the process is up |

mod record;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use ed25519_dalek::SigningKey;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::{error, info, warn};
use troth_protocol::checkpoint::{KeyKind, MlDsaKey, SignatureLine, VerifierKey};
use troth_protocol::ids::{Hash, VerifyingKey};
use troth_protocol::limits;
use troth_protocol::witness::{AddCheckpoint, MAX_REQUEST_BYTES, Refusal, TrustedLog};

use crate::config::{ConfigError, Tls};
use crate::http::{Door, Entrance, tls};
use crate::keyfile::{self, KeyFileError};
use record::{Record, RecordError};

/// How a witness is set up.
#[derive(Clone, Debug)]
pub struct WitnessOptions {
    /// The directory of its key and its record; made if it is not there.
    pub data: PathBuf,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The name of its key: a host and a path, such as `witness.example/w1`.
    pub name: String,
    /// The ledgers that it follows.
    pub logs: Vec<TrustedLog>,
    /// TLS; [`Tls::SelfSigned`] is not for witnesses.
    pub tls: Tls,
}

/// Why a witness does not start.
#[derive(Debug, Error)]
pub enum WitnessError {
    /// What was asked for cannot be done.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// There is no key.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The record cannot be opened.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// There is no TLS.
    #[error(transparent)]
    Tls(#[from] tls::TlsError),
    /// The address cannot be listened on, or the directory cannot be made.
    #[error("{0}: {1}")]
    Io(String, std::io::Error),
}

/// A witness that serves.
pub struct Witness {
    address: SocketAddr,
    secure: bool,
    keys: [VerifierKey; 2],
    stop: watch::Sender<bool>,
    door: JoinHandle<()>,
}

#[derive(Clone)]
struct Shared(Arc<Inner>);

struct Inner {
    name: String,
    key: SigningKey,
    ml_dsa: MlDsaKey,
    logs: Vec<TrustedLog>,
    record: Record,
}

impl Witness {
    /// Opens the record and listens.
    ///
    /// # Errors
    /// [`WitnessError`]; nothing is left running then.
    pub async fn start(options: WitnessOptions) -> Result<Self, WitnessError> {
        let tls = match &options.tls {
            Tls::Off => None,
            Tls::Files { certificate, key } => Some(tls::from_files(certificate, key)?),
            Tls::SelfSigned => {
                let why = "a witness is reached by relays that check its certificate: give --tls-cert and --tls-key, or put \
                           a proxy with TLS before it";
                return Err(ConfigError(why.to_owned()).into());
            }
        };
        let io = |what: String| move |error| WitnessError::Io(what, error);
        std::fs::create_dir_all(&options.data).map_err(io(options.data.display().to_string()))?;
        let (signing, ml_dsa) = keyfile::load_or_make_witness(&options.data)?;
        for file in [keyfile::WITNESS_KEY, keyfile::WITNESS_ML_DSA_KEY] {
            if keyfile::is_exposed(&options.data.join(file)) {
                warn!("others than the owner may read {file}; take that right away");
            }
        }
        let public = VerifyingKey(signing.verifying_key().to_bytes());
        let keys = [
            VerifierKey::new(options.name.clone(), KeyKind::Cosignature, public),
            VerifierKey::ml_dsa(options.name.clone(), &ml_dsa.public()),
        ];
        let [key, later] = keys.map(|key| key.map_err(|error| ConfigError(error.to_string())));
        let keys = [key?, later?];
        let record = Record::open(&options.data)?;
        let listen = options.listen;
        let listener = TcpListener::bind(listen).await.map_err(io(listen.to_string()))?;
        let address = listener.local_addr().map_err(io(listen.to_string()))?;
        let secure = tls.is_some();
        let shared = Shared(Arc::new(Inner {
            name: options.name,
            key: signing,
            ml_dsa,
            logs: options.logs,
            record,
        }));
        let (stop, stopped) = watch::channel(false);
        let door = Door {
            listener,
            tls,
            router: router(shared),
            entrance: Entrance::new(limits::ADDRESS_CONNECTIONS, false),
        };
        let door = tokio::spawn(door.keep(stopped));
        Ok(Self {
            address,
            secure,
            keys,
            stop,
            door,
        })
    }

    /// Where it is reached.
    pub fn url(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// The keys that it cosigns with, as practices' policies name them: of Ed25519, and of ML-DSA-44. It always uses both, and a policy
    /// names the one that it wants to count.
    pub const fn keys(&self) -> &[VerifierKey; 2] {
        &self.keys
    }

    /// Answers what was asked, and ends.
    pub async fn shut_down(self) {
        let _ = self.stop.send(true);
        let _ = self.door.await;
    }
}

fn router(shared: Shared) -> Router {
    Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/{origin}/checkpoint", get(checkpoint))
        .route("/healthz", get(|| async { "ok\n" }))
        .layer(DefaultBodyLimit::max(MAX_REQUEST_BYTES))
        .with_state(shared)
}

async fn add_checkpoint(State(shared): State<Shared>, body: Bytes) -> Response {
    match tokio::task::spawn_blocking(move || shared.0.cosign(&body)).await {
        Ok(Ok(lines)) => lines
            .iter()
            .map(|line| format!("{line}\n"))
            .collect::<String>()
            .into_response(),
        Ok(Err(Answer::Refused(Refusal::Conflict(size)))) => (
            StatusCode::CONFLICT,
            [(header::CONTENT_TYPE, "text/x.tlog.size")],
            format!("{size}\n"),
        )
            .into_response(),
        Ok(Err(Answer::Refused(refusal))) => {
            warn!(
                status = refusal.status(),
                "a checkpoint was not cosigned: {refusal}"
            );
            let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
            (status, format!("{refusal}\n")).into_response()
        }
        Ok(Err(Answer::Failed(RecordError::Crowded))) => (
            StatusCode::TOO_MANY_REQUESTS,
            format!("{}\n", RecordError::Crowded),
        )
            .into_response(),
        Ok(Err(Answer::Failed(failure))) => {
            error!("a checkpoint could not be recorded: {failure}");
            unavailable()
        }
        Err(failure) => {
            error!("a checkpoint could not be considered: {failure}");
            unavailable()
        }
    }
}

async fn checkpoint(State(shared): State<Shared>, Path(origin): Path<String>) -> Response {
    let Some(origin) = Hash::from_hex(&origin) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match tokio::task::spawn_blocking(move || shared.0.record.note(&origin)).await {
        Ok(Ok(Some(note))) => ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], note).into_response(),
        Ok(Ok(None)) => (
            StatusCode::NOT_FOUND,
            "This witness has cosigned nothing of this log.\n",
        )
            .into_response(),
        _ => unavailable(),
    }
}

fn unavailable() -> Response {
    (
        StatusCode::SERVICE_UNAVAILABLE,
        "This witness cannot answer now; ask again later.\n",
    )
        .into_response()
}

/// Why there is no cosignature.
enum Answer {
    Refused(Refusal),
    Failed(RecordError),
}

impl Inner {
    /// Considers a request, and records what is cosigned before the cosignature leaves.
    fn cosign(&self, request: &[u8]) -> Result<Vec<SignatureLine>, Answer> {
        let request = AddCheckpoint::parse(request).map_err(Answer::Refused)?;
        let origin = request.checkpoint.checkpoint().origin().to_owned();
        let cosigned = self.record.advance(&origin, |last| {
            let seen = troth_protocol::witness::consider(&self.logs, last, &request)?;
            // A clock before 1970, or a name that was checked at the start: neither happens.
            let (checkpoint, at) = (seen.checkpoint(), seconds());
            let first = checkpoint
                .cosign(&self.name, &self.key, at)
                .map_err(Refusal::Note)?;
            // None of an origin that is longer than such a cosignature can name.
            let second = checkpoint.cosign_ml_dsa(&self.name, &self.ml_dsa, at).ok();
            let lines: Vec<SignatureLine> = std::iter::once(first).chain(second).collect();
            let mut note = seen.to_signed();
            for line in &lines {
                note.add(line.clone()).map_err(Refusal::Note)?;
            }
            Ok((seen.size(), *seen.root(), note.to_string(), lines))
        });
        let (size, lines) = cosigned.map_err(Answer::Failed)?.map_err(Answer::Refused)?;
        info!(origin, size, "cosigned");
        Ok(lines)
    }
}

/// Seconds since the Unix epoch.
fn seconds() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}
