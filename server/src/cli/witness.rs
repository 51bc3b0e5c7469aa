//! `troth-server witness`.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use tracing::info;
use troth_protocol::checkpoint::VerifierKey;
use troth_protocol::witness::TrustedLog;
use troth_server::config::Tls;
use troth_server::witness::{Witness, WitnessError, WitnessOptions};

use super::Failure;
use super::logs::{self, Format, Level};

/// What `witness` takes.
#[derive(Args)]
pub struct Arguments {
    /// Directory of the witness's key and of what it has cosigned; made if it is not there
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8788")]
    listen: SocketAddr,
    /// Name of the witness's key: the host that it is reached at, and a path
    #[arg(long, value_name = "HOST/PATH")]
    name: String,
    /// Key of a log to follow, in the form name+id+base64. With a relay's own name it stands for all its practices
    #[arg(long = "log", value_name = "KEY", required = true)]
    logs: Vec<VerifierKey>,
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
            "listening on {} without TLS would let others answer in this witness's place: give --tls-cert and --tls-key, or \
             say --behind-proxy if a proxy in front has the TLS",
            arguments.listen.ip()
        )));
    }
    let log = |key: VerifierKey| {
        let name = key.name().to_owned();
        TrustedLog::new(key)
            .ok_or_else(|| Failure::Usage(format!("the key of {name:?} is a witness's: --log takes a log's")))
    };
    let options = WitnessOptions {
        data: arguments.data,
        listen: arguments.listen,
        name: arguments.name,
        logs: arguments.logs.into_iter().map(log).collect::<Result<_, _>>()?,
        tls,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Failed(format!("no threads to run on: {error}")))?;
    runtime.block_on(async {
        let witness = Witness::start(options).await.map_err(|error| match error {
            WitnessError::Config(error) => Failure::Usage(error.to_string()),
            error => Failure::Failed(error.to_string()),
        })?;
        let mut out = std::io::stdout().lock();
        let [ed25519, ml_dsa] = witness.keys();
        writeln!(out, "key {ed25519}\nkey {ml_dsa}\nlistening on {}", witness.url())
            .and_then(|()| out.flush())
            .map_err(|error| Failure::Failed(format!("cannot write to stdout: {error}")))?;
        drop(out);
        super::serve::told_to_stop().await;
        info!("stopping");
        witness.shut_down().await;
        Ok(ExitCode::SUCCESS)
    })
}
