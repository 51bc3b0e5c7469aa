//! What the calls of a trace did to the files below a directory, and what was synced when.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::history::{Change, Inode, Naming, Rename, Step};
use super::trace::Call;

/// Where every file and directory came to be, in the order in which it happened.
#[derive(Debug, Default)]
pub struct Disk {
    root: PathBuf,
    pub(super) inodes: Vec<Inode>,
    pub(super) journal: Vec<Naming>,
    names: BTreeMap<PathBuf, usize>,
    /// Where each descriptor stands in its file.
    offsets: HashMap<u64, u64>,
    sent: Vec<(usize, Vec<u8>)>,
}

impl Disk {
    /// A disk with one empty directory, `root`, which is not made but was always there.
    pub fn new(root: &Path) -> Self {
        let mut disk = Self {
            root: root.to_owned(),
            ..Self::default()
        };
        let inode = disk.inode(true);
        disk.names.insert(root.to_owned(), inode);
        disk
    }

    /// Takes in what one process did, in the order in which its calls ended.
    ///
    /// # Errors
    /// A call touches a file below the root in a way that the model does not know.
    pub fn run(&mut self, calls: Vec<Call>) -> Result<()> {
        self.offsets.clear();
        for call in calls {
            let said = format!("{}({})", call.name, call.args.join(", "));
            self.take(call)
                .with_context(|| format!("the trace's {said:.200}"))?;
        }
        Ok(())
    }

    /// The line where these bytes began to be sent to somebody.
    pub fn sent(&self, bytes: &[u8]) -> Option<usize> {
        let holds = |data: &[u8]| data.windows(bytes.len()).any(|window| window == bytes);
        self.sent
            .iter()
            .find(|(_, data)| holds(data))
            .map(|(begun, _)| *begun)
    }

    /// A path below the root, unless it is a file that no power cut leaves anything of.
    fn followed(&self, path: &Path) -> bool {
        path.starts_with(&self.root) && !path.as_os_str().to_string_lossy().ends_with("-shm")
    }

    fn inode(&mut self, is_dir: bool) -> usize {
        self.inodes.push(Inode {
            is_dir,
            steps: Vec::new(),
            syncs: Vec::new(),
        });
        self.inodes.len() - 1
    }

    fn take(&mut self, mut call: Call) -> Result<()> {
        let file = call
            .files
            .first()
            .cloned()
            .flatten()
            .filter(|path| self.followed(path));
        match (call.name.as_str(), file) {
            ("open" | "openat" | "creat", _) => self.open(&call),
            ("write" | "writev" | "sendto" | "sendmsg", None) => {
                self.sent.push((call.begun, call.strings.concat()));
                Ok(())
            }
            ("write" | "writev", Some(file)) => {
                let at = self.offsets.entry(call.number(0)?).or_default();
                let offset = *at;
                let data = call.strings.concat();
                *at += u64::try_from(call.result)?;
                self.write(&call, &file, offset, data)
            }
            ("pwrite64", Some(file)) => {
                let data = std::mem::take(call.strings.first_mut().context("what is written")?);
                self.write(&call, &file, call.number(3)?, data)
            }
            ("lseek", Some(_)) => {
                self.offsets.insert(call.number(0)?, u64::try_from(call.result)?);
                Ok(())
            }
            ("ftruncate", Some(file)) => self.step(&call, &file, Change::Length(call.number(1)?)),
            ("fsync" | "fdatasync", Some(file)) => {
                let inode = *self.names.get(&file).context("a file without a name")?;
                self.inodes[inode].syncs.push((call.begun, call.ended));
                Ok(())
            }
            ("mmap", Some(_)) => {
                let seen = |flag| call.args.iter().any(|arg| arg.contains(flag));
                ensure!(
                    !(seen("MAP_SHARED") && seen("PROT_WRITE")),
                    "a mapped file is written to unseen"
                );
                Ok(())
            }
            (
                "mkdir" | "mkdirat" | "unlink" | "unlinkat" | "rmdir" | "rename" | "renameat" | "renameat2",
                _,
            ) => self.rename(&call),
            // It begins writing, and promises nothing.
            ("sync_file_range", _) | (_, None) => Ok(()),
            (name, Some(_)) => bail!("the model does not know {name}"),
        }
    }

    fn open(&mut self, call: &Call) -> Result<()> {
        let Some(path) = call
            .files
            .last()
            .cloned()
            .flatten()
            .filter(|path| self.followed(path))
        else {
            return Ok(());
        };
        let has = |flag| call.args.iter().any(|arg| arg.split('|').any(|set| set == flag));
        ensure!(!has("O_APPEND"), "the model does not know O_APPEND");
        self.offsets.insert(u64::try_from(call.result)?, 0);
        if !self.names.contains_key(&path) {
            ensure!(has("O_CREAT"), "it was there before the trace");
            let inode = self.inode(false);
            self.name(call, Rename::Make(path, inode));
        } else if has("O_TRUNC") {
            self.step(call, &path, Change::Length(0))?;
        }
        Ok(())
    }

    fn write(&mut self, call: &Call, file: &Path, offset: u64, mut data: Vec<u8>) -> Result<()> {
        if call.ended != super::NEVER {
            data.truncate(usize::try_from(call.result)?);
        }
        self.step(call, file, Change::Write { offset, data })
    }

    fn step(&mut self, call: &Call, file: &Path, change: Change) -> Result<()> {
        let inode = *self.names.get(file).context("a file without a name")?;
        let Call { begun, ended, .. } = *call;
        self.inodes[inode].steps.push(Step { begun, ended, change });
        Ok(())
    }

    fn rename(&mut self, call: &Call) -> Result<()> {
        let base = |at: usize| call.files.get(at).cloned().flatten().unwrap_or_default();
        let given = call
            .strings
            .iter()
            .map(|bytes| PathBuf::from(OsString::from_vec(bytes.clone())));
        let paths: Vec<PathBuf> = given.enumerate().map(|(at, path)| base(at).join(path)).collect();
        let change = match (call.name.as_str(), &paths[..]) {
            (_, paths) if !paths.iter().any(|path| self.followed(path)) => return Ok(()),
            ("mkdir" | "mkdirat", [path]) => Rename::Make(path.clone(), self.inode(true)),
            ("unlink" | "unlinkat" | "rmdir", [path]) => Rename::Remove(path.clone()),
            (_, [from, to]) => Rename::Move(from.clone(), to.clone()),
            _ => bail!("another number of paths than it should have"),
        };
        self.name(call, change);
        Ok(())
    }

    fn name(&mut self, call: &Call, change: Rename) {
        let paths: &[&Path] = match &change {
            Rename::Make(path, _) | Rename::Remove(path) => &[path],
            Rename::Move(from, to) => &[from, to],
        };
        let dirs = paths
            .iter()
            .filter_map(|path| self.names.get(path.parent()?).copied())
            .collect();
        change.apply(&mut self.names);
        let Call { begun, ended, .. } = *call;
        self.journal.push(Naming {
            begun,
            ended,
            change,
            dirs,
        });
    }
}
