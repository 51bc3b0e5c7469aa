//! The relay's Ed25519 ledger keys: seeds of 32 bytes in `DIR/ledger.key`, `DIR/ledger-2.key` and so on, which only their owner
//! may read.
//!
//! A ledger key signs every checkpoint, and each practice pins one at its genesis: without it the relay cannot serve it. New
//! practices pin the newest; the others turn to it when an admin of theirs says so, each in its own time. So a file is never
//! written over, and never removed by the relay.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use ed25519_dalek::{SECRET_KEY_LENGTH, SigningKey};
use rand::TryRng;
use rand::rngs::SysRng;
use thiserror::Error;
use troth_protocol::checkpoint::MlDsaKey;
use troth_protocol::ids::VerifyingKey;
use zeroize::Zeroizing;

/// The key's file within the data directory.
pub const LEDGER_KEY: &str = "ledger.key";
/// What the name of each that came later begins and ends with.
const LATER: (&str, &str) = ("ledger-", ".key");
/// A witness's key of Ed25519.
pub const WITNESS_KEY: &str = "witness.key";
/// A witness's key of ML-DSA-44.
pub const WITNESS_ML_DSA_KEY: &str = "witness-ml-dsa-44.key";

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

/// Reads the ledger keys of a data directory, the newest last.
///
/// # Errors
/// [`KeyFileError::Missing`] where there is none, [`KeyFileError::Size`], [`KeyFileError::Io`].
pub fn load(dir: &Path) -> Result<Vec<SigningKey>, KeyFileError> {
    match files(dir)?.as_slice() {
        [] => Err(KeyFileError::Missing(dir.join(LEDGER_KEY))),
        files => files.iter().map(|(_, file)| read(file.clone())).collect(),
    }
}

/// The public halves of the ledger keys, the newest last.
///
/// # Errors
/// As [`load`].
pub fn load_public(dir: &Path) -> Result<Vec<VerifyingKey>, KeyFileError> {
    let public = |key: &SigningKey| VerifyingKey(key.verifying_key().to_bytes());
    Ok(load(dir)?.iter().map(public).collect())
}

/// The files of the ledger keys, by their numbers.
///
/// # Errors
/// [`KeyFileError::Io`].
pub fn files(dir: &Path) -> Result<Vec<(u32, PathBuf)>, KeyFileError> {
    let fail = |source| KeyFileError::Io {
        file: dir.to_owned(),
        source,
    };
    let mut found = Vec::new();
    let listed = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        listed => listed.map_err(fail)?,
    };
    for item in listed {
        let item = item.map_err(fail)?;
        let number = item.file_name().to_str().and_then(number);
        found.extend(number.map(|number| (number, item.path())));
    }
    found.sort();
    Ok(found)
}

/// The number that a ledger key's file name says; `None` for any other file's.
fn number(name: &str) -> Option<u32> {
    if name == LEDGER_KEY {
        return Some(1);
    }
    let digits = name.strip_prefix(LATER.0)?.strip_suffix(LATER.1)?;
    let number: u32 = digits.parse().ok()?;
    (number > 1 && number.to_string() == digits).then_some(number)
}

/// Makes the next ledger key, beside those that are there, and says where it is. It is on the disk as a whole when this returns;
/// no practice is signed with it before an admin of theirs has turned to it.
///
/// # Errors
/// As [`load`], and [`KeyFileError::Random`].
pub fn make_next(dir: &Path) -> Result<(PathBuf, SigningKey), KeyFileError> {
    let files = files(dir)?;
    let Some((newest, _)) = files.last() else {
        return Err(KeyFileError::Missing(dir.join(LEDGER_KEY)));
    };
    let file = dir.join(format!("{}{}{}", LATER.0, newest.saturating_add(1), LATER.1));
    let key = read_or_make(file.clone())?;
    Ok((file, key))
}

/// The secret half of a key.
type Seed = Zeroizing<[u8; SECRET_KEY_LENGTH]>;

fn read(file: PathBuf) -> Result<SigningKey, KeyFileError> {
    read_seed(file).map(|seed| SigningKey::from_bytes(&seed))
}

fn read_seed(file: PathBuf) -> Result<Seed, KeyFileError> {
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
    Ok(seed)
}

/// Reads the ledger keys, the newest last, and makes the first one where there is none.
///
/// # Errors
/// [`KeyFileError::Size`], [`KeyFileError::Io`], [`KeyFileError::Random`].
pub fn load_or_make(dir: &Path) -> Result<Vec<SigningKey>, KeyFileError> {
    match load(dir) {
        Err(KeyFileError::Missing(file)) => Ok(vec![read_or_make(file)?]),
        loaded => loaded,
    }
}

/// Reads the keys of a witness, `DIR/witness.key` and `DIR/witness-ml-dsa-44.key`, and makes those first that are not there.
///
/// # Errors
/// As [`load_or_make`].
pub fn load_or_make_witness(dir: &Path) -> Result<(SigningKey, MlDsaKey), KeyFileError> {
    let ml_dsa = read_or_make_seed(dir.join(WITNESS_ML_DSA_KEY))?;
    Ok((read_or_make(dir.join(WITNESS_KEY))?, MlDsaKey::from_seed(&ml_dsa)))
}

fn read_or_make(file: PathBuf) -> Result<SigningKey, KeyFileError> {
    read_or_make_seed(file).map(|seed| SigningKey::from_bytes(&seed))
}

fn read_or_make_seed(file: PathBuf) -> Result<Seed, KeyFileError> {
    match read_seed(file) {
        Err(KeyFileError::Missing(file)) => {
            let mut seed = Zeroizing::new([0; SECRET_KEY_LENGTH]);
            SysRng
                .try_fill_bytes(&mut *seed)
                .map_err(|error| KeyFileError::Random(error.to_string()))?;
            match write_private(&file, &*seed) {
                Ok(()) => read_seed(file),
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
        assert_eq!(made.len(), 1);
        assert_eq!(load_or_make(dir.path()).unwrap(), made);
        assert_eq!(load(dir.path()).unwrap(), made);
        let other = tempfile::tempdir().unwrap();
        assert_ne!(load_or_make(other.path()).unwrap(), made);
    }

    #[test]
    fn the_next_key_stands_beside_those_before_it_and_takes_nothing_away() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(make_next(dir.path()), Err(KeyFileError::Missing(_))));
        let mut keys = load_or_make(dir.path()).unwrap();
        for number in 2..12 {
            let (file, key) = make_next(dir.path()).unwrap();
            assert_eq!(file, dir.path().join(format!("ledger-{number}.key")));
            assert!(!is_exposed(&file));
            assert!(!keys.contains(&key));
            keys.push(key);
            assert_eq!(load(dir.path()).unwrap(), keys, "the newest last, also the tenth");
        }
        for other in [
            "ledger-1.key",
            "ledger-02.key",
            "ledger-x.key",
            "ledger-3.new",
            "witness.key",
        ] {
            fs::write(dir.path().join(other), [1; 3]).unwrap();
        }
        assert_eq!(load(dir.path()).unwrap(), keys, "no other file is a ledger key");
        fs::remove_file(dir.path().join("ledger.key")).unwrap();
        assert_eq!(
            load(dir.path()).unwrap(),
            keys[1..],
            "one that was retired may be taken away"
        );
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
