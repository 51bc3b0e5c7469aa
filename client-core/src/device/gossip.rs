//! Fork gossip: the checkpoints that edits carry, compared with this device's own history.
//!
//! ```text
//! edit opened ──> heard ──signature──> own root at that size? ──the same──> met
//!                                           │        └─another──> evidence
//!                                       not known
//!                                           └──fetch 0..n through it──> own root at n, and with it the root at that size
//! ```
//!
//! What is asked, and everything that can come of it, is in `question`.
//! Of each author only the newest checkpoint counts: their own device made sure that it grew out of those before.

mod question;

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use troth_protocol::cbor;
use troth_protocol::checkpoint::CompactCheckpoint;
use troth_protocol::evidence::{Proof, Rewritten};
use troth_protocol::ids::{DeviceId, DocumentId, Hash};
use troth_protocol::statement::Statement;
use troth_protocol::stream::Stream;
use troth_protocol::tree::Past;

use super::accusation::Dishonest;
use super::content::short;
use super::rows::GOSSIP;
use super::{Device, DeviceError, Effect};
use crate::storage::{Storage, Write};

/// Entries of one author that are opened for what they carry, in a frame at most: what they carry is in the newest that
/// opens.
const LISTENED: usize = 8;
/// Stands for the practice's witnesses where an author would stand: no device has that id, which is a hash.
const WITNESSES: DeviceId = DeviceId([0; 32]);

/// A checkpoint that came inside an edit, or in a handshake.
#[derive(Clone, Copy, Debug, Encode, Decode)]
#[cbor(array)]
pub(super) struct Heard {
    /// Whose edit it is; this device itself for what the relay said in a handshake.
    #[n(0)]
    author: DeviceId,
    /// Where the edit stands.
    #[n(1)]
    position: u64,
    #[n(2)]
    checkpoint: CompactCheckpoint,
}

/// What was heard and is not yet compared, and what the relay is asked about.
#[derive(Default)]
pub(super) struct Gossip {
    heard: BTreeMap<DeviceId, Heard>,
    /// The size up to which each author's history is this device's.
    met: BTreeMap<DeviceId, u64>,
    /// Of what was heard, what is not written down yet.
    unwritten: Vec<DeviceId>,
    /// The newest that the witnesses cosigned and that the relay proved.
    proven: Option<(u64, Hash)>,
    question: Option<Question>,
    evasions: u32,
}

/// What the relay is to prove.
struct Question {
    /// The request that is under way; 0: none, it is asked again.
    request: u64,
    since: u64,
    asked: u64,
    /// Beats that came instead of an answer: a clock that jumps, or a line that is slow, is not the relay's silence.
    beats: u32,
    /// This device's own size and root, as the relay signed them.
    own: CompactCheckpoint,
    about: About,
}

enum About {
    Heard(Heard),
    /// What came does not fold: does the relay still stand by what it showed before?
    Fold(String),
}

/// What comes of comparing.
enum Weighed {
    Same,
    /// The relay's key did not sign it: its author made it up.
    Forged,
    /// It is of another history.
    Other(Dishonest),
    /// This device does not know its own root at that size.
    Unknown,
    /// This device has not come that far.
    Later,
    /// It is of what was abandoned when the ledger was resumed: there is nothing to compare it with.
    Abandoned,
}

impl Gossip {
    /// Takes back what was heard before the program ended.
    pub(super) fn kept(heard: Vec<Heard>) -> Self {
        Self {
            heard: heard.into_iter().map(|heard| (heard.author, heard)).collect(),
            ..Self::default()
        }
    }

    /// Whether a request is the question that the relay is asked.
    pub(super) fn is(&self, request: u64) -> bool {
        request != 0 && self.question.as_ref().is_some_and(|q| q.request == request)
    }

    /// Whether the relay owes an answer.
    pub(super) const fn is_asking(&self) -> bool {
        self.question.is_some()
    }

    /// The relay spoke, and of something else.
    pub(super) fn beat(&mut self) {
        if let Some(question) = &mut self.question {
            question.beats += 1;
        }
    }

    /// Asks nothing more.
    pub(super) fn hush(&mut self) {
        self.question = None;
    }

    fn settle(&mut self, heard: &Heard) {
        if heard.author == WITNESSES {
            self.proven = Some((heard.checkpoint.size, heard.checkpoint.root));
        }
        let met = self.met.entry(heard.author).or_default();
        *met = heard.checkpoint.size.max(*met);
        let newest = |now: &Heard| now.checkpoint.size <= heard.checkpoint.size;
        if self.heard.get(&heard.author).is_some_and(newest) {
            self.heard.remove(&heard.author);
            self.unwritten.push(heard.author);
        }
    }

    /// Lets go of what says nothing of the ledger as it is now.
    fn drop(&mut self, heard: &Heard) {
        self.heard.remove(&heard.author);
        self.unwritten.push(heard.author);
    }

    fn hear(&mut self, heard: Heard) {
        let size = heard.checkpoint.size;
        let known = self.met.get(&heard.author).is_some_and(|met| size <= *met);
        let newer = |now: &Heard| now.checkpoint.size >= size;
        if known || size == 0 || self.heard.get(&heard.author).is_some_and(newer) {
            return;
        }
        self.heard.insert(heard.author, heard);
        self.unwritten.push(heard.author);
    }
}

impl<S: Storage> Device<S> {
    /// Takes in the checkpoint that an edit carries.
    pub(super) fn hear(&mut self, author: DeviceId, position: u64, checkpoint: CompactCheckpoint) {
        if author != self.secrets.id {
            self.gossip.hear(Heard {
                author,
                position,
                checkpoint,
            });
        }
    }

    /// Takes in the checkpoint of a handshake, once the ledger has grown past its size.
    pub(super) fn hear_promise(&mut self, checkpoint: CompactCheckpoint) {
        self.gossip.hear(Heard {
            author: self.secrets.id,
            position: checkpoint.size,
            checkpoint,
        });
    }

    /// Takes in a checkpoint that the practice's witnesses have cosigned.
    pub(super) fn hear_witnesses(&mut self, checkpoint: CompactCheckpoint) {
        self.gossip.hear(Heard {
            author: WITNESSES,
            position: checkpoint.size,
            checkpoint,
        });
    }

    /// Whether a checkpoint was compared, or can be here and now, and is of this device's own history.
    pub(super) fn is_own_history(&self, checkpoint: &CompactCheckpoint) -> bool {
        let here = self.trail.at(checkpoint.size).map(|past| past.frontier.root());
        let asked = self.gossip.proven == Some((checkpoint.size, checkpoint.root));
        here == Some(checkpoint.root) || asked
    }

    /// Opens the newest edit of each author for the checkpoint in it, so that a fork shows before anybody looks.
    pub(super) fn overhear(
        &mut self,
        changes: &BTreeMap<DeviceId, Vec<(DocumentId, u64)>>,
    ) -> Result<(), DeviceError> {
        let own = self.secrets.id;
        for (author, edits) in changes.iter().filter(|(author, _)| **author != own) {
            for (document, position) in edits.iter().rev().take(LISTENED) {
                match self.open_entry(*document, *position) {
                    Err(error @ (DeviceError::Storage(_) | DeviceError::Torn)) => return Err(error),
                    _ if self
                        .gossip
                        .heard
                        .get(author)
                        .is_some_and(|h| h.position == *position) =>
                    {
                        break;
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Compares what was heard with this device's own history, and asks the relay where that does not tell.
    pub(super) fn compare(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        if self.halted() || self.state.is_none() {
            return Ok(());
        }
        let all: Vec<Heard> = self.gossip.heard.values().copied().collect();
        let mut unknown = None;
        for heard in all {
            match self.weigh(&heard) {
                Weighed::Same => self.gossip.settle(&heard),
                Weighed::Forged => {
                    self.gossip.settle(&heard);
                    self.note_forged(&heard);
                }
                Weighed::Other(accusation) => return self.accuse(rng, accusation, effects),
                Weighed::Unknown => unknown = Some(heard),
                Weighed::Abandoned => self.gossip.drop(&heard),
                Weighed::Later => {}
            }
        }
        let writes = self.gossip_writes(rng);
        self.rows.commit(writes)?;
        let about = unknown.map(About::Heard);
        if let (true, None, Some(about)) = (self.is_live(), &self.gossip.question, about) {
            self.ask(now, about, effects);
        }
        self.promote_witnessed(rng)?;
        self.insist(now, rng, effects)
    }

    /// What is heard and what is settled, to be written down with whatever is kept next.
    pub(super) fn gossip_writes(&mut self, rng: &mut impl CryptoRng) -> Vec<Write> {
        let authors = std::mem::take(&mut self.gossip.unwritten);
        let write = |author: DeviceId| match self.gossip.heard.get(&author) {
            Some(heard) => self.rows.put(rng, GOSSIP, author.as_bytes(), heard),
            None => self.rows.remove(GOSSIP, author.as_bytes()),
        };
        authors.into_iter().map(write).collect()
    }

    fn weigh(&self, heard: &Heard) -> Weighed {
        let Heard {
            checkpoint,
            position,
            author,
        } = heard;
        let (Some(state), Some(own)) = (&self.state, &self.checkpoint) else {
            return Weighed::Later;
        };
        // Where the ledger is followed anew, it was further before.
        let promised = *author == self.secrets.id || *author == WITNESSES;
        if (promised && checkpoint.size > own.size) || (!promised && *position >= own.size) {
            return Weighed::Later;
        }
        let Some((era, _)) = state.roster.signed(checkpoint) else {
            if *author == self.secrets.id {
                let what = "a checkpoint is not signed by the relay's key";
                return Weighed::Other(Dishonest::new(what));
            }
            return Weighed::Forged;
        };
        if checkpoint.size > era.until {
            return Weighed::Abandoned;
        }
        if checkpoint.size > *position {
            // Whoever made the edit had that checkpoint before, and an honest relay appends at its ledger's end.
            return Weighed::Other(Dishonest::new(format!(
                "the edit at position {position}, by device {}, was made in a ledger that had {} entries already: the \
                 relay shows its author another one",
                short(author.as_bytes()),
                checkpoint.size
            )));
        }
        match self.trail.at(checkpoint.size) {
            None => Weighed::Unknown,
            Some(past) => self.confront(heard, past, own),
        }
    }

    /// A checkpoint beside the tree of that size, which leads to what the relay signed later.
    fn confront(&self, heard: &Heard, past: Past, later: &CompactCheckpoint) -> Weighed {
        if past.frontier.root() == heard.checkpoint.root {
            return Weighed::Same;
        }
        let size = heard.checkpoint.size;
        let what = if heard.author == self.secrets.id {
            format!("the relay signed two ledgers of the same size, {size} entries")
        } else if heard.author == WITNESSES {
            format!(
                "the relay showed the practice's witnesses another ledger of {size} entries than this one"
            )
        } else {
            format!(
                "the relay showed device {} another ledger of {size} entries than this one",
                short(heard.author.as_bytes())
            )
        };
        let proof = if size == later.size {
            Proof::Roots(heard.checkpoint, *later)
        } else {
            Proof::Rewritten(Rewritten {
                earlier: heard.checkpoint,
                frontier: past.frontier,
                since: past.since,
                later: *later,
            })
        };
        Weighed::Other(Dishonest::proven(what, proof))
    }

    fn note_forged(&mut self, heard: &Heard) {
        let why = "it carries a checkpoint that the relay's key did not sign: its author made that up";
        let row = self.rows.entry(heard.position).ok().flatten();
        let statement = row.and_then(|row| cbor::decode::<Statement>(&row.leaf.signed.statement).ok());
        if let Some(Stream::Document(document)) = statement.map(|s| s.stream()) {
            self.note_bad(document, heard.position, why);
        }
    }
}
