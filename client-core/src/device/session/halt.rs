//! What makes a device stop, and what it leaves behind.

use rand_core::CryptoRng;
use troth_protocol::rule::Rule;

use super::Step;
use crate::device::ledger::Dishonest;
use crate::device::rows::Stopped;
use crate::device::{Device, DeviceError, Effect, Report};
use crate::storage::Storage;

impl<S: Storage> Device<S> {
    pub(super) fn rolled_back(&mut self, bytes: &[u8], effects: &mut Vec<Effect>) {
        let what = format!(
            "the relay's ledger is shorter than the {} entries that it proved before: it was rolled back, or restored \
             from an old backup",
            self.frontier.size()
        );
        self.dishonest(Dishonest(what), bytes, effects);
    }

    pub(super) fn dishonest(&mut self, what: Dishonest, bytes: &[u8], effects: &mut Vec<Effect>) {
        self.connection.step = Step::Halted;
        effects.push(Effect::Report(Report::Dishonest(self.evidence(what, bytes))));
        effects.push(Effect::Close);
    }

    /// The relay says that this device was revoked: what waits is set aside, over restarts too.
    pub(in crate::device) fn halt_revoked(
        &mut self,
        rng: &mut impl CryptoRng,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        if matches!(self.connection.step, Step::Halted) {
            return Ok(());
        }
        effects.push(Effect::Report(Report::Revoked));
        effects.push(Effect::Close);
        self.stop(rng, Stopped::Revoked, Rule::Revoked, effects)
    }

    /// Takes no more edits, and sets aside what waits.
    pub(super) fn stop(
        &mut self,
        rng: &mut impl CryptoRng,
        why: Stopped,
        rule: Rule,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        self.connection.step = Step::Halted;
        if self.identity.stopped != Some(why) {
            self.identity.stopped = Some(why);
            let write = self.rows.identity_write(rng, &self.identity);
            self.rows.commit(vec![write])?;
        }
        self.set_all_aside(rng, rule, effects)
    }
}
