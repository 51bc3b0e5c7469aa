//! What waits, made into statements.

use minicbor::bytes::ByteVec;
use rand_core::CryptoRng;
use troth_protocol::ids::{DocumentId, Hash};
use troth_protocol::rule::Rule;
use troth_protocol::statement::{DocumentAction, Reply, Rights};
use troth_protocol::stream::Stream;
use troth_protocol::wire::Upload;

use super::{Intent, Part, TOGETHER};
use crate::content::Edits;
use crate::device::{Device, DeviceError};
use crate::storage::Storage;

impl<S: Storage> Device<S> {
    /// The next statement of a stream: what its first intents ask for; `None` where that is so already.
    pub(super) fn statement_of(
        &mut self,
        rng: &mut impl CryptoRng,
        now: u64,
        ids: &[u64],
    ) -> Result<Option<Vec<Part>>, DeviceError> {
        let first = ids
            .first()
            .and_then(|id| Some((*id, self.outbox.get(id)?.clone())));
        let Some((id, intent)) = first else {
            return Err(DeviceError::Damaged("an empty outbox"));
        };
        let stream = intent.stream();
        let one = |upload, covers| {
            vec![Part {
                stream,
                upload,
                covers,
            }]
        };
        if let Stream::Document(document) = stream
            && self.is_erased(&document)
            && !matches!(intent, Intent::Reply { .. })
        {
            // There is nothing left to read, to share, or to erase; and no key to write with.
            return match intent {
                Intent::Edit { .. } | Intent::Grant { .. } | Intent::Supersede { .. } => {
                    Err(Rule::Closed.into())
                }
                _ => Ok(None),
            };
        }
        let upload = match intent {
            // It goes with the statement that closes the one before it.
            Intent::Create { document, .. } if self.renewed_by(&document).is_some() => {
                return Err(DeviceError::NotYet);
            }
            Intent::Create {
                document,
                case,
                lane,
                readers,
            } => {
                let create = |_, commitment| {
                    vec![DocumentAction::Create {
                        case,
                        lane,
                        readers,
                        commitment,
                    }]
                };
                Some(self.sign_control(rng, now, document, create, |_| false)?)
            }
            // It is for what a statement of the roster changes, and sealed to who is left after that.
            Intent::Turn { .. } if self.roster_waits() => return Err(DeviceError::NotYet),
            Intent::Turn { document } => Some(self.sign_turn(rng, now, document)?),
            Intent::Edit { document, .. } => {
                self.must_write(document, now)?;
                if self.is_stale(document, now)? {
                    return Ok(Some(one(self.sign_turn(rng, now, document)?, Vec::new())));
                }
                let (upload, covers) = self.sign_edits(rng, document, ids)?;
                return Ok(Some(one(upload, covers)));
            }
            Intent::OpenLink { document, .. } if self.is_stale(document, now)? => {
                return Ok(Some(one(self.sign_turn(rng, now, document)?, Vec::new())));
            }
            Intent::OpenLink {
                document,
                invite,
                expires,
                limit,
                form,
                secret,
                recipient,
            } => {
                self.must_write(document, now)?;
                Some(self.sign_link(
                    rng,
                    document,
                    (invite, expires, limit),
                    form,
                    (&secret, &recipient),
                )?)
            }
            Intent::CloseLink { document, invite } => self.sign_close_link(document, invite)?,
            Intent::Reply {
                document,
                invite,
                to,
                secret,
                client,
                answered,
            } => {
                let reply = Reply { document, invite, to };
                Some(self.sign_reply(
                    rng,
                    reply,
                    (&secret, &client),
                    answered.as_deref().map(Vec::as_slice),
                )?)
            }
            Intent::Grant { document, reader } => self.sign_grant(rng, now, document, reader)?,
            Intent::EndShare { document, principal } => self.sign_end(rng, now, document, principal)?,
            Intent::Supersede { .. } => return self.sign_renewal(rng, now, id).map(Some),
            Intent::TendDocument { document } => self.sign_tend(rng, now, document)?,
            Intent::Snapshot { document } => self.next_snapshot(rng, now, document)?,
            Intent::Attest { document, snapshot } => self.next_attest(document, snapshot)?,
            Intent::Erase { document } => Some(self.sign_erasure(document)?),
            Intent::Access {
                document, kind, at, ..
            } => Some(self.sign_access(document, kind, at)?),
            roster => match self.roster_actions(rng, roster)? {
                Some((actions, fresh)) => Some(self.sign_roster(rng, now, actions, fresh)?),
                None => None,
            },
        };
        Ok(upload.map(|upload| one(upload, vec![id])))
    }

    fn sign_turn(
        &mut self,
        rng: &mut impl CryptoRng,
        now: u64,
        id: DocumentId,
    ) -> Result<Upload, DeviceError> {
        if !self.practice_state()?.documents.contains_key(&id) {
            return Err(DeviceError::NoSuchDocument(id));
        }
        self.sign_control(
            rng,
            now,
            id,
            |epoch, commitment| vec![turn(epoch, commitment)],
            |_| false,
        )
    }

    pub(in crate::device) fn is_erased(&self, id: &DocumentId) -> bool {
        let known = self.state.as_ref().and_then(|state| state.documents.get(id));
        known.is_some_and(|document| document.erased().is_some())
    }

    /// Whether a revocation, removal or recovery waits to be said.
    fn roster_waits(&self) -> bool {
        let shuts_out = |intent: &Intent| {
            matches!(
                intent,
                Intent::Revoke { .. } | Intent::RemoveMember { .. } | Intent::ApproveRecovery { .. }
            )
        };
        self.outbox.values().any(shuts_out)
    }

    /// R13: an edit of somebody who may not write is set aside here, and never sent.
    pub(in crate::device) fn must_write(&self, id: DocumentId, now: u64) -> Result<(), DeviceError> {
        let me = self.identity.member.ok_or(DeviceError::NoPractice)?;
        let state = self.practice_state()?;
        let document = state.documents.get(&id).ok_or(DeviceError::NoSuchDocument(id))?;
        let rights = document.rights(&state.roster, &me, self.frontier.size(), now.max(state.received));
        if rights == Some(Rights::Write) {
            Ok(())
        } else {
            Err(Rule::NotPermitted.into())
        }
    }

    pub(in crate::device) fn is_stale(&self, id: DocumentId, now: u64) -> Result<bool, DeviceError> {
        let state = self.practice_state()?;
        let document = state.documents.get(&id).ok_or(Rule::NoSuchDocument)?;
        Ok(document.is_stale(&state.roster, self.frontier.size(), now.max(state.received)))
    }

    /// One statement of as many waiting edits as travel together, with fork gossip.
    fn sign_edits(
        &mut self,
        rng: &mut impl CryptoRng,
        document: DocumentId,
        ids: &[u64],
    ) -> Result<(Upload, Vec<u64>), DeviceError> {
        let (changes, covers) = self.together(&document, ids)?;
        let gossip = self.checkpoint.filter(|c| c.size > self.gossiped);
        if let Some(checkpoint) = &gossip {
            self.gossiped = checkpoint.size;
        }
        let content = zeroize::Zeroizing::new(Edits { gossip, changes }.encode());
        Ok((self.sign_change(rng, document, &content)?, covers))
    }

    /// The first edits among intents, as many as travel together, and their numbers.
    pub(super) fn together(
        &self,
        document: &DocumentId,
        ids: &[u64],
    ) -> Result<(Vec<ByteVec>, Vec<u64>), DeviceError> {
        let (mut changes, mut covers, mut bytes) = (Vec::new(), Vec::new(), 0);
        for id in ids {
            let Some(Intent::Edit { change, .. }) = self.outbox.get(id) else {
                break;
            };
            let change = self.unsealed(*id, document, change)?;
            if bytes > 0 && bytes + change.len() > TOGETHER {
                break;
            }
            bytes += change.len();
            changes.push(ByteVec::from(change));
            covers.push(*id);
        }
        Ok((changes, covers))
    }
}

pub(super) const fn turn(epoch: u64, commitment: Hash) -> DocumentAction {
    DocumentAction::Turn { epoch, commitment }
}
