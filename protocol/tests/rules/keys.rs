//! Keys: what turns, what must turn, and to whom everything is sealed.

// Long because the keys of the roster are one subject, told in one place from the first seal to the last turn.

use ed25519_dalek::SigningKey;
use troth_protocol::ids::PracticeId;
use troth_protocol::keys::{Class, KeyRef, Sealing};
use troth_protocol::labels;
use troth_protocol::limits;
use troth_protocol::rule::Rule;
use troth_protocol::signature::Signature;
use troth_protocol::statement::{Policy, Principal, Role, RosterAction};

use crate::practice::{Practice, public, revoking, signing_key};
use crate::sealings;

/// Refused with each sealing left out in turn, with one too many, and with one given twice; then accepted as it is.
fn exactly(practice: &mut Practice, by: &crate::practice::Device, actions: Vec<RosterAction>) {
    let right = sealings::of_roster(&practice.state.roster, by, &actions);
    assert!(!right.is_empty());
    for missing in 0..right.len() {
        // What is sensitive may follow later, when it is unlocked; what turns it may not.
        let deferrable = match (right[missing].key, right[missing].to) {
            (KeyRef::Member(_, Class::Sensitive, _), KeyRef::Device(..)) => {
                matches!(actions[0], RosterAction::AddDevice { .. })
            }
            (KeyRef::Role(_, Class::Sensitive, _), KeyRef::Member(..)) => {
                !matches!(actions[0], RosterAction::TurnRoleKey { .. })
            }
            _ => false,
        };
        let mut less = right.clone();
        less.remove(missing);
        let outcome = practice.clone().roster_with(by, actions.clone(), less);
        assert_eq!(outcome.is_ok(), deferrable, "{:?}", right[missing]);
        assert!(outcome.is_ok() || outcome == Err(Rule::Sealings));
    }
    let ghost = Sealing {
        key: right[0].key,
        to: KeyRef::Device(troth_protocol::ids::DeviceId([9; 32]), Class::General),
    };
    for more in [ghost, right[0]] {
        let mut more_than_right = right.clone();
        more_than_right.push(more);
        let outcome = practice.roster_with(by, actions.clone(), more_than_right);
        assert_eq!(outcome, Err(Rule::Sealings), "{more:?}");
    }
    practice.roster_with(by, actions, right).unwrap();
}

#[test]
fn r24_each_action_asks_for_exactly_its_sealed_keys() {
    let (mut practice, anna) = Practice::found();
    let laptop = practice.new_device(anna.member);
    let adding = vec![practice.adding(&laptop)];
    exactly(&mut practice, &anna, adding);

    let invite = practice.invite(&anna, Role::Counselor);
    let bruno = practice.new_member();
    let joining = vec![practice.joining(invite, Role::Counselor, &bruno)];
    exactly(&mut practice, &anna, joining);

    let invite = practice.invite(&anna, Role::Admin);
    let clara = practice.new_member();
    let joining = vec![practice.joining(invite, Role::Admin, &clara)];
    exactly(&mut practice, &anna, joining);

    let role = Role::Admin;
    let promoting = vec![RosterAction::ChangeRole {
        member: bruno.member,
        role,
    }];
    exactly(&mut practice, &anna, promoting);

    for class in Class::ALL {
        let turn = vec![practice.turning_own(&anna, class)];
        exactly(&mut practice, &laptop, turn);
        let turn = vec![practice.turning_admin(class)];
        exactly(&mut practice, &anna, turn);
    }
}

#[test]
fn r24_nothing_is_sealed_where_nothing_is_given() {
    let (mut practice, anna) = Practice::found();
    let (_, inviting) = practice.inviting(Role::Client);
    let key = KeyRef::Role(Role::Admin, Class::General, 1);
    let to = KeyRef::Member(anna.member, Class::General, 1);
    let outcome = practice.roster_with(&anna, vec![inviting], vec![Sealing { key, to }]);
    assert_eq!(outcome, Err(Rule::Sealings));
    // R3: nor is a list longer than any honest one looked at.
    let turn = practice.turning_own(&anna, Class::General);
    let many = vec![Sealing { key, to }; limits::SEALINGS + 1];
    assert_eq!(practice.roster_with(&anna, vec![turn], many), Err(Rule::TooLarge));
}

#[test]
fn r25_a_generation_follows_the_present_one() {
    let (mut practice, anna) = Practice::found();
    for wrong in [0, 1, 3, u32::MAX] {
        let mut own = practice.turning_own(&anna, Class::General);
        let mut admin = practice.turning_admin(Class::Sensitive);
        for action in [&mut own, &mut admin] {
            if let RosterAction::TurnMemberKey { generation, .. }
            | RosterAction::TurnRoleKey { generation, .. } = action
            {
                *generation = wrong;
            }
            assert_eq!(
                practice.roster_with(&anna, vec![action.clone()], vec![]),
                Err(Rule::Generation),
                "{wrong}"
            );
        }
    }
    let turn = practice.turning_own(&anna, Class::General);
    practice.roster(&anna, vec![turn]).unwrap();
    let keys = &practice.state.roster.members()[&anna.member].keys;
    assert_eq!(keys.class(Class::General).generation(u64::MAX), 2);
    assert_eq!(keys.class(Class::Sensitive).generation(u64::MAX), 1);
    assert_eq!(keys.class(Class::General).generation(0), 1);
}

#[test]
fn r13_only_admins_turn_the_admins_key_and_no_other_role_has_one() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let turn = practice.turning_admin(Class::General);
    assert_eq!(
        practice.roster(&bruno, vec![turn.clone()]),
        Err(Rule::NotPermitted)
    );
    let RosterAction::TurnRoleKey {
        class,
        generation,
        key,
        ..
    } = turn
    else {
        unreachable!()
    };
    for role in [Role::Counselor, Role::Client, Role::Auditor] {
        let key = key.clone();
        let other = RosterAction::TurnRoleKey {
            role,
            class,
            generation,
            key,
        };
        assert_eq!(
            practice.roster_with(&anna, vec![other], vec![]),
            Err(Rule::NotPermitted)
        );
    }
}

#[test]
fn r29_a_members_exposed_key_turns_before_a_new_device_gets_it() {
    let (mut practice, anna) = Practice::found();
    let laptop = practice.add_device(&anna);
    practice.revoke(&anna, &laptop).unwrap();
    let roster = &practice.state.roster;
    // Until then, what is meant for Anna is sealed to her devices.
    assert_eq!(
        roster.member_recipients(&anna.member, Class::General, u64::MAX),
        [KeyRef::Device(anna.id(), Class::General)]
    );
    assert_eq!(
        roster.member_recipients(&anna.member, Class::General, 1),
        [KeyRef::Member(anna.member, Class::General, 1)]
    );
    let phone = practice.new_device(anna.member);
    assert_eq!(
        practice.roster(&anna, vec![practice.adding(&phone)]),
        Err(Rule::TurnFirst)
    );
    let turn = practice.turning_own(&anna, Class::General);
    practice
        .roster(&anna, vec![turn, practice.adding(&phone)])
        .unwrap();
    let roster = &practice.state.roster;
    assert_eq!(
        roster.member_recipients(&anna.member, Class::General, u64::MAX),
        [KeyRef::Member(anna.member, Class::General, 2)]
    );
    // The sensitive one is not given before it turns, either; the phone gets it later.
    let to = KeyRef::Device(phone.id(), Class::Sensitive);
    let key = KeyRef::Member(anna.member, Class::Sensitive, 1);
    let reseal = vec![RosterAction::Reseal];
    let outcome = practice.roster_with(&anna, reseal, vec![Sealing { key, to }]);
    assert_eq!(outcome, Err(Rule::Sealings));
    let turn = practice.turning_own(&anna, Class::Sensitive);
    practice.roster(&anna, vec![turn]).unwrap();
    let phone_has_it = practice.entries.last().unwrap().statement();
    assert!(phone_has_it.sealings().iter().any(|s| s.to == to));
}

#[test]
fn r29_the_admins_exposed_key_turns_before_a_new_admin_gets_it() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Admin);
    let clara = practice.join(&anna, Role::Counselor);
    let role = Role::Counselor;
    practice
        .roster(
            &anna,
            vec![RosterAction::ChangeRole {
                member: bruno.member,
                role,
            }],
        )
        .unwrap();
    // Meanwhile what is meant for the admins is sealed to each of them.
    assert_eq!(
        practice
            .state
            .roster
            .recipients(&Principal::Role(Role::Admin), Class::General, u64::MAX),
        [KeyRef::Member(anna.member, Class::General, 1)]
    );
    let role = Role::Admin;
    let promote = RosterAction::ChangeRole {
        member: clara.member,
        role,
    };
    assert_eq!(
        practice.roster(&anna, vec![promote.clone()]),
        Err(Rule::TurnFirst)
    );
    let invite = practice.invite(&anna, Role::Admin);
    let dora = practice.new_member();
    let joining = practice.joining(invite, Role::Admin, &dora);
    assert_eq!(practice.roster(&anna, vec![joining]), Err(Rule::TurnFirst));
    // The new key goes to those who are admins now, Bruno not among them.
    let turn = practice.turning_admin(Class::General);
    practice.roster(&anna, vec![turn, promote]).unwrap();
    let sealings = practice.entries.last().unwrap().statement().sealings().to_vec();
    let of_bruno = |s: &Sealing| matches!(s.to, KeyRef::Member(m, ..) if m == bruno.member);
    assert!(!sealings.iter().any(of_bruno));
    assert_eq!(
        practice
            .state
            .roster
            .recipients(&Principal::Role(Role::Admin), Class::General, u64::MAX),
        [KeyRef::Role(Role::Admin, Class::General, 2)]
    );
}

#[test]
fn r24_a_revoked_device_gets_nothing_of_the_key_that_turns_with_its_revocation() {
    let (mut practice, anna) = Practice::found();
    let laptop = practice.add_device(&anna);
    let turns: Vec<_> = [Class::General, Class::Sensitive]
        .into_iter()
        .flat_map(|c| [practice.turning_own(&anna, c), practice.turning_admin(c)])
        .collect();
    let actions: Vec<_> = [revoking(&laptop)].into_iter().chain(turns).collect();
    let right = sealings::of_roster(&practice.state.roster, &anna, &actions);
    let mut leaking = right.clone();
    leaking.push(Sealing {
        key: KeyRef::Member(anna.member, Class::General, 2),
        to: KeyRef::Device(laptop.id(), Class::General),
    });
    assert_eq!(
        practice.roster_with(&anna, actions.clone(), leaking),
        Err(Rule::Sealings)
    );
    practice.roster_with(&anna, actions, right).unwrap();
    for class in Class::ALL {
        assert!(
            !practice
                .state
                .roster
                .is_exposed(&KeyRef::Member(anna.member, class, 2), u64::MAX)
        );
        assert!(
            practice
                .state
                .roster
                .is_exposed(&KeyRef::Member(anna.member, class, 1), u64::MAX)
        );
        assert!(
            !practice
                .state
                .roster
                .is_exposed(&KeyRef::Role(Role::Admin, class, 2), u64::MAX)
        );
    }
}

#[test]
fn r24_r26_the_admins_key_follows_an_admins_own_when_that_turns_after_an_exposure() {
    let (mut practice, anna) = Practice::found();
    let laptop = practice.add_device(&anna);
    practice.revoke(&anna, &laptop).unwrap();
    // Anna's own key is exposed: so the admins' new key goes to her remaining device.
    let turn = practice.turning_admin(Class::General);
    practice.roster(&anna, vec![turn]).unwrap();
    let key = KeyRef::Role(Role::Admin, Class::General, 2);
    let listed = practice.entries.last().unwrap().statement().sealings().to_vec();
    let to = KeyRef::Device(anna.id(), Class::General);
    assert!(listed.contains(&Sealing { key, to }));
    // When her own turns it is given on under that. Else a phone that she adds now would not have it; and once the device that
    // has it is gone, nobody could ever open what is the admins'.
    let turn = vec![practice.turning_own(&anna, Class::General)];
    let right = sealings::of_roster(&practice.state.roster, &anna, &turn);
    let to = KeyRef::Member(anna.member, Class::General, 2);
    assert!(right.contains(&Sealing { key, to }));
    exactly(&mut practice, &anna, turn);
    let phone = practice.add_device(&anna);
    practice.revoke(&phone, &anna).unwrap();
}

#[test]
fn r29_a_key_that_turned_too_early_is_exposed_all_the_same() {
    let (mut practice, anna) = Practice::found();
    let laptop = practice.add_device(&anna);
    // Turned while the laptop still was there, so sealed to it too: then revoked in the same breath.
    let turn = practice.turning_own(&anna, Class::General);
    practice.roster(&anna, vec![turn, revoking(&laptop)]).unwrap();
    let phone = practice.new_device(anna.member);
    assert_eq!(
        practice.roster(&anna, vec![practice.adding(&phone)]),
        Err(Rule::TurnFirst)
    );
}

#[test]
fn r12_who_revokes_their_own_device_turns_nothing_with_it_any_more() {
    let (mut practice, anna) = Practice::found();
    practice.add_device(&anna);
    let turn = practice.turning_own(&anna, Class::General);
    assert_eq!(
        practice.roster(&anna, vec![revoking(&anna), turn]),
        Err(Rule::Revoked)
    );
}

#[test]
fn r24_a_reseal_gives_keys_to_those_entitled_only() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let reseal = || vec![RosterAction::Reseal];
    // With nothing to give, nothing is said.
    assert_eq!(practice.roster_with(&anna, reseal(), vec![]), Err(Rule::Sealings));
    let key = KeyRef::Role(Role::Admin, Class::Sensitive, 1);
    let to_anna = Sealing {
        key,
        to: KeyRef::Member(anna.member, Class::Sensitive, 1),
    };
    let to_bruno = Sealing {
        key,
        to: KeyRef::Member(bruno.member, Class::Sensitive, 1),
    };
    assert!(practice.roster_with(&anna, reseal(), vec![to_anna]).is_ok());
    assert_eq!(
        practice.roster_with(&anna, reseal(), vec![to_bruno]),
        Err(Rule::Sealings)
    );
    assert_eq!(
        practice.roster_with(&bruno, reseal(), vec![to_anna]),
        Err(Rule::Sealings)
    );
    let own = Sealing {
        key: KeyRef::Member(bruno.member, Class::Sensitive, 1),
        to: KeyRef::Device(bruno.id(), Class::Sensitive),
    };
    assert!(practice.roster_with(&bruno, reseal(), vec![own]).is_ok());
    assert_eq!(
        practice.roster_with(&anna, reseal(), vec![own]),
        Err(Rule::Sealings)
    );
}

#[test]
fn r31_a_new_ledger_key_signs_for_the_practice() {
    let (mut practice, anna) = Practice::found();
    let next = signing_key(77);
    let turning = |practice: &PracticeId, by: &SigningKey| RosterAction::TurnLedgerKey {
        key: public(&next),
        proof: Signature::sign(by, labels::LEDGER_PROOF, practice, &[]),
    };
    let elsewhere = turning(&PracticeId([1; 32]), &next);
    assert_eq!(practice.roster(&anna, vec![elsewhere]), Err(Rule::LedgerKey));
    let by_anna = turning(&practice.id(), &anna.key);
    assert_eq!(practice.roster(&anna, vec![by_anna]), Err(Rule::LedgerKey));
    let right = turning(&practice.id(), &next);
    practice.roster(&anna, vec![right]).unwrap();
    let roster = &practice.state.roster;
    assert_eq!(roster.ledger_key(), public(&next));
    assert_eq!(
        roster.ledger_keys(),
        [(0, public(&practice.ledger)), (1, public(&next))]
    );
    // Each size has one key, that of its newest turn; the one before signs none that holds the turn.
    assert_eq!(
        [0, 1, 2, 9].map(|size| roster.key_at(size)),
        [0, 0, 1, 1].map(|of| roster.ledger_keys()[of].1)
    );
    assert_eq!(
        [0, 1, 2].map(|size| roster.turned_after(size)),
        [Some(1), Some(1), None]
    );
    let mut may: Vec<_> = roster.keys_for(1).collect();
    assert_eq!(may, [public(&next), public(&practice.ledger)]);
    may = roster.keys_for(2).collect();
    assert_eq!(may, [public(&next)]);

    // Nobody goes back to a key, nor turns to it twice.
    let ledger = practice.ledger.clone();
    for had in [&next, &ledger] {
        let again = RosterAction::TurnLedgerKey {
            key: public(had),
            proof: Signature::sign(had, labels::LEDGER_PROOF, &practice.id(), &[]),
        };
        assert_eq!(practice.roster(&anna, vec![again]), Err(Rule::LedgerKey));
    }
}

#[test]
fn a_policy_is_set_whole_and_within_the_same_limits() {
    let (mut practice, anna) = Practice::found();
    let mut policy = Policy {
        witnesses: vec!["w".into()],
        quorum: 1,
        ..Policy::default()
    };
    let set = |policy: &Policy| {
        vec![RosterAction::SetPolicy {
            policy: policy.clone(),
        }]
    };
    practice.roster(&anna, set(&policy)).unwrap();
    assert_eq!(*practice.state.roster.policy(), policy);
    policy.quorum = 2;
    // R1, R3
    assert_eq!(practice.roster(&anna, set(&policy)), Err(Rule::Malformed));
    policy.witnesses = vec!["w".into(); limits::WITNESSES + 1];
    assert_eq!(practice.roster(&anna, set(&policy)), Err(Rule::TooLarge));
}
