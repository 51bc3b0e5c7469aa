//! The first statement of a practice.

use minicbor::{Decode, Encode};

use crate::ids::{MemberId, Nonce, VerifyingKey};
use crate::keys::{ClassKeys, DeviceKeys, Sealing};
use crate::limits;

/// Founds a practice: its id is the SHA-256 of this statement's bytes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Genesis {
    /// Protocol version: 1.
    #[n(0)]
    pub version: u8,
    /// Makes the practice's id unique.
    #[n(1)]
    pub nonce: Nonce,
    /// The founder, who is the first admin.
    #[n(2)]
    pub founder: MemberId,
    /// The founder's first device, which signs genesis.
    #[n(3)]
    pub device: DeviceKeys,
    /// The founder's member keys, generation 1.
    #[n(4)]
    pub member_keys: ClassKeys,
    /// The admin role's keys, generation 1.
    #[n(5)]
    pub admin_keys: ClassKeys,
    /// The relay's ledger key: verifies checkpoints, challenges and counts.
    #[n(6)]
    pub ledger_key: VerifyingKey,
    /// The relay's origin: its host name, with its port where that is not the scheme's own.
    #[n(7)]
    pub origin: String,
    /// The first policy.
    #[n(8)]
    pub policy: Policy,
    /// The sealed keys in the payload.
    #[n(9)]
    pub sealings: Vec<Sealing>,
}

/// What a practice has decided for itself.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Policy {
    /// Who can also read process notes after their author has left: an active admin or counselor. `None`: they are lost
    /// with the author. Holds for notes begun while it says so.
    #[n(0)]
    pub custodian: Option<MemberId>,
    /// Wait before a single admin recovers a member, in milliseconds, visible to everybody; counts for no less than
    /// [`limits::RECOVERY_WAIT_MS`].
    #[n(1)]
    pub recovery_wait_ms: u64,
    /// C2SP verifier keys of the witnesses.
    #[n(2)]
    pub witnesses: Vec<String>,
    /// How many witnesses must have cosigned a checkpoint.
    #[n(3)]
    pub quorum: u8,
}

impl Default for Policy {
    /// No custodian, the least wait, no witness.
    fn default() -> Self {
        Self {
            custodian: None,
            recovery_wait_ms: limits::RECOVERY_WAIT_MS,
            witnesses: Vec::new(),
            quorum: 0,
        }
    }
}
