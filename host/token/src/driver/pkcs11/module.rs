//! One module, and the process in which it runs.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use kagibashi_card::cancel::Cancel;

use super::bell::Bell;
use super::file;
use super::messages::{Answer, Identity, Library, Request, TokenFacts, Trouble};
use super::process::{Limits, Process, WorkerProgram};
use super::trouble::ModuleTrouble;
use crate::error::TokenError;

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
    pub program: WorkerProgram,
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
    pub fn new(
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
    pub fn reader_of(&self, identity: &Identity) -> String {
        let Identity { serial, label, .. } = identity;
        let name = &self.settings.name;
        let mark = identity.place.as_ref().unwrap_or(serial);
        if label.is_empty() {
            format!("{name}: {mark}")
        } else {
            format!("{name}: {label} ({mark})")
        }
    }

    /// The token that it has offered by that name.
    pub fn remembered(&self, reader: &str) -> Option<Identity> {
        let state = self.state();
        let mut tokens = state.tokens.iter();
        tokens
            .find(|identity| self.reader_of(identity) == reader)
            .cloned()
    }

    /// The tokens that it offers; one that has failed again and again is not asked.
    pub fn look_unless_failing(&self) -> Result<Vec<TokenFacts>, ModuleTrouble> {
        if let Some((failures, trouble, when)) = &self.state().failed
            && *failures >= FAILURES
            && when.elapsed() < LEFT_ALONE
        {
            return Err(trouble.clone());
        }
        self.look(&Cancel::new()).map(|(_, tokens)| tokens)
    }

    /// What it is, and the tokens that it offers.
    pub fn look(&self, cancel: &Cancel) -> Result<(Library, Vec<TokenFacts>), ModuleTrouble> {
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

    pub fn error(&self, trouble: ModuleTrouble) -> TokenError {
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
