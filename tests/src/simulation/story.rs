//! One story: a practice is founded, people come, and then everything happens at once.

use rand::RngExt;
use troth_protocol::statement::Role;

use super::world::{Step, Violation, World};

/// Roles of those who come, as often as they stand here.
const ROLES: [Role; 8] = [
    Role::Admin,
    Role::Admin,
    Role::Counselor,
    Role::Counselor,
    Role::Counselor,
    Role::Client,
    Role::Client,
    Role::Auditor,
];
const NAMES: [&str; 3] = ["Noor Haddad", "Sam Okoro", "Lin Mei"];

impl World {
    /// Tells the story, up to the last thing that anybody does.
    pub fn tell(&mut self) -> Step {
        self.begin()?;
        self.rough = true;
        let actions = self.fate.random_range(15..40);
        for _ in 0..actions {
            self.act()?;
            let wait = match self.fate.random_range(0..10) {
                0..5 => self.fate.random_range(0..400),
                5..9 => self.fate.random_range(400..6_000),
                _ => self.fate.random_range(6_000..100_000),
            };
            self.pass(wait)?;
        }
        Ok(())
    }

    /// A practice, its people and a first case, before anything goes wrong; but the founding itself may be interrupted.
    fn begin(&mut self) -> Step {
        self.sit_down("study")?;
        if self.one_in(4) {
            self.break_a_disk(0);
            self.break_the_store();
        }
        self.wait_for("the founding", |world| world.seats[0].is_live())?;
        self.seats[0].disk.faults.disarm();
        self.relay.store.faults.disarm();
        let people = self.fate.random_range(1..=NAMES.len());
        for name in NAMES.iter().take(people) {
            let role = ROLES[self.fate.random_range(0..ROLES.len())];
            let new = self.seats.len();
            self.admit(0, role, name)?;
            self.wait_for("a newcomer", |world| world.seats[new].is_live())?;
        }
        if self.one_in(2) {
            let (host, new) = (self.fate.random_range(0..self.seats.len()), self.seats.len());
            self.link(host)?;
            self.wait_for("a linked device", |world| world.seats[new].is_live())?;
        }
        for seat in 0..self.seats.len() {
            if self.one_in(2) {
                self.unlock(seat)?;
            }
        }
        self.open_case(0)?;
        self.pass(1_000)?;
        if people > 1 && self.one_in(2) {
            self.assign_someone(0)?;
        }
        self.pass(1_000)
    }

    fn wait_for(&mut self, what: &str, there: impl Fn(&Self) -> bool) -> Step {
        for _ in 0..600 {
            if there(self) {
                return Ok(());
            }
            self.pass(200)?;
        }
        Err(Violation::new(format!("{what} takes more than two minutes")))
    }

    /// Everything is put right, and everybody is given the time that it takes: then nothing may be left to do.
    pub fn heal(&mut self) -> Step {
        self.note("everything is put right");
        self.rough = false;
        self.relay.store.faults.disarm();
        self.relay.dies_after = None;
        for seat in 0..self.seats.len() {
            self.seats[seat].disk.faults.disarm();
            self.seats[seat].reachable = true;
        }
        // A ledger that could not be read back is closed until the relay is started again.
        if self.relay.is_up() && self.relay.state().is_none() {
            self.kill_relay(100);
        }
        let mut calm = 0;
        for _ in 0..180 {
            self.pass(5_000)?;
            for seat in 0..self.seats.len() {
                self.unlock_if_locked(seat)?;
            }
            calm = if self.unfinished()?.is_none() { calm + 1 } else { 0 };
            // Two beats after the last of it, counts of everything were compared.
            if calm > 13 {
                return Ok(());
            }
        }
        let what = self
            .unfinished()?
            .unwrap_or_else(|| "it begins again and again".to_owned());
        Err(Violation::new(format!("a quarter of an hour later: {what}")))
    }
}
