//! Hello, challenge, session: who is calling, proven by both sides over one transcript.

use rand_core::CryptoRng;
use tracing::error;
use troth_protocol::checkpoint::CompactCheckpoint;
use troth_protocol::entry::Verified;
use troth_protocol::ids::{DeviceId, Nonce, PracticeId};
use troth_protocol::limits;
use troth_protocol::rule::Rule;
use troth_protocol::statement::Body;
use troth_protocol::wire::{Held, Hello, RelayMessage, Transcript, Welcome};

use super::append::Round;
use super::{Connection, ConnectionId, Core, Live};
use crate::practice::{Practice, StoredTiles, sign};
use crate::quota::TooMuch;
use crate::reading::{ReadError, frontier_at};
use crate::verify::CheckedUpload;

impl Core {
    pub(super) fn hello(&mut self, rng: &mut impl CryptoRng, id: ConnectionId, hello: Hello) {
        if self.connections.contains_key(&id) {
            return self.close(id, Rule::OutOfOrder);
        }
        let Some(practice) = self.practices.get(&hello.practice) else {
            return self.close(id, Rule::UnknownPractice);
        };
        if practice.tree.size() == 0 {
            // Its genesis waits for this very round's write: nothing is signed yet.
            return self.close(id, Rule::Unavailable);
        }
        let mut nonce = Nonce::default();
        rng.fill_bytes(&mut nonce.0);
        let origin = practice.state.roster.origin().to_owned();
        // A device that is behind a turn of the key knows the key before it: that one answers, for the last tree that it signs. One
        // that has verified nothing yet can know any.
        let (by, checkpoint) = match hello.size {
            0 => (practice.keys.present(), Ok(practice.checkpoint)),
            size => (practice.keys.at(size), self.promise(practice, size)),
        };
        let checkpoint = match checkpoint {
            Ok(checkpoint) => checkpoint,
            Err(error) => {
                error!(%error, practice = %hello.practice, "an earlier tree could not be read");
                return self.close(id, Rule::Unavailable);
            }
        };
        let ledger = practice.roster.ledger_at(checkpoint.size);
        let transcript = Transcript::new(hello, nonce, origin, checkpoint);
        let mut challenge = transcript.challenge(by);
        challenge.ledger = (ledger != hello.practice).then_some(ledger);
        self.connections.insert(
            id,
            Connection::Challenged {
                hello,
                transcript: transcript.hash(),
            },
        );
        self.send(id, &RelayMessage::Challenge(challenge));
    }

    /// The newest checkpoint that whoever has verified `size` entries knows the key of.
    fn promise(&self, practice: &Practice, size: u64) -> Result<CompactCheckpoint, ReadError> {
        let Some(last) = practice.roster.turned_after(size) else {
            return Ok(practice.checkpoint);
        };
        let mut tiles = StoredTiles::new(&self.store, *practice.id());
        let root = frontier_at(&practice.tree, last, &mut tiles)?.root();
        Ok(sign(&practice.state, last, root, &practice.keys))
    }

    /// A login is for this connection's own transcript (R50), by the device that said hello, which is active. It goes into
    /// the ledger if the device's last one there is twelve hours old.
    pub(super) fn session(&mut self, id: ConnectionId, statement: Verified, round: &mut Round) {
        let Some(Connection::Challenged { hello, transcript }) = self.connections.get(&id) else {
            return self.close(id, Rule::OutOfOrder);
        };
        let (hello, transcript) = (*hello, *transcript);
        let signed_this =
            matches!(&statement.statement().body, Body::Session(s) if s.transcript == transcript);
        if !signed_this || statement.statement().signer != hello.device {
            return self.close(id, Rule::Transcript);
        }
        let Some(practice) = self.practices.get(&hello.practice) else {
            return self.close(id, Rule::UnknownPractice);
        };
        let member = match practice.state.roster.active(&hello.device, u64::MAX) {
            Ok(device) => device.member,
            Err(rule) => return self.close(id, rule),
        };
        // R66: while a ledger waits to be resumed, and gets back what it lost, admins alone come in.
        if practice.hold.is_some() && !practice.is_admin(&member) {
            return self.close(id, Rule::Behind);
        }
        match self.accounts.enter(self.now, hello.practice, hello.device, id) {
            Ok(None) => {}
            Ok(Some(oldest)) => self.close(oldest, Rule::Quota),
            Err(TooMuch) => return self.close(id, Rule::Quota),
        }
        if let Err(rule) = self.show_resumptions(id, &hello) {
            return self.close(id, rule);
        }
        let held = self.practices.get(&hello.practice).and_then(|p| p.hold);
        if let Some(hold) = held {
            let waits = self
                .practices
                .get(&hello.practice)
                .is_some_and(Practice::is_behind);
            let abandoned = hold.abandoned;
            self.send(id, &RelayMessage::Held(Held { waits, abandoned }));
        }
        let due = held.is_none() && self.login_due(&hello.practice, &hello.device);
        let live = Live {
            practice: hello.practice,
            device: hello.device,
            member,
            follow: None,
            fetches: 0,
            beyond: 0,
        };
        self.connections.insert(id, Connection::Live(live));
        match self.resting() {
            _ if !due => self.welcome(id),
            // A full disk must not keep readers out.
            Some(Rule::DiskFull) => self.welcome(id),
            Some(rule) => self.close(id, rule),
            None => round.logins.push((
                id,
                hello.practice,
                CheckedUpload {
                    statement,
                    payload: Vec::new(),
                },
            )),
        }
    }

    /// Whether a device's next login goes into the ledger.
    pub(super) fn login_due(&self, practice: &PracticeId, device: &DeviceId) -> bool {
        let last = self
            .practices
            .get(practice)
            .and_then(|p| p.state.logins.get(device));
        last.is_none_or(|at| self.now >= at.saturating_add(limits::SESSION_LOGGED_MS))
    }

    pub(super) fn welcome(&mut self, id: ConnectionId) {
        let now = self.now;
        self.send(id, &RelayMessage::Welcome(Welcome { now }));
        self.show_witnessed(id);
        self.offer_key(id);
    }
}
