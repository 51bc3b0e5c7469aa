//! Folding what arrives into a signed checkpoint.

use std::collections::BTreeMap;

use anyhow::{Result, bail, ensure};
use troth_protocol::counts::{self, SignedCounts};
use troth_protocol::entry::{Leaf, Parsed};
use troth_protocol::ids::{Hash, Nonce};
use troth_protocol::stream::Stream;
use troth_protocol::tree::Frontier;
use troth_protocol::wire::{Item, Items, RelayMessage};

use super::{Connection, Member};

/// A ledger as far as it was folded: every root that it passes through was signed by the relay.
pub struct Ledger {
    member: Member,
    frontier: Frontier,
    counts: BTreeMap<Stream, u64>,
}

/// An entry that folded. Its signature is not checked: see [`super::Replay`].
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its position.
    pub position: u64,
    /// Its leaf.
    pub leaf: Leaf,
    /// Its statement.
    pub parsed: Parsed,
    /// Its payload, empty where there is none.
    pub payload: Vec<u8>,
}

impl Ledger {
    /// A ledger of which nothing is known yet but whose it is.
    pub fn new(member: &Member) -> Self {
        Self {
            member: member.clone(),
            frontier: Frontier::new(),
            counts: BTreeMap::new(),
        }
    }

    /// Entries folded.
    pub fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// The root over them.
    pub fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// Follows from here to the end of the catch-up, whose counts must hold. Every root passed is handed to `signed`.
    ///
    /// # Errors
    /// Anything that the relay sends is not as it should be.
    pub async fn catch_up(
        &mut self,
        connection: &mut Connection,
        rng: &mut impl rand::CryptoRng,
        mut signed: impl FnMut(u64, Hash),
    ) -> Result<Vec<Entry>> {
        let nonce = connection.follow(rng, self.size()).await?;
        let mut entries = Vec::new();
        loop {
            let items = match connection.receive().await? {
                RelayMessage::Items(items) => items,
                other => bail!("expected items, not {other:?}"),
            };
            let positions = self.fold(&items)?;
            signed(self.size(), self.root());
            let counts = items.counts;
            entries.extend(self.read(items, positions)?);
            if let Some(counts) = counts {
                self.check_counts(&counts, &nonce)?;
                return Ok(entries);
            }
        }
    }

    /// Folds items and checks the relay's signature on where they lead. Returns the entries' positions.
    ///
    /// # Errors
    /// They lead elsewhere, or the signature is not the relay's.
    pub fn fold(&mut self, items: &Items) -> Result<Vec<u64>> {
        let folded = items.fold(&self.frontier)?;
        items
            .checkpoint
            .verify(&self.member.origin, &self.member.ledger_key)?;
        self.frontier = folded.frontier;
        Ok(folded.positions)
    }

    /// Parses the entries among folded items, and counts them in their streams.
    ///
    /// # Errors
    /// One is malformed, has another payload than it names, or leaves a gap in its stream.
    pub fn read(&mut self, items: Items, positions: Vec<u64>) -> Result<Vec<Entry>> {
        let all = items.items.iter().all(|item| matches!(item, Item::Entry(_)));
        ensure!(all, "the only member of a practice sees every entry");
        let mut entries = Vec::with_capacity(positions.len());
        for (item, position) in items.into_entries().zip(positions) {
            let parsed = Parsed::parse(item.leaf.signed.clone())?;
            let payload: Vec<u8> = item.payload.map(Into::into).unwrap_or_default();
            parsed.check_payload(&payload)?;
            let count = self.counts.entry(parsed.statement().stream()).or_insert(0);
            ensure!(
                *count == item.leaf.stream_seq,
                "a gap in a stream before entry {position}"
            );
            *count += 1;
            entries.push(Entry {
                position,
                leaf: item.leaf,
                parsed,
                payload,
            });
        }
        Ok(entries)
    }

    /// The relay's word on how much there is: its signature, for this follower, at this size.
    fn check_counts(&self, signed: &SignedCounts, nonce: &Nonce) -> Result<()> {
        let counts = signed.verify(&self.member.practice, &self.member.ledger_key)?;
        ensure!(counts.nonce == *nonce, "the counts are another follower's");
        let here = counts.checkpoint.size == self.size() && counts.checkpoint.root == self.root();
        ensure!(here, "the counts are of another size");
        ensure!(
            counts.digest == counts::digest(&self.counts),
            "something is withheld"
        );
        Ok(())
    }
}
