//! Every commit × {lost, persisted but reported as failed}: nothing acknowledged is lost, the ledger verifies, and no two
//! roots are signed for one size ([`World`] checks that of every checkpoint it ever sees).

use std::sync::Arc;

use troth_protocol::ids::{PracticeId, VerifyingKey};
use troth_protocol::rule::Rule;
use troth_protocol::wire::{Append, ClientMessage, Found, Hello, Receipt, RelayMessage, Upload};
use troth_server::audit;
use troth_server::core::RETRY_FAILED_MS;
use troth_server::store::Store;

use super::memory::{Fate, Memory};
use super::people::{Device, document, member};
use super::reader::Reader;
use super::world::{ORIGIN, World, ledger_key};

/// The story that is crashed at each of its writes.
struct Story {
    world: World,
    admin: Device,
    practice: Option<PracticeId>,
    acknowledged: Vec<(Upload, Receipt)>,
    crashed: usize,
}

impl Story {
    /// Tries until it works, as a client does that never learned what became of its request; after a failure the relay may
    /// be killed and started again.
    fn insist(&mut self, restart: bool, make: impl Fn(&Self) -> Vec<Upload>) {
        let uploads = make(self);
        for _ in 0..3 {
            let id = self.login(restart);
            self.world.send(
                id,
                ClientMessage::Append(Append {
                    request: 1,
                    uploads: uploads.clone(),
                }),
            );
            match self.world.receive(id) {
                Some(RelayMessage::Appended(appended)) => {
                    self.acknowledged
                        .extend(uploads.into_iter().zip(appended.receipts));
                    return;
                }
                Some(RelayMessage::Refused(refused)) => {
                    assert_eq!(refused.rule(), Rule::Unavailable);
                    self.crash(restart);
                }
                other => panic!("{other:?}"),
            }
        }
        panic!("it never works");
    }

    fn crash(&mut self, restart: bool) {
        self.crashed += 1;
        if restart {
            self.world.restart();
        }
        self.world.pass(RETRY_FAILED_MS);
    }

    fn login(&mut self, restart: bool) -> u64 {
        let practice = self.practice.unwrap();
        for _ in 0..3 {
            let id = self.world.connect();
            let hello = Hello {
                practice,
                device: self.admin.id(),
                nonce: super::world::NONCE,
                size: 0,
            };
            let transcript = self.world.hello(id, practice, &self.admin, hello.size);
            let session = self.admin.session(self.world.state(&practice), transcript);
            self.world.send(id, ClientMessage::Session(session));
            if let Some(RelayMessage::Welcome(_)) = self.world.receive(id) {
                return id;
            }
            self.crash(restart);
        }
        panic!("it never lets anyone in");
    }

    fn found(&mut self, restart: bool) {
        let (practice, genesis) = self.admin.genesis(ORIGIN, ledger_key(), 1);
        for _ in 0..3 {
            let id = self.world.connect();
            self.world.send(
                id,
                ClientMessage::Found(Found {
                    genesis: genesis.clone(),
                }),
            );
            match self.world.receive(id) {
                Some(RelayMessage::Appended(appended)) => {
                    self.acknowledged.push((genesis, appended.receipts[0]));
                    self.practice = Some(practice);
                    return;
                }
                Some(RelayMessage::Refused(_)) => self.crash(restart),
                other => panic!("{other:?}"),
            }
        }
        panic!("it is never founded");
    }

    fn tell(&mut self, restart: bool) {
        self.found(restart);
        self.insist(restart, |s| vec![s.admin.create(s.state(), document(1), &[])]);
        self.insist(restart, |s| s.admin.edits(s.state(), document(1), 3, b"first"));
        self.insist(restart, |s| {
            vec![s.admin.add_device(s.state(), &Device::new(2, member(1)))]
        });
        self.insist(restart, |s| {
            s.admin.edits(s.state(), document(1), 255, b"enough for a tile")
        });
        self.insist(restart, |s| vec![s.admin.turn(s.state(), document(1))]);
        self.insist(restart, |s| {
            s.admin.edits(s.state(), document(1), 2, b"after the turn")
        });
        self.insist(restart, |s| vec![s.admin.erase(s.state(), document(1))]);
    }

    fn state(&self) -> &troth_protocol::state::State {
        self.world.state(&self.practice.unwrap())
    }
}

fn story(store: &Arc<Memory>) -> Story {
    let world = World::on(store.clone());
    Story {
        world,
        admin: Device::new(1, member(1)),
        practice: None,
        acknowledged: Vec::new(),
        crashed: 0,
    }
}

/// Everything that was acknowledged stands where it was said to stand, and everything verifies.
fn holds(store: &Arc<Memory>, story: &mut Story) {
    let practice = story.practice.unwrap();
    story.world.restart();
    for (upload, receipt) in &story.acknowledged {
        let rows = store.entries_at(&practice, &[receipt.position], 1).unwrap();
        let leaf: troth_protocol::entry::Leaf = troth_protocol::cbor::decode(&rows[0].leaf).unwrap();
        assert_eq!(leaf.signed, upload.signed, "entry {}", receipt.position);
        assert_eq!(
            (leaf.received, leaf.stream_seq),
            (receipt.received, receipt.stream_seq)
        );
    }
    let of: Arc<dyn Store> = store.clone();
    let key: VerifyingKey = ledger_key();
    let report = audit::verify(&of, &[key], &mut |_| {}).unwrap();
    assert!(report.ok, "{report:?}");
    let id = story.world.login(practice, &story.admin);
    story.world.follow(id, 0);
    let mut reader = Reader::new(practice, story.admin.member);
    reader.take_all(story.world.items(id));
}

fn matrix(restart: bool) {
    let store = Arc::new(Memory::default());
    story(&store).tell(restart);
    let writes = store.commits();
    assert_eq!(writes, 9, "a login, genesis, and seven requests");
    for number in 0..writes {
        for fate in [Fate::Lost, Fate::Unsure] {
            let store = Arc::new(Memory::default());
            store.doom(number, fate);
            let mut story = story(&store);
            story.tell(restart);
            assert_eq!(story.crashed, 1, "commit {number} {fate:?}");
            holds(&store, &mut story);
        }
    }
}

#[test]
fn at_every_write_the_relay_goes_on_after_a_failure() {
    matrix(false);
}

#[test]
fn at_every_write_the_relay_is_started_again_after_a_failure() {
    matrix(true);
}

#[test]
fn a_follower_hears_of_a_write_that_was_reported_as_failed_and_is_there() {
    let store = Arc::new(Memory::default());
    let mut world = World::on(store.clone());
    let admin = Device::new(1, member(1));
    let practice = world.found(&admin, 1);
    let id = world.login(practice, &admin);
    world.append(id, vec![admin.create(world.state(&practice), document(1), &[])]);
    let follower = world.login(practice, &admin);
    world.follow(follower, 0);
    let mut reader = Reader::new(practice, admin.member);
    reader.take_all(world.items(follower));

    store.doom(store.commits(), Fate::Unsure);
    let edit = admin.edit(world.state(&practice), document(1), b"sealed");
    assert_eq!(
        world.append_refused(id, vec![edit.clone()]).rule(),
        Rule::Unavailable
    );
    reader.take_all(world.items(follower));
    world.pass(RETRY_FAILED_MS);
    world.append(id, vec![edit]);
    let next = admin.edit(world.state(&practice), document(1), b"sealed too");
    world.append(id, vec![next]);
    reader.take_all(world.items(follower));
    assert_eq!(
        reader.positions(),
        (0..world.size(&practice)).collect::<Vec<_>>(),
        "every entry, none as a root"
    );
}

#[test]
fn a_failed_write_takes_all_practices_of_its_round_back() {
    let store = Arc::new(Memory::default());
    let mut world = World::on(store.clone());
    let (one, two) = (Device::new(1, member(1)), Device::new(2, member(2)));
    let (first, second) = (world.found(&one, 1), world.found(&two, 2));
    let (a, b) = (world.login(first, &one), world.login(second, &two));
    let uploads = [
        one.create(world.state(&first), document(1), &[]),
        two.create(world.state(&second), document(1), &[]),
    ];
    store.doom(store.commits(), Fate::Lost);
    let append = |upload: &Upload| {
        ClientMessage::Append(Append {
            request: 1,
            uploads: vec![upload.clone()],
        })
    };
    world.round(vec![(a, append(&uploads[0])), (b, append(&uploads[1]))]);
    for id in [a, b] {
        assert_eq!(world.refused(id).rule(), Rule::Unavailable);
    }
    assert!(world.state(&first).documents.is_empty() && world.state(&second).documents.is_empty());
    world.pass(RETRY_FAILED_MS);
    world.round(vec![(a, append(&uploads[0])), (b, append(&uploads[1]))]);
    assert_eq!(
        world.appended(a).receipts.len() + world.appended(b).receipts.len(),
        2
    );
}
