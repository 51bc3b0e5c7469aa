//! `troth note`: writing, signing, listing, showing.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use rand::Rng as _;
use serde_json::json;
use troth_client_core::document::{NewNote, Template, limits};
use zeroize::Zeroizing;

use super::pick::{self, Found};
use crate::driver;
use crate::failure::Failure;
use crate::messages::note as say;
use crate::secrets;
use crate::session::Session;

mod reading;
mod signing;

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
        /// What it begins with
        #[command(flatten)]
        begin: Begin,
    },
    /// Rewrite a note; only what differs is changed, so that edits made elsewhere stay
    Edit {
        /// The note: its id or the beginning of it
        note: String,
        /// Where the text comes from
        #[command(flatten)]
        text: Text,
    },
    /// Sign a note: from then on it stands, and what is added is an amendment
    Sign {
        /// The note: its id or the beginning of it
        note: String,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Add to a note; what was written stays as it is
    Amend {
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

/// What a new note begins with.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub struct Begin {
    /// The text itself (others on this computer can see it while the command runs)
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["file", "stdin"])]
    text: Option<String>,
    /// A file that holds the text
    #[arg(long, value_name = "FILE", conflicts_with = "stdin")]
    file: Option<PathBuf>,
    /// `-`: the text comes from standard input
    #[arg(value_name = "-", value_parser = ["-"])]
    stdin: Option<String>,
    /// The form that it follows: soap, dap, birp or couples; without a text, the note begins with its headings
    #[arg(long, value_name = "FORM", value_parser = Template::ALL.map(Template::id))]
    template: Option<String>,
}

/// Does it.
///
/// # Errors
/// What stands in the way.
pub async fn run(session: &Session, command: Command) -> Result<(), Failure> {
    match command {
        Command::Add { case, lane, begin } => add(session, &case, &lane, begin).await,
        Command::Edit { note, text } => edit(session, &note, &text).await,
        Command::Sign { note, yes } => signing::sign(session, &note, yes).await,
        Command::Amend { note, text } => signing::amend(session, &note, &text).await,
        Command::List { case, lane } => reading::list(session, &case, lane.as_deref()),
        Command::Show { note } => reading::show(session, &note),
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
        if text.trim().is_empty() {
            Err(Failure::usage(say::empty(session.language)))
        } else {
            Ok(text)
        }
    }
}

impl Begin {
    /// The template's identifier, and the text.
    fn read(self, session: &Session) -> Result<(&'static str, Zeroizing<String>), Failure> {
        let template = self.template.as_deref().and_then(Template::from_id);
        let text = Text {
            text: self.text,
            file: self.file,
            stdin: self.stdin,
        };
        let none = text.text.is_none() && text.file.is_none() && text.stdin.is_none();
        let text = match template.filter(|_| none) {
            Some(template) => Zeroizing::new(template.skeleton(session.language.tag())),
            None => text.read(session)?,
        };
        Ok((template.map_or("", Template::id), text))
    }
}

async fn add(session: &Session, wanted: &str, lane: &str, begin: Begin) -> Result<(), Failure> {
    let language = session.language;
    let (template, text) = begin.read(session)?;
    let mut device = session.open()?;
    let case = pick::case(session, &mut device, wanted)?;
    let (lane, document) = pick::lane(session, &case, lane)?;
    session.unlock_for(&mut device, lane)?;
    let mut id = [0; 16];
    driver::rng().fill_bytes(&mut id);
    let note = NewNote {
        author: device
            .member()
            .map(|member| member.to_string())
            .unwrap_or_default(),
        created_ms: driver::now(),
        template: template.to_owned(),
        text: text.to_string(),
    };
    let edited = device.edit(driver::now(), &mut driver::rng(), document, |doc| {
        doc.add_note(id, &note)
    });
    edited.map_err(|e| session.wrong(e))?;
    let sent = session.send(&mut device).await?;
    let id = pick::id(&id);
    let words = say::added(language, &pick::short(&id), &case.name, lane.name());
    sent.finish(
        session,
        json!({ "note": id, "case": case.id.to_string(), "lane": lane.name() }),
        &words,
    )
}

async fn edit(session: &Session, wanted: &str, text: &Text) -> Result<(), Failure> {
    let language = session.language;
    let text = text.read(session)?;
    let mut device = session.open()?;
    let Found { document, note, .. } = pick::note(session, &mut device, wanted)?;
    let changed = note.text != *text;
    if changed {
        let edited = device.edit(driver::now(), &mut driver::rng(), document, |doc| {
            doc.edit_note(note.id, &text)
        });
        edited.map_err(|e| session.wrong(e))?;
    }
    let sent = session.send(&mut device).await?;
    let id = pick::id(&note.id);
    let words = if changed {
        say::edited(language, &pick::short(&id))
    } else {
        say::unchanged(language, &pick::short(&id))
    };
    sent.finish(session, json!({ "note": id, "changed": changed }), &words)
}
