//! Every maximum of a document, each with its reason. What exceeds one is refused, never cut.

use std::time::Duration;

/// Longest change as it travels, in bytes: it must fit into one sealed payload (1 MiB) beside its padding
/// and framing.
pub const CHANGE_BYTES: usize = 960 * 1024;
/// Longest change once inflated, in bytes: 256 KiB of prose written anew over 256 KiB deleted stays under it.
pub const CHANGE_INFLATED: usize = 4 * 1024 * 1024;
/// Operations in one change: one for each character deleted or inserted by the largest edit, and the note
/// around it.
pub const CHANGE_OPERATIONS: u64 = 2 * NOTE_TEXT as u64 + 64;
/// Heads that one change may follow: every reader of the largest document editing at the same moment.
pub const CHANGE_DEPENDENCIES: u64 = 1024;
/// Authors that one change may mention.
pub const CHANGE_ACTORS: u64 = 1024;
/// Changes applied to one copy at a time: large enough that copying costs little, small enough to stay under
/// a second.
pub const BATCH: usize = 16_384;
/// Changes of one author in one document that are held, and tried with each news, while they wait for one that has not come.
/// Those behind them are opened when these are through: an honest author's wait for a payload that is on its way, and no longer.
pub const WAITING: usize = 256;
/// The same in bytes: one change of the largest size, and more of the usual ones than [`WAITING`].
pub const WAITING_BYTES: usize = 4 * 1024 * 1024;
/// Longest saved document, in bytes: a hundred thousand edits take a tenth of a megabyte.
pub const SAVED_BYTES: usize = 64 * 1024 * 1024;
/// How long one step of applying (reading one change, or applying one batch) may take before its thread is
/// abandoned. An honest batch of the largest size takes a second; a slow device under load gets several times
/// that.
pub const STEP: Duration = Duration::from_secs(8);
/// Abandoned threads at which nothing more is applied until the program starts anew: each holds a core and a
/// copy.
pub const ABANDONED: usize = 4;
/// Documents that [`apply_many`](super::apply_many) works on at a time, each on a core of its own: no more than
/// [`ABANDONED`], since each may come to hold a thread that has to be abandoned.
pub const CALLERS: usize = 4;
/// Changes of one call that may make the engine misbehave before the rest of the call is left waiting.
pub const CULPRITS: usize = 8;

/// Longest field name, in characters.
pub const FIELD_KEY: usize = 128;
/// Longest field value, in bytes of UTF-8.
pub const FIELD_VALUE: usize = 64 * 1024;
/// Longest text of a note, an amendment or a record, in bytes of UTF-8: about ninety printed pages.
pub const NOTE_TEXT: usize = 256 * 1024;
/// Longest name, pseudonym, status or template identifier, in bytes of UTF-8.
pub const NAME: usize = 1024;
/// Longest signature over a note, in bytes: Ed25519 takes 64, a post-quantum hybrid under 5,000.
pub const PROOF: usize = 8 * 1024;
/// Longest entry of an append-only list, written as JSON, in bytes: a change holds one and must stay under
/// [`CHANGE_BYTES`]. The longest note fits unless most of it is characters that JSON escapes.
pub const ENTRY: usize = 768 * 1024;
/// Changed stretch of an edit, in characters before and after, up to which single insertions and deletions
/// are sought. Seeking takes time with the square of the difference; a longer stretch is replaced as one.
pub const DIFF: usize = 2048;
