//! Nobody takes so much that nothing is left for the others.

use std::time::{Duration, Instant};

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use troth_protocol::limits;
use troth_protocol::rule::Rule;
use troth_protocol::wire::{Append, ClientMessage, Put, RelayMessage};
use troth_server::serve::serve;

use super::client::{Client, SOON, founder, options, put_key, relay};
use super::people::{Device, document, member};
use super::reader::Reader;
use super::world::{DAY_MS, World};

#[test]
fn r60_a_ninth_connection_of_a_device_ends_its_first() {
    let mut world = World::new();
    let admin = Device::new(1, member(1));
    let practice = world.found(&admin, 1);
    let all: Vec<u64> = (0..limits::DEVICE_CONNECTIONS)
        .map(|_| world.login(practice, &admin))
        .collect();
    assert!(world.closed.is_empty());
    let ninth = world.login(practice, &admin);
    assert_eq!(world.closed.get(&all[0]), Some(&Rule::Quota));
    assert_eq!(world.closed.len(), 1);
    world.disconnect(all[1]);
    world.login(practice, &admin);
    assert_eq!(world.closed.len(), 1, "one had left by itself");
    world.append(
        ninth,
        vec![admin.create(world.state(&practice), document(1), &[])],
    );
}

#[test]
fn r60_a_device_that_appends_too_much_is_refused_and_reads_on_and_is_cut_off_when_it_does_not_stop() {
    let mut world = World::new();
    let admin = Device::new(1, member(1));
    let practice = world.found(&admin, 1);
    let id = world.login(practice, &admin);
    world.append(id, vec![admin.create(world.state(&practice), document(1), &[])]);
    let edit = admin.edit(world.state(&practice), document(1), &vec![7; limits::PAYLOAD]);
    // What comes twice is answered as the first time, and counted as often as it comes.
    let mut accepted = 0;
    loop {
        let append = Append {
            request: 1,
            uploads: vec![edit.clone()],
        };
        world.send(id, ClientMessage::Append(append));
        match world.receive(id) {
            Some(RelayMessage::Appended(_)) => accepted += 1,
            Some(RelayMessage::Refused(refused)) => break assert_eq!(refused.rule(), Rule::Quota),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(accepted, limits::DEVICE_BYTES / limits::PAYLOAD as u64 - 1);
    let reads = world.login(practice, &admin);
    world.follow(reads, 0);
    let mut client = Reader::new(practice, admin.member);
    client.take_all(world.items(reads));
    assert_eq!(client.frontier.size(), world.size(&practice), "it reads on");
    world.pass(60_000);
    let next = admin.edit(world.state(&practice), document(1), b"a minute later");
    world.append(id, vec![next]);

    let other = world.login(practice, &admin);
    let small = admin.edits(
        world.state(&practice),
        document(1),
        limits::APPEND_STATEMENTS,
        b"sealed",
    );
    let again = |world: &mut World| {
        let uploads = vec![edit.clone(); 1]
            .into_iter()
            .chain(small.iter().skip(1).cloned())
            .collect();
        world.send(other, ClientMessage::Append(Append { request: 2, uploads }));
    };
    for _ in 0..1_000 {
        again(&mut world);
        if world.closed.contains_key(&other) {
            break;
        }
    }
    assert_eq!(world.closed.get(&other), Some(&Rule::Quota), "it did not stop");
}

#[test]
fn r60_a_device_that_follows_again_and_again_has_to_wait_though_the_clock_jumps() {
    let mut world = World::new();
    let admin = Device::new(1, member(1));
    let practice = world.found(&admin, 1);
    world.pass(DAY_MS);
    let storm = |world: &mut World| {
        for _ in 0..limits::DEVICE_ASKS {
            let id = world.try_login(practice, &admin);
            if !world.closed.contains_key(&id) {
                world.follow(id, 0);
            }
            if world.closed.get(&id) == Some(&Rule::Quota) {
                return;
            }
            world.disconnect(id);
        }
        panic!("it never had enough");
    };
    storm(&mut world);
    world.now -= DAY_MS;
    world.pass(0);
    let refused = world.try_login(practice, &admin);
    assert_eq!(world.closed.get(&refused), Some(&Rule::Quota));
    world.pass(60_000);
    let id = world.login(practice, &admin);
    world.follow(id, 0);
    assert!(
        !world.items(id).is_empty(),
        "a minute after the clock was put right"
    );
}

#[test]
fn strangers_who_filled_every_mailbox_and_left_keep_nobody_from_linking() {
    let mut world = World::new();
    let put = |number: u32| {
        let mut mailbox = document(0);
        mailbox.0[..4].copy_from_slice(&number.to_be_bytes());
        let value = vec![1; limits::MAILBOX_VALUE];
        ClientMessage::Put(Put {
            mailbox,
            slot: 0,
            value,
        })
    };
    for stranger in 0..1024 {
        let id = world.connect();
        for number in 0..4 {
            world.send(id, put(stranger * 4 + number));
        }
        world.disconnect(id);
    }
    let honest = world.connect();
    world.send(honest, put(1 << 20));
    assert!(matches!(world.receive(honest), Some(RelayMessage::Mail(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn r51_who_has_not_logged_in_has_no_signatures_checked() {
    let dir = tempfile::tempdir().unwrap();
    let running = relay(dir.path()).await;
    let (_, admin, practice, reader) = founder(&running.url()).await;
    let mut stranger = Client::connect(&running.url()).await;
    stranger.hello(practice, &admin).await;
    let upload = admin.create(reader.state(), document(1), &[]);
    let append = Append {
        request: 1,
        uploads: vec![upload],
    };
    stranger.send(&ClientMessage::Append(append)).await;
    stranger.ends_with(Rule::OutOfOrder).await;
    running.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_sends_a_false_statement_is_heard_again_long_after_and_others_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let running = relay(dir.path()).await;
    let (mut liar, admin, practice, reader) = founder(&running.url()).await;
    let mut honest = Client::connect(&running.url()).await;
    honest.login(practice, &admin, reader.state()).await;
    let create = admin.create(reader.state(), document(1), &[]);
    // All of them are checked before the last is found to be false.
    let mut uploads = vec![create.clone(); limits::APPEND_STATEMENTS];
    uploads.last_mut().unwrap().payload.push(0);
    liar.send(&ClientMessage::Append(Append { request: 1, uploads }))
        .await;
    assert!(matches!(liar.next().await, Ok(RelayMessage::Refused(_))));
    let told = Instant::now();
    honest.append(vec![create.clone()]).await;
    let others = told.elapsed();
    liar.append(vec![create]).await;
    let again = told.elapsed();
    assert!(again > Duration::from_millis(200), "{again:?}");
    assert!(others * 2 < again, "{others:?} {again:?}");
    running.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r3_a_stranger_sends_no_long_message_whether_it_ends_or_not() {
    let dir = tempfile::tempdir().unwrap();
    let running = relay(dir.path()).await;
    let mut stranger = Client::connect(&running.url()).await;
    stranger.raw(vec![1; 2 * limits::GUEST_FRAME]).await;
    stranger.ends_with(Rule::TooLarge).await;
    // A frame of a megabyte (RFC 6455 §5.2), masked with zeros, of which a part comes and then nothing.
    use tokio::io::AsyncWriteExt as _;
    let mut stranger = Client::connect(&running.url()).await;
    let mut frame = vec![0x82, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0];
    frame.resize(limits::GUEST_FRAME + 8 * 1024, 1);
    stranger.socket.get_mut().write_all(&frame).await.unwrap();
    stranger.ends_with(Rule::TooLarge).await;
    running.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_half_open_sockets_keep_no_device_out() {
    let dir = tempfile::tempdir().unwrap();
    let running = relay(dir.path()).await;
    let address = running.address;
    let (_, admin, practice, reader) = founder(&running.url()).await;
    let mut half_open = Vec::new();
    for _ in 0..3_000 {
        half_open.push(TcpStream::connect(address).await.unwrap());
    }
    let begun = Instant::now();
    let mut device = Client::connect(&running.url()).await;
    device.login(practice, &admin, reader.state()).await;
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let mut byte = [0; 1];
    let first = tokio::time::timeout(Duration::from_secs(1), half_open[0].read(&mut byte)).await;
    assert!(!matches!(first, Ok(Ok(1..)) | Err(_)), "the oldest was let go of");
    // Whoever has logged in is no stranger, and stays.
    for _ in 0..1_500 {
        half_open.push(TcpStream::connect(address).await.unwrap());
    }
    device.follow(0).await;
    let mut anew = Reader::new(practice, admin.member);
    device.read_to(&mut anew, reader.frontier.size()).await;
    running.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r60_behind_a_proxy_an_address_has_so_many_connections_and_others_come_in() {
    let dir = tempfile::tempdir().unwrap();
    put_key(dir.path());
    let mut options = options(dir.path());
    (options.behind_proxy, options.max_per_address) = (true, 3);
    let running = serve(options).await.unwrap();
    let connect = async |address: &str| {
        let url = format!("{}/v1/sync", running.url().replacen("http", "ws", 1));
        let mut request = url.into_client_request().unwrap();
        request
            .headers_mut()
            .insert("x-forwarded-for", address.parse().unwrap());
        tokio_tungstenite::connect_async(request).await
    };
    let mut here = Vec::new();
    for _ in 0..3 {
        here.push(connect("203.0.113.9, 192.0.2.1").await.unwrap());
    }
    match connect("203.0.113.10, 192.0.2.1").await {
        Err(Error::Http(answer)) => assert_eq!(answer.status(), 429),
        other => panic!("{other:?}"),
    }
    assert!(connect("192.0.2.2").await.is_ok());
    tokio::time::timeout(SOON, running.shut_down()).await.unwrap();
}
