//! What waits to be sent. An intent is kept from the moment a person acts; a statement is made of it when its turn comes,
//! kept before it is sent, and both are forgotten only when the statement is folded into a signed checkpoint.

use std::collections::{BTreeMap, HashMap};

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use troth_protocol::document::Document;
use troth_protocol::ids::{CaseId, DeviceId, DocumentId, Hash};
use troth_protocol::keys::{Class, DeviceKeys, KeyRef};
use troth_protocol::rule::Rule;
use troth_protocol::signature::Signature;
use troth_protocol::statement::{DeviceKind, DocumentAction, Lane, Reader, Role, RosterAction};
use troth_protocol::stream::Stream;
use troth_protocol::wire::{Append, ClientMessage, Upload, frame};

use super::rows::{INFLIGHT, OUTBOX, QUARANTINE};
use super::sign::sealing_pair;
use super::{Device, DeviceError, Effect, Report};
use crate::content::Edits;
use crate::storage::{Storage, Write};

/// Bytes of edits that travel in one statement at most: short enough for the relay to interleave others.
const TOGETHER: usize = 256 * 1024;
/// Tries of one intent that the chain's movement refuses, before it is shown for review.
const TRIES: u32 = 16;
/// Wait after a relay that is busy or full, in milliseconds.
const BUSY_MS: u64 = 5_000;

/// What a person wants said.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) enum Intent {
    /// An Automerge change to a document.
    #[n(0)]
    Edit {
        #[n(0)]
        document: DocumentId,
        #[cbor(n(1), with = "minicbor::bytes")]
        change: Vec<u8>,
    },
    /// A new document.
    #[n(1)]
    Create {
        #[n(0)]
        document: DocumentId,
        #[n(1)]
        case: Option<CaseId>,
        #[n(2)]
        lane: Lane,
        #[n(3)]
        readers: Vec<Reader>,
    },
    /// A device shall be revoked.
    #[n(2)]
    Revoke {
        #[n(0)]
        device: DeviceId,
        #[n(1)]
        compromised: bool,
    },
    /// A device shall be added to this member.
    #[n(3)]
    AddDevice {
        #[n(0)]
        keys: Box<DeviceKeys>,
        #[n(1)]
        kind: DeviceKind,
        #[n(2)]
        proof: Signature,
    },
    /// A document's key shall turn, whether or not anyone writes to it next.
    #[n(4)]
    Turn {
        #[n(0)]
        document: DocumentId,
    },
}

impl Intent {
    /// The stream that the statement will belong to.
    pub(super) const fn stream(&self) -> Stream {
        match self {
            Self::Edit { document, .. } | Self::Create { document, .. } | Self::Turn { document } => {
                Stream::Document(*document)
            }
            Self::Revoke { .. } | Self::AddDevice { .. } => Stream::Roster,
        }
    }
}

/// An intent with its number, as it is kept.
#[derive(Clone, Debug, Encode, Decode)]
#[cbor(array)]
pub(super) struct OutboxRow {
    #[n(0)]
    pub id: u64,
    #[n(1)]
    pub intent: Intent,
}

/// A statement that is signed and perhaps sent.
#[derive(Clone, Debug, Encode, Decode)]
#[cbor(array)]
pub(super) struct Inflight {
    #[n(0)]
    pub stream: Stream,
    #[n(1)]
    pub upload: Upload,
    /// The intents that it carries out; none for a turn that only prepares an edit.
    #[n(2)]
    pub covers: Vec<u64>,
    /// Names the answer; 0: not sent on this connection.
    #[n(3)]
    pub request: u64,
    #[n(4)]
    pub tries: u32,
    /// Sealed under a head that has moved on; signed again with the next news.
    #[n(5)]
    pub outdated: bool,
}

impl Inflight {
    pub(super) fn hash(&self) -> Hash {
        Hash::of(&[&self.upload.signed.statement])
    }
}

/// What was set aside, and why.
#[derive(Clone, Debug, Encode, Decode)]
#[cbor(array)]
pub(super) struct QuarantineRow {
    #[n(0)]
    pub id: u64,
    #[n(1)]
    pub what: String,
    #[n(2)]
    pub rule: u16,
    #[n(3)]
    pub intent: Option<Intent>,
    /// Position of the entry, where it is another's.
    #[n(4)]
    pub position: Option<u64>,
}

impl<S: Storage> Device<S> {
    /// Keeps intents, with other rows that belong to the same act, before anything is sent.
    pub(super) fn keep(
        &mut self,
        rng: &mut impl CryptoRng,
        intents: Vec<Intent>,
        mut writes: Vec<Write>,
    ) -> Result<(), DeviceError> {
        if self.halted() {
            return Err(DeviceError::Halted);
        }
        let first = self.next_id;
        let rows: Vec<OutboxRow> = intents
            .into_iter()
            .zip(first..)
            .map(|(intent, id)| OutboxRow { id, intent })
            .collect();
        writes.extend(
            rows.iter()
                .map(|row| self.rows.put(rng, OUTBOX, &row.id.to_be_bytes(), row)),
        );
        self.rows.commit(writes)?;
        self.next_id = first + rows.len() as u64;
        self.outbox
            .extend(rows.into_iter().map(|row| (row.id, row.intent)));
        Ok(())
    }

    /// Makes statements of what waits, as far as each stream is free, and sends them if the connection is live.
    pub fn pump(&mut self, now: u64, rng: &mut impl CryptoRng) -> Result<Vec<Effect>, DeviceError> {
        let mut effects = Vec::new();
        if !self.is_live() {
            return Ok(effects);
        }
        for (stream, ids) in self.by_stream() {
            if let Some(inflight) = self.inflight.get(&stream).filter(|f| !f.outdated) {
                if inflight.request == 0 {
                    self.send_inflight(&stream, &mut effects);
                }
                continue;
            }
            let tries = self.inflight.get(&stream).map_or(0, |f| f.tries);
            match self.statement_of(rng, now, &ids) {
                Ok((upload, covers)) => {
                    let inflight = Inflight {
                        stream,
                        upload,
                        covers,
                        request: 0,
                        tries,
                        outdated: false,
                    };
                    let write = self.rows.put(rng, INFLIGHT, &stream.key(), &inflight);
                    self.rows.commit(vec![write])?;
                    self.inflight.insert(stream, inflight);
                    self.send_inflight(&stream, &mut effects);
                }
                Err(DeviceError::Rule(rule)) => self.set_aside(rng, &ids, rule, &mut effects)?,
                Err(DeviceError::NoSuchDevice) => {
                    self.set_aside(rng, &ids, Rule::NoSuchSubject, &mut effects)?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(effects)
    }

    /// The waiting intents by stream: of the roster one at a time, of a document as many edits as travel together.
    fn by_stream(&self) -> Vec<(Stream, Vec<u64>)> {
        let mut streams: BTreeMap<Stream, Vec<u64>> = BTreeMap::new();
        for (id, intent) in &self.outbox {
            streams.entry(intent.stream()).or_default().push(*id);
        }
        streams.into_iter().collect()
    }

    /// The next statement of a stream: what its first intents ask for.
    fn statement_of(
        &mut self,
        rng: &mut impl CryptoRng,
        now: u64,
        ids: &[u64],
    ) -> Result<(Upload, Vec<u64>), DeviceError> {
        let first = ids
            .first()
            .and_then(|id| Some((*id, self.outbox.get(id)?.clone())));
        let Some((id, intent)) = first else {
            return Err(DeviceError::Damaged("an empty outbox"));
        };
        match intent {
            Intent::Create {
                document,
                case,
                lane,
                readers,
            } => {
                let action = |commitment| DocumentAction::Create {
                    case,
                    lane,
                    readers,
                    commitment,
                };
                Ok((self.sign_epoch(rng, now, document, action)?, vec![id]))
            }
            Intent::Turn { document } => Ok((self.sign_turn(rng, now, document)?, vec![id])),
            Intent::Edit { document, .. } => {
                if self.is_stale(document, now)? {
                    return Ok((self.sign_turn(rng, now, document)?, Vec::new()));
                }
                self.sign_edits(rng, document, ids)
            }
            Intent::Revoke { device, .. } => {
                let (actions, fresh) = self.revocation(
                    rng,
                    device,
                    matches!(
                        intent,
                        Intent::Revoke {
                            compromised: true,
                            ..
                        }
                    ),
                )?;
                Ok((self.sign_roster(rng, now, actions, fresh)?, vec![id]))
            }
            Intent::AddDevice { keys, kind, proof } => {
                let action = RosterAction::AddDevice {
                    device: keys,
                    kind,
                    proof,
                };
                Ok((
                    self.sign_roster(rng, now, vec![action], HashMap::new())?,
                    vec![id],
                ))
            }
        }
    }

    fn sign_turn(
        &mut self,
        rng: &mut impl CryptoRng,
        now: u64,
        id: DocumentId,
    ) -> Result<Upload, DeviceError> {
        let document = self
            .practice_state()?
            .documents
            .get(&id)
            .ok_or(DeviceError::NoSuchDocument(id))?;
        let epoch = document.epoch() + 1;
        self.sign_epoch(rng, now, id, |commitment| DocumentAction::Turn {
            epoch,
            commitment,
        })
    }

    fn is_stale(&self, id: DocumentId, now: u64) -> Result<bool, DeviceError> {
        let state = self.practice_state()?;
        let document = state.documents.get(&id).ok_or(Rule::NoSuchDocument)?;
        Ok(document.is_stale(&state.roster, self.frontier.size(), now.max(state.received)))
    }

    /// One statement of as many waiting edits as travel together, with fork gossip.
    fn sign_edits(
        &mut self,
        rng: &mut impl CryptoRng,
        document: DocumentId,
        ids: &[u64],
    ) -> Result<(Upload, Vec<u64>), DeviceError> {
        let (mut changes, mut covers, mut bytes) = (Vec::new(), Vec::new(), 0);
        for id in ids {
            let Some(Intent::Edit { change, .. }) = self.outbox.get(id) else {
                break;
            };
            if bytes > 0 && bytes + change.len() > TOGETHER {
                break;
            }
            bytes += change.len();
            changes.push(ByteVec::from(change.clone()));
            covers.push(*id);
        }
        let gossip = self.checkpoint.filter(|c| c.size > self.gossiped);
        if let Some(checkpoint) = &gossip {
            self.gossiped = checkpoint.size;
        }
        let content = zeroize::Zeroizing::new(Edits { gossip, changes }.encode());
        Ok((self.sign_change(rng, document, &content)?, covers))
    }

    /// Revoking a device: of this member, the member's keys turn with it, and the role's keys that the member holds.
    fn revocation(
        &mut self,
        rng: &mut impl CryptoRng,
        device: DeviceId,
        compromised: bool,
    ) -> Result<(Vec<RosterAction>, HashMap<KeyRef, super::keyring::Secret>), DeviceError> {
        let position = self.frontier.size();
        let state = self.practice_state()?;
        let owner = state
            .roster
            .active(&device, position)
            .map_err(|_| DeviceError::NoSuchDevice)?
            .member;
        let me = self.identity.member.ok_or(DeviceError::NoPractice)?;
        let owner_is_admin = state.roster.role(&owner, position) == Some(Role::Admin);
        let i_am_admin = state.roster.role(&me, position) == Some(Role::Admin);
        let generations = |class: Class| {
            let member = state
                .roster
                .members()
                .get(&me)
                .map_or(0, |m| m.keys.class(class).generation(position));
            (member, state.roster.admin_key(class).generation(position))
        };
        let generations = Class::ALL.map(|class| (class, generations(class)));
        let mut actions = vec![RosterAction::RevokeDevice { device, compromised }];
        let mut fresh = HashMap::new();
        for (class, (member, role)) in generations {
            // A key turns only where its predecessor can be handed on: what is locked stays exposed until it is unlocked.
            if owner == me && self.sealing_secret(&KeyRef::Member(me, class, member)).is_ok() {
                let (secret, key) = sealing_pair(rng)?;
                let generation = member + 1;
                fresh.insert(KeyRef::Member(me, class, generation), secret);
                actions.push(RosterAction::TurnMemberKey {
                    class,
                    generation,
                    key,
                });
            }
            if owner_is_admin
                && i_am_admin
                && self
                    .sealing_secret(&KeyRef::Role(Role::Admin, class, role))
                    .is_ok()
            {
                let (secret, key) = sealing_pair(rng)?;
                let generation = role + 1;
                fresh.insert(KeyRef::Role(Role::Admin, class, generation), secret);
                actions.push(RosterAction::TurnRoleKey {
                    role: Role::Admin,
                    class,
                    generation,
                    key,
                });
            }
        }
        Ok((actions, fresh))
    }

    fn send_inflight(&mut self, stream: &Stream, effects: &mut Vec<Effect>) {
        let request = self.connection.next_request();
        if let Some(inflight) = self.inflight.get_mut(stream) {
            inflight.request = request;
            let append = Append {
                request,
                uploads: vec![inflight.upload.clone()],
            };
            effects.push(Effect::Send(frame(&ClientMessage::Append(append))));
        }
    }

    /// The relay refuses a statement. What the chain's movement explains is signed again after the next news; what the relay
    /// cannot take now waits; the rest is shown for review, and kept.
    pub(super) fn refused(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        request: u64,
        rule: Rule,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        let Some(stream) = self
            .inflight
            .iter()
            .find(|(_, f)| f.request == request)
            .map(|(s, _)| *s)
        else {
            return Ok(());
        };
        match rule {
            Rule::Quota | Rule::DiskFull | Rule::Unavailable | Rule::Ration => {
                if let Some(inflight) = self.inflight.get_mut(&stream) {
                    inflight.request = 0;
                }
                let what = "what waits here".to_owned();
                effects.push(Effect::Report(Report::Refused { rule, what }));
                effects.push(Effect::WakeAt(now + BUSY_MS));
            }
            Rule::Revoked | Rule::UnknownDevice => self.halt_revoked(effects),
            Rule::StaleChain
            | Rule::WrongEpoch
            | Rule::StaleEpoch
            | Rule::AuthorChain
            | Rule::TurnFirst
            | Rule::Generation
            | Rule::Sealings
            | Rule::UnknownHead => {
                let again = self.inflight.get_mut(&stream).is_some_and(|inflight| {
                    inflight.outdated = true;
                    inflight.tries += 1;
                    inflight.tries <= TRIES
                });
                if again {
                    effects.push(Effect::WakeAt(now + 50));
                } else {
                    let ids = self
                        .inflight
                        .get(&stream)
                        .map(|f| f.covers.clone())
                        .unwrap_or_default();
                    self.set_aside(rng, &ids, rule, effects)?;
                }
            }
            _ => {
                let ids = self
                    .inflight
                    .get(&stream)
                    .map(|f| f.covers.clone())
                    .unwrap_or_default();
                self.set_aside(rng, &ids, rule, effects)?;
            }
        }
        Ok(())
    }

    /// Moves intents to quarantine: kept, shown, never sent by themselves.
    fn set_aside(
        &mut self,
        rng: &mut impl CryptoRng,
        ids: &[u64],
        rule: Rule,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        let mut writes = Vec::new();
        for id in ids {
            let Some(intent) = self.outbox.get(id).cloned() else {
                continue;
            };
            writes.push(self.rows.remove(OUTBOX, &id.to_be_bytes()));
            writes.push(self.rows.remove(INFLIGHT, &intent.stream().key()));
            let what = self.describe(&intent);
            let row = QuarantineRow {
                id: *id,
                what,
                rule: rule.number(),
                intent: Some(intent),
                position: None,
            };
            writes.push(self.rows.put(rng, QUARANTINE, &id.to_be_bytes(), &row));
        }
        self.rows.commit(writes)?;
        for id in ids {
            let Some(intent) = self.outbox.remove(id) else {
                continue;
            };
            self.inflight.remove(&intent.stream());
            self.quarantined += 1;
            let what = self.describe(&intent);
            effects.push(Effect::Report(Report::Quarantined {
                what,
                rule: Some(rule),
            }));
        }
        Ok(())
    }

    fn describe(&self, intent: &Intent) -> String {
        let lane = |id: &DocumentId| {
            let known = self
                .state
                .as_ref()
                .and_then(|s| s.documents.get(id))
                .map(Document::lane);
            known.map_or("record", Lane::name)
        };
        match intent {
            Intent::Edit { document, .. } => format!("an edit of this device in {}", lane(document)),
            Intent::Create { lane, .. } => format!("a new {} record", lane.name()),
            Intent::Turn { document } => format!("a new key for {}", lane(document)),
            Intent::Revoke { .. } => "the revocation of a device".to_owned(),
            Intent::AddDevice { .. } => "the addition of a device".to_owned(),
        }
    }

    /// An own statement is in the ledger: what it carried out is done.
    pub(super) fn landed(&mut self, hash: &Hash, stream: &Stream, writes: &mut Vec<Write>) -> Vec<u64> {
        let Some(inflight) = self.inflight.get(stream).filter(|f| f.hash() == *hash) else {
            return Vec::new();
        };
        writes.push(self.rows.remove(INFLIGHT, &stream.key()));
        writes.extend(
            inflight
                .covers
                .iter()
                .map(|id| self.rows.remove(OUTBOX, &id.to_be_bytes())),
        );
        inflight.covers.clone()
    }
}
