//! Everything the command says to a person, in English and simplified Chinese side by side.
//!
//! A message that lacks a language, or a value that one language forgets, does not compile or fails the test below.

/// Declares messages: a name, the values it holds, the text in each language. A value of type `&str` is shown on one line.
macro_rules! messages {
    ($($(#[$doc:meta])* $name:ident($($value:ident: $kind:ty),*) = $english:literal, $chinese:literal;)*) => {
        $(
            $(#[$doc])*
            pub fn $name(language: $crate::language::Language $(, $value: $kind)*) -> String {
                $(let $value = $crate::output::Shown::shown($value);)*
                match language {
                    $crate::language::Language::English => format!($english),
                    $crate::language::Language::Chinese => format!($chinese),
                }
            }
        )*
        /// Every message of this table: name, English, Chinese.
        #[cfg(test)]
        pub const TABLE: &[(&str, &str, &str)] = &[$((stringify!($name), $english, $chinese)),*];
    };
}

pub mod case;
pub mod demo;
pub mod device;
pub mod failure;
pub mod help;
pub mod intake;
pub mod kit;
pub mod ledger;
pub mod member;
pub mod network;
pub mod note;
pub mod practice;
pub mod quarantine;
pub mod recovery;
pub mod rules;
pub mod sensitive;
pub mod share;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    /// The names between braces.
    fn values(text: &str) -> BTreeSet<&str> {
        text.split('{')
            .skip(1)
            .filter_map(|rest| rest.split(['}', ':']).next())
            .collect()
    }

    #[test]
    fn every_message_says_the_same_in_both_languages() {
        let tables = [
            super::case::TABLE,
            super::demo::TABLE,
            super::device::TABLE,
            super::failure::TABLE,
            super::intake::TABLE,
            super::kit::TABLE,
            super::ledger::TABLE,
            super::member::TABLE,
            super::network::TABLE,
            super::note::TABLE,
            super::practice::TABLE,
            super::quarantine::TABLE,
            super::recovery::TABLE,
            super::sensitive::TABLE,
            super::share::TABLE,
        ];
        for (name, english, chinese) in tables.into_iter().flatten() {
            assert!(!english.is_empty(), "{name} has no English");
            assert!(chinese.chars().any(|c| c >= '\u{4e00}'), "{name} has no Chinese");
            assert!(
                !english.chars().any(|c| c >= '\u{4e00}'),
                "{name} has Chinese where English belongs"
            );
            assert_eq!(
                values(english),
                values(chinese),
                "{name} holds other values in one language than in the other"
            );
        }
    }
}
