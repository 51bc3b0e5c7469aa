//! A second counselor, who reads what is shared with them and nothing else.

use tokio::sync::mpsc::unbounded_channel;
use troth_client_core::device::{DeviceError, Phase, Report, Share};
use troth_protocol::statement::{Lane, Rights, Role};

use super::Record;
use super::editing::text;
use crate::demo::stage::{Stage, failed};
use crate::demo::{Teller, story};
use crate::driver::{self, Patience, Word};
use crate::failure::Failure;
use crate::messages::demo as say;
use crate::session::Device;
use crate::storage::SqliteStorage;

/// The counselor is invited, both compare a code, and they are a member: with a name for everybody, and no case. Returns the
/// invitation, which is a secret too.
pub async fn join(
    teller: &mut Teller<'_>,
    stage: &Stage<'_>,
    laptop: &mut Device,
    desk: &mut Device,
) -> Result<String, Failure> {
    let (now, mut rng) = (driver::now(), driver::rng());
    let wrong = |e: DeviceError| stage.wrong(e);
    let (invite, code) = laptop.invite(now, &mut rng, Role::Counselor).map_err(wrong)?;
    stage.sync(laptop).await?;
    let _ = laptop.begin_admit(now, Some(invite)).map_err(wrong)?;
    desk.begin_enter(&mut rng, &code, story::COLLEAGUE)
        .map_err(wrong)?;
    let (mut shown, mut read) = (None, None);
    let (mut joined, mut added) = (false, false);
    let (speak, mut words) = unbounded_channel::<Word<SqliteStorage>>();
    let entering = stage.until(desk, |device, report| {
        match report {
            Some(Report::Compare { code, .. }) => shown = Some(code.clone()),
            Some(Report::Joined) => joined = true,
            _ => {}
        }
        joined && device.phase() == Phase::Live && device.waiting() == 0
    });
    let admitting = driver::drive_heeding(
        laptop,
        &stage.relay,
        Patience::SHORT,
        &mut words,
        |device, report| {
            match report {
                Some(Report::Compare { code, .. }) => {
                    read = Some(code.clone());
                    let agree: Word<SqliteStorage> =
                        Box::new(|device| device.confirm(driver::now(), &mut driver::rng(), true));
                    let _ = speak.send(agree);
                }
                Some(Report::MemberAdded(_)) => added = true,
                _ => {}
            }
            added && device.waiting() == 0
        },
    );
    let (entered, admitted) = tokio::join!(entering, admitting);
    entered?;
    admitted.map_err(wrong)?;
    stage.sync(laptop).await?;
    stage.sync(desk).await?;
    let compared = shown.clone().filter(|_| shown == read);
    let same = compared.ok_or_else(|| failed(stage.session, &"the codes differ"))?;
    let names = desk.members().map_err(wrong)?;
    let knows = names.iter().any(|m| m.name.as_deref() == Some(story::COUNSELOR));
    let nothing = desk.cases().map_err(wrong)?.is_empty();
    let holds = added && knows && nothing && desk.role() == Some(Role::Counselor);
    teller.claim(
        "colleague",
        holds,
        &say::colleague(teller.session.language, story::COLLEAGUE, &same),
    )?;
    Ok(code)
}

/// One lane is shared with them. The others stay closed: they hold no key, and the relay shows them no entry.
pub async fn share(
    teller: &mut Teller<'_>,
    stage: &Stage<'_>,
    laptop: &mut Device,
    desk: &mut Device,
    record: &Record,
) -> Result<(), Failure> {
    let wrong = |e: DeviceError| stage.wrong(e);
    let member = desk.member().ok_or_else(|| failed(stage.session, &"no member"))?;
    let own = laptop
        .document_of(&record.case, Lane::PartnerA)
        .ok_or_else(|| failed(stage.session, &"no lane of the partner"))?;
    let note = stage.note(laptop, story::ALONE);
    stage.edit(laptop, own, |doc| doc.add_note(super::NOTE_ID, &note))?;
    let shared = Share {
        member,
        rights: Rights::Read,
        until: None,
    };
    let mut rng = driver::rng();
    laptop
        .share(&mut rng, &record.case, Lane::Joint, shared)
        .map_err(wrong)?;
    stage.sync(laptop).await?;
    stage.sync(desk).await?;
    let reads = text(stage, desk, record.joint)? == text(stage, laptop, record.joint)?;
    let closed = desk.read(own, |_| ()).is_err();
    let lanes = desk.cases().map_err(wrong)?;
    let one = lanes.iter().map(|case| case.lanes.len()).sum::<usize>() == 1;
    let language = teller.session.language;
    teller.claim(
        "shared",
        reads && closed && one,
        &say::shared(language, story::COLLEAGUE),
    )
}
