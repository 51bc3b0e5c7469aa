//! A relay that takes back what it has shown.

use std::path::Path;

use super::stage::Stage;

fn copy(from: &Path, to: &Path) {
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

#[test]
fn a_rolled_back_ledger_is_code_5_with_the_evidence_in_a_file() {
    let stage = Stage::new();
    let relay = stage.relay();
    let url = relay.url.clone();
    let laptop = stage.founder(&relay);
    relay.kill();
    copy(&stage.path("relay"), &stage.path("old"));
    let relay = stage.relay_at(&url);
    laptop.ok(&["case", "new", "--skip-recovery", "Lee", "--partner-a", "Ann"]);
    relay.kill();
    std::fs::remove_dir_all(stage.path("relay")).unwrap();
    copy(&stage.path("old"), &stage.path("relay"));
    let _relay = stage.relay_at(&url);

    let ran = laptop.run(&["--json", "sync"]);
    assert_eq!(ran.code, 5, "{}", ran.stderr);
    assert!(ran.stderr.contains("NOT HONEST"), "{}", ran.stderr);
    let file = ran.json()["error"]["evidence"].as_str().unwrap().to_owned();
    assert!(
        Path::new(&file).starts_with(&laptop.home) && file.ends_with(".troth"),
        "{file}"
    );
    assert!(!std::fs::read(&file).unwrap().is_empty());
    let kept = laptop.json(&["case", "list"]);
    assert_eq!(kept["cases"][0]["name"], "Lee", "what was written is still here");
}
