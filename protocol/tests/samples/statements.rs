//! A statement of every kind, with every action.

use serde_json::json;
use troth_protocol::cbor;
use troth_protocol::ids::{CaseId, DeviceId, DocumentId, Hash, InviteId, MemberId};
use troth_protocol::keys::{Class, KeyRef, Sealing};
use troth_protocol::statement::*;

use crate::practice::{
    Device, class_keys, founding, genesis, hash, may, public, sealing_key, signing_key, sixteen,
};
use crate::{Sample, hex};

pub fn device() -> Device {
    Device::new(1, member("anna"))
}

pub fn member(name: &str) -> MemberId {
    MemberId(sixteen(name, 0))
}

pub fn document() -> DocumentId {
    DocumentId(sixteen("document", 0))
}

/// A statement by a device that has seen a roster's head, and a document's where there is one.
pub fn said(body: Body, payload: &[u8]) -> Statement {
    let of_document = matches!(
        body,
        Body::Document(Document { prev: Some(_), .. })
            | Body::Change(_)
            | Body::Snapshot(_)
            | Body::Attest(_)
            | Body::Erasure(_)
    );
    let control = of_document.then(|| hash("control head"));
    let roster = hash("roster head");
    Statement {
        signer: device().id(),
        seen: Some(Seen { roster, control }),
        payload: PayloadRef::of(payload),
        body,
    }
}

pub fn plain_change() -> Statement {
    let change = Change {
        document: document(),
        epoch: 3,
        sequence: 300,
        prev: Some(hash("edit 299")),
    };
    said(Body::Change(change), b"sealed edit")
}

pub fn sealings() -> Vec<Sealing> {
    let (device, member) = (device().id(), member("anna"));
    let names = [
        KeyRef::Device(device, Class::General),
        KeyRef::Member(member, Class::Sensitive, 2),
        KeyRef::Role(Role::Admin, Class::General, 70_000),
        KeyRef::Epoch(document(), 24),
    ];
    names
        .windows(2)
        .map(|pair| Sealing {
            key: pair[1],
            to: pair[0],
        })
        .collect()
}

pub fn roster(action: RosterAction, sealings: Vec<Sealing>) -> Statement {
    let payload = crate::practice::sealed(&sealings);
    let body = Roster {
        prev: hash("roster head"),
        actions: vec![action],
        sealings,
    };
    said(Body::Roster(body), &payload)
}

pub fn roster_actions() -> Vec<(&'static str, RosterAction)> {
    let new = Device::new(2, member("bruno"));
    let proof = new.proof(&troth_protocol::ids::PracticeId([1; 32]), &new.member);
    let (invite, keys) = (InviteId([2; 16]), || Box::new(class_keys(3)));
    let checkpoint = |size| CheckpointRef {
        size,
        root: hash("root"),
    };
    let policy = Policy {
        custodian: Some(member("anna")),
        recovery_wait_ms: 86_400_000,
        witnesses: vec!["witness.example+aabbccdd+AWl0".into()],
        quorum: 1,
    };
    vec![
        (
            "invite",
            RosterAction::Invite {
                invite,
                role: Role::Counselor,
                commitment: hash("code"),
                expires: 1_800_000_000_000,
            },
        ),
        ("withdraw", RosterAction::Withdraw { invite }),
        (
            "add-member",
            RosterAction::AddMember {
                invite,
                member: new.member,
                role: Role::Client,
                device: Box::new(new.keys.clone()),
                proof,
                keys: keys(),
            },
        ),
        (
            "add-device",
            RosterAction::AddDevice {
                device: Box::new(new.keys.clone()),
                kind: DeviceKind::Kit,
                proof,
            },
        ),
        (
            "revoke-device",
            RosterAction::RevokeDevice {
                device: new.id(),
                compromised: true,
            },
        ),
        (
            "change-role",
            RosterAction::ChangeRole {
                member: new.member,
                role: Role::Auditor,
            },
        ),
        ("remove-member", RosterAction::RemoveMember { member: new.member }),
        (
            "turn-member-key",
            RosterAction::TurnMemberKey {
                class: Class::Sensitive,
                generation: 2,
                key: sealing_key(4, 1),
            },
        ),
        (
            "turn-role-key",
            RosterAction::TurnRoleKey {
                role: Role::Admin,
                class: Class::General,
                generation: u32::MAX,
                key: sealing_key(5, 1),
            },
        ),
        (
            "turn-ledger-key",
            RosterAction::TurnLedgerKey {
                key: public(&signing_key(6)),
                proof,
            },
        ),
        ("set-policy", RosterAction::SetPolicy { policy }),
        ("reseal", RosterAction::Reseal),
        (
            "resume",
            RosterAction::Resume {
                abandoned: checkpoint(1000),
                resumed: checkpoint(900),
            },
        ),
        (
            "propose-recovery",
            RosterAction::ProposeRecovery {
                member: new.member,
                device: Box::new(new.keys.clone()),
                proof,
                keys: keys(),
            },
        ),
        (
            "approve-recovery",
            RosterAction::ApproveRecovery {
                proposal: hash("proposal"),
            },
        ),
        (
            "stop-recovery",
            RosterAction::StopRecovery {
                proposal: hash("proposal"),
            },
        ),
    ]
}

fn document_actions() -> Vec<(&'static str, DocumentAction)> {
    let commitment = hash("commitment");
    let client = Principal::Member(member("clara"));
    let share = Reader {
        until: Some(1_800_000_000_000),
        ..may(client, Rights::Read)
    };
    vec![
        (
            "create",
            DocumentAction::Create {
                case: Some(CaseId([3; 16])),
                lane: Lane::Assessments,
                readers: vec![may(Principal::Role(Role::Admin), Rights::Write), share],
                commitment,
            },
        ),
        (
            "create-directory",
            DocumentAction::Create {
                case: None,
                lane: Lane::Directory,
                readers: vec![],
                commitment,
            },
        ),
        ("grant", DocumentAction::Grant { reader: share }),
        ("revoke", DocumentAction::Revoke { principal: client }),
        (
            "turn",
            DocumentAction::Turn {
                epoch: 65_536,
                commitment,
            },
        ),
        (
            "supersede",
            DocumentAction::Supersede {
                by: DocumentId([4; 16]),
            },
        ),
        ("reseal", DocumentAction::Reseal),
    ]
}

fn others() -> Vec<(&'static str, Statement)> {
    let (document, invite) = (document(), InviteId([5; 16]));
    let first = Change {
        document,
        epoch: 1,
        sequence: 1,
        prev: None,
    };
    let cover = |name, sequence| Cover {
        device: DeviceId(hash(name).0),
        sequence,
        last: hash("last"),
    };
    let link = Invite {
        document,
        epoch: 2,
        invite,
        link: public(&signing_key(7)),
        expires: 1_800_000_000_000,
        limit: 3,
    };
    let submission = |kind, sequence, prev| Statement {
        seen: None,
        ..said(
            Body::Submission(Submission {
                document,
                invite,
                kind,
                sequence,
                prev,
            }),
            b"sealed answers",
        )
    };
    let notice = |kind, count| Statement {
        seen: None,
        ..said(Body::Notice(Notice { kind, count }), b"")
    };
    let access = |kind| {
        said(
            Body::Access(Access {
                document,
                kind,
                at: 1,
            }),
            b"",
        )
    };
    let prev = hash("control head");
    let snapshot = Snapshot {
        document,
        epoch: 2,
        covers: vec![cover("one", 12), cover("two", 1)],
    };
    let attest = Attest {
        document,
        snapshot: hash("snapshot"),
    };
    let transcript = hash("transcript");
    vec![
        ("change", plain_change()),
        ("change-first", said(Body::Change(first), b"sealed edit")),
        ("snapshot", said(Body::Snapshot(snapshot), b"sealed document")),
        ("attest", said(Body::Attest(attest), b"")),
        ("session", said(Body::Session(Session { transcript }), b"")),
        ("access-fetch", access(AccessKind::Fetch)),
        ("access-export", access(AccessKind::Export)),
        ("access-print", access(AccessKind::Print)),
        ("invite", said(Body::Invite(link), b"sealed form and keys")),
        ("submission-answers", submission(SubmissionKind::Answers, 1, None)),
        (
            "submission-withdraw",
            submission(SubmissionKind::Withdraw, 2, Some(hash("one"))),
        ),
        (
            "submission-copy",
            submission(SubmissionKind::Copy, 3, Some(hash("two"))),
        ),
        (
            "submission-erase",
            submission(SubmissionKind::Erase, 4, Some(hash("three"))),
        ),
        (
            "close-invite",
            said(Body::CloseInvite(CloseInvite { document, invite }), b""),
        ),
        (
            "reply",
            said(
                Body::Reply(Reply {
                    document,
                    invite,
                    to: hash("three"),
                }),
                b"sealed copy",
            ),
        ),
        ("erasure", said(Body::Erasure(Erasure { document, prev }), b"")),
        ("notice-logins-refused", notice(NoticeKind::LoginsRefused, 24)),
        ("notice-limit-hit", notice(NoticeKind::LimitHit, 256)),
        (
            "notice-backup-taken",
            notice(NoticeKind::BackupTaken, u64::from(u32::MAX) + 1),
        ),
        ("notice-drill-passed", notice(NoticeKind::DrillPassed, 0)),
    ]
}

pub fn sample(name: impl Into<String>, about: impl Into<String>, bytes: &[u8]) -> Sample {
    Sample::new(name, about, json!({ "kind": "statement", "bytes": hex(bytes) }))
}

pub fn all() -> Vec<Sample> {
    let mut samples = Vec::new();
    let mut accept = |name: String, statement: &Statement| {
        let about = format!("{}, in its one encoding", statement.body.name());
        samples.push(sample(name, about, &cbor::encode(statement)));
    };
    let mut founding_with_policy = genesis(&device(), &signing_key(9));
    accept("genesis".into(), &founding(founding_with_policy.clone()));
    founding_with_policy.policy.custodian = Some(member("bruno"));
    founding_with_policy.policy.witnesses = vec!["w1.example".into(), "w2.example".into()];
    founding_with_policy.policy.quorum = 2;
    accept("genesis-policy".into(), &founding(founding_with_policy));
    for (name, action) in roster_actions() {
        accept(format!("roster-{name}"), &roster(action, vec![]));
    }
    accept(
        "roster-sealings".into(),
        &roster(RosterAction::Reseal, sealings()),
    );
    for (name, action) in document_actions() {
        let creates = matches!(action, DocumentAction::Create { .. });
        let sealings = sealings();
        let payload = crate::practice::sealed(&sealings);
        let body = Document {
            document: document(),
            prev: (!creates).then(|| hash("control head")),
            actions: vec![action],
            sealings,
        };
        accept(format!("document-{name}"), &said(Body::Document(body), &payload));
    }
    for (name, statement) in others() {
        accept(name.into(), &statement);
    }
    samples.extend(crate::spoilt_statements::spoilt());
    samples
}

/// The hash by which a chain names a statement.
pub fn name_of(statement: &Statement) -> Hash {
    Hash::of(&[&cbor::encode(statement)])
}
