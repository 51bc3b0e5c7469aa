//! A relay's work under `strace`, to be cut off anywhere.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rand::rngs::StdRng;
use tempfile::TempDir;
use troth_server::store::Engine;

use super::{Acknowledged, Disk, Loss, TracedRelay, Verdict, Writing, read_trace};

/// What a relay did, and what it said.
pub struct Recording {
    /// Where it did it.
    root: PathBuf,
    engine: Engine,
    writing: Writing,
    /// What it did.
    pub disk: Disk,
    /// Each with the line where it was said, in that order.
    pub acknowledged: Vec<(usize, Acknowledged)>,
    /// Lines of the trace.
    pub lines: usize,
    _dir: TempDir,
}

impl Recording {
    /// A relay is started, written to, asked to end (it folds its log then), started again, and killed at its work.
    ///
    /// # Errors
    /// There is no `strace`, the relay refuses, or the trace holds what the model does not know.
    pub fn make(engine: Engine, writers: usize, each: usize, rng: &mut StdRng) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let root = dir.path().join("disk");
        fs::create_dir(&root)?;
        let (data, trace) = (root.join("data"), dir.path().join("trace"));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        let mut disk = Disk::new(&root);

        let relay = TracedRelay::start(&data, engine.name(), &trace)?;
        let (mut writing, mut said) = runtime.block_on(Writing::begin(relay.address(), rng, writers))?;
        said.extend(runtime.block_on(writing.go_on(relay.address(), rng, each))?);
        let (calls, middle) = read_trace(relay.end("TERM")?, 0)?;
        disk.run(calls)?;

        let relay = TracedRelay::start(&data, engine.name(), &trace)?;
        said.extend(runtime.block_on(writing.go_on(relay.address(), rng, each))?);
        let (calls, lines) = read_trace(relay.end("KILL")?, middle)?;
        disk.run(calls)?;

        let line = |entry: Acknowledged| Ok((entry.line(&disk)?, entry));
        let mut acknowledged = said.into_iter().map(line).collect::<Result<Vec<_>>>()?;
        acknowledged.sort_by_key(|(line, _)| *line);
        Ok(Self {
            root,
            engine,
            writing,
            disk,
            acknowledged,
            lines,
            _dir: dir,
        })
    }

    /// The power goes after a line, and takes this: does what is left hold what was acknowledged by then? `seen` are the states
    /// that did before.
    ///
    /// # Errors
    /// It does not, and how.
    pub fn cut(&self, cut: usize, loss: Loss, seen: &mut HashSet<(u64, usize)>) -> Result<()> {
        let image = self.disk.cut(cut, loss);
        let due = self.acknowledged.partition_point(|(line, _)| *line <= cut);
        if !seen.insert((image.digest(), due)) {
            return Ok(());
        }
        let place = scratch()?;
        image.make(&self.root, place.path())?;
        let acknowledged: Vec<_> = self.acknowledged[..due].iter().map(|(_, entry)| entry).collect();
        Verdict {
            engine: self.engine,
            member: &self.writing.member,
            acknowledged: &acknowledged,
        }
        .on(&place.path().join("data"))
        .with_context(|| format!("on the disk are {image}"))
    }
}

/// A place for a disk that is looked at once: in memory, where there is such a place.
fn scratch() -> Result<TempDir> {
    let memory = Path::new("/dev/shm");
    Ok(if memory.is_dir() {
        tempfile::tempdir_in(memory)?
    } else {
        tempfile::tempdir()?
    })
}
