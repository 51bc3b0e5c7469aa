//! Files that somebody or something changed behind the store's back.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use troth_protocol::ids::Hash;

use super::scene::{Scene, entry, next, practice};
use crate::store::{Store, StoreError};

/// Reads all there is in every way there is.
fn read_all(store: &dyn Store) -> Result<(), StoreError> {
    for (id, head) in store.practices()? {
        store.head(&id)?;
        for found in store.entries(&id, 0, head.size.min(1000), usize::MAX)? {
            store.find_statement(&id, &found.statement)?;
        }
        store.entries_at(&id, &[0, 5, 299], usize::MAX)?;
        store.stream(&id, &entry(&id, 0, 0).stream, 0, u64::MAX, 1000)?;
        store.tile(&id, 0, 0)?;
        store.snapshot(&id)?;
    }
    Ok(())
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for item in fs::read_dir(dir).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path))
        } else {
            found.push(path)
        }
    }
    found.sort();
    found
}

pub fn a_damaged_file_is_an_error_not_a_panic(scene: &mut Scene<'_>) {
    scene
        .open()
        .commit(&[next(&practice(1), 0, 300), next(&practice(2), 0, 5)])
        .unwrap();
    let sound: Vec<(PathBuf, Vec<u8>)> = files(&scene.dir().join("store"))
        .into_iter()
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    let mut refused = 0;
    for round in 0..60_u64 {
        for (path, bytes) in &sound {
            fs::write(path, bytes).unwrap();
        }
        for stray in files(&scene.dir().join("store"))
            .iter()
            .filter(|path| sound.iter().all(|(sound, _)| sound != *path))
        {
            fs::remove_file(stray).unwrap();
        }
        // The format file is the subject of a story of its own.
        let targets: Vec<_> = sound
            .iter()
            .filter(|(path, _)| !path.ends_with("format"))
            .collect();
        let (path, bytes) = targets[round as usize % targets.len()];
        fs::write(path, damaged(bytes, round)).unwrap();
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let store = scene.try_open()?;
            read_all(&*store)?;
            store.commit(&[next(&practice(3), 0, 20)])
        }));
        match outcome {
            Ok(Ok(())) => {}
            Ok(Err(StoreError::Misuse(_) | StoreError::InUse(_))) => {
                panic!("the damage is blamed on somebody else")
            }
            Ok(Err(_)) => refused += 1,
            Err(_) => panic!("round {round}: damage to {} made the store panic", path.display()),
        }
    }
    assert!(refused >= 20, "only {refused} of 60 were noticed");
}

/// One bit, a run of bytes, or the file's end is lost, at a place that depends on `round`.
fn damaged(bytes: &[u8], round: u64) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if bytes.is_empty() {
        return vec![round as u8];
    }
    let random = Hash::of(&[&round.to_be_bytes()]).0;
    let at = u64::from_be_bytes(*random.first_chunk().unwrap()) as usize % bytes.len();
    match round / 4 % 4 {
        0 => bytes[at] ^= 1 << (random[9] % 8),
        1 => bytes.truncate(at),
        2 => bytes
            .iter_mut()
            .skip(at)
            .take(600)
            .zip(random.iter().cycle())
            .for_each(|(byte, other)| *byte = *other),
        _ => bytes
            .iter_mut()
            .take(100)
            .skip(random[9] as usize % 90)
            .for_each(|byte| *byte ^= 0x55),
    }
    bytes
}
