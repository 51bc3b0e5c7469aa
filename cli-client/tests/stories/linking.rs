//! Codes that are wrong.

use super::stage::{Stage, first_line};

#[test]
fn a_mistyped_code_is_refused_before_anything_happens() {
    let stage = Stage::new();
    let relay = stage.relay();
    let laptop = stage.founder(&relay);
    let phone = stage.troth("phone");
    let (code, mut joining) = first_line(phone.spawn(&["device", "join", "--relay", &relay.url]));
    let last = code.chars().last().unwrap();
    let mistyped = format!(
        "{}{}",
        &code[..code.len() - 1],
        if last == '0' { '1' } else { '0' }
    );
    let ran = laptop.run(&["device", "approve", &mistyped]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("mistyped"), "{}", ran.stderr);
    assert_eq!(laptop.run(&["device", "approve", "ABC"]).code, 1);
    assert_eq!(laptop.run(&["--no-input", "device", "approve"]).code, 2);
    assert_eq!(
        laptop.json(&["device", "list"])["devices"]
            .as_array()
            .unwrap()
            .len(),
        1
    );

    let typed = laptop.with_stdin(
        &["device", "approve", "-"],
        &code.to_lowercase().replace('-', " "),
    );
    assert_eq!(
        typed.code, 0,
        "in lower case, with spaces, from standard input: {}",
        typed.stderr
    );
    assert!(joining.wait().unwrap().success());
    // Given again, as by somebody who does not know how the first time ended, it adds nothing.
    let again = laptop.run(&["device", "approve", &code]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    let devices = &laptop.json(&["device", "list"])["devices"];
    assert_eq!(devices.as_array().unwrap().len(), 2);
}

#[test]
fn a_device_of_a_practice_joins_no_other() {
    let stage = Stage::new();
    let relay = stage.relay();
    let laptop = stage.founder(&relay);
    let ran = laptop.run(&["device", "join", "--relay", &relay.url]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("--home"), "{}", ran.stderr);
}
