//! Files and directories that only their owner may read.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// Makes a directory and its parents where there are none; what was there keeps its mode.
pub fn private_dir(dir: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// Opens a file for writing, and makes it where there is none.
pub fn private_file(path: &Path) -> io::Result<File> {
    private(
        OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true),
    )
    .open(path)
}

/// Opens a new file for writing; one that is there already is left alone and is an error.
pub fn new_file(path: &Path) -> io::Result<File> {
    private(OpenOptions::new().create_new(true).write(true)).open(path)
}

/// Writes a new file, durably; one that is there already is left alone and is an error. Whatever ends this half-way, the file is
/// there as a whole or not at all.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if path.symlink_metadata().is_ok() {
        return Err(ErrorKind::AlreadyExists.into());
    }
    whole(path, bytes, |part| match fs::hard_link(part, path) {
        Ok(()) => fs::remove_file(part),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(error),
        // Not every file system knows a second name; then the name is taken first.
        Err(_) => {
            new_file(path).and_then(|_| fs::rename(part, path).inspect_err(|_| drop(fs::remove_file(path))))
        }
    })
}

/// Writes a file, durably, in the place of what was there, if anything was. Whatever ends this half-way, the old file or the new
/// one is there as a whole.
pub fn write_over(path: &Path, bytes: &[u8]) -> io::Result<()> {
    whole(path, bytes, |part| fs::rename(part, path))
}

/// Writes `NAME.part` beside the file, which `place` then gives its name. One that an earlier try left is in nobody's way.
fn whole(path: &Path, bytes: &[u8], place: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let name = path.file_name().ok_or(ErrorKind::InvalidInput)?;
    let mut part_name = OsString::from(name);
    part_name.push(".part");
    let part = path.with_file_name(part_name);
    match fs::remove_file(&part) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let written = new_file(&part).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written
        .and_then(|()| place(&part))
        .inspect_err(|_| drop(fs::remove_file(&part)))?;
    sync_dir(&folder(path))
}

/// The directory that a file is in.
fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Reads a file that may come from anybody; `None` if it is longer than `most` bytes, of which no more are read than that.
pub fn read_at_most(path: &Path, most: u64) -> io::Result<Option<Vec<u8>>> {
    use std::io::Read as _;
    let file = File::open(path)?;
    // What is no file has no length to go by.
    if file.metadata()?.len() > most {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    let read = file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(u64::try_from(read)
        .is_ok_and(|read| read <= most)
        .then_some(bytes))
}

/// The names in `dir` on the disk. Only unix can ask for it; elsewhere the file system orders names by itself.
pub fn sync_dir(dir: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(dir)?.sync_all()
    } else {
        Ok(())
    }
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let names = fs::read_dir(dir).unwrap();
        names
            .map(|item| item.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn a_file_is_written_once_and_nothing_else_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ledger.troth");
        write_new(&path, b"whole").unwrap();
        assert_eq!(names(dir.path()), ["ledger.troth"]);
        let again = write_new(&path, b"another").unwrap_err();
        assert_eq!(again.kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        write_over(&path, b"another").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"another");
        assert_eq!(names(dir.path()), ["ledger.troth"]);
    }

    #[test]
    fn what_a_kill_left_half_written_is_in_nobodys_way() {
        let dir = tempfile::tempdir().unwrap();
        let (path, part) = (dir.path().join("a"), dir.path().join("a.part"));
        fs::write(&part, b"ha").unwrap();
        write_new(&path, b"whole").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert_eq!(names(dir.path()), ["a"]);
    }

    #[cfg(unix)]
    #[test]
    fn another_persons_link_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let theirs = dir.path().join("theirs");
        fs::write(&theirs, b"as it was").unwrap();
        for name in ["a.part", "b"] {
            std::os::unix::fs::symlink(&theirs, dir.path().join(name)).unwrap();
        }
        write_new(&dir.path().join("a"), b"mine").unwrap();
        let taken = write_new(&dir.path().join("b"), b"mine").unwrap_err();
        assert_eq!(taken.kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read(theirs).unwrap(), b"as it was");
    }

    #[test]
    fn where_it_cannot_be_written_nothing_stays() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("a.part")).unwrap();
        assert!(write_new(&dir.path().join("a"), b"whole").is_err());
        assert!(write_new(&dir.path().join("none").join("a"), b"whole").is_err());
        assert_eq!(names(dir.path()), ["a.part"]);
        let taken = dir.path().join("taken");
        fs::create_dir_all(taken.join("full")).unwrap();
        assert!(write_over(&taken, b"whole").is_err());
        assert!(!dir.path().join("taken.part").exists());
    }

    #[test]
    fn no_more_is_read_than_was_said() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("long");
        fs::write(&path, [7; 100]).unwrap();
        assert_eq!(read_at_most(&path, 99).unwrap(), None);
        assert_eq!(read_at_most(&path, 100).unwrap(), Some(vec![7; 100]));
        #[cfg(unix)]
        assert_eq!(read_at_most(Path::new("/dev/zero"), 100).unwrap(), None);
    }
}
