//! Names: they stand in the practice's encrypted directory, and nowhere on the relay.

use std::collections::BTreeMap;

use rand_core::CryptoRng;
use troth_protocol::document::Document;
use troth_protocol::ids::{DeviceId, DocumentId, MemberId};
use troth_protocol::statement::{DeviceKind, Lane, Role};

use super::outbox::Intent;
use super::{Device, DeviceError};
use crate::document::LaneDocument;
use crate::storage::Storage;

/// A device of the practice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceSummary {
    /// Its id.
    pub id: DeviceId,
    /// Whose it is.
    pub member: MemberId,
    /// What its owner calls it.
    pub name: Option<String>,
    /// Device or kit.
    pub kind: DeviceKind,
    /// Whether it may still do something.
    pub active: bool,
    /// Whether it is this one.
    pub this: bool,
}

impl<S: Storage> Device<S> {
    /// Writes this device's name into the directory, if it is not there yet.
    pub(super) fn introduce(&mut self, rng: &mut impl CryptoRng) -> Result<(), DeviceError> {
        // Clients and auditors do not read the directory: theirs are named by whoever lets them in.
        let staff = self.role().is_none_or(Role::is_staff);
        let Some(directory) = self.directory().filter(|_| staff) else {
            return Ok(());
        };
        let (name, device) = (self.identity.name.clone(), self.secrets.id.to_string());
        match self.read(directory, |d| d.device_name(&device)) {
            Ok(None) if !name.is_empty() => {
                self.edit(self.clock, rng, directory, |d| d.set_device_name(&device, &name))
            }
            Ok(_) | Err(DeviceError::NotReadable(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The practice's directory. One that was closed is none any more: names go on in the next.
    pub(super) fn directory(&self) -> Option<DocumentId> {
        let mut known = self.state.iter().flat_map(|s| s.documents.values());
        let known = known
            .find(|d| d.lane() == Lane::Directory && d.case().is_none() && !d.is_closed())
            .map(Document::id);
        known.or_else(|| {
            self.outbox.values().find_map(|intent| match intent {
                Intent::Create {
                    document,
                    lane: Lane::Directory,
                    case: None,
                    ..
                } => Some(*document),
                _ => None,
            })
        })
    }

    /// What the directory calls a member.
    pub fn name_of(&mut self, member: MemberId) -> Result<Option<String>, DeviceError> {
        self.named(&member.to_string())
    }

    /// What the directory calls somebody or something; `None` for those who cannot read it.
    fn named(&mut self, pseudonym: &str) -> Result<Option<String>, DeviceError> {
        let Some(directory) = self.directory() else {
            return Ok(None);
        };
        match self.read(directory, |d| d.name(pseudonym)) {
            Err(DeviceError::NotReadable(_)) => Ok(None),
            read => read,
        }
    }

    /// The practice's name.
    pub fn practice_name(&mut self) -> Result<String, DeviceError> {
        let practice = self.identity.practice.ok_or(DeviceError::NoPractice)?;
        let named = self.named(&practice.to_string())?;
        Ok(named.unwrap_or_else(|| practice.to_string()))
    }

    /// Every device of the practice, past and present.
    pub fn devices(&mut self) -> Result<Vec<DeviceSummary>, DeviceError> {
        let names = match self.directory() {
            Some(directory) => match self.read(directory, LaneDocument::device_names) {
                Ok(names) => names,
                Err(DeviceError::NotReadable(_)) => BTreeMap::new(),
                Err(error) => return Err(error),
            },
            None => BTreeMap::new(),
        };
        let roster = &self.practice_state()?.roster;
        let summaries = roster.devices().iter().map(|(id, device)| DeviceSummary {
            id: *id,
            member: device.member,
            name: names.get(&id.to_string()).cloned(),
            kind: device.kind,
            active: roster.active(id, u64::MAX).is_ok(),
            this: *id == self.secrets.id,
        });
        Ok(summaries.collect())
    }
}
