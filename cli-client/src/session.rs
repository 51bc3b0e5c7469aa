//! One run of the command: where the device is, how to speak, and how to send what was done.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use troth_client_core::device::{DeviceError, Phase};
use troth_client_core::storage::Storage;

use crate::arguments::Global;
use crate::driver::{self, Ended, Patience, Relay};
use crate::failure::Failure;
use crate::language::Language;
use crate::messages::{failure as say, network, sensitive};
use crate::output::{Output, steers};
use crate::progress::Bar;
use crate::secrets;
use crate::storage::{self, SqliteStorage};

pub use trip::Trip;

mod news;
mod second;
mod trip;

/// A device with its store on this computer's disk.
pub type Device = troth_client_core::device::Device<SqliteStorage>;

/// One run of the command.
#[derive(Debug)]
pub struct Session {
    /// What stood before or after the command.
    pub global: Global,
    /// How to speak.
    pub out: Output,
    /// In which language.
    pub language: Language,
    home: Option<PathBuf>,
}

/// What became of what was done, once it was to be sent.
#[derive(Debug)]
pub enum Sent {
    /// It is in the ledger.
    Yes,
    /// It is in the ledger; so much from before waits for the second passphrase.
    Locked(usize),
    /// It waits on this device, because it was asked to.
    Held(usize),
    /// It waits on this device, because of this.
    Kept(usize, Failure),
}

impl Session {
    /// The session that these options ask for.
    pub fn new(global: Global) -> Self {
        let language = global.lang.unwrap_or_else(Language::of_environment);
        let home = global.home.clone().or_else(platform_home);
        Self {
            out: Output {
                json: global.json,
                language,
            },
            language,
            home,
            global,
        }
    }

    /// The device's home.
    ///
    /// # Errors
    /// The platform has no such place, and none was given.
    pub fn home(&self) -> Result<&Path, Failure> {
        self.home
            .as_deref()
            .ok_or_else(|| Failure::usage(say::no_home(self.language)))
    }

    /// Opens the device that is here.
    ///
    /// # Errors
    /// There is none, another process has it, or the passphrase is not its own.
    pub fn open(&self) -> Result<Device, Failure> {
        let home = self.home()?;
        // Before the passphrase is asked for, and without making anything.
        if !storage::file(home).exists() {
            return Err(self.wrong(DeviceError::NoDevice));
        }
        let storage = SqliteStorage::open(home).map_err(|e| Failure::store(self.language, &e))?;
        if !Device::exists(&storage).map_err(|e| self.wrong(e))? {
            return Err(self.wrong(DeviceError::NoDevice));
        }
        let passphrase = secrets::passphrase(self)?;
        let mut device = Device::open(storage, &passphrase).map_err(|e| self.wrong(e))?;
        let told = device.tell(driver::now(), &mut driver::rng());
        told.map_err(|e| self.wrong(e))?;
        if device.follows_anew() {
            self.out.note(&network::follows_anew(self.language));
        }
        Ok(device)
    }

    /// An engine's error in the person's language.
    pub fn wrong(&self, error: impl Into<DeviceError>) -> Failure {
        Failure::device(self.language, &error.into()).with_evidence(self.home.as_deref())
    }

    /// The relay of the device's practice.
    ///
    /// # Errors
    /// It belongs to no practice.
    pub fn relay_of(&self, device: &Device) -> Result<Relay, Failure> {
        match device.relay().filter(|_| device.practice().is_some()) {
            Some(url) => self.relay(url),
            None => Err(self.wrong(DeviceError::NoPractice)),
        }
    }

    /// Refuses names that hold more than one line of plain text: they stand in tables and sentences on every device.
    ///
    /// # Errors
    /// A usage error, where one of them steers.
    pub fn plain<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Result<(), Failure> {
        if names.into_iter().any(|name| name.contains(steers)) {
            return Err(Failure::usage(say::not_plain(self.language)));
        }
        Ok(())
    }

    /// The relay at `url`.
    ///
    /// # Errors
    /// No relay's address, or unusable certificates.
    pub fn relay(&self, url: &str) -> Result<Relay, Failure> {
        Relay::parse(self.language, url, self.global.relay_ca.as_deref())
    }

    /// Sends what waits and takes in what is new, if the relay can be reached.
    ///
    /// # Errors
    /// What was done is refused, the device is revoked, or the relay is dishonest.
    pub async fn send(&self, device: &mut Device) -> Result<Sent, Failure> {
        self.send_heard(device, |_| {}).await
    }

    /// The same for work that is long: shows how much of it is done, under a name.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn send_counting(&self, device: &mut Device, what: String) -> Result<Sent, Failure> {
        let (bar, total) = (Bar::named(self, what), to_send(device));
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let shown = |left: usize| bar.at(count(total.saturating_sub(left)), count(total));
        let sent = self.send_heard(device, shown).await;
        bar.clear();
        sent
    }

    async fn send_heard(&self, device: &mut Device, left: impl Fn(usize)) -> Result<Sent, Failure> {
        let relay = self.relay_of(device)?;
        if self.global.offline {
            return Ok(Sent::Held(device.waiting()));
        }
        self.unlock_if_given(device)?;
        let mut trip = Trip::new(self);
        let ended = driver::drive(device, &relay, Patience::SHORT, |device, report| {
            trip.hear(report);
            left(to_send(device));
            trip.is_over() || (device.phase() == Phase::Live && to_send(device) == 0)
        });
        let ended = ended.await.map_err(|e| self.wrong(e))?;
        device.flush(&mut driver::rng()).map_err(|e| self.wrong(e))?;
        let busy = trip.take_busy();
        trip.end()?;
        self.show_recoveries(device, &mut BTreeSet::new());
        if let Some(rule) = busy.filter(|_| to_send(device) > 0) {
            return Ok(Sent::Kept(device.waiting(), Failure::kept(self.language, rule)));
        }
        let why = match ended {
            Ended::Reached | Ended::Interrupted if to_send(device) == 0 => {
                return Ok(match device.waiting() {
                    0 => Sent::Yes,
                    locked => Sent::Locked(locked),
                });
            }
            Ended::Unreachable(why) => why,
            Ended::Dropped => network::dropped(self.language),
            _ => network::silent(self.language),
        };
        let message = network::kept(self.language, relay.url(), &why);
        Ok(Sent::Kept(device.waiting(), Failure::unreachable(message)))
    }
}

/// What waits here and can be sent: all but what is locked.
pub fn to_send<S: Storage>(device: &troth_client_core::device::Device<S>) -> usize {
    device.waiting().saturating_sub(device.waiting_for_unlock())
}

impl Sent {
    /// Whether what the command did is in the ledger.
    pub const fn is_sent(&self) -> bool {
        matches!(self, Self::Yes | Self::Locked(_))
    }

    /// For a command's result: `"sent"`, or `"kept"` with what waits.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Yes => json!({ "state": "sent", "waiting": 0 }),
            Self::Locked(waiting) => json!({ "state": "sent", "waiting": waiting }),
            Self::Held(waiting) | Self::Kept(waiting, _) => json!({ "state": "kept", "waiting": waiting }),
        }
    }

    /// Prints a command's result, with what became of it, and ends the command.
    ///
    /// # Errors
    /// The relay could not be reached, or is full or busy: the command has not done all of its work.
    pub fn finish(self, session: &Session, mut value: Value, words: &str) -> Result<(), Failure> {
        value["sync"] = self.to_json();
        session.out.result(&value, words)?;
        match self {
            Self::Yes => Ok(()),
            Self::Locked(count) => {
                session.out.note(&sensitive::waits(session.language, count));
                Ok(())
            }
            Self::Held(count) => {
                session.out.note(&network::offline_kept(session.language, count));
                Ok(())
            }
            Self::Kept(_, failure) => Err(failure.answered()),
        }
    }
}

/// Where programs keep what they made, by each platform's convention; a directory of our own in it.
fn platform_home() -> Option<PathBuf> {
    let set = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let base = if cfg!(windows) {
        set("APPDATA")?
    } else if cfg!(target_os = "macos") {
        std::env::home_dir()?.join("Library/Application Support")
    } else {
        let given = set("XDG_DATA_HOME").filter(|path| path.is_absolute());
        given.or_else(|| Some(std::env::home_dir()?.join(".local/share")))?
    };
    Some(base.join("troth"))
}
