//! Through a real socket.

use std::time::Duration;

use troth_protocol::limits;
use troth_protocol::rule::Rule;
use troth_protocol::wire::{self, Append, ClientMessage, RelayMessage};

use super::client::{Client, SOON, founder, options, relay};
use super::people::{document, member};
use super::reader::Reader;

#[tokio::test(flavor = "multi_thread")]
async fn two_devices_share_a_ledger_and_a_restart_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let running = relay(dir.path()).await;
    let (mut writer, admin, practice, mut reader) = founder(&running.url()).await;
    let mut follower = Client::connect(&running.url()).await;
    follower.login(practice, &admin, reader.state()).await;
    follower.follow(reader.frontier.size()).await;
    reader.begin_again();
    writer
        .append(vec![admin.create(reader.state(), document(1), &[])])
        .await;
    follower.read_to(&mut reader, 3).await;
    for text in [&b"first"[..], b"second", &[7; 300_000]] {
        let edit = admin.edit(reader.state(), document(1), text);
        let position = writer.append(vec![edit]).await.receipts[0].position;
        follower.read_to(&mut reader, position + 1).await;
    }
    running.shut_down().await;
    writer.ends_with(Rule::Unavailable).await; // R62
    let running = relay(dir.path()).await;
    let mut again = Client::connect(&running.url()).await;
    again.login(practice, &admin, reader.state()).await;
    again.follow(0).await;
    let mut anew = Reader::new(practice, admin.member);
    again.read_to(&mut anew, reader.frontier.size()).await;
    assert_eq!(anew.seen, reader.seen);
    running.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r62_what_waits_when_the_relay_stops_is_either_acknowledged_or_not_there() {
    let dir = tempfile::tempdir().unwrap();
    let running = relay(dir.path()).await;
    let (mut writer, admin, practice, mut reader) = founder(&running.url()).await;
    let mut follower = Client::connect(&running.url()).await;
    follower.login(practice, &admin, reader.state()).await;
    writer
        .append(vec![admin.create(reader.state(), document(1), &[])])
        .await;
    follower.follow(reader.frontier.size()).await;
    reader.begin_again();
    follower.read_to(&mut reader, 3).await;
    for (number, edit) in admin
        .edits(reader.state(), document(1), 50, b"sealed")
        .into_iter()
        .enumerate()
    {
        writer
            .send(&ClientMessage::Append(Append {
                request: number as u64,
                uploads: vec![edit],
            }))
            .await;
    }
    running.shut_down().await;
    let mut acknowledged = 3;
    loop {
        match writer.next().await {
            Ok(RelayMessage::Appended(appended)) => acknowledged = appended.receipts[0].position + 1,
            Ok(RelayMessage::Goodbye(goodbye)) => break assert_eq!(goodbye.rule, Rule::Unavailable.number()),
            other => panic!("{other:?}"),
        }
    }
    let running = relay(dir.path()).await;
    let size = running.relay.directory().ledger(&practice).unwrap().tree.size();
    assert_eq!(size, acknowledged, "what was written was acknowledged as well");
    running.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_message_ends_the_connection_with_the_reason() {
    let dir = tempfile::tempdir().unwrap();
    let running = relay(dir.path()).await;
    let mut wrong_version = wire::frame(&ClientMessage::Info);
    wrong_version[0] = 9;
    for (frame, rule) in [
        (wrong_version, Rule::Version),               // R2
        (vec![1, 0xff], Rule::Malformed),             // R1
        (vec![1; limits::FRAME + 1], Rule::TooLarge), // R3
        (vec![1; 3 * limits::FRAME], Rule::TooLarge), // R3
    ] {
        let mut client = Client::connect(&running.url()).await;
        client.raw(frame).await;
        client.ends_with(rule).await;
    }
    let mut client = Client::connect(&running.url()).await;
    futures_util::SinkExt::send(&mut client.socket, "text".into())
        .await
        .unwrap();
    client.ends_with(Rule::Malformed).await;
    assert!(running.relay.answers().await, "and the relay goes on");
    running.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r51_who_says_nothing_is_let_go_of_after_ten_seconds() {
    let dir = tempfile::tempdir().unwrap();
    let running = relay(dir.path()).await;
    let mut silent = Client::connect(&running.url()).await;
    let begun = std::time::Instant::now();
    silent.ends_with(Rule::OutOfOrder).await;
    assert!((9..15).contains(&begun.elapsed().as_secs()));
    running.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r65_a_reader_that_does_not_keep_up_is_let_go_of_with_the_reason() {
    let dir = tempfile::tempdir().unwrap();
    let running = relay(dir.path()).await;
    let (mut writer, admin, practice, mut reader) = founder(&running.url()).await;
    let mut follower = Client::connect(&running.url()).await;
    follower.login(practice, &admin, reader.state()).await;
    follower.follow(reader.frontier.size()).await;
    reader.begin_again();
    writer
        .append(vec![admin.create(reader.state(), document(1), &[])])
        .await;
    follower.read_to(&mut reader, 3).await;
    // Sent live, at half a megabyte each, and not read: the sockets' buffers fill, then what the relay holds.
    let edits = admin.edits(reader.state(), document(1), 60, &vec![7; 500_000]);
    for edit in edits {
        writer.append(vec![edit]).await;
    }
    let end = loop {
        match follower.next().await {
            Ok(RelayMessage::Items(items)) => reader.take(items),
            Ok(RelayMessage::Goodbye(goodbye)) => break goodbye.rule,
            Ok(other) => panic!("{other:?}"),
            Err(code) => break code,
        }
    };
    assert_eq!(end, Rule::SlowReader.number());
    let size = reader.frontier.size();
    assert!(size < 63, "it did not get everything");
    let mut again = Client::connect(&running.url()).await;
    again.login(practice, &admin, reader.state()).await;
    again.follow(size).await;
    reader.begin_again();
    again.read_to(&mut reader, 63).await;
    running.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_that_only_catches_up_is_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let running = relay(dir.path()).await;
    let (mut writer, admin, practice, reader) = founder(&running.url()).await;
    writer
        .append(vec![admin.create(reader.state(), document(1), &[])])
        .await;
    let mut follower = Client::connect(&running.url()).await;
    follower.login(practice, &admin, reader.state()).await;
    let mut all = Reader::new(practice, member(1));
    follower.follow(0).await;
    follower.read_to(&mut all, 3).await;
    for edit in admin.edits(all.state(), document(1), 40, &vec![7; 500_000]) {
        writer.append(vec![edit]).await;
    }
    let mut late = Client::connect(&running.url()).await;
    late.login(practice, &admin, reader.state()).await;
    late.follow(0).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let mut reader = Reader::new(practice, member(1));
    late.read_to(&mut reader, 43).await;
    running.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_directory_is_one_relays() {
    let dir = tempfile::tempdir().unwrap();
    let running = relay(dir.path()).await;
    let error = troth_server::serve::serve(options(dir.path()))
        .await
        .err()
        .expect("it is in use");
    assert!(error.to_string().contains("another relay"), "{error}");
    running.shut_down().await;
    relay(dir.path()).await.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_key_that_is_gone_is_not_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let running = relay(dir.path()).await;
    founder(&running.url()).await;
    running.shut_down().await;
    std::fs::remove_file(dir.path().join("ledger.key")).unwrap();
    let error = troth_server::serve::serve(options(dir.path()))
        .await
        .err()
        .expect("it is missing");
    assert!(error.to_string().contains("backup"), "{error}");
    assert!(!dir.path().join("ledger.key").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_with_a_certificate_of_its_own_is_recognised_by_it() {
    use rustls::pki_types::pem::PemObject;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let dir = tempfile::tempdir().unwrap();
    let mut options = options(dir.path());
    options.tls = troth_server::config::Tls::SelfSigned;
    let running = troth_server::serve::serve(options.clone()).await.unwrap();
    let fingerprint = running.certificate.unwrap();
    assert!(running.url().starts_with("https://"));

    let certificate =
        rustls::pki_types::CertificateDer::from_pem_file(dir.path().join("tls-cert.pem")).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate).unwrap();
    let config = rustls::ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(config));
    let socket = tokio::net::TcpStream::connect(running.address).await.unwrap();
    let mut socket = connector
        .connect("relay.example".try_into().unwrap(), socket)
        .await
        .unwrap();
    let group = socket.get_ref().1.negotiated_key_exchange_group().unwrap().name();
    assert_eq!(
        group,
        rustls::NamedGroup::X25519MLKEM768,
        "what is recorded today stays closed later"
    );
    socket
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: relay.example\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    let _ = tokio::time::timeout(SOON, socket.read_to_string(&mut answer))
        .await
        .unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("up\n"),
        "{answer}"
    );
    running.shut_down().await;
    let running = troth_server::serve::serve(options).await.unwrap();
    assert_eq!(running.certificate, Some(fingerprint), "it is kept");
    running.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_finds_the_core_busy_does_not_wait_for_the_next_to_come() {
    let dir = tempfile::tempdir().unwrap();
    let running = relay(dir.path()).await;
    let begun = std::time::Instant::now();
    for _ in 0..50 {
        let asking: Vec<_> = (0..64)
            .map(|_| {
                let relay = running.relay.clone();
                tokio::spawn(async move { relay.answers().await })
            })
            .collect();
        for one in asking {
            assert!(one.await.unwrap());
        }
    }
    // Whoever is left lying waits for the clock's next tick, up to a second; fifty times that would show.
    assert!(begun.elapsed() < SOON / 2, "{:?}", begun.elapsed());
    running.shut_down().await;
}
