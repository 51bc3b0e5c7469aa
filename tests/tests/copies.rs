//! Stores that are copied, refused and torn: nothing is lost in silence, and nobody is stranded.

#![expect(clippy::expect_used, reason = "a story that cannot go on says where")]

use std::sync::Arc;

use troth_client_core::device::{Phase, Report};
use troth_client_core::document::NewNote;
use troth_protocol::ids::DocumentId;
use troth_protocol::statement::Lane;
use troth_server::store::{Engine, Store, open};
use troth_tests::network::{Network, PASSPHRASE};

fn network(seed: u64) -> (Network, tempfile::TempDir) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store: Arc<dyn Store> = Arc::from(open(dir.path(), Engine::Sqlite).expect("a store"));
    (Network::new(seed, store), dir)
}

fn joint(net: &mut Network, seat: usize) -> DocumentId {
    let device = &mut net.seats[seat].device;
    let case = device
        .new_case(net.now, &mut net.rng, "Okafor & Lindqvist", "Chidi", Some("Maja"))
        .expect("a case");
    net.settle();
    net.seats[seat]
        .device
        .document_of(&case, Lane::Joint)
        .expect("a joint lane")
}

fn write(net: &mut Network, seat: usize, document: DocumentId, id: u8, text: &str) {
    let note = NewNote {
        author: "00".repeat(16),
        created_ms: 1,
        template: String::new(),
        text: text.to_owned(),
    };
    let device = &mut net.seats[seat].device;
    device
        .edit(net.now, &mut net.rng, document, |d| d.add_note([id; 16], &note))
        .expect("an edit");
}

fn read(net: &mut Network, seat: usize, document: DocumentId) -> Vec<String> {
    let device = &mut net.seats[seat].device;
    let texts = device.read(document, |d| {
        d.notes().into_iter().map(|n| n.text).collect::<Vec<_>>()
    });
    let mut texts = texts.expect("readable");
    texts.sort();
    texts
}

#[test]
fn a_copied_store_is_found_out_and_its_work_is_set_aside() {
    let (mut net, _dir) = network(21);
    let a = net.practice();
    let witness = net.link(a, "laptop");
    let document = joint(&mut net, a);
    let copy = net.copy(a);
    net.offline(copy);
    net.offline(a);
    write(&mut net, a, document, 1, "from the first");
    write(&mut net, copy, document, 2, "from its copy");
    net.online(a);
    net.settle();
    net.online(copy);
    net.settle();
    assert_eq!(net.seats[copy].device.phase(), Phase::Halted);
    let told = net.seats[copy]
        .reports
        .iter()
        .any(|r| matches!(r, Report::Copied));
    assert!(told, "{:?}", net.seats[copy].reports);
    assert_eq!(net.seats[copy].device.quarantine().expect("readable").len(), 1);
    assert_eq!(read(&mut net, witness, document), ["from the first"]);
    // Opened again it still knows, keeps what was written on it for review, and sends none of it.
    net.restart_device(copy);
    net.settle();
    assert_eq!(net.seats[copy].device.phase(), Phase::Halted);
    assert_eq!(net.seats[copy].device.quarantine().expect("readable").len(), 1);
    assert_eq!(read(&mut net, witness, document), ["from the first"]);
}

#[test]
fn a_revoked_device_knows_it_after_a_restart_and_keeps_its_work_for_review() {
    let (mut net, _dir) = network(22);
    let a = net.practice();
    let b = net.link(a, "laptop");
    let document = joint(&mut net, a);
    net.offline(b);
    write(&mut net, b, document, 9, "typed on the train");
    let id = net.seats[b].device.id();
    let device = &mut net.seats[a].device;
    device
        .revoke_device(net.now, &mut net.rng, id, false)
        .expect("may revoke");
    net.settle();
    net.online(b);
    net.settle();
    net.offline(b);
    net.restart_device(b);
    assert_eq!(net.seats[b].device.phase(), Phase::Halted);
    assert_eq!(net.seats[b].device.waiting(), 0);
    assert_eq!(net.seats[b].device.quarantine().expect("readable").len(), 1);
    assert_eq!(read(&mut net, b, document), ["typed on the train"]);
    let refused = net.seats[b]
        .device
        .edit(net.now, &mut net.rng, document, |d| d.set_field("goal", "listen"));
    assert!(refused.is_err(), "it takes no more edits");
}

#[test]
fn linking_that_was_cut_short_is_begun_anew() {
    let (mut net, _dir) = network(23);
    let a = net.practice();
    let new = net.device("tablet");
    let relay = troth_tests::network::RELAY;
    let code = net.seats[new]
        .device
        .begin_join(&mut net.rng, relay)
        .expect("free to join");
    let effects = net.seats[a].device.begin_approve(&code).expect("a whole code");
    net.perform(a, effects);
    // A few rounds only: the answer has come, the last word has not.
    for _ in 0..3 {
        net.pump(new);
        let effects = net.seats[new]
            .device
            .handle(net.now, &mut net.rng, troth_client_core::device::Event::Tick)
            .expect("no fault");
        net.perform(new, effects);
        net.step();
    }
    net.restart_device(new);
    let code = net.seats[new]
        .device
        .begin_join(&mut net.rng, relay)
        .expect("free to begin anew");
    let effects = net.seats[a].device.begin_approve(&code).expect("a whole code");
    net.perform(a, effects);
    net.settle();
    assert_eq!(
        net.seats[new].device.phase(),
        Phase::Live,
        "{:?}",
        net.seats[new].reports
    );
    assert!(!PASSPHRASE.is_empty());
}

#[test]
fn connecting_again_waits_longer_each_time_and_never_in_step() {
    let (mut net, _dir) = network(24);
    let a = net.practice();
    net.offline(a);
    let mut waits = Vec::new();
    for _ in 0..10 {
        let mut at = net.now;
        for _ in 0..200 {
            let effects = net.seats[a]
                .device
                .handle(at, &mut net.rng, troth_client_core::device::Event::Tick)
                .expect("no fault");
            let connects = effects
                .iter()
                .any(|e| matches!(e, troth_client_core::device::Effect::Connect));
            if connects {
                break;
            }
            at += 500;
        }
        waits.push(at - net.now);
        net.now = at;
        let closed = troth_client_core::device::Event::Closed;
        net.seats[a]
            .device
            .handle(at, &mut net.rng, closed)
            .expect("no fault");
    }
    assert!(
        waits.iter().rev().take(3).all(|w| *w >= 30_000 && *w <= 60_500),
        "{waits:?}"
    );
    assert!(waits[1] <= 1_500, "{waits:?}");
    let last: std::collections::BTreeSet<_> = waits.iter().rev().take(3).collect();
    assert!(last.len() > 1, "no jitter: {waits:?}");
}
