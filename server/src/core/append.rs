//! Appends: sequenced, committed in one durable write, acknowledged.

use std::collections::BTreeMap;
use std::sync::Arc;

use tracing::{error, info, warn};
use troth_protocol::ids::PracticeId;
use troth_protocol::limits;
use troth_protocol::rule::Rule;
use troth_protocol::statement::Body;
use troth_protocol::stream::Stream;
use troth_protocol::wire::{Appended, Receipt, RelayMessage};

use super::{Connection, ConnectionId, Core, Effect};
use crate::practice::{Fresh, Pending, ReceiptOr, Sequenced, found, practice_id};
use crate::store::{PracticeBatch, StoreError};
use crate::verify::CheckedUpload;

/// Statements beyond its quota that a connection may send before it is closed: sixteen of the longest appends.
const BEYOND: usize = 16 * limits::APPEND_STATEMENTS;

/// What one round gathers until it is durable.
#[derive(Default)]
pub(super) struct Round {
    pub(super) pending: BTreeMap<PracticeId, Pending>,
    pub(super) logins: Vec<(ConnectionId, PracticeId, CheckedUpload)>,
    /// Receipts by request, in the order of the requests.
    pub(super) answers: Vec<(ConnectionId, u64, Vec<Receipt>)>,
    welcome: Vec<ConnectionId>,
    /// Practices whose state in memory can no longer be trusted.
    pub(super) broken: Option<StoreError>,
}

/// What a durable write leaves to be done once it is acknowledged: the ledgers that grew, and what is new in each.
pub(super) type Settlement = Vec<(PracticeId, Vec<Fresh>)>;

/// A ledger's write, and what was new in it.
struct Written {
    practice: PracticeId,
    fresh: Vec<Fresh>,
    sequenced: Sequenced,
}

impl Core {
    pub(super) fn append(
        &mut self,
        id: ConnectionId,
        request: u64,
        uploads: Vec<CheckedUpload>,
        round: &mut Round,
    ) {
        let Some(live) = self.live(id) else {
            return self.close(id, Rule::OutOfOrder);
        };
        let (of, device) = (live.practice, live.device);
        let (count, bytes) = uploads.iter().fold((0, 0), |(count, bytes), upload| {
            (
                count + 1,
                bytes + upload.statement.signed().statement.len() + upload.payload.len(),
            )
        });
        if self
            .accounts
            .append(self.now, of, device, count as u64, bytes as u64)
            .is_err()
        {
            return self.beyond(id, request, count);
        }
        if let Some(index) = uploads
            .iter()
            .position(|u| u.statement.statement().signer != device)
        {
            // A device appends its own statements; others' come back to the ledger only when it is restored.
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            return self.refuse(id, request, index, Rule::NotPermitted, None);
        }
        if let Some(index) = uploads.iter().position(|u| self.may_not_turn(&of, u)) {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            return self.refuse(id, request, index, Rule::LedgerKey, None);
        }
        if let Some(rule) = self.resting().or_else(|| self.holds_back(&of, &uploads, round)) {
            return self.refuse(id, request, 0, rule, None);
        }
        match self.sequence(&of, uploads, round) {
            None => self.refuse(id, request, 0, Rule::Unavailable, None),
            Some(Ok(receipts)) => {
                let receipts = receipts.into_iter().map(ReceiptOr::receipt).collect();
                round.answers.push((id, request, receipts));
            }
            Some(Err((index, rule, head))) => self.refuse(id, request, index, rule, head),
        }
    }

    /// Refused by its quota. Whoever goes on all the same has to connect again: until then nothing of theirs is checked.
    fn beyond(&mut self, id: ConnectionId, request: u64, count: usize) {
        if let Some(Connection::Live(live)) = self.connections.get_mut(&id) {
            live.beyond += count;
            if live.beyond > BEYOND {
                return self.close(id, Rule::Quota);
            }
        }
        self.refuse(id, request, 0, Rule::Quota, None);
    }

    /// Logins that go into the ledger take their positions like everything else.
    pub(super) fn log_in_waiting(&mut self, round: &mut Round) {
        for (id, practice, upload) in std::mem::take(&mut round.logins) {
            // Held in this very round: whoever may come in all the same, comes again and is told.
            if self.is_held(&practice) {
                self.close(id, Rule::Behind);
                continue;
            }
            // The same device may have come twice in one round.
            if !self.login_due(&practice, &upload.statement.statement().signer) {
                round.welcome.push(id);
                continue;
            }
            match self.sequence(&practice, vec![upload], round) {
                Some(Ok(_)) => round.welcome.push(id),
                Some(Err((_, rule, _))) => self.close(id, rule),
                None => self.close(id, Rule::Unavailable),
            }
        }
    }

    pub(super) fn sequence(
        &mut self,
        of: &PracticeId,
        uploads: Vec<CheckedUpload>,
        round: &mut Round,
    ) -> Option<crate::practice::Outcome> {
        let practice = self.practices.get_mut(of).filter(|_| round.broken.is_none())?;
        let pending = round.pending.entry(*of).or_default();
        match practice.sequence(&*self.store, pending, self.now, uploads) {
            Ok(outcome) => Some(outcome),
            Err(error) => {
                round.broken = Some(error);
                None
            }
        }
    }

    /// Founds a practice: its genesis pins this relay's origin and ledger key. Founding it again is answered as the first
    /// time.
    pub(super) fn found(&mut self, id: ConnectionId, genesis: CheckedUpload, round: &mut Round) {
        let of = practice_id(&genesis.statement);
        let Body::Genesis(body) = &genesis.statement.statement().body else {
            return self.refuse(id, 0, 0, Rule::Genesis, None);
        };
        let ours = body.origin == self.settings.origin && body.ledger_key == self.settings.public();
        if !ours {
            return self.refuse(id, 0, 0, Rule::Genesis, None);
        }
        if let Some(practice) = self.practices.get(&of) {
            let pending = round.pending.entry(of).or_default();
            return match practice.known(&*self.store, pending, &genesis.statement.hash()) {
                Ok(Some(known)) => round.answers.push((id, 0, vec![known.receipt()])),
                Ok(None) => self.refuse(id, 0, 0, Rule::Unavailable, None),
                Err(error) => {
                    error!(%error, practice = %of, "a genesis could not be looked up");
                    self.refuse(id, 0, 0, Rule::Unavailable, None);
                }
            };
        }
        if self.practices.len() >= self.settings.max_practices {
            return self.refuse(id, 0, 0, Rule::NoNewPractice, None);
        }
        if let Some(rule) = self.resting() {
            return self.refuse(id, 0, 0, rule, None);
        }
        match found(genesis, self.now, &self.settings) {
            Ok((practice, pending)) => {
                self.practices.insert(of, practice);
                round.pending.insert(of, pending);
                round.answers.push((
                    id,
                    0,
                    vec![Receipt {
                        position: 0,
                        received: self.now,
                        stream_seq: 0,
                    }],
                ));
            }
            Err(rule) => self.refuse(id, 0, 0, rule, None),
        }
    }

    /// One durable write for everything that waits; then the answers, the checkpoints and the followers.
    pub(super) fn commit(&mut self, mut round: Round) {
        let touched: Vec<PracticeId> = round.pending.keys().copied().collect();
        let orders = round
            .pending
            .iter()
            .flat_map(|(practice, pending)| pending.erased.iter().map(|document| (*practice, *document)));
        let erased: Vec<_> = orders.collect();
        let result = match round.broken.take() {
            Some(error) => Err(error),
            None => self.write(std::mem::take(&mut round.pending)),
        };
        match result {
            Ok(written) => {
                for (id, request, receipts) in round.answers {
                    self.send(id, &RelayMessage::Appended(Appended { request, receipts }));
                }
                for id in round.welcome {
                    self.welcome(id);
                }
                self.dropped |= !erased.is_empty();
                self.drop_drafts(&erased);
                let grown = written.into_iter().filter_map(|ledger| self.grow(ledger));
                self.unsettled = grown.collect();
            }
            Err(error) => {
                let rule = self.rest_after(&error);
                error!(%error, practices = touched.len(), "a write failed; what waited for it is refused");
                for (id, request, _) in round.answers {
                    self.refuse(id, request, 0, rule, None);
                }
                self.reload(touched.into_iter());
                // A full disk must not keep readers out: who only logs in is let in, and the login goes unlogged.
                for id in round.welcome {
                    if rule == Rule::DiskFull {
                        self.welcome(id)
                    } else {
                        self.close(id, rule)
                    }
                }
            }
        }
    }

    fn write(&mut self, pending: BTreeMap<PracticeId, Pending>) -> Result<Vec<Written>, StoreError> {
        let mut written = Vec::with_capacity(pending.len());
        let mut batches: Vec<PracticeBatch> = Vec::with_capacity(pending.len());
        for (id, mut pending) in pending {
            let Some(practice) = self.practices.get(&id).filter(|_| !pending.fresh.is_empty()) else {
                continue;
            };
            let (batch, sequenced) = practice.batch(&*self.store, &mut pending)?;
            batches.push(batch);
            written.push(Written {
                practice: id,
                fresh: pending.fresh,
                sequenced,
            });
        }
        if !batches.is_empty() {
            self.store.commit(&batches)?;
        }
        Ok(written)
    }

    /// Takes a ledger's durable write into memory.
    fn grow(&mut self, ledger: Written) -> Option<(PracticeId, Vec<Fresh>)> {
        let practice = self.practices.get_mut(&ledger.practice)?;
        practice.tree = Arc::new(ledger.sequenced.tree);
        if let Some(size) = ledger.sequenced.written_down {
            practice.written_down = size;
        }
        Some((ledger.practice, ledger.fresh))
    }

    /// What [`Core::settle`] is for.
    pub(super) fn finish(&mut self) {
        let grown = std::mem::take(&mut self.unsettled);
        for (practice, fresh) in &grown {
            self.publish(practice, fresh);
        }
        for (practice, fresh) in grown {
            if fresh.iter().any(|f| f.stream == Stream::Roster) {
                self.cut_off(&practice);
            }
            self.fan_out(&practice, &fresh);
        }
    }

    /// Signs what is durable and shows it. Nothing was signed for this size before.
    fn publish(&mut self, of: &PracticeId, fresh: &[Fresh]) {
        let Some(practice) = self.practices.get_mut(of) else {
            return;
        };
        if fresh.iter().any(|f| f.stream == Stream::Roster) {
            practice.show_roster(&self.settings);
            info!(practice = %of, size = practice.tree.size(), "the roster changed");
        }
        practice.sign();
        self.effects.push(Effect::Publish(practice.ledger()));
    }

    /// Whoever was removed in the middle of a session is cut off at once.
    pub(super) fn cut_off(&mut self, of: &PracticeId) {
        let Some(roster) = self.practices.get(of).map(|practice| practice.roster.clone()) else {
            return;
        };
        let gone: Vec<ConnectionId> = self
            .of_practice(of)
            .filter(|id| {
                matches!(self.connections.get(id), Some(Connection::Live(live))
                    if roster.active(&live.device, u64::MAX).is_err())
            })
            .collect();
        for id in gone {
            warn!(practice = %of, "a device was revoked while connected; it is cut off");
            self.close(id, Rule::Revoked);
        }
    }
}
