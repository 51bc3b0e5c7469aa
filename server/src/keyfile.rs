//! The relay's Ed25519 ledger key: a seed of 32 bytes in `DIR/ledger.key`, which only its owner may read.
//!
//! The key signs every checkpoint, and each practice pins it at its genesis: without it the relay can serve none of them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use ed25519_dalek::{SECRET_KEY_LENGTH, SigningKey};
use rand::TryRng;
use rand::rngs::SysRng;
use thiserror::Error;
use zeroize::Zeroizing;

/// The key's file within the data directory.
pub const LEDGER_KEY: &str = "ledger.key";
/// A witness's.
pub const WITNESS_KEY: &str = "witness.key";

/// Why there is no ledger key.
#[derive(Debug, Error)]
pub enum KeyFileError {
    /// The file has another size.
    #[error("{} has {found} bytes and not 32: put the key back from a backup", .file.display())]
    Size {
        /// The file.
        file: PathBuf,
        /// Its size in bytes.
        found: u64,
    },
    /// The file is not there, but ledgers that it signed are.
    #[error("{} is missing, and the ledgers kept here need it: put it back from a backup", .0.display())]
    Missing(PathBuf),
    /// The operating system says no.
    #[error("{}: {source}", .file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// What it says.
        source: io::Error,
    },
    /// The operating system has no randomness.
    #[error("the operating system gives no random numbers: {0}")]
    Random(String),
}

/// Reads the ledger key of a data directory.
///
/// # Errors
/// [`KeyFileError::Missing`], [`KeyFileError::Size`], [`KeyFileError::Io`].
pub fn load(dir: &Path) -> Result<SigningKey, KeyFileError> {
    read(dir.join(LEDGER_KEY))
}

fn read(file: PathBuf) -> Result<SigningKey, KeyFileError> {
    let fail = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => KeyFileError::Missing(file.clone()),
        _ => KeyFileError::Io {
            file: file.clone(),
            source,
        },
    };
    let found = fs::metadata(&file).map_err(fail)?.len();
    if found != SECRET_KEY_LENGTH as u64 {
        return Err(KeyFileError::Size { file, found });
    }
    let mut seed = Zeroizing::new([0; SECRET_KEY_LENGTH]);
    io::Read::read_exact(&mut File::open(&file).map_err(fail)?, &mut *seed).map_err(fail)?;
    Ok(SigningKey::from_bytes(&seed))
}

/// Reads the ledger key, and makes it first where there is none.
///
/// # Errors
/// [`KeyFileError::Size`], [`KeyFileError::Io`], [`KeyFileError::Random`].
pub fn load_or_make(dir: &Path) -> Result<SigningKey, KeyFileError> {
    read_or_make(dir.join(LEDGER_KEY))
}

/// Reads the key of a witness, `DIR/witness.key`, and makes it first where there is none.
///
/// # Errors
/// As [`load_or_make`].
pub fn load_or_make_witness(dir: &Path) -> Result<SigningKey, KeyFileError> {
    read_or_make(dir.join(WITNESS_KEY))
}

fn read_or_make(file: PathBuf) -> Result<SigningKey, KeyFileError> {
    match read(file) {
        Err(KeyFileError::Missing(file)) => {
            let mut seed = Zeroizing::new([0; SECRET_KEY_LENGTH]);
            SysRng
                .try_fill_bytes(&mut *seed)
                .map_err(|error| KeyFileError::Random(error.to_string()))?;
            match write_private(&file, &*seed) {
                Ok(()) => read(file),
                Err(source) => Err(KeyFileError::Io { file, source }),
            }
        }
        loaded => loaded,
    }
}

/// Whether others than the owner may read a file.
pub fn is_exposed(file: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::metadata(file).is_ok_and(|data| data.permissions().mode() & 0o077 != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        false
    }
}

/// Writes a file that only its owner may read: there as a whole or not at all, whatever happens meanwhile.
///
/// # Errors
/// Those of the operating system.
pub fn write_private(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = file.with_extension("new");
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut new = options.open(&unfinished)?;
    new.write_all(bytes)?;
    new.sync_all()?;
    drop(new);
    fs::rename(&unfinished, file)?;
    match file.parent() {
        Some(dir) if cfg!(unix) => File::open(dir)?.sync_all(),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_read_back() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(load(dir.path()), Err(KeyFileError::Missing(_))));
        let made = load_or_make(dir.path()).unwrap();
        assert_eq!(load_or_make(dir.path()).unwrap().to_bytes(), made.to_bytes());
        assert_eq!(load(dir.path()).unwrap().to_bytes(), made.to_bytes());
        let other = tempfile::tempdir().unwrap();
        assert_ne!(load_or_make(other.path()).unwrap().to_bytes(), made.to_bytes());
    }

    #[test]
    fn only_its_owner_may_read_it() {
        let dir = tempfile::tempdir().unwrap();
        load_or_make(dir.path()).unwrap();
        assert!(!is_exposed(&dir.path().join(LEDGER_KEY)));
        assert_eq!(
            fs::read_dir(dir.path()).unwrap().count(),
            1,
            "nothing unfinished is left behind"
        );
    }

    #[test]
    fn what_a_kill_left_unfinished_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("ledger.new"), [7; 5]).unwrap();
        load_or_make(dir.path()).unwrap();
        assert!(!dir.path().join("ledger.new").exists());
    }

    #[test]
    fn a_key_of_another_size_is_refused_and_left_alone() {
        for size in [0, 31, 33, 64] {
            let dir = tempfile::tempdir().unwrap();
            fs::write(dir.path().join(LEDGER_KEY), vec![1; size]).unwrap();
            let error = load_or_make(dir.path()).unwrap_err();
            assert!(
                matches!(error, KeyFileError::Size { found, .. } if found == size as u64),
                "{error}"
            );
            assert_eq!(fs::read(dir.path().join(LEDGER_KEY)).unwrap().len(), size);
        }
    }
}
