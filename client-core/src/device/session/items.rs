//! What the relay sends of the ledger, taken in; and what follows from it.

use rand_core::CryptoRng;
use troth_protocol::counts::SignedCounts;
use troth_protocol::rule::Rule;
use troth_protocol::statement::CheckpointRef;
use troth_protocol::stream::Stream;
use troth_protocol::visibility::entitled;
use troth_protocol::wire::{Challenge, Items};

use super::Step;
use crate::device::accusation::{CountedRow, Dishonest};
use crate::device::ledger::Failure;
use crate::device::rows::{COUNTED, Stopped};
use crate::device::{Device, DeviceError, Effect, Report};
use crate::storage::Storage;

/// Time before payloads that did not come are asked for again, in milliseconds.
const ASK_AGAIN_MS: u64 = 60 * 60 * 1000;

impl<S: Storage> Device<S> {
    pub(super) fn items(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        bytes: &[u8],
        items: Items,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        let Step::Following {
            nonce,
            beat,
            live,
            total,
        } = self.connection.step
        else {
            return Ok(());
        };
        let (counts, checkpoint) = (items.counts, items.checkpoint);
        let taken = match self.take(now, rng, items) {
            Ok(taken) => taken,
            Err(Failure::Device(error)) => return Err(error),
            Err(Failure::Relay(what)) => return self.disbelieve(now, rng, bytes, what, effects),
        };
        let reached = |(_, challenge): &mut (_, Challenge)| challenge.checkpoint.size <= checkpoint.size;
        drop(self.connection.unproven.take_if(reached));
        if let Some(promised) = self.connection.promised.take_if(|p| p.size <= checkpoint.size) {
            self.hear_promise(promised);
        }
        self.overhear(&taken.changes)?;
        self.find_member(rng)?;
        self.look_for_snapshots(taken.documents.iter().copied());
        if taken.copied {
            effects.push(Effect::Report(Report::Copied));
            effects.push(Effect::Close);
            return self.stop(rng, Stopped::Copied, Rule::AuthorChain, effects);
        }
        if taken.revoked {
            return self.halt_revoked(rng, effects);
        }
        for (member, device) in taken.by_kit {
            let name = self.name_of(member).ok().flatten();
            effects.push(Effect::Report(Report::RecoveredByKit { member, name, device }));
        }
        self.note_resumed(taken.resumed, effects);
        // Before it is caught up, this member's own beginning may be yet to come.
        if taken.roster && live && !self.is_putting_back() {
            self.tend(rng, now)?;
        }
        if self.refold && (counts.is_some() || live) {
            // What is on its way already belongs to this follow: the next connection begins anew, and says so.
            effects.push(Effect::Close);
            return Ok(());
        }
        // A kit that was sent to a practice which does not have it: the ledger that it verified knows nothing of it.
        if counts.is_some() && self.identity.member.is_none() {
            return Err(DeviceError::KitUnknown);
        }
        if let Some(signed) = counts {
            let roster = &self.practice_state()?.roster;
            let (ledger, key) = (roster.ledger_at(checkpoint.size), roster.key_at(checkpoint.size));
            let expected = CheckpointRef {
                size: checkpoint.size,
                root: checkpoint.root,
            };
            let holds = signed.verify(&ledger, &key).is_ok_and(|counts| {
                counts.nonce == nonce && counts.beat == beat && counts.checkpoint == expected
            });
            // Until what was shared later is here from its beginning, there is nothing to count against.
            let wanting = self.fetching.is_wanting();
            if !holds || (!wanting && signed.counts.digest != self.counted()?) {
                let what = "the relay's signed counts are not those of the entries that it showed: it withholds some";
                return self.accuse(rng, Dishonest::new(what), effects);
            }
            self.gossip.beat();
            if !wanting && self.connection.promised.is_some() {
                let what =
                    "the relay's ledger is shorter than the one that it signed when this device logged in";
                return self.accuse(rng, Dishonest::new(what), effects);
            }
            if !wanting {
                self.keep_counted(rng, signed)?;
            }
            self.connection.step = Step::Following {
                nonce,
                beat: beat + 1,
                live: live || !wanting,
                total,
            };
            self.connection.counted = now;
            if wanting {
                self.fetch_next(effects);
            } else {
                self.try_again();
                if !live {
                    self.caught_up(rng, effects)?;
                }
            }
            if !wanting && self.lacks_payloads()? {
                self.ask_for_payloads(now, effects);
            }
        } else if !live {
            if self.frontier.size() < total {
                self.connection.counted = now;
            }
            effects.push(Effect::Report(Report::Progress {
                done: self.frontier.size(),
                total,
            }));
        }
        if self.is_live() {
            self.fetch_next(effects);
        }
        self.link_progress(rng, &taken.added, effects)?;
        effects.extend(self.pump(now, rng)?);
        Ok(())
    }

    /// Entries came without what they hold. That proves nothing, so it is asked for once more: records from their beginning,
    /// the roster's keys with the whole ledger. What still does not come is told to the person, and asked for again later.
    fn ask_for_payloads(&mut self, now: u64, effects: &mut Vec<Effect>) {
        match self.connection.asked_again {
            Some((at, told)) if now < at.saturating_add(ASK_AGAIN_MS) => {
                if !told && !self.fetching.is_wanting() {
                    self.connection.asked_again = Some((at, true));
                    let entries = self.missing.len();
                    effects.push(Effect::Report(Report::Withheld { entries }));
                }
            }
            _ => {
                self.connection.asked_again = Some((now, false));
                for (stream, _) in &self.missing {
                    match stream {
                        Stream::Document(id) => self.fetching.want(*id),
                        _ => self.refold = true,
                    }
                }
                if self.refold {
                    effects.push(Effect::Close);
                } else {
                    self.fetch_next(effects);
                }
            }
        }
    }

    /// Remembers what the relay signed for: an entry that it withheld shows by it.
    fn keep_counted(&mut self, rng: &mut impl CryptoRng, signed: SignedCounts) -> Result<(), DeviceError> {
        let size = |row: &CountedRow| row.signed.counts.checkpoint.size;
        if self.counted.as_ref().map(size) == Some(signed.counts.checkpoint.size) {
            return Ok(());
        }
        let member = self.identity.member.ok_or(DeviceError::NoPractice)?;
        let counts = entitled(self.practice_state()?, &member);
        let row = CountedRow { signed, counts };
        let write = self.rows.put(rng, COUNTED, &[], &row);
        self.rows.commit(vec![write])?;
        self.counted = Some(row);
        Ok(())
    }

    fn caught_up(&mut self, rng: &mut impl CryptoRng, effects: &mut Vec<Effect>) -> Result<(), DeviceError> {
        effects.push(Effect::Report(Report::CaughtUp));
        let offered = self.offered_ledger_key().map(Report::KeyOffered);
        effects.extend(offered.map(Effect::Report));
        self.send_resumption(effects)?;
        if !self.is_putting_back() {
            self.introduce(rng)?;
            self.tend(rng, self.connection.heard)?;
        }
        self.renew_pledges(rng, effects)?;
        let all: Vec<_> = self.documents.keys().copied().collect();
        self.look_for_snapshots(all.into_iter());
        self.approve_opened(effects);
        Ok(())
    }
}
