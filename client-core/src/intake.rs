//! Intake without an account: what stands behind a link, and the side of whoever answers through it. A page in a browser and
//! the command line drive the same code.
//!
//! | file | holds |
//! | --- | --- |
//! | `link` | the link's text |
//! | `consents` | what is consented to, signed by itself |
//! | `content` | what is sealed: what the link asks, what is said through it, what is answered |
//! | `visit` | a link that was opened and checked, and what can be said through it |
//! | `pin` | which PINs may be chosen |
//! | `receipt` | what a client is left with, and how it is checked |

mod consents;
mod content;
mod link;
mod pin;
mod receipt;
mod visit;

use thiserror::Error;
use troth_protocol::rule::Rule;

use crate::crypto::{OpenError, SealError, VaultError};

pub use consents::{Consent, Place, verify_consents};
pub use content::{Answered, Asking, Copied, Draft, Said, Spoken};
pub use link::IntakeLink;
pub use pin::{Pin, PinFault};
pub use receipt::{IntakeReceipt, ReceiptFault};
pub use visit::{Sending, Visit};

/// Why a link cannot be used, or something cannot be said through it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum IntakeError {
    /// It is no intake link at all.
    #[error("this is not an intake link: copy the whole of it, from https:// to its end")]
    NotALink,
    /// Its end is missing, or something was added.
    #[error("this link is not whole: copy it again from the message that it came in, to its very end")]
    Truncated,
    /// It is of a later version.
    #[error("this link is of version {0}, which this program does not know: update the program")]
    Version(String),
    /// What the server shows is not what the link leads to.
    #[error(
        "the server does not show what this link leads to: either the link was altered, or the server is not to be trusted. \
         Send nothing, and ask for a new link in another way"
    )]
    NotBehindIt,
    /// What the link led to was erased.
    #[error("what this link led to was erased")]
    Erased,
    /// It takes no answers.
    #[error("{}. {}", .0, .0.remedy())]
    Closed(Rule),
    /// What is to be sent is longer than the relay takes.
    #[error("what you wrote is too long to be sent (by {0} bytes): shorten the longest answer")]
    TooLong(usize),
    /// A PIN may not be chosen.
    #[error(transparent)]
    Pin(#[from] PinFault),
    /// Something sealed does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Something cannot be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A PIN cannot be stretched here.
    #[error("there is not enough free memory for this: close other programs and try again")]
    OutOfMemory,
}

impl From<VaultError> for IntakeError {
    fn from(_: VaultError) -> Self {
        Self::OutOfMemory
    }
}

#[cfg(test)]
mod tests;
