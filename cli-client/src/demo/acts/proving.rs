//! The ledger is verified on both sides, and the relay's bytes are searched.

use std::path::Path;

use troth_client_core::intake::IntakeLink;
use troth_protocol::ids::PracticeId;
use troth_server::{audit, keyfile};

use crate::demo::stage::{failed, open_store};
use crate::demo::{Teller, search, story};
use crate::failure::Failure;
use crate::messages::demo as say;
use crate::session::{Device, Session};

/// The device replays the ledger from genesis.
pub fn verify_here(teller: &mut Teller<'_>, laptop: &Device) -> Result<(), Failure> {
    let verified = laptop
        .verify_ledger(&mut |_, _| {})
        .map_err(|e| teller.session.wrong(e))?;
    let status = laptop.status();
    let holds = verified.size == status.size && verified.root == status.root && verified.entries_hidden == 0;
    let words = say::verified(teller.session.language, verified.size, verified.signatures);
    teller.claim("ledger_on_the_device", holds, &words)
}

/// The relay replays what it stored.
pub fn verify_there(teller: &mut Teller<'_>, relay_dir: &Path) -> Result<(), Failure> {
    let session = teller.session;
    let store = open_store(session, relay_dir)?;
    let keys = keyfile::load_public(relay_dir).map_err(|e| failed(session, &e))?;
    let report = audit::verify(&store, &keys, &mut |_| {}).map_err(|e| failed(session, &e))?;
    let entries = report.ledgers.iter().map(|ledger| ledger.entries).sum();
    teller.claim(
        "ledger_on_the_relay",
        report.ok && report.ledgers.len() == 1,
        &say::audited(session.language, entries),
    )
}

/// A name and the content, for each file.
pub type Files = Vec<(String, Vec<u8>)>;

/// Every file below a directory.
pub fn read_all(session: &Session, dir: &Path) -> Result<Files, Failure> {
    search::files(dir).map_err(|e| Failure::io(session.language, dir.display(), &e))
}

/// Every file of the relay, while it ran and now that it has stopped, and every entry as it would be handed out.
pub fn look_for_secrets(
    teller: &mut Teller<'_>,
    relay_dir: &Path,
    running: Files,
    practice: PracticeId,
    [code, words, invitation]: [&str; 3],
    link: &IntakeLink,
) -> Result<(), Failure> {
    let session = teller.session;
    let mut places = running;
    places.extend(read_all(session, relay_dir)?);
    let files = places.len();
    let store = open_store(session, relay_dir)?;
    let entries = store
        .entries(&practice, 0, u64::MAX, usize::MAX)
        .map_err(|e| failed(session, &e))?;
    let count = entries.len();
    for entry in entries {
        let bytes = [entry.leaf, entry.payload.unwrap_or_default()].concat();
        places.push((format!("entry {}", entry.position), bytes));
    }
    let bytes: usize = places.iter().map(|(_, bytes)| bytes.len()).sum();
    // What stands before the # is the relay's own address.
    let invitation = invitation.rsplit('#').next().unwrap_or_default();
    let (unbroken, whole) = (code.replace('-', ""), invitation.replace('-', ""));
    let fragment = link.fragment();
    // Of the link: its secret, and the recipient key's digest, as they are written there. The search has bytes in hexadecimal too.
    let mut parts = fragment.rsplit('.');
    let (secret, recipient) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let codes = [code, &unbroken, invitation, &whole, secret, recipient];
    let mut needles = search::needles(story::SECRETS.into_iter().chain(codes));
    needles.extend(search::runs(words));
    let plain = link.secret.to_bytes();
    let raw = places
        .iter()
        .find(|(_, bytes)| search::holds(bytes, plain.as_slice()));
    if let Some((place, _)) = raw {
        let words = say::secret_found(session.language, secret, "bytes", place);
        return teller.claim("nothing_to_read", false, &words);
    }
    let known = places
        .iter()
        .any(|(_, bytes)| search::holds(bytes, practice.as_bytes()));
    teller.claim(
        "search_can_find",
        known && search::can_find(&needles),
        &say::control(session.language, needles.len()),
    )?;
    let hit = places
        .iter()
        .find_map(|(place, bytes)| Some((place, search::find(bytes, &needles)?)));
    if let Some((place, needle)) = hit {
        let words = say::secret_found(session.language, &needle.secret, needle.form, place);
        return teller.claim("nothing_to_read", false, &words);
    }
    let words = say::nothing_to_read(session.language, bytes, files, count);
    teller.claim("nothing_to_read", count > 0 && files > 1, &words)
}
