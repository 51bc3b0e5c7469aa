//! `troth field`: clinical fields. One that was set differently on two devices shows every value until somebody chooses.

use std::collections::HashMap;

use clap::Subcommand;
use serde_json::{Map, Value, json};
use troth_client_core::crypto::actor;
use troth_client_core::document::{FieldValue, LaneDocument};
use troth_protocol::ids::DocumentId;

use super::{device as devices, pick};
use crate::driver;
use crate::failure::Failure;
use crate::messages::case as say;
use crate::session::{Device, Session};

/// What to do with fields.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Set a field; where it has several values, this chooses
    Set {
        /// The case: its name, or the beginning of its id
        case: String,
        /// The lane
        lane: String,
        /// The field's name
        key: String,
        /// Its value
        value: String,
    },
    /// Show a field, or all of a lane, with every value that it has
    Get {
        /// The case: its name, or the beginning of its id
        case: String,
        /// The lane
        lane: String,
        /// The field's name
        key: Option<String>,
    },
}

/// Does it.
///
/// # Errors
/// What stands in the way.
pub async fn run(session: &Session, command: Command) -> Result<(), Failure> {
    match command {
        Command::Set {
            case,
            lane,
            key,
            value,
        } => set(session, &case, &lane, &key, &value).await,
        Command::Get { case, lane, key } => get(session, &case, &lane, key.as_deref()),
    }
}

async fn set(session: &Session, wanted: &str, lane: &str, key: &str, value: &str) -> Result<(), Failure> {
    let language = session.language;
    session.plain([key])?;
    let mut device = session.open()?;
    let case = pick::case(session, &mut device, wanted)?;
    let (lane, document) = pick::lane(session, &case, lane)?;
    session.unlock_for(&mut device, lane)?;
    let before = device
        .read(document, |doc| doc.field(key).len())
        .map_err(|e| session.wrong(e))?;
    let edited = device.edit(driver::now(), &mut driver::rng(), document, |doc| {
        doc.set_field(key, value)
    });
    edited.map_err(|e| session.wrong(e))?;
    let sent = session.send(&mut device).await?;
    let words = match before {
        0 | 1 => say::field_set(language, key, value),
        count => say::field_settled(language, key, value, count),
    };
    let result = json!({
        "case": case.id.to_string(),
        "lane": lane.name(),
        "key": key,
        "value": value,
        "chosen_among": before.max(1),
    });
    sent.finish(session, result, &words)
}

fn get(session: &Session, wanted: &str, lane: &str, key: Option<&str>) -> Result<(), Failure> {
    let language = session.language;
    let mut device = session.open()?;
    let case = pick::case(session, &mut device, wanted)?;
    let (lane, document) = pick::lane(session, &case, lane)?;
    session.unlock_for(&mut device, lane)?;
    let mut fields = device
        .read(document, LaneDocument::fields)
        .map_err(|e| session.wrong(e))?;
    if let Some(key) = key {
        fields.retain(|name, _| name == key);
        if fields.is_empty() {
            return Err(Failure::failed(say::no_field(language, key)));
        }
    }
    let writers = writers(session, &mut device, document)?;
    let mut map = Map::new();
    let mut words = if fields.is_empty() {
        say::no_fields(language)
    } else {
        String::new()
    };
    for (key, values) in &fields {
        map.insert(
            key.clone(),
            json!({ "settled": values.len() == 1, "values": to_json(values, &writers) }),
        );
        words.push_str(&in_words(session, key, values, &writers));
    }
    let value = json!({ "case": case.id.to_string(), "lane": lane.name(), "fields": map });
    session.out.result(&value, &words)?;
    session.read(&mut device)
}

/// A device's id and name, by the actor under which it writes in a document.
type Writers = HashMap<[u8; 16], (String, String)>;

fn writers(session: &Session, device: &mut Device, document: DocumentId) -> Result<Writers, Failure> {
    let all = device.devices().map_err(|e| session.wrong(e))?;
    let of = |device: troth_client_core::device::DeviceSummary| {
        let named = (device.id.to_string(), devices::name(session.language, &device));
        (actor(&device.id, &document), named)
    };
    Ok(all.into_iter().map(of).collect())
}

fn to_json(values: &[FieldValue], writers: &Writers) -> Vec<Value> {
    let value = |value: &FieldValue| {
        let writer = writers.get(&value.actor);
        json!({
            "value": value.value,
            "shown": value.shown,
            "device": writer.map(|(id, _)| id),
            "device_name": writer.map(|(_, name)| name),
        })
    };
    values.iter().map(value).collect()
}

fn in_words(session: &Session, key: &str, values: &[FieldValue], writers: &Writers) -> String {
    let language = session.language;
    if let [only] = values {
        return say::field_line(language, key, &only.value) + "\n";
    }
    let mut words = say::field_several(language, key, values.len()) + "\n";
    for value in values {
        let whom = writers
            .get(&value.actor)
            .map_or_else(|| say::unknown_device(language), |(_, name)| name.clone());
        words.push_str(&say::field_value(language, &value.value, &whom));
        words.push('\n');
    }
    words
}
