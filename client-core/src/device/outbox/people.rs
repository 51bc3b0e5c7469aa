//! Statements about members, devices and roles, made of what waits.

use rand_core::CryptoRng;
use troth_protocol::ids::{DeviceId, MemberId};
use troth_protocol::keys::{Class, KeyRef, Sealing};
use troth_protocol::statement::{Role, RosterAction};

use super::{Intent, Newcomer};
use crate::device::policy::PolicyChange;
use crate::device::sign::{Fresh, sealing_pair};
use crate::device::{Device, DeviceError};
use crate::storage::Storage;

/// A statement's actions, and the keys that they make.
type Act = (Vec<RosterAction>, Fresh);

impl<S: Storage> Device<S> {
    /// What an intent about people asks for; `None` where that is so already.
    pub(super) fn roster_actions(
        &mut self,
        rng: &mut impl CryptoRng,
        intent: Intent,
    ) -> Result<Option<Act>, DeviceError> {
        let one = |action| Ok(Some((vec![action], Fresh::default())));
        match intent {
            Intent::Revoke { device, compromised } => self.revocation(rng, device, compromised).map(Some),
            Intent::AddDevice { keys, kind, proof } => {
                let mut act = self.own_turns(rng)?;
                act.0.push(RosterAction::AddDevice {
                    device: keys,
                    kind,
                    proof,
                });
                Ok(Some(act))
            }
            Intent::Invite {
                invite,
                role,
                commitment,
                expires,
            } => one(RosterAction::Invite {
                invite,
                role,
                commitment,
                expires,
            }),
            Intent::Withdraw { invite } => one(RosterAction::Withdraw { invite }),
            Intent::AddMember {
                invite,
                role,
                newcomer,
            } => {
                let mut act = self.role_turns(rng, role == Role::Admin)?;
                let (add, sealed) = add_member(invite, role, *newcomer);
                act.0.push(add);
                act.1.sealed.extend(sealed);
                Ok(Some(act))
            }
            Intent::ChangeRole { member, role } => self.role_change(rng, member, role),
            Intent::RemoveMember { member } => self.removal(rng, member).map(Some),
            Intent::ProposeRecovery { newcomer } => {
                let sealed = sealed(&newcomer);
                let action = RosterAction::ProposeRecovery {
                    member: newcomer.member,
                    device: Box::new(newcomer.device),
                    proof: newcomer.proof,
                    keys: Box::new(newcomer.keys),
                };
                let fresh = Fresh {
                    sealed: sealed.into_iter().collect(),
                    ..Fresh::default()
                };
                Ok(Some((vec![action], fresh)))
            }
            // What the lost devices could open turns with it: the admins' keys, if the member is one.
            Intent::ApproveRecovery { proposal } => {
                let position = self.frontier.size();
                let roster = &self.practice_state()?.roster;
                let found = roster.recoveries().get(&proposal);
                let member = found.ok_or(DeviceError::NoSuchRecovery)?.member;
                let admin = roster.role(&member, position) == Some(Role::Admin);
                let mut act = (vec![RosterAction::ApproveRecovery { proposal }], Fresh::default());
                if admin {
                    self.turn_role_keys(rng, |_| true, &mut act)?;
                }
                Ok(Some(act))
            }
            Intent::StopRecovery { proposal } => one(RosterAction::StopRecovery { proposal }),
            Intent::SetPolicy {
                custodian,
                no_custodian,
                recovery_wait_ms,
                witnesses,
            } => {
                let keys = |keys: Vec<String>| keys.iter().filter_map(|key| key.parse().ok()).collect();
                let change = PolicyChange {
                    custodian: (no_custodian || custodian.is_some()).then_some(custodian),
                    recovery_wait_ms,
                    witnesses: witnesses.map(|(named, quorum)| (keys(named), quorum)),
                };
                let present = self.practice_state()?.roster.policy();
                let policy = change.of(present);
                if policy == *present {
                    return Ok(None);
                }
                one(RosterAction::SetPolicy { policy })
            }
            Intent::TurnLedgerKey { key, proof } => {
                let turned = &self.practice_state()?.roster;
                if turned.ledger_key() == key {
                    return Ok(None);
                }
                one(RosterAction::TurnLedgerKey { key, proof })
            }
            Intent::TendRoster => self.tending(rng),
            _ => Err(DeviceError::Damaged("an intent in the wrong stream")),
        }
    }

    fn my_role(&self) -> Result<Option<Role>, DeviceError> {
        let me = self.identity.member.ok_or(DeviceError::NoPractice)?;
        Ok(self.practice_state()?.roster.role(&me, self.frontier.size()))
    }

    /// Turns the admins' keys of the classes that ask for it, where this device holds the present ones.
    fn turn_role_keys(
        &mut self,
        rng: &mut impl CryptoRng,
        asked: impl Fn(&KeyRef) -> bool,
        act: &mut Act,
    ) -> Result<(), DeviceError> {
        if self.my_role()? != Some(Role::Admin) {
            return Ok(());
        }
        for class in Class::ALL {
            let history = self.practice_state()?.roster.admin_key(class);
            let present = history.generation(self.frontier.size());
            let key = KeyRef::Role(Role::Admin, class, present);
            // A key turns only where its predecessor can be handed on: what is locked stays exposed until it is unlocked.
            if !asked(&key) || self.sealing_secret(&key).is_err() {
                continue;
            }
            let generation = present + 1;
            let (secret, key) = sealing_pair(rng)?;
            act.1
                .secrets
                .insert(KeyRef::Role(Role::Admin, class, generation), secret);
            act.0.push(RosterAction::TurnRoleKey {
                role: Role::Admin,
                class,
                generation,
                key,
            });
        }
        Ok(())
    }

    /// Turns this member's keys of the classes that ask for it, likewise.
    fn turn_own_keys(
        &mut self,
        rng: &mut impl CryptoRng,
        asked: impl Fn(&KeyRef) -> bool,
        act: &mut Act,
    ) -> Result<(), DeviceError> {
        let me = self.identity.member.ok_or(DeviceError::NoPractice)?;
        for class in Class::ALL {
            let members = self.practice_state()?.roster.members();
            let Some(member) = members.get(&me) else {
                return Ok(());
            };
            let present = member.keys.class(class).generation(self.frontier.size());
            let key = KeyRef::Member(me, class, present);
            if !asked(&key) || self.sealing_secret(&key).is_err() {
                continue;
            }
            let generation = present + 1;
            let (secret, key) = sealing_pair(rng)?;
            act.1
                .secrets
                .insert(KeyRef::Member(me, class, generation), secret);
            act.0.push(RosterAction::TurnMemberKey {
                class,
                generation,
                key,
            });
        }
        Ok(())
    }

    fn is_exposed(&self) -> Result<impl Fn(&KeyRef) -> bool + use<S>, DeviceError> {
        let (roster, position) = (self.practice_state()?.roster.clone(), self.frontier.size());
        Ok(move |key: &KeyRef| roster.is_exposed(key, position))
    }

    /// R29: before a new device is given this member's keys, those that are exposed turn.
    fn own_turns(&mut self, rng: &mut impl CryptoRng) -> Result<Act, DeviceError> {
        let (exposed, mut act) = (self.is_exposed()?, Act::default());
        self.turn_own_keys(rng, exposed, &mut act)?;
        Ok(act)
    }

    /// R29: before a new admin is given the admins' keys, those that are exposed turn.
    fn role_turns(&mut self, rng: &mut impl CryptoRng, needed: bool) -> Result<Act, DeviceError> {
        let (exposed, mut act) = (self.is_exposed()?, Act::default());
        if needed {
            self.turn_role_keys(rng, exposed, &mut act)?;
        }
        Ok(act)
    }

    /// Revoking a device: of this member, the member's keys turn with it, and the role's keys that the member holds.
    fn revocation(
        &mut self,
        rng: &mut impl CryptoRng,
        device: DeviceId,
        compromised: bool,
    ) -> Result<Act, DeviceError> {
        let position = self.frontier.size();
        let roster = &self.practice_state()?.roster;
        let active = roster.active(&device, position);
        let owner = active.map_err(|_| DeviceError::NoSuchDevice)?.member;
        let admin = roster.role(&owner, position) == Some(Role::Admin);
        let mut act = Act::default();
        act.0.push(RosterAction::RevokeDevice { device, compromised });
        if Some(owner) == self.identity.member {
            self.turn_own_keys(rng, |_| true, &mut act)?;
        }
        if admin {
            self.turn_role_keys(rng, |_| true, &mut act)?;
        }
        Ok(act)
    }

    /// A change of role, and the admins' keys turned: before it for a new admin, after it for one who is none any more.
    fn role_change(
        &mut self,
        rng: &mut impl CryptoRng,
        member: MemberId,
        role: Role,
    ) -> Result<Option<Act>, DeviceError> {
        let before = self.practice_state()?.roster.role(&member, self.frontier.size());
        if before == Some(role) {
            return Ok(None);
        }
        let mut act = self.role_turns(rng, role == Role::Admin)?;
        act.0.push(RosterAction::ChangeRole { member, role });
        if before == Some(Role::Admin) && Some(member) != self.identity.member {
            self.turn_role_keys(rng, |_| true, &mut act)?;
        }
        Ok(Some(act))
    }

    /// A removal, and the admins' keys turned if the member was one.
    fn removal(&mut self, rng: &mut impl CryptoRng, member: MemberId) -> Result<Act, DeviceError> {
        let before = self.practice_state()?.roster.role(&member, self.frontier.size());
        let mut act = Act::default();
        act.0.push(RosterAction::RemoveMember { member });
        if before == Some(Role::Admin) && Some(member) != self.identity.member {
            self.turn_role_keys(rng, |_| true, &mut act)?;
        }
        Ok(act)
    }

    /// What this member's keys and roles ask for: exposed keys turned, and keys sealed to those who lack them.
    pub(in crate::device) fn tending(
        &mut self,
        rng: &mut impl CryptoRng,
    ) -> Result<Option<Act>, DeviceError> {
        let mut act = Act::default();
        let exposed = self.is_exposed()?;
        self.turn_own_keys(rng, &exposed, &mut act)?;
        self.turn_role_keys(rng, &exposed, &mut act)?;
        if act.0.is_empty() && self.can_reseal()? {
            act.0.push(RosterAction::Reseal);
        }
        Ok((!act.0.is_empty()).then_some(act))
    }

    /// Whether somebody who is entitled lacks a key that this device can give them.
    fn can_reseal(&mut self) -> Result<bool, DeviceError> {
        let (position, me) = (self.frontier.size(), self.secrets.id);
        let state = self.practice_state()?;
        let planned = state
            .roster
            .plan(position, state.received, me, &[RosterAction::Reseal]);
        let Ok(planned) = planned else { return Ok(false) };
        let lacking = planned.optional.into_iter().filter(|s| !self.is_sealed(s));
        let lacking: Vec<Sealing> = lacking.collect();
        Ok(lacking.iter().any(|s| self.sealing_secret(&s.key).is_ok()))
    }
}

/// The secrets of a newcomer's keys, as their own device sealed them.
fn sealed(newcomer: &Newcomer) -> Vec<(Sealing, minicbor::bytes::ByteVec)> {
    let device = newcomer.device.id();
    let parts = Class::ALL
        .into_iter()
        .zip(newcomer.generations)
        .zip(&newcomer.sealed);
    parts
        .map(|((class, generation), sealed)| {
            let sealing = Sealing {
                key: KeyRef::Member(newcomer.member, class, generation),
                to: KeyRef::Device(device, class),
            };
            (sealing, sealed.clone())
        })
        .collect()
}

fn add_member(
    invite: troth_protocol::ids::InviteId,
    role: Role,
    newcomer: Newcomer,
) -> (RosterAction, Vec<(Sealing, minicbor::bytes::ByteVec)>) {
    let sealed = sealed(&newcomer);
    let action = RosterAction::AddMember {
        invite,
        member: newcomer.member,
        role,
        device: Box::new(newcomer.device),
        proof: newcomer.proof,
        keys: Box::new(newcomer.keys),
    };
    (action, sealed)
}
