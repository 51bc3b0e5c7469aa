//! The printed recovery kit.
//!
//! | file | holds |
//! | --- | --- |
//! | `terminal` | the sheet as text |
//! | `pdf` | the sheet as a page to print |
//! | `typeset` | which font shows what, how wide it is, where a line ends |
//! | `quiz` | whether the words that were typed again are the sheet's |
//!
//! What is built here holds the words: it is erased when dropped, and never kept.

mod pdf;
pub mod quiz;
mod terminal;
mod typeset;

use jiff::civil::Date;
use troth_protocol::ids::DeviceId;

use crate::language::Language;
use crate::messages::kit as say;
use crate::output::one_line;

/// The longest name that is shown whole, characters. A longer one is cut: the sheet is one page.
const MAX_NAME: usize = 60;
/// How much of the kit's device id is on the sheet, hexadecimal digits: 64 bits, enough for every command to tell it.
const FINGERPRINT: usize = 16;

/// What stands on the sheet.
pub struct Sheet<'a> {
    /// The kit's 24 words, in order.
    pub words: &'a [&'a str],
    /// The practice's name.
    pub practice: &'a str,
    /// The name of the member that the kit belongs to.
    pub member: &'a str,
    /// The relay's address, as it is typed.
    pub relay: &'a str,
    /// The day it was made.
    pub made: Date,
    /// The device that the kit is.
    pub device: DeviceId,
    /// The language of all but the words.
    pub language: Language,
}

impl Sheet<'_> {
    /// Whose it is and which: names and values.
    fn facts(&self) -> [(String, String); 5] {
        let language = self.language;
        [
            (say::practice(language), short(self.practice)),
            (say::member(language), short(self.member)),
            (say::relay(language), short(self.relay)),
            (say::made(language), self.made.to_string()),
            (say::device(language), fingerprint(&self.device)),
        ]
    }

    /// What it is for, and how to keep it.
    fn purpose(&self) -> [String; 3] {
        let (language, member) = (self.language, short(self.member));
        [
            say::purpose(language, &member),
            say::secret(language, &member),
            say::replace(language, &fingerprint(&self.device)),
        ]
    }

    /// The words with their numbers, from 1.
    fn numbered(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.words.iter().copied())
    }
}

/// The beginning of a kit's id, as its sheet has it.
pub fn fingerprint(device: &DeviceId) -> String {
    device.to_string().chars().take(FINGERPRINT).collect()
}

/// A name on one line, and not too long.
fn short(name: &str) -> String {
    let name = one_line(name);
    if name.chars().count() <= MAX_NAME {
        return name;
    }
    name.chars().take(MAX_NAME - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests;
