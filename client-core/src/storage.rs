//! What a device keeps: rows of ciphertext under names that say nothing. The driver chooses the disk.

use std::collections::BTreeMap;

use thiserror::Error;

/// A row to be written or, without a value, removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// Which of the device's tables.
    pub table: u8,
    /// The row's name within its table: a keyed hash.
    pub name: [u8; 32],
    /// The sealed value; `None` removes the row.
    pub value: Option<Vec<u8>>,
}

/// Why the device's storage did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StorageError {
    /// The disk has no room; nothing was written.
    #[error("this computer's disk is full: nothing was written; make room and try again")]
    Full,
    /// What was read cannot have been written by this program.
    #[error("the device's store is damaged ({0}): keep a copy, and link this computer again as a new device")]
    Damaged(String),
    /// The disk's fault.
    #[error("the device's store cannot be used: {0}")]
    Io(String),
}

/// A row as it is scanned: its name and its sealed value.
pub type Row = ([u8; 32], Vec<u8>);

/// A device's storage. Every value given to it is ciphertext already.
pub trait Storage {
    /// One row.
    ///
    /// # Errors
    /// The disk's only; a row that is not there is `None`.
    fn get(&self, table: u8, name: &[u8; 32]) -> Result<Option<Vec<u8>>, StorageError>;

    /// Every row of a table, in no particular order.
    ///
    /// # Errors
    /// The disk's only.
    fn scan(&self, table: u8) -> Result<Vec<Row>, StorageError>;

    /// Writes all rows or none; what returned `Ok` survives a kill and power loss.
    ///
    /// # Errors
    /// The disk's only; then nothing was written.
    fn commit(&mut self, writes: Vec<Write>) -> Result<(), StorageError>;
}

/// A storage in memory, for tests and for pages that keep nothing.
#[derive(Clone, Debug, Default)]
pub struct MemoryStorage(BTreeMap<(u8, [u8; 32]), Vec<u8>>);

impl MemoryStorage {
    /// Every sealed value, for whoever searches them for what must not be there.
    pub fn values(&self) -> impl Iterator<Item = &[u8]> {
        self.0.values().map(Vec::as_slice)
    }
}

impl Storage for MemoryStorage {
    fn get(&self, table: u8, name: &[u8; 32]) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(self.0.get(&(table, *name)).cloned())
    }

    fn scan(&self, table: u8) -> Result<Vec<Row>, StorageError> {
        let rows = self.0.range((table, [0; 32])..=(table, [0xff; 32]));
        Ok(rows.map(|((_, name), value)| (*name, value.clone())).collect())
    }

    fn commit(&mut self, writes: Vec<Write>) -> Result<(), StorageError> {
        for write in writes {
            match write.value {
                Some(value) => self.0.insert((write.table, write.name), value),
                None => self.0.remove(&(write.table, write.name)),
            };
        }
        Ok(())
    }
}
