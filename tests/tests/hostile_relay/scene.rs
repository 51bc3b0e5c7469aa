//! A counselor who writes on one device, a second device that the relay lies to, and what the lie must not do.

use std::path::Path;
use std::sync::Arc;

use ed25519_dalek::SigningKey;
use troth_client_core::device::{DeviceError, Phase, Report};
use troth_client_core::document::NewNote;
use troth_protocol::checkpoint::{Checkpoint, CompactCheckpoint};
use troth_protocol::evidence::{Contradiction, judge};
use troth_protocol::ids::{DocumentId, Hash, PracticeId, VerifyingKey};
use troth_protocol::state::State;
use troth_protocol::statement::Lane;
use troth_protocol::tree::{Frontier, leaf_hash};
use troth_protocol::wire::{EntryItem, Item, Items, RelayMessage};
use troth_server::store::{Engine, Store, open};
use troth_tests::network::Network;

/// Two linked devices with one case between them.
pub struct Scene {
    pub net: Network,
    pub dir: tempfile::TempDir,
    /// The device that writes.
    pub writer: usize,
    /// The device that is lied to.
    pub victim: usize,
    pub joint: DocumentId,
    notes: u8,
}

/// What a device knew before the lie.
pub struct Known {
    pub frontier: Frontier,
    pub state: State,
}

/// What a relay signs with, and under which name.
#[derive(Clone)]
pub struct Signer {
    pub key: SigningKey,
    pub practice: PracticeId,
    pub origin: String,
}

impl Scene {
    pub fn new(seed: u64) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let mut net = Network::new(seed, store(dir.path()));
        let writer = net.practice();
        let victim = net.link(writer, "laptop");
        let device = &mut net.seats[writer].device;
        let case = device
            .new_case(net.now, &mut net.rng, "Okafor", "Chidi", None)
            .expect("a case");
        net.settle();
        let joint = net.seats[writer]
            .device
            .document_of(&case, Lane::Joint)
            .expect("a joint lane");
        let mut scene = Self {
            net,
            dir,
            writer,
            victim,
            joint,
            notes: 0,
        };
        scene.write("before the lie");
        assert_eq!(scene.read(victim), ["before the lie"]);
        scene
    }

    /// The writer writes, and everything that moves moves.
    pub fn write(&mut self, text: &str) {
        self.write_on(self.writer, text);
    }

    pub fn write_on(&mut self, seat: usize, text: &str) {
        self.notes += 1;
        let (author, template) = ("00".repeat(16), String::new());
        let note = NewNote {
            author,
            created_ms: 1,
            template,
            text: text.to_owned(),
        };
        let (id, net) = ([self.notes; 16], &mut self.net);
        let device = &mut net.seats[seat].device;
        device
            .edit(net.now, &mut net.rng, self.joint, |d| d.add_note(id, &note))
            .expect("an edit");
        net.settle();
    }

    /// Lets a device reach the relay again, however long it had made up its mind to wait.
    pub fn back(&mut self, seat: usize) {
        self.net.online(seat);
        for _ in 0..20 {
            self.net.settle();
            if self.net.seats[seat].device.phase() != Phase::Offline {
                break;
            }
        }
    }

    pub fn read(&mut self, seat: usize) -> Vec<String> {
        let device = &mut self.net.seats[seat].device;
        let texts = device.read(self.joint, |d| d.notes().into_iter().map(|n| n.text).collect());
        let mut texts: Vec<String> = texts.expect("readable");
        texts.sort();
        texts
    }

    /// From now on the relay changes the items that it sends to the victim.
    pub fn lie(&mut self, mut change: impl FnMut(&mut Items) + 'static) {
        let victim = self.victim;
        self.net.tamper = Some(Box::new(move |message, seat| {
            if let (RelayMessage::Items(items), true) = (message, seat == victim) {
                change(items);
            }
            true
        }));
    }

    pub fn known(&self) -> Known {
        let device = &self.net.seats[self.victim].device;
        Known {
            frontier: device.frontier().clone(),
            state: device.state().expect("synced").clone(),
        }
    }

    pub fn signer(&self) -> Signer {
        let state = self.net.seats[self.writer].device.state().expect("synced");
        Signer {
            key: self.net.ledger_key().clone(),
            practice: *state.practice(),
            origin: state.roster.ledger_origin(),
        }
    }

    /// A copy of the relay's store as it is now.
    pub fn backup(&self, into: &Path) -> Arc<dyn Store> {
        let (from, to) = (self.dir.path().join("store"), into.join("store"));
        std::fs::create_dir(&to).expect("a new directory");
        for file in std::fs::read_dir(from).expect("a store").flatten() {
            // Shared memory is rebuilt from the log beside it.
            if !file.file_name().to_string_lossy().ends_with("-shm") {
                std::fs::copy(file.path(), to.join(file.file_name())).expect("a copy");
            }
        }
        store(into)
    }

    /// The lie was noticed, named in these words, and has left nothing behind. Gives back the evidence, where there is any.
    pub fn caught(&mut self, known: &Known, words: &str) -> Option<Vec<u8>> {
        let proof = self.accused(words);
        let device = &self.net.seats[self.victim].device;
        assert_eq!(device.frontier(), &known.frontier, "nothing was folded");
        self.net.tamper = None;
        self.write("after the lie");
        self.net.pass(65_000);
        let victim = &self.net.seats[self.victim].device;
        assert_eq!(victim.phase(), Phase::Halted, "nothing wakes it");
        assert_eq!(victim.frontier(), &known.frontier);
        assert_eq!(victim.state(), Some(&known.state), "nothing is shown of it");
        let reopened = self
            .net
            .open_with(self.victim, troth_tests::network::PASSPHRASE)
            .expect("it opens");
        assert_eq!(reopened.frontier(), &known.frontier, "nothing was kept");
        assert_eq!(reopened.state(), Some(&known.state), "nothing was kept");
        reopened
            .verify_ledger(&mut |_, _| {})
            .expect("what it holds is what it verified");
        proof
    }

    /// The device said once that the relay is dishonest, in these words, keeps what shows it, and writes no more.
    pub fn accused(&mut self, words: &str) -> Option<Vec<u8>> {
        let seat = &mut self.net.seats[self.victim];
        let accusations: Vec<_> = seat
            .reports
            .iter()
            .filter_map(|r| match r {
                Report::Dishonest(evidence) => Some(evidence),
                _ => None,
            })
            .collect();
        assert_eq!(
            accusations.len(),
            1,
            "{:?} {:?}",
            seat.reports,
            seat.device.phase()
        );
        assert!(accusations[0].what.contains(words), "{}", accusations[0].what);
        let proof = accusations[0].proof.clone();
        assert_eq!(seat.device.phase(), Phase::Halted);
        let edit = seat
            .device
            .edit(0, &mut self.net.rng, self.joint, |d| d.set_field("goal", "go on"));
        assert!(
            matches!(edit, Err(DeviceError::Halted | DeviceError::Proven)),
            "{edit:?}"
        );
        proof
    }

    /// The same, with a file that a stranger judges: what it proves.
    pub fn convicted(&mut self, words: &str) -> Contradiction {
        let file = self.accused(words).expect("a file");
        let verdict = judge(&file).expect("it proves something");
        let signer = self.signer();
        assert_eq!(verdict.practice, signer.practice);
        assert_eq!(verdict.origin, signer.origin);
        let key = VerifyingKey(signer.key.verifying_key().to_bytes());
        assert_eq!(verdict.keys, [key, key]);
        verdict.contradiction
    }

    /// The same, with nothing that would convince anybody else.
    pub fn suspected(&mut self, words: &str) {
        assert_eq!(self.accused(words), None, "a suspicion is no proof");
    }
}

impl Signer {
    /// The relay's signature on a size and root.
    pub fn checkpoint(&self, size: u64, root: Hash) -> CompactCheckpoint {
        Checkpoint::new(&*self.origin, size, root)
            .expect("a plain origin")
            .sign_compact(&self.key)
    }

    /// Signs whatever the items lead to from a frontier.
    pub fn sign(&self, items: &mut Items, frontier: &Frontier) {
        let mut frontier = frontier.clone();
        items.from = frontier.size();
        for item in &items.items {
            match item {
                Item::Entry(entry) => frontier.push_leaf(leaf_hash(&entry.leaf.encode())).expect("room"),
                Item::Roots(run) => run.fold_into(&mut frontier).expect("a run that fits"),
            }
        }
        items.checkpoint = self.checkpoint(frontier.size(), frontier.root());
    }
}

/// The first entry among items.
pub fn first(items: &mut Items) -> Option<&mut EntryItem> {
    items.items.iter_mut().find_map(|item| match item {
        Item::Entry(entry) => Some(entry),
        Item::Roots(_) => None,
    })
}

pub fn store(dir: &Path) -> Arc<dyn Store> {
    Arc::from(open(dir, Engine::Sqlite).expect("a store"))
}
