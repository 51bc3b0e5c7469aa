//! A relay that came back from an older backup, and an admin who says so.
//!
//! ```text
//! behind ──checkpoint of its own──> relay holds the ledger; every other device goes on calling it a rollback
//!   │ an admin: begin_resume
//!   ▼
//! own tree at the relay's size = the relay's? ──no──> it altered something: no resumption explains that
//!   │ yes
//! goes back: what is beyond is set by as lost, the ledger is followed anew, through that root ──> resumption signed
//!                                                                                                  │
//! every other device ahead: shown the resumption, signed by an admin; the same <───────────────────┘
//!   │
//! lost: sent again as it was signed, before anything new; what is in the ledger again is lost no more
//! ```

// Long because the steps from a relay that is behind to one that has everything back are one conversation.

mod lost;

use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use troth_protocol::cbor;
use troth_protocol::checkpoint::CompactCheckpoint;
use troth_protocol::entry::Parsed;
use troth_protocol::evidence::Placed;
use troth_protocol::ids::{Hash, MemberId, PracticeId};
use troth_protocol::roster::Resumption;
use troth_protocol::statement::{self, Body, CheckpointRef, Role, RosterAction, Statement};
use troth_protocol::tree::{Frontier, cover, leaf_hash};
use troth_protocol::wire::{Ahead, Append, ClientMessage, EntryItem, Held, Item, Items, Upload, frame};

use super::accusation::Dishonest;
use super::ledger::NOT_THE_KEY;
use super::rows::{
    CONTENT, COUNTED, DOCUMENT, ENTRY, EntryRow, GOSSIP, LEDGER, LOST, ROSTER, RUN, WITNESSED,
};
use super::session::Step;
use super::sign::seen;
use super::{Device, DeviceError, Effect, Report, Restored};
use crate::storage::Storage;
pub(super) use lost::{Lost, LostRow};

/// What an admin's person wants of a relay that was restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resuming {
    /// To be told where it stands.
    Look,
    /// That the ledger goes on from what the relay has. What is known to be lost, and the request that says so once it is made.
    Order(Option<CheckpointRef>, u64),
}

/// A resumption as everybody is told of it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Resumed {
    /// Where it stands in the ledger.
    #[n(0)]
    pub position: u64,
    /// The admin who ordered it.
    #[n(1)]
    pub by: MemberId,
    /// Entries that were known to have been there.
    #[n(2)]
    pub abandoned: u64,
    /// Entries that the relay still had.
    #[n(3)]
    pub kept: u64,
}

/// A resumption among items.
pub(super) struct Resumes {
    pub position: u64,
    /// The root that it names.
    pub root: Hash,
    /// The size that it abandons.
    pub abandoned: u64,
    /// What it calls the ledger.
    pub ledger: PracticeId,
}

/// The resumptions among items. They are not verified yet: whoever believes the items has their statements applied.
pub(super) fn resuming(items: &Items) -> Vec<Resumes> {
    let mut position = items.from;
    let mut found = Vec::new();
    for item in &items.items {
        let at = position;
        position = position.saturating_add(match item {
            Item::Entry(_) => 1,
            Item::Roots(run) => run.entries,
        });
        let Item::Entry(entry) = item else { continue };
        let signed = &entry.leaf.signed.statement;
        // Five parts, the first of which says that it is the roster's: others need not be read for this.
        if !signed.starts_with(&[0x85, 0x01]) {
            continue;
        }
        let Ok(statement) = cbor::decode::<Statement>(signed) else {
            continue;
        };
        if let Some((abandoned, resumed)) = statement.resumes() {
            found.push(Resumes {
                position: at,
                root: resumed.root,
                abandoned: abandoned.size,
                ledger: Resumption::name(at, entry.leaf.received, &Hash::of(&[signed])),
            });
        }
    }
    found
}

impl<S: Storage> Device<S> {
    /// As an admin, looks at a relay that was restored from an older backup with the next connection, which reports
    /// [`Report::RelayRestored`] or [`Report::NothingToResume`]; or orders that the ledger goes on from what the relay has. What
    /// any device still has of the rest goes back to it.
    ///
    /// # Errors
    /// [`DeviceError::Rule`] where this device's person is no admin; what stops this device.
    pub fn begin_resume(&mut self, order: bool) -> Result<(), DeviceError> {
        if self.halted() {
            return Err(self.why_halted());
        }
        if self.role() != Some(Role::Admin) {
            return Err(troth_protocol::rule::Rule::NotPermitted.into());
        }
        self.connection.resuming = Some(if order {
            Resuming::Order(None, 0)
        } else {
            Resuming::Look
        });
        Ok(())
    }

    /// Whether a resumption was ordered and is not in the ledger yet.
    pub const fn is_resuming(&self) -> bool {
        self.connection.resuming.is_some()
    }

    /// Every time that the ledger was resumed after a restore, the oldest first.
    pub fn resumptions(&self) -> Vec<Resumed> {
        let roster = self.state.as_ref().map(|s| &s.roster);
        let all = roster.into_iter().flat_map(|roster| {
            let told = |r: &Resumption| {
                let by = roster.devices().get(&r.by)?.member;
                Some(Resumed {
                    position: r.position,
                    by,
                    abandoned: r.abandoned.size,
                    kept: r.resumed.size,
                })
            };
            roster.resumptions().iter().filter_map(told)
        });
        all.collect()
    }

    /// Shows the relay its own signature on more than it has.
    pub(super) fn show_ahead(&mut self, effects: &mut Vec<Effect>) {
        let Some(checkpoint) = self.checkpoint else { return };
        let Some(state) = &self.state else { return };
        let ledger = state.roster.ledger_at(checkpoint.size);
        let ahead = Ahead { checkpoint, ledger };
        effects.push(Effect::Send(frame(&ClientMessage::Ahead(ahead))));
    }

    /// The relay shows resumptions below this device's size. Of those that it did not know, the first is where its own history
    /// leaves the ledger.
    pub(super) fn shown_resumptions(
        &mut self,
        rng: &mut impl CryptoRng,
        mut placed: Vec<Placed>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        let (Step::LoggingIn { .. }, Some(state)) = (&self.connection.step, &self.state) else {
            return Ok(());
        };
        placed.sort_by_key(|p| p.position);
        let first = placed
            .into_iter()
            .filter(|p| p.position < self.frontier.size())
            .find(|p| {
                let name = Resumption::name(
                    p.position,
                    p.leaf.received,
                    &Hash::of(&[&p.leaf.signed.statement]),
                );
                state
                    .roster
                    .resumptions()
                    .iter()
                    .all(|known| known.ledger != name)
            });
        let Some(Placed { position, leaf }) = first else {
            return Ok(());
        };
        let resumed = Parsed::parse(leaf.signed).ok().and_then(|parsed| {
            let (_, resumed) = parsed.statement().resumes()?;
            let (signer, resumed) = (parsed.statement().signer, *resumed);
            let device = state.roster.active(&signer, position).ok()?;
            let admin = state.roster.role(&device.member, position) == Some(Role::Admin);
            let signed = parsed.verify(&device.keys.signing, state.practice()).is_ok();
            (signed && admin && resumed.size == position).then_some(resumed)
        });
        match resumed {
            Some(resumed) => self.go_back(rng, resumed, effects),
            None => {
                let what = "the relay says that its ledger was resumed, and no admin signed that";
                self.accuse(rng, Dishonest::new(what), effects)
            }
        }
    }

    /// The relay tells an admin's device that it was restored.
    pub(super) fn told_held(
        &mut self,
        rng: &mut impl CryptoRng,
        held: Held,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        let Step::LoggingIn { total } = self.connection.step else {
            return Ok(());
        };
        // An admin's word is asked for by the relay, and by nobody else.
        if held.waits && self.lacks_proof() {
            return self.accuse(rng, Dishonest::new(NOT_THE_KEY), effects);
        }
        self.connection.held = Some(held);
        match self.connection.resuming {
            _ if !held.waits => Ok(()),
            None => {
                effects.push(Effect::Report(Report::WaitsToBeResumed));
                Ok(())
            }
            Some(Resuming::Look) => {
                let told = self.restored(total, held)?;
                self.connection.resuming = None;
                effects.push(Effect::Report(Report::RelayRestored(told)));
                effects.push(Effect::Close);
                Ok(())
            }
            Some(Resuming::Order(..)) => {
                let own = self.checkpoint.filter(|own| own.size > total);
                let own = own.map(|CompactCheckpoint { size, root, .. }| CheckpointRef { size, root });
                let known = own.into_iter().chain(held.abandoned).max_by_key(|c| c.size);
                self.connection.resuming = Some(Resuming::Order(known, 0));
                let behind = self.connection.behind.filter(|b| b.size < self.frontier.size());
                match behind {
                    Some(CompactCheckpoint { size, root, .. }) => {
                        self.go_back(rng, CheckpointRef { size, root }, effects)
                    }
                    None => Ok(()),
                }
            }
        }
    }

    fn restored(&self, relay: u64, held: Held) -> Result<Restored, DeviceError> {
        let rows = self.rows.scan::<EntryRow>(ENTRY)?;
        let kept = rows.iter().filter(|row| row.position < relay);
        let newest = kept.max_by_key(|row| row.position).map(|row| row.leaf.received);
        let beyond = rows.iter().filter(|row| row.position >= relay).count();
        let shown = held.abandoned.map_or(0, |c| c.size);
        Ok(Restored {
            relay,
            newest_ms: newest,
            signed: relay.max(shown).max(self.frontier.size()),
            held: beyond + self.lost.len(),
        })
    }

    /// Leaves what the relay does not have: sets it by, and follows the ledger anew, through what both have.
    fn go_back(
        &mut self,
        rng: &mut impl CryptoRng,
        resumed: CheckpointRef,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        let mut frontier = Frontier::new();
        let mut beyond: Vec<(u64, EntryItem)> = Vec::new();
        let mut position = 0;
        let damaged = |_| DeviceError::Damaged("the ledger as it is kept");
        for item in self.ledger_items()? {
            match item {
                Item::Entry(entry) if position < resumed.size => {
                    frontier
                        .push_leaf(leaf_hash(&entry.leaf.encode()))
                        .map_err(damaged)?;
                    position += 1;
                }
                Item::Entry(entry) => {
                    beyond.push((position, entry));
                    position += 1;
                }
                // A run may reach across: what is compared then lies before its last piece, and nothing that is here after it.
                Item::Roots(run) => {
                    let to = position.saturating_add(run.entries);
                    let roots = run.roots.chunks_exact(Hash::LEN).filter_map(Hash::from_slice);
                    for (subtree, root) in cover(position, to).zip(roots) {
                        let end = subtree.leaves().map_or(u64::MAX, |leaves| leaves.end);
                        if end <= resumed.size {
                            frontier.push_subtree(subtree.level, root).map_err(damaged)?;
                        }
                    }
                    position = to;
                }
            }
        }
        let through = CheckpointRef {
            size: frontier.size(),
            root: frontier.root(),
        };
        if through.size == resumed.size && through.root != resumed.root {
            let what = format!(
                "the relay was restored, and its first {} entries are not those that it had before: it altered something",
                resumed.size
            );
            return self.accuse(rng, Dishonest::new(what), effects);
        }
        let mut identity = self.identity.clone();
        identity.waypoint = Some(through);
        // What turned the key since may be lost with the rest.
        let known = self.state.as_ref().map(|state| state.roster.key_at(through.size));
        identity.ledger_key = known.or(identity.ledger_key);
        let mut writes = vec![self.rows.identity_write(rng, &identity)];
        for table in [
            LEDGER, ROSTER, DOCUMENT, CONTENT, ENTRY, RUN, GOSSIP, COUNTED, WITNESSED,
        ] {
            writes.extend(self.rows.clear(table)?);
        }
        let mut number = self.lost.next();
        for (position, EntryItem { leaf, payload }) in beyond {
            let statement: Statement = cbor::decode(&leaf.signed.statement)?;
            // The relay's own word, and what was said of a tree that is gone, do not come back.
            if matches!(statement.body, Body::Notice(_)) || statement.resumes().is_some() {
                continue;
            }
            let entry = EntryRow {
                position,
                leaf,
                payload,
            };
            let row = LostRow {
                number,
                entry,
                refused: 0,
            };
            writes.push(self.rows.put(rng, LOST, &number.to_be_bytes(), &row));
            number += 1;
        }
        self.rows.commit(writes)?;
        self.identity = identity;
        self.gossiped = 0;
        self.connection.promised = None;
        self.forget()
    }

    /// Signs that the ledger goes on from what the relay has, once this device has verified that.
    pub(super) fn send_resumption(&mut self, effects: &mut Vec<Effect>) -> Result<(), DeviceError> {
        let Some(Resuming::Order(known, 0)) = self.connection.resuming else {
            return Ok(());
        };
        if self.connection.held.is_none_or(|held| !held.waits) {
            return Ok(());
        }
        let state = self.practice_state()?;
        let resumed = CheckpointRef {
            size: self.frontier.size(),
            root: self.frontier.root(),
        };
        let abandoned = known.filter(|known| known.size > resumed.size).unwrap_or(resumed);
        let body = Body::Roster(statement::Roster {
            prev: state.roster.head(),
            actions: vec![RosterAction::Resume { abandoned, resumed }],
            sealings: Vec::new(),
        });
        let upload: Upload = self
            .secrets
            .upload(state.practice(), seen(state, None), body, Vec::new());
        let request = self.connection.next_request();
        self.connection.resuming = Some(Resuming::Order(known, request));
        let append = Append {
            request,
            uploads: vec![upload],
        };
        effects.push(Effect::Send(frame(&ClientMessage::Append(append))));
        Ok(())
    }

    /// Whether a request is the resumption that this device ordered.
    pub(super) fn is_resumption(&self, request: u64) -> bool {
        request != 0 && matches!(self.connection.resuming, Some(Resuming::Order(_, own)) if own == request)
    }

    /// The ledger was resumed: what waited for that goes on.
    pub(super) fn note_resumed(&mut self, resumed: bool, effects: &mut Vec<Effect>) {
        if !resumed {
            return;
        }
        self.connection.resuming = None;
        if let Some(held) = &mut self.connection.held {
            held.waits = false;
        }
        let newest = self.resumptions().pop();
        effects.extend(newest.map(|newest| Effect::Report(Report::Resumed(newest))));
    }
}
