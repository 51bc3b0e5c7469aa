//! The ledger, replayed from the store by nothing but the protocol's rules; and who could ever see which part of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use troth_protocol::cbor;
use troth_protocol::entry::{Leaf, Parsed};
use troth_protocol::ids::{DocumentId, MemberId};
use troth_protocol::state::{State, verify_genesis};
use troth_protocol::stream::Stream;
use troth_protocol::tree::{Frontier, leaf_hash};
use troth_protocol::visibility::{may_open, visible_until};
use troth_server::audit;
use troth_server::store::{EntryRow, Store};

use crate::simulation::world::{Step, Violation, World};

/// What the ledger says.
pub struct Truth {
    /// Entries.
    pub size: u64,
    /// What they amount to.
    pub state: State,
    /// For each member and document, the last position that the member could ever see.
    pub seen_until: BTreeMap<(MemberId, DocumentId), u64>,
    /// For each member, the streams' entries that they could ever open.
    pub opened_until: BTreeMap<(MemberId, Stream), u64>,
    /// The stream of each entry.
    pub streams: Vec<Stream>,
}

impl World {
    /// Every ledger verifies; nothing acknowledged is missing; nothing was signed that it does not lead through.
    pub(super) fn ledger(&mut self) -> Step<Truth> {
        let store: Arc<dyn Store> = self.relay.store.clone();
        let report = audit::verify(&store, &[self.relay.key()], &mut |_| {});
        let report = report.map_err(|error| Violation::new(format!("the store cannot be read: {error}")))?;
        if let Some(fault) = report.ledgers.iter().flat_map(|ledger| &ledger.faults).next() {
            return Err(Violation::new(format!("the ledger does not verify: {fault:?}")));
        }
        let practices = store.practices().unwrap_or_default();
        let [(practice, head)] = practices[..] else {
            return Err(Violation::new(format!(
                "{} practices are there, not one",
                practices.len()
            )));
        };
        let rows = store
            .entries(&practice, 0, head.size, usize::MAX)
            .unwrap_or_default();
        let truth = replay(&rows)?;
        self.signed_roots(&rows)?;
        for (hash, receipt) in &self.record.acknowledged {
            let found = store.find_statement(&practice, hash).unwrap_or_default();
            if found != Some(receipt.position) {
                return Err(Violation::new(format!(
                    "{receipt:?} was acknowledged and is {found:?}"
                )));
            }
        }
        for row in &rows {
            self.trace.fold(&row.leaf);
        }
        self.shown_to_readers_only(&truth)?;
        Ok(truth)
    }

    fn signed_roots(&self, rows: &[EntryRow]) -> Step {
        let mut frontier = Frontier::new();
        let mut roots = BTreeMap::from([(0, frontier.root())]);
        for row in rows {
            let pushed = frontier.push_leaf(leaf_hash(&row.leaf));
            pushed.map_err(|error| Violation::new(format!("entry {}: {error:?}", row.position)))?;
            roots.insert(frontier.size(), frontier.root());
        }
        for (size, root) in &self.record.signed {
            if roots.get(size) != Some(root) {
                return Err(Violation::new(format!(
                    "the relay signed a root for {size} that the ledger does not have"
                )));
            }
        }
        Ok(())
    }

    /// No payload crossed the wire to somebody who never could open it.
    fn shown_to_readers_only(&self, truth: &Truth) -> Step {
        for (seat, position) in &self.record.shown {
            let Some(device) = self.seats[*seat].device() else {
                continue;
            };
            let owner = truth.state.roster.devices().get(&device.id()).map(|d| d.member);
            let stream = usize::try_from(*position)
                .ok()
                .and_then(|at| truth.streams.get(at));
            let (Some(owner), Some(stream)) = (owner, stream) else {
                return Err(Violation::new(format!(
                    "seat {seat} was shown entry {position} without being anybody's"
                )));
            };
            if truth
                .opened_until
                .get(&(owner, *stream))
                .is_none_or(|until| position > until)
            {
                return Err(Violation::new(format!(
                    "seat {seat} was shown the content of entry {position} in {stream:?}"
                )));
            }
        }
        Ok(())
    }
}

fn replay(rows: &[EntryRow]) -> Step<Truth> {
    let mut state: Option<State> = None;
    let (mut seen_until, mut opened_until) = (BTreeMap::new(), BTreeMap::new());
    let mut streams = Vec::with_capacity(rows.len());
    for row in rows {
        let broken = |what: &str| Violation::new(format!("entry {}: {what}", row.position));
        let leaf: Leaf = cbor::decode(&row.leaf).map_err(|_| broken("no leaf"))?;
        let parsed = Parsed::parse(leaf.signed).map_err(|_| broken("no statement"))?;
        let stream = parsed.statement().stream();
        let now = match state.take() {
            None => {
                let genesis = verify_genesis(parsed).map_err(|_| broken("no genesis"))?;
                State::found(leaf.received, &genesis).map_err(|_| broken("a genesis that is refused"))?
            }
            Some(mut state) => {
                let key = state
                    .signing_key(parsed.statement())
                    .map_err(|_| broken("an unknown signer"))?;
                let verified = parsed
                    .verify(&key, state.practice())
                    .map_err(|_| broken("a wrong signature"))?;
                let applied = state.apply(row.position, leaf.received, &verified);
                applied.map_err(|rule| broken(&format!("breaks R{}", rule.number())))?;
                state
            }
        };
        streams.push(stream);
        if !matches!(stream, Stream::Document(_) | Stream::Roster) {
            note_openings(&now, row.position, [stream].iter(), &mut opened_until);
        } else {
            let documents: Vec<Stream> = now.documents.keys().map(|id| Stream::Document(*id)).collect();
            for member in now.roster.members().keys() {
                for id in now.documents.keys() {
                    if let Some(until) = visible_until(&now, member, &Stream::Document(*id)) {
                        let until = until.min(row.position);
                        let known = seen_until.entry((*member, *id)).or_insert(until);
                        *known = until.max(*known);
                    }
                }
            }
            note_openings(
                &now,
                row.position,
                documents.iter().chain([&Stream::Roster]),
                &mut opened_until,
            );
            let others: Vec<Stream> = now
                .counts
                .keys()
                .filter(|s| !matches!(s, Stream::Document(_) | Stream::Roster))
                .copied()
                .collect();
            note_openings(&now, row.position, others.iter(), &mut opened_until);
        }
        state = Some(now);
    }
    let state = state.ok_or_else(|| Violation::new("the ledger is empty"))?;
    Ok(Truth {
        size: rows.len() as u64,
        state,
        seen_until,
        opened_until,
        streams,
    })
}

/// Notes up to where each member may open a stream now.
fn note_openings<'a>(
    state: &State,
    position: u64,
    streams: impl Iterator<Item = &'a Stream>,
    opened: &mut BTreeMap<(MemberId, Stream), u64>,
) {
    for stream in streams {
        for member in state.roster.members().keys() {
            let Some(until) = visible_until(state, member, stream) else {
                continue;
            };
            let until = until.min(position);
            if may_open(state, member, stream, until, state.received) {
                let known = opened.entry((*member, *stream)).or_insert(until);
                *known = until.max(*known);
            }
        }
    }
}
