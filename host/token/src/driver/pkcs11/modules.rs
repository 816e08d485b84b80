//! The modules that a person has added, and the tokens that they offer.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use kagibashi_card::cancel::Cancel;

use super::bell::{Bell, Listener};
use super::file;
use super::messages::{Answer, Identity, Library, Request, TokenFacts, Trouble};
use super::process::{Limits, Process, WorkerProgram};
use super::token::ModuleToken;
use super::trouble::ModuleTrouble;
use crate::error::TokenError;
use crate::service::{Reader, ReaderState, TokenKind};
use crate::token::Token;

/// A module that has failed that often in a row when it was looked at is left alone for a while.
const FAILURES: u32 = 2;
const LEFT_ALONE: Duration = Duration::from_secs(30);

/// What a person has decided of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleSettings {
    /// The name that its tokens' readers begin with; no two have the same.
    pub name: String,
    /// Where its file is.
    pub path: PathBuf,
    /// A token that our own driver and this module offer is this module's.
    pub before_own: bool,
}

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

/// How long an answer is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    Look,
    Work,
    Person,
}

/// One module, and its process if it has one.
pub struct Module {
    pub settings: ModuleSettings,
    program: WorkerProgram,
    limits: Limits,
    process: Mutex<Option<Process>>,
    state: Mutex<State>,
    bell: Arc<Bell>,
    /// Its process has failed while it also waited for tokens: the next one does not.
    waits_badly: AtomicBool,
}

#[derive(Default)]
struct State {
    /// The tokens that it has offered last.
    tokens: Vec<Identity>,
    /// How often in a row it has failed when it was looked at, how, and when last.
    failed: Option<(u32, ModuleTrouble, Instant)>,
}

impl Module {
    fn new(
        program: WorkerProgram,
        limits: Limits,
        settings: ModuleSettings,
        bell: Arc<Bell>,
    ) -> Self {
        Self {
            settings,
            program,
            limits,
            process: Mutex::default(),
            state: Mutex::default(),
            bell,
            waits_badly: AtomicBool::new(false),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The name by which a token is opened, which a person sees, too.
    fn reader_of(&self, identity: &Identity) -> String {
        let Identity { serial, label, .. } = identity;
        let name = &self.settings.name;
        let mark = identity.place.as_ref().unwrap_or(serial);
        if label.is_empty() {
            format!("{name}: {mark}")
        } else {
            format!("{name}: {label} ({mark})")
        }
    }

    fn remembered(&self, reader: &str) -> Option<Identity> {
        let state = self.state();
        let mut tokens = state.tokens.iter();
        tokens
            .find(|identity| self.reader_of(identity) == reader)
            .cloned()
    }

    fn look_unless_failing(&self) -> Result<Vec<TokenFacts>, ModuleTrouble> {
        if let Some((failures, trouble, when)) = &self.state().failed
            && *failures >= FAILURES
            && when.elapsed() < LEFT_ALONE
        {
            return Err(trouble.clone());
        }
        self.look(&Cancel::new()).map(|(_, tokens)| tokens)
    }

    fn look(&self, cancel: &Cancel) -> Result<(Library, Vec<TokenFacts>), ModuleTrouble> {
        let looked = match self.exchange(Request::Tokens, Pace::Look, cancel) {
            Ok((library, Ok(Answer::Tokens(tokens)))) => Ok((library, tokens)),
            Ok((_, Ok(_) | Err(Trouble::Nonsense(_)))) => Err(ModuleTrouble::Rubbish),
            Ok((_, Err(Trouble::Refused(how)))) => Err(ModuleTrouble::Refused(how)),
            // Its tokens went while it looked at them.
            Ok((library, Err(_))) => Ok((library, Vec::new())),
            Err(trouble) => Err(trouble),
        };
        let mut state = self.state();
        match &looked {
            Ok((_, tokens)) => {
                state.failed = None;
                state.tokens = tokens.iter().map(|token| token.identity.clone()).collect();
            }
            Err(ModuleTrouble::Cancelled) => {}
            Err(trouble) => {
                let before = state.failed.take().map_or(0, |(failures, ..)| failures);
                state.failed = Some((before + 1, trouble.clone(), Instant::now()));
            }
        }
        looked
    }

    /// Asks for something that a token does.
    pub fn ask(&self, request: Request, pace: Pace, cancel: &Cancel) -> Result<Answer, TokenError> {
        match self.exchange(request, pace, cancel) {
            Ok((_, Ok(answer))) => Ok(answer),
            Ok((_, Err(trouble))) => Err(self.error_of_token(trouble)),
            Err(trouble) => Err(self.error(trouble)),
        }
    }

    /// Starts the process if there is none, and ends it if it does not do its part.
    fn exchange(
        &self,
        request: Request,
        pace: Pace,
        cancel: &Cancel,
    ) -> Result<(Library, Result<Answer, Trouble>), ModuleTrouble> {
        let mut slot = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ended) = slot.take_if(|process| !process.lives()) {
            self.has_failed(&ended, &ModuleTrouble::Crashed);
        }
        let mut process = self.watching(slot.take(), cancel)?;
        let limit = match pace {
            Pace::Look => self.limits.look,
            Pace::Work => self.limits.work,
            Pace::Person => self.limits.person,
        };
        // After a failure it is dropped, and thereby ended.
        let answer = process
            .ask(request, limit, cancel)
            .inspect_err(|trouble| self.has_failed(&process, trouble))?;
        let library = process.library.clone();
        *slot = Some(process);
        Ok((library, answer))
    }

    /// The process, or a new one, which tells of tokens that come and go if somebody wants to know.
    fn watching(
        &self,
        process: Option<Process>,
        cancel: &Cancel,
    ) -> Result<Process, ModuleTrouble> {
        let mut process = match process {
            Some(process) => process,
            None => self.start(cancel)?,
        };
        let wanted = process.watches.is_none() && self.bell.is_heard();
        if !wanted || self.waits_badly.load(Ordering::Relaxed) {
            return Ok(process);
        }
        match process.watch(&self.limits, cancel) {
            Ok(()) => Ok(process),
            Err(ModuleTrouble::Cancelled) => Err(ModuleTrouble::Cancelled),
            Err(trouble) => {
                self.has_failed(&process, &trouble);
                drop(process);
                self.start(cancel)
            }
        }
    }

    fn start(&self, cancel: &Cancel) -> Result<Process, ModuleTrouble> {
        let real = file::check(&self.settings.path)?;
        let bell = Arc::clone(&self.bell);
        Process::start(&self.program, &real, &self.limits, bell, cancel)
    }

    /// Waiting for tokens on one thread while another works is where modules fail most: it is not
    /// asked of one a second time.
    fn has_failed(&self, process: &Process, trouble: &ModuleTrouble) {
        if process.watches == Some(true) && *trouble != ModuleTrouble::Cancelled {
            let module = &self.settings.name;
            tracing::info!(module, %trouble, "a module is not asked to tell of tokens any more");
            self.waits_badly.store(true, Ordering::Relaxed);
        }
    }

    pub fn rubbish(&self) -> TokenError {
        self.error(ModuleTrouble::Rubbish)
    }

    fn error(&self, trouble: ModuleTrouble) -> TokenError {
        match trouble {
            ModuleTrouble::Cancelled => TokenError::Cancelled,
            trouble => TokenError::Module {
                module: self.settings.name.clone(),
                trouble,
            },
        }
    }

    fn error_of_token(&self, trouble: Trouble) -> TokenError {
        match trouble {
            Trouble::NoToken => TokenError::CardRemoved,
            Trouble::NotLoggedIn => TokenError::SessionStolen,
            Trouble::PinWrong(pin) => TokenError::PinWrong {
                tries_left: pin.final_try.then_some(1),
            },
            Trouble::PinLocked => TokenError::PinLocked,
            Trouble::NoPin => TokenError::NoPin,
            Trouble::Cancelled => TokenError::Cancelled,
            Trouble::NoKey => TokenError::KeyNotFound,
            Trouble::NoWay(_) => TokenError::AlgorithmUnsupported,
            Trouble::NotLoaded(why) => self.error(ModuleTrouble::NotLoaded(why)),
            Trouble::OurOwn => self.error(ModuleTrouble::OurOwn),
            Trouble::Refused(how) => self.error(ModuleTrouble::Refused(how)),
            Trouble::Nonsense(_) => self.rubbish(),
        }
    }
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
