//! Intake links into a document, and what comes through them.

use minicbor::{Decode, Encode};

use crate::document::Document;
use crate::entry::Parsed;
use crate::ids::{DeviceId, Hash, InviteId, VerifyingKey};
use crate::limits;
use crate::roster::Roster;
use crate::rule::Rule;
use crate::statement::{Body, CloseInvite, Invite, Lane, Reply, Rights, Submission, SubmissionKind};

/// An intake link, with what came through it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Link {
    /// Position of the statement that made it.
    #[n(0)]
    pub position: u64,
    /// The document's epoch when it was made.
    #[n(1)]
    pub epoch: u64,
    /// Verifies what comes through it.
    #[n(2)]
    pub key: VerifyingKey,
    /// Relay time from which it takes no answers, in milliseconds since the Unix epoch.
    #[n(3)]
    pub expires: u64,
    /// Submissions of answers that it takes.
    #[n(4)]
    pub limit: u8,
    /// Position of the statement that closed it.
    #[n(5)]
    pub closed: Option<u64>,
    /// Submissions of answers so far.
    #[n(6)]
    pub answers: u8,
    /// What came through it, in order: position and hash of each statement.
    #[n(7)]
    pub submissions: Vec<(u64, Hash)>,
    /// What was answered: the submission's hash, and the answer's position.
    #[n(8)]
    pub replies: Vec<(Hash, u64)>,
}

impl Link {
    /// Sequence number and predecessor of the next submission.
    pub fn next(&self) -> (u64, Option<Hash>) {
        let last = self.submissions.last().map(|(_, hash)| *hash);
        (self.submissions.len() as u64 + 1, last)
    }

    /// The signer that its submissions name.
    pub fn signer(&self) -> DeviceId {
        DeviceId(Hash::of(&[self.key.as_bytes()]).0)
    }
}

impl Document {
    /// A link by its invite.
    pub fn link(&self, invite: &InviteId) -> Option<&Link> {
        self.links.get(invite)
    }

    /// Every link.
    pub fn links(&self) -> impl Iterator<Item = (&InviteId, &Link)> {
        self.links.iter()
    }

    /// Whether a link takes answers at a position and a relay time (milliseconds since the Unix epoch): it was not closed,
    /// has not expired, is not used up, and nobody who could open the answers has lost the right since it was made (R47).
    pub fn takes_answers(
        &self,
        roster: &Roster,
        invite: &InviteId,
        position: u64,
        received: u64,
    ) -> Result<(), Rule> {
        let link = self.links.get(invite).ok_or(Rule::Link)?;
        let open = link.closed.is_none() && received < link.expires && link.answers < link.limit;
        if self.is_closed() {
            Err(Rule::Closed)
        } else if open && link.epoch == self.epoch() && !self.is_stale(roster, position, received) {
            Ok(())
        } else {
            Err(Rule::Link)
        }
    }

    /// Takes a statement about a link or one that came through it, or refuses it and stays as it was.
    pub fn intake(
        &mut self,
        roster: &Roster,
        position: u64,
        received: u64,
        parsed: &Parsed,
    ) -> Result<(), Rule> {
        match &parsed.statement().body {
            Body::Invite(body) => self.open_link(roster, position, received, parsed, body),
            Body::CloseInvite(body) => self.close_link(roster, position, received, parsed, body),
            Body::Submission(body) => self.submission(roster, position, received, parsed, body),
            Body::Reply(body) => self.reply(roster, position, received, parsed, body),
            _ => Err(Rule::NotInUse),
        }
    }

    /// Staff who write into a partner's lane make a link to it.
    fn open_link(
        &mut self,
        roster: &Roster,
        position: u64,
        received: u64,
        parsed: &Parsed,
        body: &Invite,
    ) -> Result<(), Rule> {
        let member = self.check_writes(roster, position, received, parsed, body.epoch)?;
        if !roster.is_staff(&member, position) {
            return Err(Rule::NotPermitted);
        }
        // R1: the answers of one person are for that person's lane.
        if !matches!(self.lane, Lane::PartnerA | Lane::PartnerB) || body.limit == 0 {
            return Err(Rule::Malformed);
        }
        if self.links.contains_key(&body.invite) {
            return Err(Rule::AlreadyExists);
        }
        let many = self.links.len() >= limits::LINKS;
        if many
            || body.expires > received.saturating_add(limits::LINK_MS)
            || length(parsed) > limits::LINK_FORM
        {
            return Err(Rule::TooLarge);
        }
        if body.expires <= received {
            return Err(Rule::Link);
        }
        let link = Link {
            position,
            epoch: body.epoch,
            key: body.link,
            expires: body.expires,
            limit: body.limit,
            closed: None,
            answers: 0,
            submissions: Vec::new(),
            replies: Vec::new(),
        };
        self.links.insert(body.invite, link);
        Ok(())
    }

    /// Staff who write close a link, whatever has become of the document's key.
    fn close_link(
        &mut self,
        roster: &Roster,
        position: u64,
        received: u64,
        parsed: &Parsed,
        body: &CloseInvite,
    ) -> Result<(), Rule> {
        self.check_staff(roster, position, received, parsed, Rights::Write)?;
        let link = self.links.get_mut(&body.invite).ok_or(Rule::NoSuchSubject)?;
        if link.closed.is_some() {
            return Err(Rule::Link);
        }
        link.closed = Some(position);
        Ok(())
    }

    /// Answers come while the link takes them; what concerns answers that were given comes later too, until the document is
    /// erased.
    fn submission(
        &mut self,
        roster: &Roster,
        position: u64,
        received: u64,
        parsed: &Parsed,
        body: &Submission,
    ) -> Result<(), Rule> {
        let link = self.links.get(&body.invite).ok_or(Rule::Link)?;
        if parsed.statement().signer != link.signer() {
            return Err(Rule::UnknownDevice);
        }
        if length(parsed) > limits::SUBMISSION || link.submissions.len() >= limits::LINK_SUBMISSIONS {
            return Err(Rule::TooLarge);
        }
        if (body.sequence, body.prev) != link.next() {
            return Err(Rule::AuthorChain);
        }
        let answers = body.kind == SubmissionKind::Answers;
        if answers {
            self.takes_answers(roster, &body.invite, position, received)?;
        } else if self.erased.is_some() {
            return Err(Rule::Closed);
        } else if link.answers == 0 {
            return Err(Rule::Link);
        }
        let link = self.links.get_mut(&body.invite).ok_or(Rule::Link)?;
        link.answers += u8::from(answers);
        link.submissions.push((position, parsed.hash()));
        Ok(())
    }

    /// Staff who read answer what came, also to say that it was erased.
    fn reply(
        &mut self,
        roster: &Roster,
        position: u64,
        received: u64,
        parsed: &Parsed,
        body: &Reply,
    ) -> Result<(), Rule> {
        self.check_staff(roster, position, received, parsed, Rights::Read)?;
        let link = self.links.get_mut(&body.invite).ok_or(Rule::NoSuchSubject)?;
        if !link.submissions.iter().any(|(_, hash)| *hash == body.to) {
            return Err(Rule::NoSuchSubject);
        }
        // Whoever has the link is shown them all at once.
        if link.replies.len() >= limits::LINK_SUBMISSIONS || length(parsed) > limits::SUBMISSION {
            return Err(Rule::TooLarge);
        }
        link.replies.push((body.to, position));
        Ok(())
    }

    fn check_staff(
        &self,
        roster: &Roster,
        position: u64,
        received: u64,
        parsed: &Parsed,
        least: Rights,
    ) -> Result<(), Rule> {
        let member = roster.active(&parsed.statement().signer, position)?.member;
        self.check_seen(parsed)?;
        let rights = self.rights(roster, &member, position, received);
        if rights >= Some(least) && roster.is_staff(&member, position) {
            Ok(())
        } else {
            Err(Rule::NotPermitted)
        }
    }
}

/// Bytes of the payload that a statement names.
fn length(parsed: &Parsed) -> usize {
    parsed
        .statement()
        .payload
        .map_or(0, |payload| payload.length as usize)
}
