//! Every message.
// Long because every message has its sample here.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use troth_protocol::checkpoint::{Checkpoint, CompactCheckpoint};
use troth_protocol::counts::{Counts, SignedCounts, digest};
use troth_protocol::entry::Leaf;
use troth_protocol::evidence::Placed;
use troth_protocol::ids::{DeviceId, DocumentId, InviteId, Nonce, PracticeId};
use troth_protocol::labels;
use troth_protocol::rule::Rule;
use troth_protocol::signature::Signature;
use troth_protocol::statement::{Body, CheckpointRef, Roster, RosterAction, Session};
use troth_protocol::stream::Stream;
use troth_protocol::wire::*;

use crate::practice::{founding, genesis, hash, payload_of, public, signed, signing_key};
use crate::sample_statements::{device, plain_change, said};
use crate::{Sample, hex};

pub const PRACTICE: PracticeId = PracticeId([0x11; 32]);

pub fn hello() -> Hello {
    Hello {
        practice: PRACTICE,
        device: device().id(),
        nonce: Nonce([0x22; 32]),
        size: 24,
    }
}

pub fn checkpoint() -> CompactCheckpoint {
    let origin = troth_protocol::checkpoint::ledger_origin("relay.example", &PRACTICE);
    let checkpoint = Checkpoint::new(origin, 1000, hash("root")).unwrap();
    checkpoint.sign_compact(&signing_key(9))
}

pub fn transcript() -> Transcript {
    Transcript::new(hello(), Nonce([0x33; 32]), "relay.example".into(), checkpoint())
}

pub fn stream_counts() -> BTreeMap<Stream, u64> {
    BTreeMap::from([
        (Stream::Roster, 3),
        (Stream::Document(DocumentId([1; 16])), 1000),
        (Stream::device(&device().id()), 24),
        (Stream::Notices, 2),
    ])
}

pub fn counts() -> SignedCounts {
    let counts = Counts {
        nonce: Nonce([0x44; 32]),
        beat: 7,
        checkpoint: CheckpointRef {
            size: 1000,
            root: hash("root"),
        },
        digest: digest(&stream_counts()),
    };
    SignedCounts::sign(counts, &PRACTICE, &signing_key(9))
}

fn witnessed() -> Witnessed {
    let origin = troth_protocol::checkpoint::ledger_origin("relay.example", &PRACTICE);
    let cosigned = Checkpoint::new(origin, 1000, hash("root")).unwrap();
    let line = cosigned
        .cosign("witness.example/w1", &signing_key(12), 1_800_000_000)
        .unwrap();
    Witnessed {
        checkpoint: checkpoint(),
        cosignatures: vec![line.to_string()],
    }
}

fn upload() -> Upload {
    let signed = signed(&device().key, &PRACTICE, &plain_change());
    Upload {
        signed,
        payload: b"sealed edit".to_vec(),
    }
}

pub fn items(counts: Option<SignedCounts>) -> Items {
    let leaf = Leaf {
        received: 1_800_000_000_000,
        stream_seq: 5,
        signed: upload().signed,
    };
    let entry = |payload: Option<&[u8]>| {
        let payload = payload.map(|p| p.to_vec().into());
        Item::Entry(EntryItem {
            leaf: leaf.clone(),
            payload,
        })
    };
    let run = |entries, roots: usize| {
        Item::Roots(RootsItem {
            entries,
            roots: vec![0x55; 32 * roots],
        })
    };
    let items = vec![entry(Some(b"sealed edit")), run(3, 2), entry(None), run(971, 8)];
    Items {
        from: 24,
        items,
        checkpoint: checkpoint(),
        counts,
    }
}

/// What a resumption calls a ledger.
const LEDGER: PracticeId = PracticeId([0x1e; 32]);

fn abandoned() -> CheckpointRef {
    CheckpointRef {
        size: 1000,
        root: hash("root"),
    }
}

fn resumption() -> Placed {
    let resumed = CheckpointRef {
        size: 900,
        root: hash("earlier root"),
    };
    let actions = vec![RosterAction::Resume {
        abandoned: abandoned(),
        resumed,
    }];
    let body = Body::Roster(Roster {
        prev: hash("head"),
        actions,
        sealings: Vec::new(),
    });
    let leaf = Leaf {
        received: 1_800_000_000_000,
        stream_seq: 7,
        signed: signed(&device().key, &PRACTICE, &said(body, b"")),
    };
    Placed { position: 900, leaf }
}

fn lost(payload: Option<&[u8]>) -> Lost {
    Lost {
        received: 1_800_000_000_000,
        signed: upload().signed,
        payload: payload.map(|payload| payload.to_vec().into()),
    }
}

fn client_messages() -> Vec<(&'static str, ClientMessage)> {
    let founding = founding(genesis(&device(), &signing_key(9)));
    let payload = payload_of(&founding.body);
    let session = said(
        Body::Session(Session {
            transcript: transcript().hash(),
        }),
        b"",
    );
    let signed_session = signed(&device().key, &PRACTICE, &session);
    let without = Upload {
        signed: signed_session.clone(),
        payload: vec![],
    };
    let put = Put {
        mailbox: DocumentId([6; 16]),
        slot: 3,
        value: b"three keys".to_vec(),
    };
    let genesis = Upload {
        signed: signed(&device().key, &PracticeId::ZERO, &founding),
        payload,
    };
    vec![
        ("hello", ClientMessage::Hello(hello())),
        ("session", ClientMessage::Session(signed_session)),
        (
            "append",
            ClientMessage::Append(Append {
                request: 1,
                uploads: vec![upload(), without],
            }),
        ),
        (
            "append-nothing",
            ClientMessage::Append(Append {
                request: u64::MAX,
                uploads: vec![],
            }),
        ),
        (
            "follow",
            ClientMessage::Follow(Follow {
                nonce: Nonce([0x44; 32]),
                size: 24,
                through: None,
            }),
        ),
        (
            "follow-through",
            ClientMessage::Follow(Follow {
                nonce: Nonce([0x44; 32]),
                size: 0,
                through: Some(24),
            }),
        ),
        (
            "fetch",
            ClientMessage::Fetch(Fetch {
                request: 2,
                documents: vec![DocumentId([1; 16]), DocumentId([2; 16])],
                size: 1000,
                through: None,
            }),
        ),
        (
            "fetch-through",
            ClientMessage::Fetch(Fetch {
                request: 3,
                documents: Vec::new(),
                size: 1000,
                through: Some(24),
            }),
        ),
        ("found", ClientMessage::Found(Found { genesis })),
        ("info", ClientMessage::Info),
        ("put", ClientMessage::Put(put)),
        (
            "take",
            ClientMessage::Take(Take {
                mailbox: DocumentId([6; 16]),
                slot: 0,
            }),
        ),
        ("locate", ClientMessage::Locate(DeviceId([8; 32]))),
        ("link", ClientMessage::Link(InviteId([9; 16]))),
        (
            "ahead",
            ClientMessage::Ahead(Ahead {
                checkpoint: checkpoint(),
                ledger: PRACTICE,
            }),
        ),
        (
            "restore",
            ClientMessage::Restore(Restore {
                request: 5,
                entries: vec![lost(Some(b"sealed edit")), lost(Some(b"")), lost(None)],
            }),
        ),
        ("restored", ClientMessage::Restored),
        (
            "submit",
            ClientMessage::Submit(Submit {
                request: 4,
                practice: PRACTICE,
                upload: upload(),
            }),
        ),
        (
            "unlock",
            ClientMessage::Unlock(Unlock {
                invite: InviteId([9; 16]),
                proof: LinkSecret([0x66; 32]),
                choose: true,
            }),
        ),
        (
            "keep-draft",
            ClientMessage::KeepDraft(KeepDraft {
                invite: InviteId([9; 16]),
                proof: LinkSecret([0x66; 32]),
                draft: Some(b"sealed draft".to_vec().into()),
            }),
        ),
    ]
}

fn relay_messages() -> Vec<(&'static str, RelayMessage)> {
    let receipt = |position| Receipt {
        position,
        received: 1_800_000_000_000,
        stream_seq: 5,
    };
    let refused = |rule, head| {
        RelayMessage::Refused(Refused {
            request: 1,
            index: 2,
            rule,
            head,
        })
    };
    let put = |value: &[u8]| Put {
        mailbox: DocumentId([6; 16]),
        slot: 3,
        value: value.to_vec(),
    };
    let beat = Items {
        from: 1000,
        items: vec![],
        ..items(Some(counts()))
    };
    let info = Info {
        origin: "relay.example:8443".into(),
        ledger_key: public(&signing_key(9)),
        now: 1_800_000_000_000,
    };
    vec![
        (
            "challenge",
            RelayMessage::Challenge(transcript().challenge(&signing_key(9))),
        ),
        (
            "welcome",
            RelayMessage::Welcome(Welcome {
                now: 1_800_000_000_000,
            }),
        ),
        (
            "appended",
            RelayMessage::Appended(Appended {
                request: 1,
                receipts: vec![receipt(24), receipt(25)],
            }),
        ),
        (
            "refused-chain",
            refused(Rule::StaleChain.number(), Some(hash("head"))),
        ),
        ("refused-quota", refused(Rule::Quota.number(), None)),
        ("refused-unknown-rule", refused(999, None)),
        ("items", RelayMessage::Items(items(None))),
        ("items-counted", RelayMessage::Items(items(Some(counts())))),
        ("items-beat", RelayMessage::Items(beat)),
        ("fetched", RelayMessage::Fetched(2, true, items(None))),
        ("fetched-last", RelayMessage::Fetched(2, false, items(None))),
        ("info", RelayMessage::Info(info)),
        ("mail", RelayMessage::Mail(put(b"a sealed answer"))),
        ("mail-put", RelayMessage::Mail(put(b""))),
        (
            "linked",
            RelayMessage::Linked(Linked {
                invite: InviteId([9; 16]),
                practice: PRACTICE,
                statement: upload().signed,
                form: b"sealed form".to_vec(),
                sequence: 2,
                prev: Some(hash("one")),
                closed: Some(Rule::Link.number()),
                tries: Some(10),
                now: 1_800_000_000_000,
                checkpoint: checkpoint(),
                replies: vec![LinkReply {
                    to: hash("one"),
                    position: 30,
                    sealed: b"sealed copy".to_vec(),
                }],
                ledger: None,
            }),
        ),
        (
            "linked-resumed",
            RelayMessage::Linked(Linked {
                invite: InviteId([9; 16]),
                practice: PRACTICE,
                statement: upload().signed,
                form: b"sealed form".to_vec(),
                sequence: 1,
                prev: None,
                closed: None,
                tries: None,
                now: 1_800_000_000_000,
                checkpoint: checkpoint(),
                replies: Vec::new(),
                ledger: Some(LEDGER),
            }),
        ),
        ("resumed", RelayMessage::Resumed(vec![resumption()])),
        (
            "held",
            RelayMessage::Held(Held {
                waits: true,
                abandoned: Some(abandoned()),
            }),
        ),
        (
            "held-restoring",
            RelayMessage::Held(Held {
                waits: false,
                abandoned: None,
            }),
        ),
        (
            "unlocked",
            RelayMessage::Unlocked(Unlocked {
                invite: InviteId([9; 16]),
                pepper: LinkSecret([0x77; 32]),
                draft: None,
            }),
        ),
        (
            "no-link",
            RelayMessage::NoLink(NoLink {
                invite: InviteId([9; 16]),
                rule: Rule::Pin.number(),
                tries: Some(9),
            }),
        ),
        (
            "goodbye",
            RelayMessage::Goodbye(Goodbye {
                rule: Rule::SlowReader.number(),
            }),
        ),
        ("located", RelayMessage::Located(Some(PracticeId([9; 32])))),
        ("located-nowhere", RelayMessage::Located(None)),
        (
            "no-mail",
            RelayMessage::NoMail(NoMail {
                mailbox: DocumentId([6; 16]),
                slot: 3,
                rule: Rule::Mailbox.number(),
            }),
        ),
        ("witnessed", RelayMessage::Witnessed(witnessed())),
        (
            "new-key",
            RelayMessage::NewKey(NewKey {
                key: public(&signing_key(10)),
                proof: Signature::sign(&signing_key(10), labels::LEDGER_PROOF, &PRACTICE, &[]),
            }),
        ),
    ]
}

pub fn of_kind(kind: &str, bytes: &[u8]) -> Value {
    json!({ "kind": kind, "bytes": hex(bytes) })
}

pub fn all() -> Vec<Sample> {
    let mut samples = Vec::new();
    for (name, message) in client_messages() {
        let about = "what a device sends";
        samples.push(Sample::new(
            format!("client-{name}"),
            about,
            of_kind("client", &frame(&message)),
        ));
    }
    for (name, message) in relay_messages() {
        let about = "what a relay sends";
        samples.push(Sample::new(
            format!("relay-{name}"),
            about,
            of_kind("relay", &frame(&message)),
        ));
    }
    samples.extend(crate::spoilt_wire::handshakes());
    samples.extend(crate::spoilt_wire::signed_counts());
    samples.extend(crate::spoilt_wire::spoilt());
    samples
}
