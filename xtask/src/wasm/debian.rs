//! A compiler for WebAssembly from Debian's packages, unpacked below the target directory: nothing is installed, and
//! nobody has to be root.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::command::{output, program, run, target_dir, works};

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

/// Whether this machine has Debian's package tools.
pub fn is_here() -> bool {
    ["apt-get", "apt-cache", "dpkg", "dpkg-query"]
        .iter()
        .all(|tool| works(&mut program(tool, &["--version"])))
}

/// The toolchain: the one unpacked earlier, or else fetched (140 MB) and unpacked (850 MB) now.
///
/// # Errors
/// When Debian's packages cannot be reached, or no longer fit together.
pub fn toolchain() -> Result<Toolchain> {
    let root = target_dir().join("wasm-toolchain");
    if !root.exists() {
        // Made under another name, so that a toolchain that is there is a whole one.
        let part = target_dir().join("wasm-toolchain.part");
        if part.exists() {
            fs::remove_dir_all(&part)?;
        }
        unpack(&part)?;
        fs::rename(&part, &root)?;
    }
    Ok(Toolchain { root })
}

fn unpack(root: &Path) -> Result<()> {
    let apt = Apt::new(&root.join("apt"))?;
    let packages = packages(&apt)?;
    eprintln!("fetching {}", packages.join(" "));
    let debs = root.join("debs");
    fs::create_dir_all(&debs)?;
    run(apt
        .get(&["--quiet=2", "download"])
        .args(&packages)
        .current_dir(&debs))?;
    for deb in fs::read_dir(&debs)? {
        run(program("dpkg", &["--extract"]).arg(deb?.path()).arg(root))?;
    }
    fs::remove_dir_all(debs)?;
    fs::remove_dir_all(root.join("apt"))?;
    Ok(())
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

/// Debian's package tools with lists of their own, so that they are fresh and nobody has to be root.
struct Apt {
    options: Vec<String>,
}

impl Apt {
    fn new(state: &Path) -> Result<Apt> {
        let (lists, cache) = (state.join("lists"), state.join("cache"));
        fs::create_dir_all(lists.join("partial"))?;
        fs::create_dir_all(cache.join("archives/partial"))?;
        let options = vec![
            format!("--option=Dir::State::Lists={}", lists.display()),
            format!("--option=Dir::Cache={}", cache.display()),
            // Root would otherwise hand over to a user who cannot write here.
            "--option=APT::Sandbox::User=root".to_owned(),
            "--option=Acquire::Retries=3".to_owned(),
        ];
        let apt = Apt { options };
        run(&mut apt.get(&["--quiet=2", "update"]))?;
        Ok(apt)
    }

    fn get(&self, args: &[&str]) -> std::process::Command {
        let mut command = program("apt-get", args);
        command.args(&self.options);
        command
    }

    /// The packages named and all that they need, by name.
    fn closure(&self, names: &[&str]) -> Result<Vec<String>> {
        let mut command = program("apt-cache", &["depends", "--recurse", "--important"]);
        let text = output(command.args(&self.options).args(names))?;
        // A package stands at the start of a line, what it needs is indented; `<…>` is a name that others provide.
        let own = |line: &&str| line.starts_with(|c: char| c.is_ascii_alphanumeric());
        Ok(text.lines().filter(own).map(str::to_owned).collect())
    }
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
