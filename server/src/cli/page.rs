//! `troth-server page`.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use tracing::info;
use troth_server::config::Tls;
use troth_server::http::page::Elsewhere;
use troth_server::http::page_host::{PageHost, PageOptions};

use super::Failure;
use super::logs::{self, Format, Level};

/// What `page` takes.
#[derive(Args)]
pub struct Arguments {
    /// Address of the relay that the page is for
    #[arg(long, value_name = "URL")]
    relay: String,
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8789")]
    listen: SocketAddr,
    /// Certificate chain for TLS, as a PEM file
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Key of the certificate, as a PEM file
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// A proxy in front has the TLS: listen without it on any address
    #[arg(long)]
    behind_proxy: bool,
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
    let tls = match (arguments.tls_cert, arguments.tls_key) {
        (Some(certificate), Some(key)) => Tls::Files { certificate, key },
        _ => Tls::Off,
    };
    if tls == Tls::Off && !arguments.listen.ip().is_loopback() && !arguments.behind_proxy {
        return Err(Failure::Usage(format!(
            "listening on {} without TLS would let others swap the page: give --tls-cert and --tls-key, or say --behind-proxy \
             if a proxy in front has the TLS",
            arguments.listen.ip()
        )));
    }
    let relay: Elsewhere = arguments.relay.parse()?;
    let options = PageOptions {
        relay,
        listen: arguments.listen,
        tls,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Failed(format!("no threads to run on: {error}")))?;
    runtime.block_on(async {
        let host = PageHost::start(options)
            .await
            .map_err(|error| Failure::Failed(error.to_string()))?;
        let mut out = std::io::stdout().lock();
        writeln!(out, "listening on {}", host.url)
            .and_then(|()| out.flush())
            .map_err(|error| Failure::Failed(format!("cannot write to stdout: {error}")))?;
        drop(out);
        super::serve::told_to_stop().await;
        info!("stopping");
        host.shut_down().await;
        Ok(ExitCode::SUCCESS)
    })
}
