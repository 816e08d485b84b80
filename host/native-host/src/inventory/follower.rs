//! The thread that follows what happens in the readers, and reads each token that
//! comes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use kagibashi_card::cancel::Cancel;
use kagibashi_token::{Event, Reader, Stop, TokenError, Tokens, Watch};

use super::{Inventory, News};
use crate::command::reading::Reading;
use crate::vendor_modules;

/// How often a token that another program holds is tried, and how long apart.
const TRIES: u32 = 5;
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// How often a service that does not run is looked for.
const SERVICE_RETRY: Duration = Duration::from_secs(2);

/// The thread that keeps an inventory.
pub struct Follower<T> {
    inventory: Inventory,
    keeper: Keeper,
    tell: T,
    /// As they were last told.
    readers: Option<Vec<Reader>>,
}

impl<T: FnMut(News<'_>)> Follower<T> {
    /// One that tells of every change.
    pub fn of(inventory: Inventory, tell: T) -> Self {
        Self {
            inventory,
            keeper: Keeper {
                gone: Cancel::new(),
                stop: Arc::default(),
            },
            tell,
            readers: None,
        }
    }

    /// What ends it.
    pub fn keeper(&self) -> Keeper {
        self.keeper.clone()
    }

    /// Follows what happens in the readers until the [`Keeper`] ends it.
    pub fn follow(&mut self) {
        while !self.keeper.gone.is_cancelled() {
            if let Err(error) = self.follow_service() {
                tracing::debug!(%error, "the smart card service can't be followed");
            }
            self.inventory.has_looked();
            for removed in self.inventory.forget_all() {
                (self.tell)(News::Removed(&removed));
            }
            if !self.keeper.gone.is_cancelled() {
                self.tell_readers(Vec::new());
                thread::sleep(SERVICE_RETRY);
            }
        }
    }

    fn follow_service(&mut self) -> Result<(), TokenError> {
        let tokens = vendor_modules::tokens()?;
        // Watching begins before the first look, so that nothing in between is
        // missed.
        let mut watch = tokens.watch()?;
        self.keeper.may_stop(&watch);
        let readers = tokens.readers()?;
        self.tell_readers(readers.clone());
        for reader in readers {
            self.read(&tokens, &reader);
        }
        self.inventory.has_looked();
        loop {
            let events = watch.wait()?;
            self.tell_readers(tokens.readers()?);
            for event in events {
                match event {
                    Event::Inserted(reader) => self.read(&tokens, &reader),
                    Event::Removed { reader } => {
                        let mut removed = self.inventory.went(&reader);
                        removed.returned = self.holds_token(&reader);
                        (self.tell)(News::Removed(&removed));
                    }
                    // And with it, perhaps, what the person wants of a module.
                    Event::EmptyReader => self.inventory.touch(),
                }
            }
        }
    }

    /// Whether a token was in that reader when the readers were last looked at.
    fn holds_token(&self, reader: &str) -> bool {
        let mut readers = self.readers.iter().flatten();
        readers.any(|one| one.name == reader && one.state.is_token())
    }

    fn tell_readers(&mut self, readers: Vec<Reader>) {
        if self.readers.as_ref() != Some(&readers) {
            (self.tell)(News::Readers(&readers));
            self.readers = Some(readers);
        }
    }

    fn read(&mut self, tokens: &Tokens, reader: &Reader) {
        if !reader.state.is_token() || self.inventory.in_reader(&reader.name).is_some() {
            return;
        }
        for _ in 0..TRIES {
            let outcome = {
                let _turn = self.inventory.turn();
                // A session of ours would end the one that the login is.
                if self.inventory.is_logged_in(&reader.name) {
                    return;
                }
                tokens
                    .open(&reader.name, &self.keeper.gone)
                    .and_then(|mut token| Reading::take(token.as_mut()))
            };
            match outcome {
                Ok(reading) => {
                    self.inventory.came(&reader.name, reading.clone());
                    (self.tell)(News::Inserted(&reading));
                    return;
                }
                Err(TokenError::ReaderBusy { .. } | TokenError::SessionStolen) => {
                    thread::sleep(TRY_AGAIN);
                }
                Err(error) => {
                    tracing::warn!(%error, "a token could not be read");
                    return;
                }
            }
        }
    }
}

/// Ends the keeping of an inventory.
#[derive(Clone)]
pub struct Keeper {
    gone: Cancel,
    stop: Arc<Mutex<Option<Stop>>>,
}

impl Keeper {
    /// Ends it; the thread follows as soon as the card lets it.
    pub fn end(&self) {
        self.gone.cancel();
        if let Some(stop) = self.lock().as_ref() {
            stop.stop();
        }
    }

    fn may_stop(&self, watch: &Watch) {
        let handle = watch.stop_handle();
        if self.gone.is_cancelled() {
            handle.stop();
        }
        *self.lock() = Some(handle);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Stop>> {
        self.stop.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
