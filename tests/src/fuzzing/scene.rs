//! The practice that the stateful targets begin with: made once by real devices, then copied for each script.

use std::sync::{Arc, OnceLock};

use troth_client_core::document::NewNote;
use troth_client_core::storage::MemoryStorage;
use troth_protocol::ids::{DocumentId, Hash, MemberId, PracticeId};
use troth_protocol::statement::{Lane, Role};
use troth_protocol::tree::{Frontier, leaf_hash};
use troth_server::store::Store;

use crate::network::Network;
use crate::simulation::MemoryStore;
use crate::wire_client::Device;

/// What every script finds.
pub(super) struct Scene {
    /// The relay's store.
    pub(super) store: MemoryStore,
    pub(super) now: u64,
    pub(super) practice: PracticeId,
    /// An admin, a counselor, a client, an auditor: each with a device whose keys the script holds.
    pub(super) people: Vec<Device>,
    pub(super) members: Vec<MemberId>,
    /// Lanes of one case.
    pub(super) documents: Vec<DocumentId>,
    /// The root of the ledger at each size, as it truly is.
    pub(super) roots: Vec<Hash>,
    /// The admin's own second device, as it was before the newest entries.
    pub(super) behind: MemoryStorage,
}

pub(super) fn scene() -> &'static Scene {
    static SCENE: OnceLock<Scene> = OnceLock::new();
    SCENE.get_or_init(make)
}

/// A practice with its founder alone: its state as a relay writes it down, and its ledger in a file.
pub(super) fn founded() -> (Vec<u8>, Vec<u8>) {
    let mut net = Network::new(1, Arc::new(MemoryStore::default()));
    let admin = net.practice();
    let state = troth_protocol::cbor::encode(net.state().expect("a practice"));
    (state, net.seats[admin].device.export_ledger().expect("a ledger"))
}

fn make() -> Scene {
    let store = Arc::new(MemoryStore::default());
    let mut net = Network::new(1, store.clone());
    let admin = net.practice();
    let laptop = net.link(admin, "laptop");
    let counselor = net.admit(admin, Role::Counselor, "Bo Lind");
    let client = net.admit(admin, Role::Client, "Chidi Okafor");
    let auditor = net.admit(admin, Role::Auditor, "Dana Moss");
    let case = net.seats[admin]
        .device
        .new_case(net.now, &mut net.rng, "Okafor & Lindqvist", "Chidi", Some("Maja"))
        .expect("a case");
    net.settle();
    let member = |net: &Network, seat: usize| net.seats[seat].device.member().expect("a member");
    let theirs = member(&net, counselor);
    let device = &mut net.seats[admin].device;
    device
        .assign(&mut net.rng, &case, theirs)
        .expect("a case to assign");
    net.settle();
    let lanes = [Lane::Joint, Lane::PartnerA, Lane::Admin];
    let documents: Vec<DocumentId> = lanes
        .iter()
        .filter_map(|lane| net.seats[admin].device.document_of(&case, *lane))
        .collect();
    assert_eq!(documents.len(), lanes.len());
    let practice = net.state().map(|state| *state.practice()).expect("a practice");
    write(&mut net, admin, documents[0], "before");
    net.offline(laptop);
    let behind = net.storage(laptop).clone();
    let mut people = Vec::new();
    let mut members = Vec::new();
    for seat in [admin, counselor, client, auditor] {
        people.push(net.own_device(seat));
        members.push(member(&net, seat));
    }
    for text in ["one", "two"] {
        write(&mut net, admin, documents[0], text);
        write(&mut net, counselor, documents[1], text);
    }
    let rows = store.entries(&practice, 0, u64::MAX, usize::MAX).expect("rows");
    let mut frontier = Frontier::new();
    let mut roots = vec![frontier.root()];
    for row in &rows {
        frontier.push_leaf(leaf_hash(&row.leaf)).expect("room");
        roots.push(frontier.root());
    }
    Scene {
        store: store.copy(),
        now: net.now,
        practice,
        people,
        members,
        documents,
        roots,
        behind,
    }
}

fn write(net: &mut Network, seat: usize, document: DocumentId, text: &str) {
    let note = NewNote {
        author: "00".repeat(16),
        created_ms: net.now,
        template: String::new(),
        text: text.to_owned(),
    };
    let mut id = [0; 16];
    rand::Rng::fill_bytes(&mut net.rng, &mut id);
    let device = &mut net.seats[seat].device;
    device
        .edit(net.now, &mut net.rng, document, |d| d.add_note(id, &note))
        .expect("an edit");
    net.settle();
}
