//! Actions about members, roles and invitations. Only admins' devices get here.

use super::Step;
use crate::ids::{Hash, InviteId, MemberId};
use crate::keys::{Class, ClassKeys, DeviceKeys, KeyRef, Sealing, SealingKey};
use crate::limits;
use crate::roster::{Invitation, Member};
use crate::rule::Rule;
use crate::signature::Signature;
use crate::statement::{DeviceKind, Role};

impl Step {
    pub(super) fn invite(
        &mut self,
        invite: InviteId,
        role: Role,
        commitment: Hash,
        expires: u64,
    ) -> Result<(), Rule> {
        if self.roster.invites.contains_key(&invite) {
            return Err(Rule::AlreadyExists);
        }
        if self.roster.invites.values().filter(|i| i.open).count() >= limits::INVITES {
            return Err(Rule::TooLarge);
        }
        self.roster.invites.insert(
            invite,
            Invitation {
                role,
                commitment,
                expires,
                open: true,
            },
        );
        Ok(())
    }

    pub(super) fn withdraw(&mut self, invite: &InviteId) -> Result<(), Rule> {
        let found = self
            .roster
            .invites
            .get_mut(invite)
            .filter(|i| i.open)
            .ok_or(Rule::Invitation)?;
        found.open = false;
        Ok(())
    }

    pub(super) fn add_member(
        &mut self,
        invite: &InviteId,
        member: MemberId,
        role: Role,
        device: &DeviceKeys,
        proof: &Signature,
        keys: &ClassKeys,
    ) -> Result<(), Rule> {
        let received = self.received;
        let found = self
            .roster
            .invites
            .get_mut(invite)
            .filter(|i| i.open && i.role == role && received < i.expires)
            .ok_or(Rule::Invitation)?;
        found.open = false;
        if self.roster.members.contains_key(&member) {
            return Err(Rule::AlreadyExists);
        }
        if self.roster.members.len() >= limits::MEMBERS {
            return Err(Rule::TooLarge);
        }
        let joined = Member::joining(self.position, role, keys);
        self.roster.members.insert(member, joined);
        let id = self.enrol(member, device, DeviceKind::Device, proof)?;
        for class in Class::ALL {
            let key = KeyRef::Member(member, class, 1);
            self.required.insert(Sealing {
                key,
                to: KeyRef::Device(id, class),
            });
        }
        if role == Role::Admin {
            self.give_admin_keys(&member)
        } else {
            Ok(())
        }
    }

    pub(super) fn change_role(&mut self, member: &MemberId, role: Role) -> Result<(), Rule> {
        let before = self
            .roster
            .role(member, self.position)
            .ok_or(Rule::NoSuchSubject)?;
        if before == role {
            return Err(Rule::NoSuchSubject);
        }
        if before == Role::Admin {
            self.roster.admin.burn(self.position);
        }
        let found = self.roster.members.get_mut(member).ok_or(Rule::NoSuchSubject)?;
        found.roles.push((self.position, Some(role)));
        if role == Role::Admin {
            self.give_admin_keys(member)
        } else {
            Ok(())
        }
    }

    pub(super) fn remove_member(&mut self, member: &MemberId) -> Result<(), Rule> {
        self.roster
            .role(member, self.position)
            .ok_or(Rule::NoSuchSubject)?;
        self.burn_keys_of(member)?;
        let position = self.position;
        let found = self.roster.members.get_mut(member).ok_or(Rule::NoSuchSubject)?;
        found.roles.push((position, None));
        for device in self.roster.devices.values_mut().filter(|d| d.member == *member) {
            device.revoked.get_or_insert(position);
        }
        Ok(())
    }

    pub(super) fn turn_role_key(
        &mut self,
        role: Role,
        class: Class,
        generation: u32,
        key: &SealingKey,
    ) -> Result<(), Rule> {
        if role != Role::Admin {
            return Err(Rule::NotPermitted);
        }
        let position = self.position;
        let present = self.roster.admin.class(class).generation(position);
        if Some(generation) != present.checked_add(1) {
            return Err(Rule::Generation);
        }
        let new = KeyRef::Role(role, class, generation);
        for to in self.roster.role_members_recipients(role, class, position) {
            self.required.insert(Sealing { key: new, to });
        }
        self.required.insert(Sealing {
            key: KeyRef::Role(role, class, present),
            to: new,
        });
        self.roster.admin.class_mut(class).turn(position, key.clone());
        Ok(())
    }
}
