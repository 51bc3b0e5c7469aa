//! What a practice decides for itself: who reads process notes after their author has left, and how long an admin who
//! recovers somebody alone waits.

use rand_core::CryptoRng;
use troth_protocol::ids::MemberId;
use troth_protocol::limits;
use troth_protocol::rule::Rule;
use troth_protocol::statement::Policy;

use super::outbox::Intent;
use super::{Device, DeviceError};
use crate::storage::Storage;

/// The policy in force, as it takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicySummary {
    /// Who also reads process notes that are begun now, once their author has left; `None`: they are lost with the author.
    pub custodian: Option<MemberId>,
    /// How long an admin waits who recovers a member alone, in milliseconds.
    pub recovery_wait_ms: u64,
}

/// What of the policy shall be another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PolicyChange {
    /// Another custodian, or none.
    pub custodian: Option<Option<MemberId>>,
    /// Another wait, in milliseconds.
    pub recovery_wait_ms: Option<u64>,
}

impl PolicyChange {
    /// The policy that a present one becomes.
    pub(super) fn of(self, present: &Policy) -> Policy {
        Policy {
            custodian: self.custodian.unwrap_or(present.custodian),
            recovery_wait_ms: self.recovery_wait_ms.unwrap_or(present.recovery_wait_ms),
            ..present.clone()
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
        })
    }

    /// Changes the policy: for process notes that are begun, and recoveries that are proposed, from then on.
    ///
    /// # Errors
    /// Only an admin does (R13); the custodian is no active member, or neither admin nor counselor (R13).
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
        } = change;
        let intent = Intent::SetPolicy {
            custodian: custodian.flatten(),
            no_custodian: custodian == Some(None),
            recovery_wait_ms,
        };
        self.keep(rng, vec![intent], Vec::new())
    }
}
