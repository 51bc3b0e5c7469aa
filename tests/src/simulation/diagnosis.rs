//! What a person wants to see of a run that failed: the ledger, and where a device counts otherwise than the relay.

use troth_protocol::cbor;
use troth_protocol::entry::Leaf;
use troth_protocol::statement::{Body, Statement};
use troth_protocol::visibility::entitled;
use troth_server::store::Store as _;

use super::world::{SeatId, World};

impl World {
    /// The ledger as the store has it, a line for each entry.
    pub fn ledger_lines(&self) -> Vec<String> {
        self.relay.store.faults.disarm();
        self.relay.store.faults.revive();
        let store = &self.relay.store;
        let mut lines = Vec::new();
        for (practice, head) in store.practices().unwrap_or_default() {
            for row in store
                .entries(&practice, 0, head.size, usize::MAX)
                .unwrap_or_default()
            {
                let leaf = cbor::decode::<Leaf>(&row.leaf).ok();
                let statement = leaf.and_then(|leaf| cbor::decode::<Statement>(&leaf.signed.statement).ok());
                let Some(statement) = statement else { continue };
                let by = (0..self.seats.len()).find(|seat| self.id_of(*seat) == Some(statement.signer));
                lines.push(format!(
                    "entry {:>4} by seat {by:?}: {}",
                    row.position,
                    said(&statement)
                ));
            }
        }
        lines
    }

    fn id_of(&self, seat: SeatId) -> Option<troth_protocol::ids::DeviceId> {
        self.seats[seat].device().map(|device| device.id())
    }

    /// Where a device counts otherwise than the relay.
    pub fn differences(&self, seat: SeatId) -> String {
        let device = self.seats[seat].device();
        let (Some(theirs), Some(device)) = (self.relay.state(), device) else {
            return String::new();
        };
        let (Some(own), Some(member)) = (device.state(), device.member()) else {
            return String::new();
        };
        let (relay, device) = (entitled(theirs, &member), entitled(own, &member));
        let streams = relay
            .keys()
            .chain(device.keys())
            .filter(|s| relay.get(s) != device.get(s));
        let differ: std::collections::BTreeSet<String> = streams
            .map(|s| format!("{s:?}: {:?} here, {:?} there", device.get(s), relay.get(s)))
            .collect();
        differ.into_iter().collect::<Vec<_>>().join("; ")
    }
}

fn said(statement: &Statement) -> String {
    let what = match &statement.body {
        Body::Roster(roster) => format!("{:?}", roster.actions),
        Body::Document(document) => format!("{:?}", document.actions),
        _ => String::new(),
    };
    let short: String = what.chars().filter(|c| !c.is_control()).take(160).collect();
    format!("{} {:?} {short}", statement.body.name(), statement.stream())
}
