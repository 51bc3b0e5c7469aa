//! What makes a device stop, and what it leaves behind.

use rand_core::CryptoRng;
use troth_protocol::rule::Rule;

use super::Step;
use crate::device::accusation::{Dishonest, EvidenceRow, Hint};
use crate::device::rows::{EVIDENCE, Stopped};
use crate::device::{Device, DeviceError, Effect, Evidence, Report};
use crate::storage::Storage;

impl<S: Storage> Device<S> {
    pub(super) fn rolled_back(
        &mut self,
        rng: &mut impl CryptoRng,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        let what = format!(
            "the relay's ledger is shorter than the {} entries that it proved before: it was rolled back, or restored \
             from an old backup. If whoever runs it says that it was restored, an admin of the practice looks at it with \
             `troth recovery resume`",
            self.frontier.size()
        );
        self.accuse(rng, Dishonest::new(what), effects)
    }

    /// What a frame held is not believed: goes back to what is on the disk, and looks for what the relay signed.
    pub(super) fn disbelieve(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        frame: &[u8],
        mut accusation: Dishonest,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        self.forget()?;
        if accusation.hint == Hint::Gap && accusation.proof.is_none() {
            accusation.proof = self.miscounted(frame);
        }
        if accusation.hint == Hint::Fold && self.doubt(now, &accusation.what, effects) {
            self.connection.step = Step::Doubting;
            return Ok(());
        }
        self.accuse(rng, accusation, effects)
    }

    /// Stops, and says why. What is proven holds over restarts; what is not is tried again by the next run.
    pub(in crate::device) fn accuse(
        &mut self,
        rng: &mut impl CryptoRng,
        accusation: Dishonest,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        self.connection.step = Step::Halted;
        self.gossip.hush();
        let evidence = self.evidence(accusation);
        effects.push(Effect::Report(Report::Dishonest(evidence.clone())));
        effects.push(Effect::Close);
        if let Some(file) = evidence.proof {
            self.identity.stopped = Some(Stopped::Dishonest);
            let row = EvidenceRow {
                what: evidence.what,
                file,
            };
            let writes = vec![
                self.rows.put(rng, EVIDENCE, &[], &row),
                self.rows.identity_write(rng, &self.identity),
            ];
            // The accusation stands in any case: what is not written down is found again.
            let _ = self.rows.commit(writes);
        }
        Ok(())
    }

    /// What to say to whoever wants to write.
    pub(in crate::device) const fn why_halted(&self) -> DeviceError {
        match self.identity.stopped {
            Some(Stopped::Dishonest) => DeviceError::Proven,
            _ => DeviceError::Halted,
        }
    }

    /// What was proven in an earlier run.
    pub(super) fn accuse_again(&mut self, effects: &mut Vec<Effect>) -> Result<(), DeviceError> {
        self.connection.step = Step::Halted;
        if let Some(row) = self.rows.get::<EvidenceRow>(EVIDENCE, &[])? {
            effects.push(Effect::Report(Report::Dishonest(Evidence {
                what: row.what,
                proof: Some(row.file),
            })));
        }
        Ok(())
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
