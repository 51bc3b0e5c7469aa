//! Statements about who belongs to a practice.

use minicbor::{Decode, Encode};

use crate::ids::{DeviceId, Hash, InviteId, MemberId, VerifyingKey};
use crate::keys::{Class, ClassKeys, DeviceKeys, Sealing, SealingKey};
use crate::signature::Signature;
use crate::statement::Policy;

/// A member's role. Fixed: sets of permissions are not configurable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Role {
    /// Runs the practice; reads every lane but process notes.
    #[n(0)]
    Admin,
    /// Reads the cases assigned to them.
    #[n(1)]
    Counselor,
    /// Reads only what was shared with them.
    #[n(2)]
    Client,
    /// Reads statements, never payloads.
    #[n(3)]
    Auditor,
}

impl Role {
    /// Whether it is an admin's or a counselor's: who keeps records.
    pub const fn is_staff(self) -> bool {
        matches!(self, Self::Admin | Self::Counselor)
    }

    /// Whether it sees the logins and reports of everybody's devices.
    pub const fn oversees(self) -> bool {
        matches!(self, Self::Admin | Self::Auditor)
    }
}

/// What kind of keeper a device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum DeviceKind {
    /// A computer or a phone.
    #[n(0)]
    Device,
    /// A printed recovery kit.
    #[n(1)]
    Kit,
}

/// A size of the ledger and its root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct CheckpointRef {
    /// Number of entries.
    #[n(0)]
    pub size: u64,
    /// Root of the tree over them.
    #[n(1)]
    pub root: Hash,
}

/// One step of the practice chain: its actions take effect together or not at all.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Roster {
    /// Hash of the roster statement (or genesis) before this one.
    #[n(0)]
    pub prev: Hash,
    /// What changes, in order.
    #[n(1)]
    pub actions: Vec<RosterAction>,
    /// The sealed keys in the payload.
    #[n(2)]
    pub sealings: Vec<Sealing>,
}

/// One change of the membership.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum RosterAction {
    /// Someone is invited; the code's public half is committed to.
    #[n(0)]
    Invite {
        /// The invitation.
        #[n(0)]
        invite: InviteId,
        /// The role that it gives.
        #[n(1)]
        role: Role,
        /// Hash of what the code's holder will show.
        #[n(2)]
        commitment: Hash,
        /// Relay time after which it is void, in milliseconds since the Unix epoch.
        #[n(3)]
        expires: u64,
    },
    /// An invitation is withdrawn.
    #[n(1)]
    Withdraw {
        /// The invitation.
        #[n(0)]
        invite: InviteId,
    },
    /// A member joins with a first device and keys made on it.
    #[n(2)]
    AddMember {
        /// The invitation used.
        #[n(0)]
        invite: InviteId,
        /// The member's pseudonym.
        #[n(1)]
        member: MemberId,
        /// The member's role, as invited.
        #[n(2)]
        role: Role,
        /// The first device.
        #[n(3)]
        device: Box<DeviceKeys>,
        /// That device's own signature over practice and member.
        #[n(4)]
        proof: Signature,
        /// The member's keys, generation 1.
        #[n(5)]
        keys: Box<ClassKeys>,
    },
    /// A member adds a device of their own.
    #[n(3)]
    AddDevice {
        /// The device.
        #[n(0)]
        device: Box<DeviceKeys>,
        /// Device or kit.
        #[n(1)]
        kind: DeviceKind,
        /// The new device's own signature over practice and member.
        #[n(2)]
        proof: Signature,
    },
    /// A device may do nothing from here on.
    #[n(4)]
    RevokeDevice {
        /// The device.
        #[n(0)]
        device: DeviceId,
        /// Whether someone else may hold its keys.
        #[n(1)]
        compromised: bool,
    },
    /// A member's role changes.
    #[n(5)]
    ChangeRole {
        /// The member.
        #[n(0)]
        member: MemberId,
        /// The new role.
        #[n(1)]
        role: Role,
    },
    /// A member leaves, with all their devices.
    #[n(6)]
    RemoveMember {
        /// The member.
        #[n(0)]
        member: MemberId,
    },
    /// A member turns their own key to its next generation.
    #[n(7)]
    TurnMemberKey {
        /// Which hierarchy.
        #[n(0)]
        class: Class,
        /// The new generation.
        #[n(1)]
        generation: u32,
        /// The new public key.
        #[n(2)]
        key: SealingKey,
    },
    /// A role's key turns to its next generation.
    #[n(8)]
    TurnRoleKey {
        /// The role.
        #[n(0)]
        role: Role,
        /// Which hierarchy.
        #[n(1)]
        class: Class,
        /// The new generation.
        #[n(2)]
        generation: u32,
        /// The new public key.
        #[n(3)]
        key: SealingKey,
    },
    /// The relay signs with another key from here on.
    #[n(9)]
    TurnLedgerKey {
        /// The new key.
        #[n(0)]
        key: VerifyingKey,
        /// The new key's own signature over the practice id.
        #[n(1)]
        proof: Signature,
    },
    /// The practice decides anew.
    #[n(10)]
    SetPolicy {
        /// The whole new policy.
        #[n(0)]
        policy: Policy,
    },
    /// Keys are sealed again to those entitled who lack them.
    #[n(11)]
    Reseal,
    /// The relay came back from an older backup: this history goes on, that one is abandoned.
    #[n(12)]
    Resume {
        /// The newest checkpoint that is lost.
        #[n(0)]
        abandoned: CheckpointRef,
        /// The checkpoint from which the ledger goes on.
        #[n(1)]
        resumed: CheckpointRef,
    },
    /// A member who lost everything shall come back with new keys.
    #[n(13)]
    ProposeRecovery {
        /// The member.
        #[n(0)]
        member: MemberId,
        /// Their new device.
        #[n(1)]
        device: Box<DeviceKeys>,
        /// The new device's own signature over practice and member.
        #[n(2)]
        proof: Signature,
        /// The member's new keys, first of a new lineage.
        #[n(3)]
        keys: Box<ClassKeys>,
    },
    /// A second admin agrees, or the same one after the wait.
    #[n(14)]
    ApproveRecovery {
        /// Hash of the proposing statement.
        #[n(0)]
        proposal: Hash,
    },
    /// An admin objects, or the member themselves, from a device that they still have.
    #[n(15)]
    StopRecovery {
        /// Hash of the proposing statement.
        #[n(0)]
        proposal: Hash,
    },
}
