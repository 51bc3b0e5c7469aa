//! Shares that end on a date: by the relay's clock for what it sends, by every clock for what a device shows.

use troth_client_core::device::{DeviceError, Share};
use troth_protocol::ids::{CaseId, DocumentId};
use troth_protocol::statement::{Lane, Role};
use troth_protocol::wire::{self, Item, RelayMessage};
use troth_tests::network::Network;

use crate::scene::{all_is_well, case, lane, may_write, member, practice, read, write};

const HOUR: u64 = 3_600_000;

struct Scene {
    net: Network,
    _dir: tempfile::TempDir,
    counselor: usize,
    case: CaseId,
    joint: DocumentId,
}

/// A case whose joint lane a counselor may write to for an hour.
fn scene(seed: u64) -> Scene {
    let (mut net, dir) = practice(seed);
    let counselor = net.admit(0, Role::Counselor, "Lin Mei");
    let case = case(&mut net, 0);
    let joint = lane(&net, 0, &case, Lane::Joint);
    write(&mut net, 0, joint, "within the time").expect("an edit");
    net.settle();
    let mut scene = Scene {
        net,
        _dir: dir,
        counselor,
        case,
        joint,
    };
    scene.share(HOUR);
    assert_eq!(read(&mut scene.net, counselor, joint).map(|t| t.len()), Some(1));
    scene
}

impl Scene {
    fn share(&mut self, time: u64) {
        let share = Share {
            until: Some(self.net.now + time),
            ..may_write(member(&self.net, self.counselor))
        };
        let device = &mut self.net.seats[0].device;
        let shared = device.share(&mut self.net.rng, &self.case, Lane::Joint, share);
        shared.expect("an admin shares");
        self.net.settle();
        self.net.settle();
    }

    fn texts(&mut self, seat: usize) -> Option<Vec<String>> {
        read(&mut self.net, seat, self.joint)
    }

    fn refused(&mut self, seat: usize) -> bool {
        let read = self.net.seats[seat].device.read(self.joint, |d| d.notes());
        matches!(read, Err(DeviceError::ShareEnded(Lane::Joint)))
    }
}

#[test]
fn what_was_shared_until_a_date_is_shown_no_more_though_nobody_wrote_since() {
    let mut s = scene(80);
    let counselor = s.counselor;
    s.net.pass(HOUR + 60_000);
    assert!(s.refused(counselor));
    write(&mut s.net, counselor, s.joint, "too late").expect_err("nor is it written to");
    s.net.settle();
    assert!(s.refused(counselor));
    // Opened again, it is not opened by what the device kept.
    s.net.restart_device(counselor);
    let now = s.net.now;
    s.net.seats[counselor]
        .device
        .tell(now, &mut s.net.rng)
        .expect("kept");
    assert!(s.refused(counselor));
    assert_eq!(s.texts(0).map(|t| t.len()), Some(1));
    let listed = s.net.seats[0].device.access_of(now, &s.case).expect("a case");
    let theirs = member(&s.net, counselor);
    let access = listed
        .iter()
        .find(|a| a.member == theirs && a.lane == Lane::Joint)
        .expect("listed as ended");
    assert!(access.rights.is_none() && access.until.is_some_and(|until| until <= now));
    all_is_well(&mut s.net);
}

#[test]
fn a_device_that_is_offline_when_the_date_passes_shows_nothing_more() {
    let mut s = scene(81);
    let counselor = s.counselor;
    s.net.offline(counselor);
    s.net.now += HOUR - 60_000;
    let now = s.net.now;
    let device = &mut s.net.seats[counselor].device;
    device.tell(now, &mut s.net.rng).expect("kept");
    assert_eq!(s.texts(counselor).map(|t| t.len()), Some(1));
    let device = &mut s.net.seats[counselor].device;
    device.tell(now + 60_000, &mut s.net.rng).expect("kept");
    assert!(s.refused(counselor));
    // A clock that was wrong and is set right has destroyed nothing.
    let device = &mut s.net.seats[counselor].device;
    device.tell(now, &mut s.net.rng).expect("kept");
    assert_eq!(s.texts(counselor).map(|t| t.len()), Some(1));
}

#[test]
fn the_relay_sends_no_content_of_an_ended_share_to_whoever_follows_or_fetches() {
    let mut s = scene(82);
    let counselor = s.counselor;
    s.net.pass(HOUR + 60_000);
    let before = s.net.wire.len();
    // A device that is linked after the end is shown the statements, which it counts, and no content.
    let phone = s.net.link(counselor, "phone");
    let shown: Vec<_> = s.net.wire[before..]
        .iter()
        .filter_map(|frame| items(frame))
        .flatten()
        .collect();
    let theirs = |(document, _): &&(DocumentId, bool)| *document == s.joint;
    assert!(shown.iter().filter(theirs).count() >= 3, "{shown:?}");
    assert!(
        shown.iter().filter(theirs).all(|(_, payload)| !payload),
        "{shown:?}"
    );
    assert!(s.refused(phone));
    // Nor is it after somebody wrote, or what is fetched.
    write(&mut s.net, 0, s.joint, "after the end").expect("an admin writes");
    s.net.settle();
    let tablet = s.net.link(counselor, "tablet");
    for seat in [counselor, phone, tablet] {
        assert!(s.refused(seat), "seat {seat}");
    }
    all_is_well(&mut s.net);
}

#[test]
fn a_share_that_ended_before_its_reader_came_online_is_fetched_without_content() {
    let (mut net, dir) = practice(86);
    let counselor = net.admit(0, Role::Counselor, "Lin Mei");
    let case = case(&mut net, 0);
    let joint = lane(&net, 0, &case, Lane::Joint);
    write(&mut net, 0, joint, "never for them").expect("an edit");
    net.settle();
    // A beat, which covers what was written so far with a run of hashes.
    net.pass(60_000);
    net.offline(counselor);
    let mut s = Scene {
        net,
        _dir: dir,
        counselor,
        case,
        joint,
    };
    s.share(HOUR);
    s.net.pass(HOUR + 60_000);
    let before = s.net.wire.len();
    s.net.online(counselor);
    s.net.settle();
    let mut fetches = s.net.wire[before..].iter().filter(|frame| {
        let message = wire::message::<RelayMessage>(frame);
        matches!(message, Ok(RelayMessage::Fetched(..)))
    });
    assert!(fetches.next().is_some(), "it was fetched");
    let shown = s.net.wire[before..]
        .iter()
        .filter_map(|frame| items(frame))
        .flatten();
    let theirs: Vec<_> = shown.filter(|(document, _)| *document == joint).collect();
    assert!(
        theirs.len() >= 2 && theirs.iter().all(|(_, payload)| !payload),
        "{theirs:?}"
    );
    assert!(s.refused(counselor));
    all_is_well(&mut s.net);
}

/// The documents of a frame's entries that need content, each with whether it came.
fn items(frame: &[u8]) -> Option<Vec<(DocumentId, bool)>> {
    let (RelayMessage::Items(items) | RelayMessage::Fetched(_, _, items)) = wire::message(frame).ok()? else {
        return None;
    };
    let entry = |item| {
        let Item::Entry(entry) = item else { return None };
        let parsed = troth_protocol::entry::Parsed::parse(entry.leaf.signed).ok()?;
        let troth_protocol::stream::Stream::Document(id) = parsed.statement().stream() else {
            return None;
        };
        parsed.statement().payload?;
        Some((id, entry.payload.is_some()))
    };
    Some(items.items.into_iter().filter_map(entry).collect())
}

#[test]
fn a_share_that_is_given_again_after_its_end_shows_all_of_it_on_every_device() {
    for (seed, written) in [(83, false), (84, true)] {
        let mut s = scene(seed);
        let counselor = s.counselor;
        s.net.pass(HOUR + 60_000);
        // Linked while nothing was shared: it has no content at all.
        let phone = s.net.link(counselor, "phone");
        if written {
            write(&mut s.net, 0, s.joint, "meanwhile").expect("an admin writes");
            s.net.settle();
        }
        s.share(HOUR);
        let expected = 1 + usize::from(written);
        for seat in [counselor, phone] {
            assert_eq!(s.texts(seat).map(|t| t.len()), Some(expected), "{written} {seat}");
        }
        write(&mut s.net, phone, s.joint, "thank you").expect("shared again");
        s.net.settle();
        assert_eq!(s.texts(0).map(|t| t.len()), Some(expected + 1));
        all_is_well(&mut s.net);
    }
}

#[test]
fn a_relay_that_withholds_content_before_the_date_is_found_out() {
    use troth_client_core::device::Report;
    let mut s = scene(85);
    let counselor = s.counselor;
    s.net.tamper = Some(Box::new(move |message, seat| {
        if let RelayMessage::Items(items) | RelayMessage::Fetched(_, _, items) = message
            && seat == counselor
        {
            for item in &mut items.items {
                if let Item::Entry(entry) = item {
                    entry.payload = None;
                }
            }
        }
        true
    }));
    write(&mut s.net, 0, s.joint, "withheld").expect("an edit");
    s.net.settle();
    s.net.pass(90_000);
    let reports = &s.net.seats[counselor].reports;
    assert!(
        reports.iter().any(|r| matches!(r, Report::Withheld { .. })),
        "{reports:?}"
    );
}
