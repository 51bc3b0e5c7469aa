//! How much of a passphrase is left once what guessing tools try first is taken out.

use std::collections::BTreeSet;

use zeroize::Zeroizing;

/// Runs and repeats shorter than this are left alone: they are in every sentence.
const SHORTEST_RUN: usize = 3;
/// Likewise for keyboard walks, of which short ones are in many words ("were", "pool").
const SHORTEST_WALK: usize = 4;

/// Words that common passwords are built of. This is not the blocklist: one of them costs a passphrase nothing but
/// itself.
const WORDS: [&str; 55] = [
    "password",
    "passwort",
    "passphrase",
    "passcode",
    "welcome",
    "letmein",
    "letme",
    "admin",
    "administrator",
    "login",
    "secret",
    "master",
    "dragon",
    "monkey",
    "iloveyou",
    "football",
    "baseball",
    "basketball",
    "sunshine",
    "princess",
    "superman",
    "batman",
    "starwars",
    "pokemon",
    "whatever",
    "trustno",
    "shadow",
    "michael",
    "jennifer",
    "jessica",
    "summer",
    "winter",
    "spring",
    "autumn",
    "january",
    "december",
    "monday",
    "friday",
    "changeme",
    "default",
    "temp",
    "troth",
    "counseling",
    "counselling",
    "counselor",
    "counsellor",
    "therapy",
    "therapist",
    "practice",
    "marriage",
    "premarital",
    "couples",
    "church",
    "jesus",
    "computer",
];

/// Rows and columns of the usual keyboards, in one direction.
const WALKS: [&str; 8] = [
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "01234567890",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
    "zaq1xsw2cde3vfr4bgt5nhy6mju7",
];

/// The letters and digits, in lower case.
pub(super) fn fold(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// The unpredictable characters: each one that no pattern covers, each pattern once, and each kind of punctuation once.
/// The least over the readings of the text: as it stands, with the usual substitutions of signs for letters undone, and
/// with the shift key released.
pub(super) fn surprise(text: &str, personal: &[&str]) -> usize {
    let mut words: Vec<Vec<char>> = WORDS.iter().map(|word| word.chars().collect()).collect();
    words.extend(
        personal
            .iter()
            .flat_map(|name| name.split_whitespace())
            .map(|name| fold(name).chars().collect()),
    );
    words.retain(|word| word.len() >= SHORTEST_RUN);
    [|c| c, unleet, unshift as fn(char) -> char]
        .iter()
        .map(|read| surprise_of(text, *read, &words))
        .min()
        .unwrap_or(0)
}

fn surprise_of(text: &str, read: fn(char) -> char, words: &[Vec<char>]) -> usize {
    let chars: Zeroizing<Vec<char>> = text
        .chars()
        .flat_map(char::to_lowercase)
        .map(read)
        .collect::<Vec<_>>()
        .into();
    let punctuation: BTreeSet<char> = chars
        .iter()
        .copied()
        .filter(|c| !c.is_alphanumeric() && !c.is_whitespace())
        .collect();
    let letters: Zeroizing<Vec<char>> = chars
        .iter()
        .copied()
        .filter(|c| c.is_alphanumeric())
        .collect::<Vec<_>>()
        .into();
    let (mut at, mut count) = (0, punctuation.len());
    while at < letters.len() {
        at += covered(&letters, at, words).max(1);
        count += 1;
    }
    count
}

/// How many characters from `at` on one pattern covers; 0 if none does.
fn covered(text: &[char], at: usize, words: &[Vec<char>]) -> usize {
    let word = words
        .iter()
        .filter(|word| text[at..].starts_with(word))
        .map(Vec::len)
        .max()
        .unwrap_or(0);
    let steps = [0, 1, -1]
        .map(|step| at_least(SHORTEST_RUN, run(text, at, step)))
        .into_iter()
        .max()
        .unwrap_or(0);
    word.max(steps)
        .max(at_least(SHORTEST_WALK, walk(text, at)))
        .max(at_least(SHORTEST_RUN, repeat(text, at)))
}

fn at_least(least: usize, length: usize) -> usize {
    if length >= least { length } else { 0 }
}

/// How long code points go on by `step`: "aaa", "abc", "321".
fn run(text: &[char], at: usize, step: i64) -> usize {
    let code = |c: char| i64::from(u32::from(c));
    1 + text[at..]
        .windows(2)
        .take_while(|pair| code(pair[1]) - code(pair[0]) == step)
        .count()
}

/// How long neighbours on a keyboard go on, in either direction.
fn walk(text: &[char], at: usize) -> usize {
    let forward = |row: &str| common_prefix(row.chars().collect(), &text[at..]);
    let backward = |row: &str| common_prefix(row.chars().rev().collect(), &text[at..]);
    WALKS
        .iter()
        .map(|row| forward(row).max(backward(row)))
        .max()
        .unwrap_or(0)
}

/// The longest start of `text` found anywhere in `row`.
fn common_prefix(row: Vec<char>, text: &[char]) -> usize {
    (0..row.len())
        .map(|from| row[from..].iter().zip(text).take_while(|(a, b)| a == b).count())
        .max()
        .unwrap_or(0)
}

/// How much from `at` on repeats what stood earlier, running over into itself or not: "dogdogdog".
fn repeat(text: &[char], at: usize) -> usize {
    (0..at)
        .map(|from| {
            text[from..]
                .iter()
                .zip(&text[at..])
                .take_while(|(a, b)| a == b)
                .count()
        })
        .max()
        .unwrap_or(0)
}

fn unleet(c: char) -> char {
    match c {
        '@' | '4' => 'a',
        '3' => 'e',
        '1' | '!' => 'i',
        '0' => 'o',
        '$' | '5' => 's',
        '7' | '+' => 't',
        other => other,
    }
}

/// The digit below a sign on the usual keyboard's top row.
fn unshift(c: char) -> char {
    match c {
        '!' => '1',
        '@' => '2',
        '#' => '3',
        '$' => '4',
        '%' => '5',
        '^' => '6',
        '&' => '7',
        '*' => '8',
        '(' => '9',
        ')' => '0',
        other => other,
    }
}
