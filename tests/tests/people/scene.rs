//! What the stories share.

use std::sync::Arc;

use troth_client_core::device::{DeviceError, Phase, Report, Share};
use troth_client_core::document::NewNote;
use troth_protocol::ids::{CaseId, DocumentId, MemberId};
use troth_protocol::statement::{Lane, Rights, Role};
use troth_server::store::{Engine, Store, open};
use troth_tests::network::Network;

/// A relay on a store of its own, and a practice with one admin, at seat 0.
pub fn practice(seed: u64) -> (Network, tempfile::TempDir) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store: Arc<dyn Store> = Arc::from(open(dir.path(), Engine::Sqlite).expect("a store"));
    let mut net = Network::new(seed, store);
    assert_eq!(net.practice(), 0);
    (net, dir)
}

pub fn case(net: &mut Network, seat: usize) -> CaseId {
    let device = &mut net.seats[seat].device;
    let case = device.new_case(net.now, &mut net.rng, "Okafor & Lindqvist", "Chidi", Some("Maja"));
    let case = case.expect("a case");
    net.settle();
    case
}

pub fn lane(net: &Network, seat: usize, case: &CaseId, lane: Lane) -> DocumentId {
    let found = net.seats[seat].device.document_of(case, lane);
    found.expect("a lane that this device knows")
}

pub fn member(net: &Network, seat: usize) -> MemberId {
    net.seats[seat].device.member().expect("a member")
}

/// Somebody may write, without an end.
pub fn may_write(member: MemberId) -> Share {
    Share {
        member,
        rights: Rights::Write,
        until: None,
    }
}

/// An admin of a case assigns it.
pub fn assign(net: &mut Network, by: usize, of: &CaseId, to: MemberId) {
    let assigned = net.seats[by].device.assign(&mut net.rng, of, to);
    assigned.expect("an admin, and somebody of the staff");
}

/// Whoever may shares a lane.
pub fn share_lane(net: &mut Network, by: usize, of: &CaseId, lane: Lane, share: Share) {
    let shared = net.seats[by].device.share(&mut net.rng, of, lane, share);
    shared.expect("somebody who may share this lane");
}

/// Whoever may ends a share.
pub fn unshare_lane(net: &mut Network, by: usize, of: &CaseId, lane: Lane, with: MemberId) {
    let ended = net.seats[by].device.unshare(&mut net.rng, of, lane, with);
    ended.expect("somebody who may end this share");
}

/// An admin gives a member another role.
pub fn change_role(net: &mut Network, by: usize, of: MemberId, role: Role) {
    let device = &mut net.seats[by].device;
    let changed = device.change_role(net.now, &mut net.rng, of, role);
    changed.expect("an admin");
}

/// Rounds enough for whatever has to be said again.
pub fn settle_all(net: &mut Network) {
    (0..4).for_each(|_| net.settle());
}

pub fn write(net: &mut Network, seat: usize, document: DocumentId, text: &str) -> Result<(), DeviceError> {
    let note = NewNote {
        author: member(net, seat).to_string(),
        created_ms: net.now,
        template: String::new(),
        text: text.to_owned(),
    };
    let mut id = [0; 16];
    rand::Rng::fill_bytes(&mut net.rng, &mut id);
    let device = &mut net.seats[seat].device;
    device.edit(net.now, &mut net.rng, document, |d| d.add_note(id, &note))
}

/// The texts of a document's notes as a device reads them; `None` where it cannot.
pub fn read(net: &mut Network, seat: usize, document: DocumentId) -> Option<Vec<String>> {
    let notes = net.seats[seat].device.read(document, |d| d.notes());
    let mut texts: Vec<String> = notes.ok()?.into_iter().map(|note| note.text).collect();
    texts.sort();
    Some(texts)
}

/// Everybody is up to date, nobody found the relay dishonest, and every ledger verifies.
pub fn all_is_well(net: &mut Network) {
    net.settle();
    for seat in &net.seats {
        let lies = seat.reports.iter().find(|r| matches!(r, Report::Dishonest(_)));
        assert!(lies.is_none(), "{lies:?}");
        if seat.device.phase() == Phase::Live {
            let verified = seat.device.verify_ledger(&mut |_, _| {});
            assert!(verified.is_ok(), "{verified:?}");
            assert_eq!(seat.device.waiting(), 0, "{:?}", seat.reports);
        }
    }
}
