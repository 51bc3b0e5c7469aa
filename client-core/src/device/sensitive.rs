//! The second unlock. What is sensitive (assessments, process notes) stands under a vault of its own, which only a second
//! passphrase opens, and which closes again when nobody has used it for a while. Whoever holds the first passphrase alone
//! holds the ledger, with these documents in ciphertext, and no key to them.
//!
//! ```text
//! first passphrase ──> first vault ──> identity, ledger, what is general
//! second passphrase ─> second vault ─> seed of the sensitive sealing key ─> member's and role's keys ─> documents' keys
//!                                   └> saved contents, and edits that wait or were set aside
//! ```
//!
//! New documents are made, and the ledger is synced and verified, without it: neither needs a secret.

mod closing;
mod sealed;

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::rows::{HEADER, HEADER_NAME, Identity, Rows, SECOND_HEADER_NAME, SEED, SeedRow, SensitiveKey};
use super::{Device, DeviceError};
use crate::crypto::{Cost, Passphrase, SealingSecret, Vault, VaultHeader};
use crate::storage::{Storage, Write};

/// Time without use after which what is sensitive closes, in milliseconds: five minutes.
pub const SENSITIVE_IDLE_MS: u64 = 300_000;

/// Whether what is sensitive can be read and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SensitiveState {
    /// No second passphrase is chosen: it can be neither read nor written yet.
    NotSet,
    /// It takes the second passphrase.
    Locked,
    /// It can, until a while passes without use.
    Open {
        /// When it closes unless it is used, in milliseconds since the Unix epoch.
        closes_at_ms: u64,
    },
}

/// The second vault.
pub(super) enum Second {
    NotSet,
    Locked(VaultHeader),
    Open(Box<Opened>),
}

/// The second vault, open. Its secrets erase themselves when it is dropped.
pub(super) struct Opened {
    header: VaultHeader,
    vault: Vault,
    secret: SealingSecret,
    closes_at: u64,
    /// Whether what could not be tended while it was locked was looked at since.
    tended: bool,
}

impl Second {
    /// The second vault as the store has it: locked, once it is there.
    pub(super) fn kept<S: Storage>(rows: &Rows<S>, identity: &Identity) -> Result<Self, DeviceError> {
        match (
            rows.storage().get(HEADER, &SECOND_HEADER_NAME)?,
            &identity.sensitive,
        ) {
            (Some(header), _) => Ok(Self::Locked(VaultHeader::from_bytes(&header)?)),
            (None, SensitiveKey::Seed(_)) => Ok(Self::NotSet),
            (None, SensitiveKey::Public(_)) => Err(DeviceError::Damaged("the second unlock")),
        }
    }
}

impl<S: Storage> Device<S> {
    /// Whether what is sensitive can be read and written now, as of the latest time that the engine was told.
    pub fn sensitive(&self) -> SensitiveState {
        match &self.second {
            Second::NotSet => SensitiveState::NotSet,
            Second::Locked(_) => SensitiveState::Locked,
            Second::Open(open) => SensitiveState::Open {
                closes_at_ms: open.closes_at,
            },
        }
    }

    /// Chooses the second passphrase; what is sensitive is open then. The seed leaves the first vault in the same commit.
    /// Takes as long as both headers' costs say.
    ///
    /// # Errors
    /// [`DeviceError::SensitiveSet`] where there is one, [`DeviceError::SamePassphrase`] where it is the first one, and
    /// whatever the storage says; then nothing has changed.
    pub fn set_sensitive_passphrase(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        passphrase: &Passphrase,
        cost: Cost,
    ) -> Result<(), DeviceError> {
        self.told(now, rng);
        let (Second::NotSet, SensitiveKey::Seed(seed)) = (&self.second, &self.identity.sensitive) else {
            return Err(DeviceError::SensitiveSet);
        };
        let row = SeedRow { seed: *seed };
        self.refuse_the_first(passphrase)?;
        let (header, vault) = Vault::create(rng, passphrase, cost)?;
        let mut identity = self.identity.clone();
        identity.sensitive = SensitiveKey::Public(self.secrets.keys.sensitive.clone());
        let writes = vec![
            second_header(&header),
            self.rows.put_under(&vault, rng, SEED, &[], &row),
            self.rows.identity_write(rng, &identity),
        ];
        self.rows.commit(writes)?;
        self.identity = identity;
        self.open_second(now, header, vault, SealingSecret::from_bytes(&row.seed));
        Ok(())
    }

    /// Opens what is sensitive, until [`SENSITIVE_IDLE_MS`] pass without use. Takes as long as the header's cost says.
    ///
    /// # Errors
    /// [`DeviceError::WrongPassphrase`]; [`DeviceError::SensitiveNotSet`] where none is chosen.
    pub fn unlock_sensitive(&mut self, now: u64, passphrase: &str) -> Result<(), DeviceError> {
        let header = self.second_header()?.clone();
        let vault = header.unlock(passphrase)?;
        let row: Option<SeedRow> = self.rows.get_under(&vault, SEED, &[])?;
        let row = row.ok_or(DeviceError::Damaged("the second unlock"))?;
        let secret = SealingSecret::from_bytes(&row.seed);
        if super::rows::public_half(&secret)? != self.secrets.keys.sensitive {
            return Err(DeviceError::Damaged("the second unlock"));
        }
        self.open_second(now, header, vault, secret);
        Ok(())
    }

    /// Changes the second passphrase. What is locked stays locked. A copy of the store from before still opens with the old
    /// one. Takes as long as the headers' costs say.
    ///
    /// # Errors
    /// [`DeviceError::WrongPassphrase`] for the old one, and as for choosing one.
    pub fn change_sensitive_passphrase(
        &mut self,
        now: u64,
        rng: &mut impl CryptoRng,
        old: &str,
        new: &Passphrase,
        cost: Cost,
    ) -> Result<(), DeviceError> {
        self.told(now, rng);
        self.refuse_the_first(new)?;
        let changed = self.second_header()?.change_passphrase(rng, old, new, cost)?;
        self.rows.commit(vec![second_header(&changed)])?;
        match &mut self.second {
            Second::NotSet => {}
            Second::Locked(header) => *header = changed,
            Second::Open(open) => open.header = changed,
        }
        Ok(())
    }

    fn second_header(&self) -> Result<&VaultHeader, DeviceError> {
        match &self.second {
            Second::NotSet => Err(DeviceError::SensitiveNotSet),
            Second::Locked(header) => Ok(header),
            Second::Open(open) => Ok(&open.header),
        }
    }

    /// One passphrase for both would be no second unlock.
    fn refuse_the_first(&self, chosen: &Passphrase) -> Result<(), DeviceError> {
        let first = self.rows.storage().get(HEADER, &HEADER_NAME)?;
        let first = VaultHeader::from_bytes(&first.ok_or(DeviceError::NoDevice)?)?;
        if first.opens_with(chosen)? {
            return Err(DeviceError::SamePassphrase);
        }
        Ok(())
    }

    fn open_second(&mut self, now: u64, header: VaultHeader, vault: Vault, secret: SealingSecret) {
        self.clock = now;
        self.second = Second::Open(Box::new(Opened {
            header,
            vault,
            secret,
            closes_at: now.saturating_add(SENSITIVE_IDLE_MS),
            tended: false,
        }));
    }

    /// Once after each unlock: turns and hands on the sensitive keys that had to wait for it.
    pub(super) fn tend_once_open(&mut self, rng: &mut impl CryptoRng, now: u64) -> Result<(), DeviceError> {
        match &mut self.second {
            Second::Open(open) if !open.tended => open.tended = true,
            _ => return Ok(()),
        }
        self.tend(rng, now)
    }

    /// The secret half of the sensitive sealing key. Before a second passphrase is chosen it hands keys on like any other;
    /// content stays closed.
    pub(super) fn sensitive_secret(&self) -> Result<SealingSecret, DeviceError> {
        match (&self.second, &self.identity.sensitive) {
            (Second::Open(open), _) => Ok(open.secret.clone()),
            (Second::NotSet, SensitiveKey::Seed(seed)) => {
                Ok(SealingSecret::from_bytes(&Zeroizing::new(*seed)))
            }
            _ => Err(DeviceError::SensitiveLocked),
        }
    }
}

fn second_header(header: &VaultHeader) -> Write {
    Write {
        table: HEADER,
        name: SECOND_HEADER_NAME,
        value: Some(header.to_bytes()),
    }
}

#[cfg(test)]
mod tests;
