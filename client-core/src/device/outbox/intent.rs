//! What waits, as it is kept.

use minicbor::{Decode, Encode};
use troth_protocol::ids::{CaseId, DeviceId, DocumentId, Hash};
use troth_protocol::keys::DeviceKeys;
use troth_protocol::signature::Signature;
use troth_protocol::statement::{AccessKind, DeviceKind, Lane, Reader};
use troth_protocol::stream::Stream;
use troth_protocol::wire::Upload;

/// What a person wants said.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(in crate::device) enum Intent {
    /// An Automerge change to a document.
    #[n(0)]
    Edit {
        #[n(0)]
        document: DocumentId,
        #[cbor(n(1), with = "minicbor::bytes")]
        change: Vec<u8>,
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
}

impl Intent {
    /// The stream that the statement will belong to.
    pub(in crate::device) fn stream(&self) -> Stream {
        match self {
            Self::Access { by, .. } => Stream::device(by),
            Self::Edit { document, .. } | Self::Create { document, .. } | Self::Turn { document } => {
                Stream::Document(*document)
            }
            Self::Revoke { .. } | Self::AddDevice { .. } => Stream::Roster,
        }
    }
}

/// An intent with its number, as it is kept.
#[derive(Clone, Debug, Encode, Decode)]
#[cbor(array)]
pub(in crate::device) struct OutboxRow {
    #[n(0)]
    pub id: u64,
    #[n(1)]
    pub intent: Intent,
}

/// A statement that is signed and perhaps sent.
#[derive(Clone, Debug, Encode, Decode)]
#[cbor(array)]
pub(in crate::device) struct Inflight {
    #[n(0)]
    pub stream: Stream,
    #[n(1)]
    pub upload: Upload,
    /// The intents that it carries out; none for a turn that only prepares an edit.
    #[n(2)]
    pub covers: Vec<u64>,
    /// Names the answer; 0: not sent on this connection.
    #[n(3)]
    pub request: u64,
    #[n(4)]
    pub tries: u32,
    /// Sealed under a head that has moved on; signed again with the next news.
    #[n(5)]
    pub outdated: bool,
    /// Size of the frontier that it was signed over; the largest number where it may be signed again without news.
    #[n(6)]
    pub signed_at: u64,
}

impl Inflight {
    pub(in crate::device) fn hash(&self) -> Hash {
        Hash::of(&[&self.upload.signed.statement])
    }
}

/// What was set aside, and why.
#[derive(Clone, Debug, Encode, Decode)]
#[cbor(array)]
pub(in crate::device) struct QuarantineRow {
    #[n(0)]
    pub id: u64,
    #[n(1)]
    pub what: String,
    #[n(2)]
    pub rule: u16,
    #[n(3)]
    pub intent: Option<Intent>,
    /// Position of the entry, where it is another's.
    #[n(4)]
    pub position: Option<u64>,
}
