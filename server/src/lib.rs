//! The Troth relay: orders, stores and forwards what devices have already encrypted and signed. It can open none of it: no
//! code here decrypts, and no crate that does is among its dependencies.
//!
//! A message travels: [`connection`] (the only file that touches a socket) → [`verify`] (form and signature, in parallel)
//! → [`core`] (sans-IO: one place orders everything, commits what waits in one durable write, and says what to send) →
//! [`driver`] (performs it).
//!
//! | module | is |
//! | --- | --- |
//! | [`store`] | what is on disk, and the promise made about it |
//! | [`practice`] | one ledger in memory: its state, its tree, how it is loaded and extended |
//! | [`core`] | connections' states and the ledgers together: `handle(now, rng, events) -> effects` |
//! | [`directory`] | what is durable of each ledger, for whoever only looks |
//! | [`quota`] | who may take how much |
//! | [`reading`] | catch-ups and fetches, read from the store chunk by chunk |
//! | [`driver`] | what surrounds the core, and who turns its wheel |
//! | [`http`] | the WebSocket's door, health, tiles and checkpoints |
//! | [`config`], [`keyfile`] | how it is set up, and the key that it signs with |
//! | [`serve`] | all of it put together: a relay that listens |
//! | [`audit`] | `troth-server verify`: everything replayed from genesis |

pub mod audit;
pub mod config;
pub mod connection;
pub mod core;
pub mod directory;
pub mod driver;
pub mod http;
pub mod keyfile;
pub mod practice;
pub mod quota;
pub mod reading;
pub mod relay;
pub mod serve;
pub mod store;
pub mod verify;
pub mod witness;
pub mod witnessing;
