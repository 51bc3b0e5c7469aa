//! Statements of snapshots.

use rand_core::CryptoRng;
use troth_protocol::ids::{DocumentId, Hash};
use troth_protocol::keys::KeyRef;
use troth_protocol::limits;
use troth_protocol::statement::{Attest, Body, Cover, Snapshot};
use troth_protocol::wire::Upload;

use crate::crypto::{DocumentCipher, PayloadContext};
use crate::device::sign::seen;
use crate::device::{Device, DeviceError};
use crate::storage::Storage;

impl<S: Storage> Device<S> {
    /// A snapshot of a document: its content sealed under the present epoch, which has no count of its author's. `None` where
    /// it is longer than a payload may be.
    pub(in crate::device) fn sign_snapshot(
        &mut self,
        rng: &mut impl CryptoRng,
        id: DocumentId,
        covers: Vec<Cover>,
        content: &[u8],
    ) -> Result<Option<Upload>, DeviceError> {
        let state = self.practice_state()?;
        let practice = *state.practice();
        let document = state.documents.get(&id).ok_or(DeviceError::NoSuchDocument(id))?;
        let epoch = document.epoch();
        let seen = seen(state, Some(document.head()));
        let body = Body::Snapshot(Snapshot {
            document: id,
            epoch,
            covers,
        });
        let context = PayloadContext {
            practice,
            document: id,
            epoch,
            author: self.secrets.id,
            sequence: 0,
            kind: body.kind(),
        };
        let key = self.epoch_key(&KeyRef::Epoch(id, epoch))?;
        let sealed = DocumentCipher::new(&key).encrypt(rng, &context, content);
        let fits = sealed.ok().filter(|payload| payload.len() <= limits::PAYLOAD);
        Ok(fits.map(|payload| self.secrets.upload(&practice, seen, body, payload)))
    }

    /// The word that a snapshot holds what it covers.
    pub(in crate::device) fn sign_attest(
        &self,
        id: DocumentId,
        snapshot: Hash,
    ) -> Result<Upload, DeviceError> {
        let state = self.practice_state()?;
        let document = state.documents.get(&id).ok_or(DeviceError::NoSuchDocument(id))?;
        let seen = seen(state, Some(document.head()));
        let body = Body::Attest(Attest {
            document: id,
            snapshot,
        });
        Ok(self.secrets.upload(state.practice(), seen, body, Vec::new()))
    }
}
