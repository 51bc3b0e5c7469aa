//! The language that a person is spoken to in.

use clap::ValueEnum;

/// English or simplified Chinese.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// English.
    #[value(name = "en")]
    English,
    /// 简体中文.
    #[value(name = "zh")]
    Chinese,
}

impl Language {
    /// The language that the environment asks for, as POSIX has it: `LC_ALL`, then `LC_MESSAGES`, then `LANG`.
    pub fn of_environment() -> Self {
        let first = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(|name| {
            let value = std::env::var(name).ok()?;
            (!value.is_empty()).then_some(value)
        });
        first.map_or(Self::English, |tag| Self::of_tag(&tag))
    }

    /// Its tag (RFC 5646).
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh",
        }
    }

    /// The same language, as the forms name it.
    pub const fn of_forms(self) -> troth_forms::words::Language {
        match self {
            Self::English => troth_forms::words::Language::English,
            Self::Chinese => troth_forms::words::Language::Chinese,
        }
    }

    fn of_tag(tag: &str) -> Self {
        let chinese = tag
            .split(['-', '_', '.', '@'])
            .next()
            .is_some_and(|first| first.eq_ignore_ascii_case("zh"));
        if chinese { Self::Chinese } else { Self::English }
    }
}

#[cfg(test)]
mod tests {
    use super::Language;

    #[test]
    fn a_locale_is_read_by_its_first_part() {
        for tag in ["zh_CN.UTF-8", "zh-Hans", "zh", "ZH_TW"] {
            assert_eq!(Language::of_tag(tag), Language::Chinese, "{tag}");
        }
        for tag in ["C", "C.UTF-8", "en_GB.UTF-8", "de_DE", "zhx"] {
            assert_eq!(Language::of_tag(tag), Language::English, "{tag}");
        }
    }
}
