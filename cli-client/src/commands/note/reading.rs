//! Listing and showing notes.

use serde_json::{Value, json};
use troth_client_core::device::{SensitiveState, ShareConsent};
use troth_client_core::document::Standing;
use troth_protocol::ids::{Hash, MemberId};
use troth_protocol::statement::Lane;

use crate::commands::pick::{self, Found};
use crate::commands::share;
use crate::failure::Failure;
use crate::language::Language;
use crate::messages::{note as say, sensitive};
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
    match only {
        Some((lane, _)) => session.unlock_for(&mut device, lane)?,
        None => session.unlock_if_given(&mut device)?,
    }
    let mut notes = pick::notes(session, &mut device, &case)?;
    notes.retain(|found| only.is_none_or(|(lane, _)| lane == found.lane));
    let mut values = Vec::new();
    let mut rows: Vec<Vec<String>> = vec![say::list_head(language).split('\t').map(str::to_owned).collect()];
    for found in &notes {
        let judged = judge(session, &mut device, found)?;
        rows.push(vec![
            pick::short(pick::id(&found.note.id)),
            found.lane.name().to_owned(),
            time(found.note.created_ms),
            shown(language, &found.note.author, judged.author.as_deref()),
            judged.shown(language),
            beginning(&found.note.text),
        ]);
        values.push(to_json(found, &judged));
    }
    let words = if notes.is_empty() {
        say::none(language)
    } else {
        columns(&rows)
    };
    session.out.result(&json!({ "notes": values }), &words)?;
    if only.is_none() && device.sensitive() == SensitiveState::Locked {
        session.out.note(&sensitive::passed_over(language));
    }
    session.read(&mut device)
}

/// One note.
///
/// # Errors
/// What stands in the way.
pub fn show(session: &Session, wanted: &str) -> Result<(), Failure> {
    let language = session.language;
    let mut device = session.open()?;
    let found = pick::note(session, &mut device, wanted)?;
    let judged = judge(session, &mut device, &found)?;
    let consents = consents(session, &mut device, &found)?;
    let by = shown(language, &found.note.author, judged.author.as_deref());
    let mut words = format!(
        "{}  {}\n{}  ({})\n",
        one_line(&pick::case_name(&found.case)),
        pick::short(pick::id(&found.note.id)),
        say::by_line(language, found.lane.name(), &time(found.note.created_ms), &by),
        judged.shown(language),
    );
    let mut paragraph = |text: &str| {
        words.push('\n');
        words.push_str(text);
        words.push('\n');
    };
    if let Standing::SignedThenChanged(texts) = &judged.standing {
        for text in texts {
            paragraph(text);
            for signature in judged.signatures.iter().filter(|s| s.text == *text) {
                paragraph(&signature.line(language));
            }
        }
        paragraph(&say::changed_since(language));
        paragraph(&found.note.text);
    } else {
        paragraph(&found.note.text);
        for signature in judged.signatures.iter().filter(|s| s.valid) {
            paragraph(&signature.line(language));
        }
    }
    for signature in judged.signatures.iter().filter(|s| !s.valid) {
        paragraph(&signature.line(language));
    }
    for (consent, name, holds) in &consents {
        let by = shown(language, &consent.member, name.as_deref());
        let at = time(consent.at_ms);
        paragraph(&match consent.recorded {
            _ if !holds => say::consent_invalid(language, &consent.lane, &by, &at),
            None => say::consented(language, &consent.lane, &by, &at, &consent.words),
            Some(how) => {
                let how = share::how_shown(language, how);
                say::consent_recorded(language, &consent.lane, &by, &at, &how, &consent.words)
            }
        });
    }
    for amendment in &judged.amendments {
        let by = shown(language, &amendment.author, amendment.name.as_deref());
        let at = time(amendment.created_ms);
        paragraph(&say::amended(language, &at, &by, Lines(&amendment.text)));
    }
    let mut value = to_json(&found, &judged);
    value["consents"] = consents
        .iter()
        .map(|(consent, name, holds)| share::consents::json(consent, name.as_deref(), *holds))
        .collect();
    session.out.result(&value, &words)?;
    session.read(&mut device)
}

/// A note with what the verified roster says of it.
struct Judged {
    author: Option<String>,
    standing: Standing,
    signatures: Vec<Signed>,
    amendments: Vec<Amended>,
}

/// A signature, and whether it holds.
struct Signed {
    signer: String,
    name: Option<String>,
    signed_ms: u64,
    text: String,
    valid: bool,
    /// Who carried it over from the document that it was made in.
    carrier: Option<String>,
}

struct Amended {
    author: String,
    name: Option<String>,
    created_ms: u64,
    text: String,
}

fn judge(session: &Session, device: &mut Device, found: &Found) -> Result<Judged, Failure> {
    let note = &found.note;
    let standing = device.note_standing(found.document, note);
    let standing = standing.map_err(|e| session.wrong(e))?;
    let mut signatures = Vec::new();
    for signature in &note.signatures {
        let valid = device.note_signature_holds(found.document, note, signature);
        let carrier = device.note_signature_carrier(found.document, signature);
        let item = &signature.item;
        signatures.push(Signed {
            signer: item.signer.clone(),
            name: name(session, device, &item.signer)?,
            signed_ms: item.signed_ms,
            text: item.text.clone(),
            valid: valid.map_err(|e| session.wrong(e))?,
            carrier: match carrier {
                Some(member) => Some(shown(
                    session.language,
                    &member.to_string(),
                    name(session, device, &member.to_string())?.as_deref(),
                )),
                None => None,
            },
        });
    }
    let mut amendments = Vec::new();
    for amendment in &note.amendments {
        let item = &amendment.item;
        amendments.push(Amended {
            author: item.author.clone(),
            name: name(session, device, &item.author)?,
            created_ms: item.created_ms,
            text: item.text.clone(),
        });
    }
    Ok(Judged {
        author: name(session, device, &note.author)?,
        standing,
        signatures,
        amendments,
    })
}

impl Judged {
    fn shown(&self, language: Language) -> String {
        let invalid = self.signatures.iter().any(|signature| !signature.valid);
        match &self.standing {
            Standing::Draft if invalid => say::invalid(language),
            Standing::Draft => say::draft(language),
            Standing::Signed => say::signed(language),
            Standing::SignedThenChanged(_) => say::signed_changed(language),
        }
    }
}

impl Signed {
    fn line(&self, language: Language) -> String {
        let by = shown(language, &self.signer, self.name.as_deref());
        let at = time(self.signed_ms);
        match &self.carrier {
            _ if !self.valid => say::signature_invalid(language, &by, &at),
            Some(carrier) => say::signed_carried(language, &by, &at, carrier),
            None => say::signed_by(language, &by, &at),
        }
    }
}

/// Consents under which a note of `joint` was copied there from a partner's lane: those over this very text.
fn consents(
    session: &Session,
    device: &mut Device,
    found: &Found,
) -> Result<Vec<(ShareConsent, Option<String>, bool)>, Failure> {
    let mut consents = Vec::new();
    if found.lane != Lane::Joint {
        return Ok(consents);
    }
    let digest = Hash::of(&[found.note.text.as_bytes()]).to_string();
    let all = device.share_consents(found.document);
    for (consent, holds) in all.map_err(|e| session.wrong(e))? {
        if consent.text_sha256 == digest {
            let name = name(session, device, &consent.member)?;
            consents.push((consent, name, holds));
        }
    }
    Ok(consents)
}

/// The name behind a pseudonym, where this device can read the directory and it has one.
fn name(session: &Session, device: &mut Device, pseudonym: &str) -> Result<Option<String>, Failure> {
    match MemberId::from_hex(pseudonym) {
        Some(member) => device.name_of(member).map_err(|e| session.wrong(e)),
        None => Ok(None),
    }
}

/// A name, else the beginning of the pseudonym.
fn shown(language: Language, pseudonym: &str, name: Option<&str>) -> String {
    match (name, pseudonym) {
        (Some(name), _) => name.to_owned(),
        (None, "") => say::unknown_author(language),
        (None, pseudonym) => pick::short(pseudonym),
    }
}

fn to_json(found: &Found, judged: &Judged) -> Value {
    let note = &found.note;
    let (standing, signed_texts) = match &judged.standing {
        Standing::Draft => ("draft", Vec::new()),
        Standing::Signed => ("signed", vec![note.text.clone()]),
        Standing::SignedThenChanged(texts) => ("changed_after_signing", texts.clone()),
    };
    json!({
        "id": pick::id(&note.id),
        "case": found.case.id.to_string(),
        "lane": found.lane.name(),
        "author": note.author,
        "author_name": judged.author,
        "created_ms": note.created_ms,
        "template": note.template,
        "text": note.text,
        "standing": standing,
        "signed_texts": signed_texts,
        "signatures": note.signatures.len(),
        "signed_by": judged.signatures.iter().map(|signature| json!({
            "member": signature.signer,
            "name": signature.name,
            "signed_ms": signature.signed_ms,
            "valid": signature.valid,
            "carried_over_by": signature.carrier,
        })).collect::<Vec<_>>(),
        "amendments": judged.amendments.iter().map(|amendment| json!({
            "author": amendment.author,
            "author_name": amendment.name,
            "created_ms": amendment.created_ms,
            "text": amendment.text,
        })).collect::<Vec<_>>(),
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
