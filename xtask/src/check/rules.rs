//! The numbered rules: each stands in the table of `docs/protocol.md`, in the code, and in a test.
//!
//! The table's rows begin `| R12 |`. The code has one enum, whose variants are documented `/// R12: …`. A test cites
//! a rule by its number (`R12`, or `r12_` in a name) or by its variant (`Rule::StaleChain`).

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, bail};

use super::{files, verdict};
use crate::steps::Outcome;

const TABLE: &str = "docs/protocol.md";
const CODE: &str = "protocol/src/rule.rs";

/// Checks that table, code and tests know the same rules.
pub fn check() -> Result<Outcome> {
    let (table, code) = match (files::read(Path::new(TABLE)), files::read(Path::new(CODE))) {
        (Some(table), Some(code)) => (table, code),
        (None, None) => return Ok(Outcome::noting(format!("neither {TABLE} nor {CODE} is there"))),
        (Some(_), None) => bail!("{TABLE} is there, but {CODE} is not"),
        (None, Some(_)) => bail!("{CODE} is there, but {TABLE} is not"),
    };
    let mut tests = String::new();
    for path in files::all()?
        .iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
    {
        if let Some(text) = files::read(path) {
            tests.push_str(tested(path, &text));
            tests.push('\n');
        }
    }
    let complaints = missing(&in_table(&table), &in_code(&code), &tests);
    verdict("rules that do not match", &complaints)
}

fn missing(table: &[u32], code: &[(u32, String)], tests: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    if table.is_empty() || code.is_empty() {
        complaints.push(format!(
            "{TABLE} has {} rules and {CODE} has {}",
            table.len(),
            code.len()
        ));
    }
    let mut variants: BTreeMap<u32, &str> = BTreeMap::new();
    for (number, variant) in code {
        if variants.insert(*number, variant).is_some() {
            complaints.push(format!("R{number} stands twice in {CODE}"));
        }
        if !table.contains(number) {
            complaints.push(format!("R{number} is in {CODE} but has no row in {TABLE}"));
        }
        if !cites(tests, &format!("r{number}")) && !tests.contains(&format!("Rule::{variant}")) {
            complaints.push(format!("R{number} ({variant}) is cited by no test"));
        }
    }
    for (index, number) in table.iter().enumerate() {
        if table[..index].contains(number) {
            complaints.push(format!("R{number} stands twice in {TABLE}"));
        }
        if !variants.contains_key(number) {
            complaints.push(format!("R{number} is in {TABLE} but not in {CODE}"));
        }
    }
    complaints
}

/// The numbers in the first column of a table.
fn in_table(text: &str) -> Vec<u32> {
    let first = |line: &str| number(line.trim().strip_prefix('|')?.split('|').next()?);
    text.lines().filter_map(first).collect()
}

/// The numbers that doc comments begin with, each with the variant below it. A variant that has another number than
/// its comment is read under its own.
fn in_code(text: &str) -> Vec<(u32, String)> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let mut rules = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let Some(number) = line
            .strip_prefix("/// ")
            .and_then(|doc| number(doc.split_once(':')?.0))
        else {
            continue;
        };
        let below = lines[index + 1..]
            .iter()
            .find(|line| !line.starts_with("//") && !line.starts_with('#'));
        let mut words = below
            .unwrap_or(&"")
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty());
        let variant = words.next().unwrap_or_default();
        let value = words.next().and_then(|word| word.parse().ok());
        rules.push((value.unwrap_or(number), variant.to_owned()));
    }
    rules
}

/// `R12` as a number, whatever emphasis stands around it.
fn number(text: &str) -> Option<u32> {
    text.trim()
        .trim_matches(['*', '`'])
        .strip_prefix('R')?
        .parse()
        .ok()
}

/// The part of a file that is only compiled for tests.
fn tested<'a>(path: &Path, text: &'a str) -> &'a str {
    let of_tests = path.iter().any(|part| part == "tests" || part == "tests.rs");
    if of_tests {
        return text;
    }
    text.find("#[cfg(test)]").map_or("", |start| &text[start..])
}

/// Whether a rule is cited, in either case, and not merely as the beginning of a longer number or word.
fn cites(tests: &str, rule: &str) -> bool {
    let of_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let upper = rule.to_uppercase();
    [rule, &upper].iter().any(|rule| {
        tests.match_indices(*rule).any(|(at, found)| {
            !of_word(tests[..at].chars().next_back()) && !of_word(tests[at + found.len()..].chars().next())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "| rule | says |\n| --- | --- |\n| R1 | first |\n| **R12** | twelfth |\n";
    const CODE: &str = "pub enum Rule {\n    /// R1: first.\n    First = 1,\n    /// R12: twelfth.\n    /// More.\n    #[x]\n    Twelfth,\n}\n";

    fn complaints(table: &str, code: &str, tests: &str) -> Vec<String> {
        missing(&in_table(table), &in_code(code), tests)
    }

    #[test]
    fn table_and_code_are_read() {
        assert_eq!(in_table(TABLE), [1, 12]);
        assert_eq!(
            in_code(CODE),
            [(1, "First".to_owned()), (12, "Twelfth".to_owned())]
        );
    }

    #[test]
    fn a_variant_counts_as_the_number_it_has() {
        let code = "/// R1: first.\nFirst = 2, \"text\";\n";
        let complaints = complaints("| R1 | first |", code, "R1 R2");
        assert!(
            complaints[0].contains("R2") && complaints[1].contains("R1"),
            "{complaints:?}"
        );
    }

    #[test]
    fn a_rule_is_cited_by_number_by_name_or_by_variant() {
        assert_eq!(
            complaints(TABLE, CODE, "// R1\nfn r12_holds() {}"),
            Vec::<String>::new()
        );
        assert_eq!(complaints(TABLE, CODE, "Rule::First, R12."), Vec::<String>::new());
    }

    #[test]
    fn a_longer_number_does_not_cite_a_shorter_one() {
        assert_eq!(complaints(TABLE, CODE, "R12 R123").len(), 1);
    }

    #[test]
    fn a_rule_missing_on_either_side_is_named() {
        let only_first = "| R1 | first |";
        assert!(complaints(only_first, CODE, "R1 R12")[0].contains("R12"));
        assert!(complaints(TABLE, "/// R1: first.\nFirst,", "R1 R12")[0].contains("R12"));
        assert!(complaints("", "", "").len() == 1);
    }

    #[test]
    fn only_what_is_compiled_for_tests_counts() {
        assert_eq!(
            tested(Path::new("a/src/b.rs"), "R1 #[cfg(test)] R2"),
            "#[cfg(test)] R2"
        );
        assert_eq!(tested(Path::new("a/src/b/tests.rs"), "R1"), "R1");
        assert_eq!(tested(Path::new("tests/src/b.rs"), "R1"), "R1");
        assert_eq!(tested(Path::new("a/src/b.rs"), "R1"), "");
    }
}
