//! The relay's ledger key turns.

use std::process::Command;

use super::stage::{Ran, Stage, Troth, server};

fn relay_says(stage: &Stage, arguments: &[&str]) -> Ran {
    let mut command = Command::new(server());
    command.args(arguments).arg("--data").arg(stage.path("relay"));
    Ran::of(command.output().unwrap())
}

fn judged(troth: &Troth, file: &str, key: &str) -> i32 {
    troth
        .run(&["ledger", "verify", "--file", file, "--key", key])
        .code
}

#[test]
fn an_admin_turns_the_ledger_key_to_the_one_that_the_relays_operator_made() {
    let stage = Stage::new();
    let relay = stage.relay();
    let url = relay.url.clone();
    let ash = stage.founder(&relay);
    let phone = stage.second(&relay, &ash);
    let bo = stage.member(&ash, "counselor", "bo", "Bo Castellanos");
    let before = ash.json(&["ledger", "status"])["key"]
        .as_str()
        .unwrap()
        .to_owned();
    let exported = |name: &str| {
        let file = stage.path(name).display().to_string();
        let key = ash.json(&["ledger", "export", "--out", &file])["key"].clone();
        (file, key.as_str().unwrap().to_owned())
    };
    let (early, _) = exported("early.troth");
    let none = ash.run(&["practice", "ledger-key", "--turn", &"ab".repeat(32)]);
    assert_eq!(none.code, 1);
    assert!(none.stderr.contains("troth-server new-key"), "{}", none.stderr);

    // The relay may run meanwhile. It is started anew to take the key.
    let made = relay_says(&stage, &["new-key", "--json"]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    let key = made.json()["key"].as_str().unwrap().to_owned();
    assert!(made.stderr.contains("practice ledger-key"), "{}", made.stderr);
    let seed = std::fs::read(stage.path("relay").join("ledger-2.key")).unwrap();
    let hex: String = seed.iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(
        !made.stdout.contains(&hex) && !made.stderr.contains(&hex),
        "the secret half stays in its file"
    );
    relay.kill();
    let relay = stage.relay_at(&url);

    let told = ash.ok(&["sync"]);
    assert!(told.stderr.contains(&key[..16]), "{}", told.stderr);
    let shown = ash.json(&["practice", "ledger-key"]);
    assert_eq!(
        (&shown["key"], &shown["offered"]),
        (&before.clone().into(), &key.clone().into())
    );
    let chinese = ash.ok(&["--lang", "zh", "practice", "ledger-key"]).stdout;
    assert!(chinese.contains("核对") && chinese.contains(&key), "{chinese}");
    for (troth, typed, code) in [(&ash, "ledger", 2), (&ash, &*"cd".repeat(32), 1), (&bo, &*key, 4)] {
        let ran = troth.run(&["practice", "ledger-key", "--turn", typed]);
        assert_eq!(ran.code, code, "{}", ran.stderr);
    }
    assert!(
        !bo.ok(&["sync"]).stderr.contains(&key[..16]),
        "only admins are asked"
    );
    let offline = ash.run(&["--offline", "practice", "ledger-key", "--turn", &key]);
    assert_eq!(offline.code, 2, "{}", offline.stderr);

    let turned = ash.json(&["practice", "ledger-key", "--turn", &key]);
    assert_eq!(
        (&turned["turned"], &turned["offered"]),
        (&true.into(), &serde_json::Value::Null)
    );
    assert_eq!(turned["keys"][1]["key"], key);
    let again = ash.json(&["practice", "ledger-key", "--turn", &key]);
    assert_eq!(again["keys"].as_array().unwrap().len(), 2, "once is enough");
    ash.ok(&["case", "new", "--skip-recovery", "Lee", "--partner-a", "Ann"]);
    // Who was away is told of it by a relay that is started once more, and follows.
    relay.kill();
    let relay = stage.relay_at(&url);
    for troth in [&phone, &bo, &ash] {
        troth.ok(&["sync"]);
        troth.ok(&["ledger", "verify"]);
        let now = troth.json(&["ledger", "status"])["key"]
            .as_str()
            .unwrap()
            .to_owned();
        assert_ne!(now, before);
    }
    assert!(bo.ok(&["ledger", "log"]).stdout.contains("turned the ledger key"));

    let (late, now) = exported("late.troth");
    assert_eq!(judged(&ash, &late, &now), 0);
    assert_eq!(
        judged(&ash, &late, &before),
        1,
        "the key before signs nothing larger"
    );
    assert_eq!(judged(&ash, &early, &before), 0, "what it signed holds");
    let retired = relay_says(&stage, &["new-key"]).stdout;
    assert!(retired.starts_with("key "), "{retired}");
    relay.kill();
    let relay = stage.relay_at(&url);
    let back = ash.run(&["practice", "ledger-key", "--turn", &before]);
    assert!(
        back.code == 1 && back.stderr.contains("no ledger goes back"),
        "{}",
        back.stderr
    );
    relay.kill();
    assert_eq!(relay_says(&stage, &["verify"]).code, 0);
    std::fs::rename(
        stage.path("relay").join("ledger-2.key"),
        stage.path("ledger-2.key"),
    )
    .unwrap();
    let without = relay_says(&stage, &["verify"]);
    assert!(
        without.code == 1 && without.stdout.contains("another ledger key"),
        "{}",
        without.stdout
    );
}
