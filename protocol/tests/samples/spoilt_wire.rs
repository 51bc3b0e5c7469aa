//! What is signed on the wire, rightly and wrongly, and every way to spell a message otherwise.

use std::collections::BTreeMap;

use serde_json::json;
use troth_protocol::cbor;
use troth_protocol::counts::SignedCounts;
use troth_protocol::ids::{Nonce, PracticeId};
use troth_protocol::limits;
use troth_protocol::rule::Rule;
use troth_protocol::stream::Stream;
use troth_protocol::wire::*;

use crate::practice::{public, signing_key};
use crate::sample_wire::{PRACTICE, checkpoint, counts, hello, items, of_kind, stream_counts, transcript};
use crate::spoil::{cut, followed};
use crate::{Sample, hex};

pub fn handshakes() -> Vec<Sample> {
    let relays = frame(&RelayMessage::Challenge(transcript().challenge(&signing_key(9))));
    let with = |hello: Hello, challenge: &[u8], key: u32| {
        json!({
            "kind": "handshake",
            "key": hex(public(&signing_key(key)).as_bytes()),
            "hello": hex(&frame(&ClientMessage::Hello(hello))),
            "challenge": hex(challenge),
        })
    };
    let sample = |name: &str, about: &str, fields| Sample::new(name, about, fields);
    let other_device = Hello {
        device: troth_protocol::ids::DeviceId([9; 32]),
        ..hello()
    };
    let other_size = Hello { size: 25, ..hello() };
    let forwarded = Transcript::new(hello(), Nonce([0x33; 32]), "relay.evil".into(), checkpoint());
    let mut elsewhere = forwarded.challenge(&signing_key(9));
    elsewhere.origin = "relay.example".into();
    let elsewhere = frame(&RelayMessage::Challenge(elsewhere));
    let welcome = frame(&RelayMessage::Welcome(Welcome { now: 0 }));
    vec![
        sample(
            "handshake",
            "the transcript that the device signs",
            with(hello(), &relays, 9),
        ),
        sample(
            "refused-handshake-device",
            "a challenge to another device",
            with(other_device, &relays, 9),
        )
        .refused(Rule::BadSignature),
        sample(
            "refused-handshake-size",
            "a challenge to another frontier",
            with(other_size, &relays, 9),
        )
        .refused(Rule::BadSignature),
        sample(
            "refused-handshake-key",
            "a challenge by another relay",
            with(hello(), &relays, 10),
        )
        .refused(Rule::BadSignature),
        sample(
            "refused-handshake-origin",
            "a challenge for another origin",
            with(hello(), &elsewhere, 9),
        )
        .refused(Rule::BadSignature),
        sample(
            "refused-handshake-welcome",
            "no challenge at all",
            with(hello(), &welcome, 9),
        )
        .refused(Rule::OutOfOrder),
    ]
}

pub fn signed_counts() -> Vec<Sample> {
    let with = |counts: &SignedCounts, practice: PracticeId, key: u32| {
        json!({
            "kind": "counts",
            "practice": hex(practice.as_bytes()),
            "key": hex(public(&signing_key(key)).as_bytes()),
            "bytes": hex(&cbor::encode(counts)),
        })
    };
    let right = counts();
    let mut replayed = right;
    replayed.counts.beat += 1;
    let streams = cbor::encode(&stream_counts());
    let one = cbor::encode(&BTreeMap::from([(Stream::Roster, 3u64)]));
    let twice = [&[0xa2][..], &one[1..], &one[1..]].concat();
    let backwards = {
        let notices = cbor::encode(&BTreeMap::from([(Stream::Notices, 2u64)]));
        [&[0xa2][..], &notices[1..], &one[1..]].concat()
    };
    let of = |bytes: &[u8]| of_kind("stream-counts", bytes);
    vec![
        Sample::new(
            "counts",
            "the relay's word on how much there is",
            with(&right, PRACTICE, 9),
        ),
        Sample::new(
            "refused-counts-beat",
            "another beat than was signed",
            with(&replayed, PRACTICE, 9),
        )
        .refused(Rule::BadSignature),
        Sample::new(
            "refused-counts-practice",
            "for another practice",
            with(&right, PracticeId([1; 32]), 9),
        )
        .refused(Rule::BadSignature),
        Sample::new(
            "refused-counts-key",
            "by another relay",
            with(&right, PRACTICE, 10),
        )
        .refused(Rule::BadSignature),
        Sample::new(
            "stream-counts",
            "the digest of counts, streams in order",
            of(&streams),
        ),
        Sample::new("stream-counts-none", "the digest of no counts", of(&[0xa0])),
        Sample::new(
            "refused-stream-counts-twice",
            "a stream that stands twice",
            of(&twice),
        )
        .refused(Rule::Malformed),
        Sample::new(
            "refused-stream-counts-order",
            "streams out of order",
            of(&backwards),
        )
        .refused(Rule::Malformed),
    ]
}

pub fn spoilt() -> Vec<Sample> {
    let follow = frame(&ClientMessage::Follow(Follow {
        nonce: Nonce([0x44; 32]),
        size: 23,
        through: None,
    }));
    let info = frame(&ClientMessage::Info);
    let refusal = frame(&RelayMessage::Refused(Refused {
        request: 1,
        index: 2,
        rule: 60,
        head: None,
    }));
    let items = frame(&RelayMessage::Items(items(None)));
    let welcome = frame(&RelayMessage::Welcome(Welcome { now: 0 }));
    // The version, then an array of the message's number and its fields: [3, [[nonce, size]]].
    assert_eq!(follow[..5], [1, 0x82, 3, 0x81, 0x82]);
    assert_eq!(info, [1, 0x82, 6, 0x80]);
    assert_eq!(refusal[..5], [1, 0x82, 3, 0x81, 0x83]);
    let end = follow.len() - 1;
    let longer_size = |by: &[u8]| [&follow[..end], by].concat();
    let client = |name: &str, about: &str, bytes: &[u8]| {
        Sample::new(format!("refused-client-{name}"), about, of_kind("client", bytes))
            .refused(Rule::Malformed)
    };
    let relay = |name: &str, about: &str, bytes: &[u8]| {
        Sample::new(format!("refused-relay-{name}"), about, of_kind("relay", bytes)).refused(Rule::Malformed)
    };
    let other_version = |version: u8, name: &str| {
        let bytes = [&[version], &info[1..]].concat();
        Sample::new(
            format!("refused-client-version-{name}"),
            "another version",
            of_kind("client", &bytes),
        )
        .refused(Rule::Version)
    };
    let zeroes = json!({ "kind": "client", "zeroes": limits::FRAME + 1 });
    vec![
        other_version(0, "zero"),
        other_version(2, "next"),
        other_version(0x82, "none"),
        Sample::new("refused-client-too-long", "a byte longer than any", zeroes).refused(Rule::TooLarge),
        client("empty", "nothing at all", &[]),
        client("version-only", "a version and nothing else", &[1]),
        client("after", "a byte after it", &followed(&follow, &[0])),
        client("twice", "the same once more", &followed(&info, &info[1..])),
        client("cut", "cut off", &cut(&follow, 1)),
        client("unknown", "message 9", &[1, 0x82, 9, 0x80]),
        client("bare", "a number alone", &[1, 6]),
        client(
            "long-number",
            "a message's number in two bytes",
            &[1, 0x82, 0x18, 6, 0x80],
        ),
        client(
            "field",
            "a field of a message that has none",
            &[1, 0x82, 6, 0x81, 0],
        ),
        client("third", "a third part", &[1, 0x83, 6, 0x80, 0]),
        client(
            "indefinite",
            "an array without a length",
            &[1, 0x9f, 6, 0x80, 0xff],
        ),
        client("map", "a map", &[1, 0xa1, 6, 0x80]),
        client("long-size", "a size in two bytes", &longer_size(&[0x18, 23])),
        client("negative-size", "a size below zero", &longer_size(&[0x20])),
        client(
            "float-size",
            "a size that is no integer",
            &longer_size(&[0xf9, 0x4d, 0xc0]),
        ),
        client("no-size", "a field is missing", &{
            let mut bytes = cut(&follow, 1);
            bytes[4] = 0x81;
            bytes
        }),
        client("more-fields", "a field that nobody knows", &{
            let mut bytes = followed(&follow, &[0, 0]);
            bytes[4] = 0x84;
            bytes
        }),
        relay("spelt-null", "no head, spelt out as null", &{
            let mut bytes = followed(&refusal, &[0xf6]);
            bytes[4] = 0x84;
            bytes
        }),
        relay("counts-null", "no counts, spelt out as null", &{
            assert_eq!(items[4], 0x83);
            let mut bytes = followed(&items, &[0xf6]);
            bytes[4] = 0x84;
            bytes
        }),
        relay("of-client", "what only a device sends", &follow),
        relay("unknown", "message 9", &[1, 0x82, 9, 0x81, 0x81, 0]),
        relay("after", "a byte after it", &followed(&welcome, &[0])),
        relay("cut", "cut off", &cut(&items, 1)),
        relay("wide-rule", "a rule's number beyond 16 bits", &{
            let goodbye = frame(&RelayMessage::Goodbye(Goodbye { rule: 1 }));
            [&cut(&goodbye, 1)[..], &[0x1a, 0, 1, 0, 0]].concat()
        }),
    ]
}
