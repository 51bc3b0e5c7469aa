//! Every file in `vectors/statements`, `vectors/entries` and `vectors/wire` states what must come of it.
//!
//! `UPDATE_VECTORS=1` writes them anew from `samples/`, the same each time. A change of a file that is there already is a
//! change of the protocol.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on must stop"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use troth_protocol::cbor;
use troth_protocol::counts::{SignedCounts, digest};
use troth_protocol::entry::{Leaf, Parsed, Signed};
use troth_protocol::ids::{Hash, PracticeId, VerifyingKey};
use troth_protocol::keys::DeviceKeys;
use troth_protocol::rule::Rule;
use troth_protocol::signature::Signature;
use troth_protocol::state::{State, sealed_keys, verify_genesis};
use troth_protocol::statement::Statement;
use troth_protocol::stream::Stream;
use troth_protocol::tree::leaf_hash;
use troth_protocol::wire::{self, ClientMessage, Hello, RelayMessage, Transcript};

#[path = "common/people.rs"]
mod people;
#[path = "common/practice.rs"]
mod practice;
#[path = "common/records.rs"]
mod records;
#[path = "samples/entries.rs"]
mod sample_entries;
#[path = "samples/statements.rs"]
mod sample_statements;
#[path = "samples/wire.rs"]
mod sample_wire;
#[path = "common/sealings.rs"]
mod sealings;
#[path = "samples/spoil.rs"]
mod spoil;
#[path = "samples/spoilt_statements.rs"]
mod spoilt_statements;
#[path = "samples/spoilt_wire.rs"]
mod spoilt_wire;
#[path = "samples/summary.rs"]
mod summary;

/// What is to be judged: a file's name, what it is about, and the fields that its kind has.
pub struct Sample {
    name: String,
    about: String,
    fields: Value,
    /// The number of the rule, where it is refused.
    refused: Option<u16>,
}

impl Sample {
    fn new(name: impl Into<String>, about: impl Into<String>, fields: Value) -> Self {
        Self {
            name: name.into(),
            about: about.into(),
            fields,
            refused: None,
        }
    }

    fn refused(mut self, rule: Rule) -> Self {
        self.refused = Some(rule.number());
        self
    }
}

/// Bytes as a vector holds them: in hexadecimal.
pub fn hex(bytes: &[u8]) -> Value {
    HEXLOWER.encode(bytes).into()
}

fn bytes(vector: &Value, field: &str) -> Vec<u8> {
    // What is refused for its length alone need not be written out.
    match vector.get("zeroes").and_then(Value::as_u64) {
        Some(count) if field == "bytes" => vec![0; count as usize],
        _ => HEXLOWER
            .decode(vector[field].as_str().unwrap().as_bytes())
            .unwrap(),
    }
}

fn practice_of(vector: &Value) -> PracticeId {
    PracticeId::from_slice(&bytes(vector, "practice")).unwrap()
}

fn key_of(vector: &Value) -> VerifyingKey {
    VerifyingKey::from_slice(&bytes(vector, "key")).unwrap()
}

fn decoded<T>(vector: &Value) -> Result<T, Rule>
where
    T: minicbor::Encode<()> + for<'b> minicbor::Decode<'b, ()>,
{
    let bytes = bytes(vector, "bytes");
    let value: T = cbor::decode(&bytes)?;
    assert_eq!(cbor::encode(&value), bytes);
    Ok(value)
}

/// What comes of a vector.
fn judge(vector: &Value) -> Result<Value, Rule> {
    match vector["kind"].as_str().unwrap() {
        "statement" => {
            let bytes = bytes(vector, "bytes");
            let signature = Signature::Ed25519([0; 64]);
            let parsed = Parsed::parse(Signed {
                statement: bytes.clone(),
                signature,
            })?;
            assert_eq!(cbor::encode(parsed.statement()), bytes);
            Ok(summary::statement(parsed.statement(), &parsed.hash()))
        }
        "entry" => {
            let signed = Signed {
                statement: bytes(vector, "bytes"),
                signature: cbor::decode(&bytes(vector, "signature"))?,
            };
            let parsed = Parsed::parse(signed)?;
            let payload = bytes(vector, "payload");
            parsed.check_payload(&payload)?;
            let statement: &Statement = parsed.statement();
            let sealed = match statement.sealings() {
                [] => 0,
                _ => sealed_keys(statement, &payload)?.0.len(),
            };
            let hash = parsed.verify(&key_of(vector), &practice_of(vector))?.hash();
            Ok(json!({ "hash": hash.to_string(), "sealed_keys": sealed }))
        }
        "genesis" => {
            let parsed = Parsed::parse(decoded(vector)?)?;
            let state = State::found(0, &verify_genesis(parsed)?)?;
            Ok(json!({
                "practice": state.practice().to_string(),
                "ledger_origin": state.roster.ledger_origin(),
            }))
        }
        "leaf" => {
            let leaf: Leaf = decoded(vector)?;
            Ok(json!({
                "received": leaf.received,
                "stream_seq": leaf.stream_seq,
                "statement": Hash::of(&[&leaf.signed.statement]).to_string(),
                "leaf_hash": leaf_hash(&leaf.encode()).to_string(),
            }))
        }
        "device-keys" => {
            let keys: DeviceKeys = decoded(vector)?;
            Ok(json!({ "device": keys.id().to_string(), "log": hex(&Stream::device(&keys.id()).key()) }))
        }
        "client" => {
            let frame = bytes(vector, "bytes");
            let message: ClientMessage = wire::message(&frame)?;
            assert_eq!(wire::frame(&message), frame);
            Ok(summary::client(&message))
        }
        "relay" => {
            let frame = bytes(vector, "bytes");
            let message: RelayMessage = wire::message(&frame)?;
            assert_eq!(wire::frame(&message), frame);
            Ok(summary::relay(&message))
        }
        "handshake" => {
            let hello: ClientMessage = wire::message(&bytes(vector, "hello"))?;
            let challenge: RelayMessage = wire::message(&bytes(vector, "challenge"))?;
            let (ClientMessage::Hello(hello), RelayMessage::Challenge(challenge)) = (hello, challenge) else {
                return Err(Rule::OutOfOrder);
            };
            let hello: Hello = hello;
            let transcript = Transcript::verify(hello, &challenge, &key_of(vector))?;
            Ok(json!({ "transcript": transcript.hash().to_string() }))
        }
        "counts" => {
            let signed: SignedCounts = decoded(vector)?;
            let counts = signed.verify(&practice_of(vector), &key_of(vector))?;
            Ok(
                json!({ "beat": counts.beat, "size": counts.checkpoint.size, "digest": counts.digest.to_string() }),
            )
        }
        "stream-counts" => {
            let counts: BTreeMap<Stream, u64> = decoded(vector)?;
            Ok(json!({ "digest": digest(&counts).to_string() }))
        }
        other => panic!("no vector is of kind {other}"),
    }
}

fn directory(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(name)
}

fn outcome(vector: &Value) -> Value {
    match judge(vector) {
        Ok(summary) => json!({ "accept": summary }),
        Err(rule) => json!({ "reject": format!("R{}", rule.number()) }),
    }
}

/// Writes a directory anew.
fn update(name: &str, samples: &[Sample]) {
    let directory = directory(name);
    fs::create_dir_all(&directory).unwrap();
    for file in fs::read_dir(&directory).unwrap() {
        fs::remove_file(file.unwrap().path()).unwrap();
    }
    for sample in samples {
        let mut vector = json!({ "about": sample.about });
        for (field, value) in sample.fields.as_object().unwrap() {
            vector[field] = value.clone();
        }
        let expected = match sample.refused {
            Some(number) => json!({ "reject": format!("R{number}") }),
            None => outcome(&vector),
        };
        assert!(
            sample.refused.is_some() || expected.get("accept").is_some(),
            "{}",
            sample.name
        );
        vector["expect"] = expected;
        let text = serde_json::to_string_pretty(&vector).unwrap() + "\n";
        fs::write(directory.join(format!("{}.json", sample.name)), text).unwrap();
    }
}

fn every_vector(name: &str, samples: Vec<Sample>, least: [usize; 2]) {
    let names: BTreeSet<&str> = samples.iter().map(|s| &*s.name).collect();
    assert_eq!(names.len(), samples.len(), "a name stands twice");
    if std::env::var_os("UPDATE_VECTORS").is_some() {
        update(name, &samples);
    }
    let mut outcomes = [0, 0];
    for file in fs::read_dir(directory(name)).unwrap() {
        let path = file.unwrap().path();
        let vector: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let outcome = outcome(&vector);
        outcomes[usize::from(outcome.get("reject").is_some())] += 1;
        assert_eq!(outcome, vector["expect"], "{path:?}: {}", vector["about"]);
    }
    assert!(
        outcomes[0] >= least[0] && outcomes[1] >= least[1],
        "vectors are missing: {outcomes:?} accepted and rejected"
    );
    // What is written today is what was written then.
    for sample in samples {
        let path = directory(name).join(format!("{}.json", sample.name));
        let vector: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        for (field, value) in sample.fields.as_object().unwrap() {
            assert_eq!(vector[field], *value, "{path:?}: {field}");
        }
    }
}

#[test]
fn every_statement_vector_comes_out_as_it_says() {
    every_vector("statements", sample_statements::all(), [44, 55]);
}

#[test]
fn every_entry_vector_comes_out_as_it_says() {
    every_vector("entries", sample_entries::all(), [8, 33]);
}

#[test]
fn every_wire_vector_comes_out_as_it_says() {
    every_vector("wire", sample_wire::all(), [28, 35]);
}
