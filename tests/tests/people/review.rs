//! What is set aside is not out of sight: its words can be read, entered again where the lane goes on, or discarded.

use troth_client_core::device::DeviceError;
use troth_client_core::document::Difference;
use troth_protocol::statement::{Lane, Role};

use crate::scene::{all_is_well, case, lane, may_write, member, practice, read, settle_all, write};

#[test]
fn late_edits_to_a_closed_document_are_read_entered_again_or_discarded() {
    let (mut net, _dir) = practice(601);
    let second = net.admit(0, Role::Admin, "Noor Haddad");
    let other = net.admit(0, Role::Counselor, "Lin Mei");
    let of = case(&mut net, 0);
    let old = lane(&net, 0, &of, Lane::Joint);
    write(&mut net, 0, old, "They met in spring.").expect("an admin writes");
    net.settle();
    let note = net.seats[0]
        .device
        .read(old, |d| d.notes()[0].id)
        .expect("readable");
    net.offline(second);
    write(&mut net, second, old, "a long offline note").expect("an admin writes");
    let device = &mut net.seats[second].device;
    let edited = device.edit(net.now, &mut net.rng, old, |d| {
        d.edit_note(note, "They met in spring, in Lund.")
    });
    edited.expect("a draft");
    let set = device.edit(net.now, &mut net.rng, old, |d| d.set_field("mood", "low"));
    set.expect("a writer");
    let share = may_write(member(&net, other));
    let device = &mut net.seats[0].device;
    let shared = device.share_from_now(net.now, &mut net.rng, &of, Lane::Joint, share);
    shared.expect("an admin");
    let new = lane(&net, 0, &of, Lane::Joint);
    let edited = net.seats[0].device.edit(net.now, &mut net.rng, new, |d| {
        d.edit_note(note, "Once they met in spring.")
    });
    edited.expect("a draft");
    net.settle();
    net.online(second);
    settle_all(&mut net);
    net.restart_device(second);
    net.settle();

    let device = &mut net.seats[second].device;
    let aside = device.quarantine().expect("readable");
    assert_eq!(aside.len(), 3, "{aside:?}");
    for line in &aside {
        assert_eq!((line.rule, line.is_edit), (41, true), "{line:?}");
        assert_eq!((line.case, line.lane), (Some(of), Some(Lane::Joint)), "{line:?}");
        assert_eq!(line.author, device.member(), "{line:?}");
        assert!(line.at.is_some(), "{line:?}");
    }
    let shown: Vec<Difference> = aside
        .iter()
        .flat_map(|line| device.quarantined(&line.id).expect("an edit of its own"))
        .collect();
    let [
        Difference::Note {
            note: added,
            before: None,
            ..
        },
        Difference::Note {
            note: changed,
            before: Some(before),
            ..
        },
        Difference::Value {
            key,
            before: None,
            after,
            ..
        },
    ] = &shown[..]
    else {
        panic!("{shown:?}");
    };
    assert_eq!(added.text, "a long offline note");
    assert_eq!(
        (before.as_str(), changed.text.as_str()),
        ("They met in spring.", "They met in spring, in Lund.")
    );
    assert_eq!((key.as_str(), after.as_deref()), ("mood", Some("low")));

    // One is discarded, the one after it builds upon it and is entered all the same.
    let device = &mut net.seats[second].device;
    device
        .discard_quarantined(net.now, &mut net.rng, &aside[0].id)
        .expect("there");
    for line in &aside[1..] {
        let entered = device.enter_quarantined(net.now, &mut net.rng, &line.id);
        assert_eq!(entered.expect("an edit of its own"), new);
    }
    assert_eq!(device.status().quarantined, 0);
    let again = device.enter_quarantined(net.now, &mut net.rng, &aside[1].id);
    assert!(matches!(again, Err(DeviceError::NoSuchQuarantine)), "{again:?}");
    net.pump(second);
    net.settle();
    net.restart_device(second);
    net.settle();
    assert!(
        net.seats[second]
            .device
            .quarantine()
            .expect("readable")
            .is_empty()
    );
    for seat in [0, second, other] {
        let said = read(&mut net, seat, new);
        assert_eq!(
            said,
            Some(vec!["Once they met in spring, in Lund.".to_owned()]),
            "seat {seat}"
        );
        let mood = net.seats[seat]
            .device
            .read(new, |d| d.field("mood")[0].value.clone());
        assert_eq!(mood.expect("readable"), "low");
    }
    all_is_well(&mut net);
}

#[test]
fn what_a_revoked_device_wrote_is_read_there_and_sent_by_it_never() {
    let (mut net, _dir) = practice(602);
    let of = case(&mut net, 0);
    let joint = lane(&net, 0, &of, Lane::Joint);
    let phone = net.link(0, "phone");
    net.settle();
    net.offline(phone);
    write(&mut net, phone, joint, "written offline").expect("it knows nothing yet");
    write(&mut net, phone, joint, "and more").expect("it knows nothing yet");
    let lost = net.seats[phone].device.id();
    let device = &mut net.seats[0].device;
    let revoked = device.revoke_device(net.now, &mut net.rng, lost, false);
    revoked.expect("its own");
    net.settle();
    net.online(phone);
    net.settle();
    net.restart_device(phone);
    let device = &mut net.seats[phone].device;
    let aside = device.quarantine().expect("readable");
    assert_eq!(aside.len(), 2, "{aside:?}");
    let texts: Vec<String> = aside
        .iter()
        .map(|line| match &device.quarantined(&line.id).expect("its own")[..] {
            [Difference::Note { note, .. }] => note.text.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(texts, ["written offline", "and more"]);
    let entered = device.enter_quarantined(net.now, &mut net.rng, &aside[0].id);
    assert!(matches!(entered, Err(DeviceError::Halted)), "{entered:?}");
    assert_eq!(device.quarantine().expect("readable").len(), 2);
    device
        .discard_quarantined(net.now, &mut net.rng, &aside[0].id)
        .expect("there");
    let left = device.quarantine().expect("readable");
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].id, aside[1].id);
    assert_eq!(read(&mut net, 0, joint), Some(Vec::new()));
}

#[test]
fn an_edit_without_rights_is_entered_again_once_the_right_is_back_and_not_before() {
    let (mut net, _dir) = practice(603);
    let other = net.admit(0, Role::Counselor, "Lin Mei");
    let of = case(&mut net, 0);
    let joint = lane(&net, 0, &of, Lane::Joint);
    let share = may_write(member(&net, other));
    for give in [true, false] {
        let device = &mut net.seats[0].device;
        if give {
            let shared = device.share(&mut net.rng, &of, Lane::Joint, share);
            shared.expect("an admin");
            net.settle();
            net.settle();
            net.offline(other);
            write(&mut net, other, joint, "offline work").expect("a writer, as far as it knows");
        } else {
            let ended = device.unshare(&mut net.rng, &of, Lane::Joint, share.member);
            ended.expect("an admin");
        }
    }
    net.settle();
    net.online(other);
    net.settle();
    let aside = net.seats[other].device.quarantine().expect("readable");
    assert_eq!(aside.len(), 1, "{aside:?}");
    let device = &mut net.seats[other].device;
    let shown = device.quarantined(&aside[0].id).expect("its own");
    assert!(matches!(&shown[..], [Difference::Note { note, .. }] if note.text == "offline work"));
    let entered = device.enter_quarantined(net.now, &mut net.rng, &aside[0].id);
    assert!(matches!(entered, Err(DeviceError::Rule(_))), "{entered:?}");
    let shared = net.seats[0].device.share(&mut net.rng, &of, Lane::Joint, share);
    shared.expect("an admin");
    settle_all(&mut net);
    // Something else was written meanwhile in the same device's name.
    write(&mut net, other, joint, "later").expect("a writer");
    net.settle();
    let device = &mut net.seats[other].device;
    let entered = device.enter_quarantined(net.now, &mut net.rng, &aside[0].id);
    entered.expect("a writer again");
    net.pump(other);
    net.settle();
    assert_eq!(
        read(&mut net, 0, joint),
        Some(vec!["later".to_owned(), "offline work".to_owned()])
    );
    all_is_well(&mut net);
}
