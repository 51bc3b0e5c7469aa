//! Lies about intake: to whoever answers through a link, and to whoever reads the answers.

// Long because the lies about one link are told in one scene: whoever answers, whoever reads, and the relay between.

use troth_client_core::crypto::{ClientKeys, IntakeContext, IntakeSecret, SealingSecret};
use troth_client_core::intake::{Asking, IntakeError, IntakeLink, Said, Visit};
use troth_protocol::cbor;
use troth_protocol::checkpoint::CompactCheckpoint;
use troth_protocol::entry::{Leaf, Signed};
use troth_protocol::ids::{CaseId, DeviceId, Hash};
use troth_protocol::labels;
use troth_protocol::rule::Rule;
use troth_protocol::signature::Signature;
use troth_protocol::state::State;
use troth_protocol::statement::{Body, Lane, Statement};
use troth_protocol::wire::{ClientMessage, EntryItem, Item, Linked, Submit, Upload};
use troth_tests::intake_client::{Client, answers, form, sent};

use crate::scene::Scene;

const PIN: &str = "194823";

fn case(scene: &Scene) -> CaseId {
    let documents = &scene.net.state().expect("a practice").documents;
    let mut cases = documents.values().filter_map(|d| d.case());
    cases.next().expect("a case")
}

fn link(scene: &mut Scene, limit: u8) -> Client {
    let (writer, case) = (scene.writer, case(scene));
    sent(&mut scene.net, writer, case, Lane::PartnerA, limit)
}

fn upload(sending: &ClientMessage) -> Upload {
    match sending {
        ClientMessage::Submit(Submit { upload, .. }) => upload.clone(),
        other => unreachable!("{other:?}"),
    }
}

fn statement(signed: &Signed) -> Statement {
    cbor::decode(&signed.statement).expect("a statement")
}

/// An entry as the relay would write it next, whatever the rules say.
fn next(state: &State, upload: Upload) -> EntryItem {
    let stream = statement(&upload.signed).stream();
    EntryItem {
        leaf: Leaf {
            received: state.received,
            stream_seq: state.count(&stream),
            signed: upload.signed,
        },
        payload: Some(upload.payload.into()),
    }
}

/// The relay gives the victim an entry, in a ledger that it signs with it; the victim names the rule, and keeps nothing.
fn given(scene: &mut Scene, upload: Upload, rule: &str) {
    scene.net.settle();
    let (known, signer) = (scene.known(), scene.signer());
    let (frontier, entry) = (known.frontier.clone(), next(&known.state, upload));
    scene.lie(move |items| {
        items.items = vec![Item::Entry(entry.clone())];
        signer.sign(items, &frontier);
    });
    scene.write("something else, in whose place the lie comes");
    scene.caught(&known, rule);
    let inbox = scene.net.seats[scene.victim].device.inbox().expect("readable");
    let said: Vec<_> = inbox.iter().filter_map(|came| came.said.as_ref()).collect();
    assert!(!said.contains(&&answers("made up")), "nothing of it is shown");
}

#[test]
fn a_recipient_key_of_the_relays_own_is_not_behind_the_link() {
    let mut scene = Scene::new(101);
    let client = link(&mut scene, 1);
    let linked = client.linked(&mut scene.net);
    let context = context(&linked);
    let opened = client
        .link
        .secret
        .open_form(&context, &linked.form)
        .expect("its form");
    let mut asking: Asking = cbor::decode(&opened).expect("what is asked");
    let own = SealingSecret::generate(&mut scene.net.rng);
    asking.recipient = own.public().to_bytes().to_vec().into();
    // Even a relay to which somebody gave the link: the digest of the right key stands in it.
    for secret in [
        client.link.secret.clone(),
        IntakeSecret::generate(&mut scene.net.rng),
    ] {
        let form = secret
            .seal_form(&mut scene.net.rng, &context, &cbor::encode(&asking))
            .expect("short");
        let swapped = Linked {
            form,
            ..linked.clone()
        };
        let refused = Visit::open(&client.link, swapped).err();
        assert_eq!(refused, Some(IntakeError::NotBehindIt));
    }
    Visit::open(&client.link, linked).expect("as it was sent");
}

#[test]
fn another_links_form_or_an_altered_one_is_not_behind_the_link() {
    let mut scene = Scene::new(102);
    let (client, other) = (link(&mut scene, 1), link(&mut scene, 1));
    let (linked, theirs) = (client.linked(&mut scene.net), other.linked(&mut scene.net));
    let mut altered = linked.form.clone();
    altered[linked.form.len() / 2] ^= 1;
    let cut = linked.form[..linked.form.len() - 1].to_vec();
    for form in [theirs.form.clone(), altered, cut] {
        let swapped = Linked {
            form,
            ..linked.clone()
        };
        let refused = Visit::open(&client.link, swapped).err();
        assert_eq!(refused, Some(IntakeError::NotBehindIt));
    }
    // Nor is all of the other link, under this one's name.
    let renamed = Linked {
        invite: client.link.invite,
        ..theirs
    };
    let refused = Visit::open(&client.link, renamed).err();
    assert_eq!(refused, Some(IntakeError::NotBehindIt));
}

#[test]
fn an_older_draft_is_the_most_that_can_be_brought_back_and_another_links_does_not_open() {
    let mut scene = Scene::new(103);
    let (client, other) = (link(&mut scene, 1), link(&mut scene, 1));
    let net = &mut scene.net;
    client.keep(net, PIN, b"the first draft");
    let first = client
        .unlock(net, PIN, false)
        .expect("the PIN")
        .draft
        .expect("a draft");
    client.keep(net, PIN, b"the second draft");
    other.keep(net, PIN, b"a draft for another link");
    let second = client
        .unlock(net, PIN, false)
        .expect("the PIN")
        .draft
        .expect("a draft");
    let theirs = other
        .unlock(net, PIN, false)
        .expect("the PIN")
        .draft
        .expect("a draft");
    let (visit, keys) = (client.visit(net), client.keys(net, PIN));
    let open = |sealed: &[u8]| visit.open_draft(&keys, sealed).ok().map(|d| d.to_vec());
    assert_eq!(open(&second).as_deref(), Some(&b"the second draft"[..]));
    // Replayed, it is what the client wrote before, whole: they see it, and send nothing that they have not read.
    assert_eq!(open(&first).as_deref(), Some(&b"the first draft"[..]));
    assert_eq!(open(&theirs), None, "another link's, under the same PIN");
    let half = first.len() / 2;
    let mixed = [&first[..half], &second[half..]].concat();
    assert_eq!(open(&mixed), None, "one made of two");
    let empty: Vec<u8> = Vec::new();
    assert_eq!(open(&empty), None);
}

#[test]
fn answers_for_one_link_are_not_anothers() {
    for (seed, keep_signer) in [(104, true), (105, false)] {
        let mut scene = Scene::new(seed);
        let (client, other) = (link(&mut scene, 1), link(&mut scene, 1));
        let keys = client.keys(&mut scene.net, PIN);
        let sending = client.saying(&mut scene.net, &keys, &answers("made up"));
        let mut moved = upload(&sending.message);
        let mut said = statement(&moved.signed);
        let Body::Submission(body) = &mut said.body else {
            unreachable!()
        };
        body.invite = other.link.invite;
        if !keep_signer {
            said.signer = signer_of(&other.link);
        }
        moved.signed.statement = cbor::encode(&said);
        // The relay's own rules refuse it, and so does every reader of a relay without rules.
        let practice = scene.signer().practice;
        let message = ClientMessage::Submit(Submit {
            request: 1,
            practice,
            upload: moved.clone(),
        });
        let sending = troth_client_core::intake::Sending {
            message,
            hash: sending.hash,
        };
        assert!(other.send(&mut scene.net, &sending).is_err());
        given(&mut scene, moved, "breaks rule R5");
    }
}

#[test]
fn answers_are_not_taken_twice() {
    let mut scene = Scene::new(106);
    let client = link(&mut scene, 2);
    let keys = client.keys(&mut scene.net, PIN);
    let sending = client.saying(&mut scene.net, &keys, &answers("made up once"));
    client.send(&mut scene.net, &sending).expect("an open link");
    given(&mut scene, upload(&sending.message), "breaks rule R44");
}

#[test]
fn answers_that_the_relay_makes_up_are_nobodys() {
    for (seed, as_the_link) in [(107, true), (108, false)] {
        let mut scene = Scene::new(seed);
        let client = link(&mut scene, 1);
        let keys = client.keys(&mut scene.net, PIN);
        let sending = client.saying(&mut scene.net, &keys, &answers("made up"));
        let mut forged = upload(&sending.message);
        let key = ed25519_dalek::SigningKey::from_bytes(&[66; 32]);
        let mut said = statement(&forged.signed);
        if !as_the_link {
            said.signer = DeviceId(Hash::of(&[&key.verifying_key().to_bytes()]).0);
        }
        let statement = cbor::encode(&said);
        let practice = scene.signer().practice;
        let signature = Signature::sign(&key, labels::STATEMENT, &practice, &statement);
        forged.signed = Signed { statement, signature };
        given(&mut scene, forged, "breaks rule R5");
    }
}

#[test]
fn an_invite_does_not_outlive_its_revocation() {
    let mut scene = Scene::new(109);
    let client = link(&mut scene, 1);
    let keys = client.keys(&mut scene.net, PIN);
    let writer = scene.writer;
    let net = &mut scene.net;
    let device = &mut net.seats[writer].device;
    device
        .close_link(net.now, &mut net.rng, client.link.invite)
        .expect("an open link");
    net.settle();
    let linked = client.linked(net);
    assert_eq!(linked.closed, Some(Rule::Link.number()));
    // The relay tells the client that it is open still, and takes what they send.
    let open = Linked {
        closed: None,
        ..linked
    };
    let visit = Visit::open(&client.link, open).expect("all else is true");
    let sending = visit
        .say(&mut net.rng, net.now, &keys, &answers("made up"))
        .expect("said to be open");
    assert_eq!(client.send(net, &sending), Err(Rule::Link), "an honest relay");
    given(&mut scene, upload(&sending.message), "breaks rule R47");
}

#[test]
fn a_receipt_is_believed_with_the_signed_ledger_that_holds_it_and_not_before() {
    let mut scene = Scene::new(110);
    let client = link(&mut scene, 1);
    let before = client.linked(&mut scene.net);
    let receipt = client.say(&mut scene.net, PIN, &answers("kept"));
    let after = client.linked(&mut scene.net);
    let is_kept = |linked: Linked| {
        let visit = Visit::open(&client.link, linked).expect("behind the link");
        visit.is_kept(receipt.position)
    };
    assert!(is_kept(after.clone()));
    let stale = Linked {
        checkpoint: before.checkpoint,
        ..after.clone()
    };
    assert!(!is_kept(stale), "a ledger from before");
    let longer = CompactCheckpoint {
        size: after.checkpoint.size + 100,
        ..after.checkpoint
    };
    let longer = Linked {
        checkpoint: longer,
        ..after.clone()
    };
    assert!(!is_kept(longer), "a size that nobody signed");
    let mut signer = scene.signer();
    signer.key = ed25519_dalek::SigningKey::from_bytes(&[66; 32]);
    let other = Linked {
        checkpoint: signer.checkpoint(after.checkpoint.size, after.checkpoint.root),
        ..after
    };
    assert!(!is_kept(other), "another key than the one behind the link");
}

#[test]
fn a_pin_is_guessed_ten_times_however_often_the_relay_starts_again() {
    let mut scene = Scene::new(111);
    let client = link(&mut scene, 1);
    client.keep(&mut scene.net, PIN, b"what I began to write");
    for left in (0..10).rev() {
        let guess = format!("70221{left}");
        let refused = client.unlock(&mut scene.net, &guess, left % 2 == 0);
        let refused = refused.expect_err("not the PIN");
        assert_eq!((refused.rule(), refused.tries), (Rule::Pin, Some(left)));
        scene.net.restart_relay();
    }
    for eleventh in ["702210", PIN] {
        let refused = client
            .unlock(&mut scene.net, eleventh, true)
            .expect_err("too late");
        assert_eq!((refused.rule(), refused.tries), (Rule::Pin, Some(0)));
    }
}

/// What the relay keeps for a link: the proof's digest, the pepper, wrong tries, the draft, when.
type Kept = (
    Hash,
    troth_protocol::wire::LinkSecret,
    u8,
    Option<minicbor::bytes::ByteVec>,
    u64,
);

#[test]
fn neither_the_counselor_nor_the_relay_opens_a_draft_with_all_they_have() {
    let mut scene = Scene::new(112);
    let client = link(&mut scene, 1);
    client.keep(&mut scene.net, PIN, b"what I began to write");
    let kept = scene.net.store.kept(&client.link.invite).expect("readable");
    let kept: Kept = cbor::decode(&kept.expect("something is kept")).expect("as the relay writes it");
    let (verifier, pepper, _, draft, _) = kept;
    let draft = draft.expect("a draft");
    let linked = client.linked(&mut scene.net);
    let context = context(&linked);
    let opens = |keys: &ClientKeys| keys.open_draft(&context, &draft).is_ok();
    let with = |secret: &IntakeSecret, pin: &str, pepper: &[u8; 32]| {
        let stretched = secret.stretch(pin, troth_client_core::crypto::Cost::LEAST);
        stretched.expect("memory").open(pepper)
    };
    assert!(
        opens(&with(&client.link.secret, PIN, &pepper.0)),
        "all three together open it"
    );

    // The counselor made the link, and works it out again; say that they even guess the PIN. They have no pepper.
    let writer = scene.writer;
    let device = &mut scene.net.seats[writer].device;
    let made = device
        .link_again(context.document, client.link.invite)
        .expect("a reader");
    assert_eq!(made, client.link);
    for pepper in [
        [0; 32],
        made.recipient.0,
        *made.secret.to_bytes(),
        Hash::of(&[&made.recipient.0]).0,
    ] {
        assert!(!opens(&with(&made.secret, PIN, &pepper)));
    }
    let guess = client
        .unlock(&mut scene.net, "702215", false)
        .expect_err("ten tries, and no more");
    assert_eq!(guess.rule(), Rule::Pin);

    // The relay has everything but what stands behind the #; say that it guesses the PIN, too.
    let Ok(signed) = troth_protocol::entry::Parsed::parse(linked.statement.clone()) else {
        unreachable!()
    };
    let Body::Invite(invite) = &signed.statement().body else {
        unreachable!()
    };
    let has = [
        verifier.0,
        pepper.0,
        invite.link.0,
        Hash::of(&[&linked.form]).0,
        [0; 32],
    ];
    for secret in has {
        let secret = IntakeSecret::from_bytes(&secret);
        assert!(!opens(&with(&secret, PIN, &pepper.0)));
        let proof = secret
            .stretch(PIN, troth_client_core::crypto::Cost::LEAST)
            .expect("memory")
            .proof();
        assert_ne!(
            Hash::of(&[&proof[..]]),
            verifier,
            "nor can it tell a right PIN from a wrong one"
        );
    }
}

#[test]
fn whoever_else_has_the_link_is_told_apart_and_changes_nothing_that_was_said() {
    let mut scene = Scene::new(113);
    let client = link(&mut scene, 2);
    client.say(&mut scene.net, PIN, &answers("mine"));
    // A program of their own, which asks the relay for no pepper.
    let theirs = client.pin("555-121").open(&[9; 32]);
    for said in [
        answers("not mine"),
        Said::Withdraw { consents: Vec::new() },
        Said::Copy,
        Said::Erase,
    ] {
        let sending = client.saying(&mut scene.net, &theirs, &said);
        client
            .send(&mut scene.net, &sending)
            .expect("the link's key signs it");
        scene.net.settle();
    }
    let victim = scene.victim;
    let net = &mut scene.net;
    let device = &mut net.seats[victim].device;
    let came = device.inbox().expect("readable");
    let same: Vec<bool> = came.iter().map(|came| came.same_client).collect();
    assert_eq!(same, [true, false, false, false, false]);
    assert!(device.accept_withdrawal(net.now, &mut net.rng, &came[2]).is_err());
    assert!(device.reply_with_copy(net.now, &mut net.rng, &came[3]).is_err());
    assert!(device.erase_and_reply(net.now, &mut net.rng, &came[4]).is_err());
    assert_eq!(device.waiting(), 0, "nothing of it is done");
}

#[test]
fn the_relay_dies_between_taking_answers_and_saying_so_and_the_same_again_is_the_same() {
    for (seed, signed) in [(114, false), (115, true)] {
        let mut scene = Scene::new(seed);
        let client = link(&mut scene, 1);
        let keys = client.keys(&mut scene.net, PIN);
        let sending = client.saying(&mut scene.net, &keys, &answers("said once"));
        let connection = scene.net.stranger();
        scene.net.say(connection, &sending.message);
        scene.net.crash(signed);
        let linked = client.linked(&mut scene.net);
        assert_eq!(linked.prev, Some(sending.hash), "it was durable");
        let receipt = client.send(&mut scene.net, &sending).expect("as the first time");
        assert_eq!(client.send(&mut scene.net, &sending), Ok(receipt));
        assert!(client.visit(&mut scene.net).is_kept(receipt.position));
        scene.back(scene.victim);
        let inbox = scene.net.seats[scene.victim].device.inbox().expect("readable");
        assert_eq!(inbox.len(), 1);
        assert_eq!(inbox[0].said, Some(answers("said once")));
        assert_eq!(inbox[0].position, receipt.position);
    }
}

#[test]
fn an_invites_entry_names_no_more_than_it_may_and_nothing_behind_the_link_is_in_the_store() {
    let mut scene = Scene::new(116);
    let client = link(&mut scene, 2);
    let linked = client.linked(&mut scene.net);
    let said = statement(&linked.statement);
    let Body::Invite(invite) = &said.body else {
        unreachable!()
    };
    let key = client.link.secret.signing().verifying_key();
    assert_eq!(
        (invite.link, invite.limit, invite.invite),
        (key, 2, client.link.invite)
    );
    // Kind and signer, what the signer had seen, the payload's digest and length; and of the link: document, epoch, name, the
    // key's public half, expiry, limit. Whatever else stood there would have to be in these bytes.
    let seen = said.seen.expect("a device's");
    let payload = said.payload.expect("a sealed form");
    let known: [&[u8]; 7] = [
        said.signer.as_bytes(),
        seen.roster.as_bytes(),
        &seen.control.expect("a document's").0,
        payload.digest.as_bytes(),
        invite.document.as_bytes(),
        invite.invite.as_bytes(),
        invite.link.as_bytes(),
    ];
    let known: usize = known.iter().map(|field| field.len()).sum();
    let rest = linked.statement.statement.len() - known;
    assert!(rest <= 64, "{rest} bytes of numbers and of CBOR's own");

    // The store holds the payload, sealed: not the form, nor its digest, nor who asks, nor any half of the link's secrets.
    let form = form();
    let digest = Hash::of(&[&form]);
    let secret = client.link.secret.to_bytes();
    let absent: [&[u8]; 7] = [
        secret.as_slice(),
        &client.link.recipient.0,
        &digest.0,
        b"urn:troth:test",
        b"What brings you here",
        b"Ada Winter",
        b"Lindenhof",
    ];
    let store = scene.dir.path().join("store");
    let mut there = 0;
    for file in std::fs::read_dir(store).expect("a store").flatten() {
        let bytes = std::fs::read(file.path()).expect("readable");
        let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
        for needle in absent {
            assert!(
                !holds(needle),
                "{} holds {}",
                file.path().display(),
                String::from_utf8_lossy(needle)
            );
        }
        there += usize::from(holds(invite.link.as_bytes()));
    }
    assert!(there > 0, "the search finds what is there");
}

fn context(linked: &Linked) -> IntakeContext {
    let Body::Invite(invite) = statement(&linked.statement).body else {
        unreachable!()
    };
    IntakeContext {
        practice: linked.practice,
        document: invite.document,
        invite: invite.invite,
    }
}

fn signer_of(link: &IntakeLink) -> DeviceId {
    DeviceId(Hash::of(&[link.secret.signing().verifying_key().as_bytes()]).0)
}
