//! Snapshots that are not what they say, by a member with keys of their own; and a relay that lets go of what it must keep.

use minicbor::bytes::{ByteArray, ByteVec};
use troth_client_core::content::Whole;
use troth_client_core::crypto::{DocumentCipher, PayloadContext, actor};
use troth_client_core::device::{Report, Share};
use troth_client_core::document::{LaneDocument, NewNote};
use troth_protocol::cbor;
use troth_protocol::document::Document;
use troth_protocol::ids::{DocumentId, Hash, Nonce};
use troth_protocol::rule::Rule;
use troth_protocol::statement::{
    Attest, Body, Cover, Lane, PayloadRef, Rights, Role, Seen, Session, Snapshot, Statement,
};
use troth_protocol::wire::{Append, ClientMessage, Hello, Item, RelayMessage, Transcript};
use troth_server::core::ConnectionId;
use troth_server::store::{Head, PracticeBatch};
use troth_tests::outsider::Outsider;
use troth_tests::wire_client::Device as Keys;

use crate::scene::Scene;

/// A further device of a member, whose keys the test holds and which says what the test wants.
struct Hand {
    keys: Keys,
    connection: ConnectionId,
}

/// What a lying snapshot says.
type Lie<'a> = &'a dyn Fn(&mut Vec<Cover>, &mut Vec<Vec<u8>>);

impl Hand {
    fn of(s: &mut Scene, seat: usize) -> Self {
        let keys = Keys::generate(&mut s.net.rng);
        let practice = s.practice();
        let member = s.net.seats[seat].device.member().expect("a member");
        let proof = keys.proof(&practice, &member);
        let device = &mut s.net.seats[seat].device;
        let added = device.add_own_device(&mut s.net.rng, keys.keys(), proof);
        added.expect("an own device");
        s.settle();
        let connection = s.net.stranger();
        let hello = Hello {
            practice,
            device: keys.id(),
            nonce: Nonce([1; 32]),
            size: 0,
        };
        let answers = s.net.exchange(connection, &ClientMessage::Hello(hello));
        let challenge = answers.iter().find_map(|message| match message {
            RelayMessage::Challenge(challenge) => Some(challenge),
            _ => None,
        });
        let state = s.net.state().expect("a practice");
        let key = state.roster.ledger_key();
        let transcript =
            Transcript::verify(hello, challenge.expect("challenged"), &key).expect("the relay's");
        let session = Statement {
            signer: keys.id(),
            seen: Some(Seen {
                roster: state.roster.head(),
                control: None,
            }),
            payload: None,
            body: Body::Session(Session {
                transcript: transcript.hash(),
            }),
        };
        let (signed, _) = keys.sign(&practice, &session);
        let answers = s.net.exchange(connection, &ClientMessage::Session(signed));
        assert!(matches!(answers[..], [RelayMessage::Welcome(_)]), "{answers:?}");
        s.settle();
        Self { keys, connection }
    }

    /// Says something of a record; what the relay answers.
    fn say(&self, s: &mut Scene, id: DocumentId, body: Body, payload: Vec<u8>) -> Result<Hash, Rule> {
        let state = s.net.state().expect("a practice");
        let practice = *state.practice();
        let statement = Statement {
            signer: self.keys.id(),
            seen: Some(Seen {
                roster: state.roster.head(),
                control: state.documents.get(&id).map(Document::head),
            }),
            payload: PayloadRef::of(&payload),
            body,
        };
        let (upload, hash) = self.keys.upload(&practice, &statement, payload);
        let append = Append {
            request: 1,
            uploads: vec![upload],
        };
        let answers = s.net.exchange(self.connection, &ClientMessage::Append(append));
        let refused = answers.iter().find_map(|message| match message {
            RelayMessage::Refused(refused) => Some(refused.rule()),
            _ => None,
        });
        s.settle();
        refused.map_or(Ok(hash), Err)
    }

    /// Makes a snapshot of a record as `seat` holds it, but for what the lie changes.
    fn snapshot(&self, s: &mut Scene, seat: usize, id: DocumentId, lie: Lie<'_>) -> Result<Hash, Rule> {
        let state = s.net.state().expect("a practice").clone();
        let document = &state.documents[&id];
        let authors = document.authors().iter().map(|(device, author)| Cover {
            device: *device,
            sequence: author.sequence,
            last: author.last,
        });
        let mut covers: Vec<Cover> = authors.collect();
        let device = &mut s.net.seats[seat].device;
        let mut changes = device.read_mut(id, |d| d.changes_since(&[])).expect("readable");
        lie(&mut covers, &mut changes);
        let heads = heads(&changes);
        let whole = Whole {
            heads: heads.into_iter().map(ByteArray::from).collect(),
            changes: changes.into_iter().map(ByteVec::from).collect(),
        };
        let (outsider, _) =
            Outsider::with(&self.keys, true, &state, &*s.net.store).expect("a readable store");
        let key = outsider.key(id, document.epoch()).expect("a reader's key");
        let body = Body::Snapshot(Snapshot {
            document: id,
            epoch: document.epoch(),
            covers,
        });
        let context = PayloadContext {
            practice: *state.practice(),
            document: id,
            epoch: document.epoch(),
            author: self.keys.id(),
            sequence: 0,
            kind: body.kind(),
        };
        let sealed = DocumentCipher::new(key).encrypt(&mut s.net.rng, &context, &whole.encode());
        self.say(s, id, body, sealed.expect("short enough"))
    }

    fn attest(&self, s: &mut Scene, document: DocumentId, snapshot: Hash) -> Result<Hash, Rule> {
        self.say(
            s,
            document,
            Body::Attest(Attest { document, snapshot }),
            Vec::new(),
        )
    }
}

/// The heads that these changes lead to, by whoever they claim to be.
fn heads(changes: &[Vec<u8>]) -> Vec<[u8; 32]> {
    let mut document = LaneDocument::new([0; 16]).expect("an empty document");
    let incoming: Vec<_> = changes
        .iter()
        .map(|change| troth_client_core::document::Incoming {
            change: change.clone(),
            actor: troth_client_core::document::claimed_actor(change).expect("a change"),
        })
        .collect();
    document.apply(&incoming).expect("applied");
    document.heads()
}

/// The admin, the counselor and a client, who all hold the same five notes; and the counselor's other hand.
fn three() -> (Scene, usize, Hand) {
    let mut s = Scene::new(21);
    let client = s.net.admit(s.admin, Role::Client, "Chidi");
    let share = Share {
        member: s.net.seats[client].device.member().expect("a member"),
        rights: Rights::Write,
        until: None,
    };
    let (case, counselor, joint) = (s.case, s.counselor, s.joint);
    let device = &mut s.net.seats[counselor].device;
    device
        .share(&mut s.net.rng, &case, Lane::Joint, share)
        .expect("a share");
    s.settle();
    s.write(counselor, joint, "one");
    s.write(s.admin, joint, "two");
    s.write(client, joint, "three");
    let hand = Hand::of(&mut s, counselor);
    (s, client, hand)
}

/// Every other reader refused the snapshot, said so and by whom, and nobody lost anything.
fn refused_by_all(s: &mut Scene, client: usize, why: &str) {
    let refusals = s.refusals();
    for seat in [s.admin, s.counselor, client] {
        let said = refusals
            .iter()
            .find(|(of, said)| *of == seat && said.contains(why));
        assert!(said.is_some(), "{seat}: {refusals:?}");
    }
    // Whoever reads the directory reads the name.
    let by_name = format!("Noor Haddad: {why}");
    assert!(refusals.contains(&(s.admin, by_name)), "{refusals:?}");
    let kept = s.kept(s.joint);
    assert_eq!((kept.edits_gone, kept.attested), (0, 0));
    for seat in [s.admin, s.counselor, client] {
        assert_eq!(s.read(seat, s.joint), ["one", "three", "two"]);
    }
    s.audited();
}

#[test]
fn a_snapshot_that_leaves_out_an_edit_is_attested_by_nobody() {
    let (mut s, client, hand) = three();
    let theirs = s.net.seats[client].device.id();
    let joint = s.joint;
    let left_out = actor(&theirs, &joint);
    let lie = |_: &mut Vec<Cover>, changes: &mut Vec<Vec<u8>>| {
        changes.retain(|c| troth_client_core::document::claimed_actor(c) != Some(left_out));
    };
    hand.snapshot(&mut s, 1, joint, &lie)
        .expect("the relay cannot look");
    refused_by_all(&mut s, client, "it leaves out an edit that it says it covers");
    // The honest one that follows is attested all the same, and takes the lie with it.
    s.write(s.counselor, joint, "four");
    s.snapshot(s.counselor, joint);
    s.settle();
    let kept = s.kept(joint);
    assert_eq!(
        (kept.attested, kept.edits_gone),
        (1, kept.edits),
        "{:?}",
        s.refusals()
    );
    assert_eq!((kept.snapshots, kept.snapshots_gone), (2, 1));
    s.all_is_well();
}

#[test]
fn a_snapshot_that_invents_an_edit_is_attested_by_nobody() {
    let (mut s, client, hand) = three();
    let (joint, admin) = (s.joint, s.net.seats[s.admin].device.id());
    let saved = s.net.seats[1]
        .device
        .read_mut(joint, LaneDocument::save)
        .expect("readable");
    let mut forged = LaneDocument::load(&saved, actor(&admin, &joint)).expect("their document");
    let note = NewNote {
        author: "00".repeat(16),
        created_ms: 1,
        template: String::new(),
        text: "words put into the admin's mouth".to_owned(),
    };
    let change = forged.add_note([9; 16], &note).expect("an edit");
    let lie = |_: &mut Vec<Cover>, changes: &mut Vec<Vec<u8>>| changes.push(change.clone());
    hand.snapshot(&mut s, 1, joint, &lie)
        .expect("the relay cannot look");
    refused_by_all(
        &mut s,
        client,
        "it holds an edit that is not among those that it covers",
    );
}

#[test]
fn a_snapshot_with_an_edit_of_nobody_it_covers_is_attested_by_nobody() {
    let (mut s, client, hand) = three();
    let (joint, left) = (s.joint, s.net.seats[client].device.id());
    let lie = |covers: &mut Vec<Cover>, _: &mut Vec<Vec<u8>>| covers.retain(|c| c.device != left);
    hand.snapshot(&mut s, 1, joint, &lie)
        .expect("the relay cannot look");
    refused_by_all(&mut s, client, "it holds an edit of nobody whom it covers");
}

#[test]
fn a_range_that_is_not_the_authors_chain_is_refused_by_the_relay() {
    let (mut s, _, hand) = three();
    let joint = s.joint;
    let before = s.net.state().expect("a practice").clone();
    let lies: [Lie<'_>; 3] = [
        &|covers, _| covers[0].sequence += 1,
        &|covers, _| covers[0].last = Hash::default(),
        &|covers, _| covers.reverse(),
    ];
    for lie in lies {
        assert_eq!(hand.snapshot(&mut s, 1, joint, lie), Err(Rule::Snapshot));
    }
    assert_eq!(
        s.net.state().expect("a practice").documents[&joint],
        before.documents[&joint]
    );
    // Nor does its maker's member attest it, with whichever device.
    let said = hand.snapshot(&mut s, 1, joint, &|_, changes| changes.clear());
    let said = said.expect("the relay cannot look");
    let other = Hand::of(&mut s, 1);
    for by in [&hand, &other] {
        assert_eq!(by.attest(&mut s, joint, said), Err(Rule::Snapshot));
    }
    assert_eq!(s.kept(joint).edits_gone, 0);
}

#[test]
fn two_members_who_lie_together_are_named_by_the_third_who_keeps_what_they_have() {
    let (mut s, client, hand) = three();
    let accomplice = Hand::of(&mut s, 0);
    let joint = s.joint;
    let theirs = actor(&s.net.seats[client].device.id(), &joint);
    let lie = |_: &mut Vec<Cover>, changes: &mut Vec<Vec<u8>>| {
        changes.retain(|c| troth_client_core::document::claimed_actor(c) != Some(theirs));
    };
    let said = hand
        .snapshot(&mut s, 1, joint, &lie)
        .expect("the relay cannot look");
    accomplice
        .attest(&mut s, joint, said)
        .expect("the relay cannot look");
    assert!(s.kept(joint).edits_gone > 0, "the relay believed two");
    let refusals = s.refusals();
    assert!(refusals.iter().any(|(seat, _)| *seat == client), "{refusals:?}");
    assert_eq!(s.read(client, joint), ["one", "three", "two"]);
    s.net.restart_device(client);
    s.settle();
    assert_eq!(s.read(client, joint), ["one", "three", "two"]);
    // A new device has their word for it, and nothing else.
    let tablet = s.net.link(client, "tablet");
    assert_eq!(s.read(tablet, joint), ["one", "two"]);
}

/// A relay that lets go of payloads which it must keep.
fn drop_edits(s: &mut Scene, document: DocumentId) {
    let practice = s.practice();
    let Head { size, root } = s.net.store.head(&practice).expect("readable").expect("a ledger");
    let key = troth_protocol::stream::Stream::Document(document).key();
    let key = troth_server::store::StreamKey(key);
    let all = s
        .net
        .store
        .stream(&practice, &key, 0, size, usize::MAX)
        .expect("readable");
    let edits = s.net.store.entries_at(&practice, &all).expect("readable");
    let is_edit = |leaf: &[u8]| {
        let leaf: troth_protocol::entry::Leaf = cbor::decode(leaf).expect("a leaf");
        let said: Statement = cbor::decode(&leaf.signed.statement).expect("a statement");
        matches!(said.body, Body::Change(_))
    };
    let erase = edits
        .iter()
        .filter(|row| is_edit(&row.leaf))
        .map(|row| row.position);
    let batch = PracticeBatch {
        practice,
        expect: size,
        entries: Vec::new(),
        tiles: Vec::new(),
        head: Head { size, root },
        snapshot: None,
        erase: erase.collect(),
    };
    s.net.store.commit(&[batch]).expect("a write");
}

/// A new device of the counselor's, linked while the relay may be lying; and how many contents it says are withheld from it,
/// after it asked for them again.
fn withheld(s: &mut Scene) -> usize {
    let new = s.net.link(s.counselor, "tablet");
    s.net.pass(120_000);
    let told = s.net.seats[new].reports.iter().rev().find_map(|r| match r {
        Report::Withheld { entries } => Some(*entries),
        _ => None,
    });
    // Nobody takes a record for whole that is not.
    for document in [s.joint, s.lane(s.counselor, Lane::ProcessNotes)] {
        let device = &mut s.net.seats[new].device;
        let shown = device.read(document, |d| d.notes().len()).unwrap_or_default();
        assert_eq!(shown, 0);
        assert_eq!(device.quarantine().expect("readable").len(), 0);
    }
    told.unwrap_or_default()
}

#[test]
fn a_relay_that_lets_go_for_a_snapshot_that_nobody_attested_is_told_of() {
    let (mut s, _, hand) = three();
    let joint = s.joint;
    // There is a snapshot, and it covers all of them; but it is a lie, and nobody has vouched for it.
    let said = hand.snapshot(&mut s, 1, joint, &|_, changes| drop(changes.pop()));
    said.expect("the relay cannot look");
    drop_edits(&mut s, joint);
    let edits = s.kept(joint).edits;
    assert_eq!(withheld(&mut s), edits);
}

#[test]
fn a_relay_that_does_not_wait_out_the_grace_is_told_of() {
    let mut s = Scene::new(22);
    let counselor = s.counselor;
    let notes = s.lane(counselor, Lane::ProcessNotes);
    s.net.unlock(counselor);
    s.write_many(counselor, notes, 5);
    s.snapshot(counselor, notes);
    drop_edits(&mut s, notes);
    assert_eq!(withheld(&mut s), 5);
}

#[test]
fn a_relay_that_keeps_back_the_snapshot_as_well_is_told_of() {
    let mut s = Scene::new(23);
    let (counselor, joint) = (s.counselor, s.joint);
    s.write_many(counselor, joint, 5);
    s.snapshot(counselor, joint);
    assert_eq!(s.kept(joint).attested, 1);
    s.net.tamper = Some(Box::new(|message, _| {
        if let RelayMessage::Items(items) | RelayMessage::Fetched(_, _, items) = message {
            for item in &mut items.items {
                if let Item::Entry(entry) = item {
                    let said: Statement = cbor::decode(&entry.leaf.signed.statement).expect("a statement");
                    if matches!(said.body, Body::Snapshot(_)) {
                        entry.payload = None;
                    }
                }
            }
        }
        true
    }));
    assert_eq!(withheld(&mut s), 1);
}
