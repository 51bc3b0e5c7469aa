//! The threat model: each attack in its tables names tests, each of which exists; and each story of a hostile relay
//! stands there.
//!
//! A test is cited as `` `path/file.rs::name` ``. The text says once what a short path stands for, as in
//! `` `H/` is `tests/tests/hostile_relay/` ``.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Result, bail};

use super::{files, verdict};
use crate::steps::Outcome;

const MODEL: &str = "docs/threat-model.md";
/// Tables with this heading list attacks.
const HEADING: &str = "| attack |";
/// Every test in here is an attack, or shows that an honest relay is not mistaken for one.
const STORIES: &str = "tests/tests/hostile_relay/";

/// Checks that the tables and the tests name the same attacks.
pub fn check() -> Result<Outcome> {
    let Some(model) = files::read(Path::new(MODEL)) else {
        bail!("{MODEL} is not there");
    };
    let mut tests = BTreeSet::new();
    for path in files::all()? {
        if path.extension().is_some_and(|extension| extension == "rs")
            && let Some(text) = files::read(&path)
        {
            let path = path.to_string_lossy();
            tests.extend(tests_in(&text).map(|name| format!("{path}::{name}")));
        }
    }
    verdict("threats and tests that do not match", &mismatches(&model, &tests))
}

fn mismatches(model: &str, tests: &BTreeSet<String>) -> Vec<String> {
    let short = abbreviations(model);
    let cited: BTreeSet<String> = citations(model).map(|cited| expanded(cited, &short)).collect();
    let mut complaints: Vec<String> = cited
        .difference(tests)
        .map(|cited| format!("{MODEL} names {cited}, and there is no such test"))
        .collect();
    let rows = attacks(model);
    if rows.is_empty() {
        complaints.push(format!("{MODEL} has no table that begins `{HEADING}`"));
    }
    for row in rows.iter().filter(|row| citations(row).next().is_none()) {
        let attack = row.split('|').nth(1).unwrap_or_default().trim();
        complaints.push(format!("{MODEL}: \"{attack}\" names no test"));
    }
    let untold = tests.difference(&cited).filter(|test| test.starts_with(STORIES));
    complaints.extend(untold.map(|test| format!("{test} is not in {MODEL}")));
    complaints
}

/// The rows of the tables that list attacks.
fn attacks(model: &str) -> Vec<&str> {
    let mut rows = Vec::new();
    let mut inside = false;
    for line in model.lines() {
        if line.starts_with(HEADING) {
            inside = true;
        } else if !line.starts_with('|') {
            inside = false;
        } else if inside && !line.starts_with("| ---") {
            rows.push(line);
        }
    }
    rows
}

/// What stands in backquotes, and names a function in a file.
fn citations(text: &str) -> impl Iterator<Item = &str> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .filter(|quoted| quoted.contains(".rs::"))
}

/// What a short path stands for.
fn abbreviations(model: &str) -> Vec<(&str, &str)> {
    let parts: Vec<&str> = model.split('`').collect();
    parts
        .windows(3)
        .filter(|part| part[0].ends_with('/') && part[2].ends_with('/') && part[1].trim() == "is")
        .map(|part| (part[0], part[2]))
        .collect()
}

fn expanded(cited: &str, short: &[(&str, &str)]) -> String {
    short
        .iter()
        .find_map(|(short, long)| Some(format!("{long}{}", cited.strip_prefix(short)?)))
        .unwrap_or_else(|| cited.to_owned())
}

/// The functions that are tests, whichever attribute makes them one.
fn tests_in(text: &str) -> impl Iterator<Item = &str> {
    let mut marked = false;
    text.lines().filter_map(move |line| {
        let line = line.trim();
        if line.starts_with("#[test") || line.starts_with("#[tokio::test") {
            marked = true;
        }
        let signature = line.strip_prefix("async ").unwrap_or(line);
        let name = signature.strip_prefix("fn ")?.split(['(', '<']).next()?;
        std::mem::take(&mut marked).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: &str = "`H/` is `tests/tests/hostile_relay/`.\n\n| attack | test |\n| --- | --- |\n| lies | `H/a.rs::a_lie` |\n\n| other | table |\n| --- | --- |\n| no | test |\n";

    fn complaints(model: &str, tests: &[&str]) -> Vec<String> {
        mismatches(model, &tests.iter().map(|&test| test.to_owned()).collect())
    }

    #[test]
    fn a_table_and_tests_that_agree_are_fine() {
        assert_eq!(
            complaints(MODEL, &["tests/tests/hostile_relay/a.rs::a_lie"]),
            [""; 0]
        );
    }

    #[test]
    fn an_attack_without_its_test_is_told() {
        let complaints = complaints(&MODEL.replace("`H/a.rs::a_lie`", "none yet"), &[]);
        assert!(
            complaints.len() == 1 && complaints[0].contains("\"lies\""),
            "{complaints:?}"
        );
    }

    #[test]
    fn a_test_that_is_gone_and_one_that_is_untold_are_told() {
        let complaints = complaints(MODEL, &["tests/tests/hostile_relay/a.rs::another"]);
        assert!(
            complaints[0].contains("a_lie") && complaints[1].contains("another"),
            "{complaints:?}"
        );
    }

    #[test]
    fn only_what_is_marked_is_a_test() {
        let text = "#[test]\n#[ignore]\nfn one() {}\nfn not() {}\n    #[tokio::test(flavor = \"x\")]\n    async fn two() {}\n";
        assert_eq!(tests_in(text).collect::<Vec<_>>(), ["one", "two"]);
    }
}
