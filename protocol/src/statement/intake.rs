//! Statements about intake without an account.

use minicbor::{Decode, Encode};

use crate::ids::{CaseId, Hash, InviteId, VerifyingKey};
use crate::keys::{Sealing, SealingKey};
use crate::statement::{Lane, Reader};

/// An intake link exists; its payload is the sealed form followed by the sealed keys.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Invite {
    /// The invite.
    #[n(0)]
    pub invite: InviteId,
    /// The case.
    #[n(1)]
    pub case: CaseId,
    /// The lane that the answers are for.
    #[n(2)]
    pub lane: Lane,
    /// Verifies what comes through the link.
    #[n(3)]
    pub link: VerifyingKey,
    /// What answers are sealed to.
    #[n(4)]
    pub recipient: SealingKey,
    /// Who can open them.
    #[n(5)]
    pub readers: Vec<Reader>,
    /// Relay time from which the link is closed, in milliseconds since the Unix epoch.
    #[n(6)]
    pub expires: u64,
    /// Submissions that the link takes.
    #[n(7)]
    pub limit: u8,
    /// The sealed keys in the payload.
    #[n(8)]
    pub sealings: Vec<Sealing>,
}

/// What a client says through a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum SubmissionKind {
    /// Answers, with the consents given.
    #[n(0)]
    Answers,
    /// A consent is withdrawn.
    #[n(1)]
    Withdraw,
    /// A copy is asked for.
    #[n(2)]
    Copy,
    /// Erasure is asked for.
    #[n(3)]
    Erase,
}

/// What came through a link, signed by the link's key; the client's own signature stands inside the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Submission {
    /// The invite.
    #[n(0)]
    pub invite: InviteId,
    /// What.
    #[n(1)]
    pub kind: SubmissionKind,
    /// Count within the link, from 1.
    #[n(2)]
    pub sequence: u64,
    /// Hash of the link's submission before this one.
    #[n(3)]
    pub prev: Option<Hash>,
}
