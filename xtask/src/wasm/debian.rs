//! A compiler for WebAssembly from Debian's packages.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::command::{program, works};
use crate::debian::{Apt, unpacked};

/// Where the packages were unpacked, with `usr` below it.
pub struct Toolchain {
    root: PathBuf,
}

impl Toolchain {
    /// The compiler.
    pub fn rustc(&self) -> PathBuf {
        self.root.join("usr/bin/rustc")
    }

    /// The linker.
    ///
    /// # Errors
    /// When there is none.
    pub fn linker(&self) -> Result<PathBuf> {
        only(&self.root.join("usr/bin"), |name| name.starts_with("wasm-ld-"))
    }

    /// The search path for the compiler's own libraries.
    ///
    /// # Errors
    /// When there is no such folder.
    pub fn libraries(&self) -> Result<OsString> {
        let mut folders = vec![only(&self.root.join("usr/lib"), |name| {
            name.ends_with("-linux-gnu")
        })?];
        folders.extend(env::var_os("LD_LIBRARY_PATH").iter().flat_map(env::split_paths));
        Ok(env::join_paths(folders)?)
    }
}

/// The toolchain: the one unpacked earlier, or else fetched (140 MB) and unpacked (850 MB) now.
///
/// # Errors
/// When Debian's packages cannot be reached, or no longer fit together.
pub fn toolchain() -> Result<Toolchain> {
    Ok(Toolchain {
        root: unpacked("wasm-toolchain", packages)?,
    })
}

/// What to fetch: the compiler, its standard library built for this machine and as source, the linker of the same
/// LLVM, and those of their shared libraries that are not installed here.
fn packages(apt: &Apt) -> Result<Vec<String>> {
    let compiler = apt.closure(&["libstd-rust-web-dev"])?;
    let llvm = compiler.iter().find_map(|name| name.strip_prefix("libllvm"));
    let linker = format!(
        "lld-{}",
        llvm.context("Debian's rustc-web no longer needs libllvm: which linker fits?")?
    );
    let mut packages = vec!["rustc-web".to_owned(), "rust-web-src".to_owned()];
    for name in apt.closure(&["libstd-rust-web-dev", &linker])? {
        let of_toolchain = ["rust-web", "llvm", "lld-"]
            .iter()
            .any(|part| name.contains(part));
        if of_toolchain || !works(&mut program("dpkg-query", &["--status", &name])) {
            packages.push(name);
        }
    }
    Ok(packages)
}

/// The one entry of a folder whose name fits.
fn only(folder: &Path, fits: impl Fn(&str) -> bool) -> Result<PathBuf> {
    for entry in fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))? {
        let entry = entry?;
        if fits(&entry.file_name().to_string_lossy()) {
            return Ok(entry.path());
        }
    }
    bail!(
        "{} lacks what Debian's packages used to put there",
        folder.display()
    )
}
