//! What a power cut at some moment leaves.

use std::collections::{BTreeMap, HashMap};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::disk::Disk;
use super::history::{Change, Inode, Naming, Step};
use super::image::Image;

/// Bytes that are written as a whole or not at all.
pub const PAGE: u64 = 4096;

/// What becomes of that which was not synced when the power went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// All of it is on the disk: every call that had ended, as after `kill -9`.
    Nothing,
    /// None of it is.
    Unsynced,
    /// All names are, and none of the contents: files that are there and hold nothing.
    Contents,
    /// Some of it is, as this seed says.
    Some(u64),
}

impl Disk {
    /// First and last line of every sync, in order.
    pub fn syncs(&self) -> Vec<(usize, usize)> {
        let mut syncs: Vec<_> = self
            .inodes
            .iter()
            .flat_map(|inode| inode.syncs.iter().copied())
            .collect();
        syncs.sort_unstable();
        syncs
    }

    /// The same disk had these syncs, named by their first lines, never been called.
    #[must_use]
    pub fn without_syncs(mut self, skipped: impl Fn(usize) -> bool) -> Self {
        for inode in &mut self.inodes {
            inode.syncs.retain(|(begun, _)| !skipped(*begun));
        }
        self
    }

    /// What is on the disk after the power went right after line `cut` of the trace.
    pub fn cut(&self, cut: usize, loss: Loss) -> Image {
        let mut rng = StdRng::seed_from_u64(if let Loss::Some(seed) = loss { seed } else { 0 });
        let happened = |begun, ended| {
            if loss == Loss::Nothing {
                ended <= cut
            } else {
                begun <= cut
            }
        };
        let count =
            |holds: &dyn Fn(&Naming) -> bool| self.journal.iter().rposition(holds).map_or(0, |last| last + 1);
        let made = count(&|naming| happened(naming.begun, naming.ended));
        let synced = count(&|naming| {
            naming
                .dirs
                .iter()
                .any(|dir| naming.ended < self.inodes[*dir].synced(cut))
        });
        let kept = match loss {
            Loss::Nothing | Loss::Contents => made,
            Loss::Unsynced => synced,
            Loss::Some(_) => rng.random_range(synced..=made.max(synced)),
        };
        let mut names = BTreeMap::new();
        self.journal[..kept]
            .iter()
            .for_each(|naming| naming.change.apply(&mut names));
        let mut contents = |inode: &Inode| (!inode.is_dir).then(|| inode.contents(cut, loss, &mut rng));
        Image(
            names
                .into_iter()
                .map(|(path, inode)| (path, contents(&self.inodes[inode])))
                .collect(),
        )
    }
}

impl Inode {
    /// The line before which everything that had ended is on the disk for certain.
    fn synced(&self, cut: usize) -> usize {
        self.syncs
            .iter()
            .filter(|(_, ended)| *ended <= cut)
            .map(|(begun, _)| *begun)
            .max()
            .unwrap_or(0)
    }

    fn contents(&self, cut: usize, loss: Loss, rng: &mut StdRng) -> Vec<u8> {
        let synced = self.synced(cut);
        let mut bytes = Vec::new();
        if loss == Loss::Nothing {
            self.steps
                .iter()
                .filter(|step| step.ended <= cut)
                .for_each(|step| step.whole(&mut bytes));
            return bytes;
        }
        // Steps stand in the order in which they ended: those that are certain come first.
        let (certain, open) = self
            .steps
            .split_at(self.steps.partition_point(|step| step.ended < synced));
        certain.iter().for_each(|step| step.whole(&mut bytes));
        if !matches!(loss, Loss::Some(_)) {
            return bytes;
        }
        let open: Vec<&Step> = open.iter().filter(|step| step.begun <= cut).collect();
        // How often each page was written, then how often before the moment that it is on the disk as of.
        let mut left: HashMap<u64, usize> = HashMap::new();
        let mut lengths = 0;
        for step in &open {
            step.pages().for_each(|page| *left.entry(page).or_default() += 1);
            lengths += usize::from(matches!(step.change, Change::Length(_)));
        }
        let mut pages: Vec<_> = left.keys().copied().collect();
        pages.sort_unstable();
        for page in pages {
            left.entry(page)
                .and_modify(|count| *count = rng.random_range(0..=*count));
        }
        let mut lengths = rng.random_range(0..=lengths);
        for step in open {
            if matches!(step.change, Change::Length(_)) && lengths > 0 {
                lengths -= 1;
                step.whole(&mut bytes);
            }
            for page in step.pages() {
                if let Some(count) = left.get_mut(&page).filter(|count| **count > 0) {
                    *count -= 1;
                    step.page(page, &mut bytes);
                }
            }
        }
        bytes
    }
}

impl Step {
    fn pages(&self) -> std::ops::Range<u64> {
        match &self.change {
            Change::Write { offset, data } => offset / PAGE..(offset + data.len() as u64).div_ceil(PAGE),
            Change::Length(_) => 0..0,
        }
    }

    fn whole(&self, bytes: &mut Vec<u8>) {
        match &self.change {
            Change::Write { offset, data } => put(bytes, *offset, data),
            Change::Length(length) => bytes.resize(*length as usize, 0),
        }
    }

    /// As much of it as lies in a page.
    fn page(&self, page: u64, bytes: &mut Vec<u8>) {
        if let Change::Write { offset, data } = &self.change {
            let from = (page * PAGE).saturating_sub(*offset) as usize;
            let to = ((page + 1) * PAGE - offset).min(data.len() as u64) as usize;
            put(bytes, offset + from as u64, &data[from..to]);
        }
    }
}

fn put(bytes: &mut Vec<u8>, offset: u64, data: &[u8]) {
    let (from, to) = (offset as usize, offset as usize + data.len());
    if bytes.len() < to {
        bytes.resize(to, 0);
    }
    bytes[from..to].copy_from_slice(data);
}

#[cfg(test)]
mod tests;
