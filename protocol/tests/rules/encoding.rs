//! One value has one encoding, and nothing else is read. The vectors hold the bytes; here is every way to spoil them.

use proptest::prelude::*;
use troth_protocol::cbor;
use troth_protocol::ids::{Hash, MemberId};
use troth_protocol::rule::Rule;
use troth_protocol::signature::Signature;
use troth_protocol::statement::{Lane, Role, Statement};
use troth_protocol::stream::Stream;
use troth_protocol::wire::{self, ClientMessage, RelayMessage};

use crate::practice::{Practice, admins, reader};

/// Real statements, of every kind that a practice begins with.
fn said() -> Vec<Vec<u8>> {
    let (mut practice, anna) = Practice::found();
    let laptop = practice.add_device(&anna);
    let bruno = practice.join(&anna, Role::Counselor);
    let id = practice.document(&anna, Lane::Joint, vec![admins(), reader(&bruno)]);
    practice.change(&laptop, id).unwrap();
    practice.turn(&anna, id).unwrap();
    practice
        .entries
        .into_iter()
        .map(|e| e.leaf.signed.statement)
        .collect()
}

fn read(bytes: &[u8]) -> Result<Statement, Rule> {
    cbor::decode(bytes)
}

#[test]
fn r1_a_statement_is_read_back_to_the_byte() {
    for bytes in said() {
        assert_eq!(cbor::encode(&read(&bytes).unwrap()), bytes);
    }
}

#[test]
fn r1_nothing_stands_after_a_statement_and_nothing_is_missing() {
    for bytes in said() {
        for more in [0x00, 0xf6, 0xff, 0x80] {
            assert_eq!(read(&[&bytes[..], &[more]].concat()), Err(Rule::Malformed));
        }
        assert_eq!(read(&[&[0x80], &bytes[..]].concat()), Err(Rule::Malformed));
        for length in 0..bytes.len().min(200) {
            assert_eq!(read(&bytes[..length]), Err(Rule::Malformed));
        }
        assert_eq!(read(&bytes[..bytes.len() - 1]), Err(Rule::Malformed));
    }
}

#[test]
fn r1_a_claim_of_many_elements_costs_nothing() {
    // An array, a byte string and a map that would hold 2^32 - 1 and 2^63 - 1 things, inside and on their own.
    let claims = [0x9a, 0x5a, 0xba].map(|head| [&[head][..], &[0xff; 4]].concat());
    let vast = [0x9b, 0x5b, 0xbb].map(|head| [&[head, 0x7f][..], &[0xff; 7]].concat());
    for claim in claims.iter().chain(&vast) {
        assert_eq!(read(claim), Err(Rule::Malformed));
        let statement = [&[0x85, 0x01][..], claim].concat();
        assert_eq!(read(&statement), Err(Rule::Malformed));
        assert!(cbor::decode::<Vec<MemberId>>(claim).is_err());
        assert!(cbor::decode::<troth_protocol::keys::SealedKeys>(claim).is_err());
    }
}

#[test]
fn r1_nesting_without_end_is_refused() {
    for opener in [0x81, 0x9f, 0xd8, 0xc1] {
        let deep = vec![opener; 60_000];
        assert_eq!(read(&deep), Err(Rule::Malformed));
        // In the place of a field that nobody knows.
        let mut inside = vec![0x86, 0x01];
        inside.extend(&deep);
        assert_eq!(read(&inside), Err(Rule::Malformed));
        let mut framed = vec![wire::VERSION];
        framed.extend(&deep);
        assert_eq!(wire::message::<ClientMessage>(&framed), Err(Rule::Malformed));
        assert_eq!(wire::message::<RelayMessage>(&framed), Err(Rule::Malformed));
    }
}

#[test]
fn identifiers_print_as_lower_case_hexadecimal_and_are_read_so() {
    let id = MemberId([0xab; 16]);
    assert_eq!(id.to_string(), "ab".repeat(16));
    assert_eq!(MemberId::from_hex(&"ab".repeat(16)), Some(id));
    for wrong in ["AB".repeat(16), "ab".repeat(15), "ab".repeat(17), "zz".repeat(16)] {
        assert_eq!(MemberId::from_hex(&wrong), None);
    }
    assert_eq!(MemberId::from_slice(&[0; 15]), None);
}

#[test]
fn streams_have_keys_of_their_own() {
    let half = troth_protocol::ids::DocumentId([5; 16]);
    let streams = [
        Stream::Roster,
        Stream::Document(half),
        Stream::Device(half),
        Stream::Notices,
    ];
    let keys: std::collections::BTreeSet<_> = streams.iter().map(Stream::key).collect();
    assert_eq!(keys.len(), streams.len());
}

#[test]
fn rules_have_numbers_and_say_what_to_do() {
    for rule in Rule::ALL {
        assert_eq!(Rule::from_number(rule.number()), Some(*rule));
        assert!(!rule.to_string().is_empty() && rule.remedy().ends_with('.'));
    }
    assert_eq!(Rule::from_number(0), None);
    assert_eq!(Rule::from_number(9999), None);
}

#[test]
fn lanes_have_names() {
    for (lane, name) in Lane::NAMES {
        assert_eq!(lane.name(), name);
        assert_eq!(Lane::from_name(name), Some(lane));
    }
    assert_eq!(Lane::from_name("other"), None);
}

proptest! {
    /// R1: whatever one byte is changed to, the result is refused or is another statement with one encoding.
    #[test]
    fn r1_a_spoilt_statement_is_refused_or_is_exactly_another(
        which in 0..7usize, at in any::<prop::sample::Index>(), to in any::<u8>()
    ) {
        let all = said();
        let mut bytes = all[which % all.len()].clone();
        let at = at.index(bytes.len().min(400));
        bytes[at] = to;
        if let Ok(statement) = read(&bytes) {
            prop_assert_eq!(cbor::encode(&statement), bytes);
        }
    }

    /// R1: nor does any noise panic, as a statement or as a message.
    #[test]
    fn r1_noise_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut framed = vec![wire::VERSION];
        framed.extend(&bytes);
        if let Ok(statement) = read(&bytes) {
            prop_assert_eq!(cbor::encode(&statement), bytes.clone());
        }
        if let Ok(message) = wire::message::<ClientMessage>(&framed) {
            prop_assert_eq!(wire::frame(&message), framed.clone());
        }
        if let Ok(message) = wire::message::<RelayMessage>(&framed) {
            prop_assert_eq!(wire::frame(&message), framed);
        }
        prop_assert!(cbor::decode::<Signature>(&bytes).is_err() || bytes.len() == 67);
        prop_assert!(cbor::decode::<Hash>(&bytes).is_err() || bytes.len() == 34);
    }
}
