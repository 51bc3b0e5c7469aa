//! `troth note`: writing, listing, showing.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use rand::Rng as _;
use serde_json::{Value, json};
use troth_client_core::document::{NewNote, NoteView, Standing, limits};
use zeroize::Zeroizing;

use super::pick::{self, Found};
use crate::driver;
use crate::failure::Failure;
use crate::language::Language;
use crate::messages::note as say;
use crate::output::{columns, time};
use crate::secrets;
use crate::session::{Device, Session};

/// What to do with notes.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a note
    Add {
        /// The case: its name, or the beginning of its id
        case: String,
        /// The lane: joint, partner-a, partner-b, assessments, process-notes or admin
        #[arg(long)]
        lane: String,
        /// Where the text comes from
        #[command(flatten)]
        text: Text,
    },
    /// Rewrite a note; only what differs is changed, so that edits made elsewhere stay
    Edit {
        /// The note: its id or the beginning of it
        note: String,
        /// Where the text comes from
        #[command(flatten)]
        text: Text,
    },
    /// List the notes of a case
    List {
        /// The case: its name, or the beginning of its id
        case: String,
        /// Only those of this lane
        #[arg(long)]
        lane: Option<String>,
    },
    /// Show a note
    Show {
        /// The note: its id or the beginning of it
        note: String,
    },
}

/// Where a note's text comes from.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Text {
    /// The text itself (others on this computer can see it while the command runs)
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// A file that holds the text
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// `-`: the text comes from standard input
    #[arg(value_name = "-", value_parser = ["-"])]
    stdin: Option<String>,
}

/// Does it.
///
/// # Errors
/// What stands in the way.
pub async fn run(session: &Session, command: Command) -> Result<(), Failure> {
    match command {
        Command::Add { case, lane, text } => add(session, &case, &lane, &text).await,
        Command::Edit { note, text } => edit(session, &note, &text).await,
        Command::List { case, lane } => list(session, &case, lane.as_deref()),
        Command::Show { note } => show(session, &note),
    }
}

impl Text {
    fn read(&self, session: &Session) -> Result<Zeroizing<String>, Failure> {
        let text = match (&self.text, &self.file) {
            (Some(text), _) => Zeroizing::new(text.clone()),
            (None, Some(file)) => secrets::file(session, file, limits::NOTE_TEXT)?,
            (None, None) if self.stdin.is_some() => secrets::stdin(session, limits::NOTE_TEXT)?,
            (None, None) => return Err(Failure::usage(say::text_needed(session.language))),
        };
        if text.trim().is_empty() { Err(Failure::usage(say::empty(session.language))) } else { Ok(text) }
    }
}

async fn add(session: &Session, wanted: &str, lane: &str, text: &Text) -> Result<(), Failure> {
    let language = session.language;
    let text = text.read(session)?;
    let mut device = session.open()?;
    let case = pick::case(session, &mut device, wanted)?;
    let (lane, document) = pick::lane(session, &case, lane)?;
    let mut id = [0; 16];
    driver::rng().fill_bytes(&mut id);
    let note = NewNote {
        author: device.member().map(|member| member.to_string()).unwrap_or_default(),
        created_ms: driver::now(),
        template: String::new(),
        text: text.to_string(),
    };
    let edited = device.edit(driver::now(), &mut driver::rng(), document, |doc| doc.add_note(id, &note));
    edited.map_err(|e| session.wrong(e))?;
    let sent = session.send(&mut device).await?;
    let id = pick::id(&id);
    let words = say::added(language, &pick::short(&id), &case.name, lane.name());
    sent.finish(session, json!({ "note": id, "case": case.id.to_string(), "lane": lane.name() }), &words)
}

async fn edit(session: &Session, wanted: &str, text: &Text) -> Result<(), Failure> {
    let language = session.language;
    let text = text.read(session)?;
    let mut device = session.open()?;
    let Found { document, note, .. } = pick::note(session, &mut device, wanted)?;
    let changed = note.text != *text;
    if changed {
        let edited = device.edit(driver::now(), &mut driver::rng(), document, |doc| doc.edit_note(note.id, &text));
        edited.map_err(|e| session.wrong(e))?;
    }
    let sent = session.send(&mut device).await?;
    let id = pick::id(&note.id);
    let words = if changed { say::edited(language, &pick::short(&id)) } else { say::unchanged(language, &pick::short(&id)) };
    sent.finish(session, json!({ "note": id, "changed": changed }), &words)
}

fn list(session: &Session, wanted: &str, lane: Option<&str>) -> Result<(), Failure> {
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
    let words = if notes.is_empty() { say::none(language) } else { columns(&rows) };
    session.out.result(&json!({ "notes": values }), &words)
}

fn show(session: &Session, wanted: &str) -> Result<(), Failure> {
    let language = session.language;
    let mut device = session.open()?;
    let found = pick::note(session, &mut device, wanted)?;
    let writer = author(session, &mut device, &found.note.author)?;
    let shown = writer.clone().unwrap_or_else(|| say::unknown_author(language));
    let mut words = format!(
        "{}  {}\n{}  ({})\n\n{}\n",
        found.case.name,
        pick::short(pick::id(&found.note.id)),
        say::by_line(language, found.lane.name(), &time(found.note.created_ms), &shown),
        standing(language, &found.note),
        found.note.text,
    );
    for amendment in &found.note.amendments {
        let by = author(session, &mut device, &amendment.item.author)?;
        let by = by.unwrap_or_else(|| say::unknown_author(language));
        words.push('\n');
        words.push_str(&say::amended(language, &time(amendment.item.created_ms), &by, &amendment.item.text));
        words.push('\n');
    }
    session.out.result(&to_json(&found, writer), &words)
}

/// The name behind a pseudonym, where the directory has one.
fn author(session: &Session, device: &mut Device, pseudonym: &str) -> Result<Option<String>, Failure> {
    match troth_protocol::ids::MemberId::from_hex(pseudonym) {
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
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    if line.chars().count() <= LETTERS { line.to_owned() } else { line.chars().take(LETTERS - 1).chain(['…']).collect() }
}
