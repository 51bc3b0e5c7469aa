//! Recoveries that were proposed and are open.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

use crate::ids::{DeviceId, Hash, MemberId};
use crate::keys::{Class, ClassKeys, DeviceKeys};
use crate::roster::Roster;
use crate::statement::Role;

/// A proposal to bring a member back with a new device and new keys. It has no effect until it is approved.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Recovery {
    /// Who is to be recovered.
    #[n(0)]
    pub member: MemberId,
    /// Their new device, whose own signature over practice and member was checked.
    #[n(1)]
    pub device: DeviceKeys,
    /// Their new keys, made on that device.
    #[n(2)]
    pub keys: ClassKeys,
    /// The generations that these keys take: general, sensitive.
    #[n(3)]
    pub generations: (u32, u32),
    /// The admin who proposed it.
    #[n(4)]
    pub proposer: MemberId,
    /// Position of the proposing statement.
    #[n(5)]
    pub position: u64,
    /// The relay's clock at the proposing statement, in milliseconds since the Unix epoch.
    #[n(6)]
    pub proposed: u64,
    /// Relay time from which the proposer may approve it alone, in milliseconds since the Unix epoch.
    #[n(7)]
    pub ripe: u64,
}

impl Recovery {
    /// The new device's id.
    pub fn device_id(&self) -> DeviceId {
        self.device.id()
    }

    /// The generation that the member's new key of a class takes.
    pub const fn generation(&self, class: Class) -> u32 {
        match class {
            Class::General => self.generations.0,
            Class::Sensitive => self.generations.1,
        }
    }

    /// Whether it can still take effect: the member is there with the keys that it follows upon, the proposer is an admin,
    /// and the device joined nobody meanwhile.
    pub(super) fn stands(&self, roster: &Roster, position: u64) -> bool {
        let follows = roster.members().get(&self.member).is_some_and(|m| {
            m.role(position).is_some()
                && Class::ALL.into_iter().all(|class| {
                    m.keys.class(class).generation(position).checked_add(1) == Some(self.generation(class))
                })
        });
        follows
            && roster.role(&self.proposer, position) == Some(Role::Admin)
            && !roster.devices().contains_key(&self.device_id())
    }
}

impl Roster {
    /// The recoveries that are open, each under the hash of the statement that proposed it. Another admin than the proposer
    /// can approve one at once, the proposer from [`Recovery::ripe`] on.
    pub const fn recoveries(&self) -> &BTreeMap<Hash, Recovery> {
        &self.recoveries
    }
}
