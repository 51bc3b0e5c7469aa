//! What goes wrong on a device, by whom it is to be mended.

use thiserror::Error;
use troth_protocol::ids::DocumentId;
use troth_protocol::rule::Rule;
use troth_protocol::statement::Lane;

use crate::crypto::{CodeError, OpenError, SealError, VaultError};
use crate::document::DocumentError;
use crate::storage::StorageError;

/// Why the device did not do what it was asked. Each text says what to do.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// There is no device here.
    #[error(
        "there is no device here yet: found a practice with `troth practice init`, or join one with `troth device join`"
    )]
    NoDevice,
    /// There is one already.
    #[error("there is a device here already: use another --home for a second one")]
    AlreadyADevice,
    /// The passphrase does not open the device.
    #[error("the passphrase does not open this device: try again")]
    WrongPassphrase,
    /// The device belongs to no practice.
    #[error("this device belongs to no practice yet: found one, or link it to one")]
    NoPractice,
    /// The device belongs to a practice.
    #[error(
        "this device belongs to a practice already (`troth practice status`): use another --home for another"
    )]
    AlreadyInPractice,
    /// There is no such case.
    #[error("there is no such case here: sync, or list the cases")]
    NoSuchCase,
    /// There is no such device.
    #[error("there is no such active device: list the devices")]
    NoSuchDevice,
    /// There is no such document.
    #[error("there is no such record here: sync, or look at the case")]
    NoSuchDocument(DocumentId),
    /// This device holds no key for it.
    #[error("this device cannot open the {} lane of that case: it was not shared with you, or needs a sync", .0.name())]
    NotReadable(Lane),
    /// The share that this member had ended on its date.
    #[error("the {} lane of that case was shared with you until a date that has passed: ask for it to be shared again", .0.name())]
    ShareEnded(Lane),
    /// What came under the code is not what the code stands for.
    #[error("the code does not fit the other device: start again there for a new code, and copy it whole")]
    WrongCode,
    /// The relay calls itself by another name.
    #[error(
        "the relay calls itself {relay}, but was reached as {asked}: whoever runs it should set --origin {asked}"
    )]
    Origin {
        /// What the relay says.
        relay: String,
        /// How it was reached.
        asked: String,
    },
    /// The code cannot be right.
    #[error(transparent)]
    Code(#[from] CodeError),
    /// The content refused the edit.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The disk.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The vault.
    #[error(transparent)]
    Vault(VaultError),
    /// Something sealed did not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Something was too long to seal.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A rule refuses it.
    #[error("{rule} (R{number}). {remedy}", rule = .0, number = .0.number(), remedy = .0.remedy())]
    Rule(#[from] Rule),
    /// A row of the store is not what this program writes.
    #[error("the device's store is damaged ({0}): link this computer again as a new device")]
    Damaged(&'static str),
    /// The replayed ledger is not the one that was verified.
    #[error("the ledger kept on this device does not verify: {0}")]
    Unverified(String),
    /// A write failed half-way through taking in news.
    #[error("an earlier write to this computer's disk failed: start the program again; nothing is lost")]
    Torn,
    /// The ledger is being followed from its beginning, and has not come as far as it was before.
    #[error(
        "this device is taking in the practice's whole ledger, as it does when it is new or its member's role shows them more: \
         nothing is lost; sync, and try again when it has caught up"
    )]
    CatchingUp,
    /// It waits for something else that was asked for.
    #[error("this waits until what was asked for before it is done: sync")]
    NotYet,
    /// There is no such member.
    #[error("there is no such member: list the members")]
    NoSuchMember,
    /// There is no such invitation here.
    #[error("there is no open invitation of this device: invite them again with `troth member invite`")]
    NoSuchInvite,
    /// The relay knows no such kit.
    #[error(
        "this relay knows no practice with that kit: look at the address on the sheet, or at whether the kit was replaced by a newer one"
    )]
    KitUnknown,
    /// One partner's lane was to be shown to the other.
    #[error(
        "{lane} is one partner's own, and that member is the other partner: let whose lane it is share an item of it \
         (`troth share item`), or, if they were given the wrong lane before, end that share first",
        lane = .0.name()
    )]
    OtherPartners(Lane),
    /// An item of a partner's lane was to be shared in the stead of a client who can do it themselves.
    #[error(
        "whose lane {lane} is has a device of their own and consents on it: ask them to share the item there \
         (`troth share item`)",
        lane = .0.name()
    )]
    TheirsToShare(Lane),
    /// An item of a partner's lane was to be shared without their consent.
    #[error(
        "whose lane {lane} is has no device here, so their consent is recorded: ask them, and say how they gave it \
         (`--recorded in-person`, `paper` or `phone`)",
        lane = .0.name()
    )]
    ConsentMissing(Lane),
    /// There is no such intake link here.
    #[error("there is no such intake link here: sync, and list them with `troth intake list`")]
    NoSuchLink,
    /// What came through a link cannot be read.
    #[error(
        "this does not open: it was erased, or whoever sent it did not follow the form of this program; ask the client again"
    )]
    NotOpened,
    /// Something is asked of answers that somebody else sent.
    #[error(
        "this is not by whoever answered first through that link: somebody else has it; ask the client in another way"
    )]
    AnotherClient,
    /// What came through a link is not answers to what was asked.
    #[error("these answers do not hold against the form that was sent: ask the client to answer again")]
    NotHolding,
    /// There is no such recovery.
    #[error("there is no such recovery to decide on: sync, and list them with `troth recovery list`")]
    NoSuchRecovery,
    /// Nothing of that name was set aside.
    #[error(
        "nothing is set aside under that number, or it was decided upon: list it with `troth quarantine list`"
    )]
    NoSuchQuarantine,
    /// What was set aside is no edit that could be shown.
    #[error(
        "that is no edit that this device can show: look at what it is called, and do anew what it was for, or discard it"
    )]
    NoEdit,
    /// The last recovery kit was to be revoked, without saying that it is.
    #[error(
        "that is your last recovery kit: without one, losing your devices means losing what only you can read. Make and \
         test another first (`troth recovery kit`), or say that you mean it (`--last-kit`)"
    )]
    LastKit,
    /// What is sensitive was asked for before a second passphrase was chosen.
    #[error(
        "assessments and process notes open with a second passphrase, and this device has none yet: choose one with \
         `troth passphrase sensitive`"
    )]
    SensitiveNotSet,
    /// What is sensitive was asked for while it is locked.
    #[error(
        "assessments and process notes are locked on this device: give the second passphrase (they lock again after five \
         minutes without use)"
    )]
    SensitiveLocked,
    /// A second passphrase is chosen where there is one.
    #[error("this device has a second passphrase already: change it with `troth passphrase sensitive`")]
    SensitiveSet,
    /// The second passphrase would be the first one.
    #[error("the second passphrase must not be the one that opens the device: choose another")]
    SamePassphrase,
    /// The device has stopped.
    #[error(
        "this device has stopped writing: it was revoked, or its relay is not honest or does not prove that it is"
    )]
    Halted,
    /// The relay was proven to be dishonest; what this device holds can still be read.
    #[error(
        "this device writes nothing more: its relay was proven to be dishonest; what it holds can still be read"
    )]
    Proven,
}

impl From<VaultError> for DeviceError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::WrongPassphrase => Self::WrongPassphrase,
            other => Self::Vault(other),
        }
    }
}
