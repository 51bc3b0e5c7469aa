//! Every derivation, with its label.
//!
//! `HKDF[salt, label](key, n)` is RFC 5869 with SHA-256: extract from `key` with `salt`, expand with `label` as info to
//! `n` bytes. `Expand[info](key, n)` is its second half alone, for a key that is already uniform. `∅` is no salt.
//! `‖` joins; every salt has one fixed length, so no two inputs read alike. Numbers are big-endian.

use hkdf::Hkdf;
use sha2::{Digest, Sha256};
use troth_protocol::ids::{DeviceId, DocumentId, Hash};
use troth_protocol::keys::Class;
use zeroize::Zeroizing;

use super::document::EpochContext;
use super::sealing::{Psk, SealingSecret};
use super::signing::SigningSecret;

/// A derived key, erased when dropped.
pub(super) type Key = Zeroizing<[u8; 32]>;

const EPOCH_COMMITMENT: &str = "troth/1/epoch commitment";
const PAYLOAD: &str = "troth/1/payload";
const EPOCH_PREDECESSOR: &str = "troth/1/epoch predecessor";
const SEALING_PREDECESSOR: &str = "troth/1/sealing predecessor";
const VAULT_ROW: &str = "troth/1/vault row";
const VAULT_ROW_NAME: &str = "troth/1/vault row name";
const LINK_MAILBOX: &str = "troth/1/link mailbox";
const LINK_PSK: &str = "troth/1/link psk";
const INVITE_TOKEN: &str = "troth/1/invite token";
const INTAKE_FORM: &str = "troth/1/intake form";
const INTAKE_SIGNING: &str = "troth/1/intake signing";
const INTAKE_PSK: &str = "troth/1/intake psk";
const INTAKE_PSK_ID: &str = "troth/1/intake psk id";
const INTAKE_KEYS: &str = "troth/1/intake keys";
const INTAKE_PIN_SALT: &str = "troth/1/intake pin salt";
const INTAKE_PIN_PROOF: &str = "troth/1/intake pin proof";
const INTAKE_DRAFT: &str = "troth/1/intake draft";
const INTAKE_CLIENT_SIGNING: &str = "troth/1/intake client signing";
const INTAKE_CLIENT_SEALING: &str = "troth/1/intake client sealing";
const KIT_SIGNING: &str = "troth/1/kit signing";
const KIT_SEALING: &str = "troth/1/kit sealing";
const KIT_SEALING_SENSITIVE: &str = "troth/1/kit sealing sensitive";
const ACTOR: &str = "troth/1/automerge actor";

/// HPKE `info`: what a client sends through an intake link.
pub(super) const INTAKE_SUBMISSION: &[u8] = b"troth/1/intake submission";
/// HPKE `info`: what the practice answers.
pub(super) const INTAKE_REPLY: &[u8] = b"troth/1/intake reply";
/// HPKE `info` of a document's epoch key, sealed to a reader.
pub(super) const SEALED_EPOCH_KEY: &[u8] = b"troth/1/sealed epoch key";
/// HPKE `info` of a member's, role's or invite's sealing key, sealed to a holder.
pub(super) const SEALED_SEALING_KEY: &[u8] = b"troth/1/sealed sealing key";
/// Associated data of the storage key that a passphrase wraps.
pub(super) const VAULT_STORAGE_KEY: &[u8] = b"troth/1/vault storage key";
/// Prefix of what a link code's checksum covers.
pub(super) const LINK_CHECKSUM: &[u8] = b"troth/1/link checksum";
/// HPKE `info`: the answer to a device that wants to join.
pub const LINK_ANSWER: &[u8] = b"troth/1/link answer";
/// Prefix of what an invitation code's checksum covers.
pub(super) const INVITE_CHECKSUM: &[u8] = b"troth/1/invite checksum";
/// HPKE `info`: what somebody who was invited sends to whoever invited them.
pub const NEWCOMER_REQUEST: &[u8] = b"troth/1/newcomer request";
/// HPKE `info`: what they are told once they are a member.
pub const NEWCOMER_ANSWER: &[u8] = b"troth/1/newcomer answer";
/// Prefix of a comparison's commitment.
pub(super) const COMPARISON_COMMITMENT: &[u8] = b"troth/1/comparison commitment";
/// Prefix of a comparison's code.
pub(super) const COMPARISON_CODE: &[u8] = b"troth/1/comparison code";

/// Every label, for the check that none serves twice.
pub const LABELS: [&[u8]; 35] = [
    INTAKE_KEYS.as_bytes(),
    INTAKE_PIN_SALT.as_bytes(),
    INTAKE_PIN_PROOF.as_bytes(),
    INTAKE_DRAFT.as_bytes(),
    INTAKE_CLIENT_SIGNING.as_bytes(),
    INTAKE_CLIENT_SEALING.as_bytes(),
    INTAKE_SUBMISSION,
    INTAKE_REPLY,
    INVITE_TOKEN.as_bytes(),
    INVITE_CHECKSUM,
    NEWCOMER_REQUEST,
    NEWCOMER_ANSWER,
    LINK_ANSWER,
    EPOCH_COMMITMENT.as_bytes(),
    PAYLOAD.as_bytes(),
    EPOCH_PREDECESSOR.as_bytes(),
    SEALING_PREDECESSOR.as_bytes(),
    VAULT_ROW.as_bytes(),
    VAULT_ROW_NAME.as_bytes(),
    LINK_MAILBOX.as_bytes(),
    LINK_PSK.as_bytes(),
    INTAKE_FORM.as_bytes(),
    INTAKE_SIGNING.as_bytes(),
    INTAKE_PSK.as_bytes(),
    INTAKE_PSK_ID.as_bytes(),
    KIT_SIGNING.as_bytes(),
    KIT_SEALING.as_bytes(),
    KIT_SEALING_SENSITIVE.as_bytes(),
    ACTOR.as_bytes(),
    SEALED_EPOCH_KEY,
    SEALED_SEALING_KEY,
    VAULT_STORAGE_KEY,
    LINK_CHECKSUM,
    COMPARISON_COMMITMENT,
    COMPARISON_CODE,
];

/// `HKDF[practice ‖ document ‖ epoch, "troth/1/epoch commitment"](epoch key, 32)`: binds an epoch to its key and tells
/// nothing of it. Finding two keys with one commitment is finding a SHA-256 collision.
pub(super) fn epoch_commitment(epoch_key: &[u8; 32], context: &EpochContext) -> Hash {
    Hash(*hkdf(&context.encode(), EPOCH_COMMITMENT, epoch_key))
}

/// `HKDF[∅, "troth/1/payload"](epoch key, 32)`: encrypts the payloads of one document's epoch.
pub(super) fn payload(epoch_key: &[u8; 32]) -> Key {
    hkdf(&[], PAYLOAD, epoch_key)
}

/// `HKDF[∅, "troth/1/epoch predecessor"](epoch key, 32)`: encrypts the epoch key before this one.
pub(super) fn epoch_predecessor(epoch_key: &[u8; 32]) -> Key {
    hkdf(&[], EPOCH_PREDECESSOR, epoch_key)
}

/// `HKDF[∅, "troth/1/sealing predecessor"](sealing seed, 32)`: encrypts the sealing seed of the generation before. The
/// same seed goes into X-Wing through SHAKE256, never through HMAC-SHA-256: the two uses are independent.
pub(super) fn sealing_predecessor(seed: &[u8; 32]) -> Key {
    hkdf(&[], SEALING_PREDECESSOR, seed)
}

/// `HKDF[∅, "troth/1/vault row"](storage key, 32)`: encrypts a vault's rows.
pub(super) fn vault_row(storage_key: &[u8; 32]) -> Key {
    hkdf(&[], VAULT_ROW, storage_key)
}

/// `HKDF[∅, "troth/1/vault row name"](storage key, 32)`: names a vault's rows, through [`row_name`].
pub(super) fn vault_row_name(storage_key: &[u8; 32]) -> Key {
    hkdf(&[], VAULT_ROW_NAME, storage_key)
}

/// `Expand[table ‖ id](row name key, 32)`: a pseudorandom function of the row's place. `table` is one byte.
pub(super) fn row_name(row_name_key: &Key, table: u8, id: &[u8]) -> [u8; 32] {
    let mut name = [0; 32];
    expand(row_name_key, &[&[table], id], &mut name);
    name
}

/// `HKDF[device digest, "troth/1/link mailbox"](secret, 16)`: where the answer to a link code waits on the relay.
pub(super) fn link_mailbox(digest: &[u8; 20], secret: &[u8; 16]) -> [u8; 16] {
    first_16(&hkdf(digest, LINK_MAILBOX, secret))
}

/// `HKDF[device digest, "troth/1/link psk"](secret, 32)`, named by the mailbox.
pub(super) fn link_psk(digest: &[u8; 20], secret: &[u8; 16]) -> Psk {
    Psk::new(*hkdf(digest, LINK_PSK, secret), link_mailbox(digest, secret))
}

/// `HKDF[device digest, "troth/1/invite token"](secret, 32)`: what the roster commits to by its SHA-256, and whoever holds the
/// code can show.
pub(super) fn invite_token(digest: &[u8; 20], secret: &[u8; 16]) -> Key {
    hkdf(digest, INVITE_TOKEN, secret)
}

/// `HKDF[∅, "troth/1/intake form"](secret, 32)`: opens the form behind an intake link.
pub fn intake_form_key(secret: &[u8; 32]) -> Zeroizing<[u8; 32]> {
    hkdf(&[], INTAKE_FORM, secret)
}

/// `HKDF[∅, "troth/1/intake signing"](secret, 32)`, as an Ed25519 seed: shows the relay that a submission belongs to a
/// link.
pub fn intake_signing_secret(secret: &[u8; 32]) -> SigningSecret {
    SigningSecret::from_seed(&hkdf(&[], INTAKE_SIGNING, secret))
}

/// `HKDF[∅, "troth/1/intake psk"](secret, 32)`, named by `HKDF[∅, "troth/1/intake psk id"](secret, 16)`: what a
/// submission is sealed with besides the recipient's key.
pub fn intake_psk(secret: &[u8; 32]) -> Psk {
    Psk::new(
        *hkdf(&[], INTAKE_PSK, secret),
        first_16(&hkdf(&[], INTAKE_PSK_ID, secret)),
    )
}

/// `HKDF[∅, "troth/1/intake keys"](epoch key, 32)`: encrypts what a lane's readers keep of an intake link.
pub(super) fn intake_keys(epoch_key: &[u8; 32]) -> Key {
    hkdf(&[], INTAKE_KEYS, epoch_key)
}

/// `HKDF[∅, "troth/1/intake pin salt"](secret, 16)`: the salt of a PIN's Argon2id.
pub(super) fn intake_pin_salt(secret: &[u8; 32]) -> [u8; 16] {
    first_16(&hkdf(&[], INTAKE_PIN_SALT, secret))
}

/// `HKDF[secret, "troth/1/intake pin proof"](stretched PIN, 32)`: shown to the relay, which keeps its SHA-256.
pub(super) fn intake_pin_proof(secret: &[u8; 32], stretched: &[u8; 32]) -> Key {
    hkdf(secret, INTAKE_PIN_PROOF, stretched)
}

/// `HKDF[secret ‖ pepper, label](stretched PIN, 32)`, for the draft's key and for the seeds of the client's own keys: who
/// lacks the link, the PIN or the relay's pepper has none of them.
pub(super) fn intake_client(secret: &[u8; 32], pepper: &[u8; 32], stretched: &[u8; 32]) -> [Key; 3] {
    let mut salt = Zeroizing::new([0; 64]);
    salt[..32].copy_from_slice(secret);
    salt[32..].copy_from_slice(pepper);
    [INTAKE_DRAFT, INTAKE_CLIENT_SIGNING, INTAKE_CLIENT_SEALING].map(|label| hkdf(&*salt, label, stretched))
}

/// `HKDF[∅, "troth/1/kit signing"](entropy, 32)`, as an Ed25519 seed: the key that a recovery kit signs with.
pub(super) fn kit_signing(entropy: &[u8; 32]) -> SigningSecret {
    SigningSecret::from_seed(&hkdf(&[], KIT_SIGNING, entropy))
}

/// `HKDF[∅, "troth/1/kit sealing"](entropy, 32)`, as an X-Wing seed; for what is sensitive,
/// `HKDF[∅, "troth/1/kit sealing sensitive"](entropy, 32)`: the keys that secrets are sealed to a recovery kit with.
pub(super) fn kit_sealing(entropy: &[u8; 32], class: Class) -> SealingSecret {
    let label = match class {
        Class::General => KIT_SEALING,
        Class::Sensitive => KIT_SEALING_SENSITIVE,
    };
    SealingSecret::from_bytes(&hkdf(&[], label, entropy))
}

/// `SHA-256("troth/1/automerge actor" ‖ 0x00 ‖ device ‖ document)`, its first 16 bytes: the only Automerge actor under
/// which a device may write in a document.
pub fn actor(device: &DeviceId, document: &DocumentId) -> [u8; 16] {
    let digest = Sha256::new()
        .chain_update(ACTOR)
        .chain_update([0])
        .chain_update(device.as_bytes())
        .chain_update(document.as_bytes())
        .finalize();
    first_16(digest.as_ref())
}

/// `HKDF[salt, label](key, 32)`.
fn hkdf(salt: &[u8], label: &str, key: &[u8]) -> Key {
    let (prk, _) = Hkdf::<Sha256>::extract(Some(salt), key);
    let prk = Zeroizing::new(<[u8; 32]>::from(prk));
    let mut out = Zeroizing::new([0; 32]);
    expand(&prk, &[label.as_bytes()], &mut out);
    out
}

/// `Expand[info](key, 32)`.
#[expect(
    clippy::expect_used,
    reason = "RFC 5869 refuses only keys below 32 bytes and outputs above 8,160"
)]
fn expand(key: &[u8; 32], info: &[&[u8]], out: &mut [u8; 32]) {
    let hkdf = Hkdf::<Sha256>::from_prk(key).expect("a 32-byte key");
    hkdf.expand_multi_info(info, out).expect("a 32-byte output");
}

fn first_16(bytes: &[u8; 32]) -> [u8; 16] {
    let mut out = [0; 16];
    out.copy_from_slice(&bytes[..16]);
    out
}
