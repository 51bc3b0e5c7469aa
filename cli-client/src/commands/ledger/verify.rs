//! Replaying a ledger from genesis: this device's own, or an exported one.

use std::path::Path;

use serde_json::json;
use troth_client_core::device::Verification;
use troth_client_core::export;
use troth_protocol::checkpoint::{KeyKind, VerifierKey};
use troth_protocol::ids::VerifyingKey;

use crate::failure::Failure;
use crate::files;
use crate::messages::ledger as say;
use crate::progress::Bar;
use crate::session::Session;

/// This device's own.
///
/// # Errors
/// It does not verify.
pub fn own(session: &Session) -> Result<(), Failure> {
    let device = session.open()?;
    let bar = Bar::named(session, say::verifying(session.language));
    let verified = device.verify_ledger(&mut |done, total| bar.at(done, total));
    bar.clear();
    told(session, verified.map_err(|e| session.wrong(e))?)
}

/// One in a file, with the relay's public key.
///
/// # Errors
/// It does not verify, or is no ledger or no key.
pub fn file(session: &Session, path: &Path, key: &str) -> Result<(), Failure> {
    let language = session.language;
    let key = parse_key(key).ok_or_else(|| Failure::usage(say::bad_key(language)))?;
    let read = files::read_at_most(path, export::BYTES);
    let read = read.map_err(|e| Failure::io(language, path.display(), &e))?;
    let bytes = read.ok_or_else(|| {
        let shown = path.display().to_string();
        Failure::failed(say::export_too_long(language, &shown, export::BYTES >> 20))
    })?;
    let verified =
        export::verify(&bytes, &key).map_err(|why| Failure::failed(say::not_verified(language, &why)))?;
    told(session, verified)
}

/// A C2SP verifier key, or the bare key in hexadecimal.
fn parse_key(text: &str) -> Option<VerifyingKey> {
    let vkey = text
        .parse::<VerifierKey>()
        .ok()
        .filter(|key| key.kind() == KeyKind::Ed25519);
    vkey.and_then(|key| key.ed25519().copied())
        .or_else(|| VerifyingKey::from_hex(&text.to_lowercase()))
}

fn told(session: &Session, verified: Verification) -> Result<(), Failure> {
    let Verification {
        size,
        root,
        entries_seen,
        entries_hidden,
        signatures,
    } = verified;
    let value = json!({
        "verified": true,
        "size": size,
        "root": root.to_string(),
        "entries_seen": entries_seen,
        "entries_hidden": entries_hidden,
        "signatures": signatures,
    });
    session.out.result(
        &value,
        &say::verified(session.language, size, signatures, entries_seen, entries_hidden),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_in_either_form() {
        // RFC 8032, section 7.1, test 1.
        let hex = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        let key = VerifyingKey::from_hex(hex).unwrap();
        let vkey = VerifierKey::new("relay.example/ledger", KeyKind::Ed25519, key)
            .unwrap()
            .to_string();
        assert_eq!(parse_key(hex), Some(key));
        assert_eq!(parse_key(&hex.to_uppercase()), Some(key));
        assert_eq!(parse_key(&vkey), Some(key));
        assert_eq!(parse_key(&vkey[1..]), None);
        assert_eq!(parse_key(""), None);
    }
}
