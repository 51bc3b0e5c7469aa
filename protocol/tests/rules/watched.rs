//! A story that is watched: keys are names, and a device holds whatever follows from its own by the sealings that were listed.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use troth_protocol::document::Document;
use troth_protocol::ids::{DeviceId, DocumentId, Hash, MemberId};
use troth_protocol::keys::{Class, KeyRef, Sealing};
use troth_protocol::rule::Rule;
use troth_protocol::state::State;
use troth_protocol::statement::{Body, DocumentAction, Lane, Principal, Rights, Role, RosterAction};

use crate::attempts::{Attempt, What, attempt};
use crate::practice::Asked;
use crate::story::{Drawn, Said, Story};

/// How a list of sealings is spoilt: always refused, with R24.
#[derive(Clone, Copy, Debug)]
pub enum Spoilt {
    LeftOut(usize),
    ToSomeoneElse(usize),
    Twice(usize),
}

/// One attempt, what is wrong with it, whether it gives away all that it may or only what it must, and whether it is by and
/// about those who are still there.
#[derive(Clone, Debug)]
pub struct Step {
    pub attempt: Attempt,
    pub spoilt: Option<Spoilt>,
    pub generous: bool,
    pub present: bool,
}

pub fn step() -> impl Strategy<Value = Step> {
    let spoilt = prop_oneof![
        (0..8usize).prop_map(Spoilt::LeftOut),
        (0..12usize).prop_map(Spoilt::ToSomeoneElse),
        (0..8usize).prop_map(Spoilt::Twice),
    ];
    let spoilt = prop::option::weighted(0.15, spoilt);
    let (generous, present) = (prop::bool::weighted(0.7), prop::bool::weighted(0.85));
    (attempt(), spoilt, generous, present).prop_map(|(attempt, spoilt, generous, present)| Step {
        attempt,
        spoilt,
        generous,
        present,
    })
}

/// What came of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Taken,
    Refused(Rule),
    /// The device lacks a secret that it would have to seal, and so says nothing.
    Unable,
}

/// A story, and what everybody in it can open.
pub struct Watched {
    pub story: Story,
    /// Under each key, the secrets that were sealed to it.
    sealed: BTreeMap<KeyRef, BTreeSet<KeyRef>>,
    /// What was sealed for recoveries that are only proposed: keys that are not yet the member's.
    proposed: BTreeMap<Hash, Vec<Sealing>>,
    /// Whose process notes go to whom, by the policy when they were begun.
    custody: BTreeMap<DocumentId, MemberId>,
    /// For each epoch, who had a right while it was the present one, and from which position.
    rights: BTreeMap<(DocumentId, u64), BTreeMap<Principal, u64>>,
}

impl Watched {
    pub fn begin() -> Self {
        let story = Story::begin();
        let genesis = story.practice.entries[0].statement();
        let mut watched = Self {
            story,
            sealed: BTreeMap::new(),
            proposed: BTreeMap::new(),
            custody: BTreeMap::new(),
            rights: BTreeMap::new(),
        };
        watched.learn(genesis.sealings());
        watched
    }

    pub fn state(&self) -> &State {
        &self.story.practice.state
    }

    fn learn(&mut self, sealings: &[Sealing]) {
        for sealing in sealings {
            self.sealed.entry(sealing.to).or_default().insert(sealing.key);
        }
    }

    /// Everything that follows from these keys.
    fn follows(&self, from: impl IntoIterator<Item = KeyRef>) -> BTreeSet<KeyRef> {
        let mut todo: Vec<KeyRef> = from.into_iter().collect();
        let mut known = BTreeSet::new();
        while let Some(key) = todo.pop() {
            if known.insert(key) {
                todo.extend(self.sealed.get(&key).into_iter().flatten());
            }
        }
        known
    }

    pub fn known_to(&self, device: &DeviceId) -> BTreeSet<KeyRef> {
        self.follows(Class::ALL.map(|class| KeyRef::Device(*device, class)))
    }

    /// The sealings that a statement must list and may list, as its signer is told beforehand.
    fn plan(&self, drawn: &Drawn) -> Result<Asked, Rule> {
        let (practice, by) = (&self.story.practice, drawn.by.id());
        let (roster, position, now) = (&practice.state.roster, practice.next(), practice.now);
        match &drawn.said {
            Said::Roster(actions) => roster
                .plan(position, now, by, actions)
                .map(|p| (p.required, p.optional)),
            Said::Control(id, actions) => {
                let before = practice.state.documents.get(id);
                Document::plan(before, roster, position, now, &by, *id, actions)
                    .map(|p| (p.required, p.optional))
            }
            Said::Other(_) | Said::Wait(_) => Ok(Asked::default()),
        }
    }

    pub fn go_on(&mut self, step: &Step) -> Outcome {
        let mut attempt = step.attempt.clone();
        if step.present {
            let roster = &self.state().roster;
            let devices = self.story.devices.iter().enumerate();
            let active = devices.filter(|(_, d)| roster.active(&d.id(), u64::MAX).is_ok());
            let active: Vec<usize> = active.map(|(index, _)| index).collect();
            let documents = self.story.documents.iter().enumerate();
            let open = documents.filter(|(_, id)| !self.state().documents[id].is_closed());
            let open: Vec<usize> = open.map(|(index, _)| index).collect();
            let among = |of: &[usize], which: usize| *of.get(which % of.len().max(1)).unwrap_or(&which);
            let admin =
                |d: &usize| roster.role(&self.story.devices[*d].member, u64::MAX) == Some(Role::Admin);
            let admins: Vec<usize> = active.iter().copied().filter(admin).collect();
            attempt.by = match attempt.what {
                // The first device does most of what admins do; to recover somebody it takes another.
                What::Propose | What::Approve { .. } => among(&admins, attempt.by.max(attempt.document)),
                _ => among(&active, attempt.by),
            };
            attempt.other = among(&active, attempt.other);
            attempt.document = among(&open, attempt.document);
        }
        match self.story.draw(&attempt) {
            Some(drawn) => self.say(drawn, step.spoilt, step.generous),
            None => Outcome::Refused(Rule::NoSuchDocument),
        }
    }

    pub fn say(&mut self, drawn: Drawn, spoilt: Option<Spoilt>, generous: bool) -> Outcome {
        let (required, optional) = match self.plan(&drawn) {
            Ok(asked) => asked,
            Err(rule) => {
                assert_eq!(self.submit(&drawn, vec![]), Err(rule));
                return Outcome::Refused(rule);
            }
        };
        let mut able = self.known_to(&drawn.by.id());
        able.extend(made(drawn.by.member, &drawn.said));
        if !required.iter().all(|s| able.contains(&s.key)) {
            return Outcome::Unable;
        }
        let gives = |s: &&Sealing| (generous || reseals(&drawn.said)) && able.contains(&s.key);
        let mut listed: Vec<Sealing> = required
            .iter()
            .chain(optional.iter().filter(gives))
            .copied()
            .collect();
        listed.dedup();
        if let Some(spoilt) = spoilt
            && self.spoil(spoilt, &mut listed, &required, &optional)
        {
            assert_eq!(self.submit(&drawn, listed), Err(Rule::Sealings), "{spoilt:?}");
            return Outcome::Refused(Rule::Sealings);
        }
        if reseals(&drawn.said) && listed.is_empty() {
            return Outcome::Unable;
        }
        let before = self.story.practice.clone();
        match self.submit(&drawn, listed.clone()) {
            Err(rule) => return Outcome::Refused(rule),
            Ok(None) => {}
            Ok(Some(hash)) => {
                self.undoes(&before.state);
                self.note(&drawn, hash, &listed);
            }
        }
        self.story.devices.extend(drawn.device);
        self.story.documents.extend(drawn.document);
        self.note_rights();
        Outcome::Taken
    }

    /// `None` where only time passed.
    fn submit(&mut self, drawn: &Drawn, sealings: Vec<Sealing>) -> Result<Option<Hash>, Rule> {
        let (practice, by) = (&mut self.story.practice, &drawn.by);
        match &drawn.said {
            Said::Roster(actions) => practice.roster_with(by, actions.clone(), sealings).map(Some),
            Said::Control(id, actions) => practice
                .control_with(by, *id, actions.clone(), sealings)
                .map(Some),
            Said::Other(body) => practice.say(by, body.clone()).map(Some),
            Said::Wait(time) => {
                practice.now += time;
                Ok(None)
            }
        }
    }

    /// Whether the list is spoilt: one that nothing is sealed in cannot be.
    fn spoil(
        &self,
        spoilt: Spoilt,
        listed: &mut Vec<Sealing>,
        required: &BTreeSet<Sealing>,
        optional: &BTreeSet<Sealing>,
    ) -> bool {
        let Some(first) = listed.first().copied() else {
            return false;
        };
        match spoilt {
            Spoilt::LeftOut(which) => {
                let Some(out) = required.iter().nth(which) else {
                    return false;
                };
                listed.retain(|s| s != out);
            }
            Spoilt::ToSomeoneElse(whom) => {
                let device = &self.story.devices[whom % self.story.devices.len()];
                let to = KeyRef::Device(device.id(), Class::General);
                let ghost = Sealing { to, ..first };
                if required.contains(&ghost) || optional.contains(&ghost) {
                    return false;
                }
                listed.push(ghost);
            }
            Spoilt::Twice(which) => listed.push(listed[which % listed.len()]),
        }
        true
    }

    /// What one statement did is undone by the savepoint that was taken before it.
    fn undoes(&self, before: &State) {
        let last = self.story.practice.entries.last().unwrap().statement();
        if !matches!(last.body, Body::Session(_)) {
            let mut undone = self.state().clone();
            undone.restore(before.savepoint([&last].into_iter()));
            assert!(undone == *before, "a savepoint kept too little: {:?}", last.body);
        }
    }

    fn note(&mut self, drawn: &Drawn, hash: Hash, listed: &[Sealing]) {
        let Said::Roster(actions) = &drawn.said else {
            if let (Said::Control(..), Some(id)) = (&drawn.said, drawn.document) {
                let named = self.state().roster.policy().custodian;
                self.custody.extend(named.map(|c| (id, c)));
            }
            return self.learn(listed);
        };
        let proposes = |a: &RosterAction| matches!(a, RosterAction::ProposeRecovery { .. });
        if actions.iter().any(proposes) {
            self.proposed.insert(hash, listed.to_vec());
            return;
        }
        self.learn(listed);
        for action in actions {
            if let RosterAction::ApproveRecovery { proposal } = action {
                let sealings = self.proposed.remove(proposal).unwrap();
                self.learn(&sealings);
            }
        }
    }

    /// The one whom process notes go to, and who may hold their key from the beginning.
    pub fn keeper(&self, id: &DocumentId) -> Option<MemberId> {
        let (roster, document) = (&self.state().roster, &self.state().documents[id]);
        let keeper = *self.custody.get(id)?;
        let role = roster.role(&keeper, u64::MAX);
        let staff = matches!(role, Some(Role::Admin | Role::Counselor));
        (document.lane() == Lane::ProcessNotes && staff).then_some(keeper)
    }

    pub fn may_read(&self, id: &DocumentId, member: &MemberId) -> Option<Rights> {
        let practice = &self.story.practice;
        practice.state.documents[id].rights(&practice.state.roster, member, practice.next() - 1, practice.now)
    }

    fn note_rights(&mut self) {
        let (position, now) = (self.story.practice.next() - 1, self.story.practice.now);
        for id in self.story.documents.clone() {
            let document = &self.state().documents[&id];
            let mut readers: Vec<Principal> =
                document.readers_at(position, now).map(|r| r.principal).collect();
            readers.retain(|p| match p {
                Principal::Member(member) => self.may_read(&id, member).is_some(),
                Principal::Role(_) => true,
            });
            readers.extend(self.keeper(&id).map(Principal::Member));
            let key = (id, document.epoch());
            let first = self.rights.entry(key).or_default();
            for reader in readers {
                first.entry(reader).or_insert(position);
            }
        }
    }

    /// Whether a device belonged, at some time, to a reader of an epoch or of a later one, which opens the former: a member
    /// whose right it was, or one of the role whose right it was. What was theirs to read once they may keep.
    pub fn was_read_by(&self, id: DocumentId, epoch: u64, device: &DeviceId) -> bool {
        let roster = &self.state().roster;
        let device = &roster.devices()[device];
        let there_at = |position: u64| device.revoked.is_none_or(|at| at > position);
        let later = self.rights.range((id, epoch)..=(id, u64::MAX));
        later
            .flat_map(|(_, readers)| readers)
            .any(|(reader, since)| match reader {
                Principal::Member(member) => *member == device.member && there_at(*since),
                Principal::Role(role) => roster.members()[&device.member]
                    .tenures()
                    .any(|(held, from, to)| held == *role && to > *since && there_at(from.max(*since))),
            })
    }
}

/// Whether a statement seals keys again, and so lists whatever it may.
fn reseals(said: &Said) -> bool {
    match said {
        Said::Roster(actions) => actions.contains(&RosterAction::Reseal),
        Said::Control(_, actions) => actions.contains(&DocumentAction::Reseal),
        Said::Other(_) | Said::Wait(_) => false,
    }
}

/// The keys that are made for a statement: by its signer, or by the new device whose keys it carries.
fn made(by: MemberId, said: &Said) -> Vec<KeyRef> {
    let both = |member: MemberId, generation: u32| {
        Class::ALL.map(|c| KeyRef::Member(member, c, generation)).to_vec()
    };
    match said {
        Said::Roster(actions) => actions
            .iter()
            .flat_map(|action| match action {
                RosterAction::AddMember { member, .. } => both(*member, 1),
                // Whichever generation it is to be, and whoever it is of: only what is required is listed.
                RosterAction::ProposeRecovery { member, .. } => {
                    (1..100).flat_map(|g| both(*member, g)).collect()
                }
                RosterAction::TurnMemberKey {
                    class, generation, ..
                } => vec![KeyRef::Member(by, *class, *generation)],
                RosterAction::TurnRoleKey {
                    role,
                    class,
                    generation,
                    ..
                } => {
                    vec![KeyRef::Role(*role, *class, *generation)]
                }
                _ => Vec::new(),
            })
            .collect(),
        Said::Control(id, actions) => actions
            .iter()
            .filter_map(|action| match action {
                DocumentAction::Create { .. } => Some(KeyRef::Epoch(*id, 1)),
                DocumentAction::Turn { epoch, .. } => Some(KeyRef::Epoch(*id, *epoch)),
                _ => None,
            })
            .collect(),
        Said::Other(_) | Said::Wait(_) => Vec::new(),
    }
}
