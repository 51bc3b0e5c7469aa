//! Devices: who adds them, who revokes them, and what a revoked one can do (nothing).

use troth_protocol::ids::{DeviceId, MemberId};
use troth_protocol::limits;
use troth_protocol::rule::Rule;
use troth_protocol::statement::{DeviceKind, Role, RosterAction};

use crate::practice::{Device, NOON, Practice, revoking};

const HOUR: u64 = 60 * 60 * 1000;

#[test]
fn a_member_adds_a_device_which_speaks_for_them_from_then_on() {
    let (mut practice, anna) = Practice::found();
    let laptop = practice.add_device(&anna);
    let phone = practice.add_device(&laptop);
    let roster = &practice.state.roster;
    assert_eq!(roster.devices_of(anna.member, u64::MAX).count(), 3);
    assert_eq!(roster.active(&phone.id(), 2).unwrap().member, anna.member);
    // R11: before its own statement it was nobody.
    assert_eq!(roster.active(&phone.id(), 1), Err(Rule::UnknownDevice));
}

#[test]
fn a_printed_kit_is_a_device_like_any_other() {
    let (mut practice, anna) = Practice::found();
    let kit = practice.new_device(anna.member);
    let RosterAction::AddDevice { device, proof, .. } = practice.adding(&kit) else {
        unreachable!()
    };
    let kind = DeviceKind::Kit;
    practice
        .roster(&anna, vec![RosterAction::AddDevice { device, kind, proof }])
        .unwrap();
    assert_eq!(practice.state.roster.devices()[&kit.id()].kind, DeviceKind::Kit);
    let replacement = practice.add_device(&kit);
    assert!(practice.revoke(&replacement, &anna).is_ok());
}

#[test]
fn r21_an_admin_cannot_add_a_device_to_another_member() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    // The ghost signs for Bruno, as it would have to; Anna's statement adds devices to Anna only.
    let ghost = practice.new_device(bruno.member);
    assert_eq!(
        practice.roster(&anna, vec![practice.adding(&ghost)]),
        Err(Rule::DeviceProof)
    );
    // Were it to sign for Anna, it would be Anna's, whom Bruno's notes are not sealed to.
    let hers = practice.add_device(&anna);
    assert_eq!(practice.state.roster.devices()[&hers.id()].member, anna.member);
    // R22: nor can Bruno be added once more, with the ghost as his first device.
    let invite = practice.invite(&anna, Role::Counselor);
    let again = practice.joining(invite, Role::Counselor, &ghost);
    assert_eq!(practice.roster(&anna, vec![again]), Err(Rule::AlreadyExists));
    assert_eq!(
        practice.state.roster.devices_of(bruno.member, u64::MAX).count(),
        1
    );
}

#[test]
fn r21_a_proof_is_for_one_practice_and_one_member() {
    let (mut practice, anna) = Practice::found();
    let laptop = practice.new_device(anna.member);
    let add = |proof| RosterAction::AddDevice {
        device: Box::new(laptop.keys.clone()),
        kind: DeviceKind::Device,
        proof,
    };
    let elsewhere = laptop.proof(&troth_protocol::ids::PracticeId([3; 32]), &anna.member);
    let another = laptop.proof(&practice.id(), &MemberId([3; 16]));
    let by_anna = anna.proof(&practice.id(), &anna.member);
    for proof in [elsewhere, another, by_anna] {
        assert_eq!(practice.roster(&anna, vec![add(proof)]), Err(Rule::DeviceProof));
    }
    let right = laptop.proof(&practice.id(), &anna.member);
    assert!(practice.roster(&anna, vec![add(right)]).is_ok());
}

#[test]
fn r22_a_device_joins_once() {
    let (mut practice, anna) = Practice::found();
    let laptop = practice.add_device(&anna);
    assert_eq!(
        practice.roster(&anna, vec![practice.adding(&laptop)]),
        Err(Rule::AlreadyExists)
    );
    // A revoked device does not come back: a restored store enrols as a new one.
    practice.revoke(&anna, &laptop).unwrap();
    assert_eq!(
        practice.roster(&anna, vec![practice.adding(&laptop)]),
        Err(Rule::AlreadyExists)
    );
}

#[test]
fn r2_a_device_signs_as_this_version_does() {
    let (mut practice, anna) = Practice::found();
    let mut odd = practice.new_device(anna.member);
    odd.keys.algorithm = 2;
    assert_eq!(
        practice.roster(&anna, vec![practice.adding(&odd)]),
        Err(Rule::Version)
    );
}

#[test]
fn r3_a_member_has_only_so_many_devices() {
    let (mut practice, anna) = Practice::found();
    for _ in 1..limits::MEMBER_DEVICES {
        practice.add_device(&anna);
    }
    let one_more = practice.new_device(anna.member);
    assert_eq!(
        practice.roster(&anna, vec![practice.adding(&one_more)]),
        Err(Rule::TooLarge)
    );
}

#[test]
fn r13_only_ones_own_devices_can_be_revoked_unless_one_is_admin() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let clara = practice.join(&anna, Role::Counselor);
    assert_eq!(practice.revoke(&bruno, &clara), Err(Rule::NotPermitted));
    assert_eq!(practice.revoke(&bruno, &anna), Err(Rule::NotPermitted));
    let laptop = practice.add_device(&bruno);
    assert!(practice.revoke(&bruno, &laptop).is_ok());
    // An admin may, even a member's last one: they come back by recovery.
    assert!(practice.revoke(&anna, &bruno).is_ok());
    assert_eq!(
        practice.state.roster.devices_of(bruno.member, u64::MAX).count(),
        0
    );
}

#[test]
fn r12_a_revoked_device_says_nothing_more() {
    let (mut practice, anna) = Practice::found();
    let laptop = practice.add_device(&anna);
    practice.revoke(&anna, &laptop).unwrap();
    let phone = practice.new_device(anna.member);
    assert_eq!(
        practice.roster(&laptop, vec![practice.adding(&phone)]),
        Err(Rule::Revoked)
    );
    let roster = &practice.state.roster;
    assert!(roster.active(&laptop.id(), 1).is_ok());
    assert_eq!(roster.active(&laptop.id(), 2), Err(Rule::Revoked));
    // R23: it cannot be revoked twice, nor can what never was.
    assert_eq!(practice.revoke(&anna, &laptop), Err(Rule::NoSuchSubject));
    assert_eq!(practice.revoke(&anna, &phone), Err(Rule::NoSuchSubject));
}

#[test]
fn r11_a_stranger_says_nothing() {
    let (mut practice, _) = Practice::found();
    let stranger = Device::new(7, MemberId([7; 16]));
    let phone = practice.new_device(stranger.member);
    assert_eq!(
        practice.roster(&stranger, vec![revoking(&phone)]),
        Err(Rule::UnknownDevice)
    );
    assert_eq!(
        practice.state.roster.active(&DeviceId([0; 32]), 0),
        Err(Rule::UnknownDevice)
    );
}

#[test]
fn r26_nobody_takes_away_their_own_last_device() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    assert_eq!(practice.revoke(&bruno, &bruno), Err(Rule::LastOne));
    let laptop = practice.add_device(&bruno);
    assert!(practice.revoke(&bruno, &bruno).is_ok());
    assert_eq!(practice.revoke(&laptop, &laptop), Err(Rule::LastOne));
    assert_eq!(practice.revoke(&anna, &anna), Err(Rule::LastOne));
}

#[test]
fn r15_a_statement_follows_the_newest_one() {
    let (mut practice, anna) = Practice::found();
    let (laptop, phone) = (practice.new_device(anna.member), practice.new_device(anna.member));
    // Both are drawn up on the same head: G -> laptop, G -> phone.
    let mut other = practice.clone();
    practice.roster(&anna, vec![practice.adding(&laptop)]).unwrap();
    other.roster(&anna, vec![other.adding(&phone)]).unwrap();
    let late = other.entries[1].statement();
    assert_eq!(practice.submit(&anna.key, &late), Err(Rule::StaleChain));
    // Signed again upon the new head it goes in: G -> laptop -> phone.
    assert!(practice.roster(&anna, vec![practice.adding(&phone)]).is_ok());
}

#[test]
fn r28_who_is_no_admin_changes_their_devices_only_so_often_a_day() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let churn = |practice: &mut Practice| {
        let device = practice.new_device(bruno.member);
        let turn = practice.turning_own(&bruno, troth_protocol::keys::Class::General);
        practice.roster(&bruno, vec![practice.adding(&device), revoking(&device), turn])
    };
    for _ in 0..limits::OWN_STATEMENTS_PER_DAY {
        churn(&mut practice).unwrap();
    }
    assert_eq!(churn(&mut practice), Err(Rule::Ration));
    // Whoever is being kept busy can still remove him.
    let mut removed = practice.clone();
    let member = bruno.member;
    removed
        .roster(&anna, vec![RosterAction::RemoveMember { member }])
        .unwrap();
    // The day is the relay's, from midnight to midnight UTC.
    practice.now = NOON + 12 * HOUR - 1;
    assert_eq!(churn(&mut practice), Err(Rule::Ration));
    practice.now = NOON + 12 * HOUR;
    assert!(churn(&mut practice).is_ok());
}

#[test]
fn r28_an_admin_has_no_ration() {
    let (mut practice, anna) = Practice::found();
    for _ in 0..=limits::OWN_STATEMENTS_PER_DAY {
        practice.invite(&anna, Role::Client);
    }
}
