//! What `troth-bench` measures: in one run this machine's raw limits, and the relay against them.
//!
//! The relay is the real program in a process of its own, on its default engine, with its data on the disk that the build
//! directory is on. The load generator encrypts and signs every edit inside the timed loop; what it does not do there is
//! make the edits.

mod appends;
mod edits;
mod fan_out;
mod fetch;
mod idle;
mod latency;
mod million;
mod page;
mod people;
mod raw;
mod report;
mod setup;
pub mod storm;
mod verification;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};

pub use people::Tally;
pub use report::{Report, Row, Target};

/// How to measure.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Shorter, and so less exact.
    pub quick: bool,
    /// Only the measurement of this name, and the raw limits that it is held against.
    pub only: Option<String>,
}

/// The measurements by name, in order.
pub const NAMES: [&str; 10] = [
    "raw",
    "appends",
    "fan-out",
    "fetch",
    "verification",
    "idle",
    "storm",
    "people",
    "page",
    "million",
];

impl Options {
    fn wants(&self, name: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == name)
    }

    /// How long to measure what is measured by time.
    const fn time(&self) -> Duration {
        Duration::from_millis(if self.quick { 1500 } else { 5000 })
    }
}

/// Measures. What is done is said on standard error, since it takes minutes.
///
/// # Errors
/// Something could not be measured at all.
pub fn run(options: &Options) -> Result<Report> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let mut report = Report::default();
    let mut raw = raw::measure(options, &mut report).context("raw limits")?;
    runtime.block_on(async {
        if options.wants("appends") {
            appends::measure(options, &mut raw, &mut report)
                .await
                .context("appends")?;
        }
        if options.wants("fan-out") {
            fan_out::measure(options, &raw, &mut report)
                .await
                .context("fan-out")?;
        }
        if options.wants("fetch") {
            fetch::measure(options, &mut report).await.context("fetch")?;
        }
        if options.wants("verification") {
            verification::measure(options, &mut report)
                .await
                .context("verification")?;
        }
        if options.wants("idle") {
            idle::measure(options, &mut report).await.context("idle")?;
        }
        if options.wants("storm") {
            storm::measure(options, &mut report).await.context("storm")?;
        }
        if options.wants("people") {
            people::measure(options, &mut report).context("people")?;
        }
        if options.wants("page") {
            page::measure(options, &mut report).context("page")?;
        }
        if options.wants("million") {
            million::measure(options, &mut report).await.context("million")?;
        }
        Ok(report)
    })
}

/// The build directory: beside the relay's program.
fn target_dir() -> Result<PathBuf> {
    let binary = crate::relay_process::binary()?;
    let me = std::env::current_exe()?;
    let profile = if std::env::var_os("TROTH_SERVER").is_some() {
        me
    } else {
        binary
    };
    let target = profile.parent().and_then(|profile| profile.parent());
    Ok(target
        .context("this program is in no target directory")?
        .to_owned())
}
