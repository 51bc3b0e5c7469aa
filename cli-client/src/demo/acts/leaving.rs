//! A device is revoked, and tries everything.

use std::path::Path;

use rand::Rng as _;
use troth_client_core::device::{DeviceError, Phase, Report};
use troth_client_core::document::{LaneDocument, NewNote, NoteView};
use troth_protocol::ids::DeviceId;
use troth_server::keyfile;

use super::Record;
use crate::demo::collusion::Colluder;
use crate::demo::stage::{Stage, failed, open_store};
use crate::demo::{Teller, story};
use crate::driver;
use crate::failure::Failure;
use crate::messages::demo as say;
use crate::session::Device;
use crate::storage::SqliteStorage;

/// The phone is revoked, and more is written. The phone is taken by value: it is closed, and opened again from what its store holds, as a thief would.
pub async fn revoke(
    teller: &mut Teller<'_>,
    stage: &Stage<'_>,
    laptop: &mut Device,
    phone: Device,
    phone_id: DeviceId,
    record: &Record,
) -> Result<(), Failure> {
    let language = teller.session.language;
    drop(phone);
    let revoked = laptop.revoke_device(driver::now(), &mut driver::rng(), phone_id, false);
    revoked.map_err(|e| stage.wrong(e))?;
    stage.sync(laptop).await?;
    let author = laptop
        .member()
        .map(|member| member.to_string())
        .unwrap_or_default();
    let note = NewNote {
        author,
        created_ms: driver::now(),
        template: String::new(),
        text: story::AFTERWARDS.to_owned(),
    };
    let mut id = [0; 16];
    driver::rng().fill_bytes(&mut id);
    stage.edit(laptop, record.joint, |doc| doc.add_note(id, &note))?;
    stage.sync(laptop).await?;

    let mut phone = stage.reopened("phone", story::PHONE_PASSPHRASE)?;
    let before = phone.status().size;
    let mut refused = false;
    let reached = stage
        .until(&mut phone, |device, report| {
            refused |= matches!(report, Some(Report::Revoked));
            refused || device.phase() == Phase::Live
        })
        .await;
    let holds = reached.is_ok() && refused && phone.status().size == before && phone.phase() == Phase::Halted;
    teller.claim("revoked", holds, &say::revoked(language, story::PHONE))
}

/// The relay sides with the revoked phone, ignores the revocation, and gives it every byte it has.
pub fn collude(
    teller: &mut Teller<'_>,
    laptop: &mut Device,
    record: &Record,
    dir: &Path,
    relay_dir: &Path,
    origin: &str,
) -> Result<(), Failure> {
    let session = teller.session;
    let store = open_store(session, relay_dir)?;
    let key = keyfile::load(relay_dir).map_err(|e| failed(session, &e))?;
    let practice = laptop.practice().unwrap_or_default();
    let storage = SqliteStorage::open(&dir.join("phone"));
    let storage = storage.map_err(|e| Failure::store(session.language, &e))?;
    let mut phone = Device::open(storage, story::PHONE_PASSPHRASE).map_err(|e| session.wrong(e))?;
    let read_before = phone
        .read(record.joint, LaneDocument::notes)
        .map_err(|e| session.wrong(e))?;
    Colluder {
        session,
        store: &*store,
        key: &key,
        origin,
        practice,
    }
    .give_everything(&mut phone)?;
    let has_everything =
        phone.status().size == laptop.status().size && phone.status().root == laptop.status().root;
    let read_after = match phone.read(record.joint, LaneDocument::notes) {
        Err(DeviceError::NotReadable(_)) => Vec::new(),
        read => read.map_err(|e| session.wrong(e))?,
    };
    let reads = |notes: &[NoteView]| notes.iter().any(|note| note.text == story::AFTERWARDS);
    let laptop_reads = reads(
        &laptop
            .read(record.joint, LaneDocument::notes)
            .map_err(|e| session.wrong(e))?,
    );
    let holds = has_everything && !read_before.is_empty() && laptop_reads && !reads(&read_after);
    teller.claim(
        "keys_do_not_help",
        holds,
        &say::collusion(session.language, story::PHONE),
    )
}
