//! What comes of a recovery: who lost every device is back, without what only they could read.

use troth_protocol::ids::DocumentId;
use troth_protocol::keys::{Class, KeyRef, Sealing};
use troth_protocol::rule::Rule;
use troth_protocol::statement::{DocumentAction, Lane, Principal, Role};

use crate::practice::{Practice, WEEK_MS, admins, approving, revoking, writer};
use crate::recovery::{Lost, becoming, lost, propose, removing};
use crate::replay::alone;

fn stale(practice: &Practice, id: DocumentId, position: u64) -> bool {
    practice.state.documents[&id].is_stale(&practice.state.roster, position, practice.now)
}

#[test]
fn two_admins_bring_a_member_back() {
    let Lost {
        mut practice,
        anna,
        clara,
        bruno,
    } = lost();
    let (new, proposal) = propose(&mut practice, &anna, &bruno);
    let proposed = practice.next() - 1;
    // Everybody sees what is coming, and when; nothing has happened yet.
    let open = &practice.state.roster.recoveries()[&proposal];
    assert_eq!(
        (open.member, open.proposer, open.position),
        (bruno.member, anna.member, proposed)
    );
    assert_eq!((open.device_id(), open.proposed), (new.id(), practice.now));
    assert_eq!(open.ripe, practice.now + WEEK_MS);
    assert_eq!(
        practice.state.roster.active(&new.id(), u64::MAX),
        Err(Rule::UnknownDevice)
    );
    assert_eq!(
        practice.state.roster.devices_of(bruno.member, u64::MAX).count(),
        3
    );
    assert!(
        !practice
            .state
            .roster
            .is_exposed(&KeyRef::Member(bruno.member, Class::General, 1), u64::MAX)
    );

    practice.roster(&clara, vec![approving(proposal)]).unwrap();
    let roster = &practice.state.roster;
    assert!(roster.recoveries().is_empty());
    let devices: Vec<_> = roster
        .devices_of(bruno.member, u64::MAX)
        .map(|(id, _)| *id)
        .collect();
    assert_eq!(devices, [new.id()], "the lost devices and the kit are gone");
    for class in Class::ALL {
        let (old, present) = (
            KeyRef::Member(bruno.member, class, 1),
            KeyRef::Member(bruno.member, class, 2),
        );
        assert!(roster.is_exposed(&old, u64::MAX) && !roster.is_exposed(&present, u64::MAX));
        assert_eq!(
            roster.member_recipients(&bruno.member, class, u64::MAX),
            [present]
        );
        assert!(roster.public_key(&present).is_some());
    }
    // R12: the old phone says nothing more; the new device speaks for Bruno.
    let turn = practice.turning_own(&bruno, Class::General);
    assert_eq!(practice.roster(&bruno, vec![turn]), Err(Rule::Revoked));
    practice.add_device(&new);
}

#[test]
fn as_of_an_earlier_position_everything_is_as_it_was() {
    let Lost {
        mut practice,
        anna,
        clara,
        bruno,
    } = lost();
    let (new, proposal) = propose(&mut practice, &anna, &bruno);
    practice.roster(&clara, vec![approving(proposal)]).unwrap();
    let at = practice.next() - 1;
    let roster = &practice.state.roster;
    assert!(roster.active(&bruno.id(), at - 1).is_ok());
    assert_eq!(roster.active(&bruno.id(), at), Err(Rule::Revoked));
    assert_eq!(roster.active(&new.id(), at - 1), Err(Rule::UnknownDevice));
    assert!(roster.active(&new.id(), at).is_ok());
    for class in Class::ALL {
        let key = |generation| KeyRef::Member(bruno.member, class, generation);
        assert_eq!(roster.member_recipients(&bruno.member, class, at - 1), [key(1)]);
        assert_eq!(roster.member_recipients(&bruno.member, class, at), [key(2)]);
        assert!(!roster.is_exposed(&key(1), at - 1) && roster.is_exposed(&key(1), at));
    }
}

#[test]
fn r43_a_recovered_reader_gets_the_history_from_another_and_from_nobody_else() {
    let Lost {
        mut practice,
        anna,
        clara,
        bruno,
    } = lost();
    let shared = practice.document(&anna, Lane::Joint, vec![writer(&anna), writer(&bruno)]);
    let his = practice.document(&bruno, Lane::ProcessNotes, vec![writer(&bruno)]);
    let admins_only = practice.document(&anna, Lane::Joint, vec![admins()]);
    for (by, id) in [(&bruno, shared), (&bruno, his), (&anna, admins_only)] {
        practice.change(by, id).unwrap();
    }
    let (new, proposal) = propose(&mut practice, &anna, &bruno);
    practice.roster(&clara, vec![approving(proposal)]).unwrap();
    let at = practice.next() - 1;
    for id in [shared, his] {
        assert!(!stale(&practice, id, at - 1) && stale(&practice, id, at));
    }
    assert!(
        !stale(&practice, admins_only, at),
        "what he could not open is untouched"
    );
    assert_eq!(practice.change(&new, shared), Err(Rule::StaleEpoch));
    practice.turn(&anna, shared).unwrap();
    let listed = practice.entries.last().unwrap().statement().sealings().to_vec();
    let (old, key) = (KeyRef::Epoch(shared, 1), KeyRef::Epoch(shared, 2));
    let to = KeyRef::Member(bruno.member, Class::General, 2);
    assert!(listed.contains(&Sealing { key, to }) && listed.contains(&Sealing { key: old, to: key }));
    practice.change(&new, shared).unwrap();
    // His own notes were sealed to him alone: to nothing that anybody holds. He closes them and begins others.
    assert_eq!(practice.change(&new, his), Err(Rule::StaleEpoch));
    let begun = practice.document(&new, Lane::ProcessNotes, vec![writer(&bruno)]);
    practice
        .control(&new, his, vec![DocumentAction::Supersede { by: begun }])
        .unwrap();
    practice.change(&new, begun).unwrap();
    for id in [shared, his, admins_only, begun] {
        assert!(alone(&practice, id).unwrap() == practice.state.documents[&id]);
    }
}

#[test]
fn a_recovered_admin_is_given_the_admins_key_when_it_turns() {
    let (mut practice, anna) = Practice::found();
    let clara = practice.join(&anna, Role::Admin);
    let id = practice.document(&anna, Lane::Joint, vec![admins()]);
    let (new, proposal) = propose(&mut practice, &anna, &clara);
    practice.now += WEEK_MS;
    let turns = Class::ALL.map(|class| practice.turning_admin(class));
    let actions = [vec![approving(proposal)], turns.to_vec()].concat();
    practice.roster(&anna, actions).unwrap();
    let listed = practice.entries.last().unwrap().statement().sealings().to_vec();
    for class in Class::ALL {
        let key = KeyRef::Role(Role::Admin, class, 2);
        let to = |generation| KeyRef::Member(clara.member, class, generation);
        assert!(listed.contains(&Sealing { key, to: to(2) }));
        assert!(!listed.contains(&Sealing { key, to: to(1) }));
    }
    // What was the admins' turns before it is written to, and is hers again with its history.
    assert_eq!(practice.change(&new, id), Err(Rule::StaleEpoch));
    practice.turn(&anna, id).unwrap();
    practice.change(&new, id).unwrap();
}

#[test]
fn r29_a_recovery_exposes_the_admins_key_of_an_admin_only() {
    let Lost {
        mut practice,
        anna,
        clara,
        bruno,
    } = lost();
    let exposed = |practice: &Practice| {
        let roster = &practice.state.roster;
        roster.is_exposed(&KeyRef::Role(Role::Admin, Class::General, 1), u64::MAX)
    };
    let dora = practice.join(&anna, Role::Admin);
    let (_, proposal) = propose(&mut practice, &anna, &bruno);
    practice.roster(&clara, vec![approving(proposal)]).unwrap();
    assert!(!exposed(&practice));
    let (_, proposal) = propose(&mut practice, &anna, &dora);
    practice.roster(&clara, vec![approving(proposal)]).unwrap();
    assert!(exposed(&practice));
    assert_eq!(
        practice.roster(&anna, vec![becoming(&bruno, Role::Admin)]),
        Err(Rule::TurnFirst)
    );
    // Meanwhile what is meant for the admins is sealed to each, to the recovered one's new key.
    let to = practice
        .state
        .roster
        .recipients(&Principal::Role(Role::Admin), Class::General, u64::MAX);
    assert!(to.contains(&KeyRef::Member(dora.member, Class::General, 2)));
}

#[test]
fn r26_a_recovered_admin_counts_once_they_have_the_admins_key() {
    let (mut practice, anna) = Practice::found();
    let clara = practice.join(&anna, Role::Admin);
    practice.revoke(&anna, &clara).unwrap();
    let (new, proposal) = propose(&mut practice, &anna, &clara);
    practice.now += WEEK_MS;
    // Were Anna to go now, nobody could ever open what was the admins'.
    let leaving = vec![approving(proposal), removing(&anna)];
    assert_eq!(practice.roster(&anna, leaving), Err(Rule::LastOne));
    practice.roster(&anna, vec![approving(proposal)]).unwrap();
    for by in [&anna, &new] {
        for gone in [removing(&anna), becoming(&anna, Role::Counselor)] {
            assert_eq!(practice.roster(by, vec![gone]), Err(Rule::LastOne));
        }
    }
    assert_eq!(practice.roster(&new, vec![revoking(&anna)]), Err(Rule::LastOne));
    let turn = practice.turning_admin(Class::General);
    practice.roster(&anna, vec![turn]).unwrap();
    practice.roster(&new, vec![removing(&anna)]).unwrap();
}
