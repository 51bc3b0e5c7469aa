//! Joining where programs end in the middle of it: either side may be restarted at any step, and both come to an end.
// Long because every story runs the same two people through the same steps.

use troth_client_core::device::{Event, Over, Phase, Report};
use troth_protocol::ids::InviteId;
use troth_protocol::statement::{Lane, Role};
use troth_tests::network::{Network, RELAY};

use crate::scene::{all_is_well, change_role, member, practice, settle_all};

/// Rounds that a whole joining takes at most.
const STEPS: usize = 24;

/// One tick for each device, and one round of the relay.
fn tick(net: &mut Network) {
    for seat in 0..net.seats.len() {
        net.pump(seat);
        let effects = net.seats[seat]
            .device
            .handle(net.now, &mut net.rng, Event::Tick)
            .expect("no fault");
        net.perform(seat, effects);
    }
    net.step();
    net.now += 1_000;
}

/// An invitation at which its maker waits, and its code.
fn invite(net: &mut Network, role: Role) -> (InviteId, String) {
    let made = net.seats[0]
        .device
        .invite(net.now, &mut net.rng, role)
        .expect("an admin");
    net.settle();
    made
}

fn wait(net: &mut Network, only: Option<InviteId>) {
    let effects = net.seats[0]
        .device
        .begin_admit(net.now, only)
        .expect("one is open");
    net.perform(0, effects);
}

fn enter(net: &mut Network, seat: usize, code: &str, name: &str) {
    net.seats[seat]
        .device
        .begin_enter(&mut net.rng, code, name)
        .expect("a whole code");
}

/// Says yes where somebody has come to be compared; whether somebody has.
fn confirm(net: &mut Network) -> bool {
    match net.seats[0].device.confirm(net.now, &mut net.rng, true) {
        Ok(effects) => {
            net.perform(0, effects);
            true
        }
        Err(_) => false,
    }
}

fn codes(net: &Network, seat: usize) -> Vec<String> {
    let code = |report: &Report| match report {
        Report::Compare { code, .. } => Some(code.clone()),
        _ => None,
    };
    net.seats[seat].reports.iter().filter_map(code).collect()
}

fn says(net: &Network, seat: usize, wanted: impl Fn(&Report) -> bool) -> bool {
    net.seats[seat].reports.iter().any(wanted)
}

/// Somebody joins; at one step one side's program ends, or something else happens.
fn joins_though(seed: u64, role: Role, step: usize, restart: impl Fn(&mut Network, usize, &str)) {
    let (mut net, _dir) = practice(seed);
    let (_, code) = invite(&mut net, role);
    wait(&mut net, None);
    let new = net.device("laptop");
    enter(&mut net, new, &code, "Noor Haddad");
    for now in 0..STEPS {
        if now == step {
            restart(&mut net, new, &code);
        }
        tick(&mut net);
        confirm(&mut net);
    }
    for _ in 0..12 {
        net.settle();
        confirm(&mut net);
    }
    assert_eq!(
        net.seats[new].device.phase(),
        Phase::Live,
        "step {step}: {:?} {:?}",
        net.seats[new].reports,
        net.seats[0].reports
    );
    let members = net.seats[0].device.members().expect("a roster");
    let named: Vec<_> = members.iter().filter_map(|m| m.name.as_deref()).collect();
    assert_eq!(members.len(), 2);
    assert!(named.contains(&"Noor Haddad"), "step {step}: {named:?}");
    assert_eq!(net.seats[new].device.role(), Some(role));
    let (mine, theirs) = (codes(&net, 0), codes(&net, new));
    assert!(
        mine.iter().chain(&theirs).all(|code| *code == mine[0]),
        "{mine:?} {theirs:?}"
    );
    all_is_well(&mut net);
}

/// The inviter's person waits for somebody again, where nobody was let in before.
fn wait_again(net: &mut Network) {
    if let Ok(effects) = net.seats[0].device.begin_admit(net.now, None) {
        net.perform(0, effects);
    }
}

#[test]
fn the_inviter_is_restarted_at_any_step() {
    for step in 0..STEPS {
        joins_though(300 + step as u64, Role::Counselor, step, |net, _, _| {
            net.restart_device(0);
            wait_again(net);
        });
    }
}

#[test]
fn the_newcomer_is_restarted_at_any_step_and_goes_on_by_itself() {
    for step in 0..STEPS {
        joins_though(330 + step as u64, Role::Client, step, |net, new, _| {
            net.restart_device(new);
        });
    }
}

#[test]
fn the_newcomer_who_gives_the_same_code_again_goes_on_where_they_stood() {
    for step in 0..STEPS {
        joins_though(360 + step as u64, Role::Admin, step, |net, new, code| {
            net.restart_device(new);
            // Once it has caught up it belongs to the practice, and says so.
            let _ = net.seats[new]
                .device
                .begin_enter(&mut net.rng, code, "Noor Haddad");
        });
    }
}

#[test]
fn the_relay_is_restarted_at_any_step() {
    for step in 0..STEPS {
        joins_though(390 + step as u64, Role::Counselor, step, |net, _, _| {
            net.restart_relay()
        });
    }
}

#[test]
fn both_sides_lose_their_connections_at_any_step() {
    for step in 0..STEPS {
        joins_though(420 + step as u64, Role::Counselor, step, |net, new, _| {
            net.disconnect(0);
            net.disconnect(new);
        });
    }
}

#[test]
fn an_answer_is_given_again_though_the_newcomer_comes_for_it_an_hour_later() {
    let (mut net, _dir) = practice(450);
    let new = net.greet(0, Role::Counselor, "Noor Haddad");
    net.offline(new);
    net.restart_device(new);
    assert!(confirm(&mut net));
    net.settle();
    net.restart_device(0);
    // The relay has long forgotten the mailbox.
    net.pass(60 * 60 * 1000);
    net.settle();
    net.online(new);
    for _ in 0..12 {
        net.settle();
    }
    assert_eq!(
        net.seats[new].device.phase(),
        Phase::Live,
        "{:?}",
        net.seats[new].reports
    );
    all_is_well(&mut net);
}

#[test]
fn whoever_has_come_in_is_not_answered_any_more() {
    let (mut net, _dir) = practice(451);
    let new = net.admit(0, Role::Counselor, "Noor Haddad");
    net.restart_device(0);
    net.settle();
    let said = net.wire.len();
    net.pass(20 * 60 * 1000);
    for _ in 0..12 {
        net.settle();
    }
    let puts = net.wire[said..].iter().filter(|frame| {
        use troth_protocol::wire::{ClientMessage, message};
        matches!(message(frame), Ok(ClientMessage::Put(_) | ClientMessage::Take(_)))
    });
    assert_eq!(puts.count(), 0);
    assert_eq!(net.seats[new].device.phase(), Phase::Live);
}

#[test]
fn a_linked_device_is_restarted_at_any_step_after_it_has_signed() {
    links_though(460, |net, new, _| {
        net.restart_device(new);
        // Before it has signed nothing is lost: the person reads out a new code.
        net.seats[new].device.practice().is_some()
    });
}

#[test]
fn the_approver_of_a_linked_device_is_restarted_at_any_step() {
    links_though(490, |net, _, code| {
        net.restart_device(0);
        let effects = net.seats[0].device.begin_approve(code).expect("a whole code");
        net.perform(0, effects);
        true
    });
}

#[test]
fn the_approver_is_not_run_again_once_the_addition_waits() {
    links_though(520, |net, new, _| {
        let proven = net.seats[new].device.practice().is_some();
        if proven && net.seats[0].device.waiting() > 0 {
            net.restart_device(0);
        }
        true
    });
}

/// A second device is linked, though something happens at a step; where it says that this ends it, that is no failure.
fn links_though(seed: u64, happens: impl Fn(&mut Network, usize, &str) -> bool) {
    for step in 0..STEPS {
        let (mut net, _dir) = practice(seed + step as u64);
        let new = net.device("tablet");
        let code = net.seats[new]
            .device
            .begin_join(&mut net.rng, RELAY)
            .expect("free to join");
        let effects = net.seats[0].device.begin_approve(&code).expect("a whole code");
        net.perform(0, effects);
        let mut goes_on = true;
        for now in 0..STEPS {
            if now == step {
                goes_on = happens(&mut net, new, &code);
            }
            tick(&mut net);
        }
        // Trying to log in again waits longer each time.
        for _ in 0..12 {
            net.settle();
        }
        if goes_on {
            let reports = [&net.seats[new].reports, &net.seats[0].reports];
            assert_eq!(
                net.seats[new].device.phase(),
                Phase::Live,
                "step {step}: {reports:?}"
            );
            assert!(says(&net, new, |r| matches!(r, Report::Joined)) || step >= STEPS / 2);
        } else {
            assert!(step < STEPS / 2);
        }
        all_is_well(&mut net);
    }
}

#[test]
fn every_open_invitation_is_listened_to_in_turn() {
    let (mut net, _dir) = practice(550);
    let codes: Vec<String> = (0..8).map(|_| invite(&mut net, Role::Client).1).collect();
    wait(&mut net, None);
    for (number, code) in codes.iter().enumerate() {
        let new = net.device("laptop");
        enter(&mut net, new, code, &format!("Client {number}"));
        for _ in 0..6 {
            net.settle();
        }
        assert!(confirm(&mut net), "{number}: {:?}", net.seats[new].reports);
        for _ in 0..3 {
            net.settle();
        }
        assert_eq!(net.seats[new].device.phase(), Phase::Live, "{number}");
        if number < 7 {
            wait(&mut net, None);
        }
    }
    all_is_well(&mut net);
}

#[test]
fn one_spent_mailbox_does_not_keep_others_from_being_let_in() {
    use troth_protocol::wire::{ClientMessage, Put, message};
    let (mut net, _dir) = practice(551);
    let (spent, code) = invite(&mut net, Role::Client);
    let (_, good) = invite(&mut net, Role::Client);
    // Somebody who holds the first code puts something of their own where this inviter would answer.
    let looks = net.device("looks where it is");
    enter(&mut net, looks, &code, "Somebody");
    net.settle();
    let mailbox = net.wire.iter().find_map(|frame| match message(frame) {
        Ok(ClientMessage::Put(put)) => Some(put.mailbox),
        _ => None,
    });
    net.offline(looks);
    let slot = 1;
    let value = b"mine".to_vec();
    let mailbox = mailbox.expect("it was said");
    let stranger = net.stranger();
    net.exchange(stranger, &ClientMessage::Put(Put { mailbox, slot, value }));
    wait(&mut net, None);
    let new = net.device("laptop");
    enter(&mut net, new, &good, "Chidi Okafor");
    settle_all(&mut net);
    let said = |r: &Report| matches!(r, Report::InviteSpent { invite, left: 1 } if *invite == spent);
    assert!(says(&net, 0, said), "{:?}", net.seats[0].reports);
    assert!(confirm(&mut net), "{:?}", net.seats[0].reports);
    net.settle();
    assert_eq!(net.seats[new].device.phase(), Phase::Live);
}

#[test]
fn an_invitation_withdrawn_between_comparison_and_answer_is_said_at_once() {
    let (mut net, _dir) = practice(552);
    let second = net.admit(0, Role::Admin, "Noor Haddad");
    let new = net.greet(0, Role::Counselor, "Lin Marsh");
    let invites = net.seats[second].device.invites(net.now).expect("an admin");
    net.seats[second]
        .device
        .withdraw_invite(&mut net.rng, invites[0].id)
        .expect("an admin");
    net.settle();
    told(&net, 0, new, Over::Closed);
    assert!(!confirm(&mut net), "nobody waits any more");
    assert_eq!(net.seats[0].device.members().expect("a roster").len(), 2);
    all_is_well(&mut net);
}

#[test]
fn whoever_made_an_invitation_and_is_no_admin_any_more_says_so() {
    let (mut net, _dir) = practice(553);
    let second = net.admit(0, Role::Admin, "Noor Haddad");
    let new = net.greet(second, Role::Counselor, "Lin Marsh");
    let of = member(&net, second);
    change_role(&mut net, 0, of, Role::Counselor);
    settle_all(&mut net);
    told(&net, second, new, Over::NotPermitted);
    assert_eq!(net.seats[new].device.practice(), None);
    all_is_well(&mut net);
}

#[test]
fn an_addition_that_meets_a_withdrawal_is_answered_all_the_same() {
    let (mut net, _dir) = practice(554);
    let second = net.admit(0, Role::Admin, "Noor Haddad");
    let new = net.greet(0, Role::Counselor, "Lin Marsh");
    let invites = net.seats[second].device.invites(net.now).expect("an admin");
    net.seats[second]
        .device
        .withdraw_invite(&mut net.rng, invites[0].id)
        .expect("an admin");
    net.pump(second);
    // The relay has the withdrawal; the inviter has not seen it yet.
    assert!(confirm(&mut net));
    settle_all(&mut net);
    told(&net, 0, new, Over::Closed);
    assert_eq!(net.seats[0].device.members().expect("a roster").len(), 2);
}

/// All names that the directory holds, as a device reads it.
fn directory(net: &mut Network, seat: usize) -> Vec<String> {
    let device = &mut net.seats[seat].device;
    let documents = &device.state().expect("a practice").documents;
    let found = documents.values().find(|d| d.lane() == Lane::Directory);
    let id = found.expect("a directory").id();
    let names = device.read(id, |d| {
        d.names()
            .into_values()
            .chain(d.device_names().into_values())
            .collect()
    });
    names.expect("an admin reads it")
}

#[test]
fn an_addition_that_the_relay_refuses_leaves_no_name_behind() {
    let (mut net, _dir) = practice(558);
    let second = net.admit(0, Role::Admin, "Noor Haddad");
    let new = net.greet(0, Role::Counselor, "Lin Marsh");
    let invites = net.seats[second].device.invites(net.now).expect("an admin");
    net.seats[second]
        .device
        .withdraw_invite(&mut net.rng, invites[0].id)
        .expect("an admin");
    net.pump(second);
    assert!(confirm(&mut net));
    settle_all(&mut net);
    told(&net, 0, new, Over::Closed);
    for seat in [0, second] {
        let names = directory(&mut net, seat);
        assert!(names.contains(&"Noor Haddad".to_owned()), "{names:?}");
        assert!(!names.iter().any(|name| name.contains("Lin Marsh")), "{names:?}");
    }
    net.restart_device(0);
    settle_all(&mut net);
    assert!(
        !directory(&mut net, 0)
            .iter()
            .any(|name| name.contains("Lin Marsh"))
    );
    // Nor is there anything left that waits, or was set aside, but the addition itself.
    let aside = net.seats[0].device.quarantine().expect("readable");
    assert!(aside.iter().all(|line| !line.is_edit), "{aside:?}");
}

#[test]
fn a_code_that_is_over_is_answered_at_once_where_its_maker_listens() {
    let (mut net, _dir) = practice(555);
    let (withdrawn, code) = invite(&mut net, Role::Client);
    let (_, old) = invite(&mut net, Role::Client);
    net.seats[0]
        .device
        .withdraw_invite(&mut net.rng, withdrawn)
        .expect("an admin");
    net.settle();
    // The other ends a week later; a third is open.
    net.now += 8 * 24 * 60 * 60 * 1000;
    net.settle();
    invite(&mut net, Role::Client);
    wait(&mut net, None);
    for (code, over) in [(code, Over::Closed), (old, Over::Expired)] {
        let new = net.device("laptop");
        enter(&mut net, new, &code, "Too Late");
        net.settle();
        told(&net, 0, new, over);
    }
}

#[test]
fn a_used_code_is_refused_to_whoever_comes_second() {
    let (mut net, _dir) = practice(556);
    let (first, code) = invite(&mut net, Role::Client);
    wait(&mut net, Some(first));
    let new = net.device("laptop");
    enter(&mut net, new, &code, "Chidi Okafor");
    net.settle();
    // Let in, and not come for the answer: what is kept of them is kept from the second.
    net.offline(new);
    assert!(confirm(&mut net));
    net.settle();
    net.pass(11 * 60 * 1000);
    invite(&mut net, Role::Client);
    wait(&mut net, None);
    let second = net.device("another laptop");
    enter(&mut net, second, &code, "Somebody Else");
    for _ in 0..2 {
        net.settle();
    }
    told(&net, 0, second, Over::Closed);
    net.offline(second);
    net.pass(11 * 60 * 1000);
    net.online(new);
    for _ in 0..12 {
        net.settle();
    }
    assert_eq!(
        net.seats[new].device.phase(),
        Phase::Live,
        "{:?}",
        net.seats[new].reports
    );
}

/// Both sides were told why nobody was let in.
fn told(net: &Network, inviter: usize, new: usize, over: Over) {
    let reports = [&net.seats[inviter].reports, &net.seats[new].reports];
    let not = |r: &Report| matches!(r, Report::NotAdmitted(why) if *why == over);
    assert!(says(net, inviter, not), "{reports:?}");
    let is_over = |r: &Report| matches!(r, Report::InvitationOver(why) if *why == over);
    assert!(says(net, new, is_over), "{reports:?}");
    assert_eq!(net.seats[new].device.practice(), None);
}

#[test]
fn who_joins_a_practice_of_thirty_reads_a_roster_of_several_frames() {
    use troth_protocol::stream::Stream;
    let (mut net, _dir) = practice(557);
    for number in 0..29 {
        let new = net.admit(0, Role::Counselor, &format!("Member {number}"));
        net.offline(new);
    }
    let entries = net.state().expect("a practice").count(&Stream::Roster);
    let said = net.wire.len();
    let last = net.admit(0, Role::Counselor, "Noor Haddad");
    let frames = net.wire[said..].iter().filter(|frame| {
        use troth_protocol::wire::{RelayMessage, message};
        matches!(message(frame), Ok(RelayMessage::Items(items)) if items.items.len() > 1)
    });
    assert!(frames.count() > 1, "more than one frame of entries");
    let device = &mut net.seats[last].device;
    let members = device.members().expect("a roster");
    assert_eq!(members.len(), 31);
    assert!(members.iter().all(|member| member.name.is_some()), "{members:?}");
    let known = device.state().expect("synced").count(&Stream::Roster);
    assert!(known > entries, "every entry of the roster is here");
    all_is_well(&mut net);
}

#[test]
fn a_name_that_is_too_long_is_refused_before_anything_is_said() {
    let (mut net, _dir) = practice(558);
    let (_, code) = invite(&mut net, Role::Counselor);
    wait(&mut net, None);
    let new = net.device("laptop");
    for length in [2_000, 20_000] {
        let refused = net.seats[new]
            .device
            .begin_enter(&mut net.rng, &code, &"x".repeat(length));
        assert!(refused.is_err(), "{length}");
    }
    enter(&mut net, new, &code, "Noor Haddad");
    net.settle();
    assert!(confirm(&mut net), "the same code works with a shorter name");
    net.settle();
    assert_eq!(net.seats[new].device.phase(), Phase::Live);
}
