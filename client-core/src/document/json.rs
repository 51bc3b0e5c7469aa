//! The whole present state as JSON, for `export` and for machines. Keys are stable; what can disagree is
//! always a list.

use serde_json::{Map, Value, json};

use super::schema::{self, Root};
use super::{LaneDocument, NoteView, hex, time_of};
use automerge::ReadDoc;

impl LaneDocument {
    /// The present state:
    ///
    /// ```text
    /// { "schema": 1,
    ///   "fields": { key: [value, ..] },            the shown value first; one means settled
    ///   "notes": [ { "id", "copy", "author", "created_ms", "template", "text",
    ///                "signatures": [ { "signer", "signed_ms", "text", "proof" } ],
    ///                "amendments": [ { "author", "created_ms", "text" } ] } ],
    ///   "case": { "name": [..], "partner_a": [..], "partner_b": [..], "status": [..], "created_ms": [..] },
    ///   "names": { pseudonym: [..] }, "devices": { device: [..] },
    ///   "records": [ { "id", "kind", "body" } ] }
    /// ```
    ///
    /// Equal heads give equal JSON.
    pub fn to_json(&self) -> Value {
        let mut case = self.texts(Root::Case);
        let created: Vec<u64> = match self.root(Root::Case) {
            Ok(object) => self.doc.get_all(object, schema::CREATED).unwrap_or_default(),
            Err(_) => Vec::new(),
        }
        .iter()
        .rev()
        .filter_map(|(value, _)| time_of(value))
        .collect();
        case.remove(schema::CREATED);
        if !created.is_empty() {
            case.insert("created_ms".into(), json!(created));
        }
        let records = self.records(None);
        json!({
            "schema": self.schema(),
            "fields": self.texts(Root::Fields),
            "notes": self.notes().iter().map(note).collect::<Vec<_>>(),
            "case": case,
            "names": self.texts(Root::Names),
            "devices": self.texts(Root::Devices),
            "records": records
                .iter()
                .map(|(id, record)| json!({ "id": hex(id), "kind": record.kind, "body": record.body }))
                .collect::<Vec<_>>(),
        })
    }

    fn texts(&self, root: Root) -> Map<String, Value> {
        let registers = self.registers(root).into_iter();
        registers
            .map(|(key, values)| {
                (
                    key,
                    values.into_iter().map(|value| Value::from(value.value)).collect(),
                )
            })
            .collect()
    }
}

fn note(note: &NoteView) -> Value {
    json!({
        "id": hex(&note.id),
        "copy": note.copy,
        "author": note.author,
        "created_ms": note.created_ms,
        "template": note.template,
        "text": note.text,
        "signatures": note.signatures.iter().map(|s| json!(s.item)).collect::<Vec<_>>(),
        "amendments": note.amendments.iter().map(|a| json!(a.item)).collect::<Vec<_>>(),
    })
}
