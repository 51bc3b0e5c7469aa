//! What waits with its number, and what is on its way.

use minicbor::{Decode, Encode};
use troth_protocol::ids::Hash;
use troth_protocol::stream::Stream;
use troth_protocol::wire::Upload;

use super::Intent;

/// An intent with its number, as it is kept.
#[derive(Clone, Debug, Encode, Decode)]
#[cbor(array)]
pub(in crate::device) struct OutboxRow {
    #[n(0)]
    pub id: u64,
    #[n(1)]
    pub intent: Intent,
}

/// Statements that are signed and perhaps sent: one, or several that the ledger takes together or not at all.
#[derive(Clone, Debug, Encode, Decode)]
#[cbor(array)]
pub(in crate::device) struct Inflight {
    /// The stream that holds the turn for it.
    #[n(0)]
    pub stream: Stream,
    /// What is not in the ledger yet, in its order.
    #[n(1)]
    pub parts: Vec<Part>,
    /// Names the answer; 0: not sent on this connection.
    #[n(2)]
    pub request: u64,
    #[n(3)]
    pub tries: u32,
    /// Sealed under a head that has moved on; signed again with the next news.
    #[n(4)]
    pub outdated: bool,
    /// Size of the frontier that it was signed over; the largest number where it may be signed again without news.
    #[n(5)]
    pub signed_at: u64,
}

/// A signed statement.
#[derive(Clone, Debug, Encode, Decode)]
#[cbor(array)]
pub(in crate::device) struct Part {
    #[n(0)]
    pub stream: Stream,
    #[n(1)]
    pub upload: Upload,
    /// The intents that it carries out; none for one that only prepares them.
    #[n(2)]
    pub covers: Vec<u64>,
}

impl Part {
    pub(in crate::device) fn hash(&self) -> Hash {
        Hash::of(&[&self.upload.signed.statement])
    }
}

impl Inflight {
    /// The intents that it carries out.
    pub(in crate::device) fn covers(&self) -> impl Iterator<Item = u64> {
        self.parts.iter().flat_map(|part| part.covers.iter().copied())
    }

    /// Whether a statement of a stream belongs to it.
    pub(in crate::device) fn is_in(&self, stream: &Stream) -> bool {
        self.parts.iter().any(|part| part.stream == *stream)
    }
}
