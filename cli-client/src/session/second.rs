//! The second unlock, as commands need it.

use troth_client_core::crypto::Cost;
use troth_client_core::device::{DeviceError, SensitiveState};
use troth_protocol::keys::Class;
use troth_protocol::statement::Lane;

use super::{Device, Session};
use crate::driver;
use crate::failure::Failure;
use crate::messages::sensitive as say;
use crate::secrets;

impl Session {
    /// Opens what is sensitive; the first time, lets the person choose the second passphrase.
    ///
    /// # Errors
    /// It is not the device's own, it is refused, or nobody is here to be asked.
    pub fn unlock(&self, device: &mut Device) -> Result<(), Failure> {
        match device.sensitive() {
            SensitiveState::Open { .. } => Ok(()),
            SensitiveState::Locked => {
                let passphrase = secrets::sensitive_passphrase(self)?;
                let unlocked = device.unlock_sensitive(driver::now(), &passphrase);
                unlocked.map_err(|e| self.wrong_second(e))
            }
            SensitiveState::NotSet => self.choose_second(device),
        }
    }

    /// Opens what is sensitive before a lane that is so is read or written.
    ///
    /// # Errors
    /// As [`Self::unlock`].
    pub fn unlock_for(&self, device: &mut Device, lane: Lane) -> Result<(), Failure> {
        match lane.class() {
            Class::General => Ok(()),
            Class::Sensitive => self.unlock(device),
        }
    }

    /// Opens what is sensitive where that takes no question: for commands that do more when it is open.
    ///
    /// # Errors
    /// What was given is not the device's second passphrase.
    pub fn unlock_if_given(&self, device: &mut Device) -> Result<(), Failure> {
        let given = self.global.sensitive_passphrase_file.is_some();
        if given && device.sensitive() == SensitiveState::Locked {
            self.unlock(device)?;
        }
        Ok(())
    }

    /// Whether what is sensitive is locked, and somebody is here to be asked.
    pub fn can_unlock(&self, device: &Device) -> bool {
        device.sensitive() == SensitiveState::Locked && secrets::can_ask(self)
    }

    /// Lets the person choose the second passphrase.
    ///
    /// # Errors
    /// It is refused, or nobody is here to be asked.
    pub fn choose_second(&self, device: &mut Device) -> Result<(), Failure> {
        let file = self.global.sensitive_passphrase_file.as_deref();
        if file.is_none() && secrets::can_ask(self) {
            self.out.note(&say::choose(self.language));
        }
        let chosen = secrets::new_sensitive_passphrase(self, file)?;
        let (now, mut rng) = (driver::now(), driver::rng());
        let set = device.set_sensitive_passphrase(now, &mut rng, &chosen, Cost::DEFAULT);
        set.map_err(|e| self.wrong(e))
    }

    /// An engine's error, where the passphrase in question is the second.
    pub fn wrong_second(&self, error: DeviceError) -> Failure {
        match error {
            DeviceError::WrongPassphrase => Failure::failed(say::wrong(self.language)),
            other => self.wrong(other),
        }
    }
}
