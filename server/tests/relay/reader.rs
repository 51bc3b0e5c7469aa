//! A reader as a client is one: believes nothing that it has not folded, verified and counted itself.

use troth_protocol::counts::digest;
use troth_protocol::entry::Parsed;
use troth_protocol::ids::{MemberId, PracticeId};
use troth_protocol::state::{State, verify_genesis};
use troth_protocol::tree::Frontier;
use troth_protocol::visibility::entitled;
use troth_protocol::wire::{Item, Items};

use super::world::{NONCE, ORIGIN, ledger_key};

pub struct Reader {
    practice: PracticeId,
    member: MemberId,
    pub frontier: Frontier,
    state: Option<State>,
    beats: u64,
    /// Positions of the entries seen, and their payloads.
    pub seen: Vec<(u64, Option<Vec<u8>>)>,
}

impl Reader {
    pub fn new(practice: PracticeId, member: MemberId) -> Self {
        Self {
            practice,
            member,
            frontier: Frontier::new(),
            state: None,
            beats: 0,
            seen: Vec::new(),
        }
    }

    pub fn state(&self) -> &State {
        self.state.as_ref().unwrap()
    }

    pub fn positions(&self) -> Vec<u64> {
        self.seen.iter().map(|(position, _)| *position).collect()
    }

    /// The next follow begins its beats anew.
    pub fn begin_again(&mut self) {
        self.beats = 0;
    }

    pub fn take_all(&mut self, all: Vec<Items>) {
        all.into_iter().for_each(|items| self.take(items));
    }

    /// Folds what came into the frontier, replays it, and holds the signed counts against its own.
    pub fn take(&mut self, items: Items) {
        let origin = troth_protocol::checkpoint::ledger_origin(ORIGIN, &self.practice);
        items
            .checkpoint
            .verify(&origin, &ledger_key())
            .expect("the relay signed it");
        let folded = items
            .fold(&self.frontier)
            .expect("it folds into what the relay signed");
        let (checkpoint, counts) = (items.checkpoint, items.counts);
        for (entry, position) in items.into_entries().zip(folded.positions) {
            let parsed = Parsed::parse(entry.leaf.signed.clone()).unwrap();
            if let Some(payload) = &entry.payload {
                parsed.check_payload(payload).unwrap();
            }
            self.seen.push((position, entry.payload.map(|p| p.to_vec())));
            match &mut self.state {
                None => {
                    self.state =
                        Some(State::found(entry.leaf.received, &verify_genesis(parsed).unwrap()).unwrap());
                }
                Some(state) => {
                    assert_eq!(
                        entry.leaf.stream_seq,
                        state.count(&parsed.statement().stream()),
                        "R17"
                    );
                    let key = state.signing_key(parsed.statement()).unwrap();
                    let verified = parsed.verify(&key, &self.practice).unwrap();
                    state.apply(position, entry.leaf.received, &verified).unwrap();
                }
            }
        }
        self.frontier = folded.frontier;
        if let Some(counts) = counts {
            let counts = counts.verify(&self.practice, &ledger_key()).unwrap();
            assert_eq!((counts.nonce, counts.beat), (NONCE, self.beats));
            assert_eq!(
                (counts.checkpoint.size, counts.checkpoint.root),
                (checkpoint.size, checkpoint.root)
            );
            assert_eq!(
                counts.digest,
                digest(&entitled(self.state(), &self.member)),
                "nothing was withheld"
            );
            self.beats += 1;
        }
    }
}

/// How many of the items are entries.
pub fn entries(items: &Items) -> usize {
    items
        .items
        .iter()
        .filter(|item| matches!(item, Item::Entry(_)))
        .count()
}
