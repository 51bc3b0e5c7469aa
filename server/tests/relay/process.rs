//! The program itself.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use troth_protocol::ids::PracticeId;
use troth_protocol::limits;
use troth_protocol::rule::Rule;

use super::client::{Client, founder, founder_of, put_key};
use super::people::{Device, document};
use super::reader::Reader;
use super::world::ORIGIN;

pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_troth-server"));
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

pub struct Serving {
    pub child: Child,
    pub url: String,
}

pub fn start(data: &Path, arguments: &[&str]) -> Serving {
    start_as(data, &[&["--origin", ORIGIN], arguments].concat())
}

/// The same under whatever name the arguments give, or none.
pub fn start_as(data: &Path, arguments: &[&str]) -> Serving {
    let mut command = program();
    command
        .arg("serve")
        .arg("--data")
        .arg(data)
        .args(["--listen", "127.0.0.1:0"])
        .args(arguments);
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    let url = line
        .trim_end()
        .strip_prefix("listening on ")
        .expect("the one line on stdout")
        .to_owned();
    Serving { child, url }
}

/// What fails leaves no relay behind.
impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Serving {
    /// Asks it to stop; returns its exit code, what else it wrote on stdout, and its log.
    pub fn stop(mut self, signal: &str) -> (Option<i32>, String, String) {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &pid])
                .status()
                .unwrap()
                .success()
        );
        let begun = Instant::now();
        let (mut out, mut err) = (String::new(), String::new());
        self.child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut out)
            .unwrap();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut err)
            .unwrap();
        let status = self.child.wait().unwrap();
        assert!(begun.elapsed() < Duration::from_secs(10));
        (status.code(), out, err)
    }
}

pub fn run(arguments: &[&str]) -> Output {
    program().args(arguments).output().unwrap()
}

pub fn error(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_serves_stops_when_asked_and_what_it_kept_verifies() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    put_key(&data);
    for (signal, store) in [("-TERM", "sqlite"), ("-INT", "sqlite")] {
        let serving = start(&data, &["--store", store]);
        assert!(serving.url.starts_with("http://127.0.0.1:"));
        let (mut writer, admin, _, reader) = founder(&serving.url).await;
        if signal == "-TERM" {
            writer
                .append(vec![admin.create(reader.state(), document(1), &[])])
                .await;
        }
        let (code, out, _) = serving.stop(signal);
        assert_eq!(
            (code, out.as_str()),
            (Some(0), ""),
            "one line on stdout and no more"
        );
        writer.ends_with(Rule::Unavailable).await;
    }
    let path = data.to_str().unwrap();
    let verified = run(&["verify", "--data", path, "--json"]);
    assert_eq!(verified.status.code(), Some(0), "{}", error(&verified));
    let report: serde_json::Value = serde_json::from_slice(&verified.stdout).unwrap();
    assert_eq!(
        (report["ok"].as_bool(), report["ledgers"][0]["entries"].as_u64()),
        (Some(true), Some(3))
    );
    let text = run(&["verify", "--data", path]);
    assert!(String::from_utf8(text.stdout).unwrap().contains("3 entries"));

    std::fs::write(data.join("ledger.key"), [1; 32]).unwrap();
    let wrong = run(&["verify", "--data", path]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(
        String::from_utf8(wrong.stdout)
            .unwrap()
            .contains("another ledger key")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_gives_space_back_holds_nothing_when_the_relay_is_asked_to_stop() {
    let dir = tempfile::tempdir().unwrap();
    put_key(dir.path());
    let serving = start(dir.path(), &[]);
    // Space is given back with the first tick, and then rests for half a minute.
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let (code, _, log) = serving.stop("-TERM");
    assert_eq!(code, Some(0));
    assert!(
        log.contains("stopped") && !log.contains("still being read"),
        "{log}"
    );
}

#[cfg(feature = "sled")]
#[tokio::test(flavor = "multi_thread")]
async fn sled_says_what_it_does_not_promise_and_verify_finds_the_engine_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    put_key(dir.path());
    let serving = start(dir.path(), &["--store", "sled"]);
    founder(&serving.url).await;
    let (code, _, log) = serving.stop("-TERM");
    assert_eq!(code, Some(0));
    assert!(log.contains("the sled engine"), "{log}");
    let verified = run(&["verify", "--data", dir.path().to_str().unwrap()]);
    assert_eq!(verified.status.code(), Some(0), "{}", error(&verified));
}

#[test]
fn what_it_cannot_do_it_says_with_the_code_for_usage() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let data = data.to_str().unwrap();
    for (arguments, text) in [
        (&["--store", "postgres"][..], "not built into"),
        (&["--acme", "relay.example"], "not in this version"),
        (&["--listen", "0.0.0.0:0", "--origin", ORIGIN], "--behind-proxy"),
        (&["--tls-cert", "x.pem"], "--tls-key"),
        (&["--config", "/nowhere/relay.toml"], "/nowhere/relay.toml"),
        (&["--max-practices", "many"], "--max-practices"),
        (&["--nonsense"], "--nonsense"),
    ] {
        let output = run(&[&["serve", "--data", data], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", error(&output));
        assert!(error(&output).contains(text), "{arguments:?}: {}", error(&output));
        assert!(output.stdout.is_empty());
    }
    assert!(!Path::new(data).exists(), "nothing was made");
    assert_eq!(run(&["serve"]).status.code(), Some(2));
}

#[test]
fn what_fails_it_says_with_the_code_for_failure() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing");
    let output = run(&["verify", "--data", missing.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(!missing.exists(), "verifying makes nothing");

    std::fs::write(dir.path().join("ledger.key"), [1; 31]).unwrap();
    let output = run(&[
        "serve",
        "--data",
        dir.path().to_str().unwrap(),
        "--listen",
        "127.0.0.1:0",
    ]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        error(&output).contains("31 bytes and not 32"),
        "{}",
        error(&output)
    );
}

#[test]
fn a_file_says_what_the_flags_would() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("relay.toml");
    let data = dir.path().join("data");
    std::fs::write(
        &file,
        format!("data = {data:?}\nlisten = '127.0.0.1:0'\nstore = 'paper'\n"),
    )
    .unwrap();
    let output = run(&["serve", "--config", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        error(&output).contains("choose sqlite or sled"),
        "{}",
        error(&output)
    );
}

/// Memory that a process holds, in bytes.
#[cfg(target_os = "linux")]
pub fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// A practice in which catching up takes several of the longest frames.
async fn grown(url: &str, number: u8) -> (PracticeId, Device, Reader) {
    let (mut writer, admin, practice, mut reader) = founder_of(url, number).await;
    writer
        .append(vec![admin.create(reader.state(), document(1), &[])])
        .await;
    let mut follower = Client::connect(url).await;
    follower.login(practice, &admin, reader.state()).await;
    follower.follow(2).await;
    reader.begin_again();
    follower.read_to(&mut reader, 3).await;
    writer
        .append(admin.edits(reader.state(), document(1), 8, &vec![7; 100_000]))
        .await;
    follower.read_to(&mut reader, 11).await;
    (practice, admin, reader)
}

/// Devices that log in, catch up and follow, and then are quiet; another number of them with `IDLE=2000`.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_costs_less_than_twelve_kib() {
    let count: u64 = std::env::var("IDLE").map_or(1000, |count| count.parse().unwrap());
    let mut files = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    files.current = files.maximum;
    rustix::process::setrlimit(rustix::process::Resource::Nofile, files).unwrap();
    let dir = tempfile::tempdir().unwrap();
    put_key(dir.path());
    let serving = start(dir.path(), &[]);
    // A device has eight connections, so there are many practices.
    let mut practices = Vec::new();
    for number in 0..u8::try_from((count + 50).div_ceil(limits::DEVICE_CONNECTIONS as u64)).unwrap() {
        practices.push(Box::pin(grown(&serving.url, number)).await);
    }
    // What the process takes once is taken: the store's memory of what was read last among it.
    for (practice, admin, reader) in &practices {
        let mut client = Client::connect(&serving.url).await;
        client.login(*practice, admin, reader.state()).await;
        client.follow(0).await;
        client
            .read_to(&mut Reader::new(*practice, admin.member), 11)
            .await;
    }
    let mut idle: Vec<Client> = Vec::new();
    let mut join = async |count| {
        for _ in 0..count {
            let (practice, admin, reader) = &practices[idle.len() / limits::DEVICE_CONNECTIONS];
            let mut client = Client::connect(&serving.url).await;
            client.login(*practice, admin, reader.state()).await;
            client.follow(0).await;
            let mut caught_up = Reader::new(*practice, admin.member);
            client.read_to(&mut caught_up, 11).await;
            idle.push(client);
        }
    };
    join(50).await;
    let before = resident(serving.child.id());
    join(count).await;
    let each = resident(serving.child.id()).saturating_sub(before) / count;
    println!("{count} idle connections: {:.1} KiB each", each as f64 / 1024.0);
    assert!(each < 12 * 1024, "{each} bytes");
    drop(idle);
    serving.stop("-TERM");
}
