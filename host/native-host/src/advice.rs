//! Error code to situation and advice, in Japanese and English.
//!
//! The texts are the extension's: what the window says and what the terminal
//! says of the same trouble is the same.

use std::collections::HashMap;
use std::sync::LazyLock;

use kagibashi_protocol::{ErrorCode, Failure};
use serde::Deserialize;

use crate::language::Language;

#[derive(Deserialize)]
struct Message {
    message: String,
}

type Messages = HashMap<String, Message>;

static JAPANESE: LazyLock<Messages> = LazyLock::new(|| {
    serde_json::from_str(include_str!(
        "../../../extension/public/_locales/ja/messages.json"
    ))
    .expect("the Japanese texts are part of the program")
});

static ENGLISH: LazyLock<Messages> = LazyLock::new(|| {
    serde_json::from_str(include_str!(
        "../../../extension/public/_locales/en/messages.json"
    ))
    .expect("the English texts are part of the program")
});

/// What a person is told of a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// What happened.
    pub situation: String,
    /// What to do now.
    pub advice: String,
}

impl Advice {
    /// The texts for a failure.
    pub fn on(failure: &Failure, language: Language) -> Self {
        let fill = |part| fill(&text(failure.code, part, language), failure);
        Self {
            situation: fill("situation"),
            advice: fill("advice"),
        }
    }
}

fn text(code: ErrorCode, part: &str, language: Language) -> String {
    let messages = match language {
        Language::Japanese => &JAPANESE,
        Language::English => &ENGLISH,
    };
    let key = format!("error_{}_{part}", code.name().replace('-', "_"));
    messages
        .get(&key)
        .map_or_else(|| code.name().to_owned(), |text| text.message.clone())
}

fn fill(text: &str, failure: &Failure) -> String {
    let tries = failure
        .detail
        .tries_left
        .map_or_else(|| "?".to_owned(), |tries| tries.to_string());
    text.replace("$TRIES$", &tries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_texts() {
        for &code in ErrorCode::ALL {
            let mut failure = Failure::new(code);
            failure.detail.tries_left = Some(7);
            for language in [Language::Japanese, Language::English] {
                let advice = Advice::on(&failure, language);
                for text in [&advice.situation, &advice.advice] {
                    assert_ne!(text, code.name(), "{language:?}");
                    assert!(!text.is_empty() && !text.contains('$'), "{text}");
                }
            }
        }
    }
}
