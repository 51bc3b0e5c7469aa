//! What waits, as it is kept.

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use troth_protocol::ids::{CaseId, DeviceId, DocumentId, Hash, InviteId, MemberId, VerifyingKey};
use troth_protocol::keys::{ClassKeys, DeviceKeys};
use troth_protocol::signature::Signature;
use troth_protocol::statement::{AccessKind, DeviceKind, Lane, Principal, Reader, Role};
use troth_protocol::stream::Stream;

use crate::document::Head;

/// An Automerge change, as it waits.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(in crate::device) enum Written {
    /// As it was made.
    #[n(0)]
    Plain(#[cbor(n(0), with = "minicbor::bytes")] Vec<u8>),
    /// To a sensitive document: sealed under the second vault, wherever it is kept.
    #[n(1)]
    Sealed(#[cbor(n(0), with = "minicbor::bytes")] Vec<u8>),
}

impl From<Vec<u8>> for Written {
    fn from(change: Vec<u8>) -> Self {
        Self::Plain(change)
    }
}

/// Where a document stood: its newest changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub(in crate::device) struct Heads(#[n(0)] pub Vec<Hash>);

impl From<Vec<Head>> for Heads {
    fn from(heads: Vec<Head>) -> Self {
        Self(heads.into_iter().map(Hash).collect())
    }
}

impl Heads {
    pub(in crate::device) fn heads(&self) -> Vec<Head> {
        self.0.iter().map(|head| head.0).collect()
    }
}

/// What a person wants said.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(in crate::device) enum Intent {
    /// An Automerge change to a document.
    #[n(0)]
    Edit {
        #[n(0)]
        document: DocumentId,
        #[n(1)]
        change: Written,
    },
    /// A new document.
    #[n(1)]
    Create {
        #[n(0)]
        document: DocumentId,
        #[n(1)]
        case: Option<CaseId>,
        #[n(2)]
        lane: Lane,
        #[n(3)]
        readers: Vec<Reader>,
    },
    /// A device shall be revoked.
    #[n(2)]
    Revoke {
        #[n(0)]
        device: DeviceId,
        #[n(1)]
        compromised: bool,
    },
    /// A device shall be added to this member.
    #[n(3)]
    AddDevice {
        #[n(0)]
        keys: Box<DeviceKeys>,
        #[n(1)]
        kind: DeviceKind,
        #[n(2)]
        proof: Signature,
    },
    /// Something was done with a record that the ledger shall tell.
    #[n(5)]
    Access {
        #[n(0)]
        document: DocumentId,
        #[n(1)]
        kind: AccessKind,
        #[n(2)]
        by: DeviceId,
        #[n(3)]
        at: u64,
    },
    /// A document's key shall turn, whether or not anyone writes to it next.
    #[n(4)]
    Turn {
        #[n(0)]
        document: DocumentId,
    },
    /// Someone shall be invited.
    #[n(6)]
    Invite {
        #[n(0)]
        invite: InviteId,
        #[n(1)]
        role: Role,
        #[n(2)]
        commitment: Hash,
        #[n(3)]
        expires: u64,
    },
    /// An invitation shall be withdrawn.
    #[n(7)]
    Withdraw {
        #[n(0)]
        invite: InviteId,
    },
    /// Someone who was invited, and compared, shall become a member.
    #[n(8)]
    AddMember {
        #[n(0)]
        invite: InviteId,
        #[n(1)]
        role: Role,
        #[n(2)]
        newcomer: Box<Newcomer>,
    },
    /// A member's role shall change.
    #[n(9)]
    ChangeRole {
        #[n(0)]
        member: MemberId,
        #[n(1)]
        role: Role,
    },
    /// A member shall leave.
    #[n(10)]
    RemoveMember {
        #[n(0)]
        member: MemberId,
    },
    /// Someone shall read a document.
    #[n(11)]
    Grant {
        #[n(0)]
        document: DocumentId,
        #[n(1)]
        reader: Reader,
    },
    /// Someone shall no longer read a document.
    #[n(12)]
    EndShare {
        #[n(0)]
        document: DocumentId,
        #[n(1)]
        principal: Principal,
    },
    /// Another document, which waits to be created, shall go on in a document's place. It stays until what the old one held
    /// in the end is in the new one.
    #[n(13)]
    Supersede {
        #[n(0)]
        document: DocumentId,
        #[n(1)]
        by: DocumentId,
        /// Who shall read the new one beside the readers of the old.
        #[n(2)]
        reader: Reader,
        /// The old one's heads when the new one's beginning was made of it.
        #[n(3)]
        base: Heads,
        /// The new one's heads at its beginning: what follows them was written here since.
        #[n(4)]
        start: Heads,
    },
    /// A member who lost everything shall come back.
    #[n(14)]
    ProposeRecovery {
        #[n(0)]
        newcomer: Box<Newcomer>,
    },
    /// A proposed recovery shall take effect.
    #[n(15)]
    ApproveRecovery {
        #[n(0)]
        proposal: Hash,
    },
    /// A proposed recovery shall not take effect.
    #[n(16)]
    StopRecovery {
        #[n(0)]
        proposal: Hash,
    },
    /// What this member's keys and roles ask for shall be done: exposed keys turned, keys sealed to those who lack them.
    #[n(17)]
    TendRoster,
    /// The same for a document's key.
    #[n(18)]
    TendDocument {
        #[n(0)]
        document: DocumentId,
    },
    /// A document shall be sent whole, to stand in for its edits.
    #[n(30)]
    Snapshot {
        #[n(0)]
        document: DocumentId,
    },
    /// A snapshot was recomputed, and shall stand.
    #[n(31)]
    Attest {
        #[n(0)]
        document: DocumentId,
        #[n(1)]
        snapshot: Hash,
    },
    /// An intake link shall exist.
    #[n(32)]
    OpenLink {
        #[n(0)]
        document: DocumentId,
        #[n(1)]
        invite: InviteId,
        #[n(2)]
        expires: u64,
        #[n(3)]
        limit: u8,
        #[n(4)]
        form: ByteVec,
        #[n(5)]
        secret: ByteVec,
        #[n(6)]
        recipient: ByteVec,
    },
    /// An intake link shall take no answers any more.
    #[n(33)]
    CloseLink {
        #[n(0)]
        document: DocumentId,
        #[n(1)]
        invite: InviteId,
    },
    /// What came through an intake link is answered: with this, or, where nothing stands, with the document's erasure.
    #[n(34)]
    Reply {
        #[n(0)]
        document: DocumentId,
        #[n(1)]
        invite: InviteId,
        #[n(2)]
        to: Hash,
        #[n(3)]
        secret: ByteVec,
        #[n(4)]
        client: ByteVec,
        #[n(5)]
        answered: Option<ByteVec>,
    },
    /// A document shall be erased.
    #[n(19)]
    Erase {
        #[n(0)]
        document: DocumentId,
    },
    /// The practice's policy shall be another, in what is named here.
    #[n(20)]
    SetPolicy {
        #[n(0)]
        custodian: Option<MemberId>,
        #[n(1)]
        no_custodian: bool,
        #[n(2)]
        recovery_wait_ms: Option<u64>,
        #[n(3)]
        witnesses: Option<(Vec<String>, u8)>,
    },
    /// The ledger key shall turn.
    #[n(40)]
    TurnLedgerKey {
        #[n(0)]
        key: VerifyingKey,
        #[n(1)]
        proof: Signature,
    },
}

/// A member's keys as their own device made them, with the secrets sealed to that device: carried, not opened.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(in crate::device) struct Newcomer {
    /// The member's pseudonym.
    #[n(0)]
    pub member: MemberId,
    /// Their device.
    #[n(1)]
    pub device: DeviceKeys,
    /// The device's own signature over practice and member.
    #[n(2)]
    pub proof: Signature,
    /// The member's keys.
    #[n(3)]
    pub keys: ClassKeys,
    /// Their generations, general and sensitive.
    #[n(4)]
    pub generations: [u32; 2],
    /// Their secrets, sealed to the device.
    #[n(5)]
    pub sealed: [ByteVec; 2],
}

impl Intent {
    /// Whether nobody asked for it: what it is for is looked at again with the next news.
    pub(in crate::device) const fn is_tending(&self) -> bool {
        matches!(
            self,
            Self::TendRoster | Self::TendDocument { .. } | Self::Snapshot { .. } | Self::Attest { .. }
        )
    }

    /// The stream that the statement will belong to.
    pub(in crate::device) fn stream(&self) -> Stream {
        match self {
            Self::Access { by, .. } => Stream::device(by),
            Self::Edit { document, .. }
            | Self::Create { document, .. }
            | Self::Turn { document }
            | Self::Grant { document, .. }
            | Self::EndShare { document, .. }
            | Self::Supersede { document, .. }
            | Self::TendDocument { document }
            | Self::Snapshot { document }
            | Self::Attest { document, .. }
            | Self::OpenLink { document, .. }
            | Self::CloseLink { document, .. }
            | Self::Reply { document, .. }
            | Self::Erase { document } => Stream::Document(*document),
            Self::Revoke { .. }
            | Self::AddDevice { .. }
            | Self::Invite { .. }
            | Self::Withdraw { .. }
            | Self::AddMember { .. }
            | Self::ChangeRole { .. }
            | Self::RemoveMember { .. }
            | Self::ProposeRecovery { .. }
            | Self::ApproveRecovery { .. }
            | Self::StopRecovery { .. }
            | Self::SetPolicy { .. }
            | Self::TurnLedgerKey { .. }
            | Self::TendRoster => Stream::Roster,
        }
    }
}
