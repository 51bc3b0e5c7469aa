//! Several people's news meets on the wire while a device is fetching what was shared with it, following its ledger anew, or
//! starting again. In the end everybody is up to date, and no honest relay is taken for a dishonest one.

use troth_client_core::device::{DeviceError, Phase};
use troth_protocol::ids::{CaseId, DocumentId};
use troth_protocol::statement::{Lane, Role};
use troth_tests::network::Network;

use crate::scene::{
    all_is_well, assign, case, change_role, lane, may_write, member, practice, read, share_lane, write,
};

/// Rounds in which everything comes to rest, with room to spare; one that goes round and round is ended.
const ROUNDS: usize = 4_000;

/// Moves everything until nothing moves, as [`Network::settle`] does, and fails if it never ends.
fn comes_to_rest(net: &mut Network) {
    for _ in 0..2 {
        for seat in 0..net.seats.len() {
            net.pump(seat);
        }
        let moved = (0..ROUNDS).take_while(|_| net.step()).count();
        assert!(moved < ROUNDS, "it goes on for ever");
        net.now += 1_000;
    }
    net.settle();
    net.pass(60_000);
    all_is_well(net);
}

fn steps_of(net: &mut Network, count: u64) {
    for _ in 0..count {
        net.step();
    }
}

/// So much text that no two notes of it fit into one frame of a catch-up.
fn long(net: &mut Network) -> String {
    let mut bytes = vec![0; 150_000];
    rand::Rng::fill_bytes(&mut net.rng, &mut bytes);
    bytes.iter().map(|b| char::from(33 + b % 90)).collect()
}

#[test]
fn a_counselor_becomes_an_admin_while_everybody_writes() {
    let (mut net, _dir) = practice(50);
    let of = case(&mut net, 0);
    let joint = lane(&net, 0, &of, Lane::Joint);
    let c = net.admit(0, Role::Counselor, "Noor Haddad");
    let m = member(&net, c);
    assign(&mut net, 0, &of, m);
    net.settle();
    let phone = net.link(0, "phone");
    change_role(&mut net, 0, m, Role::Admin);
    net.pump(0);
    for i in 0..8 {
        // While it follows anew it may say so; what it takes, it keeps.
        match write(&mut net, c, joint, &format!("c{i}")) {
            Ok(()) | Err(DeviceError::CatchingUp) => net.pump(c),
            Err(other) => panic!("{other:?}"),
        }
        write(&mut net, phone, joint, &format!("p{i}")).expect("an edit");
        net.pump(phone);
        net.step();
    }
    comes_to_rest(&mut net);
    let all = read(&mut net, 0, joint).expect("an admin reads");
    assert!(all.len() >= 9, "{all:?}");
    for seat in [c, phone] {
        assert_eq!(read(&mut net, seat, joint).as_ref(), Some(&all), "seat {seat}");
    }
}

/// A counselor becomes an admin, and their connection ends when their device has begun to follow the ledger anew and has some
/// of it.
fn promoted(seed: u64) -> (Network, tempfile::TempDir, usize, CaseId, DocumentId) {
    let (mut net, dir) = practice(seed);
    let of = case(&mut net, 0);
    let joint = lane(&net, 0, &of, Lane::Joint);
    let c = net.admit(0, Role::Counselor, "Noor Haddad");
    let m = member(&net, c);
    assign(&mut net, 0, &of, m);
    net.settle();
    write(&mut net, c, joint, "before").expect("an edit");
    net.settle();
    // Several frames of it.
    for _ in 0..4 {
        let text = long(&mut net);
        let admin = lane(&net, 0, &of, Lane::Admin);
        write(&mut net, 0, admin, &text).expect("an edit");
        net.settle();
    }
    change_role(&mut net, 0, m, Role::Admin);
    net.pump(0);
    for _ in 0..40 {
        if net.seats[c].device.follows_anew() {
            break;
        }
        net.step();
        net.now += 1_000;
        let device = &mut net.seats[c].device;
        let tick = troth_client_core::device::Event::Tick;
        let effects = device.handle(net.now, &mut net.rng, tick).expect("no fault");
        net.perform(c, effects);
    }
    assert!(net.seats[c].device.follows_anew());
    (net, dir, c, of, joint)
}

#[test]
fn while_the_ledger_is_followed_anew_its_person_sees_what_was_known_before_and_works_on() {
    let (mut net, _dir, c, of, joint) = promoted(51);
    let size = net.seats[c].device.status().size;
    net.offline(c);
    for restarted in [false, true] {
        if restarted {
            net.restart_device(c);
        }
        let device = &mut net.seats[c].device;
        assert!(device.follows_anew());
        assert_eq!(device.status().size, size, "as it was");
        assert_eq!(device.cases().expect("as they were").len(), 1);
        assert!(device.verify_ledger(&mut |_, _| {}).is_ok());
        let named = device.members().expect("a roster");
        assert!(named.iter().all(|m| m.name.is_some()), "{named:?}");
        let seen = read(&mut net, c, joint).expect("as it was");
        assert!(seen.contains(&"before".to_owned()));
        // What is done meanwhile is kept, and is there at once.
        let text = format!("meanwhile, restarted: {restarted}");
        write(&mut net, c, joint, &text).expect("kept here");
        assert!(read(&mut net, c, joint).expect("as it was").contains(&text));
    }
    let opened = net.seats[c]
        .device
        .new_case(net.now, &mut net.rng, "Another", "A", None);
    let opened = opened.expect("kept here");
    net.restart_device(c);
    net.online(c);
    comes_to_rest(&mut net);
    assert!(!net.seats[c].device.follows_anew());
    let expected = Some(
        [
            "before",
            "meanwhile, restarted: false",
            "meanwhile, restarted: true",
        ]
        .map(str::to_owned)
        .to_vec(),
    );
    assert_eq!(read(&mut net, c, joint), expected);
    assert_eq!(read(&mut net, 0, joint), expected);
    let [there, here] = [0, c].map(|seat| net.seats[seat].device.document_of(&opened, Lane::Joint));
    assert!(there.is_some() && there == here);
    // It sees what only an admin does, and what was kept of the time before is gone.
    let other = case(&mut net, 0);
    assert!(net.seats[c].device.document_of(&other, Lane::Joint).is_some());
    assert!(net.seats[c].device.document_of(&of, Lane::Joint).is_some());
    all_is_well(&mut net);
}

#[test]
fn a_device_that_follows_anew_starts_again_at_every_step_and_never_shows_less_than_before() {
    for cut in [0, 2, 5, 9] {
        let (mut net, _dir, c, _of, joint) = promoted(700 + cut);
        for step in 0..=cut {
            net.step();
            if step == cut {
                net.restart_device(c);
            }
            let seen = read(&mut net, c, joint).expect("as before, or as it is now");
            assert!(seen.contains(&"before".to_owned()), "{cut} {step}");
        }
        write(&mut net, c, joint, "on top").expect("kept, or sent");
        comes_to_rest(&mut net);
        for seat in [0, c] {
            let expected = Some(vec!["before".to_owned(), "on top".to_owned()]);
            assert_eq!(read(&mut net, seat, joint), expected, "{cut} {seat}");
        }
        let aside = net.seats[c].device.quarantine().expect("readable");
        assert!(aside.is_empty(), "{cut}: {aside:?}");
    }
}

#[test]
fn what_is_shared_is_fetched_while_everybody_writes() {
    for delay in [0, 2, 5] {
        let (mut net, _dir) = practice(52 + delay);
        let (one, two) = (case(&mut net, 0), case(&mut net, 0));
        let [j1, j2] = [one, two].map(|of| lane(&net, 0, &of, Lane::Joint));
        write(&mut net, 0, j2, "from before").expect("an edit");
        let c = net.admit(0, Role::Counselor, "Noor Haddad");
        let m = member(&net, c);
        assign(&mut net, 0, &one, m);
        net.settle();
        let phone = net.link(0, "phone");
        assign(&mut net, 0, &two, m);
        net.pump(0);
        for i in 0..10 {
            if i >= delay {
                write(&mut net, phone, j1, &format!("e{i}")).expect("an edit");
                net.pump(phone);
            }
            net.step();
        }
        comes_to_rest(&mut net);
        let seen = [j1, j2].map(|joint| read(&mut net, c, joint).map(|t| t.len()));
        let written = usize::try_from(10 - delay).expect("small");
        assert_eq!(seen, [Some(written), Some(1)], "{delay}");
    }
}

/// What an admin does to a share while it is fetched.
#[derive(Clone, Copy, Debug)]
enum Meanwhile {
    Ends,
    Erases,
    Removes,
}

#[test]
fn a_share_ends_is_erased_or_its_reader_removed_while_it_is_fetched() {
    for (seed, what) in [
        (60, Meanwhile::Ends),
        (70, Meanwhile::Erases),
        (80, Meanwhile::Removes),
    ] {
        for steps in [1, 4] {
            let (mut net, _dir) = practice(seed + steps);
            let of = case(&mut net, 0);
            let joint = lane(&net, 0, &of, Lane::Joint);
            for _ in 0..2 {
                let text = long(&mut net);
                write(&mut net, 0, joint, &text).expect("an edit");
                net.settle();
            }
            let c = net.admit(0, Role::Counselor, "Noor Haddad");
            let m = member(&net, c);
            share_lane(&mut net, 0, &of, Lane::Joint, may_write(m));
            net.pump(0);
            steps_of(&mut net, steps);
            let device = &mut net.seats[0].device;
            match what {
                Meanwhile::Ends => device.unshare(&mut net.rng, &of, Lane::Joint, m),
                Meanwhile::Erases => device.erase_case(&mut net.rng, &of).map(|_| ()),
                Meanwhile::Removes => device.remove_member(net.now, &mut net.rng, m, true).map(|_| ()),
            }
            .expect("an admin");
            net.pump(0);
            comes_to_rest(&mut net);
            let phase = net.seats[c].device.phase();
            let removed = matches!(what, Meanwhile::Removes);
            assert_eq!(phase == Phase::Halted, removed, "{what:?} {steps} {phase:?}");
            if matches!(what, Meanwhile::Ends) {
                write(&mut net, 0, joint, "after").expect("an admin writes");
                net.settle();
                let aside = net.seats[c].device.quarantine().expect("readable");
                assert!(aside.is_empty(), "that it was fetched is told: {aside:?}");
                let seen = read(&mut net, c, joint).unwrap_or_default();
                assert!(!seen.contains(&"after".to_owned()), "{steps}");
            }
        }
    }
}

#[test]
fn a_device_starts_again_at_any_moment_of_a_fetch() {
    for cut in [1, 4, 7] {
        let (mut net, _dir) = practice(100 + cut);
        let of = case(&mut net, 0);
        let joint = lane(&net, 0, &of, Lane::Joint);
        for _ in 0..2 {
            let text = long(&mut net);
            write(&mut net, 0, joint, &text).expect("an edit");
            net.settle();
        }
        let c = net.admit(0, Role::Counselor, "Noor Haddad");
        let m = member(&net, c);
        assign(&mut net, 0, &of, m);
        net.pump(0);
        steps_of(&mut net, cut);
        net.restart_device(c);
        comes_to_rest(&mut net);
        assert_eq!(read(&mut net, c, joint).map(|t| t.len()), Some(2), "{cut}");
    }
}

#[test]
fn both_devices_of_a_new_admin_start_again_at_any_moment_of_following_anew() {
    for cut in [0, 3, 6, 11] {
        let (mut net, _dir) = practice(120 + cut);
        let of = case(&mut net, 0);
        let joint = lane(&net, 0, &of, Lane::Joint);
        write(&mut net, 0, joint, "old").expect("an edit");
        net.settle();
        let c = net.admit(0, Role::Counselor, "Noor Haddad");
        let phone = net.link(c, "phone");
        let own = case(&mut net, c);
        let mine = lane(&net, c, &own, Lane::Joint);
        let m = member(&net, c);
        net.offline(phone);
        write(&mut net, phone, mine, "from the phone").expect("an edit");
        change_role(&mut net, 0, m, Role::Admin);
        net.pump(0);
        net.online(phone);
        steps_of(&mut net, cut);
        let between = write(&mut net, c, mine, "in between").is_ok();
        net.pump(c);
        net.restart_device(c);
        if cut % 2 == 0 {
            net.restart_device(phone);
        }
        comes_to_rest(&mut net);
        for seat in [c, phone] {
            assert_eq!(
                read(&mut net, seat, joint),
                Some(vec!["old".to_owned()]),
                "{cut} {seat}"
            );
        }
        let mut expected = vec!["from the phone".to_owned()];
        expected.extend(between.then(|| "in between".to_owned()));
        assert_eq!(read(&mut net, 0, mine), Some(expected), "{cut}");
    }
}
