//! What this device holds against its relay: in words, and where the relay's own signatures prove it, in a file.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};
use troth_protocol::counts::SignedCounts;
use troth_protocol::entry::Parsed;
use troth_protocol::evidence::{self, Miscounted, Placed, Proof, judge};
use troth_protocol::stream::Stream;
use troth_protocol::tree::Frontier;
use troth_protocol::wire::{EntryItem, Item, Items, RelayMessage, RootsItem, message};

use super::rows::{ENTRY, EntryRow, RUN, RunRow};
use super::{Device, Evidence};
use crate::storage::Storage;

/// Why what the relay sent is not believed.
#[derive(Debug)]
pub(super) struct Dishonest {
    /// What it did, in plain words.
    pub what: String,
    /// What it signed that cannot all be true.
    pub proof: Option<Box<Proof>>,
    /// What more there may be to it.
    pub hint: Hint,
}

/// Where to look for what the relay signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    None,
    /// What it sent is not of the ledger that it showed before: it may sign another root at this device's size.
    Fold,
    /// Entries of a stream are missing: it may have signed that there are none.
    Gap,
}

/// The newest signed counts that held, and what was counted.
#[derive(Clone, Debug, Encode, Decode)]
#[cbor(array)]
pub(super) struct CountedRow {
    #[n(0)]
    pub signed: SignedCounts,
    #[n(1)]
    pub counts: BTreeMap<Stream, u64>,
}

/// An accusation that is proven, kept for as long as the device is.
#[derive(Clone, Debug, Encode, Decode)]
#[cbor(array)]
pub(super) struct EvidenceRow {
    #[n(0)]
    pub what: String,
    #[cbor(n(1), with = "minicbor::bytes")]
    pub file: Vec<u8>,
}

impl Dishonest {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            proof: None,
            hint: Hint::None,
        }
    }

    pub(super) fn proven(what: impl Into<String>, proof: Proof) -> Self {
        Self {
            proof: Some(Box::new(proof)),
            ..Self::new(what)
        }
    }

    pub(super) fn hinting(self, hint: Hint) -> Self {
        Self { hint, ..self }
    }
}

impl<S: Storage> Device<S> {
    /// The accusation as a person gets it. A file comes with it only if whoever judges it by itself will say the same.
    pub(super) fn evidence(&self, accusation: Dishonest) -> Evidence {
        let file = accusation.proof.and_then(|proof| self.evidence_file(*proof));
        Evidence {
            what: accusation.what,
            proof: file,
        }
    }

    fn evidence_file(&self, proof: Proof) -> Option<Vec<u8>> {
        let genesis = self.rows.entry(0).ok()??.leaf.signed;
        let file = evidence::Evidence::new(genesis, self.turns()?, proof).encode();
        judge(&file).is_ok().then_some(file)
    }

    /// The practice chain as far as it names ledger keys, and what the ledger is called, after genesis.
    fn turns(&self) -> Option<Vec<Placed>> {
        let roster = &self.state.as_ref()?.roster;
        let (turned, _) = roster.ledger_keys().last()?;
        let until = &roster
            .resumptions()
            .last()
            .map_or(*turned, |r| r.position.max(*turned));
        if *until == 0 {
            return Some(Vec::new());
        }
        let mut rows = self.rows.scan::<EntryRow>(ENTRY).ok()?;
        rows.retain(|row| {
            (1..=*until).contains(&row.position) && stream_of(&row.leaf) == Some(Stream::Roster)
        });
        rows.sort_unstable_by_key(|row| row.position);
        let placed = rows.into_iter().map(|row| Placed {
            position: row.position,
            leaf: row.leaf,
        });
        Some(placed.collect())
    }

    /// What proves that entries are missing which the relay signed there were none of, where its counts do.
    pub(super) fn miscounted(&self, frame: &[u8]) -> Option<Box<Proof>> {
        let Ok(RelayMessage::Items(items)) = message::<RelayMessage>(frame) else {
            return None;
        };
        let stream = self.gap_in(&items)?;
        let CountedRow { signed, counts } = self.counted.clone()?;
        let size = signed.counts.checkpoint.size;
        let checkpoint = items.checkpoint;
        let new = items.items.into_iter().map(bare);
        let (frontier, items) = match self.shown_since(size) {
            Some((frontier, shown)) => (frontier, shown.into_iter().chain(new).collect()),
            None => (self.frontier.clone(), new.collect()),
        };
        Some(Box::new(Proof::Counts(Miscounted {
            signed,
            counts,
            stream,
            frontier,
            items,
            checkpoint,
        })))
    }

    /// The first stream among items in which an entry is missing.
    fn gap_in(&self, items: &Items) -> Option<Stream> {
        let state = self.state.as_ref()?;
        let mut next: BTreeMap<Stream, u64> = BTreeMap::new();
        items.items.iter().find_map(|item| {
            let Item::Entry(EntryItem { leaf, .. }) = item else {
                return None;
            };
            let stream = stream_of(leaf)?;
            let next = next.entry(stream).or_insert_with(|| state.count(&stream));
            let gap = leaf.stream_seq != *next;
            *next += 1;
            gap.then_some(stream)
        })
    }

    /// What this device was shown since a size, as it keeps it.
    fn shown_since(&self, size: u64) -> Option<(Frontier, Vec<Item>)> {
        let frontier = self.trail.at(size)?.frontier;
        let mut items = Vec::new();
        let mut position = size;
        while position < self.frontier.size() {
            let item = match self.rows.entry(position).ok()? {
                Some(row) => Item::Entry(EntryItem {
                    leaf: row.leaf,
                    payload: None,
                }),
                None => {
                    let run: RunRow = self.rows.get(RUN, &position.to_be_bytes()).ok()??;
                    Item::Roots(RootsItem {
                        entries: run.entries,
                        roots: run.roots,
                    })
                }
            };
            position += match &item {
                Item::Entry(_) => 1,
                Item::Roots(run) => run.entries.max(1),
            };
            items.push(item);
        }
        Some((frontier, items))
    }
}

/// An item without its payload.
fn bare(item: Item) -> Item {
    match item {
        Item::Entry(entry) => Item::Entry(EntryItem {
            payload: None,
            ..entry
        }),
        run @ Item::Roots(_) => run,
    }
}

fn stream_of(leaf: &troth_protocol::entry::Leaf) -> Option<Stream> {
    let parsed = Parsed::parse(leaf.signed.clone()).ok()?;
    Some(parsed.statement().stream())
}
