//! The messages of the one connection between a device and its relay: a version byte, then one CBOR value to a binary
//! frame.
//!
//! How they may evolve: a new message takes a new number within its version; a changed one needs a new version byte. A
//! receiver refuses what it does not know with R1 or R2 and closes.

mod client;
mod intake;
mod items;
mod relay;
mod transcript;

use minicbor::{Decode, Encode};

pub use client::{
    Ahead, Append, ClientMessage, Fetch, Follow, Found, Hello, Lost, MailboxId, Put, Restore, Take, Upload,
};
pub use intake::{KeepDraft, LinkReply, LinkSecret, Linked, NoLink, Submit, Unlock, Unlocked};
pub use items::{EntryItem, Folded, Item, Items, Mismatch, RootsItem};
pub use relay::{
    Appended, Challenge, Goodbye, Held, Info, NewKey, NoMail, Receipt, Refused, RelayMessage, Welcome,
    Witnessed,
};
pub use transcript::Transcript;

use crate::rule::Rule;
use crate::{cbor, limits};

/// The version that every frame begins with.
pub const VERSION: u8 = 1;

/// Encodes a message as a frame.
pub fn frame<T: Encode<()>>(message: &T) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    out.push(VERSION);
    cbor::encode_into(message, &mut out);
    out
}

/// Decodes a frame: R3 where it is too long, R2 where the version is another, R1 where it is no message.
pub fn message<T>(frame: &[u8]) -> Result<T, Rule>
where
    T: Encode<()> + for<'b> Decode<'b, ()>,
{
    if frame.len() > limits::FRAME {
        return Err(Rule::TooLarge);
    }
    match frame {
        [VERSION, body @ ..] => cbor::decode(body),
        [] => Err(Rule::Malformed),
        _ => Err(Rule::Version),
    }
}
