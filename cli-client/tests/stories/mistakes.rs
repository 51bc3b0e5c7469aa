//! What people get wrong, and what they are told.

use std::process::Stdio;

use super::stage::{Ran, Stage, troth};

#[test]
fn a_command_that_makes_no_sense_is_code_2() {
    let stage = Stage::new();
    let laptop = stage.troth("laptop");
    let elsewhere = laptop.run(&[
        "practice",
        "init",
        "--relay",
        "http://relay.example",
        "--name",
        "a",
        "--as",
        "b",
    ]);
    assert_eq!(elsewhere.code, 2);
    assert!(elsewhere.stderr.contains("https://"), "{}", elsewhere.stderr);
    assert!(!laptop.home.exists(), "nothing was made");
    for line in [
        "",
        "frobnicate",
        "case",
        "case new",
        "note add Lee --lane joint",
        "case list --frobnicate",
    ] {
        let arguments: Vec<_> = line.split_whitespace().collect();
        assert_eq!(laptop.run(&arguments).code, 2, "troth {line}");
    }
    for later in ["attach list Lee", "audit list", "backup verify"] {
        let arguments: Vec<_> = later.split_whitespace().collect();
        assert_eq!(laptop.run(&arguments).code, 2, "troth {later} is not there");
    }
}

#[test]
fn a_name_is_one_line_of_plain_text() {
    let stage = Stage::new();
    let laptop = stage.troth("laptop");
    let relay = "http://127.0.0.1:1";
    for arguments in [
        &["case", "new", "Lee\nWu", "--partner-a", "Ann"][..],
        &["case", "new", "Lee", "--partner-a", "Ann\t"],
        &[
            "case",
            "new",
            "Lee",
            "--partner-a",
            "Ann",
            "--partner-b",
            "\u{202e}Bo",
        ],
        &["field", "set", "Lee", "joint", "mo\u{1b}od", "calm"],
        &[
            "practice", "init", "--relay", relay, "--name", "a\nb", "--as", "c",
        ],
        &["practice", "init", "--relay", relay, "--name", "a", "--as", "c\r"],
        &["device", "join", "--relay", relay, "--name", "phone\n"],
    ] {
        let ran = laptop.run(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("line breaks"), "{}", ran.stderr);
        let ran = laptop.run(&[&["--lang", "zh"], arguments].concat());
        assert!(ran.stderr.contains("换行"), "{}", ran.stderr);
    }
    assert!(!laptop.home.exists(), "nothing was made");
}

#[test]
fn without_a_device_every_command_says_how_to_begin() {
    let stage = Stage::new();
    let laptop = stage.troth("laptop");
    for command in [
        &["case", "list"][..],
        &["sync"],
        &["ledger", "verify"],
        &["device", "list"],
        &["practice", "status"],
    ] {
        let ran = laptop.run(command);
        assert_eq!(ran.code, 1, "{}", ran.stderr);
        assert!(
            ran.stderr.contains("troth practice init") && ran.stderr.contains("troth device join"),
            "{}",
            ran.stderr
        );
    }
    assert!(!laptop.home.exists(), "looking makes nothing");
}

#[test]
fn passphrases() {
    let stage = Stage::new();
    let relay = stage.relay();
    let init = [
        "practice",
        "init",
        "--relay",
        &relay.url,
        "--name",
        "Harbourlight",
        "--as",
        "Wanjiru Ashdown",
    ];
    std::fs::write(stage.path("passphrase"), "too short\n").unwrap();
    let short = stage.troth("laptop").run(&init);
    assert_eq!(short.code, 1);
    assert!(short.stderr.contains("15"), "{}", short.stderr);
    std::fs::write(
        stage.path("passphrase"),
        format!("{}\r\n", super::stage::PASSPHRASE),
    )
    .unwrap();
    let laptop = stage.troth("laptop");
    laptop.ok(&init);

    std::fs::write(stage.path("passphrase"), "quite another one, but long enough").unwrap();
    let wrong = laptop.run(&["case", "list"]);
    assert_eq!(wrong.code, 1);
    assert!(
        wrong.stderr.contains("passphrase does not open"),
        "{}",
        wrong.stderr
    );

    let mut none = troth();
    let none = Ran::of(
        none.arg("--home")
            .arg(&laptop.home)
            .args(["case", "list"])
            .output()
            .unwrap(),
    );
    assert_eq!(none.code, 2, "nobody is here to be asked");
    assert!(none.stderr.contains("--passphrase-file"), "{}", none.stderr);

    let mut piped = troth();
    piped
        .arg("--home")
        .arg(&laptop.home)
        .args(["--passphrase-file", "-", "--json", "case", "list"]);
    let mut child = piped
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let line = format!("{}\n", super::stage::PASSPHRASE);
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), line.as_bytes()).unwrap();
    assert_eq!(
        Ran::of(child.wait_with_output().unwrap()).code,
        0,
        "by standard input"
    );
}

#[test]
fn what_is_not_there_and_what_could_be_two_things() {
    let stage = Stage::new();
    let relay = stage.relay();
    let laptop = stage.founder(&relay);
    for name in ["Lee", "Lee"] {
        laptop.ok(&[
            "--offline",
            "case",
            "new",
            "--skip-recovery",
            name,
            "--partner-a",
            "Ann",
        ]);
    }
    let two = laptop.run(&["case", "show", "Lee"]);
    assert_eq!(two.code, 1);
    let ids: Vec<_> = laptop.json(&["case", "list"])["cases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["id"].as_str().unwrap()[..8].to_owned())
        .collect();
    assert!(
        ids.iter().all(|id| two.stderr.contains(id.as_str())),
        "both are listed: {}",
        two.stderr
    );
    assert_eq!(
        laptop.ok(&["case", "show", &ids[0]]).code,
        0,
        "and an id tells them apart"
    );
    assert_eq!(laptop.run(&["case", "show", "Wu"]).code, 1);
    assert_eq!(laptop.run(&["note", "show", "ffff"]).code, 1);
    assert_eq!(laptop.run(&["field", "get", &ids[0], "joint", "mood"]).code, 1);
    let lane = laptop.run(&["note", "add", &ids[0], "--lane", "private", "--text", "x"]);
    assert_eq!(lane.code, 2);
    assert!(lane.stderr.contains("joint, partner-a"), "{}", lane.stderr);
    assert_eq!(
        laptop.run(&["device", "revoke", "laptop"]).code,
        2,
        "not the one in use"
    );
    assert_eq!(
        laptop
            .run(&["note", "add", &ids[0], "--lane", "joint", "--text", "  "])
            .code,
        2
    );
    let error = laptop.run(&["--json", "case", "show", "Wu"]).json();
    assert_eq!(
        (error["error"]["code"].as_u64(), error["error"]["kind"].as_str()),
        (Some(1), Some("failed"))
    );
}

#[test]
fn people_are_spoken_to_in_their_language() {
    let stage = Stage::new();
    let laptop = stage.troth("laptop");
    let by_environment = Ran::of(
        laptop
            .command(&["case", "list"])
            .env("LANG", "zh_CN.UTF-8")
            .output()
            .unwrap(),
    );
    let by_flag = laptop.run(&["case", "list", "--lang", "zh"]);
    for ran in [by_environment, by_flag] {
        assert!(ran.stderr.contains("这里还没有设备"), "{}", ran.stderr);
    }
    assert!(laptop.ok(&["--help", "--lang", "zh"]).stdout.contains("退出代码"));
    let help = laptop.ok(&["--help"]).stdout;
    assert!(help.contains("EVIDENCE OF A DISHONEST RELAY"), "{help}");
    assert!(laptop.ok(&["completions", "bash"]).stdout.contains("complete -F"));
    let pages = stage.path("man");
    laptop.ok(&["man", pages.to_str().unwrap()]);
    let page = std::fs::read_to_string(pages.join("troth-case-new.1")).unwrap();
    assert!(page.contains("partner"), "{page}");
}

#[test]
fn a_file_too_long_to_be_a_ledger_is_not_read() {
    let stage = Stage::new();
    let long = stage.path("long.troth");
    std::fs::File::create(&long)
        .unwrap()
        .set_len((1 << 30) + 1)
        .unwrap();
    let mut command = troth();
    let key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    command.args(["--home", "/nowhere", "--no-input", "ledger", "verify"]);
    command.arg("--file").arg(&long).args(["--key", key]);
    let ran = Ran::of(command.output().unwrap());
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("longer than the 1024 MiB"), "{}", ran.stderr);
}

#[test]
fn colours_are_left_out_where_nobody_wants_them() {
    let coloured = |forced: bool, none: bool| {
        let mut command = super::stage::troth();
        command.arg("--nonsense").env_remove("NO_COLOR");
        if forced {
            command.env("CLICOLOR_FORCE", "1");
        }
        if none {
            command.env("NO_COLOR", "1");
        }
        command.output().unwrap().stderr.contains(&0x1b)
    };
    assert!(coloured(true, false), "else this shows nothing");
    assert!(!coloured(true, true) && !coloured(false, true) && !coloured(false, false));
}
