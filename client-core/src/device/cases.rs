//! What a person does: found a practice, open cases, name people and devices, revoke.

use std::collections::BTreeMap;

use rand_core::CryptoRng;
use troth_protocol::document::Document;
use troth_protocol::ids::{CaseId, DeviceId, DocumentId, Hash, PracticeId};
use troth_protocol::rule::Rule;
use troth_protocol::statement::{AccessKind, Lane, Principal, Reader, Rights, Role, RosterAction};
use troth_protocol::wire::{Info, Upload};

use super::outbox::Intent;
use super::{Device, DeviceError, sign};
use crate::document::{CaseHead, LaneDocument};
use crate::storage::Storage;

/// A case, as its own record names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseSummary {
    /// Its pseudonym.
    pub id: CaseId,
    /// Its name; its pseudonym where this device cannot read it.
    pub name: String,
    /// The first partner, or the only client.
    pub partner_a: String,
    /// The second partner.
    pub partner_b: Option<String>,
    /// `open` or `closed`.
    pub status: String,
    /// When it was opened, in milliseconds since the Unix epoch.
    pub created_ms: u64,
    /// Its lanes.
    pub lanes: Vec<(Lane, DocumentId)>,
}

impl<S: Storage> Device<S> {
    /// Prepares to found a practice on a relay; the next connection does it.
    pub fn begin_found(&mut self, relay_url: &str, practice: &str, founder: &str) -> Result<(), DeviceError> {
        if self.identity.practice.is_some() {
            return Err(DeviceError::AlreadyInPractice);
        }
        self.identity.relay = Some(relay_url.to_owned());
        self.connection.founding = Some((practice.to_owned(), founder.to_owned()));
        Ok(())
    }

    /// Genesis for the relay that answered, and the directory, all kept before anything is sent.
    pub(super) fn found(
        &mut self,
        rng: &mut impl CryptoRng,
        info: &Info,
        practice: &str,
        founder: &str,
    ) -> Result<Upload, DeviceError> {
        let asked = host(self.identity.relay.as_deref().unwrap_or_default());
        if info.origin != asked {
            return Err(DeviceError::Origin {
                relay: info.origin.clone(),
                asked,
            });
        }
        let (genesis, member) = sign::genesis(rng, &self.secrets, &info.origin, info.ledger_key)?;
        let mut identity = self.identity.clone();
        let id = PracticeId(Hash::of(&[&genesis.signed.statement]).0);
        identity.practice = Some(id);
        identity.member = Some(member);
        identity.origin = Some(info.origin.clone());
        identity.ledger_key = Some(info.ledger_key);
        identity.founding = Some(genesis.clone());
        let directory = Self::random_document(rng);
        let (name, device) = (self.identity.name.clone(), self.secrets.id.to_string());
        let content = self.new_content(directory)?;
        let changes = vec![
            content.set_name(&id.to_string(), practice)?,
            content.set_name(&member.to_string(), founder)?,
            content.set_device_name(&device, &name)?,
        ];
        let readers = vec![admins()];
        let mut intents = vec![Intent::Create {
            document: directory,
            case: None,
            lane: Lane::Directory,
            readers,
        }];
        intents.extend(edits(directory, changes));
        let write = self.rows.identity_write(rng, &identity);
        self.keep(rng, intents, vec![write])?;
        self.identity = identity;
        Ok(genesis)
    }

    /// Opens a case for a person or a couple: one document for each lane, readable as the roles have it.
    pub fn new_case(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        name: &str,
        partner_a: &str,
        partner_b: Option<&str>,
    ) -> Result<CaseId, DeviceError> {
        self.told(now, rng);
        self.check_whole()?;
        let member = self.identity.member.ok_or(DeviceError::NoPractice)?;
        let mut case = CaseId::default();
        rng.fill_bytes(&mut case.0);
        let is_admin = match &self.state {
            Some(state) => state.roster.role(&member, u64::MAX) == Some(Role::Admin),
            None => true,
        };
        let own = Reader {
            principal: Principal::Member(member),
            rights: Rights::Write,
            until: None,
        };
        let mut lanes = vec![Lane::Admin, Lane::Joint, Lane::PartnerA];
        lanes.extend(partner_b.map(|_| Lane::PartnerB));
        lanes.extend([Lane::Assessments, Lane::ProcessNotes]);
        let (mut intents, mut changes) = (Vec::new(), Vec::new());
        for lane in lanes {
            let document = Self::random_document(rng);
            let readers = match lane {
                Lane::ProcessNotes => vec![own],
                _ if is_admin => vec![admins()],
                _ => vec![admins(), own],
            };
            intents.push(Intent::Create {
                document,
                case: Some(case),
                lane,
                readers,
            });
            if lane == Lane::Admin {
                let head = CaseHead {
                    name: name.to_owned(),
                    partner_a: partner_a.to_owned(),
                    partner_b: partner_b.unwrap_or_default().to_owned(),
                    status: "open".to_owned(),
                    created_ms: now,
                };
                changes.push((document, self.new_content(document)?.set_case(&head)?));
            }
        }
        intents.extend(
            changes
                .into_iter()
                .flat_map(|(document, change)| edits(document, vec![change])),
        );
        self.keep(rng, intents, Vec::new())?;
        Ok(case)
    }

    /// Every case that this device was shown or made, the newest first.
    pub fn cases(&mut self) -> Result<Vec<CaseSummary>, DeviceError> {
        self.check_whole()?;
        let mut lanes: BTreeMap<CaseId, Vec<(Lane, DocumentId)>> = BTreeMap::new();
        for (case, lane, document) in self.lanes() {
            lanes.entry(case).or_default().push((lane, document));
        }
        let heads = lanes.values().flatten();
        let heads = heads
            .filter(|(lane, _)| *lane == Lane::Admin)
            .map(|(_, document)| *document);
        self.open_many(&heads.collect::<Vec<_>>())?;
        let mut cases = Vec::with_capacity(lanes.len());
        for (id, mut lanes) in lanes {
            lanes.sort_unstable();
            let admin = lanes
                .iter()
                .find(|(lane, _)| *lane == Lane::Admin)
                .map(|(_, document)| *document);
            let head = match admin
                .map(|document| self.read(document, LaneDocument::case))
                .transpose()
            {
                Ok(head) => head.flatten(),
                Err(error @ (DeviceError::Storage(_) | DeviceError::Torn)) => return Err(error),
                // One record that cannot be shown does not hide the others.
                Err(_) => None,
            };
            let head = head.unwrap_or_else(|| CaseHead {
                name: id.to_string(),
                ..CaseHead::default()
            });
            cases.push(CaseSummary {
                id,
                name: head.name,
                partner_a: head.partner_a,
                partner_b: Some(head.partner_b).filter(|b| !b.is_empty()),
                status: head.status,
                created_ms: head.created_ms,
                lanes,
            });
        }
        cases.sort_by(|a, b| b.created_ms.cmp(&a.created_ms).then_with(|| a.name.cmp(&b.name)));
        Ok(cases)
    }

    /// Whether this member has opened a case, on whichever of their devices: each begins with process notes of their own.
    pub fn has_opened_a_case(&self) -> bool {
        let me = self.identity.member;
        let mut documents = self.state.iter().flat_map(|s| s.documents.values());
        let known = documents.any(|d| me.is_some() && d.author_of_notes() == me);
        let coming = |intent: &Intent| {
            matches!(
                intent,
                Intent::Create {
                    lane: Lane::ProcessNotes,
                    ..
                }
            )
        };
        known || self.outbox.values().any(coming)
    }

    /// The document of a case's lane.
    pub fn document_of(&self, case: &CaseId, lane: Lane) -> Option<DocumentId> {
        self.lanes()
            .find(|(c, l, _)| c == case && *l == lane)
            .map(|(_, _, document)| document)
    }

    /// The lanes of a case.
    pub(super) fn lanes_of(&self, case: &CaseId) -> impl Iterator<Item = (Lane, DocumentId)> {
        let case = *case;
        let lanes = self.lanes().filter(move |(of, ..)| *of == case);
        lanes.map(|(_, lane, document)| (lane, document))
    }

    /// The lanes that go on: superseded and erased documents are passed over, and those that a document which waits here is to
    /// take the place of.
    pub(super) fn lanes(&self) -> impl Iterator<Item = (CaseId, Lane, DocumentId)> {
        let open = |d: &&Document| !d.is_closed() && self.renewal_of(&d.id()).is_none();
        let known = self.state.iter().flat_map(|s| s.documents.values()).filter(open);
        let known = known.filter_map(|d| Some((d.case()?, d.lane(), d.id())));
        let coming = self.outbox.values().filter_map(|intent| match intent {
            Intent::Create {
                document,
                case: Some(case),
                lane,
                ..
            } => {
                let there = self
                    .state
                    .as_ref()
                    .is_some_and(|s| s.documents.contains_key(document));
                (!there && !self.is_overtaken(document)).then_some((*case, *lane, *document))
            }
            _ => None,
        });
        known.chain(coming)
    }

    /// Tells the ledger that a record was exported or printed.
    pub fn record_access(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        document: DocumentId,
        kind: AccessKind,
    ) -> Result<(), DeviceError> {
        self.told(now, rng);
        let intent = Intent::Access {
            document,
            kind,
            by: self.secrets.id,
            at: now,
        };
        self.keep(rng, vec![intent], Vec::new())
    }

    /// Revokes a device: what its keys could open turns with it; every other document turns before its next edit. With
    /// `compromised`, every document that this device can write to turns at once.
    ///
    /// # Errors
    /// [`DeviceError::LastKit`] for this member's last recovery kit: [`Self::revoke_last_kit`] revokes it. R32 for the
    /// practice's last way back.
    pub fn revoke_device(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        device: DeviceId,
        compromised: bool,
    ) -> Result<(), DeviceError> {
        if self.is_last_kit(&device) {
            return Err(DeviceError::LastKit);
        }
        self.revoke(now, rng, device, compromised)
    }

    /// Revokes this member's last recovery kit, knowing that it is: see [`Self::revoke_device`].
    pub fn revoke_last_kit(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        device: DeviceId,
        compromised: bool,
    ) -> Result<(), DeviceError> {
        self.revoke(now, rng, device, compromised)
    }

    fn revoke(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        device: DeviceId,
        compromised: bool,
    ) -> Result<(), DeviceError> {
        self.told(now, rng);
        let position = self.frontier.size();
        let state = self.practice_state()?;
        state
            .roster
            .active(&device, position)
            .map_err(|_| DeviceError::NoSuchDevice)?;
        // What the rules refuse whatever else is in the statement is said at once, and not when it comes back.
        let revoking = [RosterAction::RevokeDevice { device, compromised }];
        let planned = state
            .roster
            .plan(position, state.received, self.secrets.id, &revoking);
        if let Err(rule @ Rule::NoWayBack) = planned {
            return Err(rule.into());
        }
        let mut intents = vec![Intent::Revoke { device, compromised }];
        if compromised {
            intents.extend(self.turns_of_all(now)?);
        }
        self.keep(rng, intents, Vec::new())
    }
}

/// Admins read and write.
const fn admins() -> Reader {
    Reader {
        principal: Principal::Role(Role::Admin),
        rights: Rights::Write,
        until: None,
    }
}

pub(super) fn edits(document: DocumentId, changes: Vec<Vec<u8>>) -> impl Iterator<Item = Intent> {
    changes
        .into_iter()
        .filter(|c| !c.is_empty())
        .map(move |change| Intent::Edit {
            document,
            change: change.into(),
        })
}

/// The host of a relay's URL, with its port where one is given that is not the scheme's own.
fn host(url: &str) -> String {
    let (rest, port) = match url.split_once("://") {
        Some(("https", rest)) => (rest, ":443"),
        Some((_, rest)) => (rest, ":80"),
        None => (url, ""),
    };
    let host = rest.split('/').next().unwrap_or_default();
    host.strip_suffix(port)
        .filter(|_| !port.is_empty())
        .unwrap_or(host)
        .to_owned()
}
