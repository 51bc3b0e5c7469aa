//! The wire: frames, the handshake's transcript, signed counts, and the items that are the proof.

use ed25519_dalek::SigningKey;
use troth_protocol::checkpoint::Checkpoint;
use troth_protocol::counts::{Counts, SignedCounts};
use troth_protocol::ids::{DeviceId, Nonce, PracticeId};
use troth_protocol::limits;
use troth_protocol::rule::Rule;
use troth_protocol::statement::{CheckpointRef, Lane, Role};
use troth_protocol::stream::Stream;
use troth_protocol::tree::{Frontier, cover, leaf_hash};
use troth_protocol::visibility::may_see;
use troth_protocol::wire::{
    self, ClientMessage, EntryItem, Hello, Item, Items, Mismatch, Refused, RelayMessage, RootsItem,
    Transcript,
};

use crate::practice::{Device, Entry, Practice, admins, hash, public, reader, signing_key, writer};

/// The root of the subtree over some leaves, by folding them alone.
fn root(entries: &[Entry]) -> troth_protocol::ids::Hash {
    let mut frontier = Frontier::new();
    for entry in entries {
        frontier.push_leaf(leaf_hash(&entry.leaf.encode())).unwrap();
    }
    frontier.root()
}

/// What an honest relay sends over `from..` to someone who may see some positions.
fn items(practice: &Practice, from: u64, shown: impl Fn(u64) -> bool) -> Items {
    let (entries, end) = (&practice.entries, practice.next());
    let mut items = Vec::new();
    let mut position = from;
    while position < end {
        let hidden = (position..end).take_while(|p| !shown(*p)).count() as u64;
        if hidden == 0 {
            let leaf = entries[position as usize].leaf.clone();
            items.push(Item::Entry(EntryItem { leaf, payload: None }));
            position += 1;
        } else {
            let subtrees = cover(position, position + hidden).map(|s| s.leaves().unwrap());
            let roots = subtrees.flat_map(|r| root(&entries[r.start as usize..r.end as usize]).0);
            items.push(Item::Roots(RootsItem {
                entries: hidden,
                roots: roots.collect(),
            }));
            position += hidden;
        }
    }
    let checkpoint = Checkpoint::new(practice.state.roster.ledger_origin(), end, root(entries)).unwrap();
    let checkpoint = checkpoint.sign_compact(&practice.ledger);
    Items {
        from,
        items,
        checkpoint,
        counts: None,
    }
}

/// A ledger in which a counselor works beside what they may not see.
fn busy() -> (Practice, Device) {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let hidden = practice.document(&anna, Lane::Joint, vec![writer(&anna)]);
    let shared = practice.document(&anna, Lane::Joint, vec![admins(), reader(&bruno)]);
    for _ in 0..5 {
        practice.change(&anna, hidden).unwrap();
        practice.change(&anna, hidden).unwrap();
        practice.change(&anna, hidden).unwrap();
        practice.change(&anna, shared).unwrap();
    }
    (practice, bruno)
}

fn shown_to<'a>(practice: &'a Practice, who: &'a Device) -> impl Fn(u64) -> bool + 'a {
    move |position| {
        let stream = practice.entries[position as usize].statement().stream();
        may_see(&practice.state, &who.member, &stream, position)
    }
}

#[test]
fn what_a_reader_may_see_folds_into_the_signed_root_from_wherever_they_were() {
    let (practice, bruno) = busy();
    let shown = shown_to(&practice, &bruno);
    let mut frontier = Frontier::new();
    for from in 0..=practice.next() {
        let items = items(&practice, from, &shown);
        let folded = items.fold(&frontier).unwrap();
        let key = public(&practice.ledger);
        let origin = practice.state.roster.ledger_origin();
        let checkpoint = items.checkpoint.verify(&origin, &key).unwrap();
        assert_eq!(folded.frontier.root(), *checkpoint.root());
        assert_eq!(folded.frontier.size(), practice.next());
        let expected: Vec<u64> = (from..practice.next()).filter(|p| shown(*p)).collect();
        assert_eq!(folded.positions, expected);
        assert_eq!(items.into_entries().count(), expected.len());
        if let Some(entry) = practice.entries.get(from as usize) {
            frontier.push_leaf(leaf_hash(&entry.leaf.encode())).unwrap();
        }
    }
}

#[test]
fn a_relay_that_tampers_is_found_out() {
    let (practice, bruno) = busy();
    let from = 3;
    let mut frontier = Frontier::new();
    for entry in &practice.entries[..from] {
        frontier.push_leaf(leaf_hash(&entry.leaf.encode())).unwrap();
    }
    let honest = items(&practice, from as u64, shown_to(&practice, &bruno));
    assert!(honest.fold(&frontier).is_ok());
    let tampered = |what: &str, change: &dyn Fn(&mut Items)| {
        let mut items = honest.clone();
        change(&mut items);
        assert_ne!(items, honest, "{what}");
        assert_eq!(items.fold(&frontier).err(), Some(Mismatch), "{what}");
    };
    for (at, item) in honest.items.iter().enumerate() {
        match item {
            Item::Entry(_) => {
                let alter = |change: &dyn Fn(&mut EntryItem)| {
                    tampered("altered", &|items| {
                        let Item::Entry(entry) = &mut items.items[at] else {
                            unreachable!()
                        };
                        change(entry);
                    });
                };
                alter(&|e| e.leaf.received += 1);
                alter(&|e| e.leaf.stream_seq += 1);
                alter(&|e| e.leaf.signed.statement[9] ^= 1);
            }
            Item::Roots(_) => {
                let alter = |change: &dyn Fn(&mut RootsItem)| {
                    tampered("another run", &|items| {
                        let Item::Roots(run) = &mut items.items[at] else {
                            unreachable!()
                        };
                        change(run);
                    });
                };
                alter(&|r| r.roots[0] ^= 1);
                alter(&|r| r.entries += 1);
                alter(&|r| r.entries -= 1);
                alter(&|r| r.entries = u64::MAX);
                alter(&|r| r.entries = 0);
                alter(&|r| r.roots.truncate(r.roots.len() - 1));
                alter(&|r| r.roots.truncate(r.roots.len() - 32));
                alter(&|r| r.roots.push(0));
                alter(&|r| r.roots.extend([0; 32]));
            }
        }
        tampered("dropped", &|items| drop(items.items.remove(at)));
        tampered("repeated", &|items| {
            items.items.insert(at, items.items[at].clone())
        });
    }
    for at in 1..honest.items.len() {
        tampered("reordered", &|items| items.items.swap(at - 1, at));
    }
    tampered("cut off", &|items| items.items.clear());
    tampered("from elsewhere", &|items| items.from -= 1);
    tampered("from later", &|items| items.from += 1);
    tampered("another size", &|items| items.checkpoint.size += 1);
    tampered("another root", &|items| items.checkpoint.root = hash("fork"));
}

#[test]
fn the_same_items_do_not_fold_twice() {
    let (practice, bruno) = busy();
    let items = items(&practice, 0, shown_to(&practice, &bruno));
    let folded = items.fold(&Frontier::new()).unwrap();
    assert_eq!(items.fold(&folded.frontier).err(), Some(Mismatch));
    // Nor into another ledger of the same size.
    let (mut other, anna) = Practice::found();
    other.invite(&anna, Role::Client);
    let (mut this, anna) = Practice::found();
    this.add_device(&anna);
    this.add_device(&anna);
    let start = self::items(&other, 0, |_| true)
        .fold(&Frontier::new())
        .unwrap()
        .frontier;
    assert_eq!(self::items(&this, 2, |_| true).fold(&start).err(), Some(Mismatch));
}

#[test]
fn a_relay_cannot_hide_what_it_shows_elsewhere_but_it_may_show_less() {
    // Showing less than one may see folds all the same: that is what the counts are for.
    let (practice, bruno) = busy();
    let shown = shown_to(&practice, &bruno);
    let less = items(&practice, 0, |p| shown(p) && p != practice.next() - 1);
    assert!(less.fold(&Frontier::new()).is_ok());
    let withheld = practice
        .replay(|p, stream| may_see(&practice.state, &bruno.member, stream, p) && p != practice.next() - 1)
        .unwrap();
    let digest =
        |state| troth_protocol::counts::digest(&troth_protocol::visibility::entitled(state, &bruno.member));
    assert_ne!(digest(&withheld), digest(&practice.state));
}

fn signed_counts(beat: u64, ledger: &SigningKey, practice: &PracticeId) -> SignedCounts {
    let checkpoint = CheckpointRef {
        size: 3,
        root: hash("root"),
    };
    let counts = Counts {
        nonce: Nonce([1; 32]),
        beat,
        checkpoint,
        digest: hash("digest"),
    };
    SignedCounts::sign(counts, practice, ledger)
}

#[test]
fn r5_counts_are_the_relays_word_for_one_follower_and_one_beat() {
    let (practice, _) = Practice::found();
    let (key, id) = (public(&practice.ledger), practice.id());
    let right = signed_counts(4, &practice.ledger, &id);
    assert_eq!(right.verify(&id, &key), Ok(&right.counts));
    let refused = |wrong: SignedCounts| assert_eq!(wrong.verify(&id, &key), Err(Rule::BadSignature));
    refused(signed_counts(4, &signing_key(3), &id));
    refused(signed_counts(4, &practice.ledger, &PracticeId([1; 32])));
    let altered = |change: &dyn Fn(&mut Counts)| {
        let mut wrong = right;
        change(&mut wrong.counts);
        refused(wrong);
    };
    altered(&|c| c.nonce = Nonce([2; 32]));
    altered(&|c| c.beat += 1);
    altered(&|c| c.checkpoint.size += 1);
    altered(&|c| c.checkpoint.root = hash("fork"));
    altered(&|c| c.digest = hash("less"));
}

#[test]
fn r5_r50_a_transcript_holds_all_that_was_said_before_the_login() {
    let (practice, anna) = Practice::found();
    let hello = Hello {
        practice: practice.id(),
        device: anna.id(),
        nonce: Nonce([1; 32]),
        size: 1,
    };
    let origin = "relay.example".to_owned();
    let checkpoint = items(&practice, 1, |_| true).checkpoint;
    let relay = Transcript::new(hello, Nonce([2; 32]), origin.clone(), checkpoint);
    let challenge = relay.challenge(&practice.ledger);
    let key = public(&practice.ledger);
    let device = Transcript::verify(hello, &challenge, &key).unwrap();
    assert_eq!(device.hash(), relay.hash());

    // Another hello, as a man in the middle would pass on: the relay did not sign for it.
    for other in [
        Hello {
            device: DeviceId([1; 32]),
            ..hello
        },
        Hello {
            nonce: Nonce([9; 32]),
            ..hello
        },
        Hello { size: 2, ..hello },
        Hello {
            practice: PracticeId([1; 32]),
            ..hello
        },
    ] {
        let outcome = Transcript::verify(other, &challenge, &key);
        assert_eq!(outcome.unwrap_err(), Rule::BadSignature);
        let other = Transcript::new(other, Nonce([2; 32]), origin.clone(), checkpoint);
        assert_ne!(other.hash(), relay.hash());
    }
    let altered = |change: &dyn Fn(&mut wire::Challenge)| {
        let mut wrong = challenge.clone();
        change(&mut wrong);
        let outcome = Transcript::verify(hello, &wrong, &key);
        assert_eq!(outcome.unwrap_err(), Rule::BadSignature);
    };
    altered(&|c| c.nonce = Nonce([3; 32]));
    altered(&|c| c.origin = "relay.evil".into());
    altered(&|c| c.checkpoint.size = 0);
    altered(&|c| c.checkpoint.root = hash("fork"));
    altered(&|c| c.checkpoint.signature[0] ^= 1);
    let by_another = relay.challenge(&signing_key(3));
    assert_eq!(
        Transcript::verify(hello, &by_another, &key).unwrap_err(),
        Rule::BadSignature
    );
}

#[test]
fn r2_r3_a_frame_is_of_this_version_and_of_bounded_length() {
    let frame = wire::frame(&ClientMessage::Info);
    assert_eq!(wire::message(&frame), Ok(ClientMessage::Info));
    for version in (0..=255).filter(|v| *v != wire::VERSION) {
        let mut other = frame.clone();
        other[0] = version;
        assert_eq!(wire::message::<ClientMessage>(&other), Err(Rule::Version));
    }
    // R1
    assert_eq!(wire::message::<ClientMessage>(&[]), Err(Rule::Malformed));
    assert_eq!(
        wire::message::<ClientMessage>(&[wire::VERSION]),
        Err(Rule::Malformed)
    );
    let longest = vec![wire::VERSION; limits::FRAME];
    assert_eq!(wire::message::<ClientMessage>(&longest), Err(Rule::Malformed));
    let longer = vec![wire::VERSION; limits::FRAME + 1];
    assert_eq!(wire::message::<ClientMessage>(&longer), Err(Rule::TooLarge));
}

#[test]
fn r3_the_largest_honest_append_fits_a_frame() {
    let (practice, _) = busy();
    let mut signed = practice.entries[1].leaf.signed.clone();
    signed.statement = vec![0; limits::STATEMENT];
    let upload = wire::Upload {
        signed,
        payload: vec![0; limits::PAYLOAD],
    };
    let append = ClientMessage::Append(wire::Append {
        request: u64::MAX,
        uploads: vec![upload],
    });
    let frame = wire::frame(&append);
    assert!(frame.len() <= limits::FRAME);
    assert_eq!(wire::message(&frame), Ok(append));
}

#[test]
fn a_refusal_that_is_newer_than_its_reader_is_a_refusal_still() {
    let refused = |rule| Refused {
        request: 1,
        index: 0,
        rule,
        head: None,
    };
    assert_eq!(refused(Rule::StaleChain.number()).rule(), Rule::StaleChain);
    assert_eq!(refused(9999).rule(), Rule::Unavailable);
    let message = RelayMessage::Refused(refused(9999));
    assert_eq!(wire::message(&wire::frame(&message)), Ok(message));
}

#[test]
fn a_device_log_is_a_stream_like_any_other() {
    let (mut practice, anna) = Practice::found();
    let transcript = hash("transcript");
    let session = troth_protocol::statement::Session { transcript };
    practice
        .say(&anna, troth_protocol::statement::Body::Session(session))
        .unwrap();
    let folded = items(&practice, 0, |p| p == 1).fold(&Frontier::new()).unwrap();
    assert_eq!(folded.positions, [1]);
    assert_eq!(practice.state.count(&Stream::device(&anna.id())), 1);
}
