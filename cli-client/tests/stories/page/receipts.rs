//! Receipts, checked by anybody; and the page on an origin of its own.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::super::stage::server;
use super::{couple, inbox, link, text, walk};

fn check(address: &str) -> Value {
    walk(json!({ "scenario": "receipt", "link": address, "print": true }))
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &name);
        } else {
            std::fs::copy(&path, &name).unwrap();
        }
    }
}

#[test]
fn a_receipt_is_proven_by_the_relays_tiles_and_a_false_one_is_not() {
    let Some((stage, relay, laptop)) = couple() else {
        return;
    };
    let link = link(&laptop, "a", "consent");
    let words = "Theodore Quillfeather";
    relay.kill();
    // What the relay kept before anything was sent: a backup, or a lie.
    copy(&stage.path("relay"), &stage.path("before"));
    let relay = stage.relay_at(link.split("/i#").next().unwrap());
    let told = walk(json!({ "scenario": "walk", "link": link, "words": words }));
    let address = text(&told, "receiptAddress").replace(
        text(&told, "receiptAddress").split("/r#").next().unwrap(),
        &relay.url,
    );
    assert!(!address.contains("Quillfeather"));
    let number = inbox(&laptop)[0]["submission"].as_str().unwrap().to_owned();
    assert!(text(&told, "receipt").contains(&number), "{told:#}");
    // The ledger grows; the receipt is as good as before.
    laptop.ok(&["note", "add", super::CASE, "--lane", "joint", "--text", "Later."]);
    let told = walk(json!({ "scenario": "receipt", "link": address, "pictures": true, "print": true }));
    assert_eq!(told["steps"], json!(["receipt-checked"]));
    let said = text(&told, "text");
    for part in [
        "genuine",
        "proves that this very entry",
        "begins with that one",
        &number,
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains(words) && !text(&told, "address").contains('#'));
    assert!(told["printed"].as_u64() > Some(5_000), "it prints: {told:#}");

    let (page, receipt) = address.split_once('#').unwrap();
    for (told, because) in [
        (check(&address[..address.len() - 9]), "not whole"),
        (check(page), "there is none"),
        (
            check(&format!(
                "{page}#{}",
                receipt.replacen(&receipt[60..64], "AAAA", 1)
            )),
            "altered or made up",
        ),
    ] {
        assert_eq!(told["steps"], json!(["receipt-trouble"]), "{because}");
        assert!(text(&told, "text").contains(because), "{told:#}");
    }
    // A relay that goes back to before it is found out.
    let url = relay.url.clone();
    relay.kill();
    std::fs::remove_dir_all(stage.path("relay")).unwrap();
    copy(&stage.path("before"), &stage.path("relay"));
    let _relay = stage.relay_at(&url);
    let told = check(&address);
    assert!(text(&told, "text").contains("shorter than it was"), "{told:#}");
}

#[test]
fn the_page_on_an_origin_of_its_own_talks_to_its_relay() {
    let Some((_stage, relay, laptop)) = couple() else {
        return;
    };
    let mut host = Command::new(server())
        .args([
            "page",
            "--listen",
            "127.0.0.1:0",
            "--log-level",
            "error",
            "--relay",
            &relay.url,
        ])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(host.stdout.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    let own = line.trim().strip_prefix("listening on ").unwrap().to_owned();
    let link = link(&laptop, "b", "gad-7").replace(&relay.url, &own);
    let told = walk(json!({
        "scenario": "elsewhere", "link": link, "relay": relay.url, "language": "zh", "pin": "702215",
    }));
    assert!(text(&told, "receiptAddress").starts_with(&own), "{told:#}");
    assert!(text(&told, "text").contains("此回执属实"), "{told:#}");
    assert_eq!(inbox(&laptop).len(), 1);
    let listed = Command::new(server())
        .args(["assets", "--relay", &relay.url])
        .output()
        .unwrap();
    assert_eq!(told["files"]["listed"], String::from_utf8(listed.stdout).unwrap());
    let files = told["files"]["checked"].as_array().unwrap();
    assert!(files.iter().all(|file| file["same"] == true), "{files:#?}");
    let socket = relay.url.replace("http", "ws");
    let policy = files[0]["policy"].as_str().unwrap();
    assert!(
        policy.contains(&format!("connect-src 'self' {} {socket};", relay.url)),
        "{policy}"
    );
    host.kill().unwrap();
    host.wait().unwrap();
}
