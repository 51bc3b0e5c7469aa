//! Somebody new, and a further device of somebody: two people, two programs, a code between them.

use troth_protocol::statement::Role;

use super::world::{SeatId, Step, World};
use crate::network::RELAY;

impl World {
    /// A device invites somebody, who comes at once. What becomes of it takes its time.
    pub fn admit(&mut self, host: SeatId, role: Role, name: &str) -> Step {
        let invited = self.ask(
            host,
            &format!("invites {name} as {role:?}"),
            |device, now, rng| device.invite(now, rng, role),
        )?;
        let Some((invite, code)) = invited else {
            return Ok(());
        };
        let began = self.ask(host, "waits for who was invited", |device, now, _| {
            device.begin_admit(now, Some(invite))
        })?;
        let Some(effects) = began else { return Ok(()) };
        let new = self.sit_down(&format!("{name}'s laptop"))?;
        self.introduce(host, new);
        self.perform(host, effects)?;
        self.ask(new, "enters", |device, _, rng| {
            device.begin_enter(rng, &code, name)
        })?;
        self.tick_if_up(new)
    }

    /// A further device of a seat's member.
    pub fn link(&mut self, host: SeatId) -> Step {
        let new = self.sit_down(&format!("device {}", self.seats.len()))?;
        let code = self.ask(new, "asks to be linked", |device, _, rng| {
            device.begin_join(rng, RELAY)
        })?;
        let Some(code) = code else { return Ok(()) };
        self.introduce(host, new);
        self.tick_if_up(new)?;
        let approving = self.ask(host, "lets a device in", |device, _, _| {
            device.begin_approve(&code)
        })?;
        match approving {
            Some(effects) => self.perform(host, effects),
            None => Ok(()),
        }
    }

    fn introduce(&mut self, host: SeatId, new: SeatId) {
        self.seats[host].other = Some(new);
        self.seats[new].other = Some(host);
        self.seats[host].code = None;
    }

    fn tick_if_up(&mut self, seat: SeatId) -> Step {
        if self.seats[seat].device.is_some() {
            self.tick(seat)?;
        }
        Ok(())
    }

    /// Both see a code: the two people compare, and the one who invited says what they saw.
    pub(super) fn compared(&mut self, seat: SeatId, boot: u64) -> Step {
        let at = &self.seats[seat];
        let newcomer = at
            .device
            .as_ref()
            .is_some_and(|device| device.practice().is_none());
        if at.boot != boot || newcomer {
            return Ok(());
        }
        let agree = at.other.is_some_and(|other| self.seats[other].code == at.code);
        let words = if agree { "confirms" } else { "turns away" };
        match self.ask(seat, words, |device, now, rng| device.confirm(now, rng, agree))? {
            Some(effects) => self.perform(seat, effects),
            None => Ok(()),
        }
    }
}
