//! The relay, the two devices and the directory that holds all three.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use troth_client_core::crypto::{Cost, Passphrase};
use troth_client_core::device::{DeviceError, Phase, Report};
use troth_client_core::document::{LaneDocument, NewNote};
use troth_protocol::ids::DocumentId;
use troth_server::config::ServeOptions;
use troth_server::serve::{Running, serve};
use troth_server::store::{self, Engine, Store};

use crate::driver::{self, Ended, Patience, Relay};
use crate::failure::Failure;
use crate::messages::{demo as say, device as of_device, network};
use crate::session::{Device, Session};
use crate::storage::SqliteStorage;

/// Where everything is.
pub struct Stage<'a> {
    pub session: &'a Session,
    pub relay: Relay,
    pub running: Running,
    dir: PathBuf,
}

impl<'a> Stage<'a> {
    /// Starts a relay on a free loopback port, with its files in `dir`.
    pub async fn set(session: &'a Session, dir: &Path) -> Result<Self, Failure> {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let running = serve(ServeOptions::new(dir.join("relay"), listen)).await;
        let running = running.map_err(|e| failed(session, &e))?;
        let relay = session.relay(&running.url())?;
        Ok(Self {
            session,
            relay,
            running,
            dir: dir.to_owned(),
        })
    }

    /// Makes a device, with a store of its own.
    pub fn device(&self, home: &str, name: &str, passphrase: &str) -> Result<Device, Failure> {
        let language = self.session.language;
        let passphrase = Passphrase::new(passphrase, &[name])
            .map_err(|fault| Failure::failed(of_device::passphrase(language, fault)))?;
        let created = Device::create(
            &mut driver::rng(),
            self.storage(home)?,
            &passphrase,
            Cost::DEFAULT,
            name,
        );
        created.map_err(|e| self.wrong(e))
    }

    /// Opens a device again from what its store holds.
    pub fn reopened(&self, home: &str, passphrase: &str) -> Result<Device, Failure> {
        Device::open(self.storage(home)?, passphrase).map_err(|e| self.wrong(e))
    }

    fn storage(&self, home: &str) -> Result<SqliteStorage, Failure> {
        SqliteStorage::open(&self.dir.join(home)).map_err(|e| Failure::store(self.session.language, &e))
    }

    /// Runs a device until `goal` holds.
    pub async fn until(
        &self,
        device: &mut Device,
        mut goal: impl FnMut(&mut Device, Option<&Report>) -> bool,
    ) -> Result<(), Failure> {
        let language = self.session.language;
        let mut wrong = None;
        let ended = driver::drive(device, &self.relay, Patience::SHORT, |device, report| {
            match report {
                Some(Report::Dishonest(evidence)) => wrong = Some(evidence.what.clone()),
                Some(Report::Refused { rule, what }) => wrong = Some(format!("{what}: {rule}")),
                _ => {}
            }
            wrong.is_some() || goal(device, report)
        });
        let ended = ended.await.map_err(|e| self.wrong(e))?;
        match (wrong, ended) {
            (None, Ended::Reached) => Ok(()),
            (Some(why), _) | (None, Ended::Unreachable(why)) => Err(failed(self.session, &why)),
            (None, _) => Err(failed(self.session, &network::silent(language))),
        }
    }

    /// Sends all that waits, and takes in all there is.
    pub async fn sync(&self, device: &mut Device) -> Result<(), Failure> {
        self.until(device, |device, _| {
            device.phase() == Phase::Live && device.waiting() == 0
        })
        .await
    }

    /// An edit on one device, kept there.
    pub fn edit(
        &self,
        device: &mut Device,
        document: DocumentId,
        edit: impl FnOnce(&mut LaneDocument) -> Result<Vec<u8>, troth_client_core::document::DocumentError>,
    ) -> Result<(), Failure> {
        device
            .edit(driver::now(), &mut driver::rng(), document, edit)
            .map_err(|e| self.wrong(e))
    }

    /// A note by the device's member.
    pub fn note(&self, device: &Device, text: &str) -> NewNote {
        let author = device
            .member()
            .map(|member| member.to_string())
            .unwrap_or_default();
        NewNote {
            author,
            created_ms: driver::now(),
            template: String::new(),
            text: text.to_owned(),
        }
    }

    /// What a device reads in a document.
    pub fn read<T>(
        &self,
        device: &mut Device,
        document: DocumentId,
        look: impl FnOnce(&LaneDocument) -> T,
    ) -> Result<T, Failure> {
        device.read(document, look).map_err(|e| self.wrong(e))
    }

    /// An engine's error in the person's language.
    pub fn wrong(&self, error: DeviceError) -> Failure {
        self.session.wrong(error)
    }

    /// Stops the relay, and gives back its directory.
    pub async fn strike(self) {
        self.running.shut_down().await;
    }
}

/// What kept the story from going on.
pub fn failed(session: &Session, why: &impl std::fmt::Display) -> Failure {
    Failure::failed(say::stuck(session.language, &why.to_string()))
}

/// A stopped relay's store.
pub fn open_store(session: &Session, relay_dir: &Path) -> Result<Arc<dyn Store>, Failure> {
    store::open(relay_dir, Engine::default())
        .map(Arc::from)
        .map_err(|e| failed(session, &e))
}
