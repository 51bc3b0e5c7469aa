//! A practice, a second device, a case.

use troth_client_core::crypto::{Kit, WORDS, WordList};
use troth_client_core::device::{KitSummary, Phase, Report};
use troth_protocol::statement::Lane;
use zeroize::Zeroizing;

use super::editing::text;
use super::{NOTE_ID, Record};
use crate::demo::stage::{Stage, failed};
use crate::demo::{Teller, story};
use crate::driver;
use crate::failure::Failure;
use crate::messages::demo as say;
use crate::session::Device;

/// A practice is founded.
pub async fn found(teller: &mut Teller<'_>, stage: &Stage<'_>, laptop: &mut Device) -> Result<(), Failure> {
    let language = teller.session.language;
    let begun = laptop.begin_found(stage.relay.url(), story::PRACTICE, story::COUNSELOR);
    begun.map_err(|e| stage.wrong(e))?;
    stage.sync(laptop).await?;
    let name = laptop.practice_name().map_err(|e| stage.wrong(e))?;
    teller.claim(
        "practice",
        name == story::PRACTICE,
        &say::founded(language, story::PRACTICE, story::COUNSELOR),
    )
}

/// A second device joins. Returns the code, which is a secret too.
pub async fn link(
    teller: &mut Teller<'_>,
    stage: &Stage<'_>,
    laptop: &mut Device,
    phone: &mut Device,
) -> Result<String, Failure> {
    let language = teller.session.language;
    let code = phone
        .begin_join(&mut driver::rng(), stage.relay.url())
        .map_err(|e| stage.wrong(e))?;
    let _ = laptop.begin_approve(&code).map_err(|e| stage.wrong(e))?;
    let mut joined = false;
    let mut added = false;
    let joining = stage.until(phone, |device, report| {
        joined |= matches!(report, Some(Report::Joined));
        joined && device.phase() == Phase::Live && device.waiting() == 0
    });
    let approving = stage.until(laptop, |device, report| {
        added |= matches!(report, Some(Report::DeviceAdded(_)));
        added && device.waiting() == 0
    });
    let (joining, approving) = tokio::join!(joining, approving);
    joining.and(approving)?;
    stage.sync(laptop).await?;
    let names = |device: &mut Device| -> Result<Vec<_>, Failure> {
        let devices = device.devices().map_err(|e| stage.wrong(e))?;
        Ok(devices
            .into_iter()
            .filter(|d| d.active)
            .filter_map(|d| d.name)
            .collect())
    };
    let (here, there) = (names(laptop)?, names(phone)?);
    let both = |names: &[String]| {
        [story::LAPTOP, story::PHONE]
            .iter()
            .all(|name| names.iter().any(|n| n == name))
    };
    teller.claim(
        "linked",
        both(&here) && both(&there),
        &say::linked(language, story::PHONE),
    )?;
    Ok(code)
}

/// A recovery kit is made, and its words are typed again. Returns them: they are a secret too.
pub async fn make_kit(
    teller: &mut Teller<'_>,
    stage: &Stage<'_>,
    laptop: &mut Device,
) -> Result<Zeroizing<String>, Failure> {
    let mut rng = driver::rng();
    let kit = Kit::generate(&mut rng);
    let id = laptop.add_kit(&mut rng, &kit).map_err(|e| stage.wrong(e))?;
    stage.sync(laptop).await?;
    let words = kit.words(WordList::English);
    let other = Kit::generate(&mut rng);
    let refused = !laptop.test_kit(&mut rng, &other).map_err(|e| stage.wrong(e))?;
    let typed = Kit::parse(&words).map_err(|e| failed(stage.session, &e))?;
    let known = laptop.test_kit(&mut rng, &typed).map_err(|e| stage.wrong(e))?;
    let kits = laptop.kits().map_err(|e| stage.wrong(e))?;
    let holds = refused && known && kits == [KitSummary { id, tested: true }];
    teller.claim("kit", holds, &say::kit(teller.session.language, WORDS))?;
    Ok(words)
}

/// A case is opened, and both devices read it.
pub async fn open_case(
    teller: &mut Teller<'_>,
    stage: &Stage<'_>,
    laptop: &mut Device,
    phone: &mut Device,
) -> Result<Record, Failure> {
    let language = teller.session.language;
    let (now, mut rng) = (driver::now(), driver::rng());
    let case = laptop.new_case(
        now,
        &mut rng,
        story::CASE,
        story::PARTNER_A,
        Some(story::PARTNER_B),
    );
    let id = case.map_err(|e| stage.wrong(e))?;
    let joint = laptop
        .document_of(&id, Lane::Joint)
        .ok_or_else(|| failed(stage.session, &"no joint record"))?;
    let note = stage.note(laptop, story::NOTE);
    stage.edit(laptop, joint, |doc| doc.add_note(NOTE_ID, &note))?;
    stage.sync(laptop).await?;
    stage.sync(phone).await?;
    let case = phone.cases().map_err(|e| stage.wrong(e))?.pop();
    let holds = case.is_some_and(|case| {
        case.name == story::CASE
            && case.partner_b.as_deref() == Some(story::PARTNER_B)
            && case.lanes.len() == 6
    });
    let holds = holds && text(stage, phone, joint)? == story::NOTE;
    teller.claim("case", holds, &say::case(language, story::CASE))?;
    Ok(Record { case: id, joint })
}
