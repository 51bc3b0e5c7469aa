//! `cargo xtask test`: what has to hold before a change lands.

use crate::command::{cargo, run, works};
use crate::steps::{Outcome, Steps};
use crate::{check, chromium, node, strace, web};

/// Takes every step there is: the page, the checks, the tests, and the demo. The page comes first: the relay that is tested, and
/// everything that is linked with it, holds the page and is compiled once. For WebAssembly it takes every crate that has to build for it.
pub fn test(steps: &mut Steps) {
    web::build(steps);
    steps.take("chromium", chromium::fetch);
    check::check(steps);
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
        tests.envs(chromium::environment());
        // What could not be had was named above; what could be had is used.
        if web::can_be_walked() {
            tests.env(chromium::MUST, "1");
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
