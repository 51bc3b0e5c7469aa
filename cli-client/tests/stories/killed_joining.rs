//! Whoever joins, or links another device, and whoever lets them in, are killed at random moments, and run again. Nobody is
//! stranded: in the end everybody is in, once, and reads what they may.

#![expect(clippy::print_stdout, reason = "a seed is there to be seen when a run fails")]

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value;

use super::stage::{Ran, Relay, Stage, Troth, first_line};

/// People who join, and devices that are linked.
const ROUNDS: usize = 3;
/// Kills in one round at most, before both are left alone.
const KILLS: usize = 5;
/// Longest time that everything takes once nobody is killed any more: a mailbox that was spoilt is free again after ten minutes,
/// and nothing here spoils one.
const PATIENCE: Duration = Duration::from_secs(90);

fn seeded() -> StdRng {
    let seed = std::env::var("TROTH_SEED").map_or_else(|_| rand::random(), |seed| seed.parse().unwrap());
    println!("TROTH_SEED={seed} repeats this run's moments");
    StdRng::seed_from_u64(seed)
}

/// Kills a child at some moment within a time, unless it has ended before.
fn kill_within(mut child: Child, time: Duration, rng: &mut StdRng) -> Ran {
    std::thread::sleep(rng.random_range(Duration::ZERO..time));
    let _ = child.kill();
    Ran::of(child.wait_with_output().unwrap())
}

/// A child's end, which must not take for ever.
fn ended(mut child: Child) -> Ran {
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(begun.elapsed() < PATIENCE, "it waits for ever");
        std::thread::sleep(Duration::from_millis(20));
    }
    Ran::of(child.wait_with_output().unwrap())
}

struct Story {
    stage: Stage,
    relay: Relay,
    ash: Troth,
    rng: StdRng,
    /// How long a command takes that opens the device and speaks with the relay.
    takes: Duration,
    killed: usize,
}

impl Story {
    fn new() -> Self {
        let stage = Stage::new();
        let relay = stage.relay();
        let ash = stage.founder(&relay);
        ash.ok(&["case", "new", "Lee", "--partner-a", "Ann", "--skip-recovery"]);
        ash.ok(&["note", "add", "Lee", "--lane", "joint", "--text", "from before"]);
        let begun = Instant::now();
        ash.ok(&["sync"]);
        Self {
            stage,
            relay,
            ash,
            rng: seeded(),
            takes: begun.elapsed(),
            killed: 0,
        }
    }

    /// Runs a command that is killed again and again, until it comes to its end before.
    fn until_it_ends(&mut self, troth: &Troth, arguments: &[&str]) -> Ran {
        for time in 1.. {
            let ran = kill_within(
                troth.spawn(arguments),
                self.takes.mul_f64(0.5 * f64::from(time)),
                &mut self.rng,
            );
            if ran.code != -1 {
                return ran;
            }
            self.killed += 1;
        }
        unreachable!("it ends once there is time enough")
    }

    fn invited(&mut self) -> String {
        let ash = self.stage.troth("laptop");
        let ran = self.until_it_ends(&ash, &["--json", "member", "invite", "--role", "counselor"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.json()["code"].as_str().unwrap().to_owned()
    }

    /// The inviter, who is told the code that the newcomer's device shows as soon as it shows one.
    fn confirming(&self) -> Child {
        self.ash
            .command(&["--json", "member", "confirm", "--wait", "60", "--compare", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }
}

#[test]
fn whoever_joins_and_whoever_lets_them_in_are_killed_and_run_again_and_nobody_is_stranded() {
    let mut s = Story::new();
    for round in 0..ROUNDS {
        let name = format!("Member {round}");
        let code = s.invited();
        let newcomer = s.stage.troth(&format!("home {round}"));
        let join = ["practice", "join", &code, "--as", &name];
        let mut shown = None;
        for kill in 0..KILLS {
            let confirming = s.confirming();
            let joining = newcomer.spawn(&join);
            // One of the two, or both, at moments of their own; the code is told where it was shown by then.
            let time = s
                .takes
                .mul_f64(1.0 + 0.6 * f64::from(u32::try_from(kill).unwrap()));
            let mut confirming = confirming;
            if let Some(code) = &shown {
                use std::io::Write as _;
                let _ = writeln!(confirming.stdin.as_mut().unwrap(), "{code}");
            }
            let ran = kill_within(joining, time, &mut s.rng);
            s.killed += usize::from(ran.code == -1);
            if let Some(line) = ran.stdout.lines().next().filter(|line| line.len() == 9) {
                assert!(
                    shown.as_deref().is_none_or(|before| before == line),
                    "one code: {line}"
                );
                shown = Some(line.to_owned());
            }
            let ran = kill_within(confirming, s.takes, &mut s.rng);
            s.killed += usize::from(ran.code == -1);
        }
        // Nobody is killed any more.
        let mut confirming = s.confirming();
        let (line, joining) = first_line(newcomer.spawn(&join));
        {
            use std::io::Write as _;
            let _ = writeln!(confirming.stdin.as_mut().unwrap(), "{line}");
        }
        let joined = ended(joining);
        assert_eq!(joined.code, 0, "{round}: {} {line}", joined.stderr);
        // Where everything was said before, there is nobody left to wait for.
        let _ = confirming.kill();
        let confirmed = Ran::of(confirming.wait_with_output().unwrap());
        // Or it is told that the mailbox was used, by the very meeting that let them in.
        assert!(
            matches!(confirmed.code, -1..=1 | 4),
            "{round}: {}",
            confirmed.stderr
        );
        s.ash.ok(&["sync"]);
        s.ash.ok(&["case", "assign", "Lee", &name]);
        newcomer.ok(&["sync"]);
        let notes = newcomer.json(&["note", "list", "Lee"]);
        assert_eq!(notes["notes"][0]["text"], "from before", "{notes}");
        newcomer.ok(&["ledger", "verify"]);
    }
    let members = s.ash.json(&["member", "list"]);
    let named = |member: &Value| member["name"].as_str().map(str::to_owned);
    let mut names: Vec<_> = members["members"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(named)
        .collect();
    names.sort();
    assert_eq!(
        names,
        ["Member 0", "Member 1", "Member 2", "Wanjiru Ashdown"],
        "{members}"
    );
    s.ash.ok(&["ledger", "verify"]);
    assert_eq!(s.ash.json(&["sync"])["quarantined"], 0);
    assert!(
        s.killed >= ROUNDS,
        "{} killed: too few to show anything",
        s.killed
    );
    println!("{} commands killed, nobody stranded", s.killed);
    drop(s.relay);
}

#[test]
fn a_new_device_and_whoever_approves_it_are_killed_and_run_again_and_it_is_linked_once() {
    let mut s = Story::new();
    for round in 0..ROUNDS {
        let name = format!("phone {round}");
        let phone = s.stage.troth(&name);
        let join = ["device", "join", "--relay", &s.relay.url.clone(), "--name", &name];
        let mut belongs = false;
        for kill in 0..KILLS {
            let (line, joining) = first_line(phone.spawn(&join));
            // An attempt before was approved after all.
            if !is_code(&line) {
                let ran = ended(joining);
                assert_eq!(ran.code, 0, "{round}: {line} {}", ran.stderr);
                belongs = true;
                break;
            }
            let time = s
                .takes
                .mul_f64(0.8 + 0.5 * f64::from(u32::try_from(kill).unwrap()));
            let approving = s.ash.spawn(&["device", "approve", line.trim()]);
            let approved = kill_within(approving, time, &mut s.rng);
            let joined = kill_within(joining, s.takes.mul_f64(0.2), &mut s.rng);
            s.killed += usize::from(approved.code == -1) + usize::from(joined.code == -1);
            assert!(matches!(approved.code, -1..=1), "{round}: {}", approved.stderr);
            belongs = joined.code == 0;
            if belongs {
                break;
            }
        }
        if !belongs {
            let (line, joining) = first_line(phone.spawn(&join));
            if is_code(&line) {
                let approved = ended(s.ash.spawn(&["device", "approve", line.trim()]));
                assert_eq!(approved.code, 0, "{round}: {}", approved.stderr);
            }
            let joined = ended(joining);
            assert_eq!(joined.code, 0, "{round}: {}", joined.stderr);
        }
        s.ash.ok(&["sync"]);
        phone.ok(&["sync"]);
        let notes = phone.json(&["note", "list", "Lee"]);
        assert_eq!(notes["notes"][0]["text"], "from before", "{notes}");
        phone.ok(&["ledger", "verify"]);
    }
    let devices = s.ash.json(&["device", "list"]);
    assert_eq!(
        devices["devices"].as_array().unwrap().len(),
        1 + ROUNDS,
        "{devices}"
    );
    assert_eq!(s.ash.json(&["sync"])["quarantined"], 0);
    assert!(
        s.killed >= ROUNDS,
        "{} killed: too few to show anything",
        s.killed
    );
    println!("{} commands killed, each device linked once", s.killed);
}

/// Whether a line is the code of a new device, and not what is said at the end.
fn is_code(line: &str) -> bool {
    line.len() > 40
        && line
            .trim()
            .chars()
            .all(|c| c == '-' || c.is_ascii_digit() || c.is_ascii_uppercase())
}

#[test]
fn founding_is_killed_and_run_again_and_founds_one_practice() {
    let stage = Stage::new();
    let relay = stage.relay();
    let mut rng = seeded();
    let init = [
        "--json",
        "practice",
        "init",
        "--relay",
        &relay.url,
        "--name",
        "Harbourlight Counsel",
        "--as",
        "Wanjiru Ashdown",
    ];
    let begun = Instant::now();
    stage.troth("timed").ok(&init);
    let (takes, mut killed) = (begun.elapsed(), 0);
    for round in 0..ROUNDS {
        let laptop = stage.troth(&format!("laptop {round}"));
        let mut practices = Vec::new();
        for kill in 0..KILLS {
            let time = takes.mul_f64(0.6 + 0.3 * f64::from(u32::try_from(kill).unwrap()));
            let ran = kill_within(laptop.spawn(&init), time, &mut rng);
            killed += usize::from(ran.code == -1);
            assert!(matches!(ran.code, -1..=0), "{round}: {}", ran.stderr);
            if ran.code == 0 {
                practices.push(ran.json()["practice"].clone());
            }
        }
        practices.push(laptop.ok(&init).json()["practice"].clone());
        practices.dedup();
        assert_eq!(practices.len(), 1, "{round}");
        let status = laptop.json(&["practice", "status"]);
        assert_eq!(status["practice"], practices[0], "{status}");
        assert_eq!(status["name"], "Harbourlight Counsel", "{status}");
        assert_eq!(
            (&status["as"], &status["waiting"]),
            (&"Wanjiru Ashdown".into(), &0.into())
        );
        laptop.ok(&["case", "new", "Lee", "--partner-a", "Ann", "--skip-recovery"]);
        laptop.ok(&["ledger", "verify"]);
    }
    assert!(killed >= ROUNDS, "{killed} killed: too few to show anything");
    println!("{killed} killed, one practice each");
}
