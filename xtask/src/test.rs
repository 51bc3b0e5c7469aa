//! `cargo xtask test`: what has to hold before a change lands.

use crate::command::{cargo, run, works};
use crate::steps::{Outcome, Steps};
use crate::{check, node, strace, wasm};

/// Takes every step there is: the checks, the build for the browser, the tests, and the demo.
pub fn test(steps: &mut Steps) {
    check::check(steps);
    steps.take("wasm", || wasm::wasm(false));
    steps.take("node packages", node::packages);
    steps.take("strace", strace::fetch);
    steps.take("doc tests", || {
        run(&mut cargo(&[
            "test",
            "--workspace",
            "--locked",
            "--doc",
            "--quiet",
        ]))?;
        Ok(Outcome::DONE)
    });
    steps.take("tests", || {
        let nextest = works(&mut cargo(&["nextest", "--version"]));
        let mut tests = if nextest {
            cargo(&["nextest", "run", "--workspace", "--locked", "--no-fail-fast"])
        } else {
            cargo(&["test", "--workspace", "--locked", "--tests", "--no-fail-fast"])
        };
        if let Some(strace) = strace::fetched() {
            tests.env(strace::VARIABLE, strace);
        }
        run(&mut tests)?;
        Ok(Outcome::DONE)
    });
    // In release, since that is what the README tells a newcomer to type.
    steps.take("demo", || {
        run(&mut cargo(&[
            "run",
            "--release",
            "--locked",
            "--bin",
            "troth",
            "--",
            "demo",
        ]))?;
        Ok(Outcome::DONE)
    });
}
