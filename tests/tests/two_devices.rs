//! One counselor, two devices, one relay that cannot read.

#![expect(clippy::expect_used, reason = "a story that cannot go on says where")]

use std::sync::Arc;

use troth_client_core::device::{DeviceError, Phase, Report};
use troth_client_core::document::NewNote;
use troth_protocol::ids::DocumentId;
use troth_protocol::statement::Lane;
use troth_server::store::{Engine, Store, open};
use troth_tests::network::Network;

fn network(seed: u64) -> (Network, tempfile::TempDir) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store: Arc<dyn Store> = Arc::from(open(dir.path(), Engine::Sqlite).expect("a store"));
    (Network::new(seed, store), dir)
}

fn note(text: &str) -> NewNote {
    NewNote {
        author: "00".repeat(16),
        created_ms: 1,
        template: String::new(),
        text: text.to_owned(),
    }
}

impl Case {
    fn open(net: &mut Network, seat: usize) -> Self {
        let device = &mut net.seats[seat].device;
        let case = device
            .new_case(net.now, &mut net.rng, "Okafor & Lindqvist", "Chidi", Some("Maja"))
            .expect("a case");
        net.settle();
        let joint = net.seats[seat]
            .device
            .document_of(&case, Lane::Joint)
            .expect("a joint lane");
        Self { joint }
    }
}

struct Case {
    joint: DocumentId,
}

fn add_note(net: &mut Network, seat: usize, document: DocumentId, id: u8, text: &str) {
    let device = &mut net.seats[seat].device;
    device
        .edit(net.now, &mut net.rng, document, |d| {
            d.add_note([id; 16], &note(text))
        })
        .expect("an edit");
}

fn set(net: &mut Network, seat: usize, document: DocumentId, key: &str, value: &str) {
    let device = &mut net.seats[seat].device;
    device
        .edit(net.now, &mut net.rng, document, |d| d.set_field(key, value))
        .expect("an edit");
}

fn notes(net: &mut Network, seat: usize, document: DocumentId) -> Vec<String> {
    let mut texts: Vec<String> = net.seats[seat]
        .device
        .read(document, |d| d.notes().into_iter().map(|n| n.text).collect())
        .expect("readable");
    texts.sort();
    texts
}

fn field(net: &mut Network, seat: usize, document: DocumentId, key: &str) -> Vec<String> {
    let device = &mut net.seats[seat].device;
    let mut values: Vec<String> = device
        .read(document, |d| d.field(key).into_iter().map(|f| f.value).collect())
        .expect("readable");
    values.sort();
    values
}

#[test]
fn edits_made_offline_on_both_converge_and_none_is_lost() {
    let (mut net, _dir) = network(1);
    let a = net.practice();
    let b = net.link(a, "laptop");
    let case = Case::open(&mut net, a);
    net.offline(a);
    net.offline(b);
    add_note(&mut net, a, case.joint, 1, "from the study");
    add_note(&mut net, b, case.joint, 2, "from the laptop");
    set(&mut net, a, case.joint, "goal", "listen");
    set(&mut net, b, case.joint, "goal", "be heard");
    net.online(a);
    net.online(b);
    net.settle();
    for seat in [a, b] {
        assert_eq!(net.seats[seat].device.waiting(), 0);
        assert_eq!(
            notes(&mut net, seat, case.joint),
            ["from the laptop", "from the study"]
        );
        assert_eq!(
            field(&mut net, seat, case.joint, "goal"),
            ["be heard", "listen"],
            "both until one is chosen"
        );
    }
    set(&mut net, a, case.joint, "goal", "be heard");
    net.settle();
    for seat in [a, b] {
        assert_eq!(field(&mut net, seat, case.joint, "goal"), ["be heard"]);
    }
    let heads: Vec<_> = [a, b]
        .map(|s| {
            net.seats[s]
                .device
                .read_mut(case.joint, |d| d.heads())
                .expect("readable")
        })
        .into();
    assert_eq!(heads[0], heads[1]);
}

#[test]
fn the_linked_device_reads_what_was_written_before_it_came() {
    let (mut net, _dir) = network(2);
    let a = net.practice();
    let case = Case::open(&mut net, a);
    add_note(&mut net, a, case.joint, 1, "before the laptop");
    net.settle();
    let b = net.link(a, "laptop");
    assert_eq!(notes(&mut net, b, case.joint), ["before the laptop"]);
    let cases = net.seats[b].device.cases().expect("readable");
    assert_eq!(cases[0].name, "Okafor & Lindqvist");
    assert_eq!(cases[0].partner_b.as_deref(), Some("Maja"));
    assert_eq!(
        net.seats[b].device.practice_name().expect("readable"),
        "Lindenhof Counseling"
    );
    let names: Vec<_> = net.seats[a]
        .device
        .devices()
        .expect("readable")
        .into_iter()
        .filter_map(|d| d.name)
        .collect();
    assert!(
        names.contains(&"laptop".to_owned()) && names.contains(&"study".to_owned()),
        "{names:?}"
    );
}

#[test]
fn a_revoked_device_reads_nothing_written_afterwards() {
    let (mut net, _dir) = network(3);
    let a = net.practice();
    let b = net.link(a, "laptop");
    let case = Case::open(&mut net, a);
    add_note(&mut net, a, case.joint, 1, "while both belonged");
    net.settle();
    assert_eq!(notes(&mut net, b, case.joint), ["while both belonged"]);
    let id = net.seats[b].device.id();
    net.offline(b);
    add_note(
        &mut net,
        b,
        case.joint,
        9,
        "made offline by the device to be revoked",
    );
    let device = &mut net.seats[a].device;
    device
        .revoke_device(net.now, &mut net.rng, id, false)
        .expect("may revoke");
    add_note(&mut net, a, case.joint, 2, "after the revocation");
    net.settle();
    assert_eq!(net.seats[a].device.waiting(), 0, "{:?}", net.seats[a].reports);
    let document = &net.seats[a].device.state().expect("synced").documents[&case.joint];
    assert_eq!(
        document.epoch(),
        2,
        "the stale document turned before its next write"
    );
    net.online(b);
    net.settle();
    assert_eq!(net.seats[b].device.phase(), Phase::Halted);
    assert!(net.seats[b].reports.iter().any(|r| matches!(r, Report::Revoked)));
    assert_eq!(
        net.seats[b].device.quarantine().expect("readable").len(),
        1,
        "kept for review"
    );
    assert_eq!(
        notes(&mut net, a, case.joint),
        ["after the revocation", "while both belonged"]
    );
    assert_eq!(
        notes(&mut net, b, case.joint),
        ["made offline by the device to be revoked", "while both belonged"]
    );
    // A further device of the same member reads all of it through the turned keys.
    let c = net.link(a, "tablet");
    assert_eq!(
        notes(&mut net, c, case.joint),
        ["after the revocation", "while both belonged"]
    );
}

#[test]
fn a_compromised_device_turns_every_document_at_once() {
    let (mut net, _dir) = network(4);
    let a = net.practice();
    let b = net.link(a, "laptop");
    let case = Case::open(&mut net, a);
    add_note(&mut net, a, case.joint, 1, "secret");
    net.settle();
    let id = net.seats[b].device.id();
    let device = &mut net.seats[a].device;
    device
        .revoke_device(net.now, &mut net.rng, id, true)
        .expect("may revoke");
    net.settle();
    let state = net.seats[a].device.state().expect("synced");
    assert!(state.documents.values().all(|d| d.epoch() == 2), "all turned");
    assert_eq!(net.seats[b].device.phase(), Phase::Halted, "cut off at once");
}

#[test]
fn the_ledger_verifies_from_genesis_and_its_export_with_the_relays_key_alone() {
    let (mut net, _dir) = network(5);
    let a = net.practice();
    let case = Case::open(&mut net, a);
    add_note(&mut net, a, case.joint, 1, "one");
    net.settle();
    let device = &net.seats[a].device;
    let mut last = 0;
    let verified = device
        .verify_ledger(&mut |done, _| last = done)
        .expect("it verifies");
    assert_eq!(verified.size, device.frontier().size());
    assert_eq!(last, verified.size);
    let export = device.export_ledger().expect("exportable");
    let key = device.state().expect("synced").roster.ledger_key();
    assert_eq!(
        troth_client_core::export::verify(&export, &key)
            .expect("it verifies")
            .root,
        verified.root
    );
    let other = troth_protocol::ids::VerifyingKey(
        ed25519_dalek::SigningKey::from_bytes(&[9; 32])
            .verifying_key()
            .to_bytes(),
    );
    assert!(troth_client_core::export::verify(&export, &other).is_err());
    let mut altered = export.clone();
    let middle = altered.len() / 2;
    altered[middle] ^= 1;
    assert!(troth_client_core::export::verify(&altered, &key).is_err());
    let log = device.log().expect("readable");
    assert_eq!(log[0].kind, "genesis");
    assert!(log.iter().any(|l| l.kind == "session"));
}

#[test]
fn a_device_that_stops_and_opens_again_goes_on_where_it_was() {
    let (mut net, _dir) = network(6);
    let a = net.practice();
    let case = Case::open(&mut net, a);
    net.offline(a);
    add_note(&mut net, a, case.joint, 1, "typed on the train");
    net.restart_device(a);
    assert_eq!(notes(&mut net, a, case.joint), ["typed on the train"]);
    assert!(net.seats[a].device.waiting() > 0);
    net.online(a);
    net.restart_relay();
    net.settle();
    assert_eq!(net.seats[a].device.waiting(), 0);
    let b = net.link(a, "laptop");
    assert_eq!(notes(&mut net, b, case.joint), ["typed on the train"]);
    assert!(matches!(
        net.open_with(a, "another passphrase altogether"),
        Err(DeviceError::WrongPassphrase)
    ));
}

#[test]
fn nothing_readable_crosses_the_wire_or_stays_on_a_disk() {
    let (mut net, dir) = network(7);
    let a = net.practice();
    let b = net.link(a, "laptop");
    let case = Case::open(&mut net, a);
    add_note(&mut net, a, case.joint, 1, "canary-kestrel-4711");
    set(&mut net, b, case.joint, "canary-key", "canary-value-0815");
    net.settle();
    let secrets = [
        "canary",
        "Okafor",
        "Lindqvist",
        "Chidi",
        "Maja",
        "Lindenhof",
        "Ada Winter",
        "laptop",
        "herons",
    ];
    let found = |bytes: &[u8], what: &str| bytes.windows(what.len()).any(|w| w == what.as_bytes());
    for secret in secrets {
        assert!(
            !net.wire.iter().any(|frame| found(frame, secret)),
            "{secret} on the wire"
        );
        for seat in [a, b] {
            assert!(
                !net.storage(seat).values().any(|v| found(v, secret)),
                "{secret} on a device"
            );
        }
        for file in std::fs::read_dir(dir.path().join("store"))
            .expect("a store")
            .flatten()
        {
            let bytes = std::fs::read(file.path()).expect("readable");
            assert!(!found(&bytes, secret), "{secret} in {:?}", file.path());
        }
    }
    // The search can find: the ledger's origin is public.
    assert!(net.wire.iter().any(|frame| found(frame, "relay.test")));
}

#[test]
fn a_quiet_connection_gets_beats_with_signed_counts() {
    let (mut net, _dir) = network(8);
    let a = net.practice();
    let before = net.seats[a].device.status().checkpoint_received_ms;
    net.pass(65_000);
    assert!(net.seats[a].device.status().checkpoint_received_ms > before);
    assert_eq!(net.seats[a].device.phase(), Phase::Live);
}
