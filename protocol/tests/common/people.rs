//! Devices with their keys, and how a practice begins.
#![allow(dead_code, reason = "each test crate tells its own part")]

use ed25519_dalek::SigningKey;
use troth_protocol::cbor;
use troth_protocol::entry::{Parsed, Signed};
use troth_protocol::ids::{DeviceId, Hash, MemberId, Nonce, PracticeId, VerifyingKey};
use troth_protocol::keys::{ClassKeys, DeviceKeys, ED25519, SealedKeys, Sealing, SealingKey, X_WING_LEN};
use troth_protocol::labels;
use troth_protocol::rule::Rule;
use troth_protocol::signature::Signature;
use troth_protocol::state::{State, verify_genesis};
use troth_protocol::statement::{
    Body, Genesis, PayloadRef, Policy, Principal, Reader, Rights, Role, Statement,
};

use crate::practice::NOON;
use crate::sealings;

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
        Body::Snapshot(_) => b"the whole document".to_vec(),
        Body::Invite(_) | Body::Submission(_) | Body::Reply(_) => b"x".to_vec(),
        _ => Vec::new(),
    }
}

pub fn signed(key: &SigningKey, practice: &PracticeId, statement: &Statement) -> Signed {
    let statement = cbor::encode(statement);
    let signature = Signature::sign(key, labels::STATEMENT, practice, &statement);
    Signed { statement, signature }
}

/// How long a single admin waits to recover someone here, longer than the least.
pub const WEEK_MS: u64 = 7 * 24 * 60 * 60 * 1000;

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
        policy: Policy {
            recovery_wait_ms: WEEK_MS,
            ..Policy::default()
        },
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
