//! Every way to spell a statement otherwise, and values that no field has.

use minicbor::encode::Encode;
use serde_json::json;
use troth_protocol::cbor;
use troth_protocol::limits;
use troth_protocol::rule::Rule;
use troth_protocol::statement::{Body, RosterAction, Seen};

use crate::Sample;
use crate::practice::{Device, hash};
use crate::sample_statements::{
    device, document, member, plain_change, roster, roster_actions, sample, sealings,
};
use crate::spoil::{cut, first_replaced, followed, replaced, with_byte};

/// An edit, spelt otherwise. The array of five begins with its head (1 byte) and kind (1), then the signer (2 + 32),
/// what was seen (1 + 2 + 32 + 2 + 32), the payload (1 + 2 + 32 + 1) and the body.
pub fn spoilt() -> Vec<Sample> {
    const SEEN: usize = 36;
    const PAYLOAD: usize = SEEN + 69;
    const BODY: usize = PAYLOAD + 36;
    let right = cbor::encode(&plain_change());
    assert_eq!(
        (right[SEEN], right[PAYLOAD], right[BODY]),
        (0x82, 0x82, 0x84),
        "the offsets are those of the parts"
    );
    let document = document();
    let id = [&[0x50][..], document.as_bytes()].concat();
    let part = |from: usize, part: &[u8], by: &[u8]| {
        assert!(right[from..].starts_with(part));
        [&right[..from], by, &right[from + part.len()..]].concat()
    };
    let signer = device().id();
    let mut first = plain_change();
    if let Body::Change(change) = &mut first.body {
        change.prev = None;
    }
    let first = cbor::encode(&first);
    let seen_only_roster = {
        let mut statement = plain_change();
        statement.seen = statement.seen.map(|s| Seen { control: None, ..s });
        cbor::encode(&statement)
    };
    let one_seen = |by: &[u8]| {
        let head = [&[0x81, 0x58, 0x20][..], hash("roster head").as_bytes()].concat();
        let with = [&[0x82][..], &head[1..], by].concat();
        replaced(&seen_only_roster, &head, &with)
    };
    let indefinite_signer = [&[0x5f, 0x58, 0x20][..], signer.as_bytes(), &[0xff]].concat();
    let whole_signer = [&[0x58, 0x20][..], signer.as_bytes()].concat();
    let cases: Vec<(&str, &str, Vec<u8>)> = vec![
        ("empty", "nothing at all", vec![]),
        ("trailing-byte", "a byte after it", followed(&right, &[0])),
        ("trailing-null", "a null after it", followed(&right, &[0xf6])),
        ("trailing-break", "a break after it", followed(&right, &[0xff])),
        ("twice", "the same once more", followed(&right, &right)),
        ("truncated", "its last byte is missing", cut(&right, 1)),
        ("four-parts", "an array of four", with_byte(&right, 0, 0x84)),
        (
            "six-parts",
            "a sixth part that nobody knows",
            part(0, &[0x85], &[0x86]).into_iter().chain([0xf6]).collect(),
        ),
        (
            "long-array-head",
            "the array's length in two bytes",
            part(0, &[0x85], &[0x98, 0x05]),
        ),
        (
            "indefinite-array",
            "an array without a length",
            followed(&part(0, &[0x85], &[0x9f]), &[0xff]),
        ),
        ("tagged", "a tag before it", [&[0xc1][..], &right].concat()),
        (
            "self-described",
            "the tag of CBOR itself before it",
            [&[0xd9, 0xd9, 0xf7][..], &right].concat(),
        ),
        (
            "wrapped",
            "bytes that hold it",
            [&[0x58, right.len() as u8][..], &right].concat(),
        ),
        ("map", "a map in place of the array", with_byte(&right, 0, 0xa5)),
        ("unknown-kind", "kind 12", with_byte(&right, 1, 0x0c)),
        (
            "another-kind",
            "an edit that says it is an erasure",
            with_byte(&right, 1, 0x0a),
        ),
        (
            "long-kind",
            "the kind in two bytes",
            part(1, &[0x03], &[0x18, 0x03]),
        ),
        (
            "longest-kind",
            "the kind in nine bytes",
            part(1, &[0x03], &[0x1b, 0, 0, 0, 0, 0, 0, 0, 3]),
        ),
        ("wide-kind", "kind 256 + 3", part(1, &[0x03], &[0x19, 0x01, 0x03])),
        ("negative-kind", "kind -4", with_byte(&right, 1, 0x23)),
        (
            "float-kind",
            "the kind as a floating-point number",
            part(1, &[0x03], &[0xf9, 0x42, 0x00]),
        ),
        (
            "text-signer",
            "text in place of the signer",
            with_byte(&right, 2, 0x78),
        ),
        (
            "short-signer",
            "a signer of 31 bytes",
            part(2, &[0x58, 0x20, signer.0[0]], &[0x58, 0x1f]),
        ),
        (
            "long-signer",
            "a signer of 33 bytes",
            part(2, &[0x58, 0x20], &[0x58, 0x21, 0x00]),
        ),
        (
            "long-length",
            "the signer's length in three bytes",
            part(2, &[0x58, 0x20], &[0x59, 0x00, 0x20]),
        ),
        (
            "indefinite-signer",
            "the signer in pieces",
            part(2, &whole_signer, &indefinite_signer),
        ),
        (
            "empty-seen",
            "nothing in what was seen",
            part(SEEN, &right[SEEN..PAYLOAD], &[0x80]),
        ),
        (
            "undefined-seen",
            "undefined in place of what was seen",
            part(SEEN, &right[SEEN..PAYLOAD], &[0xf7]),
        ),
        (
            "seen-three",
            "a third head that nobody knows",
            part(SEEN, &[0x82], &[0x83, 0xf6]),
        ),
        (
            "seen-spelt-null",
            "no control head, spelt out as null",
            one_seen(&[0xf6]),
        ),
        ("seen-indefinite", "what was seen, without a length", {
            let mut bytes = part(SEEN, &[0x82], &[0x9f]);
            bytes.insert(PAYLOAD, 0xff);
            bytes
        }),
        (
            "payload-length-long",
            "the payload's length in two bytes",
            part(PAYLOAD + 35, &[0x0b], &[0x18, 0x0b]),
        ),
        (
            "payload-length-wide",
            "a payload of 2^32 bytes",
            part(PAYLOAD + 35, &[0x0b], &[0x1b, 0, 0, 0, 1, 0, 0, 0, 0]),
        ),
        ("payload-without-length", "a digest alone", {
            let mut bytes = part(PAYLOAD, &[0x82], &[0x81]);
            bytes.remove(PAYLOAD + 35);
            bytes
        }),
        (
            "body-fifth-field",
            "a fifth field in the body",
            followed(&part(BODY, &[0x84], &[0x85]), &[0x00]),
        ),
        (
            "body-fifth-null",
            "a fifth field that is null",
            followed(&part(BODY, &[0x84], &[0x85]), &[0xf6]),
        ),
        ("body-map", "the body as a map", with_byte(&right, BODY, 0xa2)),
        (
            "body-prev-spelt-null",
            "no predecessor, spelt out as null",
            followed(&part_of(&first, BODY, &[0x83], &[0x84]), &[0xf6]),
        ),
        ("body-without-sequence", "fields are missing", {
            let short = [&[0x82][..], &id, &[0x03]].concat();
            part(BODY, &right[BODY..], &short)
        }),
        (
            "body-long-epoch",
            "the epoch in two bytes",
            replaced(
                &right,
                &[&id[..], &[0x03]].concat(),
                &[&id[..], &[0x18, 0x03]].concat(),
            ),
        ),
        (
            "body-long-sequence",
            "the sequence in five bytes",
            replaced(&right, &[0x19, 0x01, 0x2c], &[0x1a, 0, 0, 0x01, 0x2c]),
        ),
        (
            "body-document-as-text",
            "text in place of the document",
            replaced(&right, &id, &[&[0x70][..], document.as_bytes()].concat()),
        ),
        (
            "body-document-short",
            "a document of 15 bytes",
            first_replaced(&right, &id, &[&[0x4f][..], &document.0[1..]].concat()),
        ),
        ("body-null", "no body", part(BODY, &right[BODY..], &[0xf6])),
    ];
    let mut samples: Vec<Sample> = cases
        .into_iter()
        .map(|(name, about, bytes)| sample(format!("refused-{name}"), about, &bytes).refused(Rule::Malformed))
        .collect();
    samples.extend(spoilt_values());
    let fields = json!({ "kind": "statement", "zeroes": limits::STATEMENT + 1 });
    samples.push(Sample::new("refused-too-long", "a byte longer than any", fields).refused(Rule::TooLarge));
    samples
}

fn part_of(whole: &[u8], from: usize, part: &[u8], by: &[u8]) -> Vec<u8> {
    assert!(whole[from..].starts_with(part));
    [&whole[..from], by, &whole[from + part.len()..]].concat()
}

fn encoded<T: Encode<()>>(value: &T) -> Vec<u8> {
    cbor::encode(value)
}

/// Values that no field has.
fn spoilt_values() -> Vec<Sample> {
    let bytes_of = |name: &str| {
        let (_, action) = roster_actions().into_iter().find(|(n, _)| *n == name).unwrap();
        encoded(&roster(action, vec![]))
    };
    let (role, revoke, reseal) = (
        bytes_of("change-role"),
        bytes_of("revoke-device"),
        bytes_of("reseal"),
    );
    let (device, policy) = (bytes_of("add-device"), bytes_of("set-policy"));
    let member = member("bruno");
    let role_of = |role: &[u8]| [&[0x82, 0x50][..], member.as_bytes(), role].concat();
    let of = Device::new(2, member).id();
    let revoking = |flag: &[u8]| [&[0x58, 0x20][..], of.as_bytes(), flag].concat();
    let reseals = |action: &[u8]| [&[0x81][..], action, &[0x80]].concat();
    // The general sealing key's head: 1 + 1216 bytes, the algorithm first.
    let sealing = [0x59, 0x04, 0xc1, 0x01];
    let witness = [&[0x78, 0x1d][..], b"witness.example+aabbccdd+AWl0"].concat();
    let sealed = encoded(&roster(RosterAction::Reseal, sealings()));
    let reference = encoded(&sealings()[0].to);
    let cases: Vec<(&str, &str, Vec<u8>)> = vec![
        (
            "role",
            "a role that there is not",
            replaced(&role, &role_of(&[0x03]), &role_of(&[0x04])),
        ),
        (
            "role-as-array",
            "a role as an array",
            replaced(&role, &role_of(&[0x03]), &role_of(&[0x81, 0x03])),
        ),
        (
            "flag",
            "1 in place of true",
            replaced(&revoke, &revoking(&[0xf5]), &revoking(&[0x01])),
        ),
        (
            "flag-null",
            "null in place of true",
            replaced(&revoke, &revoking(&[0xf5]), &revoking(&[0xf6])),
        ),
        (
            "action",
            "an action that there is not",
            replaced(
                &reseal,
                &reseals(&[0x82, 0x0b, 0x80]),
                &reseals(&[0x82, 0x10, 0x80]),
            ),
        ),
        (
            "action-bare",
            "an action without its fields",
            replaced(&reseal, &reseals(&[0x82, 0x0b, 0x80]), &reseals(&[0x0b])),
        ),
        (
            "action-field",
            "a field of an action that has none",
            replaced(
                &reseal,
                &reseals(&[0x82, 0x0b, 0x80]),
                &reseals(&[0x82, 0x0b, 0x81, 0x00]),
            ),
        ),
        (
            "sealing-key-algorithm",
            "a sealing key of another kind",
            first_replaced(&device, &sealing, &[0x59, 0x04, 0xc1, 0x02]),
        ),
        ("sealing-key-length", "a sealing key that is a byte short", {
            let at = (0..device.len())
                .find(|at| device[*at..].starts_with(&sealing))
                .unwrap();
            [&device[..at], &[0x59, 0x04, 0xc0, 0x01], &device[at + 5..]].concat()
        }),
        (
            "signature-algorithm",
            "a signature of another kind",
            replaced(&device, &[0x58, 0x41, 0x01], &[0x58, 0x41, 0x02]),
        ),
        (
            "text-not-utf8",
            "text that is not UTF-8",
            replaced(
                &policy,
                &witness,
                &[&[0x78, 0x1d, 0xff][..], &witness[3..]].concat(),
            ),
        ),
        (
            "text-as-bytes",
            "bytes in place of text",
            replaced(&policy, &witness, &[&[0x58][..], &witness[1..]].concat()),
        ),
        (
            "key-name",
            "a key that there is not",
            first_replaced(
                &sealed,
                &reference,
                &[&[0x82, 0x05][..], &reference[2..]].concat(),
            ),
        ),
        (
            "key-name-long",
            "a key's kind in two bytes",
            first_replaced(
                &sealed,
                &reference,
                &[&[0x82, 0x18, 0x00][..], &reference[2..]].concat(),
            ),
        ),
    ];
    cases
        .into_iter()
        .map(|(name, about, bytes)| {
            sample(format!("refused-value-{name}"), about, &bytes).refused(Rule::Malformed)
        })
        .collect()
}
