//! Every file in `vectors/message`: what is signed under notes and consents, byte for byte.

use data_encoding::HEXLOWER;
use serde_json::Value;
use troth_protocol::ids::DocumentId;

use super::{ShareConsent, unsigned};
use crate::document::{NewNote, Signature};

fn bytes(case: &Value, name: &str) -> Vec<u8> {
    HEXLOWER.decode(case[name].as_str().unwrap().as_bytes()).unwrap()
}

fn text(case: &Value, name: &str) -> String {
    case[name].as_str().unwrap().to_owned()
}

#[test]
fn every_message_is_signed_as_it_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/message");
    let mut kinds = std::collections::BTreeSet::new();
    for file in std::fs::read_dir(path).unwrap() {
        let file = file.unwrap().path();
        let case: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        let message = match case["kind"].as_str().unwrap() {
            "note" => {
                let note = NewNote {
                    author: text(&case, "author"),
                    created_ms: case["created_ms"].as_u64().unwrap(),
                    template: text(&case, "template"),
                    text: text(&case, "text"),
                };
                let id = bytes(&case, "note").try_into().unwrap();
                Signature::message(id, &note, &text(&case, "signer"), case["at_ms"].as_u64().unwrap())
            }
            "consent" => {
                let consent: ShareConsent = serde_json::from_value(case["consent"].clone()).unwrap();
                // What was signed is not changed by the signature's being there.
                let signed = ShareConsent {
                    proof: "5e".repeat(64),
                    ..consent
                };
                let joint = DocumentId(bytes(&case, "joint").try_into().unwrap());
                [joint.as_bytes(), &unsigned(&signed)[..]].concat()
            }
            other => panic!("no message is of {other:?}"),
        };
        assert_eq!(message, bytes(&case, "bytes"), "{}", file.display());
        kinds.insert(text(&case, "kind"));
    }
    assert_eq!(kinds.len(), 2);
}
