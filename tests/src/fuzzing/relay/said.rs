//! What a member's device says in a script: each statement as it should be, or nearly.

use minicbor::bytes::ByteVec;
use troth_protocol::cbor;
use troth_protocol::document::Document;
use troth_protocol::ids::{DocumentId, Hash, InviteId, VerifyingKey};
use troth_protocol::keys::{Class, SealedKeys, Sealing};
use troth_protocol::signature::Signature;
use troth_protocol::statement::{
    self, Access, AccessKind, Body, Change, DocumentAction, Erasure, Lane, Policy, Principal, Reader, Rights,
    Role, Roster, RosterAction,
};

use super::Play;
use crate::fuzzing::seeds;

impl Play<'_> {
    pub(super) fn document(&mut self) -> DocumentId {
        match self.script.below(6) {
            5 => DocumentId([self.script.byte(); 16]),
            n => self.scene.documents[n % self.scene.documents.len()],
        }
    }

    pub(super) fn edit(&mut self, person: usize) -> Option<(Body, Vec<u8>)> {
        let id = self.document();
        let document = self.state().documents.get(&id)?;
        let (sequence, prev) = document.next_of(&self.scene.people[person].id());
        let change = Change {
            document: id,
            epoch: document.epoch(),
            sequence,
            prev,
        };
        let payload = vec![1; 40 + self.script.below(300)];
        Some((Body::Change(change), payload))
    }

    pub(super) fn control(&mut self, person: usize) -> Option<(Body, Vec<u8>)> {
        let id = self.document();
        let principal = if self.script.below(2) == 0 {
            Principal::Member(self.member())
        } else {
            Principal::Role(self.role())
        };
        let rights = if self.script.below(2) == 0 {
            Rights::Read
        } else {
            Rights::Write
        };
        let until = (self.script.below(3) == 0).then(|| self.relay.now.saturating_add(self.script.number()));
        let reader = Reader {
            principal,
            rights,
            until,
        };
        let commitment = Hash([self.script.byte(); 32]);
        let lanes = Lane::NAMES.map(|(lane, _)| lane);
        let action = match self.script.below(6) {
            0 => DocumentAction::Grant { reader },
            1 => DocumentAction::Revoke { principal },
            2 => DocumentAction::Turn {
                epoch: self.state().documents.get(&id).map_or(1, |d| d.epoch() + 1),
                commitment,
            },
            3 => DocumentAction::Supersede { by: self.document() },
            4 => DocumentAction::Reseal,
            _ => {
                let lane = lanes[self.script.below(lanes.len())];
                let me = Reader {
                    principal: Principal::Member(self.scene.members[person]),
                    rights: Rights::Write,
                    until: None,
                };
                DocumentAction::Create {
                    case: None,
                    lane,
                    readers: vec![me, reader],
                    commitment,
                }
            }
        };
        let state = self.state();
        let before = state.documents.get(&id);
        let size = self.relay.core.practices()[&self.scene.practice].tree.size();
        let by = self.scene.people[person].id();
        let actions = vec![action];
        let planned = Document::plan(before, &state.roster, size, state.received, &by, id, &actions);
        let sealings: Vec<Sealing> = planned
            .map(|p| p.required.into_iter().collect())
            .unwrap_or_default();
        let (prev, payload) = (before.map(Document::head), sealed(sealings.len()));
        Some((
            Body::Document(statement::Document {
                document: id,
                prev,
                actions,
                sealings,
            }),
            payload,
        ))
    }

    fn member(&mut self) -> troth_protocol::ids::MemberId {
        self.scene.members[self.script.below(self.scene.members.len())]
    }

    fn role(&mut self) -> Role {
        [Role::Admin, Role::Counselor, Role::Client, Role::Auditor][self.script.below(4)]
    }

    pub(super) fn roster(&mut self, person: usize) -> Option<(Body, Vec<u8>)> {
        let other = self.script.below(self.scene.people.len());
        let keys = self.scene.people[other].keys();
        let class = if self.script.below(2) == 0 {
            Class::General
        } else {
            Class::Sensitive
        };
        let generation = self.script.byte().into();
        let action = match self.script.below(11) {
            0 => RosterAction::RevokeDevice {
                device: self.scene.people[other].id(),
                compromised: false,
            },
            1 => RosterAction::ChangeRole {
                member: self.member(),
                role: self.role(),
            },
            2 => RosterAction::RemoveMember {
                member: self.member(),
            },
            3 => RosterAction::Invite {
                invite: InviteId([self.script.byte(); 16]),
                role: self.role(),
                commitment: Hash([1; 32]),
                expires: self.relay.now.saturating_add(self.script.number()),
            },
            4 => RosterAction::Withdraw {
                invite: InviteId([self.script.byte(); 16]),
            },
            5 => RosterAction::TurnMemberKey {
                class,
                generation,
                key: keys.sealing,
            },
            6 => RosterAction::TurnRoleKey {
                role: Role::Admin,
                class,
                generation,
                key: keys.sealing,
            },
            7 => RosterAction::SetPolicy {
                policy: Policy::default(),
            },
            8 => RosterAction::TurnLedgerKey {
                key: VerifyingKey([self.script.byte(); 32]),
                proof: Signature::Ed25519([1; 64]),
            },
            9 => RosterAction::ApproveRecovery {
                proposal: Hash([self.script.byte(); 32]),
            },
            _ => RosterAction::Reseal,
        };
        let actions = vec![action];
        let state = self.state();
        let size = self.relay.core.practices()[&self.scene.practice].tree.size();
        let by = self.scene.people[person].id();
        let planned = state.roster.plan(size, state.received, by, &actions);
        let sealings: Vec<Sealing> = planned
            .map(|p| p.required.into_iter().collect())
            .unwrap_or_default();
        let payload = sealed(sealings.len());
        let prev = state.roster.head();
        Some((
            Body::Roster(Roster {
                prev,
                actions,
                sealings,
            }),
            payload,
        ))
    }

    pub(super) fn other(&mut self, _: usize) -> Option<(Body, Vec<u8>)> {
        let document = self.document();
        let body = if self.script.below(3) == 0 {
            let prev = self.state().documents.get(&document)?.head();
            Body::Erasure(Erasure { document, prev })
        } else {
            Body::Access(Access {
                document,
                kind: AccessKind::Export,
                at: self.script.number(),
            })
        };
        Some((body, Vec::new()))
    }

    /// One of the vectors' statements, by this signer, onto the present heads.
    pub(super) fn sample(&mut self, _: usize) -> Option<(Body, Vec<u8>)> {
        let samples = seeds::statements();
        let mut body = samples[self.script.below(samples.len())].body.clone();
        let roster = self.state().roster.head();
        let id = self.document();
        let control = self.state().documents.get(&id).map(Document::head);
        let mut sealings = 0;
        match &mut body {
            Body::Roster(body) => {
                body.prev = roster;
                sealings = body.sealings.len();
            }
            Body::Document(body) => {
                body.document = id;
                body.prev = control;
                sealings = body.sealings.len();
            }
            Body::Change(body) => body.document = id,
            _ => {}
        }
        let payload = if sealings > 0 {
            sealed(sealings)
        } else {
            self.script.bytes().to_vec()
        };
        Some((body, payload))
    }
}

fn sealed(count: usize) -> Vec<u8> {
    if count == 0 {
        return Vec::new();
    }
    cbor::encode(&SealedKeys(
        (0..count).map(|_| ByteVec::from(vec![7; 64])).collect(),
    ))
}
