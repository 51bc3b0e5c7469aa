//! Whether somebody who leaves takes along the last way to what is sensitive.

use std::collections::BTreeSet;

use troth_protocol::ids::{DeviceId, MemberId};
use troth_protocol::keys::{Class, KeyRef};
use troth_protocol::statement::Role;

use super::{Device, DeviceError};
use crate::storage::Storage;

impl<S: Storage> Device<S> {
    /// Whether the admins' present key for what is sensitive would be open to no admin's device any more, once those have
    /// left for which `leaves` holds, though it is open to one now. Counted from the sealings that the verified chain lists:
    /// an admin is given the key when another one who has it unlocked hands it on. What only that key opens is lost then.
    ///
    /// # Errors
    /// [`DeviceError::NoPractice`].
    pub fn takes_last_sensitive_key(
        &self,
        leaves: impl Fn(&MemberId, &DeviceId) -> bool,
    ) -> Result<bool, DeviceError> {
        let (position, roster) = (self.frontier.size(), &self.practice_state()?.roster);
        let generation = roster.admin_key(Class::Sensitive).generation(position);
        let openers = self.openers(KeyRef::Role(Role::Admin, Class::Sensitive, generation));
        let (mut now, mut then) = (false, false);
        for admin in roster.members_with(Role::Admin, position) {
            for (device, _) in roster.devices_of(*admin, position) {
                let opens = openers.contains(device);
                now |= opens;
                then |= opens && !leaves(admin, device);
            }
        }
        Ok(now && !then)
    }

    /// The devices from which a chain of sealings leads to a key of the roster.
    fn openers(&self, key: KeyRef) -> BTreeSet<DeviceId> {
        let (mut seen, mut open, mut devices) = (BTreeSet::from([key]), vec![key], BTreeSet::new());
        while let Some(key) = open.pop() {
            if let KeyRef::Device(device, _) = key {
                devices.insert(device);
            }
            let ways = self.sealed.get(&key).into_iter().flatten();
            open.extend(ways.map(|at| at.sealing.to).filter(|to| seen.insert(*to)));
        }
        devices
    }
}
