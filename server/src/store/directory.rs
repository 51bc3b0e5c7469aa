//! How a data directory comes to be, and who has it open.
//!
//! ```text
//! DIR/            0700 if it is made here; may hold other things as well
//! DIR/lock        locked for as long as a relay has the store open
//! DIR/store.new/  a store being made; whoever finds one may remove it, for nothing in it was ever acknowledged
//! DIR/store/      0700; there as a whole or not at all, since renaming is atomic
//! DIR/store/format  one line: "troth-store 1 ENGINE"
//! ```

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

use super::{Engine, StoreError};

/// The version of what the engines write. Another version is another format: there is no reading both.
const FORMAT: &str = "troth-store 1";

/// A data directory that nobody else has open. Dropping it lets the next one in.
#[derive(Debug)]
pub struct Claim {
    dir: PathBuf,
    // Held for its lock alone, which the operating system takes back when the process is killed.
    lock: File,
}

impl Drop for Claim {
    // Said out loud: a process forked off a moment ago may still hold the file, and the lock with it. If it
    // fails, closing the file does the same.
    fn drop(&mut self) {
        let _ = self.lock.unlock();
    }
}

impl Claim {
    /// Makes `dir` if it is not there, and locks it.
    pub fn take(dir: &Path) -> Result<Self, StoreError> {
        let grows = holding_what_is_not_there(dir);
        if !grows.is_empty() {
            private_dir(DirBuilder::new().recursive(true)).create(dir)?;
            grows.into_iter().try_for_each(sync_dir)?;
        }
        let lock = private_file(&dir.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                dir: dir.to_owned(),
                lock,
            }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse(dir.to_owned())),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    /// The directory that the engine keeps its files in. If there is none yet, `create` makes its files in a
    /// place of their own, closes them, and only once they are on the disk do they become the store.
    pub fn store(
        &self,
        engine: Engine,
        create: impl FnOnce(&Path) -> Result<(), StoreError>,
    ) -> Result<PathBuf, StoreError> {
        let (unfinished, store) = (self.dir.join("store.new"), self.dir.join("store"));
        if unfinished.try_exists()? {
            fs::remove_dir_all(&unfinished)?;
        }
        if !store.try_exists()? {
            private_dir(&mut DirBuilder::new()).create(&unfinished)?;
            private_file(&unfinished.join("format"))?;
            fs::write(unfinished.join("format"), format!("{FORMAT} {engine}\n"))?;
            create(&unfinished)?;
            sync_tree(&unfinished)?;
            fs::rename(&unfinished, &store)?;
            sync_dir(&self.dir)?;
        }
        self.check_format(&store, engine)?;
        Ok(store)
    }

    fn check_format(&self, store: &Path, engine: Engine) -> Result<(), StoreError> {
        let found = match fs::read(store.join("format")) {
            Ok(bytes) => String::from_utf8_lossy(&bytes)
                .trim_end()
                .chars()
                .take(64)
                .collect(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error.into()),
        };
        let made_by = found
            .strip_prefix(FORMAT)
            .and_then(|rest| rest.strip_prefix(' ')?.parse().ok());
        match made_by {
            Some(made_by) if made_by == engine => Ok(()),
            Some(made_by) => Err(StoreError::OtherEngine {
                dir: self.dir.clone(),
                made_by,
            }),
            None => Err(StoreError::Format {
                dir: self.dir.clone(),
                found,
            }),
        }
    }
}

/// The directories that get a new name in them when `dir` and all above it are made: each has to reach the disk.
fn holding_what_is_not_there(dir: &Path) -> Vec<&Path> {
    let above = dir.ancestors().skip(1);
    let missing = dir
        .ancestors()
        .take_while(|dir| !dir.as_os_str().is_empty() && !dir.is_dir());
    let here = Path::new(".");
    missing
        .zip(above)
        .map(|(_, above)| if above.as_os_str().is_empty() { here } else { above })
        .collect()
}

/// Opens a file for writing that only its owner may read, and makes it first where there is none.
pub fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn private_dir(builder: &mut DirBuilder) -> &mut DirBuilder {
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(builder, 0o700);
    builder
}

/// Every file and directory under `dir`, and `dir` itself, on the disk.
fn sync_tree(dir: &Path) -> io::Result<()> {
    for item in fs::read_dir(dir)? {
        let item = item?;
        if item.file_type()?.is_dir() {
            sync_tree(&item.path())?;
        } else {
            OpenOptions::new().write(true).open(item.path())?.sync_all()?;
        }
    }
    sync_dir(dir)
}

/// The names in `dir` on the disk. Only unix can ask for it; elsewhere the file system orders names by
/// itself.
fn sync_dir(dir: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(dir)?.sync_all()
    } else {
        Ok(())
    }
}

/// The lengths of all files under `dir` together. Files that vanish meanwhile count nothing.
pub fn disk_bytes(dir: &Path) -> io::Result<u64> {
    let mut sum = 0;
    for item in fs::read_dir(dir)? {
        let item = item?;
        sum += match item.metadata() {
            Ok(data) if data.is_dir() => disk_bytes(&item.path())?,
            Ok(data) => data.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_holds_a_directory_that_is_made_reaches_the_disk() {
        let root = tempfile::tempdir().unwrap();
        let (a, b) = (root.path().join("a"), root.path().join("a/b"));
        let data = b.join("data");
        assert_eq!(holding_what_is_not_there(&data), [&b, &a, root.path()]);
        drop(Claim::take(&data).unwrap());
        assert_eq!(holding_what_is_not_there(&data), [""; 0].map(Path::new));
        assert_eq!(holding_what_is_not_there(&b.join("c")), [&b]);
        assert_eq!(
            holding_what_is_not_there(Path::new("not-here-yet")),
            [Path::new(".")]
        );
    }
}
