//! Documents: what a lane of a case holds, edited on several devices, offline, and merged.
//!
//! ```text
//! schema      what is in a document, under which names      genesis   the first change, the same everywhere
//! register    fields, case heads, names                     note      prose, signatures, amendments
//! guard       applying what others sent                     present   a copy without the history
//!   envelope    bounds, before the engine sees it           json      all of the present state
//!   history     what a change may refer to, and do          limits    every maximum
//!   watch       panics and hangs                         many      the same for many documents at once
//! difference  what one state says over another, and saying it in a third
//! ```
//!
//! Bytes in, bytes out: every edit is one Automerge change and returns its bytes, ready to be sealed; nothing
//! here knows keys, ledgers, clocks or disks. Automerge is the CRDT (<https://automerge.org>); a saved
//! document opens in any of its libraries.

use std::collections::BTreeSet;

use automerge::transaction::CommitOptions;
use automerge::{
    ActorId, AutoCommit, AutomergeError, Change, ChangeHash, ObjId, ROOT, ReadDoc, ScalarValue, Value,
};

use history::History;
use schema::Root;

pub use case::CaseHead;
pub use difference::{Difference, Register};
pub use envelope::{claimed, claimed_actor};
pub use error::{DocumentError, Reason};
pub use guard::{Applied, Incoming, Poisoned};
pub use made::{MadeChange, change_of};
pub use many::apply_many;
pub use note::{Amendment, NewNote, NoteView, Signature, Standing, Written};
pub use record::Record;
pub use register::FieldValue;
pub use template::Template;

mod case;
mod difference;
mod directory;
mod envelope;
mod error;
pub mod genesis;
mod guard;
mod history;
mod json;
pub mod limits;
mod made;
mod many;
mod note;
mod present;
mod record;
mod register;
mod schema;
mod template;
mod watch;

/// Hash of a change: SHA-256 as Automerge computes it.
pub type Head = [u8; 32];

/// One lane's document, on one device.
#[derive(Clone)]
pub struct LaneDocument {
    doc: AutoCommit,
    /// Built when the first foreign change arrives; `None` costs a pass over the changes.
    history: Option<History>,
}

impl std::fmt::Debug for LaneDocument {
    /// Says nothing of the content.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LaneDocument").finish_non_exhaustive()
    }
}

impl LaneDocument {
    /// An empty document, edited in the name of `actor`: derived from (device, document), never used for
    /// another document.
    ///
    /// # Errors
    /// [`DocumentError::Engine`] if the engine cannot write the first change.
    pub fn new(actor: [u8; 16]) -> Result<Self, DocumentError> {
        let mut doc = genesis::document()?;
        doc.set_actor(ActorId::from(&actor[..]));
        Ok(Self { doc, history: None })
    }

    /// Opens what [`save`](Self::save) wrote **on this device**: the bytes are the device's own, kept under
    /// its vault key. What came from others comes as changes, through [`apply`](Self::apply), a snapshot too.
    ///
    /// # Errors
    /// [`DocumentError::Unreadable`] for anything else than a saved document of ours (damage never panics or
    /// hangs natively).
    pub fn load(saved: &[u8], actor: [u8; 16]) -> Result<Self, DocumentError> {
        if saved.len() > limits::SAVED_BYTES {
            return Err(DocumentError::TooLong {
                what: "the saved document",
                max: limits::SAVED_BYTES,
                unit: "bytes",
            });
        }
        let saved = saved.to_vec();
        let opened = watch::run(limits::STEP, move |_| AutoCommit::load(&saved));
        let mut doc = match opened {
            Ok(Ok(doc)) => doc,
            Ok(Err(e)) => return Err(DocumentError::Unreadable(e.to_string())),
            Err((watch::Failure::Exhausted, _)) => return Err(DocumentError::Exhausted),
            Err(_) => return Err(DocumentError::Unreadable("the engine broke on it".into())),
        };
        if doc.get_change_by_hash(&genesis::hash()).is_none() {
            return Err(DocumentError::Unreadable(
                "it is not a document of this program".into(),
            ));
        }
        doc.set_actor(ActorId::from(&actor[..]));
        Ok(Self { doc, history: None })
    }

    /// The whole document with its history in Automerge's own format, compressed; what `export --format
    /// automerge` writes.
    pub fn save(&mut self) -> Vec<u8> {
        self.doc.save()
    }

    /// The newest changes: equal heads mean equal documents. Sorted.
    pub fn heads(&mut self) -> Vec<Head> {
        let mut heads: Vec<_> = self.doc.get_heads().into_iter().map(|head| head.0).collect();
        heads.sort_unstable();
        heads
    }

    /// The bytes of every change that is not an ancestor of `heads`, in causal order, without the first
    /// change that all share. With no heads: all of them, which is also what a snapshot holds. Heads that are
    /// unknown here are passed over.
    pub fn changes_since(&mut self, heads: &[Head]) -> Vec<Vec<u8>> {
        let mut known: Vec<ChangeHash> = heads.iter().map(|head| ChangeHash(*head)).collect();
        known.retain(|head| self.doc.get_change_meta_by_hash(head).is_some());
        let changes = self.doc.get_changes(&known);
        changes
            .into_iter()
            .filter(|c| c.hash() != genesis::hash())
            .map(|mut c| c.bytes().into_owned())
            .collect()
    }

    /// Whether a change is in the document.
    pub fn holds(&mut self, change: &Head) -> bool {
        self.doc.get_change_meta_by_hash(&ChangeHash(*change)).is_some()
    }

    /// The newest of some of the document's changes, sorted: the heads of the document that they alone would make. `None`
    /// where one is not here, or builds on one that is not among them.
    pub fn heads_of(&mut self, changes: &BTreeSet<Head>) -> Option<Vec<Head>> {
        let mut heads = changes.clone();
        for change in changes {
            let meta = self.doc.get_change_meta_by_hash(&ChangeHash(*change))?;
            for dep in &meta.deps {
                heads.remove(&dep.0);
                if *dep != genesis::hash() && !changes.contains(&dep.0) {
                    return None;
                }
            }
        }
        Some(heads.into_iter().collect())
    }

    /// Version of the layout; see [`genesis::SCHEMA`].
    pub fn schema(&self) -> i64 {
        match self.doc.get(ROOT, "schema") {
            Ok(Some((Value::Scalar(v), _))) => v.as_i64().unwrap_or_default(),
            _ => 0,
        }
    }

    /// Makes one change out of what `edit` does, and returns its bytes: empty if it did nothing. On an error
    /// nothing is done.
    fn edit(
        &mut self,
        edit: impl FnOnce(&mut AutoCommit) -> Result<(), AutomergeError>,
    ) -> Result<Vec<u8>, DocumentError> {
        if let Err(e) = edit(&mut self.doc) {
            self.doc.rollback();
            return Err(e.into());
        }
        // Time zero: when an edit was made is said, if at all, by the ledger and by what is edited.
        let Some(hash) = self.doc.commit_with(CommitOptions::default().with_time(0)) else {
            return Ok(Vec::new());
        };
        let change: Option<Change> = self.doc.get_change_by_hash(&hash);
        let mut change = change.ok_or_else(|| DocumentError::Engine("the edit is not there".into()))?;
        Ok(change.bytes().into_owned())
    }

    fn root(&self, root: Root) -> Result<ObjId, DocumentError> {
        match self.doc.get(ROOT, root.name())? {
            Some((Value::Object(_), id)) => Ok(id),
            _ => Err(DocumentError::Unreadable(format!("it has no {}", root.name()))),
        }
    }
}

/// The actor behind an object or value; zeros for the root.
fn writer(id: &ObjId) -> [u8; 16] {
    match id {
        ObjId::Root => [0; 16],
        ObjId::Id(_, actor, _) => actor.to_bytes().try_into().unwrap_or_default(),
    }
}

fn text_of(value: &Value<'_>) -> Option<String> {
    match value {
        Value::Scalar(v) => match v.as_ref() {
            ScalarValue::Str(s) => Some(s.to_string()),
            _ => None,
        },
        Value::Object(_) => None,
    }
}

fn time_of(value: &Value<'_>) -> Option<u64> {
    match value {
        Value::Scalar(v) => match v.as_ref() {
            ScalarValue::Timestamp(ms) => u64::try_from(*ms).ok(),
            _ => None,
        },
        Value::Object(_) => None,
    }
}

fn time(ms: u64) -> Result<ScalarValue, DocumentError> {
    i64::try_from(ms)
        .map(ScalarValue::Timestamp)
        .map_err(|_| DocumentError::OutOfRange("the time"))
}

fn at_most(what: &'static str, text: &str, max: usize) -> Result<(), DocumentError> {
    if text.len() > max {
        Err(DocumentError::TooLong {
            what,
            max,
            unit: "bytes",
        })
    } else {
        Ok(())
    }
}

fn hex(id: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(id)
}
