//! What is on the disk of a device: ciphertext.

use std::path::Path;

use super::stage::{PASSPHRASE, Stage};

fn bytes_below(dir: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for item in std::fs::read_dir(dir).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() {
            all.extend(bytes_below(&path));
        } else {
            all.extend(std::fs::read(path).unwrap());
        }
    }
    all
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window.eq_ignore_ascii_case(needle))
}

/// In the encodings that programs leave text in.
fn find<'a>(haystack: &[u8], secrets: &[&'a str]) -> Option<&'a str> {
    secrets.iter().copied().find(|secret| {
        let wide: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        [secret.as_bytes(), &wide, hex.as_bytes()]
            .into_iter()
            .any(|needle| holds(haystack, needle))
    })
}

#[test]
fn a_copied_home_gives_nothing_away() {
    let stage = Stage::new();
    let relay = stage.relay();
    let laptop = stage.founder(&relay);
    let phone = stage.second(&relay, &laptop);
    let note = "Theodore feels unheard since the move to Lisbon.";
    laptop.ok(&[
        "case",
        "new",
        "--skip-recovery",
        "Pemberton & Lin",
        "--partner-a",
        "Theodore Pemberton",
        "--partner-b",
        "林书瑶",
    ]);
    laptop.ok(&[
        "note",
        "add",
        "Pemberton & Lin",
        "--lane",
        "joint",
        "--text",
        note,
    ]);
    phone.ok(&["sync"]);
    phone.ok(&[
        "--offline",
        "field",
        "set",
        "Pemberton & Lin",
        "joint",
        "wedding day",
        "the fourteenth",
    ]);
    phone.ok(&[
        "--offline",
        "note",
        "add",
        "Pemberton & Lin",
        "--lane",
        "partner-b",
        "--text",
        "waits in the outbox",
    ]);
    phone.ok(&["note", "list", "Pemberton & Lin"]);
    laptop.ok(&["device", "revoke", "phone"]);
    assert_eq!(phone.run(&["sync"]).code, 4);

    let practice = laptop.json(&["practice", "status"])["practice"]
        .as_str()
        .unwrap()
        .to_owned();
    let secrets = [
        PASSPHRASE,
        "otter gravel",
        "Harbourlight",
        "Wanjiru",
        "Ashdown",
        "Pemberton",
        "Theodore",
        "林书瑶",
        "unheard",
        "Lisbon",
        "wedding day",
        "fourteenth",
        "waits in the outbox",
        "partner-b",
        "127.0.0.1",
        &practice,
    ];
    for home in [&laptop.home, &phone.home] {
        let bytes = bytes_below(home);
        assert!(bytes.len() > 20_000, "there is something to look through");
        assert!(
            holds(&bytes, b"SQLite format 3"),
            "and the search can find what is there"
        );
        assert_eq!(find(&bytes, &secrets), None, "in {}", home.display());
    }
    let planted = [&bytes_below(&laptop.home)[..], note.as_bytes()].concat();
    assert_eq!(find(&planted, &secrets), Some("Theodore"));
}
