//! A change by itself: what it is called, and what it follows.

use automerge::Change;

use super::{DocumentError, Head, envelope};

/// A change of this device's own that is in no document now.
#[derive(Debug, Clone)]
pub struct MadeChange {
    /// Its bytes, as the edit returned them.
    pub bytes: Vec<u8>,
    /// What later changes name it by.
    pub hash: Head,
    /// The newest changes that its author had seen.
    pub after: Vec<Head>,
}

/// Reads a change.
///
/// # Errors
/// [`DocumentError::Unreadable`] for what is none.
pub fn change_of(bytes: &[u8]) -> Result<MadeChange, DocumentError> {
    let opened = envelope::open(bytes).map_err(|reason| DocumentError::Unreadable(reason.to_string()))?;
    let change = Change::try_from(&opened.chunk[..]);
    let change = change.map_err(|error| DocumentError::Unreadable(error.to_string()))?;
    Ok(MadeChange {
        bytes: bytes.to_vec(),
        hash: change.hash().0,
        after: change.deps().iter().map(|head| head.0).collect(),
    })
}
