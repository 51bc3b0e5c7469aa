//! A device's program around its engine, as `troth` runs it: it performs effects, wakes when it asked to, ends with an error of
//! its own disk, and is started again.

use std::collections::BTreeSet;

use rand::RngExt;
use rand::rngs::StdRng;
use troth_client_core::crypto::{Cost, Passphrase};
use troth_client_core::device::{Device, DeviceError, Effect, Event, Phase, Report};
use troth_protocol::ids::MemberId;
use troth_protocol::rule::Rule;
use troth_server::core::ConnectionId;

use super::disk::Disk;
use super::world::{BEGIN, Happening, SeatId, Step, Violation, World};
use crate::network::{PASSPHRASE, RELAY};

/// What unlocking costs: nothing, here.
pub const CHEAP: Cost = Cost { m_kib: 8, t: 1, p: 1 };

/// Somebody at a device.
pub struct Seat {
    /// What a person calls it.
    pub name: String,
    /// Its disk, which outlasts its programs.
    pub disk: Disk,
    /// How far its clock is from the truth, in milliseconds.
    pub skew: i64,
    /// Whether it can reach the relay.
    pub reachable: bool,
    /// The seat that this one is being let in by, or lets in.
    pub other: Option<SeatId>,
    /// The code that its program shows to be compared.
    pub code: Option<String>,
    /// Whether its program was told that it is revoked.
    pub revoked: bool,
    pub(super) device: Option<Device<Disk>>,
    pub(super) boot: u64,
    pub(super) link: Option<ConnectionId>,
    wakes: BTreeSet<u64>,
}

impl Seat {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            disk: Disk::default(),
            skew: 0,
            reachable: true,
            other: None,
            code: None,
            revoked: false,
            device: None,
            boot: 0,
            link: None,
            wakes: BTreeSet::new(),
        }
    }

    /// When its program wants to be woken, in true time.
    pub(super) fn next_wake(&self) -> Option<u64> {
        self.device.as_ref()?;
        let wake = self.wakes.first()?;
        Some(wake.saturating_add_signed(-self.skew).max(BEGIN))
    }

    /// Its program, while it runs.
    pub const fn device(&self) -> Option<&Device<Disk>> {
        self.device.as_ref()
    }

    /// The member whose device it is, as far as its program knows.
    pub fn member(&self) -> Option<MemberId> {
        self.device.as_ref()?.member()
    }

    /// Whether its program runs and is caught up.
    pub fn is_live(&self) -> bool {
        self.device
            .as_ref()
            .is_some_and(|device| device.phase() == Phase::Live)
    }
}

impl World {
    /// Somebody sits down at a new device, whose program starts.
    pub fn sit_down(&mut self, name: &str) -> Step<SeatId> {
        self.seats.push(Seat::new(name));
        let seat = self.seats.len() - 1;
        self.start(seat)?;
        Ok(seat)
    }

    /// A seat's clock.
    pub fn clock(&self, seat: SeatId) -> u64 {
        self.now.saturating_add_signed(self.seats[seat].skew)
    }

    /// The program starts: from what is on the disk, or anew where there is nothing.
    pub(super) fn start(&mut self, seat: SeatId) -> Step {
        if self.seats[seat].device.is_some() {
            return Ok(());
        }
        let mut rng = self.randomness();
        let at = &mut self.seats[seat];
        at.disk.faults.revive();
        at.boot += 1;
        at.wakes.clear();
        at.link = None;
        let opened = match Device::exists(&at.disk) {
            Ok(true) => Device::open(at.disk.clone(), PASSPHRASE),
            Ok(false) => match Passphrase::new(PASSPHRASE, &[]) {
                Ok(passphrase) => Device::create(&mut rng, at.disk.clone(), &passphrase, CHEAP, &at.name),
                Err(_) => return Err(Violation::new("the passphrase is refused")),
            },
            Err(error) => Err(error),
        };
        match opened {
            Ok(device) => {
                at.device = Some(device);
                self.note(format!("seat {seat} starts"));
                if seat == 0
                    && self.seats[0]
                        .device
                        .as_ref()
                        .is_some_and(|d| d.practice().is_none())
                {
                    self.ask(0, "founds the practice", |device, _, _| {
                        device.begin_found(RELAY, "Lindenhof Counseling", "Ada Winter")
                    })?;
                }
                self.tick(seat)
            }
            Err(DeviceError::Storage(error)) => {
                self.note_disk(seat);
                self.note(format!("seat {seat} does not start: {error}"));
                self.after(1_000, Happening::Starts(seat));
                Ok(())
            }
            Err(error) => Err(Violation::new(format!(
                "seat {seat} does not open again: {error}"
            ))),
        }
    }

    /// The program ends, whatever it was doing, and is started again later.
    pub fn kill_seat(&mut self, seat: SeatId, down: u64) {
        if self.seats[seat].device.take().is_none() {
            return;
        }
        self.note(format!("seat {seat} dies"));
        self.hang_up(seat);
        self.after(down, Happening::Starts(seat));
    }

    fn hang_up(&mut self, seat: SeatId) {
        if let Some(id) = self.seats[seat].link.take() {
            self.end_at_device(id);
        }
    }

    /// Calls into a program. `None` where it does not run, or ended over it.
    fn call<T>(
        &mut self,
        seat: SeatId,
        what: impl FnOnce(&mut Device<Disk>, u64, &mut StdRng) -> Result<T, DeviceError>,
    ) -> Option<Result<T, DeviceError>> {
        let (now, mut rng) = (self.clock(seat), self.randomness());
        let device = self.seats[seat].device.as_mut()?;
        let result = what(device, now, &mut rng);
        self.note_disk(seat);
        if self.seats[seat].disk.faults.dead() {
            let down = self.fate.random_range(100..15_000);
            self.kill_seat(seat, down);
            return None;
        }
        Some(result)
    }

    /// Something happens to a program. It ends with an error, as `troth` does.
    fn handle(&mut self, seat: SeatId, event: Event<'_>) -> Step {
        let handled = self.call(seat, |device, now, rng| device.handle(now, rng, event));
        self.went(seat, handled)
    }

    fn went(&mut self, seat: SeatId, went: Option<Result<Vec<Effect>, DeviceError>>) -> Step {
        match went {
            None => Ok(()),
            Some(Ok(effects)) => self.perform(seat, effects),
            Some(Err(
                error @ (DeviceError::Storage(_)
                | DeviceError::Torn
                | DeviceError::WrongCode
                | DeviceError::Rule(Rule::Unavailable | Rule::DiskFull)),
            )) => {
                self.note(format!("seat {seat} ends: {error}"));
                let down = self.fate.random_range(100..5_000);
                self.kill_seat(seat, down);
                Ok(())
            }
            Some(Err(error)) => Err(Violation::new(format!(
                "the engine of seat {seat} fails: {error:?}"
            ))),
        }
    }

    /// A person asks something of a program, and what comes of it is sent. `None` where it was refused, or nobody knows.
    pub fn ask<T>(
        &mut self,
        seat: SeatId,
        words: &str,
        what: impl FnOnce(&mut Device<Disk>, u64, &mut StdRng) -> Result<T, DeviceError>,
    ) -> Step<Option<T>> {
        let Some(result) = self.call(seat, what) else {
            self.note(format!("seat {seat} {words}: nobody knows"));
            return Ok(None);
        };
        match result {
            Ok(value) => {
                self.note(format!("seat {seat} {words}"));
                let pumped = self.call(seat, |device, now, rng| device.pump(now, rng));
                self.went(seat, pumped)?;
                Ok(Some(value))
            }
            Err(error @ (DeviceError::Damaged(_) | DeviceError::Unverified(_) | DeviceError::Open(_))) => {
                Err(Violation::new(format!("seat {seat} {words}: {error:?}")))
            }
            Err(error) => {
                self.note(format!("seat {seat} {words}: {error}"));
                if matches!(error, DeviceError::Torn) {
                    self.kill_seat(seat, 500);
                }
                Ok(None)
            }
        }
    }

    pub(super) fn tick(&mut self, seat: SeatId) -> Step {
        self.handle(seat, Event::Tick)
    }

    pub(super) fn wake(&mut self, seat: SeatId) -> Step {
        let now = self.clock(seat);
        let at = &mut self.seats[seat];
        at.wakes = at.wakes.split_off(&(now + 1));
        self.tick(seat)
    }

    pub(super) fn opened(&mut self, seat: SeatId, boot: u64, id: ConnectionId) -> Step {
        if self.seats[seat].boot != boot || self.seats[seat].device.is_none() {
            self.end_at_device(id);
            return Ok(());
        }
        self.seats[seat].link = Some(id);
        self.handle(seat, Event::Opened)
    }

    pub(super) fn unreachable(&mut self, seat: SeatId, boot: u64) -> Step {
        if self.seats[seat].boot == boot {
            self.handle(seat, Event::Closed)?;
        }
        Ok(())
    }

    pub(super) fn reach_device(&mut self, id: ConnectionId, frame: &[u8]) -> Step {
        let Some(link) = self.links.get(&id).filter(|link| link.device_end && !link.silent) else {
            return Ok(());
        };
        let seat = link.seat;
        if self.seats[seat].link != Some(id) {
            return Ok(());
        }
        self.trace.fold(frame);
        self.handle(seat, Event::Frame(frame))
    }

    pub(super) fn device_hears(&mut self, id: ConnectionId) -> Step {
        let Some(link) = self.links.get_mut(&id).filter(|link| link.device_end) else {
            return Ok(());
        };
        link.device_end = false;
        let seat = link.seat;
        if self.seats[seat].link == Some(id) {
            self.seats[seat].link = None;
            self.handle(seat, Event::Closed)?;
        }
        Ok(())
    }

    pub(super) fn perform(&mut self, seat: SeatId, effects: Vec<Effect>) -> Step {
        let boot = self.seats[seat].boot;
        for effect in effects {
            // What comes of one effect may end the program.
            if self.seats[seat].boot != boot || self.seats[seat].device.is_none() {
                return Ok(());
            }
            match effect {
                Effect::Connect => self.connect(seat),
                Effect::Send(frame) => {
                    if let Some(id) = self.seats[seat].link {
                        self.trace.fold(&frame);
                        self.send_to_relay(id, frame);
                    }
                }
                Effect::Close => {
                    if self.seats[seat].link.is_some() {
                        self.hang_up(seat);
                        self.handle(seat, Event::Closed)?;
                    }
                }
                Effect::WakeAt(time) => {
                    self.seats[seat].wakes.insert(time);
                }
                Effect::Report(report) => self.report(seat, report)?,
            }
        }
        Ok(())
    }

    fn report(&mut self, seat: SeatId, report: Report) -> Step {
        match &report {
            Report::Dishonest(evidence) => {
                return Err(Violation::new(format!(
                    "seat {seat} takes an honest relay for a dishonest one: {} ({})",
                    evidence.what,
                    self.differences(seat)
                )));
            }
            Report::Withheld { entries } => {
                return Err(Violation::new(format!(
                    "seat {seat} says that an honest relay withholds {entries} contents ({})",
                    self.differences(seat)
                )));
            }
            Report::SnapshotRefused { position, why, .. } => {
                return Err(Violation::new(format!(
                    "seat {seat} refuses an honest snapshot, entry {position}: {why}"
                )));
            }
            Report::Copied => {
                return Err(Violation::new(format!(
                    "seat {seat} takes itself for a copy of itself"
                )));
            }
            Report::Revoked => self.seats[seat].revoked = true,
            Report::Compare { code, .. } => {
                self.seats[seat].code = Some(code.clone());
                let boot = self.seats[seat].boot;
                let wait = self.fate.random_range(200..3_000);
                self.after(wait, Happening::Compared(seat, boot));
            }
            // Who asked to be let in hears that it came to nothing, and starts again as what they are.
            Report::Refused {
                rule: Rule::Mailbox, ..
            } if !self.seats[seat].is_live() => {
                self.note(format!("seat {seat} is not let in"));
                self.kill_seat(seat, 1_000);
            }
            Report::Progress { .. } | Report::CaughtUp => return Ok(()),
            _ => {}
        }
        self.note(format!("seat {seat} is told: {report:?}"));
        Ok(())
    }

    pub(super) fn note_disk(&mut self, seat: SeatId) {
        for what in self.seats[seat].disk.faults.happened() {
            self.note(format!("seat {seat}'s disk: {what}"));
        }
    }
}
