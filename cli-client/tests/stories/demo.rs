//! `troth demo`, in both languages.

use super::stage::{Ran, Stage, troth};

#[test]
fn every_claim_of_the_demo_holds() {
    let ran = Ran::of(troth().args(["demo", "--json"]).output().unwrap());
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let told = ran.json();
    let claims: Vec<_> = told["claims"]
        .as_array()
        .unwrap()
        .iter()
        .map(|claim| claim["claim"].as_str().unwrap())
        .collect();
    for claim in [
        "linked",
        "kit",
        "converged",
        "both_values",
        "intake",
        "link_found",
        "accepted",
        "revoked",
        "keys_do_not_help",
        "search_can_find",
        "nothing_to_read",
    ] {
        assert!(claims.contains(&claim), "{claim} is not among {claims:?}");
    }
}

#[test]
fn what_is_kept_can_be_looked_at() {
    let stage = Stage::new();
    let dir = stage.path("kept");
    let ran = Ran::of(
        troth()
            .args(["demo", "--lang", "zh", "--keep"])
            .arg(&dir)
            .output()
            .unwrap(),
    );
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("项声明均成立"), "{}", ran.stdout);
    let listed = troth()
        .arg("--home")
        .arg(dir.join("laptop"))
        .arg("--passphrase-file")
        .arg(dir.join("laptop.passphrase"))
        .args(["--offline", "case", "list"])
        .output()
        .unwrap();
    assert!(
        String::from_utf8(listed.stdout)
            .unwrap()
            .contains("Pemberton & Lin")
    );
    let again = Ran::of(troth().args(["demo", "--keep"]).arg(&dir).output().unwrap());
    assert_eq!(again.code, 2, "what is there is not written over");
}
