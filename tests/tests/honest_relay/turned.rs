//! The ledger key turns while the relay crashes, and while two relays have one store.

use troth_client_core::device::Phase;
use troth_client_core::export;
use troth_protocol::ids::VerifyingKey;
use troth_protocol::roster::Roster;

use super::*;

/// What becomes of what a relay was about to do.
#[derive(Clone, Copy, Debug)]
enum Crash {
    /// It never happened.
    Before,
    /// It is durable, and nothing was signed.
    Unsigned,
    /// It is durable and signed, and nobody heard.
    Signed,
}

impl Crash {
    const ALL: [Self; 3] = [Self::Before, Self::Unsigned, Self::Signed];

    fn strike(self, net: &mut Network) {
        match self {
            Self::Before => net.crash_before(),
            Self::Unsigned => net.crash(false),
            Self::Signed => net.crash(true),
        }
    }
}

impl Office {
    fn roster(&self, seat: usize) -> &Roster {
        &self.net.seats[seat].device.state().expect("synced").roster
    }

    /// An admin's device turns the key to the one that the relay offers.
    fn turn(&mut self, seat: usize, key: VerifyingKey) {
        let device = &mut self.net.seats[seat].device;
        assert_eq!(device.offered_ledger_key(), Some(key));
        device
            .turn_ledger_key(&mut self.net.rng, key)
            .expect("an admin, and a key that is offered");
        self.net.pump(seat);
    }

    fn notes(&mut self, seat: usize) -> usize {
        let read = self.net.seats[seat].device.read(self.joint, |d| d.notes().len());
        read.expect("readable")
    }
}

impl Accuser {
    /// Every size was signed with one key, and the key before a turn signed nothing beyond it.
    fn each_by_its_own_key(&self) {
        let roster = &self.states.last().expect("a ledger").roster;
        for checkpoint in &self.checkpoints {
            let key = roster.key_at(checkpoint.size);
            let signed = checkpoint.verify(&roster.ledger_origin(), &key);
            assert!(signed.is_ok(), "size {}", checkpoint.size);
        }
        for signed in &self.counts {
            let size = signed.counts.checkpoint.size;
            let held = signed.verify(roster.practice(), &roster.key_at(size));
            assert!(held.is_ok(), "counts at size {size}");
        }
    }
}

#[test]
fn a_relay_whose_key_turns_is_killed_around_every_step_and_signs_nothing_against_itself() {
    for (crash, seed) in Crash::ALL.into_iter().zip(71..) {
        let mut office = Office::open(seed);
        let away = office.net.link(0, "phone");
        office.write(0);
        office.settle();
        office.net.offline(away);
        let old = office.roster(0).ledger_key();

        // The relay has a new key, and signs nothing with it before an admin says so.
        let key = office.net.new_ledger_key(8);
        office.settle();
        office.write(1);
        crash.strike(&mut office.net);
        office.settle();
        office.net.pass(31_000);
        assert_eq!(office.roster(1).ledger_keys(), [(0, old)]);

        office.turn(0, key);
        crash.strike(&mut office.net);
        office.settle();
        assert_eq!(office.net.seats[0].device.waiting(), 0, "{crash:?}");
        let turned = office.roster(0).ledger_keys()[1];
        assert_eq!(turned.1, key);
        for round in 0..4 {
            office.write(round % 2);
            crash.strike(&mut office.net);
            office.settle();
            office.net.pass(31_000);
        }

        // Who was away hears of the turn from the relay that still has the key before it, however it was interrupted.
        office.net.online(away);
        crash.strike(&mut office.net);
        office.settle();
        office.write(away);
        office.settle();
        // Who comes later begins with genesis, and so with the key before.
        let late = office.net.link(1, "tablet");
        office.write(late);
        office.settle();
        for seat in [0, 1, away, late] {
            assert_eq!(office.roster(seat).ledger_key(), key, "{crash:?}");
            assert_eq!(office.notes(seat), 8, "nothing was lost, nothing came twice");
            assert_eq!(office.net.seats[seat].device.phase(), Phase::Live);
        }

        assert_eq!(office.accusations(), 0);
        let accuser = Accuser::of(&office.net);
        accuser.each_by_its_own_key();
        let sizes = || accuser.checkpoints.iter().map(|signed| signed.size);
        assert!(sizes().any(|size| size <= turned.0) && sizes().any(|size| size > turned.0));
        assert_eq!(accuser.accuse(), None);

        let verified = |keys: &[VerifyingKey]| {
            troth_server::audit::verify(&office.net.store, keys, &mut |_| {}).expect("a store")
        };
        assert!(verified(&[old, key]).ok && verified(&[key]).ok);
        assert!(
            !verified(&[old]).ok,
            "the key that it is signed with now is missing"
        );
        let device = &office.net.seats[0].device;
        device.verify_ledger(&mut |_, _| {}).expect("it verifies");
        let file = device.export_ledger().expect("an export");
        assert!(export::verify(&file, &key).is_ok());
        assert!(export::verify(&file, &old).is_err());
    }
}

/// Whoever verifies nothing yet knows one key, from whoever let them in; the ledger says in its own time which one it is.
#[test]
fn a_device_that_was_let_in_before_the_key_turned_and_comes_after_is_not_turned_away() {
    let mut office = Office::open(75);
    let new = office.net.device("tablet");
    let code = office.net.seats[new]
        .device
        .begin_join(&mut office.net.rng, troth_tests::network::RELAY)
        .expect("free to join");
    let effects = office.net.seats[0]
        .device
        .begin_approve(&code)
        .expect("a whole code");
    office.net.perform(0, effects);
    let id = office.net.seats[new].device.id();
    let added = |office: &Office| {
        let state = office.net.state().expect("a practice");
        state.roster.devices().contains_key(&id)
    };
    let effects = office.net.seats[new]
        .device
        .handle(
            office.net.now,
            &mut office.net.rng,
            troth_client_core::device::Event::Tick,
        )
        .expect("no fault");
    office.net.perform(new, effects);
    for _ in 0..100 {
        office.net.step();
        office.net.pump(0);
        if added(&office) {
            break;
        }
    }
    assert!(added(&office) && office.net.seats[new].device.state().is_none());
    office.net.offline(new);
    let key = office.net.new_ledger_key(8);
    office.settle();
    office.turn(0, key);
    office.settle();
    office.net.online(new);
    office.settle();
    office.settle();
    assert_eq!(
        office.net.seats[new].device.phase(),
        Phase::Live,
        "{:?}",
        office.net.seats[new].reports
    );
    assert_eq!(office.roster(new).ledger_key(), key);
    assert_eq!(office.accusations(), 0);
    Accuser::of(&office.net).each_by_its_own_key();
}

/// The first relay was not dead: it goes on over the same store, with devices of its own, as the second one takes over. No lock
/// keeps them apart here, only the size that each write expects.
#[test]
fn two_relays_over_one_store_sign_one_history() {
    let mut office = Office::open(76);
    office.net.second_relay(office.net.settings().clone());
    office.net.prefers_second(1, true);
    office.net.disconnect(1);
    office.settle();
    for round in 0..12 {
        // By turns on either relay, both at once, and twice on one: whoever comes second finds the ledger longer than it thought.
        for seat in [&[0][..], &[1], &[0, 1], &[1, 0], &[1, 1], &[0, 0]][round % 6] {
            office.write(*seat);
        }
        office.settle();
        office.net.pass(31_000);
    }
    assert_eq!(office.accusations(), 0);
    for seat in [0, 1] {
        office.write(seat);
        office.settle();
    }
    // The first relay is stopped at last.
    office.net.prefers_second(0, true);
    office.net.disconnect(0);
    office.settle();
    let written = usize::from(office.notes);
    for seat in [0, 1] {
        assert_eq!(office.net.seats[seat].device.waiting(), 0);
        assert_eq!(
            office.notes(seat),
            written,
            "nothing was lost, nothing came twice"
        );
    }
    assert_eq!(office.accusations(), 0);
    let accuser = Accuser::of(&office.net);
    assert!(accuser.checkpoints.len() > 50);
    assert_eq!(accuser.accuse(), None);
}

/// The relay that is left behind does not even have the key: it closes the ledger, and signs nothing beyond the turn.
#[test]
fn a_relay_that_was_left_behind_signs_nothing_beyond_a_turn_that_it_knows_nothing_of() {
    let mut office = Office::open(77);
    let before = office.net.settings().clone();
    let key = office.net.new_ledger_key(8);
    // The first relay of this story is the one with the new key; the second one is what is left of the old one.
    office.net.second_relay(before);
    office.net.prefers_second(1, true);
    office.net.disconnect(1);
    office.settle();
    assert_eq!(office.net.seats[1].device.phase(), Phase::Live);
    office.turn(0, key);
    office.settle();
    office.write(0);
    office.settle();
    office.write(1);
    for _ in 0..3 {
        office.net.settle();
    }
    assert_eq!(office.net.seats[1].device.waiting(), 1, "nothing takes it there");
    office.net.prefers_second(1, false);
    office.net.disconnect(1);
    office.settle();
    for seat in [0, 1] {
        assert_eq!(office.net.seats[seat].device.waiting(), 0);
        assert_eq!(office.notes(seat), 2);
        assert_eq!(office.roster(seat).ledger_key(), key);
    }
    assert_eq!(office.accusations(), 0);
    let accuser = Accuser::of(&office.net);
    accuser.each_by_its_own_key();
    assert_eq!(accuser.accuse(), None);
}
