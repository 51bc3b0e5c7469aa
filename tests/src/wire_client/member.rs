//! A practice's founder: genesis, further devices, documents.

use anyhow::{Context, Result};
use minicbor::bytes::ByteVec;
use rand::CryptoRng;
use troth_client_core::crypto::{
    EpochContext, EpochKey, KeyContext, KeyHolder, SealingPublic, SealingSecret,
};
use troth_protocol::cbor;
use troth_protocol::checkpoint::ledger_origin;
use troth_protocol::ids::{CaseId, DocumentId, Hash, MemberId, Nonce, PracticeId, VerifyingKey};
use troth_protocol::keys::{Class, ClassKeys, KeyRef, SealedKeys, Sealing};
use troth_protocol::statement::{
    self, Body, DeviceKind, DocumentAction, Genesis, Lane, PayloadRef, Policy, Principal, Reader, Rights,
    Role, Roster, RosterAction, Seen, Statement,
};
use troth_protocol::wire::{Info, Upload};

use super::device::{Device, public};

/// A practice's founder, who is its only member.
#[derive(Clone)]
pub struct Member {
    /// The practice.
    pub practice: PracticeId,
    /// The founder's pseudonym.
    pub id: MemberId,
    /// The name that the ledger's checkpoints are signed under.
    pub origin: String,
    /// The key that signs them.
    pub ledger_key: VerifyingKey,
    /// Hash of the newest roster statement.
    pub roster: Hash,
    keys: [SealingSecret; 2],
    admin: [SealingSecret; 2],
}

/// A document, with the key of its first epoch.
#[derive(Clone)]
pub struct Document {
    /// The document.
    pub id: DocumentId,
    /// Hash of the statement that created it.
    pub control: Hash,
    /// The key of epoch 1.
    pub key: EpochKey,
}

impl Member {
    /// Founds a practice on the relay that `info` speaks of, with its first device. Returns genesis with its sealed keys.
    ///
    /// # Errors
    /// None in practice: what is sealed is of fixed length.
    pub fn found(rng: &mut impl CryptoRng, info: &Info, device: &Device) -> Result<(Self, Upload)> {
        let id = MemberId(random(rng));
        let keys = [SealingSecret::generate(rng), SealingSecret::generate(rng)];
        let admin = [SealingSecret::generate(rng), SealingSecret::generate(rng)];
        let (mut sealings, mut sealed) = (Vec::new(), Vec::new());
        for (class, member_key, admin_key) in [
            (Class::General, &keys[0], &admin[0]),
            (Class::Sensitive, &keys[1], &admin[1]),
        ] {
            let member = KeyRef::Member(id, class, 1);
            // Genesis is sealed, as it is signed, before there is a practice id.
            let at = |holder| context(PracticeId::ZERO, holder, class);
            sealings.push(Sealing {
                key: member,
                to: KeyRef::Device(device.id(), class),
            });
            sealed.push(member_key.seal_to(
                rng,
                &device.sealing(class).public(),
                &at(KeyHolder::Member(id)),
            )?);
            sealings.push(Sealing {
                key: KeyRef::Role(Role::Admin, class, 1),
                to: member,
            });
            sealed.push(admin_key.seal_to(rng, &member_key.public(), &at(KeyHolder::Role(0)))?);
        }
        let payload = payload(sealed);
        let genesis = Genesis {
            version: 1,
            nonce: Nonce(random(rng)),
            founder: id,
            device: device.keys(),
            member_keys: ClassKeys {
                general: public(&keys[0]),
                sensitive: public(&keys[1]),
            },
            admin_keys: ClassKeys {
                general: public(&admin[0]),
                sensitive: public(&admin[1]),
            },
            ledger_key: info.ledger_key,
            origin: info.origin.clone(),
            policy: Policy::default(),
            sealings,
        };
        let statement = Statement {
            signer: device.id(),
            seen: None,
            payload: PayloadRef::of(&payload),
            body: Body::Genesis(Box::new(genesis)),
        };
        let (upload, hash) = device.upload(&PracticeId::ZERO, &statement, payload);
        let practice = PracticeId(hash.0);
        let origin = ledger_origin(&info.origin, &practice);
        let ledger_key = info.ledger_key;
        Ok((
            Self {
                practice,
                id,
                origin,
                ledger_key,
                roster: hash,
                keys,
                admin,
            },
            upload,
        ))
    }

    /// Adds devices of the founder's own, at most [`troth_protocol::limits::ACTIONS`] at once. Once it is appended, it is
    /// the roster's head.
    ///
    /// # Errors
    /// None in practice: what is sealed is of fixed length.
    pub fn add_devices(&mut self, rng: &mut impl CryptoRng, by: &Device, new: &[Device]) -> Result<Upload> {
        let (mut actions, mut sealings, mut sealed) = (Vec::new(), Vec::new(), Vec::new());
        for device in new {
            actions.push(RosterAction::AddDevice {
                device: Box::new(device.keys()),
                kind: DeviceKind::Device,
                proof: device.proof(&self.practice, &self.id),
            });
            for (class, key) in Class::ALL.into_iter().zip(&self.keys) {
                let context = context(self.practice, KeyHolder::Member(self.id), class);
                sealings.push(Sealing {
                    key: KeyRef::Member(self.id, class, 1),
                    to: KeyRef::Device(device.id(), class),
                });
                sealed.push(key.seal_to(rng, &device.sealing(class).public(), &context)?);
            }
        }
        let payload = payload(sealed);
        let statement = Statement {
            signer: by.id(),
            seen: Some(Seen {
                roster: self.roster,
                control: None,
            }),
            payload: PayloadRef::of(&payload),
            body: Body::Roster(Roster {
                prev: self.roster,
                actions,
                sealings,
            }),
        };
        let (upload, hash) = by.upload(&self.practice, &statement, payload);
        self.roster = hash;
        Ok(upload)
    }

    /// Creates a document in the joint lane that whoever is an admin reads and writes.
    ///
    /// # Errors
    /// None in practice: what is sealed is of fixed length.
    pub fn create_document(&self, rng: &mut impl CryptoRng, by: &Device) -> Result<(Document, Upload)> {
        self.create_lane(rng, by, Lane::Joint)
    }

    /// The same in another lane.
    ///
    /// # Errors
    /// As there.
    pub fn create_lane(
        &self,
        rng: &mut impl CryptoRng,
        by: &Device,
        lane: Lane,
    ) -> Result<(Document, Upload)> {
        let id = DocumentId(random(rng));
        let key = EpochKey::generate(rng);
        let context = self.epoch_context(&id);
        let payload = payload(vec![key.seal(rng, &self.admin[0].public(), &context)?]);
        let reader = Reader {
            principal: Principal::Role(Role::Admin),
            rights: Rights::Write,
            until: None,
        };
        let body = statement::Document {
            document: id,
            prev: None,
            actions: vec![DocumentAction::Create {
                case: Some(CaseId(id.0)),
                lane,
                readers: vec![reader],
                commitment: key.commitment(&context),
            }],
            sealings: vec![Sealing {
                key: KeyRef::Epoch(id, 1),
                to: KeyRef::Role(Role::Admin, Class::General, 1),
            }],
        };
        let statement = Statement {
            signer: by.id(),
            seen: Some(Seen {
                roster: self.roster,
                control: None,
            }),
            payload: PayloadRef::of(&payload),
            body: Body::Document(body),
        };
        let (upload, control) = by.upload(&self.practice, &statement, payload);
        Ok((Document { id, control, key }, upload))
    }

    /// Opens the key of a document's first epoch, as [`Self::create_document`] sealed it.
    ///
    /// # Errors
    /// The payload is not what `create_document` made, or the key not the one committed to.
    pub fn open_document(&self, id: &DocumentId, commitment: &Hash, payload: &[u8]) -> Result<EpochKey> {
        let sealed: SealedKeys = cbor::decode(payload)?;
        let sealed = sealed.0.first().context("a document has a sealed key")?;
        Ok(EpochKey::open(
            &self.admin[0],
            &self.epoch_context(id),
            commitment,
            sealed,
        )?)
    }

    /// The founder's secret keys, for whoever makes sure that they are nowhere else.
    pub fn secrets(&self) -> Vec<[u8; 32]> {
        self.keys
            .iter()
            .chain(&self.admin)
            .map(|key| *key.to_bytes())
            .collect()
    }

    /// The public key that the admin role's secrets are sealed to.
    pub fn admin_key(&self) -> SealingPublic {
        self.admin[0].public()
    }

    fn epoch_context(&self, document: &DocumentId) -> EpochContext {
        EpochContext {
            practice: self.practice,
            document: *document,
            epoch: 1,
        }
    }
}

fn context(practice: PracticeId, holder: KeyHolder, class: Class) -> KeyContext {
    KeyContext {
        practice,
        holder,
        sensitive: class == Class::Sensitive,
        generation: 1,
    }
}

fn payload(sealed: Vec<Vec<u8>>) -> Vec<u8> {
    cbor::encode(&SealedKeys(sealed.into_iter().map(ByteVec::from).collect()))
}

fn random<const N: usize>(rng: &mut impl CryptoRng) -> [u8; N] {
    let mut bytes = [0; N];
    rng.fill_bytes(&mut bytes);
    bytes
}
