//! Genesis.

use troth_protocol::ids::{Hash, MemberId, PracticeId};
use troth_protocol::keys::{Class, KeyRef, Sealing};
use troth_protocol::limits;
use troth_protocol::rule::Rule;
use troth_protocol::state::State;
use troth_protocol::statement::{Body, Genesis, PayloadRef, Role, Seen};

use crate::practice::{
    Device, NOON, Practice, found_with, founding, genesis, hash, public, sealed, signed, signing_key,
};

fn founder() -> Device {
    Device::new(1, MemberId([1; 16]))
}

/// Founds with a genesis that differs from the plain one; the payload still fits.
fn found(change: impl FnOnce(&mut Genesis)) -> Result<State, Rule> {
    let founder = founder();
    let mut genesis = genesis(&founder, &signing_key(2));
    change(&mut genesis);
    found_with(&founder.key, &founding(genesis)).map(|(state, _)| state)
}

#[test]
fn a_founder_is_the_first_admin_of_a_practice_that_genesis_names() {
    let founder = founder();
    let statement = founding(genesis(&founder, &signing_key(2)));
    let (state, signed) = found_with(&founder.key, &statement).unwrap();
    assert_eq!(state.practice().0, Hash::of(&[&signed.statement]).0);
    assert_eq!(state.roster.head().0, state.practice().0);
    assert_eq!(state.roster.role(&founder.member, 0), Some(Role::Admin));
    assert_eq!(state.roster.active(&founder.id(), 0).unwrap().keys, founder.keys);
    assert_eq!(state.roster.ledger_key(), public(&signing_key(2)));
    assert_eq!(state.roster.origin(), "relay.example");
    assert_eq!(
        state.roster.ledger_origin(),
        format!("relay.example/{}", state.practice())
    );
    assert_eq!(state.received, NOON);
    // The keys that genesis names can be sealed to.
    for class in Class::ALL {
        let key = KeyRef::Member(founder.member, class, 1);
        assert!(state.roster.public_key(&key).is_some());
        assert!(
            state
                .roster
                .public_key(&KeyRef::Role(Role::Admin, class, 1))
                .is_some()
        );
        assert!(
            state
                .roster
                .public_key(&KeyRef::Role(Role::Admin, class, 2))
                .is_none()
        );
    }
}

#[test]
fn r20_genesis_stands_at_the_beginning_only() {
    let (mut practice, anna) = Practice::found();
    let again = founding(genesis(&anna, &practice.ledger.clone()));
    let verified = troth_protocol::entry::Parsed::parse(signed(&anna.key, &practice.id(), &again)).unwrap();
    assert_eq!(practice.state.signing_key(&again), Err(Rule::Genesis));
    // Even were it signed for this practice, it founds nothing here.
    let verified = verified.verify(&anna.keys.signing, &practice.id()).unwrap();
    let before = practice.state.clone();
    assert_eq!(practice.state.apply(1, NOON, &verified), Err(Rule::Genesis));
    assert!(practice.state == before);
}

#[test]
fn r20_nothing_else_founds() {
    let (mut practice, anna) = Practice::found();
    let (_, invite) = practice.inviting(Role::Counselor);
    practice.roster(&anna, vec![invite]).unwrap();
    let roster = practice.entries[1].leaf.signed.clone();
    let parsed = troth_protocol::entry::Parsed::parse(roster).unwrap();
    assert_eq!(
        troth_protocol::state::verify_genesis(parsed.clone()).unwrap_err(),
        Rule::Genesis
    );
    let verified = parsed.verify(&anna.keys.signing, &practice.id()).unwrap();
    assert_eq!(State::found(NOON, &verified), Err(Rule::Genesis));
}

#[test]
fn r20_genesis_is_signed_by_the_device_that_it_pins() {
    let (founder, other) = (founder(), Device::new(9, MemberId([9; 16])));
    let mut statement = founding(genesis(&founder, &signing_key(2)));
    statement.signer = other.id();
    assert_eq!(found_with(&founder.key, &statement).unwrap_err(), Rule::Genesis);
    statement.signer = founder.id();
    // R5: another's signature does not do.
    assert_eq!(
        found_with(&other.key, &statement).unwrap_err(),
        Rule::BadSignature
    );
    // There was nothing to be seen yet.
    let roster = hash("nothing");
    statement.seen = Some(Seen {
        roster,
        control: None,
    });
    assert_eq!(found_with(&founder.key, &statement).unwrap_err(), Rule::Genesis);
}

#[test]
fn r5_genesis_is_signed_under_the_zero_practice_id() {
    let founder = founder();
    let statement = founding(genesis(&founder, &signing_key(2)));
    let practice = PracticeId(Hash::of(&[&troth_protocol::cbor::encode(&statement)]).0);
    let elsewhere = signed(&founder.key, &practice, &statement);
    let parsed = troth_protocol::entry::Parsed::parse(elsewhere).unwrap();
    assert_eq!(
        troth_protocol::state::verify_genesis(parsed).unwrap_err(),
        Rule::BadSignature
    );
}

#[test]
fn r2_a_version_from_elsewhere_founds_nothing() {
    assert_eq!(found(|g| g.version = 2), Err(Rule::Version));
    assert_eq!(found(|g| g.version = 0), Err(Rule::Version));
    // Nor does a device whose signatures are of another kind.
    let mut founder = founder();
    founder.keys.algorithm = 2;
    let statement = founding(genesis(&founder, &signing_key(2)));
    assert_eq!(found_with(&founder.key, &statement).unwrap_err(), Rule::Version);
}

#[test]
fn r1_an_origin_is_a_plain_host() {
    for origin in [
        "",
        "relay example",
        "relay/example",
        "relay+example",
        "rélay",
        "relay\n",
    ] {
        assert_eq!(
            found(|g| g.origin = origin.into()),
            Err(Rule::Malformed),
            "{origin:?}"
        );
    }
    for origin in ["relay.example", "relay.example:8443", "[::1]:8443"] {
        assert!(found(|g| g.origin = origin.into()).is_ok(), "{origin:?}");
    }
}

#[test]
fn r3_the_founding_policy_keeps_within_limits() {
    let witnesses = |n, length: usize| vec!["w".repeat(length); n];
    assert!(found(|g| g.origin = "a".repeat(limits::ORIGIN)).is_ok());
    assert_eq!(
        found(|g| g.origin = "a".repeat(limits::ORIGIN + 1)),
        Err(Rule::Malformed)
    );
    assert!(found(|g| g.policy.witnesses = witnesses(limits::WITNESSES, limits::WITNESS_KEY)).is_ok());
    assert_eq!(
        found(|g| g.policy.witnesses = witnesses(limits::WITNESSES + 1, 1)),
        Err(Rule::TooLarge)
    );
    assert_eq!(
        found(|g| g.policy.witnesses = witnesses(1, limits::WITNESS_KEY + 1)),
        Err(Rule::TooLarge)
    );
    // A quorum of more witnesses than there are could never be met.
    assert_eq!(found(|g| g.policy.quorum = 1), Err(Rule::Malformed));
}

#[test]
fn r24_genesis_seals_the_founders_and_the_admins_keys_and_no_more() {
    for missing in 0..4 {
        let without = found(|g| {
            g.sealings.remove(missing);
        });
        assert_eq!(without, Err(Rule::Sealings), "without the sealing {missing}");
    }
    assert_eq!(found(|g| g.sealings.push(g.sealings[0])), Err(Rule::Sealings));
    let stranger = Device::new(5, MemberId([5; 16])).id();
    assert_eq!(
        found(|g| g.sealings.push(Sealing {
            key: KeyRef::Member(g.founder, Class::General, 1),
            to: KeyRef::Device(stranger, Class::General),
        })),
        Err(Rule::Sealings),
        "a ghost device"
    );
}

#[test]
fn r8_genesis_brings_its_sealed_keys() {
    let founder = founder();
    let mut statement = founding(genesis(&founder, &signing_key(2)));
    statement.payload = None;
    assert_eq!(
        found_with(&founder.key, &statement).unwrap_err(),
        Rule::PayloadKind
    );
    // R3: and a payload that no frame could hold is not promised either.
    let Body::Genesis(g) = &statement.body else {
        unreachable!()
    };
    let mut payload = PayloadRef::of(&sealed(&g.sealings)).unwrap();
    payload.length = 1 + limits::PAYLOAD as u32;
    statement.payload = Some(payload);
    assert_eq!(found_with(&founder.key, &statement).unwrap_err(), Rule::TooLarge);
}
