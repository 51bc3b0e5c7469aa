//! Assessments and process notes between two devices, each with a second passphrase of its own.

#![expect(clippy::expect_used, reason = "a story that cannot go on says where")]

use std::sync::Arc;

use troth_client_core::crypto::VaultHeader;
use troth_client_core::device::{DeviceError, Phase, Report, SENSITIVE_IDLE_MS, SensitiveState};
use troth_client_core::document::{LaneDocument, NewNote};
use troth_client_core::storage::Storage as _;
use troth_protocol::ids::{CaseId, DocumentId};
use troth_protocol::statement::Lane;
use troth_server::store::{Engine, Store, open};
use troth_tests::network::{Network, PASSPHRASE};

const CANARY: &str = "zwevende-pinguin-4711";

fn network(seed: u64) -> (Network, tempfile::TempDir) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store: Arc<dyn Store> = Arc::from(open(dir.path(), Engine::Sqlite).expect("a store"));
    (Network::new(seed, store), dir)
}

fn case(net: &mut Network, seat: usize) -> CaseId {
    let device = &mut net.seats[seat].device;
    let case = device
        .new_case(net.now, &mut net.rng, "Okafor & Lindqvist", "Chidi", Some("Maja"))
        .expect("a case needs no second passphrase");
    net.settle();
    case
}

fn lane(net: &Network, seat: usize, case: &CaseId, lane: Lane) -> DocumentId {
    net.seats[seat].device.document_of(case, lane).expect("a lane")
}

fn write(
    net: &mut Network,
    seat: usize,
    document: DocumentId,
    id: u8,
    text: &str,
) -> Result<(), DeviceError> {
    let note = NewNote {
        author: "00".repeat(16),
        created_ms: 1,
        template: String::new(),
        text: text.to_owned(),
    };
    let device = &mut net.seats[seat].device;
    device.edit(net.now, &mut net.rng, document, |d| d.add_note([id; 16], &note))
}

fn read(net: &mut Network, seat: usize, document: DocumentId) -> Result<Vec<String>, DeviceError> {
    let notes = net.seats[seat].device.read(document, LaneDocument::notes)?;
    Ok(notes.into_iter().map(|note| note.text).collect())
}

/// What a device was told of that it could not do.
fn complaints(net: &Network, seat: usize) -> usize {
    let complains = |report: &&Report| matches!(report, Report::Refused { .. } | Report::Quarantined { .. });
    net.seats[seat].reports.iter().filter(complains).count()
}

#[test]
fn each_device_opens_what_is_sensitive_with_its_own_second_passphrase() {
    let (mut net, _dir) = network(40);
    let study = net.practice();
    let phone = net.link(study, "phone");
    let case = case(&mut net, study);
    let document = lane(&net, study, &case, Lane::Assessments);
    assert!(matches!(
        write(&mut net, study, document, 1, CANARY),
        Err(DeviceError::SensitiveNotSet)
    ));

    net.unlock(study);
    write(&mut net, study, document, 1, CANARY).expect("it is open");
    net.settle();
    assert_eq!(net.seats[study].device.waiting(), 0, "sent");

    assert!(matches!(
        read(&mut net, phone, document),
        Err(DeviceError::SensitiveNotSet)
    ));
    net.unlock(phone);
    assert_eq!(read(&mut net, phone, document).expect("open"), [CANARY]);
    write(&mut net, phone, document, 2, "from the phone").expect("open");
    net.settle();
    assert_eq!(read(&mut net, study, document).expect("open").len(), 2);
}

#[test]
fn what_was_written_before_it_locked_waits_without_a_word_and_is_sent_after_the_next_unlock() {
    let (mut net, _dir) = network(41);
    let study = net.practice();
    let phone = net.link(study, "phone");
    let case = case(&mut net, study);
    let sensitive = lane(&net, study, &case, Lane::ProcessNotes);
    let joint = lane(&net, study, &case, Lane::Joint);
    net.unlock(study);
    net.offline(study);
    write(&mut net, study, sensitive, 1, CANARY).expect("open");
    write(&mut net, study, joint, 2, "general").expect("always open");
    net.restart_device(study);
    assert_eq!(net.seats[study].device.sensitive(), SensitiveState::Locked);

    net.online(study);
    net.pass(120_000);
    net.settle();
    let device = &net.seats[study].device;
    assert_eq!(device.phase(), Phase::Live);
    assert_eq!(
        (device.waiting(), device.waiting_for_unlock()),
        (1, 1),
        "the rest was sent"
    );
    assert_eq!(complaints(&net, study), 0, "{:?}", net.seats[study].reports);
    assert_eq!(read(&mut net, phone, joint).expect("general"), ["general"]);
    let verified = net.seats[study].device.verify_ledger(&mut |_, _| {});
    assert!(verified.is_ok(), "{verified:?}");
    assert!(net.seats[study].device.log().is_ok() && net.seats[study].device.export_ledger().is_ok());

    net.unlock(study);
    net.settle();
    assert_eq!(net.seats[study].device.waiting(), 0);
    net.unlock(phone);
    assert_eq!(read(&mut net, phone, sensitive).expect("open"), [CANARY]);
}

#[test]
fn while_it_is_locked_what_others_write_arrives_and_is_read_after_the_unlock() {
    let (mut net, _dir) = network(42);
    let study = net.practice();
    let phone = net.link(study, "phone");
    let case = case(&mut net, study);
    let document = lane(&net, study, &case, Lane::Assessments);
    net.unlock(study);
    net.unlock(phone);
    assert!(read(&mut net, phone, document).expect("open").is_empty());

    net.pass(SENSITIVE_IDLE_MS);
    net.settle();
    assert_eq!(net.seats[phone].device.sensitive(), SensitiveState::Locked);
    net.unlock(study);
    write(&mut net, study, document, 1, CANARY).expect("open");
    net.settle();
    let (a, b) = (&net.seats[study].device, &net.seats[phone].device);
    assert_eq!(
        a.frontier().size(),
        b.frontier().size(),
        "it is verified without a key"
    );
    assert_eq!(complaints(&net, phone), 0);
    assert!(matches!(
        read(&mut net, phone, document),
        Err(DeviceError::SensitiveLocked)
    ));
    net.unlock(phone);
    assert_eq!(read(&mut net, phone, document).expect("open"), [CANARY]);
}

/// Every row of a device's store, and what the first passphrase opens of it.
fn given_by_the_first(net: &Network, seat: usize) -> Vec<u8> {
    let storage = net.storage(seat);
    let header = storage.get(1, &[0; 32]).expect("readable").expect("a header");
    let header = VaultHeader::from_bytes(&header).expect("a header");
    let vault = header.unlock(PASSPHRASE).expect("the first passphrase");
    let mut all = Vec::new();
    for table in 0..=u8::MAX {
        for (name, value) in storage.scan(table).expect("readable") {
            all.extend_from_slice(
                &vault
                    .open_row(&name, &value)
                    .map_or_else(|_| value.clone(), |v| v.to_vec()),
            );
        }
    }
    all
}

#[test]
fn a_saved_document_stands_under_the_vault_of_its_class() {
    let (mut net, _dir) = network(43);
    let study = net.practice();
    let case = case(&mut net, study);
    net.unlock(study);
    let lanes = [Lane::Joint, Lane::Assessments].map(|l| lane(&net, study, &case, l));
    for document in lanes {
        write(&mut net, study, document, 1, CANARY).expect("open");
    }
    net.settle();
    assert_eq!(net.seats[study].device.waiting(), 0);
    let saved = lanes.map(|document| {
        let device = &mut net.seats[study].device;
        device.read_mut(document, LaneDocument::save).expect("open")
    });
    net.seats[study].device.flush(&mut net.rng).expect("saved");
    let holds = |all: &[u8], needle: &[u8]| all.windows(needle.len()).any(|w| w == needle);
    let given = given_by_the_first(&net, study);
    assert!(holds(&given, &saved[0]), "this search finds what is saved");
    assert!(!holds(&given, &saved[1]));

    // Closing by itself saves it too, under the same vault.
    write(&mut net, study, lanes[1], 2, "one more").expect("open");
    net.settle();
    read(&mut net, study, lanes[1]).expect("open");
    net.pass(SENSITIVE_IDLE_MS + 1_000);
    net.settle();
    assert_eq!(net.seats[study].device.sensitive(), SensitiveState::Locked);
    net.restart_device(study);
    net.settle();
    net.unlock(study);
    assert_eq!(read(&mut net, study, lanes[1]).expect("open").len(), 2);
}

#[test]
fn a_device_linked_while_it_was_locked_is_given_the_keys_after_the_next_unlock() {
    let (mut net, _dir) = network(44);
    let study = net.practice();
    let case = case(&mut net, study);
    let document = lane(&net, study, &case, Lane::Assessments);
    net.unlock(study);
    write(&mut net, study, document, 1, CANARY).expect("open");
    net.settle();
    net.seats[study].device.lock_sensitive();
    let phone = net.link(study, "phone");
    net.unlock(phone);
    net.settle();
    assert!(
        read(&mut net, phone, document).is_err(),
        "nobody could seal it the key"
    );

    net.unlock(study);
    net.pass(60_000);
    net.settle();
    assert_eq!(read(&mut net, phone, document).expect("given since"), [CANARY]);
}
