//! Process notes: their author's alone, and what becomes of them after.

use troth_protocol::ids::{DocumentId, Hash};
use troth_protocol::keys::{Class, KeyRef};
use troth_protocol::rule::Rule;
use troth_protocol::statement::{Body, DocumentAction, Lane, Principal, Reader, Rights, Role, RosterAction};
use troth_protocol::stream::Stream;
use troth_protocol::visibility::{entitled, may_open, may_see, visible_until};

use crate::practice::{Device, Practice, genesis, may, reader, writer};
use crate::records::granting;
use crate::replay::alone;

/// A practice whose policy names Clara, an admin beside Anna; Bruno is a counselor, and keeps notes.
fn kept() -> (Practice, Device, Device, Device, DocumentId) {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let clara = practice.join(&anna, Role::Admin);
    naming(&mut practice, &anna, Some(&clara)).unwrap();
    let notes = practice.document(&bruno, Lane::ProcessNotes, vec![writer(&bruno)]);
    practice.change(&bruno, notes).unwrap();
    (practice, anna, bruno, clara, notes)
}

fn naming(practice: &mut Practice, by: &Device, custodian: Option<&Device>) -> Result<Hash, Rule> {
    practice.set_policy(by, |p| p.custodian = custodian.map(|c| c.member))
}

fn removing(device: &Device) -> Vec<RosterAction> {
    let member = device.member;
    vec![RosterAction::RemoveMember { member }]
}

fn becoming(device: &Device, role: Role) -> Vec<RosterAction> {
    let member = device.member;
    vec![RosterAction::ChangeRole { member, role }]
}

fn rights(practice: &Practice, of: &Device, notes: DocumentId) -> Option<Rights> {
    let document = &practice.state.documents[&notes];
    document.rights(&practice.state.roster, &of.member, u64::MAX, practice.now)
}

fn own(device: &Device) -> KeyRef {
    KeyRef::Member(device.member, Class::Sensitive, 1)
}

fn sealed_to(practice: &Practice, notes: DocumentId) -> Vec<KeyRef> {
    let document = &practice.state.documents[&notes];
    document.epoch_record(document.epoch()).unwrap().sealed_to.clone()
}

fn sorted(mut keys: Vec<KeyRef>) -> Vec<KeyRef> {
    keys.sort_unstable();
    keys
}

#[test]
fn r13_nobody_but_their_author_is_given_process_notes() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let clara = practice.join(&anna, Role::Counselor);
    let ending = Reader {
        until: Some(practice.now + 1000),
        ..writer(&bruno)
    };
    let not_his_alone = [
        vec![writer(&bruno), reader(&clara)],
        vec![writer(&bruno), writer(&anna)],
        vec![writer(&clara)],
        vec![reader(&bruno)],
        vec![ending],
        vec![],
    ];
    for readers in not_his_alone {
        let (_, body) = practice.creating(Lane::ProcessNotes, readers.clone());
        let outcome = practice.say(&bruno, Body::Document(body));
        assert_eq!(outcome, Err(Rule::NotPermitted), "{readers:?}");
    }
    let notes = practice.document(&bruno, Lane::ProcessNotes, vec![writer(&bruno)]);
    for more in [
        reader(&clara),
        writer(&anna),
        may(Principal::Role(Role::Admin), Rights::Read),
    ] {
        let outcome = practice.control_with(&bruno, notes, vec![granting(more)], vec![]);
        assert_eq!(outcome, Err(Rule::NotPermitted), "{more:?}");
    }
    assert_eq!(sealed_to(&practice, notes), [own(&bruno)]);
}

#[test]
fn process_notes_are_lost_with_their_author_unless_the_policy_says_otherwise() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let notes = practice.document(&bruno, Lane::ProcessNotes, vec![writer(&bruno)]);
    practice.roster(&anna, removing(&bruno)).unwrap();
    assert_eq!(rights(&practice, &anna, notes), None);
    assert_eq!(
        visible_until(&practice.state, &anna.member, &Stream::Document(notes)),
        None
    );
}

#[test]
fn a_custodian_reads_process_notes_once_their_author_has_left() {
    let (mut practice, anna, bruno, clara, notes) = kept();
    let stream = Stream::Document(notes);
    // Sealed to Clara from the beginning, and shown to her by nobody.
    assert_eq!(
        sealed_to(&practice, notes),
        sorted(vec![own(&bruno), own(&clara)])
    );
    assert_eq!(rights(&practice, &clara, notes), None);
    assert_eq!(visible_until(&practice.state, &clara.member, &stream), None);
    assert!(!entitled(&practice.state, &clara.member).contains_key(&stream));
    // R13: nor can she pass them on, or take them.
    for action in [
        DocumentAction::Reseal,
        granting(reader(&clara)),
        practice.turning(notes),
    ] {
        let outcome = practice.control_with(&clara, notes, vec![action], vec![]);
        assert_eq!(outcome, Err(Rule::NotPermitted));
    }
    practice.roster(&anna, removing(&bruno)).unwrap();
    assert_eq!(rights(&practice, &clara, notes), Some(Rights::Read));
    assert_eq!(rights(&practice, &anna, notes), None);
    assert_eq!(
        visible_until(&practice.state, &clara.member, &stream),
        Some(u64::MAX)
    );
    assert!(may_open(&practice.state, &clara.member, &stream, 0, practice.now));
    // She follows anew and takes what she is shown: all of it, and she counts the same as the relay.
    let shown = practice
        .replay(|at, stream| may_see(&practice.state, &clara.member, stream, at))
        .unwrap();
    assert_eq!(
        entitled(&shown, &clara.member),
        entitled(&practice.state, &clara.member)
    );
    assert_eq!(entitled(&shown, &clara.member)[&stream], 2);
    // Read, not written: they stay as their author left them.
    assert_eq!(practice.change(&clara, notes), Err(Rule::NotPermitted));
    assert!(alone(&practice, notes).unwrap() == practice.state.documents[&notes]);
}

#[test]
fn r43_a_custodian_who_is_one_no_more_holds_no_key_that_is_written_under() {
    for (gone, role) in [(true, Role::Admin), (false, Role::Client), (false, Role::Auditor)] {
        let (mut practice, anna, bruno, clara, notes) = kept();
        let actions = match gone {
            true => removing(&clara),
            false => becoming(&clara, role),
        };
        practice.roster(&anna, actions).unwrap();
        // The policy still names her, and names nobody: from here on Bruno's notes are his alone.
        assert_eq!(practice.change(&bruno, notes), Err(Rule::StaleEpoch));
        practice.turn(&bruno, notes).unwrap();
        practice.change(&bruno, notes).unwrap();
        assert_eq!(sealed_to(&practice, notes), [own(&bruno)]);
        let later = practice.document(&bruno, Lane::ProcessNotes, vec![writer(&bruno)]);
        assert_eq!(sealed_to(&practice, later), [own(&bruno)]);
        practice.roster(&anna, removing(&bruno)).unwrap();
        assert_eq!(rights(&practice, &clara, notes), None);
        assert!(alone(&practice, notes).unwrap() == practice.state.documents[&notes]);
    }
}

#[test]
fn whoever_is_named_later_cannot_reach_back() {
    let (mut practice, anna, bruno, clara, notes) = kept();
    // Anna names herself, and waits for Bruno's device to seal his notes to her. It does not.
    naming(&mut practice, &anna, Some(&anna)).unwrap();
    practice.turn(&bruno, notes).unwrap();
    assert_eq!(
        sealed_to(&practice, notes),
        sorted(vec![own(&bruno), own(&clara)])
    );
    // Only what he begins from then on is hers.
    let later = practice.document(&bruno, Lane::ProcessNotes, vec![writer(&bruno)]);
    assert_eq!(sealed_to(&practice, later), sorted(vec![own(&anna), own(&bruno)]));
    // And nobody's, when nobody is named.
    naming(&mut practice, &anna, None).unwrap();
    let last = practice.document(&bruno, Lane::ProcessNotes, vec![writer(&bruno)]);
    assert_eq!(sealed_to(&practice, last), [own(&bruno)]);
    practice.roster(&anna, removing(&bruno)).unwrap();
    let read = |who, id| rights(&practice, who, id).is_some();
    assert!(read(&clara, notes) && !read(&anna, notes));
    assert!(read(&anna, later) && !read(&clara, later));
    assert!(!read(&anna, last) && !read(&clara, last));
    // As of each document's own positions: so the chains come out the same when they are replayed alone, later.
    for id in [notes, later, last] {
        assert!(alone(&practice, id).unwrap() == practice.state.documents[&id]);
    }
}

#[test]
fn a_custodians_own_notes_are_nobody_elses() {
    let (mut practice, _, _, clara, _) = kept();
    let own_notes = practice.document(&clara, Lane::ProcessNotes, vec![writer(&clara)]);
    assert_eq!(sealed_to(&practice, own_notes), [own(&clara)]);
}

#[test]
fn r23_a_custodian_is_an_active_member() {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let stranger = practice.new_member();
    assert_eq!(
        naming(&mut practice, &anna, Some(&stranger)),
        Err(Rule::NoSuchSubject)
    );
    naming(&mut practice, &anna, Some(&bruno)).unwrap();
    practice.roster(&anna, removing(&bruno)).unwrap();
    assert_eq!(
        naming(&mut practice, &anna, Some(&bruno)),
        Err(Rule::NoSuchSubject)
    );
    // R13: and one who keeps records.
    for role in [Role::Client, Role::Auditor] {
        let other = practice.join(&anna, role);
        assert_eq!(
            naming(&mut practice, &anna, Some(&other)),
            Err(Rule::NotPermitted)
        );
    }
}

#[test]
fn r23_genesis_knows_nobody_but_the_founder() {
    let founder = Device::new(1, troth_protocol::ids::MemberId([1; 16]));
    let found = |custodian| {
        let mut genesis = genesis(&founder, &crate::practice::signing_key(2));
        genesis.policy.custodian = Some(custodian);
        crate::practice::found_with(&founder.key, &crate::practice::founding(genesis)).map(|(state, _)| state)
    };
    assert_eq!(
        found(troth_protocol::ids::MemberId([2; 16])),
        Err(Rule::NoSuchSubject)
    );
    let state = found(founder.member).unwrap();
    assert_eq!(state.roster.custodian(0), Some(founder.member));
}
