//! The Node packages that some tests compare Troth with.

use std::fs;

use anyhow::{Context, Result};

use crate::command::{program, root, run, works};
use crate::steps::Outcome;

/// Where those tests keep their `package.json`.
const FOLDER: &str = "client-core/tests/js";

/// Installs exactly what `package-lock.json` names, unless that was done since it last changed.
pub fn packages() -> Result<Outcome> {
    let folder = root().join(FOLDER);
    if !folder.join("package.json").exists() {
        return Ok(Outcome::noting("no test needs any"));
    }
    if !works(&mut program("npm", &["--version"])) {
        return Ok(Outcome::LeftOut(
            "npm is not installed: install Node.js 20 or later".to_owned(),
        ));
    }
    let lock = fs::metadata(folder.join("package-lock.json"))
        .with_context(|| format!("{FOLDER}/package-lock.json is not there: run `npm install` in {FOLDER}"))?;
    let changed = lock.modified()?;
    let installed =
        fs::metadata(folder.join("node_modules/.package-lock.json")).and_then(|file| file.modified());
    if installed.is_ok_and(|installed| installed >= changed) {
        return Ok(Outcome::DONE);
    }
    run(program("npm", &["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(folder))?;
    Ok(Outcome::DONE)
}
