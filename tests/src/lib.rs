//! The harness, and what is measured with it. The stories told with it stand in `tests/`.
//!
//! | module | is |
//! | --- | --- |
//! | [`wire_client`] | a plain, honest client of the wire protocol |
//! | [`relay_process`] | the real relay, started, watched and killed |
//! | [`power_cut`] | what a power cut may leave of the real relay's disk, and whether it is enough |
//! | [`proxy`] | a wire between the two that remembers every byte |
//! | [`process_memory`] | what a running process holds in its memory |
//! | [`intake_client`] | somebody with an intake link, and no device |
//! | [`network`] | a relay and its devices in one process, under one clock and seed |
//! | [`simulation`] | a whole practice under faults, from one seed |
//! | [`fuzzing`] | bytes thrown at everything that reads bytes |
//! | [`bench`] | what `troth-bench` measures |

pub mod bench;
pub mod fuzzing;
pub mod intake_client;
pub mod network;
pub mod outsider;
pub mod power_cut;
pub mod process_memory;
pub mod proxy;
pub mod relay_process;
pub mod simulation;
pub mod wire_client;
