//! What was set aside, as it is kept.

use minicbor::{Decode, Encode};

use super::Intent;

/// What was set aside, and why.
#[derive(Clone, Debug, Encode, Decode)]
#[cbor(array)]
pub(in crate::device) struct QuarantineRow {
    #[n(0)]
    pub id: u64,
    #[n(1)]
    pub what: String,
    #[n(2)]
    pub rule: u16,
    #[n(3)]
    pub intent: Option<Intent>,
    /// Position of the entry, where it is another's.
    #[n(4)]
    pub position: Option<u64>,
    /// When it was set aside, by this device's clock, in milliseconds since the Unix epoch.
    #[n(5)]
    pub at: Option<u64>,
    /// What became of it; kept all the same, since what was set aside after it may build upon it.
    #[n(6)]
    pub settled: Option<Settled>,
}

/// What a person decided about something that was set aside. Known to this device alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(in crate::device) enum Settled {
    /// Entered again, as an edit of its own, at this time in milliseconds since the Unix epoch.
    #[n(0)]
    Entered(#[n(0)] u64),
    /// Discarded.
    #[n(1)]
    Discarded(#[n(0)] u64),
}
