//! A plain client of the wire protocol: real keys, real statements, one WebSocket. It is honest, and checks what it is
//! told; it keeps nothing on a disk and repairs nothing. Load and kill tests drive the relay with it, so that what they
//! measure is the relay.
//!
//! | part | is |
//! | --- | --- |
//! | [`Device`] | a device's secret keys |
//! | [`Member`] | a practice's founder: genesis, further devices, documents |
//! | [`Author`] | one device's chain of changes in one document |
//! | [`Connection`] | the WebSocket, and the login |
//! | [`Ledger`] | folding what arrives into a signed checkpoint |
//! | [`Replay`] | every statement checked from genesis on |

mod author;
mod connection;
mod device;
mod ledger;
mod member;
mod replay;

pub use author::{Author, KIND_CHANGE, content, context};
pub use connection::{Connection, SOCKET_PATH};
pub use device::Device;
pub use ledger::{Entry, Ledger};
pub use member::{Document, Member};
pub use replay::Replay;
