//! The device: a sans-IO engine. `handle(now, rng, event)` takes what happened and says what to do; nothing is sent before
//! it is durable here, and nothing that arrives is believed before it is verified.
//!
//! ```text
//! edit ──> outbox ──pump──> statement (sealed, signed, kept) ──append──> relay
//!                                                                          │
//! state, rows <──commit── rules <── signatures <── fold <────items─────────┘
//! ```
//!
//! | file | holds |
//! | --- | --- |
//! | `session` | the connection: hello, challenge, login, catching up, live, back-off |
//! | `ledger` | items folded, verified and applied; signed counts |
//! | `outbox` | what waits, what is in flight, what was refused |
//! | `sign` | statements from intents |
//! | `keyring` | which secrets this device can open, and how |
//! | `gossip`, `accusation` | checkpoints that edits carry, compared; what is held against the relay |
//! | `content` | documents' contents, opened on demand |
//! | `cases`, `names` | cases and lanes; names of people and devices |
//! | `sensitive` | the second unlock: what it opens, and when that closes again |
//! | `link`, `invite`, `pending`, `recovery` | how a second device joins, a new member, one who lost everything |
//! | `notes`, `partners` | notes that are signed, added to, shared by a client; whose lane is whose |
//! | `people`, `sharing`, `ended` | members and roles; who reads which lane, and until when |
//! | `last_opener` | who would take the last way to what is sensitive along |
//! | `intake` | intake links: made, closed; what came through them, taken in and answered |
//! | `policy` | what the practice decides for itself |
//! | `fetch` | documents that were shared later, from their beginning |
//! | `anew` | the whole ledger, followed anew for a new overseer, beside what was known before |
//! | `tend` | keys that turn, and are sealed again, without being asked for |
//! | `restore` | a relay that came back from a backup: resumed by an admin, given back what it lost |
//! | `review` | what was set aside, shown, entered again or discarded |
//! | `compact` | snapshots: when one is made, how others' are judged |
//! | `rows` | what is kept, table by table |
//! | `forms` | every form that bytes are read in, for tests |
//! | `report` | what the person is told |

mod accusation;
mod anew;
mod cases;
mod compact;
mod content;
mod ended;
mod error;
mod fetch;
mod forms;
mod gossip;
mod intake;
mod invite;
mod keyring;
mod last_opener;
mod ledger;
mod link;
mod log;
mod names;
mod new_key;
mod notes;
mod outbox;
mod partners;
mod pending;
mod people;
mod policy;
mod recovery;
mod report;
mod restore;
mod review;
mod rows;
mod sensitive;
mod session;
mod sharing;
mod sign;
mod tend;
mod witness;

use std::collections::{BTreeMap, HashMap};

use rand_core::CryptoRng;
use troth_protocol::checkpoint::CompactCheckpoint;
use troth_protocol::ids::{DeviceId, DocumentId, MemberId, PracticeId};
use troth_protocol::keys::{DeviceKeys, KeyRef};
use troth_protocol::state::State;
use troth_protocol::stream::Stream;
use troth_protocol::tree::{Frontier, Trail};

use crate::crypto::{Cost, Passphrase, SealingSecret, SigningSecret, Vault, VaultHeader};
use crate::storage::Storage;
use accusation::CountedRow;
use anew::View;
use content::Content;
use gossip::Gossip;
use keyring::{SealedAt, Secret};
use outbox::{Inflight, Intent};
use rows::{DocumentRow, Identity, Rows};
use sensitive::Second;
use session::Connection;

pub use cases::CaseSummary;
pub use error::DeviceError;
pub use forms::{FORMS, Form};
pub use intake::{ANSWERS, Arrived, Ask, INTAKE_CONSENT, IntakeConsent, LinkSummary};
pub use log::{LogLine, Verification};
pub use names::DeviceSummary;
pub use notes::{CONSENT, Consented, Recorded, ShareConsent};
pub use people::{InviteSummary, MemberSummary};
pub use policy::{PolicyChange, PolicySummary};
pub use recovery::{KitSummary, RecoverySummary, Voucher};
pub use report::{Effect, Event, Evidence, Over, Phase, Report, Restored, Status};
pub use restore::Resumed;
pub use review::QuarantineLine;
pub use sensitive::{SENSITIVE_IDLE_MS, SensitiveState};
pub use sharing::{Access, Share};
pub use witness::Witnessed;

/// A device of a practice, or one that is about to join or found it.
pub struct Device<S: Storage> {
    rows: Rows<S>,
    identity: Identity,
    secrets: Secrets,
    state: Option<State>,
    frontier: Frontier,
    /// How the frontier came about lately.
    trail: Trail,
    checkpoint: Option<CompactCheckpoint>,
    checkpoint_at: u64,
    /// Where each key of the roster is sealed, by the key.
    sealed: HashMap<KeyRef, Vec<SealedAt>>,
    documents: HashMap<DocumentId, DocumentRow>,
    contents: HashMap<DocumentId, Content>,
    keys: HashMap<KeyRef, Secret>,
    outbox: BTreeMap<u64, Intent>,
    inflight: HashMap<Stream, Inflight>,
    quarantined: usize,
    connection: Connection,
    next_id: u64,
    /// Entries to be set aside, not yet written down.
    bad: Vec<outbox::QuarantineRow>,
    gossiped: u64,
    gossip: Gossip,
    counted: Option<CountedRow>,
    /// Entries whose payload did not come with them.
    missing: Vec<(Stream, u64)>,
    second: Second,
    /// The time that this engine was told last, in milliseconds since the Unix epoch.
    clock: u64,
    /// The newest checkpoint that witnesses cosigned, and what of them is not yet compared.
    witnessed: Option<Witnessed>,
    claimed: Option<witness::Claimed>,
    fetching: fetch::Fetching,
    /// Whether this member's role shows them more than it did: the ledger is to be followed anew, from its beginning.
    refold: bool,
    compaction: compact::Compaction,
    /// While the ledger is followed anew: what is known of it so far; or, while that is worked on, what was known before.
    beside: Option<Box<View>>,
    lost: restore::Lost,
}

/// The device's own secrets. Made here, never copied off.
struct Secrets {
    signing: SigningSecret,
    general: SealingSecret,
    keys: DeviceKeys,
    id: DeviceId,
}

impl Secrets {
    fn of(identity: &Identity) -> Result<Self, DeviceError> {
        let signing = SigningSecret::from_seed(&identity.signing);
        let general = SealingSecret::from_bytes(&identity.sealing);
        let keys = DeviceKeys {
            algorithm: troth_protocol::keys::ED25519,
            signing: signing.verifying_key(),
            sealing: rows::public_half(&general)?,
            sensitive: identity.sensitive.public()?,
        };
        let id = keys.id();
        Ok(Self {
            signing,
            general,
            keys,
            id,
        })
    }
}

impl<S: Storage> Device<S> {
    /// Whether the storage holds a device already.
    pub fn exists(storage: &S) -> Result<bool, DeviceError> {
        Ok(storage.get(rows::HEADER, &rows::HEADER_NAME)?.is_some())
    }

    /// Makes a device: fresh keys, kept under a passphrase. It belongs to no practice yet.
    pub fn create(
        rng: &mut impl CryptoRng,
        storage: S,
        passphrase: &Passphrase,
        cost: Cost,
        name: &str,
    ) -> Result<Self, DeviceError> {
        if Self::exists(&storage)? {
            return Err(DeviceError::AlreadyADevice);
        }
        let (header, vault) = Vault::create(rng, passphrase, cost)?;
        let identity = Identity::generate(rng, name);
        let mut rows = Rows::new(storage, vault);
        rows.create(rng, &header, &identity)?;
        Self::from_rows(rows, identity)
    }

    /// Opens a device with its passphrase.
    pub fn open(storage: S, passphrase: &str) -> Result<Self, DeviceError> {
        let header = storage
            .get(rows::HEADER, &rows::HEADER_NAME)?
            .ok_or(DeviceError::NoDevice)?;
        let vault = VaultHeader::from_bytes(&header)?.unlock(passphrase)?;
        let mut rows = Rows::new(storage, vault);
        let identity = rows.identity()?;
        rows.turn_to(identity.kept.unwrap_or_default().face);
        Self::from_rows(rows, identity)
    }

    fn from_rows(rows: Rows<S>, identity: Identity) -> Result<Self, DeviceError> {
        let secrets = Secrets::of(&identity)?;
        let second = Second::kept(&rows, &identity)?;
        let mut device = Self {
            rows,
            identity,
            secrets,
            state: None,
            frontier: Frontier::new(),
            trail: Trail::default(),
            checkpoint: None,
            checkpoint_at: 0,
            sealed: HashMap::new(),
            documents: HashMap::new(),
            contents: HashMap::new(),
            keys: HashMap::new(),
            outbox: BTreeMap::new(),
            inflight: HashMap::new(),
            quarantined: 0,
            connection: Connection::default(),
            next_id: 1,
            bad: Vec::new(),
            gossiped: 0,
            gossip: Gossip::default(),
            counted: None,
            missing: Vec::new(),
            second,
            clock: 0,
            witnessed: None,
            claimed: None,
            fetching: fetch::Fetching::default(),
            refold: false,
            compaction: compact::Compaction::default(),
            beside: None,
            lost: restore::Lost::default(),
        };
        device.restore()?;
        device.resume_anew()?;
        device.resume_pending()?;
        Ok(device)
    }

    /// The device's id.
    pub const fn id(&self) -> DeviceId {
        self.secrets.id
    }

    /// The member that the device belongs to.
    pub const fn member(&self) -> Option<MemberId> {
        self.identity.member
    }

    /// The practice that the device belongs to.
    pub const fn practice(&self) -> Option<PracticeId> {
        self.identity.practice
    }

    /// The relay's URL, as it was given.
    pub fn relay(&self) -> Option<&str> {
        self.identity.relay.as_deref()
    }

    /// Whether this device founded its practice, or is about to: genesis is signed, and kept.
    pub fn has_founded(&self) -> bool {
        let own = |state: &State| state.roster.devices().get(&self.secrets.id).map(|d| d.added);
        self.state
            .as_ref()
            .map_or_else(|| self.is_bound(), |state| own(state) == Some(0))
    }

    /// Whether this device belongs to a practice for good. What waits to be sent before any of the ledger is known belongs to a
    /// practice that this device founded.
    fn is_bound(&self) -> bool {
        self.state.is_some() || self.identity.founding.is_some() || !self.outbox.is_empty()
    }

    /// The verified state of the practice, as far as this device was shown it.
    pub const fn state(&self) -> Option<&State> {
        self.state.as_ref()
    }

    /// What the device keeps: rows of ciphertext.
    pub const fn storage(&self) -> &S {
        self.rows.storage()
    }

    /// The verified frontier of the ledger.
    pub const fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// Edits and statements that are not yet folded into a signed checkpoint.
    pub fn waiting(&self) -> usize {
        self.outbox.len()
    }

    /// Where the device stands.
    pub fn status(&self) -> Status {
        Status {
            practice: self.identity.practice,
            origin: self.state.as_ref().map(|s| s.roster.origin().to_owned()),
            size: self.frontier.size(),
            root: self.frontier.root(),
            checkpoint_received_ms: self.checkpoint_at,
            witnessed: self.witnessed,
            witnesses: self
                .state
                .as_ref()
                .map_or(0, |s| s.roster.policy().witnesses.len()),
            waiting: self.waiting(),
            quarantined: self.quarantined,
            documents: self.state.as_ref().map_or(0, |s| s.documents.len()),
            phase: self.phase(),
        }
    }

    fn practice_state(&self) -> Result<&State, DeviceError> {
        let none = || match self.check_whole() {
            Err(error) => error,
            Ok(()) => DeviceError::NoPractice,
        };
        self.state.as_ref().ok_or_else(none)
    }

    /// Refuses what a person asks for while the ledger is followed from its beginning up to where it was vouched for, or where
    /// this device itself had come: what is not there yet would look as if it did not exist.
    fn check_whole(&self) -> Result<(), DeviceError> {
        let through = self.identity.waypoint.map_or(0, |waypoint| waypoint.size);
        if self.frontier.size() < through && !self.is_abandoned(through) {
            Err(DeviceError::CatchingUp)
        } else {
            Ok(())
        }
    }
}
