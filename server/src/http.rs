//! The relay's HTTP side: the WebSocket's door, health, checkpoints and tiles.
//!
//! | path | is |
//! | --- | --- |
//! | `/v1/sync` | the WebSocket of a device |
//! | `/healthz` | the process is up |
//! | `/readyz` | the core takes events and the store answers |
//! | `/log/<practice>/checkpoint` | the newest signed checkpoint (C2SP tlog-checkpoint) |
//! | `/log/<practice>/witnessed` | the newest that the practice's witnesses have cosigned |
//! | `/log/<practice>/tile/<L>/<N>[.p/<W>]` | hashes of the tree (C2SP tlog-tiles) |
//! | `/log/<practice>/tile/entries/…` | refused: entries go to members only, over their connection |
//! | `/i`, `/i/…` | the intake page, where it was built in |
//! | `/r` | the same page, which checks the receipt behind `#` |
//! | `/.well-known/troth-assets` | the SHA-256 of each of its files |
//!
//! Checkpoints and tiles are hashes of hashes: they say how large a ledger is, and nothing of what is in it.

mod door;
mod entrance;
mod health;
mod ledger;
pub mod page;
pub mod page_host;
mod sync;
pub mod tls;

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::sync::Semaphore;

pub use door::Door;
pub use entrance::{Caller, Entrance};

use crate::relay::Relay;

/// Tiles read from the disk at once; more would wait for the same disk.
const TILE_READS: usize = 8;

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct Shared {
    relay: Relay,
    reads: Arc<Semaphore>,
}

/// The routes.
pub fn router(relay: Relay) -> Router {
    Router::new()
        .route("/", get(about))
        .route("/v1/sync", get(sync::upgrade))
        .route("/healthz", get(health::up))
        .route("/readyz", get(health::ready))
        .route("/log/{practice}/checkpoint", get(ledger::checkpoint))
        .route("/log/{practice}/witnessed", get(ledger::witnessed))
        .route("/log/{practice}/tile/{*tile}", get(ledger::tile))
        .merge(page::routes(None))
        .fallback(nothing)
        .layer(axum::middleware::map_response(secured))
        .with_state(Shared {
            relay,
            reads: Arc::new(Semaphore::new(TILE_READS)),
        })
}

/// Nothing here is to be framed, sniffed, run or kept, unless a handler says otherwise.
async fn secured(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

async fn about() -> Response {
    sentence(
        StatusCode::OK,
        "This is a Troth relay. It keeps what devices have encrypted, and cannot read it.",
    )
}

async fn nothing() -> Response {
    sentence(StatusCode::NOT_FOUND, "There is nothing here.")
}

/// An answer of one plain sentence.
fn sentence(status: StatusCode, text: &str) -> Response {
    (status, format!("{text}\n")).into_response()
}
