//! A ledger in a file: statements, signatures and subtree roots, without a payload. Whoever has the relay's public key checks
//! it, and needs nothing else.

use minicbor::{Decode, Encode};
use troth_protocol::cbor;
use troth_protocol::checkpoint::CompactCheckpoint;
use troth_protocol::entry::Parsed;
use troth_protocol::ids::{PracticeId, VerifyingKey};
use troth_protocol::roster::Roster;
use troth_protocol::state::{State, verify_genesis};
use troth_protocol::tree::{Frontier, leaf_hash};
use troth_protocol::wire::{EntryItem, Item};

use crate::device::Verification;

/// Longest file, in bytes: 1 GiB, a ledger of some three million entries without their payloads.
pub const BYTES: u64 = 1 << 30;

/// The file's content.
#[derive(Clone, Debug, Encode, Decode)]
#[cbor(array)]
pub struct Export {
    /// The file's version: 1.
    #[n(0)]
    pub version: u8,
    /// The practice.
    #[n(1)]
    pub practice: PracticeId,
    /// The relay's origin.
    #[n(2)]
    pub origin: String,
    /// The ledger from its beginning.
    #[n(3)]
    pub items: Vec<Item>,
    /// What it leads to.
    #[n(4)]
    pub checkpoint: CompactCheckpoint,
}

/// Verifies an exported ledger with the relay's public key, and nothing else.
///
/// # Errors
/// In plain words, what does not hold.
pub fn verify(bytes: &[u8], key: &VerifyingKey) -> Result<Verification, String> {
    let export: Export = cbor::decode(bytes).map_err(|_| "the file is not an exported ledger".to_owned())?;
    if export.version != 1 {
        return Err("the file is of a later version: update this program".to_owned());
    }
    let mut replay = Replay::new(export.practice);
    for item in &export.items {
        replay.take(item)?;
    }
    let (verification, state) = replay.finish()?;
    if state.roster.origin() != export.origin {
        return Err("the ledger was founded on another relay".to_owned());
    }
    export
        .checkpoint
        .verify(&state.roster.origin_at(export.checkpoint.size), key)
        .map_err(|_| "the checkpoint was not signed with that key".to_owned())?;
    may_have_signed(&state.roster, &export.checkpoint, key)?;
    if verification.root == export.checkpoint.root && verification.size == export.checkpoint.size {
        Ok(verification)
    } else {
        Err("the entries do not lead to the checkpoint that the relay signed".to_owned())
    }
}

/// A key that was retired signs nothing larger than what it signed before: it may be in anybody's hands since.
fn may_have_signed(
    roster: &Roster,
    checkpoint: &CompactCheckpoint,
    key: &VerifyingKey,
) -> Result<(), String> {
    if roster.keys_for(checkpoint.size).any(|may| may == *key) {
        return Ok(());
    }
    let mut after = roster.ledger_keys().iter().skip_while(|(_, had)| had != key);
    match (after.next(), after.next()) {
        (Some(_), Some((at, next))) => Err(format!(
            "the ledger key was turned to another one at entry {at}, and this one signs nothing larger: ask whoever runs the \
             relay for its present key, which begins with {}",
            &next.to_string()[..16]
        )),
        _ => Err("the ledger is signed with that key, and pins another".to_owned()),
    }
}

/// A ledger being replayed from genesis.
pub(crate) struct Replay {
    practice: PracticeId,
    frontier: Frontier,
    state: Option<State>,
    seen: u64,
    hidden: u64,
}

impl Replay {
    pub(crate) fn new(practice: PracticeId) -> Self {
        Self {
            practice,
            frontier: Frontier::new(),
            state: None,
            seen: 0,
            hidden: 0,
        }
    }

    pub(crate) fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// Takes the next item: every hash, signature and rule of it.
    pub(crate) fn take(&mut self, item: &Item) -> Result<(), String> {
        match item {
            Item::Roots(run) => {
                run.fold_into(&mut self.frontier).map_err(|e| e.to_string())?;
                self.hidden += run.entries;
                Ok(())
            }
            Item::Entry(entry) => self.entry(entry),
        }
    }

    fn entry(&mut self, entry: &EntryItem) -> Result<(), String> {
        let position = self.frontier.size();
        let fail = |what: &dyn std::fmt::Display| format!("entry {position}: {what}");
        let parsed = Parsed::parse(entry.leaf.signed.clone()).map_err(|e| fail(&e))?;
        if let Some(payload) = &entry.payload {
            parsed.check_payload(payload).map_err(|e| fail(&e))?;
        }
        match &mut self.state {
            None => {
                let genesis = verify_genesis(parsed).map_err(|e| fail(&e))?;
                if genesis.hash().0 != self.practice.0 || entry.leaf.stream_seq != 0 {
                    return Err(fail(&"genesis is of another practice"));
                }
                self.state = Some(State::found(entry.leaf.received, &genesis).map_err(|e| fail(&e))?);
            }
            Some(state) => {
                if let Some((_, resumed)) = parsed.statement().resumes()
                    && resumed.root != self.frontier.root()
                {
                    return Err(fail(&"it goes on from other entries than those before it"));
                }
                if entry.leaf.stream_seq != state.count(&parsed.statement().stream()) {
                    return Err(fail(&"the count within its stream has a gap"));
                }
                let key = state.signing_key(parsed.statement()).map_err(|e| fail(&e))?;
                let verified = parsed.verify(&key, &self.practice).map_err(|e| fail(&e))?;
                state
                    .apply(position, entry.leaf.received, &verified)
                    .map_err(|e| fail(&e))?;
            }
        }
        self.frontier
            .push_leaf(leaf_hash(&entry.leaf.encode()))
            .map_err(|e| fail(&e))?;
        self.seen += 1;
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<(Verification, State), String> {
        let state = self.state.ok_or_else(|| "the ledger is empty".to_owned())?;
        let verification = Verification {
            size: self.frontier.size(),
            root: self.frontier.root(),
            entries_seen: self.seen,
            entries_hidden: self.hidden,
            signatures: self.seen,
        };
        Ok((verification, state))
    }
}
