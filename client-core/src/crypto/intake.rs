//! An intake link's cryptography: one secret behind `#`, a PIN that the client chooses, and the relay's pepper.
//!
//! ```text
//! secret ──HKDF──> form key, link's signing key, PSK
//! PIN ──Argon2id[salt(secret)]──> stretched ──HKDF[secret]──> proof (to the relay)
//!                                           └─HKDF[secret ‖ pepper]──> draft key, client's signing and sealing keys
//! answers ──HPKE PSK──> recipient key       copy ──HPKE PSK──> client's sealing key
//! ```
//!
//! Who has the link alone opens the form and nothing else. The counselor, who made the link, lacks the PIN and the pepper;
//! the relay lacks the secret; both together can try PINs.

use rand_core::CryptoRng;
use troth_protocol::ids::{DocumentId, Hash, InviteId, PracticeId};
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::document::EpochKey;
use super::error::{OpenError, SealError};
use super::sealing::{SealingPublic, SealingSecret};
use super::signing::SigningSecret;
use super::vault::{Cost, VaultError};
use super::{aead, keys, payload, sealing};

/// What a form is padded to at least, in bytes: every shipped one is sealed in as many, so that the relay cannot tell which it is.
const FORM: usize = 8 * 1024;
/// What answers, drafts and replies are padded to at least, in bytes: those to every shipped questionnaire of choices.
const WORDS: usize = 4 * 1024;

/// 32 random bytes behind an intake link's `#`.
#[derive(Clone, PartialEq, Eq, ZeroizeOnDrop)]
pub struct IntakeSecret([u8; 32]);

/// A PIN, stretched: what is made of it needs no more time.
#[derive(Clone, ZeroizeOnDrop)]
pub struct StretchedPin {
    secret: [u8; 32],
    stretched: [u8; 32],
}

/// The keys of whoever answers through a link, opened by the PIN and the relay's pepper.
#[derive(Clone)]
pub struct ClientKeys {
    /// Signs what is sent.
    pub signing: SigningSecret,
    /// Opens what is answered.
    pub sealing: SealingSecret,
    draft: Zeroizing<[u8; 32]>,
}

super::redacted_debug!(IntakeSecret, StretchedPin, ClientKeys);

/// Which link of which document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IntakeContext {
    /// The practice.
    pub practice: PracticeId,
    /// The document that the answers are for.
    pub document: DocumentId,
    /// The invite.
    pub invite: InviteId,
}

impl IntakeContext {
    /// `practice (32) ‖ document (16) ‖ invite (16)`.
    fn encode(&self) -> [u8; 64] {
        let mut out = [0; 64];
        out[..32].copy_from_slice(self.practice.as_bytes());
        out[32..48].copy_from_slice(self.document.as_bytes());
        out[48..].copy_from_slice(&self.invite.0);
        out
    }

    /// `encode() ‖ kind (1) ‖ sequence (8, big-endian)`.
    pub(crate) fn of_submission(&self, kind: u8, sequence: u64) -> [u8; 73] {
        let mut out = [0; 73];
        out[..64].copy_from_slice(&self.encode());
        out[64] = kind;
        out[65..].copy_from_slice(&sequence.to_be_bytes());
        out
    }

    /// `encode() ‖ hash of the submission (32)`.
    fn of_reply(&self, to: &Hash) -> [u8; 96] {
        let mut out = [0; 96];
        out[..64].copy_from_slice(&self.encode());
        out[64..].copy_from_slice(&to.0);
        out
    }

    /// `encode() ‖ epoch (8, big-endian)`.
    fn of_keys(&self, epoch: u64) -> [u8; 72] {
        let mut out = [0; 72];
        out[..64].copy_from_slice(&self.encode());
        out[64..].copy_from_slice(&epoch.to_be_bytes());
        out
    }
}

impl IntakeSecret {
    /// A new secret.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self(*super::random_key(rng))
    }

    /// The secret that a link carries.
    pub const fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(*bytes)
    }

    /// Its bytes, for the link itself and under a vault.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0)
    }

    /// The link's signing key: shows the relay that something came through this link.
    pub fn signing(&self) -> SigningSecret {
        keys::intake_signing_secret(&self.0)
    }

    /// Seals what the page shows before anybody answers: compressed and padded, then XChaCha20-Poly1305.
    ///
    /// # Errors
    /// [`SealError::TooLong`] above [`super::MAX_CONTENT`] bytes.
    pub fn seal_form(
        &self,
        rng: &mut impl CryptoRng,
        context: &IntakeContext,
        form: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        let padded = payload::padded_to(form, FORM)?;
        Ok(aead::seal(
            &keys::intake_form_key(&self.0),
            rng,
            &context.encode(),
            &padded,
        ))
    }

    /// Opens it.
    ///
    /// # Errors
    /// [`OpenError::Authentication`] for another link's, or what somebody without the secret made.
    pub fn open_form(&self, context: &IntakeContext, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        let opened = aead::open(&keys::intake_form_key(&self.0), &context.encode(), sealed)?;
        payload::content_padded_to(&opened, FORM)
    }

    /// Seals what is sent through the link to the recipient key, with the link's pre-shared key.
    ///
    /// # Errors
    /// [`SealError::TooLong`] above [`super::MAX_CONTENT`] bytes.
    pub fn seal_submission(
        &self,
        rng: &mut impl CryptoRng,
        to: &SealingPublic,
        context: &IntakeContext,
        (kind, sequence): (u8, u64),
        said: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        let padded = payload::padded_to(said, WORDS)?;
        let aad = context.of_submission(kind, sequence);
        sealing::seal_psk(
            rng,
            to,
            keys::INTAKE_SUBMISSION,
            &aad,
            &padded,
            &keys::intake_psk(&self.0),
        )
    }

    /// Opens it.
    ///
    /// # Errors
    /// As [`sealing::open_psk`], and those of the padding.
    pub fn open_submission(
        &self,
        recipient: &SealingSecret,
        context: &IntakeContext,
        (kind, sequence): (u8, u64),
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let aad = context.of_submission(kind, sequence);
        let psk = keys::intake_psk(&self.0);
        let opened = sealing::open_psk(recipient, keys::INTAKE_SUBMISSION, &aad, sealed, &psk)?;
        payload::content_padded_to(&opened, WORDS).map(Zeroizing::new)
    }

    /// Seals an answer to a client, with the link's pre-shared key.
    ///
    /// # Errors
    /// [`SealError::TooLong`] above [`super::MAX_CONTENT`] bytes.
    pub fn seal_reply(
        &self,
        rng: &mut impl CryptoRng,
        client: &SealingPublic,
        context: &IntakeContext,
        to: &Hash,
        reply: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        let padded = payload::padded_to(reply, WORDS)?;
        let psk = keys::intake_psk(&self.0);
        sealing::seal_psk(
            rng,
            client,
            keys::INTAKE_REPLY,
            &context.of_reply(to),
            &padded,
            &psk,
        )
    }

    /// Opens an answer.
    ///
    /// # Errors
    /// As [`sealing::open_psk`], and those of the padding.
    pub fn open_reply(
        &self,
        client: &ClientKeys,
        context: &IntakeContext,
        to: &Hash,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let psk = keys::intake_psk(&self.0);
        let aad = context.of_reply(to);
        let opened = sealing::open_psk(&client.sealing, keys::INTAKE_REPLY, &aad, sealed, &psk)?;
        payload::content_padded_to(&opened, WORDS).map(Zeroizing::new)
    }

    /// `Argon2id[salt(secret), 64 MiB, 3 passes, 1 lane](PIN)`: a second or two, also in a browser.
    ///
    /// # Errors
    /// [`VaultError::OutOfMemory`].
    pub fn stretch(&self, pin: &str, cost: Cost) -> Result<StretchedPin, VaultError> {
        let stretched = super::vault::derive(pin, &keys::intake_pin_salt(&self.0), cost)?;
        Ok(StretchedPin {
            secret: self.0,
            stretched: *stretched,
        })
    }
}

impl StretchedPin {
    /// What the relay is shown.
    pub fn proof(&self) -> Zeroizing<[u8; 32]> {
        keys::intake_pin_proof(&self.secret, &self.stretched)
    }

    /// The client's keys, with the pepper that the relay gave for the proof.
    pub fn open(&self, pepper: &[u8; 32]) -> ClientKeys {
        let [draft, signing, seal] = keys::intake_client(&self.secret, pepper, &self.stretched);
        ClientKeys {
            signing: SigningSecret::from_seed(&signing),
            sealing: SealingSecret::from_bytes(&seal),
            draft,
        }
    }
}

impl ClientKeys {
    /// Seals a draft, padded.
    ///
    /// # Errors
    /// [`SealError::TooLong`] above [`super::MAX_CONTENT`] bytes.
    pub fn seal_draft(
        &self,
        rng: &mut impl CryptoRng,
        context: &IntakeContext,
        draft: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        let padded = payload::padded_to(draft, WORDS)?;
        Ok(aead::seal(&self.draft, rng, &context.encode(), &padded))
    }

    /// Opens a draft.
    ///
    /// # Errors
    /// [`OpenError::Authentication`] for another link's or another PIN's.
    pub fn open_draft(
        &self,
        context: &IntakeContext,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let opened = aead::open(&self.draft, &context.encode(), sealed)?;
        payload::content_padded_to(&opened, WORDS).map(Zeroizing::new)
    }
}

impl EpochKey {
    /// Seals what a lane's readers keep of a link: its secret and the recipient key's seed.
    pub fn seal_intake(
        &self,
        rng: &mut impl CryptoRng,
        context: &IntakeContext,
        epoch: u64,
        secret: &IntakeSecret,
        recipient: &SealingSecret,
    ) -> Vec<u8> {
        let mut both = Zeroizing::new([0; 64]);
        both[..32].copy_from_slice(&secret.0);
        both[32..].copy_from_slice(recipient.to_bytes().as_slice());
        aead::seal(
            &keys::intake_keys(self.expose()),
            rng,
            &context.of_keys(epoch),
            &*both,
        )
    }

    /// Opens it.
    ///
    /// # Errors
    /// [`OpenError::Authentication`] for another link's, [`OpenError::Length`].
    pub fn open_intake(
        &self,
        context: &IntakeContext,
        epoch: u64,
        sealed: &[u8],
    ) -> Result<(IntakeSecret, SealingSecret), OpenError> {
        let opened = aead::open(&keys::intake_keys(self.expose()), &context.of_keys(epoch), sealed)?;
        let wrong = OpenError::Length(opened.len());
        let (secret, seed) = opened.split_first_chunk::<32>().ok_or(wrong)?;
        let seed = Zeroizing::new(<[u8; 32]>::try_from(seed).map_err(|_| wrong)?);
        Ok((IntakeSecret(*secret), SealingSecret::from_bytes(&seed)))
    }
}

#[cfg(test)]
mod tests;
