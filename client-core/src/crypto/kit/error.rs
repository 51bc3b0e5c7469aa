//! Why words are refused, in words for whoever holds the sheet.

use std::fmt::Write as _;

use thiserror::Error;

/// Why words are no kit. Of the words it holds the wrong one alone.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KitError {
    /// More than [`MAX_KIT_TEXT`](super::MAX_KIT_TEXT) bytes.
    #[error("this is more than the 24 words of a kit: give the words alone")]
    TooLong,
    /// A word is in no list.
    #[error("word {number}, \"{word}\", is not in the list{}: look at the sheet again", guesses(.nearest))]
    NotAWord {
        /// Which one, from 1.
        number: usize,
        /// What was read, in lower case, cut after ten characters.
        word: String,
        /// What it was most likely meant to be: two at most.
        nearest: Vec<&'static str>,
    },
    /// Another number of words than [`WORDS`](super::WORDS).
    #[error("these are {0} of 24 words: give all of them, and nothing else")]
    Count(usize),
    /// Every word is in the list; together they do not fit.
    #[error("the words do not fit together: one of the words, or their order, is another than printed")]
    Checksum,
}

fn guesses(nearest: &[&str]) -> String {
    let mut text = String::new();
    for (at, word) in nearest.iter().enumerate() {
        let before = if at == 0 { " (perhaps" } else { " or" };
        let _ = write!(text, "{before} \"{word}\"");
    }
    if !text.is_empty() {
        text.push(')');
    }
    text
}
