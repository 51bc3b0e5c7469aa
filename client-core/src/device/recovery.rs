//! Coming back: by the printed kit, or by two admins where there is none.

use rand_core::CryptoRng;
use troth_protocol::ids::{DeviceId, DocumentId, Hash, MemberId};
use troth_protocol::keys::{Class, DeviceKeys};
use troth_protocol::labels;
use troth_protocol::signature::Signature;
use troth_protocol::statement::{DeviceKind, Role};

use super::invite::claimed;
use super::link::{Answer, Linking, Replacing};
use super::outbox::Intent;
use super::{Device, DeviceError, Effect};
use crate::crypto::{Kit, NEWCOMER_REQUEST, open_psk};
use crate::storage::Storage;

/// A recovery kit of this member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KitSummary {
    /// Its device id.
    pub id: DeviceId,
    /// Whether its words were entered again since it was made.
    pub tested: bool,
}

/// A recovery that was proposed and is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecoverySummary {
    /// Its name: the hash of the proposing statement.
    pub id: Hash,
    /// Who is to be recovered.
    pub member: MemberId,
    /// Who proposed it.
    pub proposer: MemberId,
    /// When it was proposed, in milliseconds since the Unix epoch.
    pub proposed: u64,
    /// From when the proposer may approve it alone, in milliseconds since the Unix epoch.
    pub ripe: u64,
    /// Whether this device's member may approve it now.
    pub approvable: bool,
}

/// What a device knows of its practice, for one that takes its place.
pub struct Voucher(Answer);

impl<S: Storage> Device<S> {
    /// Makes a kit's keys known to the practice as a device of this member.
    pub fn add_kit(&mut self, rng: &mut impl CryptoRng, kit: &Kit) -> Result<DeviceId, DeviceError> {
        let practice = *self.practice_state()?.practice();
        let member = self.identity.member.ok_or(DeviceError::NoPractice)?;
        let device = kit.device();
        let intent = Intent::AddDevice {
            proof: device.proof(&practice, &member),
            kind: DeviceKind::Kit,
            keys: Box::new(device.keys.clone()),
        };
        self.keep(rng, vec![intent], Vec::new())?;
        Ok(device.id())
    }

    /// Gives up a kit that waits to be known. Says whether that is certain: what was signed may have reached the ledger, and
    /// is sent again.
    pub fn give_up_kit(&mut self, id: DeviceId) -> Result<bool, DeviceError> {
        let is_it = |intent: &Intent| matches!(intent, Intent::AddDevice { keys, .. } if keys.id() == id);
        let waiting = self.outbox.iter().find(|(_, intent)| is_it(intent));
        let Some(row) = waiting.map(|(row, _)| *row) else {
            return Ok(!self.practice_state()?.roster.devices().contains_key(&id));
        };
        if self.inflight.values().any(|f| f.covers().any(|id| id == row)) {
            return Ok(false);
        }
        let write = self.rows.remove(super::rows::OUTBOX, &row.to_be_bytes());
        self.rows.commit(vec![write])?;
        self.outbox.remove(&row);
        Ok(true)
    }

    /// This member's active kits, and those that wait to be known.
    pub fn kits(&mut self) -> Result<Vec<KitSummary>, DeviceError> {
        let me = self.identity.member.ok_or(DeviceError::NoPractice)?;
        let roster = &self.practice_state()?.roster;
        let known = roster.devices().iter().filter(|(id, d)| {
            d.member == me && d.kind == DeviceKind::Kit && roster.active(id, u64::MAX).is_ok()
        });
        let mut ids: Vec<DeviceId> = known.map(|(id, _)| *id).collect();
        ids.extend(self.outbox.values().filter_map(|intent| match intent {
            Intent::AddDevice {
                kind: DeviceKind::Kit,
                keys,
                ..
            } => Some(keys.id()),
            _ => None,
        }));
        let tested = self.tested_kits()?;
        let summary = |id: DeviceId| KitSummary {
            id,
            tested: tested.contains(&id),
        };
        Ok(ids.into_iter().map(summary).collect())
    }

    /// Whether this is the only recovery kit that this member has.
    pub fn is_last_kit(&self, kit: &DeviceId) -> bool {
        let (Some(state), Some(me)) = (&self.state, self.identity.member) else {
            return false;
        };
        let devices = state.roster.devices();
        let mut active = devices.iter().filter(|(id, d)| {
            d.member == me && d.kind == DeviceKind::Kit && state.roster.active(id, u64::MAX).is_ok()
        });
        active.next().is_some_and(|(id, _)| id == kit) && active.next().is_none()
    }

    /// The words were entered again: they are one of this member's kits, or not.
    pub fn test_kit(&mut self, rng: &mut impl CryptoRng, kit: &Kit) -> Result<bool, DeviceError> {
        let mut found = None;
        for known in self.kits()? {
            if kit.is(&known.id) {
                found = Some(known.id);
            }
        }
        let Some(id) = found else { return Ok(false) };
        let mut tested = self.tested_kits()?;
        if !tested.contains(&id) {
            tested.push(id);
            let write = self.rows.put(rng, super::rows::TESTED, &[], &tested);
            self.rows.commit(vec![write])?;
        }
        Ok(true)
    }

    fn tested_kits(&self) -> Result<Vec<DeviceId>, DeviceError> {
        Ok(self.rows.get(super::rows::TESTED, &[])?.unwrap_or_default())
    }

    /// What this device, a kit's words come to life, knows of its practice.
    pub fn voucher(&self) -> Result<Voucher, DeviceError> {
        let member = self.identity.member.ok_or(DeviceError::NoPractice)?;
        self.vouch(member).map(Voucher)
    }

    /// A new device believes a kit, and signs for its member and practice: what [`Self::add_own_device`] takes.
    pub fn adopt(
        &mut self,
        rng: &mut impl CryptoRng,
        relay_url: &str,
        voucher: Voucher,
    ) -> Result<(DeviceKeys, Signature), DeviceError> {
        if self.is_bound() {
            return Err(DeviceError::AlreadyInPractice);
        }
        self.identity.relay = Some(relay_url.to_owned());
        let (practice, member) = (voucher.0.practice, voucher.0.member);
        let pending = self.no_pending();
        self.believe(rng, voucher.0, pending)?;
        let proof = self
            .secrets
            .sign(labels::DEVICE_PROOF, &practice, member.as_bytes());
        Ok((self.secrets.keys.clone(), proof))
    }

    /// Adds a device to this device's own member.
    pub fn add_own_device(
        &mut self,
        rng: &mut impl CryptoRng,
        keys: DeviceKeys,
        proof: Signature,
    ) -> Result<(), DeviceError> {
        let intent = Intent::AddDevice {
            keys: Box::new(keys),
            kind: DeviceKind::Device,
            proof,
        };
        self.keep(rng, vec![intent], Vec::new())
    }

    /// Recoveries that are open, as of a time.
    pub fn recoveries(&self, now: u64) -> Result<Vec<RecoverySummary>, DeviceError> {
        let state = self.practice_state()?;
        let me = self.identity.member.ok_or(DeviceError::NoPractice)?;
        let admin = state.roster.role(&me, u64::MAX) == Some(Role::Admin);
        let summary = |(id, r): (&Hash, &troth_protocol::roster::Recovery)| RecoverySummary {
            id: *id,
            member: r.member,
            proposer: r.proposer,
            proposed: r.proposed,
            ripe: r.ripe,
            approvable: admin && r.member != me && (r.proposer != me || now.max(state.received) >= r.ripe),
        };
        Ok(state.roster.recoveries().iter().map(summary).collect())
    }

    /// Approves a recovery, as another admin than the one who proposed it, or after the wait. Every document that the member
    /// reads and this device can write to turns with it: only then can their new device open it.
    pub fn approve_recovery(&mut self, rng: &mut impl CryptoRng, proposal: Hash) -> Result<(), DeviceError> {
        self.open_recovery(&proposal)?;
        let state = self.practice_state()?;
        let (position, received) = (self.frontier.size(), self.clock.max(state.received));
        let member = state.roster.recoveries().get(&proposal).map(|r| r.member);
        let member = member.ok_or(DeviceError::NoSuchRecovery)?;
        let reads = |document: &DocumentId| {
            let document = state.documents.get(document);
            document.is_some_and(|d| d.rights(&state.roster, &member, position, received).is_some())
        };
        let turns = self.turns_of_all(received)?.into_iter();
        let turns = turns.filter(|turn| matches!(turn, Intent::Turn { document } if reads(document)));
        let intents = std::iter::once(Intent::ApproveRecovery { proposal }).chain(turns);
        self.keep(rng, intents.collect(), Vec::new())
    }

    /// Stops a recovery.
    pub fn stop_recovery(&mut self, rng: &mut impl CryptoRng, proposal: Hash) -> Result<(), DeviceError> {
        self.open_recovery(&proposal)?;
        self.keep(rng, vec![Intent::StopRecovery { proposal }], Vec::new())
    }

    fn open_recovery(&self, proposal: &Hash) -> Result<(), DeviceError> {
        let roster = &self.practice_state()?.roster;
        let found = roster.recoveries().contains_key(proposal);
        found.then_some(()).ok_or(DeviceError::NoSuchRecovery)
    }

    /// What the device of a member who lost everything needs to know to make new keys.
    pub(super) fn replacing(&self, member: &MemberId) -> Result<Replacing, DeviceError> {
        let roster = &self.practice_state()?.roster;
        let found = roster.members().get(member).ok_or(DeviceError::NoSuchMember)?;
        let next = |class: Class| found.keys.class(class).generation(u64::MAX) + 1;
        Ok(Replacing {
            admin: self.secrets.keys.clone(),
            generations: Class::ALL.map(next),
        })
    }

    /// The lost member's new device has made its keys: a proposal is made of them.
    pub(super) fn asked_to_recover(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        value: &[u8],
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        let practice = *self.practice_state()?.practice();
        let Linking::Approving {
            code,
            keys: Some(keys),
            recovers: Some(member),
        } = &self.connection.linking
        else {
            return Ok(());
        };
        let id = keys.id();
        let opened = open_psk(
            &self.secrets.general,
            NEWCOMER_REQUEST,
            id.as_bytes(),
            value,
            &code.psk(),
        )
        .map_err(|_| DeviceError::WrongCode)?;
        let newcomer = claimed(&opened, &practice, keys)?;
        if newcomer.member != *member || newcomer.generations != self.replacing(member)?.generations {
            return Err(DeviceError::WrongCode);
        }
        let mut known = self.practice_state()?.roster.recoveries().values();
        if known.any(|recovery| recovery.device.id() == id) {
            return self.link_progress(rng, &[id], effects);
        }
        let waits =
            |i: &Intent| matches!(i, Intent::ProposeRecovery { newcomer } if newcomer.device.id() == id);
        if !self.outbox.values().any(waits) {
            let intent = Intent::ProposeRecovery {
                newcomer: Box::new(newcomer),
            };
            self.keep(rng, vec![intent], Vec::new())?;
        }
        effects.extend(self.pump(now, rng)?);
        Ok(())
    }
}
