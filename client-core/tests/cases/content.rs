//! What payloads hold once they are opened, an exported ledger, and what is said through an intake link.

use serde_json::Value;
use troth_client_core::content::{Edits, Whole};
use troth_client_core::crypto::IntakeContext;
use troth_client_core::export::Export;
use troth_client_core::intake::{Answered, Asking, Copied, Draft, Said, Spoken};
use troth_protocol::cbor;
use troth_protocol::checkpoint::CompactCheckpoint;
use troth_protocol::entry::{Leaf, Signed};
use troth_protocol::ids::{DocumentId, Hash, InviteId, PracticeId, VerifyingKey};
use troth_protocol::signature::Signature;
use troth_protocol::statement::{InvitePayload, SubmissionKind};
use troth_protocol::wire::{EntryItem, Item, RootsItem};

use super::{Case, Outcome, named, run};

/// The value that a case describes has its bytes for its one encoding, and they say nothing else.
fn is<T>(case: &Case, described: impl FnOnce() -> T) -> Outcome
where
    T: PartialEq + minicbor::Encode<()> + for<'b> minicbor::Decode<'b, ()>,
{
    let bytes = case.bytes("bytes");
    let value: T = cbor::decode(&bytes).map_err(named)?;
    let described = described();
    assert_eq!(
        cbor::encode(&described),
        bytes,
        "the encoding of what is described"
    );
    assert!(value == described, "what the bytes say");
    Ok(())
}

impl Case {
    fn list(&self, name: &str) -> Vec<Self> {
        let list = self.0[name].as_array();
        let list = list.unwrap_or_else(|| panic!("no list {name:?}"));
        list.iter()
            .map(|item| Self(serde_json::json!({ "item": item })))
            .collect()
    }

    fn checkpoint(&self) -> CompactCheckpoint {
        CompactCheckpoint {
            size: self.number("size"),
            root: Hash(self.array("root")),
            signature: self.array("signature"),
        }
    }

    fn texts(&self, name: &str) -> Vec<String> {
        let list = self.list(name);
        list.iter().map(|item| item.text("item").to_owned()).collect()
    }

    fn said(&self) -> Said {
        match self.text("said") {
            "answers" => Said::Answers {
                response: self.bytes("response").into(),
                language: self.text("language").to_owned(),
            },
            "withdraw" => Said::Withdraw {
                consents: self.texts("consents"),
            },
            "copy" => Said::Copy,
            "erase" => Said::Erase,
            other => panic!("nobody says {other:?}"),
        }
    }

    fn context(&self) -> IntakeContext {
        let context = self.within("context");
        IntakeContext {
            practice: PracticeId(context.array("practice")),
            document: DocumentId(context.array("document")),
            invite: InviteId(context.array("invite")),
        }
    }
}

fn changes(case: &Case) -> Vec<minicbor::bytes::ByteVec> {
    let changes = case.list("changes");
    changes.iter().map(|change| change.bytes("item").into()).collect()
}

fn item(case: &Case) -> Item {
    let case = case.within("item");
    if case.has("roots") {
        return Item::Roots(RootsItem {
            entries: case.number("entries"),
            roots: case.bytes("roots"),
        });
    }
    let leaf = Leaf {
        received: case.number("received"),
        stream_seq: case.number("stream_seq"),
        signed: Signed {
            statement: case.bytes("statement"),
            signature: Signature::Ed25519(case.array("signature")),
        },
    };
    Item::Entry(EntryItem { leaf, payload: None })
}

fn export(case: &Case) -> Outcome {
    let bytes = case.bytes("bytes");
    let read: Export = cbor::decode(&bytes).map_err(named)?;
    let described = Export {
        version: u8::try_from(case.number("version")).unwrap(),
        practice: PracticeId(case.array("practice")),
        origin: case.text("origin").to_owned(),
        items: case.list("items").iter().map(item).collect(),
        checkpoint: case.within("checkpoint").checkpoint(),
    };
    assert_eq!(cbor::encode(&described), bytes);
    assert_eq!(read.items, described.items);
    Ok(())
}

fn answered(case: &Case) -> Answered {
    match case.text("answered") {
        "copy" => {
            let copied = case.list("copied");
            let copied = copied.iter().map(|item| {
                let item = item.within("item");
                Copied {
                    received: item.number("received"),
                    said: item.said(),
                }
            });
            Answered::Copy(copied.collect())
        }
        "erased" => Answered::Erased(case.number("position")),
        "done" => Answered::Done,
        other => panic!("nobody answers {other:?}"),
    }
}

fn spoken(case: &Case) -> Outcome {
    let spoken = Spoken::decode(&case.bytes("bytes")).map_err(named)?;
    let kind = match case.text("submission") {
        "answers" => SubmissionKind::Answers,
        "copy" => SubmissionKind::Copy,
        other => panic!("no case submits {other:?}"),
    };
    let verified = spoken.verify(&case.context(), kind, case.number("sequence"));
    let (said, _) = verified.map_err(named)?;
    assert_eq!(said, case.said());
    assert_eq!(spoken.client, VerifyingKey(case.array("client")));
    assert_eq!(spoken.at_ms, case.number("at_ms"));
    assert_eq!(spoken.encode(), case.bytes("bytes"));
    Ok(())
}

#[test]
fn content() {
    run("content", |case| match case.text("kind") {
        "edits" => is(case, || Edits {
            gossip: Some(case.within("gossip"))
                .filter(|gossip| gossip.0 != Value::Null)
                .map(|gossip| gossip.checkpoint()),
            changes: changes(case),
        }),
        "whole" => is(case, || Whole {
            heads: case
                .list("heads")
                .iter()
                .map(|head| head.array::<32>("item").into())
                .collect(),
            changes: changes(case),
        }),
        "export" => export(case),
        "invite_payload" => is(case, || InvitePayload {
            form: case.bytes("form").into(),
            keys: case.bytes("keys").into(),
        }),
        "asking" => is(case, || Asking {
            recipient: case.bytes("recipient").into(),
            ledger_key: VerifyingKey(case.array("ledger_key")),
            origin: case.text("origin").to_owned(),
            practice: case.text("practice").to_owned(),
            asker: case.text("asker").to_owned(),
            readers: case.texts("readers"),
            form: case.bytes("form").into(),
        }),
        "said" => is(case, || case.said()),
        "answered" => is(case, || answered(case)),
        "draft" => is(case, || Draft {
            response: case.bytes("response").into(),
            sent: case.0["sent"].as_u64(),
        }),
        "spoken" => spoken(case),
        other => panic!("no content is {other:?}"),
    });
}
