//! A script of several connections against the relay's whole message handler. Some are nobody's, some are logged in with
//! valid keys; what they say is valid, spoilt after it was signed, or spoilt before and signed all the same.
//!
//! Whatever they do: nothing panics, every answer is a message of bounded length, a request is answered in bounded bytes,
//! and what is on the disk afterwards verifies from genesis and loads as the same state.

mod said;

use troth_protocol::document::Document;
use troth_protocol::entry::Signed;
use troth_protocol::ids::{DocumentId, Hash, Nonce, VerifyingKey};
use troth_protocol::labels;
use troth_protocol::statement::{self, Body, Change, Erasure, PayloadRef, Seen, Session, Statement};
use troth_protocol::wire::{
    self, Append, Challenge, ClientMessage, Fetch, Follow, Hello, Put, RelayMessage, Take, Transcript, Upload,
};
use troth_protocol::{cbor, limits};
use troth_server::audit;
use troth_server::core::Core;

use super::relay_side::{LEDGER_KEY, RelaySide, settings};
use super::scene::{Scene, scene};
use super::script::Script;
use super::seeds;
use crate::wire_client::Device;

/// Connections that a script plays.
const CONNECTIONS: usize = 4;
/// Steps of a script at most.
const STEPS: usize = 64;

/// One connection, as the script knows it.
#[derive(Clone, Copy, Default)]
struct End {
    hello: Option<Hello>,
    person: usize,
}

struct Play<'a> {
    scene: &'static Scene,
    script: Script<'a>,
    relay: RelaySide,
    ends: [End; CONNECTIONS],
    /// How many sent frames were looked at.
    seen: usize,
    bytes: usize,
}

/// Plays the script.
pub fn relay(data: &[u8]) {
    grown(data);
}

/// Plays the script; how many entries the practice's ledger has gained by it.
pub fn grown(data: &[u8]) -> u64 {
    let scene = scene();
    let mut play = Play {
        scene,
        script: Script::new(data),
        relay: RelaySide::open(scene.store.copy(), scene.now),
        ends: [End::default(); CONNECTIONS],
        seen: 0,
        bytes: 0,
    };
    for _ in 0..STEPS {
        if play.script.is_over() {
            break;
        }
        play.step();
    }
    play.relay.turn();
    play.look();
    play.verify();
    play.relay.core.practices()[&scene.practice].tree.size() + 1 - scene.roots.len() as u64
}

impl Play<'_> {
    fn step(&mut self) {
        let at = self.script.below(CONNECTIONS);
        let id = at as u64 + 1;
        match self.script.below(16) {
            0 => {
                let frame = self.script.bytes().to_vec();
                self.relay.say(id, &frame);
            }
            1 | 2 => self.log_in(at),
            3 => {
                let samples = seeds::client_frames();
                let mut frame = samples[self.script.below(samples.len())].clone();
                if self.script.below(2) == 1 {
                    self.script.spoil(&mut frame);
                }
                self.relay.say(id, &frame);
            }
            4 | 5 => self.append(at, Self::edit),
            6 => self.append(at, Self::roster),
            7 => self.append(at, Self::control),
            8 => self.append(at, Self::other),
            9 => self.append(at, Self::sample),
            10 => {
                let follow = Follow {
                    nonce: Nonce([self.script.byte(); 32]),
                    size: self.script.number(),
                    through: (self.script.below(2) == 1).then(|| self.script.number()),
                };
                self.send(id, &ClientMessage::Follow(follow));
            }
            11 => {
                let count = self.script.below(4);
                let documents = (0..count).map(|_| self.document()).collect();
                let (request, size) = (self.script.number(), self.script.number());
                let through = (self.script.below(2) == 1).then(|| self.script.number());
                self.send(
                    id,
                    &ClientMessage::Fetch(Fetch {
                        request,
                        documents,
                        size,
                        through,
                    }),
                );
            }
            12 => {
                let (mailbox, slot) = (DocumentId([self.script.byte() % 3; 16]), self.script.byte() % 6);
                let message = if self.script.below(2) == 1 {
                    ClientMessage::Take(Take { mailbox, slot })
                } else {
                    let value = self.script.bytes().to_vec();
                    ClientMessage::Put(Put { mailbox, slot, value })
                };
                self.send(id, &message);
            }
            13 => {
                let by = self.script.number();
                self.relay.now = match self.script.below(3) {
                    0 => self.relay.now.saturating_add(by),
                    1 => self.relay.now.saturating_sub(by),
                    _ => self.relay.now + limits::BEAT_MS,
                };
                self.relay.tick();
            }
            14 => {
                self.relay.close(id);
                self.ends[at] = End::default();
            }
            _ => {
                self.relay.turn();
                if self.script.below(4) == 0 {
                    self.relay.restart();
                    self.ends = [End::default(); CONNECTIONS];
                }
            }
        }
        // What several say at once is taken in one round.
        if self.script.below(3) > 0 {
            self.relay.turn();
            self.look();
        }
    }

    /// Every answer is a message, and no longer than one may be.
    fn look(&mut self) {
        for (_, frame) in &self.relay.sent[self.seen..] {
            assert!(frame.len() <= limits::FRAME, "an answer of {} bytes", frame.len());
            assert!(wire::message::<RelayMessage>(frame).is_ok());
            self.bytes += frame.len();
        }
        self.seen = self.relay.sent.len();
        let ledger: usize = self
            .relay
            .store
            .practices()
            .expect("a store")
            .iter()
            .map(|(id, head)| {
                let rows = self
                    .relay
                    .store
                    .entries(id, 0, head.size, usize::MAX)
                    .expect("rows");
                rows.iter()
                    .map(troth_server::store::EntryRow::bytes)
                    .sum::<usize>()
            })
            .sum();
        let bound = STEPS * CONNECTIONS * (ledger + 64 * 1024);
        assert!(self.bytes <= bound, "{} bytes of answers", self.bytes);
    }

    fn verify(&self) {
        let key = ed25519_dalek::SigningKey::from_bytes(&LEDGER_KEY).verifying_key();
        let key = VerifyingKey(key.to_bytes());
        let report = audit::verify(&self.relay.store, &[key], &mut |_| {}).expect("a store");
        assert!(report.ok, "{report:?}");
        let again = Core::open(settings(), self.relay.store.clone()).expect("it opens again");
        for (id, practice) in self.relay.core.practices() {
            let loaded = &again.practices()[id];
            assert_eq!(loaded.tree.root(), practice.tree.root());
            assert_eq!(loaded.state, practice.state, "replayed, it is the same state");
        }
    }

    fn send(&mut self, id: u64, message: &ClientMessage) {
        self.relay.say(id, &wire::frame(message));
    }

    fn log_in(&mut self, at: usize) {
        let id = at as u64 + 1;
        let person = self.script.below(self.scene.people.len());
        let keys = &self.scene.people[person];
        if self.ends[at].hello.is_none() {
            let hello = Hello {
                practice: self.scene.practice,
                device: keys.id(),
                nonce: Nonce([at as u8; 32]),
                size: self.script.number(),
            };
            self.ends[at] = End {
                hello: Some(hello),
                person,
            };
            self.send(id, &ClientMessage::Hello(hello));
            self.relay.turn();
        }
        let End {
            hello: Some(hello),
            person,
        } = self.ends[at]
        else {
            return;
        };
        let Some(challenge) = self.challenge(id) else {
            return;
        };
        let transcript = Transcript::new(hello, challenge.nonce, challenge.origin, challenge.checkpoint);
        let body = Body::Session(Session {
            transcript: transcript.hash(),
        });
        let statement = self.statement(person, body, None, &[]);
        let signed = self.signed(&self.scene.people[person], &statement);
        self.send(id, &ClientMessage::Session(signed));
    }

    fn challenge(&self, id: u64) -> Option<Challenge> {
        self.relay
            .sent
            .iter()
            .rev()
            .filter(|(to, _)| *to == id)
            .find_map(|(_, frame)| match wire::message::<RelayMessage>(frame) {
                Ok(RelayMessage::Challenge(challenge)) => Some(challenge),
                _ => None,
            })
    }

    /// Appends one or a few statements; the script may spoil each before it is signed, or after.
    fn append(&mut self, at: usize, say: impl Fn(&mut Self, usize) -> Option<(Body, Vec<u8>)>) {
        let person = self.ends[at].person;
        let mut uploads = Vec::new();
        for _ in 0..=self.script.below(5) / 4 {
            let Some((body, payload)) = say(self, person) else {
                continue;
            };
            let control = match &body {
                Body::Change(Change { document, .. })
                | Body::Document(statement::Document { document, .. })
                | Body::Erasure(Erasure { document, .. }) => {
                    self.state().documents.get(document).map(Document::head)
                }
                _ => None,
            };
            let statement = self.statement(person, body, control, &payload);
            let keys = &self.scene.people[person];
            let mut upload = Upload {
                signed: self.signed(keys, &statement),
                payload,
            };
            match self.script.below(6) {
                0 => self.script.spoil(&mut upload.signed.statement),
                1 => self.script.spoil(&mut upload.payload),
                _ => {}
            }
            uploads.push(upload);
        }
        let request = self.script.number();
        self.send(at as u64 + 1, &ClientMessage::Append(Append { request, uploads }));
    }

    fn state(&self) -> &troth_protocol::state::State {
        &self.relay.core.practices()[&self.scene.practice].state
    }

    fn statement(&self, person: usize, body: Body, control: Option<Hash>, payload: &[u8]) -> Statement {
        let roster = self.state().roster.head();
        Statement {
            signer: self.scene.people[person].id(),
            seen: Some(Seen { roster, control }),
            payload: PayloadRef::of(payload),
            body,
        }
    }

    /// Signed as a member would, who may spoil it first: the signature holds, whatever it says.
    fn signed(&mut self, keys: &Device, statement: &Statement) -> Signed {
        if self.script.below(6) != 0 {
            return keys.sign(&self.scene.practice, statement).0;
        }
        let mut bytes = cbor::encode(statement);
        self.script.spoil(&mut bytes);
        let signature = keys.sign_bytes(labels::STATEMENT, &self.scene.practice, &bytes);
        Signed {
            statement: bytes,
            signature,
        }
    }
}
