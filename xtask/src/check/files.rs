//! The shape of the source files: their length and their names.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::verdict;
use crate::command::{output, program, root};
use crate::steps::Outcome;

/// A file longer than this says why, in a comment that starts with [`EXCUSE`].
const LONGEST: usize = 400;
const EXCUSE: &str = "// Long because";

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["mod.rs", "util.rs", "utils.rs", "helpers.rs", "misc.rs"];

/// Checks both.
pub fn check() -> Result<Outcome> {
    let mut complaints = Vec::new();
    for path in all()? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if EMPTY_NAMES.contains(&&*name) {
            complaints.push(format!("{}: name it for the one thing it holds", path.display()));
        }
        if is_source(&path)
            && let Some(text) = read(&path)
            && too_long(&text)
        {
            let lines = text.lines().count();
            complaints.push(format!(
                "{}: {lines} lines; split it, or say why in a comment that starts with `{EXCUSE}`",
                path.display()
            ));
        }
    }
    verdict("files out of shape", &complaints)
}

/// Every file of the project, relative to its root: what git tracks or would, so nothing that was built.
pub fn all() -> Result<Vec<PathBuf>> {
    let list = output(&mut program(
        "git",
        &["ls-files", "-z", "--cached", "--others", "--exclude-standard"],
    ))?;
    let mut files: Vec<PathBuf> = list
        .split('\0')
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
        .collect();
    files.sort();
    files.dedup();
    Ok(files)
}

/// A file's text; nothing if it was deleted but not yet from git's list, or is not text.
pub fn read(path: &Path) -> Option<String> {
    String::from_utf8(std::fs::read(root().join(path)).ok()?).ok()
}

fn is_source(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    matches!(&*extension, "rs" | "js" | "mjs" | "ts" | "css" | "html" | "sh")
}

fn too_long(text: &str) -> bool {
    text.lines().count() > LONGEST && !text.lines().any(|line| line.trim_start().starts_with(EXCUSE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_fine_once_it_says_why() {
        let long = "x\n".repeat(LONGEST + 1);
        assert!(too_long(&long));
        assert!(!too_long(&"x\n".repeat(LONGEST)));
        assert!(!too_long(&format!("{EXCUSE} the table is one table.\n{long}")));
    }
}
