//! Documents that were shared with this member after their beginning: fetched from there, against this device's own root.
//!
//! ```text
//! share seen ──> wanted ──fetch 0..s──> folded from nothing into the device's own root at s ──> replayed ──> follow again
//! ```
//!
//! Until a wanted document is here from its beginning, its newer entries are kept and not applied, and signed counts are not
//! compared; the follow that comes after compares them.

mod runs;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rand_core::CryptoRng;
use troth_protocol::entry::Verified;
use troth_protocol::ids::{DocumentId, Hash};
use troth_protocol::statement::{AccessKind, CheckpointRef};
use troth_protocol::stream::Stream;
use troth_protocol::tree::{Frontier, cover};
use troth_protocol::visibility::visible_until;
use troth_protocol::wire::{ClientMessage, EntryItem, Fetch, Item, Items, frame};

use super::keyring::{SealedAt, sealed_in};
use super::ledger::verifier::Verifier;
use super::ledger::{Failure, broken, dishonest};
use super::outbox::Intent;
use super::rows::{ENTRY, EntryRow};
use super::{Device, DeviceError, Effect};
use crate::storage::{Storage, Write};

/// Documents fetched at once.
const AT_ONCE: usize = 64;

/// What several fetched documents may take in memory until all of it is proven, in bytes: of more, half as many are asked
/// for. One alone may be as large as it is.
const TOGETHER: usize = 32 * 1024 * 1024;

/// What is being fetched.
pub(super) struct Fetching {
    wanted: BTreeSet<DocumentId>,
    /// How many are asked for at once.
    at_once: usize,
    /// What `entries` holds, in bytes.
    held: usize,
    /// The request that is under way; 0: none.
    request: u64,
    asked: BTreeSet<DocumentId>,
    goal: Option<CheckpointRef>,
    frontier: Frontier,
    entries: BTreeMap<u64, EntryItem>,
    /// Roots of what lies between, by level and index.
    roots: HashMap<(u8, u64), Hash>,
    /// Entries of wanted documents that came while the fetch was under way.
    since: Vec<(u64, EntryItem)>,
}

impl Default for Fetching {
    fn default() -> Self {
        Self {
            wanted: BTreeSet::new(),
            at_once: AT_ONCE,
            held: 0,
            request: 0,
            asked: BTreeSet::new(),
            goal: None,
            frontier: Frontier::new(),
            entries: BTreeMap::new(),
            roots: HashMap::new(),
            since: Vec::new(),
        }
    }
}

impl Fetching {
    pub(super) fn wanting(wanted: Vec<DocumentId>) -> Self {
        Self {
            wanted: wanted.into_iter().collect(),
            ..Self::default()
        }
    }

    pub(super) fn want(&mut self, document: DocumentId) {
        self.wanted.insert(document);
    }

    pub(super) fn wanted(&self) -> impl Iterator<Item = DocumentId> {
        self.wanted.iter().copied()
    }

    pub(super) fn is_wanting(&self) -> bool {
        !self.wanted.is_empty()
    }

    /// Whether a request is this fetch.
    pub(super) const fn is(&self, request: u64) -> bool {
        request != 0 && self.request == request
    }

    /// Lets go of a fetch that was not answered; what is wanted stays wanted.
    pub(super) fn put_off(&mut self) {
        *self = Self {
            at_once: self.at_once,
            ..Self::wanting(self.wanted.iter().copied().collect())
        };
    }

    /// Lets go of a fetch of several documents that together are too much.
    fn is_too_much(&mut self, limit: usize) -> bool {
        let too_much = self.held > limit && self.asked.len() > 1;
        if too_much {
            self.at_once = self.asked.len() / 2;
        }
        too_much
    }

    fn fold(&mut self, items: Items) -> Result<(), Failure> {
        let Ok(folded) = items.fold(&self.frontier) else {
            return dishonest("a record that it fetched does not fold into its ledger");
        };
        let mut position = self.frontier.size();
        for item in items.items {
            match item {
                Item::Entry(entry) => {
                    self.held += entry.leaf.signed.statement.len();
                    self.held += entry.payload.as_ref().map_or(0, |payload| payload.len());
                    self.entries.insert(position, entry);
                    position += 1;
                }
                Item::Roots(run) => {
                    let to = position.saturating_add(run.entries);
                    let roots = run.roots.chunks_exact(Hash::LEN).filter_map(Hash::from_slice);
                    let named = cover(position, to).zip(roots);
                    self.roots
                        .extend(named.map(|(subtree, root)| ((subtree.level, subtree.index), root)));
                    position = to;
                }
            }
        }
        self.frontier = folded.frontier;
        Ok(())
    }
}

impl<S: Storage> Device<S> {
    /// Whether an entry belongs to a document that is to be fetched first: this member could not see what came before it.
    pub(super) fn is_wanted(&mut self, entry: &EntryItem, verified: &Verified) -> bool {
        let stream = verified.statement().stream();
        let (Stream::Document(id), Some(state), Some(me)) = (stream, &self.state, self.identity.member)
        else {
            return false;
        };
        if self.fetching.wanted.contains(&id) {
            return true;
        }
        let gap = entry.leaf.stream_seq > state.count(&stream);
        let hidden = visible_until(state, &me, &stream) != Some(u64::MAX);
        let again = self.is_shared_again(&id, entry.leaf.received, verified);
        ((gap && hidden) || again) && self.fetching.wanted.insert(id)
    }

    /// Keeps an entry until what came before it is here.
    pub(super) fn set_by(&mut self, rng: &mut impl CryptoRng, position: u64, entry: EntryItem) -> Write {
        let row = EntryRow {
            position,
            leaf: entry.leaf.clone(),
            payload: entry.payload.clone(),
        };
        self.fetching.since.push((position, entry));
        self.rows.put(rng, ENTRY, &position.to_be_bytes(), &row)
    }

    /// Asks for the next documents that are wanted.
    pub(super) fn fetch_next(&mut self, effects: &mut Vec<Effect>) {
        if self.fetching.request != 0 || !self.fetching.is_wanting() {
            return;
        }
        self.fetching.put_off();
        let (size, root) = (self.frontier.size(), self.frontier.root());
        let documents: Vec<DocumentId> = self.fetching.wanted().take(self.fetching.at_once).collect();
        self.fetching.request = self.connection.next_request();
        self.fetching.goal = Some(CheckpointRef { size, root });
        self.fetching.asked = documents.iter().copied().collect();
        effects.push(Effect::Send(frame(&ClientMessage::Fetch(Fetch {
            request: self.fetching.request,
            documents,
            size,
            through: None,
        }))));
    }

    /// Takes a frame of what was fetched; with the last one, all of it.
    pub(super) fn fetched(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        request: u64,
        _more: bool,
        items: Items,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Failure> {
        let Some(goal) = self.fetching.goal.filter(|_| self.fetching.is(request)) else {
            return Ok(());
        };
        if items.checkpoint.size > goal.size {
            return dishonest("what it fetched is longer than was asked for");
        }
        self.fetching.fold(items)?;
        if self.fetching.is_too_much(TOGETHER) {
            self.fetching.put_off();
            self.fetch_next(effects);
            return Ok(());
        }
        if self.fetching.frontier.size() < goal.size {
            return Ok(());
        }
        if self.fetching.frontier.root() != goal.root {
            return dishonest("a record that it fetched is of another ledger");
        }
        let documents = self.replay(rng)?;
        let intents = documents.into_iter().map(|document| Intent::Access {
            document,
            kind: AccessKind::Fetch,
            by: self.secrets.id,
            at: now,
        });
        let intents = intents.collect();
        self.keep(rng, intents, Vec::new())?;
        if self.fetching.is_wanting() {
            self.fetch_next(effects);
        } else if !self.is_live() {
            // The counts that could not be compared are asked for again, by a follow of their own.
            effects.push(Effect::Close);
        }
        Ok(())
    }

    /// Replays the documents that were asked for, now that they are proven, and keeps them.
    fn replay(&mut self, rng: &mut impl CryptoRng) -> Result<BTreeSet<DocumentId>, Failure> {
        let fetching = std::mem::take(&mut self.fetching);
        let Fetching {
            asked,
            entries,
            roots,
            since,
            at_once,
            ..
        } = fetching;
        self.fetching.at_once = at_once;
        self.fetching.wanted = fetching.wanted.difference(&asked).copied().collect();
        let mut writes = self.split_runs(rng, entries.keys().copied().collect(), &roots)?;
        let (of_others, since): (Vec<_>, Vec<_>) = since
            .into_iter()
            .partition(|(_, entry)| !asked.contains(&document_of(entry)));
        self.fetching.since = of_others;
        for (position, entry) in &entries {
            let row = EntryRow {
                position: *position,
                leaf: entry.leaf.clone(),
                payload: entry.payload.clone(),
            };
            writes.push(self.rows.put(rng, ENTRY, &position.to_be_bytes(), &row));
        }
        let (positions, items): (Vec<u64>, Vec<EntryItem>) = entries.into_iter().chain(since).unzip();
        for id in &asked {
            self.begin_document_again(id);
        }
        let received = self.state.as_ref().map_or(0, |state| state.received);
        let mut verifier = Verifier::new(&items)?;
        let practice = self.identity.practice.ok_or(DeviceError::NoPractice)?;
        let mut newest = received;
        for (index, (position, entry)) in positions.into_iter().zip(items).enumerate() {
            let verified = verifier.verified(index, self.state.as_ref(), &practice);
            let verified = verified.or_else(|rule| broken(position, rule))?;
            newest = newest.max(entry.leaf.received);
            self.replay_entry(rng, position, entry, &verified, &asked, &mut writes)?;
        }
        if let Some(state) = &mut self.state {
            state.received = newest;
        }
        for id in &asked {
            if !self.documents.contains_key(id) {
                return dishonest("it withholds a record that was shared with this member");
            }
            self.write_document(rng, *id, &mut writes);
        }
        writes.push(self.ledger_write(rng));
        if let Err(error) = self.rows.commit(writes) {
            self.rows.tear();
            return Err(error.into());
        }
        Ok(asked)
    }

    fn begin_document_again(&mut self, id: &DocumentId) {
        self.documents.remove(id);
        self.contents.remove(id);
        self.missing
            .retain(|(stream, _)| *stream != Stream::Document(*id));
        if let Some(state) = &mut self.state {
            state.documents.remove(id);
            state.counts.remove(&Stream::Document(*id));
        }
    }

    fn replay_entry(
        &mut self,
        rng: &mut impl CryptoRng,
        position: u64,
        entry: EntryItem,
        verified: &Verified,
        asked: &BTreeSet<DocumentId>,
        writes: &mut Vec<Write>,
    ) -> Result<(), Failure> {
        let stream = verified.statement().stream();
        let Stream::Document(id) = stream else {
            return dishonest("it sent something else than the records that were asked for");
        };
        let Some(state) = self.state.as_mut().filter(|_| asked.contains(&id)) else {
            return dishonest("it sent another record than those that were asked for");
        };
        if entry.leaf.stream_seq != state.count(&stream) {
            return dishonest("it withholds part of a record that was shared with this member");
        }
        if let Some(payload) = &entry.payload {
            verified
                .check_payload(payload)
                .or_else(|rule| broken(position, rule))?;
        }
        // The document is judged against the roster as it was: only its own entries stand in order here.
        state.received = 0;
        state
            .apply(position, entry.leaf.received, verified)
            .or_else(|rule| broken(position, rule))?;
        let sealed: Vec<SealedAt> = sealed_in(verified.statement(), position).collect();
        self.note_document(id, position, verified, sealed);
        let landed = self.landed(rng, &verified.hash(), &stream, writes);
        self.outbox.retain(|id, _| !landed.contains(id));
        if entry.payload.is_none() && verified.statement().payload.is_some() {
            self.missing.push((stream, position));
        }
        Ok(())
    }
}

/// The document of an entry; none that exists where it has none.
fn document_of(entry: &EntryItem) -> DocumentId {
    let parsed = troth_protocol::entry::Parsed::parse(entry.leaf.signed.clone());
    match parsed.map(|p| p.statement().stream()) {
        Ok(Stream::Document(id)) => id,
        _ => DocumentId::default(),
    }
}

#[cfg(test)]
mod tests;
