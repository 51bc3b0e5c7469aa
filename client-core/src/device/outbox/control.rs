//! Statements about who reads a document, made of what waits.

use rand_core::CryptoRng;
use troth_protocol::document::Document;
use troth_protocol::ids::{DocumentId, MemberId};
use troth_protocol::keys::{Class, KeyRef, Sealing};
use troth_protocol::state::State;
use troth_protocol::statement::{DocumentAction, Principal, Reader, Role};
use troth_protocol::wire::Upload;

use super::Intent;
use super::package::turn;
use crate::device::{Device, DeviceError};
use crate::storage::Storage;

impl<S: Storage> Device<S> {
    /// A share: of a document whose key must turn, it turns first.
    pub(super) fn sign_grant(
        &mut self,
        rng: &mut impl CryptoRng,
        now: u64,
        id: DocumentId,
        reader: Reader,
    ) -> Result<Option<Upload>, DeviceError> {
        let position = self.frontier.size();
        let state = self.practice_state()?;
        let document = state.documents.get(&id).ok_or(DeviceError::NoSuchDocument(id))?;
        if document
            .readers_at(position, now.max(state.received))
            .any(|r| *r == reader)
        {
            return Ok(None);
        }
        if let Principal::Member(member) = reader.principal
            && self.is_changing(&member)
        {
            return Err(DeviceError::NotYet);
        }
        let stale = self.is_stale(id, now)?;
        let grant = DocumentAction::Grant { reader };
        let actions = |epoch, commitment| {
            let mut actions = Vec::new();
            if stale {
                actions.push(turn(epoch, commitment));
            }
            actions.push(grant);
            actions
        };
        self.sign_control(rng, now, id, actions, |_| false).map(Some)
    }

    /// The end of a share: the key turns with it.
    pub(super) fn sign_end(
        &mut self,
        rng: &mut impl CryptoRng,
        now: u64,
        id: DocumentId,
        principal: Principal,
    ) -> Result<Option<Upload>, DeviceError> {
        let position = self.frontier.size();
        let state = self.practice_state()?;
        let document = state.documents.get(&id).ok_or(DeviceError::NoSuchDocument(id))?;
        let held = |r: &Reader| r.principal == principal;
        if !document.readers_at(position, now.max(state.received)).any(held) {
            return Ok(None);
        }
        let actions = |epoch, commitment| vec![DocumentAction::Revoke { principal }, turn(epoch, commitment)];
        self.sign_control(rng, now, id, actions, |_| false).map(Some)
    }

    /// The present key, sealed to those of this member's and role's keys that would not find it otherwise.
    pub(super) fn sign_tend(
        &mut self,
        rng: &mut impl CryptoRng,
        now: u64,
        id: DocumentId,
    ) -> Result<Option<Upload>, DeviceError> {
        let me = self.identity.member.ok_or(DeviceError::NoPractice)?;
        let state = self.practice_state()?;
        let document = state.documents.get(&id).ok_or(DeviceError::NoSuchDocument(id))?;
        let lacking = lacking(state, document, me, self.frontier.size(), now.max(state.received));
        let epoch = KeyRef::Epoch(id, document.epoch());
        if lacking.is_empty() || self.epoch_key(&epoch).is_err() {
            return Ok(None);
        }
        let chosen = |sealing: &Sealing| lacking.contains(&sealing.to);
        self.sign_control(rng, now, id, |_, _| vec![DocumentAction::Reseal], chosen)
            .map(Some)
    }

    /// Whether a member waits here to be added, or to be given another role.
    pub(super) fn is_changing(&self, member: &MemberId) -> bool {
        self.outbox.values().any(|intent| match intent {
            Intent::AddMember { newcomer, .. } => newcomer.member == *member,
            Intent::ChangeRole { member: of, .. } => of == member,
            _ => false,
        })
    }
}

/// Of the keys that a document's present key should be sealed to, those that have no way to it and that it is for this member
/// to help. Their own and the admins': it was sealed to single devices while the key was exposed, and the key has turned since.
/// For an admin or a counselor also those of whoever got a right back that a role had kept from them, while the document turned:
/// such a member holds nothing from which to help themselves.
pub(in crate::device) fn lacking(
    state: &State,
    document: &Document,
    me: MemberId,
    position: u64,
    received: u64,
) -> Vec<KeyRef> {
    let roster = &state.roster;
    if document.is_closed() || document.is_stale(roster, position, received) {
        return Vec::new();
    }
    let Some(epoch) = document.epoch_record(document.epoch()) else {
        return Vec::new();
    };
    let same = |a: &KeyRef, b: &KeyRef| match (a, b) {
        (KeyRef::Member(a, c, _), KeyRef::Member(b, d, _)) => a == b && c == d,
        (KeyRef::Role(a, c, _), KeyRef::Role(b, d, _)) => a == b && c == d,
        (a, b) => a == b,
    };
    let owner = |key: &KeyRef| match key {
        KeyRef::Member(member, class, _) => Some((*member, *class)),
        KeyRef::Device(device, class) => Some((roster.devices().get(device)?.member, *class)),
        _ => None,
    };
    let is_cut_off = |of: (MemberId, Class)| !epoch.sealed_to.iter().any(|held| owner(held) == Some(of));
    let helps = matches!(roster.role(&me, position), Some(Role::Admin | Role::Counselor));
    let ours = |key: &KeyRef| match key {
        KeyRef::Role(Role::Admin, Class::General | Class::Sensitive, _) => true,
        key => owner(key).is_some_and(|of| of.0 == me || helps && is_cut_off(of)),
    };
    let recipients = document.recipients(roster, position, received);
    let unreached = |key: &KeyRef| !epoch.sealed_to.iter().any(|held| same(held, key));
    recipients
        .into_iter()
        .filter(|key| ours(key) && unreached(key))
        .collect()
}
