//! The words typed again, from paper: the only proof that the sheet can be read and was not mixed up. All of them are asked
//! for, since a kit with one illegible word is no kit.

use troth_client_core::crypto::{Kit, KitError};
use troth_protocol::ids::DeviceId;

use crate::language::Language;
use crate::messages::kit as say;

/// Why the words are not the sheet's.
#[derive(Debug, PartialEq, Eq)]
pub enum Wrong {
    /// They are no kit.
    Unreadable(KitError),
    /// They are a kit, but not the one with this id.
    Another(DeviceId),
}

impl Wrong {
    /// What is wrong, and what to do.
    pub fn message(&self, language: Language) -> String {
        match self {
            Self::Unreadable(error) => say::error(language, error),
            Self::Another(expected) => say::another(language, &super::fingerprint(expected)),
        }
    }
}

/// The kit, if these are the words of the one that the roster knows by this id. Ids are compared in constant time.
///
/// # Errors
/// They are not.
pub fn check(text: &str, expected: &DeviceId) -> Result<Kit, Wrong> {
    let kit = Kit::parse(text).map_err(Wrong::Unreadable)?;
    if kit.is(expected) {
        Ok(kit)
    } else {
        Err(Wrong::Another(*expected))
    }
}

#[cfg(test)]
mod tests {
    use troth_client_core::crypto::WordList;

    use super::*;

    #[test]
    fn the_sheets_words_pass_and_no_others() {
        let kit = Kit::generate(&mut rand::rng());
        let other = Kit::generate(&mut rand::rng());
        let expected = kit.device().id();
        for list in [WordList::English, WordList::Chinese] {
            assert!(check(&kit.words(list), &expected).unwrap() == kit);
            assert_eq!(
                check(&other.words(list), &expected).err(),
                Some(Wrong::Another(expected))
            );
        }
        assert_eq!(
            check("abandon", &expected).err(),
            Some(Wrong::Unreadable(KitError::Count(1)))
        );
    }

    #[test]
    fn what_is_wrong_is_said_in_both_languages() {
        let wrong = |nearest: &[&'static str]| {
            Wrong::Unreadable(KitError::NotAWord {
                number: 3,
                word: "lamb".into(),
                nearest: nearest.to_vec(),
            })
        };
        assert_eq!(
            wrong(&["lab", "lamp"]).message(Language::Chinese),
            "第 3 个词 “lamb” 不在词表中（也许是 “lab” 或 “lamp”）：请再核对套件"
        );
        assert_eq!(
            wrong(&[]).message(Language::Chinese),
            "第 3 个词 “lamb” 不在词表中：请再核对套件"
        );
        assert_eq!(
            wrong(&["lamp"]).message(Language::English),
            "word 3, \"lamb\", is not in the list (perhaps \"lamp\"): look at the sheet again"
        );
        let another = Wrong::Another(DeviceId([0xab; 32])).message(Language::English);
        assert!(another.contains("abababababababab"), "{another}");
    }
}
