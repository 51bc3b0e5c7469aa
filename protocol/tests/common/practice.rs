//! A practice, told in statements that are really signed, and replayed by the rules as they come.
#![allow(dead_code, reason = "each test crate tells its own part")]

use std::collections::BTreeSet;

use ed25519_dalek::SigningKey;
use troth_protocol::cbor;
use troth_protocol::entry::{Leaf, Parsed, Signed, Verified};
use troth_protocol::ids::{Hash, InviteId, MemberId, PracticeId};
use troth_protocol::keys::{Class, Sealing};
use troth_protocol::rule::Rule;
use troth_protocol::state::{State, verify_genesis};
use troth_protocol::statement::{
    Body, DeviceKind, PayloadRef, Policy, Role, Roster, RosterAction, Seen, Statement,
};
use troth_protocol::stream::Stream;

pub use crate::people::*;
use crate::sealings;

/// Noon of some day, in milliseconds since the Unix epoch.
pub const NOON: u64 = 20_000 * 24 * 60 * 60 * 1000 + 12 * 60 * 60 * 1000;

/// Sealed keys that a statement must list, and those that it may.
pub type Asked = (BTreeSet<Sealing>, BTreeSet<Sealing>);

/// What the rules tell a signer beforehand is what they say afterwards, and what was worked out apart from them.
pub fn agree(planned: Result<Asked, Rule>, sealings: &[Sealing], taken: Result<Hash, Rule>) {
    match planned {
        Err(rule) => assert_eq!(taken, Err(rule)),
        Ok((required, optional)) => {
            let listed: BTreeSet<Sealing> = sealings.iter().copied().collect();
            assert!(required.is_subset(&listed), "{required:?} {listed:?}");
            assert!(
                listed
                    .iter()
                    .all(|s| required.contains(s) || optional.contains(s))
            );
            let nothing = taken == Err(Rule::Sealings) && listed.is_empty();
            assert!(taken.is_ok() || nothing, "{taken:?}");
        }
    }
}

/// An entry as the relay keeps it.
#[derive(Clone)]
pub struct Entry {
    pub leaf: Leaf,
    pub payload: Vec<u8>,
}

impl Entry {
    pub fn statement(&self) -> Statement {
        cbor::decode(&self.leaf.signed.statement).unwrap()
    }
}

/// A practice as its relay keeps it.
#[derive(Clone)]
pub struct Practice {
    pub state: State,
    pub entries: Vec<Entry>,
    /// The relay's clock.
    pub now: u64,
    pub ledger: SigningKey,
    seeds: u32,
}

impl Practice {
    /// A practice with its founder, an admin, and their first device.
    pub fn found() -> (Self, Device) {
        let founder = Device::new(100, MemberId(sixteen("member", 0)));
        let ledger = signing_key(99);
        let (state, signed) = found_with(&founder.key, &founding(genesis(&founder, &ledger))).unwrap();
        let leaf = Leaf {
            received: NOON,
            stream_seq: 0,
            signed,
        };
        let payload = Vec::new();
        let practice = Self {
            state,
            entries: vec![Entry { leaf, payload }],
            now: NOON,
            ledger,
            seeds: 1000,
        };
        (practice, founder)
    }

    pub fn id(&self) -> PracticeId {
        *self.state.practice()
    }

    /// The position that the next entry takes.
    pub fn next(&self) -> u64 {
        self.entries.len() as u64
    }

    pub fn seed(&mut self) -> u32 {
        self.seeds += 1;
        self.seeds
    }

    pub fn new_device(&mut self, member: MemberId) -> Device {
        Device::new(self.seed(), member)
    }

    pub fn new_member(&mut self) -> Device {
        let member = MemberId(sixteen("member", self.seed()));
        self.new_device(member)
    }

    /// What a device says that knows everything so far.
    pub fn statement(&self, by: &Device, body: Body) -> Statement {
        let document = match &body {
            Body::Document(d) => Some(d.document),
            Body::Change(c) => Some(c.document),
            Body::Erasure(e) => Some(e.document),
            Body::Snapshot(s) => Some(s.document),
            Body::Attest(a) => Some(a.document),
            Body::Invite(i) => Some(i.document),
            Body::CloseInvite(c) => Some(c.document),
            Body::Reply(r) => Some(r.document),
            _ => None,
        };
        let control = document
            .and_then(|id| self.state.documents.get(&id))
            .map(|d| d.head());
        let seen = Seen {
            roster: self.state.roster.head(),
            control,
        };
        Statement {
            signer: by.id(),
            seen: Some(seen),
            payload: PayloadRef::of(&payload_of(&body)),
            body,
        }
    }

    pub fn say(&mut self, by: &Device, body: Body) -> Result<Hash, Rule> {
        let statement = self.statement(by, body);
        self.submit(&by.key, &statement)
    }

    /// Signs a statement and lets the relay take it. A refusal leaves everything as it was.
    pub fn submit(&mut self, key: &SigningKey, statement: &Statement) -> Result<Hash, Rule> {
        let payload = payload_of(&statement.body);
        let signed = signed(key, &self.id(), statement);
        let before = self.state.clone();
        let taken = self.take(signed, payload);
        assert!(
            taken.is_ok() || self.state == before,
            "a refused statement left its mark: {:?}",
            statement.body
        );
        taken
    }

    fn take(&mut self, signed: Signed, payload: Vec<u8>) -> Result<Hash, Rule> {
        let verified = self.verify(signed.clone())?;
        let stream_seq = self.state.count(&verified.statement().stream());
        self.state.apply(self.next(), self.now, &verified)?;
        let leaf = Leaf {
            received: self.now,
            stream_seq,
            signed,
        };
        self.entries.push(Entry { leaf, payload });
        Ok(verified.hash())
    }

    pub fn verify(&self, signed: Signed) -> Result<Verified, Rule> {
        let parsed = Parsed::parse(signed)?;
        let key = self.state.signing_key(parsed.statement())?;
        parsed.verify(&key, &self.id())
    }

    /// Roster actions with the sealed keys that they need.
    pub fn roster(&mut self, by: &Device, actions: Vec<RosterAction>) -> Result<Hash, Rule> {
        let sealings = sealings::of_roster(&self.state.roster, by, &actions);
        let planned = self
            .state
            .roster
            .plan(self.next(), self.now, by.id(), &actions)
            .map(|p| (p.required, p.optional));
        let taken = self.roster_with(by, actions, sealings.clone());
        agree(planned, &sealings, taken);
        taken
    }

    pub fn roster_with(
        &mut self,
        by: &Device,
        actions: Vec<RosterAction>,
        sealings: Vec<Sealing>,
    ) -> Result<Hash, Rule> {
        let prev = self.state.roster.head();
        let body = Roster {
            prev,
            actions,
            sealings,
        };
        self.say(by, Body::Roster(body))
    }

    pub fn adding(&self, device: &Device) -> RosterAction {
        RosterAction::AddDevice {
            device: Box::new(device.keys.clone()),
            kind: DeviceKind::Device,
            proof: device.proof(&self.id(), &device.member),
        }
    }

    pub fn adding_kit(&self, kit: &Device) -> RosterAction {
        RosterAction::AddDevice {
            device: Box::new(kit.keys.clone()),
            kind: DeviceKind::Kit,
            proof: kit.proof(&self.id(), &kit.member),
        }
    }

    /// A member makes themselves a recovery kit.
    pub fn add_kit(&mut self, by: &Device) -> Device {
        let kit = self.new_device(by.member);
        self.roster(by, vec![self.adding_kit(&kit)]).unwrap();
        kit
    }

    /// A member adds another device of their own.
    pub fn add_device(&mut self, by: &Device) -> Device {
        let device = self.new_device(by.member);
        self.roster(by, vec![self.adding(&device)]).unwrap();
        device
    }

    pub fn revoke(&mut self, by: &Device, device: &Device) -> Result<Hash, Rule> {
        self.roster(by, vec![revoking(device)])
    }

    pub fn invite(&mut self, by: &Device, role: Role) -> InviteId {
        let (invite, action) = self.inviting(role);
        self.roster(by, vec![action]).unwrap();
        invite
    }

    pub fn inviting(&mut self, role: Role) -> (InviteId, RosterAction) {
        let invite = InviteId(sixteen("invite", self.seed()));
        let (commitment, expires) = (hash("code"), self.now + 1000);
        let action = RosterAction::Invite {
            invite,
            role,
            commitment,
            expires,
        };
        (invite, action)
    }

    pub fn joining(&mut self, invite: InviteId, role: Role, device: &Device) -> RosterAction {
        let keys = Box::new(class_keys(self.seed()));
        RosterAction::AddMember {
            invite,
            member: device.member,
            role,
            device: Box::new(device.keys.clone()),
            proof: device.proof(&self.id(), &device.member),
            keys,
        }
    }

    /// Someone is invited and joins; their first device is returned.
    pub fn join(&mut self, by: &Device, role: Role) -> Device {
        let invite = self.invite(by, role);
        let device = self.new_member();
        let action = self.joining(invite, role, &device);
        self.roster(by, vec![action]).unwrap();
        device
    }

    /// Turns a member's own key to the generation after its present one.
    pub fn turning_own(&mut self, by: &Device, class: Class) -> RosterAction {
        let present = self.state.roster.members()[&by.member].keys.class(class);
        let generation = present.generation(u64::MAX) + 1;
        let key = sealing_key(self.seed(), 5);
        RosterAction::TurnMemberKey {
            class,
            generation,
            key,
        }
    }

    /// Turns the admins' key to the generation after its present one.
    pub fn turning_admin(&mut self, class: Class) -> RosterAction {
        let generation = self.state.roster.admin_key(class).generation(u64::MAX) + 1;
        let key = sealing_key(self.seed(), 6);
        RosterAction::TurnRoleKey {
            role: Role::Admin,
            class,
            generation,
            key,
        }
    }

    /// A member shall come back, with a device that is still to be.
    pub fn recovering(&mut self, member: MemberId) -> (Device, RosterAction) {
        let device = self.new_device(member);
        let action = self.proposing(&device);
        (device, action)
    }

    pub fn proposing(&mut self, device: &Device) -> RosterAction {
        let keys = Box::new(class_keys(self.seed()));
        RosterAction::ProposeRecovery {
            member: device.member,
            device: Box::new(device.keys.clone()),
            proof: device.proof(&self.id(), &device.member),
            keys,
        }
    }

    /// Sets the policy to one that differs from the present one.
    pub fn set_policy(&mut self, by: &Device, change: impl FnOnce(&mut Policy)) -> Result<Hash, Rule> {
        let mut policy = self.state.roster.policy().clone();
        change(&mut policy);
        self.roster(by, vec![RosterAction::SetPolicy { policy }])
    }

    /// The entries of a stream, with their positions.
    pub fn entries_of(&self, stream: Stream) -> impl Iterator<Item = (u64, &Entry)> {
        (0..)
            .zip(&self.entries)
            .filter(move |(_, e)| e.statement().stream() == stream)
    }

    /// The state of someone who is shown only some entries, from the bytes alone.
    pub fn replay(&self, shown: impl Fn(u64, &Stream) -> bool) -> Result<State, Rule> {
        let (genesis, rest) = self.entries.split_first().unwrap();
        let founded = Parsed::parse(genesis.leaf.signed.clone())?;
        let mut state = State::found(genesis.leaf.received, &verify_genesis(founded)?)?;
        for (position, entry) in (1..).zip(rest) {
            let leaf: Leaf = cbor::decode(&entry.leaf.encode())?;
            let parsed = Parsed::parse(leaf.signed)?;
            let stream = parsed.statement().stream();
            if !shown(position, &stream) {
                continue;
            }
            assert_eq!(leaf.stream_seq, state.count(&stream), "R17: a stream has a gap");
            let key = state.signing_key(parsed.statement())?;
            state.apply(position, leaf.received, &parsed.verify(&key, &self.id())?)?;
        }
        Ok(state)
    }
}

pub fn approving(proposal: Hash) -> RosterAction {
    RosterAction::ApproveRecovery { proposal }
}

pub fn stopping(proposal: Hash) -> RosterAction {
    RosterAction::StopRecovery { proposal }
}

pub fn revoking(device: &Device) -> RosterAction {
    RosterAction::RevokeDevice {
        device: device.id(),
        compromised: false,
    }
}
