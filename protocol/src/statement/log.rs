//! Statements that record what was done.

use minicbor::{Decode, Encode};

use crate::ids::{DocumentId, Hash};

/// A login: written by the relay's handshake, never through `append`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Session {
    /// Hash of the handshake's transcript, which holds both sides' nonces.
    #[n(0)]
    pub transcript: Hash,
}

/// What was done with a record outside its lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum AccessKind {
    /// The history was fetched from its beginning.
    #[n(0)]
    Fetch,
    /// It was exported.
    #[n(1)]
    Export,
    /// It was printed.
    #[n(2)]
    Print,
}

/// A device reports an access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Access {
    /// The document concerned.
    #[n(0)]
    pub document: DocumentId,
    /// What was done.
    #[n(1)]
    pub kind: AccessKind,
    /// The device's clock, in milliseconds since the Unix epoch: tells two accesses of the same kind apart. The device's
    /// word only.
    #[n(2)]
    pub at: u64,
}

/// Orders a document's payloads and sealed keys destroyed, everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Erasure {
    /// The document.
    #[n(0)]
    pub document: DocumentId,
    /// Hash of the control statement that it acts on.
    #[n(1)]
    pub prev: Hash,
}

/// What the relay reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum NoticeKind {
    /// Logins were refused.
    #[n(0)]
    LoginsRefused,
    /// A limit was hit.
    #[n(1)]
    LimitHit,
    /// A backup was taken.
    #[n(2)]
    BackupTaken,
    /// A restore drill passed.
    #[n(3)]
    DrillPassed,
}

/// What only the relay saw; signed with the ledger key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Notice {
    /// What.
    #[n(0)]
    pub kind: NoticeKind,
    /// How often since the last notice of this kind.
    #[n(1)]
    pub count: u64,
}
