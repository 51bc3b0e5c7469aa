//! The forms in which this device reads what other devices sealed for it and what it kept itself, all in one list: for tests
//! that throw bytes at each of them. Nothing of the engine uses it.

use minicbor::{Decode, Encode};
use troth_protocol::cbor;
use troth_protocol::keys::DeviceKeys;
use troth_protocol::signature::Signature;

use super::invite::{Claim, Greeting, Number, OwnInvite, Request};
use super::link::Answer;
use super::outbox::{Inflight, Newcomer, OutboxRow, QuarantineRow};
use super::restore::LostRow;
use super::rows::{DocumentRow, EntryRow, Identity, LedgerRow, RosterRow, RunRow, SeedRow};
use crate::content::{Edits, Whole};
use crate::crypto::payload_content;

/// A form's name, and whether bytes are of that form.
pub type Form = (&'static str, fn(&[u8]) -> bool);

/// Every form: what a payload holds, what travels through a mailbox, what a row of the store holds.
pub const FORMS: &[Form] = &[
    ("edits", |bytes| Edits::decode(bytes).is_ok()),
    ("payload", payload_content),
    ("link keys", is::<DeviceKeys>),
    ("link answer", is::<Answer>),
    ("link proof", is::<Signature>),
    ("invite greeting", is::<Greeting>),
    ("invite number", is::<Number>),
    ("invite request", is::<Request>),
    ("invite claim", is::<Claim>),
    ("invite newcomer", is::<Newcomer>),
    ("invite outcome", is::<Option<Answer>>),
    ("identity row", is::<Identity>),
    ("seed row", is::<SeedRow>),
    ("ledger row", is::<LedgerRow>),
    ("roster row", is::<RosterRow>),
    ("document row", is::<DocumentRow>),
    ("entry row", is::<EntryRow>),
    ("run row", is::<RunRow>),
    ("outbox row", is::<OutboxRow>),
    ("in-flight row", is::<Inflight>),
    ("quarantine row", is::<QuarantineRow>),
    ("invite row", is::<OwnInvite>),
    ("snapshot", |bytes| Whole::decode(bytes).is_ok()),
    ("lost row", is::<LostRow>),
];

fn is<T>(bytes: &[u8]) -> bool
where
    T: Encode<()> + for<'b> Decode<'b, ()>,
{
    cbor::decode::<T>(bytes).is_ok()
}
