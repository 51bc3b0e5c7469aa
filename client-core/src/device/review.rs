//! What was set aside, for review: shown as what it would have changed, entered again, or discarded.
//!
//! Nothing leaves the table: what was set aside later may build upon it. A decision is a mark, known to this device alone.

use rand_core::CryptoRng;
use troth_protocol::cbor;
use troth_protocol::document::Document;
use troth_protocol::ids::{CaseId, DocumentId, MemberId};
use troth_protocol::rule::Rule;
use troth_protocol::statement::{Lane, Statement};
use troth_protocol::stream::Stream;

use super::outbox::{Intent, QuarantineRow, Settled};
use super::rows::{ENTRY, EntryRow, QUARANTINE};
use super::{Device, DeviceError};
use crate::crypto::actor;
use crate::document::{Difference, Incoming, LaneDocument, MadeChange, change_of};
use crate::storage::Storage;

/// Something set aside for review.
#[derive(Clone, Debug)]
pub struct QuarantineLine {
    /// What it is asked for by: a number, with an `e` before it for an entry of the ledger.
    pub id: String,
    /// What, and whose.
    pub what: String,
    /// Number of the rule that refused it; 0 where none did.
    pub rule: u16,
    /// Position of the entry, where it is another's.
    pub position: Option<u64>,
    /// When it was set aside, by this device's clock, in milliseconds since the Unix epoch.
    pub at: Option<u64>,
    /// The case that it belongs to.
    pub case: Option<CaseId>,
    /// The lane that it belongs to.
    pub lane: Option<Lane>,
    /// Whose it is.
    pub author: Option<MemberId>,
    /// Whether it is an edit, which can be looked at and entered again.
    pub is_edit: bool,
}

/// A document that this device knows, or wanted to create.
struct Known {
    case: Option<CaseId>,
    lane: Lane,
}

impl<S: Storage> Device<S> {
    /// What was set aside and not decided upon: what the relay refuses for good, and what others sent that cannot be shown. A
    /// revoked device's unsent work is listed too. The oldest first.
    pub fn quarantine(&self) -> Result<Vec<QuarantineLine>, DeviceError> {
        let rows = self.set_aside_rows()?;
        let made: Vec<(DocumentId, Known)> = rows.iter().filter_map(made).collect();
        let lines = rows.iter().filter(|row| row.settled.is_none()).map(|row| {
            let document = match &row.intent {
                Some(intent) => match intent.stream() {
                    Stream::Document(id) => Some(id),
                    _ => None,
                },
                None => None,
            };
            let (document, author) = match row.position {
                Some(position) => self.of_entry(position)?,
                None => (document, self.identity.member),
            };
            let known = document.and_then(|id| self.known(&made, &id));
            Ok(QuarantineLine {
                id: name_of(row),
                what: row.what.clone(),
                rule: row.rule,
                position: row.position,
                at: row.at,
                case: known.as_ref().and_then(|k| k.case),
                lane: known.map(|k| k.lane),
                author,
                is_edit: matches!(row.intent, Some(Intent::Edit { .. })),
            })
        });
        lines.collect()
    }

    /// What an edit that was set aside would have changed, in the document as its author saw it then.
    ///
    /// # Errors
    /// [`DeviceError::NoSuchQuarantine`]; [`DeviceError::NoEdit`] for what is no edit of this device, or follows something that
    /// is not here; what reading the document can give.
    pub fn quarantined(&mut self, id: &str) -> Result<Vec<Difference>, DeviceError> {
        let rows = self.set_aside_rows()?;
        let row = rows
            .iter()
            .find(|row| name_of(row) == id && row.settled.is_none());
        let row = row.ok_or(DeviceError::NoSuchQuarantine)?;
        let Some(Intent::Edit { document, .. }) = &row.intent else {
            return Err(DeviceError::NoEdit);
        };
        let actor = actor(&self.secrets.id, document);
        let mut made = Vec::new();
        for other in rows.iter().filter(|other| other.id <= row.id) {
            if let Some(Intent::Edit { document: of, change }) = &other.intent
                && of == document
            {
                made.push(change_of(&self.unsealed(other.id, of, change)?)?);
            }
        }
        let Some(last) = made.last().cloned() else {
            return Err(DeviceError::NoEdit);
        };
        // Of what was set aside, what this edit builds upon; and of the document, what all of that does.
        let mut upon = last.after.clone();
        let mut before = Vec::new();
        for change in made.iter().rev().skip(1) {
            if upon.contains(&change.hash) {
                upon.extend(&change.after);
                before.push(change.clone());
            }
        }
        before.reverse();
        let whole = match self.of_the_ledger(*document)? {
            Some(document) => document,
            None => LaneDocument::new(actor)?,
        };
        let mut then = whole.at(&upon)?;
        let incoming = |change: &MadeChange| Incoming {
            change: change.bytes.clone(),
            actor,
        };
        let applied = then.apply(&before.iter().map(incoming).collect::<Vec<_>>())?;
        let mut after = then.clone();
        let last = after.apply(&[incoming(&last)])?;
        if applied.accepted.len() < before.len() || last.accepted.is_empty() {
            return Err(DeviceError::NoEdit);
        }
        Ok(after.differences_from(&then))
    }

    /// Enters an edit that was set aside once more: as an edit of this device's own, of now, in the document that is the lane
    /// by now. Returns that document.
    ///
    /// # Errors
    /// What [`Self::quarantined`] gives, and what an edit gives: [`DeviceError::Halted`] on a device that writes no more.
    pub fn enter_quarantined(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        id: &str,
    ) -> Result<DocumentId, DeviceError> {
        self.told(now, rng);
        let differences = self.quarantined(id)?;
        if self.halted() {
            return Err(self.why_halted());
        }
        let mut row = self.set_aside_row(id)?;
        let Some(Intent::Edit { document, .. }) = &row.intent else {
            return Err(DeviceError::NoEdit);
        };
        let target = self.goes_on(*document);
        if let Some(open) = self.practice_state()?.documents.get(&target) {
            if open.is_closed() {
                return Err(Rule::Closed.into());
            }
            self.must_write(target, now)?;
        }
        let (intents, left) = self.said_again(target, &differences)?;
        row.settled = Some(Settled::Entered(now));
        let write = self.rows.put(rng, QUARANTINE, &key_of(&row), &row);
        let kept = match left.into_iter().next() {
            Some(error) => Err(error.into()),
            None => self.keep(rng, intents, vec![write]),
        };
        if kept.is_err() {
            self.contents.remove(&target);
        }
        kept?;
        self.quarantined = self.quarantined.saturating_sub(1);
        Ok(target)
    }

    /// Decides against something that was set aside: it is listed no more. Nobody else is told.
    ///
    /// # Errors
    /// [`DeviceError::NoSuchQuarantine`], and whatever the storage says.
    pub fn discard_quarantined(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        id: &str,
    ) -> Result<(), DeviceError> {
        self.told(now, rng);
        let mut row = self.set_aside_row(id)?;
        row.settled = Some(Settled::Discarded(now));
        let write = self.rows.put(rng, QUARANTINE, &key_of(&row), &row);
        self.rows.commit(vec![write])?;
        self.quarantined = self.quarantined.saturating_sub(1);
        Ok(())
    }

    fn set_aside_rows(&self) -> Result<Vec<QuarantineRow>, DeviceError> {
        let mut rows = self.rows.scan::<QuarantineRow>(QUARANTINE)?;
        rows.sort_by_key(|row| (row.position.is_some(), row.id));
        Ok(rows)
    }

    fn set_aside_row(&self, id: &str) -> Result<QuarantineRow, DeviceError> {
        let rows = self.set_aside_rows()?;
        let row = rows
            .into_iter()
            .find(|row| name_of(row) == id && row.settled.is_none());
        row.ok_or(DeviceError::NoSuchQuarantine)
    }

    fn known(&self, made: &[(DocumentId, Known)], id: &DocumentId) -> Option<Known> {
        let document = self.state.as_ref().and_then(|s| s.documents.get(id));
        let known = document.map(|d: &Document| Known {
            case: d.case(),
            lane: d.lane(),
        });
        let here = made.iter().find(|(of, _)| of == id);
        known.or_else(|| here.map(|(_, k)| Known { ..*k }))
    }

    /// The document that an entry belongs to, and who signed it.
    pub(super) fn of_entry(
        &self,
        position: u64,
    ) -> Result<(Option<DocumentId>, Option<MemberId>), DeviceError> {
        let entry = self.rows.get::<EntryRow>(ENTRY, &position.to_be_bytes())?;
        let Some(entry) = entry else {
            return Ok((None, None));
        };
        let statement: Statement = cbor::decode(&entry.leaf.signed.statement)?;
        let document = match statement.stream() {
            Stream::Document(id) => Some(id),
            _ => None,
        };
        let devices = self.state.as_ref().map(|s| s.roster.devices());
        let author = devices.and_then(|all| all.get(&statement.signer));
        Ok((document, author.map(|device| device.member)))
    }
}

/// The document that a row wanted to create.
fn made(row: &QuarantineRow) -> Option<(DocumentId, Known)> {
    match &row.intent {
        Some(Intent::Create {
            document, case, lane, ..
        }) => Some((
            *document,
            Known {
                case: *case,
                lane: *lane,
            },
        )),
        _ => None,
    }
}

/// What a row is asked for by.
fn name_of(row: &QuarantineRow) -> String {
    match row.position {
        Some(position) => format!("e{position}"),
        None => row.id.to_string(),
    }
}

/// What a row is kept under.
fn key_of(row: &QuarantineRow) -> Vec<u8> {
    match row.position {
        Some(_) => [&b"entry"[..], &row.id.to_be_bytes()].concat(),
        None => row.id.to_be_bytes().to_vec(),
    }
}
