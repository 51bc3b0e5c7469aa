//! Whether the relay lives, and whether it can work.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use tokio::time::timeout;
use troth_protocol::ids::PracticeId;

use super::{Shared, sentence};

/// How long the store may take to answer.
const STORE_WITHIN: Duration = Duration::from_secs(2);

/// The process is up.
pub async fn up() -> Response {
    sentence(StatusCode::OK, "up")
}

/// The core takes events and the store answers.
pub async fn ready(State(shared): State<Shared>) -> Response {
    if !shared.relay.answers().await {
        return sentence(
            StatusCode::SERVICE_UNAVAILABLE,
            "not ready: the core does not answer",
        );
    }
    let store = shared.relay.store().clone();
    let asked = tokio::task::spawn_blocking(move || store.head(&PracticeId::ZERO));
    match timeout(STORE_WITHIN, asked).await {
        Ok(Ok(Ok(_))) => sentence(StatusCode::OK, "ready"),
        Ok(Ok(Err(error))) => {
            tracing::warn!(%error, "the store does not answer");
            sentence(
                StatusCode::SERVICE_UNAVAILABLE,
                "not ready: the store does not answer",
            )
        }
        _ => sentence(
            StatusCode::SERVICE_UNAVAILABLE,
            "not ready: the store does not answer",
        ),
    }
}
