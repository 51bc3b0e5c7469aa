//! What was written, and what is shown of it.

use std::collections::{BTreeMap, BTreeSet};

/// Every text that was ever to be written, and whether the command reported it as done.
pub type Written = BTreeMap<String, bool>;

/// `shown` has everything of `written` that was reported, nothing that was not written, and nothing twice.
pub fn complete(shown: &[&str], written: &Written) -> Result<(), String> {
    let once: BTreeSet<_> = shown.iter().copied().collect();
    if once.len() != shown.len() {
        return Err(format!("something stands there twice: {shown:?}"));
    }
    if let Some(text) = once.iter().find(|text| !written.contains_key(**text)) {
        return Err(format!("{text} was never written"));
    }
    let lost = written
        .iter()
        .find(|(text, reported)| **reported && !once.contains(text.as_str()));
    lost.map_or(Ok(()), |(text, _)| {
        Err(format!("{text} was reported and is lost"))
    })
}

#[test]
fn what_is_lost_or_doubled_would_be_noticed() {
    let written =
        [("a", true), ("b", false), ("c", true)].map(|(text, reported)| (text.to_owned(), reported));
    let judged = |shown: &[&str]| complete(shown, &Written::from(written.clone()));
    assert_eq!(judged(&["c", "a"]), Ok(()));
    assert_eq!(
        judged(&["a", "b", "c"]),
        Ok(()),
        "what was not reported may be there"
    );
    assert!(judged(&["a", "b"]).unwrap_err().contains("lost"));
    assert!(judged(&["a", "c", "a"]).unwrap_err().contains("twice"));
    assert!(judged(&["a", "c", "d"]).unwrap_err().contains("never written"));
}
