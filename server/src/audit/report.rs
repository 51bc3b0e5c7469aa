//! What verification found.

use serde::Serialize;

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The position concerned, where one is.
    pub position: Option<u64>,
    /// What is wrong.
    pub what: String,
}

/// One ledger.
#[derive(Clone, Debug, Serialize)]
pub struct LedgerReport {
    /// The practice's id, in hexadecimal.
    pub practice: String,
    /// Entries verified.
    pub entries: u64,
    /// Documents.
    pub documents: usize,
    /// Documents that were ordered erased.
    pub erased: usize,
    /// Members, past and present.
    pub members: usize,
    /// Devices, past and present.
    pub devices: usize,
    /// The root that the entries lead to, in hexadecimal.
    pub root: String,
    /// What is wrong; empty where nothing is.
    pub faults: Vec<Fault>,
}

/// All ledgers.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Whether nothing is wrong.
    pub ok: bool,
    /// The ledgers, by their practices' ids.
    pub ledgers: Vec<LedgerReport>,
}

impl Report {
    pub(super) fn new(ledgers: Vec<LedgerReport>) -> Self {
        Self {
            ok: ledgers.iter().all(|ledger| ledger.faults.is_empty()),
            ledgers,
        }
    }
}
