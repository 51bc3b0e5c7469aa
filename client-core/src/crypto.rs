//! The cryptography of a device: published constructions, composed, and nothing invented.
//!
//! ```text
//! sealing secret ──opens──> epoch key ──HKDF──> payload key ──> DocumentCipher ──> payloads
//!   (HPKE, X-Wing)          (32 random bytes)                   (XChaCha20-Poly1305)
//! passphrase ──Argon2id──> vault key ──unwraps──> storage key ──HKDF──> rows and their names
//! ```
//!
//! | file | holds |
//! | --- | --- |
//! | `keys` | every derivation and its label |
//! | `sealing` | HPKE to a public key, with and without a pre-shared key |
//! | `lineage` | members' and roles' sealing keys: handing them on, and back to earlier generations |
//! | `document` | a document's epoch key, its commitment, its predecessors |
//! | `payload` | what a document key encrypts: context, compression, padding |
//! | `vault` | the local store's encryption under a passphrase |
//! | `passphrase` | which passphrases are refused, and why |
//! | `code`, `comparison` | what people carry or read to each other |
//! | `kit` | a recovery kit: 24 words that are a device |
//! | `intake` | an intake link: its form, what comes through it, a PIN, drafts |
//! | `signing` | a device's Ed25519 key |
//!
//! Randomness is always an argument. Nothing here reads a clock, touches a disk or starts a thread, and the whole
//! builds for `wasm32-unknown-unknown`. An opened secret is checked against what the verified chain says of it (a
//! commitment or a public key) before it is returned: the AEADs used here do not commit to their keys.

mod aead;
mod code;
mod comparison;
mod crockford;
mod document;
mod error;
mod intake;
mod invitation;
mod keys;
mod kit;
mod lineage;
mod passphrase;
mod payload;
mod sealing;
mod signing;
mod vault;

pub use code::{CodeError, LinkCode, MailboxId};
pub use comparison::{BrokenCommitment, ComparisonCode, ComparisonCommitment, ComparisonNonce};
pub use document::{EpochContext, EpochKey};
pub use error::{OpenError, SealError};
pub use intake::{ClientKeys, IntakeContext, IntakeSecret, StretchedPin};
pub use invitation::{InviteCode, InviteSecret};
pub use keys::{
    LABELS, LINK_ANSWER, NEWCOMER_ANSWER, NEWCOMER_REQUEST, actor, intake_form_key, intake_psk,
    intake_signing_secret,
};
pub use kit::{Kit, KitDevice, KitError, MAX_KIT_TEXT, WORDS, WordList};
pub use lineage::{KeyContext, KeyHolder, PredecessorWrap};
pub use passphrase::{MAX_PASSPHRASE_BYTES, MIN_PASSPHRASE_CHARS, Passphrase, PassphraseFault};
pub(crate) use payload::is_layout as payload_content;
pub use payload::{DocumentCipher, MAX_CONTENT, MAX_SEALED_CONTENT, PayloadContext, decrypt, encrypt, padme};
pub use sealing::{
    ENCAPSULATED_KEY, MAX_INFO, PUBLIC_KEY, Psk, SEALED_OVERHEAD, SealingPublic, SealingSecret, open,
    open_psk, seal, seal_psk,
};
pub use signing::SigningSecret;
pub use vault::{Cost, Vault, VaultError, VaultHeader};

use rand_core::CryptoRng;
use zeroize::Zeroizing;

/// 32 random bytes, erased when dropped.
fn random_key(rng: &mut impl CryptoRng) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    rng.fill_bytes(key.as_mut());
    key
}

/// Prints a secret's type and nothing of its value, so that what holds one can still derive `Debug`.
macro_rules! redacted_debug {
    ($($name:ident),+) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(secret)"))
            }
        }
    )+};
}
use redacted_debug;
