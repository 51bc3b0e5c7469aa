//! What can go wrong with a document, and whose doing it is.

/// A call on a document that could not be carried out. The document is as it was before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// The caller's text is longer than the document allows.
    #[error("{what} is too long: at most {max} {unit}; shorten it or split it")]
    TooLong {
        /// What is too long.
        what: &'static str,
        /// The maximum.
        max: usize,
        /// What the maximum counts.
        unit: &'static str,
    },
    /// A name that must say something is empty.
    #[error("{0} is empty; give it a value")]
    Empty(&'static str),
    /// The document has no such note.
    #[error("there is no note {0} here; sync, or list the notes again")]
    NoSuchNote(String),
    /// A note or record with this identifier is there already.
    #[error("there is already something under {0}; use a fresh identifier")]
    Exists(String),
    /// A signed note does not change.
    #[error("note {0} is signed and does not change; amend it instead")]
    Signed(String),
    /// The note's text is no longer what was to be signed.
    #[error("note {0} has changed since it was read; read it again before signing")]
    ChangedBeforeSigning(String),
    /// A number that a document cannot hold, such as a time past the year 292 million.
    #[error("{0} is out of range")]
    OutOfRange(&'static str),
    /// Saved bytes that do not open: damaged, or not a Troth document.
    #[error("the saved document does not open ({0}); build it again from its changes")]
    Unreadable(String),
    /// The document engine refused a local edit.
    #[error("the document engine refused the edit: {0}")]
    Engine(String),
    /// Too many runaway changes have been abandoned in this process.
    #[error("too many changes ran without end; start the program again, then sync")]
    Exhausted,
}

impl From<automerge::AutomergeError> for DocumentError {
    fn from(e: automerge::AutomergeError) -> Self {
        Self::Engine(e.to_string())
    }
}

/// Why a change was put into quarantine. All but [`Reason::Stalled`] are the author's device's doing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Larger than any honest change, as sent or once inflated.
    #[error("the change is larger than any honest one")]
    TooLarge,
    /// Not a single change: a bundle, a whole document, or nothing that Automerge writes.
    #[error("it is not a single change")]
    NotAChange,
    /// The checksum does not fit the content.
    #[error("its checksum does not fit its content")]
    Checksum,
    /// The bytes do not parse.
    #[error("it does not parse: {0}")]
    Malformed(String),
    /// It parses, but there is another way to write the same change; saved documents would not open again.
    #[error("it is not written in the one accepted form")]
    NotCanonical,
    /// Written in another device's name.
    #[error("it is written in another device's name")]
    WrongActor,
    /// Its author has already written another change with this number.
    #[error("its author wrote two changes in the same place")]
    Fork,
    /// It does something that no Troth document allows.
    #[error("it does what no document allows: {0}")]
    Rule(&'static str),
    /// The document engine gave an error on it.
    #[error("the document engine refused it: {0}")]
    Refused(String),
    /// The document engine panicked on it.
    #[error("the document engine broke on it")]
    Panicked,
    /// The document engine did not come back in time. A very slow device can be the cause too: it may be
    /// tried again.
    #[error("the document engine did not finish it in time")]
    Stalled,
}
