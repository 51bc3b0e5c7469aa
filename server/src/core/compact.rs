//! Payloads that are no longer needed are dropped, and their space is given back.

use tracing::{error, info};
use troth_protocol::ids::PracticeId;

use super::{Core, Effect};

impl Core {
    /// Drops what a snapshot stands in for. Runs with the ticks, where everything in memory is durable.
    pub(super) fn compact(&mut self) {
        let practices: Vec<PracticeId> = self.practices.keys().copied().collect();
        for id in practices {
            // A store that just refused a write is left alone; the documents wait.
            if self.resting().is_some() {
                return;
            }
            let Some(practice) = self.practices.get_mut(&id) else {
                continue;
            };
            let swept = practice.sweep(&*self.store);
            let dropped = swept.and_then(|batch| match batch {
                None => Ok(0),
                Some(batch) => {
                    let payloads = batch.erase.len();
                    self.store.commit(&[batch]).map(|()| payloads)
                }
            });
            match dropped {
                Ok(0) => {}
                Ok(payloads) => {
                    info!(practice = %id, payloads, "dropped what snapshots stand in for");
                    self.dropped = true;
                }
                Err(error) => {
                    error!(practice = %id, %error, "payloads could not be dropped; it is tried again");
                    practice.sweep_again();
                    self.rest_after(&error);
                }
            }
        }
        if std::mem::take(&mut self.dropped) {
            self.effects.push(Effect::Reclaim);
        }
    }
}
