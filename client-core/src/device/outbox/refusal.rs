//! What becomes of statements that the relay refuses.

use std::collections::BTreeSet;

use rand_core::CryptoRng;
use troth_protocol::document::Document;
use troth_protocol::ids::DocumentId;
use troth_protocol::rule::Rule;
use troth_protocol::statement::Lane;
use troth_protocol::stream::Stream;

use super::{BUSY_MS, Intent, QuarantineRow, TRIES};
use crate::device::rows::{INFLIGHT, OUTBOX, QUARANTINE};
use crate::device::{Device, DeviceError, Effect, Report};
use crate::storage::Storage;

impl<S: Storage> Device<S> {
    /// The relay refuses a statement. What the chain's movement explains is signed again after the next news; what the relay
    /// cannot take now waits; the rest is shown for review, and kept.
    pub(in crate::device) fn refused(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        request: u64,
        rule: Rule,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        let Some(stream) = self
            .inflight
            .iter()
            .find(|(_, f)| f.request == request)
            .map(|(s, _)| *s)
        else {
            return Ok(());
        };
        match rule {
            Rule::Quota | Rule::DiskFull | Rule::Unavailable | Rule::Ration | Rule::Behind => {
                if let Some(inflight) = self.inflight.get_mut(&stream) {
                    inflight.request = 0;
                }
                let what = "what waits here".to_owned();
                effects.push(Effect::Report(Report::Refused { rule, what }));
                effects.push(Effect::WakeAt(now + BUSY_MS));
            }
            Rule::Revoked | Rule::UnknownDevice => self.halt_revoked(rng, effects)?,
            // The document went on in another, or was erased: the next news says which.
            Rule::Closed if self.is_renewal(&stream) => {
                if let Some(inflight) = self.inflight.get_mut(&stream) {
                    inflight.outdated = true;
                }
            }
            Rule::StaleChain
            | Rule::WrongEpoch
            | Rule::StaleEpoch
            | Rule::AuthorChain
            | Rule::TurnFirst
            | Rule::Generation
            | Rule::Sealings
            | Rule::UnknownHead => {
                let again = self.inflight.get_mut(&stream).is_some_and(|inflight| {
                    inflight.outdated = true;
                    inflight.tries += 1;
                    inflight.tries <= TRIES
                });
                if again {
                    effects.push(Effect::WakeAt(now + BUSY_MS));
                    effects.extend(self.pump(now, rng)?);
                } else {
                    self.set_stream_aside(rng, &stream, rule, effects)?;
                }
            }
            _ => self.set_stream_aside(rng, &stream, rule, effects)?,
        }
        Ok(())
    }

    /// What the relay refused is signed again, though there is no news: what stood in its way may have been a date.
    pub(in crate::device) fn try_again(&mut self) {
        for inflight in self.inflight.values_mut().filter(|inflight| inflight.outdated) {
            inflight.signed_at = u64::MAX;
        }
    }

    /// Sets aside what a refused statement was for: what it carried out, or what it prepared.
    pub(super) fn set_stream_aside(
        &mut self,
        rng: &mut impl CryptoRng,
        stream: &Stream,
        rule: Rule,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        let covers = self
            .inflight
            .get(stream)
            .map(|f| f.covers().collect::<Vec<_>>())
            .unwrap_or_default();
        let first = || {
            self.outbox
                .iter()
                .find(|(_, i)| i.stream() == *stream)
                .map(|(id, _)| *id)
        };
        let first = first();
        let renews = first.is_some_and(|id| matches!(self.outbox.get(&id), Some(Intent::Supersede { .. })));
        let ids = if covers.is_empty() {
            first.into_iter().collect()
        } else {
            covers
        };
        let write = self.rows.remove(INFLIGHT, &stream.key());
        self.rows.commit(vec![write])?;
        self.inflight.remove(stream);
        let ids = if renews {
            self.withdraw_all(rng, Some(stream), rule, effects)?
        } else {
            ids
        };
        self.set_aside(rng, &ids, rule, effects)
    }

    /// Everything that waits goes to quarantine: this device writes no more.
    pub(in crate::device) fn set_all_aside(
        &mut self,
        rng: &mut impl CryptoRng,
        rule: Rule,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        // What was written to a document that never was is kept as an edit of the one that is.
        self.withdraw_all(rng, None, rule, effects)?;
        let ids: Vec<u64> = self.outbox.keys().copied().collect();
        self.set_aside(rng, &ids, rule, effects)
    }

    /// Moves intents to quarantine: kept, shown, never sent by themselves.
    pub(in crate::device) fn set_aside(
        &mut self,
        rng: &mut impl CryptoRng,
        ids: &[u64],
        rule: Rule,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        let ids = &self.with_successors(ids);
        let mut writes = Vec::new();
        for id in ids {
            let Some(intent) = self.outbox.get(id).cloned() else {
                continue;
            };
            writes.push(self.rows.remove(OUTBOX, &id.to_be_bytes()));
            if self.is_carried_out(*id, &intent) {
                writes.push(self.rows.remove(INFLIGHT, &intent.stream().key()));
            }
            if intent.is_tending() {
                continue;
            }
            let what = self.describe(&intent);
            let row = QuarantineRow {
                id: *id,
                what,
                rule: rule.number(),
                intent: Some(intent),
                position: None,
                at: Some(self.clock),
                settled: None,
            };
            writes.push(self.rows.put(rng, QUARANTINE, &id.to_be_bytes(), &row));
        }
        self.rows.commit(writes)?;
        for id in ids {
            let Some(intent) = self.outbox.remove(id) else {
                continue;
            };
            if self.is_carried_out(*id, &intent) {
                self.inflight.remove(&intent.stream());
            }
            if intent.is_tending() {
                continue;
            }
            if let Intent::AddMember { invite, .. } = &intent {
                self.not_added(rng, *invite, rule, effects)?;
            }
            if let Intent::Edit { document, .. } = &intent {
                // What is shown from now on is what the ledger holds.
                self.contents.remove(document);
            }
            self.quarantined += 1;
            let what = self.describe(&intent);
            effects.push(Effect::Report(Report::Quarantined {
                what,
                rule: Some(rule),
            }));
        }
        Ok(())
    }

    /// Whether what is in flight is for an intent. A statement for others stays known here, or it would be taken for another's
    /// when it comes back.
    fn is_carried_out(&self, id: u64, intent: &Intent) -> bool {
        let inflight = self.inflight.get(&intent.stream());
        inflight.is_some_and(|inflight| inflight.covers().any(|covered| covered == id))
    }

    /// What will not be sent takes along what was asked for upon it, which could never be carried out: of an edit, the later
    /// edits of its document, which other devices could never apply; of a new document, all that concerns it.
    fn with_successors(&self, ids: &[u64]) -> Vec<u64> {
        let mut taken: BTreeSet<u64> = ids.iter().copied().collect();
        // Later intents come later in the outbox, so one pass finds those upon those upon these.
        for (id, intent) in &self.outbox {
            let upon = |(_, earlier): (&u64, &Intent)| match earlier {
                Intent::Create { document, .. } => {
                    intent.stream() == Stream::Document(*document)
                        || matches!(intent, Intent::Supersede { by, .. } if by == document)
                }
                Intent::Edit { document, .. } => {
                    matches!(intent, Intent::Edit { document: of, .. } if of == document)
                }
                _ => false,
            };
            let mut before = self
                .outbox
                .range(..id)
                .filter(|(earlier, _)| taken.contains(earlier));
            if before.any(upon) {
                taken.insert(*id);
            }
        }
        taken.into_iter().collect()
    }

    fn describe(&self, intent: &Intent) -> String {
        let lane = |id: &DocumentId| {
            let known = self
                .state
                .as_ref()
                .and_then(|s| s.documents.get(id))
                .map(Document::lane);
            known.map_or("record", Lane::name)
        };
        match intent {
            Intent::Edit { document, .. } => format!("an edit of this device in {}", lane(document)),
            Intent::Create { lane, .. } => format!("a new {} record", lane.name()),
            Intent::Turn { document } => format!("a new key for {}", lane(document)),
            Intent::Access { document, .. } => format!("the note that {} was taken out", lane(document)),
            Intent::Grant { document, .. } => format!("a share of {}", lane(document)),
            Intent::EndShare { document, .. } => format!("the end of a share of {}", lane(document)),
            Intent::Supersede { document, .. } => format!("a new beginning of {}", lane(document)),
            Intent::Erase { document } => format!("the erasure of {}", lane(document)),
            Intent::TendDocument { document } => format!("a key of {} sealed again", lane(document)),
            Intent::Snapshot { document } => format!("a snapshot of {}", lane(document)),
            Intent::Attest { document, .. } => format!("the word for a snapshot of {}", lane(document)),
            Intent::OpenLink { document, .. } => format!("an intake link into {}", lane(document)),
            Intent::CloseLink { document, .. } => {
                format!("the end of an intake link into {}", lane(document))
            }
            Intent::Reply { document, .. } => format!("an answer to what came for {}", lane(document)),
            Intent::Revoke { .. } => "the revocation of a device".to_owned(),
            Intent::AddDevice { .. } => "the addition of a device".to_owned(),
            Intent::Invite { .. } => "an invitation".to_owned(),
            Intent::Withdraw { .. } => "the withdrawal of an invitation".to_owned(),
            Intent::AddMember { .. } => "the addition of a member".to_owned(),
            Intent::ChangeRole { .. } => "a change of role".to_owned(),
            Intent::RemoveMember { .. } => "the removal of a member".to_owned(),
            Intent::ProposeRecovery { .. } => "the proposal of a recovery".to_owned(),
            Intent::ApproveRecovery { .. } => "the approval of a recovery".to_owned(),
            Intent::StopRecovery { .. } => "the stop of a recovery".to_owned(),
            Intent::SetPolicy { .. } => "a change of the policy".to_owned(),
            Intent::TurnLedgerKey { .. } => "a turn of the ledger key".to_owned(),
            Intent::TendRoster => "keys sealed again".to_owned(),
        }
    }
}
