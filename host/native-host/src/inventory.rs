//! What is on the tokens that are plugged in, read once when they come.
//!
//! Whoever wants to know asks the memory: a search for certificates costs no
//! exchange with a card. A browser goes on seeing the tokens that were in last
//! while none is: it decides with what it sees for hours, and asking for a token
//! is better than a site that was told there is no certificate.

mod follower;
mod last_seen;

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use kagibashi_protocol::Text;
use kagibashi_token::Reader;

use crate::command::survey::{Found, Reading};
use follower::Follower;
pub use follower::Keeper;
pub use last_seen::LastSeen;

/// The tokens that are plugged in, by reader.
#[derive(Clone, Default)]
pub struct Inventory {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    contents: Mutex<Contents>,
    looked: Condvar,
    /// Held by whoever reads a token, or gives it a PIN.
    turn: Mutex<()>,
}

#[derive(Default)]
struct Contents {
    /// Every token that was there at the beginning has been read.
    looked: bool,
    change: u64,
    readings: BTreeMap<String, Known>,
    /// The tokens that were in last, while no token with a key is in.
    absent: Vec<Known>,
    last_seen: Option<LastSeen>,
    in_use: Option<Arc<InUse>>,
}

/// Whether the token in a reader is in use by this program.
type InUse = dyn Fn(&str) -> bool + Send + Sync;

/// A token and the change that it came with.
#[derive(Clone)]
pub struct Known {
    /// What was read.
    pub reading: Reading,
    /// The change that it came with: another one means that it was out meanwhile.
    pub since: u64,
    /// The same for a browser, which sees it between two stays: another one
    /// means that it has been pulled out since.
    pub seen_since: u64,
}

impl Known {
    fn can_sign(&self) -> bool {
        let mut certificates = self.reading.certificates.iter();
        certificates.any(|found| found.key.is_some())
    }

    fn is_same_as(&self, reading: &Reading) -> bool {
        let ders = |reading: &Reading| -> Vec<Vec<u8>> {
            let certificates = reading.certificates.iter();
            certificates.map(|found| found.der.clone()).collect()
        };
        self.reading.id == reading.id && ders(&self.reading) == ders(reading)
    }
}

/// A token that was pulled out.
pub struct Removed {
    /// The reader it was in.
    pub reader: String,
    /// What it was, if there was time to read it.
    pub reading: Option<Reading>,
    /// A token is in that reader again, and may have been logged in to before
    /// the news of the removal got here.
    pub returned: bool,
}

/// What whoever keeps an inventory is told of.
pub enum News<'a> {
    /// The readers and what is in them, at the beginning and after each change.
    Readers(&'a [Reader]),
    /// A token that has been read.
    Inserted(&'a Reading),
    /// A token is gone.
    Removed(&'a Removed),
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

    /// An inventory for a browser, which begins with the tokens that the last
    /// one has seen, and notes in that file what this one sees.
    pub fn for_browser(last_seen: LastSeen) -> Self {
        let inventory = Self::default();
        {
            let mut contents = inventory.lock();
            contents.absent = last_seen.read();
            contents.last_seen = Some(last_seen);
        }
        inventory
    }

    /// Keeps this inventory from now on. `tell` is told of every change, on a
    /// thread of its own.
    pub fn keep(&self, tell: impl FnMut(News<'_>) + Send + 'static) -> Keeper {
        let mut follower = Follower::of(self.clone(), tell);
        let keeper = follower.keeper();
        thread::spawn(move || follower.follow());
        keeper
    }

    /// Has tokens left alone in readers of which that is true, from now on.
    pub fn leave_alone(&self, in_use: impl Fn(&str) -> bool + Send + Sync + 'static) {
        self.lock().in_use = Some(Arc::new(in_use));
    }

    /// Waits until nobody of this program reads a token or gives it a PIN: a
    /// reading that comes after a login would end it.
    pub fn turn(&self) -> MutexGuard<'_, ()> {
        let turn = self.shared.turn.lock();
        turn.unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a token in that reader has to be left alone.
    fn is_in_use(&self, reader: &str) -> bool {
        // Asked without the lock: whoever answers may have one of its own.
        let in_use = self.lock().in_use.clone();
        in_use.is_some_and(|in_use| in_use(reader))
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

    /// Every token that is plugged in and has been read.
    pub fn snapshot(&self) -> Snapshot {
        let contents = self.lock();
        Snapshot {
            change: contents.change,
            tokens: contents.readings.values().cloned().collect(),
        }
    }

    /// The same for a browser, with the tokens that were in last.
    pub fn seen_by_browser(&self) -> Snapshot {
        let contents = self.lock();
        let tokens = contents.readings.values().chain(&contents.absent);
        Snapshot {
            change: contents.change,
            tokens: tokens
                .cloned()
                .map(|known| Known {
                    since: known.seen_since,
                    ..known
                })
                .collect(),
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

    /// The PIN of that token has all its tries again.
    pub fn note_full_tries(&self, token: &Text) {
        let mut contents = self.lock();
        let readings = contents.readings.values_mut();
        for reading in readings.map(|known| &mut known.reading) {
            if reading.id == *token {
                reading.pin.tries_left = reading.pin.maximum.or(reading.pin.tries_left);
                reading.pin.locked = false;
            }
        }
    }

    /// What is known of the token in that reader.
    pub fn in_reader(&self, reader: &str) -> Option<Reading> {
        self.lock()
            .readings
            .get(reader)
            .map(|known| known.reading.clone())
    }

    /// The certificate of that id on the token of that id, which may be out if
    /// a browser asks.
    pub fn certificate(&self, token: &str, id: &str) -> Option<Found> {
        let contents = self.lock();
        let all = contents.readings.values().chain(&contents.absent);
        let mut readings = all.map(|known| &known.reading);
        let reading = readings.find(|reading| reading.id.as_str() == token)?;
        reading
            .certificates
            .iter()
            .find(|found| found.shown.id == id)
            .cloned()
    }

    /// The tokens that a browser sees although they are out.
    pub fn absent(&self) -> Vec<Reading> {
        let contents = self.lock();
        let absent = contents.absent.iter().map(|known| known.reading.clone());
        absent.collect()
    }

    /// Shows no more tokens than are in, now that one is there that can sign.
    pub fn let_go_of_absent(&self) {
        let mut contents = self.lock();
        if contents.readings.values().any(Known::can_sign) && !contents.absent.is_empty() {
            contents.absent.clear();
            contents.change += 1;
            contents.note();
        }
    }

    /// Has a browser that sees them take the tokens that are out for pulled out
    /// and put in again: what it has signed with them does not count any more.
    pub fn end_stays_of_absent(&self) {
        let mut contents = self.lock();
        contents.change += 1;
        let change = contents.change;
        for known in &mut contents.absent {
            known.seen_since = change;
        }
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

    fn forget_all(&self) -> Vec<Removed> {
        let mut contents = self.lock();
        let readers: Vec<String> = contents.readings.keys().cloned().collect();
        let gone = readers.iter().map(|reader| contents.went(reader));
        gone.collect()
    }
}

impl Contents {
    fn came(&mut self, reader: &str, reading: Reading) {
        self.change += 1;
        let absent = self.absent.iter().find(|known| known.is_same_as(&reading));
        let known = Known {
            seen_since: absent.map_or(self.change, |known| known.seen_since),
            since: self.change,
            reading,
        };
        self.absent
            .retain(|absent| absent.reading.id != known.reading.id);
        self.readings.insert(reader.to_owned(), known);
        self.note();
    }

    fn went(&mut self, reader: &str) -> Removed {
        self.change += 1;
        let mut removed = Removed {
            reader: reader.to_owned(),
            reading: None,
            returned: false,
        };
        if let Some(known) = self.readings.remove(reader) {
            removed.reading = Some(known.reading.clone());
            let last = !self.readings.values().any(Known::can_sign);
            if self.last_seen.is_some() && last && known.can_sign() {
                self.absent.push(known);
            }
            self.note();
        }
        removed
    }

    /// Keeps for the next browser what this one sees.
    fn note(&self) {
        let Some(last_seen) = &self.last_seen else {
            return;
        };
        let all = self.readings.values().chain(&self.absent);
        let tokens: Vec<&Reading> = all
            .filter(|known| known.can_sign())
            .map(|known| &known.reading)
            .collect();
        if !tokens.is_empty() {
            last_seen.write(&tokens);
        }
    }
}
