//! Witnesses: processes of their own that cosign only what extends what they saw, and the relay that asks them.

use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use troth_protocol::checkpoint::{Checkpoint, KeyKind, SignedCheckpoint, VerifierKey, ledger_origin};
use troth_protocol::ids::{Hash, PracticeId};
use troth_protocol::statement::Policy;
use troth_protocol::tree::leaf_hash;
use troth_protocol::wire::RelayMessage;
use troth_protocol::witness::{AddCheckpoint, TrustedLog};
use troth_server::config::{ServeOptions, Tls};
use troth_server::serve::{Running, serve};
use troth_server::witness::{Witness, WitnessOptions};
use troth_server::witnessing::WitnessAddress;

use super::client::{Client, SOON, options, put_key};
use super::people::{Device, document, member};
use super::world::{ORIGIN, ledger_key, settings};

const NAME: &str = "witness.example/w1";

/// A witness of the relay that the stories know.
async fn witness(data: &Path) -> Witness {
    let relay = VerifierKey::new(ORIGIN, KeyKind::Ed25519, ledger_key()).unwrap();
    let options = WitnessOptions {
        data: data.to_owned(),
        listen: "127.0.0.1:0".parse().unwrap(),
        name: NAME.to_owned(),
        logs: vec![TrustedLog::new(relay).unwrap()],
        tls: Tls::Off,
    };
    Witness::start(options).await.unwrap()
}

fn asking(data: &Path, witness: &Witness) -> ServeOptions {
    let mut options = options(data);
    let address = |key: &VerifierKey| WitnessAddress {
        key: key.clone(),
        url: witness.url().parse().unwrap(),
    };
    options.witnesses = witness.keys().iter().map(address).collect();
    options.witness_every = Duration::from_millis(20);
    options
}

/// The practice names the witness by both of its keys, and wants both.
fn policy(witness: &Witness) -> Policy {
    Policy {
        witnesses: witness.keys().iter().map(ToString::to_string).collect(),
        quorum: 2,
        ..Policy::default()
    }
}

/// A request over a plain socket, answered whole: status, and body.
async fn http(url: &str, method: &str, path: &str, body: &str) -> (u16, String) {
    let address = url.strip_prefix("http://").unwrap();
    let mut socket = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    tokio::time::timeout(SOON, socket.read_to_string(&mut answer))
        .await
        .unwrap()
        .unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

async fn post(witness: &Witness, request: &AddCheckpoint) -> (u16, String) {
    http(&witness.url(), "POST", "/add-checkpoint", &request.to_string()).await
}

/// The note that the relay shows once its witnesses have cosigned a ledger of at least this size.
async fn cosigned(running: &Running, practice: &PracticeId, size: u64) -> SignedCheckpoint {
    let path = format!("/log/{practice}/witnessed");
    let waited = tokio::time::timeout(SOON, async {
        loop {
            let (status, note) = http(&running.url(), "GET", &path, "").await;
            if status == 200 {
                let note = SignedCheckpoint::parse(note.as_bytes()).unwrap();
                if note.checkpoint().size() >= size {
                    return note;
                }
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    waited.await.expect("the witness cosigns")
}

/// A checkpoint that the relay's key signed, of a ledger that is not this one.
fn forked(practice: &PracticeId, size: u64) -> SignedCheckpoint {
    let root = leaf_hash(b"another history");
    Checkpoint::new(ledger_origin(ORIGIN, practice), size, root)
        .unwrap()
        .sign(&settings().key)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_is_cosigned_as_it_grows_and_its_devices_are_told() {
    let (data, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    put_key(data.path());
    let witness = witness(own.path()).await;
    let running = serve(asking(data.path(), &witness)).await.unwrap();
    let admin = Device::new(1, member(1));
    let (practice, state) = Client::connect(&running.url())
        .await
        .found_under(policy(&witness), &admin)
        .await;

    let keys = witness.keys();
    let mut size = 1;
    let mut client = Client::connect(&running.url()).await;
    client.login(practice, &admin, &state).await;
    client
        .send(&troth_protocol::wire::ClientMessage::Append(
            troth_protocol::wire::Append {
                request: 1,
                uploads: vec![admin.create(&state, document(1), &[])],
            },
        ))
        .await;
    while size < 3 {
        // Acknowledgements, and what the witness adds, in any order.
        if let Ok(RelayMessage::Witnessed(witnessed)) = client.next().await {
            let mut note = witnessed
                .checkpoint
                .to_signed(&ledger_origin(ORIGIN, &practice), &ledger_key())
                .unwrap();
            note.verify(&ledger_origin(ORIGIN, &practice), &ledger_key())
                .unwrap();
            assert_eq!(witnessed.cosignatures.len(), 2);
            for line in &witnessed.cosignatures {
                note.add(troth_protocol::checkpoint::SignatureLine::parse(line).unwrap())
                    .unwrap();
            }
            for key in keys {
                assert_eq!(note.verify_cosignature(key).unwrap().witness(), NAME);
            }
            assert!(witnessed.checkpoint.size >= size);
            size = witnessed.checkpoint.size;
        }
    }
    // Monitors get the same from the relay and from the witness.
    let note = cosigned(&running, &practice, 3).await;
    assert!(keys.iter().all(|key| note.verify_cosignature(key).is_ok()));
    let origin = Hash::of(&[ledger_origin(ORIGIN, &practice).as_bytes()]);
    let (status, kept) = http(&witness.url(), "GET", &format!("/{origin}/checkpoint"), "").await;
    assert_eq!((status, kept), (200, note.to_string()));
    // Who logs in later is told at once.
    let mut later = Client::connect(&running.url()).await;
    later.login(practice, &admin, &state).await;
    assert!(matches!(later.next().await, Ok(RelayMessage::Witnessed(_))));
    running.shut_down().await;
    witness.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_refuses_a_second_history_also_after_it_was_restarted() {
    let (data, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    put_key(data.path());
    let first = witness(own.path()).await;
    let running = serve(asking(data.path(), &first)).await.unwrap();
    let admin = Device::new(1, member(1));
    let (practice, _) = Client::connect(&running.url())
        .await
        .found_under(policy(&first), &admin)
        .await;
    let size = cosigned(&running, &practice, 1).await.checkpoint().size();
    running.shut_down().await;
    let keys = first.keys().clone();
    first.shut_down().await;

    let again = witness(own.path()).await;
    assert_eq!(again.keys(), &keys);
    let of = |old, checkpoint| AddCheckpoint {
        old,
        proof: Vec::new(),
        checkpoint,
    };
    assert_eq!(post(&again, &of(size, forked(&practice, size))).await.0, 422);
    let grown = AddCheckpoint {
        proof: vec![leaf_hash(b"x")],
        ..of(size, forked(&practice, size + 1))
    };
    assert_eq!(post(&again, &grown).await.0, 422);
    assert_eq!(
        post(&again, &of(0, forked(&practice, size))).await,
        (409, format!("{size}\n"))
    );
    assert_eq!(post(&again, &of(size + 5, forked(&practice, size))).await.0, 400);
    // Another relay's ledger, and one that its key did not sign.
    let other = Checkpoint::new("other.example/log", 1, leaf_hash(b"x"))
        .unwrap()
        .sign(&settings().key);
    assert_eq!(post(&again, &of(0, other)).await.0, 404);
    let stranger = ed25519_dalek::SigningKey::from_bytes(&[77; 32]);
    let unsigned = Checkpoint::new(ledger_origin(ORIGIN, &practice), size, leaf_hash(b"x"))
        .unwrap()
        .sign(&stranger);
    assert_eq!(post(&again, &of(size, unsigned)).await.0, 403);
    assert_eq!(
        http(&again.url(), "POST", "/add-checkpoint", "old one\n\n")
            .await
            .0,
        400
    );
    assert_eq!(
        http(&again.url(), "POST", "/add-checkpoint", &"a".repeat(1 << 20))
            .await
            .0,
        413
    );
    assert_eq!(
        http(
            &again.url(),
            "GET",
            &format!("/{}/checkpoint", leaf_hash(b"")),
            ""
        )
        .await
        .0,
        404
    );
    again.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_requests_at_once_never_roll_the_record_back() {
    let own = tempfile::tempdir().unwrap();
    let witness = witness(own.path()).await;
    let practice = PracticeId([4; 32]);
    // Two histories of one size: whichever comes first is the only one that is ever cosigned.
    let of = |name: &str| AddCheckpoint {
        old: 0,
        proof: Vec::new(),
        checkpoint: Checkpoint::new(ledger_origin(ORIGIN, &practice), 7, leaf_hash(name.as_bytes()))
            .unwrap()
            .sign(&settings().key),
    };
    let requests: Vec<AddCheckpoint> = (0..16).map(|n| of(&format!("history {n}"))).collect();
    let answers =
        futures_util::future::join_all(requests.iter().map(|request| post(&witness, request))).await;
    assert_eq!(answers.iter().filter(|(status, _)| *status == 200).count(), 1);
    assert!(answers.iter().all(|(status, _)| matches!(status, 200 | 409)));
    witness.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_that_is_down_or_lies_keeps_nobody_from_working() {
    let (data, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    put_key(data.path());
    let down = witness(own.path()).await;
    let mut options = asking(data.path(), &down);
    let policy = policy(&down);
    down.shut_down().await;
    // A second witness answers in the first one's place: its key is not the policy's.
    let elsewhere = tempfile::tempdir().unwrap();
    let liar = witness(elsewhere.path()).await;
    for witness in &mut options.witnesses {
        witness.url = liar.url().parse().unwrap();
    }
    let running = serve(options).await.unwrap();
    let admin = Device::new(1, member(1));
    let (practice, state) = Client::connect(&running.url())
        .await
        .found_under(policy, &admin)
        .await;
    let mut client = Client::connect(&running.url()).await;
    client.login(practice, &admin, &state).await;
    client.append(vec![admin.create(&state, document(1), &[])]).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let (status, _) = http(&running.url(), "GET", &format!("/log/{practice}/witnessed"), "").await;
    assert_eq!(status, 404, "what the policy's key did not cosign is not shown");
    running.shut_down().await;
    liar.shut_down().await;
}
