//! Statements about intake links.

use minicbor::bytes::ByteVec;
use rand_core::CryptoRng;
use troth_protocol::cbor;
use troth_protocol::ids::{DocumentId, InviteId};
use troth_protocol::keys::KeyRef;
use troth_protocol::statement::{Body, CloseInvite, Invite, InvitePayload, Reply};
use troth_protocol::wire::Upload;

use crate::crypto::{IntakeContext, IntakeSecret, SealingPublic, SealingSecret};
use crate::device::{Device, DeviceError, sign};
use crate::intake::Answered;
use crate::storage::Storage;

impl<S: Storage> Device<S> {
    /// A link's statement: what readers keep of it is sealed under the lane's present epoch.
    pub(in crate::device) fn sign_link(
        &mut self,
        rng: &mut impl CryptoRng,
        document: DocumentId,
        invite: (InviteId, u64, u8),
        form: ByteVec,
        (secret, recipient): (&[u8], &[u8]),
    ) -> Result<Upload, DeviceError> {
        let (invite, expires, limit) = invite;
        let wrong = DeviceError::Damaged("a link's keys");
        let (Ok(secret), Ok(seed)) = (secret.try_into(), recipient.try_into()) else {
            return Err(wrong);
        };
        let (secret, recipient) = (IntakeSecret::from_bytes(secret), SealingSecret::from_bytes(seed));
        let state = self.practice_state()?;
        let found = state.documents.get(&document);
        let (epoch, head) = found
            .map(|d| (d.epoch(), d.head()))
            .ok_or(DeviceError::NoSuchDocument(document))?;
        let context = IntakeContext {
            practice: *state.practice(),
            document,
            invite,
        };
        let key = self.epoch_key(&KeyRef::Epoch(document, epoch))?;
        let keys = key.seal_intake(rng, &context, epoch, &secret, &recipient).into();
        let payload = cbor::encode(&InvitePayload { form, keys });
        let body = Body::Invite(Invite {
            document,
            epoch,
            invite,
            link: secret.signing().verifying_key(),
            expires,
            limit,
        });
        let seen = sign::seen(self.practice_state()?, Some(head));
        Ok(self.secrets.upload(&context.practice, seen, body, payload))
    }

    pub(in crate::device) fn sign_close_link(
        &self,
        document: DocumentId,
        invite: InviteId,
    ) -> Result<Option<Upload>, DeviceError> {
        let state = self.practice_state()?;
        let found = state
            .documents
            .get(&document)
            .ok_or(DeviceError::NoSuchDocument(document))?;
        match found.link(&invite) {
            None => return Err(DeviceError::NotYet),
            Some(link) if link.closed.is_some() => return Ok(None),
            Some(_) => {}
        }
        let seen = sign::seen(state, Some(found.head()));
        let body = Body::CloseInvite(CloseInvite { document, invite });
        Ok(Some(self.secrets.upload(
            state.practice(),
            seen,
            body,
            Vec::new(),
        )))
    }

    /// The answer to what came through a link; one that tells of an erasure waits for it.
    pub(in crate::device) fn sign_reply(
        &self,
        rng: &mut impl CryptoRng,
        reply: Reply,
        (secret, client): (&[u8], &[u8]),
        answered: Option<&[u8]>,
    ) -> Result<Upload, DeviceError> {
        let Reply { document, invite, to } = reply;
        let wrong = || DeviceError::Damaged("a link's keys");
        let secret = IntakeSecret::from_bytes(secret.try_into().map_err(|_| wrong())?);
        let client = SealingPublic::from_bytes(client).ok_or_else(wrong)?;
        let state = self.practice_state()?;
        let found = state
            .documents
            .get(&document)
            .ok_or(DeviceError::NoSuchDocument(document))?;
        let erased = || {
            // Nobody is told so before all of it is gone.
            let left = self.left_of_lane(&document).is_ok_and(|left| !left.is_empty());
            let position = found.erased().filter(|_| !left);
            position.map(|position| cbor::encode(&Answered::Erased(position)))
        };
        let answered = match answered {
            Some(answered) => answered.to_vec(),
            None => erased().ok_or(DeviceError::NotYet)?,
        };
        let context = IntakeContext {
            practice: *state.practice(),
            document,
            invite,
        };
        let payload = secret.seal_reply(rng, &client, &context, &to, &answered)?;
        let seen = sign::seen(state, Some(found.head()));
        Ok(self
            .secrets
            .upload(state.practice(), seen, Body::Reply(reply), payload))
    }
}
