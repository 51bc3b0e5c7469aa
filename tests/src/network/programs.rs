//! Programs closed, opened and copied; and connections that are no device's.

use super::*;

impl Network {
    /// A connection of a program that is none of the devices.
    pub fn stranger(&mut self) -> ConnectionId {
        let id = self.next;
        self.next += 1;
        id
    }

    /// Says something on a stranger's connection, and hears what the relay answers.
    pub fn exchange(&mut self, id: ConnectionId, message: &ClientMessage) -> Vec<RelayMessage> {
        self.say(id, message);
        while self.step() {}
        let frames = self.strangers.remove(&id).unwrap_or_default();
        let read = |frame: Vec<u8>| wire::message(&frame).expect("the relay sends messages");
        frames.into_iter().map(read).collect()
    }

    /// Says something on a stranger's connection, and does not wait.
    pub fn say(&mut self, id: ConnectionId, message: &ClientMessage) {
        let said = self.state().map(|state| *state.practice());
        match check(&wire::frame(message), said.as_ref(), &self.directory) {
            Ok(message) => self.events.push(core::Event::Message(id, message)),
            Err(fault) => panic!("a message that is refused before it is ordered: {fault:?}"),
        }
    }

    /// The practice's state as the relay has it.
    pub fn state(&self) -> Option<&State> {
        self.core
            .practices()
            .values()
            .next()
            .map(|practice| &practice.state)
    }

    /// Closes a device's program and opens it again from its storage.
    pub fn restart_device(&mut self, seat: usize) {
        self.disconnect(seat);
        let device = self
            .open_with(seat, PASSPHRASE)
            .expect("its own passphrase opens it");
        self.seats[seat].device = device;
    }

    /// A second device program on a copy of a device's storage, as a restored backup or a cloned disk gives it.
    pub fn copy(&mut self, seat: usize) -> usize {
        let device = self
            .open_with(seat, PASSPHRASE)
            .expect("its own passphrase opens it");
        self.seats.push(Seat {
            device,
            reports: Vec::new(),
            online: true,
            connection: None,
            inbox: VecDeque::new(),
            said: None,
            faults: Vec::new(),
        });
        self.seats.len() - 1
    }

    /// Opens what is sensitive on a device; the first time, chooses its second passphrase.
    pub fn unlock(&mut self, seat: usize) {
        let device = &mut self.seats[seat].device;
        if device.sensitive() == SensitiveState::NotSet {
            let passphrase = Passphrase::new(SENSITIVE_PASSPHRASE, &[]).expect("a good passphrase");
            let cost = Cost { m_kib: 8, t: 1, p: 1 };
            device
                .set_sensitive_passphrase(self.now, &mut self.rng, &passphrase, cost)
                .expect("none is chosen yet");
        } else {
            device
                .unlock_sensitive(self.now, SENSITIVE_PASSPHRASE)
                .expect("the second passphrase opens it");
        }
    }

    /// A device's storage opened with a passphrase.
    pub fn open_with(&self, seat: usize, passphrase: &str) -> Result<Device<MemoryStorage>, DeviceError> {
        Device::open(self.storage(seat).clone(), passphrase)
    }

    /// What a device keeps.
    pub fn storage(&self, seat: usize) -> &MemoryStorage {
        self.seats[seat].device.storage()
    }
}
