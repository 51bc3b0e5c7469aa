//! `troth-server serve`.

use std::io::Write;
use std::num::NonZero;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use tracing::{error, info};
use troth_server::config::{ConfigError, Given};
use troth_server::serve::{Running, ServeError, serve};

use super::Failure;
use super::logs::{self, Format, Level};

/// What `serve` takes.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    given: Given,
    /// TOML file with the same names as these flags; a flag comes before it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// For the first start after a backup was restored: no ledger takes anything until an admin of its practice has resumed it
    /// (`troth recovery resume`). Leave it out from the next start on
    #[arg(long)]
    restored: bool,
    /// How the log is written
    #[arg(long, value_enum, default_value_t)]
    log_format: Format,
    /// How much is logged
    #[arg(long, value_enum, default_value_t)]
    log_level: Level,
}

/// Serves until it is told to stop.
pub fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    logs::start(arguments.log_format, arguments.log_level);
    let file = arguments.config.as_deref().map(Given::read).transpose()?;
    let mut options = arguments.given.or(file.unwrap_or_default()).options()?;
    options.restored = arguments.restored;
    allow_many_sockets();
    // One thread more than there are processors: one may be waiting for the disk.
    let threads = std::thread::available_parallelism().map_or(2, NonZero::get) + 1;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| Failure::Failed(format!("no threads to run on: {error}")))?;
    runtime.block_on(async {
        let running = serve(options).await?;
        announce(&running).map_err(|error| Failure::Failed(format!("cannot write to stdout: {error}")))?;
        until_stopped(running).await
    })
}

/// The one line on stdout, by which whoever started the relay knows that it is ready.
fn announce(running: &Running) -> std::io::Result<()> {
    if let Some(hash) = &running.certificate {
        eprintln!("SHA-256 of the self-signed certificate: {hash}");
    }
    // The key's name is the origin; where nobody gave one that is an address, and no witness could follow it.
    if let Some(key) = running.key().filter(|_| running.named) {
        info!(%key, "the ledgers kept here are signed by this key, which witnesses follow");
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "listening on {}", running.url())?;
    out.flush()
}

async fn until_stopped(running: Running) -> Result<ExitCode, Failure> {
    tokio::select! {
        () = told_to_stop() => {
            info!("stopping");
            running.shut_down().await;
            info!("stopped");
            Ok(ExitCode::SUCCESS)
        }
        () = running.failed() => {
            error!("the core has stopped");
            Err(Failure::Failed("the relay stopped by itself; the lines above say why".into()))
        }
    }
}

/// SIGINT, or where there is one SIGTERM.
pub(super) async fn told_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// Many systems let a program have 1,024 open files until it asks for more; each device takes one.
fn allow_many_sockets() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum;
        let _ = setrlimit(Resource::Nofile, limit);
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        match error {
            ServeError::Config(error) => error.into(),
            error => Self::Failed(error.to_string()),
        }
    }
}
