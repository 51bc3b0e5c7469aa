//! What a device keeps, table by table. Every value is sealed under the vault's storage key, with its row's name bound in.

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use troth_protocol::cbor;
use troth_protocol::checkpoint::CompactCheckpoint;
use troth_protocol::document::Document;
use troth_protocol::entry::Leaf;
use troth_protocol::ids::{DeviceId, MemberId, PracticeId, VerifyingKey};
use troth_protocol::roster::Roster;
use troth_protocol::statement::CheckpointRef;
use troth_protocol::stream::Stream;
use troth_protocol::tree::Frontier;
use troth_protocol::wire::Upload;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::DeviceError;
use super::keyring::SealedAt;
use crate::crypto::{Vault, VaultHeader};
use crate::storage::{Storage, Write};

/// The vault's header, the one row that is not sealed: it holds the salt and the wrapped storage key.
pub(super) const HEADER: u8 = 1;
/// The header's name.
pub(super) const HEADER_NAME: [u8; 32] = [0; 32];
const IDENTITY: u8 = 2;
const LEDGER: u8 = 3;
const ROSTER: u8 = 4;
/// Documents' control chains, counts, and where their content stands.
pub(super) const DOCUMENT: u8 = 5;
/// Documents' contents as last saved.
pub(super) const CONTENT: u8 = 6;
/// Entries, by position.
pub(super) const ENTRY: u8 = 7;
/// Runs of entries that were not shown, by their first position.
pub(super) const RUN: u8 = 8;
/// What waits to be sent.
pub(super) const OUTBOX: u8 = 9;
/// Statements that are signed and perhaps sent.
pub(super) const INFLIGHT: u8 = 10;
/// What was set aside for review.
pub(super) const QUARANTINE: u8 = 11;

/// Who this device is. The seeds are the device's secrets.
#[derive(Clone, Encode, Decode, Zeroize, ZeroizeOnDrop)]
#[cbor(array)]
pub(super) struct Identity {
    #[cbor(n(0), with = "minicbor::bytes")]
    pub signing: [u8; 32],
    #[cbor(n(1), with = "minicbor::bytes")]
    pub sealing: [u8; 32],
    #[cbor(n(2), with = "minicbor::bytes")]
    pub sensitive: [u8; 32],
    #[n(3)]
    pub name: String,
    #[zeroize(skip)]
    #[n(4)]
    pub relay: Option<String>,
    #[zeroize(skip)]
    #[n(5)]
    pub practice: Option<PracticeId>,
    #[zeroize(skip)]
    #[n(6)]
    pub member: Option<MemberId>,
    /// The relay's key, as pinned when founding or joining; the roster's once there is one.
    #[zeroize(skip)]
    #[n(7)]
    pub ledger_key: Option<VerifyingKey>,
    /// The relay's origin, likewise.
    #[zeroize(skip)]
    #[n(8)]
    pub origin: Option<String>,
    /// What the approving device had verified: the ledger must pass through it.
    #[zeroize(skip)]
    #[n(9)]
    pub waypoint: Option<CheckpointRef>,
    /// Genesis, kept until it is known to be durable.
    #[zeroize(skip)]
    #[n(10)]
    pub founding: Option<Upload>,
    /// Why the device takes no more edits, over restarts.
    #[zeroize(skip)]
    #[n(11)]
    pub stopped: Option<Stopped>,
}

/// Why a device has stopped for longer than a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub(super) enum Stopped {
    /// The relay says that it was revoked; a later login takes that back.
    #[n(0)]
    Revoked,
    /// Another copy of its store writes in its name.
    #[n(1)]
    Copied,
}

impl Identity {
    pub(super) fn generate(rng: &mut impl CryptoRng, name: &str) -> Self {
        let mut identity = Self {
            signing: [0; 32],
            sealing: [0; 32],
            sensitive: [0; 32],
            name: name.to_owned(),
            relay: None,
            practice: None,
            member: None,
            ledger_key: None,
            origin: None,
            waypoint: None,
            founding: None,
            stopped: None,
        };
        rng.fill_bytes(&mut identity.signing);
        rng.fill_bytes(&mut identity.sealing);
        rng.fill_bytes(&mut identity.sensitive);
        identity
    }
}

/// How far this device has verified its ledger.
#[derive(Clone, Debug, Encode, Decode)]
#[cbor(array)]
pub(super) struct LedgerRow {
    #[n(0)]
    pub frontier: Frontier,
    #[n(1)]
    pub checkpoint: Option<CompactCheckpoint>,
    #[n(2)]
    pub checkpoint_at: u64,
    #[n(3)]
    pub received: u64,
    /// Entries of each stream that is no document's.
    #[n(4)]
    pub counts: Vec<(Stream, u64)>,
    #[n(5)]
    pub logins: Vec<(DeviceId, u64)>,
    /// Entries whose payload did not come with them.
    #[n(6)]
    pub missing: Vec<(Stream, u64)>,
}

/// The practice chain, and where its keys are sealed.
#[derive(Clone, Debug, Encode, Decode)]
#[cbor(array)]
pub(super) struct RosterRow {
    #[n(0)]
    pub roster: Roster,
    #[n(1)]
    pub sealed: Vec<SealedAt>,
}

/// A document's chains, where its keys are sealed, and which entries its saved content lacks.
#[derive(Clone, Debug, Encode, Decode)]
#[cbor(array)]
pub(super) struct DocumentRow {
    #[n(0)]
    pub document: Document,
    #[n(1)]
    pub count: u64,
    #[n(2)]
    pub sealed: Vec<SealedAt>,
    #[n(3)]
    pub tail: Vec<u64>,
}

/// An entry as it arrived.
#[derive(Clone, Debug, Encode, Decode)]
#[cbor(array)]
pub(super) struct EntryRow {
    #[n(0)]
    pub position: u64,
    #[n(1)]
    pub leaf: Leaf,
    #[n(2)]
    pub payload: Option<ByteVec>,
}

/// A run of entries that were not shown.
#[derive(Clone, Debug, Encode, Decode)]
#[cbor(array)]
pub(super) struct RunRow {
    #[n(0)]
    pub from: u64,
    #[n(1)]
    pub entries: u64,
    #[cbor(n(2), with = "minicbor::bytes")]
    pub roots: Vec<u8>,
}

/// The storage, with the vault that seals every row of it.
pub(super) struct Rows<S> {
    storage: S,
    vault: Vault,
    /// A write failed after memory had moved on.
    torn: bool,
}

impl<S: Storage> Rows<S> {
    pub(super) const fn new(storage: S, vault: Vault) -> Self {
        Self {
            storage,
            vault,
            torn: false,
        }
    }

    pub(super) const fn storage(&self) -> &S {
        &self.storage
    }

    pub(super) fn create(
        &mut self,
        rng: &mut impl CryptoRng,
        header: &VaultHeader,
        identity: &Identity,
    ) -> Result<(), DeviceError> {
        let header = Write {
            table: HEADER,
            name: HEADER_NAME,
            value: Some(header.to_bytes()),
        };
        let identity = self.identity_write(rng, identity);
        self.commit(vec![header, identity])
    }

    /// A sealed row to be written.
    pub(super) fn put<T: Encode<()>>(
        &self,
        rng: &mut impl CryptoRng,
        table: u8,
        id: &[u8],
        value: &T,
    ) -> Write {
        let name = self.vault.row_name(table, id);
        let value = zeroize::Zeroizing::new(cbor::encode(value));
        Write {
            table,
            name,
            value: Some(self.vault.seal_row(rng, &name, &value)),
        }
    }

    /// A row to be removed.
    pub(super) fn remove(&self, table: u8, id: &[u8]) -> Write {
        Write {
            table,
            name: self.vault.row_name(table, id),
            value: None,
        }
    }

    pub(super) fn get<T>(&self, table: u8, id: &[u8]) -> Result<Option<T>, DeviceError>
    where
        T: Encode<()> + for<'b> Decode<'b, ()>,
    {
        let name = self.vault.row_name(table, id);
        let Some(sealed) = self.storage.get(table, &name)? else {
            return Ok(None);
        };
        self.opened(&name, &sealed).map(Some)
    }

    pub(super) fn scan<T>(&self, table: u8) -> Result<Vec<T>, DeviceError>
    where
        T: Encode<()> + for<'b> Decode<'b, ()>,
    {
        self.storage
            .scan(table)?
            .iter()
            .map(|(name, sealed)| self.opened(name, sealed))
            .collect()
    }

    pub(super) fn commit(&mut self, writes: Vec<Write>) -> Result<(), DeviceError> {
        if self.torn {
            return Err(DeviceError::Torn);
        }
        if writes.is_empty() {
            Ok(())
        } else {
            Ok(self.storage.commit(writes)?)
        }
    }

    /// Refuses every further write.
    pub(super) const fn tear(&mut self) {
        self.torn = true;
    }

    pub(super) fn identity(&self) -> Result<Identity, DeviceError> {
        self.get(IDENTITY, &[])?.ok_or(DeviceError::Damaged("identity"))
    }

    pub(super) fn identity_write(&self, rng: &mut impl CryptoRng, identity: &Identity) -> Write {
        self.put(rng, IDENTITY, &[], identity)
    }

    pub(super) fn ledger(&self) -> Result<Option<LedgerRow>, DeviceError> {
        self.get(LEDGER, &[])
    }

    pub(super) fn ledger_write(&self, rng: &mut impl CryptoRng, row: &LedgerRow) -> Write {
        self.put(rng, LEDGER, &[], row)
    }

    pub(super) fn roster(&self) -> Result<Option<RosterRow>, DeviceError> {
        self.get(ROSTER, &[])
    }

    pub(super) fn roster_write(&self, rng: &mut impl CryptoRng, row: &RosterRow) -> Write {
        self.put(rng, ROSTER, &[], row)
    }

    pub(super) fn entry(&self, position: u64) -> Result<Option<EntryRow>, DeviceError> {
        self.get(ENTRY, &position.to_be_bytes())
    }

    /// Every row with its value opened. Rows are bound to their names, so none can stand in another's place.
    fn opened<T>(&self, name: &[u8; 32], sealed: &[u8]) -> Result<T, DeviceError>
    where
        T: Encode<()> + for<'b> Decode<'b, ()>,
    {
        let value = self.vault.open_row(name, sealed)?;
        cbor::decode(&value).map_err(|_| DeviceError::Damaged("a row of another version"))
    }
}
