//! Allowances, addresses, guests and accounts, at times that the stories make up.

use troth_protocol::ids::{DeviceId, PracticeId};
use troth_protocol::limits;

use super::*;

const RATE: Rate = Rate {
    burst: 3,
    per_minute: 60,
};

fn address(text: &str) -> Address {
    Address::of(text.parse().unwrap()).expect("no loopback")
}

fn device(number: u8) -> DeviceId {
    DeviceId([number; 32])
}

const PRACTICE: PracticeId = PracticeId([1; 32]);

#[test]
fn an_allowance_is_spent_and_comes_back_with_time() {
    let mut bucket = Bucket::default();
    assert!(bucket.take(0, &RATE, 2) && bucket.take(0, &RATE, 1));
    assert!(!bucket.take(0, &RATE, 1), "three at once");
    assert!(!bucket.take(999, &RATE, 1));
    assert!(bucket.take(1_000, &RATE, 1), "one a second");
    assert!(
        !bucket.take(1_000, &RATE, 1),
        "what was refused cost nothing, what was granted did"
    );
    assert!(
        bucket.take(3_600_000, &RATE, 3),
        "never more than the burst comes back"
    );
    assert!(!bucket.take(3_600_000, &RATE, 1));
}

#[test]
fn a_clock_that_jumps_locks_nobody_out() {
    let mut bucket = Bucket::default();
    let day = 86_400_000;
    assert!(bucket.take(day, &RATE, 3), "the clock is a day ahead");
    assert!(!bucket.take(0, &RATE, 1), "it is put right");
    assert!(bucket.take(1_000, &RATE, 1), "and a second later one is back");
    assert!(bucket.take(u64::MAX, &RATE, 3));
    assert!(!bucket.take(0, &RATE, u64::MAX), "no cost overflows");
}

#[test]
fn r60_an_address_has_so_many_connections_at_once() {
    let rate = Rate {
        burst: 100,
        per_minute: 100,
    };
    let mut addresses = Addresses::new(2, rate, 10);
    let (office, home) = (address("192.0.2.1"), address("192.0.2.2"));
    assert_eq!(addresses.enter(0, office), Entered::Counted);
    assert_eq!(addresses.enter(0, office), Entered::Counted);
    assert_eq!(addresses.enter(0, office), Entered::Refused);
    assert_eq!(addresses.enter(0, home), Entered::Counted, "others come in");
    addresses.leave(office);
    assert_eq!(addresses.enter(0, office), Entered::Counted);
}

#[test]
fn r60_an_address_opens_so_many_connections_a_minute() {
    let mut addresses = Addresses::new(100, RATE, 10);
    let one = address("192.0.2.1");
    for _ in 0..3 {
        assert_eq!(addresses.enter(0, one), Entered::Counted);
        addresses.leave(one);
    }
    assert_eq!(addresses.enter(0, one), Entered::Refused);
    assert_eq!(addresses.enter(1_000, one), Entered::Counted);
}

#[test]
fn addresses_of_one_household_are_one_and_this_machine_is_none() {
    assert_eq!(address("2001:db8:1:2::1"), address("2001:db8:1:2:ffff::9"));
    assert_ne!(address("2001:db8:1:2::1"), address("2001:db8:1:3::1"));
    assert_eq!(address("::ffff:192.0.2.1"), address("192.0.2.1"));
    assert_ne!(address("192.0.2.1"), address("192.0.2.2"));
    for loopback in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
        assert!(Address::of(loopback.parse().unwrap()).is_none());
    }
    assert_eq!(
        format!("{:?}", address("192.0.2.1")),
        "Address(..)",
        "no log shows it"
    );
}

#[test]
fn however_many_addresses_come_so_many_are_known() {
    let mut addresses = Addresses::new(10, RATE, 100);
    let nth = |n: u32| Address::of(std::net::Ipv4Addr::from_bits(0x0a00_0000 + n).into()).unwrap();
    for n in 0..100_000 {
        let entered = addresses.enter(0, nth(n));
        assert_ne!(entered, Entered::Refused, "whoever is not known is let in");
        if entered == Entered::Counted && n > 0 {
            addresses.leave(nth(n));
        }
        assert!(addresses.len() <= 100);
    }
    assert_eq!(addresses.enter(60_000, nth(500_000)), Entered::Counted);
    assert_eq!(
        addresses.len(),
        2,
        "who is still there, and the newest; the others are forgotten"
    );
}

#[test]
fn who_comes_when_the_room_is_full_takes_the_place_of_the_oldest() {
    let mut guests = Guests::new(3);
    let ids: Vec<GuestId> = (0..3).map(|_| guests.enter(None).0).collect();
    guests.leave(ids[0]);
    let (fourth, gone) = guests.enter(None);
    assert_eq!(gone, None);
    assert_eq!(guests.enter(None).1, Some(ids[1]));
    assert_eq!(guests.enter(None).1, Some(ids[2]));
    assert_eq!(guests.enter(None).1, Some(fourth));
    assert_eq!(guests.len(), 3);
}

#[test]
fn a_flood_from_one_address_takes_its_own_places_only() {
    let mut guests = Guests::new(100);
    let (waits, _) = guests.enter(Some(address("192.0.2.1")));
    let (turns_out, _) = guests.enter(None);
    guests.comes_from(turns_out, address("192.0.2.2"));
    for _ in 0..10_000 {
        let (_, gone) = guests.enter(Some(address("198.51.100.1")));
        assert!(gone != Some(waits) && gone != Some(turns_out));
    }
    assert_eq!(guests.len(), 100);
    assert!(
        guests.leave(waits) && guests.leave(turns_out),
        "both were there all the time"
    );
}

#[test]
fn r60_a_devices_ninth_connection_takes_the_place_of_its_first() {
    let mut accounts = Accounts::default();
    for connection in 0..limits::DEVICE_CONNECTIONS as u64 {
        assert_eq!(accounts.enter(0, PRACTICE, device(1), connection), Ok(None));
    }
    assert_eq!(accounts.enter(0, PRACTICE, device(1), 100), Ok(Some(0)));
    accounts.leave(PRACTICE, device(1), 0);
    accounts.leave(PRACTICE, device(1), 3);
    assert_eq!(
        accounts.enter(0, PRACTICE, device(1), 101),
        Ok(None),
        "there is room again"
    );
    assert_eq!(
        accounts.enter(0, PRACTICE, device(2), 102),
        Ok(None),
        "each device has its own"
    );
}

#[test]
fn r60_a_practice_has_so_many_connections() {
    let mut accounts = Accounts::default();
    let of = |n: usize| {
        let mut id = DeviceId::default();
        id.0[..8].copy_from_slice(&(n / limits::DEVICE_CONNECTIONS).to_be_bytes());
        id
    };
    for n in 0..limits::PRACTICE_CONNECTIONS {
        assert_eq!(accounts.enter(0, PRACTICE, of(n), n as u64), Ok(None));
    }
    assert!(accounts.enter(0, PRACTICE, device(9), 1 << 40).is_err());
    assert_eq!(
        accounts.enter(0, PRACTICE, of(0), 1 << 41),
        Ok(Some(0)),
        "who takes their own place may"
    );
    assert_eq!(
        accounts.enter(0, PracticeId([2; 32]), device(9), 1 << 42),
        Ok(None)
    );
    accounts.leave(PRACTICE, of(8), 8);
    assert_eq!(accounts.enter(0, PRACTICE, device(9), 1 << 43), Ok(None));
}

#[test]
fn r60_a_device_appends_so_much_and_its_practice_too() {
    let mut accounts = Accounts::default();
    let (all, minute) = (limits::DEVICE_STATEMENTS, limits::DEVICE_STATEMENTS_PER_MINUTE);
    assert!(accounts.append(0, PRACTICE, device(1), all, 1).is_ok());
    assert!(accounts.append(0, PRACTICE, device(1), 1, 1).is_err());
    assert!(accounts.append(60_000, PRACTICE, device(1), minute, 1).is_ok());

    let mut accounts = Accounts::default();
    let mut taken = 0;
    for number in 0..=u8::MAX {
        match accounts.append(0, PRACTICE, device(number), 1, limits::DEVICE_BYTES) {
            Ok(()) => taken += limits::DEVICE_BYTES,
            Err(_) => break,
        }
        assert!(
            accounts.append(0, PRACTICE, device(number), 1, 1).is_err(),
            "a device's bytes"
        );
    }
    assert_eq!(taken, limits::PRACTICE_BYTES, "a practice's bytes");
    assert!(
        accounts.append(0, PracticeId([2; 32]), device(1), 1, 1).is_ok(),
        "another's are its own"
    );
}

#[test]
fn sixteen_writers_at_three_hundred_thousand_edits_a_second_are_not_held_up() {
    // As measured: 64 edits travel in one statement of 10 KiB, or 18,400 statements of one edit a second.
    let mut accounts = Accounts::default();
    for second in 0..600_u64 {
        for writer in 0..16 {
            let (now, each) = (second * 1_000, 300_000 / 64 / 16);
            assert!(
                accounts
                    .append(now, PRACTICE, device(writer), each, each * 10_240)
                    .is_ok(),
                "second {second}"
            );
        }
    }
    let mut accounts = Accounts::default();
    for second in 0..600_u64 {
        for writer in 0..16 {
            let (now, each) = (second * 1_000, 18_400 / 16);
            assert!(
                accounts
                    .append(now, PRACTICE, device(writer), each, each * 700)
                    .is_ok()
            );
        }
    }
}

#[test]
fn who_is_gone_and_owes_nothing_is_forgotten() {
    let mut accounts = Accounts::default();
    for n in 0..=u8::MAX {
        accounts.enter(0, PRACTICE, device(n), u64::from(n)).unwrap();
        accounts.leave(PRACTICE, device(n), u64::from(n));
    }
    accounts.enter(0, PRACTICE, device(3), 1_000).unwrap();
    assert_eq!(accounts.len(), 256);
    accounts.sweep(60_000);
    assert_eq!(accounts.len(), 1, "who is there stays");
}

#[test]
fn r60_a_device_asks_only_so_often() {
    let mut accounts = Accounts::default();
    accounts.enter(0, PRACTICE, device(1), 1).unwrap();
    for _ in 1..limits::DEVICE_ASKS {
        accounts.ask(0, PRACTICE, device(1)).unwrap();
    }
    assert!(accounts.ask(0, PRACTICE, device(1)).is_err());
    assert!(
        accounts.enter(0, PRACTICE, device(1), 2).is_err(),
        "logins count with them"
    );
    accounts.leave(PRACTICE, device(1), 1);
    accounts.sweep(1);
    assert!(
        accounts.ask(1, PRACTICE, device(1)).is_err(),
        "leaving pays nothing back"
    );
    assert!(accounts.ask(60_000, PRACTICE, device(1)).is_ok());
}
