//! What the log holds, and what it never does.
#![cfg(unix)]

use troth_protocol::ids::Nonce;
use troth_protocol::limits;
use troth_protocol::rule::Rule;
use troth_protocol::wire::{Append, ClientMessage, Hello, RelayMessage};

use super::client::{Client, founder, put_key};
use super::people::{Device, document, member};
use super::process::{start, start_as};
use super::world::{ORIGIN, settings};

/// What must never be in the log.
const CANARY: &[u8] = b"a canary that nobody may read";

#[tokio::test(flavor = "multi_thread")]
async fn the_log_holds_no_payload_no_address_and_no_secret() {
    for format in ["text", "json"] {
        let dir = tempfile::tempdir().unwrap();
        put_key(dir.path());
        let serving = start(dir.path(), &["--log-level", "debug", "--log-format", format]);
        let (mut writer, admin, practice, reader) = founder(&serving.url).await;
        let create = admin.create(reader.state(), document(1), &[]);
        writer.append(vec![create]).await;
        let mut follower = Client::connect(&serving.url).await;
        follower.login(practice, &admin, reader.state()).await;
        let mut all = super::reader::Reader::new(practice, admin.member);
        follower.follow(0).await;
        follower.read_to(&mut all, 3).await;
        let edit = admin.edit(all.state(), document(1), CANARY);
        writer.append(vec![edit.clone()]).await;
        follower.read_to(&mut all, 4).await;

        // What goes wrong is logged too.
        let mut forged = edit;
        forged.payload = [CANARY, b"!"].concat();
        writer
            .send(&ClientMessage::Append(Append {
                request: 2,
                uploads: vec![forged],
            }))
            .await;
        assert!(matches!(writer.next().await, Ok(RelayMessage::Refused(_))));
        let add = admin.add_device(all.state(), &Device::new(2, member(1)));
        writer.append(vec![add]).await;
        let mut stranger = Client::connect(&serving.url).await;
        let hello = Hello {
            practice,
            device: Device::new(9, member(9)).id(),
            nonce: Nonce([1; 32]),
            size: 0,
        };
        stranger.send(&ClientMessage::Hello(hello)).await;
        stranger.next().await.unwrap();
        stranger.raw(CANARY.to_vec()).await;
        stranger.ends_with(Rule::Version).await;
        let ports = [writer.port(), follower.port(), stranger.port()];
        let (code, _, log) = serving.stop("-TERM");
        assert_eq!(code, Some(0));

        assert!(
            log.contains("refused before it was ordered") && log.contains("the roster changed"),
            "{log}"
        );
        let seed = settings().key.to_bytes();
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let secrets = [
            String::from_utf8(CANARY.to_vec()).unwrap(),
            hex(CANARY),
            format!("{CANARY:?}"),
            hex(&seed),
        ];
        for secret in secrets {
            assert!(!log.contains(&secret), "{secret} in {log}");
        }
        assert!(!log.contains("127.0.0.1") && !log.contains("::1"), "{log}");
        for port in ports {
            assert!(!log.contains(&format!(":{port}")), "{port} in {log}");
        }
        if format == "json" {
            for line in log.lines() {
                serde_json::from_str::<serde_json::Value>(line).unwrap();
            }
        }
    }
}

/// Where nobody gave an origin it is the address listened on; and behind a proxy every request brings its client's.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_holds_no_address_without_an_origin_and_none_that_a_proxy_tells() {
    const CLIENT: &str = "203.0.113.77";
    for arguments in [
        &[][..],
        &["--behind-proxy"],
        &["--behind-proxy", "--origin", ORIGIN],
    ] {
        let dir = tempfile::tempdir().unwrap();
        put_key(dir.path());
        let serving = start_as(dir.path(), &[arguments, &["--log-level", "debug"]].concat());
        let port = serving.url.rsplit_once(':').unwrap().1.to_owned();
        let mut told = Client::connect_for(&serving.url, CLIENT).await;
        let theirs = told.port().to_string();
        told.raw(CANARY.to_vec()).await;
        told.ends_with(Rule::Version).await;
        // Beyond what one address may open in a minute: that is logged too.
        for _ in 0..limits::ADDRESS_CONNECTIONS + 5 {
            Client::try_connect_for(&serving.url, CLIENT).await;
        }
        let (code, _, log) = serving.stop("-TERM");
        assert_eq!(code, Some(0));
        assert!(log.contains("serving") && log.contains("stopped"), "{log}");
        for address in [
            "127.0.0.1",
            "::1",
            CLIENT,
            &format!(":{port}"),
            &format!(":{theirs}"),
        ] {
            assert!(!log.contains(address), "{arguments:?}: {address} in {log}");
        }
        assert!(!log.contains(&String::from_utf8_lossy(CANARY).into_owned()));
    }
}
