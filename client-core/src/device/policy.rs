//! What a practice decides for itself: who reads process notes after their author has left, how long an admin who recovers
//! somebody alone waits, and who witnesses its ledger.

use rand_core::CryptoRng;
use troth_protocol::checkpoint::VerifierKey;
use troth_protocol::ids::MemberId;
use troth_protocol::limits;
use troth_protocol::rule::Rule;
use troth_protocol::statement::Policy;

use super::outbox::Intent;
use super::{Device, DeviceError};
use crate::storage::Storage;

/// The policy in force, as it takes effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicySummary {
    /// Who also reads process notes that are begun now, once their author has left; `None`: they are lost with the author.
    pub custodian: Option<MemberId>,
    /// How long an admin waits who recovers a member alone, in milliseconds.
    pub recovery_wait_ms: u64,
    /// The witnesses' keys (C2SP verifier keys).
    pub witnesses: Vec<String>,
    /// How many of them must have cosigned a checkpoint before it counts as witnessed.
    pub quorum: u8,
}

/// What of the policy shall be another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyChange {
    /// Another custodian, or none.
    pub custodian: Option<Option<MemberId>>,
    /// Another wait, in milliseconds.
    pub recovery_wait_ms: Option<u64>,
    /// Other witnesses, and how many must have cosigned.
    pub witnesses: Option<(Vec<VerifierKey>, u8)>,
}

impl PolicyChange {
    /// The policy that a present one becomes.
    pub(super) fn of(self, present: &Policy) -> Policy {
        let (witnesses, quorum) = match self.witnesses {
            Some((keys, quorum)) => (keys.iter().map(ToString::to_string).collect(), quorum),
            None => (present.witnesses.clone(), present.quorum),
        };
        Policy {
            custodian: self.custodian.unwrap_or(present.custodian),
            recovery_wait_ms: self.recovery_wait_ms.unwrap_or(present.recovery_wait_ms),
            witnesses,
            quorum,
        }
    }
}

impl<S: Storage> Device<S> {
    /// The policy in force.
    pub fn policy(&self) -> Result<PolicySummary, DeviceError> {
        let (roster, position) = (&self.practice_state()?.roster, self.frontier.size());
        let policy = roster.policy();
        Ok(PolicySummary {
            // One who left, or keeps no records any more, is named and is none.
            custodian: policy.custodian.filter(|named| roster.is_staff(named, position)),
            recovery_wait_ms: policy.recovery_wait_ms.max(limits::RECOVERY_WAIT_MS),
            witnesses: policy.witnesses.clone(),
            quorum: policy.quorum,
        })
    }

    /// Changes the policy: for process notes that are begun, and recoveries that are proposed, from then on.
    ///
    /// # Errors
    /// Only an admin does (R13); the custodian is no active member, or neither admin nor counselor (R13); there are too many witnesses, or
    /// fewer than must have cosigned (R3).
    pub fn set_policy(&mut self, rng: &mut impl CryptoRng, change: PolicyChange) -> Result<(), DeviceError> {
        self.must_be_admin()?;
        if let Some(custodian) = change.custodian.flatten() {
            let role = self.practice_state()?.roster.role(&custodian, u64::MAX);
            if !role.ok_or(DeviceError::NoSuchMember)?.is_staff() {
                return Err(Rule::NotPermitted.into());
            }
        }
        let PolicyChange {
            custodian,
            recovery_wait_ms,
            witnesses,
        } = change;
        if let Some((keys, quorum)) = &witnesses
            && (keys.len() > limits::WITNESSES || usize::from(*quorum) > keys.len())
        {
            return Err(Rule::TooLarge.into());
        }
        let intent = Intent::SetPolicy {
            custodian: custodian.flatten(),
            no_custodian: custodian == Some(None),
            recovery_wait_ms,
            witnesses: witnesses
                .map(|(keys, quorum)| (keys.iter().map(ToString::to_string).collect(), quorum)),
        };
        self.keep(rng, vec![intent], Vec::new())
    }
}
