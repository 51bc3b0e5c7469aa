//! One partner's lane is the other's only by what its own person shares.

use troth_client_core::device::{Consented, DeviceError, Recorded};
use troth_protocol::ids::{CaseId, DocumentId};
use troth_protocol::statement::{Lane, Role};
use troth_tests::network::Network;

use crate::scene::{all_is_well, assign, case, lane, may_write, member, practice, read, unshare_lane, write};

const OWN: Consented<'_> = Consented {
    words: "I share this note.",
    recorded: None,
};
const RECORDED: Consented<'_> = Consented {
    words: "They share this note.",
    recorded: Some(Recorded::InPerson),
};

fn share(net: &mut Network, of: &CaseId, lane: Lane, seat: usize) -> Result<(), DeviceError> {
    let share = may_write(member(net, seat));
    let shared = net.seats[0].device.share(&mut net.rng, of, lane, share);
    net.settle();
    net.settle();
    shared
}

fn share_note(
    net: &mut Network,
    seat: usize,
    of: &CaseId,
    document: DocumentId,
    consented: Consented<'_>,
) -> Result<(), DeviceError> {
    let device = &mut net.seats[seat].device;
    let note = device.read(document, |d| d.notes()).expect("readable")[0].id;
    let shared = device.share_note(net.now, &mut net.rng, of, Lane::PartnerA, note, consented);
    net.settle();
    shared
}

/// Each consent that a device finds in joint: whether it was recorded, and whether it holds.
fn consents(net: &mut Network, seat: usize, joint: DocumentId) -> Vec<(bool, bool)> {
    let found = net.seats[seat].device.share_consents(joint).expect("readable");
    found
        .into_iter()
        .map(|(c, holds)| (c.recorded.is_some(), holds))
        .collect()
}

#[test]
fn a_partner_with_a_device_consents_on_it_and_nobody_does_in_their_stead() {
    let (mut net, _dir) = practice(90);
    let of = case(&mut net, 0);
    let (a, b) = (
        net.admit(0, Role::Client, "A Person"),
        net.admit(0, Role::Client, "B Person"),
    );
    for (lane, seat) in [
        (Lane::PartnerA, a),
        (Lane::Joint, a),
        (Lane::PartnerB, b),
        (Lane::Joint, b),
    ] {
        share(&mut net, &of, lane, seat).expect("an admin shares");
    }
    let (own, joint) = (
        lane(&net, a, &of, Lane::PartnerA),
        lane(&net, b, &of, Lane::Joint),
    );
    write(&mut net, a, own, "mine").expect("their own lane");
    net.settle();
    for consented in [OWN, RECORDED] {
        let stead = share_note(&mut net, 0, &of, own, consented);
        assert!(
            matches!(stead, Err(DeviceError::TheirsToShare(Lane::PartnerA))),
            "{stead:?}"
        );
    }
    assert!(
        share_note(&mut net, a, &of, own, RECORDED).is_err(),
        "nor do they record their own"
    );
    assert_eq!(read(&mut net, b, joint), Some(Vec::new()));
    share_note(&mut net, a, &of, own, OWN).expect("it is theirs");
    assert_eq!(read(&mut net, b, joint), Some(vec!["mine".to_owned()]));
    for seat in [0, a, b] {
        assert_eq!(consents(&mut net, seat, joint), [(false, true)], "seat {seat}");
    }
    all_is_well(&mut net);
}

#[test]
fn the_consent_of_a_partner_without_a_device_says_who_recorded_it() {
    let (mut net, _dir) = practice(91);
    let of = case(&mut net, 0);
    let (own, joint) = (
        lane(&net, 0, &of, Lane::PartnerA),
        lane(&net, 0, &of, Lane::Joint),
    );
    write(&mut net, 0, own, "said in the session").expect("an admin writes");
    net.settle();
    let without = share_note(&mut net, 0, &of, own, OWN);
    assert!(
        matches!(without, Err(DeviceError::ConsentMissing(Lane::PartnerA))),
        "{without:?}"
    );
    share_note(&mut net, 0, &of, own, RECORDED).expect("recorded");
    let b = net.admit(0, Role::Client, "B Person");
    share(&mut net, &of, Lane::Joint, b).expect("an admin shares");
    for seat in [0, b] {
        assert_eq!(consents(&mut net, seat, joint), [(true, true)], "seat {seat}");
    }
    let found = net.seats[b].device.share_consents(joint).expect("readable");
    assert_eq!(found[0].0.member, member(&net, 0).to_string());
    all_is_well(&mut net);
}

#[test]
fn the_other_partner_is_given_no_partners_lane() {
    let (mut net, _dir) = practice(92);
    let of = case(&mut net, 0);
    let (a, b) = (
        net.admit(0, Role::Client, "A Person"),
        net.admit(0, Role::Client, "B Person"),
    );
    // Known before anything is shared, by the names that the case gives them.
    let maja = net.admit(0, Role::Client, "Maja Lindqvist");
    let others = |shared: Result<(), DeviceError>| matches!(shared, Err(DeviceError::OtherPartners(_)));
    assert!(others(share(&mut net, &of, Lane::PartnerA, maja)));
    share(&mut net, &of, Lane::PartnerA, a).expect("an admin shares");
    share(&mut net, &of, Lane::PartnerB, b).expect("an admin shares");
    assert!(others(share(&mut net, &of, Lane::PartnerB, a)));
    assert!(others(share(&mut net, &of, Lane::PartnerA, b)));
    let from_now = may_write(member(&net, b));
    let device = &mut net.seats[0].device;
    let shared = device.share_from_now(net.now, &mut net.rng, &of, Lane::PartnerA, from_now);
    assert!(others(shared));
    // Not by ending their own first either, once they wrote there.
    let own = lane(&net, b, &of, Lane::PartnerB);
    write(&mut net, b, own, "mine").expect("their own lane");
    net.settle();
    let theirs = member(&net, b);
    unshare_lane(&mut net, 0, &of, Lane::PartnerB, theirs);
    net.settle();
    assert!(others(share(&mut net, &of, Lane::PartnerA, b)));
    // Who was given the wrong lane and never wrote is given the right one when that has ended.
    let wrong = member(&net, a);
    unshare_lane(&mut net, 0, &of, Lane::PartnerA, wrong);
    net.settle();
    share(&mut net, &of, Lane::PartnerB, a).expect("now it is theirs");
    // A counselor keeps both.
    let counselor = net.admit(0, Role::Counselor, "Lin Mei");
    let assigned = member(&net, counselor);
    assign(&mut net, 0, &of, assigned);
    all_is_well(&mut net);
}
