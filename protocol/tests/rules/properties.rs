//! Who can open what, worked out from the listed sealings alone. The rules never look at it so; what they promise must hold of
//! it all the same.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use troth_protocol::cbor;
use troth_protocol::ids::{DeviceId, DocumentId, MemberId};
use troth_protocol::keys::{Class, KeyRef};
use troth_protocol::rule::Rule;
use troth_protocol::state::State;
use troth_protocol::statement::{Body, DeviceKind, DocumentAction, Lane, Rights, Role, RosterAction};

use crate::attempts::{Attempt, What};
use crate::story::{Drawn, Said};
use crate::watched::{Outcome, Step, Watched, step};

impl Watched {
    /// No device opens an epoch that nobody meant it to.
    fn nothing_leaks(&self) {
        for device in self.state().roster.devices().keys() {
            for key in self.known_to(device) {
                if let KeyRef::Epoch(id, epoch) = key {
                    assert!(self.was_read_by(id, epoch, device), "{device} opens {key:?}");
                }
            }
        }
    }

    /// R42, R43: what was written last is under the present key, and whoever can open that may read it now.
    fn written_for_readers_only(&self) {
        let Body::Change(change) = self.story.practice.entries.last().unwrap().statement().body else {
            return;
        };
        let (id, roster) = (change.document, &self.state().roster);
        assert_eq!(change.epoch, self.state().documents[&id].epoch());
        for (device, record) in roster.devices() {
            if self.known_to(device).contains(&KeyRef::Epoch(id, change.epoch)) {
                let reads = self.may_read(&id, &record.member).is_some();
                let keeps = self.keeper(&id) == Some(record.member);
                let active = roster.active(device, u64::MAX).is_ok();
                assert!(active && (reads || keeps), "{device} opens an edit of {id}");
            }
        }
    }

    /// R26: an admin is there who can act, and who opens what is the admins'.
    fn someone_runs_it(&self) {
        let roster = &self.state().roster;
        let generation = roster.admin_key(Class::General).generation(u64::MAX);
        let key = KeyRef::Role(Role::Admin, Class::General, generation);
        let remains = roster
            .members_with(Role::Admin, u64::MAX)
            .flat_map(|m| roster.devices_of(*m, u64::MAX))
            .any(|(device, _)| self.known_to(device).contains(&key));
        assert!(remains, "nobody opens what is the admins'");
    }

    /// R32: whether any one admin may lose every device, and the practice comes back.
    fn way_back(&self) -> bool {
        let roster = &self.state().roster;
        let active = |admin: &MemberId| roster.devices_of(*admin, u64::MAX).count() > 0;
        let kit = |d: &DeviceId| roster.devices()[d].kind == DeviceKind::Kit;
        let admins: BTreeSet<MemberId> = roster.members_with(Role::Admin, u64::MAX).copied().collect();
        let mut of_admins = roster
            .devices()
            .iter()
            .filter(|(_, d)| admins.contains(&d.member));
        admins.iter().filter(|a| active(a)).count() > 1
            || of_admins.any(|(id, _)| kit(id) && roster.active(id, u64::MAX).is_ok())
    }

    /// Whether an admin made a kit.
    fn admins_have_made_kits(&self) -> bool {
        let (roster, last) = (&self.state().roster, self.story.practice.next() - 1);
        let mut devices = roster.devices().values();
        devices.any(|d| d.kind == DeviceKind::Kit && roster.role(&d.member, last) == Some(Role::Admin))
    }

    fn has_writer(&self, id: &DocumentId) -> bool {
        let mut members = self.state().roster.members().keys();
        members.any(|m| self.may_read(id, m) == Some(Rights::Write))
    }

    /// The active devices of those who may read a document.
    fn entitled(&self, id: &DocumentId) -> BTreeSet<DeviceId> {
        let roster = &self.state().roster;
        let active = roster
            .devices()
            .iter()
            .filter(|(d, _)| roster.active(d, u64::MAX).is_ok());
        let reading = active.filter(|(_, d)| self.may_read(id, &d.member).is_some());
        reading.map(|(id, _)| *id).collect()
    }

    fn openers(&self, id: &DocumentId) -> BTreeSet<DeviceId> {
        let key = KeyRef::Epoch(*id, self.state().documents[id].epoch());
        let mut openers = self.entitled(id);
        openers.retain(|d| self.known_to(d).contains(&key));
        openers
    }

    fn is_stale(&self, id: &DocumentId) -> bool {
        let practice = &self.story.practice;
        practice.state.documents[id].is_stale(&practice.state.roster, practice.next() - 1, practice.now)
    }

    /// Every device that is there does what it can: turns what is exposed, and passes on what others lack.
    fn complete(&mut self) {
        // The day's ration is another (R28).
        self.story.practice.now += 24 * 60 * 60 * 1000;
        for _ in 0..3 {
            for by in self.story.devices.clone() {
                if self.state().roster.active(&by.id(), u64::MAX).is_err() {
                    continue;
                }
                let (roster, practice) = (self.state().roster.clone(), &mut self.story.practice);
                let exposed = |key: KeyRef| roster.is_exposed(&key, u64::MAX);
                let mut turns = Vec::new();
                for class in Class::ALL {
                    let own = roster.members()[&by.member]
                        .keys
                        .class(class)
                        .generation(u64::MAX);
                    if exposed(KeyRef::Member(by.member, class, own)) {
                        turns.push(vec![practice.turning_own(&by, class)]);
                    }
                    let admins = roster.admin_key(class).generation(u64::MAX);
                    if exposed(KeyRef::Role(Role::Admin, class, admins)) {
                        turns.push(vec![practice.turning_admin(class)]);
                    }
                }
                turns.push(vec![RosterAction::Reseal]);
                let turns = turns.into_iter().map(Said::Roster);
                let documents = self.story.documents.clone();
                let controls = documents.into_iter().flat_map(|id| {
                    let turn = self.is_stale(&id).then(|| vec![self.story.practice.turning(id)]);
                    let reseal = vec![DocumentAction::Reseal];
                    turn.into_iter()
                        .chain([reseal])
                        .map(move |actions| Said::Control(id, actions))
                });
                for said in turns.chain(controls.collect::<Vec<_>>()) {
                    let (by, device, document) = (by.clone(), None, None);
                    let drawn = Drawn {
                        by,
                        said,
                        device,
                        document,
                    };
                    self.say(drawn, None, true);
                }
            }
        }
    }

    /// Once all is turned and sealed again: either everyone entitled opens a document's present key, or nobody is left who
    /// could pass it on, or nobody who could write and so turn it. Returns how many documents are of the first kind.
    fn nobody_is_stranded(&self) -> usize {
        let open = self
            .story
            .documents
            .iter()
            .filter(|id| !self.state().documents[id].is_closed());
        let mut whole = 0;
        for id in open {
            let (openers, roster) = (self.openers(id), &self.state().roster);
            let writes = |d: &DeviceId| self.may_read(id, &roster.devices()[d].member) == Some(Rights::Write);
            if openers.is_empty() || (self.is_stale(id) && !openers.iter().any(writes)) {
                continue;
            }
            assert_eq!(openers, self.entitled(id), "{id}");
            // And with it the history.
            for device in &openers {
                let known = self.known_to(device);
                let before = 1..self.state().documents[id].epoch();
                assert!(
                    before
                        .into_iter()
                        .all(|epoch| known.contains(&KeyRef::Epoch(*id, epoch)))
                );
            }
            whole += 1;
        }
        whole
    }
}

/// A practice with two admins, one of them with two devices, a counselor with two, a client, and what they share.
fn beginning() -> Vec<Step> {
    let step = |by, other, what| Step {
        attempt: Attempt {
            by,
            other,
            document: 0,
            what,
        },
        spoilt: None,
        generous: true,
        present: false,
    };
    let create = |lane, admins| What::Create {
        lane,
        admins,
        share: None,
    };
    vec![
        step(0, 0, What::AddDevice),
        step(0, 0, What::Join(Role::Admin)),
        step(0, 0, What::Join(Role::Counselor)),
        step(3, 3, What::AddDevice),
        step(0, 0, What::Join(Role::Client)),
        step(0, 2, What::Custodian(true)),
        step(3, 5, create(Lane::Joint, false)),
        step(0, 3, create(Lane::Assessments, true)),
        step(3, 3, create(Lane::ProcessNotes, false)),
    ]
}

/// What came of a story.
#[derive(Default)]
struct Told {
    outcomes: Vec<Outcome>,
    /// Members who were recovered.
    recovered: usize,
    /// Statements that would have taken the last way back.
    stranding: usize,
    /// Documents that everyone entitled can open in the end.
    whole: usize,
}

fn recoveries(body: &Body) -> usize {
    let Body::Roster(body) = body else { return 0 };
    let approves = |a: &&RosterAction| matches!(a, RosterAction::ApproveRecovery { .. });
    body.actions.iter().filter(approves).count()
}

/// A whole story, with everything that must hold after each step of it.
fn told(steps: &[Step]) -> Told {
    let mut watched = Watched::begin();
    let (mut told, mut kits) = (Told::default(), false);
    for step in beginning().iter().chain(steps) {
        let documents = watched.story.documents.iter();
        let written: BTreeSet<DocumentId> = documents.filter(|id| watched.has_writer(id)).copied().collect();
        let entries = watched.story.practice.next();
        let outcome = watched.go_on(step);
        told.stranding += usize::from(outcome == Outcome::Refused(Rule::NoWayBack));
        told.outcomes.push(outcome);
        watched.nothing_leaks();
        watched.someone_runs_it();
        kits |= watched.admins_have_made_kits();
        assert!(!kits || watched.way_back(), "R32: {step:?}");
        let last = watched.story.practice.entries.last().unwrap().statement();
        if watched.story.practice.next() > entries {
            watched.written_for_readers_only();
            told.recovered += recoveries(&last.body);
            // R45
            if let Body::Document(said) = &last.body {
                let closed = watched.state().documents[&said.document].is_closed();
                let had = written.contains(&said.document);
                assert!(!had || closed || watched.has_writer(&said.document));
            }
        }
    }
    let state = watched.state();
    assert!(watched.story.practice.replay(|_, _| true).unwrap() == *state);
    assert!(cbor::decode::<State>(&cbor::encode(state)).unwrap() == *state);
    watched.complete();
    watched.nothing_leaks();
    told.whole = watched.nobody_is_stranded();
    told
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(140))]
    #[test]
    fn keys_reach_readers_and_nobody_else(steps in prop::collection::vec(step(), 1..120)) {
        told(&steps);
    }
}

#[test]
fn these_stories_do_happen() {
    // Were all attempts refused, the property above would say nothing.
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut taken, mut unable, mut spoilt, mut recovered, mut whole) = (0, 0, 0, 0, 0);
    let mut stranding = 0;
    for _ in 0..24 {
        let steps = prop::collection::vec(step(), 70..80)
            .new_tree(&mut runner)
            .unwrap()
            .current();
        let told = told(&steps);
        let count = |of: Outcome| told.outcomes.iter().filter(|o| **o == of).count();
        taken += count(Outcome::Taken);
        unable += count(Outcome::Unable);
        spoilt += count(Outcome::Refused(Rule::Sealings));
        recovered += told.recovered;
        whole += told.whole;
        stranding += told.stranding;
    }
    assert!(
        taken > 300 && unable > 0 && spoilt > 20 && recovered > 10 && whole > 20 && stranding > 0,
        "{taken} {unable} {spoilt} {recovered} {whole} {stranding}"
    );
}
