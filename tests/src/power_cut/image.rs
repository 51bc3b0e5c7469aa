//! The files of a disk at some moment.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use anyhow::Result;

/// Files (with their contents) and directories (`None`), by their paths below the root.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Image(pub(super) BTreeMap<PathBuf, Option<Vec<u8>>>);

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (path, contents) in &self.0 {
            match contents {
                None => write!(f, "{}/ ", path.display())?,
                Some(contents) => write!(f, "{} ({} bytes) ", path.display(), contents.len())?,
            }
        }
        Ok(())
    }
}

impl Image {
    /// A number that two images share only if they are the same.
    pub fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }

    /// Makes the files, which had their paths below `root`, below `place`.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn make(&self, root: &Path, place: &Path) -> Result<()> {
        for (path, contents) in &self.0 {
            let path = place.join(path.strip_prefix(root)?);
            match contents {
                None => fs::create_dir(path)?,
                Some(contents) => fs::write(path, contents)?,
            }
        }
        Ok(())
    }
}
