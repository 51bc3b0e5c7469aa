//! There is no kit either: two admins bring a member back, or one after a wait.

use super::*;

/// Somebody whom an admin let in, on a device of their own.
fn joined(stage: &Stage, admin: &Troth, role: &str, name: &str, home: &str) -> Troth {
    let invited = admin.json(&["member", "invite", "--role", role]);
    let code = invited["code"].as_str().unwrap();
    let newcomer = stage.troth(home);
    let mut confirming = admin
        .command(&["member", "confirm", "--compare", "-"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let joining = newcomer.spawn(&["practice", "join", code, "--as", name, "--device-name", home]);
    let (shown, joining) = first_line(joining);
    let mut stdin = confirming.stdin.take().unwrap();
    std::io::Write::write_all(&mut stdin, format!("{shown}\n").as_bytes()).unwrap();
    drop(stdin);
    for child in [confirming, joining] {
        let ran = Ran::of(child.wait_with_output().unwrap());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }
    admin.ok(&["sync"]);
    newcomer
}

/// Somebody without any device asks an admin, who proposes it: what that came to on both sides.
fn ask(lost: &Troth, url: &str, admin: &Troth, member: &str) -> (Ran, Ran) {
    let asking = lost.spawn(&["recovery", "ask", "--relay", url, "--name", "new desk"]);
    let (code, asking) = first_line(asking);
    let proposed = admin.run(&["--json", "recovery", "propose", code.trim(), member]);
    if proposed.code == 0 {
        let asked = Ran::of(asking.wait_with_output().unwrap());
        return (asked, proposed);
    }
    let mut asking = asking;
    asking.kill().unwrap();
    (Ran::of(asking.wait_with_output().unwrap()), proposed)
}

const LOST: &str = "Idris Brook";

#[test]
fn two_admins_bring_back_who_lost_everything_but_not_what_only_they_could_read() {
    let stage = Stage::new();
    let relay = stage.relay();
    let laptop = stage.founder(&relay);
    let grace = joined(&stage, &laptop, "admin", "Grace Hollis", "grace");
    let idris = joined(&stage, &laptop, "counselor", LOST, "idris");
    idris.ok(&idris.open(&["case", "new", "--skip-recovery", CASE, "--partner-a", "Theodore"]));
    idris.ok(&["note", "add", CASE, "--lane", "joint", "--text", "They argue."]);
    idris.ok(&idris.open(&["note", "add", CASE, "--lane", "process-notes", "--text", "Mine."]));
    for admin in [&laptop, &grace] {
        admin.ok(&["sync"]);
    }
    std::fs::remove_dir_all(&idris.home).unwrap();

    let desk = stage.troth("desk");
    let (asked, proposed) = ask(&desk, &relay.url, &laptop, LOST);
    assert_eq!(proposed.code, 0, "{}", proposed.stderr);
    assert_eq!(asked.code, 0, "{}", asked.stderr);
    let id = proposed.json()["recovery"]["id"].as_str().unwrap()[..8].to_owned();
    let waiting = desk.run(&["sync"]);
    assert_eq!(waiting.code, 4, "{}", waiting.stderr);
    assert!(waiting.stderr.contains("approval"), "{}", waiting.stderr);

    // Everybody sees it, again and again.
    for _ in 0..2 {
        let seen = grace.ok(&["sync"]).stderr;
        for part in [
            "RECOVERY PROPOSED",
            LOST,
            "Wanjiru Ashdown",
            &format!("troth recovery stop {id}"),
        ] {
            assert!(seen.contains(part), "{seen}");
        }
    }
    let alone = laptop.run(&["--json", "recovery", "approve", &id]);
    assert_eq!(alone.code, 4, "{}", alone.stderr);
    assert_eq!(alone.json()["error"]["rule"], 30);
    let open = laptop.json(&["recovery", "list"])["recoveries"][0].clone();
    assert_eq!(open["approvable"], false);
    let wait = open["ripe_ms"].as_u64().unwrap() - open["proposed_ms"].as_u64().unwrap();
    assert_eq!(wait, 72 * 3_600_000);

    let approved = grace.json(&["recovery", "approve", LOST]);
    assert_eq!(approved["approved"], true);
    assert_eq!(grace.json(&["recovery", "list"])["recoveries"], json!([]));
    laptop.ok(&["note", "add", CASE, "--lane", "joint", "--text", "Welcome back."]);
    desk.ok(&["sync"]);
    let notes = desk.json(&["note", "list", CASE, "--lane", "joint"])["notes"].clone();
    let texts: Vec<_> = notes
        .as_array()
        .unwrap()
        .iter()
        .map(|note| &note["text"])
        .collect();
    assert_eq!(texts, ["They argue.", "Welcome back."], "with its history");
    let own = desk.run(&desk.open(&["note", "list", CASE, "--lane", "process-notes"]));
    assert!(!own.stdout.contains("Mine."), "{}{}", own.stdout, own.stderr);
    desk.ok(&["note", "add", CASE, "--lane", "joint", "--text", "Thank you."]);
    let devices = desk.json(&["device", "list"])["devices"].clone();
    let mine = desk.json(&["practice", "status"])["member"].clone();
    let mut mine = devices.as_array().unwrap().iter().filter(|d| d["member"] == mine);
    assert!(mine.all(|d| d["active"] == d["this"]), "{devices}");
    for troth in [&laptop, &grace, &desk] {
        troth.ok(&["sync"]);
        troth.ok(&["ledger", "verify"]);
    }
}

#[test]
fn whoever_did_not_ask_stops_it() {
    let stage = Stage::new();
    let relay = stage.relay();
    let laptop = stage.founder(&relay);
    let grace = joined(&stage, &laptop, "admin", "Grace Hollis", "grace");
    let idris = joined(&stage, &laptop, "counselor", LOST, "idris");
    let stranger = stage.troth("stranger");
    let (_, refused) = ask(&stranger, &relay.url, &idris, "Grace Hollis");
    assert_eq!(refused.code, 4, "no counselor proposes: {}", refused.stderr);
    let (_, own) = ask(&stranger, &relay.url, &laptop, "Wanjiru Ashdown");
    assert_eq!(own.code, 2, "nor anybody themselves: {}", own.stderr);

    let (_, proposed) = ask(&stranger, &relay.url, &laptop, LOST);
    assert_eq!(proposed.code, 0, "{}", proposed.stderr);
    let id = proposed.json()["recovery"]["id"].as_str().unwrap()[..8].to_owned();
    let approving = idris.run(&["recovery", "approve", &id]);
    assert_eq!(approving.code, 4, "{}", approving.stderr);
    grace.ok(&["sync"]);
    let (_, twice) = ask(&stage.troth("other"), &relay.url, &grace, LOST);
    assert_eq!(twice.code, 4, "one at a time: {}", twice.stderr);

    let stopped = idris.json(&["recovery", "stop", &id]);
    assert_eq!(stopped["stopped"], true);
    for admin in [&laptop, &grace] {
        let late = admin.run(&["recovery", "approve", &id]);
        assert_eq!(late.code, 1, "{}", late.stderr);
        assert!(late.stderr.contains("no open recovery"), "{}", late.stderr);
        assert!(!admin.ok(&["sync"]).stderr.contains("RECOVERY PROPOSED"));
    }
    assert_eq!(stranger.run(&["sync"]).code, 4);
    assert!(idris.ok(&["ledger", "log"]).stdout.contains("stopped a recovery"));
    idris.ok(&["ledger", "verify"]);
}

#[test]
fn an_admin_who_lost_everything_is_an_admin_again() {
    let stage = Stage::new();
    let relay = stage.relay();
    let laptop = stage.founder(&relay);
    let grace = joined(&stage, &laptop, "admin", "Grace Hollis", "grace");
    let idris = joined(&stage, &laptop, "admin", LOST, "idris");
    laptop.ok(&["case", "new", "--skip-recovery", CASE, "--partner-a", "Theodore"]);
    laptop.ok(&["note", "add", CASE, "--lane", "joint", "--text", "They argue."]);
    std::fs::remove_dir_all(&idris.home).unwrap();
    grace.ok(&["sync"]);

    let desk = stage.troth("desk");
    let (_, proposed) = ask(&desk, &relay.url, &laptop, LOST);
    assert_eq!(proposed.code, 0, "{}", proposed.stderr);
    grace.ok(&["recovery", "approve", LOST]);
    desk.ok(&["sync"]);
    assert_eq!(first_note(&desk), "They argue.");
    desk.ok(&["note", "add", CASE, "--lane", "joint", "--text", "I am back."]);
    desk.ok(&["case", "new", "--skip-recovery", "Wu", "--partner-a", "Ann"]);
    for troth in [&laptop, &grace, &desk] {
        troth.ok(&["sync"]);
        assert_eq!(
            troth.json(&["case", "list"])["cases"].as_array().unwrap().len(),
            2
        );
        troth.ok(&["ledger", "verify"]);
    }
}
