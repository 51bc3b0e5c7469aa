//! What happened to contents and to names, and when.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A file or a directory, whatever it is called.
#[derive(Debug)]
pub struct Inode {
    pub is_dir: bool,
    /// In the order in which they ended.
    pub steps: Vec<Step>,
    /// First and last line of each sync.
    pub syncs: Vec<(usize, usize)>,
}

/// A change of a file's contents.
#[derive(Debug)]
pub struct Step {
    pub begun: usize,
    pub ended: usize,
    pub change: Change,
}

#[derive(Debug)]
pub enum Change {
    Write { offset: u64, data: Vec<u8> },
    Length(u64),
}

/// A change of names, with the directories that it changed.
#[derive(Debug)]
pub struct Naming {
    pub begun: usize,
    pub ended: usize,
    pub change: Rename,
    pub dirs: Vec<usize>,
}

#[derive(Debug)]
pub enum Rename {
    Make(PathBuf, usize),
    Move(PathBuf, PathBuf),
    Remove(PathBuf),
}

impl Rename {
    pub fn apply(&self, names: &mut BTreeMap<PathBuf, usize>) {
        match self {
            Self::Make(path, inode) => {
                names.insert(path.clone(), *inode);
            }
            Self::Remove(path) => {
                names.remove(path);
            }
            Self::Move(from, to) => {
                let below = |path: &Path| path.strip_prefix(from).map(|rest| to.join(rest)).ok();
                let moved: Vec<_> = names
                    .keys()
                    .filter_map(|path| Some((path.clone(), below(path)?)))
                    .collect();
                for (old, new) in moved {
                    if let Some(inode) = names.remove(&old) {
                        // Joining nothing would leave a slash at the end.
                        names.insert(new.components().collect(), inode);
                    }
                }
            }
        }
    }
}
