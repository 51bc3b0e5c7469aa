//! Signed statements with their payloads, and the leaves that commit to them.

use serde_json::{Value, json};
use troth_protocol::cbor;
use troth_protocol::entry::{Leaf, Signed};
use troth_protocol::ids::PracticeId;
use troth_protocol::keys::SealedKeys;
use troth_protocol::labels;
use troth_protocol::rule::Rule;
use troth_protocol::signature::Signature;
use troth_protocol::statement::{Body, PayloadRef, Statement};

use crate::practice::{Practice, founding, genesis, public, sealed, signed, signing_key};
use crate::sample_statements::{device, name_of, plain_change};
use crate::spoil::{cut, followed, replaced};
use crate::{Sample, hex};

const PRACTICE: PracticeId = PracticeId([0x11; 32]);

fn entry(signed: &Signed, payload: &[u8]) -> Value {
    json!({
        "kind": "entry",
        "practice": hex(PRACTICE.as_bytes()),
        "key": hex(public(&device().key).as_bytes()),
        "bytes": hex(&signed.statement),
        "signature": hex(&cbor::encode(&signed.signature)),
        "payload": hex(payload),
    })
}

fn of_kind(kind: &str, bytes: &[u8]) -> Value {
    json!({ "kind": kind, "bytes": hex(bytes) })
}

fn founded(statement: &Statement, practice: &PracticeId) -> Vec<u8> {
    cbor::encode(&signed(&device().key, practice, statement))
}

pub fn all() -> Vec<Sample> {
    [entries(), sealed_keys(), geneses(), leaves(), device_keys()]
        .into_iter()
        .flatten()
        .collect()
}

fn entries() -> Vec<Sample> {
    let (statement, payload) = (plain_change(), b"sealed edit");
    let right = signed(&device().key, &PRACTICE, &statement);
    let by = |key, context, practice| Signed {
        signature: Signature::sign(key, context, practice, &right.statement),
        ..right.clone()
    };
    let Signature::Ed25519(bytes) = right.signature;
    // The same signature with the group's order added to its scalar: RFC 8032 refuses it, older rules did not.
    let mut longer = bytes;
    let order: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut carry = 0u16;
    for (byte, more) in longer[32..].iter_mut().zip(order) {
        carry += u16::from(*byte) + u16::from(more);
        *byte = carry as u8;
        carry >>= 8;
    }
    let mut altered = right.clone();
    altered.statement = replaced(&altered.statement, &[0x19, 0x01, 0x2c], &[0x19, 0x01, 0x2d]);
    let spelt = |signature: &[u8]| {
        let mut fields = entry(&right, payload);
        fields["signature"] = hex(signature);
        fields
    };
    let tagged = cbor::encode(&right.signature);
    let mut another_kind = tagged.clone();
    another_kind[2] = 2;
    let bare = [&[0x58, 0x40][..], &bytes].concat();
    let refused = |name: &str, about: &str, fields: Value, rule| {
        Sample::new(format!("refused-{name}"), about, fields).refused(rule)
    };
    let mut empty = statement.clone();
    empty.payload = Some(PayloadRef {
        digest: troth_protocol::ids::Hash::of(&[]),
        length: 0,
    });
    let empty = signed(&device().key, &PRACTICE, &empty);
    let mut misnamed = statement.clone();
    misnamed.payload = misnamed.payload.map(|p| PayloadRef {
        length: p.length + 1,
        ..p
    });
    let misnamed = signed(&device().key, &PRACTICE, &misnamed);
    let with = |signed: &Signed| entry(signed, payload);
    use Rule::{BadSignature, Malformed, PayloadMismatch};
    vec![
        Sample::new(
            "entry",
            "a statement, its signature and its payload",
            with(&right),
        ),
        refused(
            "altered",
            "a sequence number that was not signed",
            with(&altered),
            BadSignature,
        ),
        refused(
            "by-another",
            "signed by another device",
            with(&by(&signing_key(50), labels::STATEMENT, &PRACTICE)),
            BadSignature,
        ),
        refused(
            "elsewhere",
            "signed for another practice",
            with(&by(&device().key, labels::STATEMENT, &PracticeId([0x12; 32]))),
            BadSignature,
        ),
        refused(
            "other-context",
            "signed as counts",
            with(&by(&device().key, labels::COUNTS, &PRACTICE)),
            BadSignature,
        ),
        refused(
            "malleable",
            "a scalar beyond the group's order",
            with(&Signed {
                signature: Signature::Ed25519(longer),
                ..right.clone()
            }),
            BadSignature,
        ),
        refused(
            "zero-signature",
            "a signature of zeroes",
            with(&Signed {
                signature: Signature::Ed25519([0; 64]),
                ..right.clone()
            }),
            BadSignature,
        ),
        refused(
            "signature-kind",
            "a signature of another kind",
            spelt(&another_kind),
            Malformed,
        ),
        refused(
            "signature-bare",
            "a signature without its kind",
            spelt(&bare),
            Malformed,
        ),
        refused(
            "signature-long",
            "a byte after the signature",
            spelt(&followed(&tagged, &[0])),
            Malformed,
        ),
        refused(
            "signature-short",
            "a signature that is cut off",
            spelt(&cut(&tagged, 1)),
            Malformed,
        ),
        refused(
            "other-payload",
            "another payload of that length",
            entry(&right, b"sealed edis"),
            PayloadMismatch,
        ),
        refused(
            "longer-payload",
            "the payload and more",
            entry(&right, b"sealed edit "),
            PayloadMismatch,
        ),
        refused(
            "no-payload",
            "no payload where one is named",
            entry(&right, b""),
            PayloadMismatch,
        ),
        refused(
            "empty-payload",
            "a payload of nothing, named",
            entry(&empty, b""),
            PayloadMismatch,
        ),
        refused(
            "payload-length",
            "a payload's digest with another length",
            with(&misnamed),
            PayloadMismatch,
        ),
    ]
}

fn sealed_keys() -> Vec<Sample> {
    let founding = founding(genesis(&device(), &signing_key(9)));
    let Body::Genesis(body) = &founding.body else {
        unreachable!()
    };
    let right = sealed(&body.sealings);
    let with = |payload: &[u8]| {
        let mut statement = founding.clone();
        statement.payload = PayloadRef::of(payload);
        entry(&signed(&device().key, &PRACTICE, &statement), payload)
    };
    let three = cbor::encode(&SealedKeys(vec![vec![1].into(); 3]));
    vec![
        Sample::new("sealed-keys", "as many sealed keys as are listed", with(&right)),
        Sample::new(
            "refused-sealed-keys-fewer",
            "a sealed key less than is listed",
            with(&three),
        )
        .refused(Rule::Sealings),
        Sample::new(
            "refused-sealed-keys-after",
            "a byte after the sealed keys",
            with(&followed(&right, &[0])),
        )
        .refused(Rule::Malformed),
        Sample::new(
            "refused-sealed-keys-none",
            "no sealed keys but noise",
            with(b"noise"),
        )
        .refused(Rule::Malformed),
    ]
}

fn geneses() -> Vec<Sample> {
    let right = founding(genesis(&device(), &signing_key(9)));
    let sample =
        |name: &str, about: &str, bytes: Vec<u8>| Sample::new(name, about, of_kind("genesis", &bytes));
    let with = |change: &dyn Fn(&mut troth_protocol::statement::Genesis)| {
        let mut body = genesis(&device(), &signing_key(9));
        change(&mut body);
        founded(&founding(body), &PracticeId::ZERO)
    };
    let bytes = founded(&right, &PracticeId::ZERO);
    let itself = PracticeId(name_of(&right).0);
    vec![
        sample(
            "genesis",
            "founds the practice that its hash names",
            bytes.clone(),
        ),
        sample(
            "refused-genesis-elsewhere",
            "signed under its own practice's id",
            founded(&right, &itself),
        )
        .refused(Rule::BadSignature),
        sample(
            "refused-genesis-version",
            "of a version to come",
            with(&|g| g.version = 2),
        )
        .refused(Rule::Version),
        sample(
            "refused-genesis-algorithm",
            "by a device with other signatures",
            with(&|g| g.device.algorithm = 2),
        )
        .refused(Rule::Version),
        sample(
            "refused-genesis-origin",
            "an origin with a path",
            with(&|g| g.origin = "relay.example/a".into()),
        )
        .refused(Rule::Malformed),
        sample(
            "refused-genesis-sealings",
            "a key that is sealed to nobody",
            with(&|g| g.sealings.truncate(3)),
        )
        .refused(Rule::Sealings),
        sample(
            "refused-genesis-edit",
            "an edit",
            founded(&plain_change(), &PracticeId::ZERO),
        )
        .refused(Rule::Genesis),
        sample(
            "refused-genesis-third",
            "a third part beside statement and signature",
            {
                let mut bytes = followed(&bytes, &[0]);
                bytes[0] = 0x83;
                bytes
            },
        )
        .refused(Rule::Malformed),
    ]
}

fn leaves() -> Vec<Sample> {
    let (practice, _) = Practice::found();
    let of_genesis = practice.entries[0].leaf.encode();
    let signed = signed(&device().key, &PRACTICE, &plain_change());
    let leaf = Leaf {
        received: 1_800_000_000_000,
        stream_seq: 23,
        signed,
    };
    let bytes = leaf.encode();
    let latest = Leaf {
        received: u64::MAX,
        stream_seq: u64::MAX,
        ..leaf
    };
    let sample = |name: &str, about: &str, bytes: &[u8]| Sample::new(name, about, of_kind("leaf", bytes));
    let refused = |name: &str, about: &str, bytes: &[u8]| {
        sample(&format!("refused-leaf-{name}"), about, bytes).refused(Rule::Malformed)
    };
    // The head (1 byte), the time (9), the count (1).
    assert_eq!((bytes[0], bytes[1], bytes[10]), (0x83, 0x1b, 23));
    vec![
        sample("leaf", "an edit's leaf", &bytes),
        sample("leaf-latest", "at the end of time", &latest.encode()),
        sample("leaf-genesis", "the first leaf of a ledger", &of_genesis),
        refused("after", "a byte after it", &followed(&bytes, &[0])),
        refused(
            "long-count",
            "the count in two bytes",
            &[&bytes[..10], &[0x18, 23], &bytes[11..]].concat(),
        ),
        refused(
            "fourth",
            "a fourth field",
            &followed(&[&[0x84], &bytes[1..]].concat(), &[0]),
        ),
        refused("map", "a map", &[&[0xa1], &bytes[1..]].concat()),
        refused("cut", "cut off", &cut(&bytes, 1)),
        refused("empty", "nothing", &[]),
    ]
}

fn device_keys() -> Vec<Sample> {
    let bytes = cbor::encode(&device().keys);
    let with_tag = |at: usize, tag| {
        let mut bytes = bytes.clone();
        bytes[at] = tag;
        bytes
    };
    // The head (1), the algorithm (1), the signing key (2 + 32), the sealing key's head (3).
    assert_eq!(bytes[36..40], [0x59, 0x04, 0xc1, 1]);
    let mut odd = device().keys;
    odd.algorithm = 9;
    vec![
        Sample::new(
            "device-keys",
            "a device's id from its keys",
            of_kind("device-keys", &bytes),
        ),
        Sample::new(
            "device-keys-algorithm",
            "read, but founded and enrolled by nobody",
            of_kind("device-keys", &cbor::encode(&odd)),
        ),
        Sample::new(
            "refused-device-keys-kind",
            "a sealing key of another kind",
            of_kind("device-keys", &with_tag(39, 2)),
        )
        .refused(Rule::Malformed),
        Sample::new(
            "refused-device-keys-after",
            "a byte after them",
            of_kind("device-keys", &followed(&bytes, &[0])),
        )
        .refused(Rule::Malformed),
    ]
}
