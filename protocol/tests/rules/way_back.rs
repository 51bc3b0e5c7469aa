//! The way back into a practice whose admin lost every device.

use troth_protocol::keys::Class;
use troth_protocol::rule::Rule;
use troth_protocol::statement::{Role, RosterAction};

use crate::practice::{Device, Practice, revoking};

fn removing(device: &Device) -> RosterAction {
    let member = device.member;
    RosterAction::RemoveMember { member }
}

fn becoming(device: &Device, role: Role) -> RosterAction {
    let member = device.member;
    RosterAction::ChangeRole { member, role }
}

#[test]
fn r32_the_only_admins_last_kit_stays_until_there_is_another() {
    let (mut practice, anna) = Practice::found();
    let laptop = practice.add_device(&anna);
    let kit = practice.add_kit(&anna);
    for by in [&anna, &laptop, &kit] {
        assert_eq!(practice.revoke(by, &kit), Err(Rule::NoWayBack));
    }
    // A counselor's kit brings back the counselor and nobody else.
    let bruno = practice.join(&anna, Role::Counselor);
    practice.add_kit(&bruno);
    assert_eq!(practice.revoke(&anna, &kit), Err(Rule::NoWayBack));
    // Replaced in one statement, or after another was made.
    let second = practice.new_device(anna.member);
    let replaced = vec![practice.adding_kit(&second), revoking(&kit)];
    assert!(practice.roster(&anna, replaced).is_ok());
    assert_eq!(practice.revoke(&anna, &second), Err(Rule::NoWayBack));
}

#[test]
fn r32_a_second_admin_is_a_way_back_and_stays_the_last_one() {
    let (mut practice, anna) = Practice::found();
    let kit = practice.add_kit(&anna);
    let clara = practice.join(&anna, Role::Admin);
    assert!(practice.revoke(&anna, &kit).is_ok());
    // Now each is the other's.
    assert_eq!(practice.revoke(&anna, &clara), Err(Rule::NoWayBack));
    assert_eq!(
        practice.roster(&anna, vec![removing(&clara)]),
        Err(Rule::NoWayBack)
    );
    for role in [Role::Counselor, Role::Client, Role::Auditor] {
        let demoting = vec![becoming(&clara, role)];
        assert_eq!(practice.roster(&anna, demoting), Err(Rule::NoWayBack));
        let stepping_down = vec![becoming(&anna, role)];
        assert_eq!(practice.roster(&anna, stepping_down), Err(Rule::NoWayBack));
    }
    let turns = Class::ALL.map(|class| practice.turning_own(&anna, class));
    practice.roster(&anna, turns.to_vec()).unwrap();
    practice.add_kit(&anna);
    assert!(practice.roster(&anna, vec![removing(&clara)]).is_ok());
}

#[test]
fn r32_who_has_the_only_kit_is_removed_only_once_there_is_another() {
    let (mut practice, anna) = Practice::found();
    let clara = practice.join(&anna, Role::Admin);
    practice.add_kit(&clara);
    assert_eq!(
        practice.roster(&anna, vec![removing(&clara)]),
        Err(Rule::NoWayBack)
    );
    practice.add_kit(&anna);
    assert!(practice.roster(&anna, vec![removing(&clara)]).is_ok());
}

#[test]
fn before_the_first_kit_nothing_is_asked() {
    let (mut practice, anna) = Practice::found();
    let clara = practice.join(&anna, Role::Admin);
    assert!(!practice.state.roster.has_way_back(0));
    assert!(practice.state.roster.has_way_back(u64::MAX));
    assert!(practice.roster(&anna, vec![removing(&clara)]).is_ok());
}
