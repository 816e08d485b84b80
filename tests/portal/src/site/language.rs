//! Japanese or English, and the texts of each.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;
#[cfg(unix)]
use axum::http::request::Parts;
use serde::Deserialize;

/// A language the pages are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Japanese,
    English,
}

/// A language's texts, as in `pages/texts.*.json`. The script reads the same
/// file for what it says itself.
#[derive(Deserialize)]
pub(crate) struct Texts {
    page: HashMap<String, String>,
    problems: HashMap<String, ProblemText>,
}

/// What happened and what to do now, in words for a person.
#[derive(Deserialize)]
pub(crate) struct ProblemText {
    pub(crate) situation: String,
    pub(crate) advice: String,
}

static JAPANESE: LazyLock<Texts> = LazyLock::new(|| parse(Language::Japanese));
static ENGLISH: LazyLock<Texts> = LazyLock::new(|| parse(Language::English));

fn parse(language: Language) -> Texts {
    serde_json::from_str(language.json()).expect("the embedded texts are tested")
}

impl Language {
    /// The language asked for by `?lang=`, else by the browser, else Japanese.
    pub(crate) fn choose(parameter: Option<&str>, headers: &HeaderMap) -> Self {
        if let Some(language) = parameter.and_then(Self::from_tag) {
            return language;
        }
        headers
            .get(ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok())
            .and_then(preferred)
            .unwrap_or(Self::Japanese)
    }

    /// The language for a whole request.
    #[cfg(unix)]
    pub(crate) fn of_request(request: &Parts) -> Self {
        let query = request.uri.query().unwrap_or_default();
        let parameter = query.split('&').find_map(|pair| pair.strip_prefix("lang="));
        Self::choose(parameter, &request.headers)
    }

    /// By primary subtag: `en-GB` is English.
    fn from_tag(tag: &str) -> Option<Self> {
        match tag.split('-').next()?.to_ascii_lowercase().as_str() {
            "ja" => Some(Self::Japanese),
            "en" => Some(Self::English),
            _ => None,
        }
    }

    /// The language tag.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::Japanese => "ja",
            Self::English => "en",
        }
    }

    /// The tag of the one that a switch leads to.
    pub(crate) fn other_tag(self) -> &'static str {
        match self {
            Self::Japanese => "en",
            Self::English => "ja",
        }
    }

    /// The texts as a file for the script.
    pub(crate) fn json(self) -> &'static str {
        match self {
            Self::Japanese => include_str!("../../pages/texts.ja.json"),
            Self::English => include_str!("../../pages/texts.en.json"),
        }
    }

    /// One of the page's texts.
    pub(crate) fn text(self, key: &str) -> Option<&'static str> {
        self.texts().page.get(key).map(String::as_str)
    }

    /// The words for a problem's code, general ones for a code without its own.
    pub(crate) fn problem(self, code: &str) -> Option<&'static ProblemText> {
        let problems = &self.texts().problems;
        problems.get(code).or_else(|| problems.get("other"))
    }

    fn texts(self) -> &'static Texts {
        match self {
            Self::Japanese => &JAPANESE,
            Self::English => &ENGLISH,
        }
    }
}

/// The language of highest quality (RFC 9110, section 12.5.4); of equals, the
/// first.
fn preferred(header: &str) -> Option<Language> {
    let mut best: Option<(f32, Language)> = None;
    for range in header.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let Some(language) = parts.next().and_then(Language::from_tag) else {
            continue;
        };
        let quality = parts
            .find_map(|part| part.strip_prefix("q="))
            .map_or(Some(1.0), |q| q.parse().ok())
            .unwrap_or(0.0);
        if quality > best.map_or(0.0, |(q, _)| q) {
            best = Some((quality, language));
        }
    }
    best.map(|(_, language)| language)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn the_parameter_wins_over_the_browser_over_japanese() {
        for (parameter, header, expected) in [
            (None, None, Language::Japanese),
            (None, Some("fr, de;q=0.9"), Language::Japanese),
            (None, Some("en-US,en;q=0.9"), Language::English),
            (None, Some("fr, en;q=0.3, ja;q=0.5"), Language::Japanese),
            (None, Some("en;q=0, ja;q=0.1"), Language::Japanese),
            (Some("en"), Some("ja"), Language::English),
            (Some("xx"), Some("en"), Language::English),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(header) = header {
                headers.insert(ACCEPT_LANGUAGE, header.parse().unwrap());
            }
            assert_eq!(
                Language::choose(parameter, &headers),
                expected,
                "{parameter:?} {header:?}"
            );
        }
    }

    /// Every place in the tree, so that no text is missing in one language.
    fn places(prefix: &str, value: &Value, into: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    places(&format!("{prefix}/{name}"), member, into);
                }
            }
            Value::String(text) => {
                assert!(!text.trim().is_empty(), "{prefix} is empty");
                into.push(prefix.to_owned());
            }
            other => panic!("{prefix}: {other}"),
        }
    }

    #[test]
    fn both_languages_have_the_same_texts() {
        let [ja, en] = [Language::Japanese, Language::English].map(|language| {
            let mut all = Vec::new();
            places(
                "",
                &serde_json::from_str(language.json()).unwrap(),
                &mut all,
            );
            all.sort();
            all
        });
        assert_eq!(ja, en);
        assert!(ja.len() > 60);
    }
}
