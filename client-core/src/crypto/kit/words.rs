//! The words of a kit, as people write them.

use bip39::Language;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;
use zeroize::Zeroizing;

use super::error::KitError;

/// How many words a kit has: 256 bits and a checksum of 8, eleven bits to a word.
pub const WORDS: usize = 24;
/// The most bytes of UTF-8 that are read. A numbered list takes some 400; the rest is room for decoration.
pub const MAX_KIT_TEXT: usize = 4096;

/// The longest word of the English list is eight letters. More of a wrong one is not repeated: written without spaces, it
/// could be the whole kit.
const MAX_SHOWN: usize = 10;
/// By these many letters BIP-39 tells English words apart.
const TELLING: usize = 4;
/// A word further away than these many edits, or half the letters, is no guess worth making.
const MAX_EDITS: usize = 2;

/// Which of BIP-39's lists the words are taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WordList {
    /// English: words of three to eight letters.
    English,
    /// 简体中文: single characters.
    Chinese,
}

impl WordList {
    /// Its name in the library.
    pub(super) const fn language(self) -> Language {
        match self {
            Self::English => Language::English,
            Self::Chinese => Language::SimplifiedChinese,
        }
    }

    /// The word that a normalized token stands for.
    fn word(self, token: &str) -> Option<&'static str> {
        let list = self.language();
        if let Some(at) = list.find_word(token) {
            return list.word_list().get(usize::from(at)).copied();
        }
        let telling = self == Self::English && token.len() >= TELLING;
        telling.then(|| list.words_by_prefix_iter(token).next()).flatten()
    }

    /// The words that a token was most likely meant to be: at most two, equally near.
    fn nearest(self, token: &str) -> Vec<&'static str> {
        let length = token.chars().count();
        // A Chinese word is one character: every other one is one edit away.
        if self == Self::Chinese || length > MAX_SHOWN {
            return Vec::new();
        }
        let words = self.language().word_list().iter();
        let near: Vec<_> = words
            .map(|word| (strsim::osa_distance(word, token), *word))
            .filter(|(edits, _)| *edits <= MAX_EDITS && 2 * edits < length)
            .collect();
        let least = near.iter().map(|(edits, _)| *edits).min();
        let nearest = near.into_iter().filter(|(edits, _)| Some(*edits) == least);
        nearest.map(|(_, word)| word).take(2).collect()
    }
}

/// Words that were read, as the list has them.
pub(super) struct Read {
    pub(super) list: WordList,
    pub(super) count: usize,
    /// One space between any two.
    pub(super) text: Zeroizing<String>,
}

/// Reads words, whole or in part.
pub(super) fn read(text: &str) -> Result<Read, KitError> {
    if text.len() > MAX_KIT_TEXT {
        return Err(KitError::TooLong);
    }
    let text = normalized(text);
    let chinese = tokens(&text).filter(|token| is_ideograph(token)).count();
    let list = if 2 * chinese > tokens(&text).count() {
        WordList::Chinese
    } else {
        WordList::English
    };
    let mut count = 0;
    let mut found = Zeroizing::new(String::with_capacity(text.len() + MAX_KIT_TEXT));
    for token in tokens(&text) {
        count += 1;
        let word = list.word(token).ok_or_else(|| KitError::NotAWord {
            number: count,
            word: shown(token),
            nearest: list.nearest(token),
        })?;
        push(&mut found, word);
    }
    Ok(Read {
        list,
        count,
        text: found,
    })
}

/// Words with one space between any two.
pub(super) fn joined<'a>(words: impl Iterator<Item = &'a str>) -> Zeroizing<String> {
    // Room for the longest, so that no copy is left behind by growing.
    let mut text = Zeroizing::new(String::with_capacity(WORDS * 9));
    words.for_each(|word| push(&mut text, word));
    text
}

fn push(text: &mut String, word: &str) {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(word);
}

/// NFKD (BIP-39), which makes full-width characters plain, in lower case; accents and what is invisible left out, since no
/// word of the lists has any.
fn normalized(text: &str) -> Zeroizing<String> {
    let mut plain = Zeroizing::new(String::with_capacity(4 * text.len()));
    for c in text
        .nfkd()
        .filter(|c| !is_combining_mark(*c) && !is_invisible(*c))
    {
        plain.extend(c.to_lowercase());
    }
    plain
}

/// Soft hyphens, joiners and marks of direction or order, which copying from a page brings along.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

/// What stands between spaces and punctuation, less the number in front; each ideograph for itself.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
        .flat_map(|run| run.split_inclusive(ideograph).flat_map(before_ideograph))
        .map(|token| token.trim_start_matches(char::is_numeric))
        .filter(|token| !token.is_empty())
}

/// A piece that ends in an ideograph, as what was before it and the ideograph; any other piece, as it is.
fn before_ideograph(piece: &str) -> [&str; 2] {
    match piece.char_indices().next_back() {
        Some((at, last)) if ideograph(last) => [&piece[..at], &piece[at..]],
        _ => [piece, ""],
    }
}

fn is_ideograph(token: &str) -> bool {
    token.chars().all(ideograph)
}

/// From the CJK radicals on there are no alphabets that people mix with these lists.
fn ideograph(c: char) -> bool {
    c >= '\u{2e80}' && c.is_alphabetic()
}

/// As much of a wrong word as is safe to repeat.
fn shown(token: &str) -> String {
    let mut shown: String = token.chars().take(MAX_SHOWN).collect();
    if shown.len() < token.len() {
        shown.push('…');
    }
    shown
}
