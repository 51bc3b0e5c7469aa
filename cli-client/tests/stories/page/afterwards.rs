//! What can be done through the same link when the answers are with the practice.

use serde_json::json;

use super::{couple, id, inbox, link, text, walk};

#[test]
fn a_client_sees_what_they_sent_withdraws_and_is_given_a_copy_and_an_erasure_receipt() {
    let Some((_stage, _relay, laptop)) = couple() else {
        return;
    };
    let link = link(&laptop, "a", "consent");
    let words = "Theodore Quillfeather";
    walk(json!({ "scenario": "walk", "link": link, "words": words }));
    let told =
        walk(json!({ "scenario": "again", "link": link, "asks": ["withdraw", "copy"], "pictures": true }));
    assert!(text(&told, "text").contains(words), "{told:#}");
    let came = inbox(&laptop);
    let kinds: Vec<&str> = came.iter().map(|came| came["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["answers", "withdraw", "copy"]);
    assert!(came.iter().all(|came| came["same_client"] == true));
    // One consent of two: the first, by its name in the form.
    let withdrawn = laptop.json(&["inbox", "show", id(&came[1])]);
    assert!(withdrawn.to_string().contains("service"), "{withdrawn:#}");
    assert!(!withdrawn.to_string().contains("sensitive"), "{withdrawn:#}");
    for submission in &came {
        laptop.ok(&["inbox", "accept", id(submission)]);
    }
    laptop.ok(&["sync"]);

    // The answers arrive where the questions were asked, in either language.
    let told = walk(json!({ "scenario": "again", "link": link, "language": "zh", "asks": ["erase"] }));
    let said = text(&told, "text");
    assert!(said.contains("机构的答复") && said.contains("已处理"), "{said}");
    assert_eq!(said.matches(words).count(), 2, "as sent, and as copied: {said}");
    let asked = inbox(&laptop);
    let asked = asked.iter().find(|came| came["kind"] == "erase").unwrap();
    laptop.ok(&["inbox", "accept", id(asked), "--erase"]);
    laptop.ok(&["sync"]);
    let told = walk(json!({ "scenario": "again", "link": link, "hidden": [words] }));
    let said = text(&told, "text");
    assert!(said.contains("was erased, by entry"), "{said}");
    assert!(!said.contains(words), "{said}");
}
