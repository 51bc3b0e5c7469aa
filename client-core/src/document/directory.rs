//! The directory: who stands behind a pseudonym. Names live here and nowhere on the relay.

use std::collections::BTreeMap;

use super::schema::Root;
use super::{DocumentError, LaneDocument, at_most, limits};

impl LaneDocument {
    /// Names the member behind a pseudonym (lower-case hexadecimal). Returns the change, empty if the name
    /// is just this.
    ///
    /// # Errors
    /// A pseudonym that is none, an empty name, a name over [`limits::NAME`] bytes.
    pub fn set_name(&mut self, pseudonym: &str, name: &str) -> Result<Vec<u8>, DocumentError> {
        check(pseudonym, name)?;
        self.set(Root::Names, &[(pseudonym, name)])
    }

    /// The member's name; where two were given at once, the shown one.
    pub fn name(&self, pseudonym: &str) -> Option<String> {
        self.shown(Root::Names, pseudonym)
    }

    /// All members' names by pseudonym.
    pub fn names(&self) -> BTreeMap<String, String> {
        self.all_shown(Root::Names)
    }

    /// Names a device (by its identifier in lower-case hexadecimal).
    ///
    /// # Errors
    /// As [`set_name`](Self::set_name).
    pub fn set_device_name(&mut self, device: &str, name: &str) -> Result<Vec<u8>, DocumentError> {
        check(device, name)?;
        self.set(Root::Devices, &[(device, name)])
    }

    /// The device's name.
    pub fn device_name(&self, device: &str) -> Option<String> {
        self.shown(Root::Devices, device)
    }

    /// All devices' names by identifier.
    pub fn device_names(&self) -> BTreeMap<String, String> {
        self.all_shown(Root::Devices)
    }

    fn all_shown(&self, root: Root) -> BTreeMap<String, String> {
        let first = |values: Vec<super::FieldValue>| values.into_iter().next().map(|value| value.value);
        self.registers(root)
            .into_iter()
            .filter_map(|(key, values)| Some((key, first(values)?)))
            .collect()
    }
}

fn check(id: &str, name: &str) -> Result<(), DocumentError> {
    let hex = id
        .bytes()
        .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if id.is_empty() || id.len() > 64 || !hex {
        return Err(DocumentError::OutOfRange("the identifier"));
    }
    if name.is_empty() {
        return Err(DocumentError::Empty("the name"));
    }
    at_most("the name", name, limits::NAME)
}
