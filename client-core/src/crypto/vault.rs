//! The local store's encryption: a random storage key, wrapped under a key from the passphrase.
//!
//! Every value is ciphertext, bound to its row; every row's name is a pseudorandom function of what it names. Whoever
//! copies the store sees how many rows there are and how long. They can also put an older row back in its own place: the
//! ledger, not the vault, shows that. Changing the passphrase wraps the same storage key again, so a copy of an old header
//! still opens with the old passphrase.
//!
//! The second unlock, of what is sensitive, is a second vault.

mod header;

use rand_core::CryptoRng;
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::error::OpenError;
use super::passphrase::Passphrase;
use super::{aead, keys};
pub(super) use header::derive;
pub use header::{Cost, VaultError, VaultHeader};

/// An unlocked vault.
#[derive(ZeroizeOnDrop)]
pub struct Vault {
    storage_key: [u8; 32],
    row_key: keys::Key,
    row_name_key: keys::Key,
}

super::redacted_debug!(Vault);

impl Vault {
    /// A new vault and the header that unlocks it. Takes as long as `cost` says.
    ///
    /// # Errors
    /// [`VaultError::OutOfMemory`] if `cost` asks for more memory than there is.
    pub fn create(
        rng: &mut impl CryptoRng,
        passphrase: &Passphrase,
        cost: Cost,
    ) -> Result<(VaultHeader, Self), VaultError> {
        let vault = Self::from_storage_key(&super::random_key(rng));
        let header = VaultHeader::wrap(rng, passphrase, cost, &vault.storage_key)?;
        Ok((header, vault))
    }

    fn from_storage_key(storage_key: &[u8; 32]) -> Self {
        Self {
            storage_key: *storage_key,
            row_key: keys::vault_row(storage_key),
            row_name_key: keys::vault_row_name(storage_key),
        }
    }

    /// The name under which a row is stored: a pseudorandom function of its table and id, 32 bytes.
    pub fn row_name(&self, table: u8, id: &[u8]) -> [u8; 32] {
        keys::row_name(&self.row_name_key, table, id)
    }

    /// Seals a row's value, bound to the name it is stored under; 40 bytes longer than the value.
    pub fn seal_row(&self, rng: &mut impl CryptoRng, name: &[u8], value: &[u8]) -> Vec<u8> {
        aead::seal(&self.row_key, rng, name, value)
    }

    /// Opens the value found under a row's name.
    ///
    /// # Errors
    /// [`OpenError::Length`] or [`OpenError::Authentication`]: the store is damaged, or somebody moved rows in it.
    pub fn open_row(&self, name: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        aead::open(&self.row_key, name, sealed)
    }
}

#[cfg(test)]
mod tests;
