//! Statements about intake without an account. They stand in the stream of the document that the answers are for: whoever
//! reads that document is shown its links and what came through them, and nobody else is.

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::ids::{DocumentId, Hash, InviteId, VerifyingKey};

/// An intake link exists; its payload is an [`InvitePayload`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Invite {
    /// The document that the answers are for: one partner's lane.
    #[n(0)]
    pub document: DocumentId,
    /// The document's epoch, under which what the readers keep of the link is sealed.
    #[n(1)]
    pub epoch: u64,
    /// The invite.
    #[n(2)]
    pub invite: InviteId,
    /// Verifies what comes through the link.
    #[n(3)]
    pub link: VerifyingKey,
    /// Relay time from which the link takes no answers, in milliseconds since the Unix epoch.
    #[n(4)]
    pub expires: u64,
    /// Submissions of answers that the link takes.
    #[n(5)]
    pub limit: u8,
}

/// What an invite's payload holds: the relay shows the first half to whoever has the link, and the second to readers only.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct InvitePayload {
    /// The form and the recipient key, sealed under the link's secret.
    #[n(0)]
    pub form: ByteVec,
    /// The link's secret and the recipient key's, sealed under the document's epoch.
    #[n(1)]
    pub keys: ByteVec,
}

/// An intake link takes no answers any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct CloseInvite {
    /// The document.
    #[n(0)]
    pub document: DocumentId,
    /// The invite.
    #[n(1)]
    pub invite: InviteId,
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
    /// The document that the link is for.
    #[n(0)]
    pub document: DocumentId,
    /// The invite.
    #[n(1)]
    pub invite: InviteId,
    /// What.
    #[n(2)]
    pub kind: SubmissionKind,
    /// Count within the link, from 1.
    #[n(3)]
    pub sequence: u64,
    /// Hash of the link's submission before this one.
    #[n(4)]
    pub prev: Option<Hash>,
}

/// The practice's answer to what came through a link, sealed to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Reply {
    /// The document that the link is for.
    #[n(0)]
    pub document: DocumentId,
    /// The invite.
    #[n(1)]
    pub invite: InviteId,
    /// Hash of the submission that is answered.
    #[n(2)]
    pub to: Hash,
}
