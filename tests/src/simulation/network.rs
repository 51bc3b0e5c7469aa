//! Connections: frames arrive in order within one, late, and perhaps not at all; each end hears of the other's end in its own
//! time.

use std::collections::BTreeMap;

use rand::RngExt;
use troth_protocol::ids::{Hash, PracticeId};
use troth_server::core::{ConnectionId, Event};

use super::world::{Happening, SeatId, Step, World};

/// A connection.
pub struct Link {
    /// Whose it is.
    pub seat: SeatId,
    /// The practice that its hello named.
    pub said: Option<PracticeId>,
    /// What was asked to be appended over it, by request.
    pub asked: BTreeMap<u64, Vec<Hash>>,
    /// Whether the device still has its end.
    pub device_end: bool,
    /// Whether the relay still has its end.
    pub relay_end: bool,
    /// Nothing arrives any more, and nobody is told.
    pub silent: bool,
    /// When the last frame on its way arrives at the relay.
    to_relay: u64,
    /// When the last frame on its way arrives at the device.
    to_device: u64,
}

impl World {
    fn latency(&mut self) -> u64 {
        if self.rough && self.one_in(50) {
            self.fate.random_range(1_000..20_000)
        } else if self.rough && self.one_in(4) {
            self.fate.random_range(50..800)
        } else {
            self.fate.random_range(1..40)
        }
    }

    /// A program asks for a connection.
    pub(super) fn connect(&mut self, seat: SeatId) {
        let boot = self.seats[seat].boot;
        let latency = self.latency();
        if !self.seats[seat].reachable || !self.relay.is_up() {
            return self.after(latency, Happening::Unreachable(seat, boot));
        }
        let id = self.next_link;
        self.next_link += 1;
        let link = Link {
            seat,
            said: None,
            asked: BTreeMap::new(),
            device_end: true,
            relay_end: true,
            silent: false,
            to_relay: self.now,
            to_device: self.now,
        };
        self.links.insert(id, link);
        self.after(latency, Happening::Opened(seat, boot, id));
    }

    /// A frame sets out for the relay.
    pub(super) fn send_to_relay(&mut self, id: ConnectionId, frame: Vec<u8>) {
        let latency = self.latency();
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        link.to_relay = link.to_relay.max(self.now + latency);
        let at = link.to_relay;
        self.at(at, Happening::ToRelay(id, frame));
    }

    /// A frame sets out for a device.
    pub(super) fn send_to_device(&mut self, id: ConnectionId, frame: Vec<u8>) {
        let latency = self.latency();
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        link.to_device = link.to_device.max(self.now + latency);
        let at = link.to_device;
        self.at(at, Happening::ToDevice(id, frame));
    }

    /// The device's end is gone; the relay hears of it after what was sent before, or much later.
    pub(super) fn end_at_device(&mut self, id: ConnectionId) {
        let late = if self.rough && self.one_in(3) {
            self.fate.random_range(1_000..60_000)
        } else {
            5
        };
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        link.device_end = false;
        let at = link.to_relay.max(self.now) + late;
        self.at(at, Happening::RelayHears(id));
    }

    /// The relay's end is gone; the device hears of it after what was sent before.
    pub(super) fn end_at_relay(&mut self, id: ConnectionId) {
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        link.relay_end = false;
        let at = link.to_device.max(self.now) + 1;
        self.at(at, Happening::DeviceHears(id));
    }

    /// The wire is cut: what is on it is lost, and both ends hear of it in their own time; or neither does.
    pub fn cut(&mut self, seat: SeatId, silently: bool) {
        let Some(id) = self.seats[seat].link else { return };
        if let Some(link) = self.links.get_mut(&id) {
            link.silent = true;
        }
        let (device, relay) = if silently {
            // Nobody tells the device: it finds out by itself. The relay's socket ends when its writes do.
            (None, 90_000)
        } else {
            (
                Some(self.fate.random_range(1..3_000)),
                self.fate.random_range(1..30_000),
            )
        };
        self.after(relay, Happening::RelayHears(id));
        if let Some(device) = device {
            self.after(device, Happening::DeviceHears(id));
        }
    }

    pub(super) fn reach_relay(&mut self, id: ConnectionId, frame: &[u8]) -> Step {
        let open = self
            .links
            .get(&id)
            .is_some_and(|link| link.relay_end && !link.silent);
        if open && self.relay.is_up() {
            self.receive(id, frame)?;
        }
        Ok(())
    }

    pub(super) fn relay_hears(&mut self, id: ConnectionId) -> Step {
        if let Some(link) = self.links.get_mut(&id).filter(|link| link.relay_end) {
            link.relay_end = false;
            self.relay_event(Event::Closed(id))?;
        }
        Ok(())
    }
}
