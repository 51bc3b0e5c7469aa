//! The rules of the practice chain.

mod device;
mod member;
mod policy;
mod recovery;
mod way_back;

use std::collections::{BTreeMap, BTreeSet};

use policy::check_policy;

use crate::entry::Parsed;
use crate::ids::{DeviceId, MemberId, PracticeId};
use crate::keys::{Class, DeviceKeys, ED25519, KeyRef, Sealing};
use crate::roster::{Device, Keyring, Member, Recovery, Roster};
use crate::rule::Rule;
use crate::signature::Signature;
use crate::statement::{Body, DeviceKind, Genesis, Role, RosterAction};
use crate::{labels, limits};

/// Milliseconds of a day.
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

impl Roster {
    /// The roster that a genesis statement founds.
    pub fn found(parsed: &Parsed, genesis: &Genesis) -> Result<Self, Rule> {
        if genesis.version != 1 {
            return Err(Rule::Version);
        }
        check_origin(&genesis.origin)?;
        check_policy(&genesis.policy)?;
        // R23: there is nobody else yet.
        if genesis.policy.custodian.is_some_and(|c| c != genesis.founder) {
            return Err(Rule::NoSuchSubject);
        }
        let device = genesis.device.id();
        if device != parsed.statement().signer || parsed.statement().seen.is_some() {
            return Err(Rule::Genesis);
        }
        let mut required = BTreeSet::new();
        for class in Class::ALL {
            let member = KeyRef::Member(genesis.founder, class, 1);
            required.insert(Sealing {
                key: member,
                to: KeyRef::Device(device, class),
            });
            required.insert(Sealing {
                key: KeyRef::Role(Role::Admin, class, 1),
                to: member,
            });
        }
        check_sealings(&genesis.sealings, &required, &BTreeSet::new())?;
        let member = Member::joining(0, Role::Admin, &genesis.member_keys);
        let first = Device {
            member: genesis.founder,
            keys: genesis.device.clone(),
            kind: DeviceKind::Device,
            added: 0,
            revoked: None,
        };
        Ok(Self {
            practice: PracticeId(parsed.hash().0),
            origin: genesis.origin.clone(),
            policy: genesis.policy.clone(),
            head: parsed.hash(),
            heads: BTreeMap::from([(parsed.hash(), 0)]),
            members: BTreeMap::from([(genesis.founder, member)]),
            devices: BTreeMap::from([(device, first)]),
            admin: Keyring::new(0, &genesis.admin_keys),
            ledger_keys: vec![(0, genesis.ledger_key)],
            invites: BTreeMap::new(),
            recoveries: BTreeMap::new(),
            custodians: vec![(0, genesis.policy.custodian)],
            resumptions: None,
        })
    }

    /// The roster after a statement at a position; the present one is untouched, whatever comes of it.
    pub fn apply(&self, position: u64, received: u64, parsed: &Parsed) -> Result<Self, Rule> {
        let Body::Roster(body) = &parsed.statement().body else {
            return Err(Rule::OutOfOrder);
        };
        if body.prev != self.head {
            self.active(&parsed.statement().signer, position)?;
            return Err(Rule::StaleChain);
        }
        if let Some((abandoned, resumed)) = parsed.statement().resumes() {
            self.may_resume(position, parsed.statement().signer, abandoned, resumed)?;
            check_sealings(&body.sealings, &BTreeSet::new(), &BTreeSet::new())?;
            return Ok(self.resume(position, received, parsed, abandoned, resumed));
        }
        let step = self.step(position, received, parsed.statement().signer, &body.actions)?;
        check_sealings(&body.sealings, &step.required, &step.optional)?;
        if body.actions.contains(&RosterAction::Reseal) && body.sealings.is_empty() {
            return Err(Rule::Sealings);
        }
        let mut next = step.roster;
        if let Some(recovery) = step.proposed {
            next.recoveries.insert(parsed.hash(), recovery);
        }
        next.head = parsed.hash();
        next.heads.insert(parsed.hash(), position);
        Ok(next)
    }

    /// The sealed keys that a statement with these actions must carry, and the roster that would come of it: what a signer
    /// asks before signing is what everyone checks after. A recovery that is proposed is not yet among that roster's: its name
    /// is the statement's hash.
    pub fn plan(
        &self,
        position: u64,
        received: u64,
        signer: DeviceId,
        actions: &[RosterAction],
    ) -> Result<Planned<Self>, Rule> {
        if let [RosterAction::Resume { abandoned, resumed }] = actions {
            self.may_resume(position, signer, abandoned, resumed)?;
            return Ok(Planned {
                after: self.clone(),
                required: BTreeSet::new(),
                optional: BTreeSet::new(),
            });
        }
        let step = self.step(position, received, signer, actions)?;
        Ok(Planned {
            after: step.roster,
            required: step.required,
            optional: step.optional,
        })
    }

    fn step(
        &self,
        position: u64,
        received: u64,
        signer: DeviceId,
        actions: &[RosterAction],
    ) -> Result<Step, Rule> {
        let member = self.active(&signer, position)?.member;
        if actions.is_empty() || actions.len() > limits::ACTIONS {
            return Err(Rule::TooLarge);
        }
        let mut step = Step {
            roster: self.clone(),
            position,
            received,
            signer,
            member,
            required: BTreeSet::new(),
            optional: BTreeSet::new(),
            proposed: None,
        };
        step.ration(actions)?;
        for action in actions {
            step.act(action)?;
        }
        step.someone_remains()?;
        step.way_back_remains(self)?;
        step.close_overtaken();
        Ok(step)
    }
}

/// What a chain's next statement must carry.
#[derive(Clone, Debug)]
pub struct Planned<T> {
    /// The chain's state after it.
    pub after: T,
    /// Sealed keys that it must list.
    pub required: BTreeSet<Sealing>,
    /// Sealed keys that it may list.
    pub optional: BTreeSet<Sealing>,
}

/// One statement's actions being applied to a copy of the roster.
struct Step {
    roster: Roster,
    position: u64,
    received: u64,
    signer: DeviceId,
    member: MemberId,
    required: BTreeSet<Sealing>,
    optional: BTreeSet<Sealing>,
    /// The recovery that this statement proposes: filed under the statement's hash, which is known to the caller only.
    proposed: Option<Recovery>,
}

impl Step {
    fn act(&mut self, action: &RosterAction) -> Result<(), Rule> {
        match action {
            RosterAction::AddDevice { device, kind, proof } => self.add_device(device, *kind, proof),
            RosterAction::RevokeDevice { device, .. } => self.revoke_device(device),
            RosterAction::TurnMemberKey {
                class,
                generation,
                key,
            } => self.turn_member_key(*class, *generation, key),
            RosterAction::Reseal => self.reseal(),
            RosterAction::StopRecovery { proposal } => self.stop_recovery(proposal),
            _ if self.role() != Some(Role::Admin) => Err(Rule::NotPermitted),
            RosterAction::Invite {
                invite,
                role,
                commitment,
                expires,
            } => self.invite(*invite, *role, *commitment, *expires),
            RosterAction::Withdraw { invite } => self.withdraw(invite),
            RosterAction::AddMember {
                invite,
                member,
                role,
                device,
                proof,
                keys,
            } => self.add_member(invite, *member, *role, device, proof, keys),
            RosterAction::ChangeRole { member, role } => self.change_role(member, *role),
            RosterAction::RemoveMember { member } => self.remove_member(member),
            RosterAction::TurnRoleKey {
                role,
                class,
                generation,
                key,
            } => self.turn_role_key(*role, *class, *generation, key),
            RosterAction::TurnLedgerKey { key, proof } => {
                proof
                    .verify(key, labels::LEDGER_PROOF, &self.roster.practice, &[])
                    .map_err(|_| Rule::LedgerKey)?;
                // One that was retired may be in anybody's hands by now.
                if self.roster.ledger_keys.iter().any(|(_, had)| had == key) {
                    return Err(Rule::LedgerKey);
                }
                self.roster.ledger_keys.push((self.position, *key));
                Ok(())
            }
            RosterAction::SetPolicy { policy } => self.set_policy(policy),
            RosterAction::ProposeRecovery {
                member,
                device,
                proof,
                keys,
            } => self.propose_recovery(*member, device, proof, keys),
            RosterAction::ApproveRecovery { proposal } => self.approve_recovery(proposal),
            // R35: it stands alone, and then is none of the chain.
            RosterAction::Resume { .. } => Err(Rule::Resumption),
        }
    }

    fn role(&self) -> Option<Role> {
        self.roster.role(&self.member, self.position)
    }

    /// R28: who is no admin changes only their own devices, and only so often a day.
    fn ration(&mut self, actions: &[RosterAction]) -> Result<(), Rule> {
        if self.role() == Some(Role::Admin) || actions.is_empty() {
            return Ok(());
        }
        let today = self.received / DAY_MS;
        let member = self
            .roster
            .members
            .get_mut(&self.member)
            .ok_or(Rule::NoSuchSubject)?;
        let (day, count) = member.own_statements;
        let used = if day == today { count } else { 0 };
        if used >= limits::OWN_STATEMENTS_PER_DAY {
            return Err(Rule::Ration);
        }
        member.own_statements = (today, used + 1);
        Ok(())
    }

    /// R26: an admin with an active device remains. One who was recovered counts once the admins' key has turned and so come
    /// to them: nobody else could ever open what was the admins'.
    fn someone_remains(&self) -> Result<(), Rule> {
        let roster = &self.roster;
        let generation = roster.admin_key(Class::General).generation(self.position);
        let remains = roster.members_with(Role::Admin, self.position).any(|m| {
            let holds_key = roster.members.get(m).is_some_and(|m| m.locked_out < generation);
            holds_key && roster.devices_of(*m, self.position).next().is_some()
        });
        if remains { Ok(()) } else { Err(Rule::LastOne) }
    }

    /// R2, R21, R22: the device signs as this version does, is new, and signed for this member and practice itself.
    fn check_new(&self, member: MemberId, keys: &DeviceKeys, proof: &Signature) -> Result<DeviceId, Rule> {
        if keys.algorithm != ED25519 {
            return Err(Rule::Version);
        }
        let id = keys.id();
        if self.roster.devices.contains_key(&id) {
            return Err(Rule::AlreadyExists);
        }
        proof
            .verify(
                &keys.signing,
                labels::DEVICE_PROOF,
                &self.roster.practice,
                member.as_bytes(),
            )
            .map_err(|_| Rule::DeviceProof)?;
        Ok(id)
    }

    /// A new device of a member.
    fn enrol(
        &mut self,
        member: MemberId,
        keys: &DeviceKeys,
        kind: DeviceKind,
        proof: &Signature,
    ) -> Result<DeviceId, Rule> {
        let id = self.check_new(member, keys, proof)?;
        self.admit_device(member, keys, kind);
        Ok(id)
    }

    fn admit_device(&mut self, member: MemberId, keys: &DeviceKeys, kind: DeviceKind) {
        let device = Device {
            member,
            keys: keys.clone(),
            kind,
            added: self.position,
            revoked: None,
        };
        self.roster.devices.insert(keys.id(), device);
    }

    /// R29: a role's key is given to someone new only while it is not exposed. What is sensitive may follow later, when
    /// the giver has it unlocked.
    fn give_admin_keys(&mut self, member: &MemberId) -> Result<(), Rule> {
        for class in Class::ALL {
            let history = self.roster.admin.class(class);
            let generation = history.generation(self.position);
            let exposed = history.is_burned(generation, self.position);
            if exposed && class == Class::General {
                return Err(Rule::TurnFirst);
            }
            for to in self.roster.member_recipients(member, class, self.position) {
                let sealing = Sealing {
                    key: KeyRef::Role(Role::Admin, class, generation),
                    to,
                };
                match class {
                    Class::General => self.required.insert(sealing),
                    Class::Sensitive => !exposed && self.optional.insert(sealing),
                };
            }
        }
        Ok(())
    }

    /// Marks every key as exposed that a member's devices could open.
    fn burn_keys_of(&mut self, member: &MemberId) -> Result<(), Rule> {
        if self.roster.role(member, self.position.saturating_sub(1)) == Some(Role::Admin)
            || self.roster.role(member, self.position) == Some(Role::Admin)
        {
            self.roster.admin.burn(self.position);
        }
        self.roster
            .members
            .get_mut(member)
            .ok_or(Rule::NoSuchSubject)?
            .keys
            .burn(self.position);
        Ok(())
    }
}

/// R24: the listed sealings are all that are required, others only if optional, none twice.
pub(crate) fn check_sealings(
    listed: &[Sealing],
    required: &BTreeSet<Sealing>,
    optional: &BTreeSet<Sealing>,
) -> Result<(), Rule> {
    if listed.len() > limits::SEALINGS {
        return Err(Rule::TooLarge);
    }
    let set: BTreeSet<Sealing> = listed.iter().copied().collect();
    let each_once = set.len() == listed.len();
    let allowed = set.iter().all(|s| required.contains(s) || optional.contains(s));
    if each_once && allowed && required.is_subset(&set) {
        Ok(())
    } else {
        Err(Rule::Sealings)
    }
}

fn check_origin(origin: &str) -> Result<(), Rule> {
    let plain = origin
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"-.:[]".contains(&b));
    if origin.is_empty() || origin.len() > limits::ORIGIN || !plain {
        Err(Rule::Malformed)
    } else {
        Ok(())
    }
}
