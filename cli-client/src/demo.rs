//! `troth demo`: the whole story on one machine, told by the real parts, with every claim checked.
//!
//! The relay is the real one, in this process, on a free loopback port with its default store; the devices are real devices with
//! stores of their own, and sync over real sockets. Only the place is temporary.
//!
//! | file | holds |
//! | --- | --- |
//! | `story` | who says what to whom, and so what must stay secret |
//! | `stage` | the relay, the two devices, the directory |
//! | `acts` | what happens, and what is claimed of it |
//! | `collusion` | a relay that gives a revoked device everything it has |
//! | `search` | looking for secrets in bytes, in many forms |

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::files;
use crate::messages::{demo as say, failure::interrupted};
use crate::session::Session;

mod acts;
mod collusion;
mod search;
mod stage;
mod story;

/// How to tell it.
#[derive(Debug, Args)]
pub struct Options {
    /// Leave everything in this directory, to be looked at; it must be empty or not there yet
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// Tells it.
///
/// # Errors
/// The first claim that does not hold, or what kept it from being checked.
pub async fn run(session: &Session, options: &Options) -> Result<(), Failure> {
    let language = session.language;
    let place = Place::choose(session, options.keep.as_deref())?;
    let dir = place.dir();
    let mut teller = Teller::new(session);
    tokio::select! {
        played = acts::play(&mut teller, dir) => played?,
        // So that the temporary place is cleared away.
        _ = tokio::signal::ctrl_c() => return Err(Failure::failed(interrupted(language))),
    }
    let kept = options.keep.as_ref().map(|_| dir.display().to_string());
    if session.out.json {
        return session.out.result(
            &json!({ "holds": true, "claims": teller.claims, "kept": kept }),
            "",
        );
    }
    session.out.result(
        &Value::Null,
        &format!("\n{}", say::all_holds(language, teller.claims.len())),
    )?;
    match kept {
        Some(dir) => session.out.result(&Value::Null, &say::kept(language, &dir)),
        None => Ok(()),
    }
}

/// Where it all happens.
enum Place {
    /// To be cleared away.
    Temporary(tempfile::TempDir),
    /// To be looked at.
    Kept(PathBuf),
}

impl Place {
    fn choose(session: &Session, keep: Option<&Path>) -> Result<Self, Failure> {
        let wrong = |dir: &Path, e: &std::io::Error| Failure::io(session.language, dir.display(), e);
        let Some(dir) = keep else {
            let made = tempfile::Builder::new().prefix("troth-demo-").tempdir();
            return made
                .map(Self::Temporary)
                .map_err(|e| wrong(&std::env::temp_dir(), &e));
        };
        files::private_dir(dir).map_err(|e| wrong(dir, &e))?;
        if std::fs::read_dir(dir)
            .map_err(|e| wrong(dir, &e))?
            .next()
            .is_some()
        {
            return Err(Failure::usage(say::not_empty(
                session.language,
                &dir.display().to_string(),
            )));
        }
        std::path::absolute(dir)
            .map(Self::Kept)
            .map_err(|e| wrong(dir, &e))
    }

    fn dir(&self) -> &Path {
        match self {
            Self::Temporary(dir) => dir.path(),
            Self::Kept(dir) => dir,
        }
    }
}

/// Says what happens, and remembers what was claimed.
struct Teller<'a> {
    session: &'a Session,
    claims: Vec<Value>,
}

impl<'a> Teller<'a> {
    const fn new(session: &'a Session) -> Self {
        Self {
            session,
            claims: Vec::new(),
        }
    }

    /// Something that happened, if the facts say so too.
    ///
    /// # Errors
    /// They do not: the story ends here.
    fn claim(&mut self, name: &'static str, holds: bool, words: &str) -> Result<(), Failure> {
        if !holds {
            return Err(Failure::failed(say::broken(self.session.language, name, words)));
        }
        self.claims
            .push(json!({ "claim": name, "holds": true, "text": words }));
        self.say(&format!("✓ {words}"))
    }

    /// A line that shows what was just claimed.
    fn show(&self, words: &str) -> Result<(), Failure> {
        self.say(&format!("    {}", words.trim_end().replace('\n', "\n    ")))
    }

    fn say(&self, words: &str) -> Result<(), Failure> {
        if self.session.out.json {
            Ok(())
        } else {
            self.session.out.result(&Value::Null, words)
        }
    }
}
