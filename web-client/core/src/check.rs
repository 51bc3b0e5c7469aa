//! A receipt as the page shows it, and as it is checked against the relay's tiles.

use std::collections::BTreeMap;

use qrcode::{Color, EcLevel, QrCode};
use serde_json::{Value as Json, json};
use troth_client_core::intake::IntakeReceipt;
use troth_protocol::checkpoint::VerifiedCheckpoint;
use troth_protocol::ids::Hash;
use troth_protocol::statement::SubmissionKind;
use troth_protocol::tree::{TilePath, decode_tile};

use crate::words;

/// See [`super::ReceiptCheck`].
pub struct Check {
    receipt: IntakeReceipt,
    now: Option<VerifiedCheckpoint>,
    tiles: BTreeMap<(u8, u64), Vec<Hash>>,
}

type Told<T> = Result<T, String>;

impl Check {
    pub fn new(fragment: &str) -> Told<Self> {
        Ok(Self {
            receipt: IntakeReceipt::parse(fragment).map_err(words::receipt)?,
            now: None,
            tiles: BTreeMap::new(),
        })
    }

    pub fn shown(&self) -> String {
        shown(&self.receipt).to_string()
    }

    pub fn path(&self) -> String {
        format!("/log/{}", self.receipt.practice())
    }

    pub fn current(&mut self, note: &[u8]) -> Told<Vec<String>> {
        let now = self.receipt.current(note).map_err(words::receipt)?;
        let paths = self.receipt.tiles(&now);
        self.now = Some(now);
        Ok(paths.iter().map(ToString::to_string).collect())
    }

    pub fn tile(&mut self, path: &str, bytes: &[u8]) -> Told<()> {
        let wrong = || "receipt-not-in-it".to_owned();
        let path: TilePath = path.parse().map_err(|_| wrong())?;
        let hashes = decode_tile(bytes).ok_or_else(wrong)?;
        self.tiles.insert((path.tile().level, path.tile().index), hashes);
        Ok(())
    }

    pub fn prove(&self) -> Told<u64> {
        let now = self.now.as_ref().ok_or("strange")?;
        let mut source = |level: u8, index: u64| self.tiles.get(&(level, index)).ok_or(());
        self.receipt.prove(now, &mut source).map_err(words::receipt)?;
        Ok(now.size())
    }
}

/// What a receipt says.
pub fn shown(receipt: &IntakeReceipt) -> Json {
    let kind = match receipt.submission().kind {
        SubmissionKind::Answers => "answers",
        SubmissionKind::Withdraw => "withdraw",
        SubmissionKind::Copy => "copy",
        SubmissionKind::Erase => "erase",
    };
    let checkpoint = receipt.checkpoint();
    json!({
        "kind": kind,
        "submission": receipt.hash().to_string(),
        "position": receipt.position(),
        "received": receipt.received(),
        "origin": checkpoint.origin(),
        "size": checkpoint.size(),
        "root": checkpoint.root().to_string(),
        "key": Hash(receipt.ledger_key().0).to_string(),
    })
}

/// An address as a QR code: the path of its dark squares, in an SVG with a quiet zone of four, and its width with that.
pub fn code(address: &str) -> Json {
    let Ok(code) = QrCode::with_error_correction_level(address, EcLevel::L) else {
        return Json::Null;
    };
    let width = code.width();
    let mut path = String::new();
    for (at, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            path.push_str(&format!("M{} {}h1v1h-1z", at % width + 4, at / width + 4));
        }
    }
    json!({ "path": path, "width": width + 8 })
}
