//! A Troth device: keys, vault, sealing, documents and the sync engine. Nothing here opens a socket or a file, reads a clock
//! or draws randomness of its own: the command line and the browser drive the same code.
//!
//! | module | is |
//! | --- | --- |
//! | [`device`] | the engine: `handle(now, rng, event) -> effects`, and what a person does with it |
//! | [`document`] | a lane's content: notes, fields, merged edits, and the guard against hostile ones |
//! | [`content`] | what travels inside a change |
//! | [`crypto`] | every key and cipher, composed from published constructions |
//! | [`intake`] | intake links, and the side of whoever answers through one |
//! | [`storage`] | what the device keeps, as rows of ciphertext |
//! | [`export`] | a ledger that anyone can verify with the relay's public key |

pub mod content;
pub mod crypto;
pub mod device;
pub mod document;
pub mod export;
pub mod intake;
pub mod storage;
