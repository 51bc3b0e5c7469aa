//! The rules, each with its number. `docs/protocol.md` gives the table; every check cites the rule that it enforces, and
//! every refusal on the wire carries its number.

use thiserror::Error;

/// Declares the rules once: variant, number, and what is wrong in plain words.
macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $text:literal;)*) => {
        /// Why something is refused. The text names the cause; [`Rule::remedy`] what to do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Error)]
        #[non_exhaustive]
        pub enum Rule {
            $($(#[$doc])* #[error($text)] $name = $number,)*
        }

        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The rule of a number.
            pub const fn from_number(number: u16) -> Option<Self> {
                match number {
                    $($number => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

rules! {
    /// R1: bytes are one deterministic CBOR value of a known form, with nothing before or after it, and its fields fit each
    /// other.
    Malformed = 1, "the bytes are not in the one valid encoding";
    /// R2: the first byte of a frame, and the version in genesis, is a version that the receiver speaks.
    Version = 2, "this protocol version is not spoken here";
    /// R3: nothing exceeds its limit.
    TooLarge = 3, "a limit of the protocol is exceeded";
    /// R4: a payload has the digest and the length that its statement gives; none stands where none is named.
    PayloadMismatch = 4, "the payload is not the one that the statement names";
    /// R5: the signature over a statement is its signer's.
    BadSignature = 5, "the signature is not valid";
    /// R6: `session` and `notice` statements are never appended, and genesis only founds.
    NotAppendable = 6, "a statement of this kind cannot be appended";
    /// R7: a statement of a device says what it had seen; others say nothing.
    Seen = 7, "the statement does not say what its signer had seen, or must not";
    /// R8: a statement has a payload exactly when its kind needs one.
    PayloadKind = 8, "a statement of this kind needs a payload, or must not have one";
    /// R10: the practice is the one that the connection is for, and exists.
    UnknownPractice = 10, "this relay keeps no such practice, or the statement is another's";
    /// R11: the signer is a device of the practice.
    UnknownDevice = 11, "the practice has no such device";
    /// R12: the signer was not revoked, nor its member removed, before this position.
    Revoked = 12, "the device was revoked or its member removed";
    /// R13: the signer's role and rights allow the action.
    NotPermitted = 13, "the signer's role or rights do not allow this";
    /// R14: the heads that a statement names as seen are heads of its practice and document.
    UnknownHead = 14, "the statement names a head that is not in this ledger";
    /// R15: a chain's statement names the chain's newest statement as the one before it.
    StaleChain = 15, "the chain has moved on since this statement was signed";
    /// R16: the relay's clock in `received` never goes back.
    ClockBack = 16, "the relay's clock went backwards";
    /// R17: the relay counts each stream without gaps.
    StreamGap = 17, "the count within the stream has a gap";
    /// R20: genesis stands at position 0, and nowhere else.
    Genesis = 20, "genesis stands at the beginning of a ledger, and only there";
    /// R21: a new device's own signature over practice and member stands in the statement.
    DeviceProof = 21, "the new device did not sign for this member and practice";
    /// R22: a device, a member, a document or an invitation is new when it is made.
    AlreadyExists = 22, "that name is taken already";
    /// R23: what an action speaks of exists and is active.
    NoSuchSubject = 23, "what the statement speaks of does not exist or is no longer active";
    /// R24: the listed sealed keys are exactly those that the actions need, each once.
    Sealings = 24, "the sealed keys are not those that the verified chain asks for";
    /// R25: a key turns to the generation or epoch after its present one.
    Generation = 25, "the key's new generation does not follow its present one";
    /// R26: an admin remains with an active device and the admins' key, and nobody takes away their own last device.
    LastOne = 26, "this would leave nobody who can run the practice, or a member without a device";
    /// R27: the invitation is open, not used, not expired, and for that role.
    Invitation = 27, "the invitation is used, withdrawn, expired or for another role";
    /// R28: a member's statements about their own devices stay within the day's ration.
    Ration = 28, "too many changes to one member's devices today";
    /// R29: a key that a revoked device or removed member held turns before it is given to anyone new.
    TurnFirst = 29, "a key that was exposed must turn first";
    /// R30: a recovery is proposed once, agreed by another admin or waited for, and not stopped or overtaken.
    Recovery = 30, "the recovery is not open, is open already, or must wait for its time or another admin";
    /// R31: a new ledger key signs for the practice it takes over.
    LedgerKey = 31, "the new ledger key did not sign for this practice";
    /// R32: once an admin had a recovery kit, an admin's kit remains, or two admins with active devices.
    NoWayBack = 32, "this would leave the practice to one admin without a recovery kit";
    /// R35: a resumption stands alone, goes on from the very entries before it, and abandons no less than those.
    Resumption = 35, "a ledger is not resumed like that: by itself, from where it stands, abandoning no less";
    /// R40: the document exists.
    NoSuchDocument = 40, "there is no such document";
    /// R41: the document is neither superseded nor erased.
    Closed = 41, "the document is closed";
    /// R42: a change is sealed under the document's present epoch.
    WrongEpoch = 42, "the document's key has turned since this edit was sealed";
    /// R43: a document whose epoch was sealed to someone since removed is written to only after a turn.
    StaleEpoch = 43, "the document's key must turn before its next edit";
    /// R44: an author's changes are counted from 1 and name the one before.
    AuthorChain = 44, "the edit does not follow its author's last one";
    /// R45: a document keeps a reader who can write.
    NoWriter = 45, "this would leave the document without anyone who can write";
    /// R46: a snapshot covers what its authors' chains hold; an attestation names a snapshot of another member.
    Snapshot = 46, "the snapshot does not cover what it says, or cannot be attested by this member";
    /// R47: an intake link is open, not expired, not used up; what comes through it is signed by its key.
    Link = 47, "the intake link is unknown, closed, expired or used up";
    /// R50: a session is signed over this connection's own transcript.
    Transcript = 50, "the login is not for this connection";
    /// R51: messages come in the order of the protocol's states.
    OutOfOrder = 51, "the message does not belong here";
    /// R52: a client follows from a size that the ledger has reached.
    BeyondEnd = 52, "the client is ahead of the ledger";
    /// R53: a mailbox holds what was put into it for ten minutes, one value in each slot.
    Mailbox = 53, "the code is unknown, used or older than ten minutes";
    /// R54: what the relay keeps for an intake link is given to whoever proves its PIN, ten tries for the link's life.
    Pin = 54, "the PIN is not the right one, or was tried too often";
    /// R60: what is sent and asked for stays within the connection's, device's and practice's quota.
    Quota = 60, "too much at once; wait a little";
    /// R61: the relay has room on its disk.
    DiskFull = 61, "the relay's disk is full: nothing more is accepted, reading goes on";
    /// R62: the relay is up and not shutting down.
    Unavailable = 62, "the relay cannot do this just now";
    /// R63: the relay accepts new practices.
    NoNewPractice = 63, "this relay takes no new practices";
    /// R64: the kind of statement is in use between these versions.
    NotInUse = 64, "statements of this kind are not in use yet";
    /// R65: a reader keeps up with what it follows.
    SlowReader = 65, "the connection did not keep up and was closed";
    /// R66: a relay that has not all that it signed takes nothing before an admin has resumed the ledger.
    Behind = 66, "the relay was restored from an older backup and takes nothing before an admin resumes the ledger";
}

impl Rule {
    /// The rule's number: `R12` is 12.
    pub const fn number(self) -> u16 {
        self as u16
    }

    /// What the person can do about it, in one sentence.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::StaleChain | Self::WrongEpoch | Self::StaleEpoch | Self::AuthorChain => {
                "Sync; the device signs it again by itself."
            }
            Self::Quota | Self::Unavailable | Self::Ration => "Nothing is lost; try again later.",
            Self::SlowReader => "The device reconnects by itself.",
            Self::Behind => {
                "Nothing that a device has is lost: an admin of the practice runs `troth recovery resume`, then sync again."
            }
            Self::DiskFull => "Tell whoever runs the relay to make room; your work stays on this device.",
            Self::Revoked | Self::UnknownDevice => {
                "Ask the member's other device, or an admin, to add this device again as a new one."
            }
            Self::Version => "Update the older of the two programs.",
            Self::Pin => "Try again with the right PIN; after ten wrong ones, ask for a new link.",
            Self::Link => "Ask whoever sent the link for a new one.",
            Self::Mailbox | Self::Invitation => "Ask for a new code.",
            Self::NotPermitted => "Ask an admin of the practice.",
            Self::TooLarge => "Make it smaller, or attach it as a file.",
            Self::NoNewPractice => "Ask whoever runs the relay to allow new practices.",
            Self::LastOne => "Add another device or admin first.",
            Self::NoWayBack => {
                "Make and test another recovery kit first (`troth recovery kit`), or add another admin."
            }
            Self::Recovery => "Look at the open recoveries: wait, ask another admin, or propose it anew.",
            Self::BeyondEnd => "Run `troth ledger verify`: the relay may have been restored from a backup.",
            _ => "If it happens again, tell whoever runs the relay, with this number.",
        }
    }
}
