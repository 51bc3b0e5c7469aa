//! A device's disk: what a commit returned for is there after a power cut, and a commit is there as a whole or not at all.

use std::cell::RefCell;
use std::rc::Rc;

use troth_client_core::storage::{MemoryStorage, Row, Storage, StorageError, Write};

use super::faults::{Fault, Faults};

/// A disk. Its clones are the same disk: it outlasts the program that writes to it.
#[derive(Clone, Default)]
pub struct Disk {
    rows: Rc<RefCell<MemoryStorage>>,
    /// What goes wrong on it.
    pub faults: Faults,
}

fn gone() -> StorageError {
    StorageError::Io("the power is gone".to_owned())
}

impl Storage for Disk {
    fn get(&self, table: u8, name: &[u8; 32]) -> Result<Option<Vec<u8>>, StorageError> {
        if self.faults.read() {
            self.rows.borrow().get(table, name)
        } else {
            Err(StorageError::Io("a read failed".to_owned()))
        }
    }

    fn scan(&self, table: u8) -> Result<Vec<Row>, StorageError> {
        if self.faults.read() {
            self.rows.borrow().scan(table)
        } else {
            Err(StorageError::Io("a read failed".to_owned()))
        }
    }

    fn commit(&mut self, writes: Vec<Write>) -> Result<(), StorageError> {
        let fate = self.faults.write().ok_or_else(gone)?;
        if fate.kept {
            self.rows.borrow_mut().commit(writes)?;
        }
        match fate.fault {
            None => Ok(()),
            Some(Fault::Full) => Err(StorageError::Full),
            Some(Fault::Lost | Fault::Unheard) => Err(gone()),
            Some(Fault::Failed | Fault::Denied) => Err(StorageError::Io("a write failed".to_owned())),
        }
    }
}
