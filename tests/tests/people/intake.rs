//! Intake within a practice: whose lane answers go into, who reads them, and what an erasure takes.

use troth_client_core::device::{ANSWERS, Arrived};
use troth_client_core::intake::{Answered, Said};
use troth_protocol::ids::CaseId;
use troth_protocol::statement::{Lane, Role};
use troth_tests::intake_client::{CONSENT, WORDS, answers, sent};
use troth_tests::network::Network;

use crate::scene::{all_is_well, case, lane, may_write, member, practice, read, settle_all, write};

const PIN: &str = "194823";

fn inbox(net: &mut Network, seat: usize) -> Vec<Arrived> {
    net.seats[seat].device.inbox().expect("readable")
}

fn accept(net: &mut Network, seat: usize, arrived: &Arrived) {
    let device = &mut net.seats[seat].device;
    let taken = device.accept_answers(net.now, &mut net.rng, arrived);
    taken.expect("somebody who writes the lane");
    settle_all(net);
}

/// The answers that a device finds in a partner's lane.
fn taken(net: &mut Network, seat: usize, of: &CaseId, which: Lane) -> usize {
    let document = lane(net, seat, of, which);
    let records = net.seats[seat]
        .device
        .read(document, |d| d.records(Some(ANSWERS)));
    records.expect("readable").len()
}

#[test]
fn consents_stand_in_the_case_as_the_client_signed_them_and_a_withdrawal_shows() {
    let (mut net, _dir) = practice(201);
    let of = case(&mut net, 0);
    let client = sent(&mut net, 0, of, Lane::PartnerA, 1);
    let receipt = client.say(&mut net, PIN, &answers("as it is"));
    let came = inbox(&mut net, 0).remove(0);
    assert!(came.holds && came.consents_signed.is_some());
    accept(&mut net, 0, &came);
    let consents = net.seats[0].device.intake_consents(&of).expect("readable");
    let [given] = &consents[..] else {
        panic!("{consents:?}")
    };
    let consent = &given.consent;
    assert_eq!((consent.name.as_str(), consent.given), (CONSENT, true));
    assert_eq!((consent.text.as_str(), consent.language.as_str()), (WORDS, "en"));
    assert_eq!(consent.version, "urn:troth:test:words|3");
    assert_eq!(given.position, Some(receipt.position));
    assert!(given.signed && given.latest && !given.withdrawn);

    let withdrawing = Said::Withdraw {
        consents: vec![CONSENT.into(), "what no form asked for".into()],
    };
    client.say(&mut net, PIN, &withdrawing);
    let came = inbox(&mut net, 0).remove(1);
    assert_eq!(came.consents.len(), 1, "what the form does not know is nothing");
    let device = &mut net.seats[0].device;
    for _ in 0..2 {
        let done = device.accept_withdrawal(net.now, &mut net.rng, &came);
        done.expect("somebody who writes the case");
    }
    settle_all(&mut net);
    let consents = net.seats[0].device.intake_consents(&of).expect("readable");
    let stands: Vec<_> = consents
        .iter()
        .map(|c| (c.consent.given, c.withdrawn, c.latest, c.signed))
        .collect();
    assert_eq!(stands, [(true, false, false, true), (false, true, true, true)]);
    // A colleague who has the case sees the same.
    let noor = net.admit(0, Role::Counselor, "Noor");
    let noors = member(&net, noor);
    net.seats[0]
        .device
        .assign(&mut net.rng, &of, noors)
        .expect("an admin");
    settle_all(&mut net);
    let theirs = net.seats[noor].device.intake_consents(&of).expect("readable");
    assert_eq!(theirs, consents);
    all_is_well(&mut net);
}

#[test]
fn a_consent_whose_words_somebody_changed_is_not_the_clients() {
    let (mut net, _dir) = practice(202);
    let of = case(&mut net, 0);
    let client = sent(&mut net, 0, of, Lane::PartnerA, 1);
    client.say(&mut net, PIN, &answers("as it is"));
    let came = inbox(&mut net, 0).remove(0);
    // An admin with a program of their own, who writes another consent under the client's signature.
    let mut other = came.clone();
    other.consents[0].text = "I agree to everything.".into();
    accept(&mut net, 0, &other);
    let consents = net.seats[0].device.intake_consents(&of).expect("readable");
    assert_eq!(consents.len(), 1);
    assert!(!consents[0].signed);
}

#[test]
fn erasing_one_partners_answers_takes_all_that_went_on_of_them_and_nothing_of_the_others() {
    let (mut net, _dir) = practice(203);
    let of = case(&mut net, 0);
    let (a, b) = (
        sent(&mut net, 0, of, Lane::PartnerA, 1),
        sent(&mut net, 0, of, Lane::PartnerB, 1),
    );
    a.say(&mut net, PIN, &answers("Chidi's"));
    b.say(&mut net, "702215", &answers("Maja's"));
    for came in inbox(&mut net, 0) {
        accept(&mut net, 0, &came);
    }
    let old = lane(&net, 0, &of, Lane::PartnerA);
    write(&mut net, 0, old, "what I make of it").expect("a writer");
    // The lane goes on without its history, with the answers in it, read by a colleague too.
    let noor = net.admit(0, Role::Counselor, "Noor");
    let share = may_write(member(&net, noor));
    let device = &mut net.seats[0].device;
    device
        .share_from_now(net.now, &mut net.rng, &of, Lane::PartnerA, share)
        .expect("an admin");
    settle_all(&mut net);
    let new = lane(&net, noor, &of, Lane::PartnerA);
    assert_ne!(new, old);
    assert_eq!(taken(&mut net, noor, &of, Lane::PartnerA), 1);

    a.say(&mut net, PIN, &Said::Erase);
    let asked = inbox(&mut net, 0).pop().expect("a request");
    let device = &mut net.seats[0].device;
    for _ in 0..2 {
        device
            .erase_and_reply(net.now, &mut net.rng, &asked)
            .expect("an admin");
    }
    settle_all(&mut net);
    let documents = &net.state().expect("a practice").documents;
    assert!(documents[&old].erased().is_some() && documents[&new].erased().is_some());
    for (seat, document) in [(noor, new), (0, old), (0, new)] {
        assert!(read(&mut net, seat, document).is_none_or(|texts| texts.is_empty()));
    }

    // Whoever asked is told by which entry, once.
    let (visit, keys) = (a.visit(&mut net), a.keys(&mut net, PIN));
    let told = visit.answered(&keys);
    let position = net.state().expect("a practice").documents[&old].erased();
    assert_eq!(told.len(), 1);
    assert_eq!(Some(told[0].1.clone()), position.map(Answered::Erased));
    // The other partner's answers are where they were, and their link works.
    assert_eq!(taken(&mut net, 0, &of, Lane::PartnerB), 1);
    b.say(&mut net, "702215", &Said::Copy);
    let asked = inbox(&mut net, 0).pop().expect("a request");
    assert_eq!(asked.lane, Lane::PartnerB);
    let device = &mut net.seats[0].device;
    device
        .reply_with_copy(net.now, &mut net.rng, &asked)
        .expect("a reader");
    settle_all(&mut net);
    let (visit, keys) = (b.visit(&mut net), b.keys(&mut net, "702215"));
    let told = visit.answered(&keys);
    let Some((_, Answered::Copy(copies))) = told.first() else {
        panic!("{told:?}")
    };
    assert_eq!(copies[0].said, answers("Maja's"));
    // What he had consented to can still be shown, and that he signed it.
    let consents = net.seats[0].device.intake_consents(&of).expect("readable");
    let his = consents.iter().find(|c| c.lane == Lane::PartnerA.name());
    assert!(his.is_some_and(|c| c.signed && c.consent.text == WORDS));
    all_is_well(&mut net);
}

#[test]
fn a_partner_who_has_one_link_learns_nothing_through_it_of_the_others() {
    let (mut net, _dir) = practice(204);
    let of = case(&mut net, 0);
    let (a, b) = (
        sent(&mut net, 0, of, Lane::PartnerA, 2),
        sent(&mut net, 0, of, Lane::PartnerB, 2),
    );
    a.keep(&mut net, PIN, b"what Chidi began");
    a.say(&mut net, PIN, &answers("Chidi's"));
    // Nothing of one link opens with the other's secret, under the very same PIN.
    let (linked, hers) = (a.linked(&mut net), b.keys(&mut net, PIN));
    assert!(troth_client_core::intake::Visit::open(&b.link, linked).is_err());
    let draft = a
        .unlock(&mut net, PIN, false)
        .expect("his PIN")
        .draft
        .expect("a draft");
    let visit = b.visit(&mut net);
    assert!(visit.open_draft(&hers, &draft).is_err());
    assert!(visit.answered(&hers).is_empty() && visit.sent() == 0 && visit.tries() == Some(10));
}
