//! What happened, in order: for a person when a run fails, and as a digest that shows whether two runs were the same.

use std::fmt::Write as _;

use troth_protocol::ids::Hash;

/// A run's trace.
#[derive(Default)]
pub struct Trace {
    lines: Vec<String>,
    digest: Hash,
}

impl Trace {
    /// Notes what happened at a time, in milliseconds since the run began.
    pub fn note(&mut self, at: u64, what: &str) {
        let mut line = String::new();
        let _ = write!(line, "{:>9}.{:03}  {what}", at / 1000, at % 1000);
        self.fold(line.as_bytes());
        self.lines.push(line);
    }

    /// Takes bytes into the digest that nobody reads.
    pub fn fold(&mut self, bytes: &[u8]) {
        self.digest = Hash::of(&[self.digest.as_bytes(), bytes]);
    }

    /// The digest of everything noted and folded.
    pub const fn digest(&self) -> Hash {
        self.digest
    }

    /// The lines.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }
}
