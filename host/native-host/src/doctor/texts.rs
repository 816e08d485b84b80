//! What can be found, and what a person is told of it.
//!
//! Japanese first: what is so, then what to do now, one step after the other,
//! in the words of the office; nobody is blamed.

mod browser;
mod card;
mod computer;
mod module;
mod vendor_module;

pub use browser::*;
pub use card::*;
pub use computer::*;
pub use module::*;
pub use vendor_module::*;

use super::finding::{Finding, State, Subject, Text};
use crate::language::Language;

/// A finding with nothing to be done.
const fn good(
    id: &'static str,
    subject: Subject,
    japanese: &'static str,
    english: &'static str,
) -> Finding {
    told(id, subject, State::Good, [japanese, ""], [english, ""])
}

/// A finding with something to be done.
const fn trouble(
    id: &'static str,
    subject: Subject,
    japanese: [&'static str; 2],
    english: [&'static str; 2],
) -> Finding {
    told(id, subject, State::Trouble, japanese, english)
}

const fn told(
    id: &'static str,
    subject: Subject,
    state: State,
    japanese: [&'static str; 2],
    english: [&'static str; 2],
) -> Finding {
    Finding {
        id,
        subject,
        state,
        japanese: Text {
            situation: japanese[0],
            advice: japanese[1],
        },
        english: Text {
            situation: english[0],
            advice: english[1],
        },
    }
}

/// The name of what is looked at.
pub fn name(subject: Subject, language: Language) -> &'static str {
    let (japanese, english) = match subject {
        Subject::Program => ("鍵橋プログラム", "Kagibashi program"),
        Subject::Browser => ("ブラウザ", "Browsers"),
        Subject::Registration => ("ブラウザへの登録", "Registration with the browser"),
        Subject::Module => ("PKCS#11 モジュール", "PKCS#11 module"),
        Subject::MeetingPlace => ("モジュールとの接続", "Meeting place of module and host"),
        Subject::Extension => ("拡張機能", "Extension"),
        Subject::Storage => ("保存場所", "Own folders"),
        Subject::Service => ("スマートカードのサービス", "Smart card service"),
        Subject::Usb => ("USB", "USB"),
        Subject::VendorModule => ("ほかのメーカーのモジュール", "Modules of other makers"),
        Subject::Reader => ("トークンの認識", "Readers"),
        Subject::Token => ("トークン", "Token"),
        Subject::Pin => ("ユーザ PIN", "User PIN"),
        Subject::Certificate => ("証明書", "Certificate"),
    };
    language.choose(japanese, english)
}

/// A state in a word.
pub fn state(state: State, language: Language) -> &'static str {
    let (japanese, english) = match state {
        State::Good => ("正常", "ok"),
        State::Trouble => ("要対応", "trouble"),
        State::NotApplicable => ("対象外", "not needed"),
        State::Unknown => ("未確認", "not checked"),
    };
    language.choose(japanese, english)
}

/// The last lines for people.
pub fn summary(troubles: usize, unknown: usize, language: Language) -> String {
    let mut summary = match (troubles, language) {
        (0, Language::Japanese) => "問題は見つかりませんでした。".to_owned(),
        (0, Language::English) => "No trouble was found.".to_owned(),
        (_, Language::Japanese) => format!(
            "対応が必要な項目が {troubles} 件あります。上から順に「→」のとおりに操作し、\
             もう一度 kagibashi doctor を実行してください。"
        ),
        (_, Language::English) => format!(
            "{troubles} to be mended. From the top, do as the arrows say, then run \
             kagibashi doctor again."
        ),
    };
    if unknown > 0 {
        summary.push_str(&language.choose(
            format!("\n確認できなかった項目が {unknown} 件あります。"),
            format!("\n{unknown} could not be checked."),
        ));
    }
    summary
}

/// Before a detail.
pub fn detail(language: Language) -> &'static str {
    language.choose("詳細", "Detail")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn all() -> Vec<&'static Finding> {
        [
            BROWSER_FINDINGS,
            MODULE_FINDINGS,
            COMPUTER_FINDINGS,
            CARD_FINDINGS,
            VENDOR_MODULE_FINDINGS,
        ]
        .concat()
    }

    fn placeholders(text: &Text) -> BTreeSet<&str> {
        [text.situation, text.advice]
            .into_iter()
            .flat_map(|text| text.split('{').skip(1))
            .map(|rest| rest.split_once('}').unwrap().0)
            .collect()
    }

    #[test]
    fn ids_are_unique_and_texts_are_whole_in_both_languages() {
        let ids: BTreeSet<_> = all().iter().map(|finding| finding.id).collect();
        assert_eq!(ids.len(), all().len());
        for finding in all() {
            let Finding {
                id,
                japanese,
                english,
                ..
            } = finding;
            assert!(
                id.bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'-'),
                "{id}"
            );
            assert_eq!(placeholders(japanese), placeholders(english), "{id}");
            assert!(japanese.situation.ends_with('。'), "{id}");
            assert!(english.situation.ends_with('.'), "{id}");
            assert_eq!(
                japanese.advice.is_empty(),
                english.advice.is_empty(),
                "{id}"
            );
            if finding.state == State::Trouble {
                assert!(japanese.advice.ends_with('。'), "{id}");
                assert!(english.advice.ends_with('.'), "{id}");
            }
        }
    }
}
