//! Two devices that are kept in two histories, and what one of them reads of the other. The relay copies their edits from
//! the one history into the other, so that neither misses anything.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use troth_client_core::device::{Phase, Report};
use troth_protocol::cbor;
use troth_protocol::entry::{Leaf, Parsed};
use troth_protocol::evidence::Contradiction;
use troth_protocol::ids::Hash;
use troth_protocol::rule::Rule;
use troth_protocol::wire::{Refused, RelayMessage};
use troth_server::practice::{Pending, load};
use troth_server::store::Store;
use troth_server::verify::CheckedUpload;

use crate::scene::Scene;

/// One relay with two histories: the writer is shown the one, the victim the other.
struct Fork {
    scene: Scene,
    one: Arc<dyn Store>,
    two: Arc<dyn Store>,
    /// Size at which they part.
    base: u64,
    _dir: tempfile::TempDir,
}

impl Fork {
    fn new(seed: u64) -> Self {
        let mut scene = Scene::new(seed);
        let dir = tempfile::tempdir().expect("a temporary directory");
        let two = scene.backup(dir.path());
        let one = scene.net.store.clone();
        scene.net.offline(scene.victim);
        scene.net.offline(scene.writer);
        let base = scene.net.seats[scene.victim].device.frontier().size();
        Self {
            scene,
            one,
            two,
            base,
            _dir: dir,
        }
    }

    /// The relay turns to one of the two, whom it shows their own history.
    fn show(&mut self, seat: usize) {
        let (writer, victim) = (self.scene.writer, self.scene.victim);
        let (store, other) = if seat == writer {
            (self.one.clone(), victim)
        } else {
            (self.two.clone(), writer)
        };
        self.scene.net.offline(other);
        self.scene.net.swap_store(store);
        self.scene.back(seat);
    }

    fn write(&mut self, seat: usize, text: &str) {
        self.show(seat);
        self.scene.write_on(seat, text);
        self.scene.net.offline(seat);
    }

    /// Copies the newest entry of one history into the other.
    fn copy(&mut self, from: usize) {
        let practice = self.scene.signer().practice;
        let settings = self.scene.net.settings().clone();
        let (from, to) = if from == self.scene.writer {
            (&self.one, &self.two)
        } else {
            (&self.two, &self.one)
        };
        let head = |store: &Arc<dyn Store>| store.head(&practice).expect("readable").expect("there");
        let rows = from
            .entries_at(&practice, &[head(from).size - 1], 1)
            .expect("readable");
        let leaf: Leaf = cbor::decode(&rows[0].leaf).expect("a leaf");
        let mut ledger = load(to, practice, head(to), &settings).expect("a whole ledger");
        let parsed = Parsed::parse(leaf.signed).expect("a statement");
        let author = ledger.state.signing_key(parsed.statement()).expect("known");
        let upload = CheckedUpload {
            statement: parsed.verify(&author, &practice).expect("signed"),
            payload: rows[0].payload.clone().expect("a payload"),
        };
        let mut pending = Pending::default();
        let taken = ledger.sequence(&**to, &mut pending, self.scene.net.now, vec![upload]);
        assert!(taken.expect("readable").is_ok(), "it fits into both");
        let (batch, _) = ledger.batch(&**to, &mut pending).expect("room");
        to.commit(&[batch]).expect("room");
    }

    /// Nobody has said anything yet.
    fn calm(&self) {
        for seat in &self.scene.net.seats {
            let said = seat.reports.iter().find(|r| matches!(r, Report::Dishonest(_)));
            assert!(said.is_none(), "{said:?}");
        }
    }

    /// Odd edits for the one, even edits for the other; each is shown the other's first edit, made where both were the
    /// same, and goes on.
    fn odd_and_even(seed: u64) -> Self {
        let mut fork = Self::new(seed);
        let (writer, victim) = (fork.scene.writer, fork.scene.victim);
        fork.write(writer, "odd");
        fork.write(victim, "even");
        fork.copy(writer);
        fork.show(victim);
        assert_eq!(fork.scene.read(victim), ["before the lie", "even", "odd"]);
        fork.calm();
        fork
    }
}

#[test]
fn the_first_edit_from_another_history_shows_it_to_its_reader() {
    let mut fork = Fork::odd_and_even(25);
    let (writer, victim) = (fork.scene.writer, fork.scene.victim);
    fork.write(writer, "odd, by who saw that history");
    fork.copy(writer);
    fork.show(victim);
    let found = fork.scene.convicted("another ledger");
    let size = fork.base + 1;
    assert!(
        matches!(found, Contradiction::Rewritten { size: at, .. } if at == size),
        "{found:?}"
    );
    // What it had read it goes on reading, after a restart too; and nothing wakes it.
    assert!(fork.scene.read(victim).contains(&"even".to_owned()));
    fork.scene.net.restart_device(victim);
    fork.scene.net.seats[victim].reports.clear();
    fork.show(victim);
    fork.scene.convicted("another ledger");
    assert!(fork.scene.read(victim).contains(&"even".to_owned()));
}

#[test]
fn it_shows_on_whichever_side_the_edit_is_read_first() {
    let mut fork = Fork::new(26);
    let (writer, victim) = (fork.scene.writer, fork.scene.victim);
    fork.write(writer, "odd");
    fork.write(victim, "even");
    fork.copy(victim);
    fork.write(victim, "even, by who saw that history");
    fork.copy(victim);
    fork.show(writer);
    fork.scene.victim = writer;
    fork.scene.writer = victim;
    fork.scene.convicted("another ledger");
}

#[test]
fn what_a_device_no_longer_remembers_the_relay_has_to_prove() {
    let mut fork = Fork::odd_and_even(27);
    let (writer, victim) = (fork.scene.writer, fork.scene.victim);
    fork.scene.net.offline(victim);
    fork.scene.net.restart_device(victim);
    fork.scene.net.seats[victim].online = false;
    fork.write(writer, "odd, by who saw that history");
    fork.copy(writer);
    fork.show(victim);
    let found = fork.scene.convicted("another ledger");
    assert!(matches!(found, Contradiction::Rewritten { .. }), "{found:?}");
}

/// The relay does something to its answer, when it is asked to prove.
fn asked(seed: u64, mut change: impl FnMut(&mut RelayMessage, &Scene) -> bool + 'static) -> Fork {
    let mut fork = Fork::odd_and_even(seed);
    let (writer, victim) = (fork.scene.writer, fork.scene.victim);
    fork.scene.net.offline(victim);
    fork.scene.net.restart_device(victim);
    fork.scene.net.seats[victim].online = false;
    fork.write(writer, "odd, by who saw that history");
    fork.copy(writer);
    let asked = Rc::new(RefCell::new(0));
    let count = asked.clone();
    let signer = Scene::new(seed);
    fork.scene.net.tamper = Some(Box::new(move |message, seat| {
        if seat == victim && matches!(message, RelayMessage::Fetched(..)) {
            *count.borrow_mut() += 1;
            return change(message, &signer);
        }
        true
    }));
    fork.show(victim);
    assert!(*asked.borrow() > 0, "it was asked");
    fork
}

#[test]
fn a_relay_that_does_not_answer_is_suspected_and_not_convicted() {
    let mut fork = asked(28, |_, _| false);
    fork.calm();
    let phase = fork.scene.net.seats[fork.scene.victim].device.phase();
    assert_eq!(
        phase,
        Phase::CatchingUp,
        "an edit's word of the ledger is not verified yet"
    );
    fork.scene.net.pass(80_000);
    fork.scene.net.settle();
    fork.scene.suspected("does not prove");
}

#[test]
fn a_relay_that_answers_with_something_else_is_suspected() {
    let mut fork = asked(29, |message, _| {
        if let RelayMessage::Fetched(_, _, items) = message {
            items.items.pop();
        }
        true
    });
    fork.scene.suspected("does not prove");
}

#[test]
fn a_relay_that_is_always_too_busy_to_answer_is_suspected() {
    let mut fork = asked(30, |message, _| {
        if let RelayMessage::Fetched(request, ..) = message {
            *message = RelayMessage::Refused(Refused {
                request: *request,
                index: 0,
                rule: Rule::Quota.number(),
                head: None,
            });
        }
        true
    });
    fork.calm();
    for _ in 0..10 {
        fork.scene.net.pass(8_000);
        fork.scene.net.settle();
    }
    fork.scene.suspected("does not prove");
}

#[test]
fn a_relay_that_answers_from_the_other_history_convicts_itself() {
    let mut fork = asked(31, |message, scene| {
        if let RelayMessage::Fetched(_, _, items) = message {
            items.checkpoint = scene.signer().checkpoint(items.checkpoint.size, Hash([9; 32]));
        }
        true
    });
    let found = fork.scene.convicted("another ledger");
    assert!(matches!(found, Contradiction::TwoRoots { .. }), "{found:?}");
}

#[test]
fn an_edit_made_in_a_longer_ledger_than_the_one_it_stands_in_is_suspected() {
    let mut fork = Fork::new(32);
    let (writer, victim) = (fork.scene.writer, fork.scene.victim);
    fork.show(writer);
    let net = &mut fork.scene.net;
    let device = &mut net.seats[writer].device;
    device
        .new_case(net.now, &mut net.rng, "Brandt", "Ida", None)
        .expect("a case");
    net.settle();
    fork.write(writer, "in a ledger with another case");
    fork.copy(writer);
    fork.show(victim);
    fork.scene.suspected("already");
}

#[test]
fn devices_of_one_history_compare_and_go_on() {
    let mut scene = Scene::new(33);
    let (writer, victim) = (scene.writer, scene.victim);
    for round in 0..3 {
        scene.write_on(writer, "one way");
        scene.write_on(victim, "and back");
        // What a restarted device does not remember it asks for, once for each author.
        let fetches = Rc::new(RefCell::new(0));
        let count = fetches.clone();
        scene.net.tamper = Some(Box::new(move |message, _| {
            *count.borrow_mut() += usize::from(matches!(message, RelayMessage::Fetched(..)));
            true
        }));
        scene.net.offline(victim);
        scene.write_on(writer, "meanwhile");
        scene.net.restart_device(victim);
        scene.back(victim);
        assert!(*fetches.borrow() <= 1, "round {round}");
        assert_eq!(scene.net.seats[victim].device.phase(), Phase::Live);
    }
    for seat in &scene.net.seats {
        assert!(!seat.reports.iter().any(|r| matches!(r, Report::Dishonest(_))));
    }
}
