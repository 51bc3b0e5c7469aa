//! What a relay that withholds must sign, and what contradicts it.

use std::cell::RefCell;
use std::rc::Rc;

use troth_client_core::device::{Phase, Report};
use troth_protocol::counts::{Counts, SignedCounts, digest};
use troth_protocol::entry::Parsed;
use troth_protocol::evidence::{Contradiction, judge};
use troth_protocol::ids::Hash;
use troth_protocol::stream::Stream;
use troth_protocol::tree::leaf_hash;
use troth_protocol::visibility::entitled;
use troth_protocol::wire::{EntryItem, Item, Items, RelayMessage, RootsItem};

use crate::scene::{Scene, Signer, first};

/// Shows a root in place of an entry: what folds is the same.
fn hide(items: &mut Items) {
    items.items.iter_mut().for_each(hide_one);
}

fn hide_one(item: &mut Item) {
    if let Item::Entry(entry) = item {
        let roots = leaf_hash(&entry.leaf.encode()).0.to_vec();
        *item = Item::Roots(RootsItem { entries: 1, roots });
    }
}

fn stream_of(entry: &EntryItem) -> Stream {
    Parsed::parse(entry.leaf.signed.clone())
        .expect("a statement")
        .statement()
        .stream()
}

fn recount(items: &mut Items, signer: &Signer, change: impl FnOnce(&mut Counts)) {
    if let Some(signed) = &mut items.counts {
        let mut counts = signed.counts;
        change(&mut counts);
        *signed = SignedCounts::sign(counts, &signer.practice, &signer.key);
    }
}

/// What the relay would have to sign for the victim to miss nothing.
fn counted(scene: &Scene) -> Hash {
    let device = &scene.net.seats[scene.victim].device;
    digest(&entitled(
        device.state().expect("synced"),
        &device.member().expect("a member"),
    ))
}

#[test]
fn the_newest_entry_withheld_is_missed_with_the_next_beat() {
    let mut scene = Scene::new(31);
    let known = scene.known();
    scene.lie(hide);
    scene.write("withheld");
    assert_eq!(
        scene.net.seats[scene.victim].device.phase(),
        Phase::Live,
        "until the relay has to count"
    );
    scene.net.pass(31_000);
    scene.accused("withholds");
    assert_eq!(scene.read(scene.victim), ["before the lie"]);
    // What folded is true and stays; the entry's place in it is empty, and stays missed after a restart.
    let folded = scene.net.seats[scene.victim].device.frontier().clone();
    assert_eq!(folded.size(), known.frontier.size() + 1);
    scene.net.tamper = None;
    scene.net.restart_device(scene.victim);
    scene.net.seats[scene.victim].reports.clear();
    scene.net.settle();
    scene.accused("withholds");
    let reopened = scene
        .net
        .open_with(scene.victim, troth_tests::network::PASSPHRASE)
        .expect("it opens");
    assert_eq!(reopened.frontier(), &folded);
    assert_eq!(reopened.state(), Some(&known.state));
}

#[test]
fn an_entry_withheld_from_a_catch_up_is_missed_at_its_end() {
    let mut scene = Scene::new(32);
    scene.net.offline(scene.victim);
    scene.write("withheld");
    scene.lie(hide);
    scene.net.online(scene.victim);
    scene.net.settle();
    scene.accused("withholds");
    let said = &scene.net.seats[scene.victim].reports;
    assert!(
        !said
            .iter()
            .rev()
            .take_while(|r| !matches!(r, Report::Dishonest(_)))
            .any(|r| matches!(r, Report::CaughtUp))
    );
}

#[test]
fn an_edit_withheld_under_false_counts_is_missed_at_its_authors_next_one() {
    let mut scene = Scene::new(33);
    let (less, signer) = (counted(&scene), scene.signer());
    let mut hidden = 0;
    scene.lie(move |items| {
        if first(items).is_some() && hidden == 0 {
            hidden += 1;
            hide(items);
        }
        recount(items, &signer, |counts| counts.digest = less);
    });
    scene.write("withheld");
    scene.net.pass(65_000);
    assert_eq!(
        scene.net.seats[scene.victim].device.phase(),
        Phase::Live,
        "the relay signed that this is all"
    );
    let known = scene.known();
    let joint = Stream::Document(scene.joint);
    scene.write("the author's next edit");
    let proof = scene.caught(&known, "breaks rule R17").expect("a file");
    let verdict = judge(&proof).expect("it proves something");
    let Contradiction::Miscounted {
        stream,
        size,
        signed,
        position,
        number,
    } = verdict.contradiction
    else {
        panic!("{verdict:?}");
    };
    assert_eq!(stream, joint);
    assert_eq!((size, position), (known.frontier.size(), known.frontier.size()));
    assert_eq!(number, signed + 1, "there was one more before it");
}

#[test]
fn a_roster_change_hidden_under_false_counts_shows_at_the_first_edit_that_saw_it() {
    let mut scene = Scene::new(39);
    let (less, signer, joint) = (counted(&scene), scene.signer(), Stream::Document(scene.joint));
    scene.lie(move |items| {
        for item in &mut items.items {
            let shown = matches!(item, Item::Entry(entry) if stream_of(entry) == joint);
            if !shown {
                hide_one(item);
            }
        }
        recount(items, &signer, |counts| counts.digest = less);
    });
    scene.net.link(scene.writer, "phone");
    scene.net.pass(65_000);
    assert_eq!(
        scene.net.seats[scene.victim].device.phase(),
        Phase::Live,
        "the relay signed that this is all"
    );
    let known = scene.known();
    scene.write("by who knows the third device");
    scene.caught(&known, "breaks rule R14");
}

#[test]
fn a_beat_is_not_believed_twice() {
    let mut scene = Scene::new(34);
    let mut kept = None;
    scene.lie(move |items| match (&kept, items.counts.is_some()) {
        (None, true) => kept = Some(items.clone()),
        (Some(old), true) => *items = old.clone(),
        (_, false) => {}
    });
    scene.net.pass(31_000);
    let known = scene.known();
    scene.net.pass(31_000);
    scene.caught(&known, "signed counts");
}

#[test]
fn counts_are_the_relays_for_this_follower_and_this_checkpoint() {
    let changes: [fn(&mut Counts); 5] = [
        |counts| counts.beat += 1,
        |counts| counts.nonce.0[0] ^= 1,
        |counts| counts.checkpoint.size -= 1,
        |counts| counts.checkpoint.root.0[0] ^= 1,
        |counts| counts.digest.0[0] ^= 1,
    ];
    for change in changes {
        let mut scene = Scene::new(35);
        let (known, signer) = (scene.known(), scene.signer());
        scene.lie(move |items| recount(items, &signer, change));
        scene.net.pass(31_000);
        scene.caught(&known, "signed counts");
    }
    let mut scene = Scene::new(36);
    let (known, mut signer) = (scene.known(), scene.signer());
    signer.key = ed25519_dalek::SigningKey::from_bytes(&[8; 32]);
    scene.lie(move |items| recount(items, &signer, |_| {}));
    scene.net.pass(31_000);
    scene.caught(&known, "signed counts");
}

#[test]
fn a_payload_withheld_is_asked_for_again_and_no_proof_of_anything() {
    let mut scene = Scene::new(37);
    let asked = Rc::new(RefCell::new(0));
    let (count, victim) = (asked.clone(), scene.victim);
    scene.net.tamper = Some(Box::new(move |message, seat| {
        let items = match message {
            RelayMessage::Items(items) => items,
            RelayMessage::Fetched(_, _, items) => {
                *count.borrow_mut() += 1;
                items
            }
            _ => return true,
        };
        let entries = items.items.iter_mut().filter_map(|item| match item {
            Item::Entry(entry) if seat == victim => Some(entry),
            _ => None,
        });
        entries.for_each(|entry| entry.payload = None);
        true
    }));
    scene.write("its statement is shown, its payload is not");
    scene.net.pass(31_000);
    assert_eq!(*asked.borrow(), 1, "it is asked for once more");
    scene.net.pass(120_000);
    assert_eq!(*asked.borrow(), 1, "and not again and again");
    let withheld = |r: &&Report| matches!(r, Report::Withheld { .. });
    let accused = |r: &Report| matches!(r, Report::Dishonest(_));
    let seat = &scene.net.seats[scene.victim];
    assert_eq!(
        seat.reports.iter().filter(withheld).count(),
        1,
        "{:?}",
        seat.reports
    );
    assert!(!seat.reports.iter().any(accused), "{:?}", seat.reports);
    assert_eq!(seat.device.phase(), Phase::Live, "it goes on");
    // The relay thinks better of it.
    scene.net.tamper = None;
    scene.net.restart_device(scene.victim);
    scene.net.settle();
    scene.net.pass(31_000);
    assert_eq!(
        scene.read(scene.victim),
        ["before the lie", "its statement is shown, its payload is not"]
    );
    assert!(!scene.net.seats[scene.victim].reports.iter().any(accused));
}

#[test]
fn a_relay_that_talks_and_never_counts_is_not_listened_to() {
    let mut scene = Scene::new(38);
    scene.lie(|items| items.counts = None);
    scene.net.pass(120_000);
    scene.net.settle();
    assert_ne!(
        scene.net.seats[scene.victim].device.phase(),
        Phase::Live,
        "live means counted within two beats"
    );
}
