//! Whom a secret is sealed to: computed from the verified chain alone, the same by whoever seals and whoever checks.

use crate::ids::MemberId;
use crate::keys::{Class, KeyRef, SealingKey};
use crate::roster::Roster;
use crate::statement::{Principal, Role};

impl Roster {
    /// The keys that stand for a member as of a position: the member's own, or, while that is exposed and not yet turned,
    /// each remaining device's.
    pub fn member_recipients(&self, member: &MemberId, class: Class, position: u64) -> Vec<KeyRef> {
        let Some(found) = self.members().get(member).filter(|m| m.role(position).is_some()) else {
            return Vec::new();
        };
        let history = found.keys.class(class);
        let generation = history.generation(position);
        if history.is_burned(generation, position) {
            self.devices_of(*member, position)
                .map(|(id, _)| KeyRef::Device(*id, class))
                .collect()
        } else {
            vec![KeyRef::Member(*member, class, generation)]
        }
    }

    /// The keys that stand for a principal as of a position: a role's own key, or, while that is exposed and not yet
    /// turned, those of each of its members.
    pub fn recipients(&self, principal: &Principal, class: Class, position: u64) -> Vec<KeyRef> {
        match principal {
            Principal::Member(member) => self.member_recipients(member, class, position),
            Principal::Role(role) => {
                let history = self.admin_key(class);
                let generation = history.generation(position);
                if *role == Role::Admin && !history.is_burned(generation, position) {
                    return vec![KeyRef::Role(*role, class, generation)];
                }
                self.role_members_recipients(*role, class, position)
            }
        }
    }

    /// The keys of each member of a role as of a position.
    pub fn role_members_recipients(&self, role: Role, class: Class, position: u64) -> Vec<KeyRef> {
        self.members_with(role, position)
            .flat_map(|m| self.member_recipients(m, class, position))
            .collect()
    }

    /// Whether someone who must not may hold the key, as of a position.
    pub fn is_exposed(&self, key: &KeyRef, position: u64) -> bool {
        match key {
            KeyRef::Device(device, _) => self.active(device, position).is_err(),
            KeyRef::Member(member, class, generation) => self.members().get(member).is_none_or(|m| {
                m.role(position).is_none() || m.keys.class(*class).is_burned(*generation, position)
            }),
            KeyRef::Role(_, class, generation) => self.admin_key(*class).is_burned(*generation, position),
            KeyRef::Epoch(..) => false,
        }
    }

    /// The public key that a name stands for in the verified chain: a client seals to no other.
    pub fn public_key(&self, key: &KeyRef) -> Option<&SealingKey> {
        match key {
            KeyRef::Device(device, class) => self.devices().get(device).map(|d| d.keys.sealing(*class)),
            KeyRef::Member(member, class, generation) => {
                self.members().get(member)?.keys.class(*class).public(*generation)
            }
            KeyRef::Role(Role::Admin, class, generation) => self.admin_key(*class).public(*generation),
            KeyRef::Role(..) | KeyRef::Epoch(..) => None,
        }
    }
}
