//! SQLite's errors as the store's.

use std::io;

use rusqlite::{Error, ErrorCode, ffi};

use crate::store::StoreError;

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        match &error {
            Error::SqliteFailure(failure, _) => match failure.code {
                ErrorCode::DiskFull => Self::Full,
                // The index of the write-ahead log grows by file size, and reports a full disk as a failure
                // of that.
                _ if failure.extended_code == ffi::SQLITE_IOERR_SHMSIZE => Self::Full,
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy,
                // The fence has passed, so only an index that contradicts its table can object.
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::ConstraintViolation => {
                    Self::corrupt(error.to_string())
                }
                _ => Self::Io(io::Error::other(error)),
            },
            Error::FromSqlConversionFailure(..)
            | Error::IntegralValueOutOfRange(..)
            | Error::InvalidColumnType(..) => Self::corrupt(error.to_string()),
            _ => Self::Io(io::Error::other(error)),
        }
    }
}
