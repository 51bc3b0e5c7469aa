//! Values under keys. Set on two devices at once, a key has two values until someone chooses: by setting it
//! again.

use std::collections::BTreeMap;

use automerge::transaction::Transactable;
use automerge::{AutoCommit, ObjId, ReadDoc};

use super::schema::Root;
use super::{DocumentError, LaneDocument, at_most, limits, text_of, writer};

/// One of the values that a key has now.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldValue {
    /// The text.
    pub value: String,
    /// Actor of the device that set it.
    pub actor: [u8; 16],
    /// Whether this is the one that tools without conflicts show. It is the same one on every device, and
    /// chosen by nobody.
    pub shown: bool,
}

impl LaneDocument {
    /// Sets a clinical field and settles it if it had several values. Returns the change, empty if the field
    /// is just this.
    ///
    /// # Errors
    /// A key that is empty or over [`limits::FIELD_KEY`] characters, a value over [`limits::FIELD_VALUE`]
    /// bytes.
    pub fn set_field(&mut self, key: &str, value: &str) -> Result<Vec<u8>, DocumentError> {
        field_key(key)?;
        at_most("the field's value", value, limits::FIELD_VALUE)?;
        self.set(Root::Fields, &[(key, value)])
    }

    /// Removes a field. A value set on another device meanwhile stays. Returns the change, empty if there is
    /// no such field.
    ///
    /// # Errors
    /// As [`set_field`](Self::set_field).
    pub fn remove_field(&mut self, key: &str) -> Result<Vec<u8>, DocumentError> {
        field_key(key)?;
        self.remove(Root::Fields, key)
    }

    /// The values of a field: none if it was never set, more than one while it is not settled. The shown one
    /// comes first.
    pub fn field(&self, key: &str) -> Vec<FieldValue> {
        self.values(Root::Fields, key)
    }

    /// All fields with their values, by key.
    pub fn fields(&self) -> BTreeMap<String, Vec<FieldValue>> {
        self.registers(Root::Fields)
    }

    pub(super) fn set(&mut self, root: Root, pairs: &[(&str, &str)]) -> Result<Vec<u8>, DocumentError> {
        let object = self.root(root)?;
        let changed: Vec<_> = pairs
            .iter()
            .filter(|(key, value)| !matches!(&self.values(root, key)[..], [only] if only.value == **value))
            .collect();
        self.edit(|doc| {
            changed
                .into_iter()
                .try_for_each(|(key, value)| doc.put(&object, *key, *value))
        })
    }

    pub(super) fn remove(&mut self, root: Root, key: &str) -> Result<Vec<u8>, DocumentError> {
        let object = self.root(root)?;
        let there = !self.values(root, key).is_empty();
        self.edit(|doc| if there { doc.delete(&object, key) } else { Ok(()) })
    }

    pub(super) fn values(&self, root: Root, key: &str) -> Vec<FieldValue> {
        self.root(root)
            .map(|object| values_at(&self.doc, &object, key))
            .unwrap_or_default()
    }

    pub(super) fn registers(&self, root: Root) -> BTreeMap<String, Vec<FieldValue>> {
        let Ok(object) = self.root(root) else {
            return BTreeMap::new();
        };
        self.doc
            .keys(&object)
            .map(|key| (key.clone(), values_at(&self.doc, &object, &key)))
            .collect()
    }

    /// The one value that is shown.
    pub(super) fn shown(&self, root: Root, key: &str) -> Option<String> {
        self.values(root, key).into_iter().next().map(|value| value.value)
    }
}

fn values_at(doc: &AutoCommit, object: &ObjId, key: &str) -> Vec<FieldValue> {
    let all = doc.get_all(object, key).unwrap_or_default();
    let shown = all.len();
    let mut values: Vec<_> = all
        .iter()
        .enumerate()
        // The engine lists the winner last.
        .filter_map(|(i, (value, id))| {
            Some(FieldValue {
                value: text_of(value)?,
                actor: writer(id),
                shown: i + 1 == shown,
            })
        })
        .collect();
    values.reverse();
    values
}

fn field_key(key: &str) -> Result<(), DocumentError> {
    if key.is_empty() {
        return Err(DocumentError::Empty("the field's name"));
    }
    if key.chars().count() > limits::FIELD_KEY {
        return Err(DocumentError::TooLong {
            what: "the field's name",
            max: limits::FIELD_KEY,
            unit: "characters",
        });
    }
    Ok(())
}
