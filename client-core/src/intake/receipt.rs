//! What a client is left with: a receipt that anybody can check, without a secret in it and without a word of what was said.
//!
//! It holds the ledger's leaf of the submission, the link's public key, and a checkpoint of the ledger that the leaf is in. What it
//! says by itself, [`IntakeReceipt::parse`] checks; that the leaf is in the ledger, and still is, the relay proves with its tiles.

use data_encoding::BASE64URL_NOPAD;
use minicbor::{Decode, Encode};
use thiserror::Error;
use troth_protocol::cbor;
use troth_protocol::checkpoint::{
    CompactCheckpoint, SignedCheckpoint, VerifiedCheckpoint, ledger_origin, resumed_origin,
};
use troth_protocol::entry::{Leaf, Parsed};
use troth_protocol::ids::{DeviceId, Hash, PracticeId, VerifyingKey};
use troth_protocol::statement::{Body, Submission};
use troth_protocol::tree::{
    FoldError, Frontier, Subtree, Tile, TilePath, TileSource, cover, leaf_hash, subtree_root,
};
use troth_protocol::wire::{ClientMessage, Receipt};

use super::{Sending, Visit};

/// A receipt's version, before the rest of it.
const VERSION: &str = "v1";

/// Why a receipt shows nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ReceiptFault {
    /// It is no receipt at all.
    #[error("this is not a receipt: copy the whole of it")]
    NotAReceipt,
    /// Its end is missing, or something was added.
    #[error("this receipt is not whole: copy it again, to its very end")]
    Truncated,
    /// It is of a later version.
    #[error("this receipt is of a version that this program does not know: update the program")]
    Version,
    /// What it says was not signed as it says.
    #[error("this receipt was altered or made up: what it says was never signed")]
    Altered,
    /// The ledger that the relay shows now was not signed with the receipt's key.
    #[error("the ledger that the server shows was not signed with this receipt's key: it is another one")]
    OtherLedger,
    /// The ledger that the relay shows now is shorter than the receipt's.
    #[error(
        "the ledger that the server shows is shorter than this receipt's: it went back, or hides entries"
    )]
    Shorter,
    /// What the relay shows does not lead from the entry to what it signed.
    #[error("the server does not prove that the entry is in its ledger")]
    NotInIt,
}

/// What a receipt holds.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct Parts {
    /// The relay's origin, as the ledger names it.
    #[n(0)]
    origin: String,
    #[n(1)]
    practice: PracticeId,
    /// The key that signs the ledger.
    #[n(2)]
    ledger_key: VerifyingKey,
    /// The link's public key.
    #[n(3)]
    link: VerifyingKey,
    /// The leaf's place in the ledger.
    #[n(4)]
    position: u64,
    #[n(5)]
    leaf: Leaf,
    /// Of a ledger that is longer than `position`.
    #[n(6)]
    checkpoint: CompactCheckpoint,
    /// The ledger's name since it was resumed after a restore, if it was.
    #[n(7)]
    ledger: Option<PracticeId>,
}

impl Parts {
    /// The name that the checkpoint is signed under.
    fn ledger_origin(&self) -> String {
        match &self.ledger {
            None => ledger_origin(&self.origin, &self.practice),
            Some(ledger) => resumed_origin(&self.origin, &self.practice, ledger),
        }
    }
}

/// A receipt whose signatures hold: the link's over the submission, the ledger's over a size that the submission's place is below.
#[derive(Clone, Debug)]
pub struct IntakeReceipt {
    parts: Parts,
    submission: Submission,
    hash: Hash,
    checkpoint: VerifiedCheckpoint,
}

impl IntakeReceipt {
    /// The receipt of what was sent, once the relay has signed a ledger that holds it.
    ///
    /// # Errors
    /// [`ReceiptFault::Altered`] where what the relay answered does not fit what was sent.
    pub fn of(visit: &Visit, sending: &Sending, receipt: &Receipt) -> Result<Self, ReceiptFault> {
        let (ClientMessage::Submit(submit), Ok(asking)) = (&sending.message, visit.asking()) else {
            return Err(ReceiptFault::Altered);
        };
        Self::check(Parts {
            origin: asking.origin.clone(),
            practice: *visit.practice(),
            ledger_key: asking.ledger_key,
            link: visit.link_key(),
            position: receipt.position,
            leaf: Leaf {
                received: receipt.received,
                stream_seq: receipt.stream_seq,
                signed: submit.upload.signed.clone(),
            },
            checkpoint: *visit.checkpoint(),
            ledger: visit.ledger(),
        })
    }

    /// Reads a receipt as it stands behind `#`, and checks what can be checked without asking anybody.
    ///
    /// # Errors
    /// [`ReceiptFault::NotAReceipt`], [`ReceiptFault::Truncated`], [`ReceiptFault::Version`], [`ReceiptFault::Altered`].
    pub fn parse(text: &str) -> Result<Self, ReceiptFault> {
        let (version, rest) = text.trim().split_once('.').ok_or(ReceiptFault::NotAReceipt)?;
        if version != VERSION {
            let known = version.starts_with('v') && version.len() < 8;
            return Err(if known {
                ReceiptFault::Version
            } else {
                ReceiptFault::NotAReceipt
            });
        }
        let bytes = BASE64URL_NOPAD.decode(rest.as_bytes());
        let bytes = bytes.map_err(|_| ReceiptFault::Truncated)?;
        Self::check(cbor::decode(&bytes).map_err(|_| ReceiptFault::Truncated)?)
    }

    /// What stands behind `#`.
    pub fn text(&self) -> String {
        let parts = BASE64URL_NOPAD.encode(&cbor::encode(&self.parts));
        format!("{VERSION}.{parts}")
    }

    fn check(parts: Parts) -> Result<Self, ReceiptFault> {
        Self::checked(parts).ok_or(ReceiptFault::Altered)
    }

    fn checked(parts: Parts) -> Option<Self> {
        let parsed = Parsed::parse(parts.leaf.signed.clone()).ok()?;
        let Body::Submission(submission) = parsed.statement().body else {
            return None;
        };
        let signer = DeviceId(Hash::of(&[parts.link.as_bytes()]).0);
        if parsed.statement().signer != signer {
            return None;
        }
        let hash = parsed.verify(&parts.link, &parts.practice).ok()?.hash();
        let origin = parts.ledger_origin();
        let checkpoint = parts.checkpoint.verify(&origin, &parts.ledger_key).ok()?;
        (parts.position < checkpoint.size()).then_some(Self {
            parts,
            submission,
            hash,
            checkpoint,
        })
    }

    /// The practice.
    pub const fn practice(&self) -> &PracticeId {
        &self.parts.practice
    }

    /// What was sent, as the ledger tells it: its kind, its link, its place among what came through the link.
    pub const fn submission(&self) -> &Submission {
        &self.submission
    }

    /// The submission's name.
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    /// Its place in the ledger.
    pub const fn position(&self) -> u64 {
        self.parts.position
    }

    /// The relay's clock when it took it, in milliseconds since the Unix epoch.
    pub const fn received(&self) -> u64 {
        self.parts.leaf.received
    }

    /// The ledger's key.
    pub const fn ledger_key(&self) -> &VerifyingKey {
        &self.parts.ledger_key
    }

    /// The ledger that holds it, as it was signed then.
    pub const fn checkpoint(&self) -> &VerifiedCheckpoint {
        &self.checkpoint
    }

    /// The ledger as the relay signs it now, from the note that it serves.
    ///
    /// # Errors
    /// [`ReceiptFault::OtherLedger`], [`ReceiptFault::Shorter`].
    pub fn current(&self, note: &[u8]) -> Result<VerifiedCheckpoint, ReceiptFault> {
        let signed = SignedCheckpoint::parse(note).map_err(|_| ReceiptFault::OtherLedger)?;
        let now = signed.verify(self.checkpoint.origin(), self.ledger_key());
        let now = now.map_err(|_| ReceiptFault::OtherLedger)?;
        if now.size() < self.checkpoint.size() {
            return Err(ReceiptFault::Shorter);
        }
        Ok(now)
    }

    /// The tiles that [`Self::prove`] reads, each as wide as it needs it.
    pub fn tiles(&self, now: &VerifiedCheckpoint) -> Vec<TilePath> {
        let mut widest = std::collections::BTreeMap::new();
        for subtree in self.around(now.size()).into_iter().flatten() {
            if let Some((tile, range)) = Tile::holding(subtree) {
                let width = widest.entry(tile).or_insert(0);
                *width = range.end.max(*width);
            }
        }
        let paths = widest.into_iter();
        paths
            .filter_map(|(tile, width)| TilePath::new(tile, width).ok())
            .collect()
    }

    /// Shows that the leaf stands in its place in the ledger that was signed with the receipt, and that the ledger signed `now`
    /// begins with that one: leaf and subtrees fold into both roots.
    ///
    /// # Errors
    /// [`ReceiptFault::NotInIt`].
    pub fn prove<S: TileSource>(&self, now: &VerifiedCheckpoint, tiles: &mut S) -> Result<(), ReceiptFault> {
        let [before, after, since] = self.around(now.size());
        let leaf = leaf_hash(&self.parts.leaf.encode());
        let mut frontier = Frontier::new();
        fold(&mut frontier, &before, tiles)?;
        frontier.push_leaf(leaf).map_err(not_in_it)?;
        fold(&mut frontier, &after, tiles)?;
        if frontier.root() != *self.checkpoint.root() {
            return Err(ReceiptFault::NotInIt);
        }
        fold(&mut frontier, &since, tiles)?;
        if frontier.root() == *now.root() {
            Ok(())
        } else {
            Err(ReceiptFault::NotInIt)
        }
    }

    /// The subtrees before the leaf; those after it in the ledger of the receipt; those that came since.
    fn around(&self, now: u64) -> [Vec<Subtree>; 3] {
        let (position, then) = (self.parts.position, self.checkpoint.size());
        [
            cover(0, position).collect(),
            cover(position + 1, then).collect(),
            cover(then, now).collect(),
        ]
    }
}

fn fold<S: TileSource>(
    frontier: &mut Frontier,
    subtrees: &[Subtree],
    tiles: &mut S,
) -> Result<(), ReceiptFault> {
    for subtree in subtrees {
        let root = subtree_root(*subtree, tiles).map_err(|_| ReceiptFault::NotInIt)?;
        frontier.push_subtree(subtree.level, root).map_err(not_in_it)?;
    }
    Ok(())
}

fn not_in_it(_: FoldError) -> ReceiptFault {
    ReceiptFault::NotInIt
}

#[cfg(test)]
mod tests;
