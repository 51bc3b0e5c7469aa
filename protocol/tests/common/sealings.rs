//! The sealed keys that an honest device lists: worked out here a second time, apart from the rules that check them.
#![allow(dead_code, reason = "each test crate tells its own part")]

use std::collections::{BTreeMap, BTreeSet};

use troth_protocol::ids::{DeviceId, DocumentId, Hash, MemberId};
use troth_protocol::keys::{Class, KeyRef, Sealing};
use troth_protocol::roster::Roster;
use troth_protocol::state::State;
use troth_protocol::statement::{DocumentAction, Genesis, Lane, Principal, Reader, Role, RosterAction};

use crate::practice::Device;

/// A key's present generation, and whether it is exposed.
type Generation = (u32, bool);

/// A practice while one statement's actions are being drawn up.
struct Draft {
    devices: BTreeMap<DeviceId, MemberId>,
    roles: BTreeMap<MemberId, Role>,
    own: BTreeMap<(MemberId, Class), Generation>,
    admin: BTreeMap<Class, Generation>,
    proposals: BTreeMap<Hash, (MemberId, DeviceId)>,
    sealings: Vec<Sealing>,
}

pub fn of_genesis(genesis: &Genesis) -> Vec<Sealing> {
    let to_device = |class| Sealing {
        key: KeyRef::Member(genesis.founder, class, 1),
        to: KeyRef::Device(genesis.device.id(), class),
    };
    let to_member = |class| Sealing {
        key: KeyRef::Role(Role::Admin, class, 1),
        to: KeyRef::Member(genesis.founder, class, 1),
    };
    Class::ALL
        .into_iter()
        .flat_map(|c| [to_device(c), to_member(c)])
        .collect()
}

pub fn of_roster(roster: &Roster, by: &Device, actions: &[RosterAction]) -> Vec<Sealing> {
    let now = u64::MAX;
    let generation = |history: &troth_protocol::roster::KeyHistory| {
        let present = history.generation(now);
        (present, history.is_burned(present, now))
    };
    let own = roster.members().iter().flat_map(|(id, m)| {
        Class::ALL
            .into_iter()
            .map(|c| ((*id, c), generation(m.keys.class(c))))
    });
    let active = |(id, d): (&DeviceId, &troth_protocol::roster::Device)| {
        roster.active(id, now).is_ok().then_some((*id, d.member))
    };
    let mut draft = Draft {
        devices: roster.devices().iter().filter_map(active).collect(),
        roles: roster
            .members()
            .keys()
            .filter_map(|m| Some((*m, roster.role(m, now)?)))
            .collect(),
        own: own.collect(),
        admin: Class::ALL
            .into_iter()
            .map(|c| (c, generation(roster.admin_key(c))))
            .collect(),
        proposals: roster
            .recoveries()
            .iter()
            .map(|(hash, r)| (*hash, (r.member, r.device.id())))
            .collect(),
        sealings: Vec::new(),
    };
    for action in actions {
        draft.act(by.member, action);
    }
    draft.sealings
}

impl Draft {
    fn seal(&mut self, key: KeyRef, to: KeyRef) {
        let sealing = Sealing { key, to };
        if !self.sealings.contains(&sealing) {
            self.sealings.push(sealing);
        }
    }

    fn devices_of(&self, member: MemberId) -> Vec<DeviceId> {
        let of = self.devices.iter().filter(|(_, m)| **m == member);
        of.map(|(id, _)| *id).collect()
    }

    /// The keys that stand for a member.
    fn standing_for(&self, member: MemberId, class: Class) -> Vec<KeyRef> {
        match self.own.get(&(member, class)) {
            Some((generation, false)) => vec![KeyRef::Member(member, class, *generation)],
            _ => self
                .devices_of(member)
                .into_iter()
                .map(|d| KeyRef::Device(d, class))
                .collect(),
        }
    }

    fn give_admin_keys(&mut self, member: MemberId) {
        for (class, (generation, exposed)) in self.admin.clone() {
            for to in self.standing_for(member, class) {
                if !exposed {
                    self.seal(KeyRef::Role(Role::Admin, class, generation), to);
                }
            }
        }
    }

    fn expose(&mut self, member: MemberId, own: bool) {
        if self.roles.get(&member) == Some(&Role::Admin) {
            self.admin.values_mut().for_each(|g| g.1 = true);
        }
        let keys = self.own.iter_mut().filter(|((m, _), _)| own && *m == member);
        keys.for_each(|(_, g)| g.1 = true);
    }

    fn act(&mut self, by: MemberId, action: &RosterAction) {
        match action {
            RosterAction::AddDevice { device, .. } => {
                self.devices.insert(device.id(), by);
                for class in Class::ALL {
                    if let (generation, false) = self.own[&(by, class)] {
                        self.seal(
                            KeyRef::Member(by, class, generation),
                            KeyRef::Device(device.id(), class),
                        );
                    }
                }
            }
            RosterAction::RevokeDevice { device, .. } => {
                if let Some(owner) = self.devices.remove(device) {
                    self.expose(owner, true);
                }
            }
            RosterAction::AddMember {
                member, role, device, ..
            } => {
                self.devices.insert(device.id(), *member);
                self.roles.insert(*member, *role);
                for class in Class::ALL {
                    self.own.insert((*member, class), (1, false));
                    self.seal(
                        KeyRef::Member(*member, class, 1),
                        KeyRef::Device(device.id(), class),
                    );
                }
                if *role == Role::Admin {
                    self.give_admin_keys(*member);
                }
            }
            RosterAction::ChangeRole { member, role } => {
                self.expose(*member, false);
                self.roles.insert(*member, *role);
                if *role == Role::Admin {
                    self.give_admin_keys(*member);
                }
            }
            RosterAction::RemoveMember { member } => {
                self.expose(*member, true);
                self.roles.remove(member);
                self.devices.retain(|_, m| m != member);
            }
            RosterAction::TurnMemberKey {
                class, generation, ..
            } => {
                let new = KeyRef::Member(by, *class, *generation);
                for device in self.devices_of(by) {
                    self.seal(new, KeyRef::Device(device, *class));
                }
                let (present, exposed) = self.own[&(by, *class)];
                self.seal(KeyRef::Member(by, *class, present), new);
                let (admins, turned) = (self.admin[class].0, !self.admin[class].1);
                if exposed && turned && self.roles.get(&by) == Some(&Role::Admin) {
                    self.seal(KeyRef::Role(Role::Admin, *class, admins), new);
                }
                self.own.insert((by, *class), (*generation, false));
            }
            RosterAction::TurnRoleKey {
                role,
                class,
                generation,
                ..
            } => {
                let new = KeyRef::Role(*role, *class, *generation);
                let with: Vec<MemberId> = self
                    .roles
                    .iter()
                    .filter(|(_, r)| **r == *role)
                    .map(|(m, _)| *m)
                    .collect();
                for member in with {
                    for to in self.standing_for(member, *class) {
                        self.seal(new, to);
                    }
                }
                self.seal(KeyRef::Role(*role, *class, self.admin[class].0), new);
                self.admin.insert(*class, (*generation, false));
            }
            RosterAction::ProposeRecovery { member, device, .. } => {
                for class in Class::ALL {
                    let present = self.own.get(&(*member, class)).map_or(0, |own| own.0);
                    self.seal(
                        KeyRef::Member(*member, class, present + 1),
                        KeyRef::Device(device.id(), class),
                    );
                }
            }
            RosterAction::ApproveRecovery { proposal } => {
                if let Some((member, device)) = self.proposals.get(proposal).copied() {
                    self.expose(member, true);
                    self.devices.retain(|_, m| *m != member);
                    self.devices.insert(device, member);
                    for class in Class::ALL {
                        let present = self.own[&(member, class)].0;
                        self.own.insert((member, class), (present + 1, false));
                    }
                }
            }
            _ => {}
        }
    }
}

/// Whom a document's key goes to for its control actions, for readers who are all still there.
pub fn of_document(
    state: &State,
    id: DocumentId,
    position: u64,
    received: u64,
    actions: &[DocumentAction],
) -> Vec<Sealing> {
    let document = state.documents.get(&id);
    let mut lane = document.map(|d| d.lane());
    let mut epoch = document.map_or(0, |d| d.epoch());
    let mut readers: Vec<Reader> = document
        .map(|d| d.readers_at(position, received).copied().collect())
        .unwrap_or_default();
    let mut holders: BTreeSet<KeyRef> = document
        .and_then(|d| d.epoch_record(epoch))
        .map(|e| e.sealed_to.iter().copied().collect())
        .unwrap_or_default();
    // The one whom the policy named when process notes were begun, while they keep records.
    let begun = document
        .and_then(|d| d.epoch_record(1))
        .map_or(position, |e| e.from);
    let custodian = state.roster.custodian(begun).filter(|c| {
        let role = state.roster.role(c, position);
        matches!(role, Some(Role::Admin | Role::Counselor))
    });
    let mut sealings = Vec::new();
    for action in actions {
        let class = |lane: Option<Lane>| lane.map_or(Class::General, |l| l.class());
        let keys = |readers: &[Reader], class| -> BTreeSet<KeyRef> {
            let of = |r: &Reader| state.roster.recipients(&r.principal, class, position);
            let is_auditor = |r: &&Reader| match r.principal {
                Principal::Member(m) => state.roster.role(&m, position) == Some(Role::Auditor),
                Principal::Role(role) => role == Role::Auditor,
            };
            readers.iter().filter(|r| !is_auditor(r)).flat_map(of).collect()
        };
        let all = |readers: &[Reader], lane: Option<Lane>| -> BTreeSet<KeyRef> {
            let class = lane.map_or(Class::General, |l| l.class());
            let kept = custodian
                .filter(|_| lane == Some(Lane::ProcessNotes))
                .map(Principal::Member);
            let of_custodian = kept
                .iter()
                .flat_map(|p| state.roster.recipients(p, class, position));
            keys(readers, class).into_iter().chain(of_custodian).collect()
        };
        match action {
            DocumentAction::Create {
                lane: l, readers: r, ..
            } => {
                (lane, epoch, readers) = (Some(*l), 1, r.clone());
                holders = all(&readers, lane);
                let key = KeyRef::Epoch(id, 1);
                sealings.extend(holders.iter().map(|to| Sealing { key, to: *to }));
            }
            DocumentAction::Grant { reader } => {
                readers.retain(|r| r.principal != reader.principal);
                readers.push(*reader);
                let key = KeyRef::Epoch(id, epoch);
                for to in keys(&[*reader], class(lane)) {
                    if holders.insert(to) {
                        sealings.push(Sealing { key, to });
                    }
                }
            }
            DocumentAction::Revoke { principal } => readers.retain(|r| r.principal != *principal),
            DocumentAction::Turn { epoch: next, .. } => {
                let (old, new) = (KeyRef::Epoch(id, epoch), KeyRef::Epoch(id, *next));
                holders = all(&readers, lane);
                sealings.extend(holders.iter().map(|to| Sealing { key: new, to: *to }));
                sealings.push(Sealing { key: old, to: new });
                epoch = *next;
            }
            DocumentAction::Reseal => {
                let key = KeyRef::Epoch(id, epoch);
                let lacking = all(&readers, lane).into_iter().filter(|to| !holders.contains(to));
                sealings.extend(lacking.map(|to| Sealing { key, to }));
            }
            DocumentAction::Supersede { .. } => {}
        }
    }
    sealings
}
