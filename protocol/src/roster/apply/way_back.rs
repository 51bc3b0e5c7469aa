//! The way back into a practice whose only admin lost every device.

use super::Step;
use crate::ids::MemberId;
use crate::roster::{Member, Roster};
use crate::rule::Rule;
use crate::statement::{DeviceKind, Role};

impl Roster {
    /// Whether the practice outlives the loss of any one admin's devices, as of a position: an admin has a recovery kit, or
    /// there are two admins with active devices, of whom each can recover the other.
    pub fn has_way_back(&self, position: u64) -> bool {
        let acting = |admin: &&MemberId| self.devices_of(**admin, position).next().is_some();
        let admins: Vec<_> = self
            .members_with(Role::Admin, position)
            .filter(acting)
            .copied()
            .collect();
        let mut devices = admins.iter().flat_map(|admin| self.devices_of(*admin, position));
        let kit = |id| self.devices.get(id).is_some_and(|d| d.kind == DeviceKind::Kit);
        admins.len() > 1 || devices.any(|(id, _)| kit(id))
    }
}

impl Step {
    /// R32: once an admin had a kit, no statement takes the last way back: not by revoking a kit, nor by removing, demoting or
    /// recovering whoever has it. One that makes another kit may.
    pub(super) fn way_back_remains(&self, before: &Roster) -> Result<(), Rule> {
        let was_admin = |member: &MemberId| {
            let mut tenures = before.members.get(member).into_iter().flat_map(Member::tenures);
            tenures.any(|(role, ..)| role == Role::Admin)
        };
        let mut devices = before.devices.values();
        let taken = devices.any(|d| d.kind == DeviceKind::Kit && was_admin(&d.member))
            && before.has_way_back(self.position)
            && !self.roster.has_way_back(self.position);
        if taken { Err(Rule::NoWayBack) } else { Ok(()) }
    }
}
