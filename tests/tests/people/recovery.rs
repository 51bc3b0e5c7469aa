//! Coming back after everything was lost.

use troth_client_core::crypto::Kit;
use troth_client_core::device::{Device, Effect, Event, Phase, Report};
use troth_client_core::storage::MemoryStorage;
use troth_protocol::statement::{Lane, Role};
use troth_protocol::wire::{self, ClientMessage, RelayMessage};
use troth_server::core::ConnectionId;
use troth_tests::network::{Network, RELAY};

use crate::scene::{all_is_well, case, lane, member, practice, read, write};

const WAIT: u64 = troth_protocol::limits::RECOVERY_WAIT_MS;

/// Drives a kit's engine, which has no seat, until nothing moves.
fn drive(net: &mut Network, id: ConnectionId, kit: &mut Device<MemoryStorage>) {
    let mut effects = kit.handle(net.now, &mut net.rng, Event::Tick).expect("no fault");
    while !effects.is_empty() {
        let mut next = Vec::new();
        for effect in effects {
            match effect {
                Effect::Connect => next.extend(
                    kit.handle(net.now, &mut net.rng, Event::Opened)
                        .expect("no fault"),
                ),
                Effect::Send(frame) => {
                    let message: ClientMessage = wire::message(&frame).expect("a device's message");
                    for answer in net.exchange(id, &message) {
                        let frame = wire::frame::<RelayMessage>(&answer);
                        next.extend(
                            kit.handle(net.now, &mut net.rng, Event::Frame(&frame))
                                .expect("no fault"),
                        );
                    }
                }
                Effect::Report(report) => assert!(!matches!(report, Report::Dishonest(_)), "{report:?}"),
                Effect::Close | Effect::WakeAt(_) => {}
            }
        }
        effects = next;
    }
}

#[test]
fn the_words_alone_bring_back_everything_and_everybody_sees_it() {
    let (mut net, _dir) = practice(41);
    let counselor = net.admit(0, Role::Counselor, "Lin Mei");
    let of = case(&mut net, counselor);
    let joint = lane(&net, counselor, &of, Lane::Joint);
    write(&mut net, counselor, joint, "before the flood").expect("an edit");
    let kit = Kit::generate(&mut net.rng);
    let id = net.seats[counselor]
        .device
        .add_kit(&mut net.rng, &kit)
        .expect("a kit");
    net.settle();
    let kits = net.seats[counselor].device.kits().expect("readable");
    assert!(kits.len() == 1 && kits[0].id == id && !kits[0].tested);
    assert!(
        !net.seats[counselor]
            .device
            .test_kit(&mut net.rng, &Kit::generate(&mut rand::rng()))
            .expect("readable")
    );
    assert!(
        net.seats[counselor]
            .device
            .test_kit(&mut net.rng, &kit)
            .expect("readable")
    );
    assert!(net.seats[counselor].device.kits().expect("readable")[0].tested);
    net.offline(counselor);

    let words = kit.words(troth_client_core::crypto::WordList::English);
    let kit = Kit::parse(&words).expect("the printed words");
    let mut brought = Device::of_kit(&mut net.rng, &kit, RELAY).expect("a kit");
    let kits = net.stranger();
    drive(&mut net, kits, &mut brought);
    assert_eq!(
        (brought.phase(), brought.member()),
        (Phase::Live, Some(member(&net, counselor)))
    );
    let new = net.device("new laptop");
    let voucher = brought.voucher().expect("it knows its practice");
    let (keys, proof) = net.seats[new]
        .device
        .adopt(&mut net.rng, RELAY, voucher)
        .expect("free to join");
    brought
        .add_own_device(&mut net.rng, keys, proof)
        .expect("its own");
    drive(&mut net, kits, &mut brought);
    net.settle();
    assert_eq!(
        net.seats[new].device.phase(),
        Phase::Live,
        "{:?}",
        net.seats[new].reports
    );
    assert_eq!(
        read(&mut net, new, joint),
        Some(vec!["before the flood".to_owned()])
    );
    write(&mut net, new, joint, "and after").expect("an edit");
    net.settle();
    let log = net.seats[0].device.log().expect("a log");
    assert!(
        log.iter()
            .any(|line| line.signer == id && line.what.contains("added device"))
    );
    all_is_well(&mut net);
}

/// The new machine of a member who has neither device nor kit, as far as the proposal.
fn ask(net: &mut Network, admin: usize, lost: usize) -> usize {
    let of = member(net, lost);
    net.offline(lost);
    let new = net.device("new laptop");
    let code = net.seats[new]
        .device
        .begin_join(&mut net.rng, RELAY)
        .expect("free to join");
    let effects = net.seats[admin]
        .device
        .begin_propose_recovery(&code, of)
        .expect("a whole code");
    net.perform(admin, effects);
    net.settle();
    let proposed = |r: &Report| matches!(r, Report::RecoveryProposed(member) if *member == of);
    assert!(
        net.seats[admin].reports.iter().any(proposed),
        "{:?}",
        net.seats[admin].reports
    );
    new
}

#[test]
fn two_admins_bring_back_a_member_without_what_only_they_could_read() {
    let (mut net, _dir) = practice(42);
    let second = net.admit(0, Role::Admin, "Noor Haddad");
    let counselor = net.admit(0, Role::Counselor, "Lin Mei");
    let of = case(&mut net, counselor);
    let (joint, own) = (
        lane(&net, counselor, &of, Lane::Joint),
        lane(&net, counselor, &of, Lane::ProcessNotes),
    );
    write(&mut net, counselor, joint, "what admins read too").expect("an edit");
    net.settle();
    let new = ask(&mut net, 0, counselor);
    assert_ne!(
        net.seats[new].device.phase(),
        Phase::Live,
        "proposed is not agreed"
    );
    let open = net.seats[second].device.recoveries(net.now).expect("a roster");
    assert!(
        open.len() == 1
            && open[0].approvable
            && !net.seats[0].device.recoveries(net.now).expect("a roster")[0].approvable
    );
    net.seats[second]
        .device
        .approve_recovery(&mut net.rng, open[0].id)
        .expect("open");
    net.settle();
    net.pass(120_000);
    net.settle();
    assert_eq!(
        net.seats[new].device.phase(),
        Phase::Live,
        "{:?}",
        net.seats[new].reports
    );
    // The first edit of somebody else turns the key, and hands the history on.
    write(&mut net, 0, joint, "welcome back").expect("an edit");
    net.settle();
    assert_eq!(read(&mut net, new, joint).map(|t| t.len()), Some(2));
    assert_eq!(read(&mut net, new, own), None);
    // The old devices are out.
    net.online(counselor);
    // It tries again within a minute.
    net.pass(60_000);
    net.settle();
    assert_eq!(net.seats[counselor].device.phase(), Phase::Halted);
    all_is_well(&mut net);
}

#[test]
fn one_admin_alone_waits_three_days_in_which_any_admin_can_stop_it() {
    let (mut net, _dir) = practice(43);
    let second = net.admit(0, Role::Admin, "Noor Haddad");
    let counselor = net.admit(0, Role::Counselor, "Lin Mei");
    let new = ask(&mut net, 0, counselor);
    let open = net.seats[0].device.recoveries(net.now).expect("a roster")[0];
    net.seats[0]
        .device
        .approve_recovery(&mut net.rng, open.id)
        .expect("open");
    net.settle();
    assert_eq!(
        net.seats[0].device.recoveries(net.now).expect("a roster").len(),
        1,
        "not before the wait is over"
    );
    net.seats[second]
        .device
        .stop_recovery(&mut net.rng, open.id)
        .expect("any admin");
    net.settle();
    assert!(
        net.seats[0]
            .device
            .recoveries(net.now)
            .expect("a roster")
            .is_empty()
    );
    assert_ne!(net.seats[new].device.phase(), Phase::Live);
    net.online(counselor);
    net.settle();
    assert_eq!(
        net.seats[counselor].device.phase(),
        Phase::Live,
        "nothing was taken from the member"
    );

    let again = ask(&mut net, 0, counselor);
    let open = net.seats[0].device.recoveries(net.now).expect("a roster")[0];
    net.now += WAIT;
    net.settle();
    net.seats[0]
        .device
        .approve_recovery(&mut net.rng, open.id)
        .expect("open");
    net.settle();
    net.pass(120_000);
    net.settle();
    assert_eq!(
        net.seats[again].device.phase(),
        Phase::Live,
        "{:?}",
        net.seats[again].reports
    );
}

#[test]
fn a_kit_whose_words_nobody_saw_is_given_up_unless_it_may_have_landed() {
    let (mut net, _dir) = practice(44);
    net.offline(0);
    let kit = Kit::generate(&mut net.rng);
    let device = &mut net.seats[0].device;
    let id = device.add_kit(&mut net.rng, &kit).expect("a kit");
    assert!(device.give_up_kit(id).expect("readable"));
    assert_eq!(device.waiting(), 0);
    net.online(0);
    net.settle();
    assert!(net.seats[0].device.kits().expect("readable").is_empty());

    let device = &mut net.seats[0].device;
    let id = device.add_kit(&mut net.rng, &kit).expect("a kit");
    // Signed and on its way; the connection ends before the answer.
    net.pump(0);
    net.step();
    net.offline(0);
    assert!(!net.seats[0].device.give_up_kit(id).expect("readable"));
    net.online(0);
    net.settle();
    assert_eq!(net.seats[0].device.kits().expect("readable").len(), 1);
    assert!(
        !net.seats[0].device.give_up_kit(id).expect("readable"),
        "it is known now"
    );
    all_is_well(&mut net);
}

#[test]
fn an_approval_that_comes_after_the_stop_holds_up_nothing() {
    let (mut net, _dir) = practice(45);
    let second = net.admit(0, Role::Admin, "Noor Haddad");
    let counselor = net.admit(0, Role::Counselor, "Lin Mei");
    let new = ask(&mut net, 0, counselor);
    let open = net.seats[second].device.recoveries(net.now).expect("a roster")[0];
    net.offline(second);
    net.seats[second]
        .device
        .approve_recovery(&mut net.rng, open.id)
        .expect("open, as far as it knows");
    net.seats[0]
        .device
        .stop_recovery(&mut net.rng, open.id)
        .expect("any admin");
    net.settle();
    net.online(second);
    net.settle();
    let device = &net.seats[second].device;
    assert_eq!((device.phase(), device.waiting()), (Phase::Live, 0));
    assert_eq!(
        device.quarantine().expect("readable")[0].rule,
        troth_protocol::rule::Rule::Recovery.number()
    );
    assert_ne!(net.seats[new].device.phase(), Phase::Live);
    all_is_well(&mut net);
}
