//! What each crate may depend on, and that each is under the workspace's lints.

use std::collections::{BTreeMap, VecDeque};
use std::fs;

use anyhow::{Context, Result};
use serde_json::Value;

use super::verdict;
use crate::command::{cargo, output, root};
use crate::steps::Outcome;

/// A crate of ours, what it must not reach through any number of others, and why.
const APART: &[(&str, &[&str], &str)] = &[
    (
        "troth-server",
        &[
            "troth-client-core",
            "troth-forms",
            "automerge",
            "hpke",
            "chacha20poly1305",
            "argon2",
        ],
        "the relay cannot read what it stores: nothing that opens it is even linked in",
    ),
    (
        "troth-protocol",
        &[
            "troth-client-core",
            "troth-server",
            "tokio",
            "rusqlite",
            "hpke",
            "chacha20poly1305",
            "argon2",
            "automerge",
        ],
        "what both sides share does no IO, has no clock and holds no content keys",
    ),
    (
        "troth-client-core",
        &["troth-server", "tokio", "rusqlite"],
        "the device's engine does no IO: a browser runs it too",
    ),
    (
        "troth-forms",
        &[
            "troth-protocol",
            "troth-client-core",
            "troth-server",
            "tokio",
            "rusqlite",
        ],
        "a form and its answers are text: a page holds them without keys, without a clock and without IO",
    ),
];

/// Checks both.
pub fn check() -> Result<Outcome> {
    let text = output(&mut cargo(&[
        "metadata",
        "--format-version",
        "1",
        "--all-features",
        "--locked",
        "--quiet",
    ]))?;
    let metadata: Value = serde_json::from_str(&text)?;
    let mut complaints = without_lints(&metadata)?;
    complaints.extend(too_close(&Graph::read(&metadata)?));
    verdict("crates that break a rule", &complaints)
}

/// Crates that do not take their lints from the workspace, and the workspace if it does not forbid unsafe code.
fn without_lints(metadata: &Value) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    let workspace = fs::read_to_string(root().join("Cargo.toml"))?;
    if !section(&workspace, "workspace.lints.rust").any(|line| line == "unsafe_code=\"forbid\"") {
        complaints.push("Cargo.toml: [workspace.lints.rust] must say unsafe_code = \"forbid\"".to_owned());
    }
    let members: Vec<&Value> = list(metadata, "workspace_members")?.iter().collect();
    for package in list(metadata, "packages")? {
        let manifest = text(package, "manifest_path")?;
        if members.contains(&&package["id"])
            && !section(&fs::read_to_string(manifest)?, "lints").any(|line| line == "workspace=true")
        {
            complaints.push(format!(
                "{}: its Cargo.toml must say [lints] workspace = true",
                text(package, "name")?
            ));
        }
    }
    Ok(complaints)
}

/// The lines of one section of a manifest, without their spaces.
fn section<'a>(manifest: &'a str, name: &'a str) -> impl Iterator<Item = String> + 'a {
    let head = format!("[{name}]");
    let lines = manifest.lines().map(str::trim);
    let body = lines
        .skip_while(move |line| *line != head)
        .skip(1)
        .take_while(|line| !line.starts_with('['));
    body.map(|line| line.replace(' ', ""))
}

/// Which package needs which when built and run, by package id. What only tests need does not count.
struct Graph {
    names: BTreeMap<String, String>,
    needs: BTreeMap<String, Vec<String>>,
}

impl Graph {
    fn read(metadata: &Value) -> Result<Graph> {
        let mut names = BTreeMap::new();
        for package in list(metadata, "packages")? {
            names.insert(text(package, "id")?.to_owned(), text(package, "name")?.to_owned());
        }
        let mut needs = BTreeMap::new();
        for node in list(&metadata["resolve"], "nodes")? {
            let mut needed = Vec::new();
            for dependency in list(node, "deps")? {
                if list(dependency, "dep_kinds")?
                    .iter()
                    .any(|kind| kind["kind"] != "dev")
                {
                    needed.push(text(dependency, "pkg")?.to_owned());
                }
            }
            needs.insert(text(node, "id")?.to_owned(), needed);
        }
        Ok(Graph { names, needs })
    }

    /// The shortest way from one package to another, by name, both included.
    fn way<'a>(&'a self, from: &str, to: &'a str) -> Option<Vec<&'a str>> {
        let start = self.names.iter().find(|(_, name)| *name == from)?.0;
        let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
        let mut queue = VecDeque::from([start.as_str()]);
        while let Some(id) = queue.pop_front() {
            if self.names.get(id).is_some_and(|name| name == to) {
                let mut way = vec![to];
                let mut at = id;
                while let Some(before) = came_from.get(at) {
                    at = before;
                    way.push(self.names.get(at).map_or("?", String::as_str));
                }
                way.reverse();
                return Some(way);
            }
            for next in self.needs.get(id).into_iter().flatten() {
                if next != start && !came_from.contains_key(next.as_str()) {
                    came_from.insert(next, id);
                    queue.push_back(next);
                }
            }
        }
        None
    }
}

fn too_close(graph: &Graph) -> Vec<String> {
    let mut complaints = Vec::new();
    for (ours, apart, why) in APART {
        for other in *apart {
            if let Some(way) = graph.way(ours, other) {
                complaints.push(format!("{} ({why})", way.join(" -> ")));
            }
        }
    }
    complaints
}

fn list<'a>(value: &'a Value, key: &str) -> Result<&'a Vec<Value>> {
    value[key]
        .as_array()
        .with_context(|| format!("cargo metadata has no list `{key}`"))
}

fn text<'a>(value: &'a Value, key: &str) -> Result<&'a str> {
    value[key]
        .as_str()
        .with_context(|| format!("cargo metadata has no text `{key}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `server -> shared -> core`; `tests` needs `core` only to be tested.
    fn graph() -> Graph {
        let package = |name: &str| serde_json::json!({ "id": format!("id-{name}"), "name": name });
        let edge = |to: &str, kind: Value| serde_json::json!({ "pkg": format!("id-{to}"), "dep_kinds": [{ "kind": kind }] });
        let node =
            |name: &str, deps: Vec<Value>| serde_json::json!({ "id": format!("id-{name}"), "deps": deps });
        let metadata = serde_json::json!({
            "packages": [package("server"), package("shared"), package("core"), package("tests")],
            "resolve": { "nodes": [
                node("server", vec![edge("shared", Value::Null)]),
                node("shared", vec![edge("core", "build".into())]),
                node("core", vec![]),
                node("tests", vec![edge("core", "dev".into())]),
            ] },
        });
        Graph::read(&metadata).unwrap()
    }

    #[test]
    fn a_way_through_another_crate_is_found_and_named() {
        assert_eq!(
            graph().way("server", "core"),
            Some(vec!["server", "shared", "core"])
        );
    }

    #[test]
    fn what_only_tests_need_is_no_way() {
        assert_eq!(graph().way("tests", "core"), None);
        assert_eq!(graph().way("core", "server"), None);
    }

    #[test]
    fn a_section_ends_where_the_next_begins() {
        let manifest = "[package]\nname = \"a\"\n\n[lints]\nworkspace = true\n[features]\nx = []\n";
        assert_eq!(section(manifest, "lints").collect::<Vec<_>>(), ["workspace=true"]);
        assert_eq!(section("[lints.rust]\nworkspace = true\n", "lints").count(), 0);
    }
}
