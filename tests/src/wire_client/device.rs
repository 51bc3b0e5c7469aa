//! A device's secret keys.

use ed25519_dalek::SigningKey;
use rand::CryptoRng;
use troth_client_core::crypto::SealingSecret;
use troth_protocol::entry::Signed;
use troth_protocol::ids::{DeviceId, Hash, MemberId, PracticeId, VerifyingKey};
use troth_protocol::keys::{Class, DeviceKeys, ED25519, SealingKey};
use troth_protocol::labels;
use troth_protocol::signature::Signature;
use troth_protocol::statement::Statement;
use troth_protocol::{cbor, wire::Upload};

/// A device: an Ed25519 key and two X-Wing keys.
pub struct Device {
    id: DeviceId,
    signing: SigningKey,
    sealing: [SealingSecret; 2],
}

impl Device {
    /// A new device.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut seed = [0; 32];
        rng.fill_bytes(&mut seed);
        let mut device = Self {
            id: DeviceId::default(),
            signing: SigningKey::from_bytes(&seed),
            sealing: [SealingSecret::generate(rng), SealingSecret::generate(rng)],
        };
        device.id = device.keys().id();
        device
    }

    /// Its name.
    pub const fn id(&self) -> DeviceId {
        self.id
    }

    /// Its public keys.
    pub fn keys(&self) -> DeviceKeys {
        DeviceKeys {
            algorithm: ED25519,
            signing: VerifyingKey(self.signing.verifying_key().to_bytes()),
            sealing: public(&self.sealing[0]),
            sensitive: public(&self.sealing[1]),
        }
    }

    /// The secret half of a sealing key.
    pub const fn sealing(&self, class: Class) -> &SealingSecret {
        match class {
            Class::General => &self.sealing[0],
            Class::Sensitive => &self.sealing[1],
        }
    }

    /// Its own signature over the member that it joins.
    pub fn proof(&self, practice: &PracticeId, member: &MemberId) -> Signature {
        Signature::sign(&self.signing, labels::DEVICE_PROOF, practice, member.as_bytes())
    }

    /// A signature over any bytes, in any context: what a device that lies can make.
    pub fn sign_bytes(&self, context: &[u8], practice: &PracticeId, bytes: &[u8]) -> Signature {
        Signature::sign(&self.signing, context, practice, bytes)
    }

    /// Signs a statement. Returns its hash as well: its name in chains.
    pub fn sign(&self, practice: &PracticeId, statement: &Statement) -> (Signed, Hash) {
        let statement = cbor::encode(statement);
        let signature = Signature::sign(&self.signing, labels::STATEMENT, practice, &statement);
        let hash = Hash::of(&[&statement]);
        (Signed { statement, signature }, hash)
    }

    /// As [`Self::sign`], with the payload that the statement names.
    pub fn upload(&self, practice: &PracticeId, statement: &Statement, payload: Vec<u8>) -> (Upload, Hash) {
        let (signed, hash) = self.sign(practice, statement);
        (Upload { signed, payload }, hash)
    }
}

/// The public half, as statements carry it.
#[expect(clippy::expect_used, reason = "an encoded X-Wing key has one length")]
pub(super) fn public(secret: &SealingSecret) -> SealingKey {
    SealingKey::x_wing(&secret.public().to_bytes()).expect("1216 bytes")
}
