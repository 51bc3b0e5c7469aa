//! Intake links: who makes one, what comes through it, and when it is closed.

use ed25519_dalek::SigningKey;
use troth_protocol::ids::{DeviceId, DocumentId, Hash, InviteId};
use troth_protocol::limits;
use troth_protocol::rule::Rule;
use troth_protocol::statement::{
    Body, CloseInvite, Erasure, Invite, Lane, PayloadRef, Reply, Role, RosterAction, Statement, Submission,
    SubmissionKind,
};
use troth_protocol::stream::Stream;
use troth_protocol::visibility::may_see;

use crate::practice::{Device, Practice, admins, hash, public, reader, signing_key, writer};
use crate::records::withdrawing;

const INVITE: InviteId = InviteId([7; 16]);

/// A practice whose counselor writes one partner's lane, and a link into it.
struct Scene {
    practice: Practice,
    anna: Device,
    bruno: Device,
    lane: DocumentId,
    key: SigningKey,
}

fn scene() -> Scene {
    let (mut practice, anna) = Practice::found();
    let bruno = practice.join(&anna, Role::Counselor);
    let lane = practice.document(&bruno, Lane::PartnerA, vec![writer(&bruno), admins()]);
    let mut scene = Scene {
        practice,
        anna,
        bruno,
        lane,
        key: signing_key(77),
    };
    let invite = scene.invite();
    scene.make(invite).unwrap();
    scene
}

impl Scene {
    fn invite(&self) -> Invite {
        Invite {
            document: self.lane,
            epoch: self.practice.state.documents[&self.lane].epoch(),
            invite: INVITE,
            link: public(&self.key),
            expires: self.practice.now + 1000,
            limit: 2,
        }
    }

    fn make_by(&mut self, by: &Device, invite: Invite) -> Result<Hash, Rule> {
        self.practice.say(by, Body::Invite(invite))
    }

    fn make(&mut self, invite: Invite) -> Result<Hash, Rule> {
        let bruno = self.bruno.clone();
        self.make_by(&bruno, invite)
    }

    fn next(&self, kind: SubmissionKind) -> Statement {
        let link = self.practice.state.documents[&self.lane].link(&INVITE).unwrap();
        let (sequence, prev) = link.next();
        Statement {
            signer: DeviceId(Hash::of(&[public(&self.key).as_bytes()]).0),
            seen: None,
            payload: PayloadRef::of(b"x"),
            body: Body::Submission(Submission {
                document: self.lane,
                invite: INVITE,
                kind,
                sequence,
                prev,
            }),
        }
    }

    fn submit(&mut self, kind: SubmissionKind) -> Result<Hash, Rule> {
        let statement = self.next(kind);
        let key = self.key.clone();
        self.practice.submit(&key, &statement)
    }

    fn close(&mut self) -> Result<Hash, Rule> {
        let (document, invite) = (self.lane, INVITE);
        let bruno = self.bruno.clone();
        self.practice
            .say(&bruno, Body::CloseInvite(CloseInvite { document, invite }))
    }
}

#[test]
fn r47_answers_come_through_a_link_until_it_is_used_up() {
    let mut s = scene();
    s.submit(SubmissionKind::Answers).unwrap();
    s.submit(SubmissionKind::Answers).unwrap();
    assert_eq!(s.submit(SubmissionKind::Answers), Err(Rule::Link));
    // What concerns them comes later still.
    s.submit(SubmissionKind::Withdraw).unwrap();
    s.submit(SubmissionKind::Copy).unwrap();
    s.submit(SubmissionKind::Erase).unwrap();
}

#[test]
fn r47_an_expired_link_takes_no_answers() {
    let mut s = scene();
    s.submit(SubmissionKind::Answers).unwrap();
    s.practice.now += 999;
    s.submit(SubmissionKind::Copy).unwrap();
    s.practice.now += 1;
    assert_eq!(s.submit(SubmissionKind::Answers), Err(Rule::Link));
    s.submit(SubmissionKind::Withdraw).unwrap();
}

#[test]
fn r47_a_link_that_was_closed_takes_no_answers() {
    let mut s = scene();
    s.close().unwrap();
    assert_eq!(s.submit(SubmissionKind::Answers), Err(Rule::Link));
    assert_eq!(
        s.submit(SubmissionKind::Withdraw),
        Err(Rule::Link),
        "there is nothing to withdraw"
    );
    assert_eq!(s.close(), Err(Rule::Link), "once is enough");
}

#[test]
fn r47_losing_somebody_who_could_open_the_answers_closes_the_link() {
    let s = || {
        let mut s = scene();
        s.submit(SubmissionKind::Answers).unwrap();
        s
    };
    let (mut revoked, mut removed, mut withdrawn, mut turned) = (s(), s(), s(), s());
    let phone = revoked.practice.add_device(&revoked.bruno.clone());
    revoked.practice.revoke(&revoked.bruno.clone(), &phone).unwrap();
    let member = removed.bruno.member;
    let leaves = vec![RosterAction::RemoveMember { member }];
    removed.practice.roster(&removed.anna.clone(), leaves).unwrap();
    let (anna, lane) = (withdrawn.anna.clone(), withdrawn.lane);
    let taking = vec![withdrawing(&withdrawn.bruno)];
    withdrawn.practice.control(&anna, lane, taking).unwrap();
    turned.practice.turn(&turned.anna.clone(), turned.lane).unwrap();
    for mut s in [revoked, removed, withdrawn, turned] {
        assert_eq!(s.submit(SubmissionKind::Answers), Err(Rule::Link));
        s.submit(SubmissionKind::Erase).unwrap();
    }
}

#[test]
fn r47_nothing_comes_through_a_link_that_was_never_made() {
    let mut s = scene();
    let mut unknown = s.next(SubmissionKind::Answers);
    let Body::Submission(body) = &mut unknown.body else {
        unreachable!()
    };
    body.invite = InviteId([8; 16]);
    let key = s.key.clone();
    assert_eq!(s.practice.submit(&key, &unknown), Err(Rule::Link));
}

#[test]
fn r5_r11_only_the_links_own_key_signs_what_comes_through_it() {
    let mut s = scene();
    let right = s.next(SubmissionKind::Answers);
    assert_eq!(
        s.practice.submit(&signing_key(78), &right),
        Err(Rule::BadSignature)
    );
    let mut wrong = right.clone();
    wrong.signer = s.bruno.id();
    let key = s.key.clone();
    assert_eq!(s.practice.submit(&key, &wrong), Err(Rule::UnknownDevice));
    let mut wrong = right.clone();
    wrong.seen = s.practice.statement(&s.bruno, Body::Invite(s.invite())).seen;
    assert_eq!(s.practice.submit(&key, &wrong), Err(Rule::Seen));
    s.practice.submit(&key, &right).unwrap();
    assert_eq!(
        s.practice.submit(&key, &right),
        Err(Rule::AuthorChain),
        "once is enough"
    );
}

#[test]
fn r44_what_comes_through_a_link_is_counted_and_chained() {
    let mut s = scene();
    let first = s.submit(SubmissionKind::Answers).unwrap();
    let right = s.next(SubmissionKind::Copy);
    let key = s.key.clone();
    for (number, before) in [
        (1, None),
        (2, None),
        (3, Some(first)),
        (2, Some(hash("another"))),
        (0, None),
    ] {
        let mut wrong = right.clone();
        let Body::Submission(body) = &mut wrong.body else {
            unreachable!()
        };
        (body.sequence, body.prev) = (number, before);
        assert_eq!(
            s.practice.submit(&key, &wrong),
            Err(Rule::AuthorChain),
            "{number}"
        );
    }
    s.practice.submit(&key, &right).unwrap();
}

#[test]
fn r13_staff_who_write_the_lane_make_links_and_close_them() {
    let mut s = scene();
    let invite = Invite {
        invite: InviteId([8; 16]),
        ..s.invite()
    };
    let clara = s.practice.join(&s.anna.clone(), Role::Counselor);
    let david = s.practice.join(&s.anna.clone(), Role::Client);
    let (bruno, lane) = (s.bruno.clone(), s.lane);
    let readers = [reader(&clara), writer(&david)].map(crate::records::granting);
    s.practice.control(&bruno, lane, readers.to_vec()).unwrap();
    assert_eq!(
        s.make_by(&clara, invite),
        Err(Rule::NotPermitted),
        "she only reads"
    );
    assert_eq!(
        s.make_by(&david, invite),
        Err(Rule::NotPermitted),
        "a client writes"
    );
    let closing = Body::CloseInvite(CloseInvite {
        document: lane,
        invite: INVITE,
    });
    for by in [&clara, &david] {
        assert_eq!(s.practice.say(by, closing.clone()), Err(Rule::NotPermitted));
    }
    s.make(invite).unwrap();
    assert_eq!(s.make(invite), Err(Rule::AlreadyExists));
    let anna = s.anna.clone();
    s.practice.say(&anna, closing).unwrap();
}

#[test]
fn r1_r3_r42_a_link_is_for_one_partner_for_a_time() {
    let mut s = scene();
    let right = Invite {
        invite: InviteId([8; 16]),
        ..s.invite()
    };
    let now = s.practice.now;
    for (wrong, rule) in [
        (Invite { limit: 0, ..right }, Rule::Malformed),
        (
            Invite {
                expires: now,
                ..right
            },
            Rule::Link,
        ),
        (
            Invite {
                expires: now + limits::LINK_MS + 1,
                ..right
            },
            Rule::TooLarge,
        ),
        (Invite { epoch: 2, ..right }, Rule::WrongEpoch),
        (
            Invite {
                document: DocumentId([0; 16]),
                ..right
            },
            Rule::NoSuchDocument,
        ),
    ] {
        assert_eq!(s.make(wrong), Err(rule), "{wrong:?}");
    }
    for lane in [Lane::Joint, Lane::Admin, Lane::Assessments] {
        let bruno = s.bruno.clone();
        let document = s.practice.document(&bruno, lane, vec![writer(&bruno)]);
        assert_eq!(s.make(Invite { document, ..right }), Err(Rule::Malformed));
    }
    for number in 1..limits::LINKS {
        let mut invite = [0; 16];
        invite[..8].copy_from_slice(&number.to_be_bytes());
        s.make(Invite {
            invite: InviteId(invite),
            ..right
        })
        .unwrap();
    }
    assert_eq!(s.make(right), Err(Rule::TooLarge));
}

#[test]
fn r23_what_came_is_answered_also_once_it_is_erased() {
    let mut s = scene();
    s.submit(SubmissionKind::Answers).unwrap();
    let asked = s.submit(SubmissionKind::Erase).unwrap();
    let (bruno, document, invite) = (s.bruno.clone(), s.lane, INVITE);
    let reply = |to| Body::Reply(Reply { document, invite, to });
    assert_eq!(
        s.practice.say(&bruno, reply(hash("nothing"))),
        Err(Rule::NoSuchSubject)
    );
    let prev = s.practice.state.documents[&document].head();
    s.practice
        .say(&bruno, Body::Erasure(Erasure { document, prev }))
        .unwrap();
    s.practice.say(&bruno, reply(asked)).unwrap();
    assert_eq!(
        s.submit(SubmissionKind::Copy),
        Err(Rule::Closed),
        "there is nothing left to copy"
    );
    let clara = s.practice.join(&s.anna.clone(), Role::Counselor);
    assert_eq!(s.practice.say(&clara, reply(asked)), Err(Rule::NotPermitted));
    let link = s.practice.state.documents[&document].link(&invite).unwrap();
    assert_eq!(link.replies.len(), 1);
}

#[test]
fn who_reads_the_lane_sees_its_links_and_nobody_else() {
    let mut s = scene();
    s.submit(SubmissionKind::Answers).unwrap();
    let clara = s.practice.join(&s.anna.clone(), Role::Counselor);
    let at = s.practice.next() - 1;
    let stream = Stream::Document(s.lane);
    let sees = |of: &Device| may_see(&s.practice.state, &of.member, &stream, at);
    assert!(sees(&s.bruno) && sees(&s.anna));
    assert!(!sees(&clara));
    // What the readers replay by themselves comes out the same.
    s.practice.replay(|_, _| true).unwrap();
}
