//! What developers and CI run: `cargo xtask check`, `test`, `wasm`, `web`, `bench`, `simulate` and `fuzz`.
//!
//! Each command has a file of its own. Commands that do several things report them through [`steps`]: every step
//! is taken even when an earlier one failed, and a closing summary says what failed and what was left out.

mod check;
mod chromium;
mod command;
mod debian;
mod deny;
mod forward;
mod fuzz;
mod node;
mod steps;
mod strace;
mod test;
mod wasm;
mod web;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::steps::Steps;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "What developers and CI run")]
struct Xtask {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Hold the tree against the project's rules: everything but the tests
    Check,
    /// Build the intake page, check, run every test, walks through the page in Chromium among them, and run the demo as a user would
    Test,
    /// Build what the browser needs for wasm32-unknown-unknown
    Wasm {
        /// Optimise, as for a browser, instead of only showing that it builds
        #[arg(long)]
        release: bool,
    },
    /// Build the intake page into `web-client/dist`, which a relay that is built after that serves
    Web {
        /// Walk through it in Chromium, too
        #[arg(long)]
        test: bool,
        /// The same, and keep a picture of each step in `docs/screenshots`
        #[arg(long)]
        screenshots: bool,
    },
    /// Measure the relay against this machine's raw limits
    Bench {
        /// Passed on as they are
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Play many devices and a faulty network from a seed
    Simulate {
        /// Passed on as they are
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Throw bytes at every decoder and at both message handlers, with libFuzzer
    Fuzz {
        /// One target alone; without it, each of them
        target: Option<String>,
        /// How long each target runs
        #[arg(long, default_value_t = 60)]
        seconds: u64,
    },
}

fn main() -> ExitCode {
    let mut steps = Steps::new();
    match Xtask::parse().command {
        Task::Check => check::check(&mut steps),
        Task::Test => test::test(&mut steps),
        Task::Wasm { release } => steps.take("wasm", || wasm::wasm(release)),
        Task::Web {
            screenshots: true, ..
        } => web::web(&mut steps, web::Walk::WithPictures),
        Task::Web { test: true, .. } => web::web(&mut steps, web::Walk::Yes),
        Task::Web { .. } => web::web(&mut steps, web::Walk::No),
        Task::Bench { args } => return forward::forward("troth-bench", &args),
        Task::Fuzz { target, seconds } => {
            steps.take("fuzz", || fuzz::fuzz(target.as_deref(), seconds));
        }
        Task::Simulate { args } => return forward::forward("troth-simulate", &args),
    }
    steps.close()
}
