//! What gets into a ledger, what does not, and what happens when it comes twice.

use troth_protocol::cbor;
use troth_protocol::ids::{Hash, PracticeId};
use troth_protocol::rule::Rule;
use troth_protocol::statement::Body;
use troth_protocol::wire::{Append, ClientMessage, Found, RelayMessage, Upload};

use super::people::{Device, document, member};
use super::world::{ORIGIN, World, ledger_key};

pub(super) struct Scene {
    pub(super) world: World,
    pub(super) admin: Device,
    pub(super) practice: PracticeId,
    pub(super) id: u64,
}

/// An admin who is logged in, and a document.
pub(super) fn scene() -> Scene {
    let mut world = World::new();
    let admin = Device::new(1, member(1));
    let practice = world.found(&admin, 1);
    let id = world.login(practice, &admin);
    world.append(id, vec![admin.create(world.state(&practice), document(1), &[])]);
    Scene {
        world,
        admin,
        practice,
        id,
    }
}

impl Scene {
    pub(super) fn edit(&self, text: &[u8]) -> Upload {
        self.admin
            .edit(self.world.state(&self.practice), document(1), text)
    }

    pub(super) fn edits(&self, count: usize) -> Vec<Upload> {
        self.admin
            .edits(self.world.state(&self.practice), document(1), count, b"sealed")
    }

    /// A statement of this device with any body, well formed but for what the body says.
    pub(super) fn any(&self, body: Body, payload: &[u8]) -> Upload {
        let state = self.world.state(&self.practice);
        let head = state.documents[&document(1)].head();
        let seen = Some(troth_protocol::statement::Seen {
            roster: state.roster.head(),
            control: Some(head),
        });
        self.admin.upload(&self.practice, seen, body, payload.to_vec())
    }

    pub(super) fn size(&self) -> u64 {
        self.world.size(&self.practice)
    }
}

#[test]
fn an_edit_gets_its_place_in_ledger_and_stream() {
    let mut s = scene();
    let before = s.size();
    let edit = s.edit(b"sealed");
    let receipts = s.world.append(s.id, vec![edit]);
    assert_eq!(
        (receipts[0].position, receipts[0].received),
        (before, s.world.now)
    );
    assert_eq!(receipts[0].stream_seq, 1, "after the document's creation");
}

#[test]
fn the_clock_in_the_ledger_never_goes_back() {
    let mut s = scene();
    let edits = s.edits(2);
    let first = s.world.append(s.id, edits[..1].to_vec())[0].received;
    s.world.now -= 60_000;
    let second = s.world.append(s.id, edits[1..].to_vec())[0].received;
    assert_eq!(second, first, "R16");
}

#[test]
fn what_comes_twice_is_answered_as_the_first_time() {
    let mut s = scene();
    let edit = s.edit(b"sealed");
    let first = s.world.append(s.id, vec![edit.clone()]);
    s.world.pass(1000);
    assert_eq!(s.world.append(s.id, vec![edit.clone()]), first);
    let size = s.size();
    let turn = s.admin.turn(s.world.state(&s.practice), document(1));
    s.world.append(s.id, vec![turn.clone()]);
    assert_eq!(
        s.world.append(s.id, vec![edit.clone()]),
        first,
        "even after the epoch turned"
    );
    s.world.restart();
    s.id = s.world.login(s.practice, &s.admin);
    assert_eq!(s.world.append(s.id, vec![edit]), first, "even after a restart");
    assert_eq!(s.world.append(s.id, vec![turn])[0].position, size);
    assert_eq!(s.size(), size + 1);
}

#[test]
fn what_comes_twice_before_the_write_is_answered_as_the_first_time() {
    let mut s = scene();
    let (edit, other) = (s.edit(b"sealed"), s.world.login(s.practice, &s.admin));
    let append = |request, uploads| ClientMessage::Append(Append { request, uploads });
    s.world.round(vec![
        (s.id, append(1, vec![edit.clone(), edit.clone()])),
        (s.id, append(2, vec![edit.clone()])),
        (other, append(1, vec![edit.clone()])),
    ]);
    let first = s.world.appended(s.id);
    assert_eq!(first.receipts[0], first.receipts[1], "twice in one request");
    let second = s.world.appended(s.id);
    assert_eq!(
        (second.request, second.receipts[0]),
        (2, first.receipts[0]),
        "twice in one write"
    );
    assert_eq!(
        s.world.appended(other).receipts[0],
        first.receipts[0],
        "on two connections"
    );
    assert_eq!(s.size(), first.receipts[0].position + 1);
}

#[test]
fn an_access_that_comes_twice_is_one_access() {
    let mut s = scene();
    let access = s.admin.access(s.world.state(&s.practice), document(1));
    let first = s.world.append(s.id, vec![access.clone()]);
    assert_eq!(s.world.append(s.id, vec![access]), first);
}

#[test]
fn a_practice_that_is_founded_twice_is_founded_once() {
    let mut world = World::new();
    let admin = Device::new(1, member(1));
    let (practice, genesis) = admin.genesis(ORIGIN, ledger_key(), 1);
    let found = ClientMessage::Found(Found { genesis });
    let (a, b) = (world.connect(), world.connect());
    world.round(vec![(a, found.clone()), (b, found.clone())]);
    let first = world.appended(a);
    assert_eq!(world.appended(b), first, "at the same moment");
    world.pass(5000);
    world.send(a, found.clone());
    assert_eq!(
        world.appended(a),
        first,
        "later, with the clock of the first time"
    );
    world.restart();
    let c = world.connect();
    world.send(c, found);
    assert_eq!(world.appended(c), first, "after a restart");
    assert_eq!(world.size(&practice), 1);
}

#[test]
fn r20_genesis_names_this_relay_and_its_key() {
    let mut world = World::new();
    let admin = Device::new(1, member(1));
    for (origin, key) in [
        ("elsewhere.example", ledger_key()),
        (ORIGIN, Device::new(9, member(1)).keys.signing),
    ] {
        let id = world.connect();
        let (practice, genesis) = admin.genesis(origin, key, 1);
        world.send(id, ClientMessage::Found(Found { genesis }));
        assert_eq!(world.refused(id).rule(), Rule::Genesis);
        assert!(!world.core.practices().contains_key(&practice));
    }
}

#[test]
fn hello_to_a_practice_that_is_not_yet_durable_has_to_wait() {
    let mut world = World::new();
    let admin = Device::new(1, member(1));
    let (practice, genesis) = admin.genesis(ORIGIN, ledger_key(), 1);
    let (a, b) = (world.connect(), world.connect());
    let nonce = troth_protocol::ids::Nonce([1; 32]);
    let hello = troth_protocol::wire::Hello {
        practice,
        device: admin.id(),
        nonce,
        size: 0,
    };
    world.round(vec![
        (a, ClientMessage::Found(Found { genesis })),
        (b, ClientMessage::Hello(hello)),
    ]);
    assert_eq!(world.closed[&b], Rule::Unavailable);
}

#[test]
fn all_or_nothing() {
    let mut s = scene();
    let size = s.size();
    let before = cbor::encode(s.world.state(&s.practice));
    let mut uploads = s.edits(3);
    uploads.push(s.admin.create(s.world.state(&s.practice), document(2), &[]));
    uploads.push(s.admin.revoke(s.world.state(&s.practice), &s.admin)); // R26: the last one stays
    let refused = s.world.append_refused(s.id, uploads.clone());
    assert_eq!((refused.index, refused.rule()), (4, Rule::LastOne));
    assert_eq!(s.size(), size);
    assert_eq!(
        cbor::encode(s.world.state(&s.practice)),
        before,
        "the state is what it was, to the byte"
    );
    uploads.pop();
    assert_eq!(s.world.append(s.id, uploads).len(), 4);
}

#[test]
fn a_refused_request_leaves_those_beside_it_alone() {
    let mut s = scene();
    let other = Device::new(2, member(1));
    s.world
        .append(s.id, vec![s.admin.add_device(s.world.state(&s.practice), &other)]);
    let second = s.world.login(s.practice, &other);
    let state = s.world.state(&s.practice);
    let (good, mut bad) = (
        s.admin.edits(state, document(1), 2, b"a"),
        other.edits(state, document(1), 2, b"b"),
    );
    bad.remove(0); // R44: the second edit without the first
    let append = |uploads| ClientMessage::Append(Append { request: 1, uploads });
    s.world.round(vec![(second, append(bad)), (s.id, append(good))]);
    assert_eq!(s.world.refused(second).rule(), Rule::AuthorChain);
    assert_eq!(s.world.appended(s.id).receipts.len(), 2);
}

#[test]
fn r15_a_stale_chain_is_answered_with_its_head() {
    let mut s = scene();
    let state = s.world.state(&s.practice);
    let (a, b) = (
        s.admin.add_device(state, &Device::new(2, member(1))),
        s.admin.add_device(state, &Device::new(3, member(1))),
    );
    s.world.append(s.id, vec![a.clone()]);
    let refused = s.world.append_refused(s.id, vec![b]);
    assert_eq!(
        (refused.rule(), refused.head),
        (Rule::StaleChain, Some(Hash::of(&[&a.signed.statement])))
    );

    let state = s.world.state(&s.practice);
    let turns: Vec<Upload> = [1, 2].map(|_| s.admin.turn(state, document(1))).into();
    assert_eq!(turns[0], turns[1]);
    let erase = s.admin.erase(state, document(1));
    s.world.append(s.id, turns[..1].to_vec());
    let refused = s.world.append_refused(s.id, vec![erase]);
    assert_eq!(
        (refused.rule(), refused.head),
        (Rule::StaleChain, Some(Hash::of(&[&turns[0].signed.statement])))
    );
}

#[test]
fn what_is_erased_is_gone_from_the_store_and_the_leaves_stay() {
    let mut s = scene();
    let edits = s.edits(3);
    s.world.append(s.id, edits);
    let erase = s.admin.erase(s.world.state(&s.practice), document(1));
    s.world.append(s.id, vec![erase]);
    let rows = s
        .world
        .store()
        .entries(&s.practice, 0, s.size(), usize::MAX)
        .unwrap();
    assert_eq!(rows.len() as u64, s.size());
    let left = rows
        .iter()
        .filter(|row| row.payload.as_ref().is_some_and(|p| p == b"sealed"))
        .count();
    assert_eq!(left, 0);
    let late = s.any(
        Body::Change(troth_protocol::statement::Change {
            document: document(1),
            epoch: 1,
            sequence: 4,
            prev: None,
        }),
        b"late",
    );
    assert_eq!(
        s.world.append_refused(s.id, vec![late]).rule(),
        Rule::Closed,
        "R41"
    );
}

#[test]
fn two_practices_do_not_see_each_other() {
    let mut world = World::new();
    let (one, two) = (Device::new(1, member(1)), Device::new(2, member(2)));
    let (first, second) = (world.found(&one, 1), world.found(&two, 2));
    let (a, b) = (world.login(first, &one), world.login(second, &two));
    world.follow(a, 0);
    world.items(a);
    world.append(b, vec![two.create(world.state(&second), document(1), &[])]);
    world.append(b, vec![two.edit(world.state(&second), document(1), b"sealed")]);
    assert!(
        world.receive(a).is_none(),
        "nothing of the other practice is heard"
    );
    assert_eq!(world.size(&first), 2, "genesis and a login");
    let stranger = world.try_login(second, &one);
    assert_eq!(world.closed[&stranger], Rule::UnknownDevice, "R11");
    world.send(
        a,
        ClientMessage::Fetch(troth_protocol::wire::Fetch {
            request: 3,
            documents: vec![document(1)],
            size: 2,
            through: None,
        }),
    );
    let Some(RelayMessage::Fetched(3, false, items)) = world.receive(a) else {
        panic!("not fetched")
    };
    assert_eq!(
        super::reader::entries(&items),
        0,
        "the same name in another practice is another document"
    );
    // One write, two practices: each gets its own answer.
    let append = |uploads| ClientMessage::Append(Append { request: 9, uploads });
    let mine = one.create(world.state(&first), document(1), &[]);
    let theirs = two.edit(world.state(&second), document(1), b"more");
    world.round(vec![(a, append(vec![mine])), (b, append(vec![theirs]))]);
    assert_eq!(world.appended(a).receipts[0].position, 2);
    assert_eq!(world.appended(b).receipts[0].position, 4);
}
