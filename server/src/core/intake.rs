//! Intake links: what is behind one, what comes through it, and what its PIN opens.
//!
//! Nobody logs in here. What a link opens is a secret to the relay; what it takes is signed by the link's key; what its PIN
//! opens is given to whoever proves the PIN, and ten wrong proofs close that for good.

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use tracing::{error, info};
use troth_protocol::document::Link;
use troth_protocol::entry::{Leaf, Parsed};
use troth_protocol::ids::{DocumentId, Hash, InviteId, PracticeId};
use troth_protocol::rule::Rule;
use troth_protocol::statement::{Body, InvitePayload};
use troth_protocol::wire::{
    KeepDraft, LinkReply, LinkSecret, Linked, NoLink, RelayMessage, Unlock, Unlocked,
};
use troth_protocol::{cbor, limits};

use super::{ConnectionId, Core, Round};
use crate::practice::{Practice, ReceiptOr};
use crate::store::StoreError;
use crate::verify::CheckedUpload;

/// Bytes of answers that a link is shown at once: with the longest form it is less than a frame.
const REPLIES: usize = 512 * 1024;
/// Time between two searches for expired drafts, in milliseconds: an hour.
const SWEEP_MS: u64 = 60 * 60 * 1000;

/// What is kept for a link beside the ledger.
#[derive(Clone, Encode, Decode)]
#[cbor(array)]
struct Kept {
    /// SHA-256 of the PIN's proof.
    #[n(0)]
    verifier: Hash,
    /// Drawn when the PIN was chosen.
    #[n(1)]
    pepper: LinkSecret,
    /// Wrong proofs so far.
    #[n(2)]
    wrong: u8,
    /// The draft, sealed.
    #[n(3)]
    draft: Option<ByteVec>,
    /// When it was kept, in milliseconds since the Unix epoch.
    #[n(4)]
    at: u64,
}

impl Kept {
    fn tries(&self) -> u8 {
        limits::PIN_TRIES.saturating_sub(self.wrong)
    }

    /// Takes an expired draft away; whether there was one.
    fn expire(&mut self, now: u64) -> bool {
        let expired = self.draft.is_some() && now >= self.at.saturating_add(limits::DRAFT_MS);
        if expired {
            self.draft = None;
        }
        expired
    }
}

/// Why something about a link is refused: the rule, and the tries that are left where the PIN was wrong.
struct Refusal(Rule, Option<u8>);

impl From<Rule> for Refusal {
    fn from(rule: Rule) -> Self {
        Self(rule, None)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        error!(%error, "what is kept for an intake link could not be read or written");
        match error {
            StoreError::Full => Rule::DiskFull.into(),
            _ => Rule::Unavailable.into(),
        }
    }
}

impl Core {
    /// Shows what is behind a link, whether or not it takes answers still.
    pub(super) fn link(&mut self, id: ConnectionId, invite: &InviteId) {
        let answer = self.linked(invite).map(RelayMessage::Linked);
        self.answer(id, *invite, answer);
    }

    fn linked(&self, invite: &InviteId) -> Result<Linked, Refusal> {
        let (practice, document, link) = self.find_link(invite)?;
        let state = &practice.state;
        let received = self.now.max(state.received);
        let takes = state.documents.get(&document).ok_or(Rule::Link)?.takes_answers(
            &state.roster,
            invite,
            practice.tree.size(),
            received,
        );
        let mut positions = vec![link.position];
        positions.extend(link.replies.iter().map(|(_, position)| *position));
        // A form and 32 answers at most, each of at most 64 KiB but the form.
        let rows = self.store.entries_at(practice.id(), &positions, usize::MAX)?;
        let mut rows = rows.into_iter();
        let row = rows.next().ok_or(Rule::Unavailable)?;
        let leaf: Leaf = cbor::decode(&row.leaf)?;
        let form = match row.payload.filter(|payload| !payload.is_empty()) {
            Some(payload) => cbor::decode::<InvitePayload>(&payload)?.form.into(),
            None => Vec::new(),
        };
        let answers = link.replies.iter().zip(rows);
        let mut replies: Vec<LinkReply> = answers
            .map(|((to, position), row)| LinkReply {
                to: *to,
                position: *position,
                sealed: row.payload.unwrap_or_default(),
            })
            .collect();
        // What does not fit any more is named only: the oldest goes first, and can be asked for again.
        let mut room = REPLIES;
        for reply in replies.iter_mut().rev() {
            match room.checked_sub(reply.sealed.len()) {
                Some(left) => room = left,
                None => reply.sealed.clear(),
            }
        }
        let (sequence, prev) = link.next();
        Ok(Linked {
            invite: *invite,
            practice: *practice.id(),
            statement: leaf.signed,
            form,
            sequence,
            prev,
            closed: takes.err().map(Rule::number),
            tries: self.kept(invite)?.map(|kept| kept.tries()),
            now: self.now,
            checkpoint: practice.checkpoint,
            replies,
            ledger: practice.roster.resumptions().last().map(|r| r.ledger),
        })
    }

    /// Something comes through a link: it takes its position like everything else.
    pub(super) fn submit(
        &mut self,
        id: ConnectionId,
        request: u64,
        of: PracticeId,
        parsed: Parsed,
        payload: Vec<u8>,
        round: &mut Round,
    ) {
        let practice = self.practices.get(&of).ok_or(Rule::UnknownPractice);
        let verified = practice.and_then(|practice| {
            let Body::Submission(submission) = &parsed.statement().body else {
                return Err(Rule::NotAppendable);
            };
            // One that the ledger does not have yet costs a signature's check only where there is such a link.
            let document = practice.state.documents.get(&submission.document);
            document
                .and_then(|d| d.link(&submission.invite))
                .ok_or(Rule::Link)?;
            let key = practice.state.signing_key(parsed.statement())?;
            parsed.verify(&key, &of)
        });
        let statement = match verified {
            Ok(statement) => statement,
            Err(rule) => return self.refuse(id, request, 0, rule, None),
        };
        // Whoever has a link cannot do anything about a relay that was restored: they come again.
        let held = self.is_held(&of).then_some(Rule::Unavailable);
        if let Some(rule) = self.resting().or(held) {
            return self.refuse(id, request, 0, rule, None);
        }
        match self.sequence(&of, vec![CheckedUpload { statement, payload }], round) {
            None => self.refuse(id, request, 0, Rule::Unavailable, None),
            Some(Ok(receipts)) => {
                let receipts = receipts.into_iter().map(ReceiptOr::receipt).collect();
                round.answers.push((id, request, receipts));
            }
            Some(Err((index, rule, head))) => self.refuse(id, request, index, rule, head),
        }
    }

    /// Gives the pepper and the draft to whoever proves the PIN, or lets the first who comes choose it.
    pub(super) fn unlock(&mut self, rng: &mut impl CryptoRng, id: ConnectionId, unlock: &Unlock) {
        let answer = self.prove(rng, unlock).map(|kept| unlocked(unlock.invite, kept));
        self.answer(id, unlock.invite, answer);
    }

    /// Keeps a draft for whoever proves the PIN.
    pub(super) fn keep_draft(&mut self, id: ConnectionId, keep: KeepDraft) {
        let invite = keep.invite;
        let answer = self.kept_draft(keep).map(|kept| unlocked(invite, kept));
        self.answer(id, invite, answer);
    }

    fn prove(&mut self, rng: &mut impl CryptoRng, unlock: &Unlock) -> Result<Kept, Refusal> {
        if let Some(kept) = self.proven(&unlock.invite, &unlock.proof)? {
            return Ok(kept);
        }
        // A PIN is chosen by who answers; a link that takes no answers needs none.
        let (practice, document, _) = self.find_link(&unlock.invite)?;
        let state = &practice.state;
        let received = self.now.max(state.received);
        let document = state.documents.get(&document).ok_or(Rule::Link)?;
        document.takes_answers(&state.roster, &unlock.invite, practice.tree.size(), received)?;
        if !unlock.choose {
            return Err(Rule::Link.into());
        }
        let mut pepper = [0; 32];
        rng.fill_bytes(&mut pepper);
        let kept = Kept {
            verifier: Hash::of(&[&unlock.proof.0]),
            pepper: LinkSecret(pepper),
            wrong: 0,
            draft: None,
            at: 0,
        };
        self.keep(&unlock.invite, &kept)?;
        Ok(kept)
    }

    fn kept_draft(&mut self, keep: KeepDraft) -> Result<Kept, Refusal> {
        let mut kept = self.proven(&keep.invite, &keep.proof)?.ok_or(Rule::Link)?;
        // A clock that was set back keeps nobody waiting.
        let since = self.now.checked_sub(kept.at);
        if keep.draft.is_some() && since.is_some_and(|since| since < limits::DRAFT_PAUSE_MS) {
            return Err(Rule::Quota.into());
        }
        kept.draft = keep.draft;
        kept.at = self.now;
        self.keep(&keep.invite, &kept)?;
        Ok(kept)
    }

    /// What is kept for a link whose PIN is proven; `None` where none was chosen. A wrong proof is counted, durably, before
    /// anything is answered; a right one is written down too, so that a disk on which nothing can be counted tells nobody
    /// which it was.
    fn proven(&mut self, invite: &InviteId, proof: &LinkSecret) -> Result<Option<Kept>, Refusal> {
        self.find_link(invite)?;
        let Some(mut kept) = self.kept(invite)? else {
            return Ok(None);
        };
        if kept.tries() == 0 {
            return Err(Refusal(Rule::Pin, Some(0)));
        }
        // Only digests are compared: how long that takes tells nothing of the proof.
        if Hash::of(&[&proof.0]) != kept.verifier {
            kept.wrong += 1;
            self.keep(invite, &kept)?;
            info!(left = kept.tries(), "a wrong PIN at an intake link");
            return Err(Refusal(Rule::Pin, Some(kept.tries())));
        }
        kept.expire(self.now);
        self.keep(invite, &kept)?;
        Ok(Some(kept))
    }

    /// Once in a while, drafts that nobody came back for go.
    pub(super) fn sweep_drafts(&mut self) {
        if self.now < self.next_sweep {
            return;
        }
        self.next_sweep = self.now.saturating_add(SWEEP_MS);
        let links: Vec<InviteId> = self
            .practices
            .values()
            .flat_map(|p| p.links.keys().copied())
            .collect();
        for invite in links {
            let swept = self.kept(&invite).and_then(|kept| match kept {
                Some(mut kept) => match kept.expire(self.now) {
                    true => self.keep(&invite, &kept),
                    false => Ok(()),
                },
                None => Ok(()),
            });
            if let Err(error) = swept {
                error!(%error, "an expired draft could not be taken away");
                return;
            }
        }
    }

    /// What is kept of answers goes with what they were for.
    pub(super) fn drop_drafts(&self, erased: &[(PracticeId, DocumentId)]) {
        for (practice, document) in erased {
            let found = self.practices.get(practice);
            let found = found.and_then(|practice| practice.state.documents.get(document));
            for (invite, _) in found.into_iter().flat_map(|document| document.links()) {
                let dropped = self.kept(invite).and_then(|kept| match kept {
                    Some(kept) if kept.draft.is_some() => self.keep(invite, &Kept { draft: None, ..kept }),
                    _ => Ok(()),
                });
                if let Err(error) = dropped {
                    error!(%error, "the draft of an erased link could not be taken away; it expires");
                }
            }
        }
    }

    fn find_link(&self, invite: &InviteId) -> Result<(&Practice, DocumentId, &Link), Rule> {
        let mut practices = self.practices.values();
        let practice = practices
            .find(|p| p.links.contains_key(invite))
            .ok_or(Rule::Link)?;
        let document = practice.links.get(invite).ok_or(Rule::Link)?;
        let found = practice.state.documents.get(document);
        let link = found.and_then(|d| d.link(invite)).ok_or(Rule::Link)?;
        Ok((practice, *document, link))
    }

    fn kept(&self, invite: &InviteId) -> Result<Option<Kept>, StoreError> {
        let decode = |bytes: Vec<u8>| {
            cbor::decode(&bytes)
                .map_err(|_| StoreError::Corrupt("what is kept for an intake link is unreadable".into()))
        };
        self.store.kept(invite)?.map(decode).transpose()
    }

    fn keep(&self, invite: &InviteId, kept: &Kept) -> Result<(), StoreError> {
        self.store.keep(invite, Some(&cbor::encode(kept)))
    }

    fn answer(&mut self, id: ConnectionId, invite: InviteId, answer: Result<RelayMessage, Refusal>) {
        let message = answer.unwrap_or_else(|Refusal(rule, tries)| {
            RelayMessage::NoLink(NoLink {
                invite,
                rule: rule.number(),
                tries,
            })
        });
        self.send(id, &message);
    }
}

fn unlocked(invite: InviteId, kept: Kept) -> RelayMessage {
    RelayMessage::Unlocked(Unlocked {
        invite,
        pepper: kept.pepper,
        draft: kept.draft,
    })
}
