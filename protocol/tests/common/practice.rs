//! A practice, told in statements that are really signed, and replayed by the rules as they come.
#![allow(dead_code, reason = "each test crate tells its own part")]

use std::collections::BTreeSet;

use ed25519_dalek::SigningKey;
use troth_protocol::cbor;
use troth_protocol::document::Document as TheDocument;
use troth_protocol::entry::{Leaf, Parsed, Signed, Verified};
use troth_protocol::ids::{DeviceId, DocumentId, Hash, InviteId, MemberId, Nonce, PracticeId, VerifyingKey};
use troth_protocol::keys::{
    Class, ClassKeys, DeviceKeys, ED25519, SealedKeys, Sealing, SealingKey, X_WING_LEN,
};
use troth_protocol::labels;
use troth_protocol::rule::Rule;
use troth_protocol::signature::Signature;
use troth_protocol::state::{State, verify_genesis};
use troth_protocol::statement::{
    Body, Change, DeviceKind, Document, DocumentAction, Genesis, Lane, PayloadRef, Policy, Principal, Reader,
    Rights, Role, Roster, RosterAction, Seen, Statement,
};
use troth_protocol::stream::Stream;

use crate::sealings;

/// Noon of some day, in milliseconds since the Unix epoch.
pub const NOON: u64 = 20_000 * 24 * 60 * 60 * 1000 + 12 * 60 * 60 * 1000;

/// A device with its secret key.
#[derive(Clone)]
pub struct Device {
    pub key: SigningKey,
    pub keys: DeviceKeys,
    pub member: MemberId,
}

impl Device {
    pub fn new(seed: u32, member: MemberId) -> Self {
        let key = signing_key(seed);
        let keys = DeviceKeys {
            algorithm: ED25519,
            signing: public(&key),
            sealing: sealing_key(seed, 1),
            sensitive: sealing_key(seed, 2),
        };
        Self { key, keys, member }
    }

    pub fn id(&self) -> DeviceId {
        self.keys.id()
    }

    /// The device's own signature over a practice and a member.
    pub fn proof(&self, practice: &PracticeId, member: &MemberId) -> Signature {
        Signature::sign(&self.key, labels::DEVICE_PROOF, practice, member.as_bytes())
    }
}

pub fn signing_key(seed: u32) -> SigningKey {
    SigningKey::from_bytes(&Hash::of(&[b"signing", &seed.to_be_bytes()]).0)
}

pub fn public(key: &SigningKey) -> VerifyingKey {
    VerifyingKey(key.verifying_key().to_bytes())
}

/// Not a key that anything could be sealed to, but of the right length: the rules never look inside.
pub fn sealing_key(seed: u32, salt: u8) -> SealingKey {
    let block = Hash::of(&[b"sealing", &seed.to_be_bytes(), &[salt]]).0;
    let bytes: Vec<u8> = block.iter().copied().cycle().take(X_WING_LEN).collect();
    SealingKey::x_wing(&bytes).unwrap()
}

pub fn class_keys(seed: u32) -> ClassKeys {
    ClassKeys {
        general: sealing_key(seed, 3),
        sensitive: sealing_key(seed, 4),
    }
}

pub fn sixteen(name: &str, seed: u32) -> [u8; 16] {
    let hash = Hash::of(&[name.as_bytes(), &seed.to_be_bytes()]);
    hash.0[..16].try_into().unwrap()
}

pub fn hash(text: &str) -> Hash {
    Hash::of(&[text.as_bytes()])
}

pub fn may(principal: Principal, rights: Rights) -> Reader {
    Reader {
        principal,
        rights,
        until: None,
    }
}

pub fn writer(device: &Device) -> Reader {
    may(Principal::Member(device.member), Rights::Write)
}

pub fn reader(device: &Device) -> Reader {
    may(Principal::Member(device.member), Rights::Read)
}

pub fn admins() -> Reader {
    may(Principal::Role(Role::Admin), Rights::Write)
}

/// Placeholders for as many sealed keys as a statement lists.
pub fn sealed(sealings: &[Sealing]) -> Vec<u8> {
    if sealings.is_empty() {
        return Vec::new();
    }
    let each = sealings.iter().map(|s| cbor::encode(s).into()).collect();
    cbor::encode(&SealedKeys(each))
}

/// What a statement of a kind brings along when nothing else is said.
pub fn payload_of(body: &Body) -> Vec<u8> {
    match body {
        Body::Genesis(g) => sealed(&g.sealings),
        Body::Roster(r) => sealed(&r.sealings),
        Body::Document(d) => sealed(&d.sealings),
        Body::Change(c) => format!("edit {}", c.sequence).into_bytes(),
        _ => Vec::new(),
    }
}

pub fn signed(key: &SigningKey, practice: &PracticeId, statement: &Statement) -> Signed {
    let statement = cbor::encode(statement);
    let signature = Signature::sign(key, labels::STATEMENT, practice, &statement);
    Signed { statement, signature }
}

/// A genesis statement by a device of its founder.
pub fn genesis(founder: &Device, ledger: &SigningKey) -> Genesis {
    let mut genesis = Genesis {
        version: 1,
        nonce: Nonce([7; 32]),
        founder: founder.member,
        device: founder.keys.clone(),
        member_keys: class_keys(1),
        admin_keys: class_keys(2),
        ledger_key: public(ledger),
        origin: "relay.example".to_owned(),
        policy: Policy::default(),
        sealings: Vec::new(),
    };
    genesis.sealings = sealings::of_genesis(&genesis);
    genesis
}

/// What a founder says, before there is a practice.
pub fn founding(genesis: Genesis) -> Statement {
    let payload = PayloadRef::of(&sealed(&genesis.sealings));
    Statement {
        signer: genesis.device.id(),
        seen: None,
        payload,
        body: Body::Genesis(Box::new(genesis)),
    }
}

/// Founds with a statement as it stands.
pub fn found_with(key: &SigningKey, statement: &Statement) -> Result<(State, Signed), Rule> {
    let signed = signed(key, &PracticeId::ZERO, statement);
    let verified = verify_genesis(Parsed::parse(signed.clone())?)?;
    Ok((State::found(NOON, &verified)?, signed))
}

/// Sealed keys that a statement must list, and those that it may.
type Asked = (BTreeSet<Sealing>, BTreeSet<Sealing>);

/// What the rules tell a signer beforehand is what they say afterwards, and what was worked out apart from them.
fn agree(planned: Result<Asked, Rule>, sealings: &[Sealing], taken: Result<Hash, Rule>) {
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

    pub fn creating(&mut self, lane: Lane, readers: Vec<Reader>) -> (DocumentId, Document) {
        let document = DocumentId(sixteen("document", self.seed()));
        let create = DocumentAction::Create {
            case: None,
            lane,
            readers,
            commitment: hash("epoch 1"),
        };
        let actions = vec![create];
        let sealings = sealings::of_document(&self.state, document, self.next(), self.now, &actions);
        let body = Document {
            document,
            prev: None,
            actions,
            sealings,
        };
        (document, body)
    }

    pub fn document(&mut self, by: &Device, lane: Lane, readers: Vec<Reader>) -> DocumentId {
        let (document, body) = self.creating(lane, readers);
        self.say(by, Body::Document(body)).unwrap();
        document
    }

    /// Control actions with the sealed keys that they need.
    pub fn control(
        &mut self,
        by: &Device,
        document: DocumentId,
        actions: Vec<DocumentAction>,
    ) -> Result<Hash, Rule> {
        let sealings = sealings::of_document(&self.state, document, self.next(), self.now, &actions);
        let planned = self.planned(by, document, &actions);
        let taken = self.control_with(by, document, actions, sealings.clone());
        if self.state.documents.contains_key(&document) {
            agree(planned, &sealings, taken);
        }
        taken
    }

    fn planned(&self, by: &Device, document: DocumentId, actions: &[DocumentAction]) -> Result<Asked, Rule> {
        let before = self.state.documents.get(&document);
        let (roster, position) = (&self.state.roster, self.next());
        TheDocument::plan(before, roster, position, self.now, &by.id(), document, actions)
            .map(|p| (p.required, p.optional))
    }

    pub fn control_with(
        &mut self,
        by: &Device,
        document: DocumentId,
        actions: Vec<DocumentAction>,
        sealings: Vec<Sealing>,
    ) -> Result<Hash, Rule> {
        let prev = self.state.documents.get(&document).map(|d| d.head());
        let body = Document {
            document,
            prev,
            actions,
            sealings,
        };
        self.say(by, Body::Document(body))
    }

    pub fn turning(&self, document: DocumentId) -> DocumentAction {
        let epoch = self.state.documents[&document].epoch() + 1;
        DocumentAction::Turn {
            epoch,
            commitment: hash(&format!("epoch {epoch}")),
        }
    }

    pub fn turn(&mut self, by: &Device, document: DocumentId) -> Result<Hash, Rule> {
        self.control(by, document, vec![self.turning(document)])
    }

    /// An edit that follows the device's last one.
    pub fn edit(&self, by: &Device, document: DocumentId) -> Change {
        let (epoch, (sequence, prev)) = self
            .state
            .documents
            .get(&document)
            .map_or((1, (1, None)), |d| (d.epoch(), d.next_of(&by.id())));
        Change {
            document,
            epoch,
            sequence,
            prev,
        }
    }

    pub fn change(&mut self, by: &Device, document: DocumentId) -> Result<Hash, Rule> {
        let change = self.edit(by, document);
        self.say(by, Body::Change(change))
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

pub fn revoking(device: &Device) -> RosterAction {
    RosterAction::RevokeDevice {
        device: device.id(),
        compromised: false,
    }
}

pub fn granting(reader: Reader) -> DocumentAction {
    DocumentAction::Grant { reader }
}

pub fn withdrawing(device: &Device) -> DocumentAction {
    DocumentAction::Revoke {
        principal: Principal::Member(device.member),
    }
}
