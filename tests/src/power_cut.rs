//! Power cuts: the real relay runs under `strace`, and from what it asked of the operating system every disk that a power cut
//! could have left behind is made and opened again.
//!
//! | part | is |
//! | --- | --- |
//! | [`TracedRelay`] | the real relay under `strace` |
//! | [`read_trace`] | the trace, call by call |
//! | [`Disk`] | what the calls did to each file, and what was synced when |
//! | [`Loss`], [`Image`] | what a power cut at some moment leaves |
//! | [`Writing`], [`Acknowledged`] | the work, and what the relay said of it |
//! | [`Verdict`] | whether what is left holds all that was acknowledged |
//! | [`Recording`] | all of it put together |
//!
//! # The model
//!
//! A moment is a line of the trace. A call takes effect somewhere between its first line and its last.
//!
//! *Contents.* A write, or a change of a file's length, is on the disk once an `fsync` or `fdatasync` of that file ended
//! that began after the write had ended. `sync_file_range` promises nothing. Of the rest each page of 4 KiB is on the disk
//! as it was at some moment since the last sync, each page at a moment of its own; changes of length keep their order.
//! A page is never torn within itself: drives keep sectors whole, and file systems write pages.
//!
//! *Names.* Making, renaming and removing go through the file system's journal in order (ext4, XFS, btrfs): none is on the
//! disk without all before it. They are there once the directory was synced after them, by `fsync` or `fdatasync`; the
//! sync of a file says nothing of its name. A name may be on the disk without the file's contents.
//!
//! *An acknowledgement* counts from the line where the relay begins to send it: its bytes, as the client received them,
//! are looked for in the trace.
//!
//! Left out are SQLite's `-shm` files: they are shared memory, which a restart makes anew. Whatever else the trace holds that
//! touches the data directory and that the model does not know is an error, never passed over.

mod cut;
mod disk;
mod history;
mod image;
mod recording;
mod trace;
mod traced;
mod verdict;
mod work;

pub use cut::{Loss, PAGE};
pub use disk::Disk;
pub use image::Image;
pub use recording::Recording;
pub use trace::{Call, NEVER, read as read_trace};
pub use traced::TracedRelay;
pub use verdict::Verdict;
pub use work::{Acknowledged, Writing};
