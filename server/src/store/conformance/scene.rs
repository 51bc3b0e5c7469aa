//! What the stories are told with.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

use troth_protocol::ids::{Hash, PracticeId};

use super::Subject;
use crate::store::{EntryRow, Head, PracticeBatch, Store, StoreError, StreamKey, TILE_BYTES, TileRow};

/// A directory, and the engine that opens it.
pub struct Scene<'a> {
    pub subject: &'a Subject<'a>,
    root: tempfile::TempDir,
}

impl<'a> Scene<'a> {
    pub fn new(subject: &'a Subject<'a>) -> Self {
        Self {
            subject,
            root: tempfile::tempdir().unwrap(),
        }
    }

    /// The data directory; not there before it is opened.
    pub fn dir(&self) -> PathBuf {
        self.root.path().join("data")
    }

    pub fn open(&self) -> Box<dyn Store> {
        self.try_open().unwrap()
    }

    pub fn try_open(&self) -> Result<Box<dyn Store>, StoreError> {
        (self.subject.open)(&self.dir())
    }
}

pub fn practice(number: u8) -> PracticeId {
    PracticeId([number; 32])
}

/// Bytes that do not repeat and that nothing else in a test has.
pub fn bytes_of(seed: &str, length: usize) -> Vec<u8> {
    let blocks = (0_u64..).flat_map(|number| Hash::of(&[seed.as_bytes(), &number.to_be_bytes()]).0);
    blocks.take(length).collect()
}

/// The entry at `position`, in one of three streams, with a payload of `length` bytes.
pub fn entry(practice: &PracticeId, position: u64, length: usize) -> EntryRow {
    let name = format!("{practice} {position}");
    let mut stream = [0; 17];
    stream[16] = (position % 3) as u8;
    EntryRow {
        position,
        stream: StreamKey(stream),
        statement: Hash::of(&[name.as_bytes()]),
        leaf: bytes_of(&format!("leaf {name}"), 200),
        payload: Some(bytes_of(&format!("payload {name}"), length)),
    }
}

/// A batch that appends `count` entries of 300 bytes to a ledger of `expect`, with the tiles that become
/// complete.
pub fn next(practice: &PracticeId, expect: u64, count: u64) -> PracticeBatch {
    let size = expect + count;
    let tiles = (expect / 256..size / 256).map(|index| TileRow {
        level: 0,
        index,
        hashes: bytes_of(&format!("tile {practice} {index}"), TILE_BYTES),
    });
    PracticeBatch {
        practice: *practice,
        expect,
        entries: (expect..size)
            .map(|position| entry(practice, position, 300))
            .collect(),
        tiles: tiles.collect(),
        head: Head {
            size,
            root: Hash::of(&[&practice.0, &size.to_be_bytes()]),
        },
        snapshot: None,
        erase: Vec::new(),
    }
}

/// Bytes enough to be found by nothing but what they were taken from.
pub type Mark = [u8; 16];

/// The marks at both ends and in the middle of `bytes`.
pub fn marks(bytes: &[u8]) -> impl Iterator<Item = Mark> {
    let last = bytes.len() - size_of::<Mark>();
    [0, last / 2, last]
        .into_iter()
        .filter_map(|at| bytes[at..].first_chunk().copied())
}

/// Which of the marks some file under `dir` holds.
pub fn marks_in_files(dir: &Path, marks: &HashSet<Mark>) -> HashSet<Mark> {
    let mut found = HashSet::new();
    for item in fs::read_dir(dir).unwrap() {
        let item = item.unwrap();
        if item.file_type().unwrap().is_dir() {
            found.extend(marks_in_files(&item.path(), marks));
        } else {
            let bytes = fs::read(item.path()).unwrap();
            found.extend(
                bytes
                    .windows(size_of::<Mark>())
                    .filter_map(|window| marks.get(window)),
            );
        }
    }
    found
}
