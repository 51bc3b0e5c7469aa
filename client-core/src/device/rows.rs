//! What a device keeps, table by table. Every value is sealed under the vault's storage key, with its row's name bound in.

mod identity;

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use troth_protocol::cbor;
use troth_protocol::checkpoint::CompactCheckpoint;
use troth_protocol::document::Document;
use troth_protocol::entry::Leaf;
use troth_protocol::ids::{DeviceId, DocumentId, Hash};
use troth_protocol::roster::Roster;
use troth_protocol::stream::Stream;
use troth_protocol::tree::Frontier;

use super::DeviceError;
use super::keyring::SealedAt;
use crate::crypto::{Vault, VaultHeader};
use crate::storage::{Storage, Write};

pub(super) use identity::{Face, Identity, Kept, SeedRow, SensitiveKey, Stopped, public_half};

/// The vault's header, the one row that is not sealed: it holds the salt and the wrapped storage key.
pub(super) const HEADER: u8 = 1;
/// The header's name.
pub(super) const HEADER_NAME: [u8; 32] = [0; 32];
/// The name of the second unlock's header.
pub(super) const SECOND_HEADER_NAME: [u8; 32] = [1; 32];
const IDENTITY: u8 = 2;
pub(super) const LEDGER: u8 = 3;
pub(super) const ROSTER: u8 = 4;
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
/// The seed of the sensitive sealing key, under the second vault.
pub(super) const SEED: u8 = 12;
/// Invitations that this device made, with their secrets.
pub(super) const INVITE: u8 = 13;
/// How this device is about to join a practice, once it has said something that it cannot say anew.
pub(super) const PENDING: u8 = 15;
/// Kits of this member whose words were entered again.
pub(super) const TESTED: u8 = 14;
/// Checkpoints that others' edits carried and that are not compared yet, by author.
pub(super) const GOSSIP: u8 = 16;
/// The newest signed counts that held.
pub(super) const COUNTED: u8 = 17;
/// The newest checkpoint that witnesses cosigned.
pub(super) const WITNESSED: u8 = 21;
/// Entries that the relay lost and that are not back yet, by the order in which they came to be known as lost.
pub(super) const LOST: u8 = 23;
/// What proves that the relay is dishonest.
pub(super) const EVIDENCE: u8 = 18;

/// What is known of the ledger: there are two of each of these while it is followed anew.
pub(super) const OF_THE_LEDGER: [u8; 6] = [LEDGER, ROSTER, DOCUMENT, CONTENT, ENTRY, RUN];
/// Where the second ones are kept: so much further.
const SECOND: u8 = 32;

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
    /// Documents to be fetched from their beginning.
    #[n(7)]
    pub wanted: Vec<DocumentId>,
    /// Whether the ledger is to be followed anew.
    #[n(8)]
    pub refold: bool,
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
    /// Positions and payload lengths of the changes that snapshots are judged by: all that `base` does not hold.
    #[n(4)]
    pub history: Vec<(u64, u32)>,
    /// Position of the newest snapshot that this device found right.
    #[n(5)]
    pub base: Option<u64>,
    /// What this device found of the snapshots that are not out of date.
    #[n(6)]
    pub judged: Vec<(Hash, Verdict)>,
}

/// What a device found of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub(super) enum Verdict {
    /// It holds what it covers: this device recomputed it.
    #[n(0)]
    Right,
    /// It does not.
    #[n(1)]
    Wrong,
    /// What it covers is not here to compare it with.
    #[n(2)]
    Unsure,
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
    /// Which tables what is known of the ledger is read from, and written to.
    face: Face,
    /// A write failed after memory had moved on.
    torn: bool,
}

impl<S: Storage> Rows<S> {
    pub(super) const fn new(storage: S, vault: Vault) -> Self {
        Self {
            storage,
            vault,
            face: Face::First,
            torn: false,
        }
    }

    pub(super) const fn face(&self) -> Face {
        self.face
    }

    pub(super) const fn turn_to(&mut self, face: Face) {
        self.face = face;
    }

    /// The table that is meant by one.
    fn table(&self, table: u8) -> u8 {
        match self.face {
            Face::Second if OF_THE_LEDGER.contains(&table) => table + SECOND,
            _ => table,
        }
    }

    pub(super) const fn vault(&self) -> &Vault {
        &self.vault
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
        self.put_under(&self.vault, rng, table, id, value)
    }

    /// A row to be written that another vault than the first seals. The first names it, so that it can be removed while the
    /// other is locked.
    pub(super) fn put_under<T: Encode<()>>(
        &self,
        vault: &Vault,
        rng: &mut impl CryptoRng,
        table: u8,
        id: &[u8],
        value: &T,
    ) -> Write {
        let table = self.table(table);
        let name = self.vault.row_name(table, id);
        let value = zeroize::Zeroizing::new(cbor::encode(value));
        Write {
            table,
            name,
            value: Some(vault.seal_row(rng, &name, &value)),
        }
    }

    /// A row to be removed.
    pub(super) fn remove(&self, table: u8, id: &[u8]) -> Write {
        let table = self.table(table);
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
        self.get_under(&self.vault, table, id)
    }

    /// A row that another vault than the first seals.
    pub(super) fn get_under<T>(&self, vault: &Vault, table: u8, id: &[u8]) -> Result<Option<T>, DeviceError>
    where
        T: Encode<()> + for<'b> Decode<'b, ()>,
    {
        let table = self.table(table);
        let name = self.vault.row_name(table, id);
        let Some(sealed) = self.storage.get(table, &name)? else {
            return Ok(None);
        };
        opened(vault, &name, &sealed).map(Some)
    }

    /// Whether there is such a row.
    pub(super) fn has(&self, table: u8, id: &[u8]) -> Result<bool, DeviceError> {
        let table = self.table(table);
        let name = self.vault.row_name(table, id);
        Ok(self.storage.get(table, &name)?.is_some())
    }

    pub(super) fn scan<T>(&self, table: u8) -> Result<Vec<T>, DeviceError>
    where
        T: Encode<()> + for<'b> Decode<'b, ()>,
    {
        self.storage
            .scan(self.table(table))?
            .iter()
            .map(|(name, sealed)| opened(&self.vault, name, sealed))
            .collect()
    }

    /// Removes every row of a table.
    pub(super) fn clear(&self, table: u8) -> Result<Vec<Write>, DeviceError> {
        let table = self.table(table);
        let rows = self.storage.scan(table)?;
        let gone = |(name, _)| Write {
            table,
            name,
            value: None,
        };
        Ok(rows.into_iter().map(gone).collect())
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
}

/// A row with its value opened. Rows are bound to their names, so none can stand in another's place.
fn opened<T>(vault: &Vault, name: &[u8; 32], sealed: &[u8]) -> Result<T, DeviceError>
where
    T: Encode<()> + for<'b> Decode<'b, ()>,
{
    let value = vault.open_row(name, sealed)?;
    cbor::decode(&value).map_err(|_| DeviceError::Damaged("a row of another version"))
}
