//! Recovery: who may bring whom back, and when.

// Long because every way in which a recovery is refused stands beside the one in which it takes effect.

use troth_protocol::ids::Hash;
use troth_protocol::keys::{Class, KeyRef, Sealing};
use troth_protocol::limits;
use troth_protocol::rule::Rule;
use troth_protocol::statement::{Policy, Role, RosterAction};

use crate::practice::{Device, Practice, WEEK_MS, approving, hash, stopping};

/// Anna and Clara are admins, Bruno a counselor who has a laptop and a printed kit besides his phone.
pub struct Lost {
    pub practice: Practice,
    pub anna: Device,
    pub clara: Device,
    pub bruno: Device,
}

pub fn lost() -> Lost {
    let (mut practice, anna) = Practice::found();
    let clara = practice.join(&anna, Role::Admin);
    let bruno = practice.join(&anna, Role::Counselor);
    practice.add_device(&bruno);
    practice.add_kit(&bruno);
    Lost {
        practice,
        anna,
        clara,
        bruno,
    }
}

pub fn propose(practice: &mut Practice, by: &Device, member: &Device) -> (Device, Hash) {
    let (device, action) = practice.recovering(member.member);
    let proposal = practice.roster(by, vec![action]).unwrap();
    (device, proposal)
}

pub fn removing(device: &Device) -> RosterAction {
    let member = device.member;
    RosterAction::RemoveMember { member }
}

pub fn becoming(device: &Device, role: Role) -> RosterAction {
    let member = device.member;
    RosterAction::ChangeRole { member, role }
}

#[test]
fn r30_the_proposer_alone_waits() {
    for (asked, wait) in [
        (WEEK_MS, WEEK_MS),
        (limits::RECOVERY_WAIT_MS, limits::RECOVERY_WAIT_MS),
        // Whoever runs the practice alone cannot set the wait aside.
        (0, limits::RECOVERY_WAIT_MS),
    ] {
        let Lost {
            mut practice,
            anna,
            bruno,
            ..
        } = lost();
        practice
            .set_policy(&anna, |p| p.recovery_wait_ms = asked)
            .unwrap();
        let (new, proposal) = propose(&mut practice, &anna, &bruno);
        // Nor is the wait shortened once it has begun.
        practice.set_policy(&anna, |p| p.recovery_wait_ms = 0).unwrap();
        let begun = practice.now;
        let tablet = practice.add_device(&anna);
        for early in [begun, begun + wait - 1] {
            practice.now = early;
            for by in [&anna, &tablet] {
                assert_eq!(
                    practice.roster(by, vec![approving(proposal)]),
                    Err(Rule::Recovery)
                );
            }
        }
        practice.now = begun + wait;
        practice.roster(&tablet, vec![approving(proposal)]).unwrap();
        assert!(practice.state.roster.active(&new.id(), u64::MAX).is_ok());
    }
    assert_eq!(Policy::default().recovery_wait_ms, limits::RECOVERY_WAIT_MS);
}

#[test]
fn r30_the_member_concerned_does_not_agree_to_their_own_recovery() {
    let (mut practice, anna) = Practice::found();
    let clara = practice.join(&anna, Role::Admin);
    let (_, proposal) = propose(&mut practice, &anna, &clara);
    practice.now += WEEK_MS;
    // Whoever found Clara's phone is no second admin.
    assert_eq!(
        practice.roster(&clara, vec![approving(proposal)]),
        Err(Rule::Recovery)
    );
    practice.roster(&anna, vec![approving(proposal)]).unwrap();
}

#[test]
fn r30_what_is_not_open_is_neither_agreed_to_nor_stopped() {
    let Lost {
        mut practice,
        anna,
        clara,
        bruno,
    } = lost();
    let refused = |practice: &mut Practice, proposal| {
        for action in [approving(proposal), stopping(proposal)] {
            assert_eq!(practice.roster(&clara, vec![action]), Err(Rule::Recovery));
        }
    };
    refused(&mut practice, hash("nobody proposed this"));
    let (_, stopped) = propose(&mut practice, &anna, &bruno);
    practice.roster(&clara, vec![stopping(stopped)]).unwrap();
    refused(&mut practice, stopped);
    let (_, approved) = propose(&mut practice, &anna, &bruno);
    practice.roster(&clara, vec![approving(approved)]).unwrap();
    refused(&mut practice, approved);
    // Nor twice in one breath.
    let (_, twice) = propose(&mut practice, &anna, &bruno);
    for actions in [
        vec![approving(twice), approving(twice)],
        vec![stopping(twice), approving(twice)],
        vec![approving(twice), stopping(twice)],
    ] {
        assert_eq!(practice.roster(&clara, actions), Err(Rule::Recovery));
    }
}

#[test]
fn r30_admins_and_the_member_concerned_stop_a_recovery_and_nobody_else() {
    let Lost {
        mut practice,
        anna,
        clara,
        bruno,
    } = lost();
    let dora = practice.join(&anna, Role::Counselor);
    let (_, proposal) = propose(&mut practice, &anna, &bruno);
    // R13
    assert_eq!(
        practice.roster(&dora, vec![stopping(proposal)]),
        Err(Rule::NotPermitted)
    );
    for by in [&anna, &clara, &bruno] {
        let mut stopped = practice.clone();
        stopped.roster(by, vec![stopping(proposal)]).unwrap();
        assert!(stopped.state.roster.recoveries().is_empty());
        // It can be proposed anew.
        let again = stopped.proposing(&practice.new_device(bruno.member));
        stopped.roster(&clara, vec![again]).unwrap();
    }
    // A device that was taken from Bruno stops nothing.
    practice.revoke(&anna, &bruno).unwrap();
    assert_eq!(
        practice.roster(&bruno, vec![stopping(proposal)]),
        Err(Rule::Revoked)
    );
}

#[test]
fn r13_only_admins_propose_and_agree_and_not_for_themselves() {
    let Lost {
        mut practice,
        anna,
        clara,
        bruno,
    } = lost();
    let dora = practice.join(&anna, Role::Counselor);
    let (_, for_dora) = practice.recovering(dora.member);
    assert_eq!(
        practice.roster(&bruno, vec![for_dora.clone()]),
        Err(Rule::NotPermitted)
    );
    let proposal = practice.roster(&anna, vec![for_dora]).unwrap();
    assert_eq!(
        practice.roster(&bruno, vec![approving(proposal)]),
        Err(Rule::NotPermitted)
    );
    let (_, for_clara) = practice.recovering(clara.member);
    assert_eq!(practice.roster(&clara, vec![for_clara]), Err(Rule::NotPermitted));
}

#[test]
fn r23_who_is_recovered_is_a_member() {
    let Lost {
        mut practice,
        anna,
        bruno,
        ..
    } = lost();
    let stranger = practice.new_member();
    practice.roster(&anna, vec![removing(&bruno)]).unwrap();
    for gone in [&stranger, &bruno] {
        let (_, action) = practice.recovering(gone.member);
        assert_eq!(practice.roster(&anna, vec![action]), Err(Rule::NoSuchSubject));
    }
}

#[test]
fn r21_r22_the_new_device_is_new_and_signs_for_its_member() {
    let Lost {
        mut practice,
        anna,
        clara,
        bruno,
    } = lost();
    let dora = practice.join(&anna, Role::Counselor);
    // An admin cannot recover Bruno to a device that signed for somebody else.
    let hers = practice.new_device(dora.member);
    let mut action = practice.proposing(&hers);
    if let RosterAction::ProposeRecovery { member, .. } = &mut action {
        *member = bruno.member;
    }
    assert_eq!(practice.roster(&anna, vec![action]), Err(Rule::DeviceProof));
    // R2
    let mut odd = practice.new_device(bruno.member);
    odd.keys.algorithm = 2;
    let action = practice.proposing(&odd);
    assert_eq!(practice.roster(&anna, vec![action]), Err(Rule::Version));
    // Nor to one that is somebody's already, or is to be.
    let old = practice.proposing(&bruno);
    assert_eq!(practice.roster(&anna, vec![old]), Err(Rule::AlreadyExists));
    let shared = practice.new_device(bruno.member);
    let (for_bruno, mut for_dora) = (practice.proposing(&shared), practice.proposing(&hers));
    practice.roster(&anna, vec![for_bruno]).unwrap();
    if let RosterAction::ProposeRecovery { device, proof, .. } = &mut for_dora {
        **device = shared.keys.clone();
        *proof = shared.proof(&practice.id(), &dora.member);
    }
    assert_eq!(practice.roster(&clara, vec![for_dora]), Err(Rule::AlreadyExists));
}

#[test]
fn r30_one_at_a_time_for_each_member_and_in_each_statement() {
    let Lost {
        mut practice,
        anna,
        clara,
        bruno,
    } = lost();
    let dora = practice.join(&anna, Role::Counselor);
    let ((_, first), (_, second)) = (
        practice.recovering(bruno.member),
        practice.recovering(dora.member),
    );
    assert_eq!(
        practice.roster(&anna, vec![first.clone(), second]),
        Err(Rule::Recovery)
    );
    let proposal = practice.roster(&anna, vec![first]).unwrap();
    let (_, again) = practice.recovering(bruno.member);
    assert_eq!(practice.roster(&clara, vec![again.clone()]), Err(Rule::Recovery));
    // To put another in its place takes one statement.
    let instead = practice.roster(&clara, vec![stopping(proposal), again]).unwrap();
    let open: Vec<_> = practice.state.roster.recoveries().keys().copied().collect();
    assert_eq!(open, [instead]);
}

#[test]
fn r3_only_so_many_recoveries_are_open() {
    let (mut practice, anna) = Practice::found();
    let members: Vec<_> = (0..=limits::RECOVERIES)
        .map(|_| practice.join(&anna, Role::Client))
        .collect();
    let mut last = None;
    for member in &members[1..] {
        last = Some(propose(&mut practice, &anna, member).1);
    }
    let (_, one_more) = practice.recovering(members[0].member);
    assert_eq!(
        practice.roster(&anna, vec![one_more.clone()]),
        Err(Rule::TooLarge)
    );
    practice
        .roster(&anna, vec![stopping(last.unwrap()), one_more])
        .unwrap();
}

#[test]
fn r24_a_proposal_carries_both_new_keys_sealed_to_the_new_device() {
    let Lost {
        mut practice,
        anna,
        clara,
        bruno,
    } = lost();
    let (new, action) = practice.recovering(bruno.member);
    let sealings: Vec<_> = Class::ALL
        .map(|class| Sealing {
            key: KeyRef::Member(bruno.member, class, 2),
            to: KeyRef::Device(new.id(), class),
        })
        .into();
    let predecessor = Sealing {
        key: KeyRef::Member(bruno.member, Class::General, 1),
        to: KeyRef::Member(bruno.member, Class::General, 2),
    };
    let to_the_admin = Sealing {
        to: KeyRef::Device(anna.id(), Class::General),
        ..sealings[0]
    };
    for wrong in [
        vec![],
        sealings[..1].to_vec(),
        [&sealings[..], &[predecessor]].concat(),
        [&sealings[..], &[to_the_admin]].concat(),
    ] {
        let outcome = practice.roster_with(&anna, vec![action.clone()], wrong);
        assert_eq!(outcome, Err(Rule::Sealings));
    }
    let proposal = practice.roster_with(&anna, vec![action], sealings).unwrap();
    // To agree, nothing is sealed: not the keys before, either.
    let outcome = practice.roster_with(&clara, vec![approving(proposal)], vec![predecessor]);
    assert_eq!(outcome, Err(Rule::Sealings));
    practice
        .roster_with(&clara, vec![approving(proposal)], vec![])
        .unwrap();
}

#[test]
fn r30_what_overtakes_a_proposal_closes_it() {
    let Lost {
        mut practice,
        anna,
        clara,
        bruno,
    } = lost();
    let dora = practice.join(&anna, Role::Counselor);
    let (new, proposal) = propose(&mut practice, &anna, &bruno);
    let overtaken = |story: &dyn Fn(&mut Practice)| {
        let mut practice = practice.clone();
        story(&mut practice);
        assert!(practice.state.roster.recoveries().is_empty());
        practice.now += WEEK_MS;
        assert_eq!(
            practice.roster(&clara, vec![approving(proposal)]),
            Err(Rule::Recovery)
        );
    };
    // The member left.
    overtaken(&|practice| {
        practice.roster(&anna, vec![removing(&bruno)]).unwrap();
    });
    // The member's key turned: somebody with a device of his is at work.
    for class in Class::ALL {
        overtaken(&|practice| {
            let turn = practice.turning_own(&bruno, class);
            practice.roster(&bruno, vec![turn]).unwrap();
        });
    }
    // The device came in another way.
    overtaken(&|practice| {
        practice.roster(&bruno, vec![practice.adding(&new)]).unwrap();
    });
    // Who proposed it is an admin no more.
    overtaken(&|practice| {
        practice
            .roster(&clara, vec![becoming(&anna, Role::Counselor)])
            .unwrap();
    });
    overtaken(&|practice| {
        practice.roster(&clara, vec![removing(&anna)]).unwrap();
    });
    // In the same breath, too.
    for actions in [
        vec![removing(&bruno), approving(proposal)],
        vec![becoming(&anna, Role::Client), approving(proposal)],
    ] {
        assert_eq!(practice.roster(&clara, actions), Err(Rule::Recovery));
    }
    // What was proposed of somebody who goes with the same statement is not open after it.
    let (_, for_dora) = practice.recovering(dora.member);
    practice.roster(&anna, vec![for_dora, removing(&dora)]).unwrap();
    assert!(
        practice
            .state
            .roster
            .recoveries()
            .values()
            .all(|r| r.member == bruno.member)
    );
}

#[test]
fn a_revoked_device_of_the_member_does_not_stop_their_recovery() {
    let Lost {
        mut practice,
        anna,
        clara,
        bruno,
    } = lost();
    let (new, proposal) = propose(&mut practice, &anna, &bruno);
    // The thief would only stop it; so the phone goes first. The generation stays, and so does the proposal.
    practice.revoke(&clara, &bruno).unwrap();
    practice.roster(&clara, vec![approving(proposal)]).unwrap();
    assert!(practice.state.roster.active(&new.id(), u64::MAX).is_ok());
}

#[test]
fn r28_a_member_stops_recoveries_within_their_ration() {
    let Lost {
        mut practice,
        anna,
        bruno,
        ..
    } = lost();
    for _ in 0..limits::OWN_STATEMENTS_PER_DAY - 2 {
        let (_, proposal) = propose(&mut practice, &anna, &bruno);
        practice.roster(&bruno, vec![stopping(proposal)]).unwrap();
    }
    let (_, proposal) = propose(&mut practice, &anna, &bruno);
    assert_eq!(
        practice.roster(&bruno, vec![stopping(proposal)]),
        Err(Rule::Ration)
    );
}
