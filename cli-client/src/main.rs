//! `troth`: a counselor's device on the command line.
//!
//! ```text
//! arguments ──> session ──> commands ──> the device's engine (client-core)
//!                  │                        │ effects
//!                  └── storage (SQLite)     └──> driver ──> relay
//! ```
//!
//! | module | is |
//! | --- | --- |
//! | `arguments` | the command line, as it is typed |
//! | `session` | one run: where the device is, how to speak, how to send what was done |
//! | `commands` | what each command does |
//! | `driver` | performs the engine's effects; the only part that touches a socket |
//! | `storage`, `files` | what is on the disk; every value is ciphertext before it gets there |
//! | `kit` | the printed recovery kit |
//! | `secrets` | passphrases and codes: by prompt, file or standard input |
//! | `output`, `progress` | data on stdout, words on stderr |
//! | `failure` | what went wrong, and the exit code |
//! | `messages`, `language` | every word, in English and Chinese |
//! | `demo` | the whole story on one machine, with every claim checked |

mod arguments;
mod commands;
mod demo;
mod driver;
mod failure;
mod files;
mod kit;
mod language;
mod messages;
mod output;
mod progress;
mod secrets;
mod session;
mod storage;

use std::process::ExitCode;

use arguments::Command;
use failure::Failure;
use session::Session;

fn main() -> ExitCode {
    let arguments = match commands::parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help is an answer, the rest a mistake: both are printed where they belong, by the library.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let session = Session::new(arguments.global);
    match run(&session, arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            session.out.note(failure.message());
            if session.out.json && !failure.is_answered() {
                let _ = session.out.result(&failure.to_json(), "");
            }
            ExitCode::from(failure.code())
        }
    }
}

fn run(session: &Session, command: Command) -> Result<(), Failure> {
    // One TLS implementation, with a post-quantum key exchange. It fails only if there was one already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|e| Failure::io(session.language, "threads", &e))?;
    runtime.block_on(commands::run(session, command))
}
