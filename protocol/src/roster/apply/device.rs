//! Actions about devices and the keys that they open.

use super::Step;
use crate::ids::DeviceId;
use crate::keys::{Class, DeviceKeys, KeyRef, Sealing, SealingKey};
use crate::limits;
use crate::roster::KeyHistory;
use crate::rule::Rule;
use crate::signature::Signature;
use crate::statement::{DeviceKind, Role};

impl Step {
    /// Only a member's own active device adds a device to that member, which then opens the member's present keys. An
    /// exposed key turns first (R29); what is sensitive may follow later.
    pub(super) fn add_device(
        &mut self,
        keys: &DeviceKeys,
        kind: DeviceKind,
        proof: &Signature,
    ) -> Result<(), Rule> {
        let member = self.member;
        if self.roster.devices_of(member, self.position).count() >= limits::MEMBER_DEVICES {
            return Err(Rule::TooLarge);
        }
        let id = self.enrol(member, keys, kind, proof)?;
        for class in Class::ALL {
            let (generation, exposed) = self.own_key(class, |h, p| {
                let generation = h.generation(p);
                (generation, h.is_burned(generation, p))
            })?;
            let sealing = Sealing {
                key: KeyRef::Member(member, class, generation),
                to: KeyRef::Device(id, class),
            };
            match class {
                Class::General if exposed => return Err(Rule::TurnFirst),
                Class::General => self.required.insert(sealing),
                Class::Sensitive => !exposed && self.optional.insert(sealing),
            };
        }
        Ok(())
    }

    /// A member's own device, or an admin's, revokes. Nobody takes away their own last device (R26); an admin may take
    /// away another's, who then comes back by recovery.
    pub(super) fn revoke_device(&mut self, device: &DeviceId) -> Result<(), Rule> {
        let owner = self
            .roster
            .active(device, self.position)
            .map_err(|_| Rule::NoSuchSubject)?
            .member;
        if owner != self.member && self.role() != Some(Role::Admin) {
            return Err(Rule::NotPermitted);
        }
        let position = self.position;
        let found = self.roster.devices.get_mut(device).ok_or(Rule::NoSuchSubject)?;
        found.revoked = Some(position);
        if owner == self.member && self.roster.devices_of(owner, position).next().is_none() {
            return Err(Rule::LastOne);
        }
        self.burn_keys_of(&owner)
    }

    /// A member's own device turns that member's key: sealed to each remaining device, its predecessor sealed to it. While the
    /// key was exposed, an admin's devices were given the admins' key one by one; now it follows under the new key, so that
    /// no device that is added later lacks it when those are gone.
    pub(super) fn turn_member_key(
        &mut self,
        class: Class,
        generation: u32,
        key: &SealingKey,
    ) -> Result<(), Rule> {
        self.roster.active(&self.signer, self.position)?;
        let (member, position) = (self.member, self.position);
        let present = self.own_key(class, KeyHistory::generation)?;
        let exposed = self.own_key(class, |h, p| h.is_burned(present, p))?;
        if Some(generation) != present.checked_add(1) {
            return Err(Rule::Generation);
        }
        let new = KeyRef::Member(member, class, generation);
        for (id, _) in self.roster.devices_of(member, position) {
            self.required.insert(Sealing {
                key: new,
                to: KeyRef::Device(*id, class),
            });
        }
        self.required.insert(Sealing {
            key: KeyRef::Member(member, class, present),
            to: new,
        });
        let found = self.roster.members.get_mut(&member).ok_or(Rule::NoSuchSubject)?;
        found.keys.class_mut(class).turn(position, key.clone());
        let admins = KeyRef::Role(
            Role::Admin,
            class,
            self.roster.admin.class(class).generation(position),
        );
        if exposed && self.role() == Some(Role::Admin) && !self.roster.is_exposed(&admins, position) {
            let sealing = Sealing { key: admins, to: new };
            match class {
                Class::General => self.required.insert(sealing),
                Class::Sensitive => self.optional.insert(sealing),
            };
        }
        Ok(())
    }

    /// Keys may be sealed again to whoever is entitled and lacks them: a member's to their own devices, a role's to its
    /// members.
    pub(super) fn reseal(&mut self) -> Result<(), Rule> {
        let (member, position) = (self.member, self.position);
        for class in Class::ALL {
            let generation = self.own_key(class, KeyHistory::generation)?;
            let key = KeyRef::Member(member, class, generation);
            if !self.roster.is_exposed(&key, position) {
                for (id, _) in self.roster.devices_of(member, position) {
                    self.optional.insert(Sealing {
                        key,
                        to: KeyRef::Device(*id, class),
                    });
                }
            }
            let role = KeyRef::Role(
                Role::Admin,
                class,
                self.roster.admin.class(class).generation(position),
            );
            if self.role() == Some(Role::Admin) && !self.roster.is_exposed(&role, position) {
                for to in self.roster.role_members_recipients(Role::Admin, class, position) {
                    self.optional.insert(Sealing { key: role, to });
                }
            }
        }
        Ok(())
    }

    fn own_key<T>(&self, class: Class, ask: impl Fn(&KeyHistory, u64) -> T) -> Result<T, Rule> {
        let found = self.roster.members.get(&self.member).ok_or(Rule::NoSuchSubject)?;
        Ok(ask(found.keys.class(class), self.position))
    }
}
