//! Why a command did not do all it was asked: whose turn it is, and the exit code that says so.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use troth_client_core::device::{DeviceError, Evidence};
use troth_protocol::ids::Hash;
use troth_protocol::rule::Rule;

use crate::files;
use crate::language::Language;
use crate::messages::{device as of_device, failure as say, network, rules};
use crate::storage::OpenError;

/// What the names of evidence files begin with.
const EVIDENCE: &str = "evidence-";

/// What kind of failure it is. The number is the process's exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It failed, on this device.
    Failed = 1,
    /// The command does not make sense as it was typed.
    Usage = 2,
    /// The relay cannot be reached, or is full or busy; what was done is kept.
    Unreachable = 3,
    /// A rule refuses it.
    Refused = 4,
    /// The relay is dishonest, and there is evidence.
    Dishonest = 5,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Usage => "usage",
            Self::Unreachable => "unreachable",
            Self::Refused => "refused",
            Self::Dishonest => "dishonest",
        }
    }
}

/// A failure, in the person's language.
#[derive(Debug)]
pub struct Failure {
    kind: Kind,
    message: String,
    rule: Option<Rule>,
    evidence: Option<PathBuf>,
    /// Whether the command's result was printed before: stdout gets one value, never two.
    answered: bool,
}

impl Failure {
    fn new(kind: Kind, message: String) -> Self {
        Self {
            kind,
            message,
            rule: None,
            evidence: None,
            answered: false,
        }
    }

    /// It failed, on this device.
    pub fn failed(message: String) -> Self {
        Self::new(Kind::Failed, message)
    }

    /// The command does not make sense as it was typed.
    pub fn usage(message: String) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// The relay cannot be reached.
    pub fn unreachable(message: String) -> Self {
        Self::new(Kind::Unreachable, message)
    }

    /// A file or stream that cannot be used.
    pub fn io(language: Language, what: impl Display, error: &std::io::Error) -> Self {
        Self::failed(say::io(language, &what.to_string(), &error.to_string()))
    }

    /// A rule refuses it. `what` says what, where that is not plain.
    pub fn refused(language: Language, rule: Rule, what: &str) -> Self {
        let reason = rules::refusal(language, rule);
        let message = if what.is_empty() {
            reason
        } else {
            say::refused(language, what, &reason)
        };
        Self {
            rule: Some(rule),
            ..Self::new(Kind::Refused, message)
        }
    }

    /// What a practice is run by refuses it, here and before anything is sent.
    pub fn not_allowed(message: String) -> Self {
        Self::new(Kind::Refused, message)
    }

    /// The relay cannot take it now.
    pub fn busy(language: Language, rule: Rule) -> Self {
        Self {
            rule: Some(rule),
            ..Self::unreachable(network::busy(language, &rules::refusal(language, rule)))
        }
    }

    /// The relay cannot take now what waits on this device.
    pub fn kept(language: Language, rule: Rule) -> Self {
        let reason = rules::refusal(language, rule);
        Self {
            rule: Some(rule),
            ..Self::unreachable(network::kept_busy(language, &reason))
        }
    }

    /// What the engine gives.
    pub fn device(language: Language, error: &DeviceError) -> Self {
        match error {
            // No device is full or busy by these: a relay said so.
            DeviceError::Rule(rule @ (Rule::Quota | Rule::DiskFull | Rule::Unavailable | Rule::Behind)) => {
                Self::busy(language, *rule)
            }
            DeviceError::Rule(rule) => Self::refused(language, *rule, ""),
            DeviceError::Proven => Self::new(Kind::Dishonest, of_device::error(language, error)),
            DeviceError::Halted => Self::new(Kind::Refused, of_device::error(language, error)),
            _ => Self::failed(of_device::error(language, error)),
        }
    }

    /// The store does not open.
    pub fn store(language: Language, error: &OpenError) -> Self {
        Self::failed(match error {
            OpenError::Busy(home) => say::busy(language, &home.display().to_string()),
            OpenError::Io(error) => say::io(language, "--home", &error.to_string()),
            OpenError::Store(error) => of_device::storage(language, error),
        })
    }

    /// The relay is dishonest. What proves it goes to a file in `home`, for whoever is to judge; where nothing does, there is
    /// no file.
    pub fn dishonest(language: Language, home: &Path, evidence: &Evidence) -> Self {
        let Some(proof) = &evidence.proof else {
            return Self::new(Kind::Dishonest, say::unproven(language, &evidence.what));
        };
        // Found again, it is the same file. One that differs was torn, or is not of this program's making.
        let name = Hash::of(&[proof]).to_string();
        let path = home.join(format!("{EVIDENCE}{}.troth", name.get(..8).unwrap_or(&name)));
        let most = u64::try_from(proof.len()).unwrap_or(u64::MAX);
        let written = match files::read_at_most(&path, most) {
            Ok(Some(there)) if there == *proof => Ok(()),
            _ => files::write_over(&path, proof),
        };
        match written {
            Ok(()) => {
                let message = say::dishonest(language, &evidence.what, &path.display().to_string());
                Self {
                    evidence: Some(path),
                    ..Self::new(Kind::Dishonest, message)
                }
            }
            Err(error) => {
                let message = say::dishonest_unwritten(language, &evidence.what, &error.to_string());
                Self::new(Kind::Dishonest, message)
            }
        }
    }

    /// The same, with the evidence that an earlier command left in `home`.
    pub fn with_evidence(self, home: Option<&Path>) -> Self {
        if self.kind != Kind::Dishonest || self.evidence.is_some() {
            return self;
        }
        let names = home.and_then(|home| std::fs::read_dir(home).ok());
        let mut found: Vec<PathBuf> = names
            .into_iter()
            .flatten()
            .flatten()
            .filter(|file| file.file_name().to_string_lossy().starts_with(EVIDENCE))
            .map(|file| file.path())
            .collect();
        found.sort();
        Self {
            evidence: found.pop(),
            ..self
        }
    }

    /// The same, in other words.
    pub fn saying(self, message: String) -> Self {
        Self { message, ..self }
    }

    /// The same, where the command's result was printed already.
    pub fn answered(self) -> Self {
        Self {
            answered: true,
            ..self
        }
    }

    /// Whether stdout has its value already.
    pub const fn is_answered(&self) -> bool {
        self.answered
    }

    /// The process's exit code.
    pub const fn code(&self) -> u8 {
        self.kind as u8
    }

    /// Cause and remedy, for a person.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The same for a machine: `{"error": {"kind", "code", "message", "rule", "evidence"}}`.
    pub fn to_json(&self) -> Value {
        json!({ "error": {
            "kind": self.kind.name(),
            "code": self.code(),
            "message": self.message,
            "rule": self.rule.map(Rule::number),
            "evidence": self.evidence.as_ref().map(|path| path.display().to_string()),
        } })
    }
}
