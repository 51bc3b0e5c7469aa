//! The log, on stderr. It holds positions, counts, rules and practices' ids: never a payload, an address or a secret.

use clap::ValueEnum;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt};

/// How the log is written
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Lines for people
    #[default]
    Text,
    /// One JSON object a line
    Json,
}

/// How much is logged
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Level {
    /// What went wrong
    Error,
    /// And what may
    Warn,
    /// And what happens
    #[default]
    Info,
    /// And each connection's end
    Debug,
}

/// Starts the log. Only the relay's own words are in it: what libraries would say of sockets and requests is left out at
/// every level.
pub fn start(format: Format, level: Level) {
    let level = match level {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
    };
    let ours = Targets::new()
        .with_target("troth_server", level)
        .with_default(LevelFilter::OFF);
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match format {
        Format::Text => lines.with_ansi(false).with_target(false).boxed(),
        Format::Json => lines.json().flatten_event(true).with_target(false).boxed(),
    };
    // A second start in one process keeps the first.
    let _ = tracing_subscriber::registry()
        .with(lines.with_filter(ours))
        .try_init();
}
