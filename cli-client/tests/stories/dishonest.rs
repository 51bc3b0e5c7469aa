//! A relay that takes back what it has shown.

use std::path::Path;

use super::stage::{Ran, Stage, troth};

pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for item in std::fs::read_dir(from).unwrap() {
        let item = item.unwrap();
        let to = to.join(item.file_name());
        if item.file_type().unwrap().is_dir() {
            copy(&item.path(), &to);
        } else {
            std::fs::copy(item.path(), to).unwrap();
        }
    }
}

/// The relay as it was is put in the place of the relay as it is.
pub fn put_back(stage: &Stage) {
    std::fs::remove_dir_all(stage.path("relay")).unwrap();
    copy(&stage.path("old"), &stage.path("relay"));
}

#[test]
fn a_rolled_back_ledger_is_code_5_and_no_proof_to_others() {
    let stage = Stage::new();
    let relay = stage.relay();
    let url = relay.url.clone();
    let laptop = stage.founder(&relay);
    relay.kill();
    copy(&stage.path("relay"), &stage.path("old"));
    let relay = stage.relay_at(&url);
    laptop.ok(&["case", "new", "--skip-recovery", "Lee", "--partner-a", "Ann"]);
    relay.kill();
    put_back(&stage);
    let _relay = stage.relay_at(&url);

    let ran = laptop.run(&["--json", "sync"]);
    assert_eq!(ran.code, 5, "{}", ran.stderr);
    assert!(ran.stderr.contains("NOT BE HONEST"), "{}", ran.stderr);
    assert!(ran.stderr.contains("rolled back"), "{}", ran.stderr);
    assert!(ran.json()["error"]["evidence"].is_null(), "{}", ran.stdout);
    let kept = laptop.json(&["case", "list"]);
    assert_eq!(kept["cases"][0]["name"], "Lee", "what was written is still here");
}

#[test]
fn a_rewritten_ledger_is_code_5_with_a_file_that_anyone_judges() {
    let stage = Stage::new();
    let relay = stage.relay();
    let url = relay.url.clone();
    let laptop = stage.founder(&relay);
    let phone = stage.second(&relay, &laptop);
    laptop.ok(&["sync"]);
    relay.kill();
    copy(&stage.path("relay"), &stage.path("old"));
    let relay = stage.relay_at(&url);
    laptop.ok(&["case", "new", "--skip-recovery", "Lee", "--partner-a", "Ann"]);
    relay.kill();
    put_back(&stage);
    let _relay = stage.relay_at(&url);
    for name in ["Moss", "Reed", "Hill"] {
        phone.ok(&["case", "new", "--skip-recovery", name, "--partner-a", "Ben"]);
    }

    let ran = laptop.run(&["--json", "sync"]);
    assert_eq!(ran.code, 5, "{}", ran.stderr);
    assert!(ran.stderr.contains("IS NOT HONEST"), "{}", ran.stderr);
    let file = ran.json()["error"]["evidence"].as_str().unwrap().to_owned();
    assert!(Path::new(&file).starts_with(&laptop.home), "{file}");

    // A stranger: no home, no passphrase, no relay.
    let judge = |file: &str| {
        let mut command = troth();
        command.args([
            "--json",
            "--home",
            "/nowhere",
            "--no-input",
            "ledger",
            "judge",
            file,
        ]);
        Ran::of(command.output().unwrap())
    };
    let verdict = judge(&file);
    assert_eq!(verdict.code, 0, "{}", verdict.stderr);
    let verdict = verdict.json();
    assert_eq!(verdict["proven"], true);
    assert_eq!(verdict["kind"], "two_roots");
    let key = laptop.json(&["ledger", "status"])["key"].clone();
    assert_eq!(verdict["keys"], serde_json::json!([key, key]));

    let mut altered = std::fs::read(&file).unwrap();
    *altered.last_mut().unwrap() ^= 1;
    let other = stage.path("altered.troth").display().to_string();
    std::fs::write(&other, altered).unwrap();
    assert_eq!(judge(&other).code, 1);
    assert_eq!(judge("/nowhere/at/all").code, 1);

    // A file that was torn, by whatever, is put right by the next run.
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    assert_eq!(judge(&file).code, 1);
    assert_eq!(laptop.run(&["--json", "sync"]).code, 5);
    assert_eq!(std::fs::read(&file).unwrap(), whole);

    // It stays so: nothing is written or sent, everything is read.
    let again = laptop.run(&["--json", "sync"]);
    assert_eq!(
        (again.code, &again.json()["error"]["evidence"]),
        (5, &ran.json()["error"]["evidence"])
    );
    let write = laptop.run(&[
        "--json",
        "case",
        "new",
        "--skip-recovery",
        "Fern",
        "--partner-a",
        "Cy",
    ]);
    assert_eq!(write.code, 5, "{}", write.stderr);
    assert_eq!(write.json()["error"]["evidence"], file);
    let kept = laptop.json(&["case", "list"]);
    assert_eq!(kept["cases"].as_array().unwrap().len(), 1);
    assert_eq!(kept["cases"][0]["name"], "Lee");
}
