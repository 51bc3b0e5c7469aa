//! How renewals end: landed, overtaken, or refused.

use rand_core::CryptoRng;
use troth_protocol::ids::DocumentId;
use troth_protocol::rule::Rule;
use troth_protocol::stream::Stream;

use super::Renewal;
use crate::device::outbox::{Intent, QuarantineRow};
use crate::device::rows::{INFLIGHT, QUARANTINE};
use crate::device::{Device, DeviceError, Effect, Report};
use crate::document::{Difference, DocumentError};
use crate::storage::Storage;

impl<S: Storage> Device<S> {
    /// Ends the renewals whose old document is closed by now.
    pub(in crate::device::outbox) fn renew(
        &mut self,
        rng: &mut impl CryptoRng,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        for renewal in self.renewals().collect::<Vec<_>>() {
            let state = self.practice_state()?;
            let Some(old) = state.documents.get(&renewal.old).filter(|d| d.is_closed()) else {
                continue;
            };
            let done = match old.superseded_by() {
                Some(by) if by == renewal.new => self.carry_over(rng, &renewal, effects),
                Some(_) => self.overtaken(rng, &renewal),
                None => self.withdraw(rng, &renewal, Rule::Closed, effects),
            };
            match done {
                // Its turn comes when it can be read.
                Err(
                    DeviceError::SensitiveLocked
                    | DeviceError::SensitiveNotSet
                    | DeviceError::NotReadable(_)
                    | DeviceError::NoSuchDocument(_)
                    | DeviceError::NotYet
                    | DeviceError::Open(_)
                    | DeviceError::ShareEnded(_)
                    | DeviceError::CatchingUp,
                ) => {}
                other => other?,
            }
        }
        Ok(())
    }

    /// The old document is closed and its last word is known: what it took in since the new one's beginning was made of it is
    /// said again there.
    fn carry_over(
        &mut self,
        rng: &mut impl CryptoRng,
        renewal: &Renewal,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        let base = renewal.base.heads();
        let gained = self.read(renewal.old, |d| Ok(d.differences_from(&d.at(&base)?)))?;
        let mut gained = gained.map_err(|error: DocumentError| DeviceError::from(error))?;
        let held = self.held_signatures(renewal.old)?;
        for difference in &mut gained {
            if let Difference::Signed { signature, .. } = difference {
                *signature = signature.carried(|signature| held.contains(signature));
            }
        }
        let (intents, left) = self.said_again(renewal.new, &gained)?;
        let mut writes = Vec::new();
        let lane = self.lane(renewal.old).name();
        let first = self.next_id + intents.len() as u64;
        for (error, id) in left.iter().zip(first..) {
            let row = QuarantineRow {
                id,
                what: format!(
                    "an edit in {lane} that came while it began anew, and stayed in the old record: {error}"
                ),
                rule: 0,
                intent: None,
                position: None,
                at: Some(self.clock),
                settled: None,
            };
            writes.push(self.rows.put(rng, QUARANTINE, &id.to_be_bytes(), &row));
            effects.push(Effect::Report(Report::Quarantined {
                what: row.what,
                rule: None,
            }));
        }
        let kept = self.replace(rng, vec![renewal.id], intents, writes);
        if kept.is_err() {
            self.contents.remove(&renewal.new);
        }
        kept?;
        self.next_id += left.len() as u64;
        self.quarantined += left.len();
        Ok(())
    }

    /// Another document took the old one's place first: what was written here goes there, and so does the share.
    fn overtaken(&mut self, rng: &mut impl CryptoRng, renewal: &Renewal) -> Result<(), DeviceError> {
        let winner = self.goes_on(renewal.old);
        if self.fetching.wanted().any(|id| id == winner) {
            return Err(DeviceError::NotYet);
        }
        let grant = |document| Intent::Grant {
            document,
            reader: renewal.reader,
        };
        match self.step_back(rng, renewal, winner, vec![grant(winner)]) {
            // Not this member's to read any more: it is refused in the old document's name, and set aside.
            Err(DeviceError::NotReadable(_) | DeviceError::NoSuchDocument(_) | DeviceError::Open(_)) => {
                self.step_back(rng, renewal, renewal.old, Vec::new())
            }
            other => other,
        }
    }

    /// Takes a renewal back that cannot be: the old document goes on here.
    fn withdraw(
        &mut self,
        rng: &mut impl CryptoRng,
        renewal: &Renewal,
        rule: Rule,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        let supersede = self.outbox.get(&renewal.id).cloned();
        self.step_back(rng, renewal, renewal.old, supersede.into_iter().collect())?;
        let again = self.renewals().find(|r| r.new == renewal.new).map(|r| r.id);
        self.set_aside(rng, &again.into_iter().collect::<Vec<_>>(), rule, effects)
    }

    /// Takes back every renewal of a stream, as far as what it takes can be read now; the intents that are left of it.
    pub(in crate::device::outbox) fn withdraw_all(
        &mut self,
        rng: &mut impl CryptoRng,
        of: Option<&Stream>,
        rule: Rule,
        effects: &mut Vec<Effect>,
    ) -> Result<Vec<u64>, DeviceError> {
        let mut left = Vec::new();
        for renewal in self.renewals().collect::<Vec<_>>() {
            if of.is_some_and(|stream| *stream != Stream::Document(renewal.old)) {
                continue;
            }
            match self.withdraw(rng, &renewal, rule, effects) {
                Err(error @ (DeviceError::Storage(_) | DeviceError::Torn)) => return Err(error),
                Err(_) => {
                    let stream = Stream::Document(renewal.new);
                    let of_it = self.outbox.iter().filter(|(_, i)| i.stream() == stream);
                    left.extend(of_it.map(|(id, _)| *id));
                    left.push(renewal.id);
                }
                Ok(()) => {}
            }
        }
        Ok(left)
    }

    /// Whether a stream's turn is a renewal's.
    pub(in crate::device::outbox) fn is_renewal(&self, stream: &Stream) -> bool {
        self.renewals().any(|r| *stream == Stream::Document(r.old))
    }

    /// Lets go of a new document that never was; what was written to it, and asked for it, is for `target` now.
    fn step_back(
        &mut self,
        rng: &mut impl CryptoRng,
        renewal: &Renewal,
        target: DocumentId,
        mut intents: Vec<Intent>,
    ) -> Result<(), DeviceError> {
        let written = self.written_since(renewal)?;
        let (entered, left) = self.said_again(target, &written)?;
        if !left.is_empty() {
            self.contents.remove(&target);
            return Err(Rule::TooLarge.into());
        }
        intents.extend(entered);
        let mut gone = vec![renewal.id];
        for (id, intent) in &self.outbox {
            let Some(asked) = for_another(intent, &renewal.new, target) else {
                continue;
            };
            gone.push(*id);
            intents.extend(asked);
        }
        let lead = Stream::Document(renewal.old);
        let write = self.rows.remove(INFLIGHT, &lead.key());
        let kept = self.replace(rng, gone, intents, vec![write]);
        if kept.is_err() {
            self.contents.remove(&target);
        }
        kept?;
        self.inflight.remove(&lead);
        self.contents.remove(&renewal.new);
        Ok(())
    }
}

/// What is left of an intent for a document that never was: nothing of its making and its edits, the rest for another.
/// `None` for an intent that has nothing to do with it.
fn for_another(intent: &Intent, id: &DocumentId, other: DocumentId) -> Option<Option<Intent>> {
    let mut asked = intent.clone();
    match &mut asked {
        Intent::Create { document, .. } | Intent::Edit { document, .. } if document == id => {
            return Some(None);
        }
        Intent::Grant { document, .. }
        | Intent::EndShare { document, .. }
        | Intent::Turn { document }
        | Intent::TendDocument { document }
        | Intent::Access { document, .. }
        | Intent::Erase { document }
            if document == id =>
        {
            *document = other;
        }
        _ => return None,
    }
    Some(Some(asked))
}
