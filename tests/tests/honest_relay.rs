//! An honest relay never incriminates itself: whoever keeps everything that it ever signed, and knows its whole ledger,
//! finds nothing in it that a judge would take for proof, whatever crashed in between.

#![allow(
    clippy::expect_used,
    reason = "what does not hold in a test's scaffolding ends the test"
)]

#[path = "honest_relay/turned.rs"]
mod turned;

use std::collections::BTreeMap;
use std::sync::Arc;

use troth_client_core::device::{Phase, Report};
use troth_client_core::document::NewNote;
use troth_protocol::cbor;
use troth_protocol::checkpoint::CompactCheckpoint;
use troth_protocol::counts::{SignedCounts, digest};
use troth_protocol::entry::{Leaf, Parsed};
use troth_protocol::evidence::{
    Contradiction, Evidence, Miscounted, Placed, Proof, Rewritten, Unproven, judge,
};
use troth_protocol::ids::DocumentId;
use troth_protocol::state::{State, verify_genesis};
use troth_protocol::statement::Lane;
use troth_protocol::stream::Stream;
use troth_protocol::tree::{Frontier, Trail, leaf_hash};
use troth_protocol::visibility::entitled;
use troth_protocol::wire::{EntryItem, Item, RelayMessage, message};
use troth_server::store::{Engine, Store, open};
use troth_tests::network::Network;

/// Everything that the relay signed, and the ledger that it has.
struct Accuser {
    checkpoints: Vec<CompactCheckpoint>,
    counts: Vec<SignedCounts>,
    leaves: Vec<Leaf>,
    /// The state at each size.
    states: Vec<State>,
    trail: Trail,
}

impl Accuser {
    /// Reads what crossed the wire, and the relay's own store.
    fn of(net: &Network) -> Self {
        let (mut checkpoints, mut counts) = (Vec::new(), Vec::new());
        for frame in &net.wire {
            match message::<RelayMessage>(frame) {
                Ok(RelayMessage::Challenge(challenge)) => checkpoints.push(challenge.checkpoint),
                Ok(RelayMessage::Items(items) | RelayMessage::Fetched(_, _, items)) => {
                    checkpoints.push(items.checkpoint);
                    counts.extend(items.counts);
                }
                _ => {}
            }
        }
        let practice = net.seats[0].device.practice().expect("founded");
        let head = net.store.head(&practice).expect("readable").expect("there");
        let rows = net.store.entries(&practice, 0, head.size, usize::MAX);
        let leaf = |bytes: &[u8]| cbor::decode::<Leaf>(bytes).expect("a leaf");
        let leaves: Vec<Leaf> = rows
            .expect("readable")
            .iter()
            .map(|row| leaf(&row.leaf))
            .collect();
        let mut trail = Trail::default();
        let mut states: Vec<State> = Vec::new();
        for (leaf, position) in leaves.iter().zip(0..) {
            trail.extend(&[(0, leaf_hash(&leaf.encode()))]);
            let parsed = Parsed::parse(leaf.signed.clone()).expect("a statement");
            let state = match states.last() {
                None => {
                    State::found(leaf.received, &verify_genesis(parsed).expect("genesis")).expect("genesis")
                }
                Some(before) => {
                    let mut state = before.clone();
                    let key = state.signing_key(parsed.statement()).expect("known");
                    let verified = parsed.verify(&key, &practice).expect("signed");
                    state
                        .apply(position, leaf.received, &verified)
                        .expect("by the rules");
                    state
                }
            };
            states.push(state);
        }
        Self {
            checkpoints,
            counts,
            leaves,
            states,
            trail,
        }
    }

    fn size(&self) -> u64 {
        self.leaves.len() as u64
    }

    /// The practice chain up to the newest turn of the ledger key.
    fn turns(&self) -> Vec<Placed> {
        let keys = self.states.last().map(|state| state.roster.ledger_keys());
        let turned = keys.and_then(<[_]>::last).map_or(0, |(at, _)| *at);
        let chain = self.leaves.iter().zip(0..=turned).skip(1).filter(|(leaf, _)| {
            let parsed = Parsed::parse(leaf.signed.clone()).expect("a statement");
            parsed.statement().stream() == Stream::Roster
        });
        chain
            .map(|(leaf, position)| Placed {
                position,
                leaf: leaf.clone(),
            })
            .collect()
    }

    fn judge(&self, proof: Proof) -> Result<Contradiction, Unproven> {
        let genesis = self.leaves[0].signed.clone();
        judge(&Evidence::new(genesis, self.turns(), proof).encode()).map(|verdict| verdict.contradiction)
    }

    /// The first thing that convicts.
    fn accuse(&self) -> Option<Contradiction> {
        let mut by_size: BTreeMap<u64, CompactCheckpoint> = BTreeMap::new();
        for checkpoint in &self.checkpoints {
            let first = *by_size.entry(checkpoint.size).or_insert(*checkpoint);
            match self.judge(Proof::Roots(first, *checkpoint)) {
                Ok(found) => return Some(found),
                Err(why) => assert_eq!(why, Unproven::Consistent),
            }
        }
        let newest = *by_size.get(&self.size())?;
        for (size, earlier) in by_size.range(..self.size()) {
            let past = self.trail.at(*size).expect("a size of the ledger");
            let rewritten = Rewritten {
                earlier: *earlier,
                frontier: past.frontier,
                since: past.since,
                later: newest,
            };
            if let Ok(found) = self.judge(Proof::Rewritten(rewritten)) {
                return Some(found);
            }
        }
        self.counts
            .iter()
            .find_map(|signed| self.miscounted(signed, newest))
    }

    /// What was counted: all that some member may see.
    fn counted(&self, signed: &SignedCounts) -> Option<BTreeMap<Stream, u64>> {
        let size = usize::try_from(signed.counts.checkpoint.size).expect("a size");
        let state = self.states.get(size - 1)?;
        let mut maps = state
            .roster
            .members()
            .keys()
            .map(|member| entitled(state, member));
        maps.find(|map| digest(map) == signed.counts.digest)
    }

    /// Whether counts contradict any entry of the whole ledger.
    fn miscounted(&self, signed: &SignedCounts, newest: CompactCheckpoint) -> Option<Contradiction> {
        let counts = self.counted(signed)?;
        let entry = |leaf: &Leaf| {
            Item::Entry(EntryItem {
                leaf: leaf.clone(),
                payload: None,
            })
        };
        counts.keys().find_map(|stream| {
            let proof = Miscounted {
                signed: *signed,
                counts: counts.clone(),
                stream: *stream,
                frontier: Frontier::new(),
                items: self.leaves.iter().map(entry).collect(),
                checkpoint: newest,
            };
            self.judge(Proof::Counts(proof)).ok()
        })
    }
}

struct Office {
    net: Network,
    dir: tempfile::TempDir,
    joint: DocumentId,
    notes: u8,
}

impl Office {
    /// Two devices of one counselor, with a case.
    fn open(seed: u64) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let mut net = Network::new(seed, store(dir.path()));
        let first = net.practice();
        net.link(first, "laptop");
        let device = &mut net.seats[first].device;
        let case = device
            .new_case(net.now, &mut net.rng, "Okafor", "Chidi", None)
            .expect("a case");
        net.settle();
        let joint = net.seats[first].device.document_of(&case, Lane::Joint);
        let joint = joint.expect("a joint lane");
        Self {
            net,
            dir,
            joint,
            notes: 0,
        }
    }

    /// Somebody writes, and sends it.
    fn write(&mut self, seat: usize) {
        self.notes += 1;
        let note = NewNote {
            author: "00".repeat(16),
            created_ms: 1,
            template: String::new(),
            text: format!("note {}", self.notes),
        };
        let (id, net) = ([self.notes; 16], &mut self.net);
        net.seats[seat]
            .device
            .edit(net.now, &mut net.rng, self.joint, |d| d.add_note(id, &note))
            .expect("an edit");
        net.pump(seat);
    }

    fn settle(&mut self) {
        for _ in 0..20 {
            self.net.settle();
            let live = |seat: &troth_tests::network::Seat| !seat.online || seat.device.phase() == Phase::Live;
            if self.net.seats.iter().all(live) {
                return;
            }
        }
    }

    fn accusations(&self) -> usize {
        let reports = self.net.seats.iter().flat_map(|seat| &seat.reports);
        reports.filter(|r| matches!(r, Report::Dishonest(_))).count()
    }
}

fn store(dir: &std::path::Path) -> Arc<dyn Store> {
    Arc::from(open(dir, Engine::Sqlite).expect("a store"))
}

#[test]
fn a_relay_that_is_killed_around_every_signature_signs_nothing_against_itself() {
    let mut office = Office::open(61);
    for round in 0..24 {
        let seat = round % 2;
        office.write(seat);
        match round % 4 {
            0 => office.net.crash(false),
            1 => office.net.crash(true),
            2 => office.net.restart_relay(),
            _ => {}
        }
        if round % 5 == 0 {
            office.net.restart_device(1 - seat);
        }
        office.settle();
        office.net.pass(31_000);
        assert_eq!(office.net.seats[seat].device.waiting(), 0, "round {round}");
    }
    assert_eq!(office.accusations(), 0);
    for seat in 0..2 {
        let read = office.net.seats[seat]
            .device
            .read(office.joint, |d| d.notes().len());
        assert_eq!(
            read.expect("readable"),
            24,
            "nothing was lost, nothing came twice"
        );
    }
    let accuser = Accuser::of(&office.net);
    assert!(accuser.checkpoints.len() > 100 && accuser.counts.len() > 24);
    assert!(
        accuser
            .counts
            .iter()
            .all(|signed| accuser.counted(signed).is_some())
    );
    assert_eq!(accuser.accuse(), None);
}

/// A backup that is older than what devices saw is a rollback to them, and no proof. What the relay signs is, where its operator
/// does not say that it was restored and a device comes first that had seen no more: `tests/restored_relay.rs` has the rest.
#[test]
fn an_older_backup_is_no_proof_until_it_grows_another_way() {
    let mut office = Office::open(62);
    let phone = office.net.link(0, "phone");
    office.settle();
    office.net.offline(phone);
    let backup = || {
        let backup = tempfile::tempdir().expect("a temporary directory");
        let to = backup.path().join("store");
        std::fs::create_dir(&to).expect("a new directory");
        for file in std::fs::read_dir(office.dir.path().join("store"))
            .expect("a store")
            .flatten()
        {
            if !file.file_name().to_string_lossy().ends_with("-shm") {
                std::fs::copy(file.path(), to.join(file.file_name())).expect("a copy");
            }
        }
        backup
    };
    let (first, again) = (backup(), backup());
    office.write(0);
    office.settle();
    let grown = Accuser::of(&office.net);
    assert_eq!(grown.accuse(), None);
    office.net.swap_store(store(first.path()));
    for _ in 0..10 {
        office.net.settle();
    }
    assert_eq!(office.accusations(), 2, "both devices that saw more");
    let unproven = |seat: &troth_tests::network::Seat| {
        seat.reports
            .iter()
            .all(|r| !matches!(r, Report::Dishonest(evidence) if evidence.proof.is_some()))
    };
    assert!(office.net.seats.iter().all(unproven));
    let rolled_back = Accuser {
        leaves: grown.leaves,
        states: grown.states,
        trail: grown.trail,
        ..Accuser::of(&office.net)
    };
    assert_eq!(
        rolled_back.accuse(),
        None,
        "an old size, signed again, has its old root"
    );

    // Those devices showed the relay that it was restored. Without them it could not know.
    office.net.offline(0);
    office.net.offline(1);
    office.net.swap_store(store(again.path()));
    office.net.online(phone);
    office.settle();
    for _ in 0..3 {
        office.write(phone);
        office.settle();
    }
    assert!(matches!(
        Accuser::of(&office.net).accuse(),
        Some(Contradiction::TwoRoots { .. })
    ));
}
