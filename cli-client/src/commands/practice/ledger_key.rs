//! The key that the relay signs the ledger with, and turning it.

use serde_json::json;
use troth_protocol::checkpoint::{KeyKind, VerifierKey};
use troth_protocol::ids::VerifyingKey;

use crate::driver;
use crate::failure::Failure;
use crate::messages::practice as say;
use crate::output::columns;
use crate::session::{Device, Sent, Session};

/// Shows the keys, after turning to another one if that was asked for.
///
/// # Errors
/// The relay does not offer that key, or cannot be reached; what else stands in the way.
pub async fn run(session: &Session, turn: Option<&str>) -> Result<(), Failure> {
    let language = session.language;
    let wanted =
        turn.map(|text| read(text).ok_or_else(|| Failure::usage(say::no_ledger_key(language, text))));
    let wanted = wanted.transpose()?;
    let mut device = session.open()?;
    // What the relay offers is heard from the relay.
    let reached = session.send(&mut device).await?;
    let Some(wanted) = wanted else {
        let (value, words) = shown(session, &device)?;
        return session.out.result(&value, &words);
    };
    let present = |device: &Device| device.state().map(|state| state.roster.ledger_key());
    if present(&device) != Some(wanted) {
        if device.offered_ledger_key() != Some(wanted) {
            return Err(match reached {
                Sent::Kept(_, failure) => failure,
                Sent::Held(_) => Failure::usage(say::ledger_key_offline(language)),
                Sent::Yes | Sent::Locked(_) => not_offered(session, &device, wanted),
            });
        }
        let turned = device.turn_ledger_key(&mut driver::rng(), wanted);
        turned.map_err(|e| session.wrong(e))?;
    }
    let sent = session.send(&mut device).await?;
    let done = sent.is_sent();
    let (mut value, words) = shown(session, &device)?;
    value["turned"] = done.into();
    let words = if done { words } else { say::policy_waits(language) };
    sent.finish(session, value, &words)?;
    if done {
        session.out.note(&say::ledger_key_turned(language));
    }
    Ok(())
}

/// A public key in hexadecimal, or as a C2SP verifier key.
fn read(text: &str) -> Option<VerifyingKey> {
    let named = |key: VerifierKey| key.ed25519().filter(|_| key.kind() == KeyKind::Ed25519).copied();
    let text = text.trim();
    VerifyingKey::from_hex(text).or_else(|| text.parse().ok().and_then(named))
}

fn not_offered(session: &Session, device: &Device, wanted: VerifyingKey) -> Failure {
    let language = session.language;
    let role = device
        .state()
        .zip(device.member())
        .and_then(|(state, me)| state.roster.role(&me, u64::MAX));
    if role != Some(troth_protocol::statement::Role::Admin) {
        return session.wrong(troth_protocol::rule::Rule::NotPermitted);
    }
    let known = |device: &Device| {
        let state = device.state()?;
        let mut keys = state.roster.ledger_keys().iter();
        keys.find(|(_, had)| *had == wanted).map(|_| ())
    };
    Failure::failed(match (known(device), device.offered_ledger_key()) {
        (Some(()), _) => say::ledger_key_retired(language),
        (None, Some(other)) => say::ledger_key_other(language, &other.to_string()),
        (None, None) => say::ledger_key_none(language),
    })
}

fn shown(session: &Session, device: &Device) -> Result<(serde_json::Value, String), Failure> {
    use troth_client_core::device::DeviceError::NoPractice;
    let language = session.language;
    let roster = &device.state().ok_or_else(|| session.wrong(NoPractice))?.roster;
    let offered = device.offered_ledger_key();
    let verifier = VerifierKey::new(roster.ledger_origin(), KeyKind::Ed25519, roster.ledger_key());
    let verifier = verifier.map_err(|_| session.wrong(NoPractice))?.to_string();
    let value = json!({
        "key": verifier,
        "keys": roster
            .ledger_keys()
            .iter()
            .map(|(from, key)| json!({ "key": key.to_string(), "from": from }))
            .collect::<Vec<_>>(),
        "offered": offered.map(|key| key.to_string()),
    });
    let mut rows: Vec<Vec<String>> = roster
        .ledger_keys()
        .iter()
        .map(|(from, key)| vec![say::ledger_key_from(language, *from), key.to_string()])
        .collect();
    rows.extend(offered.map(|key| vec![say::ledger_key_offered(language), key.to_string()]));
    let mut words = columns(&rows);
    if let Some(key) = offered {
        words.push_str(&format!(
            "\n{}\n",
            say::ledger_key_compare(language, &key.to_string())
        ));
    }
    Ok((value, words))
}
