//! Puts the intake page into the relay, where it was built: `cargo xtask web` builds it into `web-client/dist`, with two compressed
//! copies beside each file. `TROTH_WEB_DIST` names another folder. Without it the relay says that it has no page.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-env-changed=TROTH_WEB_DIST");
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../web-client/dist");
    let dist = env::var_os("TROTH_WEB_DIST").map_or_else(beside, PathBuf::from);
    // The folder above, so that its first appearance is seen too.
    if let Some(above) = dist.parent().filter(|above| above.exists()) {
        let watched = if dist.exists() { dist.as_path() } else { above };
        println!("cargo:rerun-if-changed={}", watched.display());
    }
    let mut files = Vec::new();
    if dist.join("index.html").exists() {
        list(&dist, &mut files)?;
    }
    files.sort();
    let mut table = "&[\n".to_owned();
    for file in files {
        let name = file.strip_prefix(&dist).map_err(io::Error::other)?;
        let name = name
            .to_str()
            .ok_or_else(|| io::Error::other("a file's name is no text"))?;
        let path = file.canonicalize()?;
        let small = |ending: &str| Path::new(&format!("{}.{ending}", file.display())).canonicalize();
        let (gzip, brotli) = (small("gz")?, small("br")?);
        let _ = writeln!(
            table,
            "    File {{ path: {name:?}, bytes: include_bytes!({path:?}), gzip: include_bytes!({gzip:?}), \
             brotli: include_bytes!({brotli:?}) }},"
        );
    }
    table.push_str("]\n");
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo gave no OUT_DIR"))?;
    fs::write(Path::new(&out).join("page.rs"), table)
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, files)?;
        } else if path
            .extension()
            .is_none_or(|extension| extension != "gz" && extension != "br")
        {
            files.push(path);
        }
    }
    Ok(())
}
