//! The first statement of a practice.

use minicbor::{Decode, Encode};

use crate::ids::{MemberId, Nonce, VerifyingKey};
use crate::keys::{ClassKeys, DeviceKeys, Sealing};

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
    /// Who can also read process notes after their author has left; `None`: they are lost with the author.
    #[n(0)]
    pub custodian: Option<MemberId>,
    /// Wait before a single admin recovers a member, in milliseconds, visible to everybody.
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
    /// No custodian, seven days' wait, no witness.
    fn default() -> Self {
        Self {
            custodian: None,
            recovery_wait_ms: 7 * 24 * 60 * 60 * 1000,
            witnesses: Vec::new(),
            quorum: 0,
        }
    }
}
