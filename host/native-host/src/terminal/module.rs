//! `module`: the PKCS#11 modules of other makers that are used.

use std::path::{Path, PathBuf};

use kagibashi_card::cancel::Cancel;
use kagibashi_protocol::modules::ModuleTrouble;
use kagibashi_token::driver::pkcs11::ModuleLook;
use serde::Serialize;

use super::{Outcome, print};
use crate::language::Language;
use crate::vendor_modules::{self, ModuleRefusal, Suggestion};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listing {
    modules: Vec<Listed>,
    suggestions: Vec<Suggestion>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    name: String,
    path: PathBuf,
    before_own_driver: bool,
    #[serde(flatten)]
    state: State,
}

#[derive(Serialize)]
#[serde(untagged)]
enum State {
    Works {
        manufacturer: String,
        description: String,
        version: String,
        tokens: usize,
    },
    Fails {
        trouble: ModuleTrouble,
    },
}

impl Listed {
    fn of(look: ModuleLook, language: Language) -> Self {
        let state = match look.found {
            Ok(found) => State::Works {
                manufacturer: found.manufacturer,
                description: found.description,
                version: found.version,
                tokens: found.tokens,
            },
            Err(trouble) => State::Fails {
                trouble: ModuleRefusal::from(trouble).told(language),
            },
        };
        Self {
            name: look.settings.name,
            path: look.settings.path,
            before_own_driver: look.settings.before_own,
            state,
        }
    }

    fn rows(&self, language: Language) -> Vec<String> {
        let path = self.path.to_string_lossy();
        let mut rows = vec![
            print::plain(&self.name),
            print::row(language.choose("ファイル", "File"), &path),
        ];
        match &self.state {
            State::Works {
                manufacturer,
                description,
                version,
                tokens,
            } => {
                let what = format!("{description} {version} ({manufacturer})");
                let state = match language {
                    Language::Japanese => format!("使えます(トークン {tokens} 個)"),
                    Language::English => format!("usable (tokens: {tokens})"),
                };
                rows.push(print::row(language.choose("モジュール", "Module"), &what));
                rows.push(print::row(language.choose("状態", "State"), &state));
            }
            State::Fails { trouble } => {
                let label = language.choose("状態", "State");
                rows.push(print::row(label, &trouble.situation));
                rows.push(print::row(
                    language.choose("対処", "Advice"),
                    &trouble.advice,
                ));
            }
        }
        if self.before_own_driver {
            rows.push(print::row(
                language.choose("優先", "Preferred"),
                language.choose(
                    "鍵橋が対応しているトークンも、このモジュールで使います",
                    "it serves the tokens that Kagibashi could serve by itself, too",
                ),
            ));
        }
        rows
    }
}

/// Prints the modules that are used, and those that could be.
pub fn list(json: bool, language: Language) -> Outcome {
    let suggestions = vendor_modules::suggestions()?;
    let looks = vendor_modules::modules().look(&Cancel::new());
    let modules: Vec<Listed> = looks
        .into_iter()
        .map(|look| Listed::of(look, language))
        .collect();
    if json {
        return Ok(print::json(&Listing {
            modules,
            suggestions,
        })?);
    }
    let mut lines: Vec<String> = modules
        .iter()
        .flat_map(|module| module.rows(language))
        .collect();
    if modules.is_empty() {
        lines.push(
            language
                .choose(
                    "ほかのメーカーのモジュールは登録されていません。",
                    "No module of another maker has been added.",
                )
                .to_owned(),
        );
    }
    if !suggestions.is_empty() {
        lines.push(
            language
                .choose(
                    "このパソコンで見つかったモジュール(kagibashi module add で登録できます):",
                    "Modules on this computer that kagibashi module add could add:",
                )
                .to_owned(),
        );
        for Suggestion { name, path } in &suggestions {
            lines.push(print::row(name, &path.to_string_lossy()));
        }
    }
    Ok(print::lines(lines)?)
}

/// Adds a module, once it has shown that it can be loaded.
pub fn add(path: &Path, name: Option<&str>, json: bool, language: Language) -> Outcome {
    let listed = Listed::of(vendor_modules::add(path, name)?, language);
    if json {
        return Ok(print::json(&listed)?);
    }
    Ok(print::lines(listed.rows(language))?)
}

/// Takes a module out of use.
pub fn remove(name: &str, language: Language) -> Outcome {
    vendor_modules::remove(name)?;
    Ok(print::lines([match language {
        Language::Japanese => format!("{name} の登録を削除しました。"),
        Language::English => format!("{name} is not used any more."),
    }])?)
}

/// Says who serves a token that a module and our own driver could serve.
pub fn prefer(name: &str, before_own: bool, language: Language) -> Outcome {
    vendor_modules::prefer(name, before_own)?;
    Ok(print::lines([match (before_own, language) {
        (true, Language::Japanese) => {
            format!("鍵橋が対応しているトークンも、{name} で使います。")
        }
        (true, Language::English) => {
            format!("{name} serves the tokens that Kagibashi could serve by itself, too.")
        }
        (false, Language::Japanese) => {
            format!("鍵橋が対応しているトークンは、{name} ではなく鍵橋で使います。")
        }
        (false, Language::English) => {
            format!("Kagibashi serves by itself what it can, and leaves the others to {name}.")
        }
    }])?)
}
