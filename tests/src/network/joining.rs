//! Somebody new in the practice.

use troth_client_core::device::{Phase, Report};
use troth_protocol::statement::Role;

use super::{Network, Seat};

impl Network {
    /// Somebody new in the practice: invited by a device, compared, and let in.
    pub fn admit(&mut self, inviter: usize, role: Role, name: &str) -> usize {
        let new = self.greet(inviter, role, name);
        let effects = self.seats[inviter]
            .device
            .confirm(self.now, &mut self.rng, true)
            .expect("somebody waits");
        self.perform(inviter, effects);
        self.settle();
        assert_eq!(
            self.seats[new].device.phase(),
            Phase::Live,
            "{:?} {:?}",
            self.seats[new].reports,
            self.seats[inviter].reports
        );
        new
    }

    /// Somebody new who was invited and has come as far as the code that two people compare; both see the same.
    pub fn greet(&mut self, inviter: usize, role: Role, name: &str) -> usize {
        let device = &mut self.seats[inviter].device;
        let (invite, code) = device.invite(self.now, &mut self.rng, role).expect("an admin");
        self.settle();
        let device = &mut self.seats[inviter].device;
        let effects = device
            .begin_admit(self.now, Some(invite))
            .expect("an open invitation");
        self.perform(inviter, effects);
        let new = self.device(&format!("{name}'s laptop"));
        self.seats[new]
            .device
            .begin_enter(&mut self.rng, &code, name)
            .expect("a whole code");
        self.settle();
        let compared = |seat: &Seat| {
            seat.reports.iter().rev().find_map(|r| match r {
                Report::Compare { code, .. } => Some(code.clone()),
                _ => None,
            })
        };
        let code = compared(&self.seats[inviter]);
        assert!(code.is_some() && code == compared(&self.seats[new]));
        new
    }
}
