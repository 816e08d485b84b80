//! Can the modules of other makers be loaded, and are the tokens that they
//! offer well?

use kagibashi_token::driver::pkcs11::ModuleLook;
use kagibashi_token::{Cancel, ReaderState, TokenKind, Tokens};

use super::finding::Observation;
use super::{texts, token};
use crate::vendor_modules;

/// Looks at every module that the person has added: nothing where there is none.
/// `now` is in Unix seconds.
pub fn look(now: i64, logged_in: &dyn Fn(&str) -> bool) -> Vec<Observation> {
    let modules = vendor_modules::modules();
    if modules.is_empty() {
        return Vec::new();
    }
    let looks = modules.look(&Cancel::new());
    let mut observations: Vec<_> = looks.iter().map(of_module).collect();
    let offered = Tokens::connect_with(&modules).and_then(|tokens| {
        let mut readers = tokens.readers()?;
        let kind = TokenKind::OfModule;
        readers.retain(|reader| reader.state == ReaderState::Token { kind });
        Ok((tokens, readers))
    });
    if let Ok((tokens, readers)) = offered {
        observations.extend(token::look(&tokens, &readers, now, logged_in));
    }
    observations
}

fn of_module(look: &ModuleLook) -> Observation {
    let name = &look.settings.name;
    let path = look.settings.path.display();
    match &look.found {
        Ok(found) => texts::VENDOR_MODULE_GOOD
            .seen_at(name)
            .with("description", &found.description)
            .with("tokens", &found.tokens)
            .detail(&path),
        Err(trouble) => texts::VENDOR_MODULE_FAILED
            .seen_at(name)
            .detail(&format!("{path}: {trouble}")),
    }
}
