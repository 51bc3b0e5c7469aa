//! What the stories share: a practice of two, one record between them, and what the relay still keeps of it.

use std::sync::Arc;

use troth_client_core::device::{Phase, Report};
use troth_client_core::document::NewNote;
use troth_protocol::cbor;
use troth_protocol::entry::Leaf;
use troth_protocol::ids::{CaseId, DocumentId, PracticeId};
use troth_protocol::statement::{Body, Lane, Role, Statement};
use troth_protocol::stream::Stream;
use troth_server::store::{Engine, PracticeBatch, Store, open};
use troth_tests::network::Network;

/// A record that an admin (seat 0) and a counselor (seat 1) both write.
pub struct Scene {
    pub net: Network,
    pub admin: usize,
    pub counselor: usize,
    pub case: CaseId,
    pub joint: DocumentId,
    notes: u32,
    _dir: tempfile::TempDir,
}

impl Scene {
    pub fn new(seed: u64) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let store: Arc<dyn Store> = Arc::from(open(dir.path(), Engine::Sqlite).expect("a store"));
        let mut net = Network::new(seed, store);
        let admin = net.practice();
        let counselor = net.admit(admin, Role::Counselor, "Noor Haddad");
        let device = &mut net.seats[counselor].device;
        let case = device.new_case(net.now, &mut net.rng, "Okafor", "Chidi", None);
        let case = case.expect("a case");
        net.settle();
        let mut scene = Self {
            net,
            admin,
            counselor,
            case,
            joint: DocumentId::default(),
            notes: 0,
            _dir: dir,
        };
        scene.joint = scene.lane(counselor, Lane::Joint);
        scene
    }

    pub fn lane(&self, seat: usize, lane: Lane) -> DocumentId {
        let found = self.net.seats[seat].device.document_of(&self.case, lane);
        found.expect("a lane that this device knows")
    }

    /// Writes a note, and lets it reach everybody.
    pub fn write(&mut self, seat: usize, document: DocumentId, text: &str) {
        self.keep(seat, document, text);
        self.move_all();
    }

    /// Writes a note that waits on the device.
    pub fn keep(&mut self, seat: usize, document: DocumentId, text: &str) {
        self.notes += 1;
        let note = NewNote {
            author: "00".repeat(16),
            created_ms: 1,
            template: String::new(),
            text: text.to_owned(),
        };
        let mut id = [0; 16];
        id[..4].copy_from_slice(&self.notes.to_be_bytes());
        let net = &mut self.net;
        let device = &mut net.seats[seat].device;
        let edited = device.edit(net.now, &mut net.rng, document, |d| d.add_note(id, &note));
        edited.expect("an edit");
    }

    /// Sends and delivers, without waiting for anything.
    pub fn move_all(&mut self) {
        for _ in 0..3 {
            for seat in 0..self.net.seats.len() {
                self.net.pump(seat);
            }
            while self.net.step() {}
        }
    }

    /// So many notes, each in a statement of its own.
    pub fn write_many(&mut self, seat: usize, document: DocumentId, count: usize) {
        for n in 0..count {
            self.write(seat, document, &format!("session {n}"));
        }
    }

    /// A device sends a record whole, and everybody looks at it; the relay's clock ticks.
    pub fn snapshot(&mut self, seat: usize, document: DocumentId) {
        let net = &mut self.net;
        let device = &mut net.seats[seat].device;
        device
            .snapshot(net.now, &mut net.rng, document)
            .expect("a record");
        self.settle();
    }

    pub fn settle(&mut self) {
        self.net.settle();
        self.net.pass(2_000);
    }

    pub fn read(&mut self, seat: usize, document: DocumentId) -> Vec<String> {
        let device = &mut self.net.seats[seat].device;
        let notes = device.read(document, |d| d.notes()).expect("readable");
        let mut texts: Vec<String> = notes.into_iter().map(|n| n.text).collect();
        texts.sort();
        texts
    }

    pub fn practice(&self) -> PracticeId {
        *self.net.state().expect("a practice").practice()
    }

    /// Drops payloads from the relay's store by hand.
    pub fn drop_payloads(&self, erase: Vec<u64>) {
        let practice = self.practice();
        let head = self.net.store.head(&practice).expect("readable");
        let head = head.expect("a ledger");
        let batch = PracticeBatch {
            practice,
            expect: head.size,
            entries: Vec::new(),
            tiles: Vec::new(),
            head,
            snapshot: None,
            erase,
        };
        self.net.store.commit(&[batch]).expect("a write");
    }

    /// How many edits and snapshots of a record the relay has, and of how many of each the payload is gone.
    pub fn kept(&self, document: DocumentId) -> Kept {
        let mut kept = Kept::default();
        let practice = self.practice();
        let size = self
            .net
            .store
            .head(&practice)
            .expect("readable")
            .expect("a ledger")
            .size;
        for row in self
            .net
            .store
            .entries(&practice, 0, size, usize::MAX)
            .expect("readable")
        {
            let leaf: Leaf = cbor::decode(&row.leaf).expect("a leaf");
            let statement: Statement = cbor::decode(&leaf.signed.statement).expect("a statement");
            if statement.stream() != Stream::Document(document) {
                continue;
            }
            let (all, gone) = match statement.body {
                Body::Change(_) => (&mut kept.edits, &mut kept.edits_gone),
                Body::Snapshot(_) => (&mut kept.snapshots, &mut kept.snapshots_gone),
                Body::Attest(_) => (&mut kept.attested, &mut 0),
                _ => continue,
            };
            *all += 1;
            *gone += usize::from(row.payload.is_none());
        }
        kept
    }

    /// What devices said of snapshots that they refuse, and which devices.
    pub fn refusals(&self) -> Vec<(usize, String)> {
        let mut said = Vec::new();
        for (seat, of) in self.net.seats.iter().enumerate() {
            for report in &of.reports {
                if let Report::SnapshotRefused { name, why, .. } = report {
                    said.push((seat, format!("{}: {why}", name.clone().unwrap_or_default())));
                }
            }
        }
        said
    }

    /// Everybody is up to date, nobody was lied to, and every ledger verifies, the relay's own too.
    pub fn all_is_well(&mut self) {
        self.settle();
        for seat in &self.net.seats {
            let lies = seat.reports.iter().find(|r| matches!(r, Report::Dishonest(_)));
            assert!(lies.is_none(), "{lies:?}");
            assert_eq!(seat.device.phase(), Phase::Live, "{:?}", seat.reports);
            assert_eq!(seat.device.waiting(), 0, "{:?}", seat.reports);
            let verified = seat.device.verify_ledger(&mut |_, _| {});
            assert!(verified.is_ok(), "{verified:?}");
        }
        self.audited();
    }

    pub fn audited(&self) {
        let key = troth_protocol::ids::VerifyingKey(self.net.ledger_key().verifying_key().to_bytes());
        let report = troth_server::audit::verify(&self.net.store, &[key], &mut |_| {});
        let report = report.expect("a readable store");
        let faults: Vec<_> = report.ledgers.iter().flat_map(|l| &l.faults).collect();
        assert!(faults.is_empty(), "{faults:?}");
    }
}

/// See [`Scene::kept`].
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Kept {
    pub edits: usize,
    pub edits_gone: usize,
    pub snapshots: usize,
    pub snapshots_gone: usize,
    pub attested: usize,
}
