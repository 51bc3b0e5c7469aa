//! Devices, and the statements that they sign.

use ed25519_dalek::SigningKey;
use troth_protocol::cbor;
use troth_protocol::entry::Signed;
use troth_protocol::ids::{CaseId, DeviceId, InviteId};
use troth_protocol::ids::{DocumentId, Hash, MemberId, Nonce, PracticeId, VerifyingKey};
use troth_protocol::keys::{
    Class, ClassKeys, DeviceKeys, ED25519, KeyRef, SealedKeys, Sealing, SealingKey, X_WING_LEN,
};
use troth_protocol::labels;
use troth_protocol::signature::Signature;
use troth_protocol::state::State;
use troth_protocol::statement::{
    Access, AccessKind, Body, Change, DeviceKind, Document, DocumentAction, Erasure, Genesis, Invite,
    InvitePayload, Lane, PayloadRef, Policy, Principal, Reader, Rights, Role, Roster, RosterAction, Seen,
    Session, Statement,
};
use troth_protocol::wire::Upload;

/// A device of a member. The same number makes the same keys.
pub struct Device {
    pub member: MemberId,
    pub keys: DeviceKeys,
    signing: SigningKey,
}

pub fn member(number: u8) -> MemberId {
    MemberId([number; 16])
}

pub fn document(number: u8) -> DocumentId {
    DocumentId([number; 16])
}

fn sealing_key(number: u8) -> SealingKey {
    SealingKey::x_wing(&[number; X_WING_LEN]).unwrap()
}

fn class_keys(number: u8) -> ClassKeys {
    ClassKeys {
        general: sealing_key(number),
        sensitive: sealing_key(number),
    }
}

/// As many sealed keys as a statement lists. Nobody here can open them, the relay least of all.
fn sealed(sealings: &[Sealing]) -> Vec<u8> {
    match sealings {
        [] => Vec::new(),
        _ => cbor::encode(&SealedKeys(
            sealings.iter().map(|_| vec![0xc1; 48].into()).collect(),
        )),
    }
}

impl Device {
    pub fn new(number: u8, member: MemberId) -> Self {
        let signing = SigningKey::from_bytes(&[number; 32]);
        let keys = DeviceKeys {
            algorithm: ED25519,
            signing: VerifyingKey(signing.verifying_key().to_bytes()),
            sealing: sealing_key(number),
            sensitive: sealing_key(number),
        };
        Self {
            member,
            keys,
            signing,
        }
    }

    pub fn id(&self) -> DeviceId {
        self.keys.id()
    }

    fn seen(&self, state: &State, document: Option<&DocumentId>) -> Option<Seen> {
        let control = document.and_then(|id| state.documents.get(id)).map(|d| d.head());
        Some(Seen {
            roster: state.roster.head(),
            control,
        })
    }

    pub fn sign(&self, practice: &PracticeId, statement: &Statement) -> Signed {
        let bytes = cbor::encode(statement);
        let signature = Signature::sign(&self.signing, labels::STATEMENT, practice, &bytes);
        Signed {
            statement: bytes,
            signature,
        }
    }

    pub fn upload(&self, practice: &PracticeId, seen: Option<Seen>, body: Body, payload: Vec<u8>) -> Upload {
        let statement = Statement {
            signer: self.id(),
            seen,
            payload: PayloadRef::of(&payload),
            body,
        };
        Upload {
            signed: self.sign(practice, &statement),
            payload,
        }
    }

    pub fn genesis(&self, origin: &str, ledger_key: VerifyingKey, nonce: u8) -> (PracticeId, Upload) {
        self.genesis_under(Policy::default(), origin, ledger_key, nonce)
    }

    pub fn genesis_under(
        &self,
        policy: Policy,
        origin: &str,
        ledger_key: VerifyingKey,
        nonce: u8,
    ) -> (PracticeId, Upload) {
        let mut sealings = Vec::new();
        for class in Class::ALL {
            let own = KeyRef::Member(self.member, class, 1);
            sealings.push(Sealing {
                key: own,
                to: KeyRef::Device(self.id(), class),
            });
            sealings.push(Sealing {
                key: KeyRef::Role(Role::Admin, class, 1),
                to: own,
            });
        }
        let payload = sealed(&sealings);
        let genesis = Genesis {
            version: 1,
            nonce: Nonce([nonce; 32]),
            founder: self.member,
            device: self.keys.clone(),
            member_keys: class_keys(1),
            admin_keys: class_keys(2),
            ledger_key,
            origin: origin.to_owned(),
            policy,
            sealings,
        };
        let upload = self.upload(&PracticeId::ZERO, None, Body::Genesis(Box::new(genesis)), payload);
        (PracticeId(Hash::of(&[&upload.signed.statement]).0), upload)
    }

    pub fn session(&self, state: &State, transcript: Hash) -> Signed {
        let body = Body::Session(Session { transcript });
        self.upload(state.practice(), self.seen(state, None), body, Vec::new())
            .signed
    }

    pub fn access(&self, state: &State, document: DocumentId) -> Upload {
        let body = Body::Access(Access {
            document,
            kind: AccessKind::Fetch,
            at: 1,
        });
        self.upload(state.practice(), self.seen(state, None), body, Vec::new())
    }

    /// A roster statement with whatever sealed keys it needs.
    pub fn roster(&self, state: &State, actions: Vec<RosterAction>, sealings: Vec<Sealing>) -> Upload {
        let payload = sealed(&sealings);
        let body = Body::Roster(Roster {
            prev: state.roster.head(),
            actions,
            sealings,
        });
        self.upload(state.practice(), self.seen(state, None), body, payload)
    }

    /// This device adds another of its own member.
    pub fn add_device(&self, state: &State, other: &Self) -> Upload {
        let proof = other.proof(state.practice(), &self.member);
        let add = RosterAction::AddDevice {
            device: Box::new(other.keys.clone()),
            kind: DeviceKind::Device,
            proof,
        };
        let key = KeyRef::Member(self.member, Class::General, 1);
        self.roster(
            state,
            vec![add],
            vec![Sealing {
                key,
                to: KeyRef::Device(other.id(), Class::General),
            }],
        )
    }

    pub fn revoke(&self, state: &State, other: &Self) -> Upload {
        let revoke = RosterAction::RevokeDevice {
            device: other.id(),
            compromised: false,
        };
        self.roster(state, vec![revoke], Vec::new())
    }

    /// An admin's device invites and takes in a member with their first device.
    pub fn add_member(&self, state: &State, other: &Self, role: Role) -> Upload {
        let invite = InviteId(other.member.0);
        let sealings: Vec<Sealing> = Class::ALL
            .map(|class| Sealing {
                key: KeyRef::Member(other.member, class, 1),
                to: KeyRef::Device(other.id(), class),
            })
            .into();
        let actions = vec![
            RosterAction::Invite {
                invite,
                role,
                commitment: Hash::default(),
                expires: u64::MAX,
            },
            RosterAction::AddMember {
                invite,
                member: other.member,
                role,
                device: Box::new(other.keys.clone()),
                proof: other.proof(state.practice(), &other.member),
                keys: Box::new(class_keys(3)),
            },
        ];
        self.roster(state, actions, sealings)
    }

    fn proof(&self, practice: &PracticeId, member: &MemberId) -> Signature {
        Signature::sign(&self.signing, labels::DEVICE_PROOF, practice, member.as_bytes())
    }

    /// A document that admins read and write, and these members.
    pub fn create(&self, state: &State, id: DocumentId, members: &[MemberId]) -> Upload {
        self.create_lane(state, id, Lane::Joint, members)
    }

    /// The same for another lane.
    pub fn create_lane(&self, state: &State, id: DocumentId, lane: Lane, members: &[MemberId]) -> Upload {
        let key = KeyRef::Epoch(id, 1);
        let admins = std::iter::once(Principal::Role(Role::Admin));
        let principals: Vec<Principal> = admins
            .chain(members.iter().map(|m| Principal::Member(*m)))
            .collect();
        let readers: Vec<Reader> = principals
            .iter()
            .map(|p| Reader {
                principal: *p,
                rights: Rights::Write,
                until: None,
            })
            .collect();
        let recipients = principals
            .iter()
            .flat_map(|p| state.roster.recipients(p, Class::General, u64::MAX));
        let sealings: Vec<Sealing> = recipients.map(|to| Sealing { key, to }).collect();
        let payload = sealed(&sealings);
        let create = DocumentAction::Create {
            case: Some(CaseId::default()),
            lane,
            readers,
            commitment: Hash::default(),
        };
        let body = Body::Document(Document {
            document: id,
            prev: None,
            actions: vec![create],
            sealings,
        });
        self.upload(state.practice(), self.seen(state, None), body, payload)
    }

    /// An intake link into a partner's lane.
    pub fn invite(&self, state: &State, invite: Invite, form: &[u8]) -> Upload {
        let payload = cbor::encode(&InvitePayload {
            form: form.to_vec().into(),
            keys: b"sealed keys".to_vec().into(),
        });
        let seen = self.seen(state, Some(&invite.document));
        self.upload(state.practice(), seen, Body::Invite(invite), payload)
    }

    /// The document's key turns.
    pub fn turn(&self, state: &State, id: DocumentId) -> Upload {
        let found = &state.documents[&id];
        let (present, next) = (
            KeyRef::Epoch(id, found.epoch()),
            KeyRef::Epoch(id, found.epoch() + 1),
        );
        let recipients = found.recipients(&state.roster, u64::MAX, state.received);
        let mut sealings: Vec<Sealing> = recipients
            .into_iter()
            .map(|to| Sealing { key: next, to })
            .collect();
        sealings.push(Sealing {
            key: present,
            to: next,
        });
        let payload = sealed(&sealings);
        let actions = vec![DocumentAction::Turn {
            epoch: found.epoch() + 1,
            commitment: Hash::default(),
        }];
        let body = Body::Document(Document {
            document: id,
            prev: Some(found.head()),
            actions,
            sealings,
        });
        self.upload(state.practice(), self.seen(state, Some(&id)), body, payload)
    }

    pub fn erase(&self, state: &State, id: DocumentId) -> Upload {
        let body = Body::Erasure(Erasure {
            document: id,
            prev: state.documents[&id].head(),
        });
        self.upload(state.practice(), self.seen(state, Some(&id)), body, Vec::new())
    }

    /// This device's next edit.
    pub fn edit(&self, state: &State, id: DocumentId, payload: &[u8]) -> Upload {
        let mut edits = self.edits(state, id, 1, payload);
        edits.remove(0)
    }

    /// This device's next edits, each after the one before.
    pub fn edits(&self, state: &State, id: DocumentId, count: usize, payload: &[u8]) -> Vec<Upload> {
        let found = &state.documents[&id];
        let (mut sequence, mut prev) = found.next_of(&self.id());
        let mut edits = Vec::with_capacity(count);
        for _ in 0..count {
            let change = Change {
                document: id,
                epoch: found.epoch(),
                sequence,
                prev,
            };
            let seen = self.seen(state, Some(&id));
            let upload = self.upload(state.practice(), seen, Body::Change(change), payload.to_vec());
            (sequence, prev) = (sequence + 1, Some(Hash::of(&[&upload.signed.statement])));
            edits.push(upload);
        }
        edits
    }
}
