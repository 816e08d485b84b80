//! The modules that a person has added, and the tokens that they offer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kagibashi_card::cancel::Cancel;

use super::bell::{Bell, Listener};
use super::messages::{Answer, Identity, Request};
use super::module::{Module, ModuleSettings, Pace};
use super::process::{Limits, WorkerProgram};
use super::token::ModuleToken;
use super::trouble::ModuleTrouble;
use crate::error::TokenError;
use crate::service::{Reader, ReaderState, TokenKind};
use crate::token::Token;

/// What came of looking at one module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleLook {
    /// What the person has decided of it.
    pub settings: ModuleSettings,
    /// What the module says it is and how many tokens it offers, or why it does not.
    pub found: Result<ModuleFindings, ModuleTrouble>,
}

/// What a module tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleFindings {
    /// Who made it.
    pub manufacturer: String,
    /// What it is.
    pub description: String,
    /// Its version.
    pub version: String,
    /// The tokens that it offers.
    pub tokens: usize,
}

/// The modules in use. Clones share their processes.
#[derive(Clone, Default)]
pub struct Modules {
    all: Arc<Mutex<Vec<Arc<Module>>>>,
    bell: Arc<Bell>,
}

impl Modules {
    /// None.
    pub fn none() -> Self {
        Self::default()
    }

    /// Uses these from now on. The process of one that was used before, and is as it was, goes on.
    pub fn configure(&self, program: &WorkerProgram, limits: Limits, settings: &[ModuleSettings]) {
        let changed = {
            let mut all = self.lock();
            let before = std::mem::take(&mut *all);
            *all = settings
                .iter()
                .map(|settings| {
                    let same = before
                        .iter()
                        .find(|module| module.settings == *settings && module.program == *program);
                    same.map_or_else(
                        || {
                            let bell = Arc::clone(&self.bell);
                            let settings = settings.clone();
                            Arc::new(Module::new(program.clone(), limits, settings, bell))
                        },
                        Arc::clone,
                    )
                })
                .collect();
            before.len() != all.len() || before.iter().zip(&*all).any(|(a, b)| !Arc::ptr_eq(a, b))
        };
        if changed {
            self.bell.ring();
        }
    }

    /// Calls that one from now on, as long as somebody has it, when the modules have become others
    /// or one of them says that a token has come or gone.
    pub(crate) fn listen(&self, listener: &Arc<Listener>) {
        self.bell.listen(listener);
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// Looks at every module, loading those that are not.
    pub fn look(&self, cancel: &Cancel) -> Vec<ModuleLook> {
        let modules = self.snapshot();
        let looks = modules.iter().map(|module| ModuleLook {
            settings: module.settings.clone(),
            found: module.look(cancel).map(|(library, tokens)| ModuleFindings {
                manufacturer: library.manufacturer,
                description: library.description,
                version: library.version,
                tokens: tokens.len(),
            }),
        });
        looks.collect()
    }

    /// The tokens of the modules, beside the readers of PC/SC: a token that is in one of these and
    /// that our own driver serves is left to it, or the reader to the module, as the person wants.
    pub(crate) fn beside(&self, mut readers: Vec<Reader>) -> Vec<Reader> {
        let modules = self.snapshot();
        let mut offered = Vec::new();
        let mut seen: Vec<Identity> = Vec::new();
        for module in &modules {
            let tokens = match module.look_unless_failing() {
                Ok(tokens) => tokens,
                Err(error) => {
                    tracing::warn!(module = module.settings.name, %error, "a module has failed");
                    offered.push(Reader {
                        name: module.settings.name.clone(),
                        state: ReaderState::ModuleFailed,
                    });
                    continue;
                }
            };
            for token in tokens {
                let own = readers.iter().position(|reader| {
                    reader.state.is_token() && is_slot_of(&reader.name, &token.slot)
                });
                match own {
                    Some(own) if module.settings.before_own => drop(readers.remove(own)),
                    Some(_) => continue,
                    None => {}
                }
                // The same token by another module.
                let serial = &token.identity.serial;
                if !serial.is_empty() && seen.iter().any(|other| other.serial == *serial) {
                    continue;
                }
                seen.push(token.identity.clone());
                offered.push(Reader {
                    name: module.reader_of(&token.identity),
                    state: ReaderState::Token {
                        kind: TokenKind::OfModule,
                    },
                });
            }
        }
        readers.extend(offered);
        readers
    }

    /// Whether that reader is of a module whose tokens are its own, even where our own driver serves
    /// them, too.
    pub fn is_before_own(&self, reader: &str) -> bool {
        let module = self.module_of(reader);
        module.is_some_and(|module| module.settings.before_own)
    }

    /// Whether that reader is a module's.
    pub(crate) fn serve(&self, reader: &str) -> bool {
        self.module_of(reader).is_some()
    }

    /// Opens the token that a module calls by that reader.
    pub(crate) fn open(&self, reader: &str, cancel: &Cancel) -> Result<Box<dyn Token>, TokenError> {
        let no_reader = || TokenError::NoSuchReader {
            reader: reader.to_owned(),
        };
        let module = self.module_of(reader).ok_or_else(no_reader)?;
        let known = module.remembered(reader);
        let facts = if let Some(identity) = known {
            match module.ask(Request::Token(identity), Pace::Work, cancel)? {
                Answer::Token(facts) => facts,
                _ => return Err(module.rubbish()),
            }
        } else {
            let looked = module.look(cancel);
            let (_, tokens) = looked.map_err(|trouble| module.error(trouble))?;
            let mut tokens = tokens.into_iter();
            tokens
                .find(|token| module.reader_of(&token.identity) == reader)
                .ok_or_else(no_reader)?
        };
        Ok(Box::new(ModuleToken::new(
            module,
            facts,
            reader.to_owned(),
            cancel.clone(),
        )))
    }

    fn module_of(&self, reader: &str) -> Option<Arc<Module>> {
        let modules = self.lock();
        let mut modules = modules.iter();
        modules
            .find(|module| {
                let rest = reader.strip_prefix(module.settings.name.as_str());
                rest.is_some_and(|rest| rest.starts_with(": "))
            })
            .map(Arc::clone)
    }

    fn snapshot(&self) -> Vec<Arc<Module>> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Module>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a slot is that reader of PC/SC: modules call theirs after it, cut after 64 bytes.
fn is_slot_of(reader: &str, slot: &str) -> bool {
    const SLOT_LENGTH: usize = 64;
    let slot = slot.trim();
    let reader = reader.trim();
    !slot.is_empty()
        && (slot == reader || (slot.len() + 4 > SLOT_LENGTH && reader.starts_with(slot)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_known_by_its_readers_name() {
        let long = "A reader whose name is longer than the sixty-four bytes of a slot 00 00";
        let cases = [
            ("Virtual PCD 00 00", "Virtual PCD 00 00", true),
            ("Virtual PCD 00 00", "Virtual PCD 00 01", false),
            ("Virtual PCD 00 00", "Virtual PCD", false),
            ("Virtual PCD 00 00", "", false),
            (long, &long[..64], true),
            (long, &long[..40], false),
        ];
        for (reader, slot, same) in cases {
            assert_eq!(is_slot_of(reader, slot), same, "{reader} {slot}");
        }
    }
}
