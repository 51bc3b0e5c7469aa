//! The two partners of a case: whose lane is whose, so that neither is shown the other's, and each consents for themselves.
//!
//! The ledger names no partners. Who reads one partner's lane is not shown the other's chain, so no rule that everybody
//! checks alike can compare the two (see "Visibility" in `docs/protocol.md`): whoever shares compares them here.

use troth_protocol::document::Document;
use troth_protocol::ids::{CaseId, DocumentId, MemberId};
use troth_protocol::statement::{DeviceKind, Lane, Principal, Role};

use super::outbox::Intent;
use super::{Device, DeviceError};
use crate::document::{CaseHead, LaneDocument};
use crate::storage::Storage;

/// The other partner's lane; `None` for a lane that is no partner's.
const fn other(lane: Lane) -> Option<Lane> {
    match lane {
        Lane::PartnerA => Some(Lane::PartnerB),
        Lane::PartnerB => Some(Lane::PartnerA),
        _ => None,
    }
}

impl<S: Storage> Device<S> {
    /// Refuses to show a client the lane of the other partner: they have theirs, wrote into it, or are named as its person.
    pub(super) fn check_partner(
        &mut self,
        case: &CaseId,
        lane: Lane,
        member: MemberId,
    ) -> Result<(), DeviceError> {
        let Some(other) = other(lane) else {
            return Ok(());
        };
        if self.practice_state()?.roster.role(&member, u64::MAX) != Some(Role::Client) {
            return Ok(());
        }
        if self.belongs_to(case, other, member)? || self.is_named_as(case, other, member)? {
            return Err(DeviceError::OtherPartners(lane));
        }
        Ok(())
    }

    /// Whether a lane is shared with a client, is about to be, or was written to by them.
    fn belongs_to(&self, case: &CaseId, lane: Lane, member: MemberId) -> Result<bool, DeviceError> {
        let (state, position) = (self.practice_state()?, self.frontier.size());
        let roster = &state.roster;
        let theirs = |d: &Document| {
            let wrote = d.authors().keys().filter_map(|id| roster.devices().get(id));
            d.rights(roster, &member, position, self.reading_clock())
                .is_some()
                || wrote.into_iter().any(|device| device.member == member)
        };
        let mut documents = state.documents.values();
        let there = documents.any(|d| d.case() == Some(*case) && d.lane() == lane && theirs(d));
        let coming = self.document_of(case, lane);
        let waits = self.outbox.values().any(|intent| match intent {
            Intent::Grant { document, reader } => {
                Some(*document) == coming && reader.principal == Principal::Member(member)
            }
            _ => false,
        });
        Ok(there || waits)
    }

    /// Whether the case's own record names a member as the partner of a lane, and not as both.
    fn is_named_as(&mut self, case: &CaseId, lane: Lane, member: MemberId) -> Result<bool, DeviceError> {
        let Some(name) = self.name_of(member)? else {
            return Ok(false);
        };
        let head = match self.document_of(case, Lane::Admin) {
            Some(admin) => self.read(admin, LaneDocument::case).ok().flatten(),
            None => None,
        };
        let CaseHead {
            partner_a, partner_b, ..
        } = head.unwrap_or_default();
        let (this, that) = match lane {
            Lane::PartnerA => (partner_a, partner_b),
            _ => (partner_b, partner_a),
        };
        Ok(is_called(&name, &this) && !is_called(&name, &that))
    }

    /// The clients who have a lane of theirs on a device of their own: they consent themselves.
    pub(super) fn clients_of(&self, document: &DocumentId) -> Result<Vec<MemberId>, DeviceError> {
        let (state, position) = (self.practice_state()?, self.frontier.size());
        let roster = &state.roster;
        let Some(document) = state.documents.get(document) else {
            return Ok(Vec::new());
        };
        let acts = |member: &MemberId| {
            let mut devices = roster.devices_of(*member, position);
            devices.any(|(id, _)| {
                let device = roster.devices().get(id);
                device.is_some_and(|d| d.kind == DeviceKind::Device)
            })
        };
        let clients = roster.members_with(Role::Client, position).filter(|member| {
            let rights = document.rights(roster, member, position, self.reading_clock());
            rights.is_some() && acts(member)
        });
        Ok(clients.copied().collect())
    }
}

/// Whether a person of the directory is the one that a case calls so: by the same name, or by a part of it in whole words.
fn is_called(name: &str, called: &str) -> bool {
    let (name, called) = (name.trim().to_lowercase(), called.trim().to_lowercase());
    !called.is_empty()
        && (name == called
            || name
                .strip_prefix(&called)
                .is_some_and(|rest| rest.starts_with(' '))
            || name.strip_suffix(&called).is_some_and(|rest| rest.ends_with(' ')))
}

#[cfg(test)]
mod tests {
    use super::is_called;

    #[test]
    fn a_person_is_known_by_their_name_or_a_whole_word_of_it() {
        for (name, called) in [
            ("Theodore Pemberton", "Theodore"),
            ("Theodore Pemberton", " theodore pemberton"),
            ("Theodore Pemberton", "Pemberton"),
            ("林书瑶", "林书瑶"),
        ] {
            assert!(is_called(name, called), "{name} {called}");
        }
        for (name, called) in [
            ("Theodore Pemberton", "Theo"),
            ("Theodore Pemberton", ""),
            ("Maja", "Maja Lindqvist"),
        ] {
            assert!(!is_called(name, called), "{name} {called}");
        }
    }
}
