//! Whatever several devices say in whatever order: what comes of it is one thing, for everyone who is shown it.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use troth_protocol::ids::{DeviceId, DocumentId, Hash, MemberId};
use troth_protocol::rule::Rule;
use troth_protocol::statement::{Body, Change, Role};
use troth_protocol::stream::Stream;
use troth_protocol::visibility::{entitled, may_open, may_see};

use crate::attempts::{What, attempt, kind};
use crate::replay::alone;
use crate::story::Story;

impl Story {
    fn an_admin_remains(&self) -> bool {
        let roster = &self.practice.state.roster;
        let mut admins = roster.members_with(Role::Admin, u64::MAX);
        admins.any(|m| roster.devices_of(*m, u64::MAX).next().is_some())
    }

    /// The devices that could open a document's present key when it began, or were given it since.
    fn holders(&self, id: DocumentId, at: u64) -> BTreeSet<DeviceId> {
        let roster = &self.practice.state.roster;
        let document = &self.practice.state.documents[&id];
        let received = self.practice.entries[at as usize].leaf.received;
        let active = roster.devices().keys().filter(|d| roster.active(d, at).is_ok());
        let readers = active.filter(|d| {
            let member = roster.devices()[d].member;
            document.rights(roster, &member, at, received).is_some()
        });
        readers.copied().collect()
    }

    /// Whether each entry of a document whose payload a member may open was written while they could read the document,
    /// or before: a share gives the history, and nothing of what comes after its end but the statement that ends it.
    fn opens_only_what_was_theirs_to_read(&self, member: &MemberId) -> bool {
        let (practice, state) = (&self.practice, &self.practice.state);
        self.documents.iter().all(|id| {
            let (document, stream) = (&state.documents[id], Stream::Document(*id));
            let read_at = |at: u64| {
                let received = practice.entries[at as usize].leaf.received;
                document.rights(&state.roster, member, at, received).is_some()
            };
            practice.entries_of(stream).all(|(at, entry)| {
                let edit = matches!(entry.statement().body, Body::Change(_));
                let theirs = (at..practice.next()).any(read_at);
                let now = practice.now.max(state.received);
                let opens = may_open(state, member, &stream, at, now);
                // A date that has passed opens nothing any more, whatever it opened before.
                let ended = document.ended_on(&state.roster, member, u64::MAX, now).is_some();
                !opens || ((theirs || !edit) && !ended)
            })
        })
    }

    /// Whether every edit that may be gone was looked at by somebody else than who made the snapshot, or is its maker's own.
    fn nobody_alone_lets_anothers_edit_go(&self) -> bool {
        let (practice, state) = (&self.practice, &self.practice.state);
        let member = |device: &DeviceId| state.roster.devices()[device].member;
        let attested: BTreeSet<(Hash, MemberId)> = practice
            .entries
            .iter()
            .filter_map(|e| match e.statement().body {
                Body::Attest(a) => Some((a.snapshot, member(&e.statement().signer))),
                _ => None,
            })
            .collect();
        let documents = state.documents.values().filter(|d| d.erased().is_none());
        documents.flat_map(|d| d.standing(state.received)).all(|s| {
            let others = attested
                .iter()
                .any(|(of, by)| *of == s.statement && *by != s.member);
            others || s.covers.iter().all(|c| member(&c.device) == s.member)
        })
    }

    /// Whether everyone who held the key that an edit was sealed under, when its epoch began, may read the edit.
    fn only_readers_hold_the_key(&self, change: &Change) -> bool {
        let (at, document) = (
            self.practice.next() - 1,
            &self.practice.state.documents[&change.document],
        );
        let began = document.epoch_record(change.epoch).unwrap().from;
        change.epoch == document.epoch()
            && self
                .holders(change.document, began)
                .is_subset(&self.holders(change.document, at))
    }
}

proptest! {
    #[test]
    fn whatever_is_said(attempts in prop::collection::vec(attempt(), 1..70)) {
        let mut story = Story::begin();
        for attempt in &attempts {
            // `submit` holds that what is refused leaves no mark.
            let taken = story.go_on(attempt);
            // R26
            prop_assert!(story.an_admin_remains(), "{attempt:?}");
            // R46
            prop_assert!(story.nobody_alone_lets_anothers_edit_go(), "{attempt:?}");
            // R42, R43
            if let (Ok(()), What::Edit { .. }) = (taken, &attempt.what) {
                let last = story.practice.entries.last().unwrap().statement();
                let Body::Change(change) = last.body else { unreachable!() };
                prop_assert!(story.only_readers_hold_the_key(&change), "{attempt:?}");
            }
        }
        let practice = &story.practice;
        // The relay's state is what its bytes say.
        let replayed = practice.replay(|_, _| true).unwrap();
        prop_assert!(replayed == practice.state);
        // Each document stands alone, against the roster as it is now.
        for id in &story.documents {
            prop_assert!(alone(practice, *id).unwrap() == practice.state.documents[id]);
        }
        // Each member, shown what they may see and nothing else, takes all of it and owes themself the same counts.
        for member in practice.state.roster.members().keys() {
            if practice.state.roster.role(member, u64::MAX).is_none() {
                continue;
            }
            let shown = practice.replay(|at, stream| may_see(&practice.state, member, stream, at)).unwrap();
            prop_assert!(shown.roster == practice.state.roster);
            prop_assert!(story.opens_only_what_was_theirs_to_read(member));
            prop_assert_eq!(entitled(&shown, member), entitled(&practice.state, member));
        }
    }

    /// A request is taken whole or not at all, whichever statement of it is refused.
    #[test]
    fn a_request_is_undone_whole(
        before in prop::collection::vec(attempt(), 0..30),
        request in prop::collection::vec(attempt(), 1..10),
        good in any::<prop::sample::Index>(),
    ) {
        let mut story = Story::begin();
        for attempt in &before {
            let _ = story.go_on(attempt);
        }
        let start = story.practice.clone();
        for attempt in request.iter().filter(|a| !matches!(a.what, What::Login)) {
            let _ = story.go_on(attempt);
        }
        let said: Vec<_> = story.practice.entries[start.entries.len()..].to_vec();
        let good = good.index(said.len() + 1);
        let mut relay = start.clone();
        let statements: Vec<_> = said.iter().map(|e| e.statement()).collect();
        let savepoint = relay.state.savepoint(statements.iter());
        for (position, entry) in (start.next()..).zip(&said[..good]) {
            let verified = relay.verify(entry.leaf.signed.clone()).unwrap();
            relay.state.apply(position, entry.leaf.received, &verified).unwrap();
        }
        relay.state.restore(savepoint);
        prop_assert!(relay.state == start.state);
    }
}

#[test]
fn the_stories_do_happen() {
    // Were all attempts refused, the properties above would say nothing.
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut taken, mut refused) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..60 {
        let attempts = prop::collection::vec(attempt(), 60..70)
            .new_tree(&mut runner)
            .unwrap()
            .current();
        let mut story = Story::begin();
        for attempt in attempts {
            match story.go_on(&attempt) {
                Ok(()) => drop(taken.insert(Hash::of(&[kind(&attempt.what).as_bytes()]))),
                Err(rule) => drop(refused.insert(rule)),
            }
        }
    }
    assert!(taken.len() >= 23, "{}", taken.len());
    for rule in [
        Rule::Revoked,
        Rule::NotPermitted,
        Rule::NoSuchSubject,
        Rule::LastOne,
        Rule::TurnFirst,
        Rule::Closed,
        Rule::WrongEpoch,
        Rule::StaleEpoch,
        Rule::NoWriter,
        Rule::Recovery,
        Rule::Snapshot,
    ] {
        assert!(refused.contains(&rule), "{rule:?}");
    }
}
