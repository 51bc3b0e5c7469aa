//! Debian's Chromium, for the tests that walk through the intake page.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::command::{program, target_dir, works};
use crate::debian::{self, unpacked};
use crate::steps::Outcome;

/// Tells the tests where the browser is, and where the libraries are that came with it.
pub const VARIABLE: &str = "TROTH_CHROMIUM";
/// See [`VARIABLE`].
pub const LIBRARIES: &str = "TROTH_CHROMIUM_LIBRARIES";
/// See [`VARIABLE`]: its fonts, as fontconfig reads it.
pub const FONTS: &str = "TROTH_CHROMIUM_FONTS";
/// Makes a test that finds no browser fail.
pub const MUST: &str = "TROTH_BROWSER_TESTS";

const INSTALLED: &str = "/usr/bin/chromium";
const FOLDER: &str = "chromium";

/// Finds Chromium, or fetches Debian's (some 90 MB) and unpacks it below the target directory.
pub fn fetch() -> Result<Outcome> {
    if env::var_os(VARIABLE).is_some() || Path::new(INSTALLED).exists() {
        return Ok(Outcome::DONE);
    }
    if !debian::is_here() {
        let why = "there is no Chromium, and this is no Debian: install it, and name it in TROTH_CHROMIUM";
        return Ok(Outcome::LeftOut(why.to_owned()));
    }
    let root = unpacked(FOLDER, |apt| {
        let needed = apt.closure(&["chromium"])?;
        let missing = |name: &String| !works(&mut program("dpkg-query", &["--status", name]));
        Ok(needed.into_iter().filter(missing).collect())
    })?;
    // Nothing of it is installed, so nothing would find its fonts.
    let fonts = format!(
        "<?xml version=\"1.0\"?>\n<!DOCTYPE fontconfig SYSTEM \"fonts.dtd\">\n<fontconfig>\n  \
         <dir>{root}/usr/share/fonts</dir>\n  <dir>/usr/share/fonts</dir>\n  <cachedir>{root}/cache</cachedir>\n</fontconfig>\n",
        root = root.display()
    );
    fs::write(root.join("fonts.conf"), fonts)?;
    Ok(Outcome::noting("Debian's, unpacked"))
}

/// Whether there is one.
pub fn is_here() -> bool {
    env::var_os(VARIABLE).is_some() || !environment().is_empty()
}

/// The environment that the tests find it by; nothing where there is none.
pub fn environment() -> Vec<(&'static str, OsString)> {
    if env::var_os(VARIABLE).is_some() {
        return Vec::new();
    }
    if Path::new(INSTALLED).exists() {
        return vec![(VARIABLE, INSTALLED.into())];
    }
    let root = target_dir().join(FOLDER);
    let browser: PathBuf = root.join("usr/lib/chromium/chromium");
    if !browser.exists() {
        return Vec::new();
    }
    let arch = format!("usr/lib/{}-linux-gnu", env::consts::ARCH);
    vec![
        (VARIABLE, browser.into()),
        (LIBRARIES, root.join(arch).into()),
        (FONTS, root.join("fonts.conf").into()),
    ]
}
