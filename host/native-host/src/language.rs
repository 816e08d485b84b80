//! The languages that a person is spoken to in.

use kagibashi_protocol::request;

/// A language of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// 日本語
    Japanese,
    /// English, also for everybody whose language is neither.
    English,
}

impl Language {
    /// The language that this person has chosen for the system.
    pub fn detect() -> Self {
        system_locale().map_or(Self::English, |locale| Self::of_locale(&locale))
    }

    /// The one of two texts that is in this language.
    pub fn choose<T>(self, japanese: T, english: T) -> T {
        match self {
            Self::Japanese => japanese,
            Self::English => english,
        }
    }

    fn of_locale(locale: &str) -> Self {
        let language = locale
            .split(['_', '-', '.', '@'])
            .next()
            .unwrap_or_default();
        if language.eq_ignore_ascii_case("ja") {
            Self::Japanese
        } else {
            Self::English
        }
    }
}

impl From<request::Language> for Language {
    fn from(language: request::Language) -> Self {
        match language {
            request::Language::Japanese => Self::Japanese,
            request::Language::English => Self::English,
        }
    }
}

/// As POSIX orders them (Base Definitions, section 8.2): the first that is set
/// and not empty counts.
#[cfg(not(windows))]
fn system_locale() -> Option<String> {
    ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .filter_map(|variable| std::env::var(variable).ok())
        .find(|locale| !locale.is_empty())
}

/// The display language; without one of the person's own, that of the region.
#[cfg(windows)]
fn system_locale() -> Option<String> {
    use winreg::RegKey;
    use winreg::enums::HKEY_CURRENT_USER;

    let user = RegKey::predef(HKEY_CURRENT_USER);
    let display = user
        .open_subkey(r"Control Panel\Desktop")
        .ok()
        .and_then(|key| {
            key.get_value::<Vec<String>, _>("PreferredUILanguages")
                .ok()?
                .into_iter()
                .next()
        });
    display.or_else(|| {
        user.open_subkey(r"Control Panel\International")
            .ok()?
            .get_value("LocaleName")
            .ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_names_its_language() {
        let cases = [
            ("ja_JP.UTF-8", Language::Japanese),
            ("ja", Language::Japanese),
            ("ja-JP", Language::Japanese),
            ("JA_JP.eucJP@currency=JPY", Language::Japanese),
            ("en_GB.UTF-8", Language::English),
            ("jam_JM", Language::English),
            ("C.UTF-8", Language::English),
            ("", Language::English),
        ];
        for (locale, language) in cases {
            assert_eq!(Language::of_locale(locale), language, "{locale}");
        }
    }
}
