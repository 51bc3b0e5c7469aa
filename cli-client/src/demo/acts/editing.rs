//! Two devices change the same things apart, and come together.

use troth_client_core::document::{FieldValue, LaneDocument};
use troth_protocol::ids::DocumentId;

use super::{NOTE_ID, Record};
use crate::demo::stage::Stage;
use crate::demo::{Teller, story};
use crate::failure::Failure;
use crate::messages::demo as say;
use crate::session::Device;

/// Both edit offline, then sync.
pub async fn edit_offline(
    teller: &mut Teller<'_>,
    stage: &Stage<'_>,
    laptop: &mut Device,
    phone: &mut Device,
    record: &Record,
) -> Result<(), Failure> {
    let language = teller.session.language;
    let ours = format!("{}{}", story::NOTE, story::AT_THE_END);
    let theirs = format!("{}{}", story::AT_THE_BEGINNING, story::NOTE);
    for (device, text, value) in [
        (&mut *laptop, &ours, story::ON_THE_LAPTOP),
        (&mut *phone, &theirs, story::ON_THE_PHONE),
    ] {
        stage.edit(device, record.joint, |doc| doc.edit_note(NOTE_ID, text))?;
        stage.edit(device, record.joint, |doc| doc.set_field(story::FIELD, value))?;
    }
    let apart = text(stage, laptop, record.joint)? == ours && text(stage, phone, record.joint)? == theirs;
    teller.claim(
        "offline",
        apart && laptop.waiting() > 0 && phone.waiting() > 0,
        &say::offline(language),
    )?;

    stage.sync(laptop).await?;
    stage.sync(phone).await?;
    stage.sync(laptop).await?;
    let (here, there) = (heads(stage, laptop, record)?, heads(stage, phone, record)?);
    let merged = format!("{}{}{}", story::AT_THE_BEGINNING, story::NOTE, story::AT_THE_END);
    let both = text(stage, laptop, record.joint)? == merged && text(stage, phone, record.joint)? == merged;
    teller.claim("converged", here == there && both, &say::converged(language))?;
    teller.show(&merged)?;

    let (here, there) = (values(stage, laptop, record)?, values(stage, phone, record)?);
    let holds = here.len() == 2 && here == there;
    teller.claim("both_values", holds, &say::both_values(language, story::FIELD))?;
    teller.show(&here.join("\n"))
}

/// One of the two values is chosen.
pub async fn choose(
    teller: &mut Teller<'_>,
    stage: &Stage<'_>,
    laptop: &mut Device,
    phone: &mut Device,
    record: &Record,
) -> Result<(), Failure> {
    stage.edit(phone, record.joint, |doc| {
        doc.set_field(story::FIELD, story::ON_THE_PHONE)
    })?;
    stage.sync(phone).await?;
    stage.sync(laptop).await?;
    let one = values(stage, laptop, record)? == [story::ON_THE_PHONE]
        && values(stage, phone, record)? == [story::ON_THE_PHONE];
    teller.claim(
        "chosen",
        one,
        &say::chosen(teller.session.language, story::ON_THE_PHONE),
    )
}

/// The note, as a device shows it.
pub fn text(stage: &Stage<'_>, device: &mut Device, document: DocumentId) -> Result<String, Failure> {
    stage.read(device, document, |doc| {
        doc.note(NOTE_ID).map(|note| note.text).unwrap_or_default()
    })
}

fn heads(stage: &Stage<'_>, device: &mut Device, record: &Record) -> Result<Vec<[u8; 32]>, Failure> {
    device
        .read_mut(record.joint, LaneDocument::heads)
        .map_err(|e| stage.wrong(e))
}

/// The field's values, in an order of their own.
fn values(stage: &Stage<'_>, device: &mut Device, record: &Record) -> Result<Vec<String>, Failure> {
    let mut values: Vec<String> = stage
        .read(device, record.joint, |doc| doc.field(story::FIELD))?
        .into_iter()
        .map(|FieldValue { value, .. }| value)
        .collect();
    values.sort();
    Ok(values)
}
