//! What a practice decides for itself.

use super::Step;
use crate::limits;
use crate::rule::Rule;
use crate::statement::Policy;

impl Step {
    /// R23, R13: a custodian is active, and someone who may be given process notes.
    pub(super) fn set_policy(&mut self, policy: &Policy) -> Result<(), Rule> {
        check_policy(policy)?;
        if let Some(custodian) = policy.custodian {
            self.roster
                .role(&custodian, self.position)
                .ok_or(Rule::NoSuchSubject)?;
            if !self.roster.is_staff(&custodian, self.position) {
                return Err(Rule::NotPermitted);
            }
        }
        if policy.custodian != self.roster.policy.custodian {
            self.roster.custodians.push((self.position, policy.custodian));
        }
        self.roster.policy = policy.clone();
        Ok(())
    }
}

/// Whether a policy is within its limits (R3), and has as many witnesses as it asks for (R1).
pub(super) fn check_policy(policy: &Policy) -> Result<(), Rule> {
    let witnesses = policy.witnesses.len();
    if witnesses > limits::WITNESSES || policy.witnesses.iter().any(|w| w.len() > limits::WITNESS_KEY) {
        return Err(Rule::TooLarge);
    }
    if usize::from(policy.quorum) > witnesses {
        Err(Rule::Malformed)
    } else {
        Ok(())
    }
}
