//! Resumptions: where a ledger went on after its relay had lost its end.
//!
//! ```text
//! base       ... 89 | 90 91 ... 99          signed under relay/practice; what came from 90 on is lost at the relay
//! resumed    ... 89 | R  90 91 ... 99 ...   from R on signed under relay/practice/<what R calls it>
//! ```
//!
//! A resumption gives the ledger another name to sign under, so what was signed of the lost end and what is signed of the new
//! one are statements about two ledgers, which have their beginning in common. Nobody can put the one beside the other and
//! leave out why they differ: the name under which the one is signed is derived from the resumption, which has to be shown for
//! the signature to hold.
//!
//! It names the chain's head and does not move it: what the relay lost of the practice chain goes on from that same head, and
//! comes back as it was signed.

use minicbor::{Decode, Encode};

use super::Roster;
use crate::checkpoint::{CompactCheckpoint, ledger_origin, resumed_origin};
use crate::entry::Parsed;
use crate::ids::{DeviceId, Hash, PracticeId, VerifyingKey};
use crate::labels;
use crate::rule::Rule;
use crate::statement::{CheckpointRef, Role};

/// An admin's word that the relay came back from an older backup.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Resumption {
    /// Where its statement stands.
    #[n(0)]
    pub position: u64,
    /// What the ledger is called from here on.
    #[n(1)]
    pub ledger: PracticeId,
    /// The admin's device.
    #[n(2)]
    pub by: DeviceId,
    /// The newest that was known to be lost.
    #[n(3)]
    pub abandoned: CheckpointRef,
    /// What the relay still had.
    #[n(4)]
    pub resumed: CheckpointRef,
}

impl Resumption {
    /// What a ledger is called from a resumption on: by where and when it stands, and by its statement, which names the root of
    /// all that is before it. So no two histories have one name.
    pub fn name(position: u64, received: u64, statement: &Hash) -> PracticeId {
        let (position, received) = (position.to_be_bytes(), received.to_be_bytes());
        PracticeId(Hash::of(&[labels::RESUMED, &position, &received, statement.as_bytes()]).0)
    }
}

/// A stretch of a practice's history in which its ledger had one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Era {
    /// What the ledger was called: the practice, or what a resumption calls it.
    pub ledger: PracticeId,
    /// The size up to which what was signed then is of the ledger as it is now; beyond it, it was abandoned. `u64::MAX` for the
    /// present era.
    pub until: u64,
}

impl Era {
    /// The size up to which two eras have one history.
    pub fn shared(&self, other: &Self) -> u64 {
        if self.ledger == other.ledger {
            u64::MAX
        } else {
            self.until.min(other.until)
        }
    }
}

impl Roster {
    /// Every resumption, the oldest first.
    pub fn resumptions(&self) -> &[Resumption] {
        self.resumptions.as_deref().unwrap_or_default()
    }

    /// What the ledger is called in signatures on a size.
    pub fn ledger_at(&self, size: u64) -> PracticeId {
        let since = self.resumptions().iter().rev().find(|r| r.position < size);
        since.map_or(self.practice, |r| r.ledger)
    }

    /// The name that a checkpoint of a size is signed under.
    pub fn origin_at(&self, size: u64) -> String {
        self.origin_of(&self.ledger_at(size))
    }

    /// The name that checkpoints of a ledger of this practice are signed under.
    pub fn origin_of(&self, ledger: &PracticeId) -> String {
        if *ledger == self.practice {
            ledger_origin(&self.origin, &self.practice)
        } else {
            resumed_origin(&self.origin, &self.practice, ledger)
        }
    }

    /// The eras of the ledger, the present one first.
    pub fn eras(&self) -> impl Iterator<Item = Era> {
        let names = self.resumptions().iter().rev().map(|r| r.ledger);
        let untils = self.resumptions().iter().rev().map(|r| r.position);
        let names = names.chain([self.practice]);
        let untils = [u64::MAX].into_iter().chain(untils);
        names.zip(untils).map(|(ledger, until)| Era { ledger, until })
    }

    /// The keys that may have signed a size in an era, the newest first. What turned a key after the era ended did not turn it
    /// for what was abandoned: the key from then on signs what the eras share, and nothing beyond.
    pub fn keys_in(&self, era: &Era, size: u64) -> impl Iterator<Item = VerifyingKey> {
        let (mut turned, until) = (None, era.until);
        let keys = self.ledger_keys.iter().rev();
        keys.filter_map(move |(from, key)| {
            if *from != 0 && *from >= until {
                return (size <= until).then_some(*key);
            }
            let next = turned.replace(*from);
            next.is_none_or(|at| size <= at).then_some(*key)
        })
    }

    /// Who signed a checkpoint, and in which era; `None` where no ledger key did that may have.
    pub fn signed(&self, checkpoint: &CompactCheckpoint) -> Option<(Era, VerifyingKey)> {
        self.eras().find_map(|era| {
            let origin = self.origin_of(&era.ledger);
            let mut keys = self.keys_in(&era, checkpoint.size);
            let key = keys.find(|key| checkpoint.verify(&origin, key).is_ok());
            key.map(|key| (era, key))
        })
    }

    /// R13, R35: by an admin, at the very size that it names, giving up no less than that. The root that it names is for whoever
    /// has the tree to compare.
    pub(super) fn may_resume(
        &self,
        position: u64,
        by: DeviceId,
        abandoned: &CheckpointRef,
        resumed: &CheckpointRef,
    ) -> Result<(), Rule> {
        let member = self.active(&by, position)?.member;
        if self.role(&member, position) != Some(Role::Admin) {
            return Err(Rule::NotPermitted);
        }
        let nothing_lost = abandoned == resumed;
        if resumed.size != position || (abandoned.size <= position && !nothing_lost) {
            return Err(Rule::Resumption);
        }
        Ok(())
    }

    /// The roster after a resumption that may be.
    pub(super) fn resume(
        &self,
        position: u64,
        received: u64,
        parsed: &Parsed,
        abandoned: &CheckpointRef,
        resumed: &CheckpointRef,
    ) -> Self {
        let by = parsed.statement().signer;
        let mut next = self.clone();
        next.resumptions.get_or_insert_default().push(Resumption {
            position,
            ledger: Resumption::name(position, received, &parsed.hash()),
            by,
            abandoned: *abandoned,
            resumed: *resumed,
        });
        next
    }
}
