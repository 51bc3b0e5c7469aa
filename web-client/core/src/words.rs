//! The words by which the page knows what is wrong; it has a sentence for each, in each language.

use troth_client_core::intake::{IntakeError, PinFault, ReceiptFault};
use troth_protocol::rule::Rule;

/// A rule's refusal.
pub fn refused(rule: Rule) -> String {
    format!("refused:{}", rule.number())
}

/// The word for an error.
pub fn word(error: IntakeError) -> String {
    match error {
        IntakeError::NotALink => "not-a-link".into(),
        IntakeError::Truncated => "truncated".into(),
        IntakeError::Version(_) => "version".into(),
        IntakeError::NotBehindIt => "not-behind-it".into(),
        IntakeError::Erased => "erased".into(),
        IntakeError::Closed(rule) => refused(rule),
        IntakeError::TooLong(by) => format!("too-long:{by}"),
        IntakeError::Pin(PinFault::TooShort) => "pin-short".into(),
        IntakeError::Pin(PinFault::TooLong) => "pin-long".into(),
        IntakeError::Pin(PinFault::Predictable) => "pin-predictable".into(),
        IntakeError::OutOfMemory => "memory".into(),
        IntakeError::Open(_) | IntakeError::Seal(_) => "sealed".into(),
    }
}

/// The word for what is wrong with a receipt.
pub fn receipt(fault: ReceiptFault) -> String {
    let word = match fault {
        ReceiptFault::NotAReceipt => "receipt-none",
        ReceiptFault::Truncated => "receipt-truncated",
        ReceiptFault::Version => "version",
        ReceiptFault::Altered => "receipt-altered",
        ReceiptFault::OtherLedger => "receipt-other-ledger",
        ReceiptFault::Shorter => "receipt-shorter",
        ReceiptFault::NotInIt => "receipt-not-in-it",
    };
    word.to_owned()
}
