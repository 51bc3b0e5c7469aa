//! Who is to blame when the store does not do what it was asked, and what helps.

use std::{io, path::PathBuf};

use troth_protocol::ids::PracticeId;

use super::Engine;

/// Why the store did not do what it was asked. None of these says anything about an entry's content.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The environment: no room. Nothing was written; reads go on.
    #[error("the disk is full: nothing was written; make room, and appends go on without a restart")]
    Full,
    /// The fence: somebody else's commit came first, or this very one did already. Nothing was written.
    #[error(
        "the ledger of practice {practice} has {found} entries, not the {expected} that the commit was made for"
    )]
    Conflict {
        /// Whose ledger.
        practice: PracticeId,
        /// The size that the batch named.
        expected: u64,
        /// The size that the ledger has; 0 where there is none.
        found: u64,
    },
    /// The caller: the batch contradicts itself. Nothing was written.
    #[error("the store was used wrongly: {0}")]
    Misuse(&'static str),
    /// The disk: what was read cannot have been written by this store.
    #[error("the store is damaged ({0}): stop the relay, keep a copy of the directory, and restore a backup")]
    Corrupt(String),
    /// The engine, after an earlier failure: it cannot say any more what is durable.
    #[error("the store stopped after an earlier failure ({0}): restart the relay")]
    Stopped(&'static str),
    /// A read that does not end kept the store from finishing. Nothing is lost.
    #[error("the store is busy with a long read: try again later")]
    Busy,
    /// The operator: another relay has the directory open.
    #[error("{} is open in another relay: stop that one, or choose another directory", .0.display())]
    InUse(PathBuf),
    /// The operator: the directory was made by another engine than the one asked for.
    #[error("{} was made by the {made_by} engine: start the relay with --store {made_by}", .dir.display())]
    OtherEngine {
        /// The data directory.
        dir: PathBuf,
        /// The engine that can open it.
        made_by: Engine,
    },
    /// The operator: the directory was made by another version of the relay, or by something else.
    #[error("{} holds a store of a format this relay does not know ({found:?}): use the relay that made it", .dir.display())]
    Format {
        /// The data directory.
        dir: PathBuf,
        /// What its format file says, shortened.
        found: String,
    },
    /// The build: the engine was left out.
    #[error("this relay was built without the {0} engine: build it with --features {0}")]
    Unsupported(Engine),
    /// The environment: anything else that the operating system refused.
    #[error("the disk: {0}")]
    Io(#[source] io::Error),
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Io(error),
        }
    }
}

impl StoreError {
    /// Damage, named by what does not fit.
    pub(super) fn corrupt(what: impl Into<String>) -> Self {
        Self::Corrupt(what.into())
    }
}
