//! Text in several languages, as FHIR's translation extension says it.

use std::collections::BTreeMap;

/// Text of a form with its translations. Characters only: it is never markup.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text {
    /// In the form's own language.
    pub plain: String,
    /// By BCP 47 tag, as the form writes it (`zh-CN`).
    pub translations: BTreeMap<String, String>,
}

impl Text {
    /// The text in this language: the translation with exactly this tag, else one with the same first subtag, else the
    /// form's own words.
    pub fn show(&self, language: &str) -> &str {
        let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
        self.translations
            .get(language)
            .or_else(|| {
                let mut all = self.translations.iter();
                all.find(|(tag, _)| primary(tag) == primary(language))
                    .map(|(_, text)| text)
            })
            .unwrap_or(&self.plain)
    }
}

/// Whether a character may not stand in text at all.
pub fn is_control(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\r' | '\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_language_is_shown() {
        let text = Text {
            plain: "Name".to_owned(),
            translations: BTreeMap::from([("zh-CN".to_owned(), "姓名".to_owned())]),
        };
        assert_eq!(text.show("zh-CN"), "姓名");
        assert_eq!(text.show("zh"), "姓名");
        assert_eq!(text.show("zh-Hans-SG"), "姓名");
        assert_eq!(text.show("en"), "Name");
        assert_eq!(text.show(""), "Name");
    }
}
