//! Edits as people make them: real changes of real documents, made ahead of the clock.

use anyhow::Result;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use troth_client_core::document::{LaneDocument, NewNote};

/// What notes are made of.
const WORDS: [&str; 40] = [
    "they",
    "agreed",
    "to",
    "listen",
    "before",
    "answering",
    "the",
    "second",
    "week",
    "was",
    "harder",
    "than",
    "first",
    "money",
    "came",
    "up",
    "again",
    "she",
    "said",
    "he",
    "had",
    "not",
    "heard",
    "her",
    "plan",
    "for",
    "next",
    "session",
    "talk",
    "about",
    "family",
    "and",
    "what",
    "each",
    "expects",
    "of",
    "marriage",
    "conflict",
    "style",
    "calm",
];
/// Fields that a counselor fills in again and again.
const FIELDS: [&str; 8] = [
    "mood",
    "goal",
    "homework",
    "conflict",
    "finances",
    "next-session",
    "strengths",
    "worries",
];

/// Changes of about 150 bytes: a field gets a new sentence.
///
/// # Errors
/// The document engine fails.
pub fn fields(seed: u64, actor: [u8; 16], count: usize) -> Result<Vec<Vec<u8>>> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut lane = LaneDocument::new(actor)?;
    (0..count)
        .map(|i| Ok(lane.set_field(FIELDS[i % FIELDS.len()], &sentence(&mut rng, 7))?))
        .collect()
}

/// A note's first version and the sentences added to it one by one: `count` changes.
///
/// # Errors
/// The document engine fails.
pub fn note(seed: u64, actor: [u8; 16], count: usize) -> Result<Vec<Vec<u8>>> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut lane = LaneDocument::new(actor)?;
    let mut text = sentence(&mut rng, 8);
    let note = NewNote {
        author: "a1b2c3d4".into(),
        created_ms: 1,
        template: "soap".into(),
        text: text.clone(),
    };
    let mut changes = vec![lane.add_note([7; 16], &note)?];
    while changes.len() < count {
        text.push_str(". ");
        text.push_str(&sentence(&mut rng, 6));
        changes.push(lane.edit_note([7; 16], &text)?);
    }
    Ok(changes)
}

fn sentence(rng: &mut StdRng, words: usize) -> String {
    let words: Vec<&str> = (0..words)
        .map(|_| WORDS[rng.random_range(0..WORDS.len())])
        .collect();
    words.join(" ")
}
