//! A relay that came back from an older backup: found out, held, resumed, and given back what it lost.

use tracing::{error, info, warn};
use troth_protocol::cbor;
use troth_protocol::document::Document;
use troth_protocol::entry::Leaf;
use troth_protocol::evidence::Placed;
use troth_protocol::ids::PracticeId;
use troth_protocol::rule::Rule;
use troth_protocol::statement::{CheckpointRef, Statement};
use troth_protocol::stream::Stream;
use troth_protocol::wire::{Ahead, Hello, RelayMessage};

use super::{Connection, ConnectionId, Core, Round};
use crate::practice::{Again, Hold, Practice, ReceiptOr};
use crate::verify::CheckedUpload;

impl Core {
    /// A device shows a checkpoint that is beyond this ledger. If the relay's own key signed it, the relay has not all that it
    /// signed, and must sign nothing in its place.
    pub(super) fn ahead(&mut self, id: ConnectionId, ahead: &Ahead) {
        let of = match self.connections.get(&id) {
            Some(Connection::Challenged { hello, .. }) => hello.practice,
            Some(Connection::Live(live)) => live.practice,
            None => return self.close(id, Rule::OutOfOrder),
        };
        let Some(practice) = self.practices.get_mut(&of) else {
            return self.close(id, Rule::UnknownPractice);
        };
        let Ahead { checkpoint, ledger } = ahead;
        let size = practice.tree.size();
        let known = practice
            .hold
            .and_then(|hold| hold.abandoned)
            .map_or(0, |a| a.size);
        // What was signed in an era that a resumption ended is explained by that.
        let explained = practice.roster.eras().skip(1).any(|era| era.ledger == *ledger);
        let told = practice.is_behind() && checkpoint.size <= known;
        if explained || told || checkpoint.size <= size {
            return;
        }
        // What turned the key may be lost as well: a key that came after the one that the practice knows may have signed that.
        let origin = practice.roster.origin_of(ledger);
        let later = self.settings.later_than(practice.roster.ledger_key());
        let keys: Vec<_> = practice.roster.keys_for(checkpoint.size).chain(later).collect();
        if keys.iter().all(|key| checkpoint.verify(&origin, key).is_err()) {
            return;
        }
        let shown = CheckpointRef {
            size: checkpoint.size,
            root: checkpoint.root,
        };
        let hold = Hold {
            size,
            abandoned: Some(shown),
        };
        if let Err(error) = practice.set_hold(&*self.store, Some(hold)) {
            error!(practice = %of, %error, "that the ledger is behind could not be written down");
            return self.close(id, Rule::Unavailable);
        }
        warn!(
            practice = %of, size, signed = checkpoint.size,
            "this relay signed more of the ledger than it has: it was restored from an older backup, and takes nothing \
             until an admin of the practice has resumed it"
        );
        let others: Vec<ConnectionId> = self.of_practice(&of).filter(|other| *other != id).collect();
        for other in others {
            self.close(other, Rule::Behind);
        }
    }

    /// Whether a ledger waits to be resumed, or gets back what it lost.
    pub(super) fn is_held(&self, of: &PracticeId) -> bool {
        self.practices
            .get(of)
            .is_some_and(|practice| practice.hold.is_some())
    }

    /// R66: while a ledger is behind it takes an admin's resumption and nothing else; while it gets back what it lost, nothing
    /// new. R35: a ledger that lacks nothing is not resumed.
    pub(super) fn holds_back(
        &self,
        of: &PracticeId,
        uploads: &[CheckedUpload],
        round: &Round,
    ) -> Option<Rule> {
        let practice = self.practices.get(of)?;
        let resumes = |upload: &CheckedUpload| upload.statement.statement().resumes().is_some();
        let first = round
            .pending
            .get(of)
            .is_none_or(|pending| pending.fresh.is_empty());
        let alone = uploads.len() == 1 && uploads.iter().all(resumes) && first;
        match (practice.is_behind(), practice.hold.is_some()) {
            (true, _) if alone => None,
            (_, true) => Some(Rule::Behind),
            // The answer was lost: it is answered as the first time, or refused by where it would stand.
            (_, false) => None,
        }
    }

    /// Whoever comes with more than a resumption left is shown it, before anything is said of the ledger.
    ///
    /// # Errors
    /// The disk's.
    pub(super) fn show_resumptions(&mut self, id: ConnectionId, hello: &Hello) -> Result<(), Rule> {
        let Some(practice) = self.practices.get(&hello.practice) else {
            return Err(Rule::UnknownPractice);
        };
        let below = practice.roster.resumptions().iter().map(|r| r.position);
        let positions: Vec<u64> = below.filter(|position| *position < hello.size).collect();
        if positions.is_empty() {
            return Ok(());
        }
        let rows = self
            .store
            .entries_at(&hello.practice, &positions, usize::MAX)
            .map_err(|error| {
                error!(practice = %hello.practice, %error, "a resumption could not be read");
                Rule::Unavailable
            })?;
        let placed = rows.into_iter().filter_map(|row| {
            let leaf: Leaf = cbor::decode(&row.leaf).ok()?;
            Some(Placed {
                position: row.position,
                leaf,
            })
        });
        let message = RelayMessage::Resumed(placed.collect());
        self.send(id, &message);
        Ok(())
    }

    /// A device brings back what the ledger lost: anyone's statements, as they were signed.
    pub(super) fn restore(&mut self, id: ConnectionId, request: u64, entries: Vec<Again>, round: &mut Round) {
        let Some(live) = self.live(id) else {
            return self.close(id, Rule::OutOfOrder);
        };
        let (of, device, member) = (live.practice, live.device, live.member);
        let bytes: usize = entries
            .iter()
            .map(|e| e.parsed.signed().statement.len() + e.payload.as_ref().map_or(0, Vec::len))
            .sum();
        let quota = self
            .accounts
            .append(self.now, of, device, entries.len() as u64, bytes as u64);
        if quota.is_err() {
            return self.refuse(id, request, 0, Rule::Quota, None);
        }
        let turns = entries
            .iter()
            .position(|e| self.has_no_key_for(&e.parsed.statement().body));
        if let Some(index) = turns {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            return self.refuse(id, request, index, Rule::LedgerKey, None);
        }
        let resting = self.resting();
        let Some(practice) = self.practices.get_mut(&of).filter(|_| round.broken.is_none()) else {
            return self.refuse(id, request, 0, Rule::Unavailable, None);
        };
        // What is lost comes back after the entry that says so, and only where there is one.
        let rule = match practice.is_behind() {
            true => Some(Rule::Behind),
            false if practice.roster.resumptions().is_empty() => Some(Rule::OutOfOrder),
            false => resting,
        };
        if let Some(rule) = rule {
            return self.refuse(id, request, 0, rule, None);
        }
        let pending = round.pending.entry(of).or_default();
        let admin = practice.is_admin(&member);
        let may_lack = |practice: &Practice, statement: &Statement| {
            let own = practice.state.roster.devices().get(&statement.signer);
            let own = own.is_some_and(|signer| signer.member == member);
            let erased = matches!(statement.stream(), Stream::Document(document)
                if practice.state.documents.get(&document).is_some_and(|d: &Document| d.erased().is_some()));
            admin || own || erased
        };
        match practice.sequence_again(&*self.store, pending, self.now, entries, may_lack) {
            Ok(Ok(receipts)) => {
                let receipts = receipts.into_iter().map(ReceiptOr::receipt).collect();
                round.answers.push((id, request, receipts));
            }
            Ok(Err((index, rule, head))) => self.refuse(id, request, index, rule, head),
            Err(error) => {
                round.broken = Some(error);
                self.refuse(id, request, 0, Rule::Unavailable, None);
            }
        }
    }

    /// A device has nothing more that the ledger lacks. Once an admin's device says so of a ledger that was resumed, everybody is
    /// let in again: whatever that device knew to be erased is erased by now.
    pub(super) fn restored(&mut self, id: ConnectionId) {
        let Some(live) = self.live(id) else {
            return self.close(id, Rule::OutOfOrder);
        };
        let (of, member) = (live.practice, live.member);
        let Some(practice) = self.practices.get_mut(&of) else {
            return;
        };
        if practice.hold.is_none() || practice.is_behind() || !practice.is_admin(&member) {
            return;
        }
        match practice.set_hold(&*self.store, None) {
            Ok(()) => info!(practice = %of, size = practice.tree.size(), "the ledger goes on"),
            Err(error) => {
                error!(practice = %of, %error, "that the ledger goes on could not be written down");
                self.close(id, Rule::Unavailable);
            }
        }
    }
}
