//! What the relay sends.

use minicbor::{Decode, Encode};

use crate::checkpoint::CompactCheckpoint;
use crate::evidence::Placed;
use crate::ids::{Hash, Nonce, PracticeId, VerifyingKey};
use crate::rule::Rule;
use crate::signature::Signature;
use crate::statement::CheckpointRef;
use crate::wire::{Items, Linked, MailboxId, NoLink, Put, Unlocked};

/// A message from the relay to a device.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum RelayMessage {
    /// Proves who answers, and asks the same.
    #[n(0)]
    Challenge(#[n(0)] Challenge),
    /// The login holds.
    #[n(1)]
    Welcome(#[n(0)] Welcome),
    /// The statements are durable.
    #[n(2)]
    Appended(#[n(0)] Appended),
    /// Something asked for is refused; nothing changed.
    #[n(3)]
    Refused(#[n(0)] Refused),
    /// What a follow brings.
    #[n(4)]
    Items(#[n(0)] Items),
    /// What a fetch brings: the request, whether more follows, the items.
    #[n(5)]
    Fetched(#[n(0)] u64, #[n(1)] bool, #[n(2)] Items),
    /// What relay this is.
    #[n(6)]
    Info(#[n(0)] Info),
    /// A value taken from a mailbox; also confirms that one was put, then without it.
    #[n(7)]
    Mail(#[n(0)] Put),
    /// The relay closes the connection, and why.
    #[n(8)]
    Goodbye(#[n(0)] Goodbye),
    /// The practice that has a device, by the relay's word: whoever asked finds its own signature in the ledger, or does not
    /// believe it.
    #[n(9)]
    Located(#[n(0)] Option<PracticeId>),
    /// A mailbox does not take a value, or has none to give.
    #[n(10)]
    NoMail(#[n(0)] NoMail),
    /// Witnesses have cosigned a checkpoint.
    #[n(11)]
    Witnessed(#[n(0)] Witnessed),
    /// What is behind an intake link.
    #[n(12)]
    Linked(#[n(0)] Linked),
    /// The pepper and the draft of an intake link.
    #[n(13)]
    Unlocked(#[n(0)] Unlocked),
    /// Something about an intake link is refused.
    #[n(14)]
    NoLink(#[n(0)] NoLink),
    /// Resumptions that stand below the size that the device said hello with, before its welcome.
    #[n(15)]
    Resumed(#[n(0)] Vec<Placed>),
    /// To an admin's device, before its welcome: the relay has not all that it signed, or gets back what it lost.
    #[n(16)]
    Held(#[n(0)] Held),
    /// The relay has a new ledger key; for admins, who alone can turn the practice's to it.
    #[n(20)]
    NewKey(#[n(0)] NewKey),
}

/// A ledger that takes nothing new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Held {
    /// Whether it waits for an admin to resume it; else it was resumed, and gets back what it lost.
    #[n(0)]
    pub waits: bool,
    /// The newest that the relay was shown of what it lost; none where the operator alone says that it was restored.
    #[n(1)]
    pub abandoned: Option<CheckpointRef>,
}

/// The relay's half of the handshake.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Challenge {
    /// Chosen at random for this connection.
    #[n(0)]
    pub nonce: Nonce,
    /// The relay's origin: a forwarder cannot pass for another relay.
    #[n(1)]
    pub origin: String,
    /// The ledger as it is.
    #[n(2)]
    pub checkpoint: CompactCheckpoint,
    /// The ledger key's signature over the transcript.
    #[n(3)]
    pub signature: Signature,
    /// What the ledger is called since it was resumed; absent where it never was. A hint, which the checkpoint's signature bears
    /// out.
    #[n(4)]
    pub ledger: Option<PracticeId>,
}

/// The login holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Welcome {
    /// The relay's clock, in milliseconds since the Unix epoch.
    #[n(0)]
    pub now: u64,
}

/// A checkpoint and what witnesses added to it, unverified: whoever receives it checks that each is by a key that the practice's
/// policy names, and that the checkpoint is of the history that it knows.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Witnessed {
    /// The checkpoint, of the ledger as it is or as it was.
    #[n(0)]
    pub checkpoint: CompactCheckpoint,
    /// Signature lines of its note (C2SP signed-note), at most one for each witness of the policy.
    #[n(1)]
    pub cosignatures: Vec<String>,
}

/// A ledger key that the relay would sign with from now on, unverified: whoever turns to it has compared it with what the relay's
/// operator says, and takes the proof into the statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct NewKey {
    /// The key.
    #[n(0)]
    pub key: VerifyingKey,
    /// Its own signature over this practice.
    #[n(1)]
    pub proof: Signature,
}

/// Where a statement stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Receipt {
    /// Position in the ledger, from 0.
    #[n(0)]
    pub position: u64,
    /// The relay's clock, in milliseconds since the Unix epoch.
    #[n(1)]
    pub received: u64,
    /// Count within the stream, from 0.
    #[n(2)]
    pub stream_seq: u64,
}

/// The statements of a request are durable.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Appended {
    /// The request.
    #[n(0)]
    pub request: u64,
    /// One for each statement, in order.
    #[n(1)]
    pub receipts: Vec<Receipt>,
}

/// A refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Refused {
    /// The request; 0 where it had none.
    #[n(0)]
    pub request: u64,
    /// Which statement of it, from 0.
    #[n(1)]
    pub index: u32,
    /// Number of the rule.
    #[n(2)]
    pub rule: u16,
    /// The present head of the chain concerned, where a chain is.
    #[n(3)]
    pub head: Option<Hash>,
}

impl Refused {
    /// The rule; [`Rule::Unavailable`] for a number that this version does not know.
    pub fn rule(&self) -> Rule {
        Rule::from_number(self.rule).unwrap_or(Rule::Unavailable)
    }
}

/// A refusal at a mailbox: it names the mailbox, since a device may wait at several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct NoMail {
    /// The mailbox.
    #[n(0)]
    pub mailbox: MailboxId,
    /// Which of its slots.
    #[n(1)]
    pub slot: u8,
    /// Number of the rule.
    #[n(2)]
    pub rule: u16,
}

impl NoMail {
    /// The rule; [`Rule::Unavailable`] for a number that this version does not know.
    pub fn rule(&self) -> Rule {
        Rule::from_number(self.rule).unwrap_or(Rule::Unavailable)
    }
}

/// What relay this is, for whoever founds a practice on it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Info {
    /// The relay's origin.
    #[n(0)]
    pub origin: String,
    /// The key that it will sign the ledger with.
    #[n(1)]
    pub ledger_key: VerifyingKey,
    /// The relay's clock, in milliseconds since the Unix epoch.
    #[n(2)]
    pub now: u64,
}

/// Why the relay closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Goodbye {
    /// Number of the rule.
    #[n(0)]
    pub rule: u16,
}
