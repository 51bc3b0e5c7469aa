//! The first statement of a practice.

use minicbor::bytes::ByteVec;
use rand_core::CryptoRng;
use troth_protocol::cbor;
use troth_protocol::ids::{MemberId, Nonce, PracticeId, VerifyingKey};
use troth_protocol::keys::{Class, ClassKeys, KeyRef, SealedKeys, Sealing};
use troth_protocol::statement::{Body, Genesis, Policy, Role};
use troth_protocol::wire::Upload;

use super::sealing_pair;
use crate::crypto::SealingPublic;
use crate::device::keyring::{Target, seal_one};
use crate::device::{DeviceError, Secrets};

/// A genesis statement for a relay, and the founder's pseudonym.
pub(in crate::device) fn genesis(
    rng: &mut impl CryptoRng,
    secrets: &Secrets,
    origin: &str,
    ledger_key: VerifyingKey,
) -> Result<(Upload, MemberId), DeviceError> {
    let mut founder = MemberId::default();
    rng.fill_bytes(&mut founder.0);
    let mut nonce = Nonce::default();
    rng.fill_bytes(&mut nonce.0);
    let (member_general, mg) = sealing_pair(rng)?;
    let (member_sensitive, ms) = sealing_pair(rng)?;
    let (admin_general, ag) = sealing_pair(rng)?;
    let (admin_sensitive, asn) = sealing_pair(rng)?;
    let mut sealings = Vec::new();
    let mut payload = Vec::new();
    let classes = [
        (Class::General, member_general, &mg, admin_general),
        (Class::Sensitive, member_sensitive, &ms, admin_sensitive),
    ];
    for (class, member, member_public, admin) in classes {
        let named = KeyRef::Member(founder, class, 1);
        let steps = [
            (
                Sealing {
                    key: named,
                    to: KeyRef::Device(secrets.id, class),
                },
                member,
                secrets.keys.sealing(class),
            ),
            (
                Sealing {
                    key: KeyRef::Role(Role::Admin, class, 1),
                    to: named,
                },
                admin,
                member_public,
            ),
        ];
        for (sealing, key, to) in steps {
            let to = SealingPublic::from_bytes(to.as_x_wing()).ok_or(DeviceError::Damaged("a new key"))?;
            let sealed = seal_one(rng, PracticeId::ZERO, 0, &sealing, &key, Target::Public(&to))?;
            sealings.push(sealing);
            payload.push(ByteVec::from(sealed));
        }
    }
    let body = Genesis {
        version: 1,
        nonce,
        founder,
        device: secrets.keys.clone(),
        member_keys: ClassKeys {
            general: mg,
            sensitive: ms,
        },
        admin_keys: ClassKeys {
            general: ag,
            sensitive: asn,
        },
        ledger_key,
        origin: origin.to_owned(),
        policy: Policy::default(),
        sealings,
    };
    let payload = cbor::encode(&SealedKeys(payload));
    Ok((
        secrets.upload(&PracticeId::ZERO, None, Body::Genesis(Box::new(body)), payload),
        founder,
    ))
}
