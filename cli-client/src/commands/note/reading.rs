//! Listing and showing notes.

use serde_json::{Value, json};
use troth_client_core::document::{NoteView, Standing};
use troth_protocol::ids::MemberId;

use crate::commands::pick::{self, Found};
use crate::failure::Failure;
use crate::language::Language;
use crate::messages::note as say;
use crate::output::{Lines, columns, one_line, time};
use crate::session::{Device, Session};

/// The notes of a case, those of one lane or all.
///
/// # Errors
/// What stands in the way.
pub fn list(session: &Session, wanted: &str, lane: Option<&str>) -> Result<(), Failure> {
    let language = session.language;
    let mut device = session.open()?;
    let case = pick::case(session, &mut device, wanted)?;
    let only = lane.map(|lane| pick::lane(session, &case, lane)).transpose()?;
    let mut notes = pick::notes(session, &mut device, &case)?;
    notes.retain(|found| only.is_none_or(|(lane, _)| lane == found.lane));
    let mut values = Vec::new();
    let mut rows: Vec<Vec<String>> = vec![say::list_head(language).split('\t').map(str::to_owned).collect()];
    for found in &notes {
        let author = author(session, &mut device, &found.note.author)?;
        rows.push(vec![
            pick::short(pick::id(&found.note.id)),
            found.lane.name().to_owned(),
            time(found.note.created_ms),
            author.clone().unwrap_or_else(|| say::unknown_author(language)),
            beginning(&found.note.text),
        ]);
        values.push(to_json(found, author));
    }
    let words = if notes.is_empty() {
        say::none(language)
    } else {
        columns(&rows)
    };
    session.out.result(&json!({ "notes": values }), &words)
}

/// One note.
///
/// # Errors
/// What stands in the way.
pub fn show(session: &Session, wanted: &str) -> Result<(), Failure> {
    let language = session.language;
    let mut device = session.open()?;
    let found = pick::note(session, &mut device, wanted)?;
    let writer = author(session, &mut device, &found.note.author)?;
    let shown = writer.clone().unwrap_or_else(|| say::unknown_author(language));
    let mut words = format!(
        "{}  {}\n{}  ({})\n\n{}\n",
        one_line(&found.case.name),
        pick::short(pick::id(&found.note.id)),
        say::by_line(language, found.lane.name(), &time(found.note.created_ms), &shown),
        standing(language, &found.note),
        found.note.text,
    );
    for amendment in &found.note.amendments {
        let by = author(session, &mut device, &amendment.item.author)?;
        let by = by.unwrap_or_else(|| say::unknown_author(language));
        words.push('\n');
        words.push_str(&say::amended(
            language,
            &time(amendment.item.created_ms),
            &by,
            Lines(&amendment.item.text),
        ));
        words.push('\n');
    }
    session.out.result(&to_json(&found, writer), &words)
}

/// The name behind a pseudonym, where the directory has one.
fn author(session: &Session, device: &mut Device, pseudonym: &str) -> Result<Option<String>, Failure> {
    match MemberId::from_hex(pseudonym) {
        Some(member) => device.name_of(member).map_err(|e| session.wrong(e)),
        None => Ok(None),
    }
}

/// Signatures are counted as they stand: verifying them takes the signers' keys.
fn standing(language: Language, note: &NoteView) -> String {
    match note.standing(|_| true) {
        Standing::Draft => say::draft(language),
        Standing::Signed => say::signed(language),
        Standing::SignedThenChanged(_) => say::signed_changed(language),
    }
}

fn to_json(found: &Found, author_name: Option<String>) -> Value {
    let note = &found.note;
    json!({
        "id": pick::id(&note.id),
        "case": found.case.id.to_string(),
        "lane": found.lane.name(),
        "author": note.author,
        "author_name": author_name,
        "created_ms": note.created_ms,
        "template": note.template,
        "text": note.text,
        "signatures": note.signatures.len(),
        "amendments": note
            .amendments
            .iter()
            .map(|a| json!({ "author": a.item.author, "created_ms": a.item.created_ms, "text": a.item.text }))
            .collect::<Vec<_>>(),
    })
}

/// What fits on a line.
fn beginning(text: &str) -> String {
    const LETTERS: usize = 40;
    let line = text
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default()
        .trim();
    if line.chars().count() <= LETTERS {
        line.to_owned()
    } else {
        line.chars().take(LETTERS - 1).chain(['…']).collect()
    }
}
