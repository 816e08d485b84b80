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

use kagibashi_card::cancel::Cancel;
use kagibashi_protocol::Text;
use kagibashi_token::Reader;

use crate::command::found::Found;
use crate::command::reading::{Reading, gives_way};
use crate::logins::Logins;
use crate::vendor_modules;
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
    browser: Option<ForBrowser>,
}

/// What an inventory minds that a browser sees.
struct ForBrowser {
    last_seen: LastSeen,
    logins: Logins,
}

#[derive(Default)]
struct Contents {
    /// Every token that was there at the beginning has been read.
    looked: bool,
    change: u64,
    readings: BTreeMap<String, Known>,
    /// The tokens that were in last, while no token with a key is in.
    absent: Vec<Known>,
}

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
        let ours = self.reading.certificates.iter().map(|found| &found.der);
        let theirs = reading.certificates.iter().map(|found| &found.der);
        self.reading.id == reading.id && ours.eq(theirs)
    }

    fn shows_the_same_as(&self, reading: &Reading) -> bool {
        let keys = |reading: &Reading| -> Vec<_> {
            let found = reading.certificates.iter();
            found.map(|found| found.key.clone()).collect()
        };
        self.is_same_as(reading)
            && self.reading.info == reading.info
            && keys(&self.reading) == keys(reading)
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
    /// one has seen, and notes in that file what this one sees. A token with
    /// one of these logins is not read.
    pub fn for_browser(last_seen: LastSeen, logins: Logins) -> Self {
        let contents = Contents {
            absent: last_seen.read(),
            ..Contents::default()
        };
        Self {
            shared: Arc::new(Shared {
                contents: Mutex::new(contents),
                browser: Some(ForBrowser { last_seen, logins }),
                ..Shared::default()
            }),
        }
    }

    /// Keeps this inventory from now on. `tell` is told of every change, on a
    /// thread of its own.
    pub fn keep(&self, tell: impl FnMut(News<'_>) + Send + 'static) -> Keeper {
        let mut follower = Follower::of(self.clone(), tell);
        let keeper = follower.keeper();
        thread::spawn(move || follower.follow());
        keeper
    }

    /// Waits until nobody of this program reads a token or gives it a PIN: a
    /// reading that comes after a login would end it.
    pub fn turn(&self) -> MutexGuard<'_, ()> {
        let turn = self.shared.turn.lock();
        turn.unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether asking the token in that reader anything would end its login.
    pub fn is_logged_in(&self, reader: &str) -> bool {
        let browser = self.shared.browser.as_ref();
        browser.is_some_and(|browser| browser.logins.is_open_in(reader))
    }

    /// The token in that reader is about to be read for somebody else, which
    /// ends its login: that is told before anything else is shown.
    pub fn end_login(&self, reader: &str) {
        if let Some(browser) = &self.shared.browser {
            browser.logins.close_in(reader);
        }
    }

    /// Whether a person is asked for a token or its PIN. As long as that is so,
    /// the browser goes on seeing the tokens as they were: NSS gives up a
    /// handshake whose token it saw go.
    fn person_is_asked(&self) -> bool {
        let browser = self.shared.browser.as_ref();
        browser.is_some_and(|browser| browser.logins.is_wanted())
    }

    /// A token has been read.
    fn came(&self, reader: &str, reading: Reading) {
        let asked = self.person_is_asked();
        self.lock().came(reader, reading, asked);
        self.note();
    }

    /// Reads the token in that reader again, for whoever has reason to doubt
    /// that it still holds what it held when it came. A failure changes nothing.
    pub fn read_again(&self, reader: &str) {
        let _turn = self.turn();
        let Some(known) = self.known_in_reader(reader) else {
            return;
        };
        if self.is_logged_in(reader) {
            return;
        }
        let reading = vendor_modules::tokens()
            .and_then(|tokens| tokens.open(reader, &Cancel::new()))
            .and_then(|mut token| Reading::take(token.as_mut()));
        match reading {
            Ok(reading) => self.was_read_again(&known, &reading),
            Err(error) => tracing::warn!(%error, "a token could not be read again"),
        }
    }

    /// A token that was there all the time has been read again. Rewritten, it is
    /// another than before.
    pub fn was_read_again(&self, known: &Known, reading: &Reading) {
        let asked = self.person_is_asked();
        let rewritten = self.lock().was_read_again(known, reading, asked);
        if rewritten {
            tracing::info!("the token was rewritten while it was in");
            self.note();
        }
    }

    /// A token is gone.
    fn went(&self, reader: &str) -> Removed {
        let asked = self.person_is_asked();
        let shows_absent = self.shared.browser.is_some();
        let removed = self.lock().went(reader, shows_absent, asked);
        self.note();
        removed
    }

    /// Keeps for the next browser what this one sees.
    fn note(&self) {
        let Some(browser) = &self.shared.browser else {
            return;
        };
        let tokens: Vec<Reading> = {
            let contents = self.lock();
            let all = contents.readings.values().chain(&contents.absent);
            all.filter(|known| known.can_sign())
                .map(|known| known.reading.clone())
                .collect()
        };
        if !tokens.is_empty() {
            browser.last_seen.write(&tokens);
        }
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
            tokens: contents.once().cloned().collect(),
        }
    }

    /// The same for a browser, with the tokens that were in last.
    pub fn seen_by_browser(&self) -> Snapshot {
        let contents = self.lock();
        let tokens = contents.once().chain(&contents.absent);
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
        self.known_in_reader(reader).map(|known| known.reading)
    }

    /// The same, and since when.
    pub fn known_in_reader(&self, reader: &str) -> Option<Known> {
        self.lock().readings.get(reader).cloned()
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
        let readers: Vec<String> = self.lock().readings.keys().cloned().collect();
        readers.iter().map(|reader| self.went(reader)).collect()
    }
}

impl Contents {
    /// The tokens that are in, each once: ours or those of modules.
    fn once(&self) -> impl Iterator<Item = &Known> {
        let again = |known: &Known| {
            let mut all = self.readings.values();
            all.any(|other| gives_way(&known.reading.info, &other.reading.info))
        };
        self.readings.values().filter(move |known| !again(known))
    }

    fn came(&mut self, reader: &str, reading: Reading, person_is_asked: bool) {
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
        if !person_is_asked && self.readings.values().any(Known::can_sign) {
            self.absent.clear();
        }
    }

    /// Whether the token was rewritten. It may have gone since it was read.
    fn was_read_again(&mut self, known: &Known, reading: &Reading, person_is_asked: bool) -> bool {
        let reader = &known.reading.info.reader;
        let still_there = self.readings.get(reader).map(|it| it.since) == Some(known.since);
        if !still_there || known.shows_the_same_as(reading) {
            return false;
        }
        self.came(reader, reading.clone(), person_is_asked);
        true
    }

    fn went(&mut self, reader: &str, shows_absent: bool, person_is_asked: bool) -> Removed {
        self.change += 1;
        let mut removed = Removed {
            reader: reader.to_owned(),
            reading: None,
            returned: false,
        };
        if let Some(known) = self.readings.remove(reader) {
            removed.reading = Some(known.reading.clone());
            let last = !self.readings.values().any(Known::can_sign);
            if shows_absent && last && known.can_sign() {
                self.absent.push(known);
            }
        }
        if !person_is_asked {
            // What the browser has signed with them does not count any more.
            for known in &mut self.absent {
                known.seen_since = self.change;
            }
        }
        removed
    }
}
