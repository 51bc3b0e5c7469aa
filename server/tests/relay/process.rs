//! The program itself.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use troth_protocol::ids::{Nonce, PracticeId};
use troth_protocol::limits;
use troth_protocol::rule::Rule;
use troth_protocol::statement::Role;
use troth_protocol::tree::Frontier;
use troth_protocol::wire::{Append, ClientMessage, Fetch, Hello, RelayMessage};

use super::client::{Client, founder, founder_of, put_key};
use super::people::{Device, document, member};
use super::reader::Reader;
use super::world::{ORIGIN, settings};

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_troth-server"));
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

struct Serving {
    child: Child,
    url: String,
}

fn start(data: &Path, arguments: &[&str]) -> Serving {
    start_as(data, &[&["--origin", ORIGIN], arguments].concat())
}

/// The same under whatever name the arguments give, or none.
fn start_as(data: &Path, arguments: &[&str]) -> Serving {
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

impl Serving {
    /// Asks it to stop; returns its exit code, what else it wrote on stdout, and its log.
    fn stop(mut self, signal: &str) -> (Option<i32>, String, String) {
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

fn run(arguments: &[&str]) -> Output {
    program().args(arguments).output().unwrap()
}

fn error(output: &Output) -> String {
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

#[test]
fn help_names_the_exit_codes_and_a_package_gets_its_completions_and_pages() {
    let help = String::from_utf8(run(&["--help"]).stdout).unwrap();
    assert!(help.contains("Exit codes: 0 done, 1 failed"), "{help}");
    for shell in ["bash", "zsh", "fish"] {
        let script = run(&["completions", shell]);
        assert_eq!(script.status.code(), Some(0), "{}", error(&script));
        let script = String::from_utf8(script.stdout).unwrap();
        assert!(script.contains("behind-proxy"), "{shell}: {script}");
    }
    let dir = tempfile::tempdir().unwrap();
    let pages = dir.path().join("man");
    let written = run(&["man", pages.to_str().unwrap()]);
    assert_eq!(written.status.code(), Some(0), "{}", error(&written));
    let page = std::fs::read_to_string(pages.join("troth-server-serve.1")).unwrap();
    assert!(page.contains("behind"), "{page}");
    let file = dir.path().join("file");
    std::fs::write(&file, b"").unwrap();
    let refused = run(&["man", file.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        error(&refused).contains("choose a directory"),
        "{}",
        error(&refused)
    );
}

#[test]
fn an_address_that_is_taken_is_said_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = run(&[
        "serve",
        "--data",
        dir.path().to_str().unwrap(),
        "--listen",
        &address,
    ]);
    assert_eq!(output.status.code(), Some(1));
    let said = error(&output);
    assert!(
        said.contains(&address) && said.contains("choose another"),
        "{said}"
    );
}

#[test]
fn colours_are_left_out_where_nobody_wants_them() {
    let coloured = |forced: bool, none: bool| {
        let mut command = program();
        command.arg("--nonsense").env_remove("NO_COLOR");
        if forced {
            command.env("CLICOLOR_FORCE", "1");
        }
        if none {
            command.env("NO_COLOR", "1");
        }
        error(&command.output().unwrap()).contains('\u{1b}')
    };
    assert!(coloured(true, false), "else this shows nothing");
    assert!(!coloured(true, true) && !coloured(false, true) && !coloured(false, false));
}

/// Memory that a process holds, in bytes.
#[cfg(target_os = "linux")]
fn resident(pid: u32) -> u64 {
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

/// A member who does not see everything, on as many connections as a device may have: each follows from the beginning, and
/// fetches as often as it may, and none reads a byte.
#[cfg(target_os = "linux")]
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
