//! What the relay sends of the ledger, taken in; and what follows from it.

use rand_core::CryptoRng;
use troth_protocol::rule::Rule;
use troth_protocol::statement::CheckpointRef;
use troth_protocol::wire::Items;

use super::Step;
use crate::device::ledger::{Dishonest, Failure};
use crate::device::rows::Stopped;
use crate::device::{Device, DeviceError, Effect, Report};
use crate::storage::Storage;

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
            Err(Failure::Relay(what)) => {
                self.dishonest(what, bytes, effects);
                return self.forget();
            }
        };
        self.find_member(rng)?;
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
        // Before it is caught up, this member's own beginning may be yet to come.
        if taken.roster && live {
            self.tend(rng, now)?;
        }
        if self.refold && (counts.is_some() || live) {
            // What is on its way already belongs to this follow: the next connection begins anew, and says so.
            effects.push(Effect::Close);
            return Ok(());
        }
        if let Some(signed) = counts {
            let practice = self.identity.practice.ok_or(DeviceError::NoPractice)?;
            let key = self.ledger_key().ok_or(DeviceError::NoPractice)?;
            let expected = CheckpointRef {
                size: checkpoint.size,
                root: checkpoint.root,
            };
            let holds = signed.verify(&practice, &key).is_ok_and(|counts| {
                counts.nonce == nonce && counts.beat == beat && counts.checkpoint == expected
            });
            // Until what was shared later is here from its beginning, there is nothing to count against.
            let wanting = self.fetching.is_wanting();
            if !holds || (!wanting && signed.counts.digest != self.counted()?) {
                let what = "the relay's signed counts are not those of the entries that it showed: it withholds some";
                self.dishonest(Dishonest(what.to_owned()), bytes, effects);
                return Ok(());
            }
            if !wanting && self.lacks_payloads()? {
                let what = "the relay withholds the content of entries that it showed".to_owned();
                self.dishonest(Dishonest(what), bytes, effects);
                return Ok(());
            }
            self.connection.step = Step::Following {
                nonce,
                beat: beat + 1,
                live: live || !wanting,
                total,
            };
            if wanting {
                self.fetch_next(effects);
            } else {
                self.connection.counted = now;
                self.try_again();
                if !live {
                    self.caught_up(rng, effects)?;
                }
            }
        } else if !live {
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

    fn caught_up(&mut self, rng: &mut impl CryptoRng, effects: &mut Vec<Effect>) -> Result<(), DeviceError> {
        effects.push(Effect::Report(Report::CaughtUp));
        self.introduce(rng)?;
        self.tend(rng, self.connection.heard)?;
        self.approve_opened(effects);
        Ok(())
    }
}
