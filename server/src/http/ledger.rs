//! Checkpoints and tiles, as C2SP tlog-tiles lays them out.

use axum::extract::{Path, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use troth_protocol::checkpoint::{CompactCheckpoint, SignatureLine};
use troth_protocol::ids::{Hash, PracticeId};
use troth_protocol::tree::{TILE_WIDTH, TilePath, encode_tile};

use super::{Shared, sentence};
use crate::directory::Ledger;

/// Hashes of hashes are for everybody: a page on another origin, which checks a receipt, among them.
const EVERYBODY: (HeaderName, &str) = (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
/// A complete tile never changes.
const FOREVER: &str = "public, max-age=31536000, immutable";

/// The newest signed checkpoint, as a signed note.
pub async fn checkpoint(State(shared): State<Shared>, Path(practice): Path<String>) -> Response {
    let Some(ledger) = find(&shared, &practice) else {
        return unknown();
    };
    let witnessed = shared.relay.directory().witnessed(ledger.roster.practice());
    let lines = witnessed.filter(|w| w.checkpoint == ledger.checkpoint);
    note(
        &ledger,
        &ledger.checkpoint,
        lines.as_ref().map_or(&[], |w| &w.cosignatures),
    )
}

/// The newest checkpoint that the practice's witnesses have cosigned, with their cosignatures.
pub async fn witnessed(State(shared): State<Shared>, Path(practice): Path<String>) -> Response {
    let Some(ledger) = find(&shared, &practice) else {
        return unknown();
    };
    match shared.relay.directory().witnessed(ledger.roster.practice()) {
        Some(witnessed) => note(&ledger, &witnessed.checkpoint, &witnessed.cosignatures),
        None => sentence(
            StatusCode::NOT_FOUND,
            "No witness has cosigned this ledger since the relay started.",
        ),
    }
}

fn note(ledger: &Ledger, checkpoint: &CompactCheckpoint, lines: &[String]) -> Response {
    let key = ledger.roster.key_at(checkpoint.size);
    let note = checkpoint
        .to_signed(&ledger.roster.origin_at(checkpoint.size), &key)
        .and_then(|mut note| {
            lines
                .iter()
                .try_for_each(|line| note.add(SignatureLine::parse(line)?))?;
            Ok(note)
        });
    match note {
        Ok(note) => (
            [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), EVERYBODY],
            note.to_string(),
        )
            .into_response(),
        Err(error) => {
            tracing::error!(%error, "a checkpoint could not be written as a note");
            sentence(
                StatusCode::INTERNAL_SERVER_ERROR,
                "The checkpoint could not be written.",
            )
        }
    }
}

/// A tile, complete or not.
pub async fn tile(State(shared): State<Shared>, Path((practice, tile)): Path<(String, String)>) -> Response {
    if tile.starts_with("entries/") {
        return sentence(
            StatusCode::FORBIDDEN,
            "Entries go to members of the practice only, over their own connection.",
        );
    }
    let path: TilePath = match format!("tile/{tile}").parse() {
        Ok(path) => path,
        Err(error) => return sentence(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let Some(ledger) = find(&shared, &practice) else {
        return unknown();
    };
    if !path.is_within(ledger.tree.size()) {
        return sentence(StatusCode::NOT_FOUND, "The ledger has not grown that far.");
    }
    let whole = path.width() == TILE_WIDTH;
    match hashes(&shared, &ledger, path).await {
        Some(bytes) => {
            let keep = if whole { FOREVER } else { "no-store" };
            (
                [
                    (header::CONTENT_TYPE, "application/octet-stream"),
                    (header::CACHE_CONTROL, keep),
                    EVERYBODY,
                ],
                bytes,
            )
                .into_response()
        }
        None => sentence(StatusCode::INTERNAL_SERVER_ERROR, "The tile could not be read."),
    }
}

/// The hashes asked for: from the store once their tile is complete, until then from the tree's edge.
async fn hashes(shared: &Shared, ledger: &Ledger, path: TilePath) -> Option<Vec<u8>> {
    let tile = path.tile();
    if tile.width_at(ledger.tree.size()) < TILE_WIDTH {
        return ledger
            .tree
            .partial(tile.level)
            .get(..path.width())
            .map(encode_tile);
    }
    let _permit = shared.reads.acquire().await.ok()?;
    let (store, practice) = (shared.relay.store().clone(), *ledger.roster.practice());
    let read = tokio::task::spawn_blocking(move || store.tile(&practice, tile.level, tile.index))
        .await
        .ok()?;
    match read {
        Ok(Some(mut bytes)) => {
            bytes.truncate(path.width() * Hash::LEN);
            Some(bytes)
        }
        Ok(None) => {
            tracing::error!(
                level = tile.level,
                index = tile.index,
                "a tile is missing; restore a backup"
            );
            None
        }
        Err(error) => {
            tracing::error!(%error, "a tile could not be read");
            None
        }
    }
}

fn find(shared: &Shared, practice: &str) -> Option<Ledger> {
    shared.relay.directory().ledger(&PracticeId::from_hex(practice)?)
}

fn unknown() -> Response {
    sentence(StatusCode::NOT_FOUND, "This relay keeps no such practice.")
}
