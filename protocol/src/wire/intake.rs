//! What whoever holds an intake link and the relay say to each other, without a login.

use minicbor::{Decode, Encode};

use crate::checkpoint::CompactCheckpoint;
use crate::entry::Signed;
use crate::ids::{Hash, InviteId, PracticeId};
use crate::rule::Rule;
use crate::wire::Upload;

/// 32 bytes that only a link's client and the relay may know: a PIN's proof, or a pepper.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct LinkSecret(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 32]);

impl std::fmt::Debug for LinkSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LinkSecret(..)")
    }
}

/// Something to be made durable through a link. The answer is `Appended` or `Refused`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Submit {
    /// Names the answer.
    #[n(0)]
    pub request: u64,
    /// The practice, as [`Linked`] named it.
    #[n(1)]
    pub practice: PracticeId,
    /// A submission and its payload.
    #[n(2)]
    pub upload: Upload,
}

/// Asks for what the relay keeps for a link's PIN: given to whoever proves it, ten tries for the link's life.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Unlock {
    /// The invite.
    #[n(0)]
    pub invite: InviteId,
    /// Proves the PIN: derived from it and from the link's secret, 32 bytes.
    #[n(1)]
    pub proof: LinkSecret,
    /// Whether a PIN may be chosen by this, where there is none yet.
    #[n(2)]
    pub choose: bool,
}

/// Keeps a draft, or takes it away. The answer is [`Unlocked`] with what is kept now.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct KeepDraft {
    /// The invite.
    #[n(0)]
    pub invite: InviteId,
    /// Proves the PIN.
    #[n(1)]
    pub proof: LinkSecret,
    /// The draft, sealed, at most [`crate::limits::DRAFT`] bytes; none takes the last one away.
    #[n(2)]
    pub draft: Option<minicbor::bytes::ByteVec>,
}

/// What is behind a link.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Linked {
    /// The invite.
    #[n(0)]
    pub invite: InviteId,
    /// The practice.
    #[n(1)]
    pub practice: PracticeId,
    /// The statement that made the link.
    #[n(2)]
    pub statement: Signed,
    /// The form and the recipient key, sealed under the link's secret; empty where they were erased.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub form: Vec<u8>,
    /// Sequence number of the next submission.
    #[n(4)]
    pub sequence: u64,
    /// Hash of the submission before that.
    #[n(5)]
    pub prev: Option<Hash>,
    /// Number of the rule by which the link takes no answers; none while it takes them.
    #[n(6)]
    pub closed: Option<u16>,
    /// Tries that are left to prove the PIN; none where no PIN was chosen.
    #[n(7)]
    pub tries: Option<u8>,
    /// The relay's clock, in milliseconds since the Unix epoch.
    #[n(8)]
    pub now: u64,
    /// The ledger as it is.
    #[n(9)]
    pub checkpoint: CompactCheckpoint,
    /// What the practice answered: hash of the submission, and the answer's payload, sealed to the client.
    #[n(10)]
    pub replies: Vec<LinkReply>,
    /// What the ledger is called since it was resumed; absent where it never was.
    #[n(11)]
    pub ledger: Option<PracticeId>,
}

/// An answer of the practice to what came through a link.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct LinkReply {
    /// Hash of the submission.
    #[n(0)]
    pub to: Hash,
    /// Position of the answer.
    #[n(1)]
    pub position: u64,
    /// The payload; empty where it was erased.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub sealed: Vec<u8>,
}

/// What the relay keeps for a link's PIN.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Unlocked {
    /// The invite.
    #[n(0)]
    pub invite: InviteId,
    /// The link's pepper, drawn by the relay when the PIN was chosen: 32 bytes.
    #[n(1)]
    pub pepper: LinkSecret,
    /// The draft that is kept, sealed.
    #[n(2)]
    pub draft: Option<minicbor::bytes::ByteVec>,
}

/// Something about a link is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct NoLink {
    /// The invite.
    #[n(0)]
    pub invite: InviteId,
    /// Number of the rule.
    #[n(1)]
    pub rule: u16,
    /// Tries that are left, where the PIN was not the right one.
    #[n(2)]
    pub tries: Option<u8>,
}

impl NoLink {
    /// The rule; [`Rule::Unavailable`] for a number that this version does not know.
    pub fn rule(&self) -> Rule {
        Rule::from_number(self.rule).unwrap_or(Rule::Unavailable)
    }
}
