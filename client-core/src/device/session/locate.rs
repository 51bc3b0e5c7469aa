//! A recovery kit finds its practice. The relay says which one knows the kit's device; the kit believes it when the ledger
//! that it verifies from genesis holds the kit's own signature over that very practice (R21), which nobody else can make.

use rand_core::CryptoRng;
use troth_protocol::ids::PracticeId;

use super::Step;
use crate::crypto::{Cost, Kit, Passphrase, Vault};
use crate::device::rows::{Identity, Rows, SensitiveKey};
use crate::device::{Device, DeviceError, Effect};
use crate::storage::{MemoryStorage, Storage};

impl Device<MemoryStorage> {
    /// Brings a kit's words to life, in memory: a device that finds its practice on a relay, to add another one to its
    /// member.
    ///
    /// # Errors
    /// None in practice: a vault in memory is made for it.
    pub fn of_kit(rng: &mut impl CryptoRng, kit: &Kit, relay_url: &str) -> Result<Self, DeviceError> {
        let device = kit.device();
        let mut identity = Identity::generate(rng, "");
        identity.signing = *device.signing.to_seed();
        identity.sealing = *device.general.to_bytes();
        identity.sensitive = SensitiveKey::Seed(*device.sensitive.to_bytes());
        identity.relay = Some(relay_url.to_owned());
        let mut unspoken = [0; 32];
        rng.fill_bytes(&mut unspoken);
        let passphrase = Passphrase::new(&data_encoding::HEXLOWER.encode(&unspoken), &[])
            .map_err(|_| DeviceError::Damaged("a random passphrase"))?;
        let (header, vault) = Vault::create(rng, &passphrase, Cost::LEAST)?;
        let mut rows = Rows::new(MemoryStorage::default(), vault);
        rows.create(rng, &header, &identity)?;
        let mut device = Self::from_rows(rows, identity)?;
        device.connection.locating = true;
        Ok(device)
    }
}

impl<S: Storage> Device<S> {
    pub(super) fn located(
        &mut self,
        rng: &mut impl CryptoRng,
        practice: Option<PracticeId>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), DeviceError> {
        let Step::Locating(Some((origin, key))) = &self.connection.step else {
            return Ok(());
        };
        let mut identity = self.identity.clone();
        identity.origin = Some(origin.clone());
        identity.ledger_key = Some(*key);
        identity.practice = Some(practice.ok_or(DeviceError::KitUnknown)?);
        let write = self.rows.identity_write(rng, &identity);
        self.rows.commit(vec![write])?;
        self.identity = identity;
        self.connection.locating = false;
        self.hello(rng, effects);
        Ok(())
    }

    /// A kit learns whose it is from the verified roster.
    pub(super) fn find_member(&mut self, rng: &mut impl CryptoRng) -> Result<(), DeviceError> {
        let (None, Some(state)) = (self.identity.member, &self.state) else {
            return Ok(());
        };
        if let Some(device) = state.roster.devices().get(&self.secrets.id) {
            self.identity.member = Some(device.member);
            let write = self.rows.identity_write(rng, &self.identity);
            self.rows.commit(vec![write])?;
        }
        Ok(())
    }
}
