//! What only devices read.

use std::sync::OnceLock;

use ed25519_dalek::SigningKey;
use troth_client_core::content::Edits;
use troth_client_core::crypto::{
    DocumentCipher, EpochContext, EpochKey, InviteCode, Kit, LinkCode, Passphrase, PayloadContext,
    PredecessorWrap, SealingPublic, SealingSecret, VaultHeader, WordList, open, open_psk,
};
use troth_client_core::device::FORMS;
use troth_client_core::export;
use troth_protocol::ids::{DeviceId, DocumentId, Hash, PracticeId, VerifyingKey};

use super::relay_side::LEDGER_KEY;
use crate::wire_client::KIND_CHANGE;

/// The first byte says which of [`FORMS`]; the rest is read in that form.
pub fn forms(data: &[u8]) {
    if let [first, rest @ ..] = data {
        let (name, read) = FORMS[usize::from(*first) % FORMS.len()];
        if read(rest) && name == "edits" {
            let edits = Edits::decode(rest).expect("read a moment ago");
            assert_eq!(edits.encode(), rest);
        }
    }
}

/// What people carry to each other, type and print; and the header of a vault.
pub fn codes(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        if let Ok(code) = LinkCode::parse(text) {
            assert!(LinkCode::parse(&code.render()).expect("as it was written") == code);
        }
        if let Ok(code) = InviteCode::parse(text) {
            let again = InviteCode::parse(&code.render()).expect("as it was written");
            assert_eq!((again.relay, again.practice), (code.relay, code.practice));
        }
        let _ = Kit::count(text);
        if let Ok(kit) = Kit::parse(text) {
            for list in [WordList::English, WordList::Chinese] {
                assert!(Kit::parse(&kit.words(list)).expect("its own words") == kit);
            }
        }
        let _ = Passphrase::new(text, &["Lindenhof"]);
    }
    if let Ok(header) = VaultHeader::from_bytes(data) {
        assert_eq!(header.to_bytes(), data);
        // Whatever it costs is refused or paid; here only what is cheap.
        if header.cost().m_kib <= 64 && header.cost().t <= 2 {
            assert!(header.unlock("seven quiet herons wade at dusk").is_err());
        }
    }
}

/// What is sealed to somebody: it opens for nobody who only guesses.
pub fn sealed(data: &[u8]) {
    static SECRET: OnceLock<SealingSecret> = OnceLock::new();
    let secret = SECRET.get_or_init(|| SealingSecret::from_bytes(&[9; 32]));
    let context = PayloadContext {
        practice: PracticeId([1; 32]),
        document: DocumentId([2; 16]),
        epoch: 1,
        author: DeviceId([3; 32]),
        sequence: 1,
        kind: KIND_CHANGE,
    };
    let epoch = EpochContext {
        practice: PracticeId([1; 32]),
        document: DocumentId([2; 16]),
        epoch: 1,
    };
    let key = EpochKey::from_bytes(&[7; 32]);
    assert!(DocumentCipher::new(&key).decrypt(&context, data).is_err());
    assert!(open(secret, b"info", b"", data).is_err());
    let code = LinkCode::new(
        &mut <rand::rngs::StdRng as rand::SeedableRng>::seed_from_u64(1),
        &DeviceId([3; 32]),
    );
    assert!(open_psk(secret, b"info", b"", data, &code.psk()).is_err());
    assert!(EpochKey::open(secret, &epoch, &Hash([0; 32]), data).is_err());
    if let Some(wrap) = PredecessorWrap::from_slice(data) {
        assert!(key.unwrap_predecessor(&epoch, 0, &Hash([0; 32]), &wrap).is_err());
    }
    let _ = SealingPublic::from_bytes(data);
}

/// A ledger in a file, judged with the relay's public key.
pub fn export(data: &[u8]) {
    let key = SigningKey::from_bytes(&LEDGER_KEY).verifying_key().to_bytes();
    if let Ok(verified) = export::verify(data, &VerifyingKey(key)) {
        assert_eq!(verified.entries_seen + verified.entries_hidden, verified.size);
    }
}
