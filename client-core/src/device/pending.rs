//! A device that is about to join a practice, over restarts: what it said it says again, with the same keys.

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;

use super::invite::{Entering, EnteringRow};
use super::link::{Linking, PROOF, put};
use super::rows::PENDING;
use super::{Device, DeviceError, Effect, Report};
use crate::crypto::LinkCode;
use crate::storage::{Storage, Write};

/// How this device is about to join.
#[derive(Encode, Decode)]
pub(super) enum Pending {
    /// It was invited.
    #[n(0)]
    Entering(#[n(0)] EnteringRow),
    /// It believed the device that lets it in, and signed.
    #[n(1)]
    Joining(#[n(0)] JoiningRow),
}

#[derive(Encode, Decode)]
#[cbor(array)]
pub(super) struct JoiningRow {
    #[n(0)]
    pub(super) code: String,
    /// What it signed, as it was put.
    #[n(1)]
    pub(super) proof: ByteVec,
}

impl<S: Storage> Device<S> {
    pub(super) fn pending_write(&self, rng: &mut impl CryptoRng, pending: &Pending) -> Write {
        self.rows.put(rng, PENDING, &[], pending)
    }

    pub(super) fn no_pending(&self) -> Write {
        self.rows.remove(PENDING, &[])
    }

    /// Goes on where the device stood when its program ended.
    pub(super) fn resume_pending(&mut self) -> Result<(), DeviceError> {
        if self.state.is_some() || self.identity.founding.is_some() {
            return Ok(());
        }
        self.connection.linking = match self.rows.get(PENDING, &[])? {
            Some(Pending::Entering(row)) if self.identity.practice.is_none() => {
                Linking::Entering(Box::new(Entering::of(row)?))
            }
            Some(Pending::Joining(row)) if self.identity.practice.is_some() => Linking::Joining {
                code: LinkCode::parse(&row.code)?,
                proof: Some(row.proof.into()),
            },
            _ => Linking::Nothing,
        };
        Ok(())
    }

    /// A device that has signed and may be in the ledger by now says once more what it signed, before it tries to log in.
    pub(super) fn sign_again(&self, effects: &mut Vec<Effect>) {
        if let Linking::Joining {
            code,
            proof: Some(proof),
        } = &self.connection.linking
        {
            effects.push(put(code, PROOF, proof.clone()));
        }
    }

    /// Whether this device signed, and waits to be added.
    pub(super) const fn has_signed(&self) -> bool {
        matches!(self.connection.linking, Linking::Joining { proof: Some(_), .. })
    }

    /// This device is in the ledger that it joins.
    pub(super) fn linked(&mut self, effects: &mut Vec<Effect>) -> Result<(), DeviceError> {
        self.rows.commit(vec![self.no_pending()])?;
        self.connection.linking = Linking::Nothing;
        effects.push(Effect::Report(Report::Joined));
        Ok(())
    }
}
