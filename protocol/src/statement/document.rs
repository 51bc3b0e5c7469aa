//! Statements about one document: who reads it, and under which key.

use minicbor::{Decode, Encode};

use crate::ids::{CaseId, DocumentId, Hash, MemberId};
use crate::keys::{Class, Sealing};
use crate::statement::Role;

/// What a document is for within its case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Lane {
    /// The couple's common record.
    #[n(0)]
    Joint,
    /// The first partner's own.
    #[n(1)]
    PartnerA,
    /// The second partner's own.
    #[n(2)]
    PartnerB,
    /// Tests and their results; sensitive.
    #[n(3)]
    Assessments,
    /// The author's own notes, outside the record; sensitive.
    #[n(4)]
    ProcessNotes,
    /// Names, scheduling, the case's head.
    #[n(5)]
    Admin,
    /// The practice's names for members and devices; belongs to no case.
    #[n(6)]
    Directory,
}

impl Lane {
    /// Every lane with its name on the command line.
    pub const NAMES: [(Self, &'static str); 7] = [
        (Self::Joint, "joint"),
        (Self::PartnerA, "partner-a"),
        (Self::PartnerB, "partner-b"),
        (Self::Assessments, "assessments"),
        (Self::ProcessNotes, "process-notes"),
        (Self::Admin, "admin"),
        (Self::Directory, "directory"),
    ];

    /// The lane's name.
    pub fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(lane, _)| *lane == self)
            .map_or("", |(_, name)| name)
    }

    /// The lane of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(_, n)| *n == name)
            .map(|(lane, _)| *lane)
    }

    /// Which key hierarchy protects it.
    pub const fn class(self) -> Class {
        match self {
            Self::Assessments | Self::ProcessNotes => Class::Sensitive,
            _ => Class::General,
        }
    }
}

/// Someone who can be given a right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum Principal {
    /// Whoever has the role.
    #[n(0)]
    Role(#[n(0)] Role),
    /// One member.
    #[n(1)]
    Member(#[n(0)] MemberId),
}

/// What a reader may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Rights {
    /// Read only.
    #[n(0)]
    Read,
    /// Read and write.
    #[n(1)]
    Write,
}

/// A right given to someone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Reader {
    /// To whom.
    #[n(0)]
    pub principal: Principal,
    /// What.
    #[n(1)]
    pub rights: Rights,
    /// Relay time from which it no longer holds, in milliseconds since the Unix epoch.
    #[n(2)]
    pub until: Option<u64>,
}

/// One step of a document's control chain: its actions take effect together or not at all.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Document {
    /// The document.
    #[n(0)]
    pub document: DocumentId,
    /// Hash of the control statement before this one; `None` for the one that creates.
    #[n(1)]
    pub prev: Option<Hash>,
    /// What changes, in order.
    #[n(2)]
    pub actions: Vec<DocumentAction>,
    /// The sealed keys in the payload.
    #[n(3)]
    pub sealings: Vec<Sealing>,
}

/// One change of a document's control.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum DocumentAction {
    /// The document exists, at epoch 1.
    #[n(0)]
    Create {
        /// The case it belongs to.
        #[n(0)]
        case: Option<CaseId>,
        /// What it is for.
        #[n(1)]
        lane: Lane,
        /// Its first readers.
        #[n(2)]
        readers: Vec<Reader>,
        /// Commitment to the key of epoch 1.
        #[n(3)]
        commitment: Hash,
    },
    /// Someone may read, with the history.
    #[n(1)]
    Grant {
        /// The right; replaces an earlier one of the same principal.
        #[n(0)]
        reader: Reader,
    },
    /// Someone may no longer read.
    #[n(2)]
    Revoke {
        /// Who.
        #[n(0)]
        principal: Principal,
    },
    /// The document's key turns.
    #[n(3)]
    Turn {
        /// The new epoch.
        #[n(0)]
        epoch: u64,
        /// Commitment to its key.
        #[n(1)]
        commitment: Hash,
    },
    /// The document is closed; another goes on.
    #[n(4)]
    Supersede {
        /// The other.
        #[n(0)]
        by: DocumentId,
    },
    /// The current key is sealed again to readers who lack it.
    #[n(5)]
    Reseal,
}
