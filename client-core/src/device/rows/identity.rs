//! Who a device is, as it is kept.

use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use troth_protocol::ids::{MemberId, PracticeId, VerifyingKey};
use troth_protocol::keys::SealingKey;
use troth_protocol::statement::CheckpointRef;
use troth_protocol::wire::Upload;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::crypto::SealingSecret;
use crate::device::DeviceError;

/// Who this device is. The seeds are the device's secrets.
#[derive(Clone, Encode, Decode, Zeroize, ZeroizeOnDrop)]
#[cbor(array)]
pub(in crate::device) struct Identity {
    #[cbor(n(0), with = "minicbor::bytes")]
    pub signing: [u8; 32],
    #[cbor(n(1), with = "minicbor::bytes")]
    pub sealing: [u8; 32],
    #[n(2)]
    pub sensitive: SensitiveKey,
    #[n(3)]
    pub name: String,
    #[zeroize(skip)]
    #[n(4)]
    pub relay: Option<String>,
    #[zeroize(skip)]
    #[n(5)]
    pub practice: Option<PracticeId>,
    #[zeroize(skip)]
    #[n(6)]
    pub member: Option<MemberId>,
    /// The relay's key, as pinned when founding or joining; the roster's once there is one.
    #[zeroize(skip)]
    #[n(7)]
    pub ledger_key: Option<VerifyingKey>,
    /// The relay's origin, likewise.
    #[zeroize(skip)]
    #[n(8)]
    pub origin: Option<String>,
    /// What the approving device had verified: the ledger must pass through it.
    #[zeroize(skip)]
    #[n(9)]
    pub waypoint: Option<CheckpointRef>,
    /// Genesis, kept until it is known to be durable.
    #[zeroize(skip)]
    #[n(10)]
    pub founding: Option<Upload>,
    /// Why the device takes no more edits, over restarts.
    #[zeroize(skip)]
    #[n(11)]
    pub stopped: Option<Stopped>,
    /// Where what is known of the ledger is kept; the first place, where it was never followed anew.
    #[zeroize(skip)]
    #[n(12)]
    pub kept: Option<Kept>,
}

/// One of two places in the store for what is known of the ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub(in crate::device) enum Face {
    /// Where it is in the beginning.
    #[default]
    #[n(0)]
    First,
    /// Where it is after it was followed anew for the first time.
    #[n(1)]
    Second,
}

impl Face {
    pub(in crate::device) const fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }
}

/// Where what is known of the ledger is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(in crate::device) struct Kept {
    /// Where what its person is shown is.
    #[n(0)]
    pub face: Face,
    /// Whether the ledger is followed anew, in the other place.
    #[n(1)]
    pub anew: bool,
}

/// The sealing key for what is sensitive, as far as the first passphrase gives it.
#[derive(Clone, Encode, Decode, Zeroize, ZeroizeOnDrop)]
pub(in crate::device) enum SensitiveKey {
    /// No second passphrase is chosen yet: the seed itself.
    #[n(0)]
    Seed(#[cbor(n(0), with = "minicbor::bytes")] [u8; 32]),
    /// The public half. The seed is under the second vault.
    #[n(1)]
    Public(
        #[zeroize(skip)]
        #[n(0)]
        SealingKey,
    ),
}

impl SensitiveKey {
    /// The public half.
    pub(in crate::device) fn public(&self) -> Result<SealingKey, DeviceError> {
        match self {
            Self::Seed(seed) => public_half(&SealingSecret::from_bytes(seed)),
            Self::Public(key) => Ok(key.clone()),
        }
    }
}

/// The public half of a sealing key, as statements hold it.
pub(in crate::device) fn public_half(secret: &SealingSecret) -> Result<SealingKey, DeviceError> {
    SealingKey::x_wing(&secret.public().to_bytes()).ok_or(DeviceError::Damaged("a device key"))
}

/// The seed that the second vault keeps.
#[derive(Encode, Decode, Zeroize, ZeroizeOnDrop)]
#[cbor(array)]
pub(in crate::device) struct SeedRow {
    #[cbor(n(0), with = "minicbor::bytes")]
    pub seed: [u8; 32],
}

/// Why a device has stopped for longer than a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub(in crate::device) enum Stopped {
    /// The relay says that it was revoked; a later login takes that back.
    #[n(0)]
    Revoked,
    /// Another copy of its store writes in its name.
    #[n(1)]
    Copied,
    /// The relay was proven to be dishonest.
    #[n(2)]
    Dishonest,
}

impl Identity {
    pub(in crate::device) fn generate(rng: &mut impl CryptoRng, name: &str) -> Self {
        let mut sensitive = zeroize::Zeroizing::new([0; 32]);
        rng.fill_bytes(sensitive.as_mut());
        let mut identity = Self {
            signing: [0; 32],
            sealing: [0; 32],
            sensitive: SensitiveKey::Seed(*sensitive),
            name: name.to_owned(),
            relay: None,
            practice: None,
            member: None,
            ledger_key: None,
            origin: None,
            waypoint: None,
            founding: None,
            stopped: None,
            kept: None,
        };
        rng.fill_bytes(&mut identity.signing);
        rng.fill_bytes(&mut identity.sealing);
        identity
    }
}
