//! Snapshots: who may make one, over what, and when it stands in for the edits that it covers.

use troth_protocol::document::Document;
use troth_protocol::ids::{DeviceId, DocumentId, Hash};
use troth_protocol::limits;
use troth_protocol::rule::Rule;
use troth_protocol::statement::{Body, Cover, Erasure, Lane, Role, Snapshot};
use troth_protocol::stream::Stream;

use crate::practice::{Device, Practice, admins, hash, reader, writer};
use crate::records::{granting, withdrawing};

/// A practice with an admin, a counselor and a client, and a document that the first two write and the third reads.
fn joint() -> (Practice, [Device; 3], DocumentId) {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let clara = practice.join(&anna, Role::Client);
    let readers = vec![writer(&bruno), admins(), reader(&clara)];
    let id = practice.document(&bruno, Lane::Joint, readers);
    (practice, [anna, bruno, clara], id)
}

impl Practice {
    fn with_covers(&mut self, by: &Device, id: DocumentId, covers: Vec<Cover>) -> Result<Hash, Rule> {
        let body = Snapshot {
            covers,
            ..self.snapshot(id)
        };
        self.say(by, Body::Snapshot(body))
    }

    /// Whether the payload of each edit and snapshot of a document may be gone now.
    fn may_go(&self, id: DocumentId) -> Vec<bool> {
        let document = &self.state.documents[&id];
        let entries = self.entries_of(Stream::Document(id)).map(|(_, e)| e);
        let sealed = entries.filter(|e| matches!(e.statement().body, Body::Change(_) | Body::Snapshot(_)));
        sealed
            .map(|e| {
                let hash = Hash::of(&[&e.leaf.signed.statement]);
                document.may_lack(&e.statement(), &hash, self.state.received)
            })
            .collect()
    }

    /// Lets time pass, and the ledger hear of it.
    fn wait(&mut self, by: &Device, id: DocumentId, time: u64) {
        self.now += time;
        self.turn(by, id).unwrap();
    }

    fn doc(&self, id: DocumentId) -> &Document {
        &self.state.documents[&id]
    }
}

#[test]
fn r46_a_snapshot_covers_authors_chains_to_their_ends() {
    let (mut practice, [anna, bruno, _], id) = joint();
    assert_eq!(
        practice.with_covers(&bruno, id, vec![]),
        Err(Rule::Snapshot),
        "nothing"
    );
    let first = practice.change(&bruno, id).unwrap();
    practice.change(&bruno, id).unwrap();
    practice.change(&anna, id).unwrap();
    let right = practice.snapshot(id).covers;
    let [one, two] = right[..] else {
        panic!("{right:?}")
    };
    let brunos = if one.device == bruno.id() { one } else { two };
    let stranger = Cover {
        device: DeviceId([1; 32]),
        ..one
    };
    for wrong in [
        vec![two, one],
        vec![one, one],
        vec![Cover {
            sequence: 3,
            ..brunos
        }],
        vec![Cover {
            sequence: 0,
            ..brunos
        }],
        vec![Cover {
            last: hash("another"),
            ..brunos
        }],
        // An earlier end of the chain would need every hash of it to be remembered.
        vec![Cover {
            sequence: 1,
            last: first,
            ..brunos
        }],
        vec![stranger],
    ] {
        let said = practice.with_covers(&bruno, id, wrong.clone());
        assert_eq!(said, Err(Rule::Snapshot), "{wrong:?}");
    }
    // R3
    let many = vec![one; limits::COVERS + 1];
    assert_eq!(practice.with_covers(&bruno, id, many), Err(Rule::TooLarge));
    // Some authors' chains may be left out.
    assert!(practice.with_covers(&bruno, id, vec![brunos]).is_ok());
    assert!(practice.with_covers(&bruno, id, right.clone()).is_ok());
    let again = practice.with_covers(&bruno, id, right.clone());
    assert_eq!(again, Err(Rule::Snapshot), "nothing new");
    assert!(practice.with_covers(&anna, id, right).is_ok(), "another member's");
}

#[test]
fn r13_r41_r42_r43_a_snapshot_comes_from_who_may_write_as_an_edit_does() {
    let (mut practice, [anna, bruno, clara], id) = joint();
    practice.change(&bruno, id).unwrap();
    let early = practice.snapshot(id);
    assert_eq!(
        practice.say(&clara, Body::Snapshot(early.clone())),
        Err(Rule::NotPermitted)
    );
    practice.turn(&anna, id).unwrap();
    assert_eq!(practice.say(&bruno, Body::Snapshot(early)), Err(Rule::WrongEpoch));
    practice.control(&bruno, id, vec![withdrawing(&clara)]).unwrap();
    let stale = practice.snapshot(id);
    assert_eq!(practice.say(&bruno, Body::Snapshot(stale)), Err(Rule::StaleEpoch));
    practice.turn(&anna, id).unwrap();
    let mut unseen = practice.statement(&bruno, Body::Snapshot(practice.snapshot(id)));
    // R8, R7
    unseen.payload = None;
    assert_eq!(practice.submit(&bruno.key, &unseen), Err(Rule::PayloadKind));
    let mut unseen = practice.statement(&bruno, Body::Snapshot(practice.snapshot(id)));
    unseen.seen.as_mut().unwrap().control = None;
    assert_eq!(practice.submit(&bruno.key, &unseen), Err(Rule::Seen));
    let erasure = Erasure {
        document: id,
        prev: practice.doc(id).head(),
    };
    let said = practice.say_snapshot(&bruno, id).unwrap();
    practice.say(&anna, Body::Erasure(erasure)).unwrap();
    assert_eq!(practice.say_snapshot(&bruno, id), Err(Rule::Closed));
    assert_eq!(practice.attest(&anna, id, said), Err(Rule::Closed));
    assert!(practice.doc(id).snapshots().is_empty());
    assert_eq!(
        practice.may_go(id),
        [true, true],
        "all of an erased one may be gone"
    );
    let nowhere = DocumentId([9; 16]);
    assert_eq!(practice.attest(&anna, nowhere, said), Err(Rule::NoSuchDocument));
}

#[test]
fn r46_another_members_device_attests_and_from_then_on_payloads_may_go() {
    let (mut practice, [anna, bruno, clara], id) = joint();
    let phone = practice.add_device(&bruno);
    let stranger = practice.join(&anna, Role::Counselor);
    practice.change(&bruno, id).unwrap();
    practice.change(&anna, id).unwrap();
    let snapshot = practice.say_snapshot(&bruno, id).unwrap();
    practice.change(&anna, id).unwrap();
    assert_eq!(practice.may_go(id), [false; 4]);
    for (by, rule) in [
        (&bruno, Rule::Snapshot),
        (&phone, Rule::Snapshot),
        (&stranger, Rule::NotPermitted),
    ] {
        assert_eq!(practice.attest(by, id, snapshot), Err(rule));
    }
    assert_eq!(practice.attest(&anna, id, hash("another")), Err(Rule::Snapshot));
    // Reading is enough to recompute it.
    practice.attest(&clara, id, snapshot).unwrap();
    assert_eq!(
        practice.may_go(id),
        [true, true, false, false],
        "not what came after it"
    );
    assert_eq!(
        practice.attest(&anna, id, snapshot),
        Err(Rule::Snapshot),
        "it stands"
    );
}

#[test]
fn r46_a_snapshot_goes_on_from_what_stands_and_takes_its_place() {
    let (mut practice, [anna, bruno, _], id) = joint();
    practice.change(&bruno, id).unwrap();
    practice.change(&anna, id).unwrap();
    let first = practice.say_snapshot(&bruno, id).unwrap();
    practice.attest(&anna, id, first).unwrap();
    practice.change(&bruno, id).unwrap();
    let all = practice.snapshot(id).covers;
    for left_out in 0..2 {
        let mut covers = all.clone();
        covers.remove(left_out);
        assert_eq!(practice.with_covers(&bruno, id, covers), Err(Rule::Snapshot));
    }
    // An author may stay covered as far as before.
    let stood = practice.doc(id).snapshots()[0].covers.clone();
    practice.change(&anna, id).unwrap();
    let now = practice.snapshot(id).covers;
    let pick = |device: DeviceId, from: &[Cover]| *from.iter().find(|c| c.device == device).unwrap();
    let mut mixed = vec![pick(anna.id(), &stood), pick(bruno.id(), &now)];
    mixed.sort_by_key(|c| c.device);
    let second = practice.with_covers(&bruno, id, mixed).unwrap();
    assert_eq!(practice.may_go(id), [true, true, false, false, false, false]);
    practice.attest(&anna, id, second).unwrap();
    // The first is needed no more; Anna's newest edit was not covered.
    assert_eq!(practice.may_go(id), [true, true, true, true, false, false]);
    assert_eq!(practice.doc(id).snapshots().len(), 1);
}

#[test]
fn one_snapshot_of_each_member_waits() {
    let (mut practice, [anna, bruno, clara], id) = joint();
    practice.change(&bruno, id).unwrap();
    let annas = practice.say_snapshot(&anna, id).unwrap();
    let old = practice.say_snapshot(&bruno, id).unwrap();
    practice.change(&bruno, id).unwrap();
    let new = practice.say_snapshot(&bruno, id).unwrap();
    let waiting: Vec<Hash> = practice.doc(id).snapshots().iter().map(|s| s.statement).collect();
    assert_eq!(
        waiting,
        [annas, new],
        "whoever makes many displaces nobody else's"
    );
    assert_eq!(practice.may_go(id), [false, false, true, false, false]);
    assert_eq!(practice.attest(&clara, id, old), Err(Rule::Snapshot));
    practice.attest(&clara, id, annas).unwrap();
    practice.attest(&anna, id, new).unwrap();
    assert_eq!(practice.may_go(id), [true, true, true, true, false]);
}

#[test]
fn what_one_member_alone_wrote_and_reads_stands_after_the_grace() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let phone = practice.add_device(&bruno);
    let id = practice.document(&bruno, Lane::ProcessNotes, vec![writer(&bruno)]);
    practice.change(&bruno, id).unwrap();
    practice.change(&phone, id).unwrap();
    practice.say_snapshot(&bruno, id).unwrap();
    practice.wait(&bruno, id, limits::SNAPSHOT_GRACE_MS - 1);
    assert_eq!(practice.may_go(id), [false; 3]);
    practice.wait(&bruno, id, 1);
    assert_eq!(practice.may_go(id), [true, true, false]);
    // The next one leaves it in place until it stands itself.
    practice.change(&phone, id).unwrap();
    practice.say_snapshot(&phone, id).unwrap();
    assert_eq!(practice.may_go(id), [true, true, false, false, false]);
    practice.wait(&bruno, id, limits::SNAPSHOT_GRACE_MS);
    assert_eq!(practice.may_go(id), [true, true, true, true, false]);
}

#[test]
fn nobody_makes_anothers_edit_disappear_by_waiting() {
    let day = |days: u64| days * 24 * 60 * 60 * 1000;
    // Others read it: they are asked, however long it takes.
    let (mut practice, [anna, bruno, clara], id) = joint();
    practice.change(&bruno, id).unwrap();
    practice.say_snapshot(&bruno, id).unwrap();
    practice.wait(&bruno, id, day(400));
    assert_eq!(practice.may_go(id), [false, false]);
    // Others wrote in it, and can read it no more: their edits stay.
    let notes = practice.document(&bruno, Lane::Joint, vec![writer(&bruno)]);
    practice
        .control(&bruno, notes, vec![granting(writer(&clara))])
        .unwrap();
    practice.change(&clara, notes).unwrap();
    practice
        .control(&bruno, notes, vec![withdrawing(&clara)])
        .unwrap();
    practice.turn(&bruno, notes).unwrap();
    practice.change(&bruno, notes).unwrap();
    practice.say_snapshot(&bruno, notes).unwrap();
    practice.wait(&bruno, notes, day(400));
    assert_eq!(practice.may_go(notes), [false, false, false]);
    assert_eq!(
        practice.attest(&anna, notes, hash("snapshot")),
        Err(Rule::NotPermitted)
    );
}
