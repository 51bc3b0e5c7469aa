//! What the practice's witnesses say of its ledger: others, on other machines, saw this very history, and when.
//!
//! A checkpoint counts as witnessed once as many of the policy's witnesses have cosigned it as the policy asks for, and once it is of
//! the history that this device has verified. A relay that keeps a device in a history of its own cannot have that history
//! cosigned: the newest witnessed checkpoint grows old, and the person sees its age.

use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use troth_protocol::checkpoint::{CheckpointError, CompactCheckpoint, SignatureLine, VerifierKey};
use troth_protocol::limits;
use troth_protocol::wire;

use super::rows::WITNESSED;
use super::{Device, DeviceError, Effect};
use crate::storage::Storage;

/// The newest checkpoint that the witnesses have cosigned and that is of this device's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Witnessed {
    /// Entries of the ledger as it was then.
    #[n(0)]
    pub size: u64,
    /// When the policy's quorum had cosigned it, by the witnesses' clocks, in milliseconds since the Unix epoch.
    #[n(1)]
    pub at_ms: u64,
}

/// A checkpoint that is cosigned, and not yet compared.
#[derive(Clone, Copy)]
pub(super) struct Claimed {
    checkpoint: CompactCheckpoint,
    at_ms: u64,
}

impl<S: Storage> Device<S> {
    /// The newest witnessed checkpoint; `None` where there is none yet.
    pub const fn witnessed(&self) -> Option<Witnessed> {
        self.witnessed
    }

    /// Takes in what the relay passes on. What is not cosigned by the quorum says nothing, and is left alone.
    pub(super) fn take_witnessed(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        witnessed: &wire::Witnessed,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        let Some(at_ms) = self.cosigned_at(witnessed) else {
            return Ok(());
        };
        let size = witnessed.checkpoint.size;
        if self.witnessed.is_some_and(|known| size < known.size) {
            return Ok(());
        }
        self.claimed = Some(Claimed {
            checkpoint: witnessed.checkpoint,
            at_ms,
        });
        self.hear_witnesses(witnessed.checkpoint);
        self.compare(now, rng, effects)
    }

    /// What was claimed counts once it is compared.
    pub(super) fn promote_witnessed(&mut self, rng: &mut impl CryptoRng) -> Result<(), DeviceError> {
        let Some(claimed) = self.claimed else {
            return Ok(());
        };
        if !self.is_own_history(&claimed.checkpoint) {
            return Ok(());
        }
        self.claimed = None;
        let newest = Witnessed {
            size: claimed.checkpoint.size,
            at_ms: claimed.at_ms.max(self.witnessed.map_or(0, |known| known.at_ms)),
        };
        self.witnessed = Some(newest);
        let write = self.rows.put(rng, WITNESSED, &[], &newest);
        self.rows.commit(vec![write])
    }

    /// G9: when the last witness of the quorum cosigned, in milliseconds since the Unix epoch; `None` where the quorum has not, or
    /// the policy names no witnesses.
    fn cosigned_at(&self, witnessed: &wire::Witnessed) -> Option<u64> {
        let roster = &self.state.as_ref()?.roster;
        let policy = roster.policy();
        if witnessed.cosignatures.len() > limits::WITNESSES {
            return None;
        }
        let checkpoint = &witnessed.checkpoint;
        let (era, key) = roster
            .signed(checkpoint)
            .filter(|(era, _)| checkpoint.size <= era.until)?;
        let note = || {
            let mut note = checkpoint.to_signed(&roster.origin_of(&era.ledger), &key)?;
            for line in &witnessed.cosignatures {
                note.add(SignatureLine::parse(line)?)?;
            }
            Ok::<_, CheckpointError>(note)
        };
        let note = note().ok()?;
        let by = |witness: &String| {
            let key: VerifierKey = witness.parse().ok()?;
            let seen = note.verify_cosignature(&key).ok()?;
            Some(seen.timestamp().saturating_mul(1000))
        };
        let mut times: Vec<u64> = policy.witnesses.iter().filter_map(by).collect();
        times.sort_unstable_by(|a, b| b.cmp(a));
        let quorum = usize::from(policy.quorum.max(1));
        times.get(quorum - 1).copied()
    }
}
