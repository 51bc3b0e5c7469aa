//! What devices and practices do once they are logged in.

use std::collections::{HashMap, VecDeque};

use troth_protocol::ids::{DeviceId, PracticeId};
use troth_protocol::limits;

use super::{Bucket, Rate};

/// Logins, follows and fetches of one device.
const ASKED: Rate = Rate {
    burst: limits::DEVICE_ASKS,
    per_minute: limits::DEVICE_ASKS_PER_MINUTE,
};
/// Statements that one device appends.
const STATEMENTS: Rate = Rate {
    burst: limits::DEVICE_STATEMENTS,
    per_minute: limits::DEVICE_STATEMENTS_PER_MINUTE,
};
/// Bytes that one device appends.
const BYTES: Rate = Rate {
    burst: limits::DEVICE_BYTES,
    per_minute: limits::DEVICE_BYTES_PER_MINUTE,
};
/// Bytes that all devices of one practice append.
const PRACTICE_BYTES: Rate = Rate {
    burst: limits::PRACTICE_BYTES,
    per_minute: limits::PRACTICE_BYTES_PER_MINUTE,
};

#[derive(Default)]
struct Device {
    /// Its connections, the oldest first.
    connections: VecDeque<u64>,
    asked: Bucket,
    statements: Bucket,
    bytes: Bucket,
}

#[derive(Default)]
struct Practice {
    connections: usize,
    bytes: Bucket,
}

/// Why somebody is not let in, or goes no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMuch;

/// What is kept of each device that is or was lately logged in, and of its practice. Only who has proven to be a device of a
/// practice is kept at all, and only until everything spent has come back.
#[derive(Default)]
pub struct Accounts {
    devices: HashMap<(PracticeId, DeviceId), Device>,
    practices: HashMap<PracticeId, Practice>,
}

impl Accounts {
    /// A device logs in on a connection. Where it has as many as it may, its oldest has to go, and is returned: whoever
    /// moves from network to network leaves connections behind that nobody has noticed to be dead.
    ///
    /// # Errors
    /// [`TooMuch`]: it logged in too often, or its practice has too many connections.
    pub fn enter(
        &mut self,
        now: u64,
        practice: PracticeId,
        device: DeviceId,
        connection: u64,
    ) -> Result<Option<u64>, TooMuch> {
        let account = self.devices.entry((practice, device)).or_default();
        let all = self.practices.entry(practice).or_default();
        let replaces = account.connections.len() >= limits::DEVICE_CONNECTIONS;
        if !account.asked.take(now, &ASKED, 1)
            || (!replaces && all.connections >= limits::PRACTICE_CONNECTIONS)
        {
            return Err(TooMuch);
        }
        let gone = replaces.then(|| account.connections.pop_front()).flatten();
        account.connections.push_back(connection);
        all.connections += usize::from(gone.is_none());
        Ok(gone)
    }

    /// A connection that entered is gone.
    pub fn leave(&mut self, practice: PracticeId, device: DeviceId, connection: u64) {
        let Some(account) = self.devices.get_mut(&(practice, device)) else {
            return;
        };
        let before = account.connections.len();
        account.connections.retain(|id| *id != connection);
        let left = before - account.connections.len();
        if let Some(all) = self.practices.get_mut(&practice) {
            all.connections = all.connections.saturating_sub(left);
        }
    }

    /// A device follows or fetches.
    ///
    /// # Errors
    /// [`TooMuch`]: it did so too often.
    pub fn ask(&mut self, now: u64, practice: PracticeId, device: DeviceId) -> Result<(), TooMuch> {
        let account = self.devices.entry((practice, device)).or_default();
        account.asked.take(now, &ASKED, 1).then_some(()).ok_or(TooMuch)
    }

    /// A device appends. What is refused in the end, by whatever rule, has been spent too.
    ///
    /// # Errors
    /// [`TooMuch`]: it, or all devices of its practice together, appended too much.
    pub fn append(
        &mut self,
        now: u64,
        practice: PracticeId,
        device: DeviceId,
        statements: u64,
        bytes: u64,
    ) -> Result<(), TooMuch> {
        let account = self.devices.entry((practice, device)).or_default();
        let all = self.practices.entry(practice).or_default();
        let enough = account.statements.take(now, &STATEMENTS, statements)
            && account.bytes.take(now, &BYTES, bytes)
            && all.bytes.take(now, &PRACTICE_BYTES, bytes);
        enough.then_some(()).ok_or(TooMuch)
    }

    /// Forgets whoever is gone and has nothing spent.
    pub fn sweep(&mut self, now: u64) {
        self.devices.retain(|_, account| {
            !account.connections.is_empty()
                || !account.asked.is_full(now, &ASKED)
                || !account.statements.is_full(now, &STATEMENTS)
                || !account.bytes.is_full(now, &BYTES)
        });
        self.practices
            .retain(|_, all| all.connections > 0 || !all.bytes.is_full(now, &PRACTICE_BYTES));
    }

    /// Devices that are kept.
    pub fn len(&self) -> usize {
        self.devices.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.devices.is_empty()
    }
}
