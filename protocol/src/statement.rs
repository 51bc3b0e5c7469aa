//! Statements: the closed set of what can be said in a ledger.
//!
//! A statement is one deterministic CBOR array: `[kind, signer, seen, payload, body]`. Its signature covers those bytes as
//! they are (see [`crate::signature`]). How it may evolve: a new kind takes a new number; a new field goes at the end of a
//! body and may not be optional for those who come after it; an old reader refuses both, and says that it is too old.

mod change;
mod document;
mod genesis;
mod intake;
mod log;
mod roster;

use minicbor::{Decode, Decoder, Encode, Encoder};

pub use change::{Attest, Change, Cover, Snapshot};
pub use document::{Document, DocumentAction, Lane, Principal, Reader, Rights};
pub use genesis::{Genesis, Policy};
pub use intake::{CloseInvite, Invite, InvitePayload, Reply, Submission, SubmissionKind};
pub use log::{Access, AccessKind, Erasure, Notice, NoticeKind, Session};
pub use roster::{CheckpointRef, DeviceKind, Role, Roster, RosterAction};

use crate::ids::{DeviceId, Hash};
use crate::keys::Sealing;
use crate::stream::Stream;

/// The heads that a device acted on: hiding a revocation from it shows at its first honest statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Seen {
    /// Hash of the newest roster statement (or genesis) that the signer had verified.
    #[n(0)]
    pub roster: Hash,
    /// Hash of the newest control statement of the document concerned, where one is.
    #[n(1)]
    pub control: Option<Hash>,
}

/// What a statement says of its payload, so that the payload can be erased without breaking a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct PayloadRef {
    /// SHA-256 of the payload.
    #[n(0)]
    pub digest: Hash,
    /// The payload's length in bytes.
    #[n(1)]
    pub length: u32,
}

impl PayloadRef {
    /// Describes `payload`; `None` for an empty one.
    pub fn of(payload: &[u8]) -> Option<Self> {
        let length = u32::try_from(payload.len()).ok()?;
        (length > 0).then(|| Self {
            digest: Hash::of(&[payload]),
            length,
        })
    }
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Who signs: a [`DeviceId`]; for a submission the hash of its link's key; for a notice the hash of the ledger key.
    pub signer: DeviceId,
    /// What the signer had seen; every device's statement but genesis carries it.
    pub seen: Option<Seen>,
    /// The payload, where there is one.
    pub payload: Option<PayloadRef>,
    /// What is said.
    pub body: Body,
}

/// A statement's body, by kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Founds a practice.
    Genesis(Box<Genesis>),
    /// Changes the membership.
    Roster(Roster),
    /// Extends a document's control chain.
    Document(Document),
    /// An edit.
    Change(Change),
    /// Stands in for the changes it covers.
    Snapshot(Snapshot),
    /// Confirms a snapshot.
    Attest(Attest),
    /// A login.
    Session(Session),
    /// A history fetch, an export, a print.
    Access(Access),
    /// An intake link exists.
    Invite(Invite),
    /// What came through an intake link.
    Submission(Submission),
    /// Orders a document's payloads and keys destroyed.
    Erasure(Erasure),
    /// What only the relay saw.
    Notice(Notice),
    /// An intake link takes no answers any more.
    CloseInvite(CloseInvite),
    /// The answer to what came through an intake link.
    Reply(Reply),
}

impl Body {
    /// The kind's number on the wire.
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Genesis(_) => 0,
            Self::Roster(_) => 1,
            Self::Document(_) => 2,
            Self::Change(_) => 3,
            Self::Snapshot(_) => 4,
            Self::Attest(_) => 5,
            Self::Session(_) => 6,
            Self::Access(_) => 7,
            Self::Invite(_) => 8,
            Self::Submission(_) => 9,
            Self::Erasure(_) => 10,
            Self::Notice(_) => 11,
            Self::CloseInvite(_) => 12,
            Self::Reply(_) => 13,
        }
    }

    /// The kind's name, as the documentation and the commands write it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Genesis(_) => "genesis",
            Self::Roster(_) => "roster",
            Self::Document(_) => "document",
            Self::Change(_) => "change",
            Self::Snapshot(_) => "snapshot",
            Self::Attest(_) => "attest",
            Self::Session(_) => "session",
            Self::Access(_) => "access",
            Self::Invite(_) => "invite",
            Self::Submission(_) => "submission",
            Self::Erasure(_) => "erasure",
            Self::Notice(_) => "notice",
            Self::CloseInvite(_) => "close-invite",
            Self::Reply(_) => "reply",
        }
    }
}

impl Statement {
    /// The stream that the statement belongs to.
    pub fn stream(&self) -> Stream {
        match &self.body {
            Body::Genesis(_) | Body::Roster(_) => Stream::Roster,
            Body::Document(d) => Stream::Document(d.document),
            Body::Change(c) => Stream::Document(c.document),
            Body::Snapshot(s) => Stream::Document(s.document),
            Body::Attest(a) => Stream::Document(a.document),
            Body::Erasure(e) => Stream::Document(e.document),
            Body::Session(_) | Body::Access(_) => Stream::device(&self.signer),
            Body::Invite(i) => Stream::Document(i.document),
            Body::CloseInvite(c) => Stream::Document(c.document),
            Body::Submission(s) => Stream::Document(s.document),
            Body::Reply(r) => Stream::Document(r.document),
            Body::Notice(_) => Stream::Notices,
        }
    }

    /// What the statement abandons, and from where the ledger goes on, if it is the one kind of roster statement that stands
    /// beside the practice chain: a resumption after a restore.
    pub fn resumes(&self) -> Option<(&CheckpointRef, &CheckpointRef)> {
        match &self.body {
            Body::Roster(Roster { actions, .. }) => match actions.as_slice() {
                [RosterAction::Resume { abandoned, resumed }] => Some((abandoned, resumed)),
                _ => None,
            },
            _ => None,
        }
    }

    /// The sealed keys that the statement lists, in the payload's order.
    pub fn sealings(&self) -> &[Sealing] {
        match &self.body {
            Body::Genesis(g) => &g.sealings,
            Body::Roster(r) => &r.sealings,
            Body::Document(d) => &d.sealings,
            _ => &[],
        }
    }
}

impl<C> Encode<C> for Statement {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.array(5)?.u8(self.body.kind())?;
        e.encode_with(self.signer, ctx)?
            .encode_with(self.seen, ctx)?
            .encode_with(self.payload, ctx)?;
        match &self.body {
            Body::Genesis(b) => e.encode_with(b, ctx)?,
            Body::Roster(b) => e.encode_with(b, ctx)?,
            Body::Document(b) => e.encode_with(b, ctx)?,
            Body::Change(b) => e.encode_with(b, ctx)?,
            Body::Snapshot(b) => e.encode_with(b, ctx)?,
            Body::Attest(b) => e.encode_with(b, ctx)?,
            Body::Session(b) => e.encode_with(b, ctx)?,
            Body::Access(b) => e.encode_with(b, ctx)?,
            Body::Invite(b) => e.encode_with(b, ctx)?,
            Body::Submission(b) => e.encode_with(b, ctx)?,
            Body::Erasure(b) => e.encode_with(b, ctx)?,
            Body::Notice(b) => e.encode_with(b, ctx)?,
            Body::CloseInvite(b) => e.encode_with(b, ctx)?,
            Body::Reply(b) => e.encode_with(b, ctx)?,
        };
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Statement {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, minicbor::decode::Error> {
        if d.array()? != Some(5) {
            return Err(minicbor::decode::Error::message("a statement has five parts"));
        }
        let kind = d.u8()?;
        let signer = d.decode_with(ctx)?;
        let seen = d.decode_with(ctx)?;
        let payload = d.decode_with(ctx)?;
        let body = match kind {
            0 => Body::Genesis(d.decode_with(ctx)?),
            1 => Body::Roster(d.decode_with(ctx)?),
            2 => Body::Document(d.decode_with(ctx)?),
            3 => Body::Change(d.decode_with(ctx)?),
            4 => Body::Snapshot(d.decode_with(ctx)?),
            5 => Body::Attest(d.decode_with(ctx)?),
            6 => Body::Session(d.decode_with(ctx)?),
            7 => Body::Access(d.decode_with(ctx)?),
            8 => Body::Invite(d.decode_with(ctx)?),
            9 => Body::Submission(d.decode_with(ctx)?),
            10 => Body::Erasure(d.decode_with(ctx)?),
            11 => Body::Notice(d.decode_with(ctx)?),
            12 => Body::CloseInvite(d.decode_with(ctx)?),
            13 => Body::Reply(d.decode_with(ctx)?),
            _ => return Err(minicbor::decode::Error::message("unknown kind")),
        };
        Ok(Self {
            signer,
            seen,
            payload,
            body,
        })
    }
}
