//! The command is killed in the middle of its work, again and again, with the relay there and away. What it reported as
//! done is there every time, reaches the relay in the end, and stands exactly once on the member's other device.

#![expect(clippy::print_stdout, reason = "a seed is there to be seen when a run fails")]

use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value;

use super::stage::{Ran, Relay, Stage, Troth};
use tally::{Written, complete};

mod tally;

/// How often the command is killed before its end.
const KILLS: usize = 42;
/// How much must have been reported in spite of it.
const REPORTED: usize = 12;
/// Commands that are started at most to get there.
const COMMANDS: usize = 150;
/// Commands after which the relay goes, or comes back.
const SHIFT: usize = 6;
/// Commands after which all that was reported is looked for. What was lost once stays lost; that the store opens, every
/// command shows.
const LOOK: usize = 5;

#[test]
fn nothing_reported_is_lost_when_the_command_is_killed() {
    let seed = std::env::var("TROTH_SEED").map_or_else(|_| rand::random(), |seed| seed.parse().unwrap());
    println!("TROTH_SEED={seed} repeats this run's moments");
    let mut rng = StdRng::seed_from_u64(seed);
    let stage = Stage::new();
    let mut story = Story::begin(&stage);
    for number in 0..COMMANDS {
        if story.killed >= KILLS && story.reported() >= REPORTED {
            return story.end();
        }
        if number % SHIFT == SHIFT - 1 {
            story.relay_goes_or_comes();
        }
        story.write_and_die(number, &mut rng);
        if number % LOOK == LOOK - 1 {
            story.check(&story.laptop);
        }
    }
    panic!(
        "{} killed, {} reported: too few to show anything",
        story.killed,
        story.reported()
    );
}

struct Story<'a> {
    stage: &'a Stage,
    url: String,
    relay: Option<Relay>,
    laptop: Troth,
    phone: Troth,
    /// How long a command takes to open the device: before that it does nothing.
    opening: Duration,
    /// The latest moment at which it is killed, with the relay there and away: as long as it takes, as far as was seen.
    latest: [Duration; 2],
    notes: Written,
    /// By their names: each is set once.
    fields: Written,
    killed: usize,
}

impl<'a> Story<'a> {
    fn begin(stage: &'a Stage) -> Self {
        let relay = stage.relay();
        let laptop = stage.founder(&relay);
        let phone = stage.second(&relay, &laptop);
        laptop.ok(&["case", "new", "Lee", "--partner-a", "Ann", "--skip-recovery"]);
        laptop.ok(&["field", "set", "Lee", "joint", "first", "set"]);
        let timed = |arguments: &[&str]| {
            let begun = Instant::now();
            laptop.ok(arguments);
            begun.elapsed()
        };
        let opening = timed(&["note", "list", "Lee"]);
        let done = timed(&["note", "add", "Lee", "--lane", "joint", "--text", "the first"]);
        Self {
            url: relay.url.clone(),
            relay: Some(relay),
            stage,
            phone,
            opening,
            latest: [done.max(opening.mul_f64(1.1)); 2],
            notes: Written::from([("the first".to_owned(), true)]),
            fields: Written::from([("first".to_owned(), true)]),
            killed: 0,
            laptop,
        }
    }

    fn relay_goes_or_comes(&mut self) {
        match self.relay.take() {
            Some(relay) => relay.kill(),
            None => self.relay = Some(self.stage.relay_at(&self.url)),
        }
    }

    /// Writes, and is killed at some moment: mostly once the device is open, since nothing happens before.
    fn write_and_die(&mut self, number: usize, rng: &mut StdRng) {
        let away = usize::from(self.relay.is_none());
        let latest = self.latest[away];
        let earliest = if rng.random_ratio(1, 8) {
            Duration::ZERO
        } else {
            self.opening.mul_f64(0.8)
        };
        let moment = rng.random_range(earliest..latest);
        let name = format!("{number:03}");
        let note = rng.random_ratio(2, 3);
        let arguments: &[&str] = if note {
            &["--json", "note", "add", "Lee", "--lane", "joint", "--text", &name]
        } else {
            &["--json", "field", "set", "Lee", "joint", &name, "set"]
        };
        let mut child = self.laptop.spawn(arguments);
        std::thread::sleep(moment);
        // It may have ended already.
        let _ = child.kill();
        let ran = Ran::of(child.wait_with_output().unwrap());
        // Machines are slower at times: the moments follow.
        let pace = match ran.code {
            -1 => 1.03,
            0 | 3 => 0.95,
            code => panic!("{arguments:?}: exit code {code}: {}", ran.stderr),
        };
        self.latest[away] = latest.mul_f64(pace).max(self.opening.mul_f64(0.9));
        self.killed += usize::from(ran.code == -1);
        // Whoever reads what it prints takes it at its word, even when it was killed right after.
        let reported = serde_json::from_str::<Value>(&ran.stdout).is_ok();
        assert!(reported || ran.code == -1, "{arguments:?}: {}", ran.stdout);
        let all = if note { &mut self.notes } else { &mut self.fields };
        all.insert(name, reported);
    }

    /// What a device shows: all that was reported, and nothing twice or never written.
    fn check(&self, device: &Troth) {
        let shown = device.json(&["note", "list", "Lee"]);
        let texts: Vec<_> = shown["notes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|note| note["text"].as_str().unwrap())
            .collect();
        complete(&texts, &self.notes).unwrap();
        let shown = device.json(&["field", "get", "Lee", "joint"]);
        let fields = shown["fields"].as_object().unwrap();
        let names: Vec<_> = fields.keys().map(String::as_str).collect();
        complete(&names, &self.fields).unwrap();
        for (name, field) in fields {
            let values = field["values"].as_array().unwrap();
            assert!(
                values.len() == 1 && values[0]["value"] == "set",
                "{name}: {field}"
            );
        }
    }

    /// Sends what waits, and looks at the other device.
    fn end(mut self) {
        if self.relay.is_none() {
            self.relay_goes_or_comes();
        }
        let sent = self.laptop.json(&["sync"]);
        assert_eq!(
            (sent["state"].as_str(), sent["waiting"].as_u64()),
            (Some("sent"), Some(0)),
            "{sent}"
        );
        assert_eq!(sent["quarantined"], 0, "{sent}");
        self.phone.ok(&["sync"]);
        for device in [&self.laptop, &self.phone] {
            self.check(device);
            device.ok(&["ledger", "verify"]);
        }
        let shown =
            [&self.laptop, &self.phone].map(|device| device.json(&["note", "list", "Lee"])["notes"].clone());
        assert_eq!(shown[0], shown[1], "the devices show different notes");
        println!(
            "{} commands killed, {} writings reported, none lost",
            self.killed,
            self.reported()
        );
    }

    fn reported(&self) -> usize {
        let written = self.notes.values().chain(self.fields.values());
        written.filter(|reported| **reported).count()
    }
}
