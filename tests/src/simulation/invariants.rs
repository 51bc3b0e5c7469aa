//! What has to hold when everything has come to rest.

mod ledger;
mod readers;

use troth_client_core::device::Phase;

use super::world::{SeatId, Step, Violation, World};

impl World {
    /// Holds the world against every invariant; returns the ledger's size.
    pub fn judge(&mut self) -> Step<u64> {
        let truth = self.ledger()?;
        self.readers(&truth)?;
        Ok(truth.size)
    }

    /// What is not done yet, of all that has to be in the end.
    pub fn unfinished(&self) -> Step<Option<String>> {
        let Some(state) = self.relay.state() else {
            return Ok(Some("the relay has no ledger".to_owned()));
        };
        for (number, seat) in self.seats.iter().enumerate() {
            let Some(device) = seat.device() else {
                return Ok(Some(format!("seat {number} is down")));
            };
            match state.roster.active(&device.id(), u64::MAX) {
                // Who was let in and never heard of it is let in anew, or removed.
                Ok(_) if device.practice().is_none() => {}
                Ok(_) if device.phase() != Phase::Live => {
                    return Ok(Some(format!("seat {number} is {:?}", device.phase())));
                }
                Ok(_) if Some(device.frontier().size()) != self.relay.size() => {
                    return Ok(Some(format!(
                        "seat {number} knows {} entries",
                        device.frontier().size()
                    )));
                }
                Ok(_) if device.waiting() > 0 => {
                    return Ok(Some(format!("seat {number} has {} waiting", device.waiting())));
                }
                Err(_) if device.state().is_some() && device.phase() != Phase::Halted => {
                    return Ok(Some(format!(
                        "seat {number} was revoked and is {:?}",
                        device.phase()
                    )));
                }
                _ => {}
            }
        }
        Ok(None)
    }

    /// Seats whose device is active, and knows its practice.
    fn honest(&self) -> Step<Vec<SeatId>> {
        let state = self
            .relay
            .state()
            .ok_or_else(|| Violation::new("the relay has no ledger"))?;
        let active = |seat: &SeatId| {
            let device = self.seats[*seat].device();
            device.is_some_and(|d| d.state().is_some() && state.roster.active(&d.id(), u64::MAX).is_ok())
        };
        Ok((0..self.seats.len()).filter(active).collect())
    }
}
