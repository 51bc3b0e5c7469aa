//! Links that do not work: each has a page that says what to do.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::{CASE, couple, inbox, link, text, walk};

fn said(link: &str, language: &str) -> String {
    let told = walk(json!({ "scenario": "trouble", "link": link, "language": language }));
    text(&told, "text").to_owned()
}

#[test]
fn a_link_that_was_cut_altered_or_left_out_says_what_to_do() {
    let Some((_stage, _relay, laptop)) = couple() else {
        return;
    };
    let link = link(&laptop, "a", "consent");
    assert!(said(&link[..link.len() - 4], "en").contains("not whole"));
    // The recipient key's digest, and the secret: what is behind the link is not what it leads to.
    let dots: Vec<usize> = link.match_indices('.').map(|(at, _)| at).collect();
    for part in [dots[dots.len() - 2], dots[dots.len() - 1]] {
        let mut altered = link.clone();
        let other = if &link[part + 3..part + 4] == "x" {
            "y"
        } else {
            "x"
        };
        altered.replace_range(part + 3..part + 4, other);
        assert!(said(&altered, "en").contains("Nothing was sent"), "at {part}");
    }
    let mut unknown = link.clone();
    let invite = dots[dots.len() - 3];
    unknown.replace_range(invite + 1..invite + 5, "AAAA");
    assert!(said(&unknown, "zh").contains("没有这样的链接"));
    assert!(said(link.split('#').next().unwrap(), "en").contains("needs the link"));
}

#[test]
fn a_link_that_was_revoked_or_has_expired_says_so_and_whom_to_ask() {
    let Some((_stage, _relay, laptop)) = couple() else {
        return;
    };
    let soon = (Timestamp::now() + Duration::from_secs(4)).to_string();
    let brief = ["--partner", "b", "--form", "consent", "--expires", &soon];
    let made = laptop.json(&[&["intake", "new", CASE], &brief[..]].concat());
    let expired = made["link"].as_str().unwrap().to_owned();
    let revoked = link(&laptop, "a", "consent");
    let listed = laptop.json(&["intake", "list"]);
    let open = listed["links"]
        .as_array()
        .unwrap()
        .iter()
        .find(|link| link["lane"] == "partner-a");
    let invite = open.unwrap()["invite"].as_str().unwrap();
    laptop.ok(&["intake", "revoke", &invite[..8]]);
    assert!(said(&revoked, "en").contains("closed by the practice"));
    assert!(said(&revoked, "zh").contains("机构已关闭此链接"));
    std::thread::sleep(Duration::from_secs(4));
    let said = said(&expired, "en");
    assert!(
        said.contains("time to answer") && said.contains("new one"),
        "{said}"
    );
    assert!(inbox(&laptop).is_empty());
}

#[test]
fn whoever_finds_a_link_sees_the_form_and_never_an_answer() {
    let Some((stage, _relay, laptop)) = couple() else {
        return;
    };
    let link = link(&laptop, "a", "consent");
    let words = "Theodore Quillfeather";
    walk(json!({ "scenario": "begin", "link": link, "words": words }));
    // A draft, and then what was sent: a partner, or whoever reads a shared mailbox, has the link and not the PIN.
    let find = || walk(json!({ "scenario": "found", "link": link, "pin": "555-1212", "hidden": [words] }));
    let told = find();
    assert!(text(&told, "about").contains("Consent to counseling"), "{told:#}");
    assert!(text(&told, "text").contains("not the PIN"), "{told:#}");
    assert!(text(&told, "text").contains("Tries left: 9"), "{told:#}");
    walk(json!({ "scenario": "resume", "link": link, "words": words }));
    let told = find();
    assert!(
        text(&told, "about").contains("Answers were sent through this link"),
        "{told:#}"
    );
    assert!(text(&told, "text").contains("Tries left: 8"), "{told:#}");
    // Eight more guesses, and the link opens nothing any more, for whoever has the PIN too.
    let pin = stage.path("guess");
    std::fs::write(&pin, "5551213\n").unwrap();
    let guess = ["intake", "status", "-", "--pin-file", pin.to_str().unwrap()];
    for _ in 0..8 {
        assert_eq!(stage.troth("nobody").with_stdin(&guess, &link).code, 4);
    }
    let told = walk(json!({ "scenario": "trouble", "link": link }));
    assert!(text(&told, "text").contains("Ask for a new link"), "{told:#}");
}
