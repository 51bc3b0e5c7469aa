//! Members: how they come, change and go.

use troth_protocol::limits;
use troth_protocol::rule::Rule;
use troth_protocol::statement::{Role, RosterAction};

use crate::practice::{Device, Practice, hash, revoking};

fn removing(device: &Device) -> RosterAction {
    RosterAction::RemoveMember {
        member: device.member,
    }
}

fn becoming(device: &Device, role: Role) -> RosterAction {
    RosterAction::ChangeRole {
        member: device.member,
        role,
    }
}

#[test]
fn someone_is_invited_and_joins_with_the_role_that_was_meant() {
    let (mut practice, anna) = Practice::found();
    for role in [Role::Admin, Role::Counselor, Role::Client, Role::Auditor] {
        let joined = practice.join(&anna, role);
        let at = practice.next() - 1;
        let roster = &practice.state.roster;
        assert_eq!(roster.role(&joined.member, at), Some(role));
        assert_eq!(roster.role(&joined.member, at - 1), None);
        assert!(roster.members_with(role, at).any(|m| *m == joined.member));
    }
}

#[test]
fn r13_only_admins_change_the_membership() {
    let (mut practice, anna) = Practice::found();
    let counselor = practice.join(&anna, Role::Counselor);
    let client = practice.join(&anna, Role::Client);
    let auditor = practice.join(&anna, Role::Auditor);
    let invite = practice.invite(&anna, Role::Counselor);
    let someone = practice.new_member();
    for by in [counselor.clone(), client, auditor] {
        let (_, inviting) = practice.inviting(Role::Admin);
        let joining = practice.joining(invite, Role::Counselor, &someone);
        let actions = [
            inviting,
            joining,
            RosterAction::Withdraw { invite },
            removing(&anna),
            becoming(&counselor, Role::Admin),
            becoming(&anna, Role::Client),
        ];
        for action in actions {
            assert_eq!(practice.roster(&by, vec![action]), Err(Rule::NotPermitted));
        }
    }
}

#[test]
fn r27_an_invitation_is_used_once_by_whom_it_was_for_while_it_lasts() {
    let (mut practice, anna) = Practice::found();
    let (first, second) = (practice.new_member(), practice.new_member());
    let join = |practice: &mut Practice, invite, role, device: &Device| {
        let action = practice.joining(invite, role, device);
        practice.roster(&anna, vec![action]).map(|_| ())
    };
    let invite = practice.invite(&anna, Role::Counselor);
    // For another role, it does not hold.
    assert_eq!(
        join(&mut practice, invite, Role::Admin, &first),
        Err(Rule::Invitation)
    );
    // Nor does one that nobody made.
    let unknown = troth_protocol::ids::InviteId([1; 16]);
    assert_eq!(
        join(&mut practice, unknown, Role::Counselor, &first),
        Err(Rule::Invitation)
    );
    let mut late = practice.clone();
    late.now += 999;
    assert_eq!(join(&mut late.clone(), invite, Role::Counselor, &first), Ok(()));
    late.now += 1;
    assert_eq!(
        join(&mut late, invite, Role::Counselor, &first),
        Err(Rule::Invitation)
    );
    assert_eq!(join(&mut practice, invite, Role::Counselor, &first), Ok(()));
    assert_eq!(
        join(&mut practice, invite, Role::Counselor, &second),
        Err(Rule::Invitation)
    );
}

#[test]
fn r27_a_withdrawn_invitation_is_void() {
    let (mut practice, anna) = Practice::found();
    let invite = practice.invite(&anna, Role::Counselor);
    let withdraw = || vec![RosterAction::Withdraw { invite }];
    practice.roster(&anna, withdraw()).unwrap();
    assert_eq!(practice.roster(&anna, withdraw()), Err(Rule::Invitation));
    let someone = practice.new_member();
    let joining = practice.joining(invite, Role::Counselor, &someone);
    assert_eq!(practice.roster(&anna, vec![joining]), Err(Rule::Invitation));
}

#[test]
fn r22_names_are_not_used_twice() {
    let (mut practice, anna) = Practice::found();
    let (_, inviting) = practice.inviting(Role::Counselor);
    practice.roster(&anna, vec![inviting.clone()]).unwrap();
    assert_eq!(practice.roster(&anna, vec![inviting]), Err(Rule::AlreadyExists));
    // Who was removed does not come back under the same name, and so not to the same keys.
    let bruno = practice.join(&anna, Role::Counselor);
    practice.roster(&anna, vec![removing(&bruno)]).unwrap();
    let invite = practice.invite(&anna, Role::Counselor);
    let device = practice.new_device(bruno.member);
    let joining = practice.joining(invite, Role::Counselor, &device);
    assert_eq!(practice.roster(&anna, vec![joining]), Err(Rule::AlreadyExists));
}

#[test]
fn r21_a_first_device_signs_for_its_member_too() {
    let (mut practice, anna) = Practice::found();
    let invite = practice.invite(&anna, Role::Counselor);
    let (bruno, clara) = (practice.new_member(), practice.new_member());
    let mut joining = practice.joining(invite, Role::Counselor, &bruno);
    if let RosterAction::AddMember { proof, .. } = &mut joining {
        *proof = bruno.proof(&practice.id(), &clara.member);
    }
    assert_eq!(practice.roster(&anna, vec![joining]), Err(Rule::DeviceProof));
}

#[test]
fn r3_only_so_many_invitations_are_open() {
    let (mut practice, anna) = Practice::found();
    for _ in 0..limits::INVITES / limits::ACTIONS {
        let actions = (0..limits::ACTIONS)
            .map(|_| practice.inviting(Role::Client).1)
            .collect();
        practice.roster(&anna, actions).unwrap();
    }
    let (_, one_more) = practice.inviting(Role::Client);
    assert_eq!(
        practice.roster(&anna, vec![one_more.clone()]),
        Err(Rule::TooLarge)
    );
    let invite = *practice.state.roster.invites().keys().next().unwrap();
    let making_room = vec![RosterAction::Withdraw { invite }, one_more];
    assert!(practice.roster(&anna, making_room).is_ok());
}

#[test]
fn r3_a_statement_has_some_actions_but_not_many() {
    let (mut practice, anna) = Practice::found();
    assert_eq!(practice.roster(&anna, vec![]), Err(Rule::TooLarge));
    let actions = (0..=limits::ACTIONS)
        .map(|_| practice.inviting(Role::Client).1)
        .collect();
    assert_eq!(practice.roster(&anna, actions), Err(Rule::TooLarge));
}

#[test]
fn r12_a_removed_member_is_gone_with_all_their_devices() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let laptop = practice.add_device(&bruno);
    practice.roster(&anna, vec![removing(&bruno)]).unwrap();
    for device in [&bruno, &laptop] {
        let turn = practice.turning_own(device, troth_protocol::keys::Class::General);
        assert_eq!(practice.roster(device, vec![turn]), Err(Rule::Revoked));
    }
    assert_eq!(practice.state.roster.role(&bruno.member, u64::MAX), None);
    let left = practice.next() - 1;
    for device in [&bruno, &laptop] {
        assert_eq!(practice.state.roster.devices()[&device.id()].revoked, Some(left));
    }
    // R23: there is nobody left to remove, to change, or to revoke a device of.
    for action in [
        removing(&bruno),
        becoming(&bruno, Role::Client),
        revoking(&laptop),
    ] {
        assert_eq!(practice.roster(&anna, vec![action]), Err(Rule::NoSuchSubject));
    }
}

#[test]
fn r23_a_role_changes_to_another() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    assert_eq!(
        practice.roster(&anna, vec![becoming(&bruno, Role::Counselor)]),
        Err(Rule::NoSuchSubject)
    );
    practice
        .roster(&anna, vec![becoming(&bruno, Role::Client)])
        .unwrap();
    assert_eq!(
        practice.state.roster.role(&bruno.member, u64::MAX),
        Some(Role::Client)
    );
}

#[test]
fn r26_an_admin_with_a_device_remains() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    for last in [removing(&anna), becoming(&anna, Role::Counselor)] {
        assert_eq!(practice.roster(&anna, vec![last]), Err(Rule::LastOne));
    }
    // Once Bruno is an admin, Anna may go; but not both.
    practice
        .roster(&anna, vec![becoming(&bruno, Role::Admin)])
        .unwrap();
    assert_eq!(
        practice.roster(&anna, vec![becoming(&bruno, Role::Counselor), removing(&anna)]),
        Err(Rule::LastOne)
    );
    practice.roster(&bruno, vec![removing(&anna)]).unwrap();
    assert_eq!(
        practice.roster(&bruno, vec![removing(&bruno)]),
        Err(Rule::LastOne)
    );
}

#[test]
fn r26_an_admin_without_a_device_does_not_count() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Admin);
    practice.revoke(&anna, &bruno).unwrap();
    for last in [removing(&anna), becoming(&anna, Role::Client)] {
        assert_eq!(practice.roster(&anna, vec![last]), Err(Rule::LastOne));
    }
}

#[test]
fn a_refused_action_takes_the_whole_statement_with_it() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let (invite, inviting) = practice.inviting(Role::Client);
    let turn = practice.turning_admin(troth_protocol::keys::Class::General);
    // All but the last would be accepted; `submit` holds that none of it was.
    let actions = vec![inviting, removing(&bruno), turn, removing(&anna)];
    assert_eq!(practice.roster(&anna, actions), Err(Rule::LastOne));
    let roster = &practice.state.roster;
    assert!(!roster.invites().contains_key(&invite));
    assert_eq!(roster.role(&bruno.member, u64::MAX), Some(Role::Counselor));
    assert!(roster.active(&bruno.id(), u64::MAX).is_ok());
}

fn resuming(abandoned: u64, resumed: u64) -> RosterAction {
    let checkpoint = |size: u64| troth_protocol::statement::CheckpointRef {
        size,
        root: hash(&size.to_string()),
    };
    RosterAction::Resume {
        abandoned: checkpoint(abandoned),
        resumed: checkpoint(resumed),
    }
}

#[test]
fn r35_a_ledger_is_resumed_by_an_admin_alone_and_from_where_it_stands() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let here = practice.next();
    let refused = Err(Rule::Resumption);
    assert_eq!(
        practice.roster(&anna, vec![resuming(here + 9, here - 1)]),
        refused
    );
    assert_eq!(
        practice.roster(&anna, vec![resuming(here + 9, here + 1)]),
        refused
    );
    assert_eq!(practice.roster(&anna, vec![resuming(here - 1, here)]), refused);
    let with = vec![resuming(here + 9, here), RosterAction::Reseal];
    assert_eq!(practice.roster(&anna, with), refused, "it stands alone");
    let other = practice.roster(&bruno, vec![resuming(here + 9, here)]);
    assert_eq!(other, Err(Rule::NotPermitted));
}

#[test]
fn r35_what_comes_back_follows_the_head_that_the_resumption_left() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let (here, head) = (practice.next(), practice.state.roster.head());
    practice.roster(&anna, vec![resuming(here + 9, here)]).unwrap();
    let roster = &practice.state.roster;
    assert_eq!(roster.head(), head, "the chain goes on from where it was");
    assert_eq!(practice.state.count(&troth_protocol::stream::Stream::Roster), 4);
    let [resumption] = roster.resumptions() else {
        panic!("it is one");
    };
    assert_eq!((resumption.position, resumption.by), (here, anna.id()));
    let name = format!("relay.example/{}", practice.id());
    assert_eq!(roster.origin_at(here), name);
    assert_eq!(
        roster.origin_at(here + 1),
        format!("{name}/{}", resumption.ledger)
    );
    assert_eq!(roster.ledger_origin(), roster.origin_at(here + 1));
    practice.roster(&anna, vec![removing(&bruno)]).unwrap();
}

#[test]
fn r35_no_two_histories_have_one_name() {
    let resumed = |received: u64| {
        let (mut practice, anna) = Practice::found();
        practice.now = received;
        let here = practice.next();
        practice.roster(&anna, vec![resuming(here + 9, here)]).unwrap();
        practice.state.roster.resumptions()[0].ledger
    };
    let first = resumed(1_800_000_001_000);
    assert_eq!(
        first,
        resumed(1_800_000_001_000),
        "one statement, one place, one time"
    );
    assert_ne!(first, resumed(1_800_000_002_000));
}

#[test]
fn nothing_lost_is_no_reason_not_to_go_on() {
    let (mut practice, anna) = Practice::found();
    let here = practice.next();
    practice.roster(&anna, vec![resuming(here, here)]).unwrap();
    assert_eq!(practice.state.roster.resumptions().len(), 1);
}
