//! What a practice decides for itself.

use serde_json::json;

use super::stage::Stage;

#[test]
fn an_admin_says_what_becomes_of_process_notes_and_how_long_a_lone_recovery_waits() {
    let stage = Stage::new();
    let relay = stage.relay();
    let ash = stage.founder(&relay);
    let bo = stage.member(&ash, "counselor", "bo", "Bo Castellanos");
    stage.member(&ash, "client", "theo", "Theodore Pemberton");
    let policy = |troth: &super::stage::Troth| {
        let policy = troth.json(&["practice", "policy"]);
        (
            policy["custodian_name"].clone(),
            policy["recovery_wait_hours"].clone(),
        )
    };
    assert_eq!(policy(&ash), (json!(null), json!(72)));
    assert!(
        ash.ok(&["practice", "policy"])
            .stdout
            .contains("lost with their author")
    );

    let named = [
        "practice",
        "policy",
        "--custodian",
        "Bo Castellanos",
        "--recovery-wait",
        "96",
    ];
    assert_eq!(ash.json(&named)["changed"], true);
    bo.ok(&["sync"]);
    for troth in [&ash, &bo] {
        assert_eq!(policy(troth), (json!("Bo Castellanos"), json!(96)));
    }
    let chinese = ash.ok(&["--lang", "zh", "practice", "policy"]).stdout;
    assert!(
        chinese.contains("Bo Castellanos") && chinese.contains("96 小时"),
        "{chinese}"
    );
    assert!(ash.ok(&["ledger", "log"]).stdout.contains("set the policy"));

    for (typed, code) in [
        (&["--recovery-wait", "71"][..], 2),
        (&["--custodian", "Bo Castellanos", "--no-custodian"], 2),
        (&["--custodian", "Theodore Pemberton"], 1),
    ] {
        let ran = ash.run(&[&["practice", "policy"], typed].concat());
        assert_eq!(ran.code, code, "{}", ran.stderr);
    }
    let not_his = bo.run(&["practice", "policy", "--no-custodian"]);
    assert_eq!(not_his.code, 4, "{}", not_his.stderr);
    ash.ok(&["practice", "policy", "--no-custodian"]);
    assert_eq!(policy(&ash), (json!(null), json!(96)));
}
