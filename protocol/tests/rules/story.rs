//! Devices that say things in whatever order, and what has become of it so far.

use troth_protocol::ids::DocumentId;
use troth_protocol::keys::Class;
use troth_protocol::rule::Rule;
use troth_protocol::statement::{
    Access, AccessKind, Attest, Body, DocumentAction, Erasure, Lane, Policy, Principal, Reader, Rights, Role,
    RosterAction, Session,
};

use crate::attempts::{Attempt, What};
use crate::practice::{Device, Practice, admins, approving, hash, may, revoking, stopping};
use crate::records::granting;

/// Everyone who ever was there, and what they left behind.
#[derive(Clone)]
pub struct Story {
    pub practice: Practice,
    pub devices: Vec<Device>,
    pub documents: Vec<DocumentId>,
}

/// What a device has made up its mind to say.
pub enum Said {
    Roster(Vec<RosterAction>),
    Control(DocumentId, Vec<DocumentAction>),
    Other(Body),
    /// Nothing; time passes.
    Wait(u64),
}

/// An attempt as it is about to be made, and who is there if it succeeds.
pub struct Drawn {
    pub by: Device,
    pub said: Said,
    pub device: Option<Device>,
    pub document: Option<DocumentId>,
}

impl Story {
    pub fn begin() -> Self {
        let (practice, anna) = Practice::found();
        Self {
            practice,
            devices: vec![anna],
            documents: Vec::new(),
        }
    }

    /// `Err` with the rule where it is refused.
    pub fn go_on(&mut self, attempt: &Attempt) -> Result<(), Rule> {
        let Some(drawn) = self.draw(attempt) else {
            return Ok(());
        };
        let by = &drawn.by;
        match drawn.said {
            Said::Roster(actions) => drop(self.practice.roster(by, actions)?),
            Said::Control(id, actions) => drop(self.practice.control(by, id, actions)?),
            Said::Other(body) => drop(self.practice.say(by, body)?),
            Said::Wait(time) => self.practice.now += time,
        }
        self.devices.extend(drawn.device);
        self.documents.extend(drawn.document);
        Ok(())
    }

    /// What an attempt amounts to here and now; `None` where it speaks of a document and there is none.
    pub fn draw(&mut self, attempt: &Attempt) -> Option<Drawn> {
        let by = self.devices[attempt.by % self.devices.len()].clone();
        let other = self.devices[attempt.other % self.devices.len()].clone();
        let practice = &mut self.practice;
        let id = match self.documents.len() {
            0 => DocumentId([0; 16]),
            n => self.documents[attempt.document % n],
        };
        let there = practice.state.documents.contains_key(&id);
        let until = |practice: &Practice, wait: &Option<u64>| wait.map(|w| practice.now + w);
        let proposals = practice.state.roster.recoveries();
        let proposal = match proposals.len() {
            0 => hash("no proposal"),
            n => *proposals.keys().nth(attempt.document % n)?,
        };
        let (mut device, mut document) = (None, None);
        let said = match &attempt.what {
            What::AddDevice => {
                let new = practice.new_device(by.member);
                let adding = practice.adding(&new);
                device = Some(new);
                Said::Roster(vec![adding])
            }
            What::AddKit => {
                let new = practice.new_device(by.member);
                let adding = practice.adding_kit(&new);
                device = Some(new);
                Said::Roster(vec![adding])
            }
            What::RevokeDevice { turn } => {
                let mut actions = vec![revoking(&other)];
                if *turn && by.member == other.member && by.id() != other.id() {
                    actions.extend(Class::ALL.map(|c| practice.turning_own(&by, c)));
                }
                Said::Roster(actions)
            }
            What::TurnOwn(class) => Said::Roster(vec![practice.turning_own(&by, *class)]),
            What::TurnAdmin(class) => Said::Roster(vec![practice.turning_admin(*class)]),
            What::Join(role) => {
                let new = practice.new_member();
                let (invite, inviting) = practice.inviting(*role);
                let joining = practice.joining(invite, *role, &new);
                device = Some(new);
                Said::Roster(vec![inviting, joining])
            }
            What::ChangeRole(role) => {
                let (member, role) = (other.member, *role);
                Said::Roster(vec![RosterAction::ChangeRole { member, role }])
            }
            What::Remove => {
                let member = other.member;
                Said::Roster(vec![RosterAction::RemoveMember { member }])
            }
            What::Propose => {
                let (new, proposing) = practice.recovering(other.member);
                device = Some(new);
                Said::Roster(vec![proposing])
            }
            What::Approve { turn } => {
                let mut actions = vec![approving(proposal)];
                if *turn {
                    actions.extend(Class::ALL.map(|c| practice.turning_admin(c)));
                }
                Said::Roster(actions)
            }
            What::Stop => Said::Roster(vec![stopping(proposal)]),
            What::Custodian(named) => {
                let policy = Policy {
                    custodian: named.then_some(other.member),
                    ..practice.state.roster.policy().clone()
                };
                Said::Roster(vec![RosterAction::SetPolicy { policy }])
            }
            What::Create {
                lane,
                admins: with_admins,
                share,
            } => {
                let own = may(Principal::Member(by.member), Rights::Write);
                let mut readers = vec![own];
                let alone = *lane == Lane::ProcessNotes && share.is_none();
                if *with_admins && !alone {
                    readers.push(admins());
                }
                if other.member != by.member && !alone {
                    let until = until(practice, share);
                    readers.push(Reader {
                        until,
                        ..may(Principal::Member(other.member), Rights::Read)
                    });
                }
                let (id, body) = practice.creating(*lane, readers);
                document = Some(id);
                Said::Control(id, body.actions)
            }
            What::Grant {
                rights,
                admins,
                until: wait,
            } => {
                let principal = match admins {
                    true => Principal::Role(Role::Admin),
                    false => Principal::Member(other.member),
                };
                let reader = Reader {
                    principal,
                    rights: *rights,
                    until: until(practice, wait),
                };
                Said::Control(id, vec![granting(reader)])
            }
            What::Withdraw { turn } => {
                let principal = Principal::Member(other.member);
                let mut actions = vec![DocumentAction::Revoke { principal }];
                if *turn && there {
                    actions.push(practice.turning(id));
                }
                Said::Control(id, actions)
            }
            What::Turn if there => Said::Control(id, vec![practice.turning(id)]),
            What::Reseal => Said::Control(id, vec![DocumentAction::Reseal]),
            What::Edit { late_epoch } => {
                let mut change = practice.edit(&by, id);
                change.epoch -= u64::from(*late_epoch);
                Said::Other(Body::Change(change))
            }
            What::Snapshot => Said::Other(Body::Snapshot(practice.snapshot(id))),
            What::Attest => {
                let known = practice.state.documents.get(&id);
                let snapshot = known.and_then(|d| Some(d.snapshots().first()?.statement));
                Said::Other(Body::Attest(Attest {
                    document: id,
                    snapshot: snapshot.unwrap_or_default(),
                }))
            }
            What::Supersede => {
                let by = DocumentId([1; 16]);
                Said::Control(id, vec![DocumentAction::Supersede { by }])
            }
            What::Erase if there => {
                let prev = practice.state.documents[&id].head();
                Said::Other(Body::Erasure(Erasure { document: id, prev }))
            }
            What::Login => {
                let transcript = hash("transcript");
                Said::Other(Body::Session(Session { transcript }))
            }
            What::Access => {
                let (document, kind) = (id, AccessKind::Fetch);
                Said::Other(Body::Access(Access {
                    document,
                    kind,
                    at: 1,
                }))
            }
            What::Wait(time) => Said::Wait(*time),
            What::Turn | What::Erase => return None,
        };
        Some(Drawn {
            by,
            said,
            device,
            document,
        })
    }
}
