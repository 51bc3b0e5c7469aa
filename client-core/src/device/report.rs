//! What goes in and out of the engine, and what the person is told.

use minicbor::{Decode, Encode};
use troth_protocol::ids::{DeviceId, Hash, InviteId, MemberId, PracticeId, VerifyingKey};
use troth_protocol::rule::Rule;
use troth_protocol::statement::Lane;

use super::{Resumed, Witnessed};

/// What happens to a device.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// The connection that was asked for is open.
    Opened,
    /// The relay sent a frame.
    Frame(&'a [u8]),
    /// The connection is gone, or could not be opened.
    Closed,
    /// Time passed.
    Tick,
}

/// What a device wants done.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Open a connection to the relay.
    Connect,
    /// Send a frame.
    Send(Vec<u8>),
    /// Close the connection.
    Close,
    /// Come back with a tick at this time, in milliseconds since the Unix epoch.
    WakeAt(u64),
    /// Tell the person.
    Report(Report),
}

/// What the person is told.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Report {
    /// Everything that the relay has for this device is here and verified.
    CaughtUp,
    /// How far catching up has come, in entries.
    Progress {
        /// Verified so far.
        done: u64,
        /// The ledger's size when it began.
        total: u64,
    },
    /// The relay refused something; it stays here and will be tried again.
    Refused {
        /// Why.
        rule: Rule,
        /// What.
        what: String,
    },
    /// Something was set aside for review: it will not be sent, or not be shown, by itself.
    Quarantined {
        /// What, and whose.
        what: String,
        /// Why, where a rule says so.
        rule: Option<Rule>,
    },
    /// This device was revoked.
    Revoked,
    /// Another copy of this device's store writes in its name: it was restored or cloned, and must be linked anew.
    Copied,
    /// This device has joined its practice.
    Joined,
    /// The approved device was added.
    DeviceAdded(DeviceId),
    /// Somebody who was invited is there: the two people compare the code before [`super::Device::confirm`].
    Compare {
        /// What both sides show.
        code: String,
        /// What they call themselves; empty on the newcomer's own side.
        name: String,
    },
    /// Who was invited is a member, and was answered; said again where they had to be answered again.
    MemberAdded(MemberId),
    /// Whoever invited this device turned it away.
    TurnedAway,
    /// Whoever invited this device says why its invitation lets nobody in.
    InvitationOver(Over),
    /// Somebody who holds an invitation of this device could not be let in, and was told why.
    NotAdmitted(Over),
    /// Somebody else was at an invitation's mailbox, or what came there was not as it must be: it is not listened to any
    /// more before [`super::Device::begin_admit`].
    InviteSpent {
        /// The invitation.
        invite: InviteId,
        /// How many others are still listened to.
        left: usize,
    },
    /// The recovery of a member was proposed.
    RecoveryProposed(MemberId),
    /// A member got a new device by the words of a recovery kit.
    RecoveredByKit {
        /// Whose kit it is.
        member: MemberId,
        /// What the directory calls them, where this device can read it.
        name: Option<String>,
        /// The new device.
        device: DeviceId,
    },
    /// A snapshot does not hold what it covers: this device does not rely on it, and keeps what it has.
    SnapshotRefused {
        /// Whose device made it.
        member: MemberId,
        /// What the directory calls them, where this device can read it.
        name: Option<String>,
        /// What the record is for.
        lane: Lane,
        /// Position of its statement in the ledger.
        position: u64,
        /// What is wrong with it.
        why: String,
    },
    /// What [`super::Device::begin_resume`] found: the relay has not all that it signed. Nothing is changed yet.
    RelayRestored(Restored),
    /// The relay says that it lacks nothing: there is nothing to resume.
    NothingToResume,
    /// The relay was restored from an older backup and takes nothing until an admin, such as this device's person, resumes it.
    WaitsToBeResumed,
    /// An admin resumed the ledger after its relay had come back from an older backup; what this device has of what the relay
    /// lost goes back to it.
    Resumed(Resumed),
    /// The relay has a new ledger key, and this member can turn the practice's to it ([`super::Device::turn_ledger_key`]).
    KeyOffered(VerifyingKey),
    /// The relay gave proof that it is dishonest, or refuses to prove that it is not.
    Dishonest(Evidence),
    /// The relay goes on withholding what entries hold that it shows; it is asked again from time to time.
    Withheld {
        /// How many entries.
        entries: usize,
    },
    /// The relay closed the connection, and why.
    RelayClosed(Rule),
}

/// A relay that was restored, as an admin's device sees it before it is resumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Entries that the relay still has.
    pub relay: u64,
    /// The relay's clock at the newest of them that this device knows, in milliseconds since the Unix epoch; `None` for none.
    pub newest_ms: Option<u64>,
    /// The most that the relay is known to have signed, in entries; as many as it has where nothing is known to be lost.
    pub signed: u64,
    /// Of what it lost, the entries that this device holds and can give back.
    pub held: usize,
}

/// Why an invitation lets nobody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
#[non_exhaustive]
pub enum Over {
    /// It was withdrawn, or used.
    #[n(0)]
    Closed,
    /// Its week is over.
    #[n(1)]
    Expired,
    /// Whoever made it may not invite any more.
    #[n(2)]
    NotPermitted,
    /// The practice refused the new member for another reason.
    #[n(3)]
    Failed,
}

/// What a dishonest relay left behind.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// What it did, in plain words.
    pub what: String,
    /// What the relay signed that cannot all be true, as a file that anyone judges ([`troth_protocol::evidence::judge`]);
    /// `None` where it only refuses to prove that it is honest, which convinces nobody else.
    pub proof: Option<Vec<u8>>,
}

/// How far a device is in its connection's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It belongs to no practice.
    NoPractice,
    /// It has no connection.
    Offline,
    /// It is being let in.
    LoggingIn,
    /// It is verifying what it missed.
    CatchingUp,
    /// It gets what comes, as it comes.
    Live,
    /// It has stopped: revoked, or shown evidence of a dishonest relay.
    Halted,
}

/// Where a device stands.
#[derive(Clone, Debug)]
pub struct Status {
    /// The practice.
    pub practice: Option<PracticeId>,
    /// The relay's origin, as genesis pins it.
    pub origin: Option<String>,
    /// Entries of the ledger that are verified.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// When the newest verified checkpoint arrived, in milliseconds since the Unix epoch; 0: none yet.
    pub checkpoint_received_ms: u64,
    /// The newest checkpoint that the practice's witnesses have cosigned and that is of this device's history.
    pub witnessed: Option<Witnessed>,
    /// Witnesses that the policy names.
    pub witnesses: usize,
    /// What is not yet in the ledger.
    pub waiting: usize,
    /// What was set aside for review.
    pub quarantined: usize,
    /// Documents that this device was shown.
    pub documents: usize,
    /// How far the connection is.
    pub phase: Phase,
}
