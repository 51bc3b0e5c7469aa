//! The connections that read, lent to one caller at a time.

use std::sync::{Condvar, Mutex, PoisonError};

use rusqlite::Connection;

use crate::store::StoreError;

/// Connections that wait for somebody to read with them.
pub struct Pool {
    idle: Mutex<Vec<Connection>>,
    returned: Condvar,
}

/// A connection that goes back to the pool when it is dropped, also by a panic.
struct Lent<'a> {
    pool: &'a Pool,
    connection: Option<Connection>,
}

impl Pool {
    /// A pool of these connections; there must be one at least.
    pub fn new(connections: Vec<Connection>) -> Self {
        Self {
            idle: Mutex::new(connections),
            returned: Condvar::new(),
        }
    }

    /// Reads with a connection, after waiting for one if all are lent.
    pub fn with<T>(&self, read: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let lent = self.lend();
        match &lent.connection {
            Some(connection) => read(connection),
            None => Err(StoreError::Busy),
        }
    }

    fn lend(&self) -> Lent<'_> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let mut idle = self
            .returned
            .wait_while(idle, |idle| idle.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        Lent {
            pool: self,
            connection: idle.pop(),
        }
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.pool
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(self.connection.take());
        self.pool.returned.notify_one();
    }
}
