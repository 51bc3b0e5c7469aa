//! Programs from Debian's packages, unpacked below the target directory: nothing is installed, and nobody has to be root.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::command::{output, program, run, target_dir, works};

/// Whether this machine has Debian's package tools.
pub fn is_here() -> bool {
    ["apt-get", "apt-cache", "dpkg", "dpkg-query"]
        .iter()
        .all(|tool| works(&mut program(tool, &["--version"])))
}

/// The folder of this name below the target directory that packages were unpacked in, with `usr` below it: as it was left
/// earlier, or else filled now with the packages that `choose` names.
///
/// # Errors
/// When Debian's packages cannot be reached, or no longer fit together.
pub fn unpacked(name: &str, choose: impl FnOnce(&Apt) -> Result<Vec<String>>) -> Result<PathBuf> {
    let root = target_dir().join(name);
    if !root.exists() {
        // Made under another name, so that a folder that is there is a whole one.
        let part = target_dir().join(format!("{name}.part"));
        if part.exists() {
            fs::remove_dir_all(&part)?;
        }
        unpack(&part, choose)?;
        fs::rename(&part, &root)?;
    }
    Ok(root)
}

fn unpack(root: &Path, choose: impl FnOnce(&Apt) -> Result<Vec<String>>) -> Result<()> {
    let apt = Apt::new(&root.join("apt"))?;
    let packages = choose(&apt)?;
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

/// Debian's package tools with lists of their own, so that they are fresh and nobody has to be root.
pub struct Apt {
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
    ///
    /// # Errors
    /// When there is no such package.
    pub fn closure(&self, names: &[&str]) -> Result<Vec<String>> {
        let mut command = program("apt-cache", &["depends", "--recurse", "--important"]);
        let text = output(command.args(&self.options).args(names))?;
        // A package stands at the start of a line, what it needs is indented; `<…>` is a name that others provide.
        let own = |line: &&str| line.starts_with(|c: char| c.is_ascii_alphanumeric());
        Ok(text.lines().filter(own).map(str::to_owned).collect())
    }
}
