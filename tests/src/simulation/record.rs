//! What was seen, and has to be true in the end.

use std::collections::{BTreeMap, BTreeSet};

use troth_protocol::checkpoint::CompactCheckpoint;
use troth_protocol::ids::{DocumentId, Hash};
use troth_protocol::wire::{Item, Items, Receipt, RelayMessage};

use super::network::Link;
use super::world::{SeatId, Step, Violation};

/// A note that somebody wrote.
#[derive(Clone, Debug)]
pub struct Note {
    /// Its number, which is its id and its text.
    pub number: u64,
    /// Who wrote it.
    pub seat: SeatId,
    /// Where.
    pub document: DocumentId,
    /// Whether the device said that it is kept. Otherwise it may be there or not.
    pub kept: bool,
    /// The size of the ledger that the author knew.
    pub known: u64,
}

/// What was promised and shown.
#[derive(Default)]
pub struct Record {
    /// Every note that was written.
    pub notes: Vec<Note>,
    /// Every statement that the relay said is durable.
    pub acknowledged: BTreeMap<Hash, Receipt>,
    /// Every root that the relay signed, by its size.
    pub signed: BTreeMap<u64, Hash>,
    /// Which payloads were sent to whom, by position.
    pub shown: BTreeSet<(SeatId, u64)>,
}

impl Record {
    /// What the relay says, before anything can happen to it.
    pub(super) fn said(&mut self, link: &Link, message: &RelayMessage) -> Step {
        match message {
            RelayMessage::Appended(appended) => {
                let asked = link
                    .asked
                    .get(&appended.request)
                    .map(Vec::as_slice)
                    .unwrap_or_default();
                for (hash, receipt) in asked.iter().zip(&appended.receipts) {
                    let first = self.acknowledged.entry(*hash).or_insert(*receipt);
                    if first != receipt {
                        return Err(Violation::new(format!(
                            "{first:?} was acknowledged, and then {receipt:?}"
                        )));
                    }
                }
                Ok(())
            }
            RelayMessage::Challenge(challenge) => self.signed(&challenge.checkpoint),
            RelayMessage::Items(items) | RelayMessage::Fetched(_, _, items) => {
                self.signed(&items.checkpoint)?;
                self.shown(link.seat, items);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn signed(&mut self, checkpoint: &CompactCheckpoint) -> Step {
        let first = self.signed.entry(checkpoint.size).or_insert(checkpoint.root);
        if *first == checkpoint.root {
            Ok(())
        } else {
            Err(Violation::new(format!(
                "the relay signed two roots for size {}",
                checkpoint.size
            )))
        }
    }

    fn shown(&mut self, seat: SeatId, items: &Items) {
        let mut position = items.from;
        for item in &items.items {
            match item {
                Item::Entry(entry) => {
                    if entry.payload.is_some() {
                        self.shown.insert((seat, position));
                    }
                    position += 1;
                }
                Item::Roots(run) => position += run.entries,
            }
        }
    }
}
