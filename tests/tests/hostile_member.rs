//! A member with valid keys who attacks the others through what they write. Each attack costs every other member a line that
//! names the device that sent it, bounded time, and nothing else: the record stays readable and takes edits.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on must stop"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use automerge::legacy::{ElementId, Key, ObjectId, OpId, OpType};
use automerge::{ActorId, Change, ExpandedChange, ScalarValue};
use troth_client_core::content::Edits;
use troth_client_core::crypto::{MAX_CONTENT, actor};
use troth_client_core::device::{Phase, Report};
use troth_client_core::document::{Incoming, LaneDocument, NewNote, limits};
use troth_protocol::ids::{DeviceId, DocumentId};
use troth_protocol::statement::{Lane, Role};
use troth_server::store::{Engine, Store, open};
use troth_tests::network::Network;

/// Longest that reading may take, an unoptimised build on a busy machine included.
const PATIENCE: Duration = Duration::from_secs(30);

struct Scene {
    net: Network,
    admin: usize,
    mallory: usize,
    joint: DocumentId,
    _dir: tempfile::TempDir,
}

fn scene(seed: u64) -> Scene {
    let dir = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::from(open(dir.path(), Engine::Sqlite).unwrap());
    let mut net = Network::new(seed, store);
    let admin = net.practice();
    let mallory = net.admit(admin, Role::Counselor, "Mallory");
    let device = &mut net.seats[admin].device;
    let case = device
        .new_case(net.now, &mut net.rng, "Okafor", "Chidi", None)
        .unwrap();
    net.settle();
    let member = net.seats[mallory].device.member().unwrap();
    net.seats[admin]
        .device
        .assign(&mut net.rng, &case, member)
        .unwrap();
    net.settle();
    let joint = net.seats[admin].device.document_of(&case, Lane::Joint).unwrap();
    let mut scene = Scene {
        net,
        admin,
        mallory,
        joint,
        _dir: dir,
    };
    scene.write(admin, "before");
    assert_eq!(scene.read(mallory), ["before"]);
    scene
}

impl Scene {
    fn write(&mut self, seat: usize, text: &str) {
        let note = NewNote {
            author: "00".repeat(16),
            created_ms: 1,
            template: String::new(),
            text: text.to_owned(),
        };
        let (mut id, net) = ([0; 16], &mut self.net);
        rand::Rng::fill_bytes(&mut net.rng, &mut id);
        let device = &mut net.seats[seat].device;
        device
            .edit(net.now, &mut net.rng, self.joint, |d| d.add_note(id, &note))
            .unwrap();
        net.settle();
    }

    fn read(&mut self, seat: usize) -> Vec<String> {
        let device = &mut self.net.seats[seat].device;
        let texts = device.read(self.joint, |d| d.notes().into_iter().map(|n| n.text).collect());
        let mut texts: Vec<String> = texts.unwrap();
        texts.sort();
        texts
    }

    fn id(&self, seat: usize) -> DeviceId {
        self.net.seats[seat].device.id()
    }

    /// Mallory's next honest change, not sent.
    fn honest(&mut self) -> Vec<u8> {
        let id = actor(&self.id(self.mallory), &self.joint);
        let device = &mut self.net.seats[self.mallory].device;
        let changes = device.read_mut(self.joint, |d| d.changes_since(&[])).unwrap();
        let mut copy = LaneDocument::new(id).unwrap();
        let incoming: Vec<Incoming> = changes
            .iter()
            .map(|change| Incoming {
                change: change.clone(),
                actor: troth_client_core::document::claimed_actor(change).unwrap(),
            })
            .collect();
        assert_eq!(copy.apply(&incoming).unwrap().accepted.len(), changes.len());
        copy.set_field("mood", "low").unwrap()
    }

    /// Mallory's program sends these bytes as if they were a change: sealed, signed, in their own name.
    fn sends(&mut self, change: &[u8]) {
        let (net, seat) = (&mut self.net, self.mallory);
        let device = &mut net.seats[seat].device;
        device
            .edit(net.now, &mut net.rng, self.joint, |_| Ok(change.to_vec()))
            .unwrap();
        net.settle();
    }

    /// Everybody else was told who sent it, once; the record reads, takes edits, and opens again.
    fn costs_a_line(&mut self, words: &str) {
        let start = Instant::now();
        let admin = self.admin;
        assert_eq!(self.read(admin), ["before"]);
        assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
        // Whoever only reads is told as well, with the person's name, and once.
        let said = {
            let Network { seats, rng, .. } = &mut self.net;
            let device = &mut seats[admin].device;
            let said = device.take_aside(rng).unwrap();
            assert!(device.take_aside(rng).unwrap().is_empty());
            said
        };
        self.write(admin, "after");
        let name: String = self.id(self.mallory).to_string()[..8].to_owned();
        let reported = self.net.seats[admin]
            .reports
            .iter()
            .filter_map(|report| match report {
                Report::Quarantined { what, .. } => Some(what),
                Report::Dishonest(evidence) => panic!("the relay did nothing: {evidence:?}"),
                _ => None,
            });
        let lines: Vec<&String> = said.iter().chain(reported).collect();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].contains(&name) && lines[0].contains(words), "{lines:?}");
        assert!(lines[0].starts_with("Mallory: "), "{lines:?}");
        self.net.restart_device(admin);
        self.net.settle();
        assert_eq!(self.read(admin), ["after", "before"]);
        assert_eq!(self.net.seats[admin].device.quarantine().unwrap().len(), 1);
        assert!(self.net.seats[admin].device.verify_ledger(&mut |_, _| {}).is_ok());
    }
}

fn expand(change: &[u8]) -> ExpandedChange {
    Change::try_from(change).unwrap().decode()
}

fn lie(scene: &mut Scene, edit: impl FnOnce(&mut ExpandedChange)) -> Vec<u8> {
    let mut change = expand(&scene.honest());
    edit(&mut change);
    Change::from(change).raw_bytes().to_vec()
}

#[test]
fn the_bundle_that_loops_for_ever() {
    let mut scene = scene(1);
    scene.sends(include_bytes!(
        "../../client-core/tests/fixtures/automerge-0.12.0-bundle-hang.bin"
    ));
    scene.costs_a_line("");
}

#[test]
fn well_formed_changes_that_no_document_allows() {
    type Edit = fn(&mut ExpandedChange);
    let lies: [(u64, Edit); 6] = [
        (10, |c| c.start_op = 4_000_000_000u64.try_into().unwrap()),
        (11, |c| c.seq = u64::MAX),
        (12, |c| {
            c.operations[0].action = OpType::Put(ScalarValue::counter(1))
        }),
        (13, |c| c.deps.clear()),
        (14, |c| c.actor_id = ActorId::from(&[9; 16][..])),
        (15, |c| {
            let far = OpId::new(1 << 40, &ActorId::from(&[9; 16][..]));
            c.operations[0].obj = ObjectId::Id(far.clone());
            c.operations[0].key = Key::Seq(ElementId::Id(far));
        }),
    ];
    for (seed, edit) in lies {
        let mut scene = scene(seed);
        let lie = lie(&mut scene, edit);
        scene.sends(&lie);
        scene.costs_a_line("");
    }
}

#[test]
fn a_number_used_twice() {
    let mut scene = scene(20);
    let other = lie(&mut scene, |c| {
        c.operations[0].action = OpType::Put("another".into())
    });
    let honest = scene.honest();
    scene.sends(&honest);
    scene.sends(&other);
    scene.costs_a_line("");
}

#[test]
fn text_that_is_no_text() {
    let mut scene = scene(21);
    let mut change = scene.honest();
    let at = change.windows(3).position(|w| w == b"low").unwrap();
    change[at..at + 3].copy_from_slice(&[0xff, 0xfe, 0xc0]);
    scene.sends(&mended(&change));
    scene.costs_a_line("");
}

/// The change with a checksum that fits.
fn mended(change: &[u8]) -> Vec<u8> {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(&change[8..]);
    [&change[..4], &digest[..4], &change[8..]].concat()
}

#[test]
fn megabytes_that_travel_as_kilobytes() {
    const SENT: usize = 48;
    let mut scene = scene(22);
    scene.net.offline(scene.admin);
    for _ in 0..SENT {
        scene.sends(&vec![0; 900 * 1024]);
    }
    scene.net.online(scene.admin);
    // A device that was away for long waits up to a minute before it tries again.
    (0..10).for_each(|_| scene.net.settle());
    assert_eq!(scene.net.seats[scene.admin].device.phase(), Phase::Live);
    let start = Instant::now();
    let admin = scene.admin;
    assert_eq!(scene.read(admin), ["before"]);
    assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
    scene.write(admin, "after");
    assert_eq!(scene.read(admin), ["after", "before"]);
    let lines = scene.net.seats[admin].device.quarantine().unwrap();
    let name: String = scene.id(scene.mallory).to_string()[..8].to_owned();
    assert_eq!(lines.len(), SENT, "one line for each");
    assert!(lines.iter().all(|line| line.what.contains(&name)));
}

/// A chain of changes whose first link is kept back. So many are held, whatever is sent and however often the device is started;
/// the others are where they stood, and none is lost should the first come after all, as it may from somebody honest whose
/// payload was late.
#[test]
fn changes_that_follow_one_that_never_comes_are_held_up_to_a_bound_and_all_there_when_it_comes() {
    const SENT: usize = 3 * limits::WAITING + 7;
    let mut scene = scene(23);
    let (admin, mallory) = (scene.admin, scene.mallory);
    let id = actor(&scene.id(mallory), &scene.joint);
    let mut theirs = LaneDocument::new(id).unwrap();
    let known = scene.net.seats[mallory]
        .device
        .read_mut(scene.joint, |d| d.changes_since(&[]))
        .unwrap();
    let known: Vec<Incoming> = known
        .into_iter()
        .map(|change| Incoming {
            actor: troth_client_core::document::claimed_actor(&change).unwrap(),
            change,
        })
        .collect();
    theirs.apply(&known).unwrap();
    let first = theirs.set_field("mood", "first").unwrap();
    for number in 1..=SENT {
        let change = theirs.set_field("mood", &format!("number {number}")).unwrap();
        let net = &mut scene.net;
        net.seats[mallory]
            .device
            .edit(net.now, &mut net.rng, scene.joint, |_| Ok(change))
            .unwrap();
    }
    while scene.net.seats[mallory].device.waiting() > 0 {
        scene.net.settle();
    }
    for restarted in [false, true, true] {
        if restarted {
            scene.net.restart_device(admin);
            scene.net.settle();
        }
        assert_eq!(scene.read(admin), ["before"]);
        let (held, behind) = scene.net.seats[admin].device.held_back(scene.joint);
        assert_eq!(held, limits::WAITING);
        assert!(behind > 0, "{behind} entries");
        scene.net.seats[admin].device.flush(&mut scene.net.rng).unwrap();
    }
    let name: String = scene.id(mallory).to_string()[..8].to_owned();
    let lines = scene.net.seats[admin].device.quarantine().unwrap();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].what.contains(&name), "{lines:?}");
    // Everybody else goes on.
    scene.write(admin, "after");
    assert_eq!(scene.read(admin), ["after", "before"]);

    scene.sends(&first);
    assert_eq!(scene.read(admin), ["after", "before"]);
    let mood = |scene: &mut Scene| {
        let device = &mut scene.net.seats[admin].device;
        device.read(scene.joint, |d| d.field("mood")).unwrap()
    };
    let values: Vec<String> = mood(&mut scene).into_iter().map(|v| v.value).collect();
    assert_eq!(values, [format!("number {SENT}")], "nothing was lost");
    assert_eq!(scene.net.seats[admin].device.held_back(scene.joint), (0, 0));
}

#[test]
fn millions_of_changes_in_one_payload_are_not_even_read() {
    let count = MAX_CONTENT as u32 - 16;
    let mut many = vec![0x82, 0xf6, 0x9a];
    many.extend_from_slice(&count.to_be_bytes());
    many.resize(many.len() + count as usize, 0x40);
    assert!(many.len() <= MAX_CONTENT, "it would be opened");
    let start = Instant::now();
    assert!(Edits::decode(&many).is_err());
    assert!(
        start.elapsed() < Duration::from_millis(100),
        "{:?}",
        start.elapsed()
    );
}
