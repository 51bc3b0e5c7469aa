//! The worst that a revoked device can meet with: a relay on its side, which ignores the revocation and gives it every entry and
//! every payload, properly signed. What the device still cannot read, no relay can give it.

use ed25519_dalek::SigningKey;
use minicbor::bytes::ByteVec;
use troth_client_core::device::{Effect, Event};
use troth_protocol::checkpoint::{Checkpoint, ledger_origin};
use troth_protocol::ids::{Nonce, PracticeId};
use troth_protocol::wire::{
    self, ClientMessage, EntryItem, Hello, Item, Items, RelayMessage, Transcript, Welcome,
};
use troth_server::store::Store;

use super::stage::failed;
use crate::driver;
use crate::failure::Failure;
use crate::session::{Device, Session};

/// A relay that withholds nothing from anybody.
pub struct Colluder<'a> {
    pub session: &'a Session,
    pub store: &'a dyn Store,
    pub key: &'a SigningKey,
    pub origin: &'a str,
    pub practice: PracticeId,
}

impl Colluder<'_> {
    /// Lets a device in, whatever the roster says, and gives it the whole ledger from where it stood.
    pub fn give_everything(&self, device: &mut Device) -> Result<(), Failure> {
        let rng = &mut driver::rng();
        let wrong = |e| self.session.wrong(e);
        let mut effects = device.handle(driver::now(), rng, Event::Tick).map_err(wrong)?;
        // Its wait after the last refusal is not this story's.
        let patience = effects.iter().find_map(|e| {
            if let Effect::WakeAt(at) = e {
                Some(*at)
            } else {
                None
            }
        });
        if let Some(at) = patience {
            effects = device.handle(at, rng, Event::Tick).map_err(wrong)?;
        }
        effects.extend(device.handle(driver::now(), rng, Event::Opened).map_err(wrong)?);
        let mut messages = sent(&effects);
        let mut from = None;
        while let Some(message) = messages.pop() {
            let answer = match message {
                ClientMessage::Hello(hello) => {
                    from = Some(hello.size);
                    self.challenge(hello)?
                }
                ClientMessage::Session(_) => RelayMessage::Welcome(Welcome { now: driver::now() }),
                ClientMessage::Follow(_) => RelayMessage::Items(self.items(from.unwrap_or(0))?),
                _ => continue,
            };
            let frame = wire::frame(&answer);
            let effects = device
                .handle(driver::now(), rng, Event::Frame(&frame))
                .map_err(wrong)?;
            messages.extend(sent(&effects));
        }
        Ok(())
    }

    fn challenge(&self, hello: Hello) -> Result<RelayMessage, Failure> {
        let (nonce, origin) = (Nonce([7; 32]), self.origin.to_owned());
        let transcript = Transcript::new(hello, nonce, origin, self.items(hello.size)?.checkpoint);
        Ok(RelayMessage::Challenge(transcript.challenge(self.key)))
    }

    fn items(&self, from: u64) -> Result<Items, Failure> {
        let fail = |e: &dyn std::fmt::Display| failed(self.session, &e.to_string());
        let head = self
            .store
            .head(&self.practice)
            .map_err(|e| fail(&e))?
            .ok_or_else(|| fail(&"?"))?;
        let rows = self
            .store
            .entries(&self.practice, from, head.size, usize::MAX)
            .map_err(|e| fail(&e))?;
        let item = |row: troth_server::store::EntryRow| {
            let leaf = troth_protocol::cbor::decode(&row.leaf).map_err(|e| fail(&e))?;
            let payload = row
                .payload
                .filter(|payload| !payload.is_empty())
                .map(ByteVec::from);
            Ok(Item::Entry(EntryItem { leaf, payload }))
        };
        let checkpoint = Checkpoint::new(ledger_origin(self.origin, &self.practice), head.size, head.root);
        Ok(Items {
            from,
            items: rows.into_iter().map(item).collect::<Result<_, Failure>>()?,
            checkpoint: checkpoint.map_err(|e| fail(&e))?.sign_compact(self.key),
            counts: None,
        })
    }
}

fn sent(effects: &[Effect]) -> Vec<ClientMessage> {
    let frames = effects.iter().filter_map(|effect| {
        if let Effect::Send(frame) = effect {
            Some(frame)
        } else {
            None
        }
    });
    frames.filter_map(|frame| wire::message(frame).ok()).collect()
}
