//! What a dishonest relay does to what it sends, by name: for any test that has a network.
//!
//! These are lies that need nothing but the frame at hand. What is signed anew, hidden behind other counts or told from another
//! store is in the stories of `tests/tests/hostile_relay`, with the relay's key.

use troth_protocol::checkpoint::CompactCheckpoint;
use troth_protocol::ids::Hash;
use troth_protocol::wire::{EntryItem, Item, Items, RelayMessage, RootsItem};

use super::Network;

/// A lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// Alters a statement.
    AltersStatements,
    /// Alters what is sealed.
    AltersPayloads,
    /// Says of what it received that it came long after.
    StretchesReceived,
    /// Says that an entry is another one of its stream.
    MiscountsStreams,
    /// Leaves entries out.
    DropsEntries,
    /// Sends an entry twice.
    RepeatsEntries,
    /// Sends a frame in the place of the next one, and so all of them late.
    DelaysFrames,
    /// Sends the first frame again and again.
    RepeatsFrames,
    /// Sends nothing of the ledger.
    SendsNothing,
    /// Sends the entries of a frame in another order.
    ReordersEntries,
    /// Keeps what entries hold.
    WithholdsPayloads,
    /// Gives entries what others hold: sealed keys, edits.
    SwapsPayloads,
    /// Says that a run is longer than it is.
    StretchesRuns,
    /// Says that a run has other roots.
    AltersRuns,
    /// Says that the ledger is larger, under the signature for its size.
    AltersCheckpoints,
    /// Signs with nothing.
    ForgesCheckpoints,
    /// Never counts.
    NeverCounts,
    /// Counts something else, under the signature for what it was.
    AltersCounts,
    /// Says that frames begin elsewhere.
    MovesFrames,
    /// Answers a hello with the challenge for another.
    RepeatsChallenges,
    /// Answers fetches that nobody asked.
    AnswersOthersFetches,
    /// Ends fetches before their end.
    CutsFetches,
}

impl Lie {
    /// All of them.
    pub const ALL: [Self; 22] = [
        Self::AltersStatements,
        Self::AltersPayloads,
        Self::StretchesReceived,
        Self::MiscountsStreams,
        Self::DropsEntries,
        Self::RepeatsEntries,
        Self::DelaysFrames,
        Self::RepeatsFrames,
        Self::SendsNothing,
        Self::ReordersEntries,
        Self::WithholdsPayloads,
        Self::SwapsPayloads,
        Self::StretchesRuns,
        Self::AltersRuns,
        Self::AltersCheckpoints,
        Self::ForgesCheckpoints,
        Self::NeverCounts,
        Self::AltersCounts,
        Self::MovesFrames,
        Self::RepeatsChallenges,
        Self::AnswersOthersFetches,
        Self::CutsFetches,
    ];
}

impl Network {
    /// From now on the relay tells one device this lie, wherever there is something to tell it of.
    pub fn lies(&mut self, to: usize, lie: Lie) {
        let mut liar = Liar { lie, kept: None };
        self.tamper = Some(Box::new(move |message, seat| seat != to || liar.tell(message)));
    }

    /// The relay is honest again.
    pub fn is_honest(&mut self) {
        self.tamper = None;
    }
}

struct Liar {
    lie: Lie,
    kept: Option<RelayMessage>,
}

impl Liar {
    /// Changes a message; whether it is sent.
    fn tell(&mut self, message: &mut RelayMessage) -> bool {
        match self.lie {
            Lie::DelaysFrames | Lie::RepeatsFrames if matches!(message, RelayMessage::Items(_)) => {
                let late = match &self.kept {
                    Some(first) if self.lie == Lie::RepeatsFrames => Some(first.clone()),
                    _ => self.kept.replace(message.clone()),
                };
                let Some(late) = late else {
                    return self.lie == Lie::RepeatsFrames;
                };
                *message = late;
                true
            }
            Lie::SendsNothing => !matches!(message, RelayMessage::Items(_) | RelayMessage::Fetched(..)),
            Lie::RepeatsChallenges if matches!(message, RelayMessage::Challenge(_)) => {
                *message = self.kept.get_or_insert_with(|| message.clone()).clone();
                true
            }
            _ => {
                match message {
                    RelayMessage::Items(items) => items_of(self.lie, items),
                    RelayMessage::Fetched(request, more, items) => {
                        items_of(self.lie, items);
                        *request += u64::from(self.lie == Lie::AnswersOthersFetches);
                        if self.lie == Lie::CutsFetches {
                            *more = false;
                            items.items.truncate(1);
                        }
                    }
                    _ => {}
                }
                true
            }
        }
    }
}

fn entries(items: &mut Items) -> impl Iterator<Item = &mut EntryItem> {
    items.items.iter_mut().filter_map(|item| match item {
        Item::Entry(entry) => Some(entry),
        Item::Roots(_) => None,
    })
}

fn runs(items: &mut Items) -> impl Iterator<Item = &mut RootsItem> {
    items.items.iter_mut().filter_map(|item| match item {
        Item::Roots(run) => Some(run),
        Item::Entry(_) => None,
    })
}

fn spoil(bytes: &mut [u8]) {
    if let Some(last) = bytes.last_mut() {
        *last ^= 1;
    }
}

fn items_of(lie: Lie, items: &mut Items) {
    match lie {
        Lie::AltersStatements => entries(items).for_each(|e| spoil(&mut e.leaf.signed.statement)),
        Lie::AltersPayloads => entries(items)
            .filter_map(|e| e.payload.as_mut())
            .for_each(|p| spoil(p)),
        Lie::StretchesReceived => entries(items).for_each(|e| e.leaf.received += 365 * 24 * 60 * 60 * 1000),
        Lie::MiscountsStreams => entries(items).for_each(|e| e.leaf.stream_seq += 1),
        Lie::DropsEntries => {
            items.items.pop();
        }
        Lie::RepeatsEntries => {
            let again = items.items.first().cloned();
            items.items.extend(again);
        }
        Lie::ReordersEntries => items.items.reverse(),
        Lie::WithholdsPayloads => entries(items).for_each(|e| e.payload = None),
        Lie::SwapsPayloads => {
            let mut payloads: Vec<_> = entries(items).map(|e| e.payload.clone()).collect();
            let by = payloads.len().min(1);
            payloads.rotate_left(by);
            if let [Some(only)] = &mut payloads[..] {
                only.reverse();
            }
            entries(items)
                .zip(payloads)
                .for_each(|(e, payload)| e.payload = payload);
        }
        Lie::StretchesRuns => runs(items).for_each(|run| run.entries = u64::MAX),
        Lie::AltersRuns => runs(items).for_each(|run| spoil(&mut run.roots)),
        Lie::AltersCheckpoints => items.checkpoint.size += 1,
        Lie::ForgesCheckpoints => {
            items.checkpoint = CompactCheckpoint {
                signature: [7; 64],
                ..items.checkpoint
            };
        }
        Lie::NeverCounts => items.counts = None,
        Lie::AltersCounts => {
            if let Some(signed) = &mut items.counts {
                signed.counts.digest = Hash([9; 32]);
            }
        }
        Lie::MovesFrames => items.from += 1,
        _ => {}
    }
}
