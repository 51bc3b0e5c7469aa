//! The ledger as a person reads it, and as anyone can check it again.

use troth_protocol::cbor;
use troth_protocol::ids::{CaseId, DeviceId, DocumentId, Hash, MemberId};
use troth_protocol::statement::{
    AccessKind, Body, DeviceKind, DocumentAction, Lane, RosterAction, Statement,
};
use troth_protocol::stream::Stream;
use troth_protocol::wire::{EntryItem, Item, RootsItem};

use super::content::short;
use super::rows::{ENTRY, EntryRow, RUN, RunRow};
use super::{Device, DeviceError};
use crate::export::{Export, Replay};
use crate::storage::Storage;

/// One line of the ledger.
#[derive(Clone, Debug)]
pub struct LogLine {
    /// Position, from 0.
    pub position: u64,
    /// The relay's clock, in milliseconds since the Unix epoch.
    pub received: u64,
    /// The statement's kind.
    pub kind: &'static str,
    /// Who signed.
    pub signer: DeviceId,
    /// Whose device that is.
    pub member: Option<MemberId>,
    /// The document concerned.
    pub document: Option<DocumentId>,
    /// Its case.
    pub case: Option<CaseId>,
    /// Its lane.
    pub lane: Option<Lane>,
    /// What was said, in a few words.
    pub what: String,
}

/// What a replay from genesis showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verification {
    /// Entries of the ledger.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// Entries that were seen and checked.
    pub entries_seen: u64,
    /// Entries that were not shown, and are covered by subtree roots.
    pub entries_hidden: u64,
    /// Signatures checked.
    pub signatures: u64,
}

impl<S: Storage> Device<S> {
    /// The ledger, from its beginning.
    pub fn log(&self) -> Result<Vec<LogLine>, DeviceError> {
        let mut lines = Vec::new();
        for row in self.entries()? {
            let statement: Statement = cbor::decode(&row.leaf.signed.statement)?;
            let document = match statement.stream() {
                Stream::Document(id) => Some(id),
                _ => match &statement.body {
                    Body::Access(access) => Some(access.document),
                    _ => None,
                },
            };
            let state = self.practice_state()?;
            let known = document.and_then(|id| state.documents.get(&id));
            let signer = state.roster.devices().get(&statement.signer);
            let kit = signer.is_some_and(|d| d.kind == DeviceKind::Kit);
            let by = if kit { " with the recovery kit" } else { "" };
            lines.push(LogLine {
                position: row.position,
                received: row.leaf.received,
                kind: statement.body.name(),
                signer: statement.signer,
                member: signer.map(|d| d.member),
                document,
                case: known.and_then(troth_protocol::document::Document::case),
                lane: known.map(troth_protocol::document::Document::lane),
                what: said(&statement) + by,
            });
        }
        Ok(lines)
    }

    /// Replays the whole ledger from genesis as it is kept here: every signature, every rule, every hash; what comes of it
    /// must be what was verified when it arrived. `progress` hears of entries done and of how many there are.
    pub fn verify_ledger(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<Verification, DeviceError> {
        let state = self.practice_state()?;
        let mut replay = Replay::new(*state.practice());
        for item in self.ledger_items()? {
            replay.take(&item).map_err(DeviceError::Unverified)?;
            progress(replay.size(), self.frontier.size());
        }
        let (verification, replayed) = replay.finish().map_err(DeviceError::Unverified)?;
        if verification.root != self.frontier.root() || verification.size != self.frontier.size() {
            return Err(DeviceError::Unverified(
                "it does not lead to the checkpoint that the relay signed".into(),
            ));
        }
        if replayed != *state {
            return Err(DeviceError::Unverified(
                "replaying it leads to another state than was kept".into(),
            ));
        }
        Ok(verification)
    }

    /// The ledger without its payloads, in a file that anyone verifies with the relay's public key.
    pub fn export_ledger(&self) -> Result<Vec<u8>, DeviceError> {
        let state = self.practice_state()?;
        let checkpoint = self.checkpoint.ok_or(DeviceError::NoPractice)?;
        let mut items = self.ledger_items()?;
        for item in &mut items {
            if let Item::Entry(entry) = item {
                entry.payload = None;
            }
        }
        let export = Export {
            version: 1,
            practice: *state.practice(),
            origin: state.roster.origin().to_owned(),
            items,
            checkpoint,
        };
        Ok(cbor::encode(&export))
    }

    fn entries(&self) -> Result<Vec<EntryRow>, DeviceError> {
        let mut rows = self.rows.scan::<EntryRow>(ENTRY)?;
        rows.sort_unstable_by_key(|row| row.position);
        Ok(rows)
    }

    /// Everything that was shown, as items that cover the ledger from its beginning.
    pub(super) fn ledger_items(&self) -> Result<Vec<Item>, DeviceError> {
        let mut items: Vec<(u64, Item)> = self
            .entries()?
            .into_iter()
            .map(|row| {
                (
                    row.position,
                    Item::Entry(EntryItem {
                        leaf: row.leaf,
                        payload: row.payload,
                    }),
                )
            })
            .collect();
        let runs = self.rows.scan::<RunRow>(RUN)?;
        items.extend(runs.into_iter().map(|row| {
            (
                row.from,
                Item::Roots(RootsItem {
                    entries: row.entries,
                    roots: row.roots,
                }),
            )
        }));
        items.sort_by_key(|(position, _)| *position);
        Ok(items.into_iter().map(|(_, item)| item).collect())
    }
}

/// What a statement says, in a few words, without anything that only its readers know.
fn said(statement: &Statement) -> String {
    let list = |words: Vec<String>| words.join(", ");
    match &statement.body {
        Body::Genesis(_) => "founded the practice".to_owned(),
        Body::Roster(roster) => list(roster.actions.iter().map(roster_said).collect()),
        Body::Document(document) => list(document.actions.iter().map(document_said).collect()),
        Body::Change(change) => format!("edit {} under key {}", change.sequence, change.epoch),
        Body::Session(_) => "logged in".to_owned(),
        Body::Access(access) => match access.kind {
            AccessKind::Fetch => "fetched the history".to_owned(),
            AccessKind::Export => "exported".to_owned(),
            AccessKind::Print => "printed".to_owned(),
        },
        Body::Erasure(_) => "ordered the record erased".to_owned(),
        other => other.name().to_owned(),
    }
}

fn roster_said(action: &RosterAction) -> String {
    match action {
        RosterAction::AddDevice { device, kind, .. } => {
            let what = match kind {
                DeviceKind::Device => "device",
                DeviceKind::Kit => "recovery kit",
            };
            format!("added {what} {}", short(device.id().as_bytes()))
        }
        RosterAction::RevokeDevice { device, .. } => format!("revoked device {}", short(device.as_bytes())),
        RosterAction::TurnMemberKey { generation, .. } => format!("turned the member's key to {generation}"),
        RosterAction::TurnRoleKey { generation, .. } => format!("turned the role's key to {generation}"),
        RosterAction::AddMember { member, .. } => format!("added member {}", short(member.as_bytes())),
        RosterAction::RemoveMember { member } => format!("removed member {}", short(member.as_bytes())),
        RosterAction::ChangeRole { member, .. } => {
            format!("changed the role of {}", short(member.as_bytes()))
        }
        RosterAction::Invite { .. } => "invited someone".to_owned(),
        RosterAction::Withdraw { .. } => "withdrew an invitation".to_owned(),
        RosterAction::SetPolicy { .. } => "set the policy".to_owned(),
        RosterAction::TurnLedgerKey { .. } => "turned the ledger key".to_owned(),
        RosterAction::Reseal => "sealed keys again".to_owned(),
        RosterAction::Resume { abandoned, resumed } => format!(
            "resumed the ledger at {} entries after the relay was restored; it had had {}",
            resumed.size, abandoned.size
        ),
        RosterAction::ProposeRecovery { .. } => "proposed a recovery".to_owned(),
        RosterAction::ApproveRecovery { .. } => "approved a recovery".to_owned(),
        RosterAction::StopRecovery { .. } => "stopped a recovery".to_owned(),
    }
}

fn document_said(action: &DocumentAction) -> String {
    match action {
        DocumentAction::Create { lane, .. } => format!("created {}", lane.name()),
        DocumentAction::Grant { .. } => "shared".to_owned(),
        DocumentAction::Revoke { .. } => "ended a share".to_owned(),
        DocumentAction::Turn { epoch, .. } => format!("turned the key to {epoch}"),
        DocumentAction::Supersede { .. } => "superseded".to_owned(),
        DocumentAction::Reseal => "sealed the key again".to_owned(),
    }
}
