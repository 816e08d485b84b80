//! `modules`, `add-module`, `remove-module`, `prefer-module`: what `kagibashi
//! module` does at a terminal, for the page that manages the modules.

use std::path::Path;

use kagibashi_card::cancel::Cancel;
use kagibashi_protocol::limit::TOKENS_MAX;
use kagibashi_protocol::message::Outcome;
use kagibashi_protocol::modules::{Module, ModuleSuggestion};
use kagibashi_protocol::request::{ModulesErrand, ModulesErrandKind};
use kagibashi_protocol::{ErrorCode, Failure};
use kagibashi_token::driver::pkcs11::ModuleLook;

use crate::language::Language;
use crate::vendor_modules::{self, ModuleRefusal, Suggestion};

/// Carries it out. A refusal is a result, as its reasons are many and its texts
/// those of the terminal.
pub fn run(errand: ModulesErrand, cancel: &Cancel) -> Result<Outcome, Failure> {
    let language = Language::from(errand.language);
    let outcome = match errand.kind {
        ModulesErrandKind::List => return list(language, cancel),
        ModulesErrandKind::Add { path, name } => {
            vendor_modules::add(Path::new(&path), name.as_deref()).map(drop)
        }
        ModulesErrandKind::Remove { name } => vendor_modules::remove(&name),
        ModulesErrandKind::Prefer { name, before_own } => vendor_modules::prefer(&name, before_own),
    };
    // In use, or its process ended, from now on and not from the next look.
    vendor_modules::modules();
    let refusal = outcome.err().map(|refusal| {
        tracing::info!(%refusal, "the list of modules stays as it was");
        refusal.told(language)
    });
    Ok(Outcome::ModuleChanged { refusal })
}

fn list(language: Language, cancel: &Cancel) -> Result<Outcome, Failure> {
    let suggestions = vendor_modules::suggestions().map_err(|error| {
        tracing::warn!(%error, "the list of modules can't be read");
        ErrorCode::StorageFailed
    })?;
    let looks = vendor_modules::modules().look(cancel);
    Ok(Outcome::Modules {
        modules: looks
            .into_iter()
            .map(|look| shown(look, language))
            .collect(),
        suggestions: suggestions
            .into_iter()
            .take(TOKENS_MAX)
            .map(|Suggestion { name, path }| ModuleSuggestion {
                name,
                path: path.display().to_string(),
            })
            .collect(),
    })
}

fn shown(look: ModuleLook, language: Language) -> Module {
    let (found, trouble) = match look.found {
        Ok(found) => (Some(found), None),
        Err(trouble) => (None, Some(ModuleRefusal::from(trouble).told(language))),
    };
    Module {
        name: look.settings.name,
        path: look.settings.path.display().to_string(),
        before_own: look.settings.before_own,
        tokens: found.as_ref().map(|found| found.tokens),
        description: found.map(|found| {
            let (what, version, maker) = (found.description, found.version, found.manufacturer);
            format!("{what} {version} ({maker})").into()
        }),
        trouble,
    }
}
