//! When what is sensitive closes, and what closing takes out of memory.

use std::collections::BTreeSet;

use rand_core::CryptoRng;
use troth_protocol::ids::DocumentId;
use troth_protocol::keys::{Class, KeyRef};

use super::{SENSITIVE_IDLE_MS, Second};
use crate::device::{Device, DeviceError};
use crate::storage::Storage;

impl<S: Storage> Device<S> {
    /// Takes in the time, and closes what is sensitive if it was not used for too long. A clock that goes back gains nothing:
    /// it never stays open for longer than [`SENSITIVE_IDLE_MS`] from the time that is told.
    pub(in crate::device) fn told(&mut self, now: u64, rng: &mut impl CryptoRng) {
        self.clock = now;
        let Second::Open(open) = &mut self.second else {
            return;
        };
        let due = now >= open.closes_at;
        open.closes_at = open.closes_at.min(now.saturating_add(SENSITIVE_IDLE_MS));
        if due {
            // Saving spares work at the next unlock; what cannot be saved is read from the ledger again.
            for id in self.contents_to_close() {
                let _ = self.save_content(rng, id, 1);
            }
            self.lock_sensitive();
        }
    }

    /// Closes what is sensitive now: its secrets, every key that they opened, and every open document of it leave memory.
    /// What was not saved before is read from the ledger again: [`Device::flush`] spares that.
    pub fn lock_sensitive(&mut self) {
        let Second::Open(open) = &self.second else {
            return;
        };
        let header = open.header.clone();
        if let Some(beside) = &mut self.beside {
            beside.close();
        }
        for id in self.contents_to_close() {
            self.contents.remove(&id);
        }
        let epochs = self.keys.keys().filter_map(|key| match key {
            KeyRef::Epoch(document, _) => Some(*document),
            _ => None,
        });
        let epochs: BTreeSet<DocumentId> = epochs.filter(|id| self.may_be_sensitive(id)).collect();
        self.keys.retain(|key, _| match key {
            KeyRef::Device(_, class) | KeyRef::Member(_, class, _) | KeyRef::Role(_, class, _) => {
                *class == Class::General
            }
            KeyRef::Epoch(document, _) => !epochs.contains(document),
        });
        self.second = Second::Locked(header);
    }

    /// When what is sensitive closes unless it is used.
    pub(in crate::device) const fn next_closing(&self) -> Option<u64> {
        match &self.second {
            Second::Open(open) => Some(open.closes_at),
            Second::NotSet | Second::Locked(_) => None,
        }
    }

    /// Lets a person at a document's content, if it is not a sensitive one or what is sensitive is open: then it stays open
    /// for a while from now.
    pub(in crate::device) fn check_unlocked(&mut self, id: &DocumentId) -> Result<(), DeviceError> {
        if self.class_of(id) != Some(Class::Sensitive) {
            return Ok(());
        }
        match &mut self.second {
            Second::NotSet => Err(DeviceError::SensitiveNotSet),
            Second::Locked(_) => Err(DeviceError::SensitiveLocked),
            Second::Open(open) => {
                open.closes_at = self.clock.saturating_add(SENSITIVE_IDLE_MS);
                Ok(())
            }
        }
    }

    /// Whether a document's content is out of reach now.
    pub(in crate::device) fn is_locked(&self, id: &DocumentId) -> bool {
        self.class_of(id) == Some(Class::Sensitive) && !matches!(self.second, Second::Open(_))
    }

    /// Does something that no person asked for: what is sensitive stays open no longer for it.
    pub(in crate::device) fn unused<T>(&mut self, what: impl FnOnce(&mut Self) -> T) -> T {
        let closing = self.next_closing();
        let done = what(self);
        if let (Second::Open(open), Some(closing)) = (&mut self.second, closing) {
            open.closes_at = closing;
        }
        done
    }

    fn contents_to_close(&self) -> Vec<DocumentId> {
        let open = self.contents.keys().copied();
        open.filter(|id| self.may_be_sensitive(id)).collect()
    }

    fn may_be_sensitive(&self, id: &DocumentId) -> bool {
        self.class_of(id) != Some(Class::General)
    }
}
