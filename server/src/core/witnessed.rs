//! Cosigned checkpoints, told to the devices that are logged in.

use bytes::Bytes;
use troth_protocol::ids::PracticeId;
use troth_protocol::wire::{self, RelayMessage, Witnessed};

use super::{ConnectionId, Core, Effect};
use crate::practice::Practice;

impl Core {
    /// Who logs in hears of the newest cosigned checkpoint, where the policy still asks for any.
    pub(super) fn show_witnessed(&mut self, id: ConnectionId) {
        let Some(practice) = self.live(id).map(|live| live.practice) else {
            return;
        };
        let asked = |p: &Practice| !p.state.roster.policy().witnesses.is_empty();
        if let Some(frame) = self
            .witnessed
            .get(&practice)
            .filter(|_| self.practices.get(&practice).is_some_and(asked))
        {
            self.effects.push(Effect::Send(id, frame.clone()));
        }
    }

    /// Whoever is logged in to the practice hears of it.
    pub(super) fn witnessed(&mut self, practice: PracticeId, witnessed: Witnessed) {
        let frame = Bytes::from(wire::frame(&RelayMessage::Witnessed(witnessed)));
        let all: Vec<ConnectionId> = self.of_practice(&practice).collect();
        for id in all {
            self.effects.push(Effect::Send(id, frame.clone()));
        }
        self.witnessed.insert(practice, frame);
    }
}
