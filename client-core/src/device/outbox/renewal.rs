//! Documents that go on in others, without their history. Create, beginning and Supersede travel in one append, so that the
//! ledger never has two open documents for one lane, nor one without its content.
//!
//! ```text
//! asked for    Create(new), its beginning, Supersede(old -> new) wait; the lane is the new document on this device
//! signed       made anew first where the old one says more by now; who reads it is who reads the old one by now
//! landed       what the old one took in between signing and closing is said again in the new one
//! overtaken    another new document closed the old one first: what was written here is said again in that one, and shared
//! refused      what was written here is said again in the old one
//! ```

mod ending;

use rand_core::CryptoRng;
use troth_protocol::document::Document;
use troth_protocol::ids::{DocumentId, Hash};
use troth_protocol::rule::Rule;
use troth_protocol::statement::{Change, DocumentAction, Principal, Reader};
use troth_protocol::stream::Stream;

use super::intent::Heads;
use super::{Intent, OutboxRow, Part};
use crate::content::Edits;
use crate::crypto::{EpochKey, actor};
use crate::device::cases::edits;
use crate::device::rows::OUTBOX;
use crate::device::{Device, DeviceError};
use crate::document::{Difference, DocumentError, LaneDocument, Signature};
use crate::storage::{Storage, Write};

/// Bytes of a beginning that travel with the statements that make and close: an append is a frame, of little more than 1 MiB.
/// What is longer follows.
const BEGINNING: usize = 512 * 1024;

/// A document that waits to take another's place.
#[derive(Clone)]
struct Renewal {
    id: u64,
    old: DocumentId,
    new: DocumentId,
    reader: Reader,
    base: Heads,
    start: Heads,
}

impl<S: Storage> Device<S> {
    /// Keeps it to be said that a lane goes on without its history, read by one more.
    pub(in crate::device) fn begin_renewal(
        &mut self,
        rng: &mut impl CryptoRng,
        now: u64,
        old: DocumentId,
        reader: Reader,
    ) -> Result<(), DeviceError> {
        let state = self.practice_state()?;
        let document = state.documents.get(&old).ok_or(DeviceError::NotYet)?;
        let readers = renewed(document, self.frontier.size(), now.max(state.received), reader);
        let (case, lane) = (document.case(), document.lane());
        let new = Self::random_document(rng);
        let (base, mut beginning) = self.beginning(old, new)?;
        let mut intents = vec![Intent::Create {
            document: new,
            case,
            lane,
            readers,
        }];
        intents.extend(edits(new, beginning.changes_since(&[])));
        intents.push(Intent::Supersede {
            document: old,
            by: new,
            reader,
            base,
            start: beginning.heads().into(),
        });
        self.keep(rng, intents, Vec::new())
    }

    fn beginning(&mut self, old: DocumentId, new: DocumentId) -> Result<(Heads, LaneDocument), DeviceError> {
        let actor = actor(&self.secrets.id, &new);
        let held = self.held_signatures(old)?;
        let holds = |signature: &Signature| held.contains(signature);
        let (heads, beginning) = self.read_mut(old, |d| (d.heads(), d.without_history(actor, holds)))?;
        Ok((heads.into(), beginning?))
    }

    fn renewals(&self) -> impl Iterator<Item = Renewal> {
        self.outbox.iter().filter_map(|(id, intent)| match intent {
            Intent::Supersede {
                document,
                by,
                reader,
                base,
                start,
            } => Some(Renewal {
                id: *id,
                old: *document,
                new: *by,
                reader: *reader,
                base: base.clone(),
                start: start.clone(),
            }),
            _ => None,
        })
    }

    /// The document that waits here to take another's place.
    pub(in crate::device) fn renewal_of(&self, old: &DocumentId) -> Option<DocumentId> {
        self.renewals().find(|r| r.old == *old).map(|r| r.new)
    }

    /// The document whose place one is to take that waits here.
    pub(in crate::device) fn renewed_by(&self, new: &DocumentId) -> Option<DocumentId> {
        self.renewals().find(|r| r.new == *new).map(|r| r.old)
    }

    /// Whether another document took the place that one was to take that waits here.
    pub(in crate::device) fn is_overtaken(&self, new: &DocumentId) -> bool {
        let old = self.renewed_by(new);
        let known = old.and_then(|old| self.state.as_ref()?.documents.get(&old));
        known.is_some_and(|old| old.superseded_by().is_some_and(|by| by != *new))
    }

    /// The document that goes on in a document's place: itself, where it is open.
    pub(in crate::device) fn goes_on(&self, id: DocumentId) -> DocumentId {
        let mut last = id;
        let mut passed = vec![id];
        let next = |of: &DocumentId| self.state.as_ref()?.documents.get(of)?.superseded_by();
        while let Some(by) = next(&last).or_else(|| self.renewal_of(&last)) {
            // Nothing keeps a document from naming one that names it.
            if passed.contains(&by) {
                break;
            }
            passed.push(by);
            last = by;
        }
        last
    }

    /// Create, beginning and Supersede.
    pub(super) fn sign_renewal(
        &mut self,
        rng: &mut impl CryptoRng,
        now: u64,
        id: u64,
    ) -> Result<Vec<Part>, DeviceError> {
        let renewal = self.renewals().find(|r| r.id == id);
        let renewal = renewal.ok_or(Rule::NoSuchDocument)?;
        if let Principal::Member(member) = renewal.reader.principal
            && self.is_changing(&member)
        {
            return Err(DeviceError::NotYet);
        }
        let state = self.practice_state()?;
        let old = state.documents.get(&renewal.old);
        let old = old.ok_or(DeviceError::NoSuchDocument(renewal.old))?;
        if old.is_closed() {
            return Err(DeviceError::NotYet);
        }
        let readers = renewed(old, self.frontier.size(), now.max(state.received), renewal.reader);
        let (case, lane) = (old.case(), old.lane());
        self.refresh(rng, &renewal)?;
        let (old, new) = (renewal.old, renewal.new);
        let stream = Stream::Document(new);
        let waiting: Vec<u64> = self
            .outbox
            .iter()
            .filter(|(_, i)| i.stream() == stream)
            .map(|(id, _)| *id)
            .collect();
        let Some((created, mut rest)) = waiting.split_first() else {
            return Err(Rule::NoSuchDocument.into());
        };
        let create = |_, commitment| {
            vec![DocumentAction::Create {
                case,
                lane,
                readers,
                commitment,
            }]
        };
        let key = EpochKey::generate(rng);
        let upload = self.sign_control_with(rng, now, new, key.clone(), create, |_| false)?;
        let head = Hash::of(&[&upload.signed.statement]);
        let mut parts = vec![Part {
            stream,
            upload,
            covers: vec![*created],
        }];
        let (mut bytes, mut sequence, mut prev) = (0, 1, None);
        loop {
            let (changes, covers) = self.together(&new, rest)?;
            bytes += changes.iter().map(|change| change.len()).sum::<usize>();
            if covers.is_empty() || bytes > BEGINNING {
                break;
            }
            rest = rest.get(covers.len()..).unwrap_or_default();
            let edits = Edits {
                gossip: None,
                changes,
            };
            let content = zeroize::Zeroizing::new(edits.encode());
            let change = Change {
                document: new,
                epoch: 1,
                sequence,
                prev,
            };
            let upload = self.sign_change_under(rng, change, head, &key, &content)?;
            sequence += 1;
            prev = Some(Hash::of(&[&upload.signed.statement]));
            parts.push(Part {
                stream,
                upload,
                covers,
            });
        }
        let close = |_, _| vec![DocumentAction::Supersede { by: new }];
        parts.push(Part {
            stream: Stream::Document(old),
            upload: self.sign_control(rng, now, old, close, |_| false)?,
            // It stays until what the old one held in the end was looked at.
            covers: Vec::new(),
        });
        Ok(parts)
    }

    /// Makes the beginning anew where the old document says more, or less, than it did: nothing of it was sent.
    fn refresh(&mut self, rng: &mut impl CryptoRng, renewal: &Renewal) -> Result<(), DeviceError> {
        let heads = self.read_mut(renewal.old, LaneDocument::heads)?;
        if renewal.base == heads.into() {
            return Ok(());
        }
        let written = self.written_since(renewal)?;
        let (base, mut anew) = self.beginning(renewal.old, renewal.new).map_err(too_large)?;
        let start = anew.heads().into();
        anew.enter(&written).map_err(|error| too_large(error.into()))?;
        let stale =
            |intent: &Intent| matches!(intent, Intent::Edit { document, .. } if *document == renewal.new);
        let stale = self
            .outbox
            .iter()
            .filter(|(_, i)| stale(i))
            .map(|(id, _)| *id)
            .collect();
        let intent = Intent::Supersede {
            document: renewal.old,
            by: renewal.new,
            reader: renewal.reader,
            base,
            start,
        };
        let row = OutboxRow {
            id: renewal.id,
            intent,
        };
        let write = self.rows.put(rng, OUTBOX, &row.id.to_be_bytes(), &row);
        let new = edits(renewal.new, anew.changes_since(&[])).collect();
        self.replace(rng, stale, new, vec![write])?;
        self.outbox.insert(row.id, row.intent);
        self.contents.remove(&renewal.new);
        Ok(())
    }

    /// What was written here to the new document since its beginning.
    fn written_since(&mut self, renewal: &Renewal) -> Result<Vec<Difference>, DeviceError> {
        let start = renewal.start.heads();
        let written = self.read(renewal.new, |d| Ok(d.differences_from(&d.at(&start)?)));
        written?.map_err(|error: DocumentError| error.into())
    }

    /// Says differences in an open document: the edits to be kept for it, and what could not be said.
    pub(in crate::device) fn said_again(
        &mut self,
        id: DocumentId,
        differences: &[Difference],
    ) -> Result<(Vec<Intent>, Vec<DocumentError>), DeviceError> {
        self.read_mut(id, |document| {
            let (mut changes, mut left) = (Vec::new(), Vec::new());
            for difference in differences {
                match document.enter(std::slice::from_ref(difference)) {
                    Ok(made) => changes.extend(made),
                    Err(error) => left.push(error),
                }
            }
            (edits(id, changes).collect(), left)
        })
    }

    /// Keeps intents in the place of others.
    pub(in crate::device) fn replace(
        &mut self,
        rng: &mut impl CryptoRng,
        gone: Vec<u64>,
        intents: Vec<Intent>,
        mut writes: Vec<Write>,
    ) -> Result<(), DeviceError> {
        writes.extend(gone.iter().map(|id| self.rows.remove(OUTBOX, &id.to_be_bytes())));
        self.write_down(rng, intents, writes)?;
        for id in gone {
            self.outbox.remove(&id);
        }
        Ok(())
    }
}

/// What does not fit is no fault of the engine's: it is refused like anything that is too long.
fn too_large(error: DeviceError) -> DeviceError {
    match error {
        DeviceError::Document(DocumentError::TooLong { .. }) => Rule::TooLarge.into(),
        other => other,
    }
}

/// Who reads a document that goes on in another, and one more.
fn renewed(document: &Document, position: u64, received: u64, reader: Reader) -> Vec<Reader> {
    let others = document.readers_at(position, received).copied();
    let mut readers: Vec<Reader> = others.filter(|r| r.principal != reader.principal).collect();
    readers.push(reader);
    readers
}
