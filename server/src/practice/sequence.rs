//! How a ledger grows: statements take their positions, or are refused, before anything is written.

use troth_protocol::cbor;
use troth_protocol::checkpoint::CompactCheckpoint;
use troth_protocol::document::Document;
use troth_protocol::entry::{Leaf, Verified};
use troth_protocol::ids::{DocumentId, Hash, PracticeId};
use troth_protocol::rule::Rule;
use troth_protocol::state::State;
use troth_protocol::statement::{Body, Statement};
use troth_protocol::stream::Stream;
use troth_protocol::tree::{FoldError, Tree, leaf_hash};
use troth_protocol::wire::Receipt;

use super::{LedgerKeys, Practice};
use crate::core::Settings;
use crate::store::{EntryRow, Head, PracticeBatch, Snapshot, Store, StoreError, StreamKey, TileRow};
use crate::verify::CheckedUpload;

/// The state is written down again after this many entries, or after four for each document if that is more: loading
/// replays no more than this, and writing it down costs each entry little.
const WRITE_DOWN_AFTER: u64 = 8192;

/// An entry that has its position and is not yet durable.
#[derive(Clone, Debug)]
pub struct Fresh {
    /// Its position.
    pub position: u64,
    /// Its stream.
    pub stream: Stream,
    /// Its leaf.
    pub leaf: Leaf,
    /// Its payload; `None` where there is none.
    pub payload: Option<Vec<u8>>,
}

impl Fresh {
    /// Bytes of its statement and payload.
    pub fn bytes(&self) -> usize {
        self.leaf.signed.statement.len() + self.payload.as_ref().map_or(0, Vec::len)
    }
}

/// What becomes of one upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiptOr {
    /// It has this position from now on.
    New(Receipt),
    /// It had this position already.
    Known(Receipt),
}

impl ReceiptOr {
    /// The receipt.
    pub const fn receipt(self) -> Receipt {
        match self {
            Self::New(receipt) | Self::Known(receipt) => receipt,
        }
    }
}

/// What becomes of a request: a receipt for each statement, or the index of the first one refused, why, and the present
/// head of its chain.
pub type Outcome = Result<Vec<ReceiptOr>, (u32, Rule, Option<Hash>)>;

/// Entries that wait for the same durable write.
#[derive(Default)]
pub struct Pending {
    /// The entries, in order.
    pub fresh: Vec<Fresh>,
    /// Documents whose payloads are ordered erased.
    pub erased: Vec<DocumentId>,
    pub(super) rows: Vec<EntryRow>,
}

/// A ledger after its next durable write.
pub struct Sequenced {
    /// The tree.
    pub tree: Tree,
    /// The size at which the write has the state written down, if it does.
    pub written_down: Option<u64>,
}

impl Practice {
    /// Takes a request's statements into the state, all or none.
    pub fn sequence(
        &mut self,
        store: &dyn Store,
        pending: &mut Pending,
        now: u64,
        uploads: Vec<CheckedUpload>,
    ) -> Result<Outcome, StoreError> {
        let received = match uploads.as_slice() {
            // The clock of a resumed ledger stands where its backup ended, so that what it lost comes back with its own times.
            [upload] if upload.statement.statement().resumes().is_some() => self.state.received,
            _ => now.max(self.state.received),
        };
        // A single statement is taken whole or not at all by itself; only several need a way back.
        let backup = (uploads.len() > 1).then(|| {
            self.state
                .savepoint(uploads.iter().map(|u| u.statement.statement()))
        });
        let (fresh, erased) = (pending.fresh.len(), pending.erased.len());
        let mut receipts = Vec::with_capacity(uploads.len());
        for (upload, index) in uploads.into_iter().zip(0..) {
            match self.take(store, pending, received, upload)? {
                Ok(receipt) => receipts.push(receipt),
                Err((rule, head)) => {
                    if let Some(savepoint) = backup {
                        self.state.restore(savepoint);
                        pending.fresh.truncate(fresh);
                        pending.rows.truncate(fresh);
                        pending.erased.truncate(erased);
                    }
                    return Ok(Err((index, rule, head)));
                }
            }
        }
        Ok(Ok(receipts))
    }

    #[allow(clippy::type_complexity)]
    fn take(
        &mut self,
        store: &dyn Store,
        pending: &mut Pending,
        received: u64,
        upload: CheckedUpload,
    ) -> Result<Result<ReceiptOr, (Rule, Option<Hash>)>, StoreError> {
        let position = self.tree.size() + pending.fresh.len() as u64;
        let statement = &upload.statement;
        // What no chain protects from coming twice is looked up first; for the rest, only what the chain refuses can have
        // come before, and is looked up then: the answer is the same, and a new edit costs no look-up.
        if matches!(statement.statement().body, Body::Access(_))
            && let Some(receipt) = self.known(store, pending, &statement.hash())?
        {
            return Ok(Ok(receipt));
        }
        // Overseers see accesses without the documents they speak of, so only the relay can hold them against these.
        if let Err(rule) = self.may_report(position, statement.statement()) {
            return Ok(Err((rule, None)));
        }
        // R35: an admin resumes what is here, and not what they were told is here.
        if let Some((_, resumed)) = statement.statement().resumes()
            && (!self.is_behind() || position != self.tree.size() || resumed.root != self.tree.root())
        {
            let known = self.known(store, pending, &statement.hash())?;
            return Ok(known.ok_or((Rule::Resumption, None)));
        }
        match self.grant(pending, received, statement, Some(upload.payload)) {
            Ok(receipt) => Ok(Ok(ReceiptOr::New(receipt))),
            Err(rule) => {
                let known = self.known(store, pending, &statement.hash())?;
                Ok(known.ok_or_else(|| (rule, self.head_of(statement.statement()))))
            }
        }
    }

    /// Gives a statement the next position, if the rules do. Its payload may be gone, where it comes back to a ledger that lost it.
    pub(super) fn grant(
        &mut self,
        pending: &mut Pending,
        received: u64,
        statement: &Verified,
        payload: Option<Vec<u8>>,
    ) -> Result<Receipt, Rule> {
        let position = self.tree.size() + pending.fresh.len() as u64;
        let stream_seq = self.state.count(&statement.statement().stream());
        self.state.apply(position, received, statement)?;
        self.note_snapshot(statement.statement());
        if let Body::Erasure(erasure) = &statement.statement().body {
            pending.erased.push(erasure.document);
        }
        if let Body::Invite(invite) = &statement.statement().body {
            self.links.insert(invite.invite, invite.document);
        }
        pending.push(position, received, stream_seq, statement, payload);
        Ok(Receipt {
            position,
            received,
            stream_seq,
        })
    }

    /// R40, R13: an access is reported by someone who may read the document, or could: what was done before a right ended is
    /// told all the same.
    pub(super) fn may_report(&self, position: u64, statement: &Statement) -> Result<(), Rule> {
        let Body::Access(access) = &statement.body else {
            return Ok(());
        };
        let state = &self.state;
        let member = state.roster.active(&statement.signer, position)?.member;
        let document = state
            .documents
            .get(&access.document)
            .ok_or(Rule::NoSuchDocument)?;
        let could = document.readable_until(&state.roster, &member);
        could.map(|_| ()).ok_or(Rule::NotPermitted)
    }

    /// Where a statement stands already, durable or about to be.
    pub fn known(
        &self,
        store: &dyn Store,
        pending: &Pending,
        hash: &Hash,
    ) -> Result<Option<ReceiptOr>, StoreError> {
        if let Some(at) = pending.rows.iter().position(|row| row.statement == *hash) {
            return Ok(pending.fresh.get(at).map(|f| {
                ReceiptOr::Known(Receipt {
                    position: f.position,
                    received: f.leaf.received,
                    stream_seq: f.leaf.stream_seq,
                })
            }));
        }
        let Some(position) = store.find_statement(self.id(), hash)? else {
            return Ok(None);
        };
        let rows = store.entries_at(self.id(), &[position], 1)?;
        let row = rows.first().filter(|row| row.position == position);
        let leaf: Option<Leaf> = row.and_then(|row| cbor::decode(&row.leaf).ok());
        // What the store filed it under is no proof that it is there.
        let leaf = leaf
            .filter(|leaf| Hash::of(&[&leaf.signed.statement]) == *hash)
            .ok_or_else(|| StoreError::Corrupt(format!("entry {position} is not the one it is filed as")))?;
        Ok(Some(ReceiptOr::Known(Receipt {
            position,
            received: leaf.received,
            stream_seq: leaf.stream_seq,
        })))
    }

    /// The present head of the chain that a statement belongs to, for whoever has to sign again.
    pub(super) fn head_of(&self, statement: &Statement) -> Option<Hash> {
        match &statement.body {
            Body::Roster(_) => Some(self.state.roster.head()),
            _ => match statement.stream() {
                Stream::Document(id) => self.state.documents.get(&id).map(Document::head),
                _ => None,
            },
        }
    }

    /// The durable write that makes what is pending part of the ledger.
    pub fn batch(
        &self,
        store: &dyn Store,
        pending: &mut Pending,
    ) -> Result<(PracticeBatch, Sequenced), StoreError> {
        let mut tree = (*self.tree).clone();
        let leaves: Vec<Hash> = pending.rows.iter().map(|row| leaf_hash(&row.leaf)).collect();
        let completed = tree
            .append(&leaves)
            .map_err(|_: FoldError| StoreError::Misuse("a ledger cannot grow further"))?;
        let tiles = completed.into_iter().map(|complete| TileRow {
            level: complete.tile.level,
            index: complete.tile.index,
            hashes: complete.hashes.iter().flat_map(|h| h.0).collect(),
        });
        let interval = WRITE_DOWN_AFTER.max(4 * self.state.documents.len() as u64);
        let due = tree.size() >= self.written_down + interval;
        let mut erase = Vec::new();
        for document in &pending.erased {
            let key = StreamKey(Stream::Document(*document).key());
            erase.extend(store.stream(self.id(), &key, 0, self.tree.size(), usize::MAX)?);
            let fresh = pending
                .fresh
                .iter()
                .filter(|f| f.stream == Stream::Document(*document));
            erase.extend(fresh.map(|f| f.position));
        }
        let batch = PracticeBatch {
            practice: *self.id(),
            expect: self.tree.size(),
            entries: std::mem::take(&mut pending.rows),
            tiles: tiles.collect(),
            head: Head {
                size: tree.size(),
                root: tree.root(),
            },
            snapshot: due.then(|| Snapshot {
                size: tree.size(),
                state: cbor::encode(&self.state),
            }),
            erase,
        };
        let written_down = due.then(|| tree.size());
        Ok((batch, Sequenced { tree, written_down }))
    }
}

impl Pending {
    fn push(
        &mut self,
        position: u64,
        received: u64,
        stream_seq: u64,
        statement: &Verified,
        payload: Option<Vec<u8>>,
    ) {
        let leaf = Leaf {
            received,
            stream_seq,
            signed: statement.signed().clone(),
        };
        let stream = statement.statement().stream();
        let names = statement.statement().payload.is_some();
        let gone = names && payload.is_none();
        let kept = payload.filter(|_| names);
        self.rows.push(EntryRow {
            position,
            stream: StreamKey(stream.key()),
            statement: statement.hash(),
            leaf: leaf.encode(),
            payload: (!gone).then(|| kept.clone().unwrap_or_default()),
        });
        self.fresh.push(Fresh {
            position,
            stream,
            leaf,
            payload: kept,
        });
    }
}

/// A new practice from its genesis, with the entry that waits to be made durable.
pub fn found(genesis: CheckedUpload, now: u64, settings: &Settings) -> Result<(Practice, Pending), Rule> {
    let state = State::found(now, &genesis.statement)?;
    let keys = LedgerKeys::of(&state.roster, settings).ok_or(Rule::Genesis)?;
    let mut pending = Pending::default();
    pending.push(0, now, 0, &genesis.statement, Some(genesis.payload));
    let checkpoint = CompactCheckpoint {
        size: 0,
        root: troth_protocol::tree::EMPTY_ROOT,
        signature: [0; 64],
    };
    Ok((Practice::new(state, keys, Tree::new(), checkpoint, 0), pending))
}

/// The id that a genesis statement founds.
pub fn practice_id(genesis: &Verified) -> PracticeId {
    PracticeId(genesis.hash().0)
}
