//! Evidence against a relay that really signed all of it, and files that prove nothing.

use ed25519_dalek::SigningKey;
use troth_protocol::checkpoint::{Checkpoint, CompactCheckpoint};
use troth_protocol::counts::{Counts, SignedCounts, digest};
use troth_protocol::evidence::{Evidence, Miscounted, Placed, Proof, Rewritten};
use troth_protocol::ids::{Hash, Nonce};
use troth_protocol::labels;
use troth_protocol::signature::Signature;
use troth_protocol::state::State;
use troth_protocol::statement::{CheckpointRef, Lane, RosterAction};
use troth_protocol::stream::Stream;
use troth_protocol::tree::{Frontier, cover, leaf_hash};
use troth_protocol::wire::{EntryItem, Item, RootsItem};

use crate::practice::{Device, Practice, public, signing_key, writer};

/// A ledger with two documents, edited in turn, and the key that its relay signs with.
pub struct Case {
    pub practice: Practice,
    pub anna: Device,
    pub key: SigningKey,
    pub stream: Stream,
    /// The state at each size.
    pub states: Vec<State>,
}

impl Case {
    pub fn new() -> Self {
        let (mut practice, anna) = Practice::found();
        let mut states = vec![practice.state.clone(), practice.state.clone()];
        let mut documents = Vec::new();
        for lane in [Lane::Joint, Lane::PartnerA] {
            documents.push(practice.document(&anna, lane, vec![writer(&anna)]));
            states.push(practice.state.clone());
        }
        for number in [0, 1, 0, 0, 1, 0] {
            practice.change(&anna, documents[number]).unwrap();
            states.push(practice.state.clone());
        }
        let key = practice.ledger.clone();
        Self {
            practice,
            anna,
            key,
            stream: Stream::Document(documents[0]),
            states,
        }
    }

    /// The ledger key turns; from here on the relay signs with the next one.
    pub fn turn(&mut self) -> SigningKey {
        let next = signing_key(77);
        let proof = Signature::sign(&next, labels::LEDGER_PROOF, &self.practice.id(), &[]);
        let key = public(&next);
        self.practice
            .roster(&self.anna, vec![RosterAction::TurnLedgerKey { key, proof }])
            .unwrap();
        self.states.push(self.practice.state.clone());
        std::mem::replace(&mut self.key, next)
    }

    /// The relay comes back with so many entries, an admin resumes the ledger, and it grows another way.
    pub fn restored(&self, size: u64, now: u64) -> Self {
        let at = size as usize;
        let mut practice = self.practice.clone();
        practice.entries.truncate(at);
        practice.state = self.states[at].clone();
        practice.now = now;
        let mut case = Self {
            practice,
            anna: self.anna.clone(),
            key: self.key.clone(),
            stream: self.stream,
            states: self.states[..=at].to_vec(),
        };
        let of = |case: &Self, size: u64| CheckpointRef {
            size,
            root: case.frontier(size).root(),
        };
        let resume = RosterAction::Resume {
            abandoned: of(self, self.size()),
            resumed: of(&case, size),
        };
        case.practice.roster(&case.anna, vec![resume]).unwrap();
        case.states.push(case.practice.state.clone());
        let Stream::Document(document) = case.stream else {
            unreachable!("it is a document's");
        };
        for _ in 0..4 {
            case.practice.change(&case.anna, document).unwrap();
            case.states.push(case.practice.state.clone());
        }
        case
    }

    /// This ledger at `later`, and what was signed of a size before it.
    pub fn rewritten_of(&self, earlier: CompactCheckpoint, later: u64) -> Proof {
        Proof::Rewritten(Rewritten {
            earlier,
            frontier: self.frontier(earlier.size),
            since: self.run(earlier.size, later).roots,
            later: self.checkpoint(later),
        })
    }

    /// What the relay counted of one stream more or less, and everything that it has.
    pub fn miscounted(&self, by: &Self, size: u64) -> Proof {
        let Proof::Counts(counted) = by.counted(size, by.count(size), 0, |_| true) else {
            unreachable!("it is counts");
        };
        let Proof::Counts(shown) = self.counted(self.size(), 0, 0, |_| true) else {
            unreachable!("it is counts");
        };
        Proof::Counts(Miscounted {
            signed: counted.signed,
            counts: counted.counts,
            ..shown
        })
    }

    pub fn size(&self) -> u64 {
        self.practice.next()
    }

    pub fn frontier(&self, size: u64) -> Frontier {
        let mut frontier = Frontier::new();
        for entry in &self.practice.entries[..size as usize] {
            frontier.push_leaf(leaf_hash(&entry.leaf.encode())).unwrap();
        }
        frontier
    }

    /// The relay's signature on whatever root.
    pub fn signs(&self, key: &SigningKey, size: u64, root: Hash) -> CompactCheckpoint {
        let origin = self.practice.state.roster.origin_at(size);
        Checkpoint::new(origin, size, root).unwrap().sign_compact(key)
    }

    /// The relay's honest checkpoint.
    pub fn checkpoint(&self, size: u64) -> CompactCheckpoint {
        self.signs(&self.key, size, self.frontier(size).root())
    }

    /// The run of entries between two positions.
    pub fn run(&self, from: u64, to: u64) -> RootsItem {
        let roots = cover(from, to).flat_map(|subtree| {
            let leaves = subtree.leaves().unwrap();
            let mut within = Frontier::new();
            for entry in &self.practice.entries[leaves.start as usize..leaves.end as usize] {
                within.push_leaf(leaf_hash(&entry.leaf.encode())).unwrap();
            }
            within.root().0
        });
        RootsItem {
            entries: to - from,
            roots: roots.collect(),
        }
    }

    pub fn entry(&self, position: u64) -> Item {
        Item::Entry(EntryItem {
            leaf: self.practice.entries[position as usize].leaf.clone(),
            payload: None,
        })
    }

    pub fn evidence(&self, proof: Proof) -> Evidence {
        let entries = &self.practice.entries;
        let roster = &self.practice.state.roster;
        let turned = roster.ledger_keys().last().unwrap().0;
        let turned = roster
            .resumptions()
            .last()
            .map_or(turned, |r| r.position.max(turned));
        let placed = (1..=turned).map(|position| Placed {
            position,
            leaf: entries[position as usize].leaf.clone(),
        });
        let turns = placed.filter(|p| {
            let statement = entries[p.position as usize].statement();
            statement.stream() == Stream::Roster
        });
        let turns = turns.collect();
        Evidence::new(entries[0].leaf.signed.clone(), turns, proof)
    }

    pub fn two_roots(&self) -> Proof {
        let size = self.size();
        Proof::Roots(self.checkpoint(size), self.signs(&self.key, size, Hash([9; 32])))
    }

    /// The ledger at `later`, and another root for `size` before it.
    pub fn rewritten(&self, size: u64, later: u64, root: Hash) -> Proof {
        Proof::Rewritten(Rewritten {
            earlier: self.signs(&self.key, size, root),
            frontier: self.frontier(size),
            since: self.run(size, later).roots,
            later: self.checkpoint(later),
        })
    }

    /// Counts at a size that say so much of the stream, and the ledger from `from` with what is not shown hidden.
    pub fn counted(&self, size: u64, count: u64, from: u64, shown: impl Fn(u64) -> bool) -> Proof {
        let mut counts = self.states[size as usize].counts.clone();
        counts.insert(self.stream, count);
        let root = self.frontier(size).root();
        let signed = Counts {
            nonce: Nonce([3; 32]),
            beat: 0,
            checkpoint: CheckpointRef { size, root },
            digest: digest(&counts),
        };
        let mut items = Vec::new();
        let mut hidden = from;
        for position in (from..self.size()).filter(|position| shown(*position)) {
            if hidden < position {
                items.push(Item::Roots(self.run(hidden, position)));
            }
            items.push(self.entry(position));
            hidden = position + 1;
        }
        if hidden < self.size() {
            items.push(Item::Roots(self.run(hidden, self.size())));
        }
        Proof::Counts(Miscounted {
            signed: SignedCounts::sign(signed, &self.practice.state.roster.ledger_at(size), &self.key),
            counts,
            stream: self.stream,
            frontier: self.frontier(from),
            items,
            checkpoint: self.checkpoint(self.size()),
        })
    }

    /// How many entries the stream has at a size.
    pub fn count(&self, size: u64) -> u64 {
        self.states[size as usize].count(&self.stream)
    }
}
