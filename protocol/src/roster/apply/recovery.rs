//! Recovery: a member who has no device left comes back with a new one, and with keys of a new lineage. Two admins agree on
//! it, or one alone after a wait that everybody sees. What only the member could read stays closed.

use super::Step;
use crate::ids::{Hash, MemberId};
use crate::keys::{Class, ClassKeys, DeviceKeys, KeyRef, Sealing};
use crate::limits;
use crate::roster::Recovery;
use crate::rule::Rule;
use crate::signature::Signature;
use crate::statement::{DeviceKind, Role};

impl Step {
    /// An admin proposes; only admins' devices get here. The recovering device made the keys and sealed them to itself: the
    /// admin carries ciphertexts. Nothing but the proposal comes of it.
    pub(super) fn propose_recovery(
        &mut self,
        member: MemberId,
        device: &DeviceKeys,
        proof: &Signature,
        keys: &ClassKeys,
    ) -> Result<(), Rule> {
        let position = self.position;
        let found = self.roster.members.get(&member);
        let found = found
            .filter(|m| m.role(position).is_some())
            .ok_or(Rule::NoSuchSubject)?;
        // R13: who still has a device needs no recovery, and who proposes has one.
        if member == self.member {
            return Err(Rule::NotPermitted);
        }
        // R30: one for each member, and one in a statement, whose hash names it.
        if self.proposed.is_some() || self.open_recoveries().any(|r| r.member == member) {
            return Err(Rule::Recovery);
        }
        if self.open_recoveries().count() >= limits::RECOVERIES {
            return Err(Rule::TooLarge);
        }
        let next = |class| found.keys.class(class).generation(position).checked_add(1);
        let (Some(general), Some(sensitive)) = (next(Class::General), next(Class::Sensitive)) else {
            return Err(Rule::Generation);
        };
        let id = self.check_new(member, device, proof)?;
        // R22: nor is the device meant for somebody else.
        if self.open_recoveries().any(|r| r.device_id() == id) {
            return Err(Rule::AlreadyExists);
        }
        let wait = self.roster.policy.recovery_wait_ms.max(limits::RECOVERY_WAIT_MS);
        let recovery = Recovery {
            member,
            device: device.clone(),
            keys: keys.clone(),
            generations: (general, sensitive),
            proposer: self.member,
            position,
            proposed: self.received,
            ripe: self.received.saturating_add(wait),
        };
        self.required.extend(Class::ALL.map(|class| Sealing {
            key: KeyRef::Member(member, class, recovery.generation(class)),
            to: KeyRef::Device(id, class),
        }));
        self.proposed = Some(recovery);
        Ok(())
    }

    /// R30: approved by another admin than the proposer, who is not the one recovered, or by the proposer after the wait.
    /// The member's devices are gone, what they could open is exposed, and the new keys hold: no key before them is sealed to
    /// them.
    pub(super) fn approve_recovery(&mut self, proposal: &Hash) -> Result<(), Rule> {
        let recovery = self.open_recovery(proposal)?;
        let early = recovery.proposer == self.member && self.received < recovery.ripe;
        if early || recovery.member == self.member {
            return Err(Rule::Recovery);
        }
        self.roster.recoveries.remove(proposal);
        let (member, position) = (recovery.member, self.position);
        self.burn_keys_of(&member)?;
        for device in self.roster.devices.values_mut().filter(|d| d.member == member) {
            device.revoked.get_or_insert(position);
        }
        self.admit_device(member, &recovery.device, DeviceKind::Device);
        let is_admin = self.roster.role(&member, position) == Some(Role::Admin);
        let admins_generation = self.roster.admin.class(Class::General).generation(position);
        let found = self.roster.members.get_mut(&member).ok_or(Rule::NoSuchSubject)?;
        for class in Class::ALL {
            let key = recovery.keys.class(class).clone();
            found.keys.class_mut(class).turn(position, key);
        }
        if is_admin {
            found.locked_out = admins_generation;
        }
        Ok(())
    }

    /// R30, R13: what is open is stopped by an admin, or by the member themselves, who turns out to have a device.
    pub(super) fn stop_recovery(&mut self, proposal: &Hash) -> Result<(), Rule> {
        let recovery = self.open_recovery(proposal)?;
        if self.role() != Some(Role::Admin) && recovery.member != self.member {
            return Err(Rule::NotPermitted);
        }
        self.roster.recoveries.remove(proposal);
        Ok(())
    }

    /// Forgets the proposals that cannot take effect any more.
    pub(super) fn close_overtaken(&mut self) {
        let overtaken: Vec<Hash> = self
            .roster
            .recoveries
            .iter()
            .filter(|(_, r)| !r.stands(&self.roster, self.position))
            .map(|(proposal, _)| *proposal)
            .collect();
        for proposal in overtaken {
            self.roster.recoveries.remove(&proposal);
        }
        let roster = &self.roster;
        self.proposed.take_if(|r| !r.stands(roster, self.position));
    }

    fn open_recoveries(&self) -> impl Iterator<Item = &Recovery> {
        let open = self.roster.recoveries.values();
        open.filter(|r| r.stands(&self.roster, self.position))
    }

    /// R30: the proposal is open, and nothing that this statement did overtook it.
    fn open_recovery(&self, proposal: &Hash) -> Result<Recovery, Rule> {
        let found = self.roster.recoveries.get(proposal);
        found
            .filter(|r| r.stands(&self.roster, self.position))
            .cloned()
            .ok_or(Rule::Recovery)
    }
}
