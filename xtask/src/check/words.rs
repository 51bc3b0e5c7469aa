//! Words that belong to one machine or one moment, and so not in the project.

use std::path::Path;

use anyhow::Result;

use super::{files, verdict};
use crate::steps::Outcome;

/// What must not be written, and what to do instead.
const WORDS: &[(&str, &str)] = &[
    (
        "/root/",
        "a path of one machine: say it relative to the root of the project",
    ),
    (
        "/home/",
        "a path of one machine: say it relative to the root of the project",
    ),
    (
        "/Users/",
        "a path of one machine: say it relative to the root of the project",
    ),
    (
        "/work/",
        "a path of one machine: say it relative to the root of the project",
    ),
    (
        "../shared",
        "not part of the project: say here what has to be known",
    ),
    (
        "crates.io",
        "the address of a registry: name the package, its client knows where it is",
    ),
    (
        "registry.npmjs",
        "the address of a registry: set omit-lockfile-registry-resolved in .npmrc",
    ),
    (
        "pypi.org",
        "the address of a registry: name the package, its client knows where it is",
    ),
    (
        "deb.debian.org",
        "the address of a registry: name the package, its client knows where it is",
    ),
    (
        "TODO",
        "unfinished: finish it, or write down as a limit what it does not do",
    ),
    (
        "FIXME",
        "unfinished: finish it, or write down as a limit what it does not do",
    ),
];

/// This list itself, and what cargo writes.
const EXEMPT: &[&str] = &["xtask/src/check/words.rs", "Cargo.lock", "fuzz/Cargo.lock"];

/// Checks every text file of the project.
pub fn check() -> Result<Outcome> {
    let mut complaints = Vec::new();
    for path in files::all()? {
        if EXEMPT.iter().any(|exempt| path == Path::new(exempt)) {
            continue;
        }
        if let Some(text) = files::read(&path) {
            complaints
                .extend(found(&text).map(|(line, word, instead)| {
                    format!("{}:{line}: `{word}` is {instead}", path.display())
                }));
        }
    }
    verdict("words out of place", &complaints)
}

fn found(text: &str) -> impl Iterator<Item = (usize, &'static str, &'static str)> {
    text.lines().enumerate().flat_map(|(index, line)| {
        WORDS
            .iter()
            .filter(|(word, _)| line.contains(word))
            .map(move |(word, instead)| (index + 1, *word, *instead))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_with_its_line() {
        let found: Vec<_> = found("fine\nsee /root/notes\n")
            .map(|(line, word, _)| (line, word))
            .collect();
        assert_eq!(found, [(2, "/root/")]);
    }
}
