//! What an edit would have changed, for people and for machines.

use serde_json::{Value, json};
use troth_client_core::document::{CaseHead, Difference, Register};

use crate::commands::pick;
use crate::language::Language;
use crate::messages::quarantine as say;

/// For a machine.
pub fn to_json(difference: &Difference) -> Value {
    match difference {
        Difference::Value {
            of,
            key,
            before,
            after,
        } => json!({ "kind": register(*of), "key": key, "before": before, "after": after }),
        Difference::Case { before, after } => {
            json!({ "kind": "case", "before": before.as_ref().map(head), "after": head(after) })
        }
        Difference::Note { id, note, before } => json!({
            "kind": "note",
            "note": pick::id(id),
            "author": note.author,
            "created_ms": note.created_ms,
            "template": note.template,
            "before": before,
            "after": note.text,
        }),
        Difference::Signed { note, signature } => json!({
            "kind": "signature",
            "note": pick::id(note),
            "signer": signature.signer,
            "signed_ms": signature.signed_ms,
            "after": signature.text,
        }),
        Difference::Amended { note, amendment } => json!({
            "kind": "amendment",
            "note": pick::id(note),
            "author": amendment.author,
            "created_ms": amendment.created_ms,
            "after": amendment.text,
        }),
        Difference::Record { id, record } => {
            json!({ "kind": "record", "record": pick::id(id), "of": record.kind, "after": record.body })
        }
    }
}

/// For a person.
pub fn words(language: Language, difference: &Difference) -> String {
    match difference {
        Difference::Value {
            of: Register::Fields,
            key,
            before,
            after,
        } => under(&say::field(language, key), before.as_deref(), after.as_deref()),
        Difference::Value {
            key, before, after, ..
        } => under(
            &say::name(language, &pick::short(key)),
            before.as_deref(),
            after.as_deref(),
        ),
        Difference::Case { before, after } => under(
            &say::case(language),
            before.as_ref().map(lines).as_deref(),
            Some(&lines(after)),
        ),
        Difference::Note { id, note, before } => {
            let id = pick::short(pick::id(id));
            let what = match before {
                None => say::new_note(language, &id),
                Some(_) => say::note(language, &id),
            };
            under(&what, before.as_deref(), Some(&note.text))
        }
        Difference::Signed { note, signature } => {
            let what = say::signature(language, &pick::short(pick::id(note)));
            under(&what, None, Some(&signature.text))
        }
        Difference::Amended { note, amendment } => {
            let what = say::amendment(language, &pick::short(pick::id(note)));
            under(&what, None, Some(&amendment.text))
        }
        Difference::Record { record, .. } => {
            under(&say::record(language, &record.kind), None, Some(&record.body))
        }
    }
}

/// What goes and what comes, line by line, without the lines that both begin and end with.
fn under(what: &str, before: Option<&str>, after: Option<&str>) -> String {
    let (old, new) = (
        before.unwrap_or_default().lines().collect::<Vec<_>>(),
        after.unwrap_or_default().lines().collect::<Vec<_>>(),
    );
    let same = |pair: &(&&str, &&str)| pair.0 == pair.1;
    let head = old.iter().zip(&new).take_while(same).count();
    let (old, new) = (
        old.get(head..).unwrap_or_default(),
        new.get(head..).unwrap_or_default(),
    );
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(same).count();
    let gone = old
        .iter()
        .take(old.len() - tail)
        .map(|line| format!("\n  - {line}"));
    let come = new
        .iter()
        .take(new.len() - tail)
        .map(|line| format!("\n  + {line}"));
    std::iter::once(what.to_owned()).chain(gone).chain(come).collect()
}

const fn register(of: Register) -> &'static str {
    match of {
        Register::Fields => "field",
        Register::Names => "name",
        Register::Devices => "device_name",
    }
}

fn head(case: &CaseHead) -> Value {
    json!({
        "name": case.name,
        "partner_a": case.partner_a,
        "partner_b": case.partner_b,
        "status": case.status,
    })
}

fn lines(case: &CaseHead) -> String {
    [&case.name, &case.partner_a, &case.partner_b, &case.status]
        .map(String::as_str)
        .join("\n")
}
