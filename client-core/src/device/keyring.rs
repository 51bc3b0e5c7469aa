//! Which secrets this device can open: it walks from the key that is asked for along the sealed keys that the verified
//! chains list, until it reaches one that it holds.

use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use troth_protocol::ids::PracticeId;
use troth_protocol::keys::{Class, KeyRef, Sealing};
use troth_protocol::state::sealed_keys;
use troth_protocol::{cbor, statement::Statement};

use super::{Device, DeviceError};
use crate::crypto::{
    EpochContext, EpochKey, KeyContext, KeyHolder, OpenError, PredecessorWrap, SealingPublic, SealingSecret,
};
use crate::storage::Storage;

/// Generations and roles between a key and this device at most; a longer way is a chain gone wrong.
const STEPS: usize = 1024;

/// Where a key is sealed: which entry's payload, and which of its ciphertexts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(super) struct SealedAt {
    #[n(0)]
    pub sealing: Sealing,
    #[n(1)]
    pub position: u64,
    #[n(2)]
    pub index: u32,
}

/// A secret that was opened.
#[derive(Clone)]
pub(super) enum Secret {
    Sealing(SealingSecret),
    Epoch(EpochKey),
}

/// The sealed keys of a statement at a position.
pub(super) fn sealed_in(statement: &Statement, position: u64) -> impl Iterator<Item = SealedAt> {
    statement
        .sealings()
        .iter()
        .zip(0..)
        .map(move |(sealing, index)| SealedAt {
            sealing: *sealing,
            position,
            index,
        })
}

/// What binds a sealed key to its place. Genesis is sealed before there is a practice id.
fn key_context(practice: PracticeId, position: u64, key: &KeyRef) -> Option<KeyContext> {
    let (holder, class, generation) = match *key {
        KeyRef::Member(member, class, generation) => (KeyHolder::Member(member), class, generation),
        KeyRef::Role(role, class, generation) => (KeyHolder::Role(role as u8), class, generation),
        KeyRef::Device(..) | KeyRef::Epoch(..) => return None,
    };
    let practice = if position == 0 { PracticeId::ZERO } else { practice };
    Some(KeyContext {
        practice,
        holder,
        sensitive: class == Class::Sensitive,
        generation: generation.into(),
    })
}

/// The generation that a key succeeds, if `key` is the one just before `to` of the same holder.
fn predecessor(key: &KeyRef, to: &KeyRef) -> bool {
    match (key, to) {
        (KeyRef::Member(a, c, g), KeyRef::Member(b, d, h)) => {
            a == b && c == d && g.checked_add(1) == Some(*h)
        }
        (KeyRef::Role(a, c, g), KeyRef::Role(b, d, h)) => a == b && c == d && g.checked_add(1) == Some(*h),
        (KeyRef::Epoch(a, g), KeyRef::Epoch(b, h)) => a == b && g.checked_add(1) == Some(*h),
        _ => false,
    }
}

impl<S: Storage> Device<S> {
    /// The secret of a sealing key.
    pub(super) fn sealing_secret(&mut self, key: &KeyRef) -> Result<SealingSecret, DeviceError> {
        match self.secret(key, STEPS)? {
            Secret::Sealing(secret) => Ok(secret),
            Secret::Epoch(_) => Err(DeviceError::Damaged("a key of another kind")),
        }
    }

    /// The key of a document's epoch.
    pub(super) fn epoch_key(&mut self, key: &KeyRef) -> Result<EpochKey, DeviceError> {
        match self.secret(key, STEPS)? {
            Secret::Epoch(key) => Ok(key),
            Secret::Sealing(_) => Err(DeviceError::Damaged("a key of another kind")),
        }
    }

    fn secret(&mut self, key: &KeyRef, steps: usize) -> Result<Secret, DeviceError> {
        match key {
            KeyRef::Device(device, Class::General) if *device == self.secrets.id => {
                return Ok(Secret::Sealing(self.secrets.general.clone()));
            }
            KeyRef::Device(device, Class::Sensitive) if *device == self.secrets.id => {
                return self.sensitive_secret().map(Secret::Sealing);
            }
            _ => {}
        }
        if let Some(found) = self.keys.get(key) {
            return Ok(found.clone());
        }
        let steps = steps
            .checked_sub(1)
            .ok_or(DeviceError::Open(OpenError::Authentication))?;
        let mut failed = DeviceError::Open(OpenError::Authentication);
        for at in self.ways_to(key) {
            let opened = match self.secret(&at.sealing.to, steps) {
                Ok(opener) => self.open_at(&at, &opener),
                Err(error) => Err(error),
            };
            match opened {
                Ok(secret) => {
                    self.keys.insert(*key, secret.clone());
                    return Ok(secret);
                }
                // Of several ways, the one that is locked only is the one to speak of.
                Err(_) if matches!(failed, DeviceError::SensitiveLocked) => {}
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    /// Whether a statement sealed this key of the roster to that one.
    pub(super) fn is_sealed(&self, sealing: &Sealing) -> bool {
        let known = self.sealed.get(&sealing.key);
        known.is_some_and(|ways| ways.iter().any(|at| at.sealing == *sealing))
    }

    /// Where a key is sealed: to this device or its member first, through a successor last.
    fn ways_to(&self, key: &KeyRef) -> Vec<SealedAt> {
        let mut ways: Vec<SealedAt> = match key {
            KeyRef::Epoch(document, _) => self
                .documents
                .get(document)
                .map(|row| {
                    row.sealed
                        .iter()
                        .filter(|at| at.sealing.key == *key)
                        .copied()
                        .collect()
                })
                .unwrap_or_default(),
            _ => self.sealed.get(key).cloned().unwrap_or_default(),
        };
        let member = self.identity.member;
        ways.retain(|at| match at.sealing.to {
            KeyRef::Device(device, _) => device == self.secrets.id,
            KeyRef::Member(m, ..) => Some(m) == member,
            _ => true,
        });
        ways.sort_by_key(|at| (predecessor(&at.sealing.key, &at.sealing.to), at.position));
        ways
    }

    fn open_at(&self, at: &SealedAt, opener: &Secret) -> Result<Secret, DeviceError> {
        let damaged = || DeviceError::Open(OpenError::Authentication);
        let entry = self.rows.entry(at.position)?.ok_or_else(damaged)?;
        let statement: Statement = cbor::decode(&entry.leaf.signed.statement)?;
        let payload = entry.payload.ok_or_else(damaged)?;
        let keys = sealed_keys(&statement, &payload)?;
        let sealed = usize::try_from(at.index)
            .ok()
            .and_then(|i| keys.0.get(i))
            .ok_or_else(damaged)?;
        self.open_one(at, opener, sealed)
    }

    fn open_one(&self, at: &SealedAt, opener: &Secret, sealed: &[u8]) -> Result<Secret, DeviceError> {
        let state = self.practice_state()?;
        let practice = *state.practice();
        let wrong = DeviceError::Open(OpenError::WrongKey);
        let Sealing { key, to } = &at.sealing;
        match (key, opener) {
            (KeyRef::Epoch(id, epoch), opener) => {
                let document = state.documents.get(id).ok_or(DeviceError::NoSuchDocument(*id))?;
                let Some(record) = document.epoch_record(*epoch) else {
                    return Err(wrong);
                };
                match opener {
                    Secret::Epoch(successor) => {
                        let KeyRef::Epoch(_, next) = *to else {
                            return Err(wrong);
                        };
                        let context = EpochContext {
                            practice,
                            document: *id,
                            epoch: next,
                        };
                        let wrap = PredecessorWrap::from_slice(sealed).ok_or(wrong)?;
                        let opened =
                            successor.unwrap_predecessor(&context, *epoch, &record.commitment, &wrap)?;
                        Ok(Secret::Epoch(opened))
                    }
                    Secret::Sealing(secret) => {
                        let context = EpochContext {
                            practice,
                            document: *id,
                            epoch: *epoch,
                        };
                        Ok(Secret::Epoch(EpochKey::open(
                            secret,
                            &context,
                            &record.commitment,
                            sealed,
                        )?))
                    }
                }
            }
            (_, Secret::Sealing(secret)) => {
                let named = state
                    .roster
                    .public_key(key)
                    .and_then(|k| SealingPublic::from_bytes(k.as_x_wing()));
                let Some(named) = named else { return Err(wrong) };
                if predecessor(key, to) {
                    let (Some(context), Some(own)) = (
                        key_context(practice, at.position, to),
                        key_context(practice, at.position, key),
                    ) else {
                        return Err(wrong);
                    };
                    let wrap = PredecessorWrap::from_slice(sealed).ok_or(wrong)?;
                    let opened = secret.unwrap_predecessor(&context, own.generation, &named, &wrap)?;
                    return Ok(Secret::Sealing(opened));
                }
                let Some(context) = key_context(practice, at.position, key) else {
                    return Err(wrong);
                };
                Ok(Secret::Sealing(SealingSecret::open_sealed(
                    secret, &context, &named, sealed,
                )?))
            }
            (_, Secret::Epoch(_)) => Err(wrong),
        }
    }
}

/// Seals one key to another, as a statement at a position lists it. `to` is the public key that the verified chain names,
/// or the successor's own secret.
pub(super) fn seal_one(
    rng: &mut impl CryptoRng,
    practice: PracticeId,
    position: u64,
    sealing: &Sealing,
    key: &Secret,
    to: Target<'_>,
) -> Result<Vec<u8>, DeviceError> {
    let wrong = || DeviceError::Open(OpenError::WrongKey);
    match (&sealing.key, key, to) {
        (KeyRef::Epoch(document, epoch), Secret::Epoch(old), Target::Successor(Secret::Epoch(new))) => {
            let KeyRef::Epoch(_, next) = sealing.to else {
                return Err(wrong());
            };
            let context = EpochContext {
                practice,
                document: *document,
                epoch: next,
            };
            Ok(new
                .wrap_predecessor(rng, old, &context, *epoch)
                .as_bytes()
                .to_vec())
        }
        (KeyRef::Epoch(document, epoch), Secret::Epoch(key), Target::Public(to)) => {
            let context = EpochContext {
                practice,
                document: *document,
                epoch: *epoch,
            };
            Ok(key.seal(rng, to, &context)?)
        }
        (named, Secret::Sealing(old), Target::Successor(Secret::Sealing(new))) => {
            let context = key_context(practice, position, &sealing.to).ok_or_else(wrong)?;
            let own = key_context(practice, position, named).ok_or_else(wrong)?;
            Ok(new
                .wrap_predecessor(rng, old, &context, own.generation)
                .as_bytes()
                .to_vec())
        }
        (named, Secret::Sealing(key), Target::Public(to)) => {
            let context = key_context(practice, position, named).ok_or_else(wrong)?;
            Ok(key.seal_to(rng, to, &context)?)
        }
        _ => Err(wrong()),
    }
}

/// What a key is sealed to.
pub(super) enum Target<'a> {
    Public(&'a SealingPublic),
    Successor(&'a Secret),
}

/// Whether a sealing hands a generation on to the one after it.
pub(super) fn is_predecessor(sealing: &Sealing) -> bool {
    predecessor(&sealing.key, &sealing.to)
}
