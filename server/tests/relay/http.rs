//! Health, checkpoints and tiles.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use tower::ServiceExt;
use troth_protocol::checkpoint::SignedCheckpoint;
use troth_protocol::ids::{Hash, PracticeId};
use troth_protocol::tree::{TILE_WIDTH, Tile, TilePath, Tree, decode_tile, leaf_hash};
use troth_server::http::router;
use troth_server::relay::Relay;
use troth_server::serve::Running;

use super::client::{founder, relay};
use super::people::document;
use super::world::{ORIGIN, ledger_key};

struct Answer {
    status: StatusCode,
    headers: axum::http::HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: header::HeaderName) -> &str {
        self.headers
            .get(&name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

async fn get(router: &Router, path: &str) -> Answer {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap().to_vec();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body,
    }
}

/// A relay with a ledger of 700 entries.
async fn grown(dir: &std::path::Path) -> (Running, Relay, PracticeId) {
    let running = relay(dir).await;
    let (mut writer, admin, practice, mut reader) = founder(&running.url()).await;
    writer
        .append(vec![admin.create(reader.state(), document(1), &[])])
        .await;
    let mut follower = super::client::Client::connect(&running.url()).await;
    follower.login(practice, &admin, reader.state()).await;
    follower.follow(2).await;
    reader.begin_again();
    follower.read_to(&mut reader, 3).await;
    let edits = admin.edits(reader.state(), document(1), 697, b"sealed");
    for chunk in edits.chunks(256) {
        writer.append(chunk.to_vec()).await;
    }
    let relay = running.relay.clone();
    // What is acknowledged is shown a moment later: once the core answers, it is.
    assert!(relay.answers().await);
    (running, relay, practice)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_whether_it_lives_and_whether_it_can_work() {
    let dir = tempfile::tempdir().unwrap();
    let running = relay(dir.path()).await;
    let routes = router(running.relay.clone());
    assert_eq!(get(&routes, "/healthz").await.status, StatusCode::OK);
    assert_eq!(get(&routes, "/readyz").await.status, StatusCode::OK);
    running.relay.shut_down().await;
    assert_eq!(get(&routes, "/healthz").await.status, StatusCode::OK);
    assert_eq!(
        get(&routes, "/readyz").await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_rebuilds_the_tree_from_the_tiles_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (_running, relay, practice) = grown(dir.path()).await;
    let routes = router(relay.clone());
    let note = get(&routes, &format!("/log/{practice}/checkpoint")).await;
    assert_eq!(note.header(header::CONTENT_TYPE), "text/plain; charset=utf-8");
    assert_eq!(note.header(header::CACHE_CONTROL), "no-store");
    // A page on another origin may check a receipt.
    assert_eq!(note.header(header::ACCESS_CONTROL_ALLOW_ORIGIN), "*");
    let origin = format!("{ORIGIN}/{practice}");
    let checkpoint = SignedCheckpoint::parse(&note.body)
        .unwrap()
        .verify(&origin, &ledger_key())
        .unwrap();
    assert_eq!(checkpoint.size(), 700);

    let mut leaves = Vec::new();
    for index in 0..3 {
        let tile = Tile { level: 0, index };
        let path = TilePath::new(tile, tile.width_at(checkpoint.size())).unwrap();
        let answer = get(&routes, &format!("/log/{practice}/{path}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(answer.header(header::CONTENT_TYPE), "application/octet-stream");
        assert_eq!(answer.header(header::ACCESS_CONTROL_ALLOW_ORIGIN), "*");
        assert_eq!(
            answer.header(header::CACHE_CONTROL).contains("immutable"),
            path.width() == TILE_WIDTH
        );
        leaves.extend(decode_tile(&answer.body).unwrap());
    }
    let mut tree = Tree::new();
    let above = tree.append(&leaves).unwrap();
    assert_eq!((tree.size(), tree.root()), (700, *checkpoint.root()));
    assert_eq!(above.len(), 2);
    let upper = get(&routes, &format!("/log/{practice}/tile/1/000.p/2")).await;
    assert_eq!(decode_tile(&upper.body).unwrap(), tree.partial(1));

    let store = relay.store().clone();
    let rows = tokio::task::spawn_blocking(move || store.entries(&practice, 0, 700, usize::MAX))
        .await
        .unwrap();
    let hashes: Vec<Hash> = rows.unwrap().iter().map(|row| leaf_hash(&row.leaf)).collect();
    assert_eq!(hashes, leaves);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_a_tile_that_has_since_become_complete_is_still_served() {
    let dir = tempfile::tempdir().unwrap();
    let (_running, relay, practice) = grown(dir.path()).await;
    let routes = router(relay);
    let part = get(&routes, &format!("/log/{practice}/tile/0/001.p/7")).await;
    let whole = get(&routes, &format!("/log/{practice}/tile/0/001")).await;
    assert_eq!(part.body[..], whole.body[..7 * Hash::LEN]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_tile_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (_running, relay, practice) = grown(dir.path()).await;
    let routes = router(relay);
    for (path, status) in [
        ("tile/0/002", StatusCode::NOT_FOUND),
        ("tile/0/002.p/189", StatusCode::NOT_FOUND),
        ("tile/0/003.p/1", StatusCode::NOT_FOUND),
        ("tile/2/000.p/1", StatusCode::NOT_FOUND),
        ("tile/0/2", StatusCode::BAD_REQUEST),
        ("tile/0/0002", StatusCode::BAD_REQUEST),
        ("tile/00/002", StatusCode::BAD_REQUEST),
        ("tile/0/000.p/0", StatusCode::BAD_REQUEST),
        ("tile/0/000.p/256", StatusCode::BAD_REQUEST),
        ("tile/64/000", StatusCode::BAD_REQUEST),
        ("tile/0/..%2f000", StatusCode::BAD_REQUEST),
        ("tile/entries/000", StatusCode::FORBIDDEN),
        ("tile/entries/000.p/5", StatusCode::FORBIDDEN),
        ("nothing", StatusCode::NOT_FOUND),
    ] {
        assert_eq!(
            get(&routes, &format!("/log/{practice}/{path}")).await.status,
            status,
            "{path}"
        );
    }
    let upper = practice.to_string().to_uppercase();
    for practice in ["00", &"00".repeat(32), &upper] {
        assert_eq!(
            get(&routes, &format!("/log/{practice}/checkpoint")).await.status,
            StatusCode::NOT_FOUND
        );
        assert_eq!(
            get(&routes, &format!("/log/{practice}/tile/0/000")).await.status,
            StatusCode::NOT_FOUND
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_guarded() {
    let dir = tempfile::tempdir().unwrap();
    let running = relay(dir.path()).await;
    let routes = router(running.relay.clone());
    for path in [
        "/",
        "/healthz",
        "/readyz",
        "/i",
        "/i/x",
        "/r",
        "/log/00/checkpoint",
        "/v1/sync",
        "/none",
    ] {
        let answer = get(&routes, path).await;
        assert_eq!(answer.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff", "{path}");
        assert!(
            answer
                .header(header::CONTENT_SECURITY_POLICY)
                .contains("default-src 'none'"),
            "{path}"
        );
        assert_eq!(answer.header(header::REFERRER_POLICY), "no-referrer", "{path}");
        assert_eq!(answer.header(header::CACHE_CONTROL), "no-store", "{path}");
    }
    let intake = get(&routes, "/i").await;
    let policy = intake.header(header::CONTENT_SECURITY_POLICY).to_owned();
    let text = String::from_utf8(intake.body).unwrap();
    let listed = get(&routes, "/.well-known/troth-assets").await;
    if troth_server::http::page::is_built() {
        assert_eq!((intake.status, listed.status), (StatusCode::OK, StatusCode::OK));
        assert!(
            text.contains("<main id=\"page\">") && !text.contains("<script>"),
            "{text}"
        );
        assert!(
            policy.contains("script-src 'self' 'wasm-unsafe-eval';"),
            "{policy}"
        );
        assert!(policy.contains("require-trusted-types-for 'script'"), "{policy}");
        let listed = String::from_utf8(listed.body).unwrap();
        for line in listed.lines() {
            let (digest, path) = line.split_once("  ").unwrap();
            let file = get(&routes, &format!("/{path}")).await;
            let hash = troth_protocol::ids::Hash::of(&[&file.body]);
            assert_eq!(
                (file.status, hash.to_string()),
                (StatusCode::OK, digest.to_owned()),
                "{path}"
            );
        }
    } else {
        assert_eq!(
            (intake.status, listed.status),
            (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND)
        );
        let both = text.contains("without the intake page") && text.contains("登记页面");
        assert!(both, "{text}");
    }
    assert_eq!(
        get(&routes, "/v1/sync").await.status,
        StatusCode::UPGRADE_REQUIRED
    );
    running.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_is_too_long_or_never_ends_is_given_up() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let dir = tempfile::tempdir().unwrap();
    let running = relay(dir.path()).await;
    let mut socket = tokio::net::TcpStream::connect(running.address).await.unwrap();
    let long = format!(
        "GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n",
        "y".repeat(64 * 1024)
    );
    let _ = socket.write_all(long.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer).await;
    assert!(answer.starts_with(b"HTTP/1.1 431") || answer.is_empty());
    running.shut_down().await;
}
