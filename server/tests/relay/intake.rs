//! Intake links at the relay: strangers ask, submit, choose a PIN and keep drafts, and nobody logs in.

use troth_protocol::ids::{DeviceId, Hash, InviteId, PracticeId, VerifyingKey};
use troth_protocol::limits;
use troth_protocol::rule::Rule;
use troth_protocol::statement::{
    Body, CloseInvite, Invite, Lane, PayloadRef, Reply, Seen, Statement, Submission, SubmissionKind,
};
use troth_protocol::wire::{
    ClientMessage, KeepDraft, LinkSecret, Linked, NoLink, Receipt, RelayMessage, Submit, Unlock, Unlocked,
    Upload,
};
use troth_server::core::ConnectionId;

use super::memory::{Fate, Memory};
use super::people::{Device, document, member};
use super::world::World;

const INVITE: InviteId = InviteId([7; 16]);
const PIN: LinkSecret = LinkSecret([1; 32]);
const WRONG: LinkSecret = LinkSecret([2; 32]);

struct Scene {
    world: World,
    admin: Device,
    /// Signs as the link does.
    link: Device,
    practice: PracticeId,
    id: ConnectionId,
}

fn scene() -> Scene {
    scene_on(std::sync::Arc::new(Memory::default()))
}

fn scene_on(store: std::sync::Arc<Memory>) -> Scene {
    let mut world = World::on(store);
    let admin = Device::new(1, member(1));
    let practice = world.found(&admin, 1);
    let id = world.login(practice, &admin);
    let lane = admin.create_lane(world.state(&practice), document(1), Lane::PartnerA, &[]);
    world.append(id, vec![lane]);
    let link = Device::new(9, member(9));
    let mut s = Scene {
        world,
        admin,
        link,
        practice,
        id,
    };
    let invite = s
        .admin
        .invite(s.world.state(&practice), s.invite(), b"sealed form");
    s.world.append(id, vec![invite]);
    s
}

impl Scene {
    fn invite(&self) -> Invite {
        Invite {
            document: document(1),
            epoch: 1,
            invite: INVITE,
            link: self.key(),
            expires: self.world.now + 1_000_000,
            limit: 1,
        }
    }

    fn key(&self) -> VerifyingKey {
        self.link.keys.signing
    }

    fn ask(&mut self, message: ClientMessage) -> RelayMessage {
        let stranger = self.world.connect();
        self.world.send(stranger, message);
        let answer = self.world.receive(stranger).expect("an answer");
        self.world.disconnect(stranger);
        answer
    }

    fn linked(&mut self) -> Linked {
        match self.ask(ClientMessage::Link(INVITE)) {
            RelayMessage::Linked(linked) => linked,
            other => panic!("{other:?}"),
        }
    }

    fn submission(&mut self, kind: SubmissionKind, payload: &[u8]) -> Upload {
        let Linked { sequence, prev, .. } = self.linked();
        let statement = Statement {
            signer: DeviceId(Hash::of(&[self.key().as_bytes()]).0),
            seen: None,
            payload: PayloadRef::of(payload),
            body: Body::Submission(Submission {
                document: document(1),
                invite: INVITE,
                kind,
                sequence,
                prev,
            }),
        };
        Upload {
            signed: self.link.sign(&self.practice, &statement),
            payload: payload.to_vec(),
        }
    }

    fn reply(&self, to: Hash, sealed: Vec<u8>) -> Upload {
        let state = self.world.state(&self.practice);
        let seen = Some(Seen {
            roster: state.roster.head(),
            control: Some(state.documents[&document(1)].head()),
        });
        let body = Body::Reply(Reply {
            document: document(1),
            invite: INVITE,
            to,
        });
        self.admin.upload(&self.practice, seen, body, sealed)
    }

    fn submit(&mut self, upload: Upload) -> Result<Receipt, Rule> {
        let practice = self.practice;
        let request = 5;
        match self.ask(ClientMessage::Submit(Submit {
            request,
            practice,
            upload,
        })) {
            RelayMessage::Appended(appended) => {
                assert_eq!(appended.request, request);
                Ok(appended.receipts[0])
            }
            RelayMessage::Refused(refused) => Err(refused.rule()),
            other => panic!("{other:?}"),
        }
    }

    fn unlock(&mut self, proof: LinkSecret, choose: bool) -> Result<Unlocked, NoLink> {
        let invite = INVITE;
        unlocked(self.ask(ClientMessage::Unlock(Unlock {
            invite,
            proof,
            choose,
        })))
    }

    fn keep(&mut self, proof: LinkSecret, draft: Option<&[u8]>) -> Result<Unlocked, NoLink> {
        let draft = draft.map(|d| d.to_vec().into());
        let invite = INVITE;
        unlocked(self.ask(ClientMessage::KeepDraft(KeepDraft { invite, proof, draft })))
    }
}

fn unlocked(answer: RelayMessage) -> Result<Unlocked, NoLink> {
    match answer {
        RelayMessage::Unlocked(unlocked) => Ok(unlocked),
        RelayMessage::NoLink(refusal) => Err(refusal),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_stranger_with_the_link_is_shown_the_form_and_nothing_of_the_readers_half() {
    let mut s = scene();
    let linked = s.linked();
    assert_eq!(linked.form, b"sealed form");
    assert_eq!((linked.sequence, linked.prev, linked.closed), (1, None, None));
    assert_eq!((linked.practice, linked.tries), (s.practice, None));
    let RelayMessage::NoLink(unknown) = s.ask(ClientMessage::Link(InviteId([8; 16]))) else {
        panic!("there is no such link");
    };
    assert_eq!(unknown.rule(), Rule::Link);
}

#[test]
fn what_is_submitted_is_durable_when_it_is_acknowledged_and_taken_once() {
    let mut s = scene();
    let answers = s.submission(SubmissionKind::Answers, b"sealed answers");
    let size = s.world.size(&s.practice);
    let receipt = s.submit(answers.clone()).unwrap();
    assert_eq!(receipt.position, size);
    s.world.restart();
    // The answer was lost on its way: the same again is the same submission.
    assert_eq!(s.submit(answers).unwrap(), receipt);
    assert_eq!(s.world.size(&s.practice), size + 1);
    let linked = s.linked();
    assert_eq!((linked.sequence, linked.closed), (2, Some(Rule::Link.number())));
    let more = s.submission(SubmissionKind::Answers, b"more");
    assert_eq!(s.submit(more), Err(Rule::Link), "the link takes answers once");
}

#[test]
fn what_is_not_the_links_is_refused() {
    let mut s = scene();
    let right = s.submission(SubmissionKind::Answers, b"sealed answers");
    let other = Device::new(10, member(9));
    let forged = Upload {
        signed: other.sign(
            &s.practice,
            &troth_protocol::cbor::decode(&right.signed.statement).unwrap(),
        ),
        ..right.clone()
    };
    assert_eq!(s.submit(forged), Err(Rule::BadSignature));
    let altered = Upload {
        payload: b"other answers".to_vec(),
        ..right.clone()
    };
    assert_eq!(s.submit(altered), Err(Rule::PayloadMismatch));
    let edit = s.admin.edit(s.world.state(&s.practice), document(1), b"an edit");
    assert_eq!(
        s.submit(edit),
        Err(Rule::NotAppendable),
        "only submissions come without a login"
    );
    let long = s.submission(SubmissionKind::Answers, &vec![0; limits::SUBMISSION + 1]);
    assert_eq!(s.submit(long), Err(Rule::TooLarge));
    s.submit(right).unwrap();
}

#[test]
fn r47_a_link_does_not_outlive_its_revocation() {
    let mut s = scene();
    let prepared = s.submission(SubmissionKind::Answers, b"sealed answers");
    let closing = Body::CloseInvite(CloseInvite {
        document: document(1),
        invite: INVITE,
    });
    let state = s.world.state(&s.practice);
    let seen = Some(Seen {
        roster: state.roster.head(),
        control: Some(state.documents[&document(1)].head()),
    });
    let closing = s.admin.upload(&s.practice, seen, closing, Vec::new());
    s.world.append(s.id, vec![closing]);
    assert_eq!(s.linked().closed, Some(Rule::Link.number()));
    assert_eq!(s.submit(prepared), Err(Rule::Link));
    assert_eq!(
        s.unlock(PIN, true).unwrap_err().rule(),
        Rule::Link,
        "no PIN is chosen any more"
    );
}

#[test]
fn the_answer_of_the_practice_is_waiting_behind_the_link() {
    let mut s = scene();
    let answers = s.submission(SubmissionKind::Answers, b"sealed answers");
    let to = Hash::of(&[&answers.signed.statement]);
    s.submit(answers).unwrap();
    let reply = s.reply(to, b"sealed copy".to_vec());
    s.world.append(s.id, vec![reply]);
    let replies = s.linked().replies;
    assert_eq!(replies.len(), 1);
    assert_eq!((replies[0].to, &replies[0].sealed[..]), (to, &b"sealed copy"[..]));
}

#[test]
fn r54_the_pin_opens_the_pepper_and_ten_wrong_ones_close_it_for_good() {
    let mut s = scene();
    assert_eq!(
        s.unlock(PIN, false).unwrap_err().rule(),
        Rule::Link,
        "no PIN was chosen yet"
    );
    let pepper = s.unlock(PIN, true).unwrap().pepper;
    assert_eq!(
        s.unlock(PIN, true).unwrap().pepper,
        pepper,
        "the same again is the same PIN"
    );
    assert_eq!(s.linked().tries, Some(10));
    for left in (0..10).rev() {
        // Neither a restart nor choosing anew wins another try.
        s.world.restart();
        let refusal = s.unlock(WRONG, left % 2 == 0).unwrap_err();
        assert_eq!((refusal.rule(), refusal.tries), (Rule::Pin, Some(left)));
    }
    let refusal = s.unlock(PIN, false).unwrap_err();
    assert_eq!(
        (refusal.rule(), refusal.tries),
        (Rule::Pin, Some(0)),
        "the right one comes too late"
    );
    assert_eq!(s.keep(PIN, Some(b"draft")).unwrap_err().rule(), Rule::Pin);
    assert_eq!(s.linked().tries, Some(0));
}

#[test]
fn a_draft_is_kept_for_whoever_proves_the_pin_and_expires() {
    let mut s = scene();
    assert_eq!(
        s.keep(PIN, Some(b"draft")).unwrap_err().rule(),
        Rule::Link,
        "no PIN yet"
    );
    s.unlock(PIN, true).unwrap();
    s.keep(PIN, Some(b"draft")).unwrap();
    assert_eq!(s.keep(PIN, Some(b"at once")).unwrap_err().rule(), Rule::Quota);
    assert_eq!(s.keep(WRONG, Some(b"another's")).unwrap_err().rule(), Rule::Pin);
    s.world.restart();
    let draft = |s: &mut Scene| s.unlock(PIN, false).unwrap().draft.map(|d| d.to_vec());
    assert_eq!(draft(&mut s).as_deref(), Some(&b"draft"[..]));
    s.world.pass(1000);
    s.keep(PIN, Some(b"a later draft")).unwrap();
    s.world.pass(limits::DRAFT_MS - 1);
    assert_eq!(draft(&mut s).as_deref(), Some(&b"a later draft"[..]));
    s.world.pass(1);
    assert_eq!(draft(&mut s), None);
    s.keep(PIN, Some(b"once more")).unwrap();
    s.keep(PIN, None).unwrap();
    assert_eq!(draft(&mut s), None, "what was submitted needs no draft");
}

#[test]
fn r54_a_disk_on_which_no_try_can_be_counted_tells_nobody_whether_a_pin_was_right() {
    let store = std::sync::Arc::new(Memory::default());
    let mut s = scene_on(store.clone());
    s.unlock(PIN, true).unwrap();
    for fate in [Fate::Full, Fate::Lost] {
        store.doom_all(Some(fate));
        let said = [WRONG, PIN].map(|proof| s.unlock(proof, false).unwrap_err());
        assert_eq!(said[0], said[1], "{fate:?}");
        assert_ne!(said[0].rule(), Rule::Pin);
    }
    store.doom_all(None);
    let refused = s.unlock(WRONG, false).unwrap_err();
    assert_eq!(
        refused.tries,
        Some(9),
        "nothing was learned, and nothing was spent"
    );
}

#[test]
fn r3_what_a_link_shows_at_once_fits_into_a_frame_however_much_was_answered() {
    let mut s = scene();
    let mut big = s.invite();
    big.invite = InviteId([8; 16]);
    let form = s
        .admin
        .invite(s.world.state(&s.practice), big, &vec![1; limits::LINK_FORM]);
    let id = s.id;
    let refused = s.world.append_refused(id, vec![form]);
    assert_eq!(refused.rule(), Rule::TooLarge, "a form beyond its limit");

    let answers = s.submission(SubmissionKind::Answers, b"sealed answers");
    let to = Hash::of(&[&answers.signed.statement]);
    s.submit(answers).unwrap();
    let long = s.reply(to, vec![0; limits::SUBMISSION + 1]);
    let refused = s.world.append_refused(id, vec![long]);
    assert_eq!(refused.rule(), Rule::TooLarge, "an answer beyond its limit");
    for number in 0..limits::LINK_SUBMISSIONS {
        let reply = s.reply(to, vec![number as u8; limits::SUBMISSION]);
        s.world.append(id, vec![reply]);
    }
    // The newest come with their payloads, and all of it is one frame.
    let replies = s.linked().replies;
    assert_eq!(replies.len(), limits::LINK_SUBMISSIONS);
    let (last, first) = (replies.last().unwrap(), replies.first().unwrap());
    assert_eq!((last.sealed.len(), first.sealed.len()), (limits::SUBMISSION, 0));
}
