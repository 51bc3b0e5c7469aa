//! What everybody is shown of recoveries, whatever command brings the news.

use std::collections::BTreeSet;

use troth_protocol::ids::{Hash, MemberId};

use super::{Device, Session};
use crate::commands::pick;
use crate::driver;
use crate::failure::Failure;
use crate::messages::{network, recovery as say};
use crate::output::time;

impl Session {
    /// What a member is called: their name, or the beginning of their id where this device does not learn names.
    pub fn called(&self, device: &mut Device, member: MemberId) -> String {
        let name = device.name_of(member).ok().flatten();
        name.unwrap_or_else(|| pick::short(member))
    }

    /// Ends a command that only read: says what was set aside on the way, and by whom it was sent.
    ///
    /// # Errors
    /// Whatever the storage says.
    pub fn read(&self, device: &mut Device) -> Result<(), Failure> {
        let aside = device.take_aside(&mut driver::rng()).map_err(|e| self.wrong(e))?;
        for what in aside {
            self.out.note(&network::quarantined(self.language, &what));
        }
        Ok(())
    }

    /// Shows the recoveries that are open, but for those in `told`, and how to stop them.
    pub fn show_recoveries(&self, device: &mut Device, told: &mut BTreeSet<Hash>) {
        let language = self.language;
        let Ok(open) = device.recoveries(driver::now()) else {
            return;
        };
        for recovery in open {
            if !told.insert(recovery.id) {
                continue;
            }
            let member = self.called(device, recovery.member);
            let proposer = self.called(device, recovery.proposer);
            let id = pick::short(recovery.id);
            for line in [
                say::open(language, &member, &proposer, &time(recovery.proposed), &id),
                say::open_when(language, &proposer, &time(recovery.ripe)),
                say::open_stop(language, &member, &id),
            ] {
                self.out.note(&line);
            }
        }
    }
}
