//! Every file in `vectors/mailbox`: what linking and inviting put into mailboxes, byte for byte.

use data_encoding::HEXLOWER;
use minicbor::{Decode, Encode};
use serde_json::Value;
use troth_protocol::cbor;
use troth_protocol::ids::{Hash, MemberId, PracticeId, VerifyingKey};
use troth_protocol::keys::DeviceKeys;
use troth_protocol::rule::Rule;
use troth_protocol::signature::Signature;
use troth_protocol::statement::CheckpointRef;

use super::{Claim, Greeting, Number, Outcome, Over, Request};
use crate::device::link::{Answer, Replacing};

fn bytes(case: &Value, name: &str) -> Vec<u8> {
    let text = case[name].as_str().unwrap_or_else(|| panic!("no {name:?}"));
    HEXLOWER.decode(text.as_bytes()).unwrap()
}

fn array<const N: usize>(case: &Value, name: &str) -> [u8; N] {
    bytes(case, name).try_into().unwrap()
}

fn text(case: &Value, name: &str) -> String {
    case[name].as_str().unwrap().to_owned()
}

fn device(case: &Value, name: &str) -> DeviceKeys {
    cbor::decode(&bytes(case, name)).unwrap()
}

fn answer(case: &Value) -> Answer {
    let generation = |at: usize| u32::try_from(case["generations"][at].as_u64().unwrap()).unwrap();
    Answer {
        practice: PracticeId(array(case, "practice")),
        member: MemberId(array(case, "member")),
        origin: text(case, "origin"),
        ledger_key: VerifyingKey(array(case, "ledger_key")),
        checkpoint: CheckpointRef {
            size: case["size"].as_u64().unwrap(),
            root: Hash(array(case, "root")),
        },
        recovery: case.get("admin").map(|_| Replacing {
            admin: device(case, "admin"),
            generations: [generation(0), generation(1)],
        }),
    }
}

fn outcome(case: &Value) -> Outcome {
    match case["outcome"].as_str().unwrap() {
        "admitted" => Outcome::Admitted(Box::new(answer(case))),
        "turned_away" => Outcome::TurnedAway,
        "closed" => Outcome::Over(Over::Closed),
        "expired" => Outcome::Over(Over::Expired),
        "not_permitted" => Outcome::Over(Over::NotPermitted),
        "failed" => Outcome::Over(Over::Failed),
        other => panic!("no outcome is {other:?}"),
    }
}

/// The value that a case describes has its bytes for its one encoding, and they are read.
fn is<T>(case: &Value, described: impl FnOnce() -> T) -> Result<(), Rule>
where
    T: Encode<()> + for<'b> Decode<'b, ()>,
{
    let bytes = bytes(case, "bytes");
    let read: T = cbor::decode(&bytes)?;
    assert_eq!(cbor::encode(&described()), bytes, "{case}");
    assert_eq!(cbor::encode(&read), bytes, "{case}");
    Ok(())
}

#[test]
fn every_mailbox_vector_comes_out_as_it_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/mailbox");
    let (mut accepted, mut refused) = (0, 0);
    for file in std::fs::read_dir(path).unwrap() {
        let case: Value = serde_json::from_slice(&std::fs::read(file.unwrap().path()).unwrap()).unwrap();
        let case = &case;
        let came = match case["kind"].as_str().unwrap() {
            "greeting" => is(case, || Greeting {
                device: device(case, "device"),
                commitment: array(case, "commitment"),
            }),
            "number" => is(case, || Number {
                device: device(case, "device"),
                nonce: array(case, "nonce"),
            }),
            "request" => is(case, || Request {
                nonce: array(case, "nonce"),
                token: array(case, "token"),
                name: text(case, "name"),
                device_name: text(case, "device_name"),
                claim: bytes(case, "claim").into(),
            }),
            "claim" => is(case, || Claim {
                newcomer: bytes(case, "newcomer").into(),
                signature: Signature::Ed25519(array(case, "signature")),
            }),
            "answer" => is(case, || answer(case)),
            "outcome" => is(case, || outcome(case)),
            other => panic!("nothing in a mailbox is {other:?}"),
        };
        let came = came.map_or_else(|rule| format!("{rule:?}"), |()| "accepted".to_owned());
        assert_eq!(came, case["expect"].as_str().unwrap(), "{case}");
        *(if came == "accepted" {
            &mut accepted
        } else {
            &mut refused
        }) += 1;
    }
    assert!(accepted > 0 && refused > 0);
}
