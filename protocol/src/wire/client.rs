//! What a device sends.

use minicbor::{Decode, Encode};

use crate::checkpoint::CompactCheckpoint;
use crate::entry::Signed;
use crate::ids::{DeviceId, DocumentId, InviteId, Nonce, PracticeId};
use crate::wire::{KeepDraft, Submit, Unlock};

/// A message from a device to the relay.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum ClientMessage {
    /// Who is calling, and for which practice.
    #[n(0)]
    Hello(#[n(0)] Hello),
    /// The login: a `session` statement over the transcript.
    #[n(1)]
    Session(#[n(0)] Signed),
    /// Statements to be made durable, all or nothing.
    #[n(2)]
    Append(#[n(0)] Append),
    /// Everything from my frontier on, then what comes.
    #[n(3)]
    Follow(#[n(0)] Follow),
    /// Documents from their beginning, against my own root.
    #[n(4)]
    Fetch(#[n(0)] Fetch),
    /// A genesis statement: founds a practice.
    #[n(5)]
    Found(#[n(0)] Found),
    /// What relay is this?
    #[n(6)]
    Info,
    /// Puts a value into a mailbox, for linking.
    #[n(7)]
    Put(#[n(0)] Put),
    /// Waits for a value in a mailbox, and takes it.
    #[n(8)]
    Take(#[n(0)] Take),
    /// Which practice has this device? Asked by a recovery kit, which knows its own keys and nothing else.
    #[n(9)]
    Locate(#[n(0)] DeviceId),
    /// What is behind this intake link?
    #[n(10)]
    Link(#[n(0)] InviteId),
    /// A submission through an intake link.
    #[n(11)]
    Submit(#[n(0)] Submit),
    /// The pepper and the draft of an intake link.
    #[n(12)]
    Unlock(#[n(0)] Unlock),
    /// A draft to be kept.
    #[n(13)]
    KeepDraft(#[n(0)] KeepDraft),
    /// The relay has not all that it signed: here is its own signature on more.
    #[n(14)]
    Ahead(#[n(0)] Ahead),
    /// Entries that the relay lost, and gets back as they were signed.
    #[n(15)]
    Restore(#[n(0)] Restore),
    /// Everything that this device had and the ledger had not was sent.
    #[n(16)]
    Restored,
}

/// The first message of a device that belongs to a practice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Hello {
    /// The practice.
    #[n(0)]
    pub practice: PracticeId,
    /// The device.
    #[n(1)]
    pub device: DeviceId,
    /// Chosen at random for this connection.
    #[n(2)]
    pub nonce: Nonce,
    /// Size of the device's frontier.
    #[n(3)]
    pub size: u64,
}

/// A statement with its payload.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Upload {
    /// What was signed.
    #[n(0)]
    pub signed: Signed,
    /// The payload; empty where there is none.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub payload: Vec<u8>,
}

/// Statements to be made durable together.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Append {
    /// Names the answer.
    #[n(0)]
    pub request: u64,
    /// At most [`crate::limits::APPEND_STATEMENTS`], in order.
    #[n(1)]
    pub uploads: Vec<Upload>,
}

/// A checkpoint of the relay's that is beyond what the relay has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Ahead {
    /// The checkpoint.
    #[n(0)]
    pub checkpoint: CompactCheckpoint,
    /// What the ledger was called when it was signed: the practice, or what a resumption calls it.
    #[n(1)]
    pub ledger: PracticeId,
}

/// Entries that a relay lost when it was restored: anyone's statements, in the order that they stood in, all taken or none.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Restore {
    /// Names the answer.
    #[n(0)]
    pub request: u64,
    /// At most [`crate::limits::APPEND_STATEMENTS`].
    #[n(1)]
    pub entries: Vec<Lost>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Lost {
    /// The relay's clock when it first took it, as its leaf said.
    #[n(0)]
    pub received: u64,
    /// What was signed.
    #[n(1)]
    pub signed: Signed,
    /// The payload; empty where there is none, absent where it is gone.
    #[n(2)]
    pub payload: Option<minicbor::bytes::ByteVec>,
}

/// Follows the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Follow {
    /// Stands in every signed count of this follow.
    #[n(0)]
    pub nonce: Nonce,
    /// Size of the device's frontier.
    #[n(1)]
    pub size: u64,
    /// A size at which the device knows the root already and wants to compare: no run of a catch-up reaches across it.
    #[n(2)]
    pub through: Option<u64>,
}

/// Fetches documents from their beginning.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Fetch {
    /// Names the answer.
    #[n(0)]
    pub request: u64,
    /// At most [`crate::limits::FETCH_DOCUMENTS`].
    #[n(1)]
    pub documents: Vec<DocumentId>,
    /// Size of the device's verified frontier: the answer folds into its root.
    #[n(2)]
    pub size: u64,
    /// A size at which the device wants to know the root: no run reaches across it.
    #[n(3)]
    pub through: Option<u64>,
}

/// Founds a practice.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Found {
    /// Genesis and its sealed keys.
    #[n(0)]
    pub genesis: Upload,
}

/// The name of a mailbox: derived from a code's secret, which the relay never learns.
pub type MailboxId = DocumentId;

/// Puts a value into a mailbox.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Put {
    /// The mailbox.
    #[n(0)]
    pub mailbox: MailboxId,
    /// Which of its slots, below [`crate::limits::MAILBOX_SLOTS`].
    #[n(1)]
    pub slot: u8,
    /// The value, at most [`crate::limits::MAILBOX_VALUE`] bytes.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub value: Vec<u8>,
}

/// Waits for a value in a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Take {
    /// The mailbox.
    #[n(0)]
    pub mailbox: MailboxId,
    /// Which of its slots.
    #[n(1)]
    pub slot: u8,
}
