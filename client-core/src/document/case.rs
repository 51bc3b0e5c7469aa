//! The head of a case, kept in its `admin` lane.

use automerge::ReadDoc;
use automerge::transaction::Transactable;

use super::schema::{self, Root};
use super::{DocumentError, LaneDocument, at_most, limits, time, time_of};

/// What a case is called, and whom it is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaseHead {
    /// Name of the case.
    pub name: String,
    /// First partner, or the only client.
    pub partner_a: String,
    /// Second partner; empty when one person is seen alone.
    pub partner_b: String,
    /// `open`, `closed` or what the practice uses.
    pub status: String,
    /// When it was opened, in milliseconds since the Unix epoch.
    pub created_ms: u64,
}

impl LaneDocument {
    /// Writes the head of the case, as one change; only what differs is written.
    ///
    /// # Errors
    /// An empty name, text over [`limits::NAME`] bytes, a time out of range.
    pub fn set_case(&mut self, head: &CaseHead) -> Result<Vec<u8>, DocumentError> {
        if head.name.is_empty() {
            return Err(DocumentError::Empty("the case's name"));
        }
        let texts = [&head.name, &head.partner_a, &head.partner_b, &head.status];
        for text in texts {
            at_most("the case's name, partner or status", text, limits::NAME)?;
        }
        let created = time(head.created_ms)?;
        let object = self.root(Root::Case)?;
        let settled = |key: &str, value: &str| {
            let values = self.values(Root::Case, key);
            matches!(&values[..], [only] if only.value == value)
        };
        let changed: Vec<_> = schema::CASE_TEXT
            .into_iter()
            .zip(texts)
            .filter(|(key, value)| !settled(key, value))
            .collect();
        let times = self.doc.get_all(&object, schema::CREATED)?;
        let same_time = matches!(&times[..], [(only, _)] if time_of(only) == Some(head.created_ms));
        self.edit(|doc| {
            changed
                .into_iter()
                .try_for_each(|(key, value)| doc.put(&object, key, value.as_str()))?;
            if same_time {
                Ok(())
            } else {
                doc.put(&object, schema::CREATED, created)
            }
        })
    }

    /// Changes the case's status alone.
    ///
    /// # Errors
    /// Text over [`limits::NAME`] bytes.
    pub fn set_case_status(&mut self, status: &str) -> Result<Vec<u8>, DocumentError> {
        at_most("the case's status", status, limits::NAME)?;
        self.set(Root::Case, &[("status", status)])
    }

    /// The head of the case, as shown; `None` in a document without one. Names given on two devices at once
    /// all stand in [`to_json`](Self::to_json).
    pub fn case(&self) -> Option<CaseHead> {
        let text = |key| self.shown(Root::Case, key);
        let created = self
            .root(Root::Case)
            .and_then(|object| Ok(self.doc.get(object, schema::CREATED)?));
        Some(CaseHead {
            name: text("name")?,
            partner_a: text("partner_a").unwrap_or_default(),
            partner_b: text("partner_b").unwrap_or_default(),
            status: text("status").unwrap_or_default(),
            created_ms: created
                .ok()
                .flatten()
                .and_then(|(value, _)| time_of(&value))
                .unwrap_or_default(),
        })
    }
}
