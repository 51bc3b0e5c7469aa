//! A second relay over the same store: what a failover leaves behind when the first process was not dead after all.

use troth_server::core::{self, ConnectionId, Core, Effect, Settings};

use super::Network;

impl Network {
    /// Starts a second relay over the store that the first one has open. Only in memory can that be: a store on a disk is locked
    /// by whoever has it open.
    pub fn second_relay(&mut self, settings: Settings) {
        let core = Core::open(settings, self.store.clone()).expect("the store opens for a second relay");
        self.second = Some(core);
    }

    /// Where a device connects from now on; an open connection stays where it is.
    pub fn prefers_second(&mut self, seat: usize, second: bool) {
        if second {
            self.at_second.insert(seat);
        } else {
            self.at_second.remove(&seat);
        }
    }

    /// What the second relay does with what is its own of these events; the others are left.
    pub(super) fn second_round(&mut self, events: &mut Vec<core::Event>) -> Vec<Effect> {
        let Some(second) = &mut self.second else {
            return Vec::new();
        };
        let ours = |id: &ConnectionId| self.to_second.contains(id);
        let mut own = Vec::new();
        for event in std::mem::take(events) {
            match &event {
                core::Event::Message(id, _) | core::Event::Delivered(id, _, _) | core::Event::Closed(id)
                    if ours(id) =>
                {
                    own.push(event);
                }
                core::Event::Tick => {
                    own.push(core::Event::Tick);
                    events.push(event);
                }
                _ => events.push(event),
            }
        }
        let mut effects = second.handle(self.now, &mut self.rng, own);
        effects.extend(second.settle());
        effects
    }
}
