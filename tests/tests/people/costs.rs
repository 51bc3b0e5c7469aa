//! What administration writes: it does not grow with the documents, whoever comes or goes.

use troth_client_core::device::Phase;
use troth_protocol::document::Document;
use troth_protocol::ids::{DeviceId, DocumentId, Hash};
use troth_protocol::statement::{Lane, Role};
use troth_tests::bench::Tally;
use troth_tests::network::Network;

use crate::scene::{all_is_well, case, lane, member, practice, read, write};

/// Entries of the ledger.
fn size(net: &Network) -> u64 {
    net.seats[0].device.frontier().size()
}

fn since(net: &Network, position: u64) -> Tally {
    let practice = net.state().expect("a practice").practice();
    Tally::since(&*net.store, practice, position).expect("a store that can be read")
}

/// The newest control statement of every case's documents.
fn chains(net: &Network) -> Vec<(DocumentId, Hash)> {
    let documents = net.state().expect("a practice").documents.values();
    let of_cases = documents.filter(|d| d.case().is_some());
    of_cases.map(|d: &Document| (d.id(), d.head())).collect()
}

fn revoke(net: &mut Network, device: DeviceId) {
    let first = &mut net.seats[0].device;
    let revoked = first.revoke_device(net.now, &mut net.rng, device, false);
    revoked.expect("an own device");
    net.settle();
}

/// A new device of a member whose keys are of the generation that is said: what it costs.
fn costs_of_a_device(net: &mut Network, generation: u32) {
    let (before, chained) = (size(net), chains(net));
    let laptop = net.link(0, &format!("laptop {generation}"));
    net.settle();
    // A revocation leaves the directory's turn to whoever writes there next.
    let owed = usize::from(generation > 1);
    let cost = Tally {
        roster: 1,
        // The member's general and sensitive key, of the newest generation: they open all others.
        roster_keys: 2,
        logins: 1,
        // Its name, in the directory.
        edits: 1,
        control: owed,
        control_keys: 2 * owed,
        ..Tally::default()
    };
    assert_eq!(since(net, before), cost, "generation {generation}");
    assert_eq!(chains(net), chained, "nothing is sealed again for it");
    all_is_well(net);
    assert_eq!(net.seats[laptop].device.phase(), Phase::Live);
}

#[test]
fn a_new_device_costs_one_roster_entry_and_a_key_for_each_class_however_much_it_reads() {
    let (mut net, _dir) = practice(31);
    let mut cases = Vec::new();
    for generation in 1..=3 {
        for _ in 0..generation {
            cases.push(case(&mut net, 0));
        }
        let joint = lane(&net, 0, &cases[0], Lane::Joint);
        write(&mut net, 0, joint, &format!("in generation {generation}")).expect("an edit");
        net.settle();
        costs_of_a_device(&mut net, generation);
        let laptop = net.seats.len() - 1;
        let texts = read(&mut net, laptop, joint).expect("readable");
        assert_eq!(
            texts.len(),
            generation as usize,
            "it reads what was written before it came"
        );
        // The member's keys turn with it.
        let id = net.seats[laptop].device.id();
        revoke(&mut net, id);
    }
}

#[test]
fn a_key_that_is_locked_away_follows_in_one_entry_once_it_is_unlocked() {
    let (mut net, _dir) = practice(32);
    case(&mut net, 0);
    net.unlock(0);
    net.settle();
    net.seats[0].device.lock_sensitive();
    let before = size(&net);
    net.link(0, "laptop");
    net.settle();
    let cost = since(&net, before);
    assert_eq!(
        (cost.roster, cost.roster_keys, cost.control),
        (1, 1, 0),
        "{cost:?}"
    );
    let before = size(&net);
    net.unlock(0);
    net.settle();
    let cost = since(&net, before);
    assert_eq!(
        (cost.roster, cost.roster_keys, cost.control),
        (1, 1, 0),
        "{cost:?}"
    );
    all_is_well(&mut net);
}

#[test]
fn whoever_leaves_costs_one_roster_entry_and_each_document_a_turn_when_it_is_written_to() {
    let (mut net, _dir) = practice(33);
    let cases = [case(&mut net, 0), case(&mut net, 0)];
    let second = net.admit(0, Role::Admin, "Noor Haddad");
    let third = net.admit(0, Role::Admin, "Sam Vermeer");
    all_is_well(&mut net);
    let before = size(&net);
    let leaver = member(&net, third);
    let first = &mut net.seats[0].device;
    let turned = first.remove_member(net.now, &mut net.rng, leaver, false);
    assert_eq!(turned.expect("an admin"), 0);
    net.settle();
    let cost = Tally {
        roster: 1,
        // The admins' two keys: each to the two who stay, and the one before it under it.
        roster_keys: 6,
        ..Tally::default()
    };
    assert_eq!(since(&net, before), cost);

    let joint = lane(&net, 0, &cases[0], Lane::Joint);
    write(&mut net, 0, joint, "after they left").expect("an edit");
    net.settle();
    let cost = since(&net, before);
    assert_eq!((cost.roster, cost.control, cost.edits), (1, 1, 1), "{cost:?}");
    let texts = read(&mut net, second, joint);
    assert_eq!(texts, Some(vec!["after they left".to_owned()]));
    all_is_well(&mut net);
}
