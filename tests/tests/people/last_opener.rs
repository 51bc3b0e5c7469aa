//! Who leaves before they handed on what only they can open.

use troth_client_core::device::DeviceSummary;
use troth_protocol::ids::MemberId;
use troth_protocol::statement::Role;
use troth_tests::network::Network;

use crate::scene::{change_role, member, practice, settle_all};

/// Whether a device knows that a member who leaves takes the last way to what is sensitive along.
fn takes_it_along(net: &Network, asked: usize, leaves: MemberId) -> bool {
    let device = &net.seats[asked].device;
    let takes = device.takes_last_sensitive_key(|member, _| *member == leaves);
    takes.expect("a practice")
}

#[test]
fn an_admin_who_has_not_yet_handed_the_sensitive_key_on_is_the_last_who_can() {
    let (mut net, _dir) = practice(61);
    net.unlock(0);
    net.seats[0].device.lock_sensitive();
    let second = net.admit(0, Role::Admin, "Noor Haddad");
    settle_all(&mut net);
    let (first, new) = (member(&net, 0), member(&net, second));
    for asked in [0, second] {
        assert!(
            takes_it_along(&net, asked, first),
            "the new admin was given nothing yet"
        );
        assert!(!takes_it_along(&net, asked, new));
    }
    net.unlock(0);
    settle_all(&mut net);
    for asked in [0, second] {
        assert!(!takes_it_along(&net, asked, first), "the new admin has it too");
        assert!(!takes_it_along(&net, asked, new));
    }
    change_role(&mut net, 0, new, Role::Counselor);
    settle_all(&mut net);
    assert!(
        takes_it_along(&net, 0, first),
        "a counselor does not hold it for the admins"
    );
}

#[test]
fn of_two_devices_either_may_go_and_not_both() {
    let (mut net, _dir) = practice(62);
    net.link(0, "phone");
    settle_all(&mut net);
    let device = &mut net.seats[0].device;
    let devices: Vec<DeviceSummary> = device.devices().expect("a roster");
    assert_eq!(devices.len(), 2);
    for gone in &devices {
        let takes = device.takes_last_sensitive_key(|_, id| *id == gone.id);
        assert!(!takes.expect("a practice"));
    }
    assert!(device.takes_last_sensitive_key(|_, _| true).expect("a practice"));
}
