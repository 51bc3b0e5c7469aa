//! What is signed stays signed where its lane goes on without its history, and holds nowhere else.

// Long because the ways in which a signature could be moved stand beside those in which it goes along.

use minicbor::bytes::ByteVec;
use troth_client_core::content::Edits;
use troth_client_core::crypto::{DocumentCipher, PayloadContext, actor};
use troth_client_core::device::{Consented, Recorded};
use troth_client_core::document::{
    Incoming, LaneDocument, NewNote, NoteView, Signature, Standing, claimed_actor,
};
use troth_protocol::cbor;
use troth_protocol::document::Document;
use troth_protocol::ids::{CaseId, DocumentId};
use troth_protocol::labels;
use troth_protocol::statement::{Body, Change, Lane, PayloadRef, Role, Seen, Statement};
use troth_protocol::wire::{Append, ClientMessage, RelayMessage};
use troth_tests::network::Network;
use troth_tests::outsider::Outsider;
use troth_tests::wire_client::Device as Keys;

use crate::scene::{
    all_is_well, assign, case, lane, may_write, member, practice, settle_all, share_lane, write,
};

fn settle(net: &mut Network) {
    settle_all(net);
    net.pass(60_000);
    net.settle();
}

fn from_now(net: &mut Network, seat: usize, of: &CaseId, at: Lane, with: usize) {
    let share = may_write(member(net, with));
    let device = &mut net.seats[seat].device;
    let shared = device.share_from_now(net.now, &mut net.rng, of, at, share);
    shared.expect("an admin of this case");
    settle(net);
}

/// The only note of a document, as a device reads it.
fn note(net: &mut Network, seat: usize, document: DocumentId) -> NoteView {
    let notes = net.seats[seat].device.read(document, LaneDocument::notes);
    notes.expect("readable").remove(0)
}

fn sign(net: &mut Network, seat: usize, document: DocumentId) {
    let view = note(net, seat, document);
    let device = &mut net.seats[seat].device;
    let signed = device.sign_note(net.now, &mut net.rng, document, view.id, &view.text);
    signed.expect("an admin or a counselor");
    settle(net);
}

fn standing(net: &mut Network, seat: usize, document: DocumentId) -> Standing {
    let view = note(net, seat, document);
    let standing = net.seats[seat].device.note_standing(document, &view);
    standing.expect("a practice")
}

/// Puts a note with a signature that was made elsewhere into a document, as any writer can.
fn replay(net: &mut Network, seat: usize, into: DocumentId, of: &NoteView, signature: &Signature) {
    let copy = NewNote {
        author: of.author.clone(),
        created_ms: of.created_ms,
        template: of.template.clone(),
        text: of.text.clone(),
    };
    let device = &mut net.seats[seat].device;
    if device.read(into, |d| d.note(of.id)).expect("readable").is_none() {
        let done = device.edit(net.now, &mut net.rng, into, |d| d.add_note(of.id, &copy));
        done.expect("a writer");
    }
    let done = device.edit(net.now, &mut net.rng, into, |d| d.sign_note(of.id, signature));
    done.expect("a writer");
    settle(net);
}

/// A case of an admin's with a counselor who signed a note in its joint lane, and a second admin.
struct Scene {
    net: Network,
    _dir: tempfile::TempDir,
    of: CaseId,
    second: usize,
    counselor: usize,
    joint: DocumentId,
}

fn scene(seed: u64) -> Scene {
    let (mut net, dir) = practice(seed);
    let second = net.admit(0, Role::Admin, "Noor Haddad");
    let counselor = net.admit(0, Role::Counselor, "Sam Okoro");
    let of = case(&mut net, 0);
    let m = member(&net, counselor);
    assign(&mut net, 0, &of, m);
    settle(&mut net);
    let joint = lane(&net, 0, &of, Lane::Joint);
    write(&mut net, counselor, joint, "They agreed.").expect("a counselor of the case");
    settle(&mut net);
    Scene {
        net,
        _dir: dir,
        of,
        second,
        counselor,
        joint,
    }
}

#[test]
fn a_signed_note_stays_signed_for_every_reader_where_its_lane_goes_on_without_its_history() {
    let mut s = scene(601);
    sign(&mut s.net, s.counselor, s.joint);
    let mut readers = vec![0, s.second, s.counselor];
    // Carried over twice, by two admins.
    for (by, name) in [(0, "Lin Mei"), (s.second, "Maja")] {
        let new = s.net.admit(0, Role::Counselor, name);
        from_now(&mut s.net, by, &s.of, Lane::Joint, new);
        readers.push(new);
        for seat in &readers {
            let at = lane(&s.net, *seat, &s.of, Lane::Joint);
            assert_ne!(at, s.joint);
            assert_eq!(standing(&mut s.net, *seat, at), Standing::Signed, "seat {seat}");
            let view = note(&mut s.net, *seat, at);
            let device = &s.net.seats[*seat].device;
            let carrier = device.note_signature_carrier(at, &view.signatures[0]);
            assert_eq!(carrier, Some(member(&s.net, by)), "seat {seat}");
        }
    }
    // What is signed there names that document, and goes along likewise.
    let at = lane(&s.net, 0, &s.of, Lane::Joint);
    sign(&mut s.net, 0, at);
    let last = s.net.admit(0, Role::Counselor, "Chidi");
    from_now(&mut s.net, 0, &s.of, Lane::Joint, last);
    let at = lane(&s.net, last, &s.of, Lane::Joint);
    assert_eq!(standing(&mut s.net, last, at), Standing::Signed);
    assert_eq!(note(&mut s.net, last, at).signatures.len(), 2);
    all_is_well(&mut s.net);
}

#[test]
fn a_signature_that_comes_while_the_lane_begins_anew_is_carried_over_as_well() {
    let mut s = scene(602);
    let new = s.net.admit(0, Role::Counselor, "Lin Mei");
    s.net.offline(0);
    let share = may_write(member(&s.net, new));
    let device = &mut s.net.seats[0].device;
    let begun = device.share_from_now(s.net.now, &mut s.net.rng, &s.of, Lane::Joint, share);
    begun.expect("an admin of this case");
    // Signed here in a document that is not there yet, and by the counselor in the one that is.
    let waiting = lane(&s.net, 0, &s.of, Lane::Joint);
    sign(&mut s.net, 0, waiting);
    sign(&mut s.net, s.counselor, s.joint);
    s.net.online(0);
    settle(&mut s.net);
    for seat in [0, s.second, s.counselor, new] {
        let at = lane(&s.net, seat, &s.of, Lane::Joint);
        assert_eq!(standing(&mut s.net, seat, at), Standing::Signed, "seat {seat}");
        assert_eq!(note(&mut s.net, seat, at).signatures.len(), 2, "seat {seat}");
        let view = note(&mut s.net, seat, at);
        for signature in &view.signatures {
            let holds = s.net.seats[seat]
                .device
                .note_signature_holds(at, &view, signature);
            assert_eq!(holds.ok(), Some(true), "seat {seat}: {signature:?}");
        }
    }
    all_is_well(&mut s.net);
}

#[test]
fn a_signature_that_is_moved_to_another_lane_or_case_holds_nowhere_there() {
    let mut s = scene(603);
    sign(&mut s.net, s.counselor, s.joint);
    let signed = note(&mut s.net, 0, s.joint);
    let genuine = signed.signatures[0].item.clone();
    let other = case(&mut s.net, 0);
    let foreign = [
        lane(&s.net, 0, &s.of, Lane::PartnerA),
        lane(&s.net, 0, &s.of, Lane::PartnerB),
        lane(&s.net, 0, &other, Lane::Joint),
    ];
    for into in foreign {
        for named in [genuine.document.clone(), Some(into.to_string()), None] {
            let moved = Signature {
                document: named,
                ..genuine.clone()
            };
            replay(&mut s.net, 0, into, &signed, &moved);
        }
        assert_eq!(note(&mut s.net, 0, into).signatures.len(), 3);
        assert_eq!(standing(&mut s.net, 0, into), Standing::Draft);
        assert_eq!(standing(&mut s.net, s.second, into), Standing::Draft);
    }
    // Nor in its own lane under other words, or in another's hand.
    replay(&mut s.net, 0, s.joint, &signed, &genuine);
    let view = note(&mut s.net, s.second, s.joint);
    let device = &s.net.seats[s.second].device;
    let mut held = view
        .signatures
        .iter()
        .map(|of| device.note_signature_holds(s.joint, &view, of).ok());
    assert_eq!((held.next(), held.next()), (Some(Some(true)), Some(Some(false))));
}

#[test]
fn a_signature_from_a_lane_that_went_on_elsewhere_holds_for_nobody_who_knows_where() {
    let mut s = scene(604);
    sign(&mut s.net, s.counselor, s.joint);
    let signed = note(&mut s.net, 0, s.joint);
    let new = s.net.admit(0, Role::Counselor, "Lin Mei");
    from_now(&mut s.net, 0, &s.of, Lane::Joint, new);
    let at = lane(&s.net, 0, &s.of, Lane::Joint);
    let carried = note(&mut s.net, 0, at).signatures[0].item.clone();
    assert_eq!(carried, signed.signatures[0].item);
    // One that names a document which is here, is open, and is not this one.
    let open = lane(&s.net, 0, &s.of, Lane::PartnerA);
    let moved = Signature {
        document: Some(open.to_string()),
        ..carried
    };
    replay(&mut s.net, 0, at, &signed, &moved);
    let view = note(&mut s.net, 0, at);
    let device = &s.net.seats[0].device;
    let held = view
        .signatures
        .iter()
        .map(|of| device.note_signature_holds(at, &view, of).ok());
    assert_eq!(held.collect::<Vec<_>>(), [Some(true), Some(false)]);
}

/// Signs a note with a device whose keys the test holds, as whoever stole it could.
fn forged(
    net: &Network,
    keys: &Keys,
    at: (CaseId, Lane, DocumentId),
    of: &NoteView,
    signer: String,
) -> Signature {
    let practice = *net.state().expect("a practice").practice();
    let message = Signature::message(of.id, &of.as_signed(&of.text), &signer, 7);
    let message = [cbor::encode(&at), message].concat();
    let proof = (keys.id(), keys.sign_bytes(labels::CASE_NOTE, &practice, &message));
    Signature {
        signer,
        signed_ms: 7,
        text: of.text.clone(),
        document: Some(at.2.to_string()),
        proof: cbor::encode(&proof),
    }
}

#[test]
fn a_stolen_key_signs_nothing_by_anothers_hand_and_carrying_over_does_not_mend_that() {
    let mut s = scene(605);
    let client = s.net.admit(0, Role::Client, "Chidi");
    let share = may_write(member(&s.net, client));
    share_lane(&mut s.net, 0, &s.of, Lane::Joint, share);
    settle(&mut s.net);
    let stolen = s.net.own_device(s.counselor);
    let device = &mut s.net.seats[s.counselor].device;
    let revoked = device.revoke_device(s.net.now, &mut s.net.rng, stolen.id(), true);
    revoked.expect("its own");
    settle(&mut s.net);
    let signer = member(&s.net, s.counselor).to_string();
    let view = note(&mut s.net, client, s.joint);
    let forgery = forged(
        &s.net,
        &stolen,
        (s.of, Lane::Joint, s.joint),
        &view,
        signer.clone(),
    );
    replay(&mut s.net, client, s.joint, &view, &forgery);
    assert_eq!(standing(&mut s.net, 0, s.joint), Standing::Draft);

    let new = s.net.admit(0, Role::Counselor, "Lin Mei");
    from_now(&mut s.net, 0, &s.of, Lane::Joint, new);
    let at = lane(&s.net, new, &s.of, Lane::Joint);
    for seat in [0, s.second, new] {
        assert_eq!(
            note(&mut s.net, seat, at).signatures.len(),
            1,
            "what was there is seen"
        );
        assert_eq!(standing(&mut s.net, seat, at), Standing::Draft, "seat {seat}");
    }
    // Nor does a client carry anything over: in the name of a document that nobody here ever saw.
    let made_up = DocumentId([9; 16]);
    let forgery = forged(&s.net, &stolen, (s.of, Lane::Joint, made_up), &view, signer);
    replay(&mut s.net, client, at, &view, &forgery);
    assert_eq!(note(&mut s.net, new, at).signatures.len(), 2);
    assert_eq!(standing(&mut s.net, new, at), Standing::Draft);
}

/// Signs as it was done before signatures named case and lane: by a device of the counselor's that the test plays.
fn signs_as_before(s: &mut Scene) {
    let keys = s.net.own_device(s.counselor);
    settle(&mut s.net);
    let connection = s.net.log_in(&keys);
    settle(&mut s.net);
    let view = note(&mut s.net, s.counselor, s.joint);
    let state = s.net.state().expect("a practice").clone();
    let (practice, signer) = (*state.practice(), member(&s.net, s.counselor).to_string());
    let message = Signature::message(view.id, &view.as_signed(&view.text), &signer, 7);
    let message = [s.joint.as_bytes(), &message[..]].concat();
    let signature = Signature {
        signer,
        signed_ms: 7,
        text: view.text.clone(),
        document: None,
        proof: cbor::encode(&(keys.id(), keys.sign_bytes(labels::NOTE, &practice, &message))),
    };
    let changes = s.net.seats[0]
        .device
        .read_mut(s.joint, |d| d.changes_since(&[]))
        .expect("readable");
    let mut document = LaneDocument::new(actor(&keys.id(), &s.joint)).expect("an empty document");
    let incoming: Vec<_> = changes
        .into_iter()
        .filter_map(|change| {
            let actor = claimed_actor(&change)?;
            Some(Incoming { change, actor })
        })
        .collect();
    document.apply(&incoming).expect("applied");
    let change = document.sign_note(view.id, &signature).expect("a draft");
    let (outsider, _) = Outsider::with(&keys, true, &state, &*s.net.store).expect("a readable store");
    let epoch = state.documents[&s.joint].epoch();
    let body = Body::Change(Change {
        document: s.joint,
        epoch,
        sequence: 1,
        prev: None,
    });
    let context = PayloadContext {
        practice,
        document: s.joint,
        epoch,
        author: keys.id(),
        sequence: 1,
        kind: body.kind(),
    };
    let edits = Edits {
        gossip: None,
        changes: vec![ByteVec::from(change)],
    };
    let key = outsider.key(s.joint, epoch).expect("a reader's key");
    let sealed = DocumentCipher::new(key).encrypt(&mut s.net.rng, &context, &edits.encode());
    let payload = sealed.expect("short enough");
    let statement = Statement {
        signer: keys.id(),
        seen: Some(Seen {
            roster: state.roster.head(),
            control: state.documents.get(&s.joint).map(Document::head),
        }),
        payload: PayloadRef::of(&payload),
        body,
    };
    let (upload, _) = keys.upload(&practice, &statement, payload);
    let append = Append {
        request: 1,
        uploads: vec![upload],
    };
    let answers = s.net.exchange(connection, &ClientMessage::Append(append));
    assert!(
        matches!(answers[..], [RelayMessage::Appended(_), ..]),
        "{answers:?}"
    );
    settle(&mut s.net);
}

#[test]
fn a_signature_for_one_document_alone_holds_there_and_for_who_knows_that_it_went_on() {
    let mut s = scene(606);
    signs_as_before(&mut s);
    assert_eq!(standing(&mut s.net, 0, s.joint), Standing::Signed);
    let signed = note(&mut s.net, 0, s.joint);
    let new = s.net.admit(0, Role::Counselor, "Lin Mei");
    from_now(&mut s.net, 0, &s.of, Lane::Joint, new);
    let at = lane(&s.net, 0, &s.of, Lane::Joint);
    for seat in [0, s.second, s.counselor] {
        assert_eq!(standing(&mut s.net, seat, at), Standing::Signed, "seat {seat}");
    }
    assert_eq!(standing(&mut s.net, new, at), Standing::Draft, "they cannot know");
    let into = lane(&s.net, 0, &s.of, Lane::PartnerA);
    replay(&mut s.net, 0, into, &signed, &signed.signatures[0].item);
    assert_eq!(standing(&mut s.net, 0, into), Standing::Draft);
}

#[test]
fn a_consent_stays_one_where_the_joint_lane_goes_on_without_its_history() {
    let mut s = scene(607);
    let from = lane(&s.net, 0, &s.of, Lane::PartnerA);
    write(&mut s.net, 0, from, "I would rather say so.").expect("an admin");
    let view = note(&mut s.net, 0, from);
    let recorded = Consented {
        words: "They share this note.",
        recorded: Some(Recorded::Paper),
    };
    let device = &mut s.net.seats[0].device;
    let shared = device.share_note(
        s.net.now,
        &mut s.net.rng,
        &s.of,
        Lane::PartnerA,
        view.id,
        recorded,
    );
    shared.expect("nobody has that lane on a device of theirs");
    settle(&mut s.net);
    let new = s.net.admit(0, Role::Counselor, "Lin Mei");
    from_now(&mut s.net, s.second, &s.of, Lane::Joint, new);
    for seat in [0, s.second, s.counselor, new] {
        let at = lane(&s.net, seat, &s.of, Lane::Joint);
        assert_ne!(at, s.joint);
        let found = s.net.seats[seat].device.share_consents(at).expect("readable");
        assert_eq!(found.len(), 1);
        assert!(found[0].1, "seat {seat}: {:?}", found[0].0);
    }
    // Moved to another case, it is nobody's word.
    let record = s.net.seats[0]
        .device
        .read(s.joint, |d| d.records(None))
        .expect("readable")
        .remove(0);
    let other = case(&mut s.net, 0);
    let into = lane(&s.net, 0, &other, Lane::Joint);
    let device = &mut s.net.seats[0].device;
    let moved = device.edit(s.net.now, &mut s.net.rng, into, |d| {
        d.add_record([5; 16], &record.1)
    });
    moved.expect("a writer");
    let found = device.share_consents(into).expect("readable");
    assert_eq!(found.iter().map(|(_, holds)| *holds).collect::<Vec<_>>(), [false]);
}
