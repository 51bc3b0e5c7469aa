//! What stands in clear beside a vault: how to turn the passphrase into the key that unwraps the storage key.

use argon2::{Algorithm, Argon2, Params, Version};
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use thiserror::Error;
use zeroize::Zeroizing;

use super::Vault;
use crate::crypto::passphrase::{MAX_PASSPHRASE_BYTES, Passphrase};
use crate::crypto::{aead, keys};

const VERSION: u8 = 1;
const WRAPPED: usize = aead::NONCE + 32 + aead::TAG;

/// What unlocking costs: Argon2id (RFC 9106), version 0x13.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Cost {
    /// Memory, KiB.
    #[n(0)]
    pub m_kib: u32,
    /// Passes.
    #[n(1)]
    pub t: u32,
    /// Lanes, computed one after the other.
    #[n(2)]
    pub p: u32,
}

impl Cost {
    /// 64 MiB, 3 passes, 1 lane: RFC 9106's second choice (section 4), with one lane since a browser has one thread.
    pub const DEFAULT: Self = Self {
        m_kib: 64 << 10,
        t: 3,
        p: 1,
    };

    /// The least that Argon2 computes, for passphrases that are keys already: random, and never kept.
    pub const LEAST: Self = Self { m_kib: 8, t: 1, p: 1 };

    /// The most that is computed, so that a header put in place by somebody else cannot exhaust the device: 1 GiB, 16
    /// passes, 16 lanes.
    pub const MAX: Self = Self {
        m_kib: 1 << 20,
        t: 16,
        p: 16,
    };

    fn params(self) -> Result<Params, VaultError> {
        if self.m_kib > Self::MAX.m_kib || self.t > Self::MAX.t || self.p > Self::MAX.p {
            return Err(VaultError::Cost(self));
        }
        Params::new(self.m_kib, self.t, self.p, Some(32)).map_err(|_| VaultError::Cost(self))
    }
}

/// Why a vault did not unlock, or could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum VaultError {
    /// The storage key does not unwrap.
    #[error(
        "wrong passphrase: try again (or the vault's header was altered: restore it, or link this device anew)"
    )]
    WrongPassphrase,
    /// The header asks for more than [`Cost::MAX`], or less than Argon2id's least (8 KiB a lane, 1 pass).
    #[error("the vault's cost is out of bounds ({} KiB, {} passes, {} lanes): the header was altered", .0.m_kib, .0.t, .0.p)]
    Cost(Cost),
    /// The header is of another version.
    #[error("the vault's header has version {0}, which this program does not know: update the program")]
    Version(u8),
    /// The header is not in its one encoding.
    #[error("the vault's header is damaged: restore it, or link this device anew")]
    Malformed,
    /// The memory that the cost asks for could not be had.
    #[error("there is not enough free memory to unlock the vault: close other programs and try again")]
    OutOfMemory,
}

/// A vault's header. Its fields may only be added to under a new version.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct VaultHeader {
    #[n(0)]
    pub(super) version: u8,
    #[n(1)]
    pub(super) cost: Cost,
    #[cbor(n(2), with = "minicbor::bytes")]
    salt: [u8; 16],
    #[cbor(n(3), with = "minicbor::bytes")]
    wrapped: [u8; WRAPPED],
}

impl VaultHeader {
    /// Reads a header: deterministic CBOR, one encoding.
    ///
    /// # Errors
    /// [`VaultError::Malformed`], or [`VaultError::Version`] if it is a newer program's.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, VaultError> {
        let header: Self = minicbor::decode(bytes).map_err(|_| VaultError::Malformed)?;
        if header.version != VERSION {
            return Err(VaultError::Version(header.version));
        }
        if header.to_bytes() == bytes {
            Ok(header)
        } else {
            Err(VaultError::Malformed)
        }
    }

    /// The header's encoding, about 110 bytes.
    #[expect(
        clippy::expect_used,
        reason = "only the writer can fail, and a `Vec` takes every byte"
    )]
    pub fn to_bytes(&self) -> Vec<u8> {
        minicbor::to_vec(self).expect("a writer without errors")
    }

    /// What unlocking costs.
    pub fn cost(&self) -> Cost {
        self.cost
    }

    /// Unlocks the vault with the passphrase as typed. Takes as long as the header's cost says.
    ///
    /// # Errors
    /// [`VaultError::WrongPassphrase`], also for a header that was altered within bounds; [`VaultError::Cost`] before any
    /// work; [`VaultError::OutOfMemory`].
    pub fn unlock(&self, passphrase: &str) -> Result<Vault, VaultError> {
        if passphrase.len() > MAX_PASSPHRASE_BYTES {
            return Err(VaultError::WrongPassphrase);
        }
        let key = derive(passphrase, &self.salt, self.cost)?;
        let storage_key =
            aead::open(&key, &self.context(), &self.wrapped).map_err(|_| VaultError::WrongPassphrase)?;
        let storage_key: &[u8; 32] = storage_key
            .as_slice()
            .try_into()
            .map_err(|_| VaultError::WrongPassphrase)?;
        Ok(Vault::from_storage_key(storage_key))
    }

    /// Whether a passphrase that was chosen for another vault would open this one too. Takes as long as the header's cost says.
    ///
    /// # Errors
    /// As [`VaultHeader::unlock`], but for [`VaultError::WrongPassphrase`].
    pub fn opens_with(&self, passphrase: &Passphrase) -> Result<bool, VaultError> {
        match self.unlock(passphrase.as_str()) {
            Ok(_) => Ok(true),
            Err(VaultError::WrongPassphrase) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The header of the same vault under another passphrase. Takes as long as both costs say.
    ///
    /// # Errors
    /// As [`VaultHeader::unlock`] with the old one.
    pub fn change_passphrase(
        &self,
        rng: &mut impl CryptoRng,
        old: &str,
        new: &Passphrase,
        cost: Cost,
    ) -> Result<Self, VaultError> {
        let vault = self.unlock(old)?;
        Self::wrap(rng, new, cost, &vault.storage_key)
    }

    pub(super) fn wrap(
        rng: &mut impl CryptoRng,
        passphrase: &Passphrase,
        cost: Cost,
        storage_key: &[u8; 32],
    ) -> Result<Self, VaultError> {
        let mut salt = [0; 16];
        rng.fill_bytes(&mut salt);
        let mut header = Self {
            version: VERSION,
            cost,
            salt,
            wrapped: [0; WRAPPED],
        };
        let key = derive(passphrase.as_str(), &salt, cost)?;
        let wrapped = aead::seal(&key, rng, &header.context(), storage_key);
        header.wrapped.copy_from_slice(&wrapped);
        Ok(header)
    }

    /// `label ‖ version (1) ‖ KiB (4) ‖ passes (4) ‖ lanes (4) ‖ salt (16)`; numbers are big-endian.
    fn context(&self) -> Vec<u8> {
        let Cost { m_kib, t, p } = self.cost;
        let mut out = keys::VAULT_STORAGE_KEY.to_vec();
        out.push(self.version);
        for number in [m_kib, t, p] {
            out.extend_from_slice(&number.to_be_bytes());
        }
        out.extend_from_slice(&self.salt);
        out
    }
}

/// `Argon2id[salt, cost](passphrase, 32)` (RFC 9106), over the passphrase's UTF-8.
pub(in crate::crypto) fn derive(
    passphrase: &str,
    salt: &[u8; 16],
    cost: Cost,
) -> Result<Zeroizing<[u8; 32]>, VaultError> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, cost.params()?);
    let mut key = Zeroizing::new([0; 32]);
    argon2
        .hash_password_into(passphrase.as_bytes(), salt, key.as_mut())
        .map_err(|_| VaultError::OutOfMemory)?;
    Ok(key)
}
