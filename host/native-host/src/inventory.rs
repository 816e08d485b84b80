//! What is on the tokens that are plugged in, read once when they come.
//!
//! Whoever wants to know asks the memory: a search for certificates costs no
//! exchange with a card.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use kagibashi_card::cancel::Cancel;
use kagibashi_token::{Event, Reader, Stop, TokenError, Tokens, Watch};

use crate::command::survey::{Found, Reading};

/// How often a token that another program holds is tried, and how long apart.
const TRIES: u32 = 5;
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// How often a service that does not run is looked for.
const SERVICE_RETRY: Duration = Duration::from_secs(2);

/// The tokens that are plugged in, by reader.
#[derive(Clone, Default)]
pub struct Inventory {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    contents: Mutex<Contents>,
    looked: Condvar,
}

#[derive(Default)]
struct Contents {
    /// Every token that was there at the beginning has been read.
    looked: bool,
    change: u64,
    readings: BTreeMap<String, Known>,
}

/// A token and the change that it came with.
#[derive(Clone)]
pub struct Known {
    /// What was read.
    pub reading: Reading,
    /// The change that it came with: another one means that it was out meanwhile.
    pub since: u64,
}

/// What the inventory held at one moment.
pub struct Snapshot {
    /// Grows with every token that comes, goes or has been read.
    pub change: u64,
    /// One for each token that has been read.
    pub tokens: Vec<Known>,
}

impl Inventory {
    /// An inventory that nobody keeps: every token is read when it is asked
    /// for.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Keeps this inventory from now on. `removed` is told each token that
    /// goes.
    pub fn keep(&self, removed: impl Fn(&Reading) + Send + 'static) -> Keeper {
        let keeper = Keeper {
            gone: Cancel::new(),
            stop: Arc::default(),
        };
        let (inventory, theirs) = (self.clone(), keeper.clone());
        thread::spawn(move || inventory.follow(&theirs, &removed));
        keeper
    }

    /// Waits, not longer than that, until what is plugged in has been read for
    /// the first time.
    pub fn wait_for_first_look(&self, at_most: Duration) {
        let waiting = |contents: &mut Contents| !contents.looked;
        drop(
            self.shared
                .looked
                .wait_timeout_while(self.lock(), at_most, waiting),
        );
    }

    /// Everything that is known now.
    pub fn snapshot(&self) -> Snapshot {
        let contents = self.lock();
        Snapshot {
            change: contents.change,
            tokens: contents.readings.values().cloned().collect(),
        }
    }

    /// The number that grows.
    pub fn change(&self) -> u64 {
        self.lock().change
    }

    /// Has whoever looks at the number look again.
    pub fn touch(&self) {
        self.lock().change += 1;
    }

    /// What is known of the token in that reader.
    pub fn in_reader(&self, reader: &str) -> Option<Reading> {
        self.lock()
            .readings
            .get(reader)
            .map(|known| known.reading.clone())
    }

    /// The certificate of that id on the token of that id.
    pub fn certificate(&self, token: &str, id: &str) -> Option<Found> {
        let contents = self.lock();
        let mut readings = contents.readings.values().map(|known| &known.reading);
        let reading = readings.find(|reading| reading.id.as_str() == token)?;
        reading
            .certificates
            .iter()
            .find(|found| found.shown.id == id)
            .cloned()
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.shared
            .contents
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn has_looked(&self) {
        self.lock().looked = true;
        self.shared.looked.notify_all();
    }

    fn follow(&self, keeper: &Keeper, removed: &impl Fn(&Reading)) {
        while !keeper.gone.is_cancelled() {
            if let Err(error) = self.follow_service(keeper, removed) {
                tracing::debug!(%error, "the smart card service can't be followed");
            }
            self.has_looked();
            for reading in self.forget_all() {
                removed(&reading);
            }
            if !keeper.gone.is_cancelled() {
                thread::sleep(SERVICE_RETRY);
            }
        }
    }

    fn follow_service(
        &self,
        keeper: &Keeper,
        removed: &impl Fn(&Reading),
    ) -> Result<(), TokenError> {
        let tokens = Tokens::connect()?;
        // Watching begins before the first look, so that nothing in between is
        // missed.
        let mut watch = tokens.watch()?;
        keeper.may_stop(&watch);
        for reader in tokens.readers()? {
            self.read(&tokens, &reader, keeper);
        }
        self.has_looked();
        loop {
            for event in watch.wait()? {
                match event {
                    Event::Inserted(reader) => self.read(&tokens, &reader, keeper),
                    Event::Removed { reader } => {
                        if let Some(reading) = self.forget(&reader) {
                            removed(&reading);
                        }
                    }
                }
            }
        }
    }

    fn read(&self, tokens: &Tokens, reader: &Reader, keeper: &Keeper) {
        if !reader.state.is_token() || self.in_reader(&reader.name).is_some() {
            return;
        }
        for _ in 0..TRIES {
            let outcome = tokens
                .open(&reader.name, &keeper.gone)
                .and_then(|mut token| Reading::take(token.as_mut()));
            match outcome {
                Ok(reading) => {
                    let mut contents = self.lock();
                    contents.change += 1;
                    let since = contents.change;
                    let known = Known { reading, since };
                    contents.readings.insert(reader.name.clone(), known);
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

    fn forget(&self, reader: &str) -> Option<Reading> {
        let mut contents = self.lock();
        let known = contents.readings.remove(reader)?;
        contents.change += 1;
        Some(known.reading)
    }

    fn forget_all(&self) -> Vec<Reading> {
        let mut contents = self.lock();
        let readings: Vec<Reading> = std::mem::take(&mut contents.readings)
            .into_values()
            .map(|known| known.reading)
            .collect();
        contents.change += u64::from(!readings.is_empty());
        readings
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
