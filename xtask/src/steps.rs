//! Steps taken one after the other, and the summary that closes them.

use std::env;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;

/// How a step that did not fail ended.
pub enum Outcome {
    /// It was done. The note, if any, is for the summary.
    Done(Option<String>),
    /// It could not be done here, for the reason given. In CI that counts as a failure.
    LeftOut(String),
}

impl Outcome {
    /// Done, with nothing to add.
    pub const DONE: Outcome = Outcome::Done(None);

    /// Done, with something worth a line in the summary.
    pub fn noting(note: impl Into<String>) -> Outcome {
        Outcome::Done(Some(note.into()))
    }
}

struct Step {
    name: &'static str,
    took: Duration,
    result: Result<Outcome>,
}

/// The steps taken so far.
pub struct Steps {
    taken: Vec<Step>,
    /// Whether leaving something out is a failure.
    strict: bool,
}

impl Steps {
    /// No steps yet. With `CI` set in the environment, leaving something out is a failure.
    pub fn new() -> Steps {
        let strict = env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
        Steps {
            taken: Vec::new(),
            strict,
        }
    }

    /// Takes a step and remembers how it went. What follows runs whatever came of it, so that one run shows
    /// everything that is wrong.
    pub fn take(&mut self, name: &'static str, step: impl FnOnce() -> Result<Outcome>) {
        eprintln!("==> {name}");
        let start = Instant::now();
        let result = step();
        if let Err(error) = &result {
            eprintln!("{name}: {error:#}");
        }
        self.taken.push(Step {
            name,
            took: start.elapsed(),
            result,
        });
    }

    /// Prints the summary and turns it into an exit code: zero when nothing failed.
    pub fn close(self) -> ExitCode {
        let mut failures = 0;
        eprintln!();
        for Step { name, took, result } in &self.taken {
            let (verdict, note) = match result {
                Ok(Outcome::Done(note)) => ("done", note.clone()),
                Ok(Outcome::LeftOut(why)) if self.strict => ("MISSING", Some(why.clone())),
                Ok(Outcome::LeftOut(why)) => ("left out", Some(why.clone())),
                Err(error) => ("FAILED", Some(first_line(&format!("{error:#}")))),
            };
            failures += usize::from(matches!(verdict, "MISSING" | "FAILED"));
            let note = note.map(|note| format!("  {note}")).unwrap_or_default();
            eprintln!("{verdict:>8}  {name:<14} {:>5}s{note}", took.as_secs());
        }
        let total: Duration = self.taken.iter().map(|step| step.took).sum();
        let verdict = match failures {
            0 => "all is well".to_owned(),
            n => format!("{} went wrong", count(n)),
        };
        let (minutes, seconds) = (total.as_secs() / 60, total.as_secs() % 60);
        eprintln!(
            "{} in {minutes} min {seconds:02} s: {verdict}",
            count(self.taken.len())
        );
        if failures == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

fn count(steps: usize) -> String {
    match steps {
        1 => "1 step".to_owned(),
        n => format!("{n} steps"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(strict: bool, outcome: Result<Outcome>) -> ExitCode {
        let mut steps = Steps {
            taken: Vec::new(),
            strict,
        };
        steps.take("first", || outcome);
        steps.take("second", || Ok(Outcome::DONE));
        steps.close()
    }

    #[test]
    fn leaving_something_out_fails_in_ci_only() {
        let left_out = || Ok(Outcome::LeftOut("there is none".to_owned()));
        assert_eq!(close(false, left_out()), ExitCode::SUCCESS);
        assert_eq!(close(true, left_out()), ExitCode::FAILURE);
    }

    #[test]
    fn a_failure_is_not_outlived_by_what_follows() {
        assert_eq!(close(false, Err(anyhow::anyhow!("broken"))), ExitCode::FAILURE);
        assert_eq!(close(true, Ok(Outcome::DONE)), ExitCode::SUCCESS);
    }
}
