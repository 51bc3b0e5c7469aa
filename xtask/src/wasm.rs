//! `cargo xtask wasm`: what the browser needs, built for wasm32-unknown-unknown.

mod debian;

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::command::{cargo, output, program, run, run_within, target_dir};
use crate::steps::Outcome;

const TARGET: &str = "wasm32-unknown-unknown";
const PACKAGES: &[&str] = &["troth-protocol", "troth-forms", "troth-client-core"];

/// The browser's own random numbers; without it getrandom refuses to build for this target.
const FLAGS: &str = "--cfg getrandom_backend=\"wasm_js\"";

/// Builds the packages with rustup's standard library for the target, or else with Debian's compiler, which brings
/// the library's source. Everything goes below `target/wasm`: another compiler must not make cargo rebuild the rest.
pub fn wasm(release: bool) -> Result<Outcome> {
    built(|flags| build(release, flags))
}

/// Builds the intake page's part, as small as it gets: the page is a telephone's to load. What stretches a PIN stays fast.
/// Returns where it stands.
pub fn page() -> Result<(Outcome, PathBuf)> {
    let outcome = built(|flags| {
        let mut command = cargo(&["build", "--locked", "--lib", "--target", TARGET, "--release"]);
        let small = [
            "profile.release.opt-level=\"s\"",
            "profile.release.lto=\"fat\"",
            "profile.release.codegen-units=1",
            "profile.release.panic=\"abort\"",
            "profile.release.strip=true",
            "profile.release.package.argon2.opt-level=3",
            "profile.release.package.blake2.opt-level=3",
        ];
        command
            .args(["--package", "troth-web"])
            .args(small.iter().flat_map(|setting| ["--config", setting]));
        for_browser(&mut command, flags);
        command
    })?;
    let folder = target_dir().join("wasm").join(TARGET).join("release");
    Ok((outcome, folder.join("troth_web.wasm")))
}

fn built(build: impl Fn(&str) -> Command) -> Result<Outcome> {
    if rustup_has_target() {
        run(&mut build(FLAGS))?;
        return Ok(Outcome::noting("with rustup's standard library"));
    }
    if !crate::debian::is_here() {
        let why =
            format!("rustup cannot fetch {TARGET}, and this is no Debian: `rustup target add {TARGET}`");
        return Ok(Outcome::LeftOut(why));
    }
    let toolchain = debian::toolchain()?;
    let flags = format!("{FLAGS} -Clinker={}", toolchain.linker()?.display());
    run(build(&flags)
        .arg("-Zbuild-std=std,panic_abort")
        .env("RUSTC", toolchain.rustc())
        .env("LD_LIBRARY_PATH", toolchain.libraries()?)
        // Building the standard library is for nightly compilers only, unless this is set.
        .env("RUSTC_BOOTSTRAP", "1")
        .env_remove("RUSTC_WRAPPER"))?;
    Ok(Outcome::noting("with Debian's compiler"))
}

fn build(release: bool, flags: &str) -> Command {
    let mut command = cargo(&["build", "--locked", "--lib", "--target", TARGET]);
    for package in PACKAGES {
        command.args(["--package", package]);
    }
    if release {
        command.arg("--release");
    } else {
        // It only has to be shown that it builds; optimising the libraries would double the time.
        let quick = [
            "profile.dev.debug=0",
            "profile.dev.opt-level=0",
            "profile.dev.package.\"*\".opt-level=0",
        ];
        command.args(quick.iter().flat_map(|setting| ["--config", setting]));
    }
    for_browser(&mut command, flags);
    command
}

fn for_browser(command: &mut Command, flags: &str) {
    command
        .env("CARGO_TARGET_DIR", target_dir().join("wasm"))
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", flags)
        // These would silence the flags above.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
}

/// Whether the toolchain in use has the target's standard library, after asking rustup to fetch it.
fn rustup_has_target() -> bool {
    let installed = || output(&mut program("rustup", &["target", "list", "--installed"]));
    match installed() {
        Ok(list) if list.lines().any(|line| line == TARGET) => return true,
        // No rustup on this machine.
        Err(_) => return false,
        Ok(_) => {}
    }
    // Whoever keeps this machine does not want rustup to fetch what nobody asked it for.
    if env::var_os("RUSTUP_AUTO_INSTALL").is_some_and(|value| value == "0") {
        return false;
    }
    eprintln!("rustup has no standard library for {TARGET}: fetching it");
    run_within(
        &mut program("rustup", &["target", "add", TARGET]),
        Duration::from_secs(120),
    )
    .is_ok()
}
