//! Notes that are signed, and added to.

use serde_json::json;

use super::stage::Stage;

const CASE: &str = "Pemberton & Lin";

#[test]
fn a_signed_note_stands_and_is_added_to() {
    let stage = Stage::new();
    let relay = stage.relay();
    let laptop = stage.founder(&relay);
    let phone = stage.second(&relay, &laptop);
    laptop.ok(&["case", "new", CASE, "--partner-a", "Theodore", "--skip-recovery"]);
    let note = laptop.json(&["note", "add", CASE, "--lane", "joint", "--text", "They argue."]);
    let note = note["note"].as_str().unwrap()[..8].to_owned();
    phone.ok(&["sync"]);
    assert_eq!(phone.json(&["note", "show", &note])["standing"], "draft");

    // Written before the signature, on a device that was offline: it merges, and is told apart.
    phone.ok(&[
        "--offline",
        "note",
        "edit",
        &note,
        "--text",
        "They argue. Loudly.",
    ]);
    let signed = laptop.ok(&["note", "sign", &note]);
    assert!(
        signed.stderr.contains("They argue."),
        "it is shown: {}",
        signed.stderr
    );
    let shown = laptop.json(&["note", "show", &note]);
    assert_eq!(
        (
            &shown["standing"],
            &shown["signed_by"][0]["name"],
            &shown["signed_by"][0]["valid"]
        ),
        (&json!("signed"), &json!("Wanjiru Ashdown"), &json!(true))
    );
    assert!(
        laptop
            .ok(&["note", "show", &note])
            .stdout
            .contains("Signed by Wanjiru Ashdown")
    );
    let changed = laptop.run(&["note", "edit", &note, "--text", "They never argued."]);
    assert_eq!(changed.code, 1);
    assert_eq!(laptop.run(&["note", "sign", &note]).code, 1, "once is enough");
    laptop.ok(&["note", "amend", &note, "--text", "About money."]);

    phone.ok(&["sync"]);
    laptop.ok(&["sync"]);
    for device in [&laptop, &phone] {
        let shown = device.json(&["note", "show", &note]);
        assert_eq!(shown["standing"], "changed_after_signing");
        assert_eq!(shown["signed_texts"], json!(["They argue."]));
        assert_eq!(shown["text"], "They argue. Loudly.");
        assert_eq!(
            (
                &shown["amendments"][0]["text"],
                &shown["amendments"][0]["author_name"]
            ),
            (&json!("About money."), &json!("Wanjiru Ashdown"))
        );
        let words = device.ok(&["note", "show", &note]).stdout;
        let at = |text: &str| words.find(text).unwrap_or_else(|| panic!("{text}: {words}"));
        assert!(at("Signed by") < at("The above was signed") && at("The above was signed") < at("Loudly"));
        assert!(at("Loudly") < at("About money."), "{words}");
        assert!(
            device
                .ok(&["note", "list", CASE])
                .stdout
                .contains("signed, then changed")
        );
    }
    let chinese = laptop.ok(&["--lang", "zh", "note", "show", &note]).stdout;
    assert!(chinese.contains("签名"), "{chinese}");
}

#[test]
fn a_client_signs_no_note_and_every_template_has_its_headings() {
    let stage = Stage::new();
    let relay = stage.relay();
    let ash = stage.founder(&relay);
    let case = ash.json(&["case", "new", CASE, "--partner-a", "Theodore", "--skip-recovery"]);
    let case = case["case"].as_str().unwrap()[..8].to_owned();
    let add = |more: &[&str]| {
        let note = ash.json(&[&["note", "add", CASE, "--lane", "joint"], more].concat());
        ash.json(&["note", "show", note["note"].as_str().unwrap()])
    };
    let soap = add(&["--template", "soap"]);
    assert_eq!(soap["template"], "soap");
    assert!(soap["text"].as_str().unwrap().contains("Subjective:"), "{soap}");
    let dap = add(&["--template", "dap", "--text", "Data: they came."]);
    assert_eq!(
        (&dap["template"], &dap["text"]),
        (&json!("dap"), &json!("Data: they came."))
    );
    for wrong in [
        &["note", "add", CASE, "--lane", "joint"][..],
        &["note", "add", CASE, "--lane", "joint", "--template", "sonnet"],
        &[
            "note", "add", CASE, "--lane", "joint", "--text", "a", "--file", "b",
        ],
    ] {
        assert_eq!(ash.run(wrong).code, 2, "{wrong:?}");
    }

    let theo = stage.member(&ash, "client", "theo", "Theodore Pemberton");
    ash.ok(&[
        "share",
        "grant",
        CASE,
        "--lane",
        "joint",
        "--with",
        "Theodore Pemberton",
    ]);
    theo.ok(&["sync"]);
    let listed = theo.json(&["note", "list", &case]);
    assert_eq!(listed["notes"].as_array().unwrap().len(), 2);
    let refused = theo.run(&["note", "sign", soap["id"].as_str().unwrap()]);
    assert_eq!(refused.code, 4, "{}", refused.stderr);
    let amended = theo.json(&[
        "note",
        "amend",
        dap["id"].as_str().unwrap(),
        "--text",
        "I came late.",
    ]);
    assert_eq!(amended["sync"]["state"], "sent");
}
