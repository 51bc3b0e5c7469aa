//! Devices that ask for everything and read nothing.
#![cfg(target_os = "linux")]

use std::time::Duration;

use troth_protocol::limits;
use troth_protocol::statement::Role;
use troth_protocol::tree::Frontier;
use troth_protocol::wire::{ClientMessage, Fetch, RelayMessage};

use super::client::{Client, founder, put_key};
use super::people::{Device, document, member};
use super::process::{resident, start};

/// A member who does not see everything, on as many connections as a device may have: each follows from the beginning, and
/// fetches as often as it may, and none reads a byte.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_for_everything_and_reads_nothing_costs_the_relay_no_more_than_it_holds_for_all() {
    let dir = tempfile::tempdir().unwrap();
    put_key(dir.path());
    let serving = start(dir.path(), &[]);
    let (mut writer, admin, practice, mut reader) = founder(&serving.url).await;
    let mut follower = Client::connect(&serving.url).await;
    follower.login(practice, &admin, reader.state()).await;
    follower.follow(2).await;
    reader.begin_again();
    let counselor = Device::new(2, member(2));
    let joins = admin.add_member(reader.state(), &counselor, Role::Counselor);
    writer.append(vec![joins]).await;
    follower.read_to(&mut reader, 3).await;
    for (number, seen_by) in [(1, vec![counselor.member]), (2, vec![])] {
        let create = admin.create(reader.state(), document(number), &seen_by);
        writer.append(vec![create]).await;
        follower.read_to(&mut reader, 3 + u64::from(number)).await;
    }
    for edit in admin.edits(reader.state(), document(1), 48, &vec![7; limits::PAYLOAD]) {
        writer.append(vec![edit]).await;
    }
    follower.read_to(&mut reader, 5 + 48).await;
    drop(follower);

    let before = resident(serving.child.id());
    let mut silent = Vec::new();
    for number in 0..limits::DEVICE_CONNECTIONS {
        let mut client = Client::connect(&serving.url).await;
        client.login(practice, &counselor, reader.state()).await;
        client.follow(0).await;
        // Several at a time; one connection as many as it may.
        let fetches = if number == 0 { limits::FETCHES as u64 } else { 2 };
        for request in 1..=fetches {
            let fetch = Fetch {
                request,
                documents: vec![document(1)],
                size: reader.frontier.size(),
                through: None,
            };
            client.send(&ClientMessage::Fetch(fetch)).await;
        }
        silent.push(client);
    }
    let mut most = 0;
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        most = most.max(resident(serving.child.id()).saturating_sub(before));
    }
    println!("26 readings of 48 MiB each that nobody reads: {} MiB", most >> 20);
    assert!(most < 128 << 20, "{} MiB", most >> 20);

    // Nobody is cut off for having asked for much: who asked for the most, and begins to read now, gets all of it whole.
    let mut late = silent.remove(0);
    let (mut followed, mut fetched) = (Frontier::new(), vec![Frontier::new(); 4]);
    let size = reader.frontier.size();
    while followed.size() < size || fetched.iter().any(|fetched| fetched.size() < size) {
        let (frontier, items) = match late.next().await {
            Ok(RelayMessage::Items(items)) => (&mut followed, items),
            Ok(RelayMessage::Fetched(request, _, items)) => (&mut fetched[request as usize - 1], items),
            other => panic!("not items: {other:?}"),
        };
        *frontier = items.fold(frontier).expect("it folds").frontier;
    }
    serving.stop("-TERM");
}
