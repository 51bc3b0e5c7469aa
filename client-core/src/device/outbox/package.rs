//! What waits, made into statements.

use std::collections::HashMap;

use minicbor::bytes::ByteVec;
use rand_core::CryptoRng;
use troth_protocol::ids::{DeviceId, DocumentId};
use troth_protocol::keys::{Class, KeyRef};
use troth_protocol::rule::Rule;
use troth_protocol::statement::{DocumentAction, Role, RosterAction};
use troth_protocol::wire::Upload;

use super::{Intent, TOGETHER};
use crate::content::Edits;
use crate::device::keyring::Secret;
use crate::device::sign::sealing_pair;
use crate::device::{Device, DeviceError};
use crate::storage::Storage;

impl<S: Storage> Device<S> {
    /// The next statement of a stream: what its first intents ask for.
    pub(super) fn statement_of(
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
            Intent::Access {
                document, kind, at, ..
            } => Ok((self.sign_access(document, kind, at)?, vec![id])),
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
    ) -> Result<(Vec<RosterAction>, HashMap<KeyRef, Secret>), DeviceError> {
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
}
