//! ML-DSA-44 (FIPS 204), as witnesses cosign with it (C2SP tlog-cosignature): pure, with an empty context.

use ml_dsa::{EncodedSignature, EncodedVerifyingKey, ExpandedSigningKey, MlDsa44, Signature, VerifyingKey};

/// Length of a public key, in bytes.
pub(super) const KEY_BYTES: usize = 1312;
/// Length of a signature, in bytes.
pub(super) const SIGNATURE_BYTES: usize = 2420;

/// A witness's signing key. It is wiped from memory when it is dropped.
pub struct MlDsaKey(Box<ExpandedSigningKey<MlDsa44>>);

impl std::fmt::Debug for MlDsaKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MlDsaKey")
    }
}

impl MlDsaKey {
    /// The key of a seed, which is drawn at random and kept secret.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(Box::new(ExpandedSigningKey::from_seed(&(*seed).into())))
    }

    /// Its public half.
    pub fn public(&self) -> Vec<u8> {
        self.0.verifying_key().encode().to_vec()
    }

    /// Signs; the same bytes each time. `None` where the algorithm finds no signature, which no message is known to bring about.
    pub(super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let signed = self.0.sign_deterministic(message, &[]).ok()?;
        Some(signed.encode().to_vec())
    }
}

/// Whether a signature is this key's.
pub(super) fn verifies(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let key = EncodedVerifyingKey::<MlDsa44>::try_from(key);
    let signature = EncodedSignature::<MlDsa44>::try_from(signature);
    let (Ok(key), Ok(signature)) = (key, signature) else {
        return false;
    };
    Signature::<MlDsa44>::decode(&signature)
        .is_some_and(|signature| VerifyingKey::decode(&key).verify_with_context(message, &[], &signature))
}
