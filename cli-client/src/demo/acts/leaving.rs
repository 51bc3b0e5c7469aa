//! A device is revoked, and tries everything.

use std::path::Path;

use rand::Rng as _;
use troth_client_core::device::{DeviceError, Phase, Report};
use troth_client_core::document::{LaneDocument, NoteView};
use troth_protocol::ids::{Hash, PracticeId};
use troth_server::keyfile;

use super::Record;
use crate::demo::collusion::Colluder;
use crate::demo::stage::{Stage, failed, open_store};
use crate::demo::{Teller, story};
use crate::driver;
use crate::failure::Failure;
use crate::messages::demo as say;
use crate::session::{Device, Session};
use crate::storage::SqliteStorage;

/// The phone is revoked, and more is written. The phone is taken by value: it is closed, and opened again from what its
/// store holds, as a thief would.
pub async fn revoke(
    teller: &mut Teller<'_>,
    stage: &Stage<'_>,
    laptop: &mut Device,
    phone: Device,
    record: &Record,
) -> Result<(), Failure> {
    let language = teller.session.language;
    let phone_id = phone.id();
    drop(phone);
    let revoked = laptop.revoke_device(driver::now(), &mut driver::rng(), phone_id, false);
    revoked.map_err(|e| stage.wrong(e))?;
    stage.sync(laptop).await?;
    write_afterwards(stage, laptop, record).await?;

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

async fn write_afterwards(stage: &Stage<'_>, laptop: &mut Device, record: &Record) -> Result<(), Failure> {
    let mut id = [0; 16];
    driver::rng().fill_bytes(&mut id);
    let note = stage.note(laptop, story::AFTERWARDS);
    stage.edit(laptop, record.joint, |doc| doc.add_note(id, &note))?;
    stage.sync(laptop).await
}

/// The relay sides with the revoked phone, ignores the revocation, and gives it every byte it has.
pub fn collude(
    teller: &mut Teller<'_>,
    laptop: &mut Device,
    record: &Record,
    dir: &Path,
    origin: &str,
) -> Result<(), Failure> {
    let session = teller.session;
    let practice = laptop.practice().unwrap_or_default();
    let phone = Given::everything(session, dir, origin, practice, record)?;
    let status = laptop.status();
    let laptops = laptop
        .read(record.joint, LaneDocument::notes)
        .map_err(|e| session.wrong(e))?;
    let holds = (phone.size, phone.root) == (status.size, status.root)
        && !phone.before.is_empty()
        && has_afterwards(&laptops)
        && !has_afterwards(&phone.after);
    teller.claim(
        "keys_do_not_help",
        holds,
        &say::collusion(session.language, story::PHONE),
    )
}

fn has_afterwards(notes: &[NoteView]) -> bool {
    notes.iter().any(|note| note.text == story::AFTERWARDS)
}

/// What the phone has, and can read, once a relay on its side gave it everything.
struct Given {
    size: u64,
    root: Hash,
    /// What it read before.
    before: Vec<NoteView>,
    /// What it reads now.
    after: Vec<NoteView>,
}

impl Given {
    /// Of the relay that was stopped in `dir`.
    fn everything(
        session: &Session,
        dir: &Path,
        origin: &str,
        practice: PracticeId,
        record: &Record,
    ) -> Result<Self, Failure> {
        let relay_dir = dir.join("relay");
        let store = open_store(session, &relay_dir)?;
        let keys = keyfile::load(&relay_dir).map_err(|e| failed(session, &e))?;
        let [key] = keys.as_slice() else {
            return Err(failed(session, &"the relay has more ledger keys than one"));
        };
        let storage = SqliteStorage::open(&dir.join("phone"));
        let storage = storage.map_err(|e| Failure::store(session.language, &e))?;
        let mut phone = Device::open(storage, story::PHONE_PASSPHRASE).map_err(|e| session.wrong(e))?;
        let before = phone
            .read(record.joint, LaneDocument::notes)
            .map_err(|e| session.wrong(e))?;
        Colluder {
            session,
            store: &*store,
            key,
            origin,
            practice,
        }
        .give_everything(&mut phone)?;
        let after = match phone.read(record.joint, LaneDocument::notes) {
            Err(DeviceError::NotReadable(_)) => Vec::new(),
            read => read.map_err(|e| session.wrong(e))?,
        };
        let status = phone.status();
        Ok(Self {
            size: status.size,
            root: status.root,
            before,
            after,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::beginning;
    use super::*;
    use crate::arguments::Global;

    /// Without this, the claim about a revoked device would say nothing: the colluding relay might give it less than it says.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_device_that_was_not_revoked_reads_all_that_a_colluding_relay_gives_it() {
        let session = Session::new(Global {
            json: true,
            ..Global::default()
        });
        let dir = tempfile::tempdir().unwrap();
        let mut teller = Teller::new(&session);
        let stage = Stage::set(&session, dir.path()).await.unwrap();
        let mut laptop = stage
            .device("laptop", story::LAPTOP, story::LAPTOP_PASSPHRASE)
            .unwrap();
        beginning::found(&mut teller, &stage, &mut laptop).await.unwrap();
        let mut phone = stage
            .device("phone", story::PHONE, story::PHONE_PASSPHRASE)
            .unwrap();
        beginning::link(&mut teller, &stage, &mut laptop, &mut phone)
            .await
            .unwrap();
        let record = beginning::open_case(&mut teller, &stage, &mut laptop, &mut phone)
            .await
            .unwrap();
        drop(phone);
        write_afterwards(&stage, &mut laptop, &record).await.unwrap();
        let origin = stage.running.origin.clone();
        stage.strike().await;

        let practice = laptop.practice().unwrap();
        let phone = Given::everything(&session, dir.path(), &origin, practice, &record).unwrap();
        assert_eq!(
            (phone.size, phone.root),
            (laptop.status().size, laptop.status().root)
        );
        assert!(has_afterwards(&phone.after) && !has_afterwards(&phone.before));
    }
}
