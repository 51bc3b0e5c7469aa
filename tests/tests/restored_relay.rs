//! A relay that came back from an older backup. An admin says so, every device gives back what it has, and the ledger goes on;
//! without that word it is a rollback and nothing else, and what it altered no word explains.
// Long because the office that is restored and the stories told with it share one scene.

#![allow(
    clippy::expect_used,
    reason = "what does not hold in a test's scaffolding ends the test"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use troth_client_core::device::{Phase, Report, Restored};
use troth_client_core::document::NewNote;
use troth_protocol::cbor;
use troth_protocol::checkpoint::CompactCheckpoint;
use troth_protocol::entry::{Leaf, Parsed};
use troth_protocol::evidence::{Evidence, Placed, Proof, Rewritten, judge};
use troth_protocol::ids::{CaseId, DocumentId, Hash, PracticeId, VerifyingKey};
use troth_protocol::statement::{Body, Lane, Role, RosterAction};
use troth_protocol::stream::Stream;
use troth_protocol::tree::{Trail, leaf_hash};
use troth_protocol::wire::{RelayMessage, message};
use troth_server::practice::hold_all;
use troth_server::store::{Engine, Store, open};
use troth_tests::network::Network;

/// An admin with two devices, a counselor, and a case that all of them write to.
struct Office {
    net: Network,
    dir: tempfile::TempDir,
    practice: PracticeId,
    case: CaseId,
    joint: DocumentId,
    notes: u8,
}

const STUDY: usize = 0;
const PHONE: usize = 1;
const BRUNO: usize = 2;

fn store(dir: &Path) -> Arc<dyn Store> {
    Arc::from(open(dir, Engine::Sqlite).expect("a store"))
}

impl Office {
    fn open(seed: u64) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let mut net = Network::new(seed, store(dir.path()));
        let study = net.practice();
        net.unlock(study);
        let phone = net.link(study, "phone");
        let bruno = net.admit(study, Role::Counselor, "Bruno Keller");
        assert_eq!([study, phone, bruno], [STUDY, PHONE, BRUNO]);
        net.unlock(BRUNO);
        let (now, rng, device) = (net.now, &mut net.rng, &mut net.seats[BRUNO].device);
        let case = device
            .new_case(now, rng, "Okafor", "Chidi", None)
            .expect("a case");
        net.settle();
        let joint = net.seats[BRUNO].device.document_of(&case, Lane::Joint);
        let practice = net.seats[STUDY].device.practice().expect("founded");
        let mut office = Self {
            net,
            dir,
            practice,
            case,
            joint: joint.expect("a joint lane"),
            notes: 0,
        };
        office.settle();
        office
    }

    /// Somebody writes, and sends it if they can.
    fn write(&mut self, seat: usize) {
        self.write_in(seat, self.joint);
    }

    fn write_in(&mut self, seat: usize, document: DocumentId) {
        self.notes += 1;
        let note = NewNote {
            author: "00".repeat(16),
            created_ms: 1,
            template: String::new(),
            text: format!("note {}", self.notes),
        };
        let (id, net) = ([self.notes; 16], &mut self.net);
        net.seats[seat]
            .device
            .edit(net.now, &mut net.rng, document, |d| d.add_note(id, &note))
            .expect("an edit");
        net.pump(seat);
    }

    fn settle(&mut self) {
        for _ in 0..12 {
            self.net.settle();
        }
    }

    /// A copy of the relay's store, as a backup takes it.
    fn backup(&self) -> tempfile::TempDir {
        let backup = tempfile::tempdir().expect("a temporary directory");
        let to = backup.path().join("store");
        std::fs::create_dir(&to).expect("a new directory");
        let from = std::fs::read_dir(self.dir.path().join("store")).expect("a store");
        for file in from.flatten() {
            if !file.file_name().to_string_lossy().ends_with("-shm") {
                std::fs::copy(file.path(), to.join(file.file_name())).expect("a copy");
            }
        }
        backup
    }

    /// The relay comes back from a backup; every program is started again.
    fn restore(&mut self, backup: tempfile::TempDir) {
        self.net.swap_store(store(backup.path()));
        self.dir = backup;
        for seat in 0..self.net.seats.len() {
            self.net.seats[seat].reports.clear();
            self.net.restart_device(seat);
        }
    }

    fn size(&self) -> u64 {
        let head = self.net.store.head(&self.practice).expect("readable");
        head.expect("there").size
    }

    /// What the relay's ledger says, but for resumptions.
    fn said(&self) -> BTreeMap<Hash, String> {
        let rows = self.net.store.entries(&self.practice, 0, self.size(), usize::MAX);
        let parsed = rows.expect("readable").into_iter().map(|row| {
            let leaf: Leaf = cbor::decode(&row.leaf).expect("a leaf");
            Parsed::parse(leaf.signed).expect("a statement")
        });
        let said = parsed.filter(|parsed| parsed.statement().resumes().is_none());
        let told = |parsed: Parsed| (parsed.hash(), format!("{:?}", parsed.statement().body));
        said.map(told).collect()
    }

    /// What was said before and is in the ledger no more.
    fn missing(&self, before: &BTreeMap<Hash, String>) -> Vec<String> {
        let now = self.said();
        let gone = before.iter().filter(|(hash, _)| !now.contains_key(*hash));
        gone.map(|(_, said)| said.clone()).collect()
    }

    fn look(&mut self, seat: usize) -> Option<Restored> {
        self.net.seats[seat]
            .device
            .begin_resume(false)
            .expect("an admin's");
        self.settle();
        self.net.seats[seat].reports.iter().rev().find_map(|r| match r {
            Report::RelayRestored(restored) => Some(*restored),
            _ => None,
        })
    }

    /// An admin's word, and everybody comes.
    fn resume(&mut self, seat: usize) {
        self.net.restart_device(seat);
        self.net.seats[seat]
            .device
            .begin_resume(true)
            .expect("an admin's");
        self.settle();
        for seat in 0..self.net.seats.len() {
            self.net.restart_device(seat);
        }
        self.settle();
        self.net.pass(31_000);
        self.settle();
    }

    fn notes_of(&mut self, seat: usize) -> BTreeSet<String> {
        let device = &mut self.net.seats[seat].device;
        let texts = device.read(self.joint, |d| {
            d.notes().into_iter().map(|note| note.text.clone()).collect()
        });
        texts.expect("readable")
    }

    /// The keys that the ledger is signed with, as an admin's device knows them.
    fn keys(&self) -> &[(u64, VerifyingKey)] {
        let state = self.net.seats[STUDY].device.state().expect("synced");
        state.roster.ledger_keys()
    }

    /// The relay makes another key, and an admin turns the practice's to it.
    fn turn(&mut self, seat: usize, seed: u8) -> VerifyingKey {
        let key = self.net.new_ledger_key(seed);
        self.settle();
        let device = &mut self.net.seats[seat].device;
        device
            .turn_ledger_key(&mut self.net.rng, key)
            .expect("an admin, and a key that is offered");
        self.net.pump(seat);
        self.settle();
        assert_eq!(self.keys().last().map(|(_, key)| *key), Some(key));
        key
    }

    /// What each checkpoint and count that crossed the wire is signed with and under, as the ledger says of its size.
    fn each_size_has_one_key_and_one_name(&self, from: usize) {
        let state = self.net.seats[STUDY].device.state().expect("synced");
        let (roster, mut seen) = (&state.roster, 0);
        for frame in &self.net.wire[from..] {
            let Ok(RelayMessage::Items(items)) = message::<RelayMessage>(frame) else {
                continue;
            };
            let size = items.checkpoint.size;
            let key = roster.key_at(size);
            let held = items.checkpoint.verify(&roster.origin_at(size), &key);
            assert!(held.is_ok(), "size {size}");
            if let Some(counts) = items.counts {
                assert!(
                    counts.verify(&roster.ledger_at(size), &key).is_ok(),
                    "size {size}"
                );
            }
            seen += 1;
        }
        assert!(seen > 3, "{seen}");
    }

    /// Everybody is there, has the same, and every ledger verifies.
    fn is_whole(&mut self) {
        let notes = self.notes_of(BRUNO);
        let root = self.net.seats[STUDY].device.frontier().root();
        for seat in [STUDY, PHONE, BRUNO] {
            assert_eq!(self.notes_of(seat), notes, "seat {seat}");
            let told = &self.net.seats[seat].reports;
            let device = &self.net.seats[seat].device;
            assert_eq!(device.phase(), Phase::Live, "seat {seat}: {told:?}");
            assert_eq!(
                (device.not_back(), device.waiting()),
                (0, 0),
                "seat {seat}: {told:?}"
            );
            assert_eq!(device.frontier().root(), root, "seat {seat}");
            device.verify_ledger(&mut |_, _| {}).expect("it verifies");
        }
        let keys: Vec<VerifyingKey> = self.keys().iter().map(|(_, key)| *key).collect();
        let report = troth_server::audit::verify(&self.net.store, &keys, &mut |_| {});
        for ledger in report.expect("readable").ledgers {
            assert_eq!(ledger.faults.len(), 0, "{:?}", ledger.faults);
        }
    }

    fn accused(&self, seat: usize) -> Vec<bool> {
        let reports = self.net.seats[seat].reports.iter();
        let proven = reports.filter_map(|r| match r {
            Report::Dishonest(evidence) => Some(evidence.proof.is_some()),
            _ => None,
        });
        proven.collect()
    }

    /// Whoever kept everything that the relay ever signed, in whatever way it is put together, convicts it of nothing.
    fn convicts_nobody(&self) {
        let mut checkpoints: BTreeMap<(u64, Vec<u8>), CompactCheckpoint> = BTreeMap::new();
        for frame in &self.net.wire {
            let signed = match message::<RelayMessage>(frame) {
                Ok(RelayMessage::Challenge(challenge)) => challenge.checkpoint,
                Ok(RelayMessage::Items(items) | RelayMessage::Fetched(_, _, items)) => items.checkpoint,
                _ => continue,
            };
            checkpoints.insert((signed.size, signed.signature.to_vec()), signed);
        }
        let rows = self.net.store.entries(&self.practice, 0, self.size(), usize::MAX);
        let rows = rows.expect("readable");
        let (mut trail, mut chain, mut last) = (Trail::default(), Vec::new(), 0);
        let mut genesis = None;
        for row in rows {
            trail.extend(&[(0, leaf_hash(&row.leaf))]);
            let leaf: Leaf = cbor::decode(&row.leaf).expect("a leaf");
            let parsed = Parsed::parse(leaf.signed.clone()).expect("a statement");
            let turns = |action: &RosterAction| matches!(action, RosterAction::TurnLedgerKey { .. });
            if parsed.statement().resumes().is_some() {
                last = row.position;
            }
            match &parsed.statement().body {
                Body::Roster(roster) if roster.actions.iter().any(turns) => last = row.position,
                _ => {}
            }
            match &parsed.statement().body {
                Body::Genesis(_) => genesis = Some(leaf.signed),
                _ if parsed.statement().stream() == Stream::Roster => chain.push(Placed {
                    position: row.position,
                    leaf,
                }),
                _ => {}
            }
        }
        chain.retain(|placed| placed.position <= last);
        let genesis = genesis.expect("it begins with it");
        let judged = |chain: &[Placed], proof: Proof| {
            judge(&Evidence::new(genesis.clone(), chain.to_vec(), proof).encode())
        };
        let mut weighed = 0;
        for first in checkpoints.values() {
            for second in checkpoints.values() {
                let mut proofs = Vec::new();
                if first.size == second.size {
                    proofs.push(Proof::Roots(*first, *second));
                }
                if let Some(past) = trail.at(first.size).filter(|_| second.size == self.size()) {
                    proofs.push(Proof::Rewritten(Rewritten {
                        earlier: *first,
                        frontier: past.frontier,
                        since: past.since,
                        later: *second,
                    }));
                }
                for proof in proofs {
                    weighed += 1;
                    assert!(judged(&chain, proof.clone()).is_err(), "{proof:?}");
                    assert!(judged(&[], proof.clone()).is_err(), "{proof:?}");
                }
            }
        }
        assert!(weighed > 30, "{weighed}");
    }
}

#[test]
fn everything_that_any_device_had_is_back_and_the_ledger_goes_on() {
    let mut office = Office::open(71);
    office.write(BRUNO);
    office.settle();
    let backup = office.backup();
    let kept = office.size();

    // What is written after the backup: by everybody; a new colleague; a case that is erased again; notes of one alone.
    for seat in [BRUNO, STUDY, PHONE, BRUNO] {
        office.write(seat);
        office.settle();
    }
    let (net, case) = (&mut office.net, office.case);
    net.unlock(BRUNO);
    let own = net.seats[BRUNO].device.document_of(&case, Lane::ProcessNotes);
    office.write_in(BRUNO, own.expect("process notes"));
    office.settle();
    office.net.offline(PHONE);
    office.net.admit(STUDY, Role::Auditor, "Chen Li");
    office.write(BRUNO);
    office.settle();
    let before = office.said();
    let signed = office.size();

    office.restore(backup);
    office.settle();
    assert_eq!(office.accused(BRUNO), [false], "a rollback, and no proof");
    assert_eq!(office.accused(STUDY), [false]);
    assert_eq!(office.size(), kept, "held: nothing grows");

    office.net.restart_device(STUDY);
    let restored = office.look(STUDY).expect("it was restored");
    assert_eq!((restored.relay, restored.signed), (kept, signed));
    assert!(restored.held > 6 && restored.newest_ms.is_some());
    assert_eq!(office.size(), kept, "looking changes nothing");
    office.resume(STUDY);

    // The phone was away during all of it.
    assert_eq!(office.net.seats[PHONE].device.resumptions().len(), 0);
    office.net.online(PHONE);
    office.settle();
    assert_eq!(office.missing(&before), Vec::<String>::new());
    for seat in [STUDY, PHONE, BRUNO] {
        let told = office.net.seats[seat].device.resumptions();
        assert_eq!(told.len(), 1);
        assert_eq!((told[0].kept, told[0].abandoned), (kept, signed));
        assert_eq!(Some(told[0].by), office.net.seats[STUDY].device.member());
    }
    office.write(PHONE);
    office.settle();
    office.is_whole();
    office.convicts_nobody();
}

#[test]
fn without_an_admins_word_it_goes_on_being_a_rollback_and_nothing_grows() {
    let mut office = Office::open(72);
    office.net.offline(PHONE);
    let backup = office.backup();
    office.write(BRUNO);
    office.write(STUDY);
    office.settle();
    let kept = {
        office.restore(backup);
        office.size()
    };
    for _ in 0..3 {
        office.settle();
        for seat in [STUDY, BRUNO] {
            assert_eq!(office.net.seats[seat].device.phase(), Phase::Halted);
            assert_eq!(office.accused(seat).last(), Some(&false));
            office.net.restart_device(seat);
        }
    }
    // A device that had not come as far as the backup finds nothing to object to, and cannot make it grow another way.
    office.net.online(PHONE);
    office.write(PHONE);
    office.settle();
    assert_eq!(office.size(), kept);
    assert_eq!(office.net.seats[PHONE].device.waiting(), 1, "it waits");
    let waits = |r: &Report| matches!(r, Report::WaitsToBeResumed);
    assert!(office.net.seats[PHONE].reports.iter().any(waits));
    // A restart of the relay changes nothing about it.
    office.net.restart_relay();
    office.settle();
    assert_eq!(office.size(), kept);

    // The word comes from the device that was behind, and knows of what is lost by the relay alone.
    office.resume(PHONE);
    office.is_whole();
    assert_eq!(office.notes_of(PHONE).len(), 3);
    office.convicts_nobody();
}

#[test]
fn an_operator_who_says_so_has_it_held_before_anybody_comes() {
    let mut office = Office::open(73);
    office.net.offline(STUDY);
    office.net.offline(PHONE);
    let backup = office.backup();
    office.write(BRUNO);
    office.settle();
    office.net.offline(BRUNO);
    office.net.online(PHONE);
    hold_all(&*store(backup.path())).expect("written down");
    office.restore(backup);
    let kept = office.size();
    // Who comes first has seen no more than the backup: without the operator's word the ledger would grow another way.
    office.write(PHONE);
    office.settle();
    assert_eq!(office.size(), kept);
    let restored = office.look(PHONE).expect("it was restored");
    assert_eq!(
        (restored.signed, restored.held),
        (kept, 0),
        "nobody has shown more yet"
    );
    office.net.online(STUDY);
    office.resume(PHONE);
    assert!(office.size() > kept);
    // A week later somebody brings back what only they had.
    office.net.pass(60_000);
    office.net.now += 7 * 24 * 60 * 60 * 1000;
    office.net.online(BRUNO);
    office.settle();
    office.settle();
    office.is_whole();
    assert_eq!(office.notes_of(STUDY).len(), 2);
    office.convicts_nobody();
}

#[test]
fn what_it_altered_below_no_word_explains() {
    let mut office = Office::open(74);
    office.net.offline(PHONE);
    let backup = office.backup();
    for _ in 0..6 {
        office.write(BRUNO);
        office.settle();
    }
    let notes = office.notes_of(STUDY);
    // The relay grows another way from there, with a device that knows no better, and then says that it was restored.
    for seat in [STUDY, BRUNO] {
        office.net.offline(seat);
    }
    office.restore(backup);
    office.net.online(PHONE);
    office.write(PHONE);
    office.settle();
    hold_all(&*office.net.store).expect("written down");
    office.net.restart_relay();
    office.net.online(STUDY);
    office.net.seats[STUDY]
        .device
        .begin_resume(true)
        .expect("an admin's");
    office.settle();
    assert_eq!(
        office.accused(STUDY),
        [false],
        "{:?}",
        office.net.seats[STUDY].reports
    );
    assert_eq!(office.net.seats[STUDY].device.resumptions().len(), 0);
    assert_eq!(office.notes_of(STUDY), notes, "and what it had it has still");
}

#[test]
fn it_is_restored_again_on_top_and_nothing_is_lost() {
    let mut office = Office::open(75);
    let (oldest, again) = (office.backup(), office.backup());
    for seat in [BRUNO, STUDY, BRUNO] {
        office.write(seat);
        office.settle();
    }
    let before = office.said();

    // An admin is shown less than there was a backup of: devices give back what they have all the same.
    office.restore(oldest);
    office.settle();
    office.resume(STUDY);
    office.write(BRUNO);
    office.settle();
    office.is_whole();
    // Back before that resumption, and to the very size that was resumed then: the word comes anew, from another device.
    office.restore(again);
    office.settle();
    office.resume(PHONE);
    let between = office.backup();
    office.write(PHONE);
    office.settle();
    office.is_whole();
    // And from a backup of what was resumed.
    office.restore(between);
    office.settle();
    office.resume(STUDY);
    office.write(BRUNO);
    office.settle();
    office.is_whole();
    assert_eq!(office.missing(&before), Vec::<String>::new());
    assert_eq!(office.notes_of(BRUNO).len(), 6);
    assert_eq!(office.net.seats[BRUNO].device.resumptions().len(), 2);
    office.convicts_nobody();
}

#[test]
fn what_was_erased_is_erased_again_before_anybody_else_is_served() {
    let mut office = Office::open(76);
    office.write(BRUNO);
    office.settle();
    let backup = office.backup();
    let (net, case) = (&mut office.net, office.case);
    let erased = net.seats[STUDY].device.erase_case(&mut net.rng, &case);
    assert!(erased.expect("an admin's") > 0);
    office.settle();
    office.restore(backup);
    let payloads = |office: &Office| {
        let key = troth_server::store::StreamKey(Stream::Document(office.joint).key());
        let at = office
            .net
            .store
            .stream(&office.practice, &key, 0, u64::MAX, usize::MAX);
        let rows = office
            .net
            .store
            .entries_at(&office.practice, &at.expect("readable"), usize::MAX)
            .expect("readable");
        rows.iter()
            .filter(|row| row.payload.as_ref().is_some_and(|p| !p.is_empty()))
            .count()
    };
    assert!(payloads(&office) > 0, "the backup has them again");
    office.net.offline(BRUNO);
    office.settle();
    office.net.restart_device(STUDY);
    office.net.seats[STUDY]
        .device
        .begin_resume(true)
        .expect("an admin's");
    office.net.online(BRUNO);
    for _ in 0..400 {
        office.net.settle();
        let served = office.net.seats[BRUNO].device.resumptions().len() == 1;
        assert!(!served || payloads(&office) == 0, "served before it was erased");
        if served {
            break;
        }
    }
    assert_eq!(payloads(&office), 0);
    assert_eq!(office.net.seats[BRUNO].device.resumptions().len(), 1);
}

/// One key turned before the backup, another one in what was lost: what the relay has is signed with the one, and the ledger that was
/// resumed turns to the other when it comes back.
#[test]
fn a_key_that_turned_in_what_was_lost_turns_again_where_that_comes_back() {
    let mut office = Office::open(77);
    let kept = office.turn(STUDY, 8);
    office.write(BRUNO);
    office.settle();
    let backup = office.backup();
    // The phone has heard of the first turn only.
    office.net.offline(PHONE);
    let lost = office.turn(STUDY, 9);
    office.write(BRUNO);
    office.settle();
    let before = office.said();

    office.restore(backup);
    office.settle();
    for seat in [STUDY, BRUNO] {
        assert_eq!(
            office.accused(seat),
            [false],
            "a rollback, and no proof: {:?}",
            office.net.seats[seat].reports
        );
    }
    office.net.restart_device(STUDY);
    assert!(office.look(STUDY).is_some(), "it was restored");
    let from = office.net.wire.len();
    office.resume(STUDY);
    let resumed = office.net.seats[STUDY].device.resumptions()[0].position;
    office.net.online(PHONE);
    office.write(PHONE);
    office.settle();
    assert_eq!(office.missing(&before), Vec::<String>::new());
    let keys: Vec<VerifyingKey> = office.keys().iter().map(|(_, key)| *key).collect();
    assert_eq!(keys[1..], [kept, lost]);
    assert!(
        office.keys()[1].0 < resumed && resumed < office.keys()[2].0,
        "{:?}, resumed at {resumed}",
        office.keys()
    );
    office.each_size_has_one_key_and_one_name(from);
    office.is_whole();
    office.convicts_nobody();
}

/// Who was beyond the backup and comes late knows neither the name of the ledger nor the key that answers.
#[test]
fn a_key_that_turned_after_the_resumption_is_believed_by_who_was_beyond_it_and_comes_late() {
    let mut office = Office::open(78);
    let backup = office.backup();
    for seat in [BRUNO, PHONE, BRUNO, PHONE] {
        office.write(seat);
        office.settle();
    }
    office.net.offline(PHONE);
    let before = office.said();
    office.restore(backup);
    office.settle();
    office.resume(STUDY);
    let key = office.turn(STUDY, 8);
    for seat in [BRUNO, STUDY, BRUNO, STUDY] {
        office.write(seat);
        office.settle();
    }
    let from = office.net.wire.len();
    office.net.online(PHONE);
    office.settle();
    office.settle();
    let phone = &office.net.seats[PHONE].device;
    assert_eq!(
        phone.resumptions().len(),
        1,
        "{:?}",
        office.net.seats[PHONE].reports
    );
    assert_eq!(phone.state().map(|s| s.roster.ledger_key()), Some(key));
    office.write(PHONE);
    office.settle();
    assert_eq!(office.missing(&before), Vec::<String>::new());
    office.each_size_has_one_key_and_one_name(from);
    office.is_whole();
    office.convicts_nobody();
}
