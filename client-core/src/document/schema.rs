//! What a document holds, and under which names.
//!
//! ```text
//! schema   1
//! fields   { key: text }                          concurrent values stand side by side
//! notes    { note id: { author, created, template, text: Text, signatures: [..], amendments: [..] } }
//! case     { name, partner_a, partner_b, status: text, created: time }        in the `admin` lane
//! names    { pseudonym: text }                    in the `directory`
//! devices  { device: text }                       in the `directory`
//! records  { id: text }                           append-only: consents, attachments, answers
//! ```
//!
//! Every document has all roots, so that one first change serves all lanes.

/// A map at the root of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Root {
    Fields,
    Notes,
    Case,
    Names,
    Devices,
    Records,
}

impl Root {
    pub(super) const ALL: [Self; 6] = [
        Self::Fields,
        Self::Notes,
        Self::Case,
        Self::Names,
        Self::Devices,
        Self::Records,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Fields => "fields",
            Self::Notes => "notes",
            Self::Case => "case",
            Self::Names => "names",
            Self::Devices => "devices",
            Self::Records => "records",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|root| root.name() == name)
    }
}

/// An object of the document, by what may happen in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Root(Root),
    Note,
    Text,
    Signatures,
    Amendments,
}

/// Key of a note's author (pseudonym).
pub(super) const AUTHOR: &str = "author";
/// Key of a note's or case's time of creation.
pub(super) const CREATED: &str = "created";
/// Key of a note's template identifier.
pub(super) const TEMPLATE: &str = "template";
/// Key of a note's prose.
pub(super) const TEXT: &str = "text";
/// Key of a note's signatures.
pub(super) const SIGNATURES: &str = "signatures";
/// Key of a note's amendments.
pub(super) const AMENDMENTS: &str = "amendments";
/// Keys of the case head that hold text.
pub(super) const CASE_TEXT: [&str; 4] = ["name", "partner_a", "partner_b", "status"];
